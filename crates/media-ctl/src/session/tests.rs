//! The core without a driver: which packets count, and what each refusal is counted as.

use super::Session;
use crate::audio::{Silence, Tone};
use crate::rtcp;
use crate::toy::{Flip, Toy};
use crate::{Channel, Error, Event, MediaConfig, Misuse, Seed, Stats};
use proptest::prelude::*;
use rtp_types::{RtpPacket, RtpPacketBuilder};
use ssm::{Call, MediaSecurity, Open, Refused, Sealer as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const PEER: &str = "192.0.2.2:5000";
/// A line that is secured, as a media controller sees it.
const SECURED: &str = "RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{slot}";
const STRANGER: &str = "198.51.100.9:5000";

struct Line {
    session: Session,
    now: Instant,
    secure: bool,
}

impl Line {
    /// A session that answered an offer from [`PEER`] and was started.
    fn new(secure: bool) -> Self {
        Self::with(secure, false)
    }

    fn with(secure: bool, symmetric: bool) -> Self {
        let line = match secure {
            true => Self::under(&Toy::new(), SECURED, symmetric),
            false => Self::under(&Open, "RTP/AVP 0", symmetric),
        };
        Self { secure, ..line }
    }

    /// The same, whose line is offered so, and is what this manager makes of it.
    fn under(security: &dyn MediaSecurity, profile: &str, symmetric: bool) -> Self {
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
             m=audio 5000 {profile}\r\n"
        );
        let config = MediaConfig::new(Call(1), [192, 0, 2, 1].into(), Seed::new([9; 32]));
        let config = MediaConfig { symmetric, ..config };
        let mut session = Session::new(config, 40_000, 40_001);
        session.answer(security, offer.as_bytes()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "the origin of a test's own clock")]
        let now = Instant::now();
        session.start(security, now).unwrap();
        Self { session, now, secure: false }
    }

    /// The peer offers plain media anew, at `host` and with this direction.
    fn reinvite(&mut self, host: &str, direction: &str) {
        let offer = format!(
            "v=0\r\no=- 1 2 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n\
             m=audio 5000 RTP/AVP 0\r\na={direction}\r\n"
        );
        self.session.answer(&Open, offer.as_bytes()).unwrap();
        self.session.start(&Open, self.now).unwrap();
    }

    fn take(&mut self, from: &str, octets: &[u8]) {
        let source: SocketAddr = from.parse().unwrap();
        self.session.on_packet(self.now, Channel::Rtp, source, octets);
    }

    /// Takes the packet of a peer that seals as agreed.
    fn take_sealed(&mut self, from: &str, mut packet: Vec<u8>) {
        if self.secure {
            let length = packet.len();
            packet.resize(length + 4, 0);
            Flip.seal_rtp(&mut packet, length).unwrap();
        }
        self.take(from, &packet);
    }

    fn pass(&mut self, time: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
        let end = self.now + time;
        let mut sent = Vec::new();
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.session.on_timeout(due, &mut Tone::new(440.0, 9000), &mut Silence);
            while let Some(packet) = self.session.poll_transmit() {
                sent.push((packet.remote, packet.octets.to_vec()));
            }
        }
        self.now = end;
        sent
    }

    fn stats(&self) -> Stats {
        self.session.stats()
    }
}

fn packet(sequence: u16) -> Vec<u8> {
    RtpPacketBuilder::<&[u8], &[u8]>::new()
        .ssrc(77)
        .sequence_number(sequence)
        .timestamp(u32::from(sequence) * 160)
        .payload_type(0)
        .payload(&[0xff; 160])
        .write_vec()
        .unwrap()
}

