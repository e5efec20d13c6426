//! An application's transfers: the REFERs that it sends, and those that it follows.

use net::sim::Random;
use sip_core::driver::Endpoint;
use sip_core::manager::{CallId, Event, RequestId};
use std::collections::{BTreeMap, BTreeSet};

/// The transfers of one application.
#[derive(Default)]
pub(super) struct Transfers {
    /// REFERs of peers that nobody has decided on, and whom to call.
    asked: Vec<(RequestId, String)>,
    /// The calls that were made since a peer asked for them.
    followed: BTreeMap<CallId, RequestId>,
    /// Our own, and the calls that they went out in; without those whose end was told.
    ours: BTreeMap<RequestId, CallId>,
    ended: BTreeSet<RequestId>,
}

/// An element of these by chance.
fn one<T: Clone>(of: &[T], dice: &mut Random) -> Option<T> {
    let at = usize::try_from(dice.below(of.len().max(1) as u64)).unwrap();
    of.get(at).cloned()
}

impl Transfers {
    /// Refers the peer of one of these calls to somebody, or to the peer of another call.
    pub(super) fn refer(
        &mut self, endpoint: &Endpoint, (calls, others): (&[CallId], &[&str]), dice: &mut Random,
    ) {
        let Some(call) = one(calls, dice) else { return };
        let to_call = one(calls, dice).filter(|other| *other != call && dice.chance(0.6));
        let refer = match to_call {
            Some(other) => endpoint.refer_to_call(call, other),
            None => endpoint.refer(call, one(others, dice).unwrap()),
        };
        self.ours.insert(refer.unwrap(), call);
    }

    /// Whom a peer asks to be called, unless it is declined or left unanswered.
    pub(super) fn agree(
        &mut self, endpoint: &Endpoint, dice: &mut Random,
    ) -> Option<(RequestId, String)> {
        let (id, to) = self.asked.pop()?;
        // 603 was said of it where it waited for too long.
        match dice.below(5) {
            0 => _ = endpoint.decline(id, 603),
            1 => {}
            _ => return endpoint.agree(id).ok().map(|()| (id, to)),
        }
        None
    }

    pub(super) fn follow(&mut self, call: CallId, refer: RequestId) {
        self.followed.insert(call, refer);
    }

    /// Those of ours whose end was not told, though their call is still there.
    pub(super) fn open(&self, calls: &[CallId]) -> Vec<RequestId> {
        let open = self.ours.iter().filter(|(_, call)| calls.contains(call));
        open.map(|(id, _)| *id).collect()
    }

    /// Takes an event of a transfer; `false`: it is of something else.
    pub(super) fn take(&mut self, endpoint: &Endpoint, event: &Event) -> bool {
        match event {
            Event::Referred { id, to, .. } => self.asked.push((*id, to.clone())),
            Event::ReferNotified { id, is_final, .. } => {
                assert!(!self.ended.contains(id), "{event:?} after the end");
                if *is_final {
                    self.end(*id);
                }
            }
            Event::ReferFailed { id, .. } => {
                assert!(!self.ended.contains(id), "{event:?} after the end");
                self.end(*id);
            }
            Event::Ringing { id, .. } => self.tell(endpoint, *id, 180),
            Event::Answered { id, .. } => self.tell(endpoint, *id, 200),
            Event::Failed { id, .. } | Event::Ended { id, .. } => self.tell(endpoint, *id, 503),
            _ => return false,
        }
        !matches!(
            event,
            Event::Ringing { .. }
                | Event::Answered { .. }
                | Event::Failed { .. }
                | Event::Ended { .. }
        )
    }

    fn end(&mut self, id: RequestId) {
        self.ours.remove(&id);
        self.ended.insert(id);
    }

    /// Who asked for the call hears how far it is, where it still wants to.
    fn tell(&self, endpoint: &Endpoint, call: CallId, status: u16) {
        if let Some(refer) = self.followed.get(&call) {
            _ = endpoint.tell_referrer(*refer, status);
        }
    }
}
