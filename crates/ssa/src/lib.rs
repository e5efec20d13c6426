//! **SSA**: the interface between a SIP manager and a security manager.
//!
//! ```text
//!   SIP manager (any SIP stack)                    security manager
//!        │  request_received ───────────────────────▶ │  admit, challenge, reject, authenticate
//!        │  authenticate ───────────────────────────▶ │  may wait for a security application
//!        │  got_401_unauthorized ───────────────────▶ │  send_www_authenticate: plan, bytes to reserve
//!        │  encrypt / decrypt ──────────────────────▶ │  every body crosses, also in the clear
//!        │  authorize ──────────────────────────────▶ │  the finished header fields
//!        │  response_leaving / response_received ───▶ │  the callee's proof
//!        │  abandon ────────────────────────────────▶ │
//! ```
//!
//! It speaks of methods, URIs and raw header values, never of a stack's own types, and needs
//! nothing but `std`: another SIP stack adopts a security manager by calling [`SipSecurity`].
//!
//! What it is *not*: a parser, a policy, a runtime. The stack parses and routes; the manager
//! decides; who awaits a [`Answer::Pending`] is the stack's driver.
//!
//! [`Deny`] and [`Open`] are its null implementations, [`Observed`] shows every signal to a
//! [`Sink`], and the feature `conformance` adds the kit that every security manager passes.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

#[cfg(feature = "conformance")]
pub mod conformance;
mod null;
mod observed;
mod transport;
mod view;

pub use null::{Deny, Open};
pub use observed::{Observed, Signal, Sink};
pub use transport::{PeerVerdict, TransportSecurity};
pub use view::{
    Arrival, CallRef, Certified, FlowId, Headers, InDialog, Party, Request, Response, Transport,
};

use std::{fmt, pin::Pin, time::Duration};

/// What a security manager answers: at once, or when its future is done.
///
/// Dropping the future cancels the work behind it.
pub enum Answer<T> {
    /// The answer, at no cost of a boxed future.
    Ready(T),
    /// The answer waits for a person or a process.
    Pending {
        /// Upper bound that the driver enforces besides the manager's own deadline; when it has
        /// passed, the driver drops `future` and acts as on a refusal.
        within: Duration,
        /// Yields the answer.
        future: Pin<Box<dyn Future<Output = T> + Send + 'static>>,
    },
}

/// A header field to be put into a message: its name and its value as they go on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, for example `WWW-Authenticate`.
    pub name: &'static str,
    /// The value, without the line end.
    pub value: Vec<u8>,
}

impl fmt::Debug for Field {
    /// Prints the name and the value's length: values carry credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: [{} bytes]", self.name, self.value.len())
    }
}

/// A failure response that the stack is to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Status code, 400–699.
    pub status: u16,
    /// Reason phrase; it tells the peer no secret.
    pub reason: &'static str,
    /// `Retry-After`, where the trouble is ours and passes. RFC 3261 §20.33.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal that a retry would not mend.
    pub const fn new(status: u16, reason: &'static str) -> Self {
        Self { status, reason, retry_after: None }
    }

    /// 500: this side could not decide; the peer may try again after `retry_after`.
    pub const fn try_later(retry_after: Duration) -> Self {
        Self { status: 500, reason: "Server Internal Error", retry_after: Some(retry_after) }
    }
}

/// Answer to [`SipSecurity::request_received`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// The request needs no proof, or came over a hop that is trusted for it.
    Admit,
    /// Send a stateless 401 with these fields and forget the request.
    SendWwwAuthenticate(Vec<Field>),
    /// Send this failure response and forget the request.
    Reject(Refusal),
    /// The nonce is ours and fresh: create a transaction and ask [`SipSecurity::authenticate`].
    Authenticate,
}

/// Answer to [`SipSecurity::authenticate`]: the authentication signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// The peer proved who it is.
    Authenticated,
    /// The nonce is stale: send a 401 with these fields.
    SendWwwAuthenticate(Vec<Field>),
    /// Send this failure response.
    Refused(Refusal),
}

/// The required information of an answered challenge, kept by the manager under this number.
///
/// A plan belongs to the call it was made for; under another call it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plan(pub u64);

/// Answer to [`SipSecurity::got_401_unauthorized`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Required {
    /// Build the request anew, then call `encrypt` and `authorize` with the plan.
    SendWwwAuthenticate {
        /// To be handed back to `encrypt` and `authorize`.
        plan: Plan,
        /// Bytes that the header fields of `authorize` will take at most, so that transport and
        /// Contact can be chosen before a signature exists.
        reserve: usize,
    },
    /// The challenge is not answered: the failure response goes to the application.
    GiveUp(Why),
}

