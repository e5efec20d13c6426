//! Lines that are keyed by a handshake: what is sent and taken meanwhile, and how it may end.

use super::*;
use crate::toy::{Script, Scripted};
use ssm::LineSecurity;

const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
                     m=audio 5000 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\n";
/// A DTLS record, by its first octet. RFC 7983 §7.
const RECORD: [u8; 2] = [22, 1];

impl Line {
    /// A session whose line is keyed as `script` says.
    fn keyed_by(script: &Script, symmetric: bool) -> Self {
        let mut line = Self::negotiated(script, symmetric);
        line.session.start(&script.security(), line.now).unwrap();
        line
    }

    fn negotiated(script: &Script, symmetric: bool) -> Self {
        let config = MediaConfig::new(Call(1), [192, 0, 2, 1].into(), Seed::new([9; 32]));
        let config = MediaConfig { symmetric, ..config };
        let mut session = Session::new(config, 40_000, 40_001);
        session.answer(&script.security(), OFFER.as_bytes()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "the origin of a test's own clock")]
        let now = Instant::now();
        Self { session, now, secure: true }
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }
}

/// Which of what was sent is no record of a handshake.
fn media(sent: &[(SocketAddr, Vec<u8>)]) -> usize {
    sent.iter().filter(|(_, octets)| octets[0] >= 128).count()
}

#[test]
fn s07_nothing_leaves_and_nothing_is_opened_before_a_handshake_has_ended() {
    let script = Script::default();
    let mut line = Line::keyed_by(&script, false);
    let sent = line.pass(Duration::from_secs(6));
    let records: Vec<_> = sent.iter().map(|(to, octets)| (to.to_string(), octets[0])).collect();
    assert!(records.iter().all(|record| *record == (PEER.to_owned(), 22)), "{records:?}");
    assert!(records.len() > 1, "it is sent again");
    for sequence in 0..10 {
        line.take_sealed(PEER, packet(sequence));
        line.take(PEER, &packet(sequence));
    }
    assert_eq!(line.stats().packets_received, 0);
    assert_eq!(line.stats().dropped.not_authentic, 20);
    assert_eq!((line.stats().packets_sent, line.stats().reports_sent), (0, 0));
    assert_eq!(line.events(), []);
    script.ends(Ok(()));
    line.take(PEER, &RECORD);
    assert_eq!(line.events(), [Event::Keyed]);
    let sent = line.pass(Duration::from_secs(1));
    assert!(media(&sent) >= 50);
    for sequence in 10..20 {
        line.take_sealed(PEER, packet(sequence));
    }
    assert_eq!(line.stats().packets_received, 9, "the first alone is no source yet");
}

#[test]
fn a_handshake_that_fails_or_hangs_is_told_and_no_packet_ever_leaves() {
    for why in [Refused::Fingerprint, Refused::NothingInCommon] {
        let script = Script::default();
        let mut line = Line::keyed_by(&script, false);
        script.ends(Err(why));
        line.take(PEER, &RECORD);
        assert_eq!(line.events(), [Event::NotKeyed(why)]);
        assert_eq!(media(&line.pass(Duration::from_secs(5))), 0);
        line.take_sealed(PEER, packet(1));
        assert_eq!(line.stats().packets_received, 0);
    }
    let mut hanging = Line::keyed_by(&Script::default(), false);
    assert_eq!(media(&hanging.pass(Duration::from_secs(9))), 0);
    assert_eq!(hanging.events(), []);
    hanging.pass(Duration::from_secs(2));
    assert_eq!(hanging.events(), [Event::NotKeyed(Refused::Handshake)]);
    assert_eq!(media(&hanging.pass(Duration::from_secs(5))), 0);
}

/// M08: what comes from elsewhere is not the peer's, whatever it is.
#[test]
fn m08_a_strangers_handshake_is_dropped_and_the_peers_goes_on() {
    for source in [STRANGER, "192.0.2.2:5002"] {
        let script = Script::default();
        let mut line = Line::keyed_by(&script, false);
        line.pass(Duration::from_millis(20));
        line.take(source, &RECORD);
        assert_eq!((script.taken(), line.stats().dropped.wrong_address), (0, 1));
        script.ends(Ok(()));
        line.take(source, &RECORD);
        assert_eq!(line.events(), []);
        line.take(PEER, &RECORD);
        assert_eq!(line.events(), [Event::Keyed]);
    }
}

/// Behind a translator the peer is elsewhere than it says: who has ended the handshake is followed.
#[test]
fn a_symmetric_handshake_is_with_the_first_that_begins_one_and_with_whom_it_was_agreed() {
    let script = Script::default();
    let mut line = Line::keyed_by(&script, true);
    line.take(STRANGER, &RECORD);
    line.take("198.51.100.10:5000", &RECORD);
    assert_eq!((script.taken(), line.stats().dropped.wrong_address), (1, 1));
    line.take(PEER, &RECORD);
    assert_eq!(script.taken(), 2);
    line.take(STRANGER, &RECORD);
    assert_eq!((script.taken(), line.stats().dropped.wrong_address), (2, 2), "it was not it");
    let mut line = Line::keyed_by(&script, true);
    script.ends(Ok(()));
    line.take(STRANGER, &RECORD);
    assert_eq!(goes_to_sealed(&mut line), STRANGER);
}

