//! A network that a SIM answers. The SIM of the tests is Milenage by the crate of that name, held to
//! the sets of 3GPP TS 35.208. The responses in RFC 3310 §4 are no vectors: they come without RES, and
//! one is that of RFC 2617's example.

use super::sim::AkaChallenge;
use super::{Aka, Sim, SimAnswer};
use crate::Digest;
use crate::manager::SecurityManager;
use crate::manager::tests::{ALICE, BOB, CALL, TestPlatform, now};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest as _, Md5};
use milenage::Milenage;
use sip_syntax::auth::{Params, Separator, of_scheme};
use ssa::conformance::{TestRequest, TestResponse};
use ssa::{Authorized, Body, Field, Incoming, Plan, Required, SipSecurity as _, Why};
use sst::{
    Account, Algorithm, Call, Configuration, HopPolicy, Outgoing, Password, Proof, Requirement,
    Secret, TelephonySecurity as _,
};
use std::sync::Arc;

const REALM: &str = "ims.example.org";
const USER: &str = "001010123456789@ims.example.org";

/// One set: K, OP, RAND, SQN, AMF; f1, f1*, f2 (RES), f5, f5*. 3GPP TS 35.208, sections 4.3 and 4.4.
const SETS: [[&str; 10]; 2] = [
    [
        "465b5ce8b199b49faa5f0a2ee238a6bc",
        "cdc202d5123e20f62b6d676ac72cb318",
        "23553cbe9637a89d218ae64dae47bf35",
        "ff9bb4d0b607",
        "b9b9",
        "4a9ffac354dfafb3",
        "01cfaf9ec4e871e9",
        "a54211d5e3ba50bf",
        "aa689c648370",
        "451e8beca43b",
    ],
    [
        "0396eb317b6d1c36f19c1c84cd6ffd16",
        "ff53bade17df5d4e793073ce9d7579fa",
        "c00d603103dcee52c4478119494202e8",
        "fd8eef40df7d",
        "af17",
        "5df5b31807e258b0",
        "a8c016e51ef4a343",
        "d3a628ed988620f0",
        "c47783995f72",
        "30f1197061c1",
    ],
];

fn octets<const N: usize>(hex: &str) -> [u8; N] {
    let octet = |at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
    assert_eq!(hex.len(), 2 * N);
    std::array::from_fn(octet)
}

fn xor<const N: usize>(one: [u8; N], other: [u8; N]) -> [u8; N] {
    std::array::from_fn(|at| one[at] ^ other[at])
}

/// SQN ⊕ AK, AMF, MAC. 3GPP TS 33.102, section 6.3.2.
fn autn(set: &[&str; 10]) -> [u8; 16] {
    let hidden = xor(octets::<6>(set[3]), octets::<6>(set[8]));
    [&hidden[..], &octets::<2>(set[4]), &octets::<8>(set[5])].concat().try_into().unwrap()
}

fn nonce(set: &[&str; 10]) -> String {
    let rand: [u8; 16] = octets(set[2]);
    BASE64_STANDARD.encode([&rand[..], &autn(set), b"more"].concat())
}

/// A nonce by which the network counts otherwise than in the set.
fn nonce_counting(set: &[&str; 10], sqn: [u8; 6]) -> String {
    let mut network = Milenage::new_with_op(octets(set[0]), octets(set[1]));
    let (rand, amf) = (octets(set[2]), [0xb9, 0xb9]);
    let (_, _, _, ak) = network.f2345(&rand);
    let mac = network.f1(&rand, &sqn, &amf);
    BASE64_STANDARD.encode([&rand[..], &xor(sqn, ak), &amf, &mac].concat())
}

/// A SIM that counts: of a challenge with another number it wants to count anew.
struct Card {
    set: &'static [&'static str; 10],
    expects: [u8; 6],
}

