//! What a compound packet of the peer says. RFC 3550 §6.1, §A.2.
//!
//! Only reports, VoIP metrics and BYE are looked into; all other packets are stepped over by their
//! length.

use super::voip::{self, VoipMetrics};
use rtcp_types::{
    Bye, ReceiverReport, ReportBlock, RtcpPacket, RtcpPacketParser as _, SenderReport,
};

/// Something that a compound packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// What a sender says of itself.
    SenderReport {
        /// The sender.
        ssrc: u32,
        /// The middle 32 bits of its NTP timestamp.
        ntp_middle: u32,
    },
    /// A report block.
    PeerReport(PeerReport),
    /// How the call is at the peer.
    Voip(VoipMetrics),
    /// A source has ended.
    Bye(u32),
}

/// What a peer says of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PeerReport {
    pub(crate) ssrc: u32,
    pub(crate) cumulative_lost: u32,
    /// In units of our clock rate.
    pub(crate) jitter: u32,
    pub(crate) last_sr: u32,
    pub(crate) delay_since_last_sr: u32,
}

/// Reads a compound packet and hands what it says to `found`. Returns `None`, and hands over
/// nothing, for one that is malformed.
pub(crate) fn read(packet: &[u8], found: impl FnMut(Item)) -> Option<()> {
    check(packet)?;
    walk(packet, |_| {})?;
    walk(packet, found)
}

/// Hands over what the packets say, up to one that is malformed.
fn walk(packet: &[u8], mut found: impl FnMut(Item)) -> Option<()> {
    let mut rest = packet;
    while let Some((one, after)) = split(rest) {
        rest = after;
        match one.get(1).copied() {
            Some(SenderReport::PACKET_TYPE) => {
                let report = SenderReport::parse(one).ok()?;
                let ntp_middle = (report.ntp_timestamp() >> 16) as u32;
                found(Item::SenderReport { ssrc: report.ssrc(), ntp_middle });
                report.report_blocks().map(item).for_each(&mut found);
            }
            Some(ReceiverReport::PACKET_TYPE) => {
                let report = ReceiverReport::parse(one).ok()?;
                report.report_blocks().map(item).for_each(&mut found);
            }
            Some(Bye::PACKET_TYPE) => {
                let bye = Bye::parse(one).ok()?;
                bye.ssrcs().map(Item::Bye).for_each(&mut found);
            }
            // What lies in it is passed over: the reports beside it count.
            Some(voip::PACKET_TYPE) => voip::metrics(one).map(Item::Voip).for_each(&mut found),
            // SDES, APP, feedback: nothing in them is acted on.
            _ => {}
        }
    }
    Some(())
}

/// The header checks of RFC 3550 §A.2: version 2 throughout, a report first, padding in the last packet
/// only, and lengths that add up.
fn check(packet: &[u8]) -> Option<()> {
    let (first, _) = split(packet)?;
    let is_report = matches!(
        first.get(1).copied(),
        Some(SenderReport::PACKET_TYPE | ReceiverReport::PACKET_TYPE)
    );
    let mut rest = packet;
    while !rest.is_empty() {
        let (one, after) = split(rest)?;
        let head = *one.first()?;
        let padded = head & 0x20 != 0;
        if head >> 6 != 2 || (padded && !after.is_empty()) {
            return None;
        }
        rest = after;
    }
    is_report.then_some(())
}

/// The first packet and what follows it.
fn split(compound: &[u8]) -> Option<(&[u8], &[u8])> {
    let [_, _, high, low, ..] = *compound else {
        return None;
    };
    let words = usize::from(u16::from_be_bytes([high, low]));
    compound.split_at_checked(4 * (words + 1))
}

