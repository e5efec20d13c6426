//! What a terminal tells whoever runs it.

use super::assurance::Assurance;
use super::causes::{advice, code, in_words, retry_after};
use super::dtmf::Digit;
#[cfg(feature = "watch")]
use super::known::Known;
use super::said::Said;
use media_ctl::Stats;
#[cfg(feature = "watch")]
use sip_core::manager::SubscriberEnd;
use sip_core::manager::{CallId, Cause, EndReason, RegistrationId, Renewal, RequestId};
use sip_core::packages::MessageSummary;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
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
        /// What else the caller says of itself and of the call. It proves nothing.
        said: Said,
        /// Who calls, as the element at `source` asserts, where that is trusted to (RFC 3325): a SIP
        /// URI, a telephone number, or both. It proves nothing.
        asserted: Vec<String>,
        /// Who calls, by what is proved.
        assurance: Assurance,
        /// The call whose place it takes, as whoever transferred it wants: to be answered at once, and
        /// the other to be hung up then. That it may, is checked already.
        replaces: Option<CallId>,
    },
    /// The peer of a call asks that somebody else be called in its stead: follow, or decline within
    /// 16 s.
    TransferAsked(Transfer),
    /// How far the peer is with a transfer that was asked for.
    TransferProgress {
        /// The call.
        id: CallId,
        /// The status of the last answer that it heard.
        status: u16,
    },
    /// The peer talks to somebody else now: the call can be hung up.
    Transferred {
        /// The call.
        id: CallId,
    },
    /// The peer does not, or cannot, call whom it was asked to call; the call goes on.
    NotTransferred {
        /// The call.
        id: CallId,
        /// Why.
        cause: Cause,
    },
    /// The callee is being alerted.
    Ringing {
        /// The call.
        id: CallId,
    },
    /// The callee names whom to call instead; [`Over`](Self::Over) follows. Nobody vouches for it.
    Redirected {
        /// The call.
        id: CallId,
        /// URIs, the most wanted first; at least one.
        to: Vec<String>,
    },
    /// The call is up, with media both ways.
    Established {
        /// The call.
        id: CallId,
        /// Who the peer is, by what is proved.
        assurance: Assurance,
    },
    /// A handshake on the media's own path has ended: the call's media are encrypted from now on.
    Keyed {
        /// The call.
        id: CallId,
        /// Who the peer is, by what is proved.
        assurance: Assurance,
    },
    /// The peer agreed to be held: it hears silence, and is asked to send nothing.
    Held {
        /// The call.
        id: CallId,
    },
    /// The peer agreed to be held no longer.
    Resumed {
        /// The call.
        id: CallId,
    },
    /// The peer did not agree to be held, or to be held no longer: all is as it was.
    HoldFailed {
        /// The call.
        id: CallId,
        /// Whether it was to be held.
        hold: bool,
        /// Why.
        cause: Cause,
    },
    /// The peer holds us: nothing is sent to it. RFC 3264 §8.4.
    PeerHeld {
        /// The call.
        id: CallId,
    },
    /// The peer holds us no longer.
    PeerResumed {
        /// The call.
        id: CallId,
    },
    /// The peer pressed a key.
    Dtmf {
        /// The call.
        id: CallId,
        /// The key.
        digit: Digit,
    },
    /// A key that was pressed here as an event has been told to the peer, or could not be.
    Pressed {
        /// The call.
        id: CallId,
        /// Whether all of it was sent.
        sent: bool,
    },
    /// What is heard is not recorded any more; the call goes on.
    NotRecorded {
        /// The call.
        id: CallId,
        /// Why, and what becomes of what was recorded.
        reason: String,
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
        /// Which of its flows that is, where the registrar tells flows apart (RFC 5626).
        reg_id: Option<u8>,
        /// Where the registrar sees us, behind a gateway that translates addresses.
        seen: Option<SocketAddr>,
    },
    /// An account is registered again before its time.
    Renewing {
        /// The registration.
        id: RegistrationId,
        /// The account.
        aor: String,
        /// Why.
        why: Renewal,
    },
    /// An account is not registered, or no longer; it is tried again later.
    NotRegistered {
        /// The registration.
        id: RegistrationId,
        /// The account.
        aor: String,
        /// The flow that failed, where the account is registered over another one all the same.
        reg_id: Option<u8>,
        /// Why.
        cause: Cause,
    },
    /// A registration was taken back, as was wanted.
    Unregistered {
        /// The registration.
        id: RegistrationId,
        /// The account.
        aor: String,
    },
    /// What an account's mailbox says of the messages in it.
    MessagesWaiting {
        /// The account.
        aor: String,
        /// What it says.
        summary: MessageSummary,
    },
    /// Whether messages wait for an account is not known, or not any more.
    MessagesUnknown {
        /// The account.
        aor: String,
        /// Why, and when it is asked again.
        reason: String,
    },
    /// The presence of an account is published, or goes on to be.
    #[cfg(feature = "watch")]
    Published {
        /// The account.
        aor: String,
        /// For so many seconds; it is refreshed before.
        expires: u32,
    },
    /// The presence of an account is not published, or no longer.
    #[cfg(feature = "watch")]
    NotPublished {
        /// The account.
        aor: String,
        /// Why, and when it is tried again.
        reason: String,
    },
    /// Somebody watches our calls from now on, as the configuration lets it.
    #[cfg(feature = "watch")]
    Watcher {
        /// Who it is, by what From says.
        from: String,
        /// Where it asked from.
        source: SocketAddr,
        /// Who it is, by what is proved.
        assurance: Assurance,
    },
    /// Somebody does not watch our calls any more.
    #[cfg(feature = "watch")]
    WatcherGone {
        /// Who it is, by what was proved.
        who: String,
        /// Why.
        why: SubscriberEnd,
    },
    /// What is known of whom is watched: with each notification, all of it.
    #[cfg(feature = "watch")]
    Watched {
        /// All that is known.
        known: Known,
    },
    /// Whom we watch tells nothing, or nothing that can be read.
    #[cfg(feature = "watch")]
    NotWatched {
        /// Why, and when it is asked again.
        reason: String,
        /// Whether nothing follows.
        is_over: bool,
    },
    /// The security manager refused somebody's request. Told once in ten seconds for each source
    /// and reason.
    Refused {
        /// Who sent it, by what From says: nothing proves it. At most 128 characters.
        from: String,
        /// Where it came from; `None` where its message was believed and its body was not.
        source: Option<SocketAddr>,
        /// The reason, in one word that stays.
        code: &'static str,
        /// The reason in words, and what to do.
        reason: String,
    },
    /// What else was refused within ten seconds of an [`Event::Refused`], for the same reason.
    RefusedMore {
        /// Where it came from; `None`: from several places.
        source: Option<IpAddr>,
        /// The reason, in one word; `several` where there is more than one.
        code: &'static str,
        /// How many requests.
        times: u64,
    },
    /// A message came in, of which the peer is told that it was received.
    Message {
        /// The call that it came in, if it came in one.
        within: Option<CallId>,
        /// Whom it is from, by what From says.
        from: String,
        /// Where it came from.
        source: SocketAddr,
        /// The text.
        text: String,
        /// Who the peer is, and by what proof.
        assurance: Assurance,
    },
    /// A peer answered what stands for itself (OPTIONS, a message, a digit), or did not.
    RequestAnswered {
        /// The request.
        id: RequestId,
        /// The status.
        outcome: Result<u16, Cause>,
    },
}

