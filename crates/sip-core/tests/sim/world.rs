//! Two endpoints in a simulated network, and what passed between them.

use net::sim::{Link, SimConfig, Simulation};
use net::ws::{WebSockets, WsConfig};
use net::{Network, Observed, Packet, Runtime, System, Transport};
use sip_core::driver::{Bind, Config, Endpoint, Events};
use sip_core::manager::{self, CallId, Event, NextHop};
use ssa::{Body, SipSecurity};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

pub(crate) const ALICE: &str = "sip:alice@192.0.2.1";
pub(crate) const BOB: &str = "sip:bob@192.0.2.2";

/// The seeds that a test runs: `usual` of them, or as many as the environment's `SIM_SEEDS` says, or
/// those from one up to another (`7..8`).
pub(crate) fn seeds(usual: u64) -> std::ops::Range<u64> {
    let Ok(wanted) = std::env::var("SIM_SEEDS") else { return 0..usual };
    let (from, to) = wanted.split_once("..").unwrap_or(("0", &wanted));
    from.parse().unwrap()..to.parse().unwrap()
}

/// What a host sent, a line each: `192.0.2.1 INVITE` or `192.0.2.2 200 INVITE`.
#[derive(Default)]
pub(crate) struct Wire(Mutex<Vec<String>>);

impl net::Sink for Wire {
    fn packet(&self, packet: &Packet<'_>) {
        if !packet.outgoing {
            return;
        }
        let text = String::from_utf8_lossy(packet.octets);
        let mut words = text.split(' ');
        let what = match words.next() {
            Some("SIP/2.0") => {
                let cseq = text.lines().find(|line| line.starts_with("CSeq:")).unwrap_or_default();
                let method = cseq.rsplit(' ').next().unwrap_or_default();
                format!("{} {method}", words.next().unwrap_or_default())
            }
            Some(method) => method.to_owned(),
            None => String::new(),
        };
        let over = match packet.transport {
            Transport::Udp => String::new(),
            other => format!(" {}", other.name().to_ascii_lowercase()),
        };
        self.0.lock().unwrap().push(format!("{} {what}{over}", packet.local.ip()));
    }
}

impl Wire {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|sent| *sent == line).count()
    }
}

/// The set-up of who is called by these names, too.
pub(crate) fn named(hosts: &[&str]) -> manager::Config {
    let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    let ours = manager::Ours { hosts, ..manager::Ours::default() };
    manager::Config { ours, ..manager::Config::default() }
}

/// A simulation and its log.
pub(crate) struct World {
    pub(crate) sim: Simulation,
    pub(crate) wire: Arc<Wire>,
}

/// An endpoint in it.
pub(crate) struct Side {
    pub(crate) endpoint: Endpoint,
    pub(crate) events: Events,
    pub(crate) runtime: Arc<dyn Runtime>,
}

impl World {
    pub(crate) fn new(seed: u64, link: Link) -> Self {
        let sim = Simulation::new(SimConfig { seed, link, ..SimConfig::default() });
        Self { sim, wire: Arc::default() }
    }

    /// Runs `play` to its end, in virtual time.
    pub(crate) fn run<T>(&self, play: impl Future<Output = T>) -> T {
        self.sim.block_on(play).unwrap()
    }

    pub(crate) fn perfect() -> Self {
        let delay = Duration::from_millis(5);
        Self::new(1, Link { min_delay: delay, max_delay: delay, ..Link::PERFECT })
    }

    /// The clock of a host.
    pub(crate) fn runtime(&self, host: u8) -> Arc<dyn Runtime> {
        self.sim.host(IpAddr::from([192, 0, 2, host])).0
    }

    /// An endpoint at 192.0.2.`host`, UDP and TCP at 5060.
    pub(crate) fn side(&self, host: u8, security: Arc<dyn SipSecurity>) -> Side {
        self.side_with(host, security, manager::Config::default())
    }

    pub(crate) fn side_with(
        &self, host: u8, security: Arc<dyn SipSecurity>, sip: manager::Config,
    ) -> Side {
        let (_, network) = self.sim.host(IpAddr::from([192, 0, 2, host]));
        let network = Observed::new(network, Arc::clone(&self.wire) as Arc<dyn net::Sink>);
        self.side_over(Arc::new(network), host, security, sip)
    }

    /// An endpoint over a network of the test's own.
    pub(crate) fn side_over(
        &self, network: Arc<dyn Network>, host: u8, security: Arc<dyn SipSecurity>,
        sip: manager::Config,
    ) -> Side {
        self.start(network, IpAddr::from([192, 0, 2, host]), security, sip, None)
    }

    /// An endpoint at 192.0.2.`host` that listens on TLS, too, at 5061.
    pub(crate) fn side_over_tls(&self, host: u8, security: Arc<dyn SipSecurity>) -> Side {
        let ip = IpAddr::from([192, 0, 2, host]);
        let sink = Arc::clone(&self.wire) as Arc<dyn net::Sink>;
        let network = Arc::new(Observed::new(self.sim.host(ip).1, sink));
        let tls = Bind { transport: Transport::Tls, address: (ip, 5061).into(), advertised: None };
        self.start(network, ip, security, manager::Config::default(), Some(tls))
    }

    /// The network of 192.0.2.`host`, with WebSockets for SIP.
    pub(crate) fn web(&self, host: u8) -> Arc<dyn Network> {
        let (runtime, network) = self.sim.host([192, 0, 2, host].into());
        let config = WsConfig::new("sip", sip_core::Limits::default().datagram);
        Arc::new(WebSockets::new(network, runtime, config))
    }

