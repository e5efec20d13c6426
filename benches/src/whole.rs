//! A terminal without media as a program: the SIP manager, its driver, real sockets and timers.
//!
//! It is run under callgrind as a process of its own; its peer is another one, so that nothing but
//! the terminal is counted.

use crate::sipp::SDP;
use crate::tls;
use net::tokio::{TokioNetwork, TokioRuntime};
use sec_manager::{Digest, NoRandomness, Platform, SecurityManager};
use sip_core::driver::{Bind, Config, Endpoint, Events};
use sip_core::manager::{self, Event, Misuse, RegisterConfig};
use ssa::{Body, Open, SipSecurity, Transport};
use sst::{Configuration, Identity, Password, Requirement, TelephonySecurity as _, User};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// T1. Half of the usual, so that the timers of ended calls run out while somebody waits for it.
const T1: Duration = Duration::from_millis(250);
/// Calls at once.
const CALLS: usize = 100_000;

/// The system's clock; randomness is asked for when the manager is made, and not for its calls.
struct System;

impl Platform for System {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn unix_time(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        buffer.fill(7);
        Ok(())
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// Who is asked about every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Nobody: a terminal without a security manager.
    Open,
    /// The security manager, which requires nothing.
    Managed,
    /// The security manager, which has its callers prove a password by Digest with SHA-256.
    Challenging,
}

/// Whose password it is there, and in which realm.
pub const USER: &str = "sipp";
/// The realm.
pub const REALM: &str = "bench.example";
/// The password.
pub const PASSWORD: &[u8] = b"a password of some length";

impl Security {
    /// As a command line says it: `open`, `managed` or `challenging`.
    pub fn of(word: &str) -> Option<Self> {
        [("open", Self::Open), ("managed", Self::Managed), ("challenging", Self::Challenging)]
            .into_iter()
            .find_map(|(name, security)| (name == word).then_some(security))
    }
}

/// As a command line says it: `udp`, `tcp` or `tls`.
pub fn transport(word: &str) -> Option<Transport> {
    let all = [Transport::Udp, Transport::Tcp, Transport::Tls];
    all.into_iter().find(|transport| transport.name().eq_ignore_ascii_case(word))
}

/// The terminal.
#[expect(missing_debug_implementations, reason = "an endpoint has nothing to show")]
pub struct Terminal {
    endpoint: Endpoint,
    events: Events,
}

impl Terminal {
    /// Starts one at a free port of the loopback address, in the runtime that is entered.
    ///
    /// # Errors
    /// No socket can be bound, or there is no security manager.
    pub fn start(security: Security, over: Transport) -> io::Result<Self> {
        let handle = tokio::runtime::Handle::current();
        let builder = SecurityManager::builder(Arc::new(System)).digest(Digest);
        let asked = builder.build().map_err(io::Error::other)?;
        let sip_security: Arc<dyn SipSecurity> = match security {
            Security::Open => Arc::new(Open),
            Security::Managed | Security::Challenging => Arc::clone(&asked) as _,
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut sip = manager::Config { dialogs: CALLS, transactions: CALLS, ..Default::default() };
        sip.timing.t1 = T1;
        let binds = vec![Bind { transport: over, address, advertised: None }];
        let config = Config { binds, sip, ..Config::default() };
        let mut network = TokioNetwork::new(handle.clone());
        if over == Transport::Tls {
            network = network.with_tls(tls::server()?);
        }
        let runtime = Arc::new(TokioRuntime::new(handle));
        // The same keys each time: what is counted is the same, too.
        let system = net::System::keyed(runtime, Arc::new(network), [[1; 16], [2; 16]]);
        let (endpoint, events) = Endpoint::start(system, sip_security, config)?;
        let terminal = Self { endpoint, events };
        if let (Security::Challenging, Some(address)) = (security, terminal.address()) {
            asked.configure(&challenging(address));
        }
        Ok(terminal)
    }

    /// Where it is called.
    pub fn address(&self) -> Option<SocketAddr> {
        self.endpoint.local_addrs().first().map(|local| local.address)
    }

    /// Answers calls until `ended` of them have ended, and waits until nothing is kept of those.
    /// A call that is not ended is held.
    ///
    /// # Errors
    /// A call cannot be answered.
    pub async fn answer(&mut self, ended: usize) -> io::Result<()> {
        let mut left = ended;
        while left > 0 {
            match self.events.next().await {
                Some(Event::Incoming { id, .. }) => {
                    self.endpoint.ring(id).map_err(misused)?;
                    self.endpoint.accept(id, sdp()).map_err(misused)?;
                }
                Some(Event::Ended { .. }) => left -= 1,
                Some(_) => {}
                None => break,
            }
        }
        self.settle().await;
        Ok(())
    }

    /// Places calls one after the other, as the first of its accounts or of those that there might
    /// be, each ended once it is up, and waits until nothing is kept.
    ///
    /// # Errors
    /// A call does not come about.
    pub async fn place(&mut self, peer: SocketAddr, calls: usize) -> io::Result<()> {
        let (from, to) = (aor(0, peer), format!("sip:peer@{peer}"));
        for _ in 0..calls {
            let prepared = self.endpoint.prepare(&from, &to, None).map_err(misused)?;
            self.endpoint.invite(prepared.id, sdp()).map_err(misused)?;
            loop {
                match self.events.next().await {
                    Some(Event::Answered { id, .. }) => {
                        self.endpoint.hang_up(id).map_err(misused)?;
                    }
                    Some(Event::Failed { cause, .. }) => {
                        return Err(io::Error::other(cause.to_string()));
                    }
                    Some(Event::Ended { .. }) | None => break,
                    Some(_) => {}
                }
            }
        }
        self.settle().await;
        Ok(())
    }

    /// Registers accounts one after the other.
    ///
    /// # Errors
    /// A registration does not come about.
    pub async fn register(&mut self, registrar: SocketAddr, accounts: usize) -> io::Result<()> {
        for number in 0..accounts {
            let wanted = RegisterConfig {
                aor: aor(number, registrar),
                registrar: format!("sip:{registrar}"),
                ..RegisterConfig::default()
            };
            self.endpoint.register(wanted).map_err(misused)?;
            match self.events.next().await {
                Some(Event::Registered { .. }) => {}
                other => return Err(io::Error::other(format!("not registered: {other:?}"))),
            }
        }
        Ok(())
    }

    /// Keeps what there is, for good.
    pub async fn keep(&mut self) {
        while self.events.next().await.is_some() {}
    }

    /// Waits until the transactions of ended calls are over.
    async fn settle(&self) {
        while self.endpoint.sizes().manager.transactions > 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// What a terminal at `address` asks of its callers.
fn challenging(address: SocketAddr) -> Configuration {
    let user = User { name: USER.to_owned(), secret: Password::new(PASSWORD.to_vec()).into() };
    Configuration {
        identities: vec![Identity { aor: format!("sip:service@{address}"), fingerprint: None }],
        users: vec![user],
        require: Requirement::DIGEST,
        realm: REALM.to_owned(),
        ..Configuration::default()
    }
}

/// The address of record of an account.
fn aor(number: usize, registrar: SocketAddr) -> String {
    format!("sip:account{number}@{registrar}")
}

fn misused(why: Misuse) -> io::Error {
    io::Error::other(why.to_string())
}

fn sdp() -> Body {
    Body { content_type: Some(b"application/sdp".to_vec()), octets: SDP.into() }
}
