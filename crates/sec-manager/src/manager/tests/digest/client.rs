//! What a caller answers, and to whom: hops, algorithms, tries, and what a 2xx proves.

use super::*;
use sst::RegisteredFlow;
use std::cell::Cell;
use std::net::SocketAddr;

const PROVIDER: &str = "provider.example";

/// A challenge for a realm.
pub(super) fn challenge(name: &'static str, realm: &str, rest: &str) -> Field {
    let value = format!("Digest realm=\"{realm}\", nonce=\"n\", qop=\"auth\"{rest}");
    Field { name, value: value.into_bytes() }
}

pub(super) fn sha256(realm: &str) -> Field {
    challenge("WWW-Authenticate", realm, ", algorithm=SHA-256")
}

/// A hop to `source` over a transport.
fn hop<'a>(source: &str, transport: ssa::Transport, of: &'a TestRequest) -> Arrival<'a> {
    Arrival { source: source.parse().unwrap(), transport, ..of.arrival() }
}

impl Calls {
    /// What becomes of challenges that came over `hop` for `sent`.
    fn plan_over(
        &self, hop: &Arrival<'_>, sent: &TestRequest, with: &[Field],
    ) -> Result<Plan, Why> {
        let mut response = TestResponse::to(sent, 401, Body::default());
        response.fields.extend(with);
        let answer = self.caller.got_401_unauthorized(CALL, hop, &response.view(), &sent.view());
        match now(answer) {
            Required::SendWwwAuthenticate { plan, .. } => Ok(plan),
            Required::GiveUp(why) => Err(why),
        }
    }

    pub(super) fn fields(&self, plan: Plan, request: &TestRequest) -> Vec<Field> {
        match now(self.caller.authorize(CALL, plan, &request.view())) {
            ssa::Authorized::Fields(fields) => fields,
            other => panic!("{other:?}"),
        }
    }

    /// The values of what answers these challenges.
    pub(super) fn answers(&self, invite: &TestRequest, with: &[Field]) -> Result<Vec<String>, Why> {
        let plan = self.plan(invite, with)?;
        let fields = self.fields(plan, &invite.clone().retried());
        Ok(fields.into_iter().map(|it| String::from_utf8(it.value).unwrap()).collect())
    }

    /// The next request in the caller's dialog.
    fn bye(&self) -> TestRequest {
        let mut bye = self.invite();
        (bye.method, bye.cseq, bye.to.1) = ("BYE", 40, Some("callee-tag".to_owned()));
        bye
    }

    pub(super) fn received(&self, ok: &TestResponse, sent: &TestRequest) -> ssa::Incoming {
        let hop = sent.arrival();
        now(self.caller.response_received(CALL, &hop, &ok.view(), &sent.view()))
    }
}

/// A caller whose account has this next hop, and nothing required of the call.
fn with_hop(hop: HopPolicy) -> Calls {
    let calls = Calls::new();
    let mut configuration = caller_configuration("secret");
    configuration.accounts[0].hop = hop;
    calls.caller.configure(&configuration);
    calls
}

#[test]
fn a17_another_port_or_transport_of_the_registrars_host_is_another_party() {
    use ssa::Transport::{Tcp, Tls, Udp, Ws};
    let registrar = || vec![SocketAddr::from(([192, 0, 2, 7], 5060))];
    let name = || HopPolicy::TlsName("192.0.2.7".to_owned());
    let cases = [
        (HopPolicy::Udp(registrar()), "192.0.2.7:5060", Udp, true),
        (HopPolicy::Udp(registrar()), "[::ffff:192.0.2.7]:5060", Udp, true),
        // RFC 3261 §18.1.1: what is too large for UDP goes over TCP.
        (HopPolicy::Udp(registrar()), "192.0.2.7:5060", Tcp, true),
        (HopPolicy::Udp(registrar()), "192.0.2.7:5060", Ws, false),
        (HopPolicy::Udp(registrar()), "192.0.2.7:5062", Udp, false),
        (HopPolicy::Udp(registrar()), "192.0.2.8:5060", Udp, false),
        (HopPolicy::Tcp(registrar()), "192.0.2.7:5060", Tcp, true),
        (HopPolicy::Tcp(registrar()), "192.0.2.7:40000", Tcp, false),
        (HopPolicy::Tcp(registrar()), "192.0.2.7:5060", Udp, false),
        (HopPolicy::Tcp(registrar()), "192.0.2.7:5060", Tls, false),
        (HopPolicy::Tcp(registrar()), "192.0.2.7:5060", Ws, false),
        (HopPolicy::Ws(registrar()), "192.0.2.7:5060", Ws, true),
        (HopPolicy::Ws(registrar()), "192.0.2.7:5062", Ws, false),
        (HopPolicy::Ws(registrar()), "192.0.2.7:5060", Tcp, false),
        (HopPolicy::Ws(registrar()), "192.0.2.7:5060", Udp, false),
        // A name that no certificate has shown.
        (name(), "192.0.2.7:5060", Udp, false),
        (name(), "192.0.2.7:5060", Tcp, false),
        (name(), "192.0.2.7:5061", Tls, false),
    ];
    for (policy, source, transport, answered) in cases {
        let what = format!("{policy:?} over {transport:?} from {source}");
        let calls = with_hop(policy);
        let invite = calls.invite();
        let plan = calls.plan_over(&hop(source, transport, &invite), &invite, &[sha256(REALM)]);
        let expected = if answered { Ok(()) } else { Err(Why::NotConfigured) };
        assert_eq!(plan.map(|_| ()), expected, "{what}");
    }
}