/// Why the security manager ends an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// No account or identity is configured for the realm and next hop.
    NotConfigured,
    /// No password is configured for the account, and nobody gave one.
    NoPassword,
    /// The challenge cannot be parsed or lacks a parameter.
    MalformedChallenge,
    /// Only algorithms below the floor were offered.
    BelowFloor,
    /// Only schemes that are never answered were offered, such as Basic.
    UnknownScheme,
    /// Policy requires a proof that the peer did not ask for or did not give.
    ProofMissing,
    /// The peer's proof does not verify.
    ProofInvalid,
    /// The realm is not within the peer's AOR domain.
    ForeignRealm,
    /// An access token is wanted, and no TLS connection to a name that was proved leads there.
    TokenInClear,
    /// The body has media keys, and no TLS hop leads to where it goes.
    KeysInClear,
    /// The challenge names no authorization server of the account's.
    ForeignServer,
    /// What was given as an access token is none.
    NoToken,
    /// The SIM did not answer.
    NoSim,
    /// The credentials were tried and refused.
    TriedAlready,
    /// The plan or the response is of another call.
    OtherCall,
    /// The peer asks for an OpenPGP signature, and our user did not require one of this call.
    PgpRequired,
    /// The peer's key is not pinned.
    NotTrusted,
    /// No TLS connection that was opened for the peer's domain brought the answer.
    NotCertified,
    /// The security application did not answer in time or is not there.
    ApplicationUnavailable,
    /// The security application refused or failed.
    ApplicationFailed,
    /// The security manager is a process of its own, and does not answer or is not there.
    ManagerUnavailable,
    /// The body cannot be protected, or the peer's protected body cannot be read.
    Body,
    /// The call was abandoned meanwhile.
    Abandoned,
}

impl Why {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::NotConfigured,
        Self::NoPassword,
        Self::MalformedChallenge,
        Self::BelowFloor,
        Self::UnknownScheme,
        Self::ProofMissing,
        Self::ProofInvalid,
        Self::ForeignRealm,
        Self::TokenInClear,
        Self::KeysInClear,
        Self::ForeignServer,
        Self::NoToken,
        Self::NoSim,
        Self::TriedAlready,
        Self::OtherCall,
        Self::PgpRequired,
        Self::NotTrusted,
        Self::NotCertified,
        Self::ApplicationUnavailable,
        Self::ApplicationFailed,
        Self::ManagerUnavailable,
        Self::Body,
        Self::Abandoned,
    ];
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotConfigured => "no credentials are configured for this realm and next hop",
            Self::NoPassword => "no password is configured for this realm, and none was given",
            Self::MalformedChallenge => "the challenge is malformed",
            Self::BelowFloor => "only algorithms below the configured floor were offered",
            Self::UnknownScheme => {
                "only schemes that are never answered, such as Basic, were offered"
            }
            Self::ProofMissing => "the peer gave no proof although one is required",
            Self::ProofInvalid => "the peer's proof does not verify",
            Self::ForeignRealm => "the realm is not within the peer's domain",
            Self::TokenInClear => "an access token leaves only over TLS to a name that was proved",
            Self::KeysInClear => "media keys leave only over TLS, or encrypted for the peer",
            Self::ForeignServer => "the authorization server is none that the account trusts",
            Self::NoToken => "no access token was given, or what was given is none",
            Self::NoSim => "the SIM does not answer",
            Self::TriedAlready => "the credentials were tried and refused",
            Self::OtherCall => "the message belongs to another call",
            Self::PgpRequired => "the peer asks for OpenPGP: call again and require it",
            Self::NotTrusted => "the peer's key is not pinned",
            Self::NotCertified => "no TLS connection to the peer's domain brought the answer",
            Self::ApplicationUnavailable => "the security application does not answer",
            Self::ApplicationFailed => "the security application failed",
            Self::ManagerUnavailable => "the security manager does not answer",
            Self::Body => "the body cannot be protected or read",
            Self::Abandoned => "the call was abandoned",
        })
    }
}

/// Which message a body belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A request's body.
    Request,
    /// A response's body.
    Response,
}

/// A body and its outer Content-Type; an empty body has none.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Body {
    /// The Content-Type's value, or `None` without a body.
    pub content_type: Option<Vec<u8>>,
    /// The octets.
    pub octets: Vec<u8>,
}

impl fmt::Debug for Body {
    /// Prints length and type without parameters: bodies carry media keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.octets.is_empty() {
            return f.write_str("no body");
        }
        let kind = self.content_type.as_deref().unwrap_or(b"no type");
        let kind = kind.split(|octet| *octet == b';').next().unwrap_or_default();
        write!(f, "{} bytes of {}", self.octets.len(), kind.escape_ascii())
    }
}

