//! A call told by hand, drawn for one terminal and for two.

use super::{Ladder, Row};
use crate::record::{Lifeline, Limits, Packet, Protocol, Recorder, Tap};
use bytes::Bytes;
use net::{BoxFuture, Runtime};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A clock that stands still.
#[derive(Debug)]
struct Still(Instant);

impl Runtime for Still {
    fn now(&self) -> Instant {
        self.0
    }

    fn sleep_until(&self, _: Instant) -> BoxFuture<()> {
        Box::pin(std::future::pending())
    }

    fn spawn(&self, _: BoxFuture<()>) {}
}

#[expect(clippy::disallowed_methods, reason = "an instant to stand still at")]
pub(super) fn recorder() -> Arc<Recorder> {
    Recorder::new(Arc::new(Still(Instant::now())), Duration::ZERO, Limits::default())
}

pub(super) fn send(from: &Tap, to: &Tap, ports: (u16, u16), octets: &'static [u8]) {
    let [local, remote] = [ports.0, ports.1].map(|port| ([127, 0, 0, 1], port).into());
    let packet = Packet {
        protocol: Protocol::Udp,
        local,
        remote,
        sent: true,
        octets: Bytes::from_static(octets),
    };
    from.packet(packet.clone());
    to.packet(Packet { local: packet.remote, remote: packet.local, sent: false, ..packet });
}

const INVITE: &[u8] = b"INVITE sip:bob@example.org SIP/2.0\r\n\r\n";
const UNAUTHORIZED: &[u8] = b"SIP/2.0 401 Unauthorized\r\n\r\n";
const RTCP: &[u8] = &[0x80, 201, 0, 1, 0, 0, 0, 1];
const RTP: &[u8] = &[0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0];

pub(super) fn call(a: &Tap, b: &Tap) {
    use Lifeline::{SecurityApplication, SecurityManager, SipManager, TelephonyApplication};
    a.signal(TelephonyApplication, SipManager, "invite", "sip:bob@example.org");
    send(a, b, (5060, 5070), INVITE);
    b.signal(SipManager, SecurityManager, "request_received", "INVITE");
    b.state(None, "wait for authorization", "challenged");
    b.signal(SecurityManager, SipManager, "send_www_authenticate", "");
    send(b, a, (5070, 5060), UNAUTHORIZED);
    a.signal(SipManager, SecurityManager, "got_401_unauthorized", "401");
    a.signal(SecurityManager, SecurityApplication, "sign", "704 bytes");
    a.state(None, "idle", "authorized");
    a.signal(SecurityManager, TelephonyApplication, "assurance", "Pgp");
    for _ in 0..50 {
        send(a, b, (4000, 4002), RTP);
        send(b, a, (4002, 4000), RTP);
    }
    send(a, b, (5060, 5070), b"BYE sip:bob@127.0.0.1:5070 SIP/2.0\r\n\r\n");
}

#[test]
fn two_terminals_share_one_arrow_a_message() {
    let recorder = recorder();
    call(&recorder.tap("caller"), &recorder.tap("callee"));
    let ladder = Ladder::of_two(&recorder.entries(), "caller", "callee");
    assert_eq!(ladder.columns().len(), 11);
    let ends = |wanted: &str| {
        ladder.rows().iter().find_map(|row| match row {
            Row::Arrow { from, to, label, .. } if label.starts_with(wanted) => Some((*from, *to)),
            _ => None,
        })
    };
    assert_eq!(ends("INVITE"), Some((3, 7)));
    assert_eq!(ends("SIP/2.0 401"), Some((7, 3)));
    assert_eq!(ends("request_received"), Some((7, 9)));
    assert_eq!(ends("RTP × 50"), Some((4, 6)));
    let wires =
        ladder.rows().iter().filter(|row| matches!(row, Row::Arrow { hue: super::Hue::Media, .. }));
    assert_eq!(wires.count(), 2);
}

#[test]
fn one_terminal_ends_at_the_remote_side() {
    let recorder = recorder();
    call(&recorder.tap("caller"), &recorder.tap("callee"));
    let text = Ladder::of_one(&recorder.entries(), "caller").to_text();
    let line = |wanted: &str| text.lines().find(|line| line.contains(wanted)).unwrap_or("");
    assert!(line(" INVITE sip:bob@example.org").contains("▶│"), "{text}");
    assert!(line("401 Unauthorized").contains('◀'), "{text}");
    assert!(line("got_401_unauthorized").contains('◀'), "{text}");
    assert!(text.contains("[ idle ]"), "{text}");
    assert!(!text.contains("wait for authorization"), "the callee's machine is not ours");
    assert!(text.lines().all(|line| line.chars().count() <= 135), "{text}");
}

