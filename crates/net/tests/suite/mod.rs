//! What a driver may rely on in every world: the same assertions over the simulator and over real
//! sockets.
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use net::{Connection, Datagram, Listener, MAX_BATCH, MAX_DATAGRAM, Network, Runtime, Transport};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

/// One host of a world.
pub(crate) struct World {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) host: IpAddr,
    /// What connections are made of.
    pub(crate) transport: Transport,
    /// What it knows nothing of.
    pub(crate) unsupported: &'static [Transport],
}

impl World {
    fn any_port(&self) -> SocketAddr {
        SocketAddr::new(self.host, 0)
    }

    async fn sleep(&self, millis: u64) {
        let delay = Duration::from_millis(millis);
        self.runtime.sleep_until(self.runtime.now() + delay).await;
    }

    /// The two ends of a connection, the one that connected first.
    async fn pair(&self) -> (Box<dyn Connection>, Box<dyn Connection>) {
        let mut listener = self.listen(self.any_port()).unwrap();
        let connecting = self.network.connect(self.transport, listener.local_addr(), None);
        let (near, far) = tokio::join!(connecting, listener.accept());
        (near.unwrap(), far.unwrap())
    }

    fn listen(&self, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        self.network.listen(self.transport, local)
    }
}

async fn read_to_end(connection: &mut dyn Connection) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match poll_fn(|cx| connection.poll_read(cx, &mut buffer)).await? {
            0 => return Ok(octets),
            count => octets.extend_from_slice(&buffer[..count]),
        }
    }
}

pub(crate) async fn clock_moves_with_sleep(world: World) {
    let before = world.runtime.now();
    world.sleep(30).await;
    assert!(world.runtime.now() - before >= Duration::from_millis(30));
    world.runtime.sleep_until(before).await;
}

pub(crate) async fn tasks_run_beside_each_other(world: World) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let start = world.runtime.now();
    for (name, millis) in [("late", 60), ("early", 20)] {
        let log = Arc::clone(&log);
        let sleep = world.runtime.sleep_until(start + Duration::from_millis(millis));
        world.runtime.spawn(Box::pin(async move {
            sleep.await;
            log.lock().unwrap().push(name);
        }));
    }
    world.sleep(120).await;
    assert_eq!(*log.lock().unwrap(), ["early", "late"]);
}

pub(crate) async fn datagrams_are_echoed(world: World) {
    let near = world.network.bind(world.any_port()).unwrap();
    let far = world.network.bind(world.any_port()).unwrap();
    assert_ne!(near.local_addr(), far.local_addr());
    near.try_send(far.local_addr(), b"ping").unwrap();
    let mut batch: Vec<Datagram> = Vec::new();
    assert_eq!(far.receive(&mut batch).await.unwrap(), 1);
    let got = batch.pop().unwrap();
    assert_eq!((got.source, got.local), (near.local_addr(), far.local_addr()));
    far.try_send(got.source, &got.octets).unwrap();
    near.receive(&mut batch).await.unwrap();
    assert_eq!(&batch[0].octets[..], b"ping");
}

pub(crate) async fn datagrams_come_in_batches(world: World) {
    let near = world.network.bind(world.any_port()).unwrap();
    let far = world.network.bind(world.any_port()).unwrap();
    for number in 0..100_u8 {
        near.try_send(far.local_addr(), &[number]).unwrap();
    }
    world.sleep(50).await;
    let mut batch = Vec::new();
    let mut counts = Vec::new();
    while batch.len() < 100 {
        counts.push(far.receive(&mut batch).await.unwrap());
    }
    assert_eq!(counts, [MAX_BATCH, MAX_BATCH, MAX_BATCH, 4]);
    assert!(batch.iter().map(|datagram| datagram.octets[0]).eq(0..100));
}

pub(crate) async fn datagrams_may_be_empty_or_long(world: World) {
    let near = world.network.bind(world.any_port()).unwrap();
    let far = world.network.bind(world.any_port()).unwrap();
    let long = vec![0x55; MAX_DATAGRAM];
    near.try_send(far.local_addr(), b"").unwrap();
    near.try_send(far.local_addr(), &long).unwrap();
    let mut batch = Vec::new();
    while batch.len() < 2 {
        far.receive(&mut batch).await.unwrap();
    }
    assert!(batch[0].octets.is_empty());
    assert_eq!(batch[1].octets, long);
    assert!(near.try_send(far.local_addr(), &[0; 65_536]).is_err());
}

