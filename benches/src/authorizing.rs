//! An INVITE that is authorized by Digest, through the SIP manager and the security manager: from the
//! datagram's octets by `request_received` and `authenticate` to the verdict.
//!
//! Every INVITE is another call's, over one nonce that is counted on, as of a phone whose server binds
//! nonces to addresses. Who writes the INVITE is no part of it: that is an operation of its own.

use crate::calls::{arrival, manager};
use crate::sipp::{Ends, SDP, authorization, authorized};
use crate::whole::{PASSWORD, REALM, USER};
use bytes::Bytes;
use sec_manager::digest::HA1;
use sec_manager::{Digest, NoRandomness, Platform, SecurityManager};
use sha2::Sha256;
use sip_core::manager::{Action, Config, Query, SipManager, Verdict};
use sip_core::{Limits, Message};
use ssa::{Answer, Authentication, CallRef, SipSecurity as _};
use sst::{
    Algorithm, Configuration, Identity, Password, Requirement, TelephonySecurity as _, User,
};
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CALLER: &str = "192.0.2.1:5060";
const CALLEE: &str = "192.0.2.2:5060";
/// INVITEs of one nonce, before all calls end, the next is asked for and all begins anew. That is part
/// of what is measured, and small beside so many.
const OF_A_NONCE: u32 = 256;

/// One instant, for good.
struct Still(Instant);

impl Platform for Still {
    fn now(&self) -> Instant {
        self.0
    }

    fn unix_time(&self) -> Duration {
        Duration::from_secs(1_700_000_000)
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        buffer.fill(7);
        Ok(())
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        Box::pin(pending())
    }
}

/// A terminal that challenges, and the peer that calls it.
pub struct Authorizing {
    manager: SipManager,
    security: Arc<SecurityManager>,
    now: Instant,
    caller: Caller,
    /// Calls that were found to be a user's, and go on.
    calls: Vec<CallRef>,
}

/// The peer: it has the nonce, and counts.
struct Caller {
    ha1: HA1<Sha256>,
    challenge: Vec<u8>,
    count: u32,
    number: u64,
}

impl std::fmt::Debug for Authorizing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authorizing({} calls)", self.caller.number)
    }
}

impl Default for Authorizing {
    #[expect(clippy::disallowed_methods, reason = "any instant does as a beginning")]
    #[expect(clippy::expect_used, reason = "a benchmark without its parts measures nothing")]
    fn default() -> Self {
        let now = Instant::now();
        let builder = SecurityManager::builder(Arc::new(Still(now))).digest(Digest);
        let security = builder.build().expect("a security manager");
        security.configure(&configuration());
        let ha1 = HA1::new(USER.as_bytes(), REALM.as_bytes(), PASSWORD);
        let caller = Caller { ha1, challenge: Vec::new(), count: 0, number: 0 };
        let (manager, calls) = (waiting(), Vec::new());
        let mut authorizing = Self { manager, security, now, caller, calls };
        authorizing.renew();
        authorizing
    }
}

/// A SIP manager at which a peer may have as many INVITEs whose verdict is waited for: half of its room.
fn waiting() -> SipManager {
    manager(Config { dialogs: 2 * OF_A_NONCE as usize, ..Config::default() })
}

fn configuration() -> Configuration {
    Configuration {
        identities: vec![Identity { aor: format!("sip:service@{CALLEE}"), fingerprint: None }],
        users: vec![User {
            name: USER.to_owned(),
            secret: Password::new(PASSWORD.to_vec()).into(),
        }],
        require: Requirement::DIGEST,
        algorithms: vec![Algorithm::Sha256],
        bind_source: true,
        realm: REALM.to_owned(),
        ..Configuration::default()
    }
}

impl Caller {
    /// The next INVITE: without credentials where there is no nonce yet.
    fn invite(&mut self) -> Bytes {
        self.number += 1;
        let ends = Ends { caller: CALLER, callee: CALLEE, over: "UDP" };
        let invite = ends.request("INVITE", 1, "i", self.number, "", SDP);
        if self.challenge.is_empty() {
            return Bytes::from(invite);
        }
        self.count += 1;
        let uri = format!("sip:service@{CALLEE}");
        let proof = authorization(&self.challenge, USER, &self.ha1, &uri, self.count);
        Bytes::from(authorized(&invite, &proof.unwrap_or_default()))
    }
}

impl Authorizing {
    /// The peer writes its next INVITE.
    pub fn written(&mut self) -> Bytes {
        if self.caller.count == OF_A_NONCE {
            self.renew();
        }
        self.caller.invite()
    }

    /// Whether an INVITE is found to be its user's.
    pub fn verdict(&mut self, datagram: Bytes) -> bool {
        matches!(self.receive(datagram), Some(Authentication::Authenticated))
    }

    /// Ends all calls, starts with empty tables, and has the peer ask for a nonce.
    fn renew(&mut self) {
        self.manager = waiting();
        self.calls.drain(..).for_each(|call| self.security.abandon(call));
        (self.caller.count, self.caller.challenge) = (0, Vec::new());
        let invite = self.caller.invite();
        self.receive(invite);
    }

    /// Takes a datagram as far as the verdict on it; what is sent tells the peer its nonce.
    fn receive(&mut self, datagram: Bytes) -> Option<Authentication> {
        let message = Message::parse(datagram, &Limits::default()).ok()?;
        self.manager.on_message(self.now, arrival(), message);
        while let Some(action) = self.manager.poll_action() {
            match action {
                Action::Consult(id) => match self.manager.query(id)? {
                    Query::RequestReceived { call, arrival, request } => {
                        let received = self.security.request_received(call, &arrival, &request);
                        self.manager.verdict(self.now, id, Verdict::Received(received));
                    }
                    Query::Authenticate { call, arrival, request } => {
                        self.calls.push(call);
                        return match self.security.authenticate(call, &arrival, &request) {
                            Answer::Ready(verdict) => Some(verdict),
                            Answer::Pending { .. } => None,
                        };
                    }
                    _ => return None,
                },
                Action::Send { octets, .. } => self.caller.challenge = challenge(&octets)?,
                _ => {}
            }
        }
        None
    }
}

/// The challenge of a 401.
fn challenge(octets: &Bytes) -> Option<Vec<u8>> {
    let message = Message::parse(octets.clone(), &Limits::default()).ok()?;
    message.named("WWW-Authenticate").next().map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invite_is_its_users_and_another_is_not() {
        let mut authorizing = Authorizing::default();
        for _ in 0..=2 * OF_A_NONCE {
            let datagram = authorizing.written();
            assert!(authorizing.verdict(datagram), "{authorizing:?}");
            assert!(authorizing.security.records() <= OF_A_NONCE as usize, "calls end");
        }
        let datagram = authorizing.written();
        let text = String::from_utf8(datagram.to_vec()).unwrap();
        assert!(!authorizing.verdict(Bytes::from(text.replace("nc=0000", "nc=0001"))));
    }
}