#[test]
fn a17_over_tls_the_name_counts_that_the_connection_was_opened_for() {
    use ssa::Certified::{Name, Nobody, Source};
    use ssa::Transport::{Tcp, Tls, Wss};
    let cases = [
        ("pbx.example.org", Tls, Name("PBX.example.org"), true),
        ("pbx.example.org", Tls, Name("example.org"), false),
        ("pbx.example.org", Tls, Source, false),
        ("pbx.example.org", Tls, Nobody, false),
        ("pbx.example.org", Tcp, Name("pbx.example.org"), false),
        ("pbx.example.org", Wss, Name("pbx.example.org"), false),
        ("192.0.2.7", Tls, Source, true),
        ("[::ffff:192.0.2.7]", Tls, Source, true),
        ("192.0.2.8", Tls, Source, false),
        ("192.0.2.7", Tls, Nobody, false),
    ];
    for (policy, transport, certified, answered) in cases {
        let what = format!("{policy} over {transport:?} by {certified:?}");
        let calls = with_hop(HopPolicy::TlsName(policy.to_owned()));
        let invite = calls.invite();
        let hop = ssa::Arrival { certified, ..hop("192.0.2.7:5061", transport, &invite) };
        let plan = calls.plan_over(&hop, &invite, &[sha256(REALM)]);
        let expected = if answered { Ok(()) } else { Err(Why::NotConfigured) };
        assert_eq!(plan.map(|_| ()), expected, "{what}");
    }
}

/// A web server of the same name is another party than who speaks SIP over TLS.
#[test]
fn a17_credentials_for_a_secure_websocket_go_over_one_alone() {
    use ssa::Certified::{Name, Nobody};
    use ssa::Transport::{Tls, Ws, Wss};
    let cases = [
        (Wss, Name("PBX.example.org"), true),
        (Wss, Name("example.org"), false),
        (Wss, Nobody, false),
        (Ws, Name("pbx.example.org"), false),
        (Tls, Name("pbx.example.org"), false),
    ];
    for (transport, certified, answered) in cases {
        let calls = with_hop(HopPolicy::WssName("pbx.example.org".to_owned()));
        let invite = calls.invite();
        let hop = ssa::Arrival { certified, ..hop("192.0.2.7:443", transport, &invite) };
        let plan = calls.plan_over(&hop, &invite, &[sha256(REALM)]);
        let expected = if answered { Ok(()) } else { Err(Why::NotConfigured) };
        assert_eq!(plan.map(|_| ()), expected, "{transport:?} by {certified:?}");
    }
}

#[test]
fn a16_in_a_dialog_only_the_account_that_set_it_up_is_answered_for() {
    let at = |calls: &Calls, port: u16| {
        let (bye, source) = (calls.bye(), format!("127.0.0.1:{port}"));
        let hop = hop(&source, ssa::Transport::Udp, &bye);
        calls.plan_over(&hop, &bye, &[sha256(REALM)]).map(|_| ())
    };
    // The account's credentials set the dialog up.
    let calls = Calls::new();
    let invite = calls.authorized(calls.invite());
    let ok = TestResponse::to(&invite, 200, Body::default());
    assert_eq!(calls.received(&ok, &invite), ssa::Incoming::Accept);
    assert_eq!(at(&calls, 5062), Err(Why::NotConfigured), "where the callee has us send the BYE");
    assert_eq!(at(&calls, 5060), Ok(()), "the account's next hop");
    // Nobody asked for them: the callee's Contact leads to the registrar all the same.
    let calls = Calls::new();
    calls.caller.call_started(
        Call(CALL.0),
        Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::NOTHING },
    );
    let invite = calls.invite();
    let ok = TestResponse::to(&invite, 200, Body::default());
    calls.received(&ok, &invite);
    assert_eq!(at(&calls, 5060), Err(Why::NotConfigured));
}

