//! What keeps the way to a registrar open, and what becomes of a registration when the network goes.

use crate::flows::{accept, listen, read};
use crate::gateways::{Pbx, accepted, behind, config, contacts, registered};
use crate::raw::{Wanted, field, request};
use crate::world::{Side, World};
use net::{BoxFuture, Connection, DatagramSocket, Listener, Network, Runtime, Transport};
use sip_core::manager::{Cause, Event, RegisterConfig, Renewal};
use ssa::Open;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PBX: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 9));

/// What came to a registrar that accepts everything: when, and the first line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Instant, String)>>>);

impl Log {
    fn note(&self, now: Instant, text: &str) {
        let line = if text.trim().is_empty() { text } else { text.lines().next().unwrap() };
        self.0.lock().unwrap().push((now, line.to_owned()));
    }

    /// When each came whose line begins so, in seconds after `since`.
    fn times(&self, begins: &str, since: Instant) -> Vec<u64> {
        let log = self.0.lock().unwrap();
        let of = log.iter().filter(|(_, line)| line.starts_with(begins));
        of.map(|(at, _)| (*at - since).as_secs()).collect()
    }
}

/// A registrar over UDP at 192.0.2.9 that grants so many seconds.
fn over_udp(world: &World, expires: u32) -> Log {
    let (runtime, network) = world.sim.host(PBX);
    let socket = network.bind(SocketAddr::new(PBX, 5060)).unwrap();
    let (log, clock) = (Log::default(), Arc::clone(&runtime));
    let kept = log.clone();
    runtime.spawn(Box::pin(async move {
        let mut batch = Vec::new();
        while socket.receive(&mut batch).await.is_ok() {
            for datagram in batch.drain(..) {
                let text = String::from_utf8(datagram.octets.to_vec()).unwrap();
                kept.note(clock.now(), &text);
                if text.starts_with("REGISTER ") {
                    let ok = accepted(&text, datagram.source, expires);
                    _ = socket.try_send(datagram.source, ok.as_bytes());
                }
            }
        }
    }));
    log
}

/// The same over TCP, which answers pings as well.
fn over_tcp(world: &World, expires: u32) -> Log {
    let (runtime, _) = world.sim.host(PBX);
    let mut listener = listen(world, 9);
    let (log, clock) = (Log::default(), Arc::clone(&runtime));
    let shared = log.clone();
    runtime.spawn(Box::pin(async move {
        loop {
            let connection = accept(&mut *listener).await;
            clock.spawn(Box::pin(serve(connection, shared.clone(), Arc::clone(&clock), expires)));
        }
    }));
    log
}

async fn serve(
    mut connection: Box<dyn Connection>, log: Log, clock: Arc<dyn Runtime>, expires: u32,
) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = connection.read(&mut buffer).await {
        let text = String::from_utf8_lossy(buffer.get(..count).unwrap()).into_owned();
        log.note(clock.now(), &text);
        let answer = match text.as_str() {
            "\r\n\r\n" => "\r\n".to_owned(),
            register => accepted(register, connection.peer_addr(), expires),
        };
        if connection.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn tcp(expires: u32) -> RegisterConfig {
    RegisterConfig { registrar: "sip:192.0.2.9;transport=tcp".to_owned(), expires, ..config() }
}

/// All that the application hears until it is registered.
async fn until_registered(alice: &mut Side) -> Vec<Event> {
    let mut heard = Vec::new();
    loop {
        match alice.events.next().await.unwrap() {
            Event::Registered { .. } => return heard,
            Event::Unreachable { .. } => {}
            other => heard.push(other),
        }
    }
}

/// Registers Alice for an hour; the connection that her REGISTER came over.
async fn for_an_hour(alice: &mut Side, registrar: &mut dyn Listener) -> Box<dyn Connection> {
    alice.endpoint.register(tcp(3600)).unwrap();
    let mut connection = accept(registrar).await;
    let register = read(&mut connection).await;
    let seen = connection.peer_addr();
    connection.write_all(accepted(&register, seen, 3600).as_bytes()).await.unwrap();
    until_registered(alice).await;
    connection
}

#[test]
fn t22_a_gateway_that_forgets_after_half_a_minute_lets_calls_through_all_the_same() {
    let (world, mut alice) = behind(30);
    let pbx = Pbx::new(&world);
    world.run(async {
        let (id, user, seen) = registered(&mut alice, &pbx, config()).await;
        alice.sleep(Duration::from_secs(500)).await;
        let call = request(&Wanted::default());
        pbx.send(seen, &call.replacen("bob@192.0.2.2", &format!("{user}@{seen}"), 1));
        assert!(matches!(alice.next().await, Event::Incoming { .. }));
        alice.endpoint.unregister(id).unwrap();
    });
}

#[test]
fn t22_over_udp_a_ping_leaves_every_24_to_29_s_while_an_account_is_registered() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let log = over_udp(&world, 600);
    world.run(async {
        let since = alice.runtime.now();
        alice.sleep(Duration::from_secs(300)).await;
        let id = alice.endpoint.register(config()).unwrap();
        until_registered(&mut alice).await;
        alice.sleep(Duration::from_secs(300)).await;
        let pings = log.times("\r\n\r\n", since);
        assert!(pings[0] >= 324, "none without an account: {pings:?}");
        assert!((10..=12).contains(&pings.len()), "{pings:?}");
        alice.endpoint.unregister(id).unwrap();
        alice.sleep(Duration::from_secs(100)).await;
        assert_eq!(log.times("\r\n\r\n", since).len(), pings.len());
    });
    alice.assert_empty();
}

