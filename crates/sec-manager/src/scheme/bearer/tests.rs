//! What an access token is given for, and to whom alone.

use super::Bearer;
use crate::manager::SecurityManager;
use crate::manager::tests::{ALICE, BOB, CALL, TestPlatform, now};
use crate::{Digest, digest};
use ssa::conformance::{TestRequest, TestResponse};
use ssa::{
    Arrival, Authorized, Body, Certified, Field, Plan, Required, SipSecurity as _, Transport, Why,
};
use sst::{
    Account, Algorithm, Call, Configuration, HopPolicy, Mismatch, Outgoing, Password, Requirement,
    Secret, TelephonySecurity as _,
};
use std::sync::{Arc, Mutex};

const SERVER: &str = "https://as.example.org/tenant";
const REALM: &str = "example.org";
const PBX: &str = "pbx.example.org";
const TOKEN: &str = "eyJhbGciOiJSU0EtT0FFUC0yNTYifQ.a-b_c~d+e/f==";

/// Gives a token, and remembers what it was asked and told.
struct Giver {
    token: Mutex<Option<Vec<u8>>>,
    asked: Mutex<Vec<String>>,
    told: Mutex<Vec<Mismatch>>,
}

#[async_trait::async_trait]
impl sst::TelephonyApplication for Giver {
    async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
        panic!("no password is asked for")
    }

    async fn token(&self, server: &str, realm: &str, user: &str) -> Option<Password> {
        self.asked.lock().unwrap().push(format!("{user} at {realm} of {server}"));
        self.token.lock().unwrap().clone().map(Password::new)
    }

    async fn trust(&self, _: sst::TrustQuestion) -> sst::TrustAnswer {
        sst::TrustAnswer::No
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        None
    }

    fn assurance(&self, _: Call, _: &sst::Assurance) {}

    fn mismatch(&self, _: Call, mismatch: Mismatch) {
        self.told.lock().unwrap().push(mismatch);
    }
}

struct Side {
    manager: Arc<SecurityManager>,
    giver: Arc<Giver>,
}

fn account(realm: &str, secret: Secret, hop: HopPolicy) -> Account {
    Account {
        aor: ALICE.to_owned(),
        realm: realm.to_owned(),
        user: "alice".to_owned(),
        secret: Some(secret),
        hop,
        floor: Algorithm::Sha256,
        dtls: None,
        sdes: None,
        require: Requirement::NOTHING,
    }
}

fn tokens() -> Secret {
    Secret::Tokens(vec!["https://other.example".to_owned(), SERVER.to_owned()])
}

fn pbx() -> HopPolicy {
    HopPolicy::TlsName(PBX.to_owned())
}

fn side(accounts: Vec<Account>) -> Side {
    let giver = Arc::new(Giver {
        token: Mutex::new(Some(TOKEN.into())),
        asked: Mutex::default(),
        told: Mutex::default(),
    });
    let builder = SecurityManager::builder(TestPlatform::new()).digest(Digest).bearer(Bearer);
    let manager = builder.application(giver.clone()).build().unwrap();
    manager.configure(&Configuration { accounts, ..Configuration::default() });
    let require = Requirement::NOTHING;
    let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require };
    manager.call_started(Call(CALL.0), outgoing);
    Side { manager, giver }
}

fn with_token() -> Side {
    side(vec![account(REALM, tokens(), pbx())])
}

fn invite() -> TestRequest {
    TestRequest::invite(ALICE, BOB, "bearer@127.0.0.1")
}

fn challenge(name: &'static str, list: &str) -> Field {
    Field { name, value: format!("Bearer {list}").into_bytes() }
}

fn usual() -> String {
    format!("realm=\"{REALM}\", authz_server=\"{SERVER}\", scope=\"sip\"")
}

/// A hop over TLS to somebody whose name was proved.
fn tls<'a>(of: &'a TestRequest, name: &'a str) -> Arrival<'a> {
    Arrival { transport: Transport::Tls, certified: Certified::Name(name), ..of.arrival() }
}