#[test]
fn m10_plain_media_comes_from_the_agreed_address_and_goes_to_its_port_only() {
    let mut line = Line::new(false);
    for sequence in 0..50 {
        line.take(STRANGER, &packet(sequence));
    }
    assert_eq!(line.stats().dropped.wrong_address, 50);
    assert_eq!(line.stats().packets_received, 0);
    line.take(PEER, &packet(1));
    line.take(PEER, &packet(2));
    assert_eq!(line.stats().packets_received, 1);
    let sent = line.pass(Duration::from_secs(1));
    assert!(sent.len() >= 50);
    let agreed = [PEER.parse().unwrap(), "192.0.2.2:5001".parse().unwrap()];
    assert!(sent.iter().all(|(remote, _)| agreed.contains(remote)));
}

/// RFC 3264 §5.1: a description says where its sender receives, not where it sends from.
#[test]
fn media_from_another_port_of_the_agreed_address_is_heard_and_not_followed() {
    let mut line = Line::new(false);
    for sequence in 0..1000 {
        line.take("192.0.2.2:7000", &packet(sequence));
        let sent = line.pass(Duration::from_millis(20));
        assert!(sent.iter().all(|(to, _)| [5000, 5001].contains(&to.port())), "{sequence}");
    }
    assert_eq!((line.stats().packets_received, line.stats().dropped.wrong_address), (999, 0));
    assert_eq!(line.session.poll_event(), Some(Event::Heard));
    assert_eq!(line.session.poll_event(), None, "it is not hung up on");
}

/// RFC 3551 §4.5.2: 160 octets and 160 ticks for 320 samples.
#[test]
fn g_722_counts_8_000_a_second_on_the_wire() {
    let mut line = Line::new(false);
    let offer = "v=0\r\no=- 1 2 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
                 m=audio 5000 RTP/AVP 9\r\n";
    line.session.answer(&Open, offer.as_bytes()).unwrap();
    line.session.start(&Open, line.now).unwrap();
    let sent = line.pass(Duration::from_millis(90));
    let packets: Vec<_> =
        sent.iter().map(|(_, octets)| RtpPacket::parse(octets).unwrap()).collect();
    assert_eq!(packets.len(), 5);
    for (n, packet) in (0..).zip(&packets) {
        assert_eq!((packet.payload_type(), packet.payload_len()), (9, 160));
        assert_eq!(packet.timestamp().wrapping_sub(packets[0].timestamp()), 160 * n);
    }
}

/// RFC 3389: it is received, and secured, like any packet; an empty one says nothing.
#[test]
fn comfort_noise_is_received_where_it_was_agreed_on() {
    for (formats, received, wrong) in [("0 13", 9, 0), ("0", 0, 9)] {
        let mut line = Line::new(false);
        let offer = format!(
            "v=0\r\no=- 1 2 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
             m=audio 5000 RTP/AVP {formats}\r\n"
        );
        line.session.answer(&Open, offer.as_bytes()).unwrap();
        line.session.start(&Open, line.now).unwrap();
        for sequence in 0..10 {
            line.take(PEER, &packet_of(13, sequence));
        }
        let mut empty = packet_of(13, 10);
        empty.truncate(12);
        line.take(PEER, &empty);
        let stats = line.stats();
        assert_eq!((stats.packets_received, stats.concealed), (received, 0));
        let dropped = (stats.dropped.wrong_payload, stats.dropped.malformed);
        assert_eq!(dropped, if wrong == 0 { (0, 1) } else { (wrong + 1, 0) });
    }
}

