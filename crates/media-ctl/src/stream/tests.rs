//! What is heard under order, disorder, loss, and clocks that differ.

use super::{Inbound, Pause};
use crate::Codec;
use crate::audio::{AudioSink, AudioSource as _, Converter, SAMPLE_RATE, Speech, Tone, similarity};
use proptest::prelude::*;
use ropus::{Application, Channels, InbandFec};
use std::io;
use std::time::Duration;

const START: u32 = u32::MAX - 5000;
const DELAY: Duration = Duration::from_millis(60);
const TARGET: usize = 480;
const FRAME_SAMPLES: usize = 160;

fn payload(samples: &[i16]) -> Vec<u8> {
    let mut octets = vec![0; samples.len()];
    Codec::PCMA.encoder(None).encode(samples, &mut octets);
    octets
}

/// Keeps what is heard.
struct Heard<'a>(&'a mut Vec<i16>);

impl AudioSink for Heard<'_> {
    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        self.0.extend_from_slice(frame);
        Ok(())
    }
}

fn inbound() -> Inbound {
    Inbound::new(Codec::PCMA, DELAY)
}

fn put(buffer: &mut Inbound, said: &[i16], frame: usize) {
    let from = frame * FRAME_SAMPLES;
    if let Some(samples) = said.get(from..from + FRAME_SAMPLES) {
        let timestamp = START.wrapping_add(from as u32);
        buffer.put(Codec::PCMA, timestamp, frame == 0, &payload(samples));
    }
}

fn pop(buffer: &mut Inbound, heard: &mut Vec<i16>) {
    buffer.play(true, &mut Heard(heard)).unwrap();
}

/// Each frame arrives `delay(frame)` ticks late, or never.
fn run(said: &[i16], delay: impl Fn(usize) -> Option<usize>) -> (Inbound, Vec<i16>) {
    let frames = said.len() / FRAME_SAMPLES;
    let mut buffer = inbound();
    let mut heard = Vec::new();
    for tick in 0..frames + 20 {
        for frame in tick.saturating_sub(15)..=tick {
            if delay(frame).is_some_and(|delay| frame + delay == tick) {
                put(&mut buffer, said, frame);
            }
        }
        pop(&mut buffer, &mut heard);
    }
    (buffer, heard)
}

fn said(seconds: usize) -> Vec<i16> {
    Speech::samples(31, seconds * SAMPLE_RATE as usize)
}

#[test]
fn in_order_it_is_heard_exactly_after_the_target_delay() {
    let said = said(1);
    let (buffer, heard) = run(&said, |_| Some(0));
    let mut decoded = Vec::new();
    Codec::PCMA.decoder().decode(&payload(&said), &mut decoded);
    assert_eq!(heard[TARGET..TARGET + said.len()], decoded);
    assert_eq!((buffer.late(), buffer.duplicate()), (0, 0));
}

#[test]
fn reordering_and_jitter_within_the_target_cost_nothing() {
    let said = said(2);
    let (buffer, heard) = run(&said, |frame| Some([0, 2, 1, 2, 0][frame % 5]));
    assert_eq!((buffer.late(), buffer.duplicate()), (0, 0));
    assert!(similarity(&said, &heard) > 0.99);
}

#[test]
fn duplicates_and_late_packets_are_counted_and_dropped() {
    let said = said(1);
    let mut buffer = inbound();
    let mut heard = Vec::new();
    for frame in 0..50 {
        put(&mut buffer, &said, frame);
        put(&mut buffer, &said, frame);
        if frame == 20 {
            put(&mut buffer, &said, 2);
        }
        pop(&mut buffer, &mut heard);
    }
    assert_eq!((buffer.duplicate(), buffer.late()), (50, 1));
}

#[test]
fn losses_are_concealed_and_fade_to_silence() {
    // A steady voice: its pitch is what goes on.
    let mut said = vec![0; 3 * SAMPLE_RATE as usize];
    Tone::new(125.0, 9000).read(&mut said);
    let (buffer, heard) = run(&said, |frame| (frame % 10 != 7).then_some(0));
    assert_eq!(buffer.concealed() as usize, 15 + 3);
    let with_gaps: Vec<i16> = said
        .chunks(FRAME_SAMPLES)
        .enumerate()
        .flat_map(|(n, frame)| frame.iter().map(move |s| if n % 10 == 7 { 0 } else { *s }))
        .collect();
    let (concealed, silent) = (similarity(&said, &heard), similarity(&said, &with_gaps));
    assert!(concealed > 0.99 && silent < 0.96, "{concealed} {silent}");
    assert!(heard[heard.len() - 1600..].iter().all(|s| *s == 0));
}

