//! The shape of `config.toml`. Every table refuses keys that it does not know.

use super::address::{Address, ListedAlgorithm, SipAor};
use super::journal::Journal;
use super::media::Media;
use super::network::Network;
use super::own::Own;
use super::pins::Pins;
use super::place::Place;
use super::require::{if_said, required};
use super::tls::Tls;
use super::trusted::Trusted;
use super::ws::Ws;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use sip_core::manager::Ours;
use sst::Requirement;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// All of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Where SIP is listened for; empty: the command's own default.
    #[serde(default)]
    pub bind: Vec<Address>,
    /// The address that peers are told instead of a bound one of its family.
    #[serde(default, deserialize_with = "someones")]
    pub advertise: Option<IpAddr>,
    /// Seconds that a call which we place lasts without being refreshed; absent: as the peer asks.
    #[serde(default, deserialize_with = "session")]
    pub session_expires: Option<u32>,
    /// Who this terminal is.
    pub identity: Option<Identity>,
    /// Whom requests may be for, beside the identity and the accounts.
    #[serde(default)]
    pub own: Own,
    /// Who may say who calls.
    #[serde(default)]
    pub trusted: Trusted,
    /// The security application; absent: it is used by the commands that name keys, not by calls.
    pub agent: Option<Agent>,
    /// Whom to trust over TLS, and what to present.
    #[serde(default)]
    pub tls: Tls,
    /// Where the security manager's decisions are written down.
    #[serde(default)]
    pub journal: Journal,
    /// Which codecs are spoken, whom plain media follows, and how long there may be no sign of life.
    #[serde(default)]
    pub media: Media,
    /// The web pages that may connect over WebSockets.
    #[serde(default)]
    pub ws: Ws,
    /// Accounts at registrars and PBXs.
    #[serde(default, rename = "account")]
    pub accounts: Vec<Account>,
    /// Peers: where they are, and what is required of them.
    #[serde(default, rename = "contact")]
    pub contacts: Vec<Contact>,
    /// Users whom this terminal challenges by Digest.
    #[serde(default, rename = "user")]
    pub users: Vec<User>,
    /// What is required of callers.
    #[serde(default)]
    pub policy: Policy,
    /// What is said where the command does not say it, and by which devices.
    #[serde(default)]
    pub audio: Audio,
    /// The pins, from `pins.toml`.
    #[serde(skip)]
    pub pins: Pins,
    /// What names this terminal for good, where an account is told it.
    #[serde(skip)]
    pub instance: Option<String>,
    /// The folder that relative paths count from.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// `[identity]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Identity {
    /// The AOR.
    pub aor: SipAor,
    /// The full primary fingerprint of its key; absent: the key whose user id is the AOR.
    pub fingerprint: Option<String>,
}

/// `[agent]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Agent {
    /// The program; absent: `countersign-pgp` beside our own executable, or on the `PATH`.
    pub command: Option<PathBuf>,
    /// Its socket, in a folder of mode 0700.
    pub socket: Option<PathBuf>,
    /// Its key folder, of mode 0700.
    pub keys: Option<PathBuf>,
    /// A file of mode 0600 with the passphrase; absent: the keys have none, or it is asked for.
    pub passphrase_file: Option<PathBuf>,
    /// Whether it must be in its sandbox, whole; where the kernel has none, nothing is served.
    #[serde(default)]
    pub require_sandbox: bool,
}