/// RFC 3550 §8.2: the old source says BYE, another goes on; what comes back to us is no peer.
#[test]
fn an_ssrc_that_the_peer_has_too_is_given_up_once() {
    let mut line = Line::new(false);
    let sources = |sent: &[(SocketAddr, Vec<u8>)]| -> Vec<u32> {
        let rtp = sent.iter().filter(|(_, octets)| octets[1] & 0x7f == 0);
        let mut ssrcs: Vec<_> =
            rtp.map(|(_, octets)| RtpPacket::parse(octets).unwrap().ssrc()).collect();
        ssrcs.dedup();
        ssrcs
    };
    let colliding = |ssrc: u32| {
        let mut packet = packet(7);
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        packet
    };
    let [first] = sources(&line.pass(Duration::from_millis(200)))[..] else { panic!() };
    line.take(PEER, &colliding(first));
    let sent = line.pass(Duration::from_millis(200));
    let [second] = sources(&sent)[..] else { panic!() };
    assert_ne!(first, second);
    let is_bye = |(to, octets): &&(SocketAddr, Vec<u8>)| {
        to.port() == 5001
            && octets.ends_with(&[&[0x81, 203, 0, 1][..], &first.to_be_bytes()].concat())
    };
    assert_eq!(sent.iter().filter(is_bye).count(), 1);
    // A loop: it is dropped.
    for _ in 0..5 {
        line.take(PEER, &colliding(second));
    }
    assert_eq!(sources(&line.pass(Duration::from_millis(200))), [second]);
    let stats = line.stats();
    assert_eq!((stats.collisions, stats.dropped.wrong_source), (1, 6));
    assert_eq!(stats.packets_sent, 31);
    // From many places, it is no chance.
    for port in 6000..6100 {
        let [ssrc] = sources(&line.pass(Duration::from_millis(40)))[..] else { panic!() };
        line.take(&format!("192.0.2.2:{port}"), &colliding(ssrc));
    }
    // Four SSRCs in all: a sealer takes no more.
    assert_eq!(line.stats().collisions, 3);
}

/// Where RTP was sent within 20 ms.
fn goes_to(line: &mut Line) -> String {
    let sent = line.pass(Duration::from_millis(20));
    let rtp = sent.iter().find(|(_, octets)| octets.len() == 172);
    rtp.map(|(to, _)| to.to_string()).unwrap_or_default()
}

/// Where sealed RTP was sent within 20 ms.
fn goes_to_sealed(line: &mut Line) -> String {
    let sent = line.pass(Duration::from_millis(20));
    let rtp = sent.iter().find(|(_, octets)| octets.len() == 176);
    rtp.map(|(to, _)| to.to_string()).unwrap_or_default()
}

/// A phone behind a translator announces an address that it does not send from.
#[test]
fn m10_symmetric_media_goes_to_the_first_that_speaks() {
    let mut line = Line::with(false, true);
    assert_eq!(goes_to(&mut line), PEER);
    // One packet is not a source yet.
    line.take(STRANGER, &packet(1));
    assert_eq!(goes_to(&mut line), PEER);
    line.take(STRANGER, &packet(2));
    assert_eq!(goes_to(&mut line), STRANGER);
    line.take(STRANGER, &packet(3));
    assert_eq!(line.stats().packets_received, 2);
    let sent = line.pass(Duration::from_secs(4));
    let reports: Vec<_> = sent.iter().filter(|(_, octets)| octets[1] == 200).collect();
    assert!(!reports.is_empty());
    assert!(reports.iter().all(|(to, _)| to.to_string() == "198.51.100.9:5001"));
}

#[test]
fn m10_symmetric_media_never_leaves_a_source_that_speaks() {
    let mut line = Line::with(false, true);
    line.take(PEER, &packet(1));
    for sequence in 2..600 {
        line.take(PEER, &packet(sequence));
        line.take(STRANGER, &packet(sequence));
        line.take("198.51.100.7:9", &packet(sequence + 1));
        assert_eq!(goes_to(&mut line), PEER, "{sequence}");
    }
    assert_eq!(line.stats().dropped.wrong_address, 2 * 598);
    // It is silent, and after five seconds another may speak.
    line.pass(Duration::from_millis(4_900));
    line.take(STRANGER, &packet(601));
    assert_eq!(goes_to(&mut line), PEER);
    line.pass(Duration::from_millis(100));
    line.take(STRANGER, &packet(602));
    assert_eq!(goes_to(&mut line), STRANGER);
    // And not back at once.
    line.take(PEER, &packet(603));
    assert_eq!(goes_to(&mut line), STRANGER);
}

