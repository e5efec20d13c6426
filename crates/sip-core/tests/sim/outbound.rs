//! Registrations over flows of their own. RFC 5626.

use crate::double::{Double, Script};
use crate::flows::{accept, listen, read};
use crate::gateways::{Pbx, contacts};
use crate::raw::{Wanted, field, response, to_tag};
use crate::registrations::config;
use crate::world::{ALICE, Side, World, both, sdp};
use net::{Connection, Listener, Runtime};
use sip_core::manager::{Cause, Event, Misuse, NextHop, RegisterConfig};
use ssa::Open;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const INSTANCE: &str = "urn:uuid:f81d4fae-7dec-41d0-a765-00a0c91e6bf6";

/// Where 192.0.2.`host` is reached over this transport.
pub(crate) fn hop(host: u8, transport: net::Transport) -> NextHop {
    let address = SocketAddr::from(([192, 0, 2, host], 5060));
    NextHop { transport: Some(transport), ..address.into() }
}

/// Alice's registration by way of 192.0.2.9 and of 192.0.2.8.
pub(crate) fn wanted(transport: net::Transport) -> RegisterConfig {
    RegisterConfig {
        registrar: "sip:example.org".to_owned(),
        next_hop: Some(hop(9, transport)),
        also: vec![hop(8, transport)],
        instance: Some(INSTANCE.to_owned()),
        outbound: true,
        gruu: false,
        ..config()
    }
}

/// What a REGISTER binds.
fn bound(register: &str) -> &str {
    contacts(register).first().unwrap()
}

/// A 200 of a registrar that knows of flows, for ten minutes.
pub(crate) fn granted(register: &str, extra: &str) -> String {
    let bound = bound(register);
    let extra = format!("Require: outbound\r\nContact: {bound};expires=600\r\n{extra}");
    response(register, "200 OK", &extra)
}

/// A 200 of one that does not.
fn plain(register: &str) -> String {
    response(register, "200 OK", &format!("Contact: {};expires=600\r\n", bound(register)))
}

/// The `reg-id` of a REGISTER.
fn reg_id(register: &str) -> Option<&str> {
    Some(bound(register).split_once(";reg-id=")?.1)
}

/// Which flow stands, and whether it is told apart from others; its Contact's user part.
pub(crate) async fn stands(alice: &mut Side) -> (u8, bool, String) {
    match alice.next().await {
        Event::Registered { reg_id, outbound, contact_user, .. } => {
            (reg_id, outbound, contact_user)
        }
        other => panic!("{other:?}"),
    }
}

/// Which flow failed, why, and whether another stands.
async fn failed(alice: &mut Side) -> (u8, Cause, bool) {
    match alice.next().await {
        Event::RegistrationFailed { reg_id, cause, stands, .. } => (reg_id, cause, stands),
        other => panic!("{other:?}"),
    }
}

/// Alice, and what she may reach over UDP at 192.0.2.9 and 192.0.2.8.
fn over_udp() -> (World, Side, Pbx, Pbx) {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let (one, other) = (Pbx::new(&world), Pbx::at(&world, 8));
    (world, alice, one, other)
}

/// An edge proxy, and Alice's connection to it.
struct Edge {
    listener: Box<dyn Listener>,
    connection: Option<Box<dyn Connection>>,
}

impl Edge {
    fn new(world: &World, host: u8) -> Self {
        Self { listener: listen(world, host), connection: None }
    }

    async fn read(&mut self) -> String {
        read(self.connection.as_mut().unwrap()).await
    }

    async fn write(&mut self, text: &str) {
        self.connection.as_mut().unwrap().write_all(text.as_bytes()).await.unwrap();
    }

    /// Grants the REGISTER of Alice's next connection, and says this as well; which flow it is of.
    async fn grant(&mut self, extra: &str) -> String {
        self.connection = Some(accept(&mut *self.listener).await);
        let register = self.read().await;
        self.write(&granted(&register, extra)).await;
        reg_id(&register).unwrap().to_owned()
    }
}