/// `[[account]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Account {
    /// The AOR.
    pub aor: SipAor,
    /// The full primary fingerprint of its OpenPGP key; absent: the key whose user id is the AOR.
    pub fingerprint: Option<String>,
    /// The registrar or PBX, which is also the next hop of the account's calls.
    pub registrar: Place,
    /// Whom the registrar's certificate must name, over TLS; absent: the registrar's host.
    pub tls_name: Option<String>,
    /// The realm that may challenge; absent: the AOR's host.
    pub realm: Option<String>,
    /// The user name; absent: the AOR's user part.
    pub user: Option<String>,
    /// A file of mode 0600 with the password.
    pub password_file: Option<PathBuf>,
    /// One with what stands for the password in the realm, in its place.
    pub ha1_file: Option<PathBuf>,
    /// Whose access tokens it shows in place of a password (RFC 8898): `https` URIs, as the registrar's
    /// challenges write them.
    #[serde(default, deserialize_with = "https")]
    pub authorization_servers: Vec<String>,
    /// A file of mode 0600 with the access token, read whenever one is wanted; absent: it is asked for.
    pub token_file: Option<PathBuf>,
    /// The weakest algorithm that is answered; absent: SHA-256.
    pub floor: Option<ListedAlgorithm>,
    /// What is required, beside the rest, of those who call over its flows and are called through it.
    #[serde(default, deserialize_with = "required")]
    pub require: Requirement,
    /// Whether its calls offer media keyed by DTLS-SRTP; absent: what `[policy]` says.
    pub media_dtls: Option<bool>,
    /// Whether its calls offer media keyed by SDES, which leave over TLS alone; absent: what `[policy]`
    /// says.
    pub media_sdes: Option<bool>,
    /// Seconds for which to register.
    #[serde(default = "an_hour")]
    pub expires: u32,
    /// Which address of ours the registrar is told; absent: the one that it sees, unless `advertise`
    /// says one.
    pub contact: Option<ContactAs>,
    /// Whether to tell how many messages wait for it.
    #[serde(default)]
    pub message_waiting: bool,
    /// Whether the registrar is asked for an address at which this terminal is reached from anywhere
    /// (RFC 5627), and told what names the terminal for good.
    #[serde(default)]
    pub gruu: bool,
    /// Whether the registrar is asked to reach us over the flow that we register over (RFC 5626), and
    /// told what names the terminal for good.
    #[serde(default)]
    pub outbound: bool,
    /// Whether its presence is published: that it can be reached, and whether a call is up.
    #[serde(default)]
    pub publish: bool,
    /// Further ways to the registrar, three at most, each registered over beside the first.
    #[serde(default)]
    pub also_at: Vec<Place>,
}

impl Account {
    /// The ways to its registrar, the most wanted first.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        std::iter::once(&self.registrar).chain(&self.also_at)
    }

    /// The same, to be looked up.
    pub fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        std::iter::once(&mut self.registrar).chain(&mut self.also_at)
    }

    /// Whether its registrar is told what names this terminal for good.
    pub const fn tells_instance(&self) -> bool {
        self.gruu || self.outbound
    }

    /// Why it cannot be registered.
    fn flawed(&self) -> Option<&'static str> {
        let has_password = self.password_file.is_some() || self.ha1_file.is_some();
        match (self.authorization_servers.is_empty(), self.token_file.is_some()) {
            (true, true) => return Some(WHOSE_TOKEN),
            (false, _) if has_password => return Some(TOKEN_OR_PASSWORD),
            (false, _) if !self.places().all(Place::is_tls) => return Some(TOKEN_IN_CLEAR),
            (_, _) => {}
        }
        if self.password_file.is_some() && self.ha1_file.is_some() {
            return Some(ONE_FILE);
        }
        match (self.also_at.len(), self.outbound) {
            (1.., false) => Some("also-at needs outbound = true: several flows are RFC 5626"),
            (4.., true) => Some("also-at has three places at most"),
            (_, _) => None,
        }
    }
}

/// What is wrong where a secret stands in two files.
const ONE_FILE: &str = "password-file and ha1-file are one in place of the other: say one of them";

/// What is wrong about access tokens.
const WHOSE_TOKEN: &str =
    "token-file needs authorization-servers = [\"https://…\"]: whose token it is";
const TOKEN_OR_PASSWORD: &str =
    "authorization-servers is in place of a password: take out password-file and ha1-file";
const TOKEN_IN_CLEAR: &str =
    "an access token is shown over TLS alone: write tls: or wss: before its registrar";

/// `contact` of an `[[account]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactAs {
    /// The address that the registrar sees us at.
    AsSeen,
    /// The one that is bound, or advertised.
    AsBound,
}

const fn an_hour() -> u32 {
    3_600
}

/// `[[contact]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Contact {
    /// The AOR.
    pub aor: SipAor,
    /// Where it is reached; absent: at the host of the AOR.
    pub at: Option<Place>,
    /// What is required of it; absent: what `[policy]` requires.
    #[serde(default, deserialize_with = "if_said")]
    pub require: Option<Requirement>,
    /// Whether it may watch our calls, once its pinned key has proved who it is.
    #[serde(default)]
    pub may_watch: bool,
    /// Whether its signature is taken in the form of RFC 2543, which says less and secures no media.
    #[serde(default)]
    pub rfc2543: bool,
}

/// `[[user]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct User {
    /// The user name, and the user part of the addresses that texts are taken from.
    pub name: String,
    /// A file of mode 0600 with the password.
    pub password_file: Option<PathBuf>,
    /// One with what stands for the password in our realm, in its place.
    pub ha1_file: Option<PathBuf>,
    /// Whether it may watch our calls, once the password has proved who it is.
    #[serde(default)]
    pub may_watch: bool,
}

