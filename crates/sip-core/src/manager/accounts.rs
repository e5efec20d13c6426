//! What registrars have told us of our accounts: the requests and answers of an account say it.
//!
//! It is asked of every message, so nothing here looks at all accounts: whom a message is of, and
//! where its peer sees us, is found in tables that are kept in step.

use super::action::Hop;
use super::config::NextHop;
use super::target::Target;
use crate::builder::hex_number;
use crate::dialog::is_sips;
use crate::{NameAddr, Scheme, Uri};
use sip_syntax::unescaped;
use ssa::Transport;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;

/// The address that a peer sees us at, behind one that translates ours. RFC 3581 §4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The address, and over a stream the port of that connection.
    pub(super) address: SocketAddr,
    /// Over what, and by whom: others may see us elsewhere.
    pub(super) transport: Transport,
    pub(super) by: SocketAddr,
}

impl Seen {
    /// Whether it holds for what goes over this hop.
    pub(super) fn holds_over(&self, hop: &Hop) -> bool {
        (self.transport, self.by) == (hop.transport, hop.remote)
    }
}

/// An address of record that is registered, or is to be: over one flow, where it has several.
#[derive(Debug)]
pub(super) struct Account {
    aor: Vec<u8>,
    /// The flow's place among those of its registration: the first that stands is used.
    place: u8,
    /// Whether it stands, as far as is known.
    pub(super) stands: bool,
    /// Where its REGISTER goes, where it asks for a flow of its own.
    at: Option<Box<NextHop>>,
    /// Where requests of the account go, while it stands over a flow of its own. RFC 5626 §4.3.
    pub(super) over: Option<Box<Target>>,
    /// Where the registrar sees us, unless that is the address that we have told it.
    seen: Option<Seen>,
    /// The Route of its requests outside dialogs. RFC 3608.
    pub(super) routes: Vec<Vec<u8>>,
    /// Where its registrar lets it be reached from anywhere. RFC 5627.
    pub(super) gruu: Option<Vec<u8>>,
}

impl Account {
    /// Whether it is the account that calls as `from`.
    fn is_of(&self, from: &NameAddr<'_>) -> bool {
        Uri::parse(&self.aor).is_ok_and(|aor| aor.matches(&from.uri()))
    }

    fn gruu(&self, sips: bool) -> Option<Vec<u8>> {
        let gruu = self.gruu.as_ref().filter(|gruu| is_sips(gruu) == sips)?;
        Some([b"<", gruu.as_slice(), b">"].concat())
    }
}

/// All of them, by the numbers that the random user parts of their Contacts are.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    all: BTreeMap<u64, Account>,
    /// The same by the marks of their addresses of record.
    by_mark: BTreeSet<(u64, u64)>,
    /// Where each peer sees us, the latest word at the end, and of how many accounts it says so.
    seen: BTreeMap<(Transport, SocketAddr), Vec<(SocketAddr, usize)>>,
}

impl Accounts {
    /// Adds one that does not stand yet, at this place among the flows of its registration.
    pub(super) fn insert(
        &mut self, contact_user: u64, aor: &Uri<'_>, (place, at): (u8, Option<NextHop>),
    ) {
        let account = Account {
            aor: aor.as_bytes().to_vec(),
            place,
            stands: false,
            at: at.map(Box::new),
            over: None,
            seen: None,
            routes: Vec::new(),
            gruu: None,
        };
        self.by_mark.insert((mark(aor), contact_user));
        self.all.insert(contact_user, account);
    }

    pub(super) fn remove(&mut self, contact_user: u64) {
        self.note_seen(contact_user, None);
        let Some(account) = self.all.remove(&contact_user) else { return };
        if let Ok(aor) = Uri::parse(&account.aor) {
            self.by_mark.remove(&(mark(&aor), contact_user));
        }
    }

    pub(super) fn get_mut(&mut self, contact_user: u64) -> Option<&mut Account> {
        self.all.get_mut(&contact_user)
    }

    /// The account whose registrar knows us by this user part.
    fn by_user(&self, user: &[u8]) -> Option<&Account> {
        self.all.get(&hex_number(user)?)
    }

    /// Whether a registrar knows us by this user part.
    pub(super) fn has(&self, user: &[u8]) -> bool {
        self.by_user(user).is_some()
    }

    /// What others are shown for a user part: itself, unless a registrar knows us by it. That admits
    /// requests.
    pub(super) fn shown<'a>(&'a self, user: &'a [u8]) -> &'a [u8] {
        let known = self.by_user(user).map(|account| Uri::parse(&account.aor));
        known.map_or(user, |aor| aor.ok().and_then(|aor| aor.user()).unwrap_or_default())
    }

