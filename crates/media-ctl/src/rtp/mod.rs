//! RTP: what is sent, and which of what came in is believed. RFC 3550.

mod clock;
mod fates;
mod receiver;
mod sender;
mod source;

pub(crate) use clock::ticks;
pub(crate) use fates::{GMIN, Losses};
pub(crate) use receiver::{Header, Receiver, Verdict};
pub(crate) use sender::{Content, Sender};
pub(crate) use source::Reception;