#[test]
fn a_delay_that_steps_up_for_good_is_followed() {
    let said = said(4);
    let (buffer, heard) = run(&said, |frame| Some(if frame < 50 { 0 } else { 8 }));
    assert!((2..=8).contains(&buffer.late()), "{}", buffer.late());
    let tail = &heard[2 * SAMPLE_RATE as usize..];
    assert!(similarity(&said[SAMPLE_RATE as usize * 3 / 2..], tail) > 0.95);
}

/// Delays that any network may have, in ticks of 20 ms; the first packet's is the usual one.
fn jitter(upto: usize) -> impl Fn(usize) -> Option<usize> {
    move |frame| Some(if frame == 0 { 0 } else { frame * 7919 % 104_729 % (upto + 1) })
}

/// What was lost after the first two seconds while packets came up to 40 or 120 ms earlier or later
/// than most: 13–20 %, and 85 %, at a fixed delay of 60 ms.
#[test]
fn the_delay_grows_with_the_jitter_and_late_packets_are_counted_as_late() {
    let said = said(20);
    let rate = SAMPLE_RATE as usize;
    for upto in [4, 12] {
        let (buffer, heard) = run(&said, jitter(upto));
        let late = buffer.late();
        assert!((1..=10).contains(&late), "{upto}: {late}");
        let same = similarity(&said[17 * rate..19 * rate], &heard[17 * rate..]);
        assert!(same > 0.95, "{upto}: {same}");
    }
}

#[test]
fn the_delay_stays_below_400_ms_and_shrinks_again() {
    let said = said(120);
    // A second of delays up to 300 ms, then none.
    let delay = |frame: usize| match frame {
        100..150 => Some(frame * 7 % 16),
        _ => Some(0),
    };
    let (buffer, heard) = run(&said, delay);
    assert!(buffer.late() < 12, "{}", buffer.late());
    // What is said last is heard after less than at worst: 60 ms and some frames.
    let rate = SAMPLE_RATE as usize;
    let last = heard.iter().rposition(|sample| sample.abs() > 200).unwrap();
    let said_last = said.iter().rposition(|sample| sample.abs() > 200).unwrap();
    let delay = last - said_last;
    assert!((TARGET..TARGET + rate / 10).contains(&delay), "{delay}");
}

#[test]
fn an_odd_late_packet_changes_nothing() {
    let said = said(20);
    let (buffer, heard) = run(&said, |frame| Some(if frame % 200 == 100 { 10 } else { 0 }));
    assert_eq!((buffer.late(), buffer.concealed()), (5, 5 + 3));
    let last = heard.iter().rposition(|sample| *sample != 0).unwrap();
    assert!(last <= said.len() + TARGET + 3 * FRAME_SAMPLES, "{last}");
}

/// An hour with a peer whose clock is off by so many millionths, over a network that delays by up to
/// 30 ms: what was made up after the first minute, and the least and the most that was in hand then.
fn hour(millionths: i64) -> (u64, [i32; 2], Inbound) {
    let payloads: Vec<_> = said(20).chunks_exact(FRAME_SAMPLES).map(payload).collect();
    let mut buffer = inbound();
    let (mut heard, mut arrivals) = (Vec::new(), std::collections::BinaryHeap::new());
    let (mut sent, mut chance, mut concealed, mut depths) = (0_u32, 1_u32, 0, [i32::MAX, i32::MIN]);
    for frame in 0..180_000_i64 {
        // In microseconds.
        let now = frame * 20_000;
        while i64::from(sent) * 20_000 * (1_000_000 - millionths) / 1_000_000 <= now {
            let leaves = i64::from(sent) * 20_000 * (1_000_000 - millionths) / 1_000_000;
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            arrivals.push(std::cmp::Reverse((leaves + i64::from(chance >> 8) % 30_000, sent)));
            sent += 1;
        }
        while let Some(std::cmp::Reverse((arrives, n))) = arrivals.peek().copied()
            && arrives <= now
        {
            arrivals.pop();
            let timestamp = START.wrapping_add(n.wrapping_mul(FRAME_SAMPLES as u32));
            buffer.put(Codec::PCMA, timestamp, n == 0, &payloads[n as usize % payloads.len()]);
        }
        heard.clear();
        pop(&mut buffer, &mut heard);
        if frame == 3000 {
            concealed = buffer.concealed();
        } else if frame > 3000 {
            let depth = buffer.depth();
            depths = [depths[0].min(depth), depths[1].max(depth)];
        }
    }
    (buffer.concealed() - concealed, depths, buffer)
}