/// Of what was sent to a port where nobody is, and of nothing else.
pub(crate) async fn what_does_not_arrive_is_told_and_hurts_nothing_else(world: World) {
    let bound = || world.network.bind(world.any_port()).unwrap();
    let (near, far, closed) = (bound(), bound(), bound().local_addr());
    let mut batch = Vec::new();
    // It is asked once before: from then on it is heard.
    assert!(poll_fn(|cx| Poll::Ready(near.poll_undelivered(cx).is_pending())).await);
    for octets in [b"one".as_slice(), b"two"] {
        near.try_send(closed, octets).unwrap();
        let told = near.undelivered().await;
        assert_eq!((told.remote, &told.octets[..]), (closed, octets));
        assert_eq!(told.error.kind(), io::ErrorKind::ConnectionRefused);
        let start = format!("cannot send to UDP {closed}: ");
        assert!(told.error.to_string().starts_with(&start), "{}", told.error);
    }
    // What nobody has asked about yet is said in the place of nothing else.
    near.try_send(closed, b"three").unwrap();
    world.sleep(50).await;
    near.try_send(far.local_addr(), b"four").unwrap();
    far.receive(&mut batch).await.unwrap();
    near.try_send(closed, b"five").unwrap();
    world.sleep(50).await;
    let both = [b"six".as_slice(), b"seven"].map(|it| (far.local_addr(), it.into()));
    assert!(near.try_send_some(&both).unwrap() >= 1);
    far.receive(&mut batch).await.unwrap();
    near.try_send(closed, b"eight").unwrap();
    far.try_send(near.local_addr(), b"nine").unwrap();
    near.receive(&mut batch).await.unwrap();
    let arrived: Vec<&[u8]> = batch.iter().map(|it| &it.octets[..]).collect();
    assert_eq!(
        (arrived[0], arrived[1], *arrived.last().unwrap()),
        (&b"four"[..], &b"six"[..], &b"nine"[..])
    );
    for octets in [b"three".as_slice(), b"five", b"eight"] {
        assert_eq!(&near.undelivered().await.octets[..], octets);
    }
}

pub(crate) async fn a_batch_leaves_in_order_but_for_what_cannot(world: World) {
    let near = world.network.bind(world.any_port()).unwrap();
    let far = [(); 2].map(|()| world.network.bind(world.any_port()).unwrap());
    let to = |place: usize| far[place % 2].local_addr();
    let mut batch: Vec<_> = (0..6).map(|place| (to(place), vec![place as u8].into())).collect();
    batch[3].1 = vec![0; 65_536].into();
    let (mut at, mut failed) = (0, Vec::new());
    while at < batch.len() {
        match near.try_send_some(&batch[at..]) {
            Ok(sent) => {
                assert!(sent > 0 && at + sent <= batch.len());
                at += sent;
            }
            Err(error) => {
                assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "{error}");
                failed.push(at);
                at += 1;
            }
        }
    }
    assert_eq!(failed, [3]);
    assert_eq!(near.try_send_some(&[]).unwrap(), 0);
    for (socket, wanted) in far.iter().zip([&[0, 2, 4][..], &[1, 5]]) {
        let mut came = Vec::new();
        while came.len() < wanted.len() {
            socket.receive(&mut came).await.unwrap();
        }
        let came: Vec<u8> = came.iter().map(|datagram| datagram.octets[0]).collect();
        assert_eq!(came, wanted);
    }
}

pub(crate) async fn nobody_there_is_no_error_for_datagrams(world: World) {
    let near = world.network.bind(world.any_port()).unwrap();
    let far = world.network.bind(world.any_port()).unwrap();
    let (live, gone) = (far.local_addr(), world.network.bind(world.any_port()).unwrap());
    let dead = gone.local_addr();
    drop(gone);
    near.try_send(dead, b"anybody?").unwrap();
    world.sleep(20).await;
    far.try_send(near.local_addr(), b"here").unwrap();
    let mut batch = Vec::new();
    near.receive(&mut batch).await.unwrap();
    assert_eq!((batch[0].source, &batch[0].octets[..]), (live, &b"here"[..]));
}

pub(crate) async fn a_port_in_use_is_named(world: World) {
    let socket = world.network.bind(world.any_port()).unwrap();
    let local = socket.local_addr();
    let error = world.network.bind(local).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let text = error.to_string();
    assert!(text.starts_with(&format!("cannot bind UDP {local}: ")), "{text}");
    assert_eq!(text.lines().count(), 1);
    drop(socket);
    world.network.bind(local).unwrap();

    let listener = world.listen(world.any_port()).unwrap();
    let local = listener.local_addr();
    let error = world.listen(local).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("cannot listen on {} {local}: ", world.transport.name())),
        "{text}"
    );
    drop(listener);
    world.listen(local).unwrap();
}

