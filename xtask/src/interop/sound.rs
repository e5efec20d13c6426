//! Tones: WAV files that hold one, and how long one is heard in a recording.

use super::room::Room;
use crate::command::Failure;
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use std::f64::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};

/// Samples a second of what is written.
const RATE: u32 = 8_000;
/// A window is so many parts of a second.
const WINDOWS: u32 = 10;
/// The mean square of what is silence still, for samples of 16 bits.
const SILENCE: f64 = 10_000.0;
/// A window holds a tone that has so much of its energy.
const MOST: f64 = 0.8;

/// Writes a file that says a tone for a while.
///
/// # Errors
/// It cannot be written.
pub(super) fn tone(room: &Room, hertz: u32) -> Result<String, Failure> {
    let path = room.folder.join(format!("tone-{hertz}.wav"));
    let told = |why: hound::Error| format!("{}: {why}", path.display());
    let spec = WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(&path, spec).map_err(told)?;
    for n in 0..RATE * 30 {
        let turns = f64::from(n) * f64::from(hertz) / f64::from(RATE);
        #[expect(clippy::cast_possible_truncation, reason = "at most a quarter of full scale")]
        let sample = ((turns * TAU).sin() * 8_192.0) as i16;
        writer.write_sample(sample).map_err(told)?;
    }
    writer.finalize().map_err(told)?;
    Ok(path.display().to_string())
}

/// Seconds of a recording that are this tone.
///
/// # Errors
/// It cannot be read.
pub(super) fn heard(path: &Path, hertz: u32) -> Result<f64, Failure> {
    let told = |why: hound::Error| format!("{}: {why}", path.display());
    let mut reader = WavReader::open(path).map_err(told)?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels.max(1));
    let samples: Vec<f64> =
        reader.samples::<i16>().step_by(channels).map_while(Result::ok).map(f64::from).collect();
    let window = usize::try_from(spec.sample_rate / WINDOWS).unwrap_or(usize::MAX).max(1);
    let turn = TAU * f64::from(hertz) / f64::from(spec.sample_rate);
    let whole = samples.chunks_exact(window).filter(|samples| share(samples, turn) > MOST).count();
    Ok(whole as f64 / f64::from(WINDOWS))
}

/// The same, for at least so many seconds.
///
/// # Errors
/// It is heard for less.
pub(super) fn hears(path: &Path, hertz: u32, seconds: f64) -> Result<String, Failure> {
    let found = heard(path, hertz)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if found < seconds {
        return Err(format!("{name} holds {hertz} Hz for {found:.1} s: expected {seconds} s"));
    }
    Ok(format!("{hertz} Hz for {found:.1} s"))
}

/// The last recording of a folder.
///
/// # Errors
/// There is none.
pub(super) fn only(folder: &Path) -> Result<PathBuf, Failure> {
    let entries = fs::read_dir(folder);
    let entries = entries.map_err(|why| format!("{}: {why}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.pop().ok_or_else(|| format!("nothing was recorded in {}", folder.display()))
}

/// How much of a window's energy is at a frequency (Goertzel's algorithm).
fn share(samples: &[f64], turn: f64) -> f64 {
    let energy: f64 = samples.iter().map(|it| it * it).sum();
    let count = samples.len() as f64;
    if energy < SILENCE * count {
        return 0.0;
    }
    let twice = 2.0 * turn.cos();
    let (s1, s2) = samples.iter().fold((0.0, 0.0), |(s1, s2), it| (it + twice * s1 - s2, s1));
    (s1 * s1 + s2 * s2 - twice * s1 * s2) * 2.0 / count / energy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_told_from_another_and_from_silence() {
        let of = |hertz: f64, level: f64| -> Vec<f64> {
            (0..800).map(|n| level * (f64::from(n) * hertz * TAU / 8_000.0).sin()).collect()
        };
        let turn = TAU * 440.0 / 8_000.0;
        assert!(share(&of(440.0, 8_000.0), turn) > 0.95);
        assert!(share(&of(1_000.0, 8_000.0), turn) < 0.05);
        assert!(share(&of(440.0, 10.0), turn) < 0.05);
    }
}
