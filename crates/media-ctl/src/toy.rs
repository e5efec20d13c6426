//! A toy guard for the tests: every octet but the first two, which say what a
//! packet is, is flipped, and a tag of four octets
//! stands at the end. It protects nothing; it shows that the controller cannot tell.

use ssm::{
    Attribute, Call, Guard, Line, LineSecurity, MediaGuard, MediaSecurity, Opener, Overhead,
    PacketError, Profile, Refused, Sealer,
};

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
