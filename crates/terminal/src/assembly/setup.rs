//! From the configuration's file to a terminal's settings: secrets are read, keys are found.

#[cfg(feature = "digest")]
use super::settings::TokenFile;
use super::settings::{Settings, Watchers};
#[cfg(feature = "digest")]
use crate::config::{
    Account, Enough, ListedAlgorithm, MediaSecrecy, PinnedKey, Pins, Place, SipAor, read_ha1,
    read_secret, read_token,
};
use crate::config::{Address, Config};
#[cfg(feature = "digest")]
use crate::error::Error;
use crate::error::Result;
#[cfg(feature = "digest")]
use net::Transport;
use sip_core::manager::Ours;
#[cfg(feature = "digest")]
use std::path::Path;
use std::time::Duration;

/// The settings that `config` says, listening at `binds`.
///
/// # Errors
/// A secret's file cannot be read or is open to others (case O02), or the configuration requires
/// a proof whose scheme is not linked in this flavour.
pub fn settings(config: &Config, binds: Vec<Address>) -> Result<Settings> {
    #[cfg(any(not(feature = "pgp"), feature = "isolated"))]
    linked(config)?;
    #[cfg(not(feature = "watch"))]
    tells_nothing(config)?;
    #[cfg(not(feature = "ice"))]
    finds_no_way(config)?;
    let identity = match &config.identity {
        Some(identity) => identity.aor.to_string(),
        None => anonymous(&binds),
    };
    Ok(Settings {
        #[cfg(feature = "digest")]
        security: security(config, &identity)?,
        #[cfg(feature = "digest")]
        tokens: tokens(config)?,
        identity,
        ours: ours(config),
        binds,
        advertise: config.advertise,
        session_expires: config.session_expires.map(|it| Duration::from_secs(it.into())),
        trusted: config.trusted.networks.clone(),
        watchers: watchers(config),
        media: config.media.clone(),
        #[cfg(feature = "ice")]
        helpers: std::sync::Arc::new(super::helpers::Helpers::of(config)?),
    })
}

/// Who may watch our calls.
fn watchers(config: &Config) -> Watchers {
    let users = config.users.iter().filter(|user| user.may_watch);
    let contacts = config.contacts.iter().filter(|contact| contact.may_watch);
    Watchers {
        users: users.map(|user| user.name.clone()).collect(),
        contacts: contacts.map(|contact| contact.aor.clone()).collect(),
    }
}

/// Refuses to tell what this flavour cannot.
#[cfg(not(feature = "watch"))]
fn tells_nothing(config: &Config) -> Result<()> {
    let published = config.accounts.iter().any(|account| account.publish);
    match (published, watchers(config).is_empty()) {
        (false, true) => Ok(()),
        (_, _) => Err(crate::error::Error::invalid(
            "the configuration has `publish` or `may-watch`, and this flavour of countersign tells \
             nobody of presence and calls: take it out, or use the flavour `full`",
        )),
    }
}

/// Refuses to find a way as this flavour cannot.
#[cfg(not(feature = "ice"))]
fn finds_no_way(config: &Config) -> Result<()> {
    if config.media.ice {
        return Err(crate::error::Error::invalid(
            "the configuration has `ice`, and this flavour of countersign does none: take it out, or use \
             the flavour `full`",
        ));
    }
    Ok(())
}

/// Whom requests may be for: what the configuration says, also at the name of this host.
fn ours(config: &Config) -> Ours {
    let mut ours = config.ours();
    let name = rustix::system::uname();
    ours.hosts.extend(name.nodename().to_str().ok().map(str::to_owned));
    ours
}

/// Who calls where no identity is configured.
fn anonymous(binds: &[Address]) -> String {
    let one = binds.first().filter(|bind| !bind.address.ip().is_unspecified());
    let host = one.map_or_else(
        // RFC 3261 §8.1.1.3, RFC 3323 §4.1.1.3.
        || "anonymous.invalid".to_owned(),
        |bind| match bind.address {
            std::net::SocketAddr::V4(v4) => v4.ip().to_string(),
            std::net::SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
        },
    );
    format!("sip:anonymous@{host}")
}

/// Refuses a policy that this flavour cannot keep: what RFC 2543 §15.1 signs, header fields in their
/// order, does not reach the manager's process.
#[cfg(feature = "isolated")]
fn linked(config: &Config) -> Result<()> {
    if config.contacts.iter().any(|contact| contact.rfc2543) {
        return Err(crate::error::Error::invalid(
            "the configuration has `rfc2543` of a contact, and the flavour `isolated` of countersign \
             judges no signature of that form: take it out, or use the flavour `pgp` or `full`",
        ));
    }
    Ok(())
}

