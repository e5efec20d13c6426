//! Frames over a Unix socket, by threads that may wait.
//!
//! A frame is a four-octet length (big-endian, at most [`MAX_FRAME`]) and its octets. What stands
//! still for some time breaks the connection: half a frame in ([`STALL`]), or octets out that nobody
//! takes.

use crate::wire::MAX_FRAME;
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long half a frame may stand.
pub(crate) const STALL: Duration = Duration::from_secs(5);

/// Octets of the length that stands before a frame.
const HEAD: usize = 4;

/// Takes frames to the other side, in the order in which they are sent.
pub(crate) trait Carrier: Send + Sync {
    /// Sends an encoded frame.
    ///
    /// # Errors
    /// The other side is gone, or takes nothing; nothing more will reach it then.
    fn send(&self, frame: Zeroizing<Vec<u8>>) -> io::Result<()>;

    /// Ends the connection, both ways.
    fn close(&self);
}

/// The writing half.
pub(crate) struct Pipe {
    writer: Mutex<UnixStream>,
    /// The same connection, to be ended while somebody writes.
    end: UnixStream,
}

/// The reading half.
pub(crate) struct Frames(UnixStream);

/// Both halves of a connection, whose other side may take nothing for `stall`.
///
/// # Errors
/// The system refuses.
pub(crate) fn halves(stream: UnixStream, stall: Duration) -> io::Result<(Pipe, Frames)> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(stall))?;
    stream.set_read_timeout(Some(STALL))?;
    let (writer, end) = (Mutex::new(stream.try_clone()?), stream.try_clone()?);
    Ok((Pipe { writer, end }, Frames(stream)))
}

impl Carrier for Pipe {
    fn send(&self, frame: Zeroizing<Vec<u8>>) -> io::Result<()> {
        let length = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        // In one piece: the other side wakes up once.
        let mut whole = Zeroizing::new(Vec::with_capacity(HEAD + frame.len()));
        whole.extend_from_slice(&length.to_be_bytes());
        whole.extend_from_slice(&frame);
        let sent = self.writer.lock().unwrap_or_else(PoisonError::into_inner).write_all(&whole);
        if sent.is_err() {
            // Half a frame may have left: nothing may follow it.
            self.close();
        }
        sent
    }

    fn close(&self) {
        // One that is closed already cannot be closed.
        drop(self.end.shutdown(Shutdown::Both));
    }
}

impl Frames {
    /// Waits for the next frame; `None` once the other side has closed.
    ///
    /// # Errors
    /// A frame that is too large, or stands still in its middle; the connection is gone then.
    pub(crate) fn next(&mut self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let mut head = [0; HEAD];
        let [first, rest @ ..] = &mut head;
        loop {
            match self.0.read(std::slice::from_mut(first)) {
                Ok(0) => return Ok(None),
                Ok(_) => break,
                Err(error) if is_idle(&error) => {}
                Err(error) => return Err(error),
            }
        }
        self.0.read_exact(rest).map_err(cut)?;
        let length = usize::try_from(u32::from_be_bytes(head)).ok();
        let length = length.filter(|length| *length <= MAX_FRAME);
        let length = length.ok_or(io::ErrorKind::InvalidData)?;
        let mut frame = Zeroizing::new(vec![0; length]);
        self.0.read_exact(&mut frame).map_err(cut)?;
        Ok(Some(frame))
    }
}

/// Nothing came: between frames that is no fault.
fn is_idle(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// The end in the middle of a frame, or nothing more of it for too long.
fn cut(error: io::Error) -> io::Error {
    if is_idle(&error) { io::ErrorKind::InvalidData.into() } else { error }
}
