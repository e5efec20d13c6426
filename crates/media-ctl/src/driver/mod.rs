//! The session's driver: one task over `net::Runtime` and `net::Network`, and the handle that the
//! telephony application holds.
//!
//! ```text
//!   application ── MediaSession (Clone) ──┐ lock, call the core, wake
//!                                         ▼
//!                     Mutex<core, sockets, source, sink> ◀── task: receive, tick, transmit
//! ```

mod ports;
mod relays;
mod shared;
mod sockets;
mod task;
#[cfg(test)]
mod tests;

use crate::audio::{AudioSink, AudioSource, Ends};
use crate::format::Dtmf;
use crate::sdp::Direction;
use crate::{Error, Event, MediaConfig, RelayLoss, Session, Stats};
pub use ports::Ports;
use shared::Shared;
use sockets::Sockets;
use ssm::MediaSecurity;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use task::Task;

/// A media session over sockets of its own; a handle that can be cloned.
///
/// When the last clone is dropped, the session stops.
#[derive(Clone)]
pub struct MediaSession {
    handle: Arc<Handle>,
}

struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        // Who wants to know whether the recording was kept calls `stop`.
        let _ = self.0.stop();
    }
}

impl fmt::Debug for MediaSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaSession({})", self.local_rtp())
    }
}

impl MediaSession {
    /// Binds a pair of ports, even for RTP and the next for RTCP (RFC 3550 §11), and spawns the
    /// session's task. Nothing is sent or accepted before [`start`](Self::start).
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for an unspecified address of ours;
    /// [`io::ErrorKind::AddrInUse`] if no pair was found in 32 tries; what the system says.
    pub fn open(
        ports: &Ports, config: MediaConfig, source: Box<dyn AudioSource>, sink: Box<dyn AudioSink>,
    ) -> io::Result<Self> {
        if config.told().is_unspecified() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let sockets = Sockets::bind(&*ports.network, config.local_ip)?;
        let rtp = sockets.rtp.local_addr();
        let mut session = Session::new(config, rtp.port(), sockets.rtcp_port());
        session.gather(ports.runtime.now());
        let shared = Arc::new(Shared::new(ports.clone(), session, sockets, Ends { source, sink }));
        shared.signal("open", false, format!("RTP at {rtp}"));
        ports.runtime.spawn(Box::pin(Task::new(Arc::clone(&shared))));
        Ok(Self { handle: Arc::new(Handle(shared)) })
    }

    /// Asks these servers in place of those of the configuration, as soon as their addresses are known
    /// and before an offer or an answer is made. Without ICE, nobody is asked.
    #[cfg(feature = "ice")]
    pub fn ask(&self, servers: &crate::IceServers) {
        let now = self.shared().ports.runtime.now();
        let mut inner = self.shared().lock();
        inner.session.ask(servers, now);
        inner.wake();
    }

    /// Waits until the servers that were configured have said where we may be reached: 3 s at most. An
    /// offer or an answer that is made sooner has only what is known by then; without ICE, and without
    /// servers, all is known at once.
    pub async fn gathered(&self) {
        poll_fn(|cx| self.shared().lock().poll_gathered(cx)).await;
    }

    /// Takes an [`Event::RelayLost`] that waits to be asked for, if any does: once servers have been
    /// [asked](Self::gathered), no relay of theirs is there.
    pub fn relay_loss(&self) -> Option<RelayLoss> {
        self.shared().lock().take_relay_loss()
    }

    /// Such a loss in words for a user: what its connection failed of, where it failed.
    pub fn relay_trouble(&self, loss: RelayLoss) -> String {
        let inner = self.shared().lock();
        let trouble = inner.relay_trouble().filter(|_| loss == RelayLoss::Disconnected);
        trouble.map_or_else(|| loss.to_string(), str::to_owned)
    }

    /// Makes an offer: a complete `application/sdp` body, slots in place of keys.
    ///
    /// # Errors
    /// An offer waits for its answer, or the manager forbids media in this call.
    pub fn offer(&self) -> Result<Vec<u8>, Error> {
        self.observe(
            "offer",
            String::new(),
            |session, security| session.offer(security),
            |body| media_lines(body),
        )
    }

    /// Answers the peer's offer, the first or a later one.
    ///
    /// # Errors
    /// [`Error::status`] is the status that the offer is owed; what was agreed before stays.
    pub fn answer(&self, offer: &[u8]) -> Result<Vec<u8>, Error> {
        self.observe(
            "answer",
            media_lines(offer),
            |session, security| session.answer(security, offer),
            |body| media_lines(body),
        )
    }

    /// Takes the peer's answer to our offer.
    ///
    /// # Errors
    /// It cannot be accepted: the call is to be ended. What was agreed before stays.
    pub fn accept_answer(&self, answer: &[u8]) -> Result<(), Error> {
        self.observe(
            "accept_answer",
            media_lines(answer),
            |session, security| session.accept_answer(security, answer),
            |()| String::new(),
        )
    }

    /// Takes an answer that came before the call is answered, in a provisional response, for
    /// [`start_early`](Self::start_early). RFC 3960 §3.
    ///
    /// # Errors
    /// It cannot be accepted: the call goes on without early media.
    pub fn accept_early_answer(&self, answer: &[u8]) -> Result<(), Error> {
        self.observe(
            "accept_early_answer",
            media_lines(answer),
            |session, security| session.accept_early_answer(security, answer),
            |()| String::new(),
        )
    }