/// Answer to [`SipSecurity::encrypt`] and [`SipSecurity::decrypt`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyVerdict {
    /// The body to go on with.
    Body(Body),
    /// The body cannot be protected or read: 493, or 488 where its offer is not acceptable.
    Refused(Refusal),
}

/// Answer to [`SipSecurity::authorize`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorized {
    /// Put these fields into the request, in this order, in place of those of an earlier try.
    Fields(Vec<Field>),
    /// The request must not leave.
    GiveUp(Why),
}

/// Answer to [`SipSecurity::response_leaving`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// Put these fields into the response.
    Fields(Vec<Field>),
    /// Send this instead: never an unsigned 2xx where a signed one is owed.
    Refused(Refusal),
}

/// Answer to [`SipSecurity::response_received`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// The response counts.
    Accept,
    /// A 2xx that must not be believed: ACK it, end the dialog with BYE, no media.
    AckThenBye(Why),
    /// As if it had not come.
    Discard,
}

/// What the SIP manager asks of the security manager, and signals to it.
///
/// Implementations are shared between tasks and never block: what takes time is
/// [`Answer::Pending`]. A stack asks in this order: for a request that came in,
/// `request_received`, `authenticate` (where told to), `decrypt`; for its 2xx, `encrypt`,
/// `response_leaving`; for a request that goes out, `encrypt`, and after a 401 or 407
/// `got_401_unauthorized`, `encrypt`, `authorize`; for its 2xx, `response_received`, `decrypt`; for an
/// ACK of ours that brings an answer, `encrypt`.
///
/// A method that is not implemented refuses: the provided bodies are [`Deny`].
pub trait SipSecurity: Send + Sync {
    /// A request came in that matches no transaction. Nothing may be stored for it yet.
    ///
    /// ACK and CANCEL are never passed here: they cannot be challenged. RFC 3261 §22.1.
    fn request_received(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Received {
        Received::Reject(FORBIDDEN)
    }

    /// Asks for the authentication signal of a request that was answered `Authenticate`.
    fn authenticate(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Answer<Authentication> {
        Answer::Ready(Authentication::Refused(FORBIDDEN))
    }

    /// A 401 or 407 came in over the hop of the arrival, for the request that was sent.
    ///
    /// The stack asks only where it came from where the request went: the hop is the party that
    /// the credentials will go to, not one that forged a source or answered in its place.
    fn got_401_unauthorized(
        &self, _: CallRef, _: &Arrival<'_>, _: &Response<'_>, _: &Request<'_>,
    ) -> Answer<Required> {
        Answer::Ready(Required::GiveUp(Why::NotConfigured))
    }

    /// Protects a body that is about to leave: with a plan, for the parties that challenged; in a
    /// response, for the peer whose request it answers. Media keys are filled in here.
    ///
    /// The message leaves over this transport; over one that [is no less secure](Transport::is_secure),
    /// or this is asked again.
    fn encrypt(
        &self, _: CallRef, _: Direction, _: Transport, _: Option<Plan>, _: Body,
    ) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Refused(FORBIDDEN))
    }

    /// Reads a body that came in over this transport; media keys are taken out here. Asked after
    /// authentication.
    fn decrypt(&self, _: CallRef, _: Direction, _: Transport, _: Body) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Refused(FORBIDDEN))
    }

    /// Authorizes the request exactly as it will leave, but for the fields that are the answer.
    ///
    /// Asked once for each plan; for a REGISTER that was accepted, again for those that follow over
    /// the same hop, until one is challenged.
    fn authorize(&self, _: CallRef, _: Plan, _: &Request<'_>) -> Answer<Authorized> {
        Answer::Ready(Authorized::GiveUp(Why::NotConfigured))
    }

    /// A response to a request that was admitted or authenticated is about to leave.
    ///
    /// Asked for every final response; the fields are `Authentication-Info` and the callee's
    /// signature. The request is the one that it answers.
    fn response_leaving(&self, _: CallRef, _: &Request<'_>, _: &Response<'_>) -> Answer<Leaving> {
        Answer::Ready(Leaving::Refused(FORBIDDEN))
    }

    /// A 2xx came in for the request that was sent (with its credentials, where it had some).
    fn response_received(
        &self, _: CallRef, _: &Arrival<'_>, _: &Response<'_>, _: &Request<'_>,
    ) -> Answer<Incoming> {
        Answer::Ready(Incoming::AckThenBye(Why::NotConfigured))
    }

    /// The call, or the exchange before it, is over: cancelled, timed out, refused or ended.
    fn abandon(&self, _: CallRef) {}
}

const FORBIDDEN: Refusal = Refusal::new(403, "Forbidden");
