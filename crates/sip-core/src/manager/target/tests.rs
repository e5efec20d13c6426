//! Which way a request goes, and where it goes when that fails.

use super::*;
use crate::manager::config::Local;

const fn own(locals: &[Local]) -> Own<'_> {
    Own { locals, routes: None }
}

fn locals() -> [Local; 3] {
    let local = |transport, address: &str| Local { transport, address: address.parse().unwrap() };
    [
        local(Transport::Udp, "192.0.2.1:5060"),
        local(Transport::Tcp, "192.0.2.1:5061"),
        local(Transport::Udp, "[2001:db8::1]:5060"),
    ]
}

fn chosen(uri: &str, size: usize) -> Option<(Transport, String, String)> {
    let hop = Target::of_uri(uri.as_bytes()).unwrap().hop(size, own(&locals()))?;
    Some((hop.transport, hop.local.to_string(), hop.remote.to_string()))
}

#[test]
fn size_and_uri_choose_the_transport() {
    let udp = |local: &str, remote: &str| Some((Transport::Udp, local.into(), remote.into()));
    let tcp = |local: &str, remote: &str| Some((Transport::Tcp, local.into(), remote.into()));
    assert_eq!(chosen("sip:192.0.2.9", 1300), udp("192.0.2.1:5060", "192.0.2.9:5060"));
    assert_eq!(chosen("sip:192.0.2.9", 1301), tcp("192.0.2.1:5061", "192.0.2.9:5060"));
    assert_eq!(
        chosen("sip:192.0.2.9;transport=UDP", 1301),
        tcp("192.0.2.1:5061", "192.0.2.9:5060")
    );
    assert_eq!(chosen("sip:b@192.0.2.9:7;transport=tcp", 9), tcp("192.0.2.1:5061", "192.0.2.9:7"));
    assert_eq!(chosen("sip:[2001:db8::9]", 9), udp("[2001:db8::1]:5060", "[2001:db8::9]:5060"));
    assert_eq!(chosen("sip:[2001:db8::9]", 1301), tcp("[2001:db8::1]:5060", "[2001:db8::9]:5060"));
    assert_eq!(chosen("sip:example.org", 9), None);
}

#[test]
fn a_way_that_nothing_could_take_is_refused() {
    let check = |uri: &str, locals: &[Local]| {
        Target::of_uri(uri.as_bytes()).and_then(|mut target| target.check(own(locals)))
    };
    let [four, ..] = locals();
    assert_eq!(check("sip:192.0.2.9", &[four]), Ok(()));
    assert_eq!(check("sip:192.0.2.9:0", &[four]), Err(Misuse::PortZero));
    assert_eq!(check("sip:example.org:0", &[four]), Err(Misuse::PortZero));
    assert_eq!(check("sip:[2001:db8::9]", &[four]), Err(Misuse::NoLocalAddress));
    assert_eq!(check("sip:example.org", &[four]), Ok(()));
}

#[test]
fn x11_large_requests_fall_back_to_udp() {
    let mut target = Target::of_uri(b"sip:192.0.2.9").unwrap();
    let hop = target.hop(2000, own(&locals())).unwrap();
    assert_eq!(target.fall_back(&hop), Some(Fallback::SamePeer));
    let hop = target.hop(2000, own(&locals())).unwrap();
    assert_eq!(hop.transport, Transport::Udp);
    assert_eq!(target.fall_back(&hop), None);
}

/// A target with these addresses of a name.
fn found(addresses: &[&str]) -> Target {
    let found: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
    let mut target = Target::of_uri(b"sip:example.org").unwrap();
    assert!(target.locate(&found, own(&locals())));
    target
}

