//! An application's calls, and where each of them is.

use crate::world::sdp;
use net::sim::Random;
use sip_core::driver::Endpoint;
use sip_core::manager::{CallId, Event, NextHop};
use std::collections::BTreeMap;

/// Where a call is, as its application knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Calling,
    Incoming,
    Accepted,
    Talking,
    /// The peer asked to change the session.
    Asked,
    Over,
}

/// A call's stage, and the word in its offer that both of its sides know it by.
struct Call {
    stage: Stage,
    word: String,
}

/// The calls of one application.
pub(super) struct Calls {
    me: &'static str,
    all: BTreeMap<CallId, Call>,
    /// Calls that are to take the place of others, and those.
    replacing: Vec<(CallId, CallId)>,
}

/// A session description that begins with this word, and is too large for UDP now and then.
/// RFC 3261 §18.1.1.
fn body(word: &str, dice: &mut Random) -> ssa::Body {
    sdp(&format!("{word} {}", "x".repeat(if dice.chance(0.2) { 1500 } else { 10 })))
}

impl Calls {
    pub(super) const fn new(me: &'static str) -> Self {
        Self { me, all: BTreeMap::new(), replacing: Vec::new() }
    }

    pub(super) fn open(&self) -> Vec<CallId> {
        self.all.iter().filter(|(_, call)| call.stage != Stage::Over).map(|(id, _)| *id).collect()
    }

    pub(super) fn talking(&self) -> Vec<CallId> {
        let up = self.all.iter().filter(|(_, call)| call.stage == Stage::Talking);
        up.map(|(id, _)| *id).collect()
    }

    /// The words of the calls that are not over.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let open = self.all.values().filter(|call| call.stage != Stage::Over);
        open.map(|call| call.word.as_str())
    }

    pub(super) fn call(&mut self, endpoint: &Endpoint, to: &str, dice: &mut Random) -> CallId {
        let word = format!("{}#{}", self.me, self.all.len());
        let id = endpoint.prepare(self.me, to, None::<NextHop>).unwrap().id;
        endpoint.invite(id, body(&word, dice)).unwrap();
        self.all.insert(id, Call { stage: Stage::Calling, word });
        id
    }

    /// Accepts what takes the place of other calls, and hangs those up; whether there was something
    /// of that kind. Nobody is alerted. RFC 3891 §3.
    pub(super) fn replace(&mut self, endpoint: &Endpoint) -> bool {
        let replacing = std::mem::take(&mut self.replacing);
        for (id, replaced) in &replacing {
            let call = self.all.get_mut(id).unwrap();
            if call.stage == Stage::Incoming {
                endpoint.accept(*id, sdp("in its place")).unwrap();
                call.stage = Stage::Accepted;
                // It may have ended by itself.
                _ = endpoint.hang_up(*replaced);
            }
        }
        !replacing.is_empty()
    }

    /// Gives a command that fits one of the calls, or none.
    pub(super) fn act(&mut self, endpoint: &Endpoint, id: CallId, dice: &mut Random) {
        let body = body("x", dice);
        let stage = &mut self.all.get_mut(&id).unwrap().stage;
        match (*stage, dice.below(10)) {
            (_, 0) => endpoint.hang_up(id).unwrap(),
            (Stage::Incoming, 1 | 2) => endpoint.ring(id).unwrap(),
            (Stage::Incoming, 3) => endpoint.reject(id, 486).unwrap(),
            (Stage::Incoming, 4..) => {
                endpoint.accept(id, body).unwrap();
                *stage = Stage::Accepted;
            }
            // Refused while another one is under way.
            (Stage::Talking, 1..=3) => drop(endpoint.reinvite(id, body)),
            (Stage::Asked, 1..=4) => {
                endpoint.accept_reinvite(id, body).unwrap();
                *stage = Stage::Talking;
            }
            (Stage::Asked, 5 | 6) => {
                endpoint.reject(id, 488).unwrap();
                *stage = Stage::Talking;
            }
            _ => {}
        }
    }

    /// Answers whatever waits for an answer.
    pub(super) fn settle(&mut self, endpoint: &Endpoint) {
        for (id, call) in &mut self.all {
            match call.stage {
                Stage::Incoming => endpoint.reject(*id, 480).unwrap(),
                Stage::Asked => {
                    endpoint.accept_reinvite(*id, sdp("settled")).unwrap();
                    call.stage = Stage::Talking;
                }
                Stage::Calling | Stage::Accepted | Stage::Talking | Stage::Over => {}
            }
        }
    }

    /// Asks each peer whether it still is in the call.
    pub(super) fn probe(&self, endpoint: &Endpoint) {
        for id in self.talking() {
            // Refused while another one is under way, which asks as well.
            _ = endpoint.reinvite(id, sdp("still?"));
        }
    }

    fn came(&mut self, event: &Event) {
        let Event::Incoming { id, body, replaces, .. } = event else { return };
        let word = String::from_utf8_lossy(&body.octets).split(' ').next().unwrap().to_owned();
        let before = self.all.insert(*id, Call { stage: Stage::Incoming, word });
        assert!(before.is_none(), "{event:?}");
        self.replacing.extend(replaces.map(|replaced| (*id, replaced)));
    }

    /// Takes an event of a call; `false`: it is of something else.
    pub(super) fn take(&mut self, event: &Event) -> bool {
        let (id, from, to): (_, &[Stage], _) = match event {
            Event::Incoming { .. } => {
                self.came(event);
                return true;
            }
            Event::Ringing { id, .. } => (id, &[Stage::Calling], None),
            Event::Answered { id, .. } => (id, &[Stage::Calling], Some(Stage::Talking)),
            // Of the 2xx to the INVITE, or to a re-INVITE.
            Event::Confirmed { id, .. } => {
                (id, &[Stage::Accepted, Stage::Talking], Some(Stage::Talking))
            }
            Event::Reinvited { id, .. } => (id, &[Stage::Talking], Some(Stage::Asked)),
            Event::ReinviteAnswered { id, .. } => (id, &[Stage::Talking, Stage::Asked], None),
            // Ours, or the peer took back its own.
            Event::ReinviteFailed { id, .. } => {
                (id, &[Stage::Talking, Stage::Asked], Some(Stage::Talking))
            }
            Event::Failed { id, .. } => (id, &[Stage::Calling], Some(Stage::Over)),
            Event::Ended { id, .. } => (
                id,
                &[Stage::Calling, Stage::Incoming, Stage::Accepted, Stage::Talking, Stage::Asked],
                Some(Stage::Over),
            ),
            _ => return false,
        };
        let stage = &mut self.all.get_mut(id).unwrap().stage;
        assert!(from.contains(stage), "{stage:?}: {event:?}");
        *stage = to.unwrap_or(*stage);
        true
    }
}
