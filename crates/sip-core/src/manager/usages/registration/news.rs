//! What a flow tells its registration.

use crate::manager::event::{Cause, Event, RegistrationId};
use ssa::{FlowId, Transport};
use std::net::SocketAddr;
use std::time::Duration;

/// What an outcome of a flow's REGISTER says to the registration.
pub(super) enum News {
    Stands(Stood),
    Failed(Failure),
    Nothing,
}

/// Why a REGISTER failed, and how long the registrar wants us to wait.
pub(super) struct Failure {
    pub(super) cause: Cause,
    pub(super) asked: Option<Duration>,
}

impl Failure {
    /// Whether what is between us and the registrar knows nothing of flows. RFC 5626 §11.6.
    pub(super) fn lacks_outbound(&self) -> bool {
        self.cause == Cause::Status(439)
    }
}

/// A flow that stands.
pub(super) struct Stood {
    pub(super) outbound: bool,
    pub(super) expires: u32,
    pub(super) flow: FlowId,
    pub(super) transport: Transport,
    pub(super) reg_id: u8,
    pub(super) contact_user: String,
    pub(super) registrar: SocketAddr,
    pub(super) seen: Option<SocketAddr>,
}

impl Stood {
    pub(super) fn event(self, id: RegistrationId, aor: String) -> Event {
        let Self { outbound, expires, flow, transport, reg_id, contact_user, registrar, seen } =
            self;
        Event::Registered {
            id,
            aor,
            expires,
            flow,
            transport,
            reg_id,
            outbound,
            contact_user,
            registrar,
            seen,
        }
    }
}
