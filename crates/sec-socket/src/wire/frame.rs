//! One frame, and its codec: pure, so that it can be tested and fuzzed alone.

use super::handshake::{Step, Stepped};
use super::media::{LineQuestion, LineVerdict};
use super::sip::{BodyQuestion, Exchange, Verdict};
use super::telephony::{
    Assured, CallAssurance, CallStarted, Configuration, Credentials, Denial, Mismatch, Password,
    Pins, Registered, Token, TrustQuestion, Waitings,
};
use bytes::Bytes;
use prost::{Message, Oneof};
use thiserror::Error as ThisError;
use zeroize::Zeroizing;

/// The largest frame without its length, in octets: a message of 64 KiB and what it answers, or a
/// configuration of some ten thousand contacts.
pub(crate) const MAX_FRAME: usize = 1024 * 1024;

/// One frame.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Frame {
    /// Which question this is, answers or cancels; each side counts its own.
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    /// What it says.
    #[prost(
        oneof = "Body",
        tags = "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22, 23, 24, \
                25, 26, 27, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, \
                47, 50, 51"
    )]
    pub(crate) body: Option<Body>,
}

/// What a frame says.
#[derive(Clone, PartialEq, Oneof)]
#[prost(skip_debug)]
pub(crate) enum Body {
    // Asked of the manager through SSA.
    #[prost(message, boxed, tag = "2")]
    RequestReceived(Box<Exchange>),
    #[prost(message, boxed, tag = "3")]
    Authenticate(Box<Exchange>),
    #[prost(message, boxed, tag = "4")]
    Got401(Box<Exchange>),
    #[prost(message, boxed, tag = "5")]
    Authorize(Box<Exchange>),
    #[prost(message, boxed, tag = "6")]
    ResponseLeaving(Box<Exchange>),
    #[prost(message, boxed, tag = "7")]
    ResponseReceived(Box<Exchange>),
    #[prost(message, tag = "8")]
    Encrypt(BodyQuestion),
    #[prost(message, tag = "9")]
    Decrypt(BodyQuestion),
    // Through SSM.
    #[prost(message, tag = "10")]
    Offer(LineQuestion),
    #[prost(message, tag = "11")]
    Answer(LineQuestion),
    #[prost(message, tag = "12")]
    Judge(LineQuestion),
    #[prost(message, tag = "13")]
    Guard(LineQuestion),
    #[prost(message, tag = "18")]
    Step(Step),
    // Through SST.
    #[prost(message, tag = "14")]
    Configure(Configuration),
    #[prost(uint64, tag = "15")]
    Assurance(u64),
    #[prost(uint64, tag = "16")]
    State(u64),
    #[prost(message, tag = "17")]
    Waiting(Nothing),
    // Told the manager: nothing is answered.
    #[prost(message, tag = "20")]
    Cancel(Nothing),
    #[prost(uint64, tag = "21")]
    Abandon(u64),
    #[prost(message, tag = "22")]
    Moved(LineQuestion),
    #[prost(message, tag = "23")]
    Pins(Pins),
    #[prost(message, tag = "24")]
    CallStarted(CallStarted),
    #[prost(uint64, tag = "25")]
    CallEnded(u64),
    #[prost(message, tag = "26")]
    Registered(Registered),
    /// Nobody drives that handshake any more.
    #[prost(uint64, tag = "27")]
    GivenUp(u64),
    // Said by the manager's process: the first frame, and its answers.
    #[prost(message, tag = "30")]
    Hello(Hello),
    /// The answer comes within so many milliseconds, under the same id.
    #[prost(uint64, tag = "31")]
    Pending(u64),
    /// There is no answer: the manager panicked, or the question cannot be read.
    #[prost(message, tag = "32")]
    Failed(Nothing),
    #[prost(message, tag = "33")]
    Verdict(Verdict),
    #[prost(message, tag = "34")]
    Line(LineVerdict),
    #[prost(message, tag = "35")]
    Done(Nothing),
    #[prost(message, tag = "36")]
    Assured(Assured),
    #[prost(uint32, tag = "37")]
    Stands(u32),
    #[prost(message, tag = "38")]
    Waitings(Waitings),
    #[prost(message, tag = "39")]
    Stepped(Stepped),
    // Asked of the application.
    #[prost(message, tag = "40")]
    Credentials(Credentials),
    #[prost(message, tag = "41")]
    Trust(TrustQuestion),
    #[prost(string, tag = "42")]
    Unlock(String),
    #[prost(message, tag = "47")]
    Token(Token),
    #[prost(message, tag = "43")]
    Withdraw(Nothing),
    // Told it.
    #[prost(message, tag = "44")]
    AssuranceChanged(CallAssurance),
    #[prost(message, tag = "45")]
    Denied(Denial),
    #[prost(message, tag = "46")]
    Mismatch(Mismatch),
    // Answered by it.
    #[prost(message, tag = "50")]
    Password(Password),
    #[prost(bool, tag = "51")]
    Trusted(bool),
}

/// A body without members.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Nothing {}

/// What the manager's process says first.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Hello {
    /// The version of the program: both processes come of one build.
    #[prost(string, tag = "1")]
    pub(crate) version: String,
}

/// Why octets are no frame, or a frame does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub(crate) enum FrameError {
    /// More than [`MAX_FRAME`].
    #[error("frame larger than {MAX_FRAME} octets")]
    TooLarge,
    /// Not the protobuf message of a frame.
    #[error("not a frame")]
    Malformed,
}

/// Encodes a frame, without its length. What is returned is wiped when it is dropped.
///
/// # Errors
/// [`FrameError::TooLarge`].
pub(crate) fn encode(id: u64, body: Body) -> Result<Zeroizing<Vec<u8>>, FrameError> {
    let frame = Frame { id, body: Some(body) };
    // No larger buffer is ever left behind: the length is known before.
    (frame.encoded_len() <= MAX_FRAME)
        .then(|| Zeroizing::new(frame.encode_to_vec()))
        .ok_or(FrameError::TooLarge)
}

/// Decodes one whole frame, without its length.
///
/// # Errors
/// [`FrameError`]; never a panic.
pub(crate) fn decode(octets: Zeroizing<Vec<u8>>) -> Result<(u64, Body), FrameError> {
    if octets.len() > MAX_FRAME {
        return Err(FrameError::TooLarge);
    }
    // Wiped when the last part of it goes: secrets are parts of these octets, not copies.
    let frame = Frame::decode(Bytes::from_owner(octets)).map_err(|_| FrameError::Malformed)?;
    Ok((frame.id, frame.body.ok_or(FrameError::Malformed)?))
}
