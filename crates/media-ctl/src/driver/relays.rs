//! The connections that relays are reached by: one a channel, made and closed as the session wants it.
//!
//! ```text
//!   wanted ─▶ opening ─▶ open ─▶ closed: not wanted any more
//!                │         │
//!                └────┬────┘
//!                     ▼
//!                   failed: the session is told, and wants it no more
//! ```
//!
//! What does not leave at once waits: requests up to a bound, and of media a packet that has begun to
//! leave, or is the first. More is lost, as it is by a socket.

use crate::{Channel, RelayConnection, Session};
use net::{BoxFuture, Connection, Network, Transport};
use std::io;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Octets that wait to leave, at most: some twenty requests have 4 kB.
const MAX_WAITING: usize = 16 * 1024;

/// Octets that are read at once.
const CHUNK: usize = 4 * 1024;

/// How often a connection is read in one turn, so that a flood does not hold up the clock.
const READS: usize = 16;

/// The connections of a session.
pub(super) struct Relays {
    links: [Option<Link>; 2],
    /// The task's: what a write waits for wakes it.
    waker: Waker,
    /// What a connection failed of last.
    trouble: Option<String>,
}

struct Link {
    connection: RelayConnection,
    state: State,
    /// What has not left yet.
    waiting: Vec<u8>,
}

enum State {
    Opening(BoxFuture<io::Result<Box<dyn Connection>>>),
    Open(Box<dyn Connection>),
}

impl Relays {
    pub(super) fn new() -> Self {
        Self { links: [None, None], waker: Waker::noop().clone(), trouble: None }
    }

    /// What a connection failed of last, in words.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Opens what is wanted, and closes what is not any more.
    pub(super) fn sort(&mut self, network: &dyn Network, session: &Session) {
        for (channel, link) in Channel::ALL.into_iter().zip(&mut self.links) {
            let wanted = session.connection(channel);
            if link.as_ref().map(|link| &link.connection) != wanted {
                *link = wanted.map(|wanted| Link::open(network, wanted));
            }
        }
    }

    /// Lets all go that can, and hands over what has come. Returns whether there may be more.
    pub(super) fn turn(
        &mut self, now: Instant, cx: &mut Context<'_>, session: &mut Session,
    ) -> bool {
        self.waker.clone_from(cx.waker());
        let mut more = false;
        for (channel, place) in Channel::ALL.into_iter().zip(&mut self.links) {
            let Some(link) = place else { continue };
            match link.turn(cx, |octets| session.on_stream(now, channel, octets)) {
                Ok(again) => more |= again,
                Err(error) => {
                    self.trouble = Some(error.to_string());
                    *place = None;
                    session.on_disconnected(channel);
                }
            }
        }
        more
    }

    /// Sends a message by a channel's connection, at once or as soon as it `may_wait` for; or loses it.
    pub(super) fn send(&mut self, channel: Channel, octets: &[u8], may_wait: bool) {
        let [rtp, rtcp] = &mut self.links;
        let link = match channel {
            Channel::Rtp => rtp,
            Channel::Rtcp => rtcp,
        };
        let Some(link) = link.as_mut().filter(|link| link.has_room(octets.len(), may_wait)) else {
            return;
        };
        link.waiting.extend_from_slice(octets);
        if link.flush(&mut Context::from_waker(&self.waker)).is_err() {
            // The task's next turn finds out why.
            self.waker.wake_by_ref();
        }
    }
}

impl Link {
    fn open(network: &dyn Network, wanted: &RelayConnection) -> Self {
        let RelayConnection { remote, tls, .. } = wanted;
        let transport = if tls.is_some() { Transport::Tls } else { Transport::Tcp };
        let opening = network.connect(transport, *remote, tls.as_deref());
        Self { connection: wanted.clone(), state: State::Opening(opening), waiting: Vec::new() }
    }

    fn has_room(&self, octets: usize, may_wait: bool) -> bool {
        let waits = may_wait && self.waiting.len() + octets <= MAX_WAITING;
        self.waiting.is_empty() || waits
    }

    /// Opens it, writes and reads, as far as that goes.
    fn turn(&mut self, cx: &mut Context<'_>, mut take: impl FnMut(&[u8])) -> io::Result<bool> {
        if let State::Opening(opening) = &mut self.state {
            match opening.as_mut().poll(cx) {
                Poll::Ready(opened) => self.state = State::Open(opened?),
                Poll::Pending => return Ok(false),
            }
        }
        self.flush(cx)?;
        let State::Open(connection) = &mut self.state else { return Ok(false) };
        let mut room = [0; CHUNK];
        for _ in 0..READS {
            match connection.poll_read(cx, &mut room) {
                Poll::Ready(Ok(0)) => {
                    let why = "it closed the connection";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
                }
                Poll::Ready(Ok(count)) => take(room.get(..count).unwrap_or_default()),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Writes what waits, as far as the connection takes it.
    fn flush(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let State::Open(connection) = &mut self.state else { return Ok(()) };
        while !self.waiting.is_empty() {
            match connection.poll_write(cx, &self.waiting) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => drop(self.waiting.drain(..count)),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        Ok(())
    }
}