/// Alice, registered over a connection to each of both edge proxies, which say this as well; the user
/// part of each Contact.
async fn over_tcp(world: &World, alice: &mut Side, extra: &str) -> ([Edge; 2], [String; 2]) {
    let mut edges = [Edge::new(world, 9), Edge::new(world, 8)];
    alice.endpoint.register(wanted(net::Transport::Tcp)).unwrap();
    let mut users = [String::new(), String::new()];
    for ((edge, user), at) in edges.iter_mut().zip(&mut users).zip(1..) {
        assert_eq!(edge.grant(extra).await, at.to_string());
        let (reg_id, outbound, its) = stands(alice).await;
        assert_eq!((reg_id, outbound), (at, true));
        *user = its;
    }
    (edges, users)
}

/// The INVITE of a call of Alice's by way of her first edge proxy, as far as she knows, which that one
/// here gets.
async fn called(alice: &Side, edge: &mut Edge) -> String {
    let hop = Some(hop(9, net::Transport::Tcp));
    let call = alice.endpoint.prepare(ALICE, "sip:bob@example.org", hop).unwrap();
    alice.endpoint.invite(call.id, sdp("offer")).unwrap();
    let invite = edge.read().await;
    assert!(invite.starts_with("INVITE "), "{invite}");
    invite
}

/// Refuses Alice's call by way of this edge proxy.
async fn is_busy(alice: &mut Side, edge: &mut Edge, invite: &str) {
    edge.write(&response(invite, "486 Busy Here", "")).await;
    assert!(matches!(alice.next().await, Event::Failed { .. }));
    assert!(edge.read().await.starts_with("ACK "));
}

#[test]
fn t25_an_account_registers_over_two_flows_with_one_instance() {
    let (world, _, one, other) = over_udp();
    let double = Double::new(world.runtime(3), Script::default());
    let mut alice = world.side(3, Arc::clone(&double) as Arc<dyn ssa::SipSecurity>);
    world.run(async {
        let id = alice.endpoint.register(wanted(net::Transport::Udp)).unwrap();
        let (first, at) = one.next().await;
        assert_eq!(field(&first, "Supported"), "path, outbound");
        let instance = format!(";ob>;+sip.instance=\"<{INSTANCE}>\";reg-id=");
        assert!(bound(&first).ends_with(&(instance.clone() + "1")), "{first}");
        one.send(at, &granted(&first, ""));
        let since = alice.runtime.now();
        let (second, _) = other.next().await;
        assert!(alice.runtime.now() - since < Duration::from_millis(100), "at once");
        assert!(bound(&second).ends_with(&(instance + "2")), "{second}");
        assert_ne!(field(&first, "Call-ID"), field(&second, "Call-ID"));
        other.send(at, &granted(&second, ""));
        let (one_stands, other_stands) = (stands(&mut alice).await, stands(&mut alice).await);
        assert_eq!((one_stands.0, one_stands.1), (1, true));
        assert_eq!((other_stands.0, other_stands.1), (2, true));

        alice.endpoint.unregister(id).unwrap();
        for (pbx, number) in [(&one, "1"), (&other, "2")] {
            let (last, _) = pbx.next().await;
            assert_eq!((field(&last, "Expires"), reg_id(&last)), ("0", Some(number)));
            pbx.send(at, &response(&last, "200 OK", ""));
        }
        let over = Event::Unregistered { id, aor: ALICE.to_owned(), taken_back: true };
        assert_eq!(alice.next().await, over);
        alice.sleep(Duration::from_secs(70)).await;
    });
    alice.assert_empty();
    assert_eq!(double.count("abandon"), 2, "each has a name of its own");
}

