//! Opus, RFC 6716, as RFC 7587 has it in RTP: timestamps of 48 000 Hz whatever is in the payload, and
//! `opus/48000/2` in descriptions whatever is sent. We send mono; stereo that comes is mixed.

use super::seam::{Decoder, Encoder, Properties};
use ropus::{
    Application, Bandwidth, Bitrate, Channels, DecodeMode, Decoder as Opus, Encoder as OpusEncoder,
    EncoderBuilder, InbandFec,
};

pub(super) static OPUS: Properties = Properties {
    name: "opus",
    clock_rate: RATE,
    sample_rate: RATE,
    channels: 2,
    payload_type: None,
    parameters: Some("useinbandfec=1"),
    largest: 400,
    duration,
    pauses,
    encoder: |parameters| Box::new(Encoding(encoder(parameters.unwrap_or_default()))),
    decoder: || Box::new(Decoding(Opus::new(RATE, Channels::Mono).ok())),
};

const RATE: u32 = 48_000;

/// Ticks in the longest packet, 120 ms. RFC 6716 §3.2.5.
const LONGEST: u32 = 5760;

/// Bits a second, where the peer wants no less: full band speech. RFC 7587 §3.1.1.
const BITRATE: u32 = 32_000;

/// Packets of a hundred that are taken to be lost, where the peer recovers them.
const LOSS: u8 = 10;

/// Of 10: speech gains little from more, which costs half as much time again.
const COMPLEXITY: u8 = 5;

/// Our encoder, as the peer's `a=fmtp` wants it. RFC 7587 §7.1.
fn encoder(parameters: &str) -> Option<OpusEncoder> {
    let wanted = |name| parameter(parameters, name);
    let most = wanted("maxaveragebitrate").filter(|rate| (6_000..=510_000).contains(rate));
    let builder = OpusEncoder::builder(RATE, Channels::Mono, Application::Voip)
        .complexity(COMPLEXITY)
        .bitrate(Bitrate::Bits(most.unwrap_or(BITRATE).min(BITRATE)))
        .max_bandwidth(bandwidth(wanted("maxplaybackrate").unwrap_or(RATE)))
        .vbr(wanted("cbr") != Some(1));
    recoverable(builder, wanted("useinbandfec") == Some(1)).build().ok()
}

fn recoverable(builder: EncoderBuilder, wanted: bool) -> EncoderBuilder {
    if wanted { builder.inband_fec(InbandFec::Enabled).packet_loss_perc(LOSS) } else { builder }
}

/// The bandwidth that is of use at a rate of playback in Hz. RFC 6716 §2.
const fn bandwidth(rate: u32) -> Bandwidth {
    match rate {
        ..=8_000 => Bandwidth::Narrowband,
        8_001..=12_000 => Bandwidth::Mediumband,
        12_001..=16_000 => Bandwidth::Wideband,
        16_001..=24_000 => Bandwidth::Superwideband,
        24_001.. => Bandwidth::Fullband,
    }
}

/// The number that a parameter has: `maxplaybackrate=16000; cbr=1`.
fn parameter(parameters: &str, name: &str) -> Option<u32> {
    let mut pairs = parameters.split(';').filter_map(|pair| pair.split_once('='));
    pairs.find(|(of, _)| of.trim().eq_ignore_ascii_case(name))?.1.trim().parse().ok()
}

/// The frames in a payload, and the ticks in one of them. RFC 6716 §3.1, §3.2.
fn frames(payload: &[u8]) -> Option<(u32, u32)> {
    let toc = *payload.first()?;
    let ticks = match toc >> 3 {
        config @ ..12 => [480, 960, 1920, 2880].get(usize::from(config % 4)),
        config @ 12..16 => [480, 960].get(usize::from(config % 2)),
        config => [120, 240, 480, 960].get(usize::from(config % 4)),
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(payload.get(1)? & 0x3f),
    };
    Some((frames, *ticks?))
}

fn duration(payload: &[u8]) -> u32 {
    let ticks = frames(payload).map_or(0, |(frames, ticks)| frames * ticks);
    if ticks <= LONGEST { ticks } else { 0 }
}

/// Whether a frame is all that is said of a pause: of two octets at most. RFC 7587 §3.1.3.
fn pauses(payload: &[u8]) -> bool {
    payload.len() <= 2
}

/// Whether a payload of one frame of 10 or 20 ms repeats the frame before it. RFC 6716 §4.2.4.
fn repeats(payload: &[u8]) -> bool {
    let [toc, first, ..] = payload else { return false };
    let is_silk = toc >> 3 < 16;
    let is_short = frames(payload).is_some_and(|(frames, ticks)| frames == 1 && ticks <= 960);
    // A flag for voice, then the one in question; with two channels, so for the other one.
    let flags = if toc & 4 == 0 { 0b0100_0000 } else { 0b0101_0000 };
    is_silk && is_short && first & flags != 0
}

struct Encoding(Option<OpusEncoder>);

impl Encoder for Encoding {
    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let encoded = self.0.as_mut().map(|opus| opus.encode(samples, payload));
        encoded.and_then(Result::ok).unwrap_or(0)
    }
}

struct Decoding(Option<Opus>);

impl Decoding {
    /// Decodes to the end of `samples`, which gets `most` of them at most.
    fn run(&mut self, payload: &[u8], most: usize, mode: DecodeMode, samples: &mut Vec<i16>) {
        let from = samples.len();
        samples.resize(from + most, 0);
        let room = samples.get_mut(from..).unwrap_or_default();
        let decoded = self.0.as_mut().map(|opus| opus.decode(payload, room, mode));
        samples.truncate(from + decoded.and_then(Result::ok).unwrap_or(0));
    }
}

impl Decoder for Decoding {
    fn decode(&mut self, payload: &[u8], samples: &mut Vec<i16>) {
        let most = duration(payload) as usize;
        self.run(payload, most, DecodeMode::Normal, samples);
    }

    fn recover(&mut self, next: &[u8], lost: usize, samples: &mut Vec<i16>) -> bool {
        let recovers = repeats(next);
        if recovers {
            self.run(next, lost, DecodeMode::Fec, samples);
        }
        recovers
    }
}

#[cfg(test)]
mod tests;
