//! Alice behind a gateway that translates her address, and a registrar that says where it sees her.

use crate::flows::{accept, listen, read};
use crate::raw::{field, response};
use crate::world::{Side, World, sdp};
use net::{Datagram, DatagramSocket};
use sip_core::manager::{ContactAs, Event, RegisterConfig, RegistrationId};
use ssa::Open;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) const INSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
pub(crate) const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
pub(crate) const AOR: &str = "sip:alice@pbx.example";

/// A registrar at 192.0.2.9 that answers to where a request came from, and says so.
pub(crate) struct Pbx(Box<dyn DatagramSocket>, Mutex<Vec<Datagram>>);

impl Pbx {
    pub(crate) fn new(world: &World) -> Self {
        Self::at(world, 9)
    }

    pub(crate) fn at(world: &World, host: u8) -> Self {
        let address = SocketAddr::from(([192, 0, 2, host], 5060));
        Self(world.sim.host(address.ip()).1.bind(address).unwrap(), Mutex::default())
    }

    /// The next message that is more than line ends and no STUN, and where it came from.
    pub(crate) async fn next(&self) -> (String, SocketAddr) {
        loop {
            let (octets, source) = self.datagram().await;
            let text = String::from_utf8_lossy(&octets).into_owned();
            if !text.trim().is_empty() && !text.starts_with('\0') {
                return (text, source);
            }
        }
    }

    /// The next datagram, and where it came from.
    pub(crate) async fn datagram(&self) -> (Vec<u8>, SocketAddr) {
        let mut batch = std::mem::take(&mut *self.1.lock().unwrap());
        if batch.is_empty() {
            self.0.receive(&mut batch).await.unwrap();
        }
        let datagram = batch.remove(0);
        *self.1.lock().unwrap() = batch;
        (datagram.octets.to_vec(), datagram.source)
    }

    pub(crate) fn send_octets(&self, to: SocketAddr, octets: &[u8]) {
        self.0.try_send(to, octets).unwrap();
    }

    pub(crate) fn send(&self, to: SocketAddr, text: &str) {
        self.0.try_send(to, text.as_bytes()).unwrap();
    }

    /// Accepts a REGISTER that came from `source`, and says that it saw it come from `seen`.
    pub(crate) fn accept(&self, register: &str, source: SocketAddr, seen: SocketAddr) {
        self.send(source, &accepted(register, seen, 600));
    }
}

/// A 200 that lists what the REGISTER binds, and where it is said to have come from.
pub(crate) fn accepted(register: &str, seen: SocketAddr, expires: u32) -> String {
    let kept: String = contacts(register)
        .iter()
        .filter(|contact| !contact.contains("expires=0"))
        .map(|contact| format!("Contact: {contact};expires={expires}\r\n"))
        .collect();
    let told = format!(";received={};rport={}", seen.ip(), seen.port());
    response(register, "200 OK", &kept).replacen(";rport", &told, 1)
}

/// The values of Contact.
pub(crate) fn contacts(message: &str) -> Vec<&str> {
    message.lines().filter_map(|line| line.strip_prefix("Contact: ")).collect()
}

pub(crate) fn config() -> RegisterConfig {
    let (aor, registrar) = (AOR.to_owned(), "sip:192.0.2.9".to_owned());
    RegisterConfig { aor, registrar, expires: 600, ..RegisterConfig::default() }
}

/// Alice behind a gateway that forgets after 30 s what nothing leaves through.
pub(crate) fn behind(timeout: u64) -> (World, Side) {
    let world = World::perfect();
    let alice = world.side_at(INSIDE, Arc::new(Open));
    world.sim.translate(INSIDE, OUTSIDE, Duration::from_secs(timeout));
    (world, alice)
}

/// Registers Alice behind her gateway; the user part of her Contact, and where she is seen.
pub(crate) async fn registered(
    alice: &mut Side, pbx: &Pbx, config: RegisterConfig,
) -> (RegistrationId, String, SocketAddr) {
    let id = alice.endpoint.register(config).unwrap();
    for _ in 0..2 {
        let (register, source) = pbx.next().await;
        pbx.accept(&register, source, source);
    }
    match alice.next().await {
        Event::Registered { contact_user, seen: Some(seen), .. } => (id, contact_user, seen),
        other => panic!("{other:?}"),
    }
}

