//! Requests that prove nothing, many a second, from an address that nobody else has.

use super::super::waiting::now;
use crate::command::Failure;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Where they come from.
const FROM: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);
/// How often a bunch of them leaves, in a second.
const BUNCHES: u32 = 200;

/// They come until they are stopped.
pub(super) struct Strangers {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Tally>>,
}

/// How many came, and what came back.
#[derive(Default)]
pub(super) struct Tally {
    sent: u64,
    challenged: u64,
    seconds: f64,
}

impl Strangers {
    /// So many a second, to a terminal that asks for proof.
    ///
    /// # Errors
    /// Nothing can be sent.
    pub(super) fn start(to: SocketAddr, rate: u32) -> Result<Self, Failure> {
        let socket = UdpSocket::bind((FROM, 0)).and_then(|socket| {
            socket.connect(to)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        let socket = socket.map_err(|why| format!("cannot send from {FROM}: {why}"))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || flood(&socket, to, rate, &stopped));
        Ok(Self { stop, thread })
    }

    /// Stops them.
    ///
    /// # Errors
    /// They could not go on before.
    pub(super) fn stop(self) -> Result<Tally, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let tally = self.thread.join().map_err(|_| "the flood broke off".to_owned())?;
        tally.map_err(|why| format!("the flood: {why}"))
    }
}

fn flood(socket: &UdpSocket, to: SocketAddr, rate: u32, stop: &AtomicBool) -> io::Result<Tally> {
    let local = socket.local_addr()?;
    let (from, mut tally) = (now(), Tally::default());
    let mut bunch = 0;
    while rate > 0 && !stop.load(Ordering::Relaxed) {
        bunch += 1;
        let due = from + Duration::from_secs(1) * bunch / BUNCHES;
        for _ in 0..rate / BUNCHES {
            let request = invite(local, to, tally.sent);
            match socket.send(request.as_bytes()) {
                Ok(_) => tally.sent += 1,
                // The receiver's buffer is full: any network may drop it.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        tally.receive(socket)?;
        thread::sleep(due.saturating_duration_since(now()));
    }
    tally.seconds = from.elapsed().as_secs_f64();
    Ok(tally)
}

fn invite(from: SocketAddr, to: SocketAddr, number: u64) -> String {
    format!(
        "INVITE sip:bob@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{number}\r\n\
         From: <sip:mallory@{from}>;tag={number}\r\nTo: <sip:bob@{to}>\r\nCall-ID: {number}@{from}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:mallory@{from}>\r\nMax-Forwards: 70\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

impl Tally {
    fn receive(&mut self, socket: &UdpSocket) -> io::Result<()> {
        let mut octets = [0; 2_048];
        loop {
            match socket.recv(&mut octets) {
                Ok(_) => self.challenged += u64::from(octets.starts_with(b"SIP/2.0 401 ")),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, challenged, seconds } = self;
        let a_second = *sent as f64 / seconds;
        write!(f, "{sent} in {seconds:.0} s, {a_second:.0} a second; {challenged} were challenged")
    }
}