/// Two calls at once, one with SRTP and one without, each told by what its `start` agreed on.
#[test]
fn media_is_named_by_what_its_call_agreed_on() {
    use Lifeline::{MediaController, SecurityManager, TelephonyApplication};
    let recorder = recorder();
    let (a, b) = (recorder.tap("caller"), recorder.tap("callee"));
    a.signal(SecurityManager, MediaController, "offer", "RTP/SAVP");
    for (ports, profile) in [((4000, 4002), "RTP/SAVP"), ((5000, 5002), "RTP/AVP")] {
        for (tap, port) in [(&a, ports.0), (&b, ports.1)] {
            let detail = format!("{profile} at 127.0.0.1:{port}");
            tap.signal(MediaController, TelephonyApplication, "start", &detail);
        }
    }
    for _ in 0..40 {
        send(&a, &b, (4000, 4002), RTP);
        send(&a, &b, (5000, 5002), RTP);
        send(&b, &a, (5002, 5000), RTP);
    }
    send(&a, &b, (4001, 4003), RTCP);
    send(&a, &b, (5001, 5003), RTCP);
    for ladder in [
        Ladder::of_two(&recorder.entries(), "caller", "callee"),
        Ladder::of_one(&recorder.entries(), "caller"),
    ] {
        let media: Vec<(&str, &str)> = ladder
            .rows()
            .iter()
            .filter_map(|row| match row {
                Row::Arrow { label, detail, hue: super::Hue::Media, .. } => {
                    Some((label.as_str(), detail.as_str()))
                }
                _ => None,
            })
            .collect();
        let expected = [
            ("RTP × 40", "0.0 s, 1 of RTCP"),
            ("SRTP × 40", "0.0 s, 1 of SRTCP"),
            ("RTP × 40", "0.0 s"),
        ];
        assert_eq!(media, expected);
    }
}

#[test]
fn a_lost_message_ends_in_the_network() {
    let recorder = recorder();
    let (a, b) = (recorder.tap("caller"), recorder.tap("callee"));
    let packet = Packet {
        protocol: Protocol::Udp,
        local: ([127, 0, 0, 1], 5060).into(),
        remote: ([127, 0, 0, 1], 5070).into(),
        sent: true,
        octets: Bytes::from_static(INVITE),
    };
    a.packet(packet.clone());
    a.packet(packet.clone());
    b.packet(Packet { local: packet.remote, remote: packet.local, sent: false, ..packet });
    let ladder = Ladder::of_two(&recorder.entries(), "caller", "callee");
    let ends: Vec<(usize, usize)> = ladder
        .rows()
        .iter()
        .filter_map(|row| match row {
            Row::Arrow { from, to, .. } => Some((*from, *to)),
            Row::Note { .. } => None,
        })
        .collect();
    assert_eq!(ends, [(3, 7), (3, 5)]);
}

#[test]
fn a_long_call_keeps_how_it_was_set_up() {
    let recorder = recorder();
    let (a, b) = (recorder.tap("caller"), recorder.tap("callee"));
    call(&a, &b);
    for _ in 0..40_000 {
        send(&a, &b, (4000, 4002), RTP);
    }
    let ladder = Ladder::of_one(&recorder.entries(), "caller");
    let text = ladder.to_text();
    assert!(text.contains(" INVITE sip:bob@example.org"), "the oldest");
    assert!(text.contains(" RTP × "), "{text}");
    assert!(recorder.dropped() > 0);
    let entries = recorder.entries();
    assert!(entries.is_sorted_by_key(|entry| entry.number));
}

#[test]
fn the_picture_names_signals_and_states() {
    let recorder = recorder();
    call(&recorder.tap("caller"), &recorder.tap("callee"));
    let svg = Ladder::of_two(&recorder.entries(), "caller", "callee").to_svg("A call");
    for word in
        ["got_401_unauthorized", "send_www_authenticate", "\nidle\n", "\nwait for authorization\n"]
    {
        assert!(svg.contains(word), "{word}");
    }
    assert!(!svg.contains("<script"));
    // A label stands over its halo, for renderers that do not know `paint-order`.
    let label = "\ngot_401_unauthorized\n</text>";
    let (halo, over) = svg.split_once(label).unwrap();
    assert!(halo.rsplit("<text").next().unwrap().contains("stroke-width"), "{halo}");
    let over = over.split_once(label).unwrap().0;
    assert!(!over.contains("stroke-width") && !svg.contains("paint-order"), "{over}");
}

#[test]
fn a_stream_that_is_read_in_other_pieces_is_one_arrow() {
    let recorder = recorder();
    let (a, b) = (recorder.tap("caller"), recorder.tap("callee"));
    let sent = Packet {
        protocol: Protocol::Tcp,
        local: ([127, 0, 0, 1], 4000).into(),
        remote: ([127, 0, 0, 1], 5070).into(),
        sent: true,
        octets: Bytes::from_static(INVITE),
    };
    a.packet(sent.clone());
    for octets in [Bytes::from_static(&INVITE[..10]), Bytes::from_static(&INVITE[10..])] {
        let (local, remote) = (sent.remote, sent.local);
        b.packet(Packet { local, remote, sent: false, octets, ..sent });
    }
    let ladder = Ladder::of_two(&recorder.entries(), "caller", "callee");
    assert_eq!(ladder.rows().len(), 1, "{:?}", ladder.rows());
    assert!(matches!(ladder.rows()[0], Row::Arrow { from: 3, to: 7, .. }));
}