    /// Forgets our offer, because the request that carried it was refused.
    pub fn withdraw_offer(&self) {
        self.shared().lock().session.withdraw_offer();
    }

    /// Says, once the peer is known, whether its signalling is on loopback: only then may its
    /// media be. Holds from the next description of the peer on.
    pub fn set_peer_on_loopback(&self, on_loopback: bool) {
        self.shared().lock().session.set_peer_on_loopback(on_loopback);
    }

    /// Says that the peer is there, as its signalling in the call shows: media that does not come is
    /// silence for now, and the time that it may last begins anew.
    pub fn on_signalling(&self) {
        let now = self.shared().ports.runtime.now();
        self.shared().lock().session.on_signalling(now);
    }

    /// From our next offer or answer on, the peer is on hold (`a=sendonly`, silence) or no
    /// longer. Offer and answer anew, then [`start`](Self::start), for it to take effect.
    pub fn set_hold(&self, hold: bool) {
        self.shared().lock().session.set_hold(hold);
    }

    /// From now on silence is sent in place of the source, which waits meanwhile, or no longer. The
    /// peer is told nothing.
    pub fn set_mute(&self, mute: bool) {
        self.shared().lock().session.set_mute(mute);
    }

    /// Puts other ends in the place of source and sink, between two frames: such as those of a
    /// [`Seat`](crate::audio::Seat), or those that came back from it. Where the session has stopped,
    /// nothing is asked for: its ends were finished.
    pub fn exchange_ends(&self, exchange: impl FnOnce(Ends) -> Ends) {
        self.shared().lock().exchange_ends(exchange);
    }

    /// Presses a key of a telephone: a named event that takes 240 ms (RFC 4733), until
    /// [`Event::KeySent`] or [`Event::KeyNotSent`]. `false` where it cannot be sent: media does not flow
    /// to the peer, or it takes no such events, or another key is under way.
    pub fn press(&self, key: Dtmf) -> bool {
        self.shared().lock().session.press(key)
    }

    /// Which way media flows, seen from this side; `None` before it was started.
    pub fn direction(&self) -> Option<Direction> {
        self.shared().lock().session.agreement().map(|agreement| agreement.direction)
    }

    /// Starts media as agreed, once the call is authenticated; after a later offer and answer,
    /// goes over to what was agreed anew. Asks the manager for the guard.
    ///
    /// # Errors
    /// The manager gives no guard; what ran before goes on.
    pub fn start(&self) -> Result<(), Error> {
        self.start_by("start", Session::start)
    }

    /// The same before the call is answered: the peer is heard, and hears silence until
    /// [`start`](Self::start). RFC 3960 §3.
    ///
    /// # Errors
    /// As those of [`start`](Self::start), which may be tried all the same.
    pub fn start_early(&self) -> Result<(), Error> {
        self.start_by("start_early", Session::start_early)
    }

    fn start_by(
        &self, name: &'static str,
        start: fn(&mut Session, &dyn MediaSecurity, Instant) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let now = self.shared().ports.runtime.now();
        let local = self.local_rtp();
        self.observe(
            name,
            String::new(),
            |session, security| {
                start(session, security, now)?;
                Ok(session.agreement().map(|agreement| agreement.profile))
            },
            |profile| profile.map_or_else(String::new, |p| format!("{} at {local}", p.name())),
        )?;
        let mut inner = self.shared().lock();
        // What is to leave by a socket that goes.
        inner.transmit();
        inner.sort_sockets(&*self.shared().ports.network);
        inner.wake();
        Ok(())
    }

    /// Says BYE, ends the task, closes the ports and finishes the sink. May be called again.
    ///
    /// # Errors
    /// What [`AudioSink::finish`] says; the media has stopped, and [`stats`](Self::stats) stay.
    pub fn stop(&self) -> io::Result<Stats> {
        self.shared().signal("stop", false, String::new());
        self.shared().stop()
    }

    /// What was counted up to now.
    pub fn stats(&self) -> Stats {
        self.shared().lock().session.stats()
    }

    /// The next event, or `None` once the session has stopped. For one waiter at a time.
    pub async fn event(&self) -> Option<Event> {
        poll_fn(|cx| self.shared().lock().poll_event(cx)).await
    }

    /// The address that RTP is received at.
    pub fn local_rtp(&self) -> SocketAddr {
        self.shared().local_rtp
    }

    fn shared(&self) -> &Shared {
        &self.handle.0
    }

    /// Takes a step of the core, and shows it to the observer in both directions.
    fn observe<T>(
        &self, name: &'static str, asked: String,
        step: impl FnOnce(&mut Session, &dyn MediaSecurity) -> Result<T, Error>,
        show: impl FnOnce(&T) -> String,
    ) -> Result<T, Error> {
        let shared = self.shared();
        shared.signal(name, false, asked);
        let result = step(&mut shared.lock().session, &*shared.ports.security);
        let detail = result.as_ref().map_or_else(ToString::to_string, show);
        shared.signal(name, true, detail);
        result
    }
}

/// A description's media lines, for the ladder: they carry no key.
fn media_lines(body: &[u8]) -> String {
    let lines =
        body.split(|octet| matches!(octet, b'\r' | b'\n')).filter(|line| line.starts_with(b"m="));
    let shown: Vec<_> = lines
        .take(crate::sdp::MAX_MEDIA_LINES)
        .map(|line| line.get(..80).unwrap_or(line).escape_ascii().to_string())
        .collect();
    shown.join(", ")
}
