//! SST: policy in, assurance out.

use super::{SecurityManager, Shared};
use crate::aor;
use crate::fsm::{self, Signal};
use crate::pgp::pins::Pins;
use crate::policy::Policy;
use sst::{
    Assurance, Call, Configuration, Means, Outgoing, Pin, RegisteredFlow, Requirement, State,
    TelephonySecurity, Waiting,
};

impl Shared {
    /// Tells the application of a call's assurance, with no lock held.
    pub(crate) fn tell_assurance(&self, call: u64) {
        if let Some(assurance) = self.assurance(call) {
            self.application.assurance(Call(call), &assurance);
        }
    }

    fn assurance(&self, call: u64) -> Option<Assurance> {
        let inner = self.lock();
        let record = inner.records.get(call)?;
        let media = record.media.protections();
        Some(Assurance { media, ..record.assurance.clone() })
    }

    /// The call is over: its record goes, and the keys with it.
    pub(super) fn end(&self, call: u64) {
        let record = self.lock().records.remove(call);
        if let Some(mut record) = record {
            self.step(call, &mut record, Signal::Ended);
        }
        if self.lock().waiting.settled(call) {
            self.receiver(call, Signal::Ended);
        }
    }
}

impl TelephonySecurity for SecurityManager {
    fn configure(&self, configuration: &Configuration) {
        let pins = Pins::new(&configuration.pins);
        self.shared.configure(Policy::new(configuration), pins);
    }

    fn pins(&self, pins: Vec<Pin>) {
        self.shared.repin(Pins::new(&pins));
    }

    fn call_started(&self, call: Call, outgoing: Outgoing) {
        let now = self.shared.platform.now();
        let peer = aor::canonical(outgoing.to.as_bytes()).ok();
        let mut inner = self.shared.lock();
        let required = inner.policy.required_of_contact(peer.as_ref()).and(outgoing.require);
        // What is asked for is ours to choose: a signature where we have both keys, ours and
        // the peer's.
        let own = aor::canonical(outgoing.from.as_bytes()).ok();
        let offers_dtls = inner.policy.dtls.is_offered(own.as_ref());
        let offers_sdes = inner.policy.sdes.is_offered(own.as_ref());
        let own = own.and_then(|own| inner.policy.identities.get(&own)?.as_ref());
        let key = peer.as_ref().and_then(|peer| inner.pins.of(peer));
        let signed = self.shared.jobs.is_some() && own.is_some() && key.is_some();
        let record = inner.records.start(call.0, now);
        record.started = true;
        record.require = match required {
            either if !either.accepts(Means::Pgp) => either,
            either if signed || either == Requirement::PGP => Requirement::PGP,
            either => either.without(Means::Pgp),
        };
        record.peer = peer;
        record.offers_dtls = offers_dtls;
        record.offers_sdes = offers_sdes;
    }

    fn call_ended(&self, call: Call) {
        self.shared.end(call.0);
    }

    fn registered(&self, aor: &str, flows: Vec<RegisteredFlow>) {
        let mut inner = self.shared.lock();
        inner.flows.retain(|(known, _)| known != aor);
        inner.flows.extend(flows.into_iter().map(|flow| (aor.to_owned(), flow)));
    }

    fn assurance(&self, call: Call) -> Option<Assurance> {
        self.shared.assurance(call.0)
    }

    fn state(&self, call: Call) -> State {
        let now = self.shared.platform.now();
        let mut inner = self.shared.lock();
        inner.waiting.expire(now);
        let sender = inner.records.get(call.0).map(|record| record.state);
        match sender {
            Some(fsm::State::WaitForAuthorization) => State::WaitForAuthorization,
            _ if inner.waiting.contains(call.0) => State::WaitForAuthorization,
            _ => State::Idle,
        }
    }

    fn waiting(&self) -> Vec<Waiting> {
        let now = self.shared.platform.now();
        let mut inner = self.shared.lock();
        inner.waiting.expire(now);
        let waiting = |row: &fsm::Waits| Waiting {
            call: Call(row.call),
            claimed: row.claimed.clone(),
            since: now.saturating_duration_since(row.since),
        };
        inner.waiting.newest_first().map(waiting).collect()
    }
}
