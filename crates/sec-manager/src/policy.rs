//! The configuration as the manager reads it: AORs canonical, passwords hashed.

use crate::aka;
use crate::aor::{self, Aor};
use crate::bearer;
use crate::digest::{Keys, SCHEME};
use crate::nonce::Source;
use crate::party::Party;
use sip_syntax::Scheme;
use sma::Fingerprint;
use ssa::{Arrival, Certified, Transport};
use sst::{
    Algorithm, Configuration, HopPolicy, Means, Network, Password, Requirement, Secrecy, Secret,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// An account whose credentials may be used.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) aor: String,
    pub(crate) realm: Vec<u8>,
    pub(crate) user: String,
    /// The word of the scheme that its secret is for.
    pub(crate) scheme: &'static str,
    /// The authorization servers whose tokens are given.
    pub(crate) servers: Vec<String>,
    /// None: the user is asked.
    pub(crate) keys: Option<Arc<Keys>>,
    pub(crate) hop: HopPolicy,
    pub(crate) floor: Algorithm,
    /// Of those who call over its registered flow.
    pub(crate) require: Requirement,
}

impl Account {
    /// Whether credentials for `realm` may go over `hop`.
    ///
    /// A16, A17: a realm alone is a claim of whoever challenges, and so is another port of the
    /// registrar's host.
    pub(crate) fn may_answer(&self, realm: &[u8], hop: Hop<'_>) -> bool {
        self.has_next_hop(hop) && self.realm == realm
    }

    /// Whether its secret does not tell what to answer under this algorithm, which its floor would
    /// allow.
    pub(crate) fn lacks(&self, algorithm: Algorithm) -> bool {
        algorithm >= self.floor && self.keys.as_ref().is_some_and(|keys| !keys.has(algorithm))
    }

    /// Whether `hop` leads to the party that its credentials are for.
    pub(crate) fn has_next_hop(&self, hop: Hop<'_>) -> bool {
        match &self.hop {
            HopPolicy::Udp(addresses) => {
                matches!(hop.transport, Transport::Udp | Transport::Tcp) && hop.is_in(addresses)
            }
            HopPolicy::Tcp(addresses) => hop.transport == Transport::Tcp && hop.is_in(addresses),
            HopPolicy::TlsName(name) => hop.transport == Transport::Tls && hop.is_certified(name),
            HopPolicy::Ws(addresses) => hop.transport == Transport::Ws && hop.is_in(addresses),
            HopPolicy::WssName(name) => hop.transport == Transport::Wss && hop.is_certified(name),
        }
    }
}

/// The other end of a hop, as an account's policy compares it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hop<'a> {
    address: SocketAddr,
    transport: Transport,
    certified: Certified<'a>,
}

impl<'a> Hop<'a> {
    /// The hop that a message came over.
    pub(crate) const fn of(arrival: &Arrival<'a>) -> Self {
        let Arrival { source: address, transport, certified, .. } = *arrival;
        Self { address, transport, certified }
    }

    /// Whether its connection was opened for this name, or address, and found to be theirs.
    pub(crate) fn is_certified(self, name: &str) -> bool {
        match self.certified {
            Certified::Nobody => false,
            Certified::Name(shown) => is_name(shown, name),
            Certified::Source => {
                let literal = name.trim_matches(['[', ']']).parse::<IpAddr>();
                literal.is_ok_and(|ip| ip.to_canonical() == self.address.ip().to_canonical())
            }
        }
    }

    /// Whether it is TLS to a name, or address, that was proved.
    pub(crate) const fn is_proved(self) -> bool {
        matches!(self.transport, Transport::Tls | Transport::Wss)
            && !matches!(self.certified, Certified::Nobody)
    }

    fn is_in(self, addresses: &[SocketAddr]) -> bool {
        let same = |other: &SocketAddr| {
            let ip = |address: SocketAddr| address.ip().to_canonical();
            ip(*other) == ip(self.address) && other.port() == self.address.port()
        };
        addresses.iter().any(same)
    }
}