/// A packet of another payload type.
fn packet_of(payload_type: u8, sequence: u16) -> Vec<u8> {
    let mut packet = packet(sequence);
    packet[1] = payload_type;
    packet
}

/// Whether the peer was hung up on after a second of audio and this for so long.
fn times_out(seconds: u64, mut each: impl FnMut(&mut Line, u16)) -> bool {
    let mut line = Line::new(false);
    for sequence in 0..50 {
        line.take(PEER, &packet(sequence));
        line.pass(Duration::from_millis(20));
    }
    for second in 0..seconds {
        each(&mut line, 50 + second as u16);
        line.pass(Duration::from_secs(1));
    }
    std::iter::from_fn(|| line.session.poll_event()).any(|event| event == Event::TimedOut)
}

/// RFC 3551 §4.1, RFC 3389: silence is allowed.
#[test]
fn who_is_silent_after_a_second_is_not_hung_up_on_after_ten() {
    assert!(!times_out(30, |_, _| {}));
    assert!(times_out(34, |_, _| {}));
}

#[test]
fn who_sends_comfort_noise_or_events_alone_is_alive() {
    for payload_type in [13, 101] {
        let noise = |line: &mut Line, sequence| line.take(PEER, &packet_of(payload_type, sequence));
        assert!(!times_out(300, noise), "{payload_type}");
    }
}

#[test]
fn who_sends_reports_alone_is_alive() {
    assert!(!times_out(300, |line, sequence| {
        if sequence % 5 == 0 {
            take_report(line, 77);
        }
    }));
}

#[test]
fn who_is_there_by_its_signalling_is_alive() {
    assert!(!times_out(300, |line, sequence| {
        if sequence % 25 == 0 {
            line.session.on_signalling(line.now);
        }
    }));
}

#[test]
fn no_timeout_is_none_and_another_is_another() {
    for (timeout, events) in [(None, 0), (Some(Duration::from_secs(60)), 1)] {
        let mut line = Line::new(false);
        let config = MediaConfig::new(Call(1), [192, 0, 2, 1].into(), Seed::new([9; 32]));
        line.session = Session::new(MediaConfig { timeout, ..config }, 40_000, 40_001);
        line.reinvite("192.0.2.2", "sendrecv");
        line.pass(Duration::from_secs(59));
        assert_eq!(line.session.poll_event(), None);
        line.pass(Duration::from_secs(10_000));
        assert_eq!(std::iter::from_fn(|| line.session.poll_event()).count(), events);
    }
}

/// What is not played still has its number.
#[test]
fn events_between_the_audio_are_no_losses() {
    let mut line = Line::new(false);
    for sequence in 0..100 {
        let payload_type = if sequence % 10 == 9 { 101 } else { 0 };
        line.take(PEER, &packet_of(payload_type, sequence));
        line.pass(Duration::from_millis(20));
    }
    let stats = line.stats();
    assert_eq!((stats.lost, stats.dropped.wrong_payload), (0, 10));
}

#[test]
fn m13_reinvites_buy_no_time_at_a_third_party() {
    let mut line = Line::new(false);
    line.take(PEER, &packet(1));
    line.take(PEER, &packet(2));
    let mut frames = 0;
    for _ in 0..10 {
        line.reinvite("198.51.100.9", "sendrecv");
        let sent = line.pass(Duration::from_secs(9));
        frames += sent.iter().filter(|(remote, _)| remote.to_string() == STRANGER).count();
    }
    assert!(frames <= 10 * 50 + 2, "{frames} frames of 20 ms");
}

