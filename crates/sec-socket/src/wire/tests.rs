//! What is written reads as it was, for every type that crosses; and what nobody wrote breaks nothing.

use super::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use ssa::conformance::{Fields, TestRequest, TestResponse};
use ssa::{
    Arrival, Authentication, Authorized, BodyVerdict, CallRef, Certified, Direction, Field, FlowId,
    InDialog, Incoming, Leaving, Plan, Received, Refusal, Required, Transport, Why,
};
use ssm::{Attribute, Call, Line, LineSecurity, Profile};
use sst::{
    Account, Algorithm, Contact, Denied, HopPolicy, HopProtection, Identity, Means,
    MediaProtection, Network, Pin, Proof, RegisteredFlow, Requirement, Secrecy, Secret, State,
    Trust, User,
};
use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A body on its way: written whole, and read.
fn crossed(body: Body) -> Body {
    let (id, body) = decode(encode(7, body).unwrap()).unwrap();
    assert_eq!(id, 7);
    body
}

fn verdict<T: Carries + Clone + Debug + PartialEq>(answer: T) {
    let Body::Verdict(read) = crossed(Body::Verdict(answer.clone().to_wire().unwrap())) else {
        panic!("a verdict")
    };
    assert_eq!(T::from_wire(read), Some(answer));
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..64)
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    let field = (proptest::sample::select(&words::HEADERS[..]), octets());
    vec(field.prop_map(|(name, value)| Field { name, value }), 0..4)
}

fn refusal() -> impl Strategy<Value = Refusal> {
    let reasons = ["Refused", "Forbidden", "Stale Date", "Undecipherable"];
    (400u16..700, proptest::sample::select(reasons.to_vec()), option::of(any::<u32>())).prop_map(
        |(status, reason, retry)| Refusal {
            status,
            reason,
            retry_after: retry.map(|ms| Duration::from_millis(ms.into())),
        },
    )
}

fn why() -> impl Strategy<Value = Why> {
    proptest::sample::select(Why::ALL.to_vec())
}

fn body() -> impl Strategy<Value = ssa::Body> {
    (option::of(octets()), octets())
        .prop_map(|(content_type, octets)| ssa::Body { content_type, octets })
}

fn address() -> impl Strategy<Value = SocketAddr> {
    (any::<IpAddr>(), any::<u16>()).prop_map(SocketAddr::from)
}

fn requirement() -> impl Strategy<Value = Requirement> {
    (any::<bool>(), vec(proptest::sample::select(Means::ALL.to_vec()), 0..4)).prop_map(
        |(impossible, means)| {
            let start = if impossible { Requirement::IMPOSSIBLE } else { Requirement::NOTHING };
            means.into_iter().fold(start, Requirement::or)
        },
    )
}

fn algorithm() -> impl Strategy<Value = Algorithm> {
    proptest::sample::select(Algorithm::ALL.to_vec())
}

fn secrecy() -> impl Strategy<Value = Secrecy> {
    proptest::sample::select(vec![Secrecy::None, Secrecy::Forward, Secrecy::PostQuantum])
}

fn password() -> impl Strategy<Value = sst::Password> {
    octets().prop_map(sst::Password::new)
}

fn secret() -> impl Strategy<Value = Secret> {
    prop_oneof![
        password().prop_map(Secret::Password),
        vec((algorithm(), password()), 0..3).prop_map(Secret::Ha1),
        vec(".*", 0..3).prop_map(Secret::Tokens),
        Just(()).prop_map(|()| Secret::Sim),
    ]
}

fn hop() -> impl Strategy<Value = HopPolicy> {
    prop_oneof![
        vec(address(), 0..3).prop_map(HopPolicy::Udp),
        vec(address(), 0..3).prop_map(HopPolicy::Tcp),
        ".*".prop_map(HopPolicy::TlsName),
        vec(address(), 0..3).prop_map(HopPolicy::Ws),
        ".*".prop_map(HopPolicy::WssName),
    ]
}

fn account() -> impl Strategy<Value = Account> {
    let names = (".*", ".*", ".*");
    let keyed = any::<[Option<bool>; 2]>();
    let rest = (option::of(secret()), hop(), algorithm(), requirement(), keyed);
    (names, rest).prop_map(|((aor, realm, user), (secret, hop, floor, require, [dtls, sdes]))| {
        Account { aor, realm, user, secret, hop, floor, require, dtls, sdes }
    })
}

