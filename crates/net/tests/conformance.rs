//! Runs the [suite] over the simulator, through [`Observed`] and, with the features `tokio`, `tls` and
//! `ws`, over real sockets; each with IPv4 and IPv6.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "tls")]
#[path = "tls/certified.rs"]
#[expect(dead_code, reason = "what tests/tls.rs needs besides")]
mod certified;
mod suite;

use net::sim::{SimConfig, Simulation};
use net::{Network, Observed, Packet, Runtime, Sink, Transport};
use std::net::IpAddr;
use std::sync::Arc;
use suite::World;

/// Puts layers over a network, whose clock is given, too.
type Wrap<N> = fn(Arc<dyn Runtime>, N) -> Arc<dyn Network>;

/// The simulator and what it leaves out.
const IN_SIMULATOR: &[Transport] = &[Transport::Udp, Transport::Ws, Transport::Wss];

fn in_simulator<F: Future<Output = ()>>(test: fn(World) -> F) {
    simulated(test, Transport::Tcp, IN_SIMULATOR, |_, network| network);
}

fn in_simulator_over_tls<F: Future<Output = ()>>(test: fn(World) -> F) {
    simulated(test, Transport::Tls, IN_SIMULATOR, |_, network| network);
}

/// Watching must change nothing.
fn watched<F: Future<Output = ()>>(test: fn(World) -> F) {
    simulated(test, Transport::Tcp, IN_SIMULATOR, |_, network| {
        Arc::new(Observed::new(network, Arc::new(Blind)))
    });
}

#[cfg(feature = "ws")]
fn in_simulator_over_ws<F: Future<Output = ()>>(test: fn(World) -> F) {
    for transport in [Transport::Ws, Transport::Wss] {
        simulated(test, transport, &[Transport::Udp], |runtime, network| {
            Arc::new(web_sockets(runtime, network))
        });
    }
}

#[cfg(feature = "ws")]
fn web_sockets<N: Network>(runtime: Arc<dyn Runtime>, network: N) -> net::ws::WebSockets<N> {
    net::ws::WebSockets::new(network, runtime, net::ws::WsConfig::new("test", 65_536))
}

fn simulated<F: Future<Output = ()>>(
    test: fn(World) -> F, transport: Transport, unsupported: &'static [Transport],
    wrap: Wrap<Arc<dyn Network>>,
) {
    for host in ["192.0.2.1", "2001:db8::1"] {
        let host: IpAddr = host.parse().unwrap();
        let config = SimConfig { tells_closed_ports: true, ..SimConfig::default() };
        let sim = Simulation::new(config);
        let (runtime, network) = sim.host(host);
        let network = wrap(Arc::clone(&runtime), network);
        let world = World { runtime, network, host, transport, unsupported };
        sim.block_on(test(world)).unwrap();
    }
}

struct Blind;