/// What is authentic shows where its sender is, and that nobody else wants media.
#[test]
fn m13_reports_from_elsewhere_buy_no_time_at_a_third_party() {
    for (mux, channel) in [("", Channel::Rtcp), ("a=rtcp-mux\r\n", Channel::Rtp)] {
        let mut line = Line::new(true);
        line.take_sealed(PEER, packet(1));
        line.take_sealed(PEER, packet(2));
        let offer = format!(
            "v=0\r\no=- 1 2 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n\
             m=audio 5000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{{slot}}\r\n{mux}"
        );
        line.session.answer(&Toy::new(), offer.as_bytes()).unwrap();
        line.session.start(&Toy::new(), line.now).unwrap();
        let agreed = line.session.agreement().unwrap().rtcp_mux;
        assert_eq!(agreed, channel == Channel::Rtp);
        let mut frames = 0;
        for _ in 0..30 {
            let mut report = report(77);
            let length = report.len();
            report.resize(length + 4, 0);
            Flip.seal_rtcp(&mut report, length).unwrap();
            line.session.on_packet(line.now, channel, PEER.parse().unwrap(), &report);
            let sent = line.pass(Duration::from_secs(1));
            frames += sent.iter().filter(|(to, _)| to.to_string() == STRANGER).count();
        }
        assert_eq!(line.stats().reports_received, 30, "{mux}");
        let most = if agreed { 0 } else { 10 * 50 + 2 };
        assert!(frames <= most, "{frames} frames of 20 ms {mux}");
        assert_eq!(goes_to_sealed(&mut line), if agreed { PEER } else { "" });
        assert_eq!(line.session.poll_event(), Some(Event::Heard));
        assert_eq!(line.session.poll_event(), None, "it is alive");
    }
}

#[test]
fn m13_a_held_call_is_paused_and_not_ended() {
    for direction in ["inactive", "sendonly"] {
        let mut line = Line::new(false);
        line.take(PEER, &packet(1));
        line.take(PEER, &packet(2));
        assert_eq!(line.session.poll_event(), Some(Event::Heard));
        line.reinvite("192.0.2.2", direction);
        line.pass(Duration::from_secs(1_500));
        assert_eq!(line.session.poll_event(), None, "{direction}");
        line.reinvite("192.0.2.2", "sendrecv");
        line.take(PEER, &packet(3));
        let frames = line.stats().packets_sent;
        line.pass(Duration::from_secs(1));
        assert!(line.stats().packets_sent >= frames + 50, "{direction}");
        assert_eq!(line.session.poll_event(), None, "{direction}");
        line.reinvite("192.0.2.2", direction);
        line.pass(Duration::from_secs(1_801));
        assert_eq!(line.session.poll_event(), Some(Event::TimedOut), "{direction}");
    }
}

#[test]
fn m10_secured_media_follows_a_packet_only_after_its_tag_verified() {
    let mut line = Line::new(true);
    line.take_sealed(PEER, packet(1));
    line.take_sealed(PEER, packet(2));
    for sequence in 3..203 {
        // Plain packets, and garbage, from elsewhere.
        line.take(STRANGER, &packet(sequence));
    }
    assert_eq!(line.stats().dropped.not_authentic, 200);
    let before = line.pass(Duration::from_millis(100));
    assert!(before.iter().all(|(remote, _)| remote.to_string() == PEER));
    line.take_sealed(STRANGER, packet(203));
    let after = line.pass(Duration::from_millis(100));
    assert!(!after.is_empty());
    assert!(after.iter().all(|(remote, _)| remote.to_string() == STRANGER));
    assert_eq!(line.stats().dropped.wrong_address, 0);
}

#[test]
fn m11_counts_and_lengths_that_lie_are_dropped() {
    let good = packet(1);
    let mut contributors = good[..20].to_vec();
    contributors[0] |= 15;
    let mut extension = good.clone();
    extension[0] |= 0x10;
    extension[14] = 0xff;
    extension[15] = 0xff;
    let mut padding = good.clone();
    padding[0] |= 0x20;
    *padding.last_mut().unwrap() = 0xff;
    let mut no_padding = padding.clone();
    *no_padding.last_mut().unwrap() = 0;
    let mut version = good.clone();
    version[0] = 0x40;
    let huge = vec![0x80; 60_000];
    for secure in [false, true] {
        let mut line = Line::new(secure);
        let lies = [
            &contributors,
            &extension,
            &padding,
            &no_padding,
            &version,
            &huge,
            &good[..11].to_vec(),
        ];
        for lie in lies {
            line.take_sealed(PEER, lie.clone());
        }
        let stats = line.stats();
        assert_eq!(stats.dropped.malformed, lies.len() as u64, "{secure}");
        assert_eq!(stats.packets_received, 0);
    }
}

