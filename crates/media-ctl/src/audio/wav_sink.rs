//! A WAV file as a sink: 16 bits mono at any rate, in place only when it is whole.

use super::resample::{Resampler, to_f32, to_i16};
use super::{AudioSink, SAMPLE_RATE, WavError, WavReason};
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Samples at 8 kHz between two updates of the header: what a killed process loses at most.
const FLUSH_EVERY: usize = SAMPLE_RATE as usize;

/// Records to a WAV file.
///
/// It is written to `NAME.part` beside its place, with a header that is brought up to date every
/// second, and renamed when the session stops: a half-written file never has the name asked for.
/// Where no frame came, nothing is left, and a file that was there stays.
pub struct WavSink {
    path: PathBuf,
    /// `None` once finished.
    writer: Option<WavWriter<BufWriter<File>>>,
    resampler: Resampler,
    since_flush: usize,
    written: bool,
    failed: Option<WavReason>,
}

impl WavSink {
    /// Records to `path` at `rate`, 4 000 to 384 000 Hz.
    ///
    /// # Errors
    /// The file cannot be written there, or the rate is out of range.
    pub fn create(path: &Path, rate: u32) -> Result<Self, WavError> {
        let wrong = |reason: WavReason| WavError::new(path, reason);
        let resampler = Some(rate)
            .filter(|rate| (4000..=384_000).contains(rate))
            .and_then(|rate| Resampler::new(SAMPLE_RATE, rate))
            .ok_or_else(|| wrong(WavReason::Unsupported))?;
        if path.is_dir() {
            return Err(wrong(WavReason::System(io::ErrorKind::IsADirectory)));
        }
        let spec = WavSpec {
            channels: 1,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let writer = WavWriter::create(part(path), spec).map_err(|error| wrong(error.into()))?;
        Ok(Self {
            path: path.to_owned(),
            writer: Some(writer),
            resampler,
            since_flush: 0,
            written: false,
            failed: None,
        })
    }

    /// Runs `step` on the writer until one has failed; the first failure is kept.
    fn attempt(
        &mut self,
        step: impl FnOnce(&mut Resampler, &mut WavWriter<BufWriter<File>>) -> hound::Result<()>,
    ) {
        if let (None, Some(writer)) = (self.failed, self.writer.as_mut()) {
            self.failed = step(&mut self.resampler, writer).err().map(WavReason::from);
        }
    }

    fn finalize(&mut self) -> Result<(), WavReason> {
        self.attempt(|resampler, writer| {
            let mut result = Ok(());
            resampler.finish(&mut |sample| keep_first(&mut result, writer, sample));
            result
        });
        let Some(writer) = self.writer.take() else {
            return Ok(());
        };
        let part = part(&self.path);
        if !self.written {
            // What was recorded there before is worth more than nothing.
            return fs::remove_file(&part).map_err(WavReason::from);
        }
        let whole = match self.failed {
            Some(reason) => Err(reason),
            None => writer.finalize().map_err(WavReason::from),
        };
        let placed = whole.and_then(|()| fs::rename(&part, &self.path).map_err(WavReason::from));
        if placed.is_err() {
            // Nothing better can be done about a file that cannot even be removed.
            let _ = fs::remove_file(&part);
        }
        placed
    }
}

impl AudioSink for WavSink {
    fn write(&mut self, frame: &[i16]) {
        self.written = true;
        self.since_flush += frame.len();
        let flush = self.since_flush >= FLUSH_EVERY;
        if flush {
            self.since_flush = 0;
        }
        self.attempt(|resampler, writer| {
            let mut result = Ok(());
            for sample in frame {
                resampler.push(to_f32(*sample), &mut |sample| {
                    keep_first(&mut result, writer, sample);
                });
            }
            result?;
            if flush { writer.flush() } else { Ok(()) }
        });
    }

    fn finish(&mut self) -> io::Result<()> {
        self.finalize().map_err(|reason| io::Error::other(WavError::new(&self.path, reason)))
    }
}

impl Drop for WavSink {
    /// A recording that was not finished is kept.
    fn drop(&mut self) {
        // Who wants to know calls `finish`.
        let _ = self.finalize();
    }
}

impl std::fmt::Debug for WavSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WavSink").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Where a recording stands until it is whole.
fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn keep_first(
    result: &mut hound::Result<()>, writer: &mut WavWriter<BufWriter<File>>, sample: f32,
) {
    if result.is_ok() {
        *result = writer.write_sample(to_i16(sample));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Speech, read_wav, similarity};

    #[test]
    fn what_was_written_at_any_rate_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let said = Speech::samples(21, 12_000);
        for rate in [8000, 22_050] {
            let path = folder.path().join(format!("{rate}.wav"));
            let mut sink = WavSink::create(&path, rate).unwrap();
            said.chunks(160).for_each(|frame| sink.write(frame));
            assert!(!path.exists(), "in place before it is whole");
            sink.finish().unwrap();
            assert!(!part(&path).exists());
            let heard = read_wav(&path).unwrap();
            assert_eq!(heard.len(), said.len());
            assert!(similarity(&said, &heard) > 0.99, "{rate}");
        }
    }

    #[test]
    fn a_killed_process_leaves_a_readable_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("killed.wav");
        let mut sink = WavSink::create(&path, 8000).unwrap();
        Speech::samples(22, 12_000).chunks(160).for_each(|frame| sink.write(frame));
        let left = folder.path().join("left.wav");
        fs::copy(part(&path), &left).unwrap();
        assert_eq!(read_wav(&left).unwrap().len(), FLUSH_EVERY);
        drop(sink);
        assert_eq!(read_wav(&path).unwrap().len(), 12_000);
    }

    #[test]
    fn nothing_is_left_of_a_recording_that_did_not_begin_or_cannot() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("never.wav");
        drop(WavSink::create(&path, 8000).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(WavSink::create(&path, 1).unwrap_err().reason, WavReason::Unsupported);
        assert_eq!(
            WavSink::create(folder.path(), 8000).unwrap_err().reason,
            WavReason::System(io::ErrorKind::IsADirectory)
        );
        let nowhere = folder.path().join("no/such/folder.wav");
        assert_eq!(
            WavSink::create(&nowhere, 8000).unwrap_err().reason,
            WavReason::System(io::ErrorKind::NotFound)
        );
    }

    #[test]
    fn a_call_without_a_frame_leaves_an_earlier_recording() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heard.wav");
        let mut first = WavSink::create(&path, 8000).unwrap();
        first.write(&[1000; 160]);
        first.finish().unwrap();
        let earlier = fs::read(&path).unwrap();
        let mut second = WavSink::create(&path, 8000).unwrap();
        second.finish().unwrap();
        drop(second);
        assert_eq!(fs::read(&path).unwrap(), earlier);
        assert!(!part(&path).exists());
    }

    #[test]
    fn a_place_that_was_taken_meanwhile_is_told_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken.wav");
        let mut sink = WavSink::create(&path, 8000).unwrap();
        sink.write(&[0; 160]);
        fs::create_dir(&path).unwrap();
        let error = sink.finish().unwrap_err().to_string();
        assert!(error.contains("taken.wav"), "{error}");
        assert!(!part(&path).exists());
    }
}
