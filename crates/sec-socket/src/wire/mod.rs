//! The protobuf messages: field numbers are the contract between both processes.
//!
//! They are plain data. What an interface's types are in them, and back, stands beside the messages
//! of that interface; reading checks everything, and what is not understood is `None`, which ends the
//! connection. A password and a media key are parts of the octets that were read, or what is to be
//! written itself, and are wiped by whoever owns those.

mod frame;
mod handshake;
mod media;
mod number;
mod sip;
mod telephony;
mod words;

pub(crate) use frame::{Body, FrameError, MAX_FRAME, decode, encode};
pub(crate) use frame::{Hello, Nothing};
pub(crate) use handshake::{Gave, LONGEST, MOST_DATAGRAMS, Step, Stepped};
pub(crate) use media::{LineQuestion, LineVerdict, line_verdict, security_of, verdict_of_line};
pub(crate) use sip::{BodyQuestion, Carries, Exchange, Missed, Verdict};
pub(crate) use telephony::{
    Assurance, Assured, CallAssurance, CallStarted, Configuration, Credentials, Denial, Mismatch,
    Password, Pins, Registered, Token, Waitings, configuration, configuration_of, state, state_of,
};

#[cfg(test)]
mod tests;
