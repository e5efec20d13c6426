//! What protects a line's packets: ready, or at the end of a handshake on the media path.

use crate::{MediaGuard, Opener, Refused, Sealer};
use std::time::Instant;

/// What protects a line's packets.
#[derive(Debug)]
pub enum Guard {
    /// The keys are there: both halves may be used at once.
    Ready(MediaGuard),
    /// The keys come of a handshake on the media path, as with DTLS-SRTP. RFC 5764.
    ///
    /// Until it has ended, no packet is sent and none is opened.
    Handshake(Box<dyn Handshake>),
    /// What leaves is sealed by this; what comes in is opened as before, since the peer has kept its key,
    /// and goes on counting under it. RFC 3711 §3.3.1, RFC 4568 §7.1.4.
    Sealer(Box<dyn Sealer>),
    /// What comes in is opened by this; what leaves is sealed as before, since our key is the same: the
    /// same offer was answered otherwise, by another who was called or by the same one later.
    Opener(Box<dyn Opener>),
    /// What was handed out before goes on, a handshake that still runs included: the peer has
    /// negotiated anew without wanting other keys. RFC 8842 §3.1.
    Kept,
}

impl Guard {
    /// What it is, for a ladder.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ready(_) => "sealer and opener",
            Self::Handshake(_) => "a handshake",
            Self::Sealer(_) => "sealer",
            Self::Opener(_) => "opener",
            Self::Kept => "as before",
        }
    }

    /// The two halves of a guard that needs no handshake.
    ///
    /// # Errors
    /// [`Refused::Handshake`] of one that does, or did, and of one that changes what was handed out, for a
    /// media controller that drives none and starts media once.
    pub fn ready(self) -> Result<MediaGuard, Refused> {
        match self {
            Self::Ready(guard) => Ok(guard),
            Self::Handshake(_) | Self::Sealer(_) | Self::Opener(_) | Self::Kept => {
                Err(Refused::Handshake)
            }
        }
    }
}

/// A handshake on the media path. It has no socket, no clock and no task of its own.
///
/// It ends in a guard: in the two halves, or, where a manager in a process of its own hands it out, in
/// what these are made of on the other side.
///
/// Whoever drives it gives it the datagrams whose first octet is 20 to 63 (RFC 7983 §7) and sends
/// what it asks for from the socket of the line's RTP. After each input: [`poll_datagram`] until
/// there is none, then [`poll_outcome`], then a timer for [`poll_timeout`]. It is driven on after it
/// has ended: whoever lost its last datagram asks for it again.
///
/// [`poll_datagram`]: Self::poll_datagram
/// [`poll_outcome`]: Self::poll_outcome
/// [`poll_timeout`]: Self::poll_timeout
pub trait Handshake<G = MediaGuard>: Send {
    /// Begins, or takes it that the time of [`poll_timeout`](Self::poll_timeout) has come.
    fn on_timeout(&mut self, now: Instant);

    /// Takes a datagram that came in. What is no part of the handshake is dropped.
    fn on_datagram(&mut self, now: Instant, octets: &[u8]);

    /// The next datagram to send.
    fn poll_datagram(&mut self) -> Option<Vec<u8>>;

    /// When [`on_timeout`](Self::on_timeout) is due, or `None` where nothing is waited for.
    fn poll_timeout(&self) -> Option<Instant>;

    /// How it ended, once: with the two halves, or refused. `None` while it goes on.
    fn poll_outcome(&mut self) -> Option<Result<G, Refused>>;
}

impl<G> std::fmt::Debug for dyn Handshake<G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handshake([redacted])")
    }
}

/// The same handshake, which ends in what `end` makes of what it ended in.
pub fn ending<K: 'static, G: 'static>(
    machine: Box<dyn Handshake<K>>, end: impl FnMut(K) -> Result<G, Refused> + Send + 'static,
) -> Box<dyn Handshake<G>> {
    Box::new(Ending { machine, end })
}

struct Ending<K, E> {
    machine: Box<dyn Handshake<K>>,
    end: E,
}

impl<K, G, E: FnMut(K) -> Result<G, Refused> + Send> Handshake<G> for Ending<K, E> {
    fn on_timeout(&mut self, now: Instant) {
        self.machine.on_timeout(now);
    }

    fn on_datagram(&mut self, now: Instant, octets: &[u8]) {
        self.machine.on_datagram(now, octets);
    }

    fn poll_datagram(&mut self) -> Option<Vec<u8>> {
        self.machine.poll_datagram()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.machine.poll_timeout()
    }

    fn poll_outcome(&mut self) -> Option<Result<G, Refused>> {
        let outcome = self.machine.poll_outcome()?;
        Some(outcome.and_then(&mut self.end))
    }
}
