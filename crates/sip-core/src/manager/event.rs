//! What the manager tells the telephony application.

pub use super::cause::Cause;
pub(super) use super::misuse::Misuse;
use super::peer_reason::PeerReason;
use super::publications::{PublicationId, PublicationNews};
use super::renewal::Renewal;
use super::slab::Key;
use super::subscribers::{SubscriberId, SubscriberNews};
use super::subscriptions::{SubscriptionId, SubscriptionNews};
use crate::{Limits, Message, Method};
use bytes::Bytes;
use ssa::{Body, CallRef, FlowId, Transport};
use std::fmt;
use std::net::SocketAddr;

/// A call, as the application names it. Never used again for another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub(crate) Key);

impl fmt::Display for CallId {
    /// A short text that no other call of this manager has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A registration, as the application names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistrationId(pub(crate) Key);

/// A request that stands for itself, ours or a peer's, as the application names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub(crate) Key);

/// A call that was prepared and not sent yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Names it in commands and events.
    pub id: CallId,
    /// Names it towards the security manager.
    pub call: CallRef,
}

/// Something that the application should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A call came in; its proof, where one is required, has been verified.
    ///
    /// The application rings, accepts, rejects or hangs up.
    Incoming {
        /// The call.
        id: CallId,
        /// The call towards the security manager.
        call: CallRef,
        /// From's URI; who that is, the security manager says.
        from: String,
        /// To's URI.
        to: String,
        /// The offer; empty where the caller leaves the offer to the callee: then what it is accepted
        /// with is the offer, and the answer comes with [`Confirmed`](Self::Confirmed).
        body: Body,
        /// Where the INVITE came from.
        source: SocketAddr,
        /// The call of ours that it is to take the place of: whoever transferred it names that call's
        /// identifiers (RFC 3891). The application accepts it where its caller may, and hangs up the
        /// other then; nobody is alerted.
        replaces: Option<CallId>,
    },
    /// The callee is being alerted, or the call makes progress: a 101–199 came in that says
    /// something new.
    Ringing {
        /// The call.
        id: CallId,
        /// The status.
        status: u16,
        /// The session description that it brought: the answer, under which early media comes
        /// (RFC 3960). Unless the security manager signs for it, nobody has. A 2xx may repeat it,
        /// or bring another one.
        answer: Option<Body>,
    },
    /// A 3xx names whom to call instead; [`Failed`](Self::Failed) follows. Nobody vouches for it:
    /// to call them is for the user to want. RFC 3261 §8.1.3.4, §21.3.
    Redirected {
        /// The call.
        id: CallId,
        /// URIs, the most wanted first; at least one, at most eight.
        to: Vec<String>,
    },
    /// The peer makes an offer, since our INVITE or re-INVITE made none: to be answered with `answer`
    /// within 16 s, or the call ends. It came in a 2xx, or in a provisional response that is sent
    /// reliably (RFC 3262 §5). RFC 3261 §13.2.1, §14.1.
    Offered {
        /// The call.
        id: CallId,
        /// The offer.
        body: Body,
    },
    /// The callee has our answer to the offer of its provisional response, and says so in the 2xx to
    /// the PRACK: early media may run, until [`Answered`](Self::Answered) makes it the call's. Not
    /// told where the call is answered before. RFC 3262 §5, RFC 3960.
    AnswerTaken {
        /// The call.
        id: CallId,
    },
    /// The callee answered, its proof holds, and the ACK has left.
    Answered {
        /// The call.
        id: CallId,
        /// The answer; where the 2xx has none, that of its early dialog. RFC 3261 §13.2.1. Empty
        /// where the offer was the callee's, and `answer` has answered it.
        body: Body,
    },
    /// The caller acknowledged our 2xx to its INVITE or re-INVITE, or that to its UPDATE has left.
    Confirmed {
        /// The call.
        id: CallId,
        /// The answer to our offer, where the 2xx made one; empty where the ACK brought none that is
        /// believed: such a call has no session, and is to be ended. RFC 3261 §13.2.1.
        answer: Option<Body>,
    },
    /// The peer wants to change the session: answer with `accept_reinvite` or `reject`.
    Reinvited {
        /// The call.
        id: CallId,
        /// The offer; empty where the peer leaves it to us, as in [`Incoming`](Self::Incoming).
        body: Body,
    },
    /// The peer accepted our re-INVITE.
    ReinviteAnswered {
        /// The call.
        id: CallId,
        /// The answer; empty where the offer was the peer's, and `answer` has answered it.
        body: Body,
    },
    /// The peer did not accept our re-INVITE, or took its own back; the session stays as it was.
    ReinviteFailed {
        /// The call.
        id: CallId,
        /// Why.
        cause: Cause,
    },
    /// It is for us to refresh the session (RFC 4028 §10), and the peer takes no UPDATE: send a
    /// re-INVITE with the session as it is. Otherwise the call ends in half its time.
    RefreshDue {
        /// The call.
        id: CallId,
    },
    /// The peer hangs up and says why; [`Ended`](Self::Ended) follows. Nobody vouches for it.
    /// RFC 3326.
    Explained {
        /// The call.
        id: CallId,
        /// What it says, at least one, at most four.
        why: Vec<PeerReason>,
    },
    /// The call is over. Its media stops at once.
    Ended {
        /// The call.
        id: CallId,
        /// By whom.
        reason: EndReason,
    },
    /// Our call did not come about.
    Failed {
        /// The call.
        id: CallId,
        /// Why.
        cause: Cause,
    },
    /// A registration stands.
    Registered {
        /// The registration.
        id: RegistrationId,
        /// The address of record.
        aor: String,
        /// Its lifetime in seconds; it is refreshed before.
        expires: u32,
        /// The flow that the registrar answered on.
        flow: FlowId,
        /// The transport of that flow.
        transport: Transport,
        /// Which of the registration's flows stands: 1 for the first, and where there is one.
        reg_id: u8,
        /// Whether the registrar reaches us over that flow (RFC 5626): others may stand beside it.
        outbound: bool,
        /// The random user part of our Contact: what the registrar calls us by.
        contact_user: String,
        /// The registrar's address.
        registrar: SocketAddr,
        /// The address that the registrar sees us at and was told as our Contact, where something on
        /// the way translates ours.
        seen: Option<SocketAddr>,
    },
    /// A registration is made again before its time.
    Renewing {
        /// The registration.
        id: RegistrationId,
        /// The address of record.
        aor: String,
        /// Why.
        why: Renewal,
    },
    /// A registration failed and is tried again later, or came to its end.
    RegistrationFailed {
        /// The registration.
        id: RegistrationId,
        /// The address of record.
        aor: String,
        /// Which of its flows failed.
        reg_id: u8,
        /// Whether the account is registered over another one all the same.
        stands: bool,
        /// Why.
        cause: Cause,
    },
    /// A registration is over, as was wanted.
    Unregistered {
        /// The registration.
        id: RegistrationId,
        /// The address of record.
        aor: String,
        /// Whether the registrar confirmed that it holds no binding any more. It is not asked where
        /// it granted none, or refuses us.
        taken_back: bool,
    },
    /// A request that stands for itself came in: to be answered with `reply`, within 16 s.
    Received {
        /// The request.
        id: RequestId,
        /// The call that it belongs to, where it came in a dialog.
        within: Option<CallId>,
        /// The request, or its call, towards the security manager.
        call: CallRef,
        /// What it asks for.
        method: Method<'static>,
        /// From's URI; who that is, the security manager says.
        from: String,
        /// What it carries, as plain text.
        body: Body,
        /// Where it came from.
        source: SocketAddr,
    },
    /// A request of ours did not get through one way, for which it may have others: what becomes of
    /// it is told by itself.
    Unreachable {
        /// The call that the request is of; none of a registration, or of one that stands for itself.
        call: Option<CallId>,
        /// Why: what the network said, with the address.
        reason: String,
    },
    /// The peer of a call asks that somebody else be called, or somebody outside of any call, where
    /// [`Config::referrals`](super::Config::referrals) lets in: `agree` or `decline` within 16 s; 603
    /// follows then. RFC 3515.
    Referred {
        /// The request.
        id: RequestId,
        /// The call that it came in; `None`: outside any.
        within: Option<CallId>,
        /// The call, or the request, towards the security manager.
        call: CallRef,
        /// Who asks, as From says.
        from: String,
        /// Whom to call. Its Replaces, where it has one, goes into the INVITE.
        to: String,
        /// By whom, as Referred-By says: it is for whoever is called.
        by: Option<String>,
    },
    /// How far the peer is with what a REFER of ours asked for.
    ReferNotified {
        /// Our request.
        id: RequestId,
        /// The call that it was sent in; `None`: outside any.
        within: Option<CallId>,
        /// The status of the last response that the peer heard; `None`: it does not say.
        status: Option<u16>,
        /// Whether nothing follows.
        is_final: bool,
    },
    /// The peer does not do what a REFER of ours asked for, or is not heard of.
    ReferFailed {
        /// Our request.
        id: RequestId,
        /// The call that it was sent in; `None`: outside any.
        within: Option<CallId>,
        /// Why.
        cause: Cause,
    },
    /// How it stands with a subscription of ours.
    Subscription {
        /// The subscription.
        id: SubscriptionId,
        /// What happened.
        news: SubscriptionNews,
    },
    /// The final response to a request of ours whose response is wanted, as it came;
    /// [`RequestAnswered`](Self::RequestAnswered) follows.
    Responded {
        /// The request.
        id: RequestId,
        /// The response.
        response: Response,
    },
    /// How it stands with a publication of ours.
    Publication {
        /// The publication.
        id: PublicationId,
        /// What happened.
        news: PublicationNews,
    },
    /// How it stands with a peer's subscription.
    Subscriber {
        /// The subscription.
        id: SubscriberId,
        /// What happened.
        news: SubscriberNews,
    },
    /// A request of ours that stands for itself came to its end.
    RequestAnswered {
        /// The request.
        id: RequestId,
        /// The status of the response; or why there is none, or that it is to be asked for again.
        outcome: Result<u16, Cause>,
    },
}

/// A response as it came: its octets are shared.
#[derive(Clone, PartialEq, Eq)]
pub struct Response(pub(super) Bytes);

impl Response {
    /// It, read; `None` where its head is more than these limits allow. What it came over has held
    /// its length to them.
    pub fn message(&self, limits: &Limits) -> Option<Message> {
        let limits = Limits { datagram: self.0.len(), ..limits.clone() };
        Message::parse(self.0.clone(), &limits).ok()
    }
}

impl fmt::Debug for Response {
    /// Prints the length: what peers say is theirs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response[{} octets]", self.0.len())
    }
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// `hang_up` or `reject`.
    Local,
    /// The peer's BYE.
    Remote,
    /// The caller's CANCEL.
    Cancelled,
    /// The caller's CANCEL, which says that somebody else has answered. RFC 3326 §3.1.
    AnsweredElsewhere,
    /// Our answer was never acknowledged. RFC 3261 §13.3.1.4.
    NoAck,
    /// It rang for too long, or an offer of the peer's was not answered in time.
    NoAnswer,
    /// The answer could not leave: the security manager refused it.
    Refused,
    /// The peer does not know the dialog any more, or does not answer in it: 481, 408.
    Lost,
}
