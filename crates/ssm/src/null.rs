//! The null implementations: no media at all, and media in the clear.

use crate::{
    Call, Guard, Line, LineSecurity, MediaGuard, MediaSecurity, Opener, Overhead, PacketError,
    Profile, Refused, Sealer,
};

/// Refuses every line and every guard.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deny;

impl MediaSecurity for Deny {
    fn offer(&self, _: Call, _: Line) -> Result<LineSecurity, Refused> {
        Err(Refused::NotAuthenticated)
    }

    fn answer(&self, _: Call, _: Line, _: &LineSecurity) -> Result<LineSecurity, Refused> {
        Err(Refused::NotAuthenticated)
    }

    fn judge(&self, _: Call, _: Line, _: &LineSecurity) -> Result<(), Refused> {
        Err(Refused::NotAuthenticated)
    }

    fn guard(&self, _: Call, _: Line) -> Result<Guard, Refused> {
        Err(Refused::NotAuthenticated)
    }
}

/// Plain RTP: offers and accepts the profiles without protection; as a guard, passes packets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl MediaSecurity for Open {
    fn offer(&self, _: Call, _: Line) -> Result<LineSecurity, Refused> {
        Ok(LineSecurity { profile: Profile::Avp, attributes: Vec::new() })
    }

    fn answer(&self, _: Call, _: Line, offered: &LineSecurity) -> Result<LineSecurity, Refused> {
        if offered.profile.is_by_dtls() {
            return Err(Refused::ByDtls);
        }
        if offered.profile.is_secure() {
            return Err(Refused::Profile);
        }
        Ok(LineSecurity { profile: offered.profile, attributes: Vec::new() })
    }

    fn judge(&self, _: Call, _: Line, answered: &LineSecurity) -> Result<(), Refused> {
        if answered.profile.is_secure() { Err(Refused::Profile) } else { Ok(()) }
    }

    fn guard(&self, _: Call, _: Line) -> Result<Guard, Refused> {
        Ok(Guard::Ready(MediaGuard { sealer: Box::new(Self), opener: Box::new(Self) }))
    }
}

impl Sealer for Open {
    fn overhead(&self) -> Overhead {
        Overhead { rtp: 0, rtcp: 0 }
    }

    fn seal_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, PacketError> {
        if length > buffer.len() { Err(PacketError::NoRoom) } else { Ok(length) }
    }

    fn seal_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, PacketError> {
        self.seal_rtp(buffer, length)
    }
}

impl Opener for Open {
    fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError> {
        Ok(packet.len())
    }

    fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError> {
        Ok(packet.len())
    }
}
