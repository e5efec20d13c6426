//! Who hears what: one method for each thing that can happen, dispatched by the kind of usage.

use super::cx::Cx;
use super::ended::Ended;
use super::invite::{InviteUsage, Unwanted};
use super::notifier::Notifier;
use super::publication::Publication;
use super::registration::Registration;
use super::single::Single;
use super::subscription::Subscription;
use crate::manager::requests::{Answer, Purpose};
use crate::manager::serving::{Reply, Served};
use crate::manager::slab::Key;
use crate::{Fields, Method};
use ssa::{Body, CallRef, FlowId};

/// What a request can be for.
#[derive(Debug)]
pub(in crate::manager) enum Usage {
    /// A call.
    Invite(Box<InviteUsage>),
    /// A dialog that nobody wanted: acknowledged, and being ended.
    Unwanted(Unwanted),
    /// An address of record that is kept registered.
    Registration(Box<Registration>),
    /// A request that stands for itself.
    Single(Single),
    /// What we tell a peer of, as its SUBSCRIBE or REFER asks.
    Notifier(Box<Notifier>),
    /// What a peer tells us of, as a SUBSCRIBE or a REFER of ours asked it to.
    Subscription(Box<Subscription>),
    /// What is published of us.
    Publication(Box<Publication>),
}

impl Usage {
    /// What it holds towards the security manager.
    pub(in crate::manager) const fn name(&self) -> CallRef {
        match self {
            Self::Invite(it) => it.name(),
            Self::Unwanted(it) => it.name(),
            Self::Registration(it) => it.name(),
            Self::Single(it) => it.name(),
            Self::Notifier(it) => it.name(),
            Self::Subscription(it) => it.name(),
            Self::Publication(it) => it.name(),
        }
    }

    /// Whether nothing is to be done any more: it is to be removed.
    pub(in crate::manager) const fn is_over(&self) -> bool {
        match self {
            Self::Invite(it) => it.is_over(),
            Self::Unwanted(it) => it.is_over(),
            Self::Registration(it) => it.is_over(),
            Self::Single(it) => it.is_over(),
            Self::Notifier(it) => it.is_over(),
            Self::Subscription(it) => it.is_over(),
            Self::Publication(it) => it.is_over(),
        }
    }

    /// Whether it is a subscription that the application asked for.
    pub(in crate::manager) const fn is_subscription(&self) -> bool {
        matches!(self, Self::Subscription(it) if it.is_asked())
    }

    /// Whether it is a peer's subscription.
    pub(in crate::manager) const fn is_subscriber(&self) -> bool {
        matches!(self, Self::Notifier(it) if it.is_subscriber())
    }

    /// Whether it is a peer's REFER outside any call.
    pub(in crate::manager) const fn is_referral(&self) -> bool {
        matches!(self, Self::Notifier(it) if it.is_referral())
    }

    /// Whether it is a publication.
    pub(in crate::manager) const fn is_publication(&self) -> bool {
        matches!(self, Self::Publication(_))
    }

    /// How many timers it may have, numbered from zero.
    pub(in crate::manager) const fn timers(&self) -> u8 {
        if let Self::Registration(it) = self { it.timers() } else { 8 }
    }

    /// The dialogs that it uses.
    pub(in crate::manager) fn dialogs(&self) -> Vec<Key> {
        match self {
            Self::Invite(it) => it.dialogs(),
            Self::Unwanted(it) => it.dialog().into_iter().collect(),
            Self::Single(it) => it.dialog().into_iter().collect(),
            Self::Notifier(it) => it.dialog().into_iter().collect(),
            Self::Subscription(it) => it.dialog().into_iter().collect(),
            Self::Registration(_) | Self::Publication(_) => Vec::new(),
        }
    }

    /// The server transaction of the peer's request that it began with, until that is answered.
    pub(in crate::manager) fn waiting(&self) -> Option<Key> {
        match self {
            Self::Invite(it) => it.unanswered().ok(),
            Self::Single(it) => it.waiting(),
            Self::Unwanted(_)
            | Self::Registration(_)
            | Self::Notifier(_)
            | Self::Publication(_)
            | Self::Subscription(_) => None,
        }
    }

    /// A request of the peer's, authenticated and read: to be answered now or later.
    pub(in crate::manager) fn on_request(
        &mut self, cx: &mut Cx<'_>, server: Key, method: Method<'static>, body: Body,
    ) {
        match self {
            Self::Invite(it) => it.on_request(cx, server, method, body),
            Self::Unwanted(it) => it.on_request(cx, server),
            Self::Single(it) => it.on_request(cx, server, method, body),
            Self::Notifier(it) => it.on_request(cx, server, method),
            Self::Subscription(it) => it.on_request(cx, server, method, body),
            Self::Registration(_) | Self::Publication(_) => cx.answer(server, Reply::new(481)),
        }
    }

    /// The final response to a request of the peer's has left.
    pub(in crate::manager) fn on_answered(
        &mut self, cx: &mut Cx<'_>, server: Key, served: &Served, status: u16,
    ) {
        match self {
            Self::Invite(it) => it.on_answered(cx, server, served, status),
            Self::Notifier(it) => it.on_answered(cx, served, status),
            Self::Unwanted(_)
            | Self::Registration(_)
            | Self::Single(_)
            | Self::Publication(_)
            | Self::Subscription(_) => {}
        }
    }

