//! A host that writes its datagrams by hand.

use crate::world::World;
use net::DatagramSocket;
use std::task::{Context, Waker};

/// An offer of plain audio at this host.
pub(crate) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.66\r\ns=-\r\nc=IN IP4 192.0.2.66\r\n\
    t=0 0\r\nm=audio 6666 RTP/AVP 0\r\n";

pub(crate) struct Raw(Box<dyn DatagramSocket>);

impl Raw {
    /// A socket at port 5060 of `ip`.
    pub(crate) fn new(world: &World, ip: [u8; 4]) -> Self {
        let (_, network) = world.sim.host(ip.into());
        Self(network.bind((ip, 5060).into()).unwrap())
    }

    pub(crate) fn send(&self, to: [u8; 4], text: &str) {
        self.0.try_send((to, 5060).into(), text.as_bytes()).unwrap();
    }

    /// What has come in since this was asked last.
    pub(crate) fn heard(&self) -> Vec<String> {
        let mut batch = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        while self.0.poll_receive(&mut cx, &mut batch).is_ready() {}
        batch.iter().map(|it| String::from_utf8_lossy(&it.octets).into_owned()).collect()
    }
}

/// 200 to a REGISTER, for so many seconds.
pub(crate) fn registered(register: &str, seconds: u32) -> String {
    let row = |name: &str| register.lines().find(|line| line.starts_with(name)).unwrap();
    let rows = ["Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: "].map(row).join("\r\n");
    let contact = row("Contact: ");
    format!("SIP/2.0 200 OK\r\n{rows}\r\n{contact};expires={seconds}\r\nContent-Length: 0\r\n\r\n")
}

/// A request from 192.0.2.66 with an offer; `fields` stand before the body's own.
pub(crate) struct Written<'a> {
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) from: &'a str,
    pub(crate) cseq: u32,
    /// Names call and branch.
    pub(crate) name: &'a str,
    pub(crate) fields: &'a str,
}

impl Written<'_> {
    pub(crate) fn text(&self) -> String {
        let Written { method, uri, from, cseq, name, fields } = self;
        format!(
            "{method} {uri} SIP/2.0\r\n\
             Via: SIP/2.0/UDP 192.0.2.66;rport;branch=z9hG4bK{name}{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: {from};tag=1\r\nTo: <{uri}>\r\nCall-ID: {name}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:eve@192.0.2.66>\r\n{fields}\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SDP}",
            SDP.len()
        )
    }
}