impl Sink for Blind {
    fn packet(&self, _packet: &Packet<'_>) {}
}

#[cfg(feature = "tokio")]
fn on_real_sockets<F: Future<Output = ()>>(test: fn(World) -> F) {
    let unsupported = &[Transport::Udp, Transport::Tls, Transport::Ws, Transport::Wss];
    real(test, Transport::Tcp, unsupported, |_, network| Arc::new(network));
}

#[cfg(feature = "tls")]
fn over_tls<F: Future<Output = ()>>(test: fn(World) -> F) {
    let unsupported = &[Transport::Udp, Transport::Ws, Transport::Wss];
    real(test, Transport::Tls, unsupported, |_, network| {
        Arc::new(network.with_tls(certified::anybody()))
    });
}

#[cfg(all(feature = "tokio", feature = "ws"))]
fn over_ws<F: Future<Output = ()>>(test: fn(World) -> F) {
    let unsupported = &[Transport::Udp, Transport::Tls, Transport::Wss];
    real(test, Transport::Ws, unsupported, |runtime, network| {
        Arc::new(web_sockets(runtime, network))
    });
}

#[cfg(all(feature = "tls", feature = "ws"))]
fn over_wss<F: Future<Output = ()>>(test: fn(World) -> F) {
    real(test, Transport::Wss, &[Transport::Udp], |runtime, network| {
        Arc::new(web_sockets(runtime, network.with_tls(certified::anybody())))
    });
}

#[cfg(feature = "tokio")]
fn real<F: Future<Output = ()>>(
    test: fn(World) -> F, transport: Transport, unsupported: &'static [Transport],
    with: Wrap<net::tokio::TokioNetwork>,
) {
    use net::tokio::{TokioNetwork, TokioRuntime};

    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let runtime = Arc::new(TokioRuntime::new(tokio.handle().clone()));
    let network = with(Arc::clone(&runtime) as _, TokioNetwork::new(tokio.handle().clone()));
    for host in ["127.0.0.1", "::1"] {
        let host: IpAddr = host.parse().unwrap();
        if let Err(error) = network.bind((host, 0).into()) {
            // Containers often have no IPv6; then this is what a user is told.
            assert!(host.is_ipv6(), "{error}");
            assert!(error.to_string().starts_with("cannot bind UDP [::1]:0: "), "{error}");
            eprintln!("IPv6 not tested: {error}");
            continue;
        }
        tokio.block_on(test(World {
            runtime: Arc::clone(&runtime) as _,
            network: Arc::clone(&network),
            host,
            transport,
            unsupported,
        }));
    }
}

macro_rules! conformance {
    (streams [$($stream:ident)*] half [$($half:ident)*] tcp [$($tcp:ident)*] rest [$($rest:ident)*]) => {
        mod simulator {
            $(#[test] fn $stream() { super::in_simulator(super::suite::$stream); })*
            $(#[test] fn $tcp() { super::in_simulator(super::suite::$tcp); })*
            $(#[test] fn $half() { super::in_simulator(super::suite::$half); })*
            $(#[test] fn $rest() { super::in_simulator(super::suite::$rest); })*
        }

        mod simulator_over_tls {
            $(#[test] fn $stream() { super::in_simulator_over_tls(super::suite::$stream); })*
            $(#[test] fn $tcp() { super::in_simulator_over_tls(super::suite::$tcp); })*
            $(#[test] fn $half() { super::in_simulator_over_tls(super::suite::$half); })*
        }

        mod observed {
            $(#[test] fn $stream() { super::watched(super::suite::$stream); })*
            $(#[test] fn $tcp() { super::watched(super::suite::$tcp); })*
            $(#[test] fn $half() { super::watched(super::suite::$half); })*
            $(#[test] fn $rest() { super::watched(super::suite::$rest); })*
        }

        #[cfg(feature = "tokio")]
        mod real_sockets {
            $(#[test] fn $stream() { super::on_real_sockets(super::suite::$stream); })*
            $(#[test] fn $tcp() { super::on_real_sockets(super::suite::$tcp); })*
            $(#[test] fn $half() { super::on_real_sockets(super::suite::$half); })*
            $(#[test] fn $rest() { super::on_real_sockets(super::suite::$rest); })*
        }

        #[cfg(feature = "tls")]
        mod real_sockets_over_tls {
            $(#[test] fn $stream() { super::over_tls(super::suite::$stream); })*
            $(#[test] fn $half() { super::over_tls(super::suite::$half); })*
        }

        #[cfg(feature = "ws")]
        mod simulator_over_ws {
            $(#[test] fn $stream() { super::in_simulator_over_ws(super::suite::$stream); })*
        }

        #[cfg(all(feature = "tokio", feature = "ws"))]
        mod real_sockets_over_ws {
            $(#[test] fn $stream() { super::over_ws(super::suite::$stream); })*
        }

        #[cfg(all(feature = "tls", feature = "ws"))]
        mod real_sockets_over_wss {
            $(#[test] fn $stream() { super::over_wss(super::suite::$stream); })*
        }
    };
}

conformance! {
    streams [
    a_port_in_use_is_named
    a_foreign_address_is_refused
    streams_are_echoed
    dropping_sends_what_was_written
    writing_to_a_closed_peer_fails
    a_refused_connection_is_named
    accepted_connections_outlive_the_listener
    a_waiting_reader_is_woken
    other_transports_are_unsupported
    ]
    half [
    finishing_closes_one_direction
    ]
    tcp [
    dropping_with_octets_unread_resets
    ]
    rest [
    clock_moves_with_sleep
    tasks_run_beside_each_other
    datagrams_are_echoed
    datagrams_come_in_batches
    datagrams_may_be_empty_or_long
    a_batch_leaves_in_order_but_for_what_cannot
    nobody_there_is_no_error_for_datagrams
    what_does_not_arrive_is_told_and_hurts_nothing_else
    addresses_resolve_to_themselves
    the_way_to_ourselves_begins_here
    ]
}
