//! Runs the [suite] over the simulator, through [`Observed`] and, with the feature `tokio`, over
//! real sockets; each with IPv4 and IPv6.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod suite;

use net::sim::{SimConfig, Simulation};
use net::{Network, Observed, Packet, Sink};
use std::net::IpAddr;
use std::sync::Arc;
use suite::World;

fn in_simulator<F: Future<Output = ()>>(test: fn(World) -> F) {
    simulated(test, |network| network);
}

/// Watching must change nothing.
fn watched<F: Future<Output = ()>>(test: fn(World) -> F) {
    simulated(test, |network| Arc::new(Observed::new(network, Arc::new(Blind))));
}

fn simulated<F: Future<Output = ()>>(
    test: fn(World) -> F, wrap: fn(Arc<dyn Network>) -> Arc<dyn Network>,
) {
    for host in ["192.0.2.1", "2001:db8::1"] {
        let host: IpAddr = host.parse().unwrap();
        let sim = Simulation::new(SimConfig::default());
        let (runtime, network) = sim.host(host);
        sim.block_on(test(World { runtime, network: wrap(network), host })).unwrap();
    }
}

struct Blind;

impl Sink for Blind {
    fn packet(&self, _packet: &Packet<'_>) {}
}

#[cfg(feature = "tokio")]
fn on_real_sockets<F: Future<Output = ()>>(test: fn(World) -> F) {
    use net::tokio::{TokioNetwork, TokioRuntime};

    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let network = TokioNetwork::new(tokio.handle().clone());
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
            runtime: Arc::new(TokioRuntime::new(tokio.handle().clone())),
            network: Arc::new(network.clone()),
            host,
        }));
    }
}

macro_rules! conformance {
    ($($test:ident)*) => {
        mod simulator {
            $(#[test] fn $test() { super::in_simulator(super::suite::$test); })*
        }

        mod observed {
            $(#[test] fn $test() { super::watched(super::suite::$test); })*
        }

        #[cfg(feature = "tokio")]
        mod real_sockets {
            $(#[test] fn $test() { super::on_real_sockets(super::suite::$test); })*
        }
    };
}

conformance! {
    clock_moves_with_sleep
    tasks_run_beside_each_other
    datagrams_are_echoed
    datagrams_come_in_batches
    datagrams_may_be_empty_or_long
    a_batch_leaves_in_order_but_for_what_cannot
    nobody_there_is_no_error_for_datagrams
    a_port_in_use_is_named
    a_foreign_address_is_refused
    streams_are_echoed
    finishing_closes_one_direction
    dropping_sends_what_was_written
    dropping_with_octets_unread_resets
    writing_to_a_closed_peer_fails
    a_refused_connection_is_named
    accepted_connections_outlive_the_listener
    a_waiting_reader_is_woken
    addresses_resolve_to_themselves
    the_way_to_ourselves_begins_here
    other_transports_are_unsupported
}
