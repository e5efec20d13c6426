//! Packets that leave. RFC 3711 §3.3, §3.4.

use super::keys::Stream;
use super::packet::{ENCRYPTED, INDEX, RTCP_HEADER, RtpHeader, rtcp_ssrc};
use super::sources::{Kind, Sources};
use super::transform::{Frame, Transform};
use super::{Suite, WrongKeyLength};
use ssm::{Overhead, PacketError, Sealer};
use std::fmt;

/// Seals RTP and RTCP packets under one master key.
///
/// A sequence number is sealed once: a second packet with it would get the same key stream.
pub struct SrtpSealer {
    suite: Suite,
    pub(super) rtp: Box<Transform>,
    pub(super) rtcp: Box<Transform>,
    pub(super) sources: Sources,
}

impl fmt::Debug for SrtpSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SrtpSealer({}, [redacted])", self.suite.name())
    }
}

impl SrtpSealer {
    /// A sealer under `master`, the master key followed by the master salt.
    ///
    /// # Errors
    /// `master` is not [`Suite::key_length`] octets.
    pub fn new(suite: Suite, master: &[u8]) -> Result<Self, WrongKeyLength> {
        Ok(Self {
            suite,
            rtp: Transform::new(suite, master, Stream::Rtp)?,
            rtcp: Transform::new(suite, master, Stream::Rtcp)?,
            sources: Sources::default(),
        })
    }
}

impl Sealer for SrtpSealer {
    fn overhead(&self) -> Overhead {
        let tag = self.suite.tag_length();
        Overhead { rtp: tag, rtcp: tag + INDEX }
    }

    fn seal_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, PacketError> {
        let tag_length = self.suite.tag_length();
        let (packet, room) = buffer.split_at_mut_checked(length).ok_or(PacketError::NoRoom)?;
        let tag = room.get_mut(..tag_length).ok_or(PacketError::NoRoom)?;
        let RtpHeader { ssrc, sequence, length: header } = RtpHeader::read(packet)?;
        let index = self.sources.estimate(ssrc, sequence)?;
        self.sources.check(Kind::Rtp, ssrc, index)?;
        let (header, body) = packet.split_at_mut_checked(header).ok_or(PacketError::Malformed)?;
        self.rtp.seal(Frame::rtp(ssrc, index), header, body, tag)?;
        self.sources.note(Kind::Rtp, ssrc, index);
        Ok(length + tag_length)
    }

    fn seal_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, PacketError> {
        let Overhead { rtcp: overhead, .. } = self.overhead();
        let (packet, room) = buffer.split_at_mut_checked(length).ok_or(PacketError::NoRoom)?;
        let room = room.get_mut(..overhead).ok_or(PacketError::NoRoom)?;
        let ssrc = rtcp_ssrc(packet)?;
        let index = self.sources.next_rtcp(ssrc)?;
        self.sources.check(Kind::Rtcp, ssrc, u64::from(index))?;
        let (header, body) =
            packet.split_at_mut_checked(RTCP_HEADER).ok_or(PacketError::Malformed)?;
        // RFC 3711 §3.4: index, then tag; RFC 7714 §9.2: tag, then index.
        let (tag, word) = match self.suite {
            Suite::AesCm128HmacSha1_80 => {
                let (word, tag) = room.split_at_mut_checked(INDEX).ok_or(PacketError::NoRoom)?;
                (tag, word)
            }
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => {
                room.split_at_mut_checked(self.suite.tag_length()).ok_or(PacketError::NoRoom)?
            }
        };
        self.rtcp.seal(Frame::rtcp(ssrc, index), header, body, tag)?;
        word.copy_from_slice(&(index | ENCRYPTED).to_be_bytes());
        self.sources.note(Kind::Rtcp, ssrc, u64::from(index));
        Ok(length + overhead)
    }
}
