//! Packets that came in: believed once their tag has verified. RFC 3711 §3.3, §3.4.

use super::keys::Stream;
use super::packet::{ENCRYPTED, INDEX, RTCP_HEADER, RtpHeader, rtcp_ssrc};
use super::sources::{Kind, Sources};
use super::transform::{Frame, Transform};
use super::{Suite, WrongKeyLength};
use ssm::{Opener, PacketError};
use std::fmt;

/// Checks and opens RTP and RTCP packets under one master key.
pub struct SrtpOpener {
    suite: Suite,
    pub(super) rtp: Box<Transform>,
    pub(super) rtcp: Box<Transform>,
    pub(super) sources: Sources,
}

impl fmt::Debug for SrtpOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SrtpOpener({}, [redacted])", self.suite.name())
    }
}

impl SrtpOpener {
    /// An opener under `master`, the master key followed by the master salt.
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

impl Opener for SrtpOpener {
    fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError> {
        let length = shorten(packet, self.suite.tag_length())?;
        let (packet, tag) = split(packet, length)?;
        let RtpHeader { ssrc, sequence, length: header } = RtpHeader::read(packet)?;
        let index = self.sources.estimate(ssrc, sequence)?;
        self.sources.check(Kind::Rtp, ssrc, index)?;
        let (header, body) = split(packet, header)?;
        self.rtp.open(Frame::rtp(ssrc, index), header, body, tag)?;
        // M02: only an authentic packet moves the rollover counter.
        self.sources.note(Kind::Rtp, ssrc, index);
        Ok(length)
    }

    fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError> {
        let tag_length = self.suite.tag_length();
        let length = shorten(packet, tag_length + INDEX)?;
        let (packet, rest) = split(packet, length)?;
        let ssrc = rtcp_ssrc(packet)?;
        // RFC 3711 §3.4: index, then tag; RFC 7714 §9.2: tag, then index.
        let (tag, word) = match self.suite {
            Suite::AesCm128HmacSha1_80 => {
                let (word, tag) = split(rest, INDEX)?;
                (&*tag, &*word)
            }
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => {
                let (tag, word) = split(rest, tag_length)?;
                (&*tag, &*word)
            }
        };
        let word: [u8; INDEX] = word.try_into().map_err(|_| PacketError::Malformed)?;
        let word = u32::from_be_bytes(word);
        // Nothing here negotiates UNENCRYPTED_SRTCP. RFC 4568 §6.3.2.
        if word & ENCRYPTED == 0 {
            return Err(PacketError::NotAuthentic);
        }
        let index = word & !ENCRYPTED;
        self.sources.check(Kind::Rtcp, ssrc, u64::from(index))?;
        let (header, body) = split(packet, RTCP_HEADER)?;
        self.rtcp.open(Frame::rtcp(ssrc, index), header, body, tag)?;
        self.sources.note(Kind::Rtcp, ssrc, u64::from(index));
        Ok(length)
    }
}

/// The packet's length without its last `overhead` octets.
fn shorten(packet: &[u8], overhead: usize) -> Result<usize, PacketError> {
    packet.len().checked_sub(overhead).ok_or(PacketError::Malformed)
}

fn split(octets: &mut [u8], at: usize) -> Result<(&mut [u8], &mut [u8]), PacketError> {
    octets.split_at_mut_checked(at).ok_or(PacketError::Malformed)
}
