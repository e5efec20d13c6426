//! STUN, which keeps a flow over UDP open and tells when it has changed. RFC 5626 §4.4.2, §8.

use crate::gateways::Pbx;
use crate::outbound::{granted, stands, wanted};
use crate::raw::{Raw, field};
use crate::world::{Side, World};
use net::Transport;
use sip_core::manager::{Event, RegisterConfig, Renewal};
use ssa::Open;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

const SEEN: (Ipv4Addr, u16) = (Ipv4Addr::new(198, 51, 100, 1), 61_000);

/// A success that says where the request came from. RFC 5389 §15.2.
fn bound(request: &[u8], (ip, port): (Ipv4Addr, u16)) -> Vec<u8> {
    let (ip, port) = (ip.to_bits() ^ 0x2112_a442, port ^ 0x2112);
    let head = [&[1, 1, 0, 12], request.get(4..20).unwrap()].concat();
    let value = [[0, 0x20, 0, 8, 0, 1].as_slice(), &port.to_be_bytes(), &ip.to_be_bytes()].concat();
    [head, value].concat()
}

/// Alice, registered over one flow by way of 192.0.2.9 for ten minutes.
async fn registered(alice: &mut Side, pbx: &Pbx) {
    let alone = RegisterConfig { also: Vec::new(), ..wanted(Transport::Udp) };
    alice.endpoint.register(alone).unwrap();
    again(alice, pbx).await;
}

/// The next REGISTER is granted.
async fn again(alice: &mut Side, pbx: &Pbx) -> String {
    let (register, source) = pbx.next().await;
    pbx.send(source, &granted(&register, ""));
    assert_eq!(stands(alice).await.0, 1);
    register
}

