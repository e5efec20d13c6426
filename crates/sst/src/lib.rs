//! **SST**: the interface between a telephony application and a security manager.
//!
//! ```text
//!   telephony application                       security manager
//!        │  configure, call_started, registered ────▶ │   policy, accounts, what the user did
//!        │  pins ───────────────────────────────────▶ │   whose key is whose, when that changes
//!        │ ◀──── credentials?, trust?, unlock? ─────  │   prompts: cancellable, with deadlines
//!        │ ◀──── assurance ─────────────────────────  │   who the peer is, and by what proof
//!        │ ◀──── denied, mismatch ──────────────────  │   who was refused, and what does not fit
//! ```
//!
//! The application sets policy and answers prompts; it never sees a nonce, a signature or a key.
//! The manager tells it one [`Assurance`] for each call.
//!
//! What it is *not*: a place where anything is decided. Prompts wait for people, so the
//! application's side is an `async` trait; the rest answers at once.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod assurance;
#[cfg(feature = "conformance")]
pub mod conformance;
mod null;
mod observed;
mod policy;
mod requirement;
mod secrecy;

pub use assurance::{Assurance, HopProtection, MediaProtection, Proof, Refused, Trust};
pub use null::{Deny, Open};
pub use observed::{Observed, Signal, Sink};
pub use policy::{
    Account, Algorithm, Configuration, Contact, HopPolicy, Identity, Network, Password, Pin,
    RegisteredFlow, Secret, User,
};
pub use requirement::{Means, Requirement};
pub use secrecy::Secrecy;

use async_trait::async_trait;
use std::net::SocketAddr;
use std::time::Duration;

/// A call, as the stack names it: a keyed hash of Call-ID and From tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call(pub u64);

/// Who is called, and what the user asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The identity that calls, an AOR such as `sip:alice@example.org`.
    pub from: String,
    /// The AOR that is called.
    pub to: String,
    /// The proofs of which the call does not happen without one.
    pub require: Requirement,
}

/// A receiver's *wait for authorization* state, mirrored for the application to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The call.
    pub call: Call,
    /// The AOR that the unauthorized request claimed; nothing proves it.
    pub claimed: String,
    /// Time since the challenge was sent.
    pub since: Duration,
}

/// A call's state in the manager's machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing is waited for.
    Idle,
    /// A challenge was received or sent, and no authorized invitation has followed.
    WaitForAuthorization,
}

/// What the application tells the security manager, and asks it.
pub trait TelephonySecurity: Send + Sync {
    /// Replaces policy, accounts, identities and pins. Calls that are up keep what they were
    /// admitted under; a key that has given way to its [`Pin::next`] does not come back with it.
    fn configure(&self, configuration: &Configuration);

    /// Replaces the pins alone: one was made, or taken back. Of calls that are up and of keys that
    /// have given way, as [`TelephonySecurity::configure`].
    fn pins(&self, pins: Vec<Pin>);

    /// The user starts a call: the manager signs and decrypts only for calls it was told of.
    fn call_started(&self, call: Call, outgoing: Outgoing);

    /// The call is over; keys and records are wiped.
    fn call_ended(&self, call: Call);

    /// A registration succeeded, or lapsed: what the account admits on its flows from now on, in place
    /// of what it admitted before. None: it lapsed.
    fn registered(&self, aor: &str, flows: Vec<RegisteredFlow>);

    /// What is known of a call's peer and protection.
    fn assurance(&self, call: Call) -> Option<Assurance>;

    /// The call's state in the manager's machine.
    fn state(&self, call: Call) -> State;

    /// The receivers' waiting states, newest first, at most 64. Correctness never reads it.
    fn waiting(&self) -> Vec<Waiting>;
}

/// What is asked of the user before a key is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustQuestion {
    /// The call.
    pub call: Call,
    /// The AOR that the key claims.
    pub aor: String,
    /// The full primary fingerprint, lower-case hex.
    pub fingerprint: String,
    /// The key's user ids. Whoever made the key wrote them: they prove nothing.
    pub user_ids: Vec<String>,
    /// The contacts to which this key is pinned already.
    pub pinned_to: Vec<String>,
}

/// The user's answer to [`TrustQuestion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustAnswer {
    /// Not trusted: the call is refused.
    No,
    /// Trusted from now on. The application has stored the pin.
    Pin,
}

