//! What the application configures: accounts, identities, contacts, pins and what they require.

use crate::requirement::Requirement;
use crate::secrecy::Secrecy;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{Ordering, compiler_fence};

/// All that the manager is configured with.
#[derive(Debug, Default)]
pub struct Configuration {
    /// Accounts at registrars and PBXs, and the credentials for them.
    pub accounts: Vec<Account>,
    /// Our own identities; a request must be addressed to one of them.
    pub identities: Vec<Identity>,
    /// What is required of certain peers.
    pub contacts: Vec<Contact>,
    /// AORs and the OpenPGP keys that are theirs.
    pub pins: Vec<Pin>,
    /// AORs of contacts of whom a signature is taken in the form of RFC 2543 too: it says less, and
    /// secures no media ([`Proof::Rfc2543`](crate::Proof::Rfc2543)).
    pub rfc2543: Vec<String>,
    /// Users whom we challenge by Digest, with their passwords.
    pub users: Vec<User>,
    /// What is required of those who call us and are named by no contact.
    pub require: Requirement,
    /// Without which secrecy of their keys no media flow, in any call.
    pub secrecy: Secrecy,
    /// Whether media may be keyed by DTLS-SRTP: it is taken where a peer offers it, and offered where
    /// no signature secures media better.
    pub dtls: bool,
    /// Whether media may be keyed by SDES in calls whose messages go over TLS (RFC 4568 §7): it is taken
    /// where a peer offers it, and offered where nothing keys media better. Each SIP server on the way
    /// reads the keys.
    pub sdes: bool,
    /// Digest algorithms that we offer as a server, preferred first; empty: SHA-256 alone.
    pub algorithms: Vec<Algorithm>,
    /// Proxies before us, whose many users share their addresses.
    pub proxies: Vec<Network>,
    /// Whether a Digest nonce binds only the source address, not Call-ID and From tag.
    pub bind_source: bool,
    /// Whether `qop=auth-int` is demanded of Digest clients.
    pub auth_int: bool,
    /// Our own realm: the domain of challenges we send.
    pub realm: String,
}

/// The addresses that begin with the same bits, for example `192.0.2.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The first address.
    pub address: IpAddr,
    /// The number of bits that count: at most 32 for IPv4, 128 for IPv6.
    pub bits: u8,
}

impl Network {
    /// Whether an address is one of these; an IPv4 address in IPv6 is as good as itself.
    pub fn contains(&self, address: IpAddr) -> bool {
        let differing = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(it)) => (own.to_bits() ^ it.to_bits()).leading_zeros(),
            (IpAddr::V6(own), IpAddr::V6(it)) => (own.to_bits() ^ it.to_bits()).leading_zeros(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        differing >= self.bits.into()
    }
}

/// An account at a registrar or PBX.
#[derive(Debug)]
pub struct Account {
    /// The AOR, for example `sip:alice@example.org`.
    pub aor: String,
    /// The realm that its credentials are for.
    pub realm: String,
    /// The user name of the credentials.
    pub user: String,
    /// What its responses are made from; `None`: the user is asked for the password.
    pub secret: Option<Secret>,
    /// The next hop that may challenge for `realm`.
    pub hop: HopPolicy,
    /// Algorithms that may be answered with.
    pub floor: Algorithm,
    /// What is required, beside the rest, of those who call over its registered flow.
    pub require: Requirement,
    /// The same as [`Configuration::dtls`] for calls that it makes, where it is otherwise.
    pub dtls: Option<bool>,
    /// The same as [`Configuration::sdes`] for calls that it makes, where it is otherwise.
    pub sdes: Option<bool>,
}

/// To whom an account's credentials may go: another port of the same host is another party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HopPolicy {
    /// The peer at one of these addresses, over UDP; what is too large for it goes over TCP to the
    /// same address and port. RFC 3261 §18.1.1.
    Udp(Vec<SocketAddr>),
    /// The peer at one of these addresses, over TCP alone.
    Tcp(Vec<SocketAddr>),
    /// A TLS connection opened for this name, or address.
    TlsName(String),
    /// The peer at one of these addresses, over a WebSocket without TLS.
    Ws(Vec<SocketAddr>),
    /// A WebSocket over a TLS connection opened for this name, or address.
    WssName(String),
}