/// The next Binding request, and after how many milliseconds it came.
async fn asked(alice: &Side, pbx: &Pbx) -> (Vec<u8>, u128) {
    let since = alice.runtime.now();
    let (request, _) = pbx.datagram().await;
    assert_eq!(request.get(..8).unwrap(), [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
    assert_eq!(request.len(), 20);
    (request, (alice.runtime.now() - since).as_millis())
}

fn world() -> (World, Side, Pbx, SocketAddr) {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let pbx = Pbx::new(&world);
    (world, alice, pbx, ([192, 0, 2, 1], 5060).into())
}

/// Why Alice registers again, the next that she hears.
async fn renewing(alice: &mut Side) -> Renewal {
    match alice.events.next().await {
        Some(Event::Renewing { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn t25_another_address_in_a_binding_response_leads_to_a_register_at_once() {
    let (world, mut alice, pbx, at) = world();
    world.run(async {
        registered(&mut alice, &pbx).await;
        for _ in 0..4 {
            let (request, waited) = asked(&alice, &pbx).await;
            assert!((23_990..=29_010).contains(&waited), "{waited} ms");
            pbx.send_octets(at, &bound(&request, SEEN));
        }
        let (request, _) = asked(&alice, &pbx).await;
        pbx.send_octets(at, &bound(&request, (SEEN.0, 61_001)));
        let since = alice.runtime.now();
        let register = pbx.next().await.0;
        assert_eq!(field(&register, "CSeq"), "2 REGISTER");
        assert!(alice.runtime.now() - since < Duration::from_millis(100), "at once");
        assert_eq!(renewing(&mut alice).await, Renewal::MappingChanged);
        pbx.send(at, &granted(&register, ""));
        assert_eq!(stands(&mut alice).await.0, 1);
        // Where it is seen then is where it is.
        for _ in 0..2 {
            let (request, _) = asked(&alice, &pbx).await;
            pbx.send_octets(at, &bound(&request, (SEEN.0, 61_001)));
        }
    });
}

/// RFC 5389 §7.2.1, RFC 5626 §4.5: at once where it was answered before, and after a
/// while where it never was, longer each time.
#[test]
fn t25_a_flow_over_udp_that_answers_no_binding_request_is_made_again() {
    let (world, mut alice, pbx, at) = world();
    world.run(async {
        registered(&mut alice, &pbx).await;
        let (request, _) = asked(&alice, &pbx).await;
        pbx.send_octets(at, &bound(&request, SEEN));
        for range in [8..=8, 38..=68, 68..=128] {
            asked(&alice, &pbx).await;
            for wait in [500, 1000, 2000, 4000, 8000, 16_000] {
                assert_eq!(asked(&alice, &pbx).await.1, wait);
            }
            let since = alice.runtime.now();
            assert_eq!(renewing(&mut alice).await, Renewal::NoPong);
            assert_eq!((alice.runtime.now() - since).as_millis(), 7995);
            let register = again(&mut alice, &pbx).await;
            let waited = (alice.runtime.now() - since).as_secs();
            assert!(range.contains(&waited), "{waited} s: {register}");
        }
    });
}

#[test]
fn t25_a_binding_that_is_refused_is_a_failure_and_what_others_say_is_nothing() {
    let (world, mut alice, pbx, at) = world();
    let stranger = Raw::to_alice(&world, 66);
    world.run(async {
        registered(&mut alice, &pbx).await;
        let (request, _) = asked(&alice, &pbx).await;
        pbx.send_octets(at, &bound(&request, SEEN));
        let (request, _) = asked(&alice, &pbx).await;
        // From elsewhere, and to another request.
        stranger.send_octets(&bound(&request, (SEEN.0, 1)));
        let mut other = request.clone();
        *other.last_mut().unwrap() ^= 1;
        pbx.send_octets(at, &bound(&other, (SEEN.0, 1)));
        // A request of a stranger's is not answered either.
        stranger.send_octets(&request);
        let (same, waited) = asked(&alice, &pbx).await;
        assert_eq!((&same, waited), (&request, 500));
        pbx.send_octets(at, &[&[1, 0x11, 0, 0], request.get(4..20).unwrap()].concat());
        let since = alice.runtime.now();
        assert_eq!(renewing(&mut alice).await, Renewal::NoPong);
        assert!(alice.runtime.now() - since < Duration::from_millis(100), "at once");
        again(&mut alice, &pbx).await;
    });
}

/// An edge proxy at 192.0.2.`host` that grants every REGISTER, and says where it sees whom.
fn edge(world: &World, host: u8) {
    let pbx = Pbx::at(world, host);
    world.runtime(host).spawn(Box::pin(async move {
        loop {
            let (octets, source) = pbx.datagram().await;
            let text = String::from_utf8_lossy(&octets);
            match source.ip() {
                IpAddr::V4(ip) if text.starts_with('\0') => {
                    pbx.send_octets(source, &bound(&octets, (ip, source.port())));
                }
                _ if text.starts_with("REGISTER ") => pbx.send(source, &granted(&text, "")),
                _ => {}
            }
        }
    }));
}

/// What happened to a flow, and when, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Lost,
    Stands(u8),
    /// Whether another one stands.
    Failed(u8, bool),
}

/// What Alice hears of her flows in less than an hour.
async fn an_hour(alice: &mut Side) -> Vec<(u64, Told)> {
    let zero = alice.runtime.now();
    let mut end = alice.runtime.sleep_until(zero + Duration::from_secs(3_500));
    alice.endpoint.register(wanted(Transport::Udp)).unwrap();
    let mut heard = Vec::new();
    loop {
        let mut next = pin!(alice.events.next());
        let event = poll_fn(|cx| match next.as_mut().poll(cx) {
            Poll::Ready(event) => Poll::Ready(event),
            Poll::Pending => end.as_mut().poll(cx).map(|()| None),
        });
        let Some(event) = event.await else { return heard };
        heard.push((
            (alice.runtime.now() - zero).as_secs(),
            match event {
                Event::Renewing { why: Renewal::NoPong, .. } => Told::Lost,
                Event::Registered { reg_id, outbound: true, .. } => Told::Stands(reg_id),
                Event::RegistrationFailed { reg_id, stands, .. } => Told::Failed(reg_id, stands),
                other => panic!("{other:?}"),
            },
        ));
    }
}

/// One way is cut, then the other as well, and both heal.
#[test]
fn t25_a_flow_that_is_cut_is_found_out_within_70_s_and_comes_back_by_itself() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    edge(&world, 9);
    edge(&world, 8);
    let at = |host| IpAddr::from([192, 0, 2, host]);
    let span = |from, to| Duration::from_secs(from)..Duration::from_secs(to);
    world.sim.cut_during(at(1), at(9), span(100, 1000));
    world.sim.cut_during(at(1), at(8), span(400, 800));
    let heard = world.run(an_hour(&mut alice));
    let between = |from, to| heard.iter().filter(move |(at, _)| (from..to).contains(at));
    let told = |from, to| between(from, to).map(|(_, told)| *told).collect::<Vec<_>>();
    assert_eq!(told(0, 100), [Told::Stands(1), Told::Stands(2)]);
    assert_eq!(told(100, 170), [Told::Lost]);
    let one_failed = told(170, 400);
    assert!(one_failed.iter().all(|it| *it == Told::Failed(1, true)), "{heard:?}");
    assert_eq!(told(400, 470), [Told::Lost]);
    assert!(told(470, 800).contains(&Told::Failed(2, false)), "{heard:?}");
    let back = |flow| heard.iter().find(|(at, told)| *at >= 800 && *told == Told::Stands(flow));
    assert!(back(2).is_some_and(|(at, _)| *at < 800 + 480), "{heard:?}");
    assert!(back(1).is_some_and(|(at, _)| *at < 1000 + 1800), "{heard:?}");
    let later = told(2800, 3500);
    assert!(later.iter().all(|it| matches!(it, Told::Stands(_))), "{heard:?}");
}