#[test]
fn m05_garbage_does_not_end_a_call() {
    let mut line = Line::new(true);
    line.take_sealed(PEER, packet(1));
    for n in 0..200_u8 {
        line.take(PEER, &[n; 60]);
        line.take(PEER, &[]);
    }
    line.take_sealed(PEER, packet(2));
    assert_eq!(line.stats().packets_received, 1);
    assert!(line.session.is_running());
}

#[test]
fn payload_types_that_were_not_agreed_on_and_strange_sources_are_dropped() {
    let mut line = Line::new(false);
    line.take(PEER, &packet_of(18, 1));
    line.take(PEER, &packet_of(18, 2));
    assert_eq!(line.stats().dropped.wrong_payload, 1);
    // Our own SSRC: what was sent comes back.
    let (_, ours) = line.pass(Duration::from_millis(20)).remove(0);
    line.take(PEER, &ours);
    line.take(PEER, &ours);
    let dropped = line.stats().dropped;
    assert_eq!((dropped.wrong_source, dropped.unproven), (2, 1));
    let reasons: Vec<_> = dropped.reasons().collect();
    assert_eq!(reasons, [("wrong_source", 2), ("unproven", 1), ("wrong_payload", 1)]);
}

mod doubles;
mod handshakes;

#[test]
fn s07_without_a_guard_nothing_starts_and_it_may_be_tried_again() {
    let config = MediaConfig::new(Call(1), [192, 0, 2, 1].into(), Seed::new([9; 32]));
    let mut session = Session::new(config, 40_000, 40_001);
    let now = Line::new(false).now;
    let nothing = session.start(&Open, now).unwrap_err();
    assert_eq!(nothing, Error::Misuse(Misuse::NothingAgreed));
    let offer = session.offer(&Toy::new()).unwrap();
    let answer = String::from_utf8(offer).unwrap();
    session.accept_answer(&Toy::new(), answer.as_bytes()).unwrap();
    let stranger = Toy { authenticated: false };
    let refused = session.start(&stranger, now).unwrap_err();
    assert_eq!(refused, Error::Security(Refused::NotAuthenticated));
    assert!(!session.is_running() && session.poll_timeout().is_none());
    session.start(&Toy::new(), now).unwrap();
    assert!(session.is_running());
}

#[test]
fn frames_are_sent_on_time_without_drift_and_stale_ones_left_out() {
    let mut line = Line::new(false);
    let start = line.now;
    line.take(PEER, &packet(1));
    line.take(PEER, &packet(2));
    let sent = line.pass(Duration::from_secs(2));
    assert_eq!(line.stats().packets_sent, 101);
    let first = RtpPacket::parse(&sent[0].1).unwrap();
    assert!(first.marker_bit());
    // The process is held up for a second: what is due is done, what is stale is not sent.
    line.now = start + Duration::from_secs(3);
    while line.session.poll_timeout().is_some_and(|due| due <= line.now) {
        line.session.on_timeout(line.now, &mut Tone::new(440.0, 9000), &mut Silence);
        while line.session.poll_transmit().is_some() {}
    }
    assert_eq!(line.stats().packets_sent, 101 + 5);
    let sent = line.pass(Duration::from_millis(20));
    let next = RtpPacket::parse(&sent[0].1).unwrap();
    let elapsed = next.timestamp().wrapping_sub(first.timestamp());
    assert_eq!(elapsed, 151 * 160, "time went on");
    assert_eq!(next.sequence_number().wrapping_sub(first.sequence_number()), 106);
}

