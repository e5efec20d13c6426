//! STUN, which keeps a flow over UDP open and tells when it has changed. RFC 5626 §4.4.2, §8.

use crate::gateways::Pbx;
use crate::outbound::{granted, stands, wanted};
use crate::raw::{Raw, field};
use crate::world::{Side, World};
use net::Transport;
use sip_core::manager::{Event, RegisterConfig, Renewal};
use ssa::Open;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
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

/// RFC 5389 §7.2.1, RFC 5626 §4.5: at once where it was answered before, and after a while where
/// it never was.
#[test]
fn t25_a_flow_over_udp_that_answers_no_binding_request_is_made_again() {
    let (world, mut alice, pbx, at) = world();
    world.run(async {
        registered(&mut alice, &pbx).await;
        let (request, _) = asked(&alice, &pbx).await;
        pbx.send_octets(at, &bound(&request, SEEN));
        for at_once in [true, false] {
            asked(&alice, &pbx).await;
            for wait in [500, 1000, 2000, 4000, 8000, 16_000] {
                assert_eq!(asked(&alice, &pbx).await.1, wait);
            }
            let since = alice.runtime.now();
            assert_eq!(renewing(&mut alice).await, Renewal::NoPong);
            assert_eq!((alice.runtime.now() - since).as_millis(), 7995);
            let register = again(&mut alice, &pbx).await;
            let waited = (alice.runtime.now() - since).as_secs();
            let range = if at_once { 8..=8 } else { 38..=68 };
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