#[test]
fn t20_behind_a_gateway_the_registrar_is_told_where_it_sees_us_and_keeps_one_binding() {
    let (world, mut alice) = behind(1000);
    let pbx = Pbx::new(&world);
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let (first, seen) = pbx.next().await;
        assert_eq!(seen.to_string(), "198.51.100.1:61000");
        let inside = field(&first, "Contact").to_owned();
        assert!(inside.ends_with("@10.0.0.2:5060>"), "{inside}");
        pbx.accept(&first, seen, seen);
        let since = alice.runtime.now();

        let (second, _) = pbx.next().await;
        assert!(alice.runtime.now() - since < Duration::from_millis(100), "at once");
        let outside = inside.replace("10.0.0.2:5060", "198.51.100.1:61000");
        assert_eq!(contacts(&second), [outside.as_str(), &format!("{inside};expires=0")]);
        pbx.accept(&second, seen, seen);
        let Event::Registered { seen: told, .. } = alice.next().await else { panic!() };
        assert_eq!(told, Some(seen));

        // From now on that is the one that is refreshed, and that is taken back.
        let (third, _) = pbx.next().await;
        assert!((alice.runtime.now() - since).as_secs() > 430);
        assert_eq!(contacts(&third), [outside.as_str()]);
        pbx.accept(&third, seen, seen);
        assert!(matches!(alice.next().await, Event::Registered { .. }));
        alice.endpoint.unregister(id).unwrap();
        let (last, _) = pbx.next().await;
        assert_eq!((contacts(&last), field(&last, "Expires")), (vec![outside.as_str()], "0"));
        pbx.accept(&last, seen, seen);
        assert!(matches!(alice.next().await, Event::Unregistered { taken_back: true, .. }));
        alice.sleep(Duration::from_secs(70)).await;
    });
    alice.assert_empty();
}

#[test]
fn t20_calls_by_way_of_the_registrar_name_the_address_that_it_sees() {
    let (world, mut alice) = behind(300);
    let pbx = Pbx::new(&world);
    let other = Pbx::at(&world, 8);
    world.run(async {
        let (_, contact_user, seen) = registered(&mut alice, &pbx, config()).await;
        alice.call(AOR, "sip:bob@192.0.2.9", sdp("offer"));
        let (invite, _) = pbx.next().await;
        assert_eq!(field(&invite, "Contact"), format!("<sip:alice@{seen}>"));
        // Who is somewhere else may see us elsewhere.
        alice.call(AOR, "sip:bob@192.0.2.8", sdp("offer"));
        let (invite, _) = other.next().await;
        assert_eq!(field(&invite, "Contact"), "<sip:alice@10.0.0.2:5060>");

        // And a call that the registrar passes on.
        let call = crate::raw::request(&crate::raw::Wanted::default());
        pbx.send(seen, &call.replacen("bob@192.0.2.2", &format!("{contact_user}@{seen}"), 1));
        let id = loop {
            if let Event::Incoming { id, .. } = alice.next().await {
                break id;
            }
        };
        alice.endpoint.accept(id, sdp("answer")).unwrap();
        let (ok, _) = pbx.next().await;
        assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
        assert_eq!(field(&ok, "Contact"), format!("<sip:alice@{seen}>"));
    });
}