fn pins() -> impl Strategy<Value = Vec<Pin>> {
    let pin = (".*", ".*", any::<Option<String>>());
    vec(pin.prop_map(|(aor, fingerprint, next)| Pin { aor, fingerprint, next }), 0..3)
}

fn configuration_like() -> impl Strategy<Value = sst::Configuration> {
    let identity = (".*", any::<Option<String>>())
        .prop_map(|(aor, fingerprint)| Identity { aor, fingerprint });
    let contact = (".*", requirement()).prop_map(|(aor, require)| Contact { aor, require });
    let user = (".*", secret()).prop_map(|(name, secret)| User { name, secret });
    let proxy =
        (any::<IpAddr>(), any::<u8>()).prop_map(|(address, bits)| Network { address, bits });
    let lists = (vec(account(), 0..3), vec(identity, 0..3), vec(contact, 0..3), pins());
    let more = (vec(user, 0..3), vec(algorithm(), 0..3), vec(proxy, 0..3), (".*", vec(".*", 0..3)));
    let flags = (requirement(), secrecy(), any::<[bool; 4]>());
    (lists, more, flags).prop_map(
        |(
            (accounts, identities, contacts, pins),
            (users, algorithms, proxies, (realm, rfc2543)),
            (require, secrecy, [dtls, sdes, bind_source, auth_int]),
        )| sst::Configuration {
            accounts,
            identities,
            contacts,
            pins,
            users,
            require,
            secrecy,
            dtls,
            sdes,
            algorithms,
            proxies,
            bind_source,
            auth_int,
            realm,
            rfc2543,
        },
    )
}

/// A configuration as text, its secrets shown.
fn shown(it: &sst::Configuration) -> String {
    let secret = |secret: &Secret| match secret {
        Secret::Password(password) => format!("{:?}", password.expose()),
        Secret::Ha1(all) => {
            format!("{:?}", all.iter().map(|(under, it)| (under, it.expose())).collect::<Vec<_>>())
        }
        Secret::Tokens(_) | Secret::Sim => format!("{secret:?}"),
    };
    let accounts = it.accounts.iter().map(|account| account.secret.as_ref().map(secret));
    let users = it.users.iter().map(|user| secret(&user.secret));
    let (accounts, users) = (accounts.collect::<Vec<_>>(), users.collect::<Vec<_>>());
    format!("{it:?} {accounts:?} {users:?}")
}

fn proof() -> impl Strategy<Value = Proof> {
    prop_oneof![
        Just(Proof::None),
        ".*".prop_map(|account| Proof::AccountHop { account }),
        (".*", ".*", algorithm()).prop_map(|(user, realm, algorithm)| Proof::Digest {
            user: user.into(),
            realm: realm.into(),
            algorithm
        }),
        (".*", ".*", any::<bool>()).prop_map(|(aor, fingerprint, pinned)| Proof::Pgp {
            aor,
            fingerprint,
            trust: if pinned { Trust::Pinned } else { Trust::Unverified },
        }),
        ".*".prop_map(|name| Proof::Tls { name }),
        (".*", ".*").prop_map(|(aor, fingerprint)| Proof::Rfc2543 { aor, fingerprint }),
    ]
}

fn assurance() -> impl Strategy<Value = sst::Assurance> {
    let media = prop_oneof![
        Just(MediaProtection::None),
        Just(MediaProtection::Rtp),
        secrecy().prop_map(|secrecy| MediaProtection::Srtp { suite: "AEAD_AES_256_GCM", secrecy }),
    ];
    let refused = proptest::sample::select(vec![
        None,
        Some(sst::Refused::DigestForPgp),
        Some(sst::Refused::Algorithm),
        Some(sst::Refused::PlainMedia),
    ]);
    (proof(), any::<bool>(), vec(media, 0..4), refused, any::<bool>()).prop_map(
        |(proof, tls, media, refused, noted)| sst::Assurance {
            proof,
            hop: if tls { HopProtection::Tls } else { HopProtection::Clear },
            media,
            refused,
            notes: if noted { vec!["the Contact was rewritten on the way"] } else { Vec::new() },
        },
    )
}