#[test]
fn a16_a_call_that_came_in_over_the_accounts_flow_was_set_up_through_it() {
    for (source, answered) in [("127.0.0.1:5060", true), ("192.0.2.9:5060", false)] {
        let calls = Calls::new();
        let phone = &calls.caller;
        let registrar = [127, 0, 0, 1].into();
        let contact_user = "r4nd0m".to_owned();
        let flow = RegisteredFlow { flow: None, registrar, contact_user };
        phone.registered(ALICE, vec![flow]);
        let theirs = TestRequest::invite(BOB, "sip:r4nd0m@127.0.0.1", "in@127.0.0.1");
        let arrival = hop(source, ssa::Transport::Udp, &theirs);
        let call = CallRef(70);
        assert_eq!(phone.request_received(call, &arrival, &theirs.view()), Received::Admit);
        let mut bye = TestRequest::invite("sip:r4nd0m@127.0.0.1", BOB, "in@127.0.0.1");
        (bye.method, bye.to.1) = ("BYE", Some("theirs".to_owned()));
        let mut response = TestResponse::to(&bye, 407, Body::default());
        let asked = challenge("Proxy-Authenticate", REALM, ", algorithm=SHA-256");
        response.fields.extend(&[asked]);
        response.to_tag = "theirs".to_owned();
        let answer =
            phone.got_401_unauthorized(call, &bye.arrival(), &response.view(), &bye.view());
        let planned = matches!(now(answer), Required::SendWwwAuthenticate { .. });
        assert_eq!(planned, answered, "{source}");
    }
}

#[test]
fn a16_what_was_answered_before_goes_along_only_to_its_own_hop() {
    let mut configuration = caller_configuration("secret");
    let account = |aor: &str, realm: &str, port: u16| Account {
        aor: aor.to_owned(),
        realm: realm.to_owned(),
        user: "alice".to_owned(),
        secret: Some(Password::new(b"secret".to_vec()).into()),
        hop: HopPolicy::Udp(vec![([127, 0, 0, 1], port).into()]),
        floor: Algorithm::Sha256,
        dtls: None,
        sdes: None,
        require: Requirement::NOTHING,
    };
    configuration.accounts = vec![
        account("sip:alice@provider.example", PROVIDER, 5060),
        account(ALICE, REALM, 5060),
        account("sip:a@elsewhere.example", "elsewhere.example", 5062),
    ];
    let calls = Calls::new();
    calls.caller.configure(&configuration);
    let realms = |fields: &[Field]| -> Vec<String> {
        let texts = fields.iter().map(|it| String::from_utf8(it.value.clone()).unwrap());
        texts
            .map(|it| it.split("realm=\"").nth(1).unwrap().split('"').next().unwrap().into())
            .collect()
    };
    let udp = ssa::Transport::Udp;
    let first = calls.invite();
    let proxy = challenge("Proxy-Authenticate", PROVIDER, ", algorithm=SHA-256");
    let plan = calls.plan_over(&hop("127.0.0.1:5060", udp, &first), &first, &[proxy]).unwrap();
    let mut second = first.clone().retried();
    let fields = calls.fields(plan, &second);
    second.fields.extend(&fields);
    assert_eq!(realms(&fields), [PROVIDER]);
    // Another realm behind the same hop: both go.
    let plan =
        calls.plan_over(&hop("127.0.0.1:5060", udp, &second), &second, &[sha256(REALM)]).unwrap();
    let mut third = second.clone().retried();
    third.fields.0.retain(|(name, _)| name != "Proxy-Authorization");
    let fields = calls.fields(plan, &third);
    third.fields.extend(&fields);
    assert_eq!(realms(&fields), [PROVIDER, REALM]);
    // Another hop: what it asks for, and nothing else.
    let other = [sha256("elsewhere.example")];
    let plan = calls.plan_over(&hop("127.0.0.1:5062", udp, &third), &third, &other).unwrap();
    assert_eq!(realms(&calls.fields(plan, &third.retried())), ["elsewhere.example"]);
}

