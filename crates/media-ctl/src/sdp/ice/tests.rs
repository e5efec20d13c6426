//! What is read of a peer's ICE, and what is said of ours. The candidates are those of RFC 8839's
//! example (Appendix A) and its grammar (§5.1), with addresses of RFC 5737.

use super::*;
use crate::Channel;
use crate::sdp::Direction;
use crate::sdp::{Agreement, Description, Local, Negotiator};
use crate::{Codec, Error};
use proptest::prelude::*;
use ssm::{Call, Open};

const UFRAG: &str = "a=ice-ufrag:8hhY\na=ice-pwd:asd88fgpdd777uzjYhagZg\n";

fn credentials(octet: char) -> Credentials {
    let of = |length| std::iter::repeat_n(octet, length).collect::<String>();
    Credentials::new(&of(Credentials::UFRAG), &of(Credentials::PWD)).unwrap()
}

fn ours() -> Vec<Candidate> {
    let new = |kind, at: &str, from: Option<&str>| {
        let from = from.map(|from| from.parse().unwrap());
        Candidate::new(Channel::Rtp, kind, at.parse().unwrap(), from)
    };
    vec![
        new(CandidateKind::Host, "192.0.2.1:40000", None),
        new(CandidateKind::ServerReflexive, "198.51.100.1:61000", Some("192.0.2.1:40000")),
        Candidate::new(
            Channel::Rtcp,
            CandidateKind::Host,
            "192.0.2.1:40001".parse().unwrap(),
            None,
        ),
    ]
}

/// Who does ICE, with candidates of its own.
fn negotiator() -> Negotiator {
    let mut ice = LocalIce::new(credentials('a'), credentials('b'));
    ice.set(ours(), Vec::new(), credentials('b'));
    Negotiator::new(Local {
        call: Call(1),
        ip: "192.0.2.1".parse().unwrap(),
        rtp_port: 40_000,
        rtcp_port: 40_001,
        codecs: vec![Codec::PCMU],
        peer_on_loopback: false,
        session_id: 77,
        ice: Some(ice),
    })
}

/// A peer's description with this default destination and these lines.
fn sdp(at: (&str, u16), lines: &str) -> Vec<u8> {
    let (ip, port) = at;
    let family = if ip.contains(':') { "IP6" } else { "IP4" };
    let text = format!(
        "v=0\no=- 1 1 IN IP4 192.0.2.2\ns=-\nc=IN {family} {ip}\nt=0 0\n\
         m=audio {port} RTP/AVP 0\na=rtcp-mux\n{lines}"
    );
    text.replace('\n', "\r\n").into_bytes()
}

fn answered(negotiator: &mut Negotiator, offer: &[u8]) -> Result<(String, Agreement), Error> {
    let (body, agreement) = negotiator.answer(&Open, offer)?;
    Ok((String::from_utf8(body).unwrap(), agreement))
}

fn there(lines: &str) -> Option<IceSide> {
    let offer = sdp(("198.51.100.2", 45_664), &format!("{UFRAG}{lines}"));
    let (_, agreement) = answered(&mut negotiator(), &offer).unwrap();
    agreement.ice.map(|ice| ice.there)
}

/// RFC 8839 Appendix A.
const EXAMPLE: &str = "a=candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host\n\
    a=candidate:2 1 UDP 1694498815 198.51.100.2 45664 typ srflx raddr 203.0.113.141 rport 8998\n";