/// Whether two names are of one domain, in any case, the root's dot apart.
fn is_name(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|name| name.strip_suffix('.').unwrap_or(name));
    one.eq_ignore_ascii_case(other)
}

/// A way to key media: whether it is taken, and offered unless the account that calls says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Keying {
    pub(crate) is_taken: bool,
    /// The accounts that say otherwise of the calls that they make.
    of_accounts: BTreeMap<Aor, bool>,
}

impl Keying {
    fn new(
        is_taken: bool, configuration: &Configuration, said: fn(&sst::Account) -> Option<bool>,
    ) -> Self {
        let row = |own: &sst::Account| Some((aor::canonical(own.aor.as_bytes()).ok()?, said(own)?));
        Self { is_taken, of_accounts: configuration.accounts.iter().filter_map(row).collect() }
    }

    /// Whether a call from this address of ours offers it.
    pub(crate) fn is_offered(&self, from: Option<&Aor>) -> bool {
        from.and_then(|from| self.of_accounts.get(from)).copied().unwrap_or(self.is_taken)
    }
}

/// All that decisions are made by. Replaced as a whole, never changed.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    pub(crate) accounts: Vec<Account>,
    /// Our AORs, and the key of each.
    pub(crate) identities: BTreeMap<Aor, Option<Fingerprint>>,
    contacts: BTreeMap<Aor, Requirement>,
    /// Those who may sign in the form of RFC 2543.
    rfc2543: BTreeSet<Aor>,
    users: Vec<(Arc<str>, Keys)>,
    /// Verified against where the user is not known, so that both cost the same. A11.
    nobody: Option<Keys>,
    pub(crate) require: Requirement,
    pub(crate) secrecy: Secrecy,
    /// Media that are keyed by DTLS.
    pub(crate) dtls: Keying,
    /// Media that are keyed by SDES where messages go over TLS.
    pub(crate) sdes: Keying,
    pub(crate) algorithms: Vec<Algorithm>,
    /// Their names, comma-joined.
    offered: String,
    proxies: Vec<Network>,
    pub(crate) bind_source: bool,
    pub(crate) auth_int: bool,
    pub(crate) realm: Arc<str>,
}

impl Policy {
    /// Reads a configuration. What cannot be read as an AOR or a fingerprint is left out: the
    /// application checks its own file, and less is trusted, not more.
    pub(crate) fn new(configuration: &Configuration) -> Self {
        let Configuration { realm, .. } = configuration;
        let algorithms = Algorithm::offered(&configuration.algorithms);
        let names: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
        let key = |user: &str, secret: &Secret| {
            Keys::new(algorithms, user.as_bytes(), realm.as_bytes(), secret)
        };
        Self {
            accounts: configuration.accounts.iter().map(account).collect(),
            identities: configuration
                .identities
                .iter()
                .filter_map(|identity| {
                    let fingerprint = identity.fingerprint.as_deref().and_then(Fingerprint::parse);
                    Some((aor::canonical(identity.aor.as_bytes()).ok()?, fingerprint))
                })
                .collect(),
            contacts: configuration
                .contacts
                .iter()
                .filter_map(|c| {
                    Some((aor::canonical(c.aor.as_bytes()).ok()?.as_contact(), c.require))
                })
                .collect(),
            rfc2543: configuration
                .rfc2543
                .iter()
                .filter_map(|aor| Some(aor::canonical(aor.as_bytes()).ok()?.as_contact()))
                .collect(),
            users: configuration
                .users
                .iter()
                .map(|user| (user.name.as_str().into(), key(&user.name, &user.secret)))
                .collect(),
            nobody: Some(key("", &Password::new(Vec::new()).into())),
            require: configuration.require,
            secrecy: configuration.secrecy,
            dtls: Keying::new(configuration.dtls, configuration, |own| own.dtls),
            sdes: Keying::new(configuration.sdes, configuration, |own| own.sdes),
            algorithms: algorithms.to_vec(),
            offered: names.join(","),
            proxies: configuration.proxies.clone(),
            bind_source: configuration.bind_source,
            auth_int: configuration.auth_int,
            realm: realm.as_str().into(),
        }
    }