/// RFC 5626 §6: a registrar lists what every flow has bound.
#[test]
fn t25_the_binding_of_another_flow_is_not_taken_for_this_one() {
    let (world, mut alice, one, other) = over_udp();
    world.run(async {
        alice.endpoint.register(wanted(net::Transport::Udp)).unwrap();
        let (first, at) = one.next().await;
        one.send(at, &granted(&first, ""));
        assert_eq!(stands(&mut alice).await.0, 1);
        let (second, _) = other.next().await;
        // Somebody on the way has rewritten both.
        let [one, two] = [&first, &second].map(|register| {
            let (_, host) = bound(register).split_once('@').unwrap();
            format!("Contact: <sip:x@{host}")
        });
        let both = format!("Require: outbound\r\n{one};expires=600\r\n{two};expires=60\r\n");
        other.send(at, &response(&second, "200 OK", &both));
        let event = alice.next().await;
        assert!(matches!(event, Event::Registered { reg_id: 2, expires: 60, .. }), "{event:?}");
    });
}

#[test]
fn t25_what_cannot_have_flows_is_not_registered() {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let udp = wanted(net::Transport::Udp);
    for wrong in [
        RegisterConfig { instance: None, ..udp.clone() },
        RegisterConfig { outbound: false, ..udp.clone() },
        RegisterConfig { also: vec![hop(8, net::Transport::Udp); 4], ..udp },
    ] {
        assert_eq!(alice.endpoint.register(wrong), Err(Misuse::Flows));
    }
    alice.assert_empty();
}

#[test]
fn t25_a_registrar_that_knows_of_no_flows_has_one_and_is_called_as_before() {
    let (world, mut alice, one, other) = over_udp();
    world.run(async {
        alice.endpoint.register(wanted(net::Transport::Udp)).unwrap();
        let (first, at) = one.next().await;
        one.send(at, &plain(&first));
        let (reg_id, outbound, _) = stands(&mut alice).await;
        assert_eq!((reg_id, outbound), (1, false));
        let call = alice.endpoint.prepare(ALICE, "sip:bob@192.0.2.9", None).unwrap();
        alice.endpoint.invite(call.id, sdp("offer")).unwrap();
        let (invite, _) = one.next().await;
        assert_eq!(field(&invite, "Contact"), "<sip:alice@192.0.2.1:5060>");
        one.send(at, &response(&invite, "486 Busy Here", ""));
        assert!(matches!(alice.next().await, Event::Failed { .. }));
        one.next().await;
        // Its refresh fails: then the other way is tried.
        let (refresh, _) = one.next().await;
        one.send(at, &response(&refresh, "500 Server Internal Error", ""));
        assert_eq!(failed(&mut alice).await, (1, Cause::Status(500), false));
        let (second, _) = other.next().await;
        assert_eq!(field(&second, "CSeq"), "1 REGISTER");
        other.send(at, &plain(&second));
        assert_eq!(stands(&mut alice).await.0, 2);
        // What the first registrar was told is taken back, and it is left alone.
        let (back, _) = one.next().await;
        assert_eq!(field(&back, "Expires"), "0");
        one.send(at, &response(&back, "200 OK", ""));
        assert_eq!(alice.next_within(400).await, None);
    });
}

#[test]
fn t25_where_the_first_registrar_is_slow_the_second_is_asked_and_one_is_kept() {
    let (world, mut alice, one, other) = over_udp();
    world.run(async {
        alice.endpoint.register(wanted(net::Transport::Udp)).unwrap();
        let since = alice.runtime.now();
        let (first, at) = one.next().await;
        let (second, _) = other.next().await;
        assert_eq!((alice.runtime.now() - since).as_secs(), 4);
        other.send(at, &plain(&second));
        assert_eq!(stands(&mut alice).await.0, 2);
        one.send(at, &plain(&first));
        let back = loop {
            let (register, _) = one.next().await;
            if field(&register, "CSeq") == "2 REGISTER" {
                break register;
            }
        };
        assert_eq!((field(&back, "Expires"), reg_id(&back)), ("0", Some("1")));
        one.send(at, &response(&back, "200 OK", ""));
        assert_eq!(alice.next_within(300).await, None);
    });
}

