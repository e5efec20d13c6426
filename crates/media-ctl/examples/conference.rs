//! What a conference costs: the time of a frame in a call of each codec, by itself and with others.
//!
//! `cargo run --release --package media-ctl --example conference`
#![expect(clippy::disallowed_methods, reason = "the time that it takes is measured")]
#![expect(clippy::print_stdout, reason = "what was measured is told")]

use media_ctl::audio::{
    AudioSink, AudioSource, Conference, Ends, FRAME_TIME, Seat, Silence, Speech, Tone,
};
use media_ctl::{Channel, Codec, MediaConfig, Seed, Session};
use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Seconds of audio.
const SECONDS: u32 = 5;

/// The last but one octet of our addresses, and of the peers'.
const OURS: u8 = 2;
const PEERS: u8 = 100;

/// A call of ours, and its peer.
struct Call {
    number: u8,
    ours: Session,
    ends: Ends,
    seat: Option<Seat>,
    peer: Session,
    voice: Speech,
}

impl Call {
    fn new(number: u8, codec: Codec, now: Instant) -> Result<Self, Box<dyn Error>> {
        let side = |call, host| {
            let address = [192, 0, host, number].into();
            let seed = Seed::new([host + number; Seed::LENGTH]);
            let mut config = MediaConfig::new(ssm::Call(call), address, seed);
            config.codecs = vec![codec];
            Session::new(config, 40_000, 40_001)
        };
        let (mut ours, mut peer) = (side(1, OURS), side(2, PEERS));
        let answer = peer.answer(&ssm::Open, &ours.offer(&ssm::Open)?)?;
        ours.accept_answer(&ssm::Open, &answer)?;
        ours.start(&ssm::Open, now)?;
        peer.start(&ssm::Open, now)?;
        let ends = Ends { source: Box::new(Tone::new(440.0, 8_192)), sink: Box::new(Silence) };
        Ok(Self { number, ours, ends, seat: None, peer, voice: Speech::new(number.into()) })
    }

    fn join(&mut self, conference: &Conference) {
        if let Some(seat) = conference.seat() {
            let silent = Ends { source: Box::new(Silence), sink: Box::new(Silence) };
            self.ends = seat.sit(std::mem::replace(&mut self.ends, silent));
            self.seat = Some(seat);
        }
    }

    /// 20 ms of it: how long our side took.
    fn frame(&mut self, now: Instant) -> Duration {
        let number = self.number;
        let source = |host, channel| {
            let port = if channel == Channel::Rtp { 40_000 } else { 40_001 };
            SocketAddr::from(([192, 0, host, number], port))
        };
        let mut took = Duration::ZERO;
        self.peer.on_timeout(now, &mut self.voice, &mut Silence);
        while let Some(packet) = self.peer.poll_transmit() {
            let began = Instant::now();
            let from = source(PEERS, packet.channel);
            self.ours.on_packet(now, packet.channel, from, packet.octets);
            took += began.elapsed();
        }
        let began = Instant::now();
        self.ours.on_timeout(now, &mut *self.ends.source, &mut *self.ends.sink);
        took += began.elapsed();
        while let Some(packet) = self.ours.poll_transmit() {
            let from = source(OURS, packet.channel);
            self.peer.on_packet(now, packet.channel, from, packet.octets);
        }
        took
    }
}

/// The time that a frame takes in each of so many calls: that of the tenth of all frames that take least,
/// since others may run meanwhile.
fn measure(calls: u8, codec: Codec, joined: bool) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    let conference = Conference::new();
    let mut all = Vec::new();
    for number in 1..=calls {
        let mut call = Call::new(number, codec, start)?;
        if joined {
            call.join(&conference);
        }
        all.push(call);
    }
    let frames = SECONDS * 50;
    let mut took = Vec::new();
    for frame in 0..frames {
        let now = start + FRAME_TIME * frame;
        took.push(all.iter_mut().map(|call| call.frame(now)).sum::<Duration>());
    }
    for call in &all {
        assert!(call.ours.stats().packets_received > u64::from(frames) - 10, "nothing was heard");
    }
    took.sort_unstable();
    let undisturbed = took.get(took.len() / 10).ok_or("no frame")?;
    Ok(*undisturbed / u32::from(calls))
}

/// At the rate of a conference, silence is said and nobody hears.
struct Wide;

impl AudioSource for Wide {
    fn rate(&self) -> u32 {
        16_000
    }

    fn read(&mut self, frame: &mut [i16]) -> usize {
        frame.fill(0);
        frame.len()
    }
}

impl AudioSink for Wide {
    fn rate(&self) -> u32 {
        16_000
    }

    fn write(&mut self, _: &[i16]) -> std::io::Result<()> {
        Ok(())
    }
}

/// The mean time that a frame takes where no rate is converted and nothing is coded.
fn mix(calls: u32) -> Duration {
    let conference = Conference::new();
    let seats: Vec<_> = (0..calls).filter_map(|_| conference.seat()).collect();
    let own = || Ends { source: Box::new(Wide), sink: Box::new(Wide) };
    let mut ends: Vec<_> = seats.iter().map(|seat| seat.sit(own())).collect();
    let (frames, mut frame) = (SECONDS * 50, [0; 320]);
    let began = Instant::now();
    for _ in 0..frames {
        for Ends { source, sink } in &mut ends {
            drop(sink.write(&[1; 320]));
            source.read(&mut frame);
        }
    }
    began.elapsed() / frames / calls
}

fn main() -> Result<(), Box<dyn Error>> {
    for calls in [3, 10, 32] {
        println!("mixing alone, in a conference of {calls}: {:?}", mix(calls));
    }
    for codec in [Codec::PCMU, Codec::G722, Codec::OPUS] {
        let alone = measure(10, codec, false)?;
        println!("{}: a frame of a call by itself takes {alone:?}", codec.name());
        for calls in [3, 10, 32] {
            let joined = measure(calls, codec, true)?;
            println!("    in a conference of {calls}: {joined:?}");
        }
    }
    Ok(())
}
