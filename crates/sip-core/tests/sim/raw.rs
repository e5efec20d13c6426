//! A peer that writes its messages by hand.

use crate::world::World;
use net::{Datagram, DatagramSocket, Runtime};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

pub(crate) struct Raw {
    socket: Box<dyn DatagramSocket>,
    runtime: Arc<dyn Runtime>,
    inbox: VecDeque<String>,
    pub(crate) peer: SocketAddr,
}

impl Raw {
    /// A socket at 192.0.2.`host`:5060 that writes to 192.0.2.2:5060.
    pub(crate) fn new(world: &World, host: u8) -> Self {
        Self::at(world, SocketAddr::from(([192, 0, 2, host], 5060)))
    }

    /// A socket at 192.0.2.`host`:5060 that writes to Alice's, 192.0.2.1:5060.
    pub(crate) fn to_alice(world: &World, host: u8) -> Self {
        Self { peer: ([192, 0, 2, 1], 5060).into(), ..Self::new(world, host) }
    }

    /// One at any address.
    pub(crate) fn at(world: &World, address: SocketAddr) -> Self {
        let (runtime, network) = world.sim.host(address.ip());
        let socket = network.bind(address).unwrap();
        let peer = SocketAddr::from(([192, 0, 2, 2], 5060));
        Self { socket, runtime, inbox: VecDeque::new(), peer }
    }

    pub(crate) fn send(&self, text: &str) {
        self.send_octets(text.as_bytes());
    }

    pub(crate) fn send_octets(&self, octets: &[u8]) {
        self.socket.try_send(self.peer, octets).unwrap();
    }

    /// The next message that comes in within a second, but for line ends alone.
    pub(crate) async fn receive(&mut self) -> Option<String> {
        self.receive_within(1).await
    }

    /// The same within so many seconds.
    pub(crate) async fn receive_within(&mut self, seconds: u64) -> Option<String> {
        self.receive_until(self.now() + Duration::from_secs(seconds)).await
    }

    /// The same, until then.
    pub(crate) async fn receive_until(&mut self, until: Instant) -> Option<String> {
        let mut sleep = self.runtime.sleep_until(until);
        let mut batch: Vec<Datagram> = Vec::new();
        while self.inbox.is_empty() {
            let in_time =
                std::future::poll_fn(|cx| match self.socket.poll_receive(cx, &mut batch) {
                    Poll::Ready(_) => Poll::Ready(true),
                    Poll::Pending => sleep.as_mut().poll(cx).map(|()| false),
                })
                .await;
            let texts = batch.drain(..).map(|it| String::from_utf8(it.octets.to_vec()).unwrap());
            // What only keeps the way open is no message.
            self.inbox.extend(texts.filter(|text| !text.trim().is_empty()));
            if !in_time {
                break;
            }
        }
        self.inbox.pop_front()
    }

    /// The start line of the next message, without the version.
    pub(crate) async fn status(&mut self) -> Option<String> {
        let message = self.receive().await?;
        let line = message.lines().next()?;
        Some(line.trim_start_matches("SIP/2.0 ").to_owned())
    }

    pub(crate) fn now(&self) -> Instant {
        self.runtime.now()
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        self.runtime.sleep_until(self.runtime.now() + time).await;
    }
}

/// A request to Bob, with what tells two of them apart. An INVITE makes an offer.
pub(crate) struct Wanted<'a> {
    pub(crate) method: &'a str,
    pub(crate) branch: &'a str,
    pub(crate) cseq: u32,
    pub(crate) to_tag: &'a str,
    pub(crate) extra: &'a str,
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self { method: "INVITE", branch: "one", cseq: 1, to_tag: "", extra: "" }
    }
}

/// A response to a request that came in, without a To tag of its own.
pub(crate) fn response(request: &str, status: &str, extra: &str) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        text += &format!("{name}: {}\r\n", field(request, name));
    }
    text + extra + "Content-Length: 0\r\n\r\n"
}

/// The value of a field.
pub(crate) fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_once(": ").unwrap().1
}

/// The tag of To.
pub(crate) fn to_tag(message: &str) -> &str {
    field(message, "To").split_once("tag=").unwrap().1
}

/// The end of a head and the body that follows.
pub(crate) const OFFER: &str = "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\noffer";

/// What follows the head of a request without a body.
const NO_BODY: &str = "Content-Length: 0\r\n\r\n";

/// The same request without its offer.
pub(crate) fn offerless(invite: &str) -> String {
    invite.replace(OFFER, NO_BODY)
}

pub(crate) fn request(wanted: &Wanted<'_>) -> String {
    let Wanted { method, branch, cseq, to_tag, extra } = wanted;
    let end = if *method == "INVITE" && !extra.contains("Content-") { OFFER } else { NO_BODY };
    let tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
    format!(
        "{method} sip:bob@192.0.2.2 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bK{branch}\r\n\
         Max-Forwards: 70\r\n\
         From: <sip:mallory@192.0.2.9>;tag=m\r\n\
         To: <sip:bob@192.0.2.2>{tag}\r\n\
         Call-ID: raw\r\n\
         CSeq: {cseq} {method}\r\n\
         Contact: <sip:mallory@192.0.2.9>\r\n\
         {extra}{end}"
    )
}

/// The ACK with this branch and CSeq in the dialog with this tag of Bob's.
pub(crate) fn ack(branch: &str, cseq: u32, tag: &str) -> String {
    request(&Wanted { method: "ACK", branch, cseq, to_tag: tag, ..Wanted::default() })
}
