//! A WAV file as a sink: 16 bits, mono at any rate, or both sides of a call.

use super::resample::{Resampler, to_f32, to_i16};
use super::wav_file::WavFile;
use super::{AudioSink, Recording, SAMPLE_RATE, WavError, WavReason};
use std::io;
use std::path::{Path, PathBuf};

/// Records to a WAV file.
///
/// Its header is brought up to date every second, and it gets its place when the session stops.
/// Where no frame came, it does not. Where the disk is full, what was written until then gets its
/// place and can be played.
pub struct WavSink {
    /// What the file is called in an error.
    path: PathBuf,
    /// `None` once finished.
    file: Option<WavFile>,
    resampler: Resampler,
    since_flush: usize,
    /// Samples that are taken in a second, after which it is flushed: what a killed process loses at
    /// most.
    flush_every: usize,
    written: bool,
    /// Why it is cut short.
    failed: Option<io::ErrorKind>,
}

impl WavSink {
    /// Records to `recording`, which is for `path`, at `rate`, 4 000 to 384 000 Hz.
    ///
    /// # Errors
    /// It cannot be written to, or the rate is out of range.
    pub fn new(path: &Path, recording: Box<dyn Recording>, rate: u32) -> Result<Self, WavError> {
        Self::of(path, recording, (SAMPLE_RATE, rate), 1)
    }

    /// Records samples of so many channels, which take turns, as they are.
    pub(super) fn interleaved(
        path: &Path, recording: Box<dyn Recording>, rate: u32, channels: u16,
    ) -> Result<Self, WavError> {
        Self::of(path, recording, (rate, rate), channels)
    }

    fn of(
        path: &Path, recording: Box<dyn Recording>, (from, rate): (u32, u32), channels: u16,
    ) -> Result<Self, WavError> {
        let wrong = |reason: WavReason| WavError::new(path, reason);
        let resampler = Some(rate)
            .filter(|rate| (4000..=384_000).contains(rate))
            .and_then(|rate| Resampler::new(from, rate))
            .ok_or_else(|| wrong(WavReason::Unsupported))?;
        let file = WavFile::begin(recording, rate, channels)
            .map_err(|error| wrong(WavReason::System(error.kind())))?;
        Ok(Self {
            path: path.to_owned(),
            file: Some(file),
            resampler,
            since_flush: 0,
            flush_every: from as usize * usize::from(channels),
            written: false,
            failed: None,
        })
    }

    /// Writes what waits; after a failure, nothing more is.
    fn flush(&mut self) -> io::Result<()> {
        self.since_flush = 0;
        let Some(file) = self.file.as_mut().filter(|_| self.failed.is_none()) else {
            return Ok(());
        };
        file.flush().inspect_err(|error| self.failed = Some(error.kind()))
    }

    fn finalize(&mut self) -> Result<(), WavReason> {
        if let Some(file) = &mut self.file {
            self.resampler.finish(&mut |sample| file.push(to_i16(sample)));
        }
        // Noted: what was written before is kept all the same.
        drop(self.flush());
        let Some(file) = self.file.take().filter(|_| self.written) else {
            // What was recorded there before is worth more than nothing.
            return Ok(());
        };
        file.keep().map_err(|error| WavReason::System(error.kind()))?;
        self.failed.map_or(Ok(()), |kind| Err(WavReason::CutShort(kind)))
    }
}

impl AudioSink for WavSink {
    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        self.written = true;
        let Some(file) = self.file.as_mut().filter(|_| self.failed.is_none()) else {
            return Ok(());
        };
        for sample in frame {
            self.resampler.push(to_f32(*sample), &mut |sample| file.push(to_i16(sample)));
        }
        self.since_flush += frame.len();
        if self.since_flush >= self.flush_every { self.flush() } else { Ok(()) }
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

#[cfg(test)]
mod tests;
