//! Sessions whose relay is reached by a connection, over TCP and over TLS, and what becomes of them where
//! the server does otherwise than it should.

use super::ice::{SECOND, config};
use super::ice_anew::{CAROL, Held, challenge, granted, key, user};
use super::*;
use crate::{IceServers, RelayLoss, TurnServer, TurnTransport};
use net::{BoxFuture, Connection, Datagram, DatagramSocket, Listener, Network, Runtime, Transport};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;
use stun_proto::types::attribute::Username;
use stun_proto::types::message::{Message, MessageClass, MessageWriteVec};
use stun_proto::types::prelude::*;
use turn_client_proto::types::attribute::{Data, XorPeerAddress};
use turn_client_proto::types::message::DATA;

const NAME: &str = "turn.example.org";

/// What a server does with whoever is connected to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// What it should.
    Serves,
    /// It reads, says this once, and no more.
    Says(&'static [u8]),
    /// It reads nothing.
    Deaf,
    /// It closes the connection.
    Closes,
}

/// A TURN server that is reached by connections, each of which has an address. RFC 8656 §7, §11.
struct Server {
    manner: Mutex<Manner>,
    held: Held,
    /// Connections that are open.
    open: Mutex<usize>,
    /// Datagrams that it has passed on to peers.
    passed: Mutex<usize>,
}

impl Server {
    fn new(manner: Manner) -> Arc<Self> {
        Arc::new(Self {
            manner: Mutex::new(manner),
            held: Held::default(),
            open: Mutex::default(),
            passed: Mutex::default(),
        })
    }

