//! How an endpoint is set up.

use super::observe::Sink;
use crate::manager;
use ssa::Transport;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bind {
    /// Any of them.
    pub transport: Transport,
    /// The address; port 0 takes any free one.
    pub address: SocketAddr,
    /// The address to name in Via and Contact, of the same family. `None`: the one that was bound,
    /// or where that is unspecified the one that packets to the peer leave from.
    pub advertised: Option<IpAddr>,
}

impl FromStr for Bind {
    type Err = NotABind;

    /// Reads a transport and an address, such as `udp:127.0.0.1:5060` or `tls:[::1]:5061`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (transport, address) = text.split_once(':').ok_or(NotABind(()))?;
        let transport = match transport {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            "tls" => Transport::Tls,
            "ws" => Transport::Ws,
            "wss" => Transport::Wss,
            _ => return Err(NotABind(())),
        };
        let address = address.parse().map_err(|_| NotABind(()))?;
        Ok(Self { transport, address, advertised: None })
    }
}

/// A text is no transport and address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotABind(());

impl fmt::Display for NotABind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a transport (udp, tcp, tls, ws or wss), an address and a port, such as \
             udp:127.0.0.1:5060",
        )
    }
}

impl std::error::Error for NotABind {}

/// Set-up of an [`Endpoint`](super::Endpoint). The defaults are the limits of
/// docs/promises.md.
#[derive(Clone)]
pub struct Config {
    /// What to listen on, by preference.
    pub binds: Vec<Bind>,
    /// The SIP manager's own set-up; its `locals` and `routes` are filled in.
    pub sip: manager::Config,
    /// Connections at once that peers have opened, or that answers to them have, 192 by default.
    /// Where all are taken, one goes that has brought no message yet, or one of a peer that has
    /// several; what a call lives on stays, and where nothing may go the newest is refused.
    pub connections_in: usize,
    /// Connections at once that were opened for requests of ours, 64 by default: peers cannot use
    /// them up.
    pub connections_out: usize,
    /// Connections of each kind to one IPv4 address or one IPv6 network of 64 bits at once, 16 by
    /// default.
    pub connections_per_address: usize,
    /// How long a connection may be without a message that no call, no registration and no request
    /// without its final response uses, 64 s by default. Line ends alone are none.
    pub idle: Duration,
    /// How long a message may take to arrive on a connection, 30 s by default.
    pub partial: Duration,
    /// How long opening a connection may take, 4 s by default.
    pub connect: Duration,
    /// How long a name may take to be resolved, 4 s by default.
    pub resolve: Duration,
    /// Who watches commands and events.
    pub sink: Option<Arc<dyn Sink>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            binds: Vec::new(),
            sip: manager::Config::default(),
            connections_in: 192,
            connections_out: 64,
            connections_per_address: 16,
            idle: Duration::from_secs(64),
            partial: Duration::from_secs(30),
            connect: Duration::from_secs(4),
            resolve: Duration::from_secs(4),
            sink: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("binds", &self.binds).finish_non_exhaustive()
    }
}