#[async_trait::async_trait]
impl Sim for Card {
    async fn authenticate(&self, challenge: AkaChallenge) -> SimAnswer {
        let mut milenage = Milenage::new_with_op(octets(self.set[0]), octets(self.set[1]));
        let AkaChallenge { rand, autn } = challenge;
        let (res, _, _, ak) = milenage.f2345(&rand);
        let sqn = xor(autn[..6].try_into().unwrap(), ak);
        let amf = autn[6..8].try_into().unwrap();
        if milenage.f1(&rand, &sqn, &amf) != autn[8..] {
            return SimAnswer::Refused;
        }
        if sqn == self.expects {
            return SimAnswer::Res(Password::new(res.to_vec()));
        }
        // AMF is zero in AUTS. TS 33.102, section 6.3.3.
        let mac = milenage.f1star(&rand, &self.expects, &[0, 0]);
        let hidden = xor(self.expects, milenage.f5star(&rand));
        SimAnswer::Resynchronize([&hidden[..], &mac].concat().try_into().unwrap())
    }
}

/// A SIM that gives a RES of so many octets, or nothing.
struct Odd(Option<usize>);

#[async_trait::async_trait]
impl Sim for Odd {
    async fn authenticate(&self, _: AkaChallenge) -> SimAnswer {
        let res = self.0.map(|length| SimAnswer::Res(Password::new(vec![7; length])));
        res.unwrap_or(SimAnswer::Unavailable)
    }
}

fn caller(sim: Arc<dyn Sim>) -> Arc<SecurityManager> {
    let builder = SecurityManager::builder(TestPlatform::new()).digest(Digest).aka(Aka::new(sim));
    let manager = builder.build().unwrap();
    let account = Account {
        aor: ALICE.to_owned(),
        realm: REALM.to_owned(),
        user: USER.to_owned(),
        secret: Some(Secret::Sim),
        hop: HopPolicy::Udp(vec!["127.0.0.1:5060".parse().unwrap()]),
        floor: Algorithm::Sha256,
        dtls: None,
        sdes: None,
        require: Requirement::NOTHING,
    };
    manager.configure(&Configuration { accounts: vec![account], ..Configuration::default() });
    let require = Requirement::NOTHING;
    manager.call_started(Call(CALL.0), Outgoing { from: ALICE.into(), to: BOB.into(), require });
    manager
}

fn challenge(nonce: &str, qop: &str) -> Field {
    let value = format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\"{qop}, algorithm=AKAv1-MD5");
    Field { name: "WWW-Authenticate", value: value.into_bytes() }
}

const QOP: &str = ", qop=\"auth,auth-int\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";

fn plan(manager: &SecurityManager, sent: &TestRequest, with: Field) -> Result<Plan, Why> {
    let mut response = TestResponse::to(sent, 401, Body::default());
    response.fields.extend(&[with]);
    let hop = sent.arrival();
    match now(manager.got_401_unauthorized(CALL, &hop, &response.view(), &sent.view())) {
        Required::SendWwwAuthenticate { plan, .. } => Ok(plan),
        Required::GiveUp(why) => Err(why),
    }
}

fn authorized(manager: &SecurityManager, plan: Plan, request: &TestRequest) -> String {
    match now(manager.authorize(CALL, plan, &request.view())) {
        Authorized::Fields(fields) => String::from_utf8(fields[0].value.clone()).unwrap(),
        Authorized::GiveUp(why) => panic!("{why}"),
    }
}