#[test]
fn candidates_are_read_and_answered_with_ours() {
    let offer = sdp(("198.51.100.2", 45_664), &format!("{UFRAG}{EXAMPLE}"));
    let (body, agreement) = answered(&mut negotiator(), &offer).unwrap();
    let ice = agreement.ice.unwrap();
    assert!(!ice.controlling && !ice.there.lite);
    assert_eq!((ice.there.credentials.ufrag(), ice.here.credentials), ("8hhY", credentials('a')));
    let read: Vec<_> = ice.there.candidates.iter().map(ToString::to_string).collect();
    assert_eq!(
        read,
        [
            "1 1 UDP 2130706431 203.0.113.141 8998 typ host",
            "2 1 UDP 1694498815 198.51.100.2 45664 typ srflx",
        ]
    );
    for line in [
        "m=audio 61000 RTP/AVP 0",
        "c=IN IP4 198.51.100.1",
        "a=ice-ufrag:aaaaaaaaaaaaaaaa",
        "a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "a=ice-options:ice2",
        "a=candidate:1 1 UDP 2130706431 192.0.2.1 40000 typ host",
        "a=candidate:2 1 UDP 1694498815 198.51.100.1 61000 typ srflx raddr 192.0.2.1 rport 40000",
    ] {
        assert!(body.contains(&format!("{line}\r\n")), "{line}\n{body}");
    }
    // RTCP goes with RTP.
    assert!(!body.contains(" 40001 "), "{body}");
}

#[test]
fn who_does_none_is_offered_it_and_called_without() {
    let mut caller = negotiator();
    let offer = String::from_utf8(caller.offer(&Open).unwrap()).unwrap();
    assert!(
        offer.contains("a=candidate:1 2 UDP 2130706430 192.0.2.1 40001 typ host\r\n"),
        "{offer}"
    );
    let answer = sdp(("198.51.100.2", 5_000), "");
    let agreement = caller.accept_answer(&Open, &answer).unwrap();
    assert_eq!(agreement.ice, None);
    assert_eq!(agreement.remote.unwrap().rtp.port(), 5_000);
    // And who does none here says none.
    let offer = sdp(("198.51.100.2", 45_664), &format!("{UFRAG}{EXAMPLE}"));
    let mut plain = negotiator();
    plain.ice().unwrap();
    let without = Negotiator::new(Local {
        call: Call(1),
        ip: "192.0.2.1".parse().unwrap(),
        rtp_port: 40_000,
        rtcp_port: 40_001,
        codecs: vec![Codec::PCMU],
        peer_on_loopback: false,
        session_id: 77,
        ice: None,
    });
    let (body, agreement) = answered(&mut { without }, &offer).unwrap();
    assert!(agreement.ice.is_none() && !body.contains("ice") && !body.contains("candidate"));
}

/// RFC 8839 §4.2.5: somebody between has changed where media is to go, and knows nothing of ICE.
#[test]
fn a_default_that_no_candidate_has_is_a_mismatch() {
    let offer = sdp(("198.51.100.99", 45_664), &format!("{UFRAG}{EXAMPLE}"));
    let (body, agreement) = answered(&mut negotiator(), &offer).unwrap();
    assert_eq!(agreement.ice, None);
    assert_eq!(agreement.remote.unwrap().rtp, "198.51.100.99:45664".parse().unwrap());
    assert!(body.contains("a=ice-mismatch\r\n") && !body.contains("candidate"), "{body}");
    // The offerer is told, and goes on without.
    let mut caller = negotiator();
    caller.offer(&Open).unwrap();
    let answer = sdp(("198.51.100.2", 45_664), &format!("{UFRAG}{EXAMPLE}a=ice-mismatch\n"));
    assert_eq!(caller.accept_answer(&Open, &answer).unwrap().ice, None);
}

/// RFC 8840 §4.1.1 and §4.3.1: candidates may be still to come, and the null address then holds nobody.
#[test]
fn who_has_no_candidate_yet_neither_holds_nor_is_refused() {
    for (at, lines) in [
        (("0.0.0.0", 9), "a=ice-options:trickle\n"),
        // RFC 8828's, of a browser that tells no address.
        (("0.0.0.0", 9), "a=candidate:1 1 udp 2113937151 6f9e-4c0f.local 57213 typ host\n"),
        // One of the other family.
        (("2001:db8::1", 5_000), "a=candidate:1 1 udp 2113937151 2001:db8::1 5000 typ host\n"),
    ] {
        let (_, agreement) =
            answered(&mut negotiator(), &sdp(at, &format!("{UFRAG}{lines}"))).unwrap();
        assert_eq!(agreement.direction, Direction::SendRecv, "{lines}");
        assert_eq!(agreement.ice.unwrap().there.candidates, []);
    }
    // Without ICE, it holds, and the other family cannot be sent to.
    let (_, held) = answered(&mut negotiator(), &sdp(("0.0.0.0", 9), "")).unwrap();
    assert_eq!(held.direction, Direction::RecvOnly);
    assert!(answered(&mut negotiator(), &sdp(("2001:db8::1", 5_000), "")).is_err());
}

