//! The rules of what protects packets.

use super::broken::{Broken, rule};
use crate::{MediaGuard, PacketError};

/// Octets of silence in PCMU that a packet carries: 20 ms.
const VOICE: usize = 160;
const HEADER: usize = 12;

/// RTP or RTCP, of one direction.
struct Kind {
    seals: fn(&mut MediaGuard, &mut [u8], usize) -> Result<usize, PacketError>,
    opens: fn(&mut MediaGuard, &mut [u8]) -> Result<usize, PacketError>,
    adds: fn(&MediaGuard) -> usize,
    packet: Vec<u8>,
}

/// Judges what protects the packets of one direction; `secure`: whether more than nothing is to.
pub(super) fn judge(broken: &mut Vec<Broken>, sides: [&mut MediaGuard; 2], secure: bool) {
    let [from, to] = sides;
    let rtp = [&[0x80, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0, 11][..], &[0xd5; VOICE]].concat();
    // A receiver report without blocks, and a CNAME. RFC 3550 §6.1.
    let cname = [0x81, 202, 0, 3, 0, 0, 0, 11, 1, 4, 0xd5, 0xd5, 0xd5, 0xd5, 0, 0];
    let rtcp = [&[0x80, 201, 0, 1, 0, 0, 0, 11][..], &cname].concat();
    let kinds = [
        Kind {
            seals: |guard, buffer, length| guard.sealer.seal_rtp(buffer, length),
            opens: |guard, packet| guard.opener.open_rtp(packet),
            adds: |guard| guard.sealer.overhead().rtp,
            packet: rtp,
        },
        Kind {
            seals: |guard, buffer, length| guard.sealer.seal_rtcp(buffer, length),
            opens: |guard, packet| guard.opener.open_rtcp(packet),
            adds: |guard| guard.sealer.overhead().rtcp,
            packet: rtcp,
        },
    ];
    for kind in &kinds {
        if let Some(sealed) = kind.sealed(broken, from) {
            if secure {
                kind.is_protected(broken, &sealed, from, to);
            }
            let opened = kind.opened(to, &sealed);
            rule(
                broken,
                opened.as_deref() == Some(&kind.packet),
                "what one side seals the other opens",
            );
            if secure {
                let again = kind.opened(to, &sealed);
                rule(broken, again.is_none(), "a packet is opened once");
            }
        }
        kind.is_no_packet(broken, to, secure);
    }
}

impl Kind {
    fn sealed(&self, broken: &mut Vec<Broken>, from: &mut MediaGuard) -> Option<Vec<u8>> {
        let (length, adds) = (self.packet.len(), (self.adds)(from));
        if adds > 0 {
            let mut cramped = self.packet.clone();
            let refused = (self.seals)(from, &mut cramped, length).is_err();
            rule(broken, refused, "without room nothing is sealed");
        }
        let mut buffer = [self.packet.as_slice(), &vec![0; adds]].concat();
        let sealed = (self.seals)(from, &mut buffer, length).ok();
        rule(broken, sealed.is_some(), "a packet can be sealed");
        let fits = sealed.is_none_or(|sealed| (length..=length + adds).contains(&sealed));
        rule(broken, fits, "sealing adds no more than is said");
        buffer.truncate(sealed?);
        Some(buffer)
    }

    /// What a peer finds in a sealed packet, `None` where it opens none.
    fn opened(&self, to: &mut MediaGuard, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut packet = sealed.to_vec();
        let length = (self.opens)(to, &mut packet).ok()?;
        packet.get(..length).map(<[u8]>::to_vec)
    }

    fn is_protected(
        &self, broken: &mut Vec<Broken>, sealed: &[u8], from: &mut MediaGuard, to: &mut MediaGuard,
    ) {
        let shows = sealed.windows(4).skip(HEADER).any(|four| four == [0xd5; 4]);
        rule(broken, !shows, "a sealed packet shows nothing of what it carries");
        rule(broken, self.opened(from, sealed).is_none(), "who sealed a packet does not open it");
        for place in 0..sealed.len() {
            let mut changed = sealed.to_vec();
            changed.iter_mut().skip(place).take(1).for_each(|octet| *octet ^= 1);
            rule(
                broken,
                self.opened(to, &changed).is_none(),
                "a packet that was changed is not opened",
            );
        }
        let cut = sealed.len().checked_sub(1).and_then(|end| sealed.get(..end)).unwrap_or_default();
        rule(broken, self.opened(to, cut).is_none(), "a packet that was cut is not opened");
    }

    fn is_no_packet(&self, broken: &mut Vec<Broken>, to: &mut MediaGuard, secure: bool) {
        for length in 0..HEADER {
            let none = vec![0x80; length];
            let opened = self.opened(to, &none);
            rule(broken, !secure || opened.is_none(), "what is no packet is not opened");
        }
    }
}