/// RFC 5626 §11.6.
#[test]
fn t25_where_the_first_hop_knows_of_no_flows_none_is_asked_for() {
    let (world, mut alice, one, other) = over_udp();
    world.run(async {
        alice.endpoint.register(wanted(net::Transport::Udp)).unwrap();
        const LACKS: &str = "439 First Hop Lacks Outbound Support";
        let (first, at) = one.next().await;
        one.send(at, &response(&first, LACKS, ""));
        // Another way may have what this one lacks.
        assert_eq!(failed(&mut alice).await, (1, Cause::Status(439), false));
        let (second, _) = other.next().await;
        other.send(at, &response(&second, LACKS, ""));
        let since = alice.runtime.now();
        let (again, _) = other.next().await;
        assert!(alice.runtime.now() - since < Duration::from_millis(100), "at once");
        assert_eq!((field(&again, "Supported"), reg_id(&again)), ("path", None));
        assert!(!again.contains(";ob>"), "{again}");
        other.send(at, &plain(&again));
        let (reg_id, outbound, _) = stands(&mut alice).await;
        assert_eq!((reg_id, outbound), (2, false));
    });
}

/// Who answers 439 to what asks for no flow either.
#[test]
fn t25_a_first_hop_that_refuses_both_is_not_asked_at_once_again() {
    let (world, mut alice, one, _) = over_udp();
    world.run(async {
        let alone = RegisterConfig { also: Vec::new(), ..wanted(net::Transport::Udp) };
        alice.endpoint.register(alone).unwrap();
        for _ in 0..2 {
            let (register, at) = one.next().await;
            one.send(at, &response(&register, "439 First Hop Lacks Outbound Support", ""));
        }
        assert_eq!(failed(&mut alice).await, (1, Cause::Status(439), false));
        let since = alice.runtime.now();
        let (register, _) = one.next().await;
        assert!((900..=1800).contains(&(alice.runtime.now() - since).as_secs()));
        assert_eq!(reg_id(&register), Some("1"));
    });
}

#[test]
fn t25_calls_go_over_the_flow_that_stands_and_the_other_is_made_again_after_a_while() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    world.run(async {
        // No ping leaves in between.
        const HOUR: &str = "Flow-Timer: 3600\r\n";
        let ([mut one, mut other], _) = over_tcp(&world, &mut alice, HOUR).await;
        let invite = called(&alice, &mut one).await;
        let ob = "<sip:alice@192.0.2.1:5060;transport=tcp;ob>";
        assert_eq!(field(&invite, "Contact"), ob);
        assert!(invite.contains("Supported: outbound\r\n"), "{invite}");
        // The first edge proxy goes. What waits for its answer goes the other way.
        one.connection = None;
        let mut since = alice.runtime.now();
        let again = other.read().await;
        assert_eq!(field(&again, "Call-ID"), field(&invite, "Call-ID"));
        is_busy(&mut alice, &mut other, &again).await;

        let mut waits = Vec::new();
        for _ in 0..2 {
            let invite = called(&alice, &mut other).await;
            assert_eq!(field(&invite, "Contact"), ob);
            is_busy(&mut alice, &mut other, &invite).await;
            one.grant(HOUR).await;
            assert_eq!(stands(&mut alice).await.0, 1);
            waits.push((alice.runtime.now() - since).as_secs());
            one.connection = None;
            since = alice.runtime.now();
            alice.sleep(Duration::from_secs(1)).await;
        }
        assert!((90..=180).contains(&waits[0]) && (180..=360).contains(&waits[1]), "{waits:?}");
    });
}