/// A request that the manager refused: not one that it only challenged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial<'a> {
    /// The call.
    pub call: Call,
    /// The URI that From names; nothing proves it, and it is the peer's text.
    pub claimed: &'a str,
    /// Where the request came from; `None` where it was believed and only its body was not.
    pub source: Option<SocketAddr>,
    /// Why. The peer is told less.
    pub why: Denied,
}

/// Why a request was refused. Fingerprints are full and primary, lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It cannot be read, or lacks what its proof needs.
    Malformed,
    /// It is for none of our identities.
    NotForUs,
    /// The digest is wrong, or the signature does not hold.
    Proof,
    /// The security application does not have the key that signed.
    UnknownKey(String),
    /// The key that signed is not pinned, and the user did not trust it.
    Unpinned(String),
    /// It claims a pinned AOR under another key: the one that is pinned, and the one that it named.
    /// The pin stays.
    OtherKey(String, String),
    /// The same, but the key that it named has signed, and is certified by the pinned one: its owner
    /// has taken a new key, or somebody has the old one. The pin stays.
    NextKey(String, String),
    /// The key that signed has expired: whoever has it may be another by now.
    Expired(String),
    /// The owner of the key that signed has revoked it.
    Revoked(String),
    /// The peer proved who it is, and its clock is by so many seconds ahead of ours, below 0 behind.
    Clock(i64),
    /// Its party failed too often within the last minute.
    Guessing,
    /// A proof is required of a scheme that is not there.
    NotConfigured,
    /// No TLS connection to the domain that it claims brought it, and no other proof would do that it
    /// could be asked for.
    NotCertified,
    /// The security application did not answer.
    Unavailable,
    /// It has the identifiers of a call that is another's.
    OfAnother,
    /// The user is being asked already, or a table is full.
    Busy,
    /// What it carries cannot be decrypted.
    Body,
}

/// What two sides are set to differently, so that an honest peer's call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// A challenge is for a realm that we have no credentials for at the party that sent it.
    Realm {
        /// The realm as it was offered; it is the peer's text.
        offered: String,
        /// The realms that would have been answered there.
        expected: Vec<String>,
    },
    /// A challenge wants a token of an authorization server that is none of the account's.
    Server {
        /// The server as it was offered; it is the peer's text.
        offered: String,
        /// The account's.
        expected: Vec<String>,
    },
    /// A peer that proved who it is dates its answers by another clock: by so many seconds it is
    /// ahead of ours, below 0 behind.
    Clock(i64),
    /// This is the best algorithm that a challenge offers, and it is below the account's floor.
    Algorithm(Algorithm),
    /// A key of which the call has need is not to be used any more: it has expired, its owner has
    /// revoked it, or nothing of it signs or can be encrypted to.
    Key {
        /// The full primary fingerprint, lower-case hex.
        fingerprint: String,
        /// Whether it is ours.
        own: bool,
    },
}

/// What the security manager asks of the telephony application, and signals to it.
///
/// Dropping a prompt's future cancels the prompt.
#[async_trait]
pub trait TelephonyApplication: Send + Sync {
    /// Asks for the password of `user` at `realm`; `None` when the user declines.
    async fn credentials(&self, realm: &str, user: &str) -> Option<Password>;

    /// Asks for an access token that `server` gives `user` for `realm`; `None` when the user declines.
    /// Tokens expire: it is asked each time that one is wanted. RFC 8898 §2.1.1.
    async fn token(&self, _server: &str, _realm: &str, _user: &str) -> Option<Password> {
        None
    }

    /// Asks whether a key is to be trusted.
    async fn trust(&self, question: TrustQuestion) -> TrustAnswer;

    /// Asks for the passphrase that unlocks the identity's key; `None` when the user declines.
    async fn unlock(&self, fingerprint: &str) -> Option<Password>;

    /// The call's assurance changed. Called at once, not awaited.
    fn assurance(&self, call: Call, assurance: &Assurance);

    /// A request was refused: the user should know who claimed to be there. Called at once, not
    /// awaited, and as often as that happens: whoever shows it bounds that.
    fn denied(&self, _denial: Denial<'_>) {}

    /// An exchange failed for what somebody has to set right. Called at once, not awaited.
    fn mismatch(&self, _call: Call, _mismatch: Mismatch) {}
}
