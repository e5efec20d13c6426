//! What only a simulation can show: virtual time, chance by seed, partitions, determinism.

use super::{Link, SimConfig, Simulation, Stalled};
use crate::{Datagram, Network, Observed, Packet, Runtime, Sink, Transport};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const A: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const B: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const SECOND: Duration = Duration::from_secs(1);

fn at(ip: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(ip, port)
}

fn simulation(seed: u64, link: Link) -> Simulation {
    Simulation::new(SimConfig { seed, link, ..SimConfig::default() })
}

/// Sends `count` numbered datagrams from A to B, 1 ms apart, and says which arrived in which order.
fn numbered(sim: &Simulation, count: u32) -> Vec<u32> {
    let (runtime, network) = sim.host(A);
    let (_, other) = sim.host(B);
    let to = other.bind(at(B, 5060)).unwrap();
    let from = network.bind(at(A, 5060)).unwrap();
    let arrived = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&arrived);
    runtime.spawn(Box::pin(async move {
        let mut batch = Vec::new();
        while to.receive(&mut batch).await.is_ok() {
            let numbers = batch
                .drain(..)
                .map(|datagram| u32::from_be_bytes(datagram.octets[..].try_into().unwrap()));
            log.lock().unwrap().extend(numbers);
        }
    }));
    let clock = Arc::clone(&runtime);
    runtime.spawn(Box::pin(async move {
        for number in 0..count {
            from.try_send(at(B, 5060), &number.to_be_bytes()).unwrap();
            clock.sleep_until(clock.now() + Duration::from_millis(1)).await;
        }
    }));
    sim.run_until_idle(3600 * SECOND).unwrap();
    let arrived = arrived.lock().unwrap();
    arrived.clone()
}

#[test]
fn time_moves_only_by_sleeping() {
    let sim = simulation(0, Link::PERFECT);
    let (runtime, _) = sim.host(A);
    let start = runtime.now();
    sim.block_on(runtime.sleep_until(start + 32 * SECOND)).unwrap();
    assert_eq!(runtime.now() - start, 32 * SECOND);
    sim.block_on(runtime.sleep_until(start)).unwrap();
    assert_eq!(sim.elapsed(), 32 * SECOND);
    sim.run_until(40 * SECOND).unwrap();
    assert_eq!(sim.elapsed(), 40 * SECOND);
}

#[test]
fn sleepers_of_one_time_wake_in_order() {
    let sim = simulation(0, Link::PERFECT);
    let (runtime, _) = sim.host(A);
    let log = Arc::new(Mutex::new(Vec::new()));
    for (name, seconds) in [("c", 2), ("a", 1), ("d", 2), ("b", 1)] {
        let log = Arc::clone(&log);
        let sleep = runtime.sleep_until(runtime.now() + seconds * SECOND);
        runtime.spawn(Box::pin(async move {
            sleep.await;
            log.lock().unwrap().push(name);
        }));
    }
    assert_eq!(sim.run_until_idle(10 * SECOND), Ok(2 * SECOND));
    assert_eq!(*log.lock().unwrap(), ["a", "b", "c", "d"]);
}

#[test]
fn a_cancelled_timer_is_gone() {
    let sim = simulation(0, Link::PERFECT);
    let (runtime, _) = sim.host(A);
    let mut long = runtime.sleep_until(runtime.now() + 1000 * SECOND);
    let mut short = runtime.sleep_until(runtime.now() + SECOND);
    sim.block_on(std::future::poll_fn(|cx| {
        let _ = long.as_mut().poll(cx);
        short.as_mut().poll(cx)
    }))
    .unwrap();
    drop(long);
    assert_eq!(sim.run_until_idle(2000 * SECOND), Ok(SECOND));
}

#[test]
fn a_deadlock_is_reported() {
    let sim = simulation(0, Link::PERFECT);
    let stalled = sim.block_on(std::future::pending::<()>());
    assert_eq!(stalled, Err(Stalled::Idle { at: Duration::ZERO }));
}

#[test]
fn the_limit_is_reported() {
    let sim = Simulation::new(SimConfig { limit: SECOND, ..SimConfig::default() });
    let (runtime, _) = sim.host(A);
    let late = runtime.sleep_until(runtime.now() + 2 * SECOND);
    assert_eq!(sim.block_on(late), Err(Stalled::Limit { at: SECOND }));
}