pub(crate) async fn a_foreign_address_is_refused(world: World) {
    let foreign: SocketAddr = match world.host {
        IpAddr::V4(_) => "192.0.2.99:5060".parse().unwrap(),
        IpAddr::V6(_) => "[2001:db8::99]:5060".parse().unwrap(),
    };
    let error = world.network.bind(foreign).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    let error = world.listen(foreign).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
}

pub(crate) async fn streams_are_echoed(world: World) {
    let (mut near, mut far) = world.pair().await;
    assert_eq!((near.local_addr(), near.peer_addr()), (far.peer_addr(), far.local_addr()));
    assert_eq!((near.transport(), far.transport()), (world.transport, world.transport));
    world.runtime.spawn(Box::pin(async move {
        let mut buffer = [0; 1000];
        while let Ok(count @ 1..) = far.read(&mut buffer).await {
            if far.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    }));
    let said: Vec<u8> = (0..30_000_u32).flat_map(u32::to_be_bytes).collect();
    let mut heard = Vec::new();
    for chunk in said.chunks(7_000) {
        near.write_all(chunk).await.unwrap();
        let mut buffer = [0; 4096];
        let goal = heard.len() + chunk.len();
        while heard.len() < goal {
            let count = near.read(&mut buffer).await.unwrap();
            assert!(count > 0);
            heard.extend_from_slice(&buffer[..count]);
        }
    }
    assert!(said == heard);
}

pub(crate) async fn finishing_closes_one_direction(world: World) {
    let (mut near, mut far) = world.pair().await;
    near.write_all(b"question").await.unwrap();
    near.finish().await.unwrap();
    assert_eq!(read_to_end(&mut *far).await.unwrap(), b"question");
    far.write_all(b"answer").await.unwrap();
    far.finish().await.unwrap();
    assert_eq!(read_to_end(&mut *near).await.unwrap(), b"answer");
    let error = near.write_all(b"more").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

pub(crate) async fn dropping_sends_what_was_written(world: World) {
    let (mut near, mut far) = world.pair().await;
    let octets = vec![7; 50_000];
    near.write_all(&octets).await.unwrap();
    drop(near);
    assert!(read_to_end(&mut *far).await.unwrap() == octets);
}

pub(crate) async fn dropping_with_octets_unread_resets(world: World) {
    let (near, mut far) = world.pair().await;
    far.write_all(b"never read").await.unwrap();
    world.sleep(50).await;
    drop(near);
    let error = far.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

pub(crate) async fn writing_to_a_closed_peer_fails(world: World) {
    let (near, mut far) = world.pair().await;
    drop(near);
    assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
    let mut result = Ok(());
    for _ in 0..100 {
        result = far.write_all(b"hello?").await;
        if result.is_err() {
            break;
        }
        world.sleep(10).await;
    }
    let kind = result.unwrap_err().kind();
    assert!(matches!(kind, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe), "{kind:?}");
}

pub(crate) async fn a_refused_connection_is_named(world: World) {
    let listener = world.listen(world.any_port()).unwrap();
    let closed = listener.local_addr();
    drop(listener);
    let error = world.network.connect(world.transport, closed, None).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("cannot connect to {} {closed}: ", world.transport.name())),
        "{text}"
    );
}

pub(crate) async fn accepted_connections_outlive_the_listener(world: World) {
    // `pair` has dropped its listener.
    let (mut near, mut far) = world.pair().await;
    near.write_all(b"still here").await.unwrap();
    let mut buffer = [0; 16];
    let count = far.read(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..count], b"still here");
}

pub(crate) async fn a_waiting_reader_is_woken(world: World) {
    let (mut near, mut far) = world.pair().await;
    let mut buffer = [0; 8];
    let pending = poll_fn(|cx| Poll::Ready(near.poll_read(cx, &mut buffer).is_pending())).await;
    assert!(pending);
    world.runtime.spawn(Box::pin(async move {
        let _ = far.write_all(b"now").await;
    }));
    assert_eq!(near.read(&mut buffer).await.unwrap(), 3);
}

pub(crate) async fn addresses_resolve_to_themselves(world: World) {
    let found = world.network.resolve(&world.host.to_string()).await.unwrap();
    assert_eq!(found, [world.host]);
    let v6: IpAddr = "2001:db8::1".parse().unwrap();
    assert_eq!(world.network.resolve("[2001:db8::1]").await.unwrap(), [v6]);
}

pub(crate) async fn the_way_to_ourselves_begins_here(world: World) {
    assert_eq!(world.network.route(world.host).unwrap(), world.host);
}

pub(crate) async fn other_transports_are_unsupported(world: World) {
    for &transport in world.unsupported {
        let error = world.network.listen(transport, world.any_port()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        let remote = SocketAddr::new(world.host, 5061);
        let error = world.network.connect(transport, remote, None).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }
}
