//! What protects a line's packets: from the start, or once a handshake on their path has ended.
//!
//! ```text
//!   Guard::Ready ───────────────────────────────▶ the guard
//!   Guard::Handshake ─▶ closed: no packet leaves, and none is opened ─▶ the guard, or closed for good
//!   Guard::Sealer, Guard::Opener ───────────────▶ the other half of the guard goes on
//! ```

use ssm::{Guard, Handshake, MediaGuard, Opener, Overhead, PacketError, Refused, Sealer};
use std::net::SocketAddr;
use std::time::Instant;

/// What protects a line's packets.
#[derive(Debug)]
pub(crate) struct Protection {
    pub(super) guard: MediaGuard,
    handshake: Option<Driven>,
    state: State,
}

/// What changes of it with another agreement.
#[derive(Debug)]
pub(crate) enum Rekey {
    /// All of it.
    To(Protection),
    /// By what packets that leave are sealed.
    Sealer(Box<dyn Sealer>),
    /// By what those that come in are opened.
    Opener(Box<dyn Opener>),
    /// Nothing.
    None,
}

impl Rekey {
    /// By what the security manager hands out.
    pub(crate) fn new(guard: Guard, now: Instant) -> Self {
        match guard {
            Guard::Ready(guard) => Self::To(Protection::ready(guard)),
            Guard::Handshake(machine) => Self::To(Protection::by(machine, now)),
            Guard::Sealer(sealer) => Self::Sealer(sealer),
            Guard::Opener(opener) => Self::Opener(opener),
            Guard::Kept => Self::None,
        }
    }

    /// Whether the peer's packets are opened as before.
    pub(super) const fn keeps_opener(&self) -> bool {
        matches!(self, Self::Sealer(_) | Self::None)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Handshaking,
    Ready,
    Failed,
}

/// A handshake that is driven. It is, too, after it has ended: the peer may ask again.
#[derive(Debug)]
struct Driven {
    machine: Box<dyn Handshake>,
    /// Where the peer's datagrams come from, once one has.
    peer: Option<SocketAddr>,
    due: Option<Instant>,
    /// The datagram that is being sent.
    sending: Vec<u8>,
    /// Where it is sent to as well.
    also: Option<SocketAddr>,
}

/// The type of a record of the handshake protocol, its first octet. RFC 5246 §6.2.1.
const HANDSHAKE: u8 = 22;

impl Protection {
    /// By a guard that is there.
    pub(crate) const fn ready(guard: MediaGuard) -> Self {
        Self { guard, handshake: None, state: State::Ready }
    }

    /// By the guard that a handshake ends in, which begins now.
    pub(crate) fn by(machine: Box<dyn Handshake>, now: Instant) -> Self {
        let driven =
            Driven { machine, peer: None, due: Some(now), sending: Vec::new(), also: None };
        let guard = MediaGuard { sealer: Box::new(Closed), opener: Box::new(Closed) };
        Self { guard, handshake: Some(driven), state: State::Handshaking }
    }

    /// The same after a change.
    pub(super) fn after(mut self, change: Rekey) -> Self {
        match change {
            Rekey::To(protection) => return protection,
            Rekey::Sealer(sealer) => self.guard.sealer = sealer,
            Rekey::Opener(opener) => self.guard.opener = opener,
            Rekey::None => {}
        }
        self
    }

    /// Whether packets may leave and come in.
    pub(crate) fn is_ready(&self) -> bool {
        self.state == State::Ready
    }

    /// Whether no handshake will end in a guard any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.state == State::Failed
    }

    /// Gives a handshake up that the peer has said nothing of. One that it has taken up goes on: it would
    /// not understand another.
    pub(crate) fn give_up_unanswered(&mut self) {
        let is_unanswered = |driven: &mut Driven| driven.peer.is_none();
        if self.state == State::Handshaking && self.handshake.take_if(is_unanswered).is_some() {
            self.state = State::Failed;
        }
    }