fn denied() -> impl Strategy<Value = Denied> {
    prop_oneof![
        Just(Denied::Malformed),
        Just(Denied::NotForUs),
        Just(Denied::Proof),
        ".*".prop_map(Denied::UnknownKey),
        ".*".prop_map(Denied::Unpinned),
        (".*", ".*").prop_map(|(pinned, named)| Denied::OtherKey(pinned, named)),
        any::<i64>().prop_map(Denied::Clock),
        Just(Denied::Guessing),
        Just(Denied::NotConfigured),
        Just(Denied::NotCertified),
        Just(Denied::Unavailable),
        Just(Denied::OfAnother),
        Just(Denied::Busy),
        Just(Denied::Body),
        (".*", ".*").prop_map(|(pinned, named)| Denied::NextKey(pinned, named)),
        ".*".prop_map(Denied::Expired),
        ".*".prop_map(Denied::Revoked),
    ]
}

fn mismatch() -> impl Strategy<Value = sst::Mismatch> {
    prop_oneof![
        (".*", vec(".*", 0..3))
            .prop_map(|(offered, expected)| sst::Mismatch::Realm { offered, expected }),
        any::<i64>().prop_map(sst::Mismatch::Clock),
        algorithm().prop_map(sst::Mismatch::Algorithm),
        (".*", vec(".*", 0..3))
            .prop_map(|(offered, expected)| sst::Mismatch::Server { offered, expected }),
        (".*", any::<bool>())
            .prop_map(|(fingerprint, own)| sst::Mismatch::Key { fingerprint, own }),
    ]
}

