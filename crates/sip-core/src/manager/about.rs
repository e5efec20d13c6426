//! Which call an event is about.

use super::event::{CallId, Event};

impl Event {
    /// The call that it is about, or came in.
    pub const fn call(&self) -> Option<CallId> {
        match self {
            Self::Incoming { id, .. }
            | Self::Ringing { id, .. }
            | Self::Redirected { id, .. }
            | Self::Answered { id, .. }
            | Self::Confirmed { id, .. }
            | Self::Reinvited { id, .. }
            | Self::ReinviteAnswered { id, .. }
            | Self::ReinviteFailed { id, .. }
            | Self::RefreshDue { id }
            | Self::Ended { id, .. }
            | Self::Failed { id, .. }
            | Self::Referred { within: id, .. }
            | Self::ReferNotified { within: id, .. }
            | Self::ReferFailed { within: id, .. } => Some(*id),
            Self::Received { within, .. } => *within,
            Self::Unreachable { call, .. } => *call,
            Self::Registered { .. }
            | Self::RegistrationFailed { .. }
            | Self::Unregistered { .. }
            | Self::Subscription { .. }
            | Self::RequestAnswered { .. } => None,
        }
    }

    /// Whether it is the last one of a call.
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Failed { .. })
    }
}