impl Side {
    fn plan(&self, hop: &Arrival<'_>, sent: &TestRequest, with: &[Field]) -> Result<Plan, Why> {
        let mut response = TestResponse::to(sent, 401, Body::default());
        response.fields.extend(with);
        let answer = self.manager.got_401_unauthorized(CALL, hop, &response.view(), &sent.view());
        match now(answer) {
            Required::SendWwwAuthenticate { plan, .. } => Ok(plan),
            Required::GiveUp(why) => Err(why),
        }
    }

    fn fields(&self, plan: Plan, request: &TestRequest) -> Vec<Field> {
        match now(self.manager.authorize(CALL, plan, &request.view())) {
            Authorized::Fields(fields) => fields,
            Authorized::GiveUp(why) => panic!("{why}"),
        }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.giver.asked.lock().unwrap())
    }

    fn told(&self) -> Vec<Mismatch> {
        std::mem::take(&mut self.giver.told.lock().unwrap())
    }
}

fn token(name: &'static str) -> Field {
    Field { name, value: format!("Bearer {TOKEN}").into_bytes() }
}

#[test]
fn a_token_answers_who_asks_over_tls_for_its_realm_and_server() {
    for (asks, answers) in
        [("WWW-Authenticate", "Authorization"), ("Proxy-Authenticate", "Proxy-Authorization")]
    {
        let (side, invite) = (with_token(), invite());
        let mut response = TestResponse::to(&invite, 401, Body::default());
        response.fields.extend(&[challenge(asks, &usual())]);
        let hop = tls(&invite, PBX);
        let answer =
            side.manager.got_401_unauthorized(CALL, &hop, &response.view(), &invite.view());
        let Required::SendWwwAuthenticate { plan, reserve } = now(answer) else { panic!("no") };
        let fields = side.fields(plan, &invite.clone().retried());
        assert_eq!(fields, [token(answers)]);
        let octets: usize = fields.iter().map(|it| it.name.len() + it.value.len() + 4).sum();
        assert!(octets <= reserve, "{octets} of {reserve}");
        assert_eq!(side.asked(), [format!("alice at {REALM} of {SERVER}")]);
    }
}

/// RFC 8898 §2.1.2: whoever reads it on the way is the user everywhere.
#[test]
fn a_token_never_leaves_in_clear_nor_to_whom_nobody_proved() {
    let at = || vec!["127.0.0.1:5060".parse().unwrap()];
    let hops = [
        (HopPolicy::Udp(at()), Transport::Udp, Certified::Nobody),
        (HopPolicy::Tcp(at()), Transport::Tcp, Certified::Nobody),
        (HopPolicy::Ws(at()), Transport::Ws, Certified::Nobody),
        (pbx(), Transport::Tls, Certified::Nobody),
        // A stack that says so of what is no TLS is not believed.
        (HopPolicy::Udp(at()), Transport::Udp, Certified::Name(PBX)),
    ];
    for (policy, transport, certified) in hops {
        let (side, invite) = (side(vec![account(REALM, tokens(), policy)]), invite());
        let hop = Arrival { transport, certified, ..invite.arrival() };
        let plan = side.plan(&hop, &invite, &[challenge("WWW-Authenticate", &usual())]);
        assert_eq!(plan, Err(Why::TokenInClear), "{transport:?}");
        assert!(side.asked().is_empty());
    }
}

#[test]
fn a17_a_token_goes_to_no_other_party() {
    let (side, invite) = (with_token(), invite());
    for name in ["evil.example", "example.org", "sub.pbx.example.org"] {
        let plan =
            side.plan(&tls(&invite, name), &invite, &[challenge("WWW-Authenticate", &usual())]);
        assert_eq!(plan, Err(Why::NotConfigured), "{name}");
    }
    assert!(side.asked().is_empty());
}

