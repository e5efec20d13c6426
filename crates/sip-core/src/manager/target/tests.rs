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
    let at = |ip: &&str| SocketAddr::new(ip.parse().unwrap(), 5060);
    let found = Servers { transport: None, addresses: addresses.iter().map(at).collect() };
    let mut target = Target::of_uri(b"sip:example.org").unwrap();
    assert!(target.locate(found, own(&locals())));
    target
}

#[test]
fn t16_addresses_that_failed_come_last_and_five_are_kept() {
    let hosts = [1, 2, 3, 4, 5, 6].map(|last| format!("198.51.100.{last}"));
    let mut target = found(&hosts.each_ref().map(String::as_str));
    #[expect(clippy::disallowed_methods, reason = "any instant to count from")]
    let now = Instant::now();
    let mut avoided = Avoided::default();
    for failed in ["198.51.100.2:5060", "198.51.100.1:5060", "198.51.100.3:5070"] {
        avoided.note(now, failed.parse().unwrap(), None);
    }
    target.order(&avoided, now);
    let last: Vec<String> = target.addresses().iter().map(|it| it.ip().to_string()).collect();
    assert_eq!(last, [2, 3, 4, 5, 1].map(|at| hosts[at].clone()));
}

#[test]
fn t16_a_next_hop_says_at_how_many_addresses_it_is_tried() {
    let mut hop = NextHop::of_uri("sip:example.org").unwrap();
    for (found, tried) in [(0, 1), (1, 1), (2, 2), (5, 5), (16, 5)] {
        hop.found.addresses = vec![([192, 0, 2, 9], 5060).into(); found];
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
fn tls_is_asked_for_by_scheme_or_parameter_and_has_its_own_port() {
    let tls = |remote: &str| Some((Transport::Tls, "192.0.2.1:5060".into(), remote.into()));
    for (uri, remote) in [
        ("sips:192.0.2.9", "192.0.2.9:5061"),
        ("sips:b@192.0.2.9:7;transport=tcp", "192.0.2.9:7"),
        ("sips:192.0.2.9;transport=TLS", "192.0.2.9:5061"),
        ("sip:192.0.2.9;transport=tls", "192.0.2.9:5061"),
    ] {
        for size in [9, 2000] {
            assert_eq!(chosen(uri, size), tls(remote), "{uri}");
        }
    }
    let others = ["sips:192.0.2.9;transport=udp", "sip:192.0.2.9;transport=sctp", "tel:+1"];
    for other in others {
        assert_eq!(Target::of_uri(other.as_bytes()), Err(Misuse::Unsupported), "{other}");
    }
    assert_eq!(Target::of_uri(b"bob"), Err(Misuse::NotAUri));
}

/// RFC 7118 §5.2, §5.5.
#[test]
fn a_websocket_is_asked_for_by_its_parameter_and_is_secure_by_the_scheme() {
    let over = |transport, remote: &str| Some((transport, "192.0.2.1:5060".into(), remote.into()));
    for (uri, transport, remote) in [
        ("sip:192.0.2.9;transport=ws", Transport::Ws, "192.0.2.9:80"),
        ("sips:192.0.2.9;transport=WS", Transport::Wss, "192.0.2.9:443"),
        ("sip:192.0.2.9;transport=wss", Transport::Wss, "192.0.2.9:443"),
        ("sip:b@192.0.2.9:8080;transport=ws", Transport::Ws, "192.0.2.9:8080"),
    ] {
        for size in [9, 2000] {
            assert_eq!(chosen(uri, size), over(transport, remote), "{uri}");
        }
    }
}

#[test]
fn x03_a_dialog_over_a_secure_websocket_never_goes_by_one_in_clear() {
    let peer = peer(Transport::Wss);
    for (uri, transport) in [
        ("sip:192.0.2.8:7443;transport=ws", Transport::Wss),
        ("sip:df7jal.invalid;transport=ws", Transport::Wss),
        ("sip:192.0.2.8:5061;transport=tls", Transport::Tls),
        ("sip:192.0.2.8:5060", Transport::Wss),
    ] {
        let mut target = Target::in_dialog(uri.as_bytes(), &peer);
        let hop = target.hop(9, own(&locals())).unwrap();
        assert_eq!((hop.transport, hop.flow), (Transport::Wss, Some(FlowId(7))), "{uri}");
        assert_eq!(target.fall_back(&hop), Some(Fallback::ByUri));
        assert_eq!(target.hop(9, own(&locals())).unwrap().transport, transport, "{uri}");
    }
}

#[test]
fn a_tls_listener_of_ours_is_what_is_named_over_tls() {
    let address = "192.0.2.1:5061".parse().unwrap();
    let mut locals = locals().to_vec();
    locals.push(Local { transport: Transport::Tls, address });
    for (own_addresses, local) in [(locals.as_slice(), "5061"), (&locals[..3], "5060")] {
        let hop = Target::of_uri(b"sips:192.0.2.9").unwrap().hop(9, own(own_addresses)).unwrap();
        assert_eq!(hop.local.to_string(), format!("192.0.2.1:{local}"));
    }
    // TLS is all there is, and it is not listened on where TCP goes from.
    let hop = Target::of_uri(b"sip:192.0.2.9").unwrap().hop(2000, own(&locals[3..])).unwrap();
    assert_eq!((hop.transport, hop.local), (Transport::Tcp, address));
}

#[test]
fn x03_sips_never_goes_over_udp_or_tcp() {
    let mut target = Target::of_uri(b"sips:bob@192.0.2.9").unwrap();
    let hop = target.hop(2000, own(&locals())).unwrap();
    assert_eq!((hop.transport, target.fall_back(&hop)), (Transport::Tls, None));
    let sips = Uri::parse(b"sips:bob@example.org").unwrap();
    let sip = Uri::parse(b"sip:bob@example.org").unwrap();
    let by = |transport, uri: &Uri<'_>| {
        let next = NextHop { transport, port: None, ..NextHop::from(peer(Transport::Udp).remote) };
        Target::of_next_hop(&next, uri)
            .map(|target| (target.transport, target.remote().unwrap().port()))
    };
    for plain in [Transport::Udp, Transport::Tcp] {
        assert_eq!(by(Some(plain), &sips), Err(Misuse::Insecure));
        assert_eq!(by(Some(plain), &sip), Ok((Some(plain), 5060)));
    }
    let tls = Ok((Some(Transport::Tls), 5061));
    assert_eq!(by(None, &sips), tls);
    assert_eq!(by(Some(Transport::Tls), &sips), tls);
    assert_eq!(by(Some(Transport::Tls), &sip), tls);
    assert_eq!(by(None, &sip), Ok((None, 5060)));
    assert_eq!(by(Some(Transport::Ws), &sips), Err(Misuse::Insecure));
    assert_eq!(by(Some(Transport::Ws), &sip), Ok((Some(Transport::Ws), 80)));
    assert_eq!(by(Some(Transport::Wss), &sips), Ok((Some(Transport::Wss), 443)));
}

/// What a dialog's next request goes over, where to, and whose certificate is wanted there.
fn next(first_hop: &str, peer: &Hop) -> (Transport, Option<FlowId>, String, Option<String>) {
    let target = Target::in_dialog(first_hop.as_bytes(), peer);
    let hop = target.hop(9, own(&locals())).unwrap();
    (hop.transport, hop.flow, hop.remote.to_string(), target.name.map(|name| name.to_string()))
}

#[test]
fn x03_a_dialog_that_asks_for_sips_leaves_a_connection_without_tls() {
    let name = || Some("example.org".to_owned());
    for plain in [Transport::Udp, Transport::Tcp] {
        let peer = peer(plain);
        for (uri, remote, name) in [
            ("sips:192.0.2.8", "192.0.2.8:5061", None),
            ("sips:example.org", "192.0.2.9:5061", name()),
            ("sips:example.org:5070", "192.0.2.9:5070", name()),
            // What is no way at all does not lead back to one in clear.
            ("sips:example.org;transport=udp", "192.0.2.9:5061", None),
        ] {
            assert_eq!(next(uri, &peer), (Transport::Tls, None, remote.to_owned(), name), "{uri}");
        }
    }
}

#[test]
fn x03_a_dialog_over_tls_stays_on_its_connection_and_goes_by_tls_when_that_is_gone() {
    let peer = peer(Transport::Tls);
    for (uri, remote, name) in [
        ("sip:192.0.2.8", "192.0.2.8:5060", None),
        ("sip:192.0.2.8:5070;transport=udp", "192.0.2.8:5070", None),
        ("sips:192.0.2.8", "192.0.2.8:5061", None),
        ("sip:example.org", "192.0.2.9:40000", Some("example.org".to_owned())),
    ] {
        let mut target = Target::in_dialog(uri.as_bytes(), &peer);
        let hop = target.hop(9, own(&locals())).unwrap();
        assert_eq!((hop.transport, hop.flow), (Transport::Tls, Some(FlowId(7))), "{uri}");
        assert_eq!(target.fall_back(&hop), Some(Fallback::ByUri));
        let hop = target.hop(9, own(&locals())).unwrap();
        assert_eq!((hop.transport, hop.flow), (Transport::Tls, None), "{uri}");
        assert_eq!(
            (hop.remote.to_string(), target.name.as_deref()),
            (remote.to_owned(), name.as_deref())
        );
        assert_eq!(target.fall_back(&hop), None, "{uri}");
    }
}

/// Whoever ends TLS before us may pass on what came over it by TCP.
#[test]
fn a_connection_without_tls_serves_a_sip_uri_that_names_it() {
    let tcp = peer(Transport::Tcp);
    let (transport, flow, ..) = next("sip:192.0.2.8;transport=tls", &tcp);
    assert_eq!((transport, flow), (Transport::Tcp, Some(FlowId(7))));
    let (transport, flow, remote, _) = next("sip:192.0.2.8;transport=tls", &peer(Transport::Udp));
    assert_eq!((transport, flow, remote.as_str()), (Transport::Tls, None, "192.0.2.8:5061"));
}

/// What was found for one transport is not where another one is.
#[test]
fn t16_what_was_found_counts_for_the_transport_that_it_was_found_for() {
    let uri = Uri::parse(b"sip:bob@example.org").unwrap();
    for (said, of, counts) in [
        (None, None, true),
        (None, Some(Transport::Tcp), true),
        (Some(Transport::Tcp), None, true),
        (Some(Transport::Tcp), Some(Transport::Tcp), true),
        (Some(Transport::Tcp), Some(Transport::Udp), false),
    ] {
        let mut next = NextHop { transport: said, ..NextHop::of_uri("sip:pbx.example").unwrap() };
        next.found.transport = of;
        next.found.addresses = vec![([192, 0, 2, 9], 5060).into()];
        let target = Target::of_next_hop(&next, &uri).unwrap();
        assert_eq!(target.address.is_some(), counts, "{said:?} {of:?}");
    }
}
