//! A port on loopback that is free for UDP and TCP.

use crate::config::Address;
use crate::error::{Error, Result};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// How often a port that is free for UDP may be taken for TCP.
const TRIES: usize = 16;

/// UDP and TCP on loopback, both at one port: a peer that finds a request too large for UDP sends
/// it to the same port by TCP. RFC 3261 §18.1.1.
///
/// # Errors
/// There is no free port.
pub fn free_loopback_pair() -> Result<[Address; 2]> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        match try_pair() {
            Ok(address) => return Ok([Address::udp(address), Address::tcp(address)]),
            Err(error) => last = error,
        }
    }
    let words = format!("cannot bind a free port on loopback: {last}");
    Err(Error::Bind(io::Error::new(last.kind(), words)))
}

fn try_pair() -> io::Result<SocketAddr> {
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = udp.local_addr()?;
    TcpListener::bind(address)?;
    Ok(address)
}
