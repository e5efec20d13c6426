//! The way to a registrar, and the timers of a flow.

use crate::manager::action::Hop;
use crate::stun::{BindingResponse, TransactionId};
use std::net::SocketAddr;

/// The flows that a registration has at most: as many outbound proxies as a user agent should
/// support. RFC 5626 §4.2.1.
pub(super) const MOST_FLOWS: u8 = 4;

/// A flow's timers, numbered from zero.
pub(super) const FLOW_TIMERS: u8 = 4;

/// Refresh, or try again.
pub(super) const REFRESH: u8 = 0;

/// Send a ping.
pub(super) const PING: u8 = 1;

/// No pong came.
pub(super) const NO_PONG: u8 = 2;

/// No answer to a Binding request came.
pub(super) const NO_BINDING: u8 = 3;

/// The way that the registrar answered on last.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenWay {
    /// Over a stream, with its flow.
    pub(super) hop: Hop,
    /// Whether whoever is there has answered a ping: not all do.
    pub(super) answers: bool,
    /// Within how many seconds the registrar wants to hear of us. RFC 5626 §4.4.
    pub(super) flow_timer: Option<u32>,
    /// What was asked over UDP, where the registrar knows of flows.
    pub(super) binding: Binding,
    /// Whether it is being closed since nobody answered.
    pub(super) is_dead: bool,
}

/// A Binding transaction, and what came of the last one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Binding {
    pub(super) id: TransactionId,
    /// How often the request was sent; none is under way where it was not.
    pub(super) sent: u8,
    /// Where we were seen the last time.
    pub(super) mapped: Option<SocketAddr>,
}

impl Binding {
    /// The same with no request under way.
    pub(super) const fn ended(self) -> Self {
        Self { sent: 0, ..self }
    }

    /// Whether a response is to the request that is under way.
    pub(super) fn asked_for(&self, response: &BindingResponse) -> bool {
        self.sent > 0 && self.id == response.id
    }
}
