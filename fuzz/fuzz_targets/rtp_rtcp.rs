//! Packets at a running line: as RTP, twice in sequence so that they are played, and as RTCP.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media_ctl::audio::Silence;
use media_ctl::{Channel, MediaConfig, Seed, Session};
use ssm::{Call, Open};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
    m=audio 5000 RTP/AVP 0 8 9 96 101 13\r\na=rtpmap:96 opus/48000/2\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=rtcp-xr:voip-metrics\r\n";

fuzz_target!(|packet: &[u8]| {
    let config = MediaConfig::new(Call(1), [192, 0, 2, 1].into(), Seed::new([1; Seed::LENGTH]));
    let mut session = Session::new(config, 40_000, 40_001);
    session.answer(&Open, OFFER).expect("an answer");
    session.start(&Open, *START).expect("a guard");
    let rtp = ([192, 0, 2, 2], 5000).into();
    let rtcp = ([192, 0, 2, 2], 5001).into();
    let mut next = packet.to_vec();
    if let [_, _, high, low, ..] = next.as_mut_slice() {
        let sequence = u16::from_be_bytes([*high, *low]).wrapping_add(1);
        [*high, *low] = sequence.to_be_bytes();
    }
    for (tick, (channel, source, octets)) in (0..).zip([
        (Channel::Rtp, rtp, packet),
        (Channel::Rtp, rtp, &next),
        (Channel::Rtcp, rtcp, packet),
    ]) {
        let now = *START + Duration::from_millis(20) * tick;
        session.on_packet(now, channel, source, octets);
        session.on_timeout(now, &mut Silence, &mut Silence);
        while session.poll_transmit().is_some() {}
    }
    session.stop(*START + Duration::from_secs(1));
    assert!(session.poll_transmit().is_some(), "no BYE");
});