/// Types of DTLS's records: `change_cipher_spec`, `alert`, `application_data`. RFC 5246 §6.2.1.
#[test]
fn m08_what_begins_no_handshake_binds_nobody() {
    for first in [20, 21, 23, 63] {
        let script = Script::default();
        let mut line = Line::keyed_by(&script, true);
        line.take(STRANGER, &[first, 1]);
        assert_eq!((script.taken(), line.stats().dropped.wrong_address), (0, 1), "{first}");
        let sent = line.pass(Duration::from_millis(20));
        assert!(sent.iter().all(|(to, _)| to.to_string() == PEER), "{first}");
        line.take("198.51.100.10:5000", &RECORD);
        line.take("198.51.100.10:5000", &[first, 1]);
        assert_eq!(script.taken(), 2, "{first}");
    }
}

/// A server that gets no ClientHello says nothing: a stranger would have it left out.
#[test]
fn m08_until_a_handshake_has_ended_the_peer_gets_its_datagrams_where_it_said_to_be() {
    let script = Script::default();
    let mut line = Line::keyed_by(&script, true);
    line.pass(Duration::from_millis(20));
    line.take(STRANGER, &RECORD);
    let sent = line.pass(Duration::from_millis(600));
    let to: Vec<_> = sent.iter().map(|(to, _)| to.to_string()).collect();
    for at in [STRANGER, PEER] {
        assert!(to.iter().filter(|to| *to == at).count() >= 2, "{to:?}");
    }
    line.take(PEER, &RECORD);
    let sent = line.pass(Duration::from_millis(600));
    assert!(sent.iter().all(|(to, _)| to.to_string() == PEER), "{sent:?}");
}

/// Who lost the last datagram asks for it again.
#[test]
fn a_handshake_is_driven_on_after_it_has_ended() {
    let script = Script::default();
    let mut line = Line::keyed_by(&script, false);
    script.ends(Ok(()));
    line.take(PEER, &RECORD);
    line.pass(Duration::from_millis(100));
    let before = script.taken();
    line.take(PEER, &RECORD);
    let sent = line.pass(Duration::from_millis(20));
    assert_eq!(script.taken(), before + 1);
    assert!(sent.iter().any(|(_, octets)| octets[0] == 22), "it is answered");
    assert!(media(&line.pass(Duration::from_millis(100))) > 0, "and the media go on");
}

/// What the peer negotiates anew without wanting other keys changes none; a handshake that is agreed on
/// anew takes the place of the guard at once.
#[test]
fn a_guard_that_is_kept_goes_on_and_another_handshake_takes_its_place() {
    let script = Script::default();
    let mut line = Line::keyed_by(&script, false);
    script.ends(Ok(()));
    line.take(PEER, &RECORD);
    line.pass(Duration::from_millis(100));
    script.next(Scripted::Kept);
    line.session.answer(&script.security(), OFFER.as_bytes()).unwrap();
    line.session.start(&script.security(), line.now).unwrap();
    assert_eq!(goes_to_sealed(&mut line), PEER);
    assert_eq!(script.moved(), 0);
    let elsewhere = OFFER.replace("audio 5000", "audio 5006");
    line.session.answer(&script.security(), elsewhere.as_bytes()).unwrap();
    line.session.start(&script.security(), line.now).unwrap();
    assert_eq!(goes_to_sealed(&mut line), "192.0.2.2:5006");
    assert_eq!(script.moved(), 1);
    script.next(Scripted::Handshake);
    line.session.answer(&script.security(), OFFER.as_bytes()).unwrap();
    line.session.start(&script.security(), line.now).unwrap();
    assert_eq!(media(&line.pass(Duration::from_millis(100))), 0, "until it has ended");
    script.ends(Ok(()));
    line.take(PEER, &RECORD);
    assert_eq!(goes_to_sealed(&mut line), PEER);
}

/// Behind a translator: what is agreed on anew without another address says nothing of where it is.
#[test]
fn m13_under_keys_that_are_kept_who_was_followed_is_sent_to_on() {
    let script = Script::default();
    let mut line = Line::keyed_by(&script, true);
    script.ends(Ok(()));
    line.take(STRANGER, &RECORD);
    script.next(Scripted::Kept);
    for stays in [true, false] {
        let offer =
            if stays { OFFER.to_owned() } else { OFFER.replace("192.0.2.2", "203.0.113.5") };
        line.session.answer(&script.security(), offer.as_bytes()).unwrap();
        line.session.start(&script.security(), line.now).unwrap();
        let to = if stays { STRANGER } else { "203.0.113.5:5000" };
        assert_eq!(goes_to_sealed(&mut line), to);
        line.pass(Duration::from_secs(6));
        assert_eq!(goes_to_sealed(&mut line), if stays { STRANGER } else { "" });
    }
}

