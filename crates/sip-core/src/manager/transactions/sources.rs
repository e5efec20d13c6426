//! What each source has in the table of server transactions, so that a full one is never the doing
//! of one party alone.

use sip_syntax::block;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Bits of an IPv6 address that one party is given.
const PARTY: u32 = 64;

/// Who counts as one: an IPv4 address, or the IPv6 network that one subscriber is given.
pub(crate) fn party(address: IpAddr) -> IpAddr {
    block(address, PARTY)
}

/// What one source has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::manager) struct Held {
    /// Transactions of every state.
    pub(in crate::manager) all: usize,
    /// Requests that wait for their final response.
    pub(in crate::manager) waiting: usize,
    /// Failure responses that wait for their ACK.
    pub(in crate::manager) unacknowledged: usize,
}

/// What is held, by source; those that have nothing have no entry.
#[derive(Debug, Default)]
pub(in crate::manager) struct Sources(BTreeMap<IpAddr, Held>);

impl Sources {
    pub(in crate::manager) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// What the party at this address has.
    pub(in crate::manager) fn held(&self, source: IpAddr) -> Held {
        self.0.get(&party(source)).copied().unwrap_or_default()
    }

    /// Changes what the party at this address has.
    pub(in crate::manager) fn change(&mut self, source: IpAddr, change: impl FnOnce(&mut Held)) {
        let party = party(source);
        let held = self.0.entry(party).or_default();
        change(held);
        if *held == Held::default() {
            self.0.remove(&party);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_64_is_one_party_and_who_has_nothing_is_forgotten() {
        let mut sources = Sources::new();
        let [one, same, other] = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"]
            .map(|address| address.parse::<IpAddr>().unwrap());
        sources.change(one, |held| held.waiting += 1);
        sources.change(same, |held| held.waiting += 1);
        assert_eq!((sources.held(one).waiting, sources.held(other)), (2, Held::default()));
        sources.change(one, |held| held.waiting -= 2);
        assert!(sources.0.is_empty());
    }
}
