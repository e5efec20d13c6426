//! Who has a place among the connections, and who goes when all are taken.
//!
//! Connections that peers open and those that we open have places of their own, so that no number
//! of strangers keeps us from connecting. What a call, a registration or an open request lives on
//! never goes. Of the rest, where a newcomer finds no place:
//!
//! ```text
//!   some have brought no message yet               one of these goes
//!   a party holds at least two more than this one  one of its own goes
//!   neither                                        the newcomer is refused
//! ```
//!
//! and that of the party that holds most, the longest silent. So who only opens connections
//! displaces others of the kind, and who fills the table with requests makes room for who holds
//! few.

use net::FlowId;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

/// A connection, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// None while it is being opened: then it stays.
    pub(super) flow: Option<FlowId>,
    /// Whose it is: see [`party`](crate::manager).
    pub(super) party: IpAddr,
    /// Whether a message has come over it.
    pub(super) spoke: bool,
    /// When the last message passed.
    pub(super) used: Instant,
}

/// What a newcomer finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// A free place.
    Free,
    /// A place once this connection is closed.
    After(FlowId),
    /// None.
    Full,
}

/// The places of one kind.
pub(super) struct Places {
    pub(super) taken: Vec<Place>,
    /// How many there are.
    pub(super) all: usize,
    /// How many one party may have.
    pub(super) each: usize,
    /// Whether a newcomer comes before whatever nothing uses: it is one of ours.
    pub(super) ours: bool,
}

impl Places {
    /// What one more connection of `newcomer` finds; `in_use` says what never goes.
    pub(super) fn room(&self, newcomer: IpAddr, in_use: impl Fn(FlowId) -> bool) -> Room {
        let mut held = BTreeMap::new();
        for place in &self.taken {
            *held.entry(place.party).or_insert(0_usize) += 1;
        }
        let held = |party| held.get(&party).copied().unwrap_or_default();
        let own = held(newcomer);
        let crowded = own >= self.each;
        if !crowded && self.taken.len() < self.all {
            return Room::Free;
        }
        let eligible = self.taken.iter().filter(|place| !crowded || place.party == newcomer);
        let mut eligible: Vec<_> = eligible.collect();
        eligible.sort_by_key(|place| (place.spoke, Reverse(held(place.party)), place.used));
        let free = |place: &Place| place.flow.filter(|flow| !in_use(*flow));
        match eligible.into_iter().find_map(|place| Some((place, free(place)?))) {
            Some((place, flow)) if self.ours || !place.spoke || held(place.party) > own + 1 => {
                Room::After(flow)
            }
            Some(_) | None => Room::Full,
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any instant does as a beginning")]
mod tests {
    use super::{Place, Places, Room};
    use net::FlowId;
    use std::net::IpAddr;
    use std::time::{Duration, Instant};

    fn ip(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    /// A table of four, two for each party: `(party, spoke, age)`, numbered from 0.
    fn table(ours: bool, rows: &[(&str, bool, u64)]) -> Places {
        let now = Instant::now() + Duration::from_secs(3600);
        let place = |(at, (address, spoke, age)): (u64, &(&str, bool, u64))| Place {
            flow: Some(FlowId(at)),
            party: ip(address),
            spoke: *spoke,
            used: now - Duration::from_secs(*age),
        };
        let taken = (0..).zip(rows).map(place).collect();
        Places { taken, all: 4, each: 2, ours }
    }

    fn room(table: &Places, newcomer: &str) -> Room {
        table.room(ip(newcomer), |_| false)
    }

    #[test]
    fn a_place_is_free_while_all_and_each_allow_it() {
        let rows = [("10.0.0.1", true, 1), ("10.0.0.1", true, 2), ("10.0.0.2", true, 3)];
        let table = table(false, &rows);
        assert_eq!(room(&table, "10.0.0.2"), Room::Free);
        assert_eq!(room(&table, "10.0.0.1"), Room::Full);
    }

    #[test]
    fn the_oldest_that_brought_nothing_goes_first() {
        let rows = [
            ("10.0.0.1", true, 60),
            ("10.0.0.2", false, 1),
            ("10.0.0.3", false, 2),
            ("10.0.0.1", true, 50),
        ];
        assert_eq!(room(&table(false, &rows), "10.0.0.9"), Room::After(FlowId(2)));
        // Within what one party may have, it is one of its own.
        let rows = [
            ("10.0.0.1", false, 1),
            ("10.0.0.1", true, 9),
            ("10.0.0.3", false, 5),
            ("10.0.0.3", false, 6),
        ];
        assert_eq!(room(&table(false, &rows), "10.0.0.1"), Room::After(FlowId(0)));
    }

    #[test]
    fn who_holds_more_makes_room_until_it_holds_one_more() {
        let rows = [
            ("10.0.0.1", true, 9),
            ("10.0.0.2", true, 1),
            ("10.0.0.3", true, 8),
            ("10.0.0.2", true, 2),
        ];
        let table = table(false, &rows);
        assert_eq!(room(&table, "10.0.0.9"), Room::After(FlowId(3)));
        assert_eq!(room(&table, "10.0.0.1"), Room::Full);
    }

    #[test]
    fn the_newest_is_refused_where_nobody_holds_more() {
        let rows = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map(|it| (it, true, 60));
        assert_eq!(room(&table(false, &rows), "10.0.0.9"), Room::Full);
        assert!(matches!(room(&table(true, &rows), "10.0.0.9"), Room::After(_)), "ours has one");
    }

    #[test]
    fn what_is_in_use_or_being_opened_stays() {
        let rows = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map(|it| (it, false, 60));
        let mut table = table(true, &rows);
        assert_eq!(table.room(ip("10.0.0.9"), |_| true), Room::Full);
        assert_eq!(table.room(ip("10.0.0.9"), |flow| flow != FlowId(2)), Room::After(FlowId(2)));
        table.taken.iter_mut().for_each(|place| place.flow = None);
        assert_eq!(room(&table, "10.0.0.9"), Room::Full);
    }
}
