//! One connection as frames, for either side.
//!
//! A single await point moves octets both ways, so that neither side can block the other by not
//! reading. What stands still for [`STALL`] ends the link: half a frame in, or octets out that
//! nobody takes (case G23). Buffers are wiped after use; a frame may carry a plaintext.

use crate::MAX_FRAME;
use crate::frame::{self, Frame};
use bytes::{Buf as _, BufMut as _, BytesMut};
use rustix::process::geteuid;
use std::io;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout_at};
use tokio_util::codec::{Decoder as _, LengthDelimitedCodec};
use zeroize::Zeroize as _;

/// How long half a frame, or octets that the other side does not take, may stand.
pub(crate) const STALL: Duration = Duration::from_secs(5);

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
    codec: LengthDelimitedCodec,
    incoming: BytesMut,
    outgoing: BytesMut,
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
        if stream.peer_cred()?.uid() != geteuid().as_raw() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(Self {
            stream,
            codec: LengthDelimitedCodec::builder().max_frame_length(MAX_FRAME).new_codec(),
            incoming: BytesMut::new(),
            outgoing: BytesMut::new(),
            stalled: Stalled::default(),
        })
    }

    /// Sends an encoded frame as soon as the other side takes it; [`next`](Self::next) goes on
    /// with what it does not take at once.
    pub(crate) fn send(&mut self, frame: &[u8]) -> Result<(), Broken> {
        let length = u32::try_from(frame.len()).map_err(|_| Broken::Nonsense)?;
        self.outgoing.reserve(4 + frame.len());
        self.outgoing.put_u32(length);
        self.outgoing.put_slice(frame);
        self.write()
    }

    /// Whether the other side keeps up; while it does not, nothing more should be sent.
    pub(crate) fn has_room(&self) -> bool {
        self.outgoing.len() <= MAX_FRAME
    }

    /// The next frame, or `None` when there is [room](Self::has_room) again. Cancel-safe: what
    /// was read stays in the link.
    pub(crate) async fn next(&mut self) -> Result<Option<Frame>, Broken> {
        let had_room = self.has_room();
        loop {
            if let Some(frame) = self.decode()? {
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

    async fn go_on(&mut self, interest: Interest) -> Result<(), Broken> {
        let ready = self.stream.ready(interest);
        let ready = match self.deadline() {
            Some(deadline) => timeout_at(deadline, ready).await.map_err(|_| Broken::Nonsense)?,
            None => ready.await,
        };
        let ready = ready.map_err(|_| Broken::Closed)?;
        if ready.is_writable() {
            self.write()?;
        }
        if ready.is_readable() && interest.is_readable() {
            self.read()?;
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        let since = [self.stalled.incoming, self.stalled.outgoing];
        since.into_iter().flatten().min().map(|since| since + STALL)
    }

    fn decode(&mut self) -> Result<Option<Frame>, Broken> {
        let octets = self.codec.decode(&mut self.incoming);
        let Some(mut octets) = octets.map_err(|_| Broken::Nonsense)? else {
            let partial = !self.incoming.is_empty();
            let since = self.stalled.incoming.or_else(|| Some(Instant::now()));
            self.stalled.incoming = since.filter(|_| partial);
            return Ok(None);
        };
        let frame = frame::decode(&octets).map_err(|_| Broken::Nonsense);
        octets.as_mut().zeroize();
        self.stalled.incoming = None;
        frame.map(Some)
    }

    fn read(&mut self) -> Result<(), Broken> {
        self.incoming.reserve(8 * 1024);
        match self.stream.try_read_buf(&mut self.incoming) {
            Ok(0) => Err(Broken::Closed),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(_) => Err(Broken::Closed),
        }
    }

    fn write(&mut self) -> Result<(), Broken> {
        while !self.outgoing.is_empty() {
            match self.stream.try_write(&self.outgoing) {
                Ok(written) => {
                    if let Some(sent) = self.outgoing.get_mut(..written) {
                        sent.zeroize();
                    }
                    self.outgoing.advance(written);
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

impl Drop for Link {
    fn drop(&mut self) {
        self.incoming.as_mut().zeroize();
        self.outgoing.as_mut().zeroize();
    }
}
