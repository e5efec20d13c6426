//! What is kept of a call that somebody started or that was authenticated.

use crate::aor::Aor;
use crate::fsm::State;
use crate::keying::{Allowed, CallMedia, Carried, Standing};
use crate::policy::Policy;
use crate::scheme::digest::proofs::DigestProofs;
use crate::scheme::given::{Given, Proved};
use crate::scheme::pgp::exchange::{Exchanges, PgpPlan};
use ssa::FlowId;
use sst::{Assurance, HopProtection, Proof, Requirement};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

/// Calls that records are kept for at most, but for those that our user starts.
const CAPACITY: usize = 1024;
/// How long a sender waits for the answer to its authorized request: 64*T1.
pub(crate) const UNANSWERED: Duration = Duration::from_secs(32);
/// Credentialed tries for one realm and scheme, and for one request in all. Promise 8.
pub(crate) const TRIES_PER_REALM: u8 = 2;
pub(crate) const TRIES: u8 = 5;

/// A middlebox changed the Contact on the way: it is routed by and was not signed. G32.
pub(crate) const REROUTED: &str = "the Contact was rewritten on the way";
/// What the application is told where a peer's next key has proved something for the first time.
pub(crate) const MOVED: &str = "the peer has taken the key that you named as its next: pin it in the \
     place of the earlier one, which counts again after a restart (keys pin AOR FINGERPRINT --replace)";

/// The records, by call.
#[derive(Default)]
pub(crate) struct Records(HashMap<u64, Record>);

impl Records {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, call: u64) -> Option<&Record> {
        self.0.get(&call)
    }

    pub(crate) fn get_mut(&mut self, call: u64) -> Option<&mut Record> {
        self.0.get_mut(&call)
    }

    /// The record of a call, made where there is none; `None` when the table is full.
    pub(crate) fn enter(&mut self, call: u64, now: Instant) -> Option<&mut Record> {
        if self.0.len() >= CAPACITY && !self.0.contains_key(&call) {
            self.forget_unanswered(now);
            if self.0.len() >= CAPACITY {
                return None;
            }
        }
        Some(self.0.entry(call).or_insert_with(|| Record::new(now)))
    }

    /// The record of a call that our user starts. There is always room for it: without a record the
    /// call would go on without what the user requires of it.
    pub(crate) fn start(&mut self, call: u64, now: Instant) -> &mut Record {
        self.0.entry(call).or_insert_with(|| Record::new(now))
    }

    pub(crate) fn remove(&mut self, call: u64) -> Option<Record> {
        self.0.remove(&call)
    }

    /// S03: what nobody answered within 64*T1 and no user started is forgotten.
    #[expect(clippy::disallowed_methods, reason = "what is forgotten depends on no order")]
    fn forget_unanswered(&mut self, now: Instant) {
        self.0.retain(|_, record| {
            record.started || record.authenticated || now < record.since + UNANSWERED
        });
    }
}

/// What is known of a call.
pub(crate) struct Record {
    /// The sender's machine.
    pub(crate) state: State,
    /// When the machine last moved.
    pub(crate) since: Instant,
    /// Whether our user started the call: only then is anything signed or asked of a person.
    pub(crate) started: bool,
    /// Whether it is a subscription of ours, whose NOTIFYs tell in the clear and nothing else does.
    pub(crate) tells: bool,
    /// Whom the user calls, where the AOR can be read.
    pub(crate) peer: Option<Aor>,
    /// Of which proofs the call does not happen without one. Where an OpenPGP signature would do, no
    /// other does: what is sealed was never open.
    pub(crate) require: Requirement,
    /// The TLS connection to the peer's domain, and that domain, where they are the proof.
    pub(crate) certified: Option<(FlowId, String)>,
    /// Whether the peer has proved what is required, or nothing is.
    pub(crate) authenticated: bool,
    /// The required information of the challenge that is being answered.
    pub(crate) plan: Option<Planned>,
    /// The accounts that the call was set up through: the one whose registered flow it came over,
    /// or those whose credentials our INVITE carried. A16.
    pub(crate) through: Vec<String>,
    /// Credentialed tries, by realm and scheme.
    pub(crate) tries: BTreeMap<(Vec<u8>, &'static str), u8>,
    /// What our last authorized request carried for registrars and proxies.
    pub(crate) proved: Vec<Proved>,
    /// What was proved to us by Digest.
    pub(crate) digest: DigestProofs,
    /// What was signed, either way.
    pub(crate) pgp: Exchanges,
    /// Whether its media are to be keyed by DTLS where nothing better is offered.
    pub(crate) offers_dtls: bool,
    /// Whether they are to be keyed by SDES over TLS hops.
    pub(crate) offers_sdes: bool,
    /// The media lines and their keys.
    pub(crate) media: CallMedia,
    /// What the application is told.
    pub(crate) assurance: Assurance,
}

/// The required information behind a [`ssa::Plan`].
pub(crate) struct Planned {
    pub(crate) ticket: u64,
    pub(crate) answers: Vec<Given>,
    pub(crate) pgp: Option<PgpPlan>,
    /// Whether its REGISTER was accepted: the next ones may say the same, with the nonce counted on.
    pub(crate) kept: bool,
}

impl Planned {
    pub(crate) const fn new(ticket: u64, answers: Vec<Given>, pgp: Option<PgpPlan>) -> Self {
        Self { ticket, answers, pgp, kept: false }
    }

