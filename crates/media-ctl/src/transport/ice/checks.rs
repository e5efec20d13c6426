//! The checks of one channel: the library's machine, with what is believed of the peer before it and
//! consent behind it.
//!
//! The library has one machine for all channels of a line, which reports of one of them only what it
//! has chosen; so each channel has a machine, and to each it is the only one.

#[cfg(test)]
mod tests;

use super::allowance::Allowance;
use super::clock::{Clock, Moment};
use super::consent::Consent;
use super::gate::{Answer, Believed, Gate};
use crate::sdp::{Candidate, CandidateKind, IceAgreement};
use crate::stats::Reason;
use crate::transport::transmit::Channel;
use crate::transport::ways::{Arrival, Message, Standing, Way};
use rice_proto::agent::{Agent as Machine, AgentPoll};
use rice_proto::candidate::{self as library, CandidateType, TransportType};
use rice_proto::stream::Credentials;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use stun_proto::agent::Transmit;

/// How long the machine is left alone that waits for nothing.
const IDLE: Duration = Duration::from_secs(30);

/// How long the machine waits for an answer: for longer than any agent looks for a way. It panics where
/// the peer checks what it has given up.
const NEVER: Duration = Duration::from_secs(3_600);

/// Steps that the machine takes at once, at most.
const STEPS: usize = 64;

/// The machine's only stream and its only component.
const STREAM: usize = 0;
const COMPONENT: usize = 1;

/// The checks of one channel.
pub(super) struct Checks {
    channel: Channel,
    clock: Clock,
    machine: Machine,
    gate: Gate,
    allowance: Allowance,
    agreed: IceAgreement,
    /// Our socket, and what our relay has.
    host: SocketAddr,
    relay: Option<SocketAddr>,
    way: Option<Way>,
    consent: Option<Consent>,
    standing: Standing,
    due: Instant,
    out: VecDeque<Message>,
}

impl Checks {
    /// Checks between our candidates and the peer's; `None` without an address of ours.
    pub(super) fn new(
        agreed: &IceAgreement, channel: Channel, allowance: &Allowance, clock: Clock, now: Instant,
    ) -> Option<Self> {
        let of = |kind| {
            let mut of = agreed.here.candidates.iter().filter(|it| it.channel == channel);
            of.find(|candidate| candidate.kind == kind)
        };
        let host = of(CandidateKind::Host)?;
        let relay = of(CandidateKind::Relayed);
        // Reflexive ones are their bases seen from elsewhere. RFC 8445 §6.1.2.4.
        let ours: Vec<_> = std::iter::once(host).chain(relay).map(own).collect();
        let there = agreed.there.candidates.iter().filter(|it| it.channel == channel);
        allowance.begin(now);
        let mut checks = Self {
            channel,
            clock,
            machine: machine(agreed, ours, there.map(peers)),
            gate: Gate::new(agreed, allowance.clone()),
            allowance: allowance.clone(),
            host: host.address,
            relay: relay.map(|relay| relay.address),
            agreed: agreed.clone(),
            way: None,
            consent: None,
            standing: Standing::Checking,
            due: now,
            out: VecDeque::new(),
        };
        checks.drive(now);
        Some(checks)
    }

    pub(super) const fn standing(&self) -> Standing {
        self.standing
    }

    pub(super) fn way(&self) -> Option<Way> {
        self.way.filter(|_| self.standing == Standing::Connected)
    }

    pub(super) fn knows(&self, source: SocketAddr) -> bool {
        self.gate.knows(source)
    }

    pub(super) fn poll_message(&mut self) -> Option<Message> {
        self.out.pop_front()
    }

    pub(super) fn due(&self) -> Option<Instant> {
        let limit = match (&self.consent, self.standing) {
            (_, Standing::Failed) => return None,
            (Some(consent), _) => Some(consent.due()),
            (None, _) => self.allowance.until(),
        };
        limit.into_iter().chain([self.due]).min()
    }

    /// Takes a message; one that is not believed changes nothing, and is not answered.
    pub(super) fn on_message(
        &mut self, now: Instant, arrival: Arrival, octets: &[u8],
    ) -> Result<(), Reason> {
        if self.standing == Standing::Failed {
            return Err(Reason::Unexpected);
        }
        match self.gate.believe(arrival.source, octets)? {
            // Anybody could say so.
            Believed::Nothing => return Err(Reason::NotAuthentic),
            Believed::Response(number, how) => {
                let (consent, well) = (self.consent.as_mut(), how == Answer::Well);
                if consent.is_some_and(|consent| consent.on_answer(now, number, well)) {
                    return Ok(());
                }
                if !self.gate.hears_of(arrival.source, number, how) {
                    return Err(Reason::Unexpected);
                }
            }
            Believed::Request if self.way.is_none() => self.gate.hear()?,
            Believed::Request => {}
        }
        let to = if arrival.relayed { self.relay.unwrap_or(self.host) } else { self.host };
        let came = Transmit::new(octets, TransportType::Udp, arrival.source, to);
        let moment = self.moment(now);
        let heard = self.ask(|machine| {
            let mut stream = machine.mut_stream(STREAM)?;
            Some(stream.handle_incoming_data(COMPONENT, came, moment))
        });
        if heard.is_some() {
            self.drive(now);
        }
        Ok(())
    }

