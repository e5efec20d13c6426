//! Whom a request outside a dialog may be for. RFC 3261 §8.2.2.1.
//!
//! ```text
//!   sips without TLS ─▶ 480, Warning 380     another's host ─▶ 404     to everybody, statelessly
//!   no user of ours  ─▶ 404                  to who has proved what a caller must prove
//! ```
//!
//! Within a dialog nothing is judged: its identifiers say whose it is.

use crate::{Host, Uri};
use std::net::IpAddr;

/// Which users and hosts requests may be for; what is for others is answered 404.
///
/// The default is whoever is asked for at an address of ours. Ours at any host, whatever is listed,
/// are the random user parts of the Contacts that we have registered: a registrar or a proxy may
/// have rewritten the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ours {
    /// The users, each as it stands in a URI, and as a telephone number in `tel` URIs. `None`:
    /// anybody but telephone numbers. A URI without a user part names the host itself.
    pub users: Option<Vec<String>>,
    /// Hosts beside the addresses of this host and `localhost`: names in any case, addresses.
    pub hosts: Vec<String>,
    /// Whether callers must prove something, so that OPTIONS, which asks for no proof, must not say
    /// which users there are. It is then answered for each of them.
    pub hides_users: bool,
}

impl Ours {
    /// The users and the hosts of these addresses of record, each user at each host. What is no
    /// SIP URI is left out.
    pub fn of<'a>(aors: impl IntoIterator<Item = &'a str>) -> Self {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let (mut users, mut hosts) = (Vec::new(), Vec::new());
        for uri in aors.into_iter().filter_map(|aor| Uri::parse(aor.as_bytes()).ok()) {
            let Some(host) = uri.host() else { continue };
            users.extend(uri.user().map(text));
            hosts.push(text(host.as_bytes()));
        }
        Self { users: Some(users), hosts, hides_users: false }
    }

    /// Whether the host is ours that a URI names. A telephone number has none: where users are
    /// listed, it may be one of them.
    pub(super) fn has_host(&self, uri: &Uri<'_>, is_own: impl Fn(IpAddr) -> bool) -> bool {
        match uri.host() {
            Some(host) => match host.ip() {
                Some(ip) => is_own(ip) || self.lists(&host),
                None => is_same_host(host.as_bytes(), b"localhost") || self.lists(&host),
            },
            None => self.users.is_some(),
        }
    }

    fn lists(&self, host: &Host<'_>) -> bool {
        let is = |own: &String| match host.ip() {
            Some(ip) => own.trim_matches(['[', ']']).parse() == Ok(ip),
            None => is_same_host(own.as_bytes(), host.as_bytes()),
        };
        self.hosts.iter().any(is)
    }

    /// Whether the user is ours that a URI names.
    pub(super) fn has_user(&self, uri: &Uri<'_>) -> bool {
        match &self.users {
            Some(users) => {
                uri.user().is_none() || users.iter().any(|user| uri.has_user(user.as_bytes()))
            }
            None => true,
        }
    }
}

/// Whether both are one name: in any case, and with or without the dot of the root.
fn is_same_host(one: &[u8], other: &[u8]) -> bool {
    let bare = |name| <[u8]>::strip_suffix(name, b".").unwrap_or(name);
    bare(one).eq_ignore_ascii_case(bare(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(ours: &Ours, uri: &str) -> (bool, bool) {
        let uri = Uri::parse(uri.as_bytes()).unwrap();
        let own: IpAddr = [192, 0, 2, 2].into();
        (ours.has_host(&uri, |ip| ip == own), ours.has_user(&uri))
    }

    #[test]
    fn by_default_anybody_is_ours_at_our_addresses() {
        let ours = Ours::default();
        for (uri, host) in [
            ("sip:bob@192.0.2.2", true),
            ("sip:nobody@192.0.2.2:9", true),
            ("sip:192.0.2.2", true),
            ("sip:bob@LOCALHOST.", true),
            ("sip:bob@192.0.2.3", false),
            ("sip:bob@example.org", false),
            ("tel:+123", false),
        ] {
            assert_eq!(judged(&ours, uri), (host, true), "{uri}");
        }
    }

    #[test]
    fn of_addresses_of_record_each_user_is_ours_at_each_host() {
        let ours = Ours::of([
            "sip:bob@example.org",
            "sip:+49301@[2001:db8::2]:5070",
            "sip:*21%23@home",
            "tel:+1",
            "bob",
        ]);
        for (uri, found) in [
            ("sip:bob@example.org", (true, true)),
            ("sip:%62ob@EXAMPLE.org.", (true, true)),
            ("sip:bob@192.0.2.2", (true, true)),
            ("sip:bob@[2001:DB8:0::2]", (true, true)),
            ("sip:*21#@home", (true, true)),
            ("sip:+49301@home;user=phone", (true, true)),
            ("tel:+49-(30)1", (true, true)),
            ("sip:example.org", (true, true)),
            ("sip:Bob@example.org", (true, false)),
            ("tel:+1", (true, false)),
            ("sip:bob@example.net", (false, true)),
            ("sip:bob@sub.example.org", (false, true)),
            ("sip:bob@[2001:db8::3]", (false, true)),
        ] {
            assert_eq!(judged(&ours, uri), found, "{uri}");
        }
    }
}