fn line_security() -> impl Strategy<Value = LineSecurity> {
    let profiles = vec![
        Profile::Avp,
        Profile::Savp,
        Profile::Avpf,
        Profile::Savpf,
        Profile::TlsSavp,
        Profile::TlsSavpf,
    ];
    let attribute = (".*", ".*").prop_map(|(name, value)| Attribute { name, value });
    (proptest::sample::select(profiles), vec(attribute, 0..4))
        .prop_map(|(profile, attributes)| LineSecurity { profile, attributes })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn verdicts_cross(
        fields in fields(), refusal in refusal(), why in why(), body in body(), plan in any::<u64>(),
        reserve in any::<usize>(),
    ) {
        verdict(Received::Admit);
        verdict(Received::Authenticate);
        verdict(Received::SendWwwAuthenticate(fields.clone()));
        verdict(Received::Reject(refusal.clone()));
        verdict(Authentication::Authenticated);
        verdict(Authentication::SendWwwAuthenticate(fields.clone()));
        verdict(Authentication::Refused(refusal.clone()));
        verdict(Required::SendWwwAuthenticate { plan: Plan(plan), reserve });
        verdict(Required::GiveUp(why));
        verdict(BodyVerdict::Body(body));
        verdict(BodyVerdict::Refused(refusal.clone()));
        verdict(Authorized::Fields(fields.clone()));
        verdict(Authorized::GiveUp(why));
        verdict(Leaving::Fields(fields));
        verdict(Leaving::Refused(refusal));
        verdict(Incoming::Accept);
        verdict(Incoming::Discard);
        verdict(Incoming::AckThenBye(why));
    }

    #[test]
    fn messages_cross(
        rows in vec((proptest::sample::select(&words::HEADERS[..]), octets()), 0..12),
        content in body(), tag in option::of("[a-z]{1,8}"), status in 100u16..700,
        source in address(), flow in any::<u64>(), branch in octets(), octets in any::<u32>(),
        name in option::of("[a-z.]{1,20}"), plan in any::<u64>(),
    ) {
        let mut request = TestRequest::invite("sip:a@a.example", "sip:b@b.example", "call");
        request.to.1 = tag;
        request.fields = Fields(rows.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect());
        request.body = content.clone();
        let mut response = TestResponse::to(&request, status, content);
        response.fields = request.fields.clone();
        let hop = Arrival {
            source,
            transport: Transport::Wss,
            flow: FlowId(flow),
            branch: &branch,
            octets: octets as usize,
            in_dialog: InDialog::OffItsTls,
            certified: name.as_deref().map_or(Certified::Source, Certified::Name),
        };
        let exchange = Exchange::of(CallRef(1), &request.view())
            .over(&hop).answered(&response.view()).under(Plan(plan));
        let Body::Got401(read) = crossed(Body::Got401(Box::new(exchange))) else {
            panic!("an exchange")
        };
        prop_assert_eq!(read.under_plan(), Some(Plan(plan)));
        prop_assert_eq!(format!("{:?}", read.arrival().unwrap()), format!("{hop:?}"));

        let missed = Missed::default();
        let carried = read.request_fields(&missed).unwrap();
        let (was, is) = (request.view(), read.request(&carried).unwrap());
        prop_assert_eq!(
            (is.method, is.uri, is.call_id, is.cseq, is.from, is.to, is.body),
            (was.method, was.uri, was.call_id, was.cseq, was.from, was.to, was.body)
        );
        let answer = read.response_fields(&missed).unwrap();
        let (said, came) = (response.view(), read.response(&answer).unwrap());
        prop_assert_eq!(
            (came.status, came.method, came.call_id, came.cseq, came.from, came.to, came.body),
            (said.status, said.method, said.call_id, said.cseq, said.from, said.to, said.body)
        );
        for name in words::HEADERS {
            for nth in 0..=rows.len() {
                prop_assert_eq!(is.headers.value(name, nth), was.headers.value(name, nth));
                prop_assert_eq!(came.headers.value(name, nth), was.headers.value(name, nth));
            }
        }
        prop_assert!(!missed.get());
    }

    #[test]
    fn bodies_cross(content in body(), plan in any::<Option<u64>>(), request in any::<bool>()) {
        let way = if request {
            (Direction::Request, Transport::Tls)
        } else {
            (Direction::Response, Transport::Udp)
        };
        let plan = plan.map(Plan);
        let question = BodyQuestion::of(CallRef(3), way, plan, content.clone());
        let Body::Encrypt(read) = crossed(Body::Encrypt(question)) else { panic!("a body") };
        prop_assert_eq!(read.taken(), Some((CallRef(3), way, plan, content)));
    }

    #[test]
    fn configurations_cross_with_their_secrets(it in configuration_like()) {
        let Body::Configure(read) = crossed(Body::Configure(configuration(&it))) else {
            panic!("a configuration")
        };
        prop_assert_eq!(shown(&configuration_of(read).unwrap()), shown(&it));
    }

    #[test]
    fn what_is_told_crosses(
        pins in pins(), require in requirement(), aor in ".*", user in ".*", flow in any::<Option<u64>>(),
        registrar in any::<IpAddr>(), call in any::<u64>(), since in any::<u32>(),
        assurance in assurance(), why in denied(), mismatch in mismatch(),
        source in option::of(address()),
    ) {
        let Body::Pins(read) = crossed(Body::Pins(Pins::of(&pins))) else { panic!("pins") };
        prop_assert_eq!(read.read(), Some(pins));

        let outgoing = sst::Outgoing { from: aor.clone(), to: user.clone(), require };
        let started = CallStarted::of(sst::Call(call), outgoing.clone());
        let Body::CallStarted(read) = crossed(Body::CallStarted(started)) else { panic!("a call") };
        prop_assert_eq!(read.read(), Some((sst::Call(call), outgoing)));

        let flows = vec![RegisteredFlow { flow, registrar, contact_user: user.clone() }];
        let registered = Registered::of(&aor, &flows);
        let Body::Registered(read) = crossed(Body::Registered(registered)) else { panic!("flows") };
        prop_assert_eq!(read.read(), Some((aor.clone(), flows)));

        let waiting = vec![sst::Waiting {
            call: sst::Call(call),
            claimed: aor.clone(),
            since: Duration::from_millis(since.into()),
        }];
        let all = Waitings::of(waiting.clone());
        let Body::Waitings(read) = crossed(Body::Waitings(all)) else { panic!("states") };
        prop_assert_eq!(read.read(), waiting);

        let told = CallAssurance { call, assurance: Some(Assurance::of(&assurance)) };
        let Body::AssuranceChanged(read) = crossed(Body::AssuranceChanged(told)) else {
            panic!("an assurance")
        };
        prop_assert_eq!(read.assurance.unwrap().read(), Some(assurance));

        let denial = sst::Denial { call: sst::Call(call), claimed: &aor, source, why };
        let Body::Denied(read) = crossed(Body::Denied(Denial::of(denial.clone()))) else {
            panic!("a denial")
        };
        prop_assert_eq!(read.read(), Some(denial));

        let told = Mismatch::of(sst::Call(call), mismatch.clone());
        let Body::Mismatch(read) = crossed(Body::Mismatch(told)) else { panic!("a mismatch") };
        prop_assert_eq!(read.read(), Some((sst::Call(call), mismatch)));

        let question = sst::TrustQuestion {
            call: sst::Call(call),
            aor: aor.clone(),
            fingerprint: user.clone(),
            user_ids: vec![aor],
            pinned_to: vec![user],
        };
        let Body::Trust(read) = crossed(Body::Trust(question.clone().into())) else {
            panic!("a question")
        };
        prop_assert_eq!(sst::TrustQuestion::from(read), question);
    }

    #[test]
    fn media_lines_cross(said in line_security(), line in any::<u8>()) {
        let question = LineQuestion::of(Call(9), Line(line), Some(&said));
        let Body::Answer(read) = crossed(Body::Answer(question)) else { panic!("a line") };
        prop_assert_eq!(read.taken(), Some((Call(9), Line(line), said.clone())));
        let verdict = line_verdict(Ok(said.clone()), LineVerdict::said);
        let Body::Line(read) = crossed(Body::Line(verdict)) else { panic!("a verdict") };
        let read = verdict_of_line(read, |verdict| security_of(verdict.said?));
        prop_assert_eq!(read, Some(Ok(said)));
    }

    #[test]
    fn steps_of_a_handshake_cross(
        number in any::<u64>(), at in any::<u64>(), datagram in option::of(octets()),
        datagrams in vec(octets(), 0..4), due in option::of(any::<u64>()),
    ) {
        let at = Duration::from_nanos(at);
        let step = Step::of(number, at, datagram.as_deref());
        let Body::Step(read) = crossed(Body::Step(step.clone())) else { panic!("a step") };
        prop_assert_eq!((read.at(), &read), (at, &step));
        prop_assert_eq!(read.datagram.as_deref(), datagram.as_deref());

        let due = due.map(Duration::from_nanos);
        let stepped = Stepped::of(Gave { datagrams: datagrams.clone(), due, outcome: None });
        let Body::Stepped(read) = crossed(Body::Stepped(stepped)) else { panic!("an answer") };
        let read = read.read().unwrap();
        prop_assert_eq!((read.datagrams, read.due, read.outcome.is_none()), (datagrams, due, true));
    }

    #[test]
    fn what_nobody_wrote_is_no_frame_and_breaks_nothing(octets in vec(any::<u8>(), 0..256)) {
        let _ = decode(zeroize::Zeroizing::new(octets));
    }
}