/// A Digest algorithm, weakest first. RFC 7616 §6.1, RFC 8760 §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512/256 of FIPS 180-4.
    Sha512_256,
}

impl Algorithm {
    /// All of them, weakest first.
    pub const ALL: [Self; 3] = [Self::Md5, Self::Sha256, Self::Sha512_256];

    /// This one and the stronger ones: what an account with this floor answers.
    pub fn or_stronger(self) -> &'static [Self] {
        let all: &'static [Self] = &Self::ALL;
        all.get(self as usize..).unwrap_or_default()
    }

    /// What is offered to callers where these are configured: SHA-256 alone where none is.
    pub const fn offered(configured: &[Self]) -> &[Self] {
        if configured.is_empty() { &[Self::Sha256] } else { configured }
    }

    /// The name on the wire, for example `SHA-256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
        }
    }
}

/// One of our own identities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The AOR.
    pub aor: String,
    /// The full primary fingerprint of its OpenPGP key, lower-case hex, where it has one.
    pub fingerprint: Option<String>,
}

/// A peer of whom something is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The AOR.
    pub aor: String,
    /// What is required of it.
    pub require: Requirement,
}

/// An AOR and the OpenPGP key that is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The AOR.
    pub aor: String,
    /// The full primary fingerprint, lower-case hex: 40 digits (v4) or 64 (v6).
    pub fingerprint: String,
    /// That of the key which its owner is going to take, where the user knows it already: it proves
    /// as much, and holds alone once it has proved something. That outlasts every configuration which
    /// names the same two keys, and no security manager: made anew, it believes both again, until the
    /// user has this key pinned as `fingerprint`.
    pub next: Option<String>,
}

impl Pin {
    /// A pin to this key alone.
    pub fn new(aor: impl Into<String>, fingerprint: impl Into<String>) -> Self {
        Self { aor: aor.into(), fingerprint: fingerprint.into(), next: None }
    }
}

/// A user whom we challenge by Digest.
#[derive(Debug)]
pub struct User {
    /// The user name.
    pub name: String,
    /// What its responses are checked against.
    pub secret: Secret,
}

/// What Digest responses are made from. RFC 7616 §3.4.2.
#[derive(Debug)]
pub enum Secret {
    /// The password.
    Password(Password),
    /// What stands for it within its realm, `H(user:realm:password)` under some algorithms: their
    /// hexadecimal digits in lower case. Responses under others are neither made nor accepted.
    Ha1(Vec<(Algorithm, Password)>),
    /// None: an access token of one of these authorization servers, `https` URIs, is asked for when one
    /// is wanted, and Digest is never answered. Of an account alone. RFC 8898.
    Tokens(Vec<String>),
    /// None: the SIM that the security manager was given answers, to AKA alone. Of an account alone.
    /// RFC 3310.
    Sim,
}

impl From<Password> for Secret {
    fn from(password: Password) -> Self {
        Self::Password(password)
    }
}

/// What a successful registration admits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredFlow {
    /// The stack's number of the TLS or TCP connection; `None` over UDP.
    pub flow: Option<u64>,
    /// The registrar's resolved address, for UDP.
    pub registrar: IpAddr,
    /// The random user part of the Contact that was registered.
    pub contact_user: String,
}

/// A password or passphrase: never printed, wiped on drop, neither copied nor compared.
pub struct Password(Vec<u8>);

impl Password {
    /// Takes the octets over.
    pub const fn new(octets: Vec<u8>) -> Self {
        Self(octets)
    }

    /// The octets, for whoever hashes them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        // Room that was written to and given up is wiped, too.
        let room = self.0.capacity();
        self.0.clear();
        self.0.resize(room, 0);
        // Keeps the wipe from being optimised away as a dead store.
        std::hint::black_box(&self.0);
        compiler_fence(Ordering::SeqCst);
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
