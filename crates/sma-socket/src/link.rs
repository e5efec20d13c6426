//! One connection as frames, for either side.
//!
//! A single await point moves octets both ways, so that neither side can block the other by not
//! reading. What stands still for [`STALL`] ends the link: half a frame in, or octets out that
//! nobody takes (case G23). A frame may carry a plaintext: it lies in one buffer from its first
//! octet to its last, which is never moved and is wiped when it goes.

use crate::MAX_FRAME;
use crate::frame::{self, Frame};
use rustix::process::geteuid;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

/// How long half a frame, or octets that the other side does not take, may stand.
pub(crate) const STALL: Duration = Duration::from_secs(5);

/// An encoded frame; kept whole, since a question may be asked again over another connection.
pub(crate) type Encoded = Arc<Zeroizing<Vec<u8>>>;

/// Why a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The other side is gone.
    Closed,
    /// The other side said what cannot be, or stood still in the middle of it.
    Nonsense,
}

/// A connection to the same user's process.
pub(crate) struct Link {
    stream: UnixStream,
    incoming: Incoming,
    outgoing: Outgoing,
    stalled: Stalled,
}

/// Since when something has stood still, each way.
#[derive(Default)]
struct Stalled {
    incoming: Option<Instant>,
    outgoing: Option<Instant>,
}

impl Link {
    /// Takes a connection whose other side runs under our own effective user id; refuses others.
    pub(crate) fn to_own_user(stream: UnixStream) -> io::Result<Self> {
        Self::to_user(stream, geteuid().as_raw())
    }

    /// Takes a connection whose other side runs under the user id `user`; refuses others.
    pub(crate) fn to_user(stream: UnixStream, user: u32) -> io::Result<Self> {
        if stream.peer_cred()?.uid() != user {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(Self {
            stream,
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
            stalled: Stalled::default(),
        })
    }

    /// Sends an encoded frame as soon as the other side takes it; [`next`](Self::next) goes on
    /// with what it does not take at once.
    pub(crate) fn send(&mut self, frame: Encoded) -> Result<(), Broken> {
        self.outgoing.push(frame)?;
        self.write()
    }

    /// Whether the other side keeps up; while it does not, nothing more should be sent.
    pub(crate) const fn has_room(&self) -> bool {
        self.outgoing.octets <= MAX_FRAME
    }

    /// The next frame, or `None` when there is [room](Self::has_room) again. Cancel-safe: what
    /// was read stays in the link.
    pub(crate) async fn next(&mut self) -> Result<Option<Frame>, Broken> {
        let had_room = self.has_room();
        loop {
            if let Some(frame) = self.read()? {
                return Ok(Some(frame));
            }
            if !had_room && self.has_room() {
                return Ok(None);
            }
            let interest = match self.outgoing.is_empty() {
                true => Interest::READABLE,
                false => Interest::READABLE | Interest::WRITABLE,
            };
            self.go_on(interest).await?;
        }
    }

    /// Only sends until there is room. For the side whose answers would otherwise pile up; the
    /// other side must never stop reading.
    pub(crate) async fn make_room(&mut self) -> Result<(), Broken> {
        while !self.has_room() {
            self.go_on(Interest::WRITABLE).await?;
        }
        Ok(())
    }

    /// Waits until the stream is ready, and writes what it takes.
    async fn go_on(&mut self, interest: Interest) -> Result<(), Broken> {
        let ready = self.stream.ready(interest);
        let ready = match self.deadline() {
            Some(deadline) => timeout_at(deadline, ready).await.map_err(|_| Broken::Nonsense)?,
            None => ready.await,
        };
        if ready.map_err(|_| Broken::Closed)?.is_writable() {
            self.write()?;
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        let since = [self.stalled.incoming, self.stalled.outgoing];
        since.into_iter().flatten().min().map(|since| since + STALL)
    }

    /// Reads what has come, up to the end of a frame.
    fn read(&mut self) -> Result<Option<Frame>, Broken> {
        loop {
            if let Some(octets) = self.incoming.whole()? {
                self.stalled.incoming = None;
                return frame::decode(&octets).map(Some).map_err(|_| Broken::Nonsense);
            }
            match self.stream.try_read(self.incoming.room()) {
                Ok(0) => return Err(Broken::Closed),
                Ok(read) => self.incoming.filled += read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let since = self.stalled.incoming.or_else(|| Some(Instant::now()));
                    self.stalled.incoming = since.filter(|_| self.incoming.is_partial());
                    return Ok(None);
                }
                Err(_) => return Err(Broken::Closed),
            }
        }
    }

    fn write(&mut self) -> Result<(), Broken> {
        while let Some(parts) = self.outgoing.first() {
            match self.stream.try_write_vectored(&parts) {
                Ok(written) => {
                    self.outgoing.sent(written);
                    self.stalled.outgoing = None;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stalled.outgoing.get_or_insert_with(Instant::now);
                    return Ok(());
                }
                Err(_) => return Err(Broken::Closed),
            }
        }
        Ok(())
    }
}

/// Octets of the length that stands before a frame, most significant first.
const HEAD: usize = 4;

/// The frame that is coming in.
#[derive(Default)]
struct Incoming {
    head: [u8; HEAD],
    /// Of the length that the head announced.
    frame: Option<Zeroizing<Vec<u8>>>,
    /// Octets that have come, of the frame or, before there is one, of its head.
    filled: usize,
}

impl Incoming {
    fn is_partial(&self) -> bool {
        self.filled > 0 || self.frame.is_some()
    }