/// Refuses a policy that this flavour cannot keep.
#[cfg(not(feature = "pgp"))]
fn linked(config: &Config) -> Result<()> {
    use crate::config::MediaSecrecy;
    use crate::error::Error;
    use sst::Means;
    let of_contacts = config.contacts.iter().filter_map(|contact| contact.require);
    let of_accounts = config.accounts.iter().map(|account| account.require);
    let wanted = of_contacts.chain(of_accounts).chain([config.policy.require]);
    let unlinked = Means::ALL.into_iter().filter(|means| match means {
        Means::Digest | Means::TlsName => cfg!(not(feature = "digest")),
        Means::Pgp => true,
    });
    let beyond = |require: &sst::Requirement| {
        unlinked.clone().fold(*require, sst::Requirement::without) == sst::Requirement::IMPOSSIBLE
    };
    match wanted.filter(|require| !require.is_nothing()).find(beyond) {
        None if config.contacts.iter().any(|contact| contact.may_watch) => Err(Error::invalid(
            "the configuration has `may-watch` of a contact, whom its OpenPGP key would prove, and \
             this flavour of countersign has no OpenPGP: name a [[user]] instead",
        )),
        None if config.policy.media_secrecy != MediaSecrecy::None => Err(Error::invalid(
            "the configuration demands `media-secrecy`, and this flavour of countersign has no keys \
             for media: it could make no call",
        )),
        None => config.wants_keys().map_or(Ok(()), |setting| {
            Err(Error::invalid(format!(
                "the configuration has `{setting}`, and this flavour of countersign has no keys for \
                 media: take it out, or use the flavour `pgp` or `full`"
            )))
        }),
        Some(require) => Err(Error::invalid(format!(
            "the configuration requires `{require}`, which this flavour of countersign does not have"
        ))),
    }
}

#[cfg(feature = "digest")]
fn security(config: &Config, identity: &str) -> Result<sst::Configuration> {
    let own: Option<SipAor> = config.identity.as_ref().map(|identity| identity.aor.clone());
    let host = own.as_ref().map_or("localhost", SipAor::host);
    let policy = &config.policy;
    let mut users = Vec::with_capacity(config.users.len());
    let realm = policy.realm.clone().unwrap_or_else(|| host.to_owned());
    let algorithms: Vec<sst::Algorithm> =
        policy.algorithms.iter().map(|algorithm| (*algorithm).into()).collect();
    let offered = sst::Algorithm::offered(&algorithms);
    for user in &config.users {
        let files = (user.password_file.as_deref(), user.ha1_file.as_deref());
        let secret = secret(config, files, (&user.name, &realm), Enough::All(offered))?;
        users.extend(secret.map(|secret| sst::User { name: user.name.clone(), secret }));
    }
    Ok(sst::Configuration {
        accounts: config
            .accounts
            .iter()
            .flat_map(|account| account.places().map(move |place| (account, place)))
            .map(|(account, place)| credentials(config, account, place))
            .collect::<Result<_>>()?,
        identities: identities(config, identity),
        contacts: config
            .contacts
            .iter()
            .map(|contact| sst::Contact {
                aor: contact.aor.to_string(),
                require: contact.require.unwrap_or(policy.require),
            })
            .collect(),
        pins: pins(&config.pins),
        rfc2543: config
            .contacts
            .iter()
            .filter(|contact| contact.rfc2543)
            .map(|contact| contact.aor.to_string())
            .collect(),
        users,
        require: policy.require,
        algorithms,
        proxies: policy
            .proxies
            .iter()
            .map(|network| sst::Network { address: network.address, bits: network.bits })
            .collect(),
        bind_source: policy.bind_source,
        auth_int: policy.auth_int,
        secrecy: match policy.media_secrecy {
            MediaSecrecy::None => sst::Secrecy::None,
            MediaSecrecy::Forward => sst::Secrecy::Forward,
            MediaSecrecy::PostQuantum => sst::Secrecy::PostQuantum,
        },
        dtls: policy.media_dtls,
        sdes: policy.media_sdes,
        realm,
    })
}

