//! What fuzzers reach inside: either side, given one frame of octets that anybody may have made.

use crate::connection::Connection;
use crate::ends::Ends;
use crate::guard::{GuardKeys, MediaKeys};
use crate::jobs::{Spawn, Task};
use crate::pipe::Carrier;
use crate::server::{Manager, Session};
use crate::wire::{self, Body, Hello};
use ssm::{Call, Line, Refused};
use std::io;
use std::sync::Arc;
use zeroize::Zeroizing;

struct Nowhere;

impl Carrier for Nowhere {
    fn send(&self, _: Zeroizing<Vec<u8>>) -> io::Result<()> {
        Ok(())
    }

    fn close(&self) {}
}

impl MediaKeys for Nowhere {
    fn keys(&self, _: Call, _: Line) -> Result<GuardKeys, Refused> {
        Ok(GuardKeys::Plain)
    }
}

fn nothing() -> Spawn {
    Arc::new(|task: Task| drop(task))
}

/// The manager's side, before a manager that lets all pass.
pub fn to_manager(octets: &[u8]) {
    let make = |_| {
        Ok(Manager {
            sip: Arc::new(ssa::Open),
            telephony: Arc::new(sst::Open),
            media: Arc::new(ssm::Open),
            keys: Arc::new(Nowhere),
        })
    };
    if let Ok(session) = Session::begin(Arc::new(Nowhere), nothing(), make) {
        drop(session.on_frame(Zeroizing::new(octets.to_vec())));
    }
}

/// The stack's side, once it was greeted.
pub fn to_stack(octets: &[u8]) {
    let application = Arc::new(sst::Deny);
    let ends = Ends { application, spawn: nothing(), guard: Arc::new(|_| None) };
    let connection = Connection::over(Arc::new(Nowhere), ends);
    let greeting = wire::encode(0, Body::Hello(Hello { version: crate::VERSION.to_owned() }));
    for frame in [greeting.unwrap_or_default(), Zeroizing::new(octets.to_vec())] {
        _ = connection.on_frame(frame);
    }
}
