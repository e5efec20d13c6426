//! What a session counted.

use crate::Level;
use crate::rtcp::VoipMetrics;
use ssm::PacketError;
use std::time::Duration;

/// What a session counted. Counters never go back; a session that goes on keeps counting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// RTP packets sent.
    pub packets_sent: u64,
    /// Payload octets sent.
    pub octets_sent: u64,
    /// RTP packets received and accepted, duplicates included.
    pub packets_received: u64,
    /// Payload octets received.
    pub octets_received: u64,
    /// Packets that were expected and did not come. RFC 3550 §A.3.
    pub lost: u64,
    /// Packets that came after their time of playout.
    pub late: u64,
    /// Packets that had come before.
    pub duplicate: u64,
    /// Frames of 20 ms that were played while the peer spoke, those that were made up included.
    pub heard: u64,
    /// Frames of 20 ms that were concealed in part or whole.
    pub concealed: u64,
    /// Frames of 20 ms that were left out or put in to keep the playout delay: a peer's clock runs fast
    /// or slow, or the network has changed.
    pub adjusted: u64,
    /// Frames of 20 ms that were lost, and recovered from what the packet after them repeats.
    pub recovered: u64,
    /// Interarrival jitter. RFC 3550 §6.4.1.
    pub jitter: Duration,
    /// Round-trip time by the last report that allowed it. RFC 3550 §6.4.1.
    pub round_trip: Option<Duration>,
    /// How long a packet waits to be played, at present.
    pub playout_delay: Duration,
    /// Packets of ours that the peer reported lost.
    pub lost_by_peer: u64,
    /// The interarrival jitter of our packets, as the peer reported it last.
    pub jitter_at_peer: Option<Duration>,
    /// How the call is at the peer, as it said last; `None` where it says nothing of it. RFC 3611 §4.7.
    pub at_peer: Option<VoipMetrics>,
    /// How often our SSRC was changed, because the peer had it too. RFC 3550 §8.2.
    pub collisions: u64,
    /// How loud what is said is: silence while nothing is sent.
    pub said_level: Level,
    /// How loud what is heard is.
    pub heard_level: Level,
    /// RTCP packets sent.
    pub reports_sent: u64,
    /// RTCP packets received and accepted.
    pub reports_received: u64,
    /// Relays of ours that were lost, or that there never were. Each port has its own until RTCP goes
    /// with RTP.
    pub relays_lost: u64,
    /// Packets that were dropped, by reason.
    pub dropped: Dropped,
}

/// Packets that were dropped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// From an address that was not agreed on.
    pub wrong_address: u64,
    /// Of a source other than the one that is listened to.
    pub wrong_source: u64,
    /// Those that introduced a source: its first, at least. RFC 3550 §A.1.
    pub unproven: u64,
    /// Not RTP or RTCP of version 2, or its lengths contradict each other.
    pub malformed: u64,
    /// Of a payload type that was not agreed on.
    pub wrong_payload: u64,
    /// The authentication tag does not verify.
    pub not_authentic: u64,
    /// Seen before, or older than the replay window.
    pub replayed: u64,
    /// More sources than the guard admits.
    pub too_many_sources: u64,
    /// While media was not to be received; or a check of ICE more than are heard before there is a way.
    pub unexpected: u64,
}

/// Why a packet was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    WrongAddress,
    WrongSource,
    Unproven,
    Malformed,
    WrongPayload,
    NotAuthentic,
    Replayed,
    TooManySources,
    Unexpected,
}

impl From<PacketError> for Reason {
    fn from(error: PacketError) -> Self {
        match error {
            PacketError::NotAuthentic | PacketError::KeyExhausted | PacketError::NoKey => {
                Self::NotAuthentic
            }
            PacketError::Replayed => Self::Replayed,
            PacketError::TooManySources => Self::TooManySources,
            // `Malformed`, `NoRoom`, and what an interface of the future adds.
            _ => Self::Malformed,
        }
    }
}

impl Dropped {
    /// The reasons for which something was dropped, by the names of the fields, and how much.
    pub fn reasons(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("wrong_address", self.wrong_address),
            ("wrong_source", self.wrong_source),
            ("unproven", self.unproven),
            ("malformed", self.malformed),
            ("wrong_payload", self.wrong_payload),
            ("not_authentic", self.not_authentic),
            ("replayed", self.replayed),
            ("too_many_sources", self.too_many_sources),
            ("unexpected", self.unexpected),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
    }

    /// Counts a packet that was dropped.
    pub(crate) fn count(&mut self, reason: Reason) {
        let counter = match reason {
            Reason::WrongAddress => &mut self.wrong_address,
            Reason::WrongSource => &mut self.wrong_source,
            Reason::Unproven => &mut self.unproven,
            Reason::Malformed => &mut self.malformed,
            Reason::WrongPayload => &mut self.wrong_payload,
            Reason::NotAuthentic => &mut self.not_authentic,
            Reason::Replayed => &mut self.replayed,
            Reason::TooManySources => &mut self.too_many_sources,
            Reason::Unexpected => &mut self.unexpected,
        };
        *counter += 1;
    }
}
