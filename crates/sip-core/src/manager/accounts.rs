//! What registrars have told us of our accounts: the requests and answers of an account say it.

use super::action::Hop;
use super::config::NextHop;
use super::target::Target;
use crate::dialog::is_sips;
use crate::{NameAddr, Uri};
use ssa::Transport;
use std::collections::BTreeMap;
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
    /// What others than the registrar are shown for the random user part of our Contact.
    shown: Vec<u8>,
    /// Where the registrar sees us, unless that is the address that we have told it.
    pub(super) seen: Option<Seen>,
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

/// All of them, by the random user parts of their Contacts.
#[derive(Debug, Default)]
pub(super) struct Accounts(BTreeMap<Vec<u8>, Account>);

impl Accounts {
    /// Adds one that does not stand yet, at this place among the flows of its registration.
    pub(super) fn insert(
        &mut self, contact_user: &str, aor: &Uri<'_>, (place, at): (u8, Option<NextHop>),
    ) {
        let account = Account {
            aor: aor.as_bytes().to_vec(),
            place,
            stands: false,
            at: at.map(Box::new),
            over: None,
            shown: aor.user().unwrap_or_default().to_vec(),
            seen: None,
            routes: Vec::new(),
            gruu: None,
        };
        self.0.insert(contact_user.as_bytes().to_vec(), account);
    }

    pub(super) fn remove(&mut self, contact_user: &str) {
        self.0.remove(contact_user.as_bytes());
    }

    pub(super) fn get_mut(&mut self, contact_user: &str) -> Option<&mut Account> {
        self.0.get_mut(contact_user.as_bytes())
    }

    /// Whether a registrar knows us by this user part.
    pub(super) fn has(&self, user: &[u8]) -> bool {
        self.0.contains_key(user)
    }

    /// What others are shown for a user part: itself, unless a registrar knows us by it. That admits
    /// requests.
    pub(super) fn shown<'a>(&'a self, user: &'a [u8]) -> &'a [u8] {
        self.0.get(user).map_or(user, |account| account.shown.as_slice())
    }

    /// The account that calls as `from`: over the first of its flows that stands.
    pub(super) fn of(&self, from: &NameAddr<'_>) -> Option<&Account> {
        let its = self.0.values().filter(|account| account.is_of(from));
        its.min_by_key(|account| (!account.stands, account.place))
    }

    /// Where a request to `uri` goes over a flow of its own of the account that calls as `from`, and
    /// over the others where that fails; `None` where none stands. RFC 5626 §4.3.
    pub(super) fn over_flows(&self, from: &NameAddr<'_>, uri: &[u8]) -> Option<Target> {
        let may = |account: &&Account| {
            account.over.as_ref().is_some_and(|over| over.may_take(uri)) && account.is_of(from)
        };
        let mut its: Vec<&Account> = self.0.values().filter(may).collect();
        its.sort_by_key(|account| account.place);
        let flows = its.iter().rev().filter_map(|account| account.over.as_deref());
        flows.fold(None, |then, over| Some(over.clone().and_then(then)))
    }

    /// Whether a request of the account that calls as `from` goes where a flow of it does, when it
    /// goes to `next` first.
    pub(super) fn has_flow_to(&self, from: &NameAddr<'_>, next: &NextHop) -> bool {
        let mut all = self.0.values();
        all.any(|account| {
            account.at.as_ref().is_some_and(|at| at.is_same(next)) && account.is_of(from)
        })
    }

    /// Whether what leaves over this hop from whom this From names goes over a flow of the account's
    /// own. RFC 5626 §4.3.
    pub(super) fn has_flow_over(&self, from: &[u8], hop: &Hop) -> bool {
        let mut all = self.0.values();
        all.any(|account| {
            account.over.as_ref().is_some_and(|target| target.leads_over(hop))
                && NameAddr::parse(from).is_ok_and(|from| account.is_of(&from))
        })
    }

    /// The Contact in a request from whom this From names, where a registrar gave it one of this
    /// scheme. RFC 5627 §4.4.
    pub(super) fn gruu_of(&self, from: &[u8], sips: bool) -> Option<Vec<u8>> {
        if self.0.values().all(|account| account.gruu.is_none()) {
            return None;
        }
        self.of(&NameAddr::parse(from).ok()?)?.gruu(sips)
    }

    /// The same in an answer to a request that names us by this user part.
    pub(super) fn gruu_by(&self, user: &[u8], sips: bool) -> Option<Vec<u8>> {
        self.0.get(user)?.gruu(sips)
    }

    /// The address that whoever is at the other end of this hop sees us at, where a registrar told.
    pub(super) fn seen_over(&self, hop: &Hop) -> Option<SocketAddr> {
        let mut seen = self.0.values().filter_map(|account| account.seen);
        seen.find(|seen| seen.holds_over(hop)).map(|seen| seen.address)
    }
}