    /// What a nonce binds of a packet's source: its address, or that it came through a proxy.
    pub(crate) fn bound(&self, source: IpAddr) -> Source {
        if self.is_proxy(source) { Source::PROXY } else { Source::new(source) }
    }

    /// Who is held to account for a request from `source`, where it claims to be `claimed`.
    pub(crate) fn party(&self, source: IpAddr, claimed: impl FnOnce() -> Party) -> Party {
        if self.is_proxy(source) { claimed() } else { Party::at(source) }
    }

    fn is_proxy(&self, source: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(source))
    }

    /// What a request from `from` must prove that came over the registered flow of the account
    /// `through`. A contact and an account may ask for more than the rest of the world, never for
    /// less: who the request is from is only its claim.
    pub(crate) fn required_of_caller(
        &self, from: Option<&Aor>, through: Option<&str>,
    ) -> Requirement {
        let accounts = self.accounts.iter().filter(|account| Some(&*account.aor) == through);
        let required = self.required_of_contact(from).and(self.require);
        accounts.fold(required, |required, account| required.and(account.require))
    }

    /// Whether an account's registrar is reached over TLS connections that are opened for this domain.
    pub(crate) fn is_of_registrar(&self, account: &str, domain: &str) -> bool {
        let mut own = self.accounts.iter().filter(|own| own.aor == account);
        own.any(|own| match &own.hop {
            HopPolicy::TlsName(name) | HopPolicy::WssName(name) => is_name(name, domain),
            HopPolicy::Udp(_) | HopPolicy::Tcp(_) | HopPolicy::Ws(_) => false,
        })
    }

    /// Whether what brings no proof of its own, and is of no call that is known, may be believed.
    pub(crate) const fn lets_in_unproved(&self) -> bool {
        self.require.is_nothing() || self.require.accepts(Means::Digest)
    }

    /// What is required of a contact, whoever calls whom. A name with the root's dot at its end
    /// and a `sips:` address name the contact that they name without.
    pub(crate) fn required_of_contact(&self, peer: Option<&Aor>) -> Requirement {
        let peer = peer.filter(|_| !self.contacts.is_empty());
        let named = peer.and_then(|aor| self.contacts.get(&aor.as_contact()));
        named.copied().unwrap_or_default()
    }

    /// Whether a contact may sign in the form of RFC 2543.
    pub(crate) fn speaks_rfc2543(&self, peer: &Aor) -> bool {
        self.rfc2543.contains(&peer.as_contact())
    }

    /// Whether a From that cannot be read as an address could still be taken for that of a contact
    /// of whom something is required.
    pub(crate) fn might_be_a_contact(&self, from: &[u8]) -> bool {
        let is_sip = matches!(Scheme::of(from), Some(Scheme::Sip | Scheme::Sips));
        let demanding = self.contacts.values().any(|require| !require.is_nothing());
        is_sip && demanding && aor::canonical(from).is_err()
    }

    /// These algorithms as the nonce of their challenges is bound to them: named where there is more
    /// than one.
    pub(crate) fn names_of(&self, offered: &[Algorithm]) -> &str {
        if offered.len() > 1 { &self.offered } else { "" }
    }

    /// The keys of a user, by name or by its hash; those of nobody where there is none.
    pub(crate) fn user(
        &self, name: &[u8], hashed: Option<Algorithm>,
    ) -> (Option<&Arc<str>>, Option<&Keys>) {
        let found = self.users.iter().find(|(known, keys)| match hashed {
            Some(algorithm) => keys.is_userhash(algorithm, name),
            None => known.as_bytes() == name,
        });
        match found {
            Some((name, keys)) => (Some(name), Some(keys)),
            None => (None, self.nobody.as_ref()),
        }
    }
}