/// The registrar answers a ping, and the next one not.
#[test]
fn t22_a_connection_that_answers_pings_no_more_is_given_up_within_10_s() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut registrar = listen(&world, 9);
    world.run(async {
        let mut connection = for_an_hour(&mut alice, &mut *registrar).await;
        for _ in 0..3 {
            let since = alice.runtime.now();
            assert_eq!(read(&mut connection).await, "\r\n\r\n");
            let waited = alice.runtime.now() - since;
            assert!((94..=120).contains(&waited.as_secs()), "{waited:?}");
            connection.write_all(b"\r\n").await.unwrap();
        }
        assert_eq!(read(&mut connection).await, "\r\n\r\n");
        let since = alice.runtime.now();
        let mut next = accept(&mut *registrar).await;
        let register = read(&mut next).await;
        assert_eq!((alice.runtime.now() - since).as_secs(), 10);
        assert_eq!(field(&register, "CSeq"), "2 REGISTER");
        next.write_all(accepted(&register, next.peer_addr(), 3600).as_bytes()).await.unwrap();
        let heard = until_registered(&mut alice).await;
        let why = Renewal::NoPong;
        assert!(matches!(&heard[..], [Event::Renewing { why: it, .. }] if *it == why), "{heard:?}");
        assert_eq!(alice.endpoint.sizes().connections, 1);
    });
}

/// Not every registrar knows of pings, and what else it sends shows as well that it is there.
#[test]
fn t22_a_registrar_that_never_answered_a_ping_keeps_its_connection() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut registrar = listen(&world, 9);
    world.run(async {
        let mut connection = for_an_hour(&mut alice, &mut *registrar).await;
        for answer in ["", "", "\r\n", "OPTIONS", "\r\n"] {
            assert_eq!(read(&mut connection).await, "\r\n\r\n");
            if answer == "OPTIONS" {
                let options = request(&Wanted { method: "OPTIONS", ..Wanted::default() });
                connection.write_all(options.as_bytes()).await.unwrap();
                assert!(read(&mut connection).await.starts_with("SIP/2.0 "));
            } else if !answer.is_empty() {
                connection.write_all(answer.as_bytes()).await.unwrap();
            }
        }
        assert_eq!(alice.next_within(60).await, None);
    });
}

/// The way is cut for these seconds; when a REGISTER came through, and what the application heard.
fn cut(
    log: fn(&World, u32) -> Log, config: RegisterConfig, seconds: Range<u64>,
) -> (Vec<u64>, Vec<Event>) {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let log = log(&world, config.expires);
    let span = Duration::from_secs(seconds.start)..Duration::from_secs(seconds.end);
    world.sim.cut_during([192, 0, 2, 1].into(), PBX, span);
    world.run(async {
        let since = alice.runtime.now();
        alice.endpoint.register(config).unwrap();
        until_registered(&mut alice).await;
        let mut heard = Vec::new();
        while (alice.runtime.now() - since).as_secs() < seconds.end + 300 {
            heard.extend(alice.next_within(60).await);
        }
        let registered = matches!(heard.last(), Some(Event::Registered { .. }) | None);
        assert!(registered, "{heard:?}");
        (log.times("REGISTER ", since), heard)
    })
}

