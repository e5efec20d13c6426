//! What a terminal tells whoever runs it.

use super::assurance::Assurance;
use media_ctl::Stats;
use sip_core::manager::{CallId, Cause, EndReason, OptionsId, RegistrationId};
use std::fmt;
use std::net::SocketAddr;
use tokio::sync::mpsc::Receiver;

/// Something happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A call came in, its proof verified where one is required: accept or reject it.
    Incoming {
        /// The call.
        id: CallId,
        /// Who calls, by what From says.
        from: String,
        /// Where the call came from.
        source: SocketAddr,
        /// Who calls, by what is proved.
        assurance: Assurance,
    },
    /// The callee is being alerted.
    Ringing {
        /// The call.
        id: CallId,
    },
    /// The call is up, with media both ways.
    Established {
        /// The call.
        id: CallId,
        /// Who the peer is, by what is proved.
        assurance: Assurance,
    },
    /// The call is over; nothing of it is left.
    Over {
        /// The call.
        id: CallId,
        /// How it ended.
        outcome: Outcome,
        /// What its media counted.
        stats: Stats,
    },
    /// An account is registered.
    Registered {
        /// The registration.
        id: RegistrationId,
        /// The account.
        aor: String,
        /// For so many seconds; it is refreshed before.
        expires: u32,
    },
    /// An account is not registered, or no longer.
    NotRegistered {
        /// The registration.
        id: RegistrationId,
        /// The account.
        aor: String,
        /// Why; `None`: it was taken back.
        cause: Option<Cause>,
    },
    /// A peer answered OPTIONS, or did not.
    OptionsAnswered {
        /// The request.
        id: OptionsId,
        /// The status.
        outcome: Result<u16, Cause>,
    },
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was up, and one side hung up.
    Ended(EndReason),
    /// It did not come about.
    Failed(Cause),
    /// The callee refused what we signed, with 403: it does not say why, lest it tell an impostor
    /// too.
    Unbelieved,
    /// Whoever runs the terminal refused it, with this status.
    Refused(u16),
    /// Its media could not be agreed on or started.
    Media(String),
    /// The peer's media stopped coming.
    NoMedia,
    /// The media key has protected as many packets as it may. RFC 3711 §9.2.
    KeyExhausted,
}

impl Outcome {
    /// Whether the call ended as calls do: by one of its sides. A refusal with a 5xx is an error
    /// on this side. RFC 3261 §21.5.
    pub const fn is_ordinary(&self) -> bool {
        match self {
            Self::Ended(reason) => matches!(reason, EndReason::Local | EndReason::Remote),
            Self::Refused(status) => !matches!(status, 500..=599),
            Self::Failed(_)
            | Self::Unbelieved
            | Self::Media(_)
            | Self::NoMedia
            | Self::KeyExhausted => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(reason) => f.write_str(match reason {
                EndReason::Local => "hung up here",
                EndReason::Remote => "the peer hung up",
                EndReason::Cancelled => "the caller gave up",
                EndReason::NoAck => "the caller never acknowledged the answer",
                EndReason::NoAnswer => "it rang for too long",
                EndReason::Refused => "the answer could not be protected",
                EndReason::Lost => "the peer does not know the call any more",
            }),
            Self::Failed(cause) => cause.fmt(f),
            Self::Unbelieved => f.write_str(
                "the peer answered 403 to the signed call: it has not pinned our key, or the clocks \
                 differ, or an element on the way changes Call-ID or tags (a B2BUA)",
            ),
            Self::Refused(status) => write!(f, "refused here with {status}"),
            Self::Media(why) => f.write_str(why),
            Self::NoMedia => f.write_str("the peer's media stopped"),
            Self::KeyExhausted => f.write_str("the media key is used up"),
        }
    }
}

/// The events of a terminal, in order.
///
/// They wait until they are read, 1 024 at most: a slow reader learns late, and holds no call up.
/// While more than half of them wait, calls that come in are refused with 503. Who does not want
/// them drops this.
#[derive(Debug)]
pub struct Events(pub(super) Receiver<Event>);

/// Events that wait to be read at most.
pub(super) const UNREAD: usize = 1_024;

impl Events {
    /// The next event, or `None` once the terminal has shut down.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}