/// A disk that is full.
struct Full(Option<std::io::ErrorKind>);

impl crate::audio::AudioSink for Full {
    fn write(&mut self, _: &[i16]) -> std::io::Result<()> {
        self.0.take().map_or(Ok(()), |kind| Err(kind.into()))
    }
}

#[test]
fn a_sink_that_fails_is_an_event_and_media_goes_on() {
    let mut line = Line::new(false);
    let full = std::io::ErrorKind::StorageFull;
    let mut sink = Full(Some(full));
    for _ in 0..3 {
        let due = line.session.poll_timeout().unwrap();
        line.session.on_timeout(due, &mut Tone::new(440.0, 9000), &mut sink);
        assert!(line.session.poll_transmit().is_some());
        while line.session.poll_transmit().is_some() {}
    }
    assert_eq!(line.session.poll_event(), Some(Event::SinkFailed(full)));
    assert_eq!(line.session.poll_event(), None);
}

#[test]
fn the_first_packet_and_a_long_silence_are_events() {
    let mut line = Line::new(false);
    line.take(PEER, &packet(1));
    line.take(PEER, &packet(2));
    line.take(PEER, &packet(3));
    assert_eq!(line.session.poll_event(), Some(Event::Heard));
    assert_eq!(line.session.poll_event(), None);
    line.pass(Duration::from_millis(32_000));
    assert_eq!(line.session.poll_event(), None);
    line.pass(Duration::from_millis(100));
    assert_eq!(line.session.poll_event(), Some(Event::TimedOut));
    line.pass(Duration::from_secs(30));
    assert_eq!(line.session.poll_event(), None);
}

/// Whether what was sent is heard: in silence all samples are the same.
fn is_heard(sent: &[(SocketAddr, Vec<u8>)]) -> bool {
    let rtp = sent.iter().filter(|(remote, _)| *remote == PEER.parse().unwrap());
    let payloads = rtp.map(|(_, packet)| &packet[12..]);
    payloads.into_iter().any(|payload| payload.iter().any(|octet| *octet != payload[0]))
}

#[test]
fn before_the_call_is_answered_the_peer_is_heard_and_hears_silence() {
    let mut line = Line::new(false);
    line.session.offer(&Open).unwrap();
    let answer = "v=0\r\no=- 1 2 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
                  m=audio 5000 RTP/AVP 0\r\n";
    line.session.accept_early_answer(&Open, answer.as_bytes()).unwrap();
    line.session.start_early(&Open, line.now).unwrap();
    line.take(PEER, &packet(1));
    line.take(PEER, &packet(2));
    assert_eq!(line.session.poll_event(), Some(Event::Heard));
    let sent = line.pass(Duration::from_secs(1));
    assert!(sent.len() >= 50 && !is_heard(&sent));
    // Nothing comes for long, and the call is answered then.
    line.pass(Duration::from_secs(15));
    line.session.accept_answer(&Open, answer.as_bytes()).unwrap();
    line.session.start(&Open, line.now).unwrap();
    assert_eq!(line.session.poll_event(), None, "it has not timed out");
    line.take(PEER, &packet(3));
    assert!(is_heard(&line.pass(Duration::from_secs(1))));
}

#[test]
fn our_answer_to_an_early_offer_holds_for_the_call_and_its_guard_goes_on() {
    let mut line = Line::new(false);
    let offer = "v=0\r\no=- 1 2 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
                 m=audio 5000 RTP/AVP 0\r\n";
    line.session.answer(&Open, offer.as_bytes()).unwrap();
    line.session.start_early(&Open, line.now).unwrap();
    assert!(!is_heard(&line.pass(Duration::from_secs(1))));
    line.session.start(&Open, line.now).unwrap();
    assert!(is_heard(&line.pass(Duration::from_secs(1))));
    let again = line.session.start(&Open, line.now);
    assert!(matches!(again, Err(Error::Misuse(Misuse::NothingAgreed))), "{again:?}");
}

