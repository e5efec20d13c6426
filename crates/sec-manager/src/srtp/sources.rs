//! What is known of each SSRC: packet index, rollover counter, replay windows. RFC 3711 §3.3.
//!
//! Asking changes nothing; [`Sources::note`] is called once a tag has verified (or a packet is
//! sealed), so forged packets neither move a counter nor take a place.

use ssm::PacketError;

/// Sources admitted under one key. Only its owner can fill them, and a PBX that holds, plays music and
/// goes on may take a new one each time, under keys that live as long as the call.
pub(super) const MOST_SOURCES: usize = 16;

/// RFC 3711 §9.2: SRTP packets under one master key.
const MOST_RTP: u64 = 1 << 48;

/// RFC 3711 §9.2: SRTCP packets under one master key.
const MOST_RTCP: u64 = 1 << 31;

/// Which of a source's two streams a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rtp,
    Rtcp,
}

/// The last 128 indices of a stream. RFC 3711 §3.3.2 asks for at least 64.
#[derive(Clone, Copy, Default)]
struct Window {
    /// The highest index so far, or `None` before the first packet.
    top: Option<u64>,
    /// Bit n: index `top - n` was seen.
    seen: u128,
}

impl Window {
    fn admits(&self, index: u64) -> bool {
        match self.top {
            Some(top) if index <= top => {
                let age = top - index;
                age < 128 && self.seen >> age & 1 == 0
            }
            Some(_) | None => true,
        }
    }

    fn note(&mut self, index: u64) {
        let top = self.top.unwrap_or(index);
        if index > top {
            let jump = u32::try_from(index - top).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(jump).unwrap_or(0) | 1;
        } else {
            let age = u32::try_from(top - index).unwrap_or(u32::MAX);
            self.seen |= 1u128.checked_shl(age).unwrap_or(0);
        }
        self.top = Some(top.max(index));
    }
}

/// The two streams of one SSRC.
#[derive(Clone, Copy, Default)]
struct Source {
    ssrc: u32,
    rtp: Window,
    rtcp: Window,
}

/// The sources under one key, and how many packets it has protected.
#[derive(Default)]
pub(super) struct Sources {
    known: [Option<Source>; MOST_SOURCES],
    rtp: u64,
    rtcp: u64,
}

impl Sources {
    /// The index of an RTP packet, estimated from its sequence number. RFC 3711 §3.3.1.
    ///
    /// # Errors
    /// The rollover counter would leave its 32 bits, upward or downward.
    pub(super) fn estimate(&self, ssrc: u32, sequence: u16) -> Result<u64, PacketError> {
        let Some(top) = self.find(ssrc).and_then(|source| source.rtp.top) else {
            return Ok(u64::from(sequence));
        };
        let near = top & !0xFFFF | u64::from(sequence);
        let index = if near + 0x8000 < top {
            near + 0x1_0000
        } else if near > top + 0x8000 {
            near.checked_sub(0x1_0000).ok_or(PacketError::Replayed)?
        } else {
            near
        };
        if index < MOST_RTP { Ok(index) } else { Err(PacketError::KeyExhausted) }
    }

    /// The index that the source's next RTCP packet gets. RFC 3711 §3.4.
    ///
    /// # Errors
    /// There are no more.
    pub(super) fn next_rtcp(&self, ssrc: u32) -> Result<u32, PacketError> {
        let top = self.find(ssrc).and_then(|source| source.rtcp.top);
        let next = top.map_or(0, |top| top + 1);
        u32::try_from(next).ok().filter(|_| next < MOST_RTCP).ok_or(PacketError::KeyExhausted)
    }

