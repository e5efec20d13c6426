//! One connection: read, written, and held to its times.

use super::config::Config;
use crate::manager::{Arrival, Flow, Hop, SenderId};
use crate::{FrameError, Framed, Limits, Message, StreamFramer};
use bytes::{Buf, Bytes};
use net::{Connection, FlowId, Transport};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Octets that may wait to be written to one connection; a peer that reads nothing is cut off.
pub(super) const MAX_WAITING: usize = 256 * 1024;

/// How long a connection that is read no more may take to write what waits for it.
pub(super) const FLUSH: Duration = Duration::from_secs(2);

/// Where something goes, and the host name that was found there.
pub(super) type Way = (Hop, Option<Arc<str>>);

/// Something to send, and who waits for it.
pub(super) type Parcel = (Bytes, SenderId);

/// What happened on the connections.
pub(super) enum Happened {
    /// A message came in.
    Message(Arrival, Box<Message>),
    /// What this sender gave was not sent.
    Unsent(SenderId),
    /// No connection could be opened for what these senders gave.
    Unconnected { senders: Vec<SenderId>, reason: String },
    /// Something came over a connection after a ping of ours; whether it was a pong.
    Alive { flow: FlowId, is_pong: bool },
    /// A connection was closed.
    Closed { flow: FlowId, remote: SocketAddr, name: Option<Arc<str>> },
}

/// An open connection.
pub(super) struct Stream {
    connection: Box<dyn Connection>,
    /// Whether its place is one of ours.
    pub(super) ours: bool,
    /// The host name that it was opened for; none for an address, and where the peer opened it.
    pub(super) name: Option<Arc<str>>,
    framer: StreamFramer,
    /// Our address, as peers know it.
    local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) transport: Transport,
    pub(super) waiting: VecDeque<Parcel>,
    /// Whether a ping of ours was sent, and nothing has come since.
    pub(super) pinged: bool,
    /// Whether a message has come over it.
    pub(super) spoke: bool,
    /// When the last message passed, or it was found to be in use. What only keeps a connection
    /// alive (RFC 5626 §3.5.1) does not count: one that is in use is kept without it.
    pub(super) used: Instant,
    /// Since when part of a message is there.
    pub(super) partial: Option<Instant>,
    /// It is read no more, and closed once the answers to what was read are written, or then.
    pub(super) closing: Option<Instant>,
}

impl Stream {
    /// A connection that was accepted: who opened one says so afterwards.
    pub(super) fn new(
        now: Instant, connection: Box<dyn Connection>, local: SocketAddr, limits: Limits,
    ) -> Self {
        Self {
            ours: false,
            name: None,
            framer: StreamFramer::new(limits),
            local,
            remote: connection.peer_addr(),
            transport: connection.transport(),
            connection,
            waiting: VecDeque::new(),
            pinged: false,
            spoke: false,
            used: now,
            partial: None,
            closing: None,
        }
    }

    /// Reads what is there; false: nothing more can be read.
    pub(super) fn read(
        &mut self, cx: &mut Context<'_>, now: Instant, flow: FlowId, chunk: &mut [u8],
        happened: &mut VecDeque<Happened>,
    ) -> bool {
        // A bounded number of rounds: other connections have their turn.
        for _ in 0..4 {
            let count = match self.connection.poll_read(cx, chunk) {
                Poll::Pending => return true,
                Poll::Ready(Ok(count)) if count > 0 => count,
                Poll::Ready(Ok(_) | Err(_)) => return false,
            };
            self.framer.push(chunk.get(..count).unwrap_or_default());
            let mut ended = self.connection.ends_message();
            loop {
                match self.next(&mut ended) {
                    Ok(Some(Framed::Message(message))) => {
                        happened.push_back(Happened::Message(self.arrival(flow), message));
                        self.partial = None;
                        (self.spoke, self.used) = (true, now);
                    }
                    // RFC 5626 §3.5.1: a ping of two CRLFs gets a pong of one.
                    Ok(Some(Framed::KeepAlive)) => self.pong(),
                    Ok(None) => break,
                    Err(_) => return false,
                }
            }
            if std::mem::take(&mut self.pinged) {
                let is_pong = self.framer.take_pong();
                happened.push_back(Happened::Alive { flow, is_pong });
            }
            self.partial = self.framer.is_partial().then(|| self.partial.unwrap_or(now));
        }
        cx.waker().wake_by_ref();
        true
    }

    /// What comes next of what was read: over a WebSocket, whose messages are the stack's, once one
    /// has `ended`. RFC 7118 §5.
    fn next(&mut self, ended: &mut bool) -> Result<Option<Framed>, FrameError> {
        match (self.transport.is_websocket(), std::mem::take(ended)) {
            (false, _) => self.framer.next(),
            (true, true) => self.framer.whole(),
            (true, false) => Ok(None),
        }
    }

    /// The connection, as the core knows it.
    pub(super) fn flow(&self, id: FlowId) -> Flow<'_> {
        Flow { id, remote: self.remote, name: self.name.as_deref() }
    }

    const fn arrival(&self, flow: FlowId) -> Arrival {
        let (source, local, transport) = (self.remote, self.local, self.transport);
        Arrival { source, local, transport, flow }
    }

    fn pong(&mut self) {
        if self.waiting.len() < 16 {
            self.waiting.push_back((Bytes::from_static(b"\r\n"), SenderId::NOBODY));
        }
    }

    /// Writes what waits; false: the connection is of no more use.
    pub(super) fn write(&mut self, cx: &mut Context<'_>) -> bool {
        while let Some((octets, _)) = self.waiting.front_mut() {
            match self.connection.poll_write(cx, octets) {
                Poll::Ready(Ok(count)) => octets.advance(count.min(octets.len())),
                Poll::Ready(Err(_)) => return false,
                Poll::Pending => break,
            }
            if octets.is_empty() {
                self.waiting.pop_front();
            }
        }
        waiting(&self.waiting) <= MAX_WAITING
    }

    pub(super) fn is_in_time(
        &mut self, now: Instant, config: &Config, in_use: impl Fn(&Self) -> bool,
    ) -> bool {
        if let Some(end) = self.closing {
            return now < end;
        }
        let slow = self.partial.is_some_and(|since| now >= since + config.partial);
        let idle = now >= self.used + config.idle;
        if idle && in_use(self) {
            self.used = now;
            return !slow;
        }
        !slow && !idle
    }
}

/// The octets that wait.
pub(super) fn waiting<'a>(parcels: impl IntoIterator<Item = &'a Parcel>) -> usize {
    parcels.into_iter().map(|(octets, _)| octets.len()).sum()
}