#[test]
fn s02_no_other_ticket_names_the_plan() {
    let calls = Calls::new();
    let invite = calls.invite();
    let plan = calls.plan(&invite, &calls.challenge(&invite)).unwrap();
    let retry = invite.retried();
    for other in [plan.0.wrapping_add(1), 0, u64::MAX] {
        let answer = now(calls.caller.authorize(CALL, Plan(other), &retry.view()));
        assert_eq!(answer, ssa::Authorized::GiveUp(Why::OtherCall), "{other}");
    }
    assert_eq!(calls.fields(plan, &retry).len(), 1);
}

#[test]
fn a09_one_authorization_a_realm_by_the_topmost_that_is_allowed() {
    let calls = Calls::new();
    let qop = ", qop=\"auth\"";
    let answers = calls.answers(&calls.invite(), &offers(&["MD5", "SHA-512-256", "SHA-256"], qop));
    let answers = answers.unwrap();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0].contains("algorithm=SHA-512-256"), "{answers:?}");
    // A realm more is an answer more.
    let mut configuration = caller_configuration("secret");
    configuration.accounts.push(Account { realm: PROVIDER.to_owned(), ..account("secret") });
    let calls = Calls::new();
    calls.caller.configure(&configuration);
    let offered = [sha256(REALM), sha256(PROVIDER), sha256(REALM)];
    assert_eq!(calls.answers(&calls.invite(), &offered).unwrap().len(), 2);
}

#[test]
fn a10_unknown_schemes_and_algorithms_are_ignored_and_basic_is_never_answered() {
    let others = || {
        ["Basic", "Digest", "Digest", "Bearer", "PGP", "NTLM"].into_iter().zip([
            "",
            ", nonce=\"n\", qop=\"auth\", algorithm=AKAv1-MD5",
            ", nonce=\"n\", qop=\"auth\", algorithm=SHA-1",
            "",
            ", version=\"2.6\", algorithm=md5, nonce=\"n\"",
            "",
        ])
    };
    let fields = |others: &[(&str, &str)]| -> Vec<Field> {
        let value = |(scheme, rest): &(&str, &str)| format!("{scheme} realm=\"{REALM}\"{rest}");
        let field = |it| Field { name: "WWW-Authenticate", value: value(it).into_bytes() };
        others.iter().map(field).collect()
    };
    for other in others() {
        let calls = Calls::new();
        let answers = calls.answers(&calls.invite(), &fields(&[other]));
        assert!(answers.is_err(), "{other:?}: {answers:?}");
    }
    let mut offered = fields(&others().collect::<Vec<_>>());
    offered.push(sha256(REALM));
    let calls = Calls::new();
    let answers = calls.answers(&calls.invite(), &offered).unwrap();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0].starts_with("Digest ") && answers[0].contains("algorithm=SHA-256"));
}

#[test]
fn a18_a_server_that_is_never_satisfied_gets_two_tries_at_most() {
    for (rest, tries) in [(", stale=true", 2), ("", 1)] {
        let calls = Calls::new();
        let mut sent = calls.invite();
        let mut answered = 0;
        for number in 0..10 {
            let value = format!(
                "Digest realm=\"{REALM}\", nonce=\"new{number}\", qop=\"auth\", algorithm=SHA-256{rest}"
            );
            let field = Field { name: "WWW-Authenticate", value: value.into_bytes() };
            let Ok(plan) = calls.plan(&sent, &[field]) else { break };
            answered += 1;
            sent = sent.retried();
            sent.fields.0.retain(|(name, _)| name != "Authorization");
            let fields = calls.fields(plan, &sent);
            sent.fields.extend(&fields);
        }
        assert_eq!(answered, tries, "{rest}");
    }
}

/// Ten thousand challenges, of which only the one at `good` can be answered.
struct Many {
    good: usize,
    /// What all others say.
    other: &'static [u8],
    read: Cell<usize>,
}

impl ssa::Headers for Many {
    fn value(&self, name: &str, nth: usize) -> Option<&[u8]> {
        self.read.set(self.read.get() + 1);
        let good = b"Digest realm=\"bob.example\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
        match name {
            "WWW-Authenticate" if nth == self.good => Some(good),
            "WWW-Authenticate" if nth < 10_000 => Some(self.other),
            _ => None,
        }
    }
}

#[test]
fn a19_of_ten_thousand_challenges_eight_are_read() {
    let foreign = b"Digest realm=\"other.example\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
    for other in [&foreign[..], b"Basic realm=\"bob.example\""] {
        for (good, answered) in [(7, true), (8, false), (9_999, false)] {
            let calls = Calls::new();
            let invite = calls.invite();
            let response = TestResponse::to(&invite, 401, Body::default());
            let many = Many { good, other, read: Cell::new(0) };
            let response = ssa::Response { headers: &many, ..response.view() };
            let (hop, sent) = (invite.arrival(), invite.view());
            let answer = now(calls.caller.got_401_unauthorized(CALL, &hop, &response, &sent));
            assert_eq!(matches!(answer, Required::SendWwwAuthenticate { .. }), answered, "{good}");
            assert!(many.read.get() <= 32, "{} values were looked at", many.read.get());
        }
    }
}