/// Clocks of telephones differ by 250 millionths at worst: 900 ms an hour.
#[test]
fn an_hour_of_clocks_that_differ_has_no_gap_and_no_more_delay() {
    for (millionths, frames) in [(250, 40..=46), (-250, 40..=46), (0, 0..=0)] {
        let (concealed, [least, most], buffer) = hour(millionths);
        assert_eq!((concealed, buffer.late()), (0, 0), "{millionths}");
        // 100 ms of them, and never less than is due.
        assert!(least >= 0 && most <= 800, "{millionths}: {least} to {most}");
        assert!(frames.contains(&buffer.adjusted()), "{millionths}: {}", buffer.adjusted());
    }
}

/// A peer that sends a frame at every so many steps to who plays one at every so many others: what is
/// heard.
fn apart(said: &[i16], plays_every: usize, sends_every: usize) -> (Inbound, Vec<i16>) {
    let mut buffer = inbound();
    let (mut heard, mut sent) = (Vec::new(), 0);
    for step in 0..said.len() / FRAME_SAMPLES * 1000 {
        if step % sends_every == 0 {
            put(&mut buffer, said, sent);
            sent += 1;
        }
        if step % plays_every == 0 {
            pop(&mut buffer, &mut heard);
        }
    }
    (buffer, heard)
}

/// What is left out or put in to follow a clock is so where it is quiet: each tone is as long as it was.
#[test]
fn a_clock_is_followed_in_pauses() {
    // Three seconds of a tone, a second of nothing.
    let mut said = vec![0; 120 * SAMPLE_RATE as usize];
    Tone::new(300.0, 9000).read(&mut said);
    for (n, sample) in said.iter_mut().enumerate() {
        if n / SAMPLE_RATE as usize % 4 == 3 {
            *sample = 0;
        }
    }
    for (plays_every, sends_every) in [(1000, 1001), (1001, 1000)] {
        let (buffer, heard) = apart(&said, plays_every, sends_every);
        assert!(buffer.adjusted() > 3, "{}", buffer.adjusted());
        let (mut tones, mut frames) = (Vec::new(), 0);
        for frame in heard.chunks(FRAME_SAMPLES) {
            if frame.iter().any(|sample| sample.abs() > 1000) {
                frames += 1;
            } else if frames > 0 {
                tones.push(std::mem::take(&mut frames));
            }
        }
        assert!(tones.len() > 28 && tones.iter().all(|frames| *frames == 150), "{tones:?}");
    }
}

#[test]
fn clocks_that_differ_are_followed_by_whole_frames() {
    let said = said(40);
    for (plays_every, sends_every) in [(1000, 1001), (1001, 1000)] {
        let (buffer, _) = apart(&said, plays_every, sends_every);
        assert_eq!(buffer.late(), 0, "{plays_every} {sends_every}");
    }
}

#[test]
fn timestamps_that_jump_are_taken_up_again() {
    let said = said(1);
    let mut buffer = inbound();
    let mut heard = Vec::new();
    for jump in [0_u32, 1 << 30, 1 << 31, 3] {
        heard.clear();
        for frame in 0..50_u32 {
            let from = frame as usize * FRAME_SAMPLES;
            let octets = payload(&said[from..from + FRAME_SAMPLES]);
            let timestamp = jump.wrapping_add(frame * FRAME_SAMPLES as u32);
            buffer.put(Codec::PCMA, timestamp, false, &octets);
            pop(&mut buffer, &mut heard);
        }
        let tail = &heard[heard.len() - 1600..];
        assert!(tail.iter().any(|s| s.abs() > 500), "{jump}");
    }
}