/// What a peer asks to be called in its stead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Names it to [`follow`](super::Terminal::follow) and
    /// [`decline_transfer`](super::Terminal::decline_transfer).
    pub id: RequestId,
    /// The call that it was asked for in.
    pub within: CallId,
    /// Whom to call.
    pub to: String,
    /// Who asks, as it says itself.
    pub by: Option<String>,
}

impl Event {
    /// The call that it is about, if it is about one.
    pub const fn call(&self) -> Option<CallId> {
        match self {
            Self::Incoming { id, .. }
            | Self::TransferAsked(Transfer { within: id, .. })
            | Self::TransferProgress { id, .. }
            | Self::Transferred { id }
            | Self::NotTransferred { id, .. }
            | Self::Ringing { id }
            | Self::Redirected { id, .. }
            | Self::Established { id, .. }
            | Self::Keyed { id, .. }
            | Self::Held { id }
            | Self::Resumed { id }
            | Self::HoldFailed { id, .. }
            | Self::PeerHeld { id }
            | Self::PeerResumed { id }
            | Self::Dtmf { id, .. }
            | Self::Pressed { id, .. }
            | Self::NotRecorded { id, .. }
            | Self::Over { id, .. } => Some(*id),
            Self::Message { within, .. } => *within,
            Self::Registered { .. }
            | Self::Renewing { .. }
            | Self::NotRegistered { .. }
            | Self::Unregistered { .. }
            | Self::MessagesWaiting { .. }
            | Self::MessagesUnknown { .. }
            | Self::Refused { .. }
            | Self::RefusedMore { .. }
            | Self::RequestAnswered { .. } => None,
            #[cfg(feature = "watch")]
            Self::Published { .. }
            | Self::NotPublished { .. }
            | Self::Watcher { .. }
            | Self::WatcherGone { .. }
            | Self::Watched { .. }
            | Self::NotWatched { .. } => None,
        }
    }

