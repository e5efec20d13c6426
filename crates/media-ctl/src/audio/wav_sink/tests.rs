//! What is recorded is there, and no more is said of it than is there.

use super::*;
use crate::audio::{Speech, read_wav, similarity};
use std::fs;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use tempfile::{NamedTempFile, TempDir};

/// A file that gets the name `place`, on a disk with `room` for so many octets.
struct Disk {
    file: NamedTempFile,
    place: PathBuf,
    room: u64,
}

impl Write for Disk {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let at = self.file.stream_position()?;
        match usize::try_from(self.room.saturating_sub(at)).unwrap().min(octets.len()) {
            0 => Err(ErrorKind::StorageFull.into()),
            fits => self.file.write(&octets[..fits]),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Recording for Disk {
    fn keep(self: Box<Self>) -> io::Result<()> {
        self.file.persist(&self.place).map(drop).map_err(|refused| refused.error)
    }
}

fn recording(folder: &TempDir, room: u64, rate: u32) -> (WavSink, PathBuf) {
    let place = folder.path().join("heard.wav");
    let file = tempfile::Builder::new().prefix("part").rand_bytes(0).tempfile_in(folder).unwrap();
    let disk = Disk { file, place: place.clone(), room };
    (WavSink::new(&place, Box::new(disk), rate).unwrap(), place)
}

fn says(sink: &mut WavSink, samples: &[i16]) -> Vec<ErrorKind> {
    samples.chunks(160).filter_map(|frame| sink.write(frame).err()).map(|e| e.kind()).collect()
}

#[test]
fn what_was_written_at_any_rate_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let said = Speech::samples(21, 12_000);
    for rate in [8000, 22_050] {
        let (mut sink, path) = recording(&folder, u64::MAX, rate);
        assert_eq!(says(&mut sink, &said), []);
        sink.finish().unwrap();
        let heard = read_wav(&path).unwrap();
        assert_eq!(heard.len(), said.len());
        assert!(similarity(&said, &heard) > 0.99, "{rate}");
    }
}

#[test]
fn what_a_killed_process_leaves_is_readable() {
    let folder = tempfile::tempdir().unwrap();
    let (mut sink, path) = recording(&folder, u64::MAX, 8000);
    says(&mut sink, &Speech::samples(22, 12_000));
    assert!(!path.exists(), "in place before it is whole");
    assert_eq!(read_wav(&folder.path().join("part")).unwrap().len(), SAMPLE_RATE as usize);
    drop(sink);
    assert_eq!(read_wav(&path).unwrap().len(), 12_000);
}

#[test]
fn a_full_disk_is_told_once_and_what_was_written_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let said = Speech::samples(23, 40_000);
    // Two seconds fit, and some of the third with half a sample.
    let (mut sink, path) = recording(&folder, 44 + 2 * 20_000 + 1, 8000);
    assert_eq!(says(&mut sink, &said), [ErrorKind::StorageFull]);
    let told = sink.finish().unwrap_err().to_string();
    assert!(told.contains("heard.wav") && told.contains("what was heard before is kept"), "{told}");
    assert_eq!(read_wav(&path).unwrap(), said[..20_000]);
}

#[test]
fn a_disk_that_is_full_at_the_end_is_told_there() {
    let folder = tempfile::tempdir().unwrap();
    let said = Speech::samples(24, 4_000);
    let (mut sink, path) = recording(&folder, 44 + 2 * 1_000, 8000);
    assert_eq!(says(&mut sink, &said), []);
    assert!(sink.finish().is_err());
    assert_eq!(read_wav(&path).unwrap(), said[..1_000]);
}

#[test]
fn nothing_is_left_of_a_recording_that_did_not_begin_or_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let (sink, path) = recording(&folder, u64::MAX, 8000);
    drop(sink);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let disk = |room| {
        let file = NamedTempFile::new_in(&folder).unwrap();
        Box::new(Disk { file, place: path.clone(), room })
    };
    let refused = |room, rate| WavSink::new(&path, disk(room), rate).unwrap_err().reason;
    assert_eq!(refused(u64::MAX, 1), WavReason::Unsupported);
    assert_eq!(refused(43, 8000), WavReason::System(ErrorKind::StorageFull));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_call_without_a_frame_leaves_an_earlier_recording() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("heard.wav"), "earlier").unwrap();
    let (mut sink, path) = recording(&folder, u64::MAX, 8000);
    sink.finish().unwrap();
    drop(sink);
    assert_eq!(fs::read(&path).unwrap(), b"earlier");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_place_that_was_taken_meanwhile_is_told_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (mut sink, path) = recording(&folder, u64::MAX, 8000);
    says(&mut sink, &[0; 160]);
    fs::create_dir(&path).unwrap();
    let error = sink.finish().unwrap_err().to_string();
    assert!(error.contains("heard.wav"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