#[test]
fn bye_is_the_last_packet() {
    let mut line = Line::new(false);
    line.pass(Duration::from_millis(100));
    line.session.stop(line.now);
    let last = line.session.poll_transmit().unwrap();
    assert_eq!((last.channel, last.remote.port()), (Channel::Rtcp, 5001));
    // BYE, 203, in the last eight octets.
    let bye = &last.octets[last.octets.len() - 8..];
    assert_eq!(bye[..4], [0x81, 203, 0, 1]);
    assert!(line.session.poll_transmit().is_none() && line.session.poll_timeout().is_none());
}

/// A sender report of the peer.
fn report(ssrc: u32) -> Vec<u8> {
    let sender = rtcp::SenderInfo { ntp: 5 << 32, timestamp: 0, packets: 1, octets: 1 };
    let report = rtcp::Outgoing {
        ssrc,
        cname: "0123456789abcdef",
        sender: Some(sender),
        reception: None,
        last_sr: 0,
        delay_since_last_sr: 0,
        voip: None,
        bye: false,
    };
    let mut buffer = vec![0; 256];
    let length = rtcp::write(report, &mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

/// Takes what this packet of the peer's RTCP says.
fn take_report(line: &mut Line, ssrc: u32) {
    let rtcp = "192.0.2.2:5001".parse().unwrap();
    line.session.on_packet(line.now, Channel::Rtcp, rtcp, &report(ssrc));
}

/// Compound packets, as their octets.
fn reports(sent: Vec<(SocketAddr, Vec<u8>)>) -> Vec<Vec<u8>> {
    sent.into_iter().filter(|(to, _)| to.port() == 5001).map(|(_, octets)| octets).collect()
}

#[test]
fn a_report_names_the_sender_report_of_its_own_source_alone() {
    for (ssrc, last_sr) in [(77, [0, 5, 0, 0]), (78, [0; 4])] {
        let mut line = Line::new(false);
        line.take(PEER, &packet(1));
        line.take(PEER, &packet(2));
        take_report(&mut line, ssrc);
        let sent = reports(line.pass(Duration::from_secs(4)));
        // SR: 28 octets, then the block, in which LSR stands from the 16th octet on.
        assert_eq!(sent[0][28..32], 77_u32.to_be_bytes());
        assert_eq!(sent[0][44..48], last_sr, "{ssrc}");
    }
}

#[test]
fn a_sender_reports_as_one_for_two_intervals() {
    let mut line = Line::new(false);
    line.take(PEER, &packet(1));
    line.take(PEER, &packet(2));
    line.pass(Duration::from_secs(7));
    line.reinvite("192.0.2.2", "sendonly");
    let sent = reports(line.pass(Duration::from_secs(60)));
    let types: Vec<u8> = sent.iter().map(|octets| octets[1]).collect();
    // SR is 200, RR is 201. RFC 3550 §6.4.
    assert_eq!(types[..2], [200, 200], "{types:?}");
    assert!(types[2..].iter().all(|t| *t == 201), "{types:?}");
}

#[test]
fn who_has_sent_nothing_says_no_bye() {
    let mut line = Line::new(false);
    line.session.stop(line.now);
    assert!(line.session.poll_transmit().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_packets_panic(
        packets in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..64)), 0..30),
        secure: bool,
    ) {
        let mut line = Line::new(secure);
        let [rtp, rtcp] = [PEER, "192.0.2.2:5001"].map(|a| a.parse::<SocketAddr>().unwrap());
        for (is_rtp, mut octets) in packets {
            if let Some(first) = octets.first_mut() {
                *first = 0x80 | (*first & 0x3f);
            }
            let (channel, source) = if is_rtp { (Channel::Rtp, rtp) } else { (Channel::Rtcp, rtcp) };
            line.session.on_packet(line.now, channel, source, &octets);
            line.pass(Duration::from_millis(20));
        }
    }
}