    /// Those that call as `from`: an account's flows, in no order.
    fn all_of<'a, 'b>(
        &'a self, from: &'b NameAddr<'b>,
    ) -> impl Iterator<Item = &'a Account> + use<'a, 'b> {
        let mark = mark(&from.uri());
        let marked = self.by_mark.range((mark, u64::MIN)..=(mark, u64::MAX));
        let marked = marked.filter_map(|(_, contact_user)| self.all.get(contact_user));
        marked.filter(|account| account.is_of(from))
    }

    /// The account that calls as `from`: over the first of its flows that stands.
    pub(super) fn of(&self, from: &NameAddr<'_>) -> Option<&Account> {
        self.all_of(from).min_by_key(|account| (!account.stands, account.place))
    }

    /// Where a request to `uri` goes over a flow of its own of the account that calls as `from`, and
    /// over the others where that fails; `None` where none stands. RFC 5626 §4.3.
    pub(super) fn over_flows(&self, from: &NameAddr<'_>, uri: &[u8]) -> Option<Target> {
        let may = |account: &&Account| account.over.as_ref().is_some_and(|it| it.may_take(uri));
        let mut its: Vec<&Account> = self.all_of(from).filter(may).collect();
        its.sort_by_key(|account| account.place);
        let flows = its.iter().rev().filter_map(|account| account.over.as_deref());
        flows.fold(None, |then, over| Some(over.clone().and_then(then)))
    }

    /// Whether a request of the account that calls as `from` goes where a flow of it does, when it
    /// goes to `next` first.
    pub(super) fn has_flow_to(&self, from: &NameAddr<'_>, next: &NextHop) -> bool {
        self.all_of(from).any(|account| account.at.as_ref().is_some_and(|at| at.is_same(next)))
    }

    /// Whether what leaves over this hop from whom this From names goes over a flow of the account's
    /// own. RFC 5626 §4.3.
    pub(super) fn has_flow_over(&self, from: &[u8], hop: &Hop) -> bool {
        let leads = |account: &Account| account.over.as_ref().is_some_and(|it| it.leads_over(hop));
        !self.all.is_empty()
            && NameAddr::parse(from).is_ok_and(|from| self.all_of(&from).any(leads))
    }

    /// The Contact in a request from whom this From names, where a registrar gave it one of this
    /// scheme. RFC 5627 §4.4.
    pub(super) fn gruu_of(&self, from: &[u8], sips: bool) -> Option<Vec<u8>> {
        if self.all.is_empty() {
            return None;
        }
        self.of(&NameAddr::parse(from).ok()?)?.gruu(sips)
    }

    /// The same in an answer to a request that names us by this user part.
    pub(super) fn gruu_by(&self, user: &[u8], sips: bool) -> Option<Vec<u8>> {
        self.by_user(user)?.gruu(sips)
    }

    /// The address that whoever is at the other end of this hop sees us at, where a registrar told:
    /// by what was told last.
    pub(super) fn seen_over(&self, hop: &Hop) -> Option<SocketAddr> {
        let seen = self.seen.get(&(hop.transport, hop.remote))?;
        seen.last().map(|(address, _)| *address)
    }

    /// Notes where the registrar of this account sees us.
    pub(super) fn note_seen(&mut self, contact_user: u64, seen: Option<Seen>) {
        let Some(account) = self.all.get_mut(&contact_user) else { return };
        if let Some(before) = std::mem::replace(&mut account.seen, seen) {
            self.unsee(before);
        }
        if let Some(Seen { address, transport, by }) = seen {
            let known = self.seen.entry((transport, by)).or_default();
            let at = known.iter().position(|(known, _)| *known == address);
            let (_, count) = at.map_or((address, 0), |at| known.remove(at));
            known.push((address, count + 1));
        }
    }

    /// One account less says so.
    fn unsee(&mut self, Seen { address, transport, by }: Seen) {
        let Some(known) = self.seen.get_mut(&(transport, by)) else { return };
        known.iter_mut().filter(|(it, _)| *it == address).for_each(|(_, count)| *count -= 1);
        known.retain(|(_, count)| *count > 0);
        if known.is_empty() {
            self.seen.remove(&(transport, by));
        }
    }
}

