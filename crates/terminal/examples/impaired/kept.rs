//! A recording that is kept where it was begun.

use media_ctl::audio::Recording;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

/// The file of a recording.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) File);

impl Write for Kept {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for Kept {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl Recording for Kept {
    fn keep(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}
