//! What of a peer's messages is believed, and how much is sent for them.
//!
//! The library answers what it cannot verify, and keeps something of everybody who sends. It is given
//! nothing but what bears the integrity of the credentials that were agreed on, from so many addresses;
//! and for all that the peer says, and sends, only so many checks leave. Whoever made the description
//! knows the credentials, and could else have us check an address of somebody else's for ever.

use super::allowance::{Allowance, MAX_CHECKS};
use crate::sdp::IceAgreement;
use crate::stats::Reason;
use std::net::SocketAddr;
use stun_proto::auth::ShortTermAuth;
use stun_proto::types::attribute::{ErrorCode, Username, XorMappedAddress};
use stun_proto::types::message::{
    BINDING, IntegrityAlgorithm, Message, MessageClass, ShortTermCredentials, TransactionId,
};

/// Addresses that the peer may have shown to be at.
pub(super) const MAX_KNOWN: usize = 16;

/// Checks of the peer's that an agent hears of on a channel before it has a way: the library keeps
/// something of each, and goes through all of it with the next.
pub(super) const MAX_HEARD: usize = 300;

/// A message that is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Believed {
    /// The peer checks a way.
    Request,
    /// It answers what had this number.
    Response(TransactionId, Answer),
    /// It is there, and says nothing. RFC 8445 §11.
    Nothing,
}

/// How a peer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It says where it sees us.
    Well,
    /// Both sides have the same role. RFC 8445 §7.2.5.1.
    Conflict,
    /// In any other way.
    Badly,
}

impl Answer {
    fn of(message: &Message<'_>) -> Self {
        let code = message.attribute::<ErrorCode>().map(|error| error.code());
        match message.class() {
            MessageClass::Success if message.attribute::<XorMappedAddress>().is_ok() => Self::Well,
            MessageClass::Error if code == Ok(ErrorCode::ROLE_CONFLICT) => Self::Conflict,
            _ => Self::Badly,
        }
    }
}

/// What is believed of a peer.
pub(super) struct Gate {
    username: String,
    here: ShortTermAuth,
    there: ShortTermAuth,
    known: Vec<SocketAddr>,
    heard: usize,
    /// The checks that have left, and where to.
    asked: Vec<(TransactionId, SocketAddr)>,
    allowance: Allowance,
}

impl Gate {
    pub(super) fn new(agreed: &IceAgreement, allowance: Allowance) -> Self {
        let auth = |pwd: &str| {
            let mut auth = ShortTermAuth::new();
            let credentials = ShortTermCredentials::new(pwd.to_owned());
            auth.set_credentials(credentials, IntegrityAlgorithm::Sha1);
            auth
        };
        let (here, there) = (&agreed.here.credentials, &agreed.there.credentials);
        Self {
            username: format!("{}:{}", here.ufrag(), there.ufrag()),
            here: auth(here.pwd()),
            there: auth(there.pwd()),
            known: Vec::new(),
            heard: 0,
            asked: Vec::new(),
            allowance,
        }
    }

    /// Whether the peer has shown to be there.
    pub(super) fn knows(&self, source: SocketAddr) -> bool {
        self.known.contains(&source)
    }

    /// Says what a message is worth that came from there; an error for one that is not to be heard of.
    /// RFC 8445 §7.3, RFC 8489 §9.1.3.
    pub(super) fn believe(
        &mut self, source: SocketAddr, octets: &[u8],
    ) -> Result<Believed, Reason> {
        let message = Message::from_bytes(octets).map_err(|_| Reason::Malformed)?;
        let (auth, believed) = match message.class() {
            MessageClass::Request => (&mut self.here, Believed::Request),
            MessageClass::Success | MessageClass::Error => {
                let answer = Answer::of(&message);
                (&mut self.there, Believed::Response(message.transaction_id(), answer))
            }
            MessageClass::Indication => return Ok(Believed::Nothing),
        };
        if !matches!(auth.validate_incoming_message(&message), Ok(Some(_))) {
            return Err(Reason::NotAuthentic);
        }
        let names_us = || {
            let username = message.attribute::<Username>();
            username.is_ok_and(|username| username.username() == self.username)
        };
        if !message.has_method(BINDING) || believed == Believed::Request && !names_us() {
            return Err(Reason::NotAuthentic);
        }
        self.meet(source)?;
        Ok(believed)
    }

    fn meet(&mut self, source: SocketAddr) -> Result<(), Reason> {
        if !self.knows(source) {
            if self.known.len() >= MAX_KNOWN {
                return Err(Reason::TooManySources);
            }
            self.known.push(source);
        }
        Ok(())
    }

    /// Counts a check that comes before there is a way; an error for one too many.
    pub(super) fn hear(&mut self) -> Result<(), Reason> {
        if self.heard >= MAX_HEARD {
            return Err(Reason::Unexpected);
        }
        self.heard += 1;
        Ok(())
    }

    /// Whether an answer is to be heard of: one that is well, or says that roles are in conflict, and
    /// comes from where was asked. By any other the library holds the pair for failed, and panics with
    /// the next check of the peer's that comes for it.
    pub(super) fn hears_of(&self, source: SocketAddr, number: TransactionId, how: Answer) -> bool {
        how != Answer::Badly && self.asked.contains(&(number, source))
    }

    /// Whether a message of ours may leave for there.
    pub(super) fn lets_out(&mut self, remote: SocketAddr, octets: &[u8]) -> bool {
        let Ok(message) = Message::from_bytes(octets) else { return true };
        if !message.has_class(MessageClass::Request) {
            return true;
        }
        let asked = (message.transaction_id(), remote);
        let leaves = self.allowance.spend();
        if leaves && !self.asked.contains(&asked) {
            self.asked.truncate(MAX_CHECKS - 1);
            self.asked.insert(0, asked);
        }
        leaves
    }
}