#[test]
fn keys_and_refusals_of_media_cross() {
    let keys = crate::LineKeys {
        suite: "AEAD_AES_128_GCM".to_owned(),
        ours: zeroize::Zeroizing::new(vec![1; 28]),
        theirs: zeroize::Zeroizing::new(vec![2; 28]),
    };
    let verdict = line_verdict(Ok(crate::GuardKeys::Srtp(keys)), LineVerdict::keyed);
    let Body::Line(read) = crossed(Body::Line(verdict)) else { panic!("a verdict") };
    let read = verdict_of_line(read, |verdict| verdict.keys?.taken()).unwrap().unwrap();
    let crate::GuardKeys::Srtp(keys) = read else { panic!("{read:?}") };
    assert_eq!(keys.suite, "AEAD_AES_128_GCM");
    assert_eq!((&keys.ours[..], &keys.theirs[..]), (&[1; 28][..], &[2; 28][..]));
    assert!(!format!("{keys:?}").contains("1, 1"), "{keys:?}");

    let by = line_verdict(Ok(crate::GuardKeys::Handshake(9)), LineVerdict::keyed);
    let Body::Line(read) = crossed(Body::Line(by)) else { panic!("a verdict") };
    let read = verdict_of_line(read, |verdict| verdict.keys?.taken());
    assert!(matches!(read, Some(Ok(crate::GuardKeys::Handshake(9)))), "{read:?}");

    use ssm::Refused;
    for why in [
        Refused::Profile,
        Refused::ByDtls,
        Refused::Attributes,
        Refused::Downgrade,
        Refused::NotAuthenticated,
        Refused::Secrecy,
        Refused::Unknown,
        Refused::Handshake,
        Refused::NothingInCommon,
        Refused::Fingerprint,
        Refused::Unavailable,
    ] {
        let verdict = line_verdict(Err(why), LineVerdict::keyed);
        let Body::Line(read) = crossed(Body::Line(verdict)) else { panic!("a verdict") };
        assert_eq!(verdict_of_line(read, |_| Some(())), Some(Err(why)));
    }
}

