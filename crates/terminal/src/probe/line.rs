//! The way to the server: one request at a time, each a client transaction. RFC 3261 §17.1.2, §18.1.

use net::{Connection, Datagram, DatagramSocket, Network, Runtime, Transport};
use sip_core::transaction::{Class, ClientEvent, NonInviteClient, Output, Timer, Timing};
use sip_core::{Framed, Limits, Message, StatusCode, StreamFramer};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Octets that are read at a time.
const READ: usize = 4_096;

/// Where the server is.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    /// UDP, TCP or TLS.
    pub(crate) transport: Transport,
    /// Its address.
    pub(crate) address: SocketAddr,
    /// The name that it was found by, which its certificate has to have.
    pub(crate) name: Option<String>,
}

/// The way to a server. A connection that breaks is opened again for the next request.
pub(super) struct Line {
    runtime: Arc<dyn Runtime>,
    network: Arc<dyn Network>,
    remote: Remote,
    wire: Option<Wire>,
}

enum Wire {
    Datagrams(Box<dyn DatagramSocket>, Vec<Datagram>),
    Stream(Box<dyn Connection>, Box<StreamFramer>),
}

/// Why a request has no answer.
#[derive(Debug)]
pub(super) enum Silence {
    /// None came within 64*T1, 32 s. RFC 3261 §17.1.2.2.
    Nothing,
    /// It could not be sent, or the connection broke.
    Broken(io::Error),
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("no answer within 32 s"),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

impl Line {
    pub(super) fn new(
        runtime: Arc<dyn Runtime>, network: Arc<dyn Network>, remote: Remote,
    ) -> Self {
        Self { runtime, network, remote, wire: None }
    }

    pub(super) const fn transport(&self) -> Transport {
        self.remote.transport
    }

    /// Opens it, unless it is open, and says from which address requests leave.
    pub(super) async fn open(&mut self) -> Result<SocketAddr, Silence> {
        let wire = match self.wire.take() {
            Some(wire) => wire,
            None => self.opened().await.map_err(Silence::Broken)?,
        };
        Ok(self.wire.insert(wire).local_addr())
    }

    async fn opened(&self) -> io::Result<Wire> {
        let Remote { transport, address, name } = &self.remote;
        if *transport == Transport::Udp {
            let from = self.network.route(address.ip())?;
            return Ok(Wire::Datagrams(self.network.bind((from, 0).into())?, Vec::new()));
        }
        let connection = self.network.connect(*transport, *address, name.as_deref()).await?;
        Ok(Wire::Stream(connection, Box::new(StreamFramer::new(Limits::default()))))
    }

    /// Sends a request over what is open, again and again where datagrams are lost, and waits for its
    /// final response.
    pub(super) async fn exchange(
        &mut self, request: &[u8], branch: &[u8],
    ) -> Result<Message, Silence> {
        let done = self.transact(request, branch).await;
        if let Err(Silence::Broken(_)) = done {
            self.wire = None;
        }
        done
    }

    async fn transact(&mut self, request: &[u8], branch: &[u8]) -> Result<Message, Silence> {
        let Self { runtime, remote, wire: Some(wire), .. } = self else {
            return Err(Silence::Broken(io::ErrorKind::NotConnected.into()));
        };
        let (timing, mut out) = (Timing::default(), Vec::new());
        let reliable = remote.transport.is_reliable();
        let mut machine = NonInviteClient::start(reliable, &timing, &mut out);
        let mut timers: Vec<(Instant, Timer)> = Vec::new();
        let mut response = None;
        loop {
            for output in std::mem::take(&mut out) {
                match output {
                    Output::Send => {
                        wire.send(remote.address, request).await.map_err(Silence::Broken)?;
                    }
                    Output::Start(timer, after) => timers.push((runtime.now() + after, timer)),
                    Output::Stop(timer) => timers.retain(|(_, its)| *its != timer),
                    Output::Timeout | Output::TransportFailed => return Err(Silence::Nothing),
                    Output::Deliver | Output::Terminate | Output::SendAck | Output::SendTrying => {}
                }
            }
            if machine.is_completed() {
                return response.ok_or(Silence::Nothing);
            }
            let Some(next) = timers.iter().min().copied() else { return Err(Silence::Nothing) };
            let event = tokio::select! {
                came = wire.receive(remote.address) => {
                    let came = came.map_err(Silence::Broken)?;
                    let Some(class) = class_of(&came, branch) else { continue };
                    response = Some(came);
                    ClientEvent::Response(class)
                }
                () = runtime.sleep_until(next.0) => {
                    timers.retain(|its| *its != next);
                    ClientEvent::Timer(next.1)
                }
            };
            machine.on(event, &timing, &mut out);
        }
    }
}

/// The class of a response to the request with this branch. RFC 3261 §17.1.3.
fn class_of(message: &Message, branch: &[u8]) -> Option<Class> {
    let status = message.status().map(StatusCode::as_u16)?;
    let is_ours = message.top_via().ok()?.branch() == Some(branch);
    is_ours.then(|| Class::of(status))
}

impl Wire {
    fn local_addr(&self) -> SocketAddr {
        match self {
            Self::Datagrams(socket, _) => socket.local_addr(),
            Self::Stream(connection, _) => connection.local_addr(),
        }
    }

    async fn send(&mut self, remote: SocketAddr, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Datagrams(socket, _) => socket.try_send(remote, octets),
            Self::Stream(connection, _) => connection.write_all(octets).await,
        }
    }

    /// The next message; what is none is passed over.
    async fn receive(&mut self, remote: SocketAddr) -> io::Result<Message> {
        match self {
            Self::Datagrams(socket, arrived) => loop {
                while let Some(Datagram { octets, .. }) = arrived.pop() {
                    if let Ok(message) = Message::parse(octets, &Limits::default()) {
                        return Ok(message);
                    }
                }
                tokio::select! {
                    received = socket.receive(arrived) => {
                        received?;
                    }
                    lost = socket.undelivered() => {
                        if lost.remote == remote {
                            return Err(lost.error);
                        }
                    }
                }
            },
            Self::Stream(connection, framer) => loop {
                match framer.next().map_err(io::Error::other)? {
                    Some(Framed::Message(message)) => return Ok(*message),
                    Some(Framed::KeepAlive) => continue,
                    None => {}
                }
                let mut octets = [0; READ];
                let length = connection.read(&mut octets).await?;
                if length == 0 {
                    let why = "the server closed the connection";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
                }
                framer.push(octets.get(..length).unwrap_or_default());
            },
        }
    }
}
