//! Our compound packet: SR or RR, SDES with CNAME, VoIP metrics where they are wanted, and BYE at the
//! end. RFC 3550 §6.1, §6.4–6.6.

use super::voip::{self, VoipMetrics};
use crate::rtp::Reception;
use rtcp_types::{
    Bye, Compound, ReceiverReport, ReportBlock, ReportBlockBuilder, RtcpPacketWriterExt as _, Sdes,
    SdesChunk, SdesItem, SenderReport,
};

/// What a compound packet says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) ssrc: u32,
    pub(crate) cname: &'a str,
    /// `None` while nothing has been sent since the last report but one: a receiver's report.
    pub(crate) sender: Option<SenderInfo>,
    pub(crate) reception: Option<Reception>,
    /// The middle of the last SR's NTP timestamp, and the time since in 1/65 536 s; 0 without one.
    pub(crate) last_sr: u32,
    pub(crate) delay_since_last_sr: u32,
    /// How the call is here, where the peer wants to know.
    pub(crate) voip: Option<VoipMetrics>,
    pub(crate) bye: bool,
}

/// A sender report's own part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SenderInfo {
    pub(crate) ntp: u64,
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

/// Writes the packet to the start of `buffer` and returns its length, or `None` if it does not
/// fit.
pub(crate) fn write(outgoing: Outgoing<'_>, buffer: &mut [u8]) -> Option<usize> {
    let cname = SdesItem::builder(SdesItem::CNAME, outgoing.cname);
    let chunk = SdesChunk::builder(outgoing.ssrc).add_item(cname);
    let block = outgoing.reception.map(|reception| block(&outgoing, reception));
    let compound = match outgoing.sender {
        Some(sender) => {
            let mut report = SenderReport::builder(outgoing.ssrc)
                .ntp_timestamp(sender.ntp)
                .rtp_timestamp(sender.timestamp)
                .packet_count(sender.packets)
                .octet_count(sender.octets);
            if let Some(block) = block {
                report = report.add_report_block(block);
            }
            Compound::builder().add_packet(report)
        }
        None => {
            let mut report = ReceiverReport::builder(outgoing.ssrc);
            if let Some(block) = block {
                report = report.add_report_block(block);
            }
            Compound::builder().add_packet(report)
        }
    };
    let compound = compound.add_packet(Sdes::builder().add_chunk(chunk));
    let mut length = compound.write_into(buffer).ok()?;
    // The library has no VoIP metrics.
    if let Some(metrics) = outgoing.voip {
        let extended = voip::extended(outgoing.ssrc, &metrics);
        let place = buffer.get_mut(length..)?.get_mut(..extended.len())?;
        place.copy_from_slice(&extended);
        length += extended.len();
    }
    if outgoing.bye {
        let bye = Bye::builder().add_source(outgoing.ssrc);
        length += bye.write_into(buffer.get_mut(length..)?).ok()?;
    }
    Some(length)
}

fn block(outgoing: &Outgoing<'_>, reception: Reception) -> ReportBlockBuilder {
    // The library takes the cumulative loss as 24 bits; a negative one is its two's complement
    // there, and is reported as 0 like others do.
    let lost = u32::try_from(reception.cumulative_lost).unwrap_or(0);
    ReportBlock::builder(reception.ssrc)
        .fraction_lost(reception.fraction_lost)
        .cumulative_lost(lost)
        .extended_sequence_number(reception.extended_sequence)
        .interarrival_jitter(reception.jitter)
        .last_sender_report_timestamp(outgoing.last_sr)
        .delay_since_last_sender_report_timestamp(outgoing.delay_since_last_sr)
}
