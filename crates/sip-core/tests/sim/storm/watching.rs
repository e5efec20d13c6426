//! An application's subscriptions, and those of its peers.

use net::sim::Random;
use sip_core::driver::Endpoint;
use sip_core::manager::{
    Event, SubscribeConfig, SubscriberId, SubscriberNews, SubscriptionId, SubscriptionNews,
    SubscriptionState, Termination,
};
use ssa::Body;
use std::collections::BTreeMap;

/// How long a subscription lasts without a refresh at least and at most, in seconds. What lasts for
/// less may end while its refresh is challenged, signed and verified, and does so for ever.
const LEAST: u64 = 30;
const MOST: u64 = 120;

/// The subscriptions of one application.
#[derive(Default)]
pub(super) struct Watching {
    /// Ours that are not over: whom to, and whether they stand.
    ours: BTreeMap<SubscriptionId, (&'static str, bool)>,
    /// Peers' that are not over: whose, and whether they were granted.
    theirs: BTreeMap<SubscriberId, (String, bool)>,
    over: Vec<SubscriptionId>,
}

fn state(text: &str) -> Body {
    Body {
        content_type: Some(b"application/dialog-info+xml".to_vec()),
        octets: text.as_bytes().to_vec(),
    }
}

impl Watching {
    /// Subscribes, tells a subscriber something new, or ends a subscription.
    pub(super) fn act(
        &mut self, endpoint: &Endpoint, (me, peer): (&str, &'static str), dice: &mut Random,
    ) {
        match dice.below(8) {
            0 | 1 if self.ours.len() < 3 => {
                let wanted = SubscribeConfig {
                    from: me.to_owned(),
                    to: peer.to_owned(),
                    next_hop: None,
                    event: "dialog".to_owned(),
                    accept: Vec::new(),
                    expires: u32::try_from(LEAST + dice.below(MOST - LEAST)).unwrap(),
                };
                self.ours.insert(endpoint.subscribe(wanted).unwrap(), (peer, false));
            }
            2 => {
                if let Some(id) = self.ours.keys().next() {
                    endpoint.unsubscribe(*id).unwrap();
                }
            }
            3 => self.tell(endpoint, SubscriptionState::Active),
            4 => self.tell(endpoint, SubscriptionState::Terminated(Termination::NoResource)),
            _ => self.answer(endpoint, dice.chance(0.9)),
        }
    }

    fn tell(&self, endpoint: &Endpoint, news: SubscriptionState) {
        if let Some((id, _)) = self.theirs.iter().find(|(_, (_, granted))| *granted) {
            // It is none any more where its answer has not left.
            _ = endpoint.notify(*id, news, state("new"));
        }
    }

    /// Answers whoever subscribes. Who waited for too long has been answered.
    pub(super) fn answer(&mut self, endpoint: &Endpoint, grants: bool) {
        let most = u32::try_from(MOST).unwrap();
        self.theirs.retain(|id, (_, granted)| {
            if *granted {
                return true;
            }
            if grants {
                let all = state("all");
                *granted = endpoint.grant(*id, most, SubscriptionState::Active, all).is_ok();
            } else {
                _ = endpoint.refuse(*id, 403);
            }
            *granted
        });
    }

    pub(super) fn end_all(&self, endpoint: &Endpoint) {
        self.ours.keys().for_each(|id| endpoint.unsubscribe(*id).unwrap());
    }

    /// Those of `me` that stand, by whom they are to.
    pub(super) fn standing(&self, me: &str) -> Vec<(String, String)> {
        let standing = self.ours.values().filter(|(_, stands)| *stands);
        standing.map(|(peer, _)| (me.to_owned(), (*peer).to_owned())).collect()
    }

    /// Those of peers to `me` that stand, by whose they are.
    pub(super) fn served(&self, me: &str) -> Vec<(String, String)> {
        let served = self.theirs.values().filter(|(_, granted)| *granted);
        served.map(|(peer, _)| (peer.clone(), me.to_owned())).collect()
    }

    /// How many of ours, and of peers', are not over. Of one that was not granted in time no end is
    /// told.
    pub(super) fn open(&self) -> (usize, usize) {
        (self.ours.len(), self.theirs.values().filter(|(_, granted)| *granted).count())
    }

    /// Takes an event of a subscription; `false`: it is of something else.
    pub(super) fn take(&mut self, event: &Event) -> bool {
        match event {
            Event::Subscription { id, news } => {
                assert!(!self.over.contains(id), "{event:?} after the end");
                match news {
                    SubscriptionNews::Notified { state, .. } => {
                        let stands = !matches!(state, SubscriptionState::Terminated(_));
                        self.ours.get_mut(id).unwrap().1 = stands;
                    }
                    SubscriptionNews::Lapsed { .. } => self.ours.get_mut(id).unwrap().1 = false,
                    SubscriptionNews::Over { .. } => {
                        self.ours.remove(id);
                        self.over.push(*id);
                    }
                }
            }
            Event::Subscriber { id, news: SubscriberNews::Asked { from, .. } } => {
                let before = self.theirs.insert(*id, (from.clone(), false));
                assert!(before.is_none(), "{event:?}");
            }
            Event::Subscriber { id, news: SubscriberNews::Over { .. } } => {
                assert!(self.theirs.remove(id).is_some(), "{event:?} of what is over");
            }
            _ => return false,
        }
        true
    }
}
