//! Calls with audio, as they run: what a call costs, how evenly its packets leave and what it keeps,
//! beside the bare receiving and sending of the same packets. `cargo run --release --package benches
//! --bin talking`.

use media_ctl::audio::{AudioSink, AudioSource, Silence};
use media_ctl::driver::{MediaSession, Ports};
use media_ctl::{MediaConfig, Seed};
use net::tokio::{TokioNetwork, TokioRuntime};
use net::{Observed, Packet, Sink};
use ssm::{Call, Open};
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A frame of G.711 lasts so long, and its packet has so many octets.
pub const FRAME: Duration = Duration::from_millis(20);
const PACKET: usize = 172;

/// Sockets that send and receive a packet every 20 ms and do nothing else: the peer of the calls, and
/// the floor that they are held to.
#[derive(Debug)]
pub struct Bare {
    sockets: Vec<UdpSocket>,
    sent: u32,
}

impl Bare {
    /// So many sockets.
    ///
    /// # Errors
    /// The system gives none.
    pub fn new(calls: usize) -> io::Result<Self> {
        let socket = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let sockets = (0..calls).map(|_| socket()).collect::<io::Result<_>>()?;
        Ok(Self { sockets, sent: 0 })
    }

    /// Their ports.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn ports(&self) -> io::Result<Vec<u16>> {
        self.sockets.iter().map(|socket| Ok(socket.local_addr()?.port())).collect()
    }

    /// Connects each to one of these ports.
    ///
    /// # Errors
    /// As the system says.
    pub fn connect(&self, ports: &[u16]) -> io::Result<()> {
        let mut pairs = self.sockets.iter().zip(ports);
        pairs.try_for_each(|(socket, port)| socket.connect((Ipv4Addr::LOCALHOST, *port)))
    }

    /// Talks for this long.
    pub fn talk(&mut self, time: Duration) {
        let from = now();
        let mut frames = 0;
        while FRAME * frames < time {
            self.frame();
            frames += 1;
            std::thread::sleep((FRAME * frames).saturating_sub(from.elapsed()));
        }
    }

    fn frame(&mut self) {
        let mut packet = [0x55; PACKET];
        let [.., high, low] = self.sent.to_be_bytes();
        let [a, b, c, d] = (self.sent * 160).to_be_bytes();
        // RFC 3550 §5.1: version 2, PCMU, an SSRC of a peer's own.
        packet[..12].copy_from_slice(&[0x80, 0, high, low, a, b, c, d, 1, 2, 3, 4]);
        self.sent += 1;
        let mut buffer = [0; 2_048];
        for socket in &self.sockets {
            while socket.recv(&mut buffer).is_ok() {}
            // Nobody may listen there any more.
            _ = socket.send(&packet);
        }
    }
}

/// Calls of ours, in the runtime that is entered.
#[derive(Debug)]
pub struct Calls {
    sessions: Vec<MediaSession>,
    pace: Arc<Pace>,
}

impl Calls {
    /// A call with each of these ports, that say a hum and hear what comes.
    ///
    /// # Errors
    /// A session cannot be opened, or does not agree.
    pub fn new(peers: &[u16]) -> io::Result<Self> {
        let handle = tokio::runtime::Handle::current();
        let pace = Arc::new(Pace::default());
        let network = Observed::new(TokioNetwork::new(handle.clone()), Arc::clone(&pace) as _);
        let ports = Ports {
            runtime: Arc::new(TokioRuntime::new(handle)),
            network: Arc::new(network),
            security: Arc::new(Open),
            observer: None,
        };
        let session = |(nth, peer): (usize, &u16)| {
            let call = Call(nth as u64);
            let config = MediaConfig {
                peer_on_loopback: true,
                ..MediaConfig::new(call, Ipv4Addr::LOCALHOST.into(), seed(nth))
            };
            let (says, hears) = (Box::new(Hum), Box::new(Silence));
            let session = MediaSession::open(&ports, config, says, hears as Box<dyn AudioSink>)?;
            session.offer().map_err(io::Error::other)?;
            session.accept_answer(answer(*peer).as_bytes()).map_err(io::Error::other)?;
            session.start().map_err(io::Error::other)?;
            Ok(session)
        };
        let sessions = peers.iter().enumerate().map(session).collect::<io::Result<_>>()?;
        Ok(Self { sessions, pace })
    }

    /// Their ports.
    pub fn ports(&self) -> Vec<u16> {
        self.sessions.iter().map(|session| session.local_rtp().port()).collect()
    }

    /// How evenly packets have left since this was asked last.
    pub fn pace(&self) -> Intervals {
        std::mem::take(&mut lock(&self.pace.0).1)
    }

    /// Packets that have come in, of all calls.
    pub fn received(&self) -> u64 {
        self.sessions.iter().map(|session| session.stats().packets_received).sum()
    }
}

fn seed(nth: usize) -> Seed {
    let mut octets = [7; Seed::LENGTH];
    octets[..8].copy_from_slice(&nth.to_be_bytes());
    Seed::new(octets)
}

/// What a peer at this port answers. RFC 3264.
fn answer(port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0\r\na=rtcp-mux\r\n"
    )
}

/// Says the same sample for ever: what is measured is the call and not a voice.
struct Hum;

impl AudioSource for Hum {
    fn read(&mut self, frame: &mut [i16]) -> usize {
        frame.fill(1_000);
        frame.len()
    }
}

/// How far apart the packets of a call left, all calls together.
#[derive(Debug, Default)]
pub struct Intervals {
    count: f64,
    sum: f64,
    squares: f64,
    /// The longest.
    pub worst: Duration,
}

impl Intervals {
    /// The standard deviation.
    pub fn deviation(&self) -> Duration {
        let mean = self.sum / self.count.max(1.0);
        let variance = self.squares / self.count.max(1.0) - mean * mean;
        Duration::from_secs_f64(variance.max(0.0).sqrt())
    }

    fn add(&mut self, interval: Duration) {
        let seconds = interval.as_secs_f64();
        self.count += 1.0;
        self.sum += seconds;
        self.squares += seconds * seconds;
        self.worst = self.worst.max(interval);
    }
}

/// When a packet of each call left last, and how far apart they left.
#[derive(Debug, Default)]
struct Pace(Mutex<(BTreeMap<SocketAddr, Instant>, Intervals)>);

impl Sink for Pace {
    fn packet(&self, packet: &Packet<'_>) {
        if packet.outgoing && packet.octets.len() == PACKET {
            let now = now();
            let (left, intervals) = &mut *lock(&self.0);
            if let Some(last) = left.insert(packet.local, now) {
                intervals.add(now.duration_since(last));
            }
        }
    }
}

/// A panic elsewhere leaves numbers.
fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> Instant {
    Instant::now()
}
