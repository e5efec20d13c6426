//! How a peer reaches the terminal: by datagrams, or over one connection for all calls.

use crate::tls;
use net::tokio::TokioNetwork;
use net::{Connection, Network as _, Transport};
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// How long the terminal may take for one step: under callgrind it is slow, and it must not be lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// A way to the terminal.
#[derive(Debug)]
pub(crate) enum Link {
    Datagrams(UdpSocket),
    Stream(Stream),
}

/// A connection, and what was read of it.
#[derive(Debug)]
pub(crate) struct Stream {
    runtime: Runtime,
    connection: Box<dyn Connection>,
    read: Vec<u8>,
}

impl Link {
    /// A socket at a free port of the loopback address.
    pub(crate) fn datagrams() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self::Datagrams(socket))
    }

    /// A connection to the terminal.
    pub(crate) fn connect(transport: Transport, terminal: SocketAddr) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let network = TokioNetwork::new(runtime.handle().clone()).with_tls(tls::client());
        let connection = runtime.block_on(network.connect(transport, terminal, None))?;
        Ok(Self::Stream(Stream { runtime, connection, read: Vec::new() }))
    }

    pub(crate) fn transport(&self) -> Transport {
        match self {
            Self::Datagrams(_) => Transport::Udp,
            Self::Stream(stream) => stream.connection.transport(),
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Datagrams(socket) => socket.local_addr(),
            Self::Stream(stream) => Ok(stream.connection.local_addr()),
        }
    }

    pub(crate) fn send(&mut self, to: SocketAddr, text: &str) -> io::Result<()> {
        match self {
            Self::Datagrams(socket) => socket.send_to(text.as_bytes(), to).map(drop),
            Self::Stream(stream) => stream.send(text.as_bytes()),
        }
    }

    /// The next message, and where it came from.
    pub(crate) fn receive(&mut self) -> io::Result<(String, SocketAddr)> {
        match self {
            Self::Datagrams(socket) => {
                let mut octets = [0; 4096];
                let (length, from) = socket.recv_from(&mut octets)?;
                Ok((text(octets.get(..length).unwrap_or_default()), from))
            }
            Self::Stream(stream) => Ok((stream.receive()?, stream.connection.peer_addr())),
        }
    }
}

impl Stream {
    fn send(&mut self, mut octets: &[u8]) -> io::Result<()> {
        let Self { runtime, connection, .. } = self;
        while !octets.is_empty() {
            let written = runtime.block_on(poll_fn(|cx| connection.poll_write(cx, octets)))?;
            octets = octets.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<String> {
        let Self { runtime, connection, read } = self;
        loop {
            if let Some(length) = length(read) {
                return Ok(text(&read.drain(..length).collect::<Vec<u8>>()));
            }
            let mut chunk = [0; 4096];
            let reading = async {
                timeout(PATIENCE, poll_fn(|cx| connection.poll_read(cx, &mut chunk))).await
            };
            match runtime.block_on(reading)?? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => read.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            }
        }
    }
}

/// The octets of the first message, once all of it is there. RFC 3261 §18.3.
fn length(read: &[u8]) -> Option<usize> {
    const LENGTH: &str = "\r\nContent-Length:";
    let head = read.windows(4).position(|octets| octets == b"\r\n\r\n")?;
    let fields = text(read.get(..head)?);
    let value = fields.split(LENGTH).nth(1)?.lines().next()?;
    let whole = head + 4 + value.trim().parse::<usize>().ok()?;
    (read.len() >= whole).then_some(whole)
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_long_as_it_says() {
        let message = "SIP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(length(format!("{message}SIP").as_bytes()), Some(message.len()));
        assert_eq!(length(&message.as_bytes()[..message.len() - 1]), None);
    }
}