    /// Where the next octets go: never beyond the frame's end.
    fn room(&mut self) -> &mut [u8] {
        let buffer =
            self.frame.as_mut().map_or(self.head.as_mut_slice(), |frame| frame.as_mut_slice());
        buffer.get_mut(self.filled..).unwrap_or_default()
    }

    /// Takes the frame out once all of it is there.
    fn whole(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Broken> {
        if self.frame.is_none() && self.filled == HEAD {
            let length = u32::from_be_bytes(self.head);
            let length = usize::try_from(length).ok().filter(|length| *length <= MAX_FRAME);
            let length = length.ok_or(Broken::Nonsense)?;
            self.frame = Some(Zeroizing::new(vec![0; length]));
            self.filled = 0;
        }
        let filled = self.filled;
        let whole = self.frame.take_if(|frame| frame.len() == filled);
        if whole.is_some() {
            self.filled = 0;
        }
        Ok(whole)
    }
}

/// The frames that are going out.
#[derive(Default)]
struct Outgoing {
    frames: VecDeque<([u8; HEAD], Encoded)>,
    /// Octets of the first one, its head included, that have been sent.
    sent: usize,
    /// Octets of all that have not.
    octets: usize,
}

impl Outgoing {
    fn push(&mut self, frame: Encoded) -> Result<(), Broken> {
        let length = u32::try_from(frame.len()).map_err(|_| Broken::Nonsense)?;
        self.octets += HEAD + frame.len();
        self.frames.push_back((length.to_be_bytes(), frame));
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// What is left of the first frame.
    fn first(&self) -> Option<[IoSlice<'_>; 2]> {
        let (head, frame) = self.frames.front()?;
        let head = head.get(self.sent..).unwrap_or_default();
        let frame = frame.get(self.sent.saturating_sub(HEAD)..).unwrap_or_default();
        Some([IoSlice::new(head), IoSlice::new(frame)])
    }

    fn sent(&mut self, octets: usize) {
        self.sent += octets;
        self.octets = self.octets.saturating_sub(octets);
        if self.frames.front().is_some_and(|(_, frame)| self.sent >= HEAD + frame.len()) {
            self.frames.pop_front();
            self.sent = 0;
        }
    }
}
