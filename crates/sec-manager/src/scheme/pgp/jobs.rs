//! Questions to the security application: how many at once, and for how long.
//!
//! At most 4 run and 32 wait, 2 of one party among them, so that one stranger cannot keep the
//! others out (S09). Every question has a deadline, queueing included; dropping its future
//! withdraws it.

use crate::Platform;
use crate::party::Party;
use sma::{
    Decrypted, Error, Fingerprint, Key, Plaintext, Report, SecurityApplication, ToSign, ToVerify,
};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

/// Questions that run at once, that wait, and of one party in all.
const RUNNING: usize = 4;
const QUEUED: usize = 32;
const PER_PARTY: usize = 2;
/// Deadlines: to check what a peer sent, and to make what we send.
pub(crate) const CHECKING: Duration = Duration::from_secs(2);
pub(crate) const MAKING: Duration = Duration::from_secs(5);
/// What the stack grants beyond the deadline, so that ours comes first.
pub(crate) const GRACE: Duration = Duration::from_millis(250);

/// The way to the security application.
#[derive(Clone)]
pub(crate) struct Jobs {
    application: Arc<dyn SecurityApplication>,
    platform: Arc<dyn Platform>,
    gate: Arc<Mutex<Gate>>,
}

#[derive(Default)]
struct Gate {
    running: usize,
    next: u64,
    waiting: VecDeque<(u64, Option<Waker>)>,
    parties: Vec<Party>,
}

impl Jobs {
    pub(crate) fn new(
        application: Arc<dyn SecurityApplication>, platform: Arc<dyn Platform>,
    ) -> Self {
        Self { application, platform, gate: Arc::default() }
    }

    /// Reports on a signature, for the party that sent it.
    pub(crate) async fn verify(
        &self, party: Option<Party>, question: ToVerify,
    ) -> Result<Report, Error> {
        self.ask(party, CHECKING, || self.application.verify(question)).await
    }

    /// All keys that the application has.
    pub(crate) async fn identities(&self) -> Result<Vec<Key>, Error> {
        self.ask(None, CHECKING, || self.application.identities()).await
    }

    /// Signs.
    pub(crate) async fn sign(&self, question: ToSign) -> Result<Vec<u8>, Error> {
        self.ask(None, MAKING, || self.application.sign(question)).await
    }

    /// Encrypts.
    pub(crate) async fn encrypt(
        &self, recipients: Vec<Fingerprint>, octets: Plaintext,
    ) -> Result<Vec<u8>, Error> {
        self.ask(None, MAKING, || self.application.encrypt(recipients, octets)).await
    }

    /// Decrypts.
    pub(crate) async fn decrypt(
        &self, recipient: Fingerprint, octets: Vec<u8>,
    ) -> Result<Decrypted, Error> {
        self.ask(None, CHECKING, || self.application.decrypt(recipient, octets)).await
    }

    async fn ask<T, F: Future<Output = Result<T, Error>>>(
        &self, party: Option<Party>, deadline: Duration, ask: impl FnOnce() -> F,
    ) -> Result<T, Error> {
        let mut deadline = self.platform.sleep(deadline);
        let place = Place::take(&self.gate, party)?;
        let work = async {
            place.turn().await;
            ask().await
        };
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Poll::Ready(answer) = work.as_mut().poll(cx) {
                return Poll::Ready(answer);
            }
            deadline.as_mut().poll(cx).map(|()| Err(Error::Deadline))
        })
        .await
    }
}

fn lock(gate: &Mutex<Gate>) -> MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place in the queue, and then among those that run. Given back when dropped.
struct Place<'a> {
    gate: &'a Mutex<Gate>,
    number: u64,
    party: Option<Party>,
}

impl<'a> Place<'a> {
    fn take(gate: &'a Mutex<Gate>, party: Option<Party>) -> Result<Self, Error> {
        let mut held = lock(gate);
        let same = held.parties.iter().filter(|known| Some(**known) == party).count();
        // One sum: a place that has become free is taken by who waits, not by who comes.
        if same >= PER_PARTY || held.running + held.waiting.len() >= RUNNING + QUEUED {
            return Err(Error::Busy);
        }
        let number = held.next;
        held.next += 1;
        held.parties.extend(party);
        held.waiting.push_back((number, None));
        Ok(Self { gate, number, party })
    }

    /// Waits until this place is the first in the queue and one of those that run is free.
    async fn turn(&self) {
        poll_fn(|cx| {
            let mut gate = lock(self.gate);
            let first = gate.waiting.front().is_some_and(|(number, _)| *number == self.number);
            if first && gate.running < RUNNING {
                gate.waiting.pop_front();
                gate.running += 1;
                gate.wake_first();
                return Poll::Ready(());
            }
            let mine = gate.waiting.iter_mut().find(|(number, _)| *number == self.number);
            if let Some((_, waker)) = mine {
                *waker = Some(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

impl Gate {
    fn wake_first(&mut self) {
        if let Some(waker) = self.waiting.front_mut().and_then(|(_, waker)| waker.take()) {
            waker.wake();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut gate = lock(self.gate);
        let queued = gate.waiting.len();
        let number = self.number;
        gate.waiting.retain(|(waiting, _)| *waiting != number);
        if gate.waiting.len() == queued {
            gate.running = gate.running.saturating_sub(1);
        }
        let party = self.party;
        if let Some(at) = gate.parties.iter().position(|known| Some(*known) == party) {
            gate.parties.swap_remove(at);
        }
        gate.wake_first();
    }
}