fn item(block: ReportBlock<'_>) -> Item {
    Item::PeerReport(PeerReport {
        ssrc: block.ssrc(),
        // 24 bits, signed; a negative loss is duplicates.
        cumulative_lost: match block.cumulative_lost() & 0xff_ffff {
            negative if negative & 0x80_0000 != 0 => 0,
            lost => lost,
        },
        jitter: block.interarrival_jitter(),
        last_sr: block.last_sender_report_timestamp(),
        delay_since_last_sr: block.delay_since_last_sender_report_timestamp(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Outgoing, SenderInfo, write};
    use super::*;
    use crate::rtp::Reception;
    use proptest::prelude::*;

    fn packet(sends: bool, bye: bool) -> Vec<u8> {
        telling(sends, None, bye)
    }

    fn telling(sends: bool, voip: Option<VoipMetrics>, bye: bool) -> Vec<u8> {
        let mut buffer = [0; 256];
        let outgoing = Outgoing {
            ssrc: 0x1122_3344,
            cname: "0123456789abcdef",
            sender: sends.then_some(SenderInfo {
                ntp: 0x0000_0005_8000_0000,
                timestamp: 800,
                packets: 5,
                octets: 800,
            }),
            reception: Some(Reception {
                ssrc: 9,
                fraction_lost: 3,
                cumulative_lost: 17,
                extended_sequence: 70_000,
                jitter: 11,
            }),
            last_sr: 0xaaaa_bbbb,
            delay_since_last_sr: 65_536,
            voip,
            bye,
        };
        let length = write(outgoing, &mut buffer).unwrap();
        buffer[..length].to_vec()
    }

    fn items(packet: &[u8]) -> Option<Vec<Item>> {
        let mut items = Vec::new();
        read(packet, |item| items.push(item)).map(|()| items)
    }

    #[test]
    fn what_is_written_is_read() {
        let report = Item::PeerReport(PeerReport {
            ssrc: 9,
            cumulative_lost: 17,
            jitter: 11,
            last_sr: 0xaaaa_bbbb,
            delay_since_last_sr: 65_536,
        });
        let sender = Item::SenderReport { ssrc: 0x1122_3344, ntp_middle: 0x0005_8000 };
        assert_eq!(items(&packet(true, false)).unwrap(), [sender, report]);
        assert_eq!(items(&packet(false, true)).unwrap(), [report, Item::Bye(0x1122_3344)]);
    }

    /// RFC 3550 §6.1: BYE is the last, and RFC 3611 §3: what an extended report does not hold, it does
    /// not say.
    #[test]
    fn metrics_stand_between_what_was_said_and_bye() {
        let voip = VoipMetrics { ssrc: 9, mos_cq: Some(42), ..VoipMetrics::default() };
        let good = telling(true, Some(voip), true);
        let said = items(&good).unwrap();
        assert_eq!(said[2..], [Item::Voip(voip), Item::Bye(0x1122_3344)]);
        let mut lies = good;
        let block = lies.len() - 8 - 36;
        lies[block + 3] = 9;
        assert_eq!(items(&lies).unwrap(), [said[0], said[1], Item::Bye(0x1122_3344)]);
    }

    #[test]
    fn malformed_compounds_say_nothing() {
        let good = packet(true, true);
        for length in 0..good.len() {
            // A cut at a packet's end leaves a shorter compound; any other is refused.
            let whole = [52, 80].contains(&length);
            assert_eq!(items(&good[..length]).is_some(), whole, "{length}");
        }
        let mut version = good.clone();
        version[0] = 0x41;
        assert_eq!(items(&version), None);
        let mut padded_first = good.clone();
        padded_first[0] |= 0x20;
        assert_eq!(items(&padded_first), None);
        // An SDES first: RFC 3550 §A.2 wants a report.
        assert_eq!(items(&good[52..]), None);
        let mut more_blocks = good;
        more_blocks[0] |= 0x1f;
        assert_eq!(items(&more_blocks), None);
    }

    #[test]
    fn nothing_is_handed_over_before_all_of_it_is_sound() {
        let mut lying_bye = packet(true, true);
        let bye = lying_bye.len() - 8;
        lying_bye[bye] |= 0x1f;
        let mut items = Vec::new();
        assert_eq!(read(&lying_bye, |item| items.push(item)), None);
        assert_eq!(items, []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_bytes_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = items(&octets);
        }

        #[test]
        fn no_change_panics(at in 0_usize..90, to: u8) {
            let mut octets = packet(true, true);
            if let Some(octet) = octets.get_mut(at) {
                *octet = to;
            }
            let _ = items(&octets);
        }
    }
}
