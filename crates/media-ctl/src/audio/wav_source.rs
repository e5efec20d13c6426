//! A WAV file as a source: any rate, any usual encoding, brought to mono at 8 or 16 kHz when it is
//! opened.

use super::resample::{Resampler, to_i16};
use super::{AudioSource, SAMPLE_RATE, WavError, WavReason};
use hound::{SampleFormat, WavReader};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

/// The longest file, in seconds: an hour, 58 MB, or twice that of wideband.
const MAX_SECONDS: usize = 3600;

/// Samples a second of what has at least as many: what wideband codecs carry.
const WIDEBAND: u32 = 16_000;

/// What of a file is searched for its data, in bytes.
const HEAD: usize = 4_096;

/// The length that a program writes which cannot go back to write it.
const UNKNOWN: [u8; 4] = [0xff; 4];

/// Plays a WAV file, once or over and over.
///
/// The file is read when it is opened, so that whatever is wrong with it is said before a call.
/// A clone shares the samples, and goes on from where it was cloned.
#[derive(Clone, Debug)]
pub struct WavSource {
    samples: Arc<[i16]>,
    rate: u32,
    at: usize,
    repeat: bool,
}

impl WavSource {
    /// Reads the file; it plays once, and then pauses.
    ///
    /// # Errors
    /// The file cannot be read, is no WAV file, says nothing, or exceeds the limits of
    /// [`WavReason`].
    pub fn open(path: &Path) -> Result<Self, WavError> {
        let (samples, rate) =
            read_at(path, |rate| if rate < WIDEBAND { SAMPLE_RATE } else { WIDEBAND })?;
        if samples.is_empty() {
            return Err(WavError::new(path, WavReason::Empty));
        }
        Ok(Self { samples: samples.into(), rate, at: 0, repeat: false })
    }

    /// Plays from the start again after the end.
    pub fn repeat(mut self) -> Self {
        self.repeat = true;
        self
    }
}

impl AudioSource for WavSource {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn read(&mut self, frame: &mut [i16]) -> usize {
        if self.repeat && self.at >= self.samples.len() {
            self.at = 0;
        }
        let rest = self.samples.get(self.at..).unwrap_or_default();
        let mut count = 0;
        for (to, from) in frame.iter_mut().zip(rest) {
            *to = *from;
            count += 1;
        }
        self.at += count;
        count
    }
}

/// The samples of a WAV file as 8 kHz mono.
///
/// # Errors
/// As [`WavSource::open`], but a file without samples is none.
pub fn read_wav(path: &Path) -> Result<Vec<i16>, WavError> {
    read_at(path, |_| SAMPLE_RATE).map(|(samples, _)| samples)
}

/// The samples of a WAV file as mono, at the rate that is chosen by its own, and that rate.
fn read_at(path: &Path, choose: fn(u32) -> u32) -> Result<(Vec<i16>, u32), WavError> {
    let wrong = |reason: WavReason| WavError::new(path, reason);
    let (octets, open_end) =
        File::open(path).and_then(with_its_length).map_err(|error| wrong(error.into()))?;
    let reader = WavReader::new(BufReader::new(octets)).map_err(|error| wrong(error.into()))?;
    let spec = reader.spec();
    if !(1..=8).contains(&spec.channels) || !(4000..=384_000).contains(&spec.sample_rate) {
        return Err(wrong(WavReason::Unsupported));
    }
    let rate = choose(spec.sample_rate);
    let mixed = match (spec.sample_format, spec.bits_per_sample) {
        (SampleFormat::Int, bits @ (8 | 16 | 24 | 32)) => {
            let scale = 2_f32.powi(1 - i32::from(bits));
            convert::<i32, _>(reader, rate, open_end, |sample| sample as f32 * scale)
        }
        (SampleFormat::Float, 32) => convert::<f32, _>(reader, rate, open_end, |sample| sample),
        _ => Err(WavReason::Unsupported),
    };
    mixed.map(|samples| (samples, rate)).map_err(wrong)
}

/// The octets of a file. Where its data has no length, because it was written to a pipe, they say
/// the length that is there; what still is a pipe says the greatest one, and ends before.
fn with_its_length(mut file: File) -> io::Result<(impl Read, bool)> {
    let mut head = Vec::with_capacity(HEAD);
    (&mut file).take(HEAD as u64).read_to_end(&mut head)?;
    let metadata = file.metadata()?;
    let mut open_end = false;
    if let Some((at, frame)) = data_chunk(&head)
        && let Some(length) = head.get_mut(at..at + 4).filter(|length| **length == UNKNOWN)
    {
        open_end = !metadata.is_file();
        let there = match open_end {
            true => u32::MAX.into(),
            false => metadata.len().saturating_sub(at as u64 + 4).min(u32::MAX.into()),
        };
        length.copy_from_slice(&((there - there % frame) as u32).to_le_bytes());
    }
    Ok((Cursor::new(head).chain(file), open_end))
}

