//! Opus against what RFC 6716 and RFC 7587 say of it. That other implementations understand it,
//! `cargo xtask interop` shows with baresip, which speaks it by libopus.

use super::*;
use crate::Codec;
use crate::audio::{Converter, SAMPLE_RATE, Speech, similarity};
use proptest::prelude::*;
use ropus::FrameDuration;

/// A voice, at the rate of Opus.
fn voice(seconds: usize) -> Vec<i16> {
    let mut converter = Converter::new(SAMPLE_RATE, RATE);
    let (mut converted, mut voice) = (Vec::new(), Vec::new());
    for frame in Speech::samples(31, seconds * SAMPLE_RATE as usize).chunks(160) {
        converter.convert(frame, &mut converted);
        voice.extend_from_slice(&converted);
    }
    voice
}

fn encoded(parameters: &str, said: &[i16]) -> Vec<Vec<u8>> {
    let mut encoder = Codec::OPUS.encoder(Some(parameters));
    let payload = |frame: &[i16]| {
        let mut payload = vec![0; Codec::OPUS.largest()];
        let octets = encoder.encode(frame, &mut payload);
        payload.truncate(octets);
        payload
    };
    said.chunks_exact(960).map(payload).collect()
}

/// How alike they are, as far as 8 kHz carries it.
fn alike(said: &[i16], heard: &[i16]) -> f64 {
    let [said, heard] = [said, heard].map(|of| of.iter().step_by(6).copied().collect::<Vec<_>>());
    similarity(&said, &heard)
}

fn bits_a_second(payloads: &[Vec<u8>]) -> usize {
    payloads.iter().map(Vec::len).sum::<usize>() * 8 * 50 / payloads.len()
}

/// What is heard of these, `lost` of them, and how many were recovered from what follows them.
fn heard(payloads: &[Vec<u8>], lost: impl Fn(usize) -> bool) -> (Vec<i16>, usize) {
    let mut decoder = Codec::OPUS.decoder();
    let (mut heard, mut recovered) = (Vec::new(), 0);
    for (n, payload) in payloads.iter().enumerate() {
        let from = heard.len();
        if !lost(n) {
            decoder.decode(payload, &mut heard);
        } else if let Some(next) = payloads.get(n + 1)
            && decoder.recover(next, 960, &mut heard)
        {
            recovered += 1;
        }
        heard.resize(from + 960, 0);
    }
    (heard, recovered)
}

#[test]
fn a_voice_comes_back_and_what_is_lost_is_in_the_next_packet() {
    let said = voice(5);
    let payloads = encoded("useinbandfec=1", &said);
    let (whole, _) = heard(&payloads, |_| false);
    let lost = |n| n % 7 == 5;
    let (with, recovered) = heard(&payloads, lost);
    let count = (0..payloads.len() - 1).filter(|n| lost(*n)).count();
    // Where there is voice: the encoder repeats no pause.
    assert!(recovered * 10 >= count * 6, "{recovered} of {count}");
    let without: Vec<i16> = whole
        .chunks(960)
        .enumerate()
        .flat_map(|(n, frame)| frame.iter().map(move |s| if lost(n) { 0 } else { *s }))
        .collect();
    let [all, with, without] = [&whole, &with, &without].map(|heard| alike(&said, heard));
    assert!(all > 0.9 && with > all - 0.03 && with > without + 0.02, "{all} {with} {without}");
}

#[test]
fn nothing_is_repeated_for_who_does_not_recover_it() {
    let payloads = encoded("", &voice(2));
    assert!(payloads.iter().all(|payload| !repeats(payload)));
    assert_eq!(heard(&payloads, |n| n % 5 == 4).1, 0);
}

