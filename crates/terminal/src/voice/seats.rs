//! Who speaks in which call.

use super::limits::{CONNECTIONS, PATIENCE, WAITING};
use super::seat::Seat;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// All connections, and the calls that wait for one.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    inner: Mutex<Inner>,
    /// Somebody waits for a call, or nobody ever will.
    changed: Notify,
    /// Nobody comes any more.
    closing: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    seats: Vec<Arc<Seat>>,
    offered: VecDeque<Offer>,
    /// Whether nobody comes any more.
    closed: bool,
}

/// A call that waits for an agent.
#[derive(Debug)]
struct Offer {
    call: String,
    object: Vec<u8>,
    until: Instant,
}

/// What becomes of a call that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    /// An agent speaks in it from now on.
    Seated,
    /// It waits for one.
    Waits,
    /// Too many wait.
    Refused,
}

/// A seat for a call that is about to be placed; dropped, it waits for another.
#[derive(Debug)]
pub(crate) struct Reserved(Arc<Seat>);

impl Reserved {
    /// The seat.
    pub(crate) const fn seat(&self) -> &Arc<Seat> {
        &self.0
    }

    /// The call came about, as the agent is told; `false` where that is gone.
    pub(crate) fn serves(self, call: &str, object: &[u8]) -> bool {
        self.0.serves(call, object)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        // Where the call came about, it is not free.
        self.0.free();
    }
}

impl Seats {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection; `None` where all are taken.
    pub(super) fn enters(&self) -> Option<Arc<Seat>> {
        let mut inner = self.lock();
        if inner.closed || inner.seats.len() >= CONNECTIONS {
            return None;
        }
        let seat = Arc::new(Seat::default());
        inner.seats.push(Arc::clone(&seat));
        Some(seat)
    }

    /// A connection has said hello. Gives the call that waited for it.
    pub(super) fn ready(&self, seat: &Seat) -> Option<String> {
        let mut inner = self.lock();
        let Some(Offer { call, object, .. }) = inner.offered.pop_front() else {
            drop(inner);
            self.changed.notify_one();
            return None;
        };
        seat.serves(&call, &object).then_some(call)
    }

    /// A connection is closed. Gives the call that it spoke in.
    pub(super) fn leaves(&self, seat: &Arc<Seat>) -> Option<String> {
        self.lock().seats.retain(|other| !Arc::ptr_eq(other, seat));
        seat.close()
    }

    /// Nobody comes any more.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        for seat in &inner.seats {
            seat.close();
        }
        drop(inner);
        self.changed.notify_one();
        self.closing.notify_one();
    }

    /// Done once nobody comes any more. Cancel-safe.
    pub(super) async fn is_closed(&self) {
        while !self.lock().closed {
            self.closing.notified().await;
        }
    }

    /// Finds an agent for a call that came in, of which it is told so.
    pub(crate) fn offer(&self, call: &str, object: Vec<u8>) -> Offered {
        let mut inner = self.lock();
        if inner.seats.iter().any(|seat| seat.waits() && seat.serves(call, &object)) {
            return Offered::Seated;
        }
        if inner.closed || inner.offered.len() >= WAITING {
            return Offered::Refused;
        }
        inner.offered.push_back(Offer {
            call: call.to_owned(),
            object,
            until: Instant::now() + PATIENCE,
        });
        Offered::Waits
    }

    /// When the first call has waited for too long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.lock().offered.front().map(|offer| offer.until)
    }

    /// A call that has waited for too long: it does so no longer.
    pub(super) fn unattended(&self) -> Option<String> {
        let mut inner = self.lock();
        inner.offered.front().filter(|offer| offer.until <= Instant::now())?;
        inner.offered.pop_front().map(|offer| offer.call)
    }

    /// Takes the seat of somebody who waits for a call.
    pub(crate) fn take(&self) -> Option<Reserved> {
        let seat = self.lock().seats.iter().find(|seat| seat.take()).cloned();
        seat.map(Reserved)
    }

    /// Done once somebody waits for a call; `false`: nobody ever will. Cancel-safe.
    pub(crate) async fn somebody_waits(&self) -> bool {
        loop {
            {
                let inner = self.lock();
                if inner.seats.iter().any(|seat| seat.waits()) {
                    return true;
                }
                if inner.closed {
                    return false;
                }
            }
            self.changed.notified().await;
        }
    }

    /// The seat of whoever speaks in this call.
    pub(crate) fn of(&self, call: &str) -> Option<Arc<Seat>> {
        self.lock().seats.iter().find(|seat| seat.call().as_deref() == Some(call)).cloned()
    }

    /// Tells whoever speaks in this call.
    pub(crate) fn tell(&self, call: &str, object: Vec<u8>) {
        if let Some(seat) = self.of(call) {
            seat.tell(object);
        }
    }

    /// The call is over, as was told.
    pub(crate) fn ended(&self, call: &str) {
        self.lock().offered.retain(|offer| offer.call != call);
        if let Some(seat) = self.of(call) {
            seat.ended();
        }
    }
}