#[test]
fn t16_addresses_that_failed_come_last_and_five_are_kept() {
    let hosts = [1, 2, 3, 4, 5, 6].map(|last| format!("198.51.100.{last}"));
    let mut target = found(&hosts.each_ref().map(String::as_str));
    let failed = ["198.51.100.2:5060", "198.51.100.1:5060", "198.51.100.3:5070"];
    target.order(&failed.map(|it| it.parse().unwrap()));
    let last: Vec<String> = target.addresses().iter().map(ToString::to_string).collect();
    assert_eq!(last, [2, 3, 4, 5, 1].map(|at| hosts[at].clone()));
}

#[test]
fn t16_a_next_hop_says_at_how_many_addresses_it_is_tried() {
    let mut hop = NextHop::of_uri("sip:example.org").unwrap();
    for (found, tried) in [(0, 1), (1, 1), (2, 2), (5, 5), (16, 5)] {
        hop.found = vec![[192, 0, 2, 9].into(); found];
        assert_eq!(hop.tried(), tried, "{found}");
    }
}

#[test]
fn t16_the_next_address_is_one_that_is_reached_and_has_its_own_try_over_tcp() {
    let mut target = found(&["192.0.2.8", "2001:db8::9", "192.0.2.9"]);
    let all = locals();
    let four = &all[..2];
    let hop = target.hop(2000, own(four)).unwrap();
    assert_eq!(target.fall_back(&hop), Some(Fallback::SamePeer));
    assert_eq!(target.fall_back(&target.hop(2000, own(four)).unwrap()), None);
    assert!(target.next_address(own(four)));
    let hop = target.hop(2000, own(four)).unwrap();
    assert_eq!(
        (hop.transport, hop.remote.to_string().as_str()),
        (Transport::Tcp, "192.0.2.9:5060")
    );
    assert!(!target.next_address(own(four)));
}

fn peer(transport: Transport) -> Hop {
    let [local, remote] = ["203.0.113.1:5060", "192.0.2.9:40000"].map(|it| it.parse().unwrap());
    Hop { transport, local, remote, flow: Some(FlowId(7)) }
}

#[test]
fn a_dialog_keeps_to_its_address_among_ours() {
    let second = |transport| Local { transport, address: peer(transport).local };
    let mut locals = locals().to_vec();
    locals.push(second(Transport::Udp));
    let target = Target::in_dialog(b"sip:192.0.2.9", &peer(Transport::Udp));
    assert_eq!(target.hop(9, own(&locals)).unwrap().local, peer(Transport::Udp).local);
    // No listener there: what is on the same interface comes before another listener's.
    let near = Some(peer(Transport::Tcp).local);
    let tcp = own(&locals).address(Transport::Tcp, [192, 0, 2, 9].into(), near);
    assert_eq!(tcp.unwrap().to_string(), "192.0.2.1:5061");
}

#[test]
fn a_dialog_whose_connection_is_gone_goes_where_its_contact_says() {
    let mut target = Target::in_dialog(b"sip:192.0.2.9:5070", &peer(Transport::Tcp));
    let hop = target.hop(9, own(&locals())).unwrap();
    assert_eq!((hop.transport, hop.flow), (Transport::Tcp, Some(FlowId(7))));
    assert_eq!(target.fall_back(&hop), Some(Fallback::ByUri));
    let hop = target.hop(9, own(&locals())).unwrap();
    assert_eq!((hop.transport, hop.flow), (Transport::Udp, None));
    assert_eq!(hop.remote.to_string(), "192.0.2.9:5070");
    assert_eq!(target.fall_back(&hop), None);
}

#[test]
fn x03_sips_never_goes_over_udp_or_tcp() {
    assert_eq!(Target::of_uri(b"sips:bob@192.0.2.9"), Err(Misuse::Unsupported));
    assert_eq!(Target::of_uri(b"sip:bob@192.0.2.9;transport=tls"), Err(Misuse::Unsupported));
    assert_eq!(Target::of_uri(b"tel:+1"), Err(Misuse::Unsupported));
    assert_eq!(Target::of_uri(b"bob"), Err(Misuse::NotAUri));
}