/// What is not UDP, not of a channel, not to be sent to, or no candidate.
#[test]
fn candidates_that_media_may_not_go_to_are_passed_over() {
    let bad = [
        "1 1 TCP 2105458943 203.0.113.141 9 typ host tcptype active",
        "1 3 UDP 2130706431 203.0.113.141 8998 typ host",
        "1 1 UDP 2130706431 host.example.com 8998 typ host",
        "1 1 UDP 2130706431 224.0.0.1 8998 typ host",
        "1 1 UDP 2130706431 255.255.255.255 8998 typ host",
        "1 1 UDP 2130706431 0.0.0.0 8998 typ host",
        "1 1 UDP 2130706431 127.0.0.1 8998 typ host",
        "1 1 UDP 2130706431 ::ffff:127.0.0.1 8998 typ host",
        "1 1 UDP 2130706431 2001:db8::7 8998 typ host",
        "1 1 UDP 2130706431 203.0.113.141 0 typ host",
        "1 1 UDP 2130706431 203.0.113.141 70000 typ host",
        "1 1 UDP 0 203.0.113.141 8998 typ host",
        "1 1 UDP 4294967295 203.0.113.141 8998 typ host",
        "1 1 UDP 2130706431 203.0.113.141 8998 typ home",
        "1 1 UDP 2130706431 203.0.113.141 8998",
        "",
    ];
    let lines: String = bad.iter().map(|it| format!("a=candidate:{it}\n")).collect();
    let there = there(&format!("{lines}{EXAMPLE}")).unwrap();
    assert_eq!(there.candidates.len(), 2, "{there:?}");
}

/// A stranger's description does not have us try more than so many, and they are the best.
#[test]
fn of_many_candidates_the_best_eight_a_channel_are_kept() {
    let mut lines = EXAMPLE.to_owned();
    for n in 1..=40 {
        lines += &format!("a=candidate:{n} 1 UDP {} 203.0.113.{n} 8998 typ host\n", 1_000 + n);
        lines += &format!("a=candidate:{n} 2 UDP {} 203.0.113.{n} 8999 typ host\n", 1_000 + n);
    }
    let there = there(&lines).unwrap();
    let of = |channel| {
        let of = there.candidates.iter().filter(move |it| it.channel == channel);
        of.map(|it| it.priority).collect::<Vec<_>>()
    };
    assert_eq!(of(Channel::Rtp)[..3], [2_130_706_431, 1_694_498_815, 1_031]);
    assert_eq!((of(Channel::Rtp).len(), of(Channel::Rtcp).len()), (MAX_CANDIDATES, MAX_CANDIDATES));
}

/// RFC 8839 §5.4.
#[test]
fn credentials_are_as_long_as_they_must_be_and_their_password_is_not_shown() {
    for (ufrag, pwd, good) in [
        ("8hhY", "asd88fgpdd777uzjYhagZg", true),
        ("8hh", "asd88fgpdd777uzjYhagZg", false),
        ("8hhY", "asd88fgpdd777uzjYhagZ", false),
        ("8h:Y", "asd88fgpdd777uzjYhagZg", false),
        ("8hhY", "asd88fgpdd777uzjYhagZ\u{e9}", false),
        (&"x".repeat(256), &"x".repeat(256), true),
        (&"x".repeat(257), &"x".repeat(256), false),
        (&"x".repeat(256), &"x".repeat(257), false),
    ] {
        assert_eq!(Credentials::new(ufrag, pwd).is_some(), good, "{ufrag} {pwd}");
    }
    let shown = format!("{:?}", credentials('a'));
    assert!(shown.contains("[redacted]") && !shown.contains(credentials('a').pwd()), "{shown}");
    // A line that says less than both does no ICE.
    let offer = sdp(("198.51.100.2", 45_664), &format!("a=ice-ufrag:8hhY\n{EXAMPLE}"));
    assert_eq!(answered(&mut negotiator(), &offer).unwrap().1.ice, None);
}

