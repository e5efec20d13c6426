//! What outlives a process: told to the one that follows, or refused there.

use crate::connection::Connection;
use crate::wire::{self, Body, CallStarted, Pins, Registered};
use sst::{Call, Outgoing, Pin, RegisteredFlow};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What outlives a process.
#[derive(Default)]
pub(crate) struct Kept {
    connection: Option<Arc<Connection>>,
    /// Counts the processes.
    process: u64,
    /// Grows with every change of what follows, calls apart.
    revision: u64,
    configuration: Option<wire::Configuration>,
    pins: Option<Vec<Pin>>,
    registered: BTreeMap<String, Vec<RegisteredFlow>>,
    /// Calls that our user started: without what is required of them they would go on unproved.
    started: BTreeMap<u64, Outgoing>,
    /// Calls of which one process alone knows by what they were proved, or keyed, and which one.
    known: BTreeMap<u64, u64>,
}

impl Kept {
    pub(crate) fn connection(&self) -> Option<Arc<Connection>> {
        self.connection.clone()
    }

    /// Which process is asked now.
    pub(crate) const fn process(&self) -> u64 {
        self.process
    }

    /// Another process is asked from now on; the connection to the one before, where there is one.
    pub(crate) fn follow(&mut self, connection: &Arc<Connection>) -> Option<Arc<Connection>> {
        self.process += 1;
        self.connection.replace(Arc::clone(connection))
    }

    /// Nobody is asked any more.
    pub(crate) fn leave(&mut self) -> Option<Arc<Connection>> {
        self.connection.take()
    }

    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }

    /// What is to be told first.
    pub(crate) fn told(&self) -> Vec<Body> {
        let configuration = self.configuration.clone().map(Body::Configure);
        let pins = self.pins.as_ref().map(|pins| Body::Pins(Pins::of(pins)));
        let registered = self.registered.iter();
        let registered = registered.map(|(aor, it)| Body::Registered(Registered::of(aor, it)));
        configuration.into_iter().chain(pins).chain(registered).collect()
    }

    /// Behind it, the calls that our user started.
    pub(crate) fn calls(&self) -> impl Iterator<Item = Body> {
        let started = |(call, outgoing): (&u64, &Outgoing)| {
            Body::CallStarted(CallStarted::of(Call(*call), outgoing.clone()))
        };
        self.started.iter().map(started)
    }

    pub(crate) fn configure(&mut self, configuration: wire::Configuration) {
        self.revision += 1;
        self.configuration = Some(configuration);
        self.pins = None;
    }

    pub(crate) fn pins(&mut self, pins: &[Pin]) {
        self.revision += 1;
        self.pins = Some(pins.to_vec());
    }

    pub(crate) fn registered(&mut self, aor: &str, flows: &[RegisteredFlow]) {
        self.revision += 1;
        if flows.is_empty() {
            self.registered.remove(aor);
        } else {
            self.registered.insert(aor.to_owned(), flows.to_vec());
        }
    }

    pub(crate) fn started(&mut self, call: u64, outgoing: Outgoing) {
        self.started.insert(call, outgoing);
    }

    /// The peer of a call that came in has proved to this process who it is.
    pub(crate) fn proved(&mut self, call: u64, process: u64) {
        if !self.started.contains_key(&call) {
            self.known.entry(call).or_insert(process);
        }
    }

    /// A line of a call is, or is to be, keyed by a handshake of this process. Another would take a
    /// description that has it plain.
    pub(crate) fn keyed(&mut self, call: u64, process: u64) {
        self.known.entry(call).or_insert(process);
    }

    /// Whether what a call's peer has proved, or what keys its media, is known to no process any more:
    /// what is sent in it, or comes in, might be less than was agreed on.
    pub(crate) fn is_lost(&self, call: u64) -> bool {
        self.known.get(&call).is_some_and(|process| *process != self.process)
    }

    pub(crate) fn ended(&mut self, call: u64) {
        self.started.remove(&call);
        self.known.remove(&call);
    }
}

/// It, from whatever thread. The lock is held across nothing but the telling of calls.
#[derive(Clone, Default)]
pub(crate) struct SharedKept(Arc<Mutex<Kept>>);

impl SharedKept {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