/// A handshake ends in keys, or is refused; what says neither, or that its media are in the clear, is
/// not understood.
#[test]
fn the_end_of_a_handshake_crosses_and_is_no_other() {
    let crossed = |outcome| {
        let mut stepped = Stepped::default();
        stepped.outcome = Some(outcome);
        let Body::Stepped(read) = crossed(Body::Stepped(stepped)) else { panic!("an answer") };
        read.read()
    };
    let keys = crate::LineKeys {
        suite: "AEAD_AES_256_GCM".to_owned(),
        ours: zeroize::Zeroizing::new(vec![1; 44]),
        theirs: zeroize::Zeroizing::new(vec![2; 44]),
    };
    let read = crossed(LineVerdict::keyed(crate::GuardKeys::Srtp(keys))).unwrap();
    let keys = read.outcome.unwrap().unwrap();
    assert_eq!((&keys.ours[..], &keys.theirs[..]), (&[1; 44][..], &[2; 44][..]));
    let refused = line_verdict(Err(ssm::Refused::Fingerprint), |()| LineVerdict::default());
    let read = crossed(refused).unwrap();
    assert_eq!(read.outcome.unwrap().unwrap_err(), ssm::Refused::Fingerprint);
    for none in [
        LineVerdict::default(),
        LineVerdict::keyed(crate::GuardKeys::Plain),
        LineVerdict::keyed(crate::GuardKeys::Kept),
        LineVerdict::keyed(crate::GuardKeys::Handshake(1)),
    ] {
        assert!(crossed(none).is_none());
    }
}

#[test]
fn states_and_passwords_cross() {
    for it in [State::Idle, State::WaitForAuthorization] {
        assert_eq!(state_of(state(it)), Some(it));
    }
    let given = sst::Password::new(b"secret".to_vec());
    let Body::Password(read) = crossed(Body::Password(Password::of(Some(&given)))) else {
        panic!("a password")
    };
    assert_eq!(read.read().unwrap().expose(), b"secret");
    let Body::Password(read) = crossed(Body::Password(Password::of(None))) else { panic!("none") };
    assert!(read.read().is_none());
}

/// An answer to one question never reads as one to another.
#[test]
fn no_verdict_is_taken_for_one_of_another_signal() {
    let all = [
        Received::Admit.to_wire(),
        Received::Authenticate.to_wire(),
        Authentication::Authenticated.to_wire(),
        Required::SendWwwAuthenticate { plan: Plan(1), reserve: 1 }.to_wire(),
        BodyVerdict::Body(ssa::Body::default()).to_wire(),
        Authorized::Fields(Vec::new()).to_wire(),
        Leaving::Fields(Vec::new()).to_wire(),
        Incoming::Accept.to_wire(),
        Incoming::Discard.to_wire(),
    ];
    for verdict in all.into_iter().flatten() {
        let it = || verdict.clone();
        let readings = [
            Received::from_wire(it()).is_some(),
            Authentication::from_wire(it()).is_some(),
            Required::from_wire(it()).is_some(),
            BodyVerdict::from_wire(it()).is_some(),
            Authorized::from_wire(it()).is_some(),
            Leaving::from_wire(it()).is_some(),
            Incoming::from_wire(it()).is_some(),
        ];
        assert_eq!(readings.into_iter().filter(|read| *read).count(), 1);
    }
}

/// A refusal with a status that refuses nothing is no refusal, and a field without a name that
/// crosses is no field.
#[test]
fn what_would_say_something_else_does_not_cross() {
    let ok = Refusal::new(200, "OK");
    let wire = Received::Reject(ok).to_wire().unwrap();
    assert_eq!(Received::from_wire(wire), None);
    let field = Field { name: "Subject", value: Vec::new() };
    assert!(Authorized::Fields(vec![field]).to_wire().is_none());
}

#[test]
fn what_is_too_large_is_not_written_and_not_read() {
    let octets = vec![0; MAX_FRAME];
    let question = BodyQuestion::of(
        CallRef(1),
        (Direction::Request, Transport::Udp),
        None,
        ssa::Body { content_type: None, octets },
    );
    assert_eq!(encode(1, Body::Encrypt(question)), Err(FrameError::TooLarge));
    let octets = zeroize::Zeroizing::new(vec![0; MAX_FRAME + 1]);
    assert_eq!(decode(octets).err(), Some(FrameError::TooLarge));
}