#[test]
fn a19_of_five_challenges_four_are_answered() {
    let mut configuration = caller_configuration("secret");
    let realm = |number: u8| format!("realm{number}.example");
    configuration.accounts =
        (0..5).map(|number| Account { realm: realm(number), ..account("secret") }).collect();
    let calls = Calls::new();
    calls.caller.configure(&configuration);
    let challenges: Vec<Field> = (0..5).map(|number| sha256(&realm(number))).collect();
    assert_eq!(calls.answers(&calls.invite(), &challenges).unwrap().len(), 4);
}

#[test]
fn a19_a_nonce_of_64_kib_is_not_answered() {
    let calls = Calls::new();
    let invite = calls.invite();
    let of = |octets: usize| {
        let nonce = "n".repeat(octets);
        let text =
            format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\", qop=\"auth\", algorithm=SHA-256");
        [Field { name: "WWW-Authenticate", value: text.into_bytes() }]
    };
    assert_eq!(calls.plan(&invite, &of(65_536)), Err(Why::MalformedChallenge));
    assert!(calls.plan(&invite, &of(4_096)).is_ok());
}

#[test]
fn g28_a_2xx_without_any_proof_ends_a_call_that_requires_digest() {
    let calls = Calls::new();
    let invite = calls.invite();
    let ok = TestResponse::to(&invite, 200, Body::default());
    assert_eq!(calls.received(&ok, &invite), ssa::Incoming::AckThenBye(Why::ProofMissing));
    // Even where it carries what proved another call.
    let mut borrowed = TestResponse::to(&invite, 200, Body::default());
    borrowed.fields.extend(&[info(&Calls::new())]);
    assert_eq!(calls.received(&borrowed, &invite), ssa::Incoming::AckThenBye(Why::ProofMissing));
}

/// What a callee proves in the 2xx to a call of its own.
fn info(calls: &Calls) -> Field {
    let invite = calls.authorized(calls.invite());
    assert!(calls.admits(&invite));
    let ok = TestResponse::to(&invite, 200, Body::default());
    match now(calls.callee.response_leaving(CALL, &invite.view(), &ok.view())) {
        ssa::Leaving::Fields(mut fields) => fields.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn g28_an_rspauth_of_another_request_ends_the_call() {
    // Of another call, under another nonce.
    let elsewhere = Calls::new();
    elsewhere.platform.advance(Duration::from_secs(64));
    let theirs = info(&elsewhere);
    let calls = Calls::new();
    let invite = calls.authorized(calls.invite());
    let mut ok = TestResponse::to(&invite, 200, Body::default());
    ok.fields.extend(&[theirs]);
    assert_eq!(calls.received(&ok, &invite), ssa::Incoming::AckThenBye(Why::ProofInvalid));
    // Of the INVITE, in the answer to what follows in the dialog.
    let calls = Calls::new();
    let of_invite = info(&calls);
    let bye = calls.bye();
    let plan = calls.plan_over(&bye.arrival(), &bye, &[sha256(REALM)]).unwrap();
    let mut bye = bye.retried();
    let fields = calls.fields(plan, &bye);
    bye.fields.extend(&fields);
    let mut ok = TestResponse::to(&bye, 200, Body::default());
    ok.fields.extend(&[of_invite]);
    assert_eq!(calls.received(&ok, &bye), ssa::Incoming::AckThenBye(Why::ProofInvalid));
}

/// A challenge that cannot be answered is given up, at whichever of its draws there is nothing.
#[test]
fn o05_without_randomness_no_credentials_leave() {
    let calls = Calls::new();
    let invite = calls.invite();
    let challenge = calls.challenge(&invite);
    calls.platform.draws.store(0, Ordering::Relaxed);
    assert_eq!(calls.plan(&invite, &challenge), Err(Why::ApplicationFailed), "no ticket");
    calls.platform.draws.store(1, Ordering::Relaxed);
    let plan = calls.plan(&invite, &challenge).unwrap();
    let authorized = calls.caller.authorize(CALL, plan, &invite.retried().view());
    assert_eq!(now(authorized), ssa::Authorized::GiveUp(Why::ApplicationFailed), "no cnonce");
}
