//! What the application is told of its subscriptions, and what it asks for. RFC 6665 §4.1.

use super::cause::Cause;
use super::config::NextHop;
use super::slab::Key;
use ssa::Body;
use std::fmt;
use std::time::Duration;

/// A subscription of ours, as the application names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(pub(crate) Key);

/// What to subscribe to, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscribeConfig {
    /// Who subscribes: a URI or a name-addr.
    pub from: String,
    /// The URI of what is subscribed to.
    pub to: String,
    /// Where the first request goes; `None`: where `to` points.
    pub next_hop: Option<NextHop>,
    /// The event package as Event names it, such as `message-summary`, with an `id` where there is
    /// to be one.
    pub event: String,
    /// The media types that its notifications may have; none: whatever comes.
    pub accept: Vec<String>,
    /// The lifetime to ask for, in seconds. The subscription is refreshed before its end, once a day
    /// at least and once in four seconds at most.
    pub expires: u32,
}

/// How it stands with a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionNews {
    /// The notifier told its state.
    Notified {
        /// The subscription's state.
        state: SubscriptionState,
        /// What the notifier says, of one of the types that were asked for; it may be empty.
        body: Body,
    },
    /// It does not stand any more, or did not come about, and is tried anew.
    Lapsed {
        /// Why.
        why: SubscriptionEnd,
        /// When it is tried again: after this time.
        again: Duration,
    },
    /// It is over, and nothing follows.
    Over {
        /// Why.
        why: SubscriptionEnd,
    },
}

/// The state of a subscription, as the notifier says. RFC 6665 §4.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionState {
    /// It is granted.
    Active,
    /// Nobody has decided yet.
    Pending,
    /// It is over: [`Lapsed`](SubscriptionNews::Lapsed) or [`Over`](SubscriptionNews::Over) follows.
    Terminated(Termination),
}

/// Why a notifier ends a subscription. RFC 6665 §4.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termination {
    /// `deactivated`: to be made anew at once.
    Deactivated,
    /// `probation`: to be made anew later.
    Probation,
    /// `rejected`: the notifier does not grant it.
    Rejected,
    /// `timeout`: it was not refreshed.
    TimedOut,
    /// `giveup`: nobody decided in time.
    GivenUp,
    /// `noresource`: what was subscribed to is no more.
    NoResource,
    /// `invariant`: it will not change.
    Invariant,
    /// It does not say, or nothing that is known.
    Unsaid,
}

impl Termination {
    /// All that say why, as Subscription-State says it.
    const WORDS: [(Self, &'static str); 7] = [
        (Self::Deactivated, "deactivated"),
        (Self::Probation, "probation"),
        (Self::Rejected, "rejected"),
        (Self::TimedOut, "timeout"),
        (Self::GivenUp, "giveup"),
        (Self::NoResource, "noresource"),
        (Self::Invariant, "invariant"),
    ];

    /// What a reason says.
    pub(super) fn of(reason: &[u8]) -> Self {
        let is_it = |(_, word): &&(Self, &str)| reason.eq_ignore_ascii_case(word.as_bytes());
        Self::WORDS.iter().find(is_it).map_or(Self::Unsaid, |(why, _)| *why)
    }

    /// The reason; empty where there is none.
    pub(super) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(why, _)| *why == self).map_or("", |(_, word)| *word)
    }
}

/// Whether a SUBSCRIBE or a NOTIFY that fails so says that there is no subscription any more.
/// RFC 6665 §4.1.2.2, §4.2.2; RFC 5057 §5.1.
pub(super) const fn ends_subscription(cause: Cause) -> bool {
    let status = cause.status();
    matches!(cause, Cause::Timeout)
        || matches!(status, Some(404 | 405 | 408 | 410 | 416 | 480..=485 | 489 | 501 | 604))
}

/// Why a subscription does not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionEnd {
    /// `unsubscribe`, or the terminal stops.
    Wanted,
    /// The notifier ended it.
    Terminated(Termination),
    /// Its time was up, and nothing refreshed it.
    Expired,
    /// A SUBSCRIBE failed, or was followed by no NOTIFY: [`Cause::Timeout`].
    Failed(Cause),
}

impl fmt::Display for SubscriptionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wanted => f.write_str("it was ended here"),
            Self::Terminated(why) => f.write_str(match why {
                Termination::Deactivated => "the server moved it elsewhere",
                Termination::Probation => "the server put it off",
                Termination::Rejected => "the server does not grant it",
                Termination::TimedOut => "the server ended it, for it was not refreshed in time",
                Termination::GivenUp => "nobody granted it in time",
                Termination::NoResource => "what was subscribed to is no more",
                Termination::Invariant => "what was subscribed to will not change",
                Termination::Unsaid => "the server ended it and did not say why",
            }),
            Self::Expired => f.write_str("its time was up and it could not be refreshed"),
            Self::Failed(cause) => cause.fmt(f),
        }
    }
}