/// RFC 8445 §6.1.1, RFC 8839 §4.4.1.1.1.
#[test]
fn roles_last_and_credentials_do_until_the_peer_has_others() {
    let mut callee = negotiator();
    let offer = |ufrag: &str| {
        let lines = format!("a=ice-ufrag:{ufrag}\na=ice-pwd:asd88fgpdd777uzjYhagZg\n{EXAMPLE}");
        sdp(("198.51.100.2", 45_664), &lines)
    };
    let ice = |(_, agreement): (String, Agreement)| agreement.ice.unwrap();
    let first = ice(answered(&mut callee, &offer("8hhY")).unwrap());
    let again = ice(answered(&mut callee, &offer("8hhY")).unwrap());
    assert_eq!(first.here.credentials, again.here.credentials);
    let restarted = ice(answered(&mut callee, &offer("9uB6")).unwrap());
    assert_eq!(
        (first.here.credentials, restarted.here.credentials),
        (credentials('a'), credentials('b'))
    );
    // Its own offer does not make it another: it was called.
    let own = String::from_utf8(callee.offer(&Open).unwrap()).unwrap();
    assert!(own.contains("a=ice-ufrag:bbbbbbbbbbbbbbbb\r\n"), "{own}");
    let agreement = callee.accept_answer(&Open, &offer("9uB6")).unwrap();
    assert!(!agreement.ice.unwrap().controlling);
    // To a peer that only answers checks, whoever calls chooses. RFC 8445 §6.1.1.
    let lite = format!("a=ice-lite\n{UFRAG}{EXAMPLE}");
    let lite = ice(answered(&mut negotiator(), &sdp(("198.51.100.2", 45_664), &lite)).unwrap());
    assert!(lite.controlling && lite.there.lite);
}

/// RFC 8839 §4.4.1.2.2.
#[test]
fn what_was_chosen_is_said_in_offers_of_who_chose() {
    let mut caller = negotiator();
    caller.offer(&Open).unwrap();
    let answer = sdp(("198.51.100.2", 45_664), &format!("{UFRAG}{EXAMPLE}"));
    assert!(caller.accept_answer(&Open, &answer).unwrap().ice.unwrap().controlling);
    let remote = "198.51.100.2:45664".parse().unwrap();
    let chosen = vec![Chosen { channel: Channel::Rtp, remote, relayed: false }];
    caller.ice().unwrap().set(ours(), chosen, credentials('c'));
    let offer = String::from_utf8(caller.offer(&Open).unwrap()).unwrap();
    assert!(offer.contains("a=remote-candidates:1 198.51.100.2 45664\r\n"), "{offer}");
}

proptest! {
    /// What a peer says never panics, and what is kept is within the limits.
    #[test]
    fn whatever_is_said_is_read_within_the_limits(
        values in prop::collection::vec("[ -~]{0,60}|[0-9]{1,4} [12] UDP [0-9]{1,10} 203.0.113.[0-9]{1,3} [0-9]{1,5} typ (host|relay)", 0..40),
    ) {
        let lines: String = values.iter().map(|it| format!("a=candidate:{it}\r\n")).collect();
        let offer = sdp(("0.0.0.0", 9), &format!("{UFRAG}{lines}"));
        if Description::parse(&offer).is_ok() {
            let (_, agreement) = answered(&mut negotiator(), &offer).unwrap();
            let there = agreement.ice.unwrap().there;
            prop_assert!(there.candidates.len() <= 2 * MAX_CANDIDATES);
            for candidate in there.candidates {
                // What is written is read as the same.
                prop_assert_eq!(Candidate::parse(&candidate.to_string()), Some(candidate));
            }
        }
    }
}