    /// When [`on_timeout`](Self::on_timeout) is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.handshake.as_ref().and_then(|driven| driven.due)
    }

    /// Lets the handshake begin or go on, where that is due. How it ended, once.
    pub(super) fn on_timeout(&mut self, now: Instant) -> Option<Result<(), Refused>> {
        let driven = self.handshake.as_mut().filter(|it| it.due.is_some_and(|due| due <= now))?;
        driven.machine.on_timeout(now);
        self.settle()
    }

    /// Takes a datagram of the handshake: from where it was agreed, which is where the peer is then, or,
    /// where `anyone` may be it, from the first that begins one. How it ended, once; an error without
    /// one for what is dropped.
    pub(super) fn on_datagram(
        &mut self, now: Instant, (source, agreed): (SocketAddr, bool), octets: &[u8], anyone: bool,
    ) -> Result<Option<Result<(), Refused>>, Stranger> {
        let driven = self.handshake.as_mut().ok_or(Stranger)?;
        let begins = anyone && octets.first() == Some(&HANDSHAKE);
        let known = driven.peer.map_or(begins, |peer| peer == source);
        if !agreed && !known {
            return Err(Stranger);
        }
        // Once it has ended, it is known with whom.
        if self.state == State::Handshaking {
            driven.peer = Some(source);
        }
        driven.machine.on_datagram(now, octets);
        Ok(self.settle())
    }

    fn settle(&mut self) -> Option<Result<(), Refused>> {
        let driven = self.handshake.as_mut()?;
        driven.due = driven.machine.poll_timeout();
        Some(match driven.machine.poll_outcome()? {
            Ok(guard) => {
                (self.guard, self.state) = (guard, State::Ready);
                Ok(())
            }
            Err(refused) => {
                self.state = State::Failed;
                Err(refused)
            }
        })
    }

    /// Takes up the handshake's next datagram, and says where to it is sent: to where the peer has shown
    /// to be, and until that is proved by its end, to where it was `agreed` as well.
    pub(super) fn poll_datagram(&mut self, agreed: SocketAddr) -> Option<SocketAddr> {
        let driven = self.handshake.as_mut()?;
        if let Some(also) = driven.also.take() {
            return Some(also);
        }
        driven.sending = driven.machine.poll_datagram()?;
        let peer = driven.peer.unwrap_or(agreed);
        let unproved = self.state == State::Handshaking && peer != agreed;
        driven.also = unproved.then_some(agreed);
        Some(peer)
    }

    /// The datagram that was taken up.
    pub(super) fn sending(&self) -> &[u8] {
        self.handshake.as_ref().map_or(&[], |driven| &driven.sending)
    }
}

/// A datagram of a handshake that nobody here has with its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stranger;

/// The guard until there is one: nothing leaves, and nothing is opened.
#[derive(Debug)]
struct Closed;

impl Sealer for Closed {
    fn overhead(&self) -> Overhead {
        Overhead { rtp: 0, rtcp: 0 }
    }

    fn seal_rtp(&mut self, _: &mut [u8], _: usize) -> Result<usize, PacketError> {
        Err(PacketError::NoKey)
    }

    fn seal_rtcp(&mut self, _: &mut [u8], _: usize) -> Result<usize, PacketError> {
        Err(PacketError::NoKey)
    }
}

impl Opener for Closed {
    fn open_rtp(&mut self, _: &mut [u8]) -> Result<usize, PacketError> {
        Err(PacketError::NoKey)
    }

    fn open_rtcp(&mut self, _: &mut [u8]) -> Result<usize, PacketError> {
        Err(PacketError::NoKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::Flip;

    const PACKET: [u8; 12] = [0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2];

    /// Whether a packet can be sealed, and one opened that the toy has sealed.
    fn halves(protection: &mut Protection) -> [bool; 2] {
        let mut buffer = [PACKET.as_slice(), &[0; 4]].concat();
        let seals = protection.guard.sealer.seal_rtp(&mut buffer, PACKET.len()).is_ok();
        let mut buffer = [PACKET.as_slice(), &[0; 4]].concat();
        Flip.seal_rtp(&mut buffer, PACKET.len()).unwrap();
        [seals, protection.guard.opener.open_rtp(&mut buffer).is_ok()]
    }

    #[test]
    fn one_half_changes_and_the_other_goes_on() {
        #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
        let now = Instant::now();
        let toy = || MediaGuard { sealer: Box::new(Flip), opener: Box::new(Flip) };
        let closed = || MediaGuard { sealer: Box::new(Closed), opener: Box::new(Closed) };
        for (before, guard, after, keeps) in [
            (toy(), Guard::Sealer(Box::new(Closed)), [false, true], true),
            (toy(), Guard::Opener(Box::new(Closed)), [true, false], false),
            (toy(), Guard::Kept, [true, true], true),
            (closed(), Guard::Ready(toy()), [true, true], false),
        ] {
            let change = Rekey::new(guard, now);
            assert_eq!(change.keeps_opener(), keeps);
            let mut protection = Protection::ready(before).after(change);
            assert_eq!(halves(&mut protection), after);
        }
    }
}