    /// The peer took a request back, perhaps since it is answered `elsewhere`, and was answered 487.
    pub(in crate::manager) fn on_cancelled(
        &mut self, cx: &mut Cx<'_>, server: Key, elsewhere: bool,
    ) {
        if let Self::Invite(it) = self {
            it.on_cancelled(cx, server, elsewhere);
        }
    }

    /// The ACK to a 2xx of ours; whether an answer is due in it, and its body is to be read.
    pub(in crate::manager) fn on_ack(&mut self, cx: &mut Cx<'_>, cseq: u32) -> bool {
        if let Self::Invite(it) = self { it.on_ack(cx, cseq) } else { false }
    }

    /// What an ACK carried in which an answer was due.
    pub(in crate::manager) fn on_late_answer(&mut self, cx: &mut Cx<'_>, cseq: u32, body: Body) {
        if let Self::Invite(it) = self {
            it.on_late_answer(cx, cseq, body);
        }
    }

    /// What our ACK of this CSeq may bring as the answer to an offer; nothing, where it may not.
    pub(in crate::manager) fn on_answer_protected(
        &mut self, cx: &mut Cx<'_>, cseq: u32, body: Body,
    ) {
        if let Self::Invite(it) = self {
            it.on_answer_protected(cx, cseq, body);
        }
    }

    /// A provisional response to a request of ours, and the body that it brought. To other requests
    /// than an INVITE it says nothing. RFC 4320 §4.1.
    pub(in crate::manager) fn on_progress(
        &mut self, cx: &mut Cx<'_>, purpose: Purpose, answer: &Answer, body: Body,
    ) {
        if let Self::Invite(it) = self {
            it.on_progress(cx, purpose, answer, body);
        }
    }

    /// What became of a request of ours.
    pub(in crate::manager) fn on_outcome(&mut self, cx: &mut Cx<'_>, ended: Ended) {
        match self {
            Self::Invite(it) => it.on_outcome(cx, ended),
            Self::Unwanted(it) => it.on_outcome(cx),
            Self::Registration(it) => it.on_outcome(cx, &ended),
            Self::Single(it) => it.on_outcome(cx, &ended.outcome),
            Self::Notifier(it) => it.on_outcome(cx, &ended.outcome),
            Self::Subscription(it) => it.on_outcome(cx, &ended),
            Self::Publication(it) => it.on_outcome(cx, &ended),
        }
    }

    /// A timer of its own fired.
    pub(in crate::manager) fn on_timer(&mut self, cx: &mut Cx<'_>, timer: u8) {
        match self {
            Self::Invite(it) => it.on_timer(cx, timer),
            Self::Registration(it) => it.on_timer(cx, timer),
            Self::Single(it) => it.on_timer(cx),
            Self::Notifier(it) => it.on_timer(cx, timer),
            Self::Subscription(it) => it.on_timer(cx, timer),
            Self::Publication(it) => it.on_timer(cx),
            Self::Unwanted(_) => {}
        }
    }

    /// A dialog that it uses is gone. RFC 5057 §5.1.
    pub(in crate::manager) fn on_dialog_gone(&mut self, cx: &mut Cx<'_>, dialog: Key) {
        match self {
            Self::Invite(it) => it.on_dialog_gone(cx, dialog),
            Self::Notifier(it) => it.on_dialog_gone(cx),
            Self::Subscription(it) => it.on_dialog_gone(cx),
            Self::Unwanted(_) | Self::Registration(_) | Self::Single(_) | Self::Publication(_) => {}
        }
    }

    /// A connection was closed.
    pub(in crate::manager) fn on_flow_closed(&mut self, cx: &mut Cx<'_>, flow: FlowId) {
        match self {
            Self::Registration(it) => it.on_flow_closed(cx, flow),
            Self::Subscription(it) => it.on_flow_closed(cx, flow),
            Self::Invite(_)
            | Self::Unwanted(_)
            | Self::Single(_)
            | Self::Notifier(_)
            | Self::Publication(_) => {}
        }
    }

    /// Something came over a connection on which a ping of ours was sent.
    pub(in crate::manager) fn on_alive(&mut self, cx: &mut Cx<'_>, flow: FlowId, is_pong: bool) {
        if let Self::Registration(it) = self {
            it.on_alive(cx, flow, is_pong);
        }
    }

    /// The terminal stops: what the peers are owed is sent.
    pub(in crate::manager) fn stop(&mut self, cx: &mut Cx<'_>) {
        match self {
            // What was refused or hung up is owed no other end.
            Self::Invite(it) if it.check().is_ok() => it.hang_up(cx, Fields::default()),
            Self::Invite(_) => {}
            Self::Registration(it) => it.unregister(cx),
            Self::Subscription(it) => it.unsubscribe(cx),
            Self::Publication(it) => it.take_back(cx),
            Self::Notifier(it) => it.stop(cx),
            Self::Unwanted(_) | Self::Single(_) => {}
        }
    }
}

/// One kind of usage: what a command is for.
pub(in crate::manager) trait OneKind: Sized {
    /// The usage, where it is of this kind.
    fn of(usage: &mut Usage) -> Option<&mut Self>;
}

macro_rules! kinds {
    ($($kind:ident: $of:ty),*) => {
        $(impl OneKind for $of {
            fn of(usage: &mut Usage) -> Option<&mut Self> {
                let Usage::$kind(it) = usage else { return None };
                Some(it)
            }
        })*
    };
}

kinds! {
    Invite: InviteUsage, Registration: Registration, Single: Single, Notifier: Notifier,
    Subscription: Subscription, Publication: Publication
}
