//! Bodies of what nobody answers: an ACK's, and a provisional response's. They cross the security
//! manager like all others before a usage sees them, and that of an ACK of ours before it leaves.

use super::consult::{Query, Subject, Verdict};
use super::io::Io;
use super::requests::{Answer, Purpose};
use super::slab::{Key, Slab};
use ssa::{Body, BodyVerdict, CallRef, Direction, Transport};

/// What a body belongs to.
#[derive(Debug)]
pub(super) enum Of {
    /// The ACK to a 2xx of ours, of this CSeq.
    Ack(u32),
    /// A provisional response to a request of ours for this.
    Progress(Purpose, Box<Answer>),
    /// Our ACK to a 2xx, of this CSeq: the answer to its offer.
    OurAck(u32),
}

/// A body that is being read, or protected.
#[derive(Debug)]
struct Reading {
    usage: Key,
    name: CallRef,
    of: Of,
    over: Transport,
    body: Body,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Readings(Slab<Reading>);

impl Readings {
    /// Asks the security manager for a body that came or leaves over a transport; `usage` hears what it
    /// says.
    pub(super) fn ask(
        &mut self, io: &mut Io<'_>, (usage, name): (Key, CallRef), (of, over): (Of, Transport),
        body: Body,
    ) {
        io.hold(name);
        let key = self.0.insert(Reading { usage, name, of, over, body });
        io.ask(Subject::Reading(key));
    }

    /// Whether a body is being read for a usage: one at a time is.
    pub(super) fn are_for(&self, usage: Key) -> bool {
        self.0.iter().any(|(_, reading)| reading.usage == usage)
    }

    pub(super) fn query(&self, key: Key) -> Option<Query<'_>> {
        let reading = self.0.get(key)?;
        let Reading { name: call, over, ref body, .. } = *reading;
        let direction = match reading.of {
            Of::Ack(_) => Direction::Request,
            Of::Progress(..) => Direction::Response,
            Of::OurAck(_) => {
                let direction = Direction::Request;
                return Some(Query::Encrypt { call, direction, over, plan: None, body });
            }
        };
        Some(Query::Decrypt { call, direction, over, body: body.clone() })
    }

    /// What was said of a body, and whom it is for: what is refused is as if it had not been there.
    pub(super) fn on_verdict(
        &mut self, io: &mut Io<'_>, key: Key, verdict: Verdict,
    ) -> Option<(Key, Of, Body)> {
        let Reading { usage, name, of, .. } = self.0.remove(key)?;
        io.release(name);
        let body = match verdict {
            Verdict::Body(BodyVerdict::Body(body)) => body,
            _ => Body::default(),
        };
        Some((usage, of, body))
    }
}
