//! A WAV file as it grows: its header says at each flush what is there, whatever happens next.

use hound::{SampleFormat, WavSpec};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};

/// Where the two lengths stand: of all that follows, and of the samples. RIFF's head, a PCM format
/// chunk of 16 octets and the head of the data are before the samples.
const LENGTHS: (u64, u64) = (4, 40);
const HEADER: u64 = 44;

/// What a recording is written to. Dropped before it is kept, it leaves nothing.
pub trait Recording: Write + Seek + Send {
    /// Gives what was written the name that was asked for.
    ///
    /// # Errors
    /// What the system says; nothing is then left.
    fn keep(self: Box<Self>) -> io::Result<()>;
}

/// A WAV file of 16 bits.
pub(super) struct WavFile {
    recording: Box<dyn Recording>,
    /// Octets of samples that are not written yet.
    waiting: Vec<u8>,
    /// Octets of samples that are.
    written: u64,
    /// Octets of a sample of all channels.
    whole: u64,
}

impl WavFile {
    /// Begins a file at `rate` Hz; samples of its channels take turns.
    pub(super) fn begin(
        recording: Box<dyn Recording>, rate: u32, channels: u16,
    ) -> io::Result<Self> {
        let (bits_per_sample, sample_format) = (16, SampleFormat::Int);
        let spec = WavSpec { channels, sample_rate: rate, bits_per_sample, sample_format };
        let whole = 2 * u64::from(channels);
        let mut file = Self { recording, waiting: Vec::new(), written: 0, whole };
        file.recording.write_all(&spec.into_header_for_infinite_file())?;
        file.measure()?;
        Ok(file)
    }

    pub(super) fn push(&mut self, sample: i16) {
        self.waiting.extend_from_slice(&sample.to_le_bytes());
    }

    /// Writes the samples that wait, and the length of all.
    ///
    /// # Errors
    /// Not all could be written: the file says the length of what could.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let written = self.append();
        let measured = self.measure();
        written.and(measured)
    }

    /// Gives the file its place.
    pub(super) fn keep(self) -> io::Result<()> {
        self.recording.keep()
    }

    fn append(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut rest = waiting.as_slice();
        while !rest.is_empty() {
            match self.recording.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.written += count as u64;
                    rest = rest.get(count..).unwrap_or_default();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Brings the header up to date. It lies within the file: a full disk takes it.
    fn measure(&mut self) -> io::Result<()> {
        let samples = self.written - self.written % self.whole;
        for (at, length) in [(LENGTHS.0, samples + HEADER - 8), (LENGTHS.1, samples)] {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            self.recording.seek(SeekFrom::Start(at))?;
            self.recording.write_all(&length.to_le_bytes())?;
        }
        self.recording.seek(SeekFrom::End(0)).map(drop)
    }
}
