//! The peer of a terminal that is measured: a plain socket that writes and reads as SIPp does.

use crate::link::Link;
use crate::sipp::{Ends, SDP, authorization, authorized, to_tag};
use crate::whole::{PASSWORD, REALM, USER};
use net::Transport;
use sec_manager::digest::HA1;
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;

/// A caller, callee or registrar.
#[derive(Debug)]
pub struct Peer {
    link: Link,
    address: SocketAddr,
}

impl Peer {
    /// One at a free port of the loopback address.
    ///
    /// # Errors
    /// There is none.
    pub fn new() -> io::Result<Self> {
        Self::over(Link::datagrams()?)
    }

    /// One that has connected to `terminal`.
    ///
    /// # Errors
    /// The terminal takes no connection.
    pub fn connected(transport: Transport, terminal: SocketAddr) -> io::Result<Self> {
        Self::over(Link::connect(transport, terminal)?)
    }

    fn over(link: Link) -> io::Result<Self> {
        Ok(Self { address: link.local_addr()?, link })
    }

    /// Where it is called.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Calls `terminal`: the first `held` calls stay up, the `calls` after them are ended.
    ///
    /// # Errors
    /// The terminal says nothing, or something else than is expected.
    pub fn call(&mut self, terminal: SocketAddr, held: u64, calls: u64) -> io::Result<()> {
        let [caller, callee] = [self.address, terminal].map(|it| it.to_string());
        let over = self.link.transport().name();
        let ends = Ends { caller: &caller, callee: &callee, over };
        let ha1 = HA1::new(USER.as_bytes(), REALM.as_bytes(), PASSWORD);
        for number in 0..held + calls {
            self.link.send(terminal, &ends.request("INVITE", 1, "i", number, "", SDP))?;
            let mut cseq = 1;
            let (mut answer, _) = self.receive(|text| is_answer(text, number, "INVITE"))?;
            if let Some((_, challenge)) = answer.split_once("\r\nWWW-Authenticate: ") {
                let challenge = challenge.lines().next().unwrap_or_default().as_bytes();
                let uri = format!("sip:service@{terminal}");
                let proof = authorization(challenge, USER, &ha1, &uri, 1).unwrap_or_default();
                let tag = to_tag(&answer);
                self.link.send(terminal, &ends.request("ACK", 1, "i", number, tag, ""))?;
                cseq = 2;
                let invite = ends.request("INVITE", cseq, "j", number, "", SDP);
                self.link.send(terminal, &authorized(&invite, &proof))?;
                (answer, _) = self.receive(|text| is_ok(text, number, "INVITE"))?;
            }
            let tag = to_tag(&answer);
            self.link.send(terminal, &ends.request("ACK", cseq, "a", number, tag, ""))?;
            if number >= held {
                self.link.send(terminal, &ends.request("BYE", cseq + 1, "b", number, tag, ""))?;
                self.receive(|text| is_ok(text, number, "BYE"))?;
            }
        }
        Ok(())
    }

    /// Grants `accounts` registrations, for longer than anybody measures.
    ///
    /// # Errors
    /// The terminal says nothing.
    pub fn register(&mut self, accounts: usize) -> io::Result<()> {
        let mut known = BTreeSet::new();
        while known.len() < accounts {
            let (register, from) = self.receive(|text| text.starts_with("REGISTER "))?;
            let granted = self.response(&register, "200 OK\r\nExpires: 86400", ";tag=r", "");
            self.link.send(from, &granted)?;
            known.insert(field(&register, "To:").to_owned());
        }
        Ok(())
    }

    /// Answers `calls` calls until each has been ended.
    ///
    /// # Errors
    /// The terminal says nothing.
    pub fn answer(&mut self, calls: usize) -> io::Result<()> {
        let mut last = String::new();
        for number in 0..calls {
            // What the terminal sent again in an earlier call is not looked at.
            let is_old = |text: &str| !last.is_empty() && text.contains(&last);
            let (invite, from) =
                self.receive(|text| text.starts_with("INVITE ") && !is_old(text))?;
            last = field(&invite, "Call-ID:").to_owned();
            let tag = format!(";tag=peer{number}");
            self.link.send(from, &self.response(&invite, "180 Ringing", &tag, ""))?;
            self.link.send(from, &self.response(&invite, "200 OK", &tag, SDP))?;
            let (bye, from) =
                self.receive(|text| text.starts_with("BYE ") && text.contains(&last))?;
            self.link.send(from, &self.response(&bye, "200 OK", "", ""))?;
        }
        Ok(())
    }

    /// The next message that is `wanted`.
    fn receive(&mut self, wanted: impl Fn(&str) -> bool) -> io::Result<(String, SocketAddr)> {
        loop {
            let received = self.link.receive()?;
            if wanted(&received.0) {
                return Ok(received);
            }
        }
    }

    /// A response, as SIPp's `uas` writes it.
    fn response(&self, request: &str, status: &str, tag: &str, body: &str) -> String {
        let [via, from, to, call_id, cseq] =
            ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].map(|name| field(request, name));
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "SIP/2.0 {status}\r\n{via}\r\n{from}\r\n{to}{tag}\r\n{call_id}\r\n{cseq}\r\n\
             Contact: <sip:{};transport=UDP>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
    }
}

/// The line of a header.
fn field<'a>(message: &'a str, name: &str) -> &'a str {
    message.lines().find(|line| line.starts_with(name)).unwrap_or_default()
}

/// Whether this is the 200 to a method of this call.
fn is_ok(text: &str, number: u64, method: &str) -> bool {
    text.starts_with("SIP/2.0 200 ") && is_answer(text, number, method)
}

/// Whether this is a final response to a method of this call.
fn is_answer(text: &str, number: u64, method: &str) -> bool {
    !text.starts_with("SIP/2.0 1")
        && text.contains(&format!("\r\nCall-ID: {number}-5012@"))
        && text.contains(&format!(" {method}\r\n"))
}