/// Where the length of the data stands, and the octets of one sample of all channels.
fn data_chunk(head: &[u8]) -> Option<(usize, u64)> {
    let number = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let mut frame = None;
    // Chunks follow `RIFF`, the length of all, and `WAVE`.
    let mut at = 12;
    while at < HEAD {
        let length = number(at + 4)?;
        match head.get(at..at + 4)? {
            b"fmt " => frame = number(at + 20).map(|align| u64::from(align & 0xffff)),
            b"data" => return Some((at + 4, frame.filter(|frame| *frame > 0)?)),
            _ => {}
        }
        // A chunk of an odd length is padded.
        at = usize::try_from(length.checked_next_multiple_of(2)?).ok()?.checked_add(at + 8)?;
    }
    None
}

/// Mixes the channels down and brings them to `rate` Hz. With an open end, the last octet is the end.
fn convert<S: hound::Sample, R: Read>(
    reader: WavReader<R>, rate: u32, open_end: bool, scale: impl Fn(S) -> f32,
) -> Result<Vec<i16>, WavReason> {
    let spec = reader.spec();
    let mut resampler = Resampler::new(spec.sample_rate, rate).ok_or(WavReason::Unsupported)?;
    let mut samples = Vec::new();
    let (mut sum, mut heard) = (0.0, 0);
    for sample in reader.into_samples::<S>() {
        match sample {
            Ok(sample) => sum += scale(sample),
            Err(hound::Error::IoError(_)) if open_end => break,
            Err(error) => return Err(error.into()),
        }
        heard += 1;
        if heard == spec.channels {
            resampler.push(sum / f32::from(heard), &mut |s| samples.push(to_i16(s)));
            (sum, heard) = (0.0, 0);
        }
        if samples.len() > MAX_SECONDS * rate as usize {
            return Err(WavReason::TooLong);
        }
    }
    resampler.finish(&mut |s| samples.push(to_i16(s)));
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Speech, similarity};
    use hound::{WavSpec, WavWriter};
    use std::fs;

    fn spec(channels: u16, sample_rate: u32, bits: u16, sample_format: SampleFormat) -> WavSpec {
        WavSpec { channels, sample_rate, bits_per_sample: bits, sample_format }
    }

    #[test]
    fn a_file_that_was_written_to_a_pipe_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("piped.wav");
        let said = Speech::samples(3, 8_000);
        write(&path, spec(2, 8_000, 16, SampleFormat::Int), &said);
        let mut octets = fs::read(&path).unwrap();
        let data = octets.windows(4).position(|w| w == b"data").unwrap();
        octets[4..8].fill(0xff);
        octets[data + 4..data + 8].fill(0xff);
        // The writer was ended within a sample.
        octets.truncate(octets.len() - 1);
        fs::write(&path, &octets).unwrap();
        assert_eq!(read_wav(&path).unwrap().len(), said.len() - 1);
        // A length that lies is still a file that is cut short.
        octets[data + 4..data + 8].fill(0x7c);
        fs::write(&path, &octets).unwrap();
        assert!(matches!(read_wav(&path).unwrap_err().reason, WavReason::Malformed(_)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_read_to_its_end() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("said.wav");
        let said = Speech::samples(4, 8_000);
        write(&path, spec(2, 8_000, 16, SampleFormat::Int), &said);
        let mut octets = fs::read(&path).unwrap();
        let data = octets.windows(4).position(|w| w == b"data").unwrap();
        let piped = |octets: Vec<u8>| {
            let (reader, mut writer) = io::pipe().unwrap();
            let writing = std::thread::spawn(move || drop(writer.write_all(&octets)));
            let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
            let read = read_wav(Path::new(&path));
            drop(reader);
            writing.join().unwrap();
            read
        };
        assert_eq!(piped(octets.clone()).unwrap().len(), said.len());
        // Whoever writes to a pipe cannot go back to say the length.
        octets[4..8].fill(0xff);
        octets[data + 4..data + 8].fill(0xff);
        assert_eq!(piped(octets.clone()).unwrap().len(), said.len());
        octets[data + 4..data + 8].fill(0x7c);
        assert!(matches!(piped(octets).unwrap_err().reason, WavReason::Malformed(_)));
    }

    /// Writes the babble at 8 or 16 kHz, each sample of 8 kHz held twice for the latter.
    fn write(path: &Path, spec: WavSpec, said: &[i16]) {
        let mut writer = WavWriter::create(path, spec).unwrap();
        let hold = spec.sample_rate / SAMPLE_RATE * u32::from(spec.channels);
        for sample in said {
            for _ in 0..hold {
                match spec.sample_format {
                    SampleFormat::Float => writer.write_sample(f32::from(*sample) / 32_768.0),
                    SampleFormat::Int if spec.bits_per_sample >= 16 => {
                        writer.write_sample(i32::from(*sample) << (spec.bits_per_sample - 16))
                    }
                    SampleFormat::Int => writer.write_sample(i32::from(*sample) >> 8),
                }
                .unwrap();
            }
        }
        writer.finalize().unwrap();
    }

    #[test]
    fn every_usual_encoding_sounds_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("said.wav");
        let said = Speech::samples(11, 12_000);
        for (channels, rate, bits, format) in [
            (1, 8000, 8, SampleFormat::Int),
            (1, 8000, 16, SampleFormat::Int),
            (1, 16_000, 24, SampleFormat::Int),
            (2, 8000, 32, SampleFormat::Int),
            (2, 16_000, 32, SampleFormat::Float),
        ] {
            write(&path, spec(channels, rate, bits, format), &said);
            let read = read_wav(&path).unwrap();
            assert_eq!(read.len(), said.len());
            assert!(similarity(&said, &read) > 0.98, "{channels} {rate} {bits}");
        }
    }

    #[test]
    fn what_is_wideband_stays_so_and_what_is_not_becomes_telephone_band() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("high.wav");
        for (rate, channels, bits) in [
            (8_000, 1, 8),
            (11_025, 1, 16),
            (16_000, 1, 16),
            (22_050, 2, 16),
            (32_000, 1, 24),
            (44_100, 2, 16),
            (48_000, 1, 24),
        ] {
            // A tone below what the file carries, and where it can be above the telephone's band.
            let hertz = if rate < 16_000 { 1_000.0 } else { 6_000.0 };
            let mut writer =
                WavWriter::create(&path, spec(channels, rate, bits, SampleFormat::Int)).unwrap();
            let peak = f64::from(1_i32 << (bits - 2));
            for n in 0..rate {
                let phase = std::f64::consts::TAU * hertz * f64::from(n) / f64::from(rate);
                for _ in 0..channels {
                    writer.write_sample((peak * phase.sin()) as i32).unwrap();
                }
            }
            writer.finalize().unwrap();
            let mut source = WavSource::open(&path).unwrap();
            assert_eq!(source.rate(), if rate < 16_000 { 8_000 } else { 16_000 }, "{rate}");
            let mut second = vec![0; source.rate() as usize + 9];
            assert_eq!(source.read(&mut second), source.rate() as usize, "{rate}");
            let middle = &second[source.rate() as usize / 4..source.rate() as usize / 2];
            let loudest = middle.iter().copied().max().unwrap();
            assert!((15_000..17_500).contains(&loudest), "{rate}: {loudest}");
        }
    }

    #[test]
    fn it_plays_once_and_pauses_or_repeats() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short.wav");
        write(&path, spec(1, 8000, 16, SampleFormat::Int), &[100; 200]);
        let mut frame = [0; 160];
        let mut once = WavSource::open(&path).unwrap();
        let counts: Vec<_> = (0..4).map(|_| once.read(&mut frame)).collect();
        assert_eq!(counts, [160, 40, 0, 0]);
        let mut forever = WavSource::open(&path).unwrap().repeat();
        let counts: Vec<_> = (0..4).map(|_| forever.read(&mut frame)).collect();
        assert_eq!(counts, [160, 40, 160, 40]);
    }

    #[test]
    fn what_is_unreadable_is_named_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not\na.wav");
        let reason = |octets: Option<&[u8]>| {
            if let Some(octets) = octets {
                fs::write(&path, octets).unwrap();
            }
            let error = WavSource::open(&path).unwrap_err();
            assert_eq!(error.path, path);
            assert_eq!(error.to_string().lines().count(), 1);
            error.reason
        };
        assert_eq!(reason(None), WavReason::System(std::io::ErrorKind::NotFound));
        assert!(matches!(reason(Some(b"")), WavReason::Malformed(_)));
        assert!(matches!(
            reason(Some(b"ID3 this is no WAV file at all, is it?")),
            WavReason::Malformed(_)
        ));
        write(&path, spec(1, 8000, 16, SampleFormat::Int), &[1; 400]);
        let whole = fs::read(&path).unwrap();
        assert!(matches!(reason(Some(&whole[..whole.len() - 101])), WavReason::Malformed(_)));
        write(&path, spec(1, 8000, 16, SampleFormat::Int), &[]);
        assert_eq!(reason(Some(&fs::read(&path).unwrap())), WavReason::Empty);
    }
}