fn md5(parts: &[&[u8]]) -> String {
    let hash = Md5::digest(parts.join(&b':'));
    hash.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn parameter(value: &str, name: &str) -> String {
    let list = of_scheme(value.as_bytes(), "Digest").unwrap();
    let mut found = Params::new(list, Separator::Comma).flatten().filter(|it| it.is(name));
    String::from_utf8(found.next().unwrap().value.octets().collect()).unwrap()
}

/// What RFC 2617 §3.2.2 makes of a password, computed by itself.
fn response(value: &str, password: &[u8], a2: &str) -> String {
    let [nonce, cnonce] = ["nonce", "cnonce"].map(|name| parameter(value, name));
    let ha1 = md5(&[USER.as_bytes(), REALM.as_bytes(), password]);
    let ha2 = md5(&[a2.as_bytes()]);
    let parts = [&*ha1, &nonce, "00000001", &cnonce, "auth", &ha2];
    md5(&parts.map(str::as_bytes))
}

fn invite() -> TestRequest {
    TestRequest::invite(ALICE, BOB, "aka@127.0.0.1")
}

#[test]
fn the_sim_of_these_tests_is_that_of_ts_35_208() {
    for set in &SETS {
        let mut milenage = Milenage::new_with_op(octets(set[0]), octets(set[1]));
        let (rand, sqn, amf) = (octets(set[2]), octets(set[3]), octets(set[4]));
        assert_eq!(milenage.f1(&rand, &sqn, &amf), octets(set[5]));
        assert_eq!(milenage.f1star(&rand, &sqn, &amf), octets(set[6]));
        let (res, _, _, ak) = milenage.f2345(&rand);
        assert_eq!((res, ak), (octets(set[7]), octets(set[8])));
        assert_eq!(milenage.f5star(&rand), octets(set[9]));
    }
}

#[test]
fn res_is_the_password_of_a_response_and_xres_that_of_the_answer() {
    for set in &SETS {
        let manager = caller(Arc::new(Card { set, expects: octets(set[3]) }));
        let invite = invite();
        let plan = plan(&manager, &invite, challenge(&nonce(set), QOP)).unwrap();
        let mut sent = invite.retried();
        let value = authorized(&manager, plan, &sent);
        let res: [u8; 8] = octets(set[7]);
        let uri = parameter(&value, "uri");
        assert_eq!(parameter(&value, "response"), response(&value, &res, &format!("INVITE:{uri}")));
        for (name, expected) in
            [("username", USER), ("algorithm", "AKAv1-MD5"), ("nonce", &nonce(set))]
        {
            assert_eq!(parameter(&value, name), expected);
        }
        assert_eq!(parameter(&value, "opaque"), "5ccc069c403ebaf9f0171e9517f40e41");
        sent.fields.extend(&[Field { name: "Authorization", value: value.clone().into_bytes() }]);
        let answered = |rspauth: &str| {
            let mut ok = TestResponse::to(&sent, 200, Body::default());
            let info = format!("qop=auth, rspauth=\"{rspauth}\", nc=00000001");
            ok.fields.extend(&[Field { name: "Authentication-Info", value: info.into_bytes() }]);
            now(manager.response_received(CALL, &sent.arrival(), &ok.view(), &sent.view()))
        };
        let xres = response(&value, &res, &format!(":{uri}"));
        let other = response(&value, b"other", &format!(":{uri}"));
        assert_eq!(answered(&other), Incoming::AckThenBye(Why::ProofInvalid));
        assert_eq!(answered(&xres), Incoming::Accept);
        let proof = manager.assurance(Call(CALL.0)).unwrap().proof;
        assert!(matches!(proof, Proof::Digest { .. }), "{proof:?}");
    }
}

/// RFC 3310 §3.4: AUTS, and no password.
#[test]
fn a_sim_that_counts_otherwise_has_the_network_count_anew() {
    let set = &SETS[0];
    let manager = caller(Arc::new(Card { set, expects: octets("000000000020") }));
    let invite = invite();
    let first = plan(&manager, &invite, challenge(&nonce(set), QOP)).unwrap();
    let mut sent = invite.retried();
    let value = authorized(&manager, first, &sent);
    let uri = parameter(&value, "uri");
    assert_eq!(parameter(&value, "response"), response(&value, b"", &format!("INVITE:{uri}")));
    // The network reads AUTS as TS 33.102, section 6.3.5 says.
    let auts = BASE64_STANDARD.decode(parameter(&value, "auts")).unwrap();
    let mut network = Milenage::new_with_op(octets(set[0]), octets(set[1]));
    let rand = octets(set[2]);
    let sqn = xor(auts[..6].try_into().unwrap(), network.f5star(&rand));
    assert_eq!(sqn, octets::<6>("000000000020"));
    assert_eq!(network.f1star(&rand, &sqn, &[0, 0]), auts[6..]);
    // It asks again, by the SIM's number, and gets RES.
    sent.fields.extend(&[Field { name: "Authorization", value: value.into_bytes() }]);
    let second = plan(&manager, &sent, challenge(&nonce_counting(set, sqn), QOP)).unwrap();
    let value = authorized(&manager, second, &sent.retried());
    let res: [u8; 8] = octets(set[7]);
    assert_eq!(parameter(&value, "response"), response(&value, &res, &format!("INVITE:{uri}")));
    assert!(!value.contains("auts"));
}

/// RFC 3310 §3.1: RES is a password for once. So the refresh of a registration waits to be asked, and
/// has both of its tries (promise 8) where the network counts otherwise by then (§3.4).
#[test]
fn a_refresh_waits_to_be_asked_and_may_have_the_network_count_anew() {
    let set = &SETS[0];
    let manager = caller(Arc::new(Card { set, expects: octets(set[3]) }));
    let register = |cseq| TestRequest { method: "REGISTER", cseq, ..invite() };
    let with = |request: TestRequest, plan| {
        let value = authorized(&manager, plan, &request).into_bytes();
        let mut request = request;
        request.fields.extend(&[Field { name: "Authorization", value }]);
        request
    };
    let first = plan(&manager, &register(1), challenge(&nonce(set), QOP)).unwrap();
    let sent = with(register(2), first);
    let ok = TestResponse::to(&sent, 200, Body::default());
    let accepted = manager.response_received(CALL, &sent.arrival(), &ok.view(), &sent.view());
    assert_eq!(now(accepted), Incoming::Accept);
    let again = now(manager.authorize(CALL, first, &register(3).view()));
    assert_eq!(again, Authorized::GiveUp(Why::OtherCall));
    let otherwise = nonce_counting(set, octets("000000000020"));
    let second = plan(&manager, &register(3), challenge(&otherwise, QOP)).unwrap();
    let counting_anew = with(register(4), second);
    let said = |request: &TestRequest| {
        let view = request.view();
        String::from_utf8(view.headers.value("Authorization", 0).unwrap().to_vec()).unwrap()
    };
    assert!(said(&counting_anew).contains("auts="));
    let third = plan(&manager, &counting_anew, challenge(&nonce(set), QOP)).unwrap();
    assert!(!said(&with(register(5), third)).contains("auts="));
}

/// A network that does not prove itself gets no answer, nor does one that nobody is there to answer.
#[test]
fn a_network_that_is_not_the_sims_gets_nothing() {
    let set = &SETS[0];
    let card = || Arc::new(Card { set, expects: octets(set[3]) });
    let mut forged = BASE64_STANDARD.decode(nonce(set)).unwrap();
    forged[31] ^= 1;
    let forged = BASE64_STANDARD.encode(forged);
    assert_eq!(plan(&caller(card()), &invite(), challenge(&forged, QOP)), Err(Why::ProofInvalid));
    for odd in [None, Some(0), Some(3), Some(17)] {
        let odd = plan(&caller(Arc::new(Odd(odd))), &invite(), challenge(&nonce(set), QOP));
        assert_eq!(odd, Err(Why::NoSim));
    }
    for (nonce, qop) in
        [("abc", QOP), (&nonce(set)[..40], QOP), ("!", QOP), (&nonce(set), ", qop=\"x\"")]
    {
        let malformed = plan(&caller(card()), &invite(), challenge(nonce, qop));
        assert_eq!(malformed, Err(Why::MalformedChallenge), "{nonce}");
    }
    // A17, and a password is no SIM's.
    let foreign = Field {
        value: String::from_utf8(challenge(&nonce(set), QOP).value)
            .unwrap()
            .replace(REALM, "x")
            .into(),
        ..challenge("", "")
    };
    assert_eq!(plan(&caller(card()), &invite(), foreign), Err(Why::NotConfigured));
    let value = format!("Digest realm=\"{REALM}\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256");
    let digest = Field { name: "WWW-Authenticate", value: value.into() };
    assert_eq!(plan(&caller(card()), &invite(), digest), Err(Why::NotConfigured));
}

/// The nonces in RFC 3310 have padding that base64 does not ask for.
#[test]
fn the_rfcs_own_nonces_are_read() {
    let (of_3_2, of_4) = (
        &b"MzQ0a2xrbGtmbGtsZm9wb2tsc2tqaHJzZXNy9uQyMzMzMzQK="[..],
        &b"CjPk9mRqNuT25eRkajM09uTl9nM09uTl9nMz5OX25PZz=="[..],
    );
    assert_eq!(&AkaChallenge::of_nonce(of_3_2).unwrap().rand, b"344klklkflklfopo");
    assert_eq!(AkaChallenge::of_nonce(of_4).unwrap().rand[..3], [0x0a, 0x33, 0xe4]);
    assert_eq!(AkaChallenge::of_nonce(&[b'A'; 40]), None);
    assert!(AkaChallenge::of_nonce(&[b'A'; 44]).is_some());
}
