//! A port that is free for UDP and TCP.

use crate::config::Address;
use crate::error::{Error, Result};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// How often a port that is free for UDP may be taken for TCP.
const TRIES: usize = 16;

/// As [`free_pair`], on loopback.
///
/// # Errors
/// There is no free port.
pub fn free_loopback_pair() -> Result<[Address; 2]> {
    free_pair(Ipv4Addr::LOCALHOST.into())
}

/// UDP and TCP at `ip`, both at one port: a peer that finds a request too large for UDP sends it to
/// the same port by TCP. RFC 3261 §18.1.1.
///
/// # Errors
/// There is no free port, or no such address here.
pub fn free_pair(ip: IpAddr) -> Result<[Address; 2]> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        match try_pair(ip) {
            Ok(address) => return Ok([Address::udp(address), Address::tcp(address)]),
            Err(error) => last = error,
        }
    }
    Err(Error::Bind { address: format!("a free port at {ip}"), source: last })
}

fn try_pair(ip: IpAddr) -> io::Result<SocketAddr> {
    let udp = UdpSocket::bind((ip, 0))?;
    let address = udp.local_addr()?;
    TcpListener::bind(address)?;
    Ok(address)
}
