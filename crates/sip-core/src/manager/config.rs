//! How a SIP manager is set up.

use super::ours::Ours;
use super::ports::Routes;
use crate::locate::Servers;
use crate::transaction::Timing;
use crate::{Capabilities, Limits};
use ssa::Transport;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A transport address of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The transport.
    pub transport: Transport,
    /// What Via and Contact say. It names the socket in [`Hop`](super::Hop), too. Where it is
    /// unspecified, the socket is bound to all addresses of the host, and the one that is said is
    /// learnt from [`Config::routes`] for each peer.
    pub address: SocketAddr,
}

/// Set-up of a SIP manager. The defaults are the limits of docs/promises.md.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our addresses, by preference. The driver fills them in from what it bound.
    pub locals: Vec<Local>,
    /// Which address packets leave from: needed where one of `locals` is unspecified. The driver
    /// fills it in.
    pub routes: Option<Arc<dyn Routes>>,
    /// Which users and hosts requests may be for.
    pub ours: Ours,
    /// T1, T2, T4 and the wait before 100 Trying.
    pub timing: Timing,
    /// Limits of the parser.
    pub limits: Limits,
    /// What requests of peers may ask for.
    pub capabilities: Capabilities,
    /// Requests, ours and peers', that wait for their final response at once, 1024 by default;
    /// over it new INVITEs get 503, and re-INVITEs over twice as many. Eight transactions are kept
    /// for each, with those that only absorb retransmissions.
    pub transactions: usize,
    /// Calls at once, 64 by default; over it new INVITEs get 503.
    pub dialogs: usize,
    /// Subscriptions of ours at once, 64 by default; over it there is no other.
    pub subscriptions: usize,
    /// Peers' subscriptions at once, 64 by default; over it new ones get 503.
    pub subscribers: usize,
    /// REFERs of peers outside any call that are there at once: none by default, and such a REFER is
    /// 403; over it new ones get 503. Whoever takes them asks the user of each.
    pub referrals: usize,
    /// Publications of ours at once, 64 by default; over it there is no other.
    pub publications: usize,
    /// How long an INVITE may wait for its answer on either side, 180 s by default.
    pub ring: Duration,
    /// How long a call of ours lasts without being refreshed, which our INVITEs ask for; in whole
    /// seconds, 90 at least. `None` by default: what the peer asks for is kept, and nothing asked.
    /// RFC 4028 §7.1.
    pub session_expires: Option<Duration>,
    /// `Retry-After` of a 503, and of a 500 that the application answers with, 5 s by default.
    /// RFC 3261 §20.33.
    pub retry_after: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            locals: Vec::new(),
            routes: None,
            ours: Ours::default(),
            timing: Timing::default(),
            limits: Limits::default(),
            capabilities: Capabilities::default(),
            transactions: 1024,
            dialogs: 64,
            subscriptions: 64,
            subscribers: 64,
            referrals: 0,
            publications: 64,
            ring: Duration::from_secs(180),
            session_expires: None,
            retry_after: Duration::from_secs(5),
        }
    }
}

/// Where a request outside a dialog goes first, when that is not what its To says: an outbound
/// proxy, or an address that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// A host name or an IP address; IPv6 without brackets.
    pub host: String,
    /// What the host name was found to be, where it was looked up already. A request goes to the
    /// first that is reached, and to the next where that fails; five are tried at most. RFC 3263
    /// §4.3. Empty: the name is looked up when the request leaves.
    pub found: Servers,
    /// The port; `None`: the one that the host's SRV records say, or 5060, and 5061 over TLS.
    pub port: Option<u16>,
    /// The transport; `None`: the one that the records of a host name choose, or UDP, or TCP where
    /// the request is too large (RFC 3261 §18.1.1); and TLS for a `sips:` URI.
    pub transport: Option<Transport>,
}

impl NextHop {
    /// Whether it is said as the same place, whatever that was found to be.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let same = (self.port, self.transport) == (other.port, other.transport);
        same && self.host.eq_ignore_ascii_case(&other.host)
    }
}

impl From<SocketAddr> for NextHop {
    fn from(address: SocketAddr) -> Self {
        let (host, port) = (address.ip().to_string(), Some(address.port()));
        Self { host, found: Servers::default(), port, transport: None }
    }
}

/// Whom to ask for a call with somebody else, where there is no call with that one. RFC 3515 §2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferConfig {
    /// Who asks: a URI or a name-addr.
    pub from: String,
    /// The URI of whom is asked.
    pub to: String,
    /// Where the request goes first; `None`: where `to` points.
    pub next_hop: Option<NextHop>,
    /// The URI to be called; with a Replaces, such as
    /// [`in_our_place`](super::SipManager::in_our_place) makes, it is a call that is to be taken over.
    pub refer_to: String,
    /// Whether it is told how that goes; otherwise nothing follows the answer (RFC 4488), unless who
    /// is asked knows only how to tell it.
    pub progress: bool,
}

/// What to register, and where. RFC 3261 §10.2.
///
/// ```
/// # use sip_core::manager::RegisterConfig;
/// let (aor, registrar) = ("sip:alice@example.org".to_owned(), "sip:example.org".to_owned());
/// let wanted = RegisterConfig { aor, registrar, ..RegisterConfig::default() };
/// assert_eq!(wanted.expires, 3600);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterConfig {
    /// The address of record, for example `sip:alice@example.org`.
    pub aor: String,
    /// The registrar's URI, for example `sip:example.org`.
    pub registrar: String,
    /// Where the request goes first; `None`: where the registrar's URI points.
    pub next_hop: Option<NextHop>,
    /// The lifetime to ask for, in seconds. Whatever is granted, the registration is refreshed once a
    /// day at least, and once in four seconds at most.
    pub expires: u32,
    /// Which address of ours the registrar is told.
    pub contact: ContactAs,
    /// What names this terminal for good, such as `urn:uuid:…`, the same whenever it runs (RFC 5626
    /// §4.1). `None`: it is not told.
    pub instance: Option<String>,
    /// Whether a registrar that is told the instance is asked for an address at which this terminal
    /// is reached from anywhere, which is its Contact in the account's calls then. RFC 5627.
    pub gruu: bool,
    /// Whether the registrar is asked to reach us over the flow that we register over, which needs
    /// an `instance`. Where it does not know of that, one flow is registered as if it were not asked.
    /// RFC 5626.
    pub outbound: bool,
    /// Further ways to the registrar, three at most, such as its other edge proxies: with `outbound`
    /// a flow over each is registered beside the first, and requests go over the first that stands.
    pub also: Vec<NextHop>,
}

impl Default for RegisterConfig {
    /// An hour for nobody: what to register is to be filled in.
    fn default() -> Self {
        Self {
            aor: String::new(),
            registrar: String::new(),
            next_hop: None,
            expires: 3600,
            contact: ContactAs::Seen,
            instance: None,
            gruu: true,
            outbound: false,
            also: Vec::new(),
        }
    }
}

/// Which address of ours a registrar is told, and is told to those whom we call by way of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContactAs {
    /// The one that the registrar sees our requests come from, once it has said so (RFC 3581): behind
    /// a gateway that translates addresses, nobody is reached at another.
    #[default]
    Seen,
    /// The one that we are bound to, or advertise, whatever the registrar sees.
    Bound,
}