/// Our addresses, the one first that calls.
#[cfg(feature = "digest")]
fn identities(config: &Config, calls: &str) -> Vec<sst::Identity> {
    let known = config.identities().into_iter();
    let known =
        known.map(|own| sst::Identity { aor: own.aor.to_string(), fingerprint: own.fingerprint });
    let anonymous = sst::Identity { aor: calls.to_owned(), fingerprint: None };
    let anonymous = config.identity.is_none().then_some(anonymous);
    anonymous.into_iter().chain(known).collect()
}

/// The pins as the security manager takes them.
#[cfg(feature = "digest")]
pub fn pins(pins: &Pins) -> Vec<sst::Pin> {
    let pinned = |pin: &PinnedKey| sst::Pin {
        aor: pin.aor.to_string(),
        fingerprint: pin.fingerprint.clone(),
        next: pin.next.clone(),
    };
    pins.pins.iter().map(pinned).collect()
}

/// The user name and the realm of an account's credentials.
#[cfg(feature = "digest")]
fn whose(account: &Account) -> (String, String) {
    let user = account.user.clone().unwrap_or_else(|| account.aor.user().to_owned());
    (user, account.realm.clone().unwrap_or_else(|| account.aor.host().to_owned()))
}

/// Where the access tokens of accounts are. They are there now: what is missing or open to others is
/// told at the start.
#[cfg(feature = "digest")]
fn tokens(config: &Config) -> Result<Vec<TokenFile>> {
    let files = config.accounts.iter().filter_map(|it| Some((it, it.token_file.as_deref()?)));
    let file = |(account, path)| {
        let ((user, realm), path) = (whose(account), config.at(path));
        read_token(&path)?;
        Ok(TokenFile { user, realm, path })
    };
    files.map(file).collect()
}

#[cfg(feature = "digest")]
fn credentials(config: &Config, account: &Account, place: &Place) -> Result<sst::Account> {
    let (user, realm) = whose(account);
    let floor = account.floor.map_or(sst::Algorithm::Sha256, Into::into);
    let files = (account.password_file.as_deref(), account.ha1_file.as_deref());
    let secret = match account.authorization_servers.as_slice() {
        [] => secret(config, files, (&user, &realm), Enough::Any(floor.or_stronger()))?,
        servers => Some(sst::Secret::Tokens(servers.to_vec())),
    };
    Ok(sst::Account {
        aor: account.aor.to_string(),
        realm,
        user,
        secret,
        hop: place.into(),
        floor,
        require: account.require,
        dtls: account.media_dtls,
        sdes: account.media_sdes,
    })
}

/// What a user's responses are made from in a realm: the password of the one file, or what stands for
/// it in the other. `None` where there is neither.
#[cfg(feature = "digest")]
fn secret(
    config: &Config, (password, ha1): (Option<&Path>, Option<&Path>), (user, realm): (&str, &str),
    enough: Enough<'_>,
) -> Result<Option<sst::Secret>> {
    let Some(ha1) = ha1.map(|file| config.at(file)) else {
        let password = password.map(|file| read_secret(&config.at(file))).transpose()?;
        return Ok(password.map(Into::into));
    };
    let digits = read_ha1(&ha1)?.of(user, realm, enough);
    let digits = digits.map_err(|why| Error::invalid(format!("{}: {why}", ha1.display())))?;
    Ok(Some(sst::Secret::Ha1(digits)))
}

#[cfg(feature = "digest")]
impl From<Address> for sst::HopPolicy {
    /// As requests go there.
    fn from(address: Address) -> Self {
        (&Place::from(address)).into()
    }
}

#[cfg(feature = "digest")]
impl From<&Place> for sst::HopPolicy {
    /// All addresses that its name was found to have; over TLS the name itself. UDP says that what is
    /// too large for it goes over TCP.
    fn from(place: &Place) -> Self {
        match place.transport() {
            Transport::Udp => Self::Udp(place.addresses()),
            Transport::Tcp => Self::Tcp(place.addresses()),
            Transport::Tls => Self::TlsName(place.host().to_owned()),
            Transport::Ws => Self::Ws(place.addresses()),
            Transport::Wss => Self::WssName(place.host().to_owned()),
        }
    }
}

#[cfg(feature = "digest")]
impl From<ListedAlgorithm> for sst::Algorithm {
    fn from(algorithm: ListedAlgorithm) -> Self {
        match algorithm {
            ListedAlgorithm::Md5 => Self::Md5,
            ListedAlgorithm::Sha256 => Self::Sha256,
            ListedAlgorithm::Sha512_256 => Self::Sha512_256,
        }
    }
}