    /// An endpoint at 192.0.2.`host` that speaks WebSocket, and listens for one where a transport is
    /// named: at its own port.
    pub(crate) fn side_over_web(&self, host: u8, transport: Option<Transport>) -> Side {
        let ip = IpAddr::from([192, 0, 2, host]);
        let sink = Arc::clone(&self.wire) as Arc<dyn net::Sink>;
        let network = Arc::new(Observed::new(self.web(host), sink));
        let bind = transport.map(|transport| {
            let address = (ip, transport.default_port()).into();
            Bind { transport, address, advertised: None }
        });
        self.start(network, ip, Arc::new(ssa::Open), manager::Config::default(), bind)
    }

    /// An endpoint at any address.
    pub(crate) fn side_at(&self, ip: IpAddr, security: Arc<dyn SipSecurity>) -> Side {
        self.start(self.sim.host(ip).1, ip, security, manager::Config::default(), None)
    }

    /// An endpoint over a network of the test's own, on UDP at 5060 of all its addresses.
    pub(crate) fn side_on_all_addresses(&self, network: Arc<dyn Network>, host: u8) -> Side {
        let runtime = self.sim.host(IpAddr::from([192, 0, 2, host])).0;
        let address = SocketAddr::from(([0, 0, 0, 0], 5060));
        let bind = Bind { transport: Transport::Udp, address, advertised: None };
        let config = Config { binds: vec![bind], ..Config::default() };
        self.start_with(network, runtime, Arc::new(ssa::Open), config)
    }

    fn start(
        &self, network: Arc<dyn Network>, ip: IpAddr, security: Arc<dyn SipSecurity>,
        sip: manager::Config, more: Option<Bind>,
    ) -> Side {
        let runtime = self.sim.host(ip).0;
        let address = SocketAddr::new(ip, 5060);
        let bind = |transport| Bind { transport, address, advertised: None };
        let config = Config {
            binds: [bind(Transport::Udp), bind(Transport::Tcp)].into_iter().chain(more).collect(),
            sip,
            ..Config::default()
        };
        self.start_with(network, runtime, security, config)
    }

    fn start_with(
        &self, network: Arc<dyn Network>, runtime: Arc<dyn Runtime>,
        security: Arc<dyn SipSecurity>, config: Config,
    ) -> Side {
        let mut keys = [[0; 16]; 2];
        self.sim.random().fill(keys.as_flattened_mut());
        let system = System::keyed(Arc::clone(&runtime), network, keys);
        let (endpoint, events) = Endpoint::start(system, security, config).unwrap();
        Side { endpoint, events, runtime }
    }
}

impl Side {
    /// The next event, but for the ways that were tried in vain, and why a registration is made
    /// again.
    pub(crate) async fn next(&mut self) -> Event {
        heard(&mut self.events).await.unwrap()
    }

    /// The next event, or `None` if nothing comes for this long.
    pub(crate) async fn next_within(&mut self, seconds: u64) -> Option<Event> {
        let mut sleep = self.runtime.sleep_until(self.runtime.now() + Duration::from_secs(seconds));
        let mut event = Box::pin(heard(&mut self.events));
        std::future::poll_fn(|cx| {
            if let Poll::Ready(event) = event.as_mut().poll(cx) {
                return Poll::Ready(event);
            }
            sleep.as_mut().poll(cx).map(|()| None)
        })
        .await
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        self.runtime.sleep_until(self.runtime.now() + time).await;
    }

    pub(crate) fn call(&self, from: &str, to: &str, body: Body) -> CallId {
        let prepared = self.endpoint.prepare(from, to, None::<NextHop>).unwrap();
        self.endpoint.invite(prepared.id, body).unwrap();
        prepared.id
    }

    pub(crate) async fn incoming(&mut self) -> CallId {
        match self.next().await {
            Event::Incoming { id, .. } => id,
            other => panic!("no call came in, but {other:?}"),
        }
    }

    pub(crate) fn assert_empty(&self) {
        assert_eq!(self.endpoint.sizes().manager, manager::Sizes::default());
    }
}

/// A call from the first to the second that is up: each side's name for it.
pub(crate) async fn connected(
    caller: &mut Side, callee: &mut Side, (from, to): (&str, &str),
) -> (CallId, CallId) {
    let call = caller.call(from, to, sdp("offer"));
    let id = callee.incoming().await;
    callee.endpoint.accept(id, sdp("answer")).unwrap();
    assert_eq!(caller.next().await, Event::Answered { id: call, body: sdp("answer") });
    assert_eq!(callee.next().await, Event::Confirmed { id, answer: None });
    (call, id)
}

async fn heard(events: &mut Events) -> Option<Event> {
    loop {
        match events.next().await {
            Some(Event::Unreachable { .. } | Event::Renewing { .. }) => {}
            other => return other,
        }
    }
}

/// Runs both to their ends.
pub(crate) async fn both(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let mut parts: [Option<Pin<Box<dyn Future<Output = ()> + '_>>>; 2] =
        [Some(Box::pin(one)), Some(Box::pin(other))];
    std::future::poll_fn(|cx| {
        for part in &mut parts {
            if part.as_mut().is_some_and(|part| part.as_mut().poll(cx).is_ready()) {
                *part = None;
            }
        }
        if parts.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

pub(crate) fn sdp(text: &str) -> Body {
    Body { content_type: Some(b"application/sdp".to_vec()), octets: text.into() }
}
