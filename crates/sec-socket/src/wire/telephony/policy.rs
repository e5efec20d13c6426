//! What the application configures. Its passwords are parts of the octets that crossed.

use crate::wire::number::numbered;
use bytes::Bytes;
use prost::Message;
use sst::{
    Account, Algorithm, Contact, HopPolicy, Identity, Means, Network, Password, Pin, Requirement,
    Secrecy, Secret, User,
};
use zeroize::Zeroizing;

numbered!(Algorithm, algorithm_number, algorithm_value {
    Algorithm::Md5 = 1, Algorithm::Sha256 = 2, Algorithm::Sha512_256 = 3,
});

numbered!(Secrecy, secrecy_number, secrecy_value {
    Secrecy::None = 1, Secrecy::Forward = 2, Secrecy::PostQuantum = 3,
});

/// Something is required, and so far no proof would do.
const UNMET: u32 = 8;

const fn bit(means: Means) -> u32 {
    match means {
        Means::Digest => 1,
        Means::Pgp => 2,
        Means::TlsName => 4,
    }
}

/// The set as bits. Every set is one of these: none is made less of on its way.
pub(in crate::wire) fn requirement(value: Requirement) -> u32 {
    let accepted = Means::ALL.into_iter().filter(|means| value.accepts(*means));
    let bits = accepted.map(bit).fold(0, |all, bit| all | bit);
    if requirement_of(bits) == Some(value) { bits } else { bits | UNMET }
}

pub(in crate::wire) fn requirement_of(bits: u32) -> Option<Requirement> {
    let start = match bits {
        16.. => return None,
        bits if bits & UNMET != 0 => Requirement::IMPOSSIBLE,
        _ => Requirement::NOTHING,
    };
    let accepted = Means::ALL.into_iter().filter(|means| bits & bit(*means) != 0);
    Some(accepted.fold(start, Requirement::or))
}

