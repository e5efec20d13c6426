//! Toys for the tests. A guard: every octet but the first two, which say what a
//! packet is, is flipped, and a tag of four octets
//! stands at the end. It protects nothing; it shows that the controller cannot tell.
//! And a handshake that ends as a test says.

use ssm::{
    Attribute, Call, Guard, Handshake, Line, LineSecurity, MediaGuard, MediaSecurity, Opener,
    Overhead, PacketError, Profile, Refused, Sealer,
};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

const TAG: usize = 4;

/// Offers `RTP/SAVP` with a slot, and hands out the toy.
pub(crate) struct Toy {
    /// Whether the peer counts as authenticated.
    pub(crate) authenticated: bool,
}

impl Toy {
    pub(crate) fn new() -> Self {
        Self { authenticated: true }
    }

    fn line() -> LineSecurity {
        LineSecurity {
            profile: Profile::Savp,
            attributes: vec![Attribute {
                name: "crypto".to_owned(),
                value: "1 AES_CM_128_HMAC_SHA1_80 inline:{slot}".to_owned(),
            }],
        }
    }
}

impl MediaSecurity for Toy {
    fn offer(&self, _: Call, _: Line) -> Result<LineSecurity, Refused> {
        Ok(Self::line())
    }

    fn answer(&self, _: Call, _: Line, offered: &LineSecurity) -> Result<LineSecurity, Refused> {
        if *offered == Self::line() { Ok(Self::line()) } else { Err(Refused::Profile) }
    }

    fn judge(&self, _: Call, _: Line, answered: &LineSecurity) -> Result<(), Refused> {
        if *answered == Self::line() { Ok(()) } else { Err(Refused::Downgrade) }
    }

    fn guard(&self, _: Call, _: Line) -> Result<Guard, Refused> {
        if !self.authenticated {
            return Err(Refused::NotAuthenticated);
        }
        Ok(Guard::Ready(MediaGuard { sealer: Box::new(Flip), opener: Box::new(Flip) }))
    }
}

pub(crate) struct Flip;

impl Flip {
    fn tag(packet: &[u8]) -> [u8; TAG] {
        packet
            .iter()
            .fold(7_u32, |tag, octet| tag.wrapping_mul(31) ^ u32::from(*octet))
            .to_be_bytes()
    }
}

impl Sealer for Flip {
    fn overhead(&self) -> Overhead {
        Overhead { rtp: TAG, rtcp: TAG }
    }

    fn seal_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, PacketError> {
        let sealed = buffer.get_mut(..length + TAG).ok_or(PacketError::NoRoom)?;
        let (packet, tag) = sealed.split_at_mut(length);
        packet.iter_mut().skip(2).for_each(|octet| *octet ^= 0x5a);
        tag.copy_from_slice(&Self::tag(packet));
        Ok(length + TAG)
    }

    fn seal_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, PacketError> {
        self.seal_rtp(buffer, length)
    }
}

impl Opener for Flip {
    fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError> {
        let length = packet.len().checked_sub(TAG).ok_or(PacketError::Malformed)?;
        let (packet, tag) = packet.split_at_mut(length);
        if *tag != Self::tag(packet) {
            return Err(PacketError::NotAuthentic);
        }
        packet.iter_mut().skip(2).for_each(|octet| *octet ^= 0x5a);
        Ok(length)
    }

    fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError> {
        self.open_rtp(packet)
    }
}

/// What the next guard is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scripted {
    /// A handshake.
    #[default]
    Handshake,
    /// That of before.
    Kept,
}

/// How a handshake goes, as a test says; and what was seen of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script(Arc<Mutex<Scene>>);

#[derive(Debug, Default)]
struct Scene {
    next: Scripted,
    /// With the next datagram that comes in.
    ends: Option<Result<(), Refused>>,
    taken: usize,
    moved: usize,
}

impl Script {
    pub(crate) fn security(&self) -> impl MediaSecurity + use<> {
        Shaken(self.clone())
    }

    pub(crate) fn next(&self, next: Scripted) {
        self.scene().next = next;
    }

    pub(crate) fn ends(&self, how: Result<(), Refused>) {
        self.scene().ends = Some(how);
    }

    pub(crate) fn taken(&self) -> usize {
        self.scene().taken
    }

    pub(crate) fn moved(&self) -> usize {
        self.scene().moved
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        self.0.lock().unwrap()
    }
}

struct Shaken(Script);

impl MediaSecurity for Shaken {
    fn offer(&self, _: Call, _: Line) -> Result<LineSecurity, Refused> {
        Ok(LineSecurity { profile: Profile::TlsSavp, attributes: Vec::new() })
    }

    fn answer(&self, call: Call, line: Line, _: &LineSecurity) -> Result<LineSecurity, Refused> {
        self.offer(call, line)
    }

    fn judge(&self, _: Call, _: Line, _: &LineSecurity) -> Result<(), Refused> {
        Ok(())
    }

    fn moved(&self, _: Call, _: Line) {
        self.0.scene().moved += 1;
    }

    fn guard(&self, _: Call, _: Line) -> Result<Guard, Refused> {
        Ok(match self.0.scene().next {
            Scripted::Kept => Guard::Kept,
            Scripted::Handshake => Guard::Handshake(Box::new(Shake {
                script: self.0.clone(),
                until: None,
                due: None,
                waiting: 0,
                outcome: None,
            })),
        })
    }
}

/// Sends a record every half second, answers each, and gives up after ten seconds.
struct Shake {
    script: Script,
    until: Option<Instant>,
    due: Option<Instant>,
    waiting: usize,
    outcome: Option<Result<(), Refused>>,
}

impl Handshake for Shake {
    fn on_timeout(&mut self, now: Instant) {
        let until = *self.until.get_or_insert(now + Duration::from_secs(10));
        self.due = (now < until).then_some(now + Duration::from_millis(500));
        if now < until {
            self.waiting += 1;
        } else {
            self.outcome = Some(Err(Refused::Handshake));
        }
    }

    fn on_datagram(&mut self, _: Instant, _: &[u8]) {
        let mut scene = self.script.scene();
        scene.taken += 1;
        self.waiting += 1;
        if let Some(how) = scene.ends.take() {
            (self.outcome, self.due) = (Some(how), None);
        }
    }

    fn poll_datagram(&mut self) -> Option<Vec<u8>> {
        self.waiting = self.waiting.checked_sub(1)?;
        Some(vec![22, 0])
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    fn poll_outcome(&mut self) -> Option<Result<MediaGuard, Refused>> {
        let guard = || MediaGuard { sealer: Box::new(Flip), opener: Box::new(Flip) };
        Some(self.outcome.take()?.map(|()| guard()))
    }
}