#[test]
fn t25_a_call_that_comes_over_the_second_flow_is_answered_over_it() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    world.run(async {
        let ([_one, mut other], [_, user]) = over_tcp(&world, &mut alice, "").await;
        let call = crate::flows::tcp(&Wanted::default());
        other.write(&call.replacen("bob@192.0.2.2", &format!("{user}@192.0.2.1"), 1)).await;
        let id = alice.incoming().await;
        alice.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = other.read().await;
        assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
        alice.endpoint.hang_up(id).unwrap();
        assert!(matches!(alice.next().await, Event::Ended { .. }));
        let ack = Wanted { method: "ACK", to_tag: to_tag(&ok), ..Wanted::default() };
        other.write(&crate::flows::tcp(&ack)).await;
        assert!(other.read().await.starts_with("BYE "));
    });
}

/// RFC 5626 §4.4: between 80 and 100 % of what it says. A flow that was never answered is made again
/// after a while, and one that was, at once.
#[test]
fn t25_the_flow_timer_of_the_registrar_says_how_often_a_ping_leaves() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    world.run(async {
        let ([mut one, mut other], _) = over_tcp(&world, &mut alice, "Flow-Timer: 20\r\n").await;
        for _ in 0..5 {
            let since = alice.runtime.now();
            assert_eq!(one.read().await, "\r\n\r\n");
            let waited = (alice.runtime.now() - since).as_millis();
            assert!((15_980..=20_020).contains(&waited), "{waited} ms");
            one.write("\r\n").await;
            other.connection = None;
        }
        assert_eq!(one.read().await, "\r\n\r\n");
        let since = alice.runtime.now();
        one.grant("Flow-Timer: 20\r\n").await;
        assert_eq!((alice.runtime.now() - since).as_secs(), 10);
        assert_eq!(stands(&mut alice).await.0, 1);
        assert_eq!(one.read().await, "\r\n\r\n");
        let since = alice.runtime.now();
        one.grant("Flow-Timer: 20\r\n").await;
        let waited = (alice.runtime.now() - since).as_secs();
        assert!((10 + 30..=10 + 60).contains(&waited), "{waited} s, where no other stands");
        while !matches!(alice.next().await, Event::Registered { reg_id: 1, .. }) {}
        // One answer, and it has not failed before.
        assert_eq!(one.read().await, "\r\n\r\n");
        one.write("\r\n").await;
        alice.sleep(Duration::from_secs(1)).await;
        one.connection = None;
        let since = alice.runtime.now();
        one.grant("").await;
        let waited = (alice.runtime.now() - since).as_secs();
        assert!(waited <= 4, "{waited} s");
    });
}

/// Refuses what comes, six times; how many seconds were between them.
async fn refuse(pbx: &Pbx, clock: &dyn Runtime) -> Vec<u64> {
    let mut times = Vec::new();
    for _ in 0..6 {
        let (register, at) = pbx.next().await;
        times.push(clock.now());
        pbx.send(at, &response(&register, "500 Server Internal Error", ""));
    }
    let later = times.iter().skip(1);
    times.iter().zip(later).map(|(one, next)| (*next - *one).as_secs()).collect()
}

/// RFC 5626 §4.5: the waits double for each flow by itself.
#[test]
fn t25_where_no_flow_stands_each_is_tried_again_by_itself() {
    let (world, alice, one, other) = over_udp();
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    let clock = &*alice.runtime;
    world.run(async {
        alice.endpoint.register(wanted(net::Transport::Udp)).unwrap();
        both(async { ones = refuse(&one, clock).await }, async {
            others = refuse(&other, clock).await;
        })
        .await;
    });
    for waits in [ones, others] {
        let most = [60, 120, 240, 480, 960];
        let in_time = |(it, most): (&u64, u64)| (most / 2..=most).contains(it);
        assert!(waits.iter().zip(most).all(in_time), "{waits:?}");
    }
}