/// What equivalent addresses of record have in common, and hardly any others. RFC 3261 §19.1.4: in a
/// user part an escape is what it stands for, in a telephone number only digits count for certain,
/// and a host counts in any case, or by its value.
fn mark(aor: &Uri<'_>) -> u64 {
    // Addresses of record are the user's own: nobody else could choose some of the same mark.
    let mut mark = DefaultHasher::new();
    let user = aor.user().unwrap_or_default();
    match aor.scheme() {
        Scheme::Tel => {
            user.iter().filter(|it| it.is_ascii_digit()).for_each(|it| mark.write_u8(*it))
        }
        Scheme::Sip | Scheme::Sips | Scheme::Other(_) => {
            unescaped(user).for_each(|octet| mark.write_u8(octet));
        }
    }
    if let Some(host) = aor.host() {
        match host.ip() {
            Some(ip) => ip.hash(&mut mark),
            None => host.as_bytes().iter().for_each(|it| mark.write_u8(it.to_ascii_lowercase())),
        }
    }
    mark.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn over(transport: Transport, remote: &str) -> Hop {
        let (local, remote) = (address("192.0.2.1:5060"), address(remote));
        Hop { transport, local, remote, flow: None }
    }

    fn with(aors: &[&str]) -> Accounts {
        let mut accounts = Accounts::default();
        for (number, aor) in (0..).zip(aors) {
            accounts.insert(number, &Uri::parse(aor.as_bytes()).unwrap(), (0, None));
        }
        accounts
    }

    #[test]
    fn an_account_is_found_however_its_address_is_written() {
        let aors = [
            "sip:alice@atlanta.com",
            "sip:bob@atlanta.com",
            "sips:alice@atlanta.com",
            "sip:alice@[2001:db8::1]",
            "tel:+1-201-555-0123",
            "sip:atlanta.com",
        ];
        let accounts = with(&aors);
        for (from, aor) in [
            ("\"A\" <sip:%61lice@AtLanTa.CoM;lr>;tag=x", Some(aors[0])),
            ("<sip:bob@atlanta.com>", Some(aors[1])),
            ("<sips:alice@Atlanta.com>", Some(aors[2])),
            ("<sip:alice@[2001:DB8:0::1]>", Some(aors[3])),
            ("<tel:+1(201)555.0123>", Some(aors[4])),
            ("<sip:atlanta.com>", Some(aors[5])),
            ("<sip:Alice@atlanta.com>", None),
            ("<sip:alice@atlanta.com:5060>", None),
            ("<tel:+12015550124>", None),
        ] {
            let parsed = NameAddr::parse(from.as_bytes()).unwrap();
            let found = accounts.of(&parsed).map(|account| account.aor.as_slice());
            assert_eq!(found, aor.map(str::as_bytes), "{from}");
        }
    }

    #[test]
    fn an_account_is_shown_by_its_own_user_part_to_others() {
        let accounts = with(&["sip:alice@atlanta.com", "sip:atlanta.com"]);
        for (user, shown) in [
            ("0000000000000000", "alice"),
            ("0000000000000001", ""),
            ("0000000000000002", "0000000000000002"),
            ("alice", "alice"),
        ] {
            assert_eq!(accounts.shown(user.as_bytes()), shown.as_bytes(), "{user}");
        }
    }

    #[test]
    fn where_a_peer_sees_us_is_what_it_told_last_and_goes_with_its_accounts() {
        let mut accounts = with(&["sip:a@h", "sip:b@h", "sip:c@h"]);
        let (udp, peer) = (Transport::Udp, "198.51.100.9:5060");
        let seen =
            |at: &str| Some(Seen { address: address(at), transport: udp, by: address(peer) });
        let (old, new) = ("203.0.113.1:1000", "203.0.113.1:2000");
        for (account, at, then) in [
            (0, Some(old), Some(old)),
            (1, Some(old), Some(old)),
            (1, Some(new), Some(new)),
            (2, Some(old), Some(old)),
            (1, Some(new), Some(new)),
            (1, None, Some(old)),
            (0, None, Some(old)),
        ] {
            accounts.note_seen(account, at.and_then(seen));
            let told = accounts.seen_over(&over(udp, peer)).map(|it| it.to_string());
            assert_eq!(told.as_deref(), then, "{account} {at:?}");
        }
        assert_eq!(accounts.seen_over(&over(Transport::Tcp, peer)), None);
        assert_eq!(accounts.seen_over(&over(udp, "198.51.100.8:5060")), None);
        (0..3).for_each(|account| accounts.remove(account));
        assert_eq!(accounts.seen_over(&over(udp, peer)), None);
        let Accounts { all, by_mark, seen } = accounts;
        assert_eq!((all.len(), by_mark.len(), seen.len()), (0, 0, 0));
    }
}
