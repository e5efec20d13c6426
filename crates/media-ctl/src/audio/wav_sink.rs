//! A WAV file as a sink: 16 bits mono at any rate, in place only when it is whole.

use super::resample::{Resampler, to_f32, to_i16};
use super::{AudioSink, SAMPLE_RATE, WavError, WavReason};
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Samples at 8 kHz between two updates of the header: what a killed process loses at most.
const FLUSH_EVERY: usize = SAMPLE_RATE as usize;

/// Records to a WAV file.
///
/// It is written to `NAME.part` beside its place, with a header that is brought up to date every
/// second, and renamed when the session stops: a half-written file never has the name asked for.
/// Where no frame came, nothing is left, and a file that was there stays. A symbolic link is
/// followed; a device, a pipe or a socket is never replaced.
pub struct WavSink {
    /// Its place, with no symbolic link in the last component.
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
    /// The file cannot be written there, or what stands there is no regular file, or the rate is
    /// out of range.
    pub fn create(path: &Path, rate: u32) -> Result<Self, WavError> {
        let wrong = |reason: WavReason| WavError::new(path, reason);
        let resampler = Some(rate)
            .filter(|rate| (4000..=384_000).contains(rate))
            .and_then(|rate| Resampler::new(SAMPLE_RATE, rate))
            .ok_or_else(|| wrong(WavReason::Unsupported))?;
        let place = place(path).map_err(wrong)?;
        let spec = WavSpec {
            channels: 1,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let file = create_part(&place).map_err(|error| wrong(error.into()))?;
        let writer = WavWriter::new(BufWriter::new(file), spec)
            .map_err(|error| wrong(WavReason::of_write(error)))?;
        Ok(Self {
            path: place,
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
            self.failed = step(&mut self.resampler, writer).err().map(WavReason::of_write);
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
            return fs::remove_file(&part).map_err(|error| WavReason::System(error.kind()));
        }
        let whole = match self.failed {
            Some(reason) => Err(reason),
            None => writer.finalize().map_err(WavReason::of_write),
        };
        let rename =
            || fs::rename(&part, &self.path).map_err(|error| WavReason::System(error.kind()));
        let placed = whole.and_then(|()| replaceable(&self.path)).and_then(|()| rename());
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

/// Where a recording that is asked for at `path` goes: to what a symbolic link names.
fn place(path: &Path) -> Result<PathBuf, WavReason> {
    let link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    let place = if link { fs::canonicalize(path)? } else { path.to_owned() };
    replaceable(&place)?;
    Ok(place)
}

/// Whether a recording may take the place: nothing is there, or a regular file.
fn replaceable(place: &Path) -> Result<(), WavReason> {
    match fs::symlink_metadata(place) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(found) if found.is_dir() => Err(WavReason::System(io::ErrorKind::IsADirectory)),
        Ok(_) => Err(WavReason::NotRegular),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A new file for what is recorded, which its owner alone may read: it holds what people said.
/// What a killed process left there goes.
fn create_part(place: &Path) -> io::Result<File> {
    let part = part(place);
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(part)
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

    #[cfg(unix)]
    #[test]
    fn a_recording_is_its_owners_alone() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("heard.wav"), folder.path().join("other"));
        for earlier in [&path, &other] {
            fs::write(earlier, b"earlier").unwrap();
            fs::set_permissions(earlier, fs::Permissions::from_mode(0o644)).unwrap();
        }
        // Neither what stands in its place nor at the name beside it is written to.
        symlink(&other, part(&path)).unwrap();
        let mut sink = WavSink::create(&path, 8000).unwrap();
        sink.write(&[0; 160]);
        let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&part(&path)), 0o600);
        sink.finish().unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read(&other).unwrap(), b"earlier");
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

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_no_node_is_replaced() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        use std::os::unix::net::UnixListener;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("earlier.wav"), "an earlier recording").unwrap();
        symlink("earlier.wav", at("link.wav")).unwrap();
        let mut sink = WavSink::create(&at("link.wav"), 8000).unwrap();
        sink.write(&[1000; 160]);
        sink.finish().unwrap();
        assert!(fs::symlink_metadata(at("link.wav")).unwrap().is_symlink());
        assert_eq!(read_wav(&at("earlier.wav")).unwrap().len(), 160);

        let _listener = UnixListener::bind(at("socket")).unwrap();
        symlink("socket", at("to-socket")).unwrap();
        for name in ["socket", "to-socket"] {
            let refused = WavSink::create(&at(name), 8000).unwrap_err();
            assert_eq!(refused.reason, WavReason::NotRegular, "{name}");
        }
        let refused = WavSink::create(Path::new("/dev/null"), 8000).unwrap_err();
        assert_eq!(refused.reason, WavReason::NotRegular);
        symlink("nowhere.wav", at("dangling")).unwrap();
        let refused = WavSink::create(&at("dangling"), 8000).unwrap_err();
        assert_eq!(refused.reason, WavReason::System(io::ErrorKind::NotFound));

        let mut sink = WavSink::create(&at("late.wav"), 8000).unwrap();
        sink.write(&[1000; 160]);
        let _late = UnixListener::bind(at("late.wav")).unwrap();
        assert!(sink.finish().is_err());
        assert!(fs::symlink_metadata(at("late.wav")).unwrap().file_type().is_socket());
        assert!(
            fs::read_dir(folder.path())
                .unwrap()
                .flatten()
                .all(|entry| { !entry.file_name().to_string_lossy().ends_with(".part") })
        );
    }

    #[test]
    fn a_failed_write_is_not_a_malformed_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heard.wav");
        let mut sink = WavSink::create(&path, 8000).unwrap();
        sink.write(&[0; 160]);
        sink.attempt(|_, _| Err(io::Error::other("what no kind is for").into()));
        let error = sink.finish().unwrap_err().to_string();
        assert!(error.ends_with("other error"), "{error}");
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