    /// What a transferor is told, for the user: a final answer that is no success is a failure.
    pub(super) const fn of_transfer(id: CallId, status: Option<u16>, is_final: bool) -> Self {
        match (status, is_final) {
            // It was taken, and nothing more is said.
            (Some(200..=299) | None, true) => Self::Transferred { id },
            (Some(status), true) => Self::NotTransferred { id, cause: Cause::Status(status) },
            (Some(status), false) => Self::TransferProgress { id, status },
            (None, false) => Self::TransferProgress { id, status: 100 },
        }
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was up, and one side hung up.
    Ended(EndReason),
    /// The peer hung up and says why, in these words (RFC 3326): controls are escaped, what it says
    /// itself stands between quotation marks, and nothing proves it.
    Explained(String),
    /// It did not come about.
    Failed(Cause),
    /// It did not come about since the callee cannot be reached, for this reason.
    Unreachable(String),
    /// The callee refused what we signed, with 403: it does not say why, lest it tell an impostor
    /// too.
    Unbelieved,
    /// Whoever runs the terminal refused it, with this status.
    Refused(u16),
    /// Its media could not be agreed on or started.
    Media(String),
    /// The peer's media stopped coming.
    NoMedia,
    /// ICE found no way for its media, or the peer no longer consents to them.
    NoWay,
    /// The media key has protected as many packets as it may. RFC 3711 §9.2.
    KeyExhausted,
    /// The handshake that media were to be keyed by failed, and why.
    NotKeyed(ssm::Refused),
}

impl Outcome {
    /// Whether the call ended as calls do: by one of its sides. A refusal with a 5xx is an error
    /// on this side. RFC 3261 §21.5.
    pub const fn is_ordinary(&self) -> bool {
        match self {
            Self::Ended(reason) => matches!(reason, EndReason::Local | EndReason::Remote),
            Self::Explained(_) => true,
            Self::Refused(status) => !matches!(status, 500..=599),
            Self::Failed(_)
            | Self::Unreachable(_)
            | Self::Unbelieved
            | Self::Media(_)
            | Self::NoMedia
            | Self::NoWay
            | Self::KeyExhausted
            | Self::NotKeyed(_) => false,
        }
    }
}

impl Outcome {
    /// The outcome in one word that stays the same, whatever is said of it: `docs/json.md`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ended(EndReason::Local) => "hung_up",
            Self::Ended(EndReason::Remote) | Self::Explained(_) => "peer_hung_up",
            Self::Ended(EndReason::Cancelled) => "cancelled",
            Self::Ended(EndReason::AnsweredElsewhere) => "answered_elsewhere",
            Self::Ended(EndReason::NoAck) => "no_ack",
            Self::Ended(EndReason::NoAnswer) => "no_answer",
            Self::Ended(EndReason::Refused) => "unprotected",
            Self::Ended(EndReason::Lost) => "lost",
            Self::Failed(cause) => code(*cause),
            Self::Unreachable(_) => code(Cause::Transport),
            Self::Unbelieved => "not_believed",
            Self::Refused(_) => "refused_here",
            Self::Media(_) => "media",
            Self::NoMedia => "media_stopped",
            Self::NoWay => "no_way",
            Self::KeyExhausted => "key_exhausted",
            Self::NotKeyed(_) => "not_keyed",
        }
    }

    /// After which time the peer may be called again, where it says so.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Failed(cause) => retry_after(*cause),
            Self::Ended(_)
            | Self::Explained(_)
            | Self::Unreachable(_)
            | Self::Unbelieved
            | Self::Refused(_)
            | Self::Media(_)
            | Self::NoMedia
            | Self::NoWay
            | Self::KeyExhausted
            | Self::NotKeyed(_) => None,
        }
    }

    /// The SIP status that it came to, where there is one.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Failed(cause) => cause.status(),
            Self::Unbelieved => Some(403),
            Self::Refused(status) => Some(*status),
            Self::Ended(_)
            | Self::Explained(_)
            | Self::Unreachable(_)
            | Self::Media(_)
            | Self::NoMedia
            | Self::NoWay
            | Self::KeyExhausted
            | Self::NotKeyed(_) => None,
        }
    }

    /// What the peer says why it hung up, where it does.
    pub fn peer_says(&self) -> Option<&str> {
        if let Self::Explained(why) = self { Some(why) } else { None }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(reason) => f.write_str(match reason {
                EndReason::Local => "hung up here",
                EndReason::Remote => "the peer hung up",
                EndReason::Cancelled => "the caller gave up",
                EndReason::AnsweredElsewhere => "answered elsewhere",
                EndReason::NoAck => "the caller never acknowledged the answer",
                EndReason::NoAnswer => "it rang for too long",
                EndReason::Refused => "the answer could not be protected",
                EndReason::Lost => "the peer does not know the call any more",
            }),
            Self::Explained(why) => write!(f, "the peer hung up: {why}"),
            Self::Failed(cause) => write!(f, "{cause}{}", advice(*cause)),
            Self::Unbelieved => f.write_str(
                "the peer answered 403 Forbidden to the signed call: it has not pinned our key, or \
                 the clocks differ, or an element on the way changes Call-ID or tags (a B2BUA); \
                 whoever is called sees which",
            ),
            Self::Refused(status) => write!(f, "refused here with {}", in_words(*status)),
            Self::Unreachable(why) | Self::Media(why) => f.write_str(why),
            Self::NoMedia => f.write_str("the peer's media stopped"),
            Self::NoWay => f.write_str(
                "ICE finds no way for the media, or the peer no longer answers on it (a translator or \
                 firewall may be between: `[media] turn` names a server that relays)",
            ),
            Self::KeyExhausted => f.write_str("the media key is used up"),
            Self::NotKeyed(why) => why.fmt(f),
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
