//! SSM: the steps of a handshake that is in the manager's process, and what they give.

use super::media::{LineVerdict, line_verdict, verdict_of_line};
use crate::guard::{GuardKeys, LineKeys};
use bytes::Bytes;
use prost::Message;
use ssm::Refused;
use std::time::Duration;

/// The longest datagram of a handshake, in octets.
pub(crate) const LONGEST: usize = 2048;
/// Datagrams that one step may give.
pub(crate) const MOST_DATAGRAMS: usize = 32;

/// Time has come, or a datagram has.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Step {
    /// Which handshake.
    #[prost(uint64, tag = "1")]
    pub(crate) handshake: u64,
    /// Nanoseconds since its first step: both processes have clocks of their own.
    #[prost(uint64, tag = "2")]
    at: u64,
    /// What came in.
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub(crate) datagram: Option<Bytes>,
}

impl Step {
    pub(crate) fn of(handshake: u64, at: Duration, datagram: Option<&[u8]>) -> Self {
        Self { handshake, at: nanoseconds(at), datagram: datagram.map(Bytes::copy_from_slice) }
    }

    pub(crate) const fn at(&self) -> Duration {
        Duration::from_nanos(self.at)
    }
}

/// What a step gave.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Stepped {
    /// To be sent, in order.
    #[prost(bytes = "bytes", repeated, tag = "1")]
    datagrams: Vec<Bytes>,
    /// When time is due, in nanoseconds since the first step.
    #[prost(uint64, optional, tag = "2")]
    due: Option<u64>,
    /// How it ended, where it did.
    #[prost(message, optional, tag = "3")]
    pub(super) outcome: Option<LineVerdict>,
}

/// The same, read.
pub(crate) struct Gave {
    pub(crate) datagrams: Vec<Vec<u8>>,
    pub(crate) due: Option<Duration>,
    pub(crate) outcome: Option<Result<LineKeys, Refused>>,
}

impl Stepped {
    pub(crate) fn of(gave: Gave) -> Self {
        let keyed = |keys| LineVerdict::keyed(GuardKeys::Srtp(keys));
        Self {
            datagrams: gave.datagrams.into_iter().map(Bytes::from).collect(),
            due: gave.due.map(nanoseconds),
            outcome: gave.outcome.map(|outcome| line_verdict(outcome, keyed)),
        }
    }

    /// `None` where it is not understood, or more than a step may give.
    pub(crate) fn read(self) -> Option<Gave> {
        let fits = self.datagrams.len() <= MOST_DATAGRAMS
            && self.datagrams.iter().all(|octets| octets.len() <= LONGEST);
        let outcome = match self.outcome {
            Some(verdict) => Some(verdict_of_line(verdict, keys)?),
            None => None,
        };
        fits.then(|| Gave {
            datagrams: self.datagrams.iter().map(|octets| octets.to_vec()).collect(),
            due: self.due.map(Duration::from_nanos),
            outcome,
        })
    }
}

/// Nothing else ends a handshake well.
fn keys(verdict: LineVerdict) -> Option<LineKeys> {
    match verdict.keys?.taken()? {
        GuardKeys::Srtp(keys) => Some(keys),
        GuardKeys::Plain
        | GuardKeys::Sealer(_)
        | GuardKeys::Opener(_)
        | GuardKeys::Handshake(_)
        | GuardKeys::Kept => None,
    }
}

/// What is longer than 584 years is as good as that.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