    /// Lets time pass.
    pub(super) fn on_timeout(&mut self, now: Instant) {
        let until = self.allowance.until().filter(|_| self.consent.is_none());
        let overdue = until.is_some_and(|until| now >= until);
        if overdue || self.consent.as_ref().is_some_and(|consent| consent.is_lost(now)) {
            // RFC 7675 §5.1: nothing is sent without consent.
            self.fail();
        }
        if self.standing != Standing::Failed && self.due <= now {
            self.drive(now);
        }
        if self.standing == Standing::Failed {
            return;
        }
        let controlling = self.machine.controlling();
        let question = self.consent.as_mut().and_then(|it| it.poll_question(now, controlling));
        if let (Some(octets), Some(way)) = (question, self.way) {
            self.out.push_back(Message { channel: self.channel, way, octets });
        }
    }

    fn fail(&mut self) {
        self.standing = Standing::Failed;
        self.out.clear();
    }

    fn moment(&self, now: Instant) -> Moment {
        self.clock.moment(now)
    }

    /// What the machine says to this. The library may panic by what the peer says in what order: then
    /// there is no way.
    fn ask<T>(&mut self, ask: impl FnOnce(&mut Machine) -> T) -> Option<T> {
        let said = catch_unwind(AssertUnwindSafe(|| ask(&mut self.machine)));
        if said.is_err() {
            self.fail();
        }
        said.ok()
    }

    /// Lets the machine do all that it can.
    fn drive(&mut self, now: Instant) {
        let moment = self.moment(now);
        self.due = now + IDLE;
        for _ in 0..STEPS {
            let Some(polled) = self.ask(|machine| machine.poll(moment)) else { return };
            let waits = match polled {
                AgentPoll::WaitUntil(until) => Some(until),
                AgentPoll::SelectedPair(chosen) => {
                    let pair = chosen.selected.candidate_pair();
                    self.choose(now, pair.local.base_address, pair.remote.address);
                    None
                }
                AgentPoll::Closed => return,
                // It gathers nothing, needs no other socket, and gives up by our time.
                _ => None,
            };
            let sent = self.send(moment);
            if self.standing == Standing::Failed {
                return;
            }
            if let Some(until) = waits.filter(|_| !sent) {
                self.due = self.clock.due(now, until);
                return;
            }
        }
    }

    /// Takes up what the machine sends, and says whether that was anything.
    fn send(&mut self, moment: Moment) -> bool {
        let mut any = false;
        while let Some(sent) = self.ask(|machine| machine.poll_transmit(moment)).flatten() {
            any = true;
            let Transmit { data, from, to, .. } = sent.transmit;
            let relayed = self.relay == Some(from);
            if self.gate.lets_out(to, &data) {
                let (channel, way) = (self.channel, Way { remote: to, relayed });
                self.out.push_back(Message { channel, way, octets: data.into_vec() });
            }
        }
        any
    }

    /// A way was chosen, by whoever controls; the peer has just answered a check of it.
    fn choose(&mut self, now: Instant, local: SocketAddr, remote: SocketAddr) {
        let relayed = self.relay == Some(local);
        let kind = if relayed { CandidateKind::Relayed } else { CandidateKind::PeerReflexive };
        let priority = Candidate::new(self.channel, kind, local, None).priority;
        if self.way.replace(Way { remote, relayed }).is_none() {
            self.allowance.refill();
        }
        self.consent = Some(Consent::new(&self.agreed, priority, now));
        self.standing = Standing::Connected;
    }
}

/// The library's machine with these candidates.
fn machine(
    agreed: &IceAgreement, ours: Vec<library::Candidate>,
    theirs: impl Iterator<Item = library::Candidate>,
) -> Machine {
    // Candidates may show that were not told of: it does not give up when all of those have failed.
    let mut machine = Machine::builder().trickle_ice(true).controlling(agreed.controlling).build();
    // 0, 0.5, 1.5, 3.5 and 7.5 s; an answer counts for as long as a way is looked for.
    let (first, last) = (Duration::from_millis(500), Duration::from_secs(4));
    machine.set_request_retransmits(first, last, 5, NEVER);
    machine.add_stream();
    let credentials =
        |of: &crate::sdp::Credentials| Credentials::new(of.ufrag().to_owned(), of.pwd().to_owned());
    if let Some(mut stream) = machine.mut_stream(STREAM)
        && stream.add_component().is_ok()
    {
        stream.set_local_credentials(credentials(&agreed.here.credentials));
        stream.set_remote_credentials(credentials(&agreed.there.credentials));
        ours.into_iter().for_each(|candidate| _ = stream.add_local_candidate(candidate));
        theirs.for_each(|candidate| stream.add_remote_candidate(candidate));
    }
    machine
}

/// One of ours: a relay is a socket elsewhere.
fn own(candidate: &Candidate) -> library::Candidate {
    of(candidate, CandidateType::Host)
}

/// One of the peer's.
fn peers(candidate: &Candidate) -> library::Candidate {
    let kind = match candidate.kind {
        CandidateKind::Host => CandidateType::Host,
        CandidateKind::ServerReflexive => CandidateType::ServerReflexive,
        CandidateKind::PeerReflexive => CandidateType::PeerReflexive,
        CandidateKind::Relayed => CandidateType::Relayed,
    };
    of(candidate, kind)
}

fn of(candidate: &Candidate, kind: CandidateType) -> library::Candidate {
    let Candidate { foundation, priority, address, .. } = candidate;
    library::Candidate::builder(COMPONENT, kind, TransportType::Udp, foundation, *address)
        .priority(*priority)
        .base_address(*address)
        .build()
}