    /// Octets that its answers take at most in a request with a URI of so many, signatures apart.
    pub(crate) fn room(&self, uri: usize) -> usize {
        self.answers.iter().map(|given| given.room(uri)).sum()
    }
}

impl Record {
    fn new(now: Instant) -> Self {
        let assurance = Assurance {
            proof: Proof::None,
            hop: HopProtection::Clear,
            media: Vec::new(),
            refused: None,
            notes: Vec::new(),
        };
        Self {
            state: State::Idle,
            since: now,
            started: false,
            tells: false,
            peer: None,
            require: Requirement::NOTHING,
            certified: None,
            authenticated: false,
            plan: None,
            through: Vec::new(),
            tries: BTreeMap::new(),
            proved: Vec::new(),
            digest: DigestProofs::default(),
            pgp: Exchanges::default(),
            offers_dtls: false,
            offers_sdes: false,
            media: CallMedia::default(),
            assurance,
        }
    }

    /// The server of the peer's domain has brought the call over this connection: from now on, that is
    /// what it is held to.
    pub(crate) fn proved_by_hop(&mut self, flow: FlowId, name: String) {
        self.require = Requirement::TLS_NAME;
        self.certified = Some((flow, name.clone()));
        self.authenticated = true;
        self.assurance.proof = Proof::Tls { name };
        self.assurance.hop = HopProtection::Tls;
    }

    /// Tells the application of something, once.
    pub(crate) fn note(&mut self, note: &'static str) {
        if !self.assurance.notes.contains(&note) {
            self.assurance.notes.push(note);
        }
    }

    /// What the media are judged by, with a body at hand that travels in this.
    pub(crate) const fn standing(&self, policy: &Policy, carried: Carried) -> Standing {
        Standing {
            require: self.require,
            authenticated: self.authenticated,
            carried,
            secrecy: policy.secrecy,
            by_dtls: Allowed::new(self.offers_dtls, policy.dtls.is_taken),
            by_sdes: Allowed::new(self.offers_sdes, policy.sdes.is_taken),
        }
    }

    /// The required information under `ticket`, of this call alone.
    pub(crate) fn planned(&self, ticket: u64) -> Option<&Planned> {
        self.plan.as_ref().filter(|plan| plan.ticket == ticket)
    }

    /// Counts a try for each of these realms and schemes, however many of its challenges are answered at once.
    /// False, and none is counted, where it is one too many. Promise 8.
    pub(crate) fn try_once(&mut self, realms: BTreeSet<(Vec<u8>, &'static str)>) -> bool {
        let may = realms.iter().all(|realm| self.may_try(realm));
        for realm in realms.into_iter().filter(|_| may) {
            *self.tries.entry(realm).or_default() += 1;
        }
        may
    }

    fn may_try(&self, realm: &(Vec<u8>, &'static str)) -> bool {
        let all: u8 = self.tries.values().fold(0, |sum, tries| sum.saturating_add(*tries));
        let here = self.tries.get(realm).copied().unwrap_or_default();
        here < TRIES_PER_REALM && all < TRIES
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any instant does as a beginning")]
mod tests {
    use super::*;

    #[test]
    fn s03_a_full_table_forgets_the_unanswered_and_never_turns_our_user_away() {
        let (now, mut records) = (Instant::now(), Records::default());
        for call in 0..CAPACITY as u64 {
            assert!(records.enter(call, now).is_some());
        }
        assert!(records.enter(5_000, now).is_none(), "a stranger's call is one too many");
        assert!(records.enter(7, now).is_some(), "a call that is known has its place");
        records.start(6_000, now).require = Requirement::PGP;
        let kept = records.get_mut(6_000).map(|record| record.require);
        assert_eq!(kept, Some(Requirement::PGP));
        records.start(6_000, now).started = true;
        records.start(8, now).authenticated = true;
        let later = now + UNANSWERED;
        assert!(records.enter(7, later).is_some());
        assert_eq!(records.len(), CAPACITY + 1, "nothing is forgotten for a call that is known");
        assert!(records.enter(5_000, later).is_some());
        assert_eq!(records.len(), 3, "what was started, what was authenticated, and the new one");
        assert!(records.enter(5_001, later + UNANSWERED).is_some());
        assert_eq!(records.len(), 4, "a table with room forgets nothing");
    }

    /// Promise 8.
    #[test]
    fn a18_two_tries_a_realm_and_five_in_all() {
        let mut record = Record::new(Instant::now());
        let mut tried = |realms: &[&str]| {
            let realm = |realm: &&str| (realm.as_bytes().to_vec(), "Digest");
            record.try_once(realms.iter().map(realm).collect())
        };
        // Where one realm may not be tried again, the others are not either, and none is counted.
        assert_eq!(
            [&["a"][..], &["a", "a"], &["a"], &["a", "b"], &["b"], &["b"], &["c"], &["d"]]
                .map(&mut tried),
            [true, true, false, false, true, true, true, false]
        );
    }

    #[test]
    fn a_note_is_told_once() {
        let mut record = Record::new(Instant::now());
        record.note(REROUTED);
        record.note(REROUTED);
        assert_eq!(record.assurance.notes, [REROUTED]);
    }
}