#[test]
fn t23_eight_seconds_without_a_network_cost_a_registration_nothing() {
    for (log, config) in [(over_udp as fn(&World, u32) -> Log, config()), (over_tcp, tcp(600))] {
        let (times, heard) = cut(log, RegisterConfig { expires: 600, ..config }, 100..108);
        assert_eq!(times, [0], "{heard:?}");
    }
}

/// A refresh falls into it: it is repeated until it gets through, and no second one leaves.
#[test]
fn t23_a_refresh_in_eight_seconds_without_a_network_gets_through_after_them() {
    let (times, heard) = cut(over_udp, RegisterConfig { expires: 72, ..config() }, 32..40);
    // 72 s are refreshed after 32 to 40 s, and within T2 of the end of the outage.
    assert!((40..=44).contains(&times[1]), "{times:?}");
    let failures = heard.iter().filter(|it| !matches!(it, Event::Registered { .. })).count();
    assert_eq!(failures, 0, "{heard:?}");
}

#[test]
fn t23_after_eight_minutes_without_a_network_a_registration_is_back_within_two_minutes() {
    for (log, config) in [(over_udp as fn(&World, u32) -> Log, config()), (over_tcp, tcp(180))] {
        let (times, heard) = cut(log, RegisterConfig { expires: 180, ..config }, 100..580);
        let back = times.iter().find(|at| **at >= 580).unwrap();
        // The longest wait, and the time that a request takes to be sent again.
        assert!(*back <= 580 + 120 + 4, "{times:?}");
        let told = heard.iter().any(|event| {
            matches!(event, Event::RegistrationFailed { cause, .. }
                if matches!(cause, Cause::Timeout | Cause::Transport))
        });
        assert!(told, "{heard:?}");
    }
}

/// A network whose packets leave from another address than they did.
#[derive(Debug)]
struct Moving(Arc<dyn Network>, Arc<Mutex<IpAddr>>);

impl Network for Moving {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        self.0.bind(local)
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        self.0.connect(transport, remote, name)
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        self.0.listen(transport, local)
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        self.0.resolve(host)
    }

    fn route(&self, _: IpAddr) -> io::Result<IpAddr> {
        Ok(*self.1.lock().unwrap())
    }
}

#[test]
fn t23_a_host_whose_address_changes_registers_the_new_one_within_29_s() {
    let world = World::perfect();
    let address = Arc::new(Mutex::new(IpAddr::from([192, 0, 2, 1])));
    let network = Moving(world.sim.host([192, 0, 2, 1].into()).1, Arc::clone(&address));
    let mut alice = world.side_on_all_addresses(Arc::new(network), 1);
    let pbx = Pbx::new(&world);
    world.run(async {
        let wanted = RegisterConfig { contact: sip_core::manager::ContactAs::Bound, ..config() };
        alice.endpoint.register(wanted).unwrap();
        let (register, source) = pbx.next().await;
        let before = contacts(&register)[0].to_owned();
        assert!(before.ends_with("@192.0.2.1:5060>"), "{before}");
        pbx.accept(&register, source, source);
        until_registered(&mut alice).await;
        alice.sleep(Duration::from_secs(100)).await;
        *address.lock().unwrap() = [192, 0, 2, 77].into();
        let since = alice.runtime.now();
        let (register, _) = pbx.next().await;
        assert!((alice.runtime.now() - since).as_secs() <= 29);
        let after = before.replace("192.0.2.1:", "192.0.2.77:");
        assert_eq!(contacts(&register), [after, format!("{before};expires=0")]);
        pbx.accept(&register, source, source);
        let heard = until_registered(&mut alice).await;
        let why = Renewal::AddressChanged;
        assert!(matches!(&heard[..], [Event::Renewing { why: it, .. }] if *it == why), "{heard:?}");
    });
}
