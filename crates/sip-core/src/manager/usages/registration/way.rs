//! The way to a registrar, and the timers that keep it open.

use crate::manager::action::Hop;

/// Send a ping.
pub(super) const PING: u8 = 1;

/// No pong came.
pub(super) const NO_PONG: u8 = 2;

/// The way that the registrar answered on last.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenWay {
    /// Over a stream, with its flow.
    pub(super) hop: Hop,
    /// Whether whoever is there answers pings: not all do, and nothing tells those apart.
    pub(super) answers: bool,
    /// Whether it is being closed since nobody answered.
    pub(super) is_dead: bool,
}