/// A null address is a hold, and the port of RTCP is not where the media are: neither is a move, which
/// would cost a peer without a `tls-id` its keys.
#[test]
fn who_holds_by_a_null_address_has_not_moved() {
    let script = Script::default();
    let mut line = Line::keyed_by(&script, false);
    script.ends(Ok(()));
    line.take(PEER, &RECORD);
    script.next(Scripted::Kept);
    let null = OFFER.replace("c=IN IP4 192.0.2.2", "c=IN IP4 0.0.0.0");
    let rtcp = format!("{OFFER}a=rtcp:5009\r\n");
    let mux = format!("{OFFER}a=rtcp-mux\r\n");
    let moved = OFFER.replace("192.0.2.2", "192.0.2.3");
    let moved_held = moved.replace("c=IN IP4 192.0.2.3", "c=IN IP4 0.0.0.0");
    let offers = [&null, &null, &OFFER.into(), &rtcp, &mux, &null, &moved, &moved_held, &moved];
    let moves = offers.map(|offer| {
        let before = script.moved();
        line.session.answer(&script.security(), offer.as_bytes()).unwrap();
        line.session.start(&script.security(), line.now).unwrap();
        let held = line.session.agreement().unwrap().remote.is_none();
        assert_eq!(goes_to_sealed(&mut line).is_empty(), held, "{offer}");
        script.moved() - before
    });
    assert_eq!(moves, [0, 0, 0, 0, 0, 0, 1, 0, 0]);
}

#[test]
fn where_nothing_runs_nothing_can_be_kept() {
    let script = Script::default();
    script.next(Scripted::Kept);
    let mut line = Line::negotiated(&script, false);
    let refused = line.session.start(&script.security(), line.now).unwrap_err();
    assert_eq!(refused, Error::Security(Refused::Unknown));
}

/// Who rings for longer than a handshake takes may begin it when it answers.
#[test]
fn what_failed_before_the_answer_is_begun_again() {
    let script = Script::default();
    let mut line = Line::negotiated(&script, false);
    line.session.start_early(&script.security(), line.now).unwrap();
    line.pass(Duration::from_secs(15));
    assert_eq!(line.events(), [], "the call is not over");
    line.session.start(&script.security(), line.now).unwrap();
    script.ends(Ok(()));
    line.take(PEER, &RECORD);
    assert_eq!(line.events(), [Event::Keyed]);
    assert!(media(&line.pass(Duration::from_millis(100))) > 0);
}

/// Nor does the time that it rang count.
#[test]
fn what_nobody_took_up_before_the_answer_is_begun_again() {
    for anew in [false, true] {
        let script = Script::default();
        let mut line = Line::negotiated(&script, false);
        line.session.start_early(&script.security(), line.now).unwrap();
        line.pass(Duration::from_secs(9));
        if anew {
            line.session.answer(&script.security(), OFFER.as_bytes()).unwrap();
        }
        line.session.start(&script.security(), line.now).unwrap();
        line.pass(Duration::from_secs(9));
        assert_eq!(line.events(), [], "{anew}");
        line.pass(Duration::from_secs(2));
        assert_eq!(line.events(), [Event::NotKeyed(Refused::Handshake)], "{anew}");
    }
}

/// Begun again, it would not be understood by who has taken it up.
#[test]
fn what_the_peer_took_up_before_the_answer_goes_on() {
    let script = Script::default();
    let mut line = Line::negotiated(&script, false);
    line.session.start_early(&script.security(), line.now).unwrap();
    line.pass(Duration::from_millis(8_900));
    line.take(PEER, &RECORD);
    line.session.start(&script.security(), line.now).unwrap();
    line.pass(Duration::from_secs(2));
    assert_eq!(line.events(), [Event::NotKeyed(Refused::Handshake)]);
}

/// RFC 8122 §5: a session may name the certificate of all its lines.
#[test]
fn what_a_session_says_holds_for_its_lines_that_say_nothing_else() {
    let of = |session: &str, line: &str| {
        let text = format!(
            "v=0\r\no=- 1 2 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n{session}\
             m=audio 5000 UDP/TLS/RTP/SAVP 0\r\n{line}"
        );
        let description = crate::sdp::Description::parse(text.as_bytes()).unwrap();
        let LineSecurity { attributes, .. } =
            description.lines().next().unwrap().security().unwrap();
        attributes.into_iter().map(|it| format!("{}:{}", it.name, it.value)).collect::<Vec<_>>()
    };
    assert_eq!(of("a=fingerprint:x\r\na=setup:active\r\n", ""), ["fingerprint:x", "setup:active"]);
    assert_eq!(
        of("a=fingerprint:x\r\na=crypto:1\r\n", "a=fingerprint:y\r\na=tls-id:z\r\n"),
        ["fingerprint:y", "tls-id:z"]
    );
}