    fn is(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    fn manner(&self) -> Manner {
        *self.manner.lock().unwrap()
    }

    fn open(&self) -> usize {
        *self.open.lock().unwrap()
    }

    fn passed(&self) -> usize {
        *self.passed.lock().unwrap()
    }

    /// Takes connections from now on.
    fn start(self: &Arc<Self>, sim: &Simulation, by: TurnTransport) -> TurnServer {
        let at = SocketAddr::from((CAROL, 5349));
        let (runtime, network) = sim.host(CAROL.into());
        let transport = if by == TurnTransport::Tcp { Transport::Tcp } else { Transport::Tls };
        let mut listener = network.listen(transport, at).unwrap();
        let (server, spawner) = (Arc::clone(self), Arc::clone(&runtime));
        runtime.spawn(Box::pin(async move {
            loop {
                let connection = listener.accept().await.unwrap();
                let relayed = network.bind((CAROL, 0).into()).unwrap();
                let (server, runtime) = (Arc::clone(&server), Arc::clone(&spawner));
                *server.open.lock().unwrap() += 1;
                spawner.spawn(Box::pin(async move {
                    server.serve(runtime, connection, relayed).await;
                    *server.open.lock().unwrap() -= 1;
                }));
            }
        }));
        user(at, by)
    }

    async fn serve(
        &self, runtime: Arc<dyn Runtime>, mut connection: Box<dyn Connection>,
        relayed: Box<dyn DatagramSocket>,
    ) {
        let (mut came, mut room, mut batch) = (Vec::new(), [0; 1_000], Vec::new());
        let mut said = false;
        loop {
            match self.manner() {
                Manner::Serves => {}
                Manner::Says(octets) if !said => {
                    said = true;
                    connection.write_all(octets).await.unwrap();
                }
                Manner::Says(_) => {}
                Manner::Deaf => {
                    runtime.sleep_until(runtime.now() + Duration::from_millis(100)).await;
                    continue;
                }
                Manner::Closes => return,
            }
            let read = poll_fn(|cx| match connection.poll_read(cx, &mut room) {
                Poll::Ready(read) => Poll::Ready(Some(read)),
                Poll::Pending => relayed.poll_receive(cx, &mut batch).map(|_| None),
            });
            match read.await {
                Some(Ok(0) | Err(_)) => return,
                Some(Ok(count)) => came.extend_from_slice(&room[..count]),
                None => {}
            }
            if self.manner() != Manner::Serves {
                batch.clear();
                continue;
            }
            let mut says: Vec<_> = batch.drain(..).map(|it| indication(&it)).collect();
            while let Some(message) = whole(&mut came) {
                says.extend(self.answer(connection.peer_addr(), &*relayed, &message));
            }
            for message in says {
                // What nobody asked for, of a channel that is bound to nobody: one octet, and padding.
                let stream = [&[0x40, 0, 0, 1, 0xff, 0, 0, 0][..], &message].concat();
                for piece in stream.chunks(61) {
                    if connection.write_all(piece).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn answer(
        &self, client: SocketAddr, relayed: &dyn DatagramSocket, octets: &[u8],
    ) -> Option<Vec<u8>> {
        let message = Message::from_bytes(octets).unwrap();
        if message.has_class(MessageClass::Indication) {
            let peer = message.attribute::<XorPeerAddress>().unwrap();
            let data = message.attribute::<Data<'_>>().unwrap();
            *self.passed.lock().unwrap() += 1;
            relayed.try_send(peer.addr(message.transaction_id()), data.data()).unwrap();
            return None;
        }
        Some(match message.attribute::<Username>() {
            Ok(_) => granted(&message, client, relayed.local_addr(), &self.held, &key()),
            Err(_) => challenge(&message),
        })
    }
}

/// The next message that is whole: a client that binds no channel sends STUN alone.
fn whole(came: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = 20 + usize::from(u16::from_be_bytes([*came.get(2)?, *came.get(3)?]));
    (came.len() >= length).then(|| came.drain(..length).collect())
}

/// What came from a peer, as the client is told. RFC 8656 §11.3.
fn indication(datagram: &Datagram) -> Vec<u8> {
    let mut message = Message::builder_indication(DATA, MessageWriteVec::new());
    let peer = XorPeerAddress::new(datagram.source, message.transaction_id());
    message.add_attribute(&peer).unwrap();
    message.add_attribute(&Data::new(&datagram.octets)).unwrap();
    message.finish()
}

/// A network that notes whom connections are asked for, and refuses all where it says why.
#[derive(Debug)]
struct Noting {
    inner: Arc<dyn Network>,
    asked: Mutex<Vec<(Transport, Option<String>)>>,
    refuses: Option<&'static str>,
}

impl Noting {
    fn new(sim: &Simulation, refuses: Option<&'static str>) -> Arc<Self> {
        let (_, inner) = sim.host(ALICE.into());
        Arc::new(Self { inner, asked: Mutex::default(), refuses })
    }

    fn asked(&self) -> Vec<(Transport, Option<String>)> {
        self.asked.lock().unwrap().clone()
    }
}

impl Network for Noting {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        self.inner.bind(local)
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        self.asked.lock().unwrap().push((transport, name.map(str::to_owned)));
        match self.refuses {
            Some(why) => {
                let refused = io::Error::new(io::ErrorKind::PermissionDenied, why);
                Box::pin(std::future::ready(Err(refused)))
            }
            None => self.inner.connect(transport, remote, name),
        }
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        self.inner.listen(transport, local)
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        self.inner.resolve(host)
    }
}

fn tls() -> TurnTransport {
    TurnTransport::Tls(NAME.to_owned())
}

/// Alice, who has this server, and Bob, who has none; what goes from one to the other directly is lost.
fn apart(sim: &Simulation, network: Arc<Noting>, turn: TurnServer) -> [Side; 2] {
    sim.cut(ALICE.into(), BOB.into());
    let of_alice = config(ALICE, 1, IceServers { stun: None, turn: Some(turn) });
    let alice = over(sim, of_alice, (toy(), network), Box::new(Speech::new(1)));
    let bob = with(sim, config(BOB, 2, IceServers::default()), toy(), 2);
    sim.block_on(alice.session.gathered()).unwrap();
    [alice, bob]
}

/// The same, in a call whose way is by the relay.
fn relayed(sim: &Simulation, server: &Arc<Server>, by: TurnTransport) -> [Side; 2] {
    let turn = server.start(sim, by);
    let [alice, bob] = apart(sim, Noting::new(sim, None), turn);
    negotiate(&alice, &bob);
    for side in [&alice, &bob] {
        assert_eq!(side.event(sim), Some(Event::Connected));
    }
    [alice, bob]
}

#[test]
fn where_there_is_no_other_way_media_take_a_relay_by_tcp_or_tls() {
    let asked = |transport, name: Option<&str>| vec![(transport, name.map(str::to_owned)); 2];
    for (by, asked) in [
        (TurnTransport::Tcp, asked(Transport::Tcp, None)),
        (tls(), asked(Transport::Tls, Some(NAME))),
    ] {
        let sim = network(5, link(0.0, 0.0, 5, 20));
        let noting = Noting::new(&sim, None);
        let turn = Server::new(Manner::Serves).start(&sim, by);
        let [alice, bob] = apart(&sim, Arc::clone(&noting), turn);
        assert!(sim.elapsed() < SECOND, "{:?}", sim.elapsed());
        assert_eq!(noting.asked(), asked);
        negotiate(&alice, &bob);
        sim.run_until(sim.elapsed() + SECOND * 6).unwrap();
        for (side, voice) in [(&alice, 2), (&bob, 1)] {
            assert_eq!(side.event(&sim), Some(Event::Connected));
            let heard = side.heard.0.lock().unwrap().clone();
            let said = Speech::samples(voice, 6 * SAMPLE_RATE as usize);
            let alike = similarity(&said, &heard);
            assert!(alike > 0.9, "{alike} {:?}", side.session.stats());
            assert_eq!(side.session.stats().relays_lost, 0);
        }
    }
}

/// Nothing waits for a server that is not there, or is none, for longer than for any other; and that is
/// told, once.
#[test]
fn a_relay_that_is_not_to_be_had_is_left_out_and_told() {
    let refusal = "its certificate is for example.net, not for turn.example.org";
    for (manner, refuses, why, told, seconds) in [
        (None, None, RelayLoss::Disconnected, "connection refused", 0),
        (Some(Manner::Closes), None, RelayLoss::Disconnected, "connection", 0),
        (Some(Manner::Serves), Some(refusal), RelayLoss::Disconnected, refusal, 0),
        (Some(Manner::Says(b"")), None, RelayLoss::Late, "within 3 s", 3),
        // Four octets that a channel's data might begin with.
        (
            Some(Manner::Says(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
            None,
            RelayLoss::Late,
            "within",
            3,
        ),
        (
            Some(Manner::Says(b"\x15\x03\x03\0\x02\x02\x28\0")),
            None,
            RelayLoss::Malformed,
            "neither STUN nor TURN",
            0,
        ),
        (Some(Manner::Says(b"\xff")), None, RelayLoss::Malformed, "neither STUN nor TURN", 0),
    ] {
        let sim = network(5, link(0.0, 0.0, 5, 20));
        let turn = match manner {
            Some(manner) => Server::new(manner).start(&sim, tls()),
            None => {
                sim.host(CAROL.into());
                user((CAROL, 5349).into(), tls())
            }
        };
        let [alice, bob] = apart(&sim, Noting::new(&sim, refuses), turn);
        assert_eq!(sim.elapsed().as_millis() / 900, seconds, "{manner:?} {:?}", sim.elapsed());
        assert_eq!(alice.session.relay_loss(), Some(why), "{manner:?}");
        let trouble = alice.session.relay_trouble(why);
        assert!(trouble.contains(told), "{manner:?} {trouble}");
        assert_eq!(alice.session.relay_loss(), None);
        let offer = String::from_utf8(alice.session.offer().unwrap()).unwrap();
        assert!(!offer.contains("typ relay"), "{offer}");
        alice.session.withdraw_offer();
        // The call goes on without.
        sim.heal(ALICE.into(), BOB.into());
        negotiate(&alice, &bob);
        assert_eq!(alice.event(&sim), Some(Event::Connected));
        assert_eq!(alice.session.stats().relays_lost, 2);
    }
}

/// Over UDP, too, it is told; an address that comes later is taken all the same.
#[test]
fn a_server_that_gives_no_address_by_datagrams_is_told() {
    let sim = network(5, link(0.0, 0.0, 5, 20));
    sim.host(CAROL.into());
    let turn = user((CAROL, 3478).into(), TurnTransport::Udp);
    let [alice, _] = apart(&sim, Noting::new(&sim, None), turn);
    assert!((2_900..=3_100).contains(&sim.elapsed().as_millis()), "{:?}", sim.elapsed());
    assert_eq!(alice.session.relay_loss(), Some(RelayLoss::Late));
    assert_eq!((alice.session.relay_loss(), alice.session.stats().relays_lost), (None, 0));
}

/// Whoever relays may be lost at any time: the connection is closed, and once the peer has not consented
/// for long, the way is.
#[test]
fn a_relay_that_is_lost_in_a_call_is_told_and_so_is_the_way() {
    for (manner, why, within) in [
        (Manner::Closes, RelayLoss::Disconnected, 1),
        (Manner::Says(b"\x80"), RelayLoss::Malformed, 1),
        (Manner::Says(&[0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x43]), RelayLoss::Malformed, 1),
        (Manner::Says(&[0, 1, 0, 3]), RelayLoss::Malformed, 1),
        (Manner::Says(&[0x40, 0, 0xff, 0xff, 0]), RelayLoss::Unfinished, 11),
        (Manner::Says(&[0, 1, 0xff, 0xfc, 0x21, 0x12]), RelayLoss::Unfinished, 11),
    ] {
        let sim = network(5, link(0.0, 0.0, 5, 20));
        let server = Server::new(Manner::Serves);
        let [alice, _bob] = relayed(&sim, &server, TurnTransport::Tcp);
        assert_eq!(server.open(), 1);
        server.is(manner);
        let began = sim.elapsed();
        assert_eq!(alice.event(&sim), Some(Event::RelayLost(why)), "{manner:?}");
        let lasted = (sim.elapsed() - began).as_secs();
        assert!((within - 1..within).contains(&lasted), "{manner:?} {lasted}");
        sim.run_until(sim.elapsed() + SECOND).unwrap();
        assert_eq!((server.open(), alice.session.stats().relays_lost), (0, 1), "{manner:?}");
        assert_eq!(alice.event(&sim), Some(Event::Unreachable));
        assert!(sim.elapsed() - began < SECOND * 32, "{:?}", sim.elapsed());
    }
}

/// What does not go by the connection at once is lost, as it is on any network that is full: it is not
/// kept until it is old.
#[test]
fn media_that_the_connection_does_not_take_are_lost() {
    let sim = network(5, link(0.0, 0.0, 5, 20));
    let server = Server::new(Manner::Serves);
    let [alice, bob] = relayed(&sim, &server, TurnTransport::Tcp);
    server.is(Manner::Deaf);
    let sent = alice.session.stats().packets_sent;
    sim.run_until(sim.elapsed() + SECOND * 15).unwrap();
    let unheard = alice.session.stats().packets_sent - sent;
    assert!((700..=760).contains(&unheard), "{unheard}");
    server.is(Manner::Serves);
    let before = server.passed();
    sim.run_until(sim.elapsed() + SECOND).unwrap();
    // What the connection had taken, a window of 64 kB, and the second that has passed.
    let came = server.passed() - before;
    assert!((250..400).contains(&came), "{came}");
    sim.run_until(sim.elapsed() + SECOND * 3).unwrap();
    let more = server.passed() - before - came;
    assert!((150..200).contains(&more), "{more}");
    assert!(bob.session.stats().lost > 350, "{:?}", bob.session.stats());
}

/// RFC 8656 §7: what is not needed any more is given back, and its connection closed.
#[test]
fn what_is_held_by_a_connection_is_given_back() {
    let sim = network(7, link(0.0, 0.0, 5, 5));
    let server = Server::new(Manner::Serves);
    let turn = server.start(&sim, tls());
    let [alice, bob] = apart(&sim, Noting::new(&sim, None), turn);
    assert_eq!((server.held.lock().unwrap().len(), server.open()), (2, 2));
    negotiate(&alice, &bob);
    sim.run_until(sim.elapsed() + SECOND).unwrap();
    assert_eq!((server.held.lock().unwrap().len(), server.open()), (1, 1));
    alice.session.stop().unwrap();
    sim.run_until(sim.elapsed() + SECOND).unwrap();
    assert_eq!((server.held.lock().unwrap().len(), server.open()), (0, 0));
}
