//! Which call an event is about.

use super::event::{CallId, Event};
#[cfg(feature = "driver")]
use super::slab::Key;

impl Event {
    /// The call that it is about, or came in.
    pub const fn call(&self) -> Option<CallId> {
        match self {
            Self::Incoming { id, .. }
            | Self::Ringing { id, .. }
            | Self::Redirected { id, .. }
            | Self::Offered { id, .. }
            | Self::AnswerTaken { id }
            | Self::Answered { id, .. }
            | Self::Confirmed { id, .. }
            | Self::Reinvited { id, .. }
            | Self::ReinviteAnswered { id, .. }
            | Self::ReinviteFailed { id, .. }
            | Self::RefreshDue { id }
            | Self::Explained { id, .. }
            | Self::Ended { id, .. }
            | Self::Failed { id, .. } => Some(*id),
            Self::Received { within, .. }
            | Self::Referred { within, .. }
            | Self::ReferNotified { within, .. }
            | Self::ReferFailed { within, .. } => *within,
            Self::Unreachable { call, .. } => *call,
            Self::Registered { .. }
            | Self::Renewing { .. }
            | Self::RegistrationFailed { .. }
            | Self::Unregistered { .. }
            | Self::Subscription { .. }
            | Self::Responded { .. }
            | Self::Subscriber { .. }
            | Self::Publication { .. }
            | Self::RequestAnswered { .. } => None,
        }
    }

    /// What it is about that a handle may be there for: a call, or a request that stands for itself.
    #[cfg(feature = "driver")]
    pub(crate) const fn subject(&self) -> Option<Key> {
        match self {
            Self::Responded { id, .. } | Self::RequestAnswered { id, .. } => Some(id.0),
            others => match others.call() {
                Some(id) => Some(id.0),
                None => None,
            },
        }
    }

    /// Whether it is the last one of a call, or of a request that stands for itself.
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Failed { .. } | Self::RequestAnswered { .. })
    }
}