/// As far as timestamps can be from another: what is nowhere in time costs nothing but itself.
#[test]
fn timestamps_from_the_other_half_of_time_do_not_stop_playout() {
    let said = said(8);
    for away in [(1_u32 << 31) - 160, (1 << 31) - 1, 1 << 31, (1 << 31) + 1, (1 << 31) + 160] {
        let mut buffer = inbound();
        let mut heard = Vec::new();
        for frame in 0..400 {
            put(&mut buffer, &said, frame);
            if (20..24).contains(&frame) {
                let timestamp = START.wrapping_add((frame * FRAME_SAMPLES) as u32);
                let timestamp = timestamp.wrapping_sub(TARGET as u32).wrapping_add(away);
                buffer.put(Codec::PCMA, timestamp, false, &payload(&said[..FRAME_SAMPLES]));
            }
            pop(&mut buffer, &mut heard);
        }
        // What is ahead is a jump, and what was said before is late until it is one back.
        let late = if away < 1 << 31 { 18 } else { 4 };
        assert_eq!((buffer.late(), buffer.duplicate()), (late, 0), "{away}");
        assert!(buffer.playout_delay() <= Duration::from_millis(400), "{away}");
        let tail = &heard[heard.len() - 3200..];
        assert!(tail.iter().any(|s| s.abs() > 500), "{away}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_panics_and_the_same_calls_play_the_same(
        calls in proptest::collection::vec((any::<u32>(), any::<bool>(), 0_usize..2000, 0_u8..4), 1..60),
    ) {
        let play = || {
            let mut buffer = inbound();
            let mut heard = Vec::new();
            for (timestamp, marker, length, pops) in &calls {
                let timestamp = timestamp >> (pops * 5);
                buffer.put(Codec::PCMU, timestamp, *marker, &vec![0x21; *length]);
                (0..*pops).for_each(|_| pop(&mut buffer, &mut heard));
            }
            (heard, buffer.late(), buffer.duplicate(), buffer.concealed())
        };
        prop_assert_eq!(play(), play());
    }

    #[test]
    fn any_order_within_the_target_is_heard_whole(delays in proptest::collection::vec(0_usize..3, 10)) {
        let said = said(1);
        let (buffer, _) = run(&said, |frame| Some(if frame == 0 { 0 } else { delays[frame % 10] }));
        prop_assert_eq!((buffer.late(), buffer.duplicate()), (0, 0));
    }
}

fn loudness(heard: &[i16]) -> f64 {
    let power = heard.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / heard.len() as f64;
    power.sqrt()
}

/// RFC 7587 §3.1.3: a peer that leaves out what is silent. It is not made up, nor recovered from the
/// packet that goes on.
#[test]
fn what_opus_leaves_out_of_a_pause_is_no_loss() {
    let mut encoder = ropus::Encoder::builder(48_000, Channels::Mono, Application::Voip)
        .inband_fec(InbandFec::Enabled)
        .packet_loss_perc(10)
        .dtx(true)
        .build()
        .unwrap();
    let mut voice = Converter::new(SAMPLE_RATE, 48_000);
    let (mut frame, mut said) = (Vec::new(), Speech::new(1));
    let (mut buffer, mut heard) = (Inbound::new(Codec::OPUS, DELAY), Vec::new());
    let mut left_out = 0;
    let mut paused = false;
    for n in 0..500_u32 {
        let mut narrow = [0; FRAME_SAMPLES];
        said.read(&mut narrow);
        voice.convert(&narrow, &mut frame);
        // A second on, a second off.
        if n % 100 >= 50 {
            frame.fill(0);
        }
        let mut payload = [0; 400];
        let octets = encoder.encode(&frame, &mut payload).unwrap();
        let pauses = Codec::OPUS.pauses(&payload[..octets]);
        if pauses && paused {
            left_out += 1;
        } else {
            buffer.put(Codec::OPUS, n * 960, paused && !pauses, &payload[..octets]);
        }
        paused = pauses;
        pop(&mut buffer, &mut heard);
    }
    assert!(left_out > 100, "{left_out}");
    assert_eq!((buffer.concealed(), buffer.recovered(), buffer.late()), (0, 0, 0));
}

/// RFC 3389: noise of the level that was said, not the voice again and again, until there is voice.
#[test]
fn a_peer_that_pauses_is_heard_as_the_noise_of_its_room() {
    let mut said = vec![0; 2 * SAMPLE_RATE as usize];
    Tone::new(125.0, 9000).read(&mut said);
    for level in [Some(50), None] {
        let mut buffer = inbound();
        let mut heard = Vec::new();
        for frame in 0..100 {
            let timestamp = START.wrapping_add((frame * FRAME_SAMPLES) as u32);
            let pause = Pause { from: timestamp, until: timestamp, level };
            match frame {
                // One that was overtaken, and one of another clock: what is lost then is made up.
                30 => {
                    let overtaken = timestamp.wrapping_sub(160);
                    buffer.pause(8000, Pause { from: overtaken, until: overtaken, level });
                }
                31 => buffer.pause(48_000, pause),
                _ => {}
            }
            match frame {
                40 | 50 => buffer.pause(8000, pause),
                30 | 31 | 41..60 => {}
                _ => put(&mut buffer, &said, frame),
            }
            pop(&mut buffer, &mut heard);
        }
        assert_eq!((buffer.concealed(), buffer.late()), (2, 0), "{level:?}");
        let [before, pause, after] =
            [1000..6800, 7200..9900, 10_200..15_000].map(|samples| loudness(&heard[samples]));
        // −50 dBov of 32 124, or nothing.
        let expected = level.map_or(0.0, |_| 101.6);
        assert!((pause - expected).abs() < 8.0, "{level:?}: {pause}");
        assert!(before > 6000.0 && after > 6000.0, "{before} {after}");
    }
}
