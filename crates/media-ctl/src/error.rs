//! Why media is not negotiated or not started, sorted by blame.

use std::fmt;

/// Why media is not negotiated or not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// What came in is not a session description, or exceeds its limits: 400.
    Sdp(SdpError),
    /// What came in is one, and nothing in it can be agreed to: 488.
    NotAcceptable(NotAcceptable),
    /// The security manager refuses the line or its guard: 488.
    Security(ssm::Refused),
    /// The caller asked for a step that is not next.
    Misuse(Misuse),
}

impl Error {
    /// The status code that the offer is owed; an answer in error ends the call instead.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Sdp(_) => 400,
            Self::NotAcceptable(_) | Self::Security(_) => 488,
            Self::Misuse(_) => 500,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sdp(error) => error.fmt(f),
            Self::NotAcceptable(error) => error.fmt(f),
            Self::Security(error) => error.fmt(f),
            Self::Misuse(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<SdpError> for Error {
    fn from(error: SdpError) -> Self {
        Self::Sdp(error)
    }
}

impl From<NotAcceptable> for Error {
    fn from(error: NotAcceptable) -> Self {
        Self::NotAcceptable(error)
    }
}

impl From<ssm::Refused> for Error {
    fn from(error: ssm::Refused) -> Self {
        Self::Security(error)
    }
}

impl From<Misuse> for Error {
    fn from(error: Misuse) -> Self {
        Self::Misuse(error)
    }
}

/// A body that is no session description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SdpError {
    /// The line, from 1; 0 for the whole.
    pub line: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl fmt::Display for SdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SDP line {}: expected {}", self.line, self.expected)
    }
}

/// Why nothing in a session description can be agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAcceptable {
    /// There is no audio line over RTP that is not rejected already.
    NoAudio,
    /// No codec in common.
    NoCodec,
    /// The connection address is no unicast address of our family that media may go to.
    Address,
    /// The answer's lines are not the offer's. RFC 3264 §6.
    OtherLines,
}

impl fmt::Display for NotAcceptable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAudio => "no audio line over RTP",
            Self::NoCodec => "no codec in common",
            Self::Address => "media may not go to the connection address",
            Self::OtherLines => "the answer's media lines are not the offer's",
        })
    }
}

/// A step that is not next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// An offer of ours waits for its answer. RFC 3264 §4.
    OfferPending,
    /// There is no offer of ours to be answered.
    NoOffer,
    /// No offer was answered since the last start.
    NothingAgreed,
    /// The session has been stopped.
    Stopped,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OfferPending => "an offer waits for its answer",
            Self::NoOffer => "there is no offer to be answered",
            Self::NothingAgreed => "no offer was answered",
            Self::Stopped => "the session has been stopped",
        })
    }
}