fn account(account: &sst::Account) -> Account {
    let keys = |secret: &Secret| {
        let (user, realm) = (account.user.as_bytes(), account.realm.as_bytes());
        Arc::new(Keys::new(account.floor.or_stronger(), user, realm, secret))
    };
    let (scheme, keys, servers) = match &account.secret {
        Some(Secret::Tokens(servers)) => (bearer::SCHEME, None, servers.clone()),
        Some(Secret::Sim) => (aka::SCHEME, None, Vec::new()),
        Some(secret) => (SCHEME, Some(keys(secret)), Vec::new()),
        None => (SCHEME, None, Vec::new()),
    };
    Account {
        aor: account.aor.clone(),
        realm: account.realm.clone().into_bytes(),
        user: account.user.clone(),
        scheme,
        servers,
        keys,
        hop: account.hop.clone(),
        floor: account.floor,
        require: account.require,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sst::User;

    fn kept(keys: Option<&Keys>) -> String {
        let text = format!("{:?}", keys.unwrap());
        let names = ["md5", "sha256", "sha512_256"];
        let kept = names.into_iter().filter(|name| !text.contains(&format!("{name}: None")));
        kept.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_from_that_cannot_be_read_might_be_a_contacts_where_one_is_held_to_something() {
        let policy = |require| {
            let aor = "sip:alice@alice.example".to_owned();
            let contacts = vec![sst::Contact { aor, require }];
            Policy::new(&Configuration { contacts, ..Configuration::default() })
        };
        let unreadable = b"sip:alice@alice.example;x=a@b".as_slice();
        for (require, from, might) in [
            (Requirement::PGP, unreadable, true),
            (Requirement::DIGEST, b"sips:alice@", true),
            (Requirement::NOTHING, unreadable, false),
            (Requirement::PGP, b"sip:carol@alice.example", false),
            (Requirement::PGP, b"mailto:alice@alice.example", false),
        ] {
            let from_text = String::from_utf8_lossy(from);
            assert_eq!(policy(require).might_be_a_contact(from), might, "{from_text}");
        }
    }

    /// Decision 0049: an account speaks for the calls that it makes, and lets in nobody's machine.
    #[test]
    fn what_an_account_offers_is_taken_of_nobody() {
        let account = || sst::Account {
            aor: "sip:alice@example.org".to_owned(),
            realm: "example.org".to_owned(),
            user: "alice".to_owned(),
            secret: None,
            hop: HopPolicy::Udp(Vec::new()),
            floor: Algorithm::Sha256,
            require: Requirement::NOTHING,
            dtls: Some(true),
            sdes: Some(true),
        };
        let policy =
            Policy::new(&Configuration { accounts: vec![account()], ..Default::default() });
        let alice = aor::canonical(b"sip:alice@example.org").unwrap();
        for way in [&policy.dtls, &policy.sdes] {
            assert!(way.is_offered(Some(&alice)) && !way.is_offered(None) && !way.is_taken);
        }
    }

    /// Promise 16: an HA1 that nobody may use is not in memory.
    #[test]
    fn o04_passwords_are_hashed_for_the_algorithms_in_use() {
        let password = || Password::new(b"secret".to_vec());
        for (offered, expected) in [
            (vec![], "sha256"),
            (vec![Algorithm::Md5], "md5"),
            (vec![Algorithm::Sha512_256, Algorithm::Md5], "md5 sha512_256"),
        ] {
            let policy = Policy::new(&Configuration {
                users: vec![User { name: "alice".to_owned(), secret: password().into() }],
                algorithms: offered,
                ..Configuration::default()
            });
            // A11: what is computed for nobody costs the same.
            for name in [b"alice".as_slice(), b"mallory"] {
                assert_eq!(kept(policy.user(name, None).1), expected);
            }
        }
        for (floor, expected) in [
            (Algorithm::Md5, "md5 sha256 sha512_256"),
            (Algorithm::Sha256, "sha256 sha512_256"),
            (Algorithm::Sha512_256, "sha512_256"),
        ] {
            let account = account(&sst::Account {
                aor: "sip:alice@example.org".to_owned(),
                realm: "example.org".to_owned(),
                user: "alice".to_owned(),
                secret: Some(password().into()),
                hop: HopPolicy::Udp(Vec::new()),
                floor,
                require: Requirement::NOTHING,
                dtls: None,
                sdes: None,
            });
            assert_eq!(kept(account.keys.as_deref()), expected);
        }
    }
}
