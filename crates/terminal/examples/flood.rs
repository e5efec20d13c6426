//! Sends wrong answers to one challenge of a terminal on loopback, 500 a second.
//!
//! `cargo run --package terminal --example flood -- FROM TO AOR SECONDS`: from the address FROM it
//! asks the terminal at TO for AOR, is challenged by Digest, and answers that one nonce wrongly,
//! each time with another branch, CSeq and response; nothing is acknowledged. Fails when it was
//! not challenged, or when more came back than was sent.
#![expect(clippy::print_stdout, reason = "a program that prints what it measured")]

use std::error::Error;
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

const RATE: u64 = 500;
/// Datagrams in a row.
const BURST: u64 = 10;

#[expect(clippy::disallowed_methods, reason = "a program that keeps its own time")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to, aor, seconds] = arguments.as_slice() else {
        return Err("usage: flood FROM TO AOR SECONDS".into());
    };
    let seconds: u64 = seconds.parse()?;
    let socket = UdpSocket::bind(from)?;
    socket.connect(to)?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    socket.send(invite(from, aor, 0, "").as_bytes())?;
    let mut octets = [0; 2048];
    let length = socket.recv(&mut octets)?;
    let challenge = String::from_utf8_lossy(octets.get(..length).unwrap_or_default()).into_owned();
    let [nonce, realm] = ["nonce", "realm"].map(|name| parameter(&challenge, name));
    let (Some(nonce), Some(realm)) = (nonce, realm) else {
        return Err(format!("it was not challenged: {challenge}").into());
    };

    socket.set_nonblocking(true)?;
    let (start, mut sent, mut back) = (Instant::now(), Tally::default(), Tally::default());
    for number in 1..=seconds * RATE {
        let request = invite(from, aor, number, &wrong(aor, nonce, realm, number));
        sent.add(socket.send(request.as_bytes())?);
        if number.is_multiple_of(BURST) {
            back.receive(&socket)?;
            let due =
                start + Duration::from_secs(1) * u32::try_from(number)? / u32::try_from(RATE)?;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
    std::thread::sleep(Duration::from_secs(1));
    back.receive(&socket)?;
    println!(
        "{} wrong answers to one challenge, {} octets; {} came back, {} octets",
        sent.datagrams, sent.octets, back.datagrams, back.octets
    );
    if back.datagrams > sent.datagrams || back.octets > 2 * sent.octets {
        return Err("more came back than was asked for".into());
    }
    Ok(())
}

#[derive(Default)]
struct Tally {
    datagrams: u64,
    octets: usize,
}

impl Tally {
    fn add(&mut self, octets: usize) {
        self.datagrams += 1;
        self.octets += octets;
    }

    fn receive(&mut self, socket: &UdpSocket) -> std::io::Result<()> {
        let mut octets = [0; 2048];
        loop {
            match socket.recv(&mut octets) {
                Ok(length) => self.add(length),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

fn parameter<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = challenge.split_once(&format!("{name}=\""))?;
    Some(rest.split_once('"')?.0)
}

fn wrong(aor: &str, nonce: &str, realm: &str, number: u64) -> String {
    format!(
        "Authorization: Digest username=\"alice\", realm=\"{realm}\", nonce=\"{nonce}\", \
         uri=\"{aor}\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"x\", \
         response=\"{number:032x}\"\r\n"
    )
}

fn invite(from: &str, aor: &str, number: u64, authorization: &str) -> String {
    format!(
        "INVITE {aor} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKflood{number}\r\n\
         From: <sip:mallory@{from}>;tag=flood\r\nTo: <{aor}>\r\nCall-ID: flood@{from}\r\n\
         CSeq: {cseq} INVITE\r\nContact: <sip:mallory@{from}>\r\nMax-Forwards: 70\r\n\
         {authorization}Content-Length: 0\r\n\r\n",
        cseq = number + 1
    )
}