/// A secret for its way: what is written is wiped, and so is what holds it until then.
pub(super) fn hidden(password: &Password) -> Bytes {
    Bytes::from_owner(Zeroizing::new(password.expose().to_vec()))
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
struct Ha1 {
    #[prost(uint32, tag = "1")]
    algorithm: u32,
    #[prost(bytes = "bytes", tag = "2")]
    digits: Bytes,
}

/// A password, or what stands for it.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
struct WireSecret {
    #[prost(bytes = "bytes", optional, tag = "1")]
    password: Option<Bytes>,
    #[prost(message, repeated, tag = "2")]
    ha1: Vec<Ha1>,
    /// 1 password, 2 HA1, 3 tokens, 4 SIM.
    #[prost(uint32, tag = "3")]
    kind: u32,
    /// Authorization servers.
    #[prost(string, repeated, tag = "4")]
    servers: Vec<String>,
}

impl WireSecret {
    fn of(secret: &Secret) -> Self {
        let kind = |kind| Self { kind, ..Self::default() };
        match secret {
            Secret::Password(password) => Self { password: Some(hidden(password)), ..kind(1) },
            Secret::Ha1(all) => {
                let one = |(under, digits): &(Algorithm, Password)| Ha1 {
                    algorithm: algorithm_number(*under),
                    digits: hidden(digits),
                };
                Self { ha1: all.iter().map(one).collect(), ..kind(2) }
            }
            Secret::Tokens(servers) => Self { servers: servers.clone(), ..kind(3) },
            Secret::Sim => kind(4),
        }
    }

    fn read(self) -> Option<Secret> {
        let one =
            |ha1: Ha1| Some((algorithm_value(ha1.algorithm)?, Password::new(ha1.digits.to_vec())));
        Some(match self.kind {
            1 => Secret::Password(Password::new(self.password?.to_vec())),
            2 => Secret::Ha1(self.ha1.into_iter().map(one).collect::<Option<_>>()?),
            3 => Secret::Tokens(self.servers),
            4 => Secret::Sim,
            _ => return None,
        })
    }
}

#[derive(Clone, PartialEq, Message)]
struct Hop {
    /// 1 UDP, 2 TCP, 3 TLS, 4 WebSocket, 5 WebSocket over TLS.
    #[prost(uint32, tag = "1")]
    kind: u32,
    #[prost(string, repeated, tag = "2")]
    addresses: Vec<String>,
    #[prost(string, tag = "3")]
    name: String,
}

impl Hop {
    fn of(hop: &HopPolicy) -> Self {
        let (kind, addresses, name) = match hop {
            HopPolicy::Udp(addresses) => (1, &addresses[..], ""),
            HopPolicy::Tcp(addresses) => (2, &addresses[..], ""),
            HopPolicy::TlsName(name) => (3, &[][..], &name[..]),
            HopPolicy::Ws(addresses) => (4, &addresses[..], ""),
            HopPolicy::WssName(name) => (5, &[][..], &name[..]),
        };
        let addresses = addresses.iter().map(ToString::to_string).collect();
        Self { kind, addresses, name: name.to_owned() }
    }

    fn read(self) -> Option<HopPolicy> {
        let addresses = self.addresses.iter().map(|text| text.parse().ok()).collect::<Option<_>>();
        Some(match self.kind {
            1 => HopPolicy::Udp(addresses?),
            2 => HopPolicy::Tcp(addresses?),
            3 => HopPolicy::TlsName(self.name),
            4 => HopPolicy::Ws(addresses?),
            5 => HopPolicy::WssName(self.name),
            _ => return None,
        })
    }
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
struct WireAccount {
    #[prost(string, tag = "1")]
    aor: String,
    #[prost(string, tag = "2")]
    realm: String,
    #[prost(string, tag = "3")]
    user: String,
    #[prost(message, optional, tag = "4")]
    secret: Option<WireSecret>,
    #[prost(message, optional, tag = "5")]
    hop: Option<Hop>,
    #[prost(uint32, tag = "6")]
    floor: u32,
    #[prost(uint32, tag = "7")]
    require: u32,
    #[prost(bool, optional, tag = "8")]
    dtls: Option<bool>,
    #[prost(bool, optional, tag = "9")]
    sdes: Option<bool>,
}

impl WireAccount {
    fn of(account: &Account) -> Self {
        Self {
            aor: account.aor.clone(),
            realm: account.realm.clone(),
            user: account.user.clone(),
            secret: account.secret.as_ref().map(WireSecret::of),
            hop: Some(Hop::of(&account.hop)),
            floor: algorithm_number(account.floor),
            require: requirement(account.require),
            dtls: account.dtls,
            sdes: account.sdes,
        }
    }

    fn read(self) -> Option<Account> {
        Some(Account {
            aor: self.aor,
            realm: self.realm,
            user: self.user,
            secret: match self.secret {
                Some(secret) => Some(secret.read()?),
                None => None,
            },
            hop: self.hop?.read()?,
            floor: algorithm_value(self.floor)?,
            require: requirement_of(self.require)?,
            dtls: self.dtls,
            sdes: self.sdes,
        })
    }
}

/// An AOR and what belongs to it.
#[derive(Clone, PartialEq, Message)]
pub(in crate::wire) struct Named {
    #[prost(string, tag = "1")]
    pub(in crate::wire) aor: String,
    #[prost(string, optional, tag = "2")]
    pub(in crate::wire) fingerprint: Option<String>,
    #[prost(uint32, tag = "3")]
    require: u32,
    /// Of a pin: the key that its owner is going to take.
    #[prost(string, optional, tag = "4")]
    next: Option<String>,
}

impl Named {
    pub(in crate::wire) fn pin(pin: &Pin) -> Self {
        let fingerprint = Some(pin.fingerprint.clone());
        Self { aor: pin.aor.clone(), fingerprint, require: 0, next: pin.next.clone() }
    }

    pub(in crate::wire) fn into_pin(self) -> Option<Pin> {
        Some(Pin { aor: self.aor, fingerprint: self.fingerprint?, next: self.next })
    }
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
struct WireUser {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    secret: Option<WireSecret>,
}

#[derive(Clone, PartialEq, Message)]
struct Addresses {
    #[prost(string, tag = "1")]
    first: String,
    #[prost(uint32, tag = "2")]
    bits: u32,
}

/// [`sst::Configuration`].
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Configuration {
    #[prost(message, repeated, tag = "1")]
    accounts: Vec<WireAccount>,
    #[prost(message, repeated, tag = "2")]
    identities: Vec<Named>,
    #[prost(message, repeated, tag = "3")]
    contacts: Vec<Named>,
    #[prost(message, repeated, tag = "4")]
    pins: Vec<Named>,
    #[prost(message, repeated, tag = "5")]
    users: Vec<WireUser>,
    #[prost(uint32, tag = "6")]
    require: u32,
    #[prost(uint32, tag = "7")]
    secrecy: u32,
    #[prost(bool, tag = "8")]
    dtls: bool,
    #[prost(uint32, repeated, tag = "9")]
    algorithms: Vec<u32>,
    #[prost(message, repeated, tag = "10")]
    proxies: Vec<Addresses>,
    #[prost(bool, tag = "11")]
    bind_source: bool,
    #[prost(bool, tag = "12")]
    auth_int: bool,
    #[prost(string, tag = "13")]
    realm: String,
    #[prost(string, repeated, tag = "14")]
    rfc2543: Vec<String>,
    #[prost(bool, tag = "15")]
    sdes: bool,
}

pub(crate) fn configuration(it: &sst::Configuration) -> Configuration {
    let identity = |it: &Identity| Named {
        aor: it.aor.clone(),
        fingerprint: it.fingerprint.clone(),
        require: 0,
        next: None,
    };
    let contact = |it: &Contact| Named {
        aor: it.aor.clone(),
        fingerprint: None,
        require: requirement(it.require),
        next: None,
    };
    let user =
        |it: &User| WireUser { name: it.name.clone(), secret: Some(WireSecret::of(&it.secret)) };
    let proxy = |it: &Network| Addresses { first: it.address.to_string(), bits: it.bits.into() };
    Configuration {
        accounts: it.accounts.iter().map(WireAccount::of).collect(),
        identities: it.identities.iter().map(identity).collect(),
        contacts: it.contacts.iter().map(contact).collect(),
        pins: it.pins.iter().map(Named::pin).collect(),
        users: it.users.iter().map(user).collect(),
        require: requirement(it.require),
        secrecy: secrecy_number(it.secrecy),
        dtls: it.dtls,
        sdes: it.sdes,
        algorithms: it.algorithms.iter().map(|it| algorithm_number(*it)).collect(),
        proxies: it.proxies.iter().map(proxy).collect(),
        bind_source: it.bind_source,
        auth_int: it.auth_int,
        realm: it.realm.clone(),
        rfc2543: it.rfc2543.clone(),
    }
}

pub(crate) fn configuration_of(it: Configuration) -> Option<sst::Configuration> {
    let identity = |it: Named| Identity { aor: it.aor, fingerprint: it.fingerprint };
    let contact = |it: Named| Some(Contact { aor: it.aor, require: requirement_of(it.require)? });
    let user = |it: WireUser| Some(User { name: it.name, secret: it.secret?.read()? });
    let proxy = |it: Addresses| {
        Some(Network { address: it.first.parse().ok()?, bits: u8::try_from(it.bits).ok()? })
    };
    Some(sst::Configuration {
        accounts: it.accounts.into_iter().map(WireAccount::read).collect::<Option<_>>()?,
        identities: it.identities.into_iter().map(identity).collect(),
        contacts: it.contacts.into_iter().map(contact).collect::<Option<_>>()?,
        pins: it.pins.into_iter().map(Named::into_pin).collect::<Option<_>>()?,
        users: it.users.into_iter().map(user).collect::<Option<_>>()?,
        require: requirement_of(it.require)?,
        secrecy: secrecy_value(it.secrecy)?,
        dtls: it.dtls,
        sdes: it.sdes,
        algorithms: it.algorithms.into_iter().map(algorithm_value).collect::<Option<_>>()?,
        proxies: it.proxies.into_iter().map(proxy).collect::<Option<_>>()?,
        bind_source: it.bind_source,
        auth_int: it.auth_int,
        realm: it.realm,
        rfc2543: it.rfc2543,
    })
}
