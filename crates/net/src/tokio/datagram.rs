//! UDP.

#[cfg(target_os = "linux")]
use super::undelivered::Errors;
#[cfg(target_os = "linux")]
use crate::Undelivered;
use crate::{Datagram, DatagramSocket, MAX_BATCH, explain};
use bytes::Bytes;
use socket2::{Domain, SockRef, Socket, Type};
use ssa::Transport;
use std::fmt;
use std::io;
#[cfg(target_os = "linux")]
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;

/// No datagram is longer, in octets.
const LONGEST: usize = 65_535;

/// Room for any datagram, on the stack of who polls. What arrives is copied out at its own size, so
/// that what is kept of a datagram is in proportion to it.
type Scratch = [MaybeUninit<u8>; LONGEST];

/// What the system is asked to buffer in each direction: some hundred SIP messages of a burst. It
/// may give less.
const SYSTEM_BUFFER: usize = 1 << 20;

/// How many errors in a row may be about datagrams that were sent earlier, to anybody: what ICMP
/// tells of them the system says once each, whatever it is asked to do next. One error more is the
/// socket's own.
const TOLD: usize = 4;

/// A UDP socket.
pub(super) struct UdpSocket {
    socket: Arc<tokio::net::UdpSocket>,
    local: SocketAddr,
    #[cfg(target_os = "linux")]
    errors: Errors,
}

impl UdpSocket {
    pub(super) fn bind(local: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(local), Type::DGRAM, None)?;
        if local.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        // A smaller buffer than asked for is no reason not to start.
        let _ = socket.set_recv_buffer_size(SYSTEM_BUFFER);
        let _ = socket.set_send_buffer_size(SYSTEM_BUFFER);
        socket.bind(&local.into())?;
        let socket = tokio::net::UdpSocket::from_std(socket.into())?;
        Ok(Self {
            local: socket.local_addr()?,
            socket: Arc::new(socket),
            #[cfg(target_os = "linux")]
            errors: Errors::default(),
        })
    }

    fn poll_one(&self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<io::Result<Datagram>> {
        let mut tries = 0..TOLD;
        loop {
            let mut buffer = ReadBuf::uninit(scratch);
            return match self.socket.poll_recv_from(cx, &mut buffer) {
                Poll::Ready(Ok(source)) => Poll::Ready(Ok(Datagram {
                    source,
                    local: self.local,
                    octets: Bytes::copy_from_slice(buffer.filled()),
                })),
                Poll::Ready(Err(_)) if tries.next().is_some() => continue,
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => Poll::Pending,
            };
        }
    }

    /// Sends; once more where it fails, which may be about another datagram.
    fn send<T>(&self, send: impl Fn(SockRef<'_>) -> io::Result<T>) -> io::Result<T> {
        let mut tries = 0..TOLD;
        loop {
            match send(SockRef::from(&*self.socket)) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    if tries.next().is_none() {
                        return Err(error);
                    }
                }
                sent => return sent,
            }
        }
    }
}

impl DatagramSocket for UdpSocket {
    fn poll_receive(
        &self, cx: &mut Context<'_>, batch: &mut Vec<Datagram>,
    ) -> Poll<io::Result<usize>> {
        let mut scratch: Scratch = [const { MaybeUninit::uninit() }; LONGEST];
        let mut count = 0;
        while count < MAX_BATCH {
            match self.poll_one(cx, &mut scratch) {
                Poll::Ready(Ok(datagram)) => batch.push(datagram),
                Poll::Ready(Err(error)) if count == 0 => return Poll::Ready(Err(error)),
                Poll::Pending if count == 0 => return Poll::Pending,
                Poll::Ready(Err(_)) | Poll::Pending => break,
            }
            count += 1;
        }
        Poll::Ready(Ok(count))
    }

    fn try_send(&self, remote: SocketAddr, octets: &[u8]) -> io::Result<()> {
        // Past tokio, whose `try_send_to` refuses until its driver has seen the new socket
        // writable; the first datagram would be lost.
        match self.send(|socket| socket.send_to(octets, &remote.into())) {
            Ok(_) => Ok(()),
            Err(error) => Err(explain(error, "cannot send to", Transport::Udp, remote)),
        }
    }

    /// `sendmmsg`, which only Linux has, takes them with one call.
    #[cfg(target_os = "linux")]
    fn try_send_some(&self, batch: &[(SocketAddr, Bytes)]) -> io::Result<usize> {
        use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};
        let [(first, octets), rest @ ..] = batch else { return Ok(0) };
        if rest.is_empty() {
            return self.try_send(*first, octets).map(|()| 1);
        }
        let batch = batch.get(..MAX_BATCH).unwrap_or(batch);
        let parts: Vec<(SocketAddrAny, [IoSlice<'_>; 1])> =
            batch.iter().map(|(to, octets)| ((*to).into(), [IoSlice::new(octets)])).collect();
        let sent = self.send(|socket| {
            let mut control: Vec<_> =
                batch.iter().map(|_| SendAncillaryBuffer::default()).collect();
            let messages = parts.iter().zip(&mut control);
            let mut messages: Vec<MMsgHdr<'_>> = messages
                .map(|((to, octets), control)| MMsgHdr::new_with_addr(to, octets, control))
                .collect();
            Ok(sendmmsg(&*socket, &mut messages, SendFlags::empty())?)
        });
        sent.map_err(|error| explain(error, "cannot send to", Transport::Udp, *first))
    }

    #[cfg(target_os = "linux")]
    fn poll_undelivered(&self, cx: &mut Context<'_>) -> Poll<Undelivered> {
        self.errors.poll(&self.socket, cx)
    }

    fn local_addr(&self) -> SocketAddr {
        self.local
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UdpSocket").field(&self.local).finish()
    }
}
