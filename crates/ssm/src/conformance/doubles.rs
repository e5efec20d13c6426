//! Doubles of a security manager, for media controllers to be tested with.
//!
//! Each offers `RTP/SAVP` with one slot and takes the same; they differ in what they hand out.

use crate::{
    Attribute, Call, Guard, Handshake, Line, LineSecurity, MediaGuard, MediaSecurity, Open, Opener,
    Overhead, PacketError, Profile, Refused, SLOT, Sealer,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Hands out a handshake that never ends: no packet may leave meanwhile, and none be opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hanging;

/// Hands out a handshake that ends once its gate is open; media are in the clear then.
#[derive(Clone, Debug, Default)]
pub struct Late(pub Gate);

/// Hands out halves that say more than there is: lengths beyond the buffer, and of packets that they never
/// looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lying;

/// Hands out halves that do nothing but fail so.
#[derive(Clone, Copy, Debug)]
pub struct Failing(pub PacketError);

/// What [`Late`] waits for. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    /// Lets handshakes end from now on.
    pub fn open(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How often a handshake that waits wants to be asked.
const AGAIN: Duration = Duration::from_millis(50);

fn line() -> LineSecurity {
    let value = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{SLOT}");
    let attributes = vec![Attribute { name: "crypto".to_owned(), value }];
    LineSecurity { profile: Profile::Savp, attributes }
}

macro_rules! double {
    ($name:ty, |$double:ident| $guard:expr) => {
        impl MediaSecurity for $name {
            fn offer(&self, _: Call, _: Line) -> Result<LineSecurity, Refused> {
                Ok(line())
            }

            fn answer(
                &self, _: Call, _: Line, offered: &LineSecurity,
            ) -> Result<LineSecurity, Refused> {
                if *offered == line() { Ok(line()) } else { Err(Refused::Profile) }
            }

            fn judge(&self, _: Call, _: Line, answered: &LineSecurity) -> Result<(), Refused> {
                if *answered == line() { Ok(()) } else { Err(Refused::Downgrade) }
            }

            fn guard(&self, _: Call, _: Line) -> Result<Guard, Refused> {
                let $double = self;
                Ok($guard)
            }
        }
    };
}

double!(Hanging, |_hanging| Guard::Handshake(Box::new(Waiting::default())));
double!(Late, |late| Guard::Handshake(Box::new(Waiting { gate: Some(late.0.clone()), due: None })));
double!(Lying, |lying| halves(*lying));
double!(Failing, |failing| halves(*failing));

fn halves(half: impl Sealer + Opener + Copy + 'static) -> Guard {
    Guard::Ready(MediaGuard { sealer: Box::new(half), opener: Box::new(half) })
}

#[derive(Default)]
struct Waiting {
    /// `None`: for ever, or nothing is to be said any more.
    gate: Option<Gate>,
    due: Option<Instant>,
}

impl Handshake for Waiting {
    fn on_timeout(&mut self, now: Instant) {
        self.due = self.gate.as_ref().map(|_| now + AGAIN);
    }

    fn on_datagram(&mut self, _: Instant, _: &[u8]) {}

    fn poll_datagram(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    fn poll_outcome(&mut self) -> Option<Result<MediaGuard, Refused>> {
        let is_open = |gate: &mut Gate| gate.0.load(Ordering::Relaxed);
        self.gate.take_if(is_open)?;
        self.due = None;
        Some(Ok(MediaGuard { sealer: Box::new(Open), opener: Box::new(Open) }))
    }
}

impl Sealer for Lying {
    fn overhead(&self) -> Overhead {
        Overhead { rtp: 1, rtcp: 1 }
    }

    fn seal_rtp(&mut self, buffer: &mut [u8], _: usize) -> Result<usize, PacketError> {
        Ok(buffer.len() + 1_000)
    }

    fn seal_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, PacketError> {
        self.seal_rtp(buffer, length)
    }
}

impl Opener for Lying {
    fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError> {
        Ok(packet.len() + 1_000)
    }

    fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError> {
        self.open_rtp(packet)
    }
}

impl Sealer for Failing {
    fn overhead(&self) -> Overhead {
        Overhead { rtp: 0, rtcp: 0 }
    }

    fn seal_rtp(&mut self, _: &mut [u8], _: usize) -> Result<usize, PacketError> {
        Err(self.0)
    }

    fn seal_rtcp(&mut self, _: &mut [u8], _: usize) -> Result<usize, PacketError> {
        Err(self.0)
    }
}

impl Opener for Failing {
    fn open_rtp(&mut self, _: &mut [u8]) -> Result<usize, PacketError> {
        Err(self.0)
    }

    fn open_rtcp(&mut self, _: &mut [u8]) -> Result<usize, PacketError> {
        Err(self.0)
    }
}