impl User {
    /// Why nobody can prove to be this user.
    const fn flawed(&self) -> Option<&'static str> {
        match (&self.password_file, &self.ha1_file) {
            (Some(_), Some(_)) => Some(ONE_FILE),
            (None, None) => Some("a user needs a password-file, or an ha1-file in its place"),
            (Some(_), None) | (None, Some(_)) => None,
        }
    }
}

/// `[policy]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// What is required of callers that no contact names.
    #[serde(default, deserialize_with = "required")]
    pub require: Requirement,
    /// Algorithms that are offered, preferred first; absent: SHA-256 alone.
    #[serde(default, deserialize_with = "at_least_one")]
    pub algorithms: Vec<ListedAlgorithm>,
    /// The realm of our challenges; absent: the identity's host.
    pub realm: Option<String>,
    /// Proxies before this terminal, whose many users share their addresses.
    #[serde(default)]
    pub proxies: Vec<Network>,
    /// Whether a nonce binds only the source address, for agents that change their Call-ID.
    #[serde(default)]
    pub bind_source: bool,
    /// Without which secrecy of their keys no media flow, in any call.
    #[serde(default)]
    pub media_secrecy: MediaSecrecy,
    /// Whether media may be keyed by DTLS-SRTP, unless an `[[account]]` that calls says otherwise.
    #[serde(default)]
    pub media_dtls: bool,
    /// Whether media may be keyed by SDES in calls over TLS, unless an `[[account]]` that calls says
    /// otherwise.
    #[serde(default)]
    pub media_sdes: bool,
    /// Whether `qop=auth-int` is demanded.
    #[serde(default)]
    pub auth_int: bool,
}

/// What of a recorded call must stay secret from whoever gets the long-lived keys of both sides later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaSecrecy {
    /// Nothing.
    #[default]
    None,
    /// All.
    Forward,
    /// All, from a quantum computer too.
    PostQuantum,
}

/// An address that peers can send to.
fn someones<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpAddr>, D::Error> {
    let ip = IpAddr::deserialize(deserializer)?;
    if ip.is_unspecified() || ip.is_multicast() {
        return Err(D::Error::custom(format!("no peer can send to {ip}")));
    }
    Ok(Some(ip))
}

/// RFC 4028 §4 has 90 s as the least, and a day's session finds out nothing.
fn session<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let seconds = u32::deserialize(deserializer)?;
    if (90..=86_400).contains(&seconds) {
        return Ok(Some(seconds));
    }
    Err(D::Error::custom(format!("session-expires is 90 to 86400 seconds, not {seconds}")))
}

/// Authorization servers. RFC 8898 §4.
fn https<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let listed = Vec::<String>::deserialize(deserializer)?;
    let is_https = |uri: &String| {
        let host = uri.strip_prefix("https://");
        host.is_some_and(|host| !host.is_empty() && uri.bytes().all(|it| it.is_ascii_graphic()))
    };
    match listed.iter().find(|uri| !is_https(uri)) {
        Some(other) => Err(D::Error::custom(format!("`{other}` is no https URI"))),
        None => Ok(listed),
    }
}

/// An empty list would be read as "none", and SHA-256 be offered all the same.
fn at_least_one<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ListedAlgorithm>, D::Error> {
    let listed = Vec::deserialize(deserializer)?;
    if listed.is_empty() {
        return Err(D::Error::custom("no algorithm is listed; leave the key out for SHA-256"));
    }
    Ok(listed)
}

/// `[audio]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Audio {
    /// `tone`, `silence`, `device`, or a WAV file.
    pub say: Option<String>,
    /// The microphone that `device` is; absent: the default one.
    pub microphone: Option<String>,
    /// The loudspeaker that the peer is heard by then; absent: the default one.
    pub loudspeaker: Option<String>,
    /// Whether what the loudspeaker says is taken out of what the microphone hears; absent: where that is
    /// built in.
    pub cancel_echo: Option<bool>,
    /// Whether noise is; absent: likewise.
    pub suppress_noise: Option<bool>,
}

impl Config {
    /// `path` as counted from the configuration's folder.
    pub fn at(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The first setting by which media would have keys, where there is one.
    #[cfg(not(feature = "pgp"))]
    pub(crate) fn wants_keys(&self) -> Option<&'static str> {
        let any = |said: fn(&Account) -> Option<bool>| {
            self.accounts.iter().any(|own| said(own) == Some(true))
        };
        let dtls = self.policy.media_dtls || any(|own| own.media_dtls);
        let sdes = self.policy.media_sdes || any(|own| own.media_sdes);
        if dtls { Some("media-dtls") } else { sdes.then_some("media-sdes") }
    }