#[test]
fn spinning_is_reported() {
    let sim = simulation(0, Link::PERFECT);
    let spin = std::future::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        std::task::Poll::<()>::Pending
    });
    let at = Duration::ZERO;
    assert_eq!(sim.block_on(spin), Err(Stalled::Spinning { at }));
}

#[test]
fn dropping_a_simulation_drops_its_tasks() {
    let sim = simulation(0, Link::PERFECT);
    let (runtime, network) = sim.host(A);
    let held = Arc::new(());
    let inside = (Arc::clone(&held), Arc::clone(&runtime));
    runtime.spawn(Box::pin(async move {
        let socket = network.bind(at(A, 5060)).unwrap();
        let mut batch: Vec<Datagram> = Vec::new();
        let _ = socket.receive(&mut batch).await;
        drop(inside);
    }));
    sim.run_until(SECOND).unwrap();
    assert_eq!((sim.running(), Arc::strong_count(&held)), (1, 2));
    drop(sim);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn loss_follows_its_probability() {
    for seed in 0..5 {
        let link = Link { loss: 0.2, ..Link::PERFECT };
        let sim = simulation(seed, link);
        let arrived = numbered(&sim, 5000);
        let lost = 5000 - arrived.len();
        assert!((850..=1150).contains(&lost), "seed {seed}: {lost} lost");
        let statistics = sim.statistics();
        assert_eq!(statistics.sent, 5000);
        assert_eq!(statistics.lost, u64::try_from(lost).unwrap());
    }
}

#[test]
fn a_spread_of_delays_reorders() {
    let link = Link { max_delay: Duration::from_millis(50), ..Link::PERFECT };
    let mut arrived = numbered(&simulation(1, link), 200);
    assert!(!arrived.is_sorted());
    arrived.sort_unstable();
    assert!(arrived.into_iter().eq(0..200));
}

#[test]
fn duplication_delivers_twice() {
    let link = Link { duplication: 1.0, ..Link::PERFECT };
    assert_eq!(numbered(&simulation(1, link), 3), [0, 0, 1, 1, 2, 2]);
}

#[test]
fn a_cut_way_loses_everything_until_it_heals() {
    let sim = simulation(1, Link::PERFECT);
    let millis = Duration::from_millis;
    // Half a millisecond beside the instants at which something is sent.
    sim.cut_during(A, B, Duration::from_micros(9_500)..millis(20));
    let arrived = numbered(&sim, 30);
    assert!(arrived.iter().copied().eq((0..10).chain(20..30)), "{arrived:?}");
}

#[test]
fn a_full_inbox_drops() {
    let sim = Simulation::new(SimConfig { inbox: 4, ..SimConfig::default() });
    let (_, network) = sim.host(A);
    let socket = network.bind(at(A, 5060)).unwrap();
    for _ in 0..10 {
        socket.try_send(at(A, 5060), b"x").unwrap();
    }
    sim.run_until(SECOND).unwrap();
    let statistics = sim.statistics();
    assert_eq!((statistics.delivered, statistics.overflowed), (4, 6));
}

#[test]
fn a_full_air_drops() {
    let sim = Simulation::new(SimConfig { in_flight: 4, ..SimConfig::default() });
    let (_, network) = sim.host(A);
    let socket = network.bind(at(A, 5060)).unwrap();
    for _ in 0..10 {
        socket.try_send(at(B, 5060), b"x").unwrap();
    }
    sim.run_until(SECOND).unwrap();
    let statistics = sim.statistics();
    assert_eq!((statistics.unreachable, statistics.overflowed), (4, 6));
}

#[test]
fn a_host_has_only_its_own_address() {
    let sim = simulation(0, Link::PERFECT);
    let (_, network) = sim.host(A);
    let error = network.bind(at(B, 5060)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    let anywhere = network.bind("0.0.0.0:5060".parse().unwrap()).unwrap();
    assert_eq!(anywhere.local_addr(), "0.0.0.0:5060".parse().unwrap());
    let again = network.bind(at(A, 5060)).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AddrInUse);
}

#[test]
fn names_resolve() {
    let sim = simulation(0, Link::PERFECT);
    let (_, network) = sim.host(A);
    sim.set_name("Bob.Example.org", &[B]);
    let found = sim.block_on(network.resolve("bob.example.ORG")).unwrap();
    assert_eq!(found.unwrap(), [B]);
    let missing = sim.block_on(network.resolve("carol.example.org")).unwrap();
    assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
}

/// A stream from A to B whose far end reads to the end, and what it read.
async fn transfer(
    (runtime, near): (Arc<dyn Runtime>, Arc<dyn Network>), far: Arc<dyn Network>, octets: Vec<u8>,
) -> io::Result<Vec<u8>> {
    let mut listener = far.listen(Transport::Tcp, at(B, 5060))?;
    runtime.spawn(Box::pin(async move {
        let Ok(mut stream) = near.connect(Transport::Tcp, at(B, 5060), None).await else {
            return;
        };
        let _ = stream.write_all(&octets).await;
    }));
    let mut stream = listener.accept().await?;
    let mut read = Vec::new();
    let mut buffer = [0; 700];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(read),
            count => read.extend_from_slice(&buffer[..count]),
        }
    }
}

