//! Consent freshness: whether the peer still wants what is sent to it. RFC 7675.

use crate::sdp::IceAgreement;
use rice_stun_types::attribute::{IceControlled, IceControlling, Priority};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use stun_proto::types::attribute::Username;
use stun_proto::types::message::{
    BINDING, IntegrityAlgorithm, Message, MessageIntegrityCredentials, MessageWriteExt,
    MessageWriteVec, ShortTermCredentials, StunWriteError, TransactionId,
};
use stun_proto::types::prelude::*;

/// How long the last answer counts. RFC 7675 §5.1.
pub(super) const LASTS: Duration = Duration::from_secs(30);

/// The time between two questions, on the average. RFC 7675 §5.1.
const INTERVAL: Duration = Duration::from_secs(5);

/// Questions whose answers count: all that are asked before consent is lost.
const OPEN: usize = 8;

/// Whether a peer consents, and the questions to it.
pub(super) struct Consent {
    username: String,
    /// The peer's password.
    pwd: String,
    priority: u32,
    asked: VecDeque<TransactionId>,
    given: Instant,
    next: Instant,
}

impl Consent {
    /// A peer that has just answered a check.
    pub(super) fn new(agreed: &IceAgreement, priority: u32, now: Instant) -> Self {
        let (here, there) = (&agreed.here.credentials, &agreed.there.credentials);
        Self {
            username: format!("{}:{}", there.ufrag(), here.ufrag()),
            pwd: there.pwd().to_owned(),
            priority,
            asked: VecDeque::new(),
            given: now,
            next: now + INTERVAL,
        }
    }

    /// When a question, or the end of consent, is due.
    pub(super) fn due(&self) -> Instant {
        self.next.min(self.given + LASTS)
    }

    /// Whether it has ended.
    pub(super) fn is_lost(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.given) >= LASTS
    }

    /// Takes an answer; `false` for one to another question.
    pub(super) fn on_answer(&mut self, now: Instant, number: TransactionId, well: bool) -> bool {
        let ours = self.asked.contains(&number);
        if ours && well {
            self.asked.clear();
            self.given = now;
        }
        ours
    }

    /// The next question, where it is due: none is repeated, and the time between two differs by up to
    /// a fifth either way. RFC 7675 §5.1.
    pub(super) fn poll_question(&mut self, now: Instant, controlling: bool) -> Option<Vec<u8>> {
        if now < self.next {
            return None;
        }
        let request = Message::builder_request(BINDING, MessageWriteVec::new());
        let number = request.transaction_id();
        let chance = u32::try_from(u128::from(number) % 401).unwrap_or_default();
        self.next = now + INTERVAL * (800 + chance) / 1_000;
        self.asked.truncate(OPEN - 1);
        self.asked.push_front(number);
        self.sign(request, controlling).ok()
    }

    /// A check like any other, which nominates nothing.
    fn sign(
        &self, mut request: MessageWriteVec, controlling: bool,
    ) -> Result<Vec<u8>, StunWriteError> {
        request.add_attribute(&Username::new(&self.username)?)?;
        request.add_attribute(&Priority::new(self.priority))?;
        // Roles are settled: what would decide between two of one role decides nothing.
        if controlling {
            request.add_attribute(&IceControlling::new(0))?;
        } else {
            request.add_attribute(&IceControlled::new(0))?;
        }
        let password = ShortTermCredentials::new(self.pwd.clone());
        let credentials = MessageIntegrityCredentials::ShortTerm(password);
        request.add_message_integrity(&credentials, IntegrityAlgorithm::Sha1)?;
        request.add_fingerprint()?;
        Ok(request.finish())
    }
}