/// Each answer names another port: one REGISTER more after each refresh, and no storm.
#[test]
fn t20_an_address_that_is_never_the_same_costs_one_register_more_a_refresh() {
    let (world, mut alice) = behind(300);
    let pbx = Pbx::new(&world);
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        let since = alice.runtime.now();
        let mut times = Vec::new();
        for port in 40_000..40_006 {
            let (register, source) = pbx.next().await;
            times.push((alice.runtime.now() - since).as_secs());
            pbx.accept(&register, source, SocketAddr::new(OUTSIDE, port));
        }
        let pairs = times.chunks(2).map(|pair| (pair[0], pair[1] - pair[0]));
        let (refreshed, after): (Vec<_>, Vec<_>) = pairs.unzip();
        assert_eq!(after, [0, 0, 0], "{times:?}");
        assert!((432..=540).contains(&refreshed[1]), "{times:?}");
        assert!((432..=541).contains(&(refreshed[2] - refreshed[1])), "{times:?}");
        let mut told = 0;
        while alice.next_within(1).await.is_some() {
            told += 1;
        }
        assert_eq!(told, 3, "the application hears of what stands");
    });
}

#[test]
fn t20_a_gateway_that_was_restarted_is_found_out_by_the_next_refresh() {
    let (world, mut alice) = behind(100_000);
    let pbx = Pbx::new(&world);
    world.run(async {
        let (_, user, before) = registered(&mut alice, &pbx, config()).await;
        world.sim.restart_gateway(OUTSIDE);
        let (refresh, after) = pbx.next().await;
        assert_ne!(before, after);
        assert_eq!(contacts(&refresh), [format!("<sip:{user}@{before}>")]);
        pbx.accept(&refresh, after, after);
        let (corrected, _) = pbx.next().await;
        let want = [format!("<sip:{user}@{after}>"), format!("<sip:{user}@{before}>;expires=0")];
        assert_eq!(contacts(&corrected), want);
        pbx.accept(&corrected, after, after);
        let told = alice.next().await;
        assert!(
            matches!(told, Event::Registered { seen: Some(it), .. } if it == after),
            "{told:?}"
        );
    });
}

#[test]
fn t20_what_a_registrar_sees_is_left_alone_where_that_is_wanted() {
    let (world, mut alice) = behind(300);
    let pbx = Pbx::new(&world);
    world.run(async {
        alice.endpoint.register(RegisterConfig { contact: ContactAs::Bound, ..config() }).unwrap();
        let (register, source) = pbx.next().await;
        pbx.accept(&register, source, source);
        assert!(matches!(alice.next().await, Event::Registered { seen: None, .. }));
        let since = alice.runtime.now();
        let (refresh, _) = pbx.next().await;
        assert!((alice.runtime.now() - since).as_secs() > 430);
        assert!(contacts(&refresh)[0].ends_with("@10.0.0.2:5060>"), "{refresh}");
    });
}

/// Over a stream we are reached by its own other end, and by another one once it was closed.
#[test]
fn t20_over_tcp_the_contact_is_the_connection_as_the_registrar_sees_it() {
    let (world, mut alice) = behind(300);
    let mut registrar = listen(&world, 9);
    world.run(async {
        let wanted = "sip:192.0.2.9;transport=tcp".to_owned();
        alice.endpoint.register(RegisterConfig { registrar: wanted, ..config() }).unwrap();
        let mut old = None;
        for cseq in [1, 3] {
            let mut connection = accept(&mut *registrar).await;
            let seen = connection.peer_addr();
            assert_eq!(seen.ip(), OUTSIDE);
            let first = read(&mut connection).await;
            assert_eq!(field(&first, "CSeq"), format!("{cseq} REGISTER"));
            let told = contacts(&first).into_iter().map(str::to_owned).collect::<Vec<_>>();
            assert!(told[0].ends_with("@10.0.0.2:5060;transport=tcp>"), "{told:?}");
            assert_eq!(told.get(1).cloned(), old.map(|old| format!("{old};expires=0")));
            connection.write_all(accepted(&first, seen, 600).as_bytes()).await.unwrap();
            let second = read(&mut connection).await;
            let public = told[0].replace("10.0.0.2:5060", &seen.to_string());
            assert_eq!(contacts(&second), [public.clone(), format!("{};expires=0", told[0])]);
            connection.write_all(accepted(&second, seen, 600).as_bytes()).await.unwrap();
            assert!(matches!(alice.next().await, Event::Registered { .. }));
            old = Some(public);
            alice.sleep(Duration::from_secs(5)).await;
        }
    });
}