    /// Whether a packet may be protected or opened.
    ///
    /// # Errors
    /// It was seen or is too old, it comes from one source too many, or the key is used up.
    pub(super) fn check(&self, kind: Kind, ssrc: u32, index: u64) -> Result<(), PacketError> {
        let (used, most) = match kind {
            Kind::Rtp => (self.rtp, MOST_RTP),
            Kind::Rtcp => (self.rtcp, MOST_RTCP),
        };
        if used >= most {
            return Err(PacketError::KeyExhausted);
        }
        match self.find(ssrc) {
            Some(source) if source.window(kind).admits(index) => Ok(()),
            Some(_) => Err(PacketError::Replayed),
            None if self.known.iter().any(Option::is_none) => Ok(()),
            None => Err(PacketError::TooManySources),
        }
    }

    /// Notes a packet that is authentic.
    pub(super) fn note(&mut self, kind: Kind, ssrc: u32, index: u64) {
        match kind {
            Kind::Rtp => self.rtp += 1,
            Kind::Rtcp => self.rtcp += 1,
        }
        let is_its = |place: &&mut Option<Source>| place.is_none_or(|source| source.ssrc == ssrc);
        // Places fill from the front, so that the first free one follows all that are taken.
        if let Some(place) = self.known.iter_mut().find(is_its) {
            let source = place.get_or_insert(Source { ssrc, ..Source::default() });
            match kind {
                Kind::Rtp => source.rtp.note(index),
                Kind::Rtcp => source.rtcp.note(index),
            }
        }
    }

    fn find(&self, ssrc: u32) -> Option<&Source> {
        self.known.iter().flatten().find(|source| source.ssrc == ssrc)
    }

    /// Goes on as if `index` had been the source's last packet.
    #[cfg(test)]
    pub(super) fn resume(&mut self, kind: Kind, ssrc: u32, index: u64) {
        self.note(kind, ssrc, index);
    }

    /// Goes on as if that many packets had been protected.
    #[cfg(test)]
    pub(super) const fn spend(&mut self, rtp: u64, rtcp: u64) {
        self.rtp = rtp;
        self.rtcp = rtcp;
    }
}

impl Source {
    const fn window(&self, kind: Kind) -> &Window {
        match kind {
            Kind::Rtp => &self.rtp,
            Kind::Rtcp => &self.rtcp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m01_the_window_holds_128_packets() {
        let mut window = Window::default();
        window.note(1000);
        assert!(!window.admits(1000) && window.admits(873) && !window.admits(872));
        window.note(873);
        assert!(!window.admits(873));
        window.note(1001);
        assert!(!window.admits(1000) && !window.admits(873) && window.admits(999));
        window.note(1001 + 128);
        assert!(!window.admits(1001) && window.admits(1002) && !window.admits(1129));
        window.note(u64::from(u32::MAX) + 5000);
        assert!(window.admits(u64::from(u32::MAX) + 4999));
    }

    #[test]
    fn the_index_follows_the_sequence_number_over_the_edge() {
        let mut sources = Sources::default();
        assert_eq!(sources.estimate(1, 65_000), Ok(65_000));
        sources.note(Kind::Rtp, 1, 65_000);
        assert_eq!(sources.estimate(1, 10), Ok(65_546));
        sources.note(Kind::Rtp, 1, 65_546);
        assert_eq!(sources.estimate(1, 65_535), Ok(65_535));
        assert_eq!(sources.estimate(1, 11), Ok(65_547));
        // RFC 3711 §3.3.1: exactly half the circle away, the rollover counter stays.
        sources.note(Kind::Rtp, 4, 0x1_9000);
        assert_eq!(sources.estimate(4, 0x1000), Ok(0x1_1000));
        assert_eq!(sources.estimate(4, 0x0FFF), Ok(0x2_0FFF));
        sources.note(Kind::Rtp, 5, 0x1_1000);
        assert_eq!(sources.estimate(5, 0x9000), Ok(0x1_9000));
        assert_eq!(sources.estimate(5, 0x9001), Ok(0x0_9001));
        sources.known = Default::default();
        sources.note(Kind::Rtp, 2, 5);
        assert_eq!(sources.estimate(2, 65_535), Err(PacketError::Replayed));
        sources.resume(Kind::Rtp, 3, MOST_RTP - 1);
        assert_eq!(sources.estimate(3, 0), Err(PacketError::KeyExhausted));
    }
}
