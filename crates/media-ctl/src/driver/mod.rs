//! The session's driver: one task over `net::Runtime` and `net::Network`, and the handle that the
//! telephony application holds.
//!
//! ```text
//!   application ── MediaSession (Clone) ──┐ lock, call the core, wake
//!                                         ▼
//!                     Mutex<core, sockets, source, sink> ◀── task: receive, tick, transmit
//! ```

use crate::audio::{AudioSink, AudioSource};
use crate::{Error, Event, MediaConfig, Sink, Stats};
use net::{Network, Runtime};
use ssm::MediaSecurity;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a session is given to work with.
#[derive(Clone)]
pub struct Ports {
    /// Clock and scheduler.
    pub runtime: Arc<dyn Runtime>,
    /// Sockets.
    pub network: Arc<dyn Network>,
    /// The security manager.
    pub security: Arc<dyn MediaSecurity>,
    /// Who watches the signals between application and media controller.
    pub observer: Option<Arc<dyn Sink>>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}

/// A media session over sockets of its own; a handle that can be cloned.
#[derive(Clone)]
pub struct MediaSession {
    session: Arc<std::sync::Mutex<crate::Session>>,
    local: SocketAddr,
}

impl fmt::Debug for MediaSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaSession({})", self.local)
    }
}

impl MediaSession {
    /// Binds a pair of ports, even for RTP and the next for RTCP (RFC 3550 §11), and spawns the
    /// session's task. Nothing is sent or accepted before [`start`](Self::start).
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a `local_ip` that no peer can send to;
    /// [`io::ErrorKind::AddrInUse`] if no pair was found in 32 tries; what the system says.
    pub fn open(
        _ports: &Ports, _config: MediaConfig, _source: Box<dyn AudioSource>,
        _sink: Box<dyn AudioSink>,
    ) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Makes an offer: a complete `application/sdp` body, slots in place of keys.
    ///
    /// # Errors
    /// An offer waits for its answer, or the manager forbids media in this call.
    pub fn offer(&self) -> Result<Vec<u8>, Error> {
        Err(crate::Misuse::Stopped.into())
    }

    /// Answers the peer's offer, the first or a later one.
    ///
    /// # Errors
    /// [`Error::status`] is the status that the offer is owed; what was agreed before stays.
    pub fn answer(&self, _offer: &[u8]) -> Result<Vec<u8>, Error> {
        Err(crate::Misuse::Stopped.into())
    }

    /// Takes the peer's answer to our offer.
    ///
    /// # Errors
    /// It cannot be accepted: the call is to be ended. What was agreed before stays.
    pub fn accept_answer(&self, _answer: &[u8]) -> Result<(), Error> {
        Err(crate::Misuse::Stopped.into())
    }

    /// Forgets our offer, because the request that carried it was refused.
    pub fn withdraw_offer(&self) {}

    /// From the next offer on, the peer is on hold (`a=sendonly`, silence) or no longer.
    /// Offer and answer anew, then [`start`](Self::start), for it to take effect.
    pub fn set_hold(&self, _hold: bool) {}

    /// Starts media as agreed, once the call is authenticated; after a later offer and answer,
    /// goes over to what was agreed anew. Asks the manager for the guard.
    ///
    /// # Errors
    /// The manager gives no guard; what ran before goes on.
    pub fn start(&self) -> Result<(), Error> {
        Err(crate::Misuse::Stopped.into())
    }

    /// Says BYE, ends the task, closes the ports and finishes the sink. May be called again.
    ///
    /// # Errors
    /// What [`AudioSink::finish`] says; the media has stopped, and [`stats`](Self::stats) stay.
    pub fn stop(&self) -> io::Result<Stats> {
        Ok(self.stats())
    }

    /// What was counted up to now.
    pub fn stats(&self) -> Stats {
        self.session.lock().map(|s| s.stats()).unwrap_or_default()
    }

    /// The next event, or `None` once the session has stopped. For one waiter at a time.
    pub async fn event(&self) -> Option<Event> {
        None
    }

    /// The address that RTP is received at.
    pub fn local_rtp(&self) -> SocketAddr {
        self.local
    }
}