/// RFC 7587 §7.1.
#[test]
fn what_the_peer_wants_is_kept() {
    let said = voice(2);
    let usual = bits_a_second(&encoded("", &said));
    assert!((24_000..40_000).contains(&usual), "{usual}");
    let slow = bits_a_second(&encoded("x=1; MaxAverageBitrate = 12000;stereo=1", &said));
    assert!((6_000..13_000).contains(&slow), "{slow}");
    for odd in ["maxaveragebitrate=5999", "maxaveragebitrate=x", "maxaveragebitrate=510001", ";="] {
        assert_eq!(bits_a_second(&encoded(odd, &said)), usual, "{odd}");
    }
    let constant = encoded("cbr=1", &said);
    assert!(constant.iter().all(|payload| payload.len() == constant[0].len()));
    // RFC 6716 §3.1, table 2: the bandwidth of a configuration.
    let widest = |parameters: &str| {
        let bandwidth = |payload: &Vec<u8>| match payload[0] >> 3 {
            0..=3 | 16..=19 => 8_000,
            4..=7 => 12_000,
            8..=11 | 20..=23 => 16_000,
            12..=13 | 24..=27 => 24_000,
            _ => 48_000,
        };
        encoded(parameters, &said).iter().map(bandwidth).max().unwrap()
    };
    for rate in [8_000, 12_000, 16_000, 24_000] {
        assert!(widest(&format!("maxplaybackrate={rate}")) <= rate, "{rate}");
    }
    assert_eq!(widest(""), 48_000);
    // We send mono whatever is preferred.
    assert!(encoded("stereo=1", &said).iter().all(|payload| payload[0] & 4 == 0));
}

/// RFC 7587 §3.3: stereo that comes is mixed, whatever was preferred.
#[test]
fn stereo_is_mixed() {
    let said = voice(2);
    // The other ear hears it at half the loudness.
    let both: Vec<i16> = said.iter().flat_map(|sample| [*sample, *sample / 2]).collect();
    let mut stereo = OpusEncoder::builder(RATE, Channels::Stereo, Application::Audio)
        .bitrate(Bitrate::Bits(96_000))
        .build()
        .unwrap();
    let mut decoder = Codec::OPUS.decoder();
    let mut heard = Vec::new();
    for frame in both.chunks_exact(1920) {
        let mut payload = [0; 1000];
        let octets = stereo.encode(frame, &mut payload).unwrap();
        assert_eq!(payload[0] & 4, 4, "it is stereo");
        decoder.decode(&payload[..octets], &mut heard);
    }
    assert_eq!(heard.len(), said.len());
    assert!(alike(&said, &heard) > 0.95);
    let [loud, mixed] = [&said, &heard].map(|of| {
        let skipped = of.iter().skip(4800);
        skipped.map(|sample| f64::from(sample.unsigned_abs())).sum::<f64>()
    });
    assert!((0.7..0.8).contains(&(mixed / loud)), "{}", mixed / loud);
}

/// RFC 6716 §3.1, §3.2: of all durations that the encoder has, up to 120 ms.
#[test]
fn a_payload_says_how_long_it_lasts() {
    let said = voice(1);
    for duration in [120, 240, 480, 960, 1920, 2880, 3840, 4800, 5760] {
        let mut encoder = OpusEncoder::builder(RATE, Channels::Mono, Application::Voip)
            .frame_duration(FrameDuration::Argument)
            .build()
            .unwrap();
        for frame in said.chunks_exact(duration).take(10) {
            let mut payload = [0; 4000];
            let octets = encoder.encode(frame, &mut payload).unwrap();
            let payload = &payload[..octets];
            assert_eq!(Codec::OPUS.duration(payload), duration as u32);
            let mut heard = Vec::new();
            Codec::OPUS.decoder().decode(payload, &mut heard);
            assert_eq!(heard.len(), duration);
        }
    }
    // Nothing, a count that is missing, and more than 120 ms.
    for wrong in [&[][..], &[3], &[0b0001_1011, 3]] {
        assert_eq!(Codec::OPUS.duration(wrong), 0, "{wrong:?}");
    }
}

#[test]
fn a_pause_is_what_has_no_voice_in_it() {
    for (payload, is_pause) in [(&[8][..], true), (&[8, 0], true), (&[8, 0, 0], false)] {
        assert_eq!(Codec::OPUS.pauses(payload), is_pause);
    }
    let mut encoder =
        OpusEncoder::builder(RATE, Channels::Mono, Application::Voip).dtx(true).build().unwrap();
    let mut payload = [0; 400];
    let paused = (0..100).filter(|_| {
        let octets = encoder.encode(&[0; 960], &mut payload).unwrap();
        Codec::OPUS.pauses(&payload[..octets])
    });
    assert!(paused.count() > 50);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_payload_panics(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..8)
    ) {
        let mut decoder = Codec::OPUS.decoder();
        for payload in payloads {
            let mut samples = Vec::new();
            decoder.recover(&payload, 960, &mut samples);
            prop_assert!(samples.len() <= 960);
            samples.clear();
            decoder.decode(&payload, &mut samples);
            prop_assert!(samples.len() <= LONGEST as usize);
        }
    }
}