/// The INVITE falls back to the account's other way, in clear: there a password is asked for.
#[test]
fn a17_a_token_does_not_go_along_with_what_is_sent_in_clear() {
    let password = Secret::Password(Password::new(b"secret".to_vec()));
    let at = vec!["127.0.0.1:5060".parse().unwrap()];
    let accounts =
        vec![account(REALM, tokens(), pbx()), account(REALM, password, HopPolicy::Udp(at))];
    let (side, invite) = (side(accounts), invite());
    let asked = challenge("Proxy-Authenticate", &usual());
    let plan = side.plan(&tls(&invite, PBX), &invite, &[asked]).unwrap();
    let again = invite.clone().retried();
    assert_eq!(side.fields(plan, &again), [token("Proxy-Authorization")]);
    let value = format!("Digest realm=\"{REALM}\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"");
    let asked = Field { name: "WWW-Authenticate", value: value.into_bytes() };
    let hop =
        Arrival { transport: Transport::Udp, certified: Certified::Nobody, ..again.arrival() };
    let plan = side.plan(&hop, &again, &[asked]).unwrap();
    let fields = side.fields(plan, &again.clone().retried());
    let names: Vec<_> = fields.iter().map(|it| it.name).collect();
    assert_eq!(names, ["Authorization"]);
    assert!(fields[0].value.starts_with(b"Digest "));
}

#[test]
fn a_token_of_one_server_answers_no_challenge_for_anothers() {
    let (side, invite) = (with_token(), invite());
    let hop = tls(&invite, PBX);
    let plan = side.plan(&hop, &invite, &[challenge("WWW-Authenticate", &usual())]).unwrap();
    let again = invite.clone().retried();
    side.fields(plan, &again);
    assert_eq!(side.asked(), [format!("alice at {REALM} of {SERVER}")]);
    let other = "https://other.example";
    let list = format!("realm=\"{REALM}\", authz_server=\"{other}\"");
    let hop = tls(&again, PBX);
    let plan = side.plan(&hop, &again, &[challenge("Proxy-Authenticate", &list)]).unwrap();
    assert_eq!(side.fields(plan, &again.clone().retried()).len(), 2);
    assert_eq!(side.asked(), [format!("alice at {REALM} of {other}")]);
}

/// RFC 8898 §2.1.1: the server is checked against those that are trusted.
#[test]
fn a_challenge_for_another_realm_or_server_is_told_and_not_answered() {
    let (side, invite) = (with_token(), invite());
    let plan = |list: &str| {
        let field = challenge("WWW-Authenticate", list);
        side.plan(&tls(&invite, PBX), &invite, &[field])
    };
    let other = usual().replace(SERVER, "https://as.example.org.evil/tenant");
    assert_eq!(plan(&other), Err(Why::ForeignServer));
    let [Mismatch::Server { offered, expected }] = &side.told()[..] else { panic!("not told") };
    assert_eq!(offered, "https://as.example.org.evil/tenant");
    assert!(expected.contains(&SERVER.to_owned()));
    let other = usual().replace("realm=\"example.org\"", "realm=\"example.net\"");
    assert_eq!(plan(&other), Err(Why::NotConfigured));
    let [Mismatch::Realm { offered, .. }] = &side.told()[..] else { panic!("not told") };
    assert_eq!(offered, "example.net");
    for list in [
        format!("realm=\"{REALM}\""),
        format!("authz_server=\"{SERVER}\""),
        format!("{}, authz_server=\"https://other.example\"", usual()),
        "x".to_owned(),
    ] {
        assert_eq!(plan(&list), Err(Why::MalformedChallenge), "{list}");
    }
    assert!(side.asked().is_empty());
}

/// RFC 6750 §2.1: what is no token could end the field and begin another.
#[test]
fn what_is_no_token_does_not_leave() {
    let long = "a".repeat(8 * 1024 + 1);
    for given in ["", "=", "a b", "a\r\nX: y", "a,b", "a=b", "\u{e4}", &long] {
        let (side, invite) = (with_token(), invite());
        *side.giver.token.lock().unwrap() = Some(given.as_bytes().to_vec());
        let plan =
            side.plan(&tls(&invite, PBX), &invite, &[challenge("WWW-Authenticate", &usual())]);
        assert_eq!(plan, Err(Why::NoToken), "{given:?}");
    }
    let (side, invite) = (with_token(), invite());
    *side.giver.token.lock().unwrap() = None;
    let plan = side.plan(&tls(&invite, PBX), &invite, &[challenge("WWW-Authenticate", &usual())]);
    assert_eq!(plan, Err(Why::NoToken));
}

/// Promise 8. A refused token is not shown again for the same request; the next one asks anew, since
/// tokens expire.
#[test]
fn a18_a_token_that_was_refused_is_not_tried_again() {
    let (side, invite) = (with_token(), invite());
    let asks = [challenge("WWW-Authenticate", &format!("{}, error=\"invalid_token\"", usual()))];
    let plan = side.plan(&tls(&invite, PBX), &invite, &asks).unwrap();
    let mut again = invite.clone().retried();
    again.fields.extend(&side.fields(plan, &again));
    assert_eq!(side.plan(&tls(&again, PBX), &again, &asks), Err(Why::TriedAlready));
    assert_eq!(side.asked().len(), 1);
    assert!(side.plan(&tls(&invite, PBX), &invite, &asks).is_ok());
    assert_eq!(side.asked().len(), 1);
}

#[test]
fn a_registration_shows_its_token_again_until_it_is_challenged() {
    let (side, mut register) = (with_token(), invite());
    register.method = "REGISTER";
    let asks = [challenge("WWW-Authenticate", &usual())];
    let plan = side.plan(&tls(&register, PBX), &register, &asks).unwrap();
    let mut sent = register.clone().retried();
    sent.fields.extend(&side.fields(plan, &sent));
    let ok = TestResponse::to(&sent, 200, Body::default());
    let hop = tls(&sent, PBX);
    now(side.manager.response_received(CALL, &hop, &ok.view(), &sent.view()));
    let mut next = register.clone().retried().retried();
    let fields = side.fields(plan, &next);
    assert_eq!((fields.as_slice(), side.asked().len()), (&[token("Authorization")][..], 1));
    // The token has expired.
    next.fields.extend(&fields);
    assert!(side.plan(&tls(&next, PBX), &next, &asks).is_ok());
    assert_eq!(side.asked().len(), 1);
}

/// A16: within a dialog, for an account that it was set up through.
#[test]
fn a16_a_token_is_no_answer_in_a_dialog_that_another_account_set_up() {
    let (side, mut bye) = (with_token(), invite());
    (bye.method, bye.to.1) = ("BYE", Some("callee".to_owned()));
    let plan = side.plan(&tls(&bye, PBX), &bye, &[challenge("WWW-Authenticate", &usual())]);
    assert_eq!(plan, Err(Why::NotConfigured));
}

#[test]
fn an_account_answers_by_the_scheme_of_its_secret_alone() {
    let password = || Password::new(b"secret".to_vec()).into();
    let digest = |realm: &str| Field {
        name: "Proxy-Authenticate",
        value: format!(
            "{} realm=\"{realm}\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256",
            digest::SCHEME
        )
        .into_bytes(),
    };
    let bearer = || challenge("WWW-Authenticate", &usual());
    let invite = invite();
    let hop = tls(&invite, PBX);
    let with_password = side(vec![account(REALM, password(), pbx())]);
    assert_eq!(with_password.plan(&hop, &invite, &[bearer()]), Err(Why::UnknownScheme));
    assert_eq!(with_token().plan(&hop, &invite, &[digest(REALM)]), Err(Why::NotConfigured));
    // The proxy's realm has a password, the registrar's a token.
    let both =
        side(vec![account(REALM, tokens(), pbx()), account("proxy.example", password(), pbx())]);
    let plan = both.plan(&hop, &invite, &[bearer(), digest("proxy.example")]).unwrap();
    let fields = both.fields(plan, &invite.clone().retried());
    let mut begin: Vec<String> = fields
        .iter()
        .map(|it| format!("{} {}", it.name, String::from_utf8_lossy(&it.value)[..6].to_owned()))
        .collect();
    begin.sort();
    assert_eq!(begin, ["Authorization Bearer", "Proxy-Authorization Digest"]);
}
