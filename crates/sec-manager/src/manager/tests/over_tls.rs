//! Media keys that come and leave over TLS: SSA and SSM over managers of which nothing is required.

use super::*;
use crate::keying::tests::{line, sdp};
use ssa::{Body, BodyVerdict, Direction, Transport};
use ssm::conformance::{Pair, Said};
use ssm::{Attribute, Call, Line, LineSecurity, MediaSecurity as _, Profile};
use sst::{Outgoing, Secrecy};

const OFFER: &str = "v=0\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 AEAD_AES_128_GCM \
    inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\r\n";

fn body(text: &str) -> Body {
    Body { content_type: Some(b"application/sdp".to_vec()), octets: text.as_bytes().to_vec() }
}

fn taking(sdes: bool, require: Requirement) -> Arc<SecurityManager> {
    let configuration = Configuration { sdes, ..digest_configuration(BOB, require) };
    digest_manager(&TestPlatform::new(), configuration).0
}

/// What a manager answers to an offer with keys that came so, from somebody whom it does not know.
fn answers(manager: &SecurityManager, over: Transport) -> Result<LineSecurity, ssm::Refused> {
    let BodyVerdict::Body(got) = now(manager.decrypt(CALL, Direction::Request, over, body(OFFER)))
    else {
        return Err(ssm::Refused::Unknown);
    };
    let text = String::from_utf8(got.octets).unwrap();
    let value = text.lines().find_map(|row| row.strip_prefix("a=crypto:")).unwrap_or_default();
    let attributes = vec![Attribute { name: "crypto".to_owned(), value: value.to_owned() }];
    let offered = LineSecurity { profile: Profile::Savp, attributes };
    manager.answer(Call(CALL.0), Line(0), &offered)
}

#[test]
fn m06_a_strangers_keys_are_taken_over_tls_where_policy_says_so() {
    for over in [Transport::Tls, Transport::Wss] {
        let manager = taking(true, Requirement::NOTHING);
        let answer = answers(&manager, over).unwrap();
        assert_eq!((answer.profile, answer.attributes.len()), (Profile::Savp, 1));
        assert_eq!(manager.records(), 1);
        // The answer goes back as the offer came.
        let text =
            format!("v=0\r\nm=audio 4 RTP/SAVP 0\r\na=crypto:{}\r\n", answer.attributes[0].value);
        let leaves =
            |over| now(manager.encrypt(CALL, Direction::Response, over, None, body(&text)));
        for clear in [Transport::Udp, Transport::Tcp, Transport::Ws] {
            assert!(matches!(leaves(clear), BodyVerdict::Refused(why) if why.status == 488));
        }
        assert!(matches!(leaves(over), BodyVerdict::Body(_)));
        manager.abandon(CALL);
        assert_eq!(manager.records(), 0, "it is gone with its exchange");
    }
    for (sdes, require, over) in [
        (true, Requirement::NOTHING, Transport::Udp),
        (true, Requirement::NOTHING, Transport::Tcp),
        (true, Requirement::NOTHING, Transport::Ws),
        (false, Requirement::NOTHING, Transport::Tls),
        (true, Requirement::PGP, Transport::Tls),
    ] {
        let manager = taking(sdes, require);
        assert!(answers(&manager, over).is_err(), "{sdes} {require} {over:?}");
        assert_eq!(manager.records(), 0, "{sdes} {require} {over:?}");
    }
}

/// Nothing is kept of a stranger's body without keys.
#[test]
fn s03_a_body_without_keys_has_no_record() {
    let manager = taking(true, Requirement::NOTHING);
    for (kind, text) in [("application/sdp", "v=0\r\n"), ("text/plain", OFFER)] {
        let content_type = Some(kind.as_bytes().to_vec());
        let sent = Body { content_type, octets: text.as_bytes().to_vec() };
        let read = now(manager.decrypt(CALL, Direction::Request, Transport::Tls, sent.clone()));
        assert_eq!(read, BodyVerdict::Body(sent));
        assert_eq!(manager.records(), 0, "{kind}");
    }
}

#[test]
fn an_account_says_otherwise_of_its_own_calls() {
    for (policy, own, profile) in [
        (true, None, Profile::Savp),
        (true, Some(false), Profile::Avp),
        (false, Some(true), Profile::Savp),
        (false, None, Profile::Avp),
    ] {
        let account = sst::Account {
            aor: BOB.to_owned(),
            realm: "example.org".to_owned(),
            user: "bob".to_owned(),
            secret: None,
            hop: sst::HopPolicy::Udp(Vec::new()),
            floor: Algorithm::Sha256,
            require: Requirement::NOTHING,
            dtls: None,
            sdes: own,
        };
        let manager = digest_manager(
            &TestPlatform::new(),
            Configuration {
                accounts: vec![account],
                sdes: policy,
                secrecy: Secrecy::None,
                ..digest_configuration(BOB, Requirement::NOTHING)
            },
        );
        let outgoing =
            Outgoing { from: BOB.to_owned(), to: ALICE.to_owned(), require: Requirement::NOTHING };
        manager.0.call_started(sst::Call(CALL.0), outgoing);
        let offer = manager.0.offer(Call(CALL.0), Line(0)).unwrap();
        assert_eq!(offer.profile, profile, "{policy} {own:?}");
    }
}

/// SSM's rules, for each way in which media are keyed that nobody signs.
#[test]
fn media_keyed_over_tls_and_by_handshakes_keep_the_rules_of_ssm() {
    let ways: &[(bool, bool, Profile)] = &[
        (false, false, Profile::Avp),
        (true, false, Profile::Savp),
        #[cfg(feature = "dtls")]
        (false, true, Profile::TlsSavp),
    ];
    for (sdes, dtls, profile) in ways.iter().copied() {
        let platform = TestPlatform::new();
        let manager = |aor| {
            let open = digest_configuration(aor, Requirement::NOTHING);
            digest_manager(&platform, Configuration { sdes, dtls, ..open }).0
        };
        let (caller, callee) = (manager(ALICE), manager(BOB));
        let outgoing =
            Outgoing { from: ALICE.to_owned(), to: BOB.to_owned(), require: Requirement::NOTHING };
        caller.call_started(sst::Call(CALL.0), outgoing);
        assert_eq!(caller.offer(Call(CALL.0), Line(0)).unwrap().profile, profile);
        let sides = [Arc::clone(&caller), Arc::clone(&callee)];
        let carry = move |said, line| {
            let [caller, callee] = &sides;
            let (from, to, direction) = match said {
                Said::Offer => (caller, callee, Direction::Request),
                Said::Answer => (callee, caller, Direction::Response),
            };
            let sent = now(from.encrypt(CALL, direction, Transport::Tls, None, sdp(&line)));
            let BodyVerdict::Body(sent) = sent else { panic!("{sent:?}") };
            let got = now(to.decrypt(CALL, direction, Transport::Tls, sent));
            let BodyVerdict::Body(got) = got else { panic!("{got:?}") };
            self::line(&got)
        };
        let pair = Pair { caller, callee, call: Call(CALL.0), carry: Box::new(carry) };
        let broken = ssm::conformance::run(&pair, platform.now());
        assert!(broken.is_empty(), "{}: {broken:?}", profile.name());
    }
}