#[test]
fn streams_stay_whole_over_a_bad_way() {
    let bad =
        Link { loss: 0.2, duplication: 0.1, max_delay: Duration::from_millis(80), ..Link::PERFECT };
    for seed in 0..10 {
        let sim = simulation(seed, bad.clone());
        let mut octets = vec![0; 200_000];
        sim.random().fill(&mut octets);
        let (near, far) = (sim.host(A), sim.host(B).1);
        let read = sim.block_on(transfer(near, far, octets.clone())).unwrap();
        assert!(read.unwrap() == octets, "seed {seed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the way is like, whoever reads and writes in whatever pieces: nothing is lost,
    /// doubled or reordered, and afterwards nothing is left.
    #[test]
    fn streams_stay_whole_over_any_way(
        seed: u64,
        loss in 0.0..0.4,
        max_delay in 1_u64..200,
        cut in (0_u64..500, 0_u64..5_000),
        segment in 1_usize..2_000,
        octets in proptest::collection::vec(any::<u8>(), 0..20_000),
    ) {
        let max_delay = Duration::from_millis(max_delay);
        let link = Link { loss, max_delay, ..Link::PERFECT };
        let sim = Simulation::new(SimConfig { seed, link, segment, ..SimConfig::default() });
        let (from, to) = (Duration::from_millis(cut.0), Duration::from_millis(cut.0 + cut.1));
        sim.cut_during(A, B, from..to);
        let (near, far) = (sim.host(A), sim.host(B).1);
        let read = sim.block_on(transfer(near, far, octets.clone())).unwrap();
        prop_assert!(read.unwrap() == octets);
        sim.run_until_idle(3600 * SECOND).unwrap();
        prop_assert_eq!(sim.running(), 0);
        prop_assert_eq!(sim.streams(), 0);
    }
}

#[test]
fn a_stream_outlives_a_short_cut() {
    let sim = simulation(0, Link::PERFECT);
    let (near, far) = (sim.host(A), sim.host(B).1);
    sim.cut_during(A, B, Duration::from_millis(3)..20 * SECOND);
    let octets = vec![7; 100_000];
    let read = sim.block_on(transfer(near, far, octets.clone())).unwrap();
    assert!(read.unwrap() == octets);
    assert!(sim.elapsed() >= 20 * SECOND);
}

#[test]
fn a_long_cut_breaks_a_stream() {
    let sim = simulation(0, Link::PERFECT);
    let (near, far) = (sim.host(A), sim.host(B));
    let mut listener = far.1.listen(Transport::Tcp, at(B, 5060)).unwrap();
    let result = sim
        .block_on(async {
            let mut stream = near.1.connect(Transport::Tcp, at(B, 5060), None).await.unwrap();
            let mut accepted = listener.accept().await.unwrap();
            sim.cut(A, B);
            stream.write_all(b"lost").await.unwrap();
            let error = stream.read(&mut [0; 8]).await.unwrap_err();
            assert_eq!(sim.elapsed().as_secs(), 60);
            sim.heal(A, B);
            // The far end learns of it once it speaks.
            accepted.write_all(b"hello?").await.unwrap();
            let far = accepted.read(&mut [0; 8]).await.unwrap_err();
            (error.kind(), far.kind())
        })
        .unwrap();
    let expected = (io::ErrorKind::TimedOut, io::ErrorKind::ConnectionReset);
    assert_eq!(result, expected);
}

#[test]
fn connecting_over_a_cut_way_times_out() {
    let sim = simulation(0, Link::PERFECT);
    let (near, far) = (sim.host(A).1, sim.host(B).1);
    let _listener = far.listen(Transport::Tcp, at(B, 5060)).unwrap();
    sim.cut(A, B);
    let attempt = sim.block_on(near.connect(Transport::Tcp, at(B, 5060), None));
    let error = attempt.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(sim.elapsed().as_secs(), 30);
}

#[test]
fn an_attempt_given_up_leaves_nothing() {
    let sim = simulation(0, Link::PERFECT);
    let (near, far) = (sim.host(A).1, sim.host(B).1);
    let mut listener = far.listen(Transport::Tcp, at(B, 5060)).unwrap();
    let mut attempt = near.connect(Transport::Tcp, at(B, 5060), None);
    let _ = sim.block_on(std::future::poll_fn(|cx| {
        std::task::Poll::Ready(attempt.as_mut().poll(cx).is_pending())
    }));
    // The SYN has arrived, the SYN-ACK has not.
    sim.run_until(Duration::from_micros(1_500)).unwrap();
    drop(attempt);
    let read = sim.block_on(async { listener.accept().await?.read(&mut [0; 8]).await }).unwrap();
    assert_eq!(read.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_slow_reader_holds_the_writer_back() {
    let sim = simulation(0, Link::PERFECT);
    let (near, far) = (sim.host(A), sim.host(B).1);
    let mut listener = far.listen(Transport::Tcp, at(B, 5060)).unwrap();
    let written = Arc::new(Mutex::new(0));
    let count = Arc::clone(&written);
    near.0.spawn(Box::pin(async move {
        let mut stream = near.1.connect(Transport::Tcp, at(B, 5060), None).await.unwrap();
        while stream.write_all(&[0; 1024]).await.is_ok() {
            *count.lock().unwrap() += 1024;
        }
    }));
    sim.run_until(10 * SECOND).unwrap();
    assert_eq!(*written.lock().unwrap(), 65_536);
    let mut stream = sim.block_on(listener.accept()).unwrap().unwrap();
    let mut buffer = [0; 4096];
    for _ in 0..16 {
        sim.block_on(stream.read(&mut buffer)).unwrap().unwrap();
    }
    sim.run_until(20 * SECOND).unwrap();
    assert!(*written.lock().unwrap() > 65_536);
}

/// Writes down all that crosses the network.
struct Trace {
    runtime: Arc<dyn Runtime>,
    start: std::time::Instant,
    text: Mutex<String>,
}

impl Sink for Trace {
    fn packet(&self, packet: &Packet<'_>) {
        let at = self.runtime.now() - self.start;
        let mut text = self.text.lock().unwrap();
        writeln!(text, "{at:?} {packet:?}").unwrap();
    }
}

/// Datagrams and a stream between two hosts over a bad way, as a text.
fn trace(seed: u64) -> String {
    let sim = simulation(
        seed,
        Link { loss: 0.1, duplication: 0.1, max_delay: Duration::from_millis(40), ..Link::PERFECT },
    );
    let (runtime, near) = sim.host(A);
    let sink = Arc::new(Trace {
        start: runtime.now(),
        runtime: Arc::clone(&runtime),
        text: Mutex::new(String::new()),
    });
    let watched = Observed::new(near, Arc::clone(&sink) as Arc<dyn Sink>);
    let far = Observed::new(sim.host(B).1, Arc::clone(&sink) as Arc<dyn Sink>);
    let socket = watched.bind(at(A, 5060)).unwrap();
    let echo = far.bind(at(B, 5060)).unwrap();
    runtime.spawn(Box::pin(async move {
        let mut batch = Vec::new();
        while echo.receive(&mut batch).await.is_ok() {
            for datagram in batch.drain(..) {
                echo.try_send(datagram.source, &datagram.octets).unwrap();
            }
        }
    }));
    for number in 0..50_u8 {
        socket.try_send(at(B, 5060), &[number]).unwrap();
    }
    let mut octets = vec![0; 10_000];
    sim.random().fill(&mut octets);
    let whole = sim.block_on(transfer((runtime, Arc::new(watched)), Arc::new(far), octets));
    assert_eq!(whole.unwrap().unwrap().len(), 10_000);
    sim.run_until_idle(100 * SECOND).unwrap();
    let text = sink.text.lock().unwrap();
    text.clone()
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..3 {
        let first = trace(seed);
        assert!(first.lines().count() > 100);
        assert!(first == trace(seed), "seed {seed}");
    }
    assert!(trace(1) != trace(2));
}