    /// The agent's socket.
    pub fn agent_socket(&self) -> PathBuf {
        let socket = self.agent.as_ref().and_then(|agent| agent.socket.as_deref());
        self.at(socket.unwrap_or_else(|| Path::new("run/pgp.sock")))
    }

    /// The agent's key folder.
    pub fn agent_keys(&self) -> PathBuf {
        let keys = self.agent.as_ref().and_then(|agent| agent.keys.as_deref());
        self.at(keys.unwrap_or_else(|| Path::new("pgp")))
    }

    /// The file of pins.
    pub fn pins_path(&self) -> PathBuf {
        self.at(Path::new("pins.toml"))
    }

    /// What first cannot be as it is written, of `[media]`, accounts and users, and why.
    pub(super) fn flawed(&self) -> Option<(&str, &'static str)> {
        let media = std::iter::once(("[media]", self.media.flawed()));
        let accounts = self.accounts.iter().map(|it| (it.aor.as_str(), it.flawed()));
        let users = self.users.iter().map(|it| (it.name.as_str(), it.flawed()));
        media.chain(accounts).chain(users).find_map(|(whose, why)| Some((whose, why?)))
    }

    /// Which address of ours an account's registrar is told.
    pub fn contact_of(&self, account: &Account) -> sip_core::manager::ContactAs {
        use sip_core::manager::ContactAs as As;
        match (account.contact, self.advertise) {
            (Some(ContactAs::AsSeen), _) | (None, None) => As::Seen,
            (Some(ContactAs::AsBound), _) | (None, Some(_)) => As::Bound,
        }
    }

    /// Whom requests may be for: the identity and the accounts, and what `[own]` lists. Who must
    /// prove something is told no user before.
    pub fn ours(&self) -> Ours {
        let identity = self.identity.iter().map(|identity| &identity.aor);
        let accounts = self.accounts.iter().map(|account| &account.aor);
        let hides_users = !self.policy.require.is_nothing();
        Ours { hides_users, ..self.own.beside(identity.chain(accounts)) }
    }

    /// Who this terminal is: the identity, and the accounts at other addresses, each with the
    /// fingerprint of its key where one is named.
    pub fn identities(&self) -> Vec<Identity> {
        let account = |account: &Account| Identity {
            aor: account.aor.clone(),
            fingerprint: account.fingerprint.clone(),
        };
        let mut all: Vec<Identity> = Vec::new();
        for own in self.identity.clone().into_iter().chain(self.accounts.iter().map(account)) {
            match all.iter_mut().find(|known| known.aor.matches(own.aor.as_str())) {
                Some(known) => known.fingerprint = known.fingerprint.take().or(own.fingerprint),
                None => all.push(own),
            }
        }
        all
    }

    /// The contact at `aor`, however that is spelled: [`SipAor::matches`].
    pub fn contact(&self, aor: &str) -> Option<&Contact> {
        self.contacts.iter().find(|c| c.aor.matches(aor))
    }

    /// Why nobody who must prove to be a Digest user can: there is none.
    pub fn nobody_can_prove(&self) -> Option<&'static str> {
        let of_contacts = self.contacts.iter().filter_map(|contact| contact.require);
        let wanted = of_contacts.chain([self.policy.require]).any(|it| it == Requirement::DIGEST);
        (wanted && self.users.is_empty())
            .then_some("digest is required of callers, but there is no [[user]]: none can call")
    }

    /// What a call to `aor` requires: what the contacts do that it names, else the policy; and what
    /// the account does that it goes through.
    pub fn required_of(&self, aor: &str) -> Requirement {
        let mut named = self.contacts.iter().filter(|contact| contact.aor.names(aor)).peekable();
        let beside = match named.peek() {
            Some(_) => Requirement::NOTHING,
            None => self.policy.require,
        };
        let direct = self.contact(aor).is_some_and(|contact| contact.at.is_some());
        let account = self.own_account().filter(|_| !direct).map(|account| account.require);
        let of_contacts = named.map(|contact| contact.require.unwrap_or(self.policy.require));
        of_contacts.chain(account).fold(beside, Requirement::and)
    }

    /// The first peer or account of whom something is required that no proof does for, beside what
    /// `[policy]` requires of all who call.
    pub(super) fn unmet(&self) -> Option<(&SipAor, Requirement)> {
        let of_contacts = self.contacts.iter().filter_map(|it| Some((&it.aor, it.require?)));
        let all = of_contacts.chain(self.accounts.iter().map(|it| (&it.aor, it.require)));
        let mut unmet =
            all.filter(|(_, require)| self.policy.require.and(*require) == Requirement::IMPOSSIBLE);
        unmet.next()
    }
}