/// Only what goes where a flow does is sent over one.
#[test]
fn t25_a_call_by_way_of_another_hop_takes_no_flow() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut elsewhere = listen(&world, 7);
    world.run(async {
        let (_edges, _) = over_tcp(&world, &mut alice, "").await;
        let there = Some(hop(7, net::Transport::Tcp));
        let call = alice.endpoint.prepare(ALICE, "sip:bob@example.org", there).unwrap();
        alice.endpoint.invite(call.id, sdp("offer")).unwrap();
        let invite = read(&mut accept(&mut *elsewhere).await).await;
        assert!(invite.starts_with("INVITE "), "{invite}");
    });
}

/// RFC 3261 §26.2.2.
#[test]
fn x03_a_sips_call_takes_no_flow_in_clear() {
    let (world, mut alice, one, other) = over_udp();
    world.run(async {
        let plain = |host| NextHop { transport: None, ..hop(host, net::Transport::Udp) };
        let next_hop = Some(plain(9));
        let also = vec![plain(8)];
        let wanted = RegisterConfig { next_hop, also, ..wanted(net::Transport::Udp) };
        alice.endpoint.register(wanted).unwrap();
        for (pbx, at) in [(&one, 1), (&other, 2)] {
            let (register, source) = pbx.next().await;
            pbx.send(source, &granted(&register, ""));
            assert_eq!(stands(&mut alice).await.0, at);
        }
        let call = alice.endpoint.prepare(ALICE, "sips:bob@example.org", Some(plain(9))).unwrap();
        alice.endpoint.invite(call.id, sdp("offer")).unwrap();
        let failed = Event::Failed { id: call.id, cause: Cause::Transport };
        let told = [alice.next().await, alice.next().await];
        assert!(told.contains(&failed), "{told:?}");
    });
    assert_eq!(world.wire.count("INVITE"), 0, "nothing leaves in clear");
}

#[test]
fn t25_a_flow_that_failed_is_not_tried_again_once_another_stands_alone() {
    let (world, mut alice, one, other) = over_udp();
    world.run(async {
        alice.endpoint.register(wanted(net::Transport::Udp)).unwrap();
        let (register, at) = one.next().await;
        one.send(at, &response(&register, "500 Server Internal Error", ""));
        assert_eq!(failed(&mut alice).await, (1, Cause::Status(500), false));
        let (register, _) = other.next().await;
        other.send(at, &plain(&register));
        assert_eq!(stands(&mut alice).await.0, 2);
        let nothing = async {
            let (text, _) = one.next().await;
            panic!("it has nothing to be asked: {text}");
        };
        both_for(&alice, nothing).await;
    });
}

/// Runs `other` beside the time in which a flow that failed would be tried again.
async fn both_for(alice: &Side, other: impl Future<Output = ()>) {
    let mut other = std::pin::pin!(other);
    let mut late = std::pin::pin!(alice.sleep(Duration::from_secs(200)));
    std::future::poll_fn(|cx| {
        let _ = other.as_mut().poll(cx);
        late.as_mut().poll(cx)
    })
    .await;
}

/// What is told of a flow that failed is so of all the others, not of the last one.
#[test]
fn t25_of_three_flows_the_one_that_stands_counts_wherever_it_is() {
    let (world, mut alice, one, other) = over_udp();
    let third = Pbx::at(&world, 7);
    world.run(async {
        let also = vec![hop(8, net::Transport::Udp), hop(7, net::Transport::Udp)];
        alice.endpoint.register(RegisterConfig { also, ..wanted(net::Transport::Udp) }).unwrap();
        let (register, at) = one.next().await;
        one.send(at, &granted(&register, ""));
        assert_eq!(stands(&mut alice).await.0, 1);
        let (register, _) = other.next().await;
        other.send(at, &response(&register, "403 Forbidden", ""));
        assert_eq!(failed(&mut alice).await, (2, Cause::Status(403), true));
        let (register, _) = third.next().await;
        third.send(at, &response(&register, "439 First Hop Lacks Outbound Support", ""));
        // The first one has what this one lacks: it is not asked to do without.
        assert_eq!(failed(&mut alice).await, (3, Cause::Status(439), true));
    });
}
