//! What Linux has heard of datagrams that did not arrive: ICMP, from the error queue of the socket
//! that they left from. ip(7), `IP_RECVERR`.

use crate::lock::lock;
use crate::{BoxFuture, Undelivered, explain};
use bytes::Bytes;
use nix::cmsg_space;
use nix::libc::{SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6, c_int, sock_extended_err, sockaddr_in6};
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
use ssa::Transport;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker, ready};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// What ICMP quotes of a datagram is not longer, in octets. RFC 1812 §4.3.2.3.
const QUOTED: usize = 576;

/// The errors of one socket. They are kept from the first question on; a socket whose owner never
/// asks keeps none, which would take room from what it receives.
#[derive(Default)]
pub(super) struct Errors(Mutex<Option<Waiting>>);

/// The wait for the next error. Its owner asks in every idle moment, so that it is looked at only
/// where something has changed.
struct Waiting {
    error: BoxFuture<Option<Undelivered>>,
    news: Arc<News>,
}

/// Whether something has changed, and who is to hear of it.
struct News(Mutex<(bool, Waker)>);

impl Errors {
    pub(super) fn poll(&self, socket: &Arc<UdpSocket>, cx: &mut Context<'_>) -> Poll<Undelivered> {
        let mut waiting = lock(&self.0);
        let waiting = waiting.get_or_insert_with(|| {
            keep(socket);
            Waiting::new(socket, cx)
        });
        if !waiting.news.take(cx) {
            return Poll::Pending;
        }
        let news = Waker::from(Arc::clone(&waiting.news));
        let found = ready!(waiting.error.as_mut().poll(&mut Context::from_waker(&news)));
        *waiting = Waiting::new(socket, cx);
        // Without one the socket is of no more use, and reading it says so.
        found.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Waiting {
    fn new(socket: &Arc<UdpSocket>, cx: &Context<'_>) -> Self {
        let news = News(Mutex::new((true, cx.waker().clone())));
        Self { error: Box::pin(next(Arc::clone(socket))), news: Arc::new(news) }
    }
}

impl News {
    /// Whether something has changed since this was asked last; from now on `cx` hears of it.
    fn take(&self, cx: &Context<'_>) -> bool {
        let (changed, hears) = &mut *lock(&self.0);
        hears.clone_from(cx.waker());
        std::mem::take(changed)
    }
}

impl Wake for News {
    fn wake(self: Arc<Self>) {
        let hears = {
            let (changed, hears) = &mut *lock(&self.0);
            *changed = true;
            hears.clone()
        };
        hears.wake();
    }
}

/// Has the system keep errors; one that does not is one of which none are heard.
fn keep(socket: &UdpSocket) {
    let is_ipv6 = socket.local_addr().is_ok_and(|local| local.is_ipv6());
    let _ = if is_ipv6 {
        setsockopt(socket, Ipv6RecvErr, &true)
    } else {
        setsockopt(socket, Ipv4RecvErr, &true)
    };
}

async fn next(socket: Arc<UdpSocket>) -> Option<Undelivered> {
    loop {
        match socket.async_io(Interest::ERROR, || take(&socket)).await {
            Ok(None) => {}
            Ok(Some(found)) => return Some(found),
            Err(_) => return None,
        }
    }
}

/// Takes the oldest error; `None` for one that does not say that nobody can be reached.
fn take(socket: &UdpSocket) -> io::Result<Option<Undelivered>> {
    let mut octets = [0; QUOTED];
    let mut control = cmsg_space!(sock_extended_err, sockaddr_in6);
    let mut parts = [IoSliceMut::new(&mut octets)];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let fd = socket.as_raw_fd();
    let message = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(control.as_mut_slice()), flags)?;
    // The name is where the datagram went. recvmsg(2).
    let remote = message.address.as_ref().and_then(address);
    let error = message.cmsgs()?.find_map(unreachable);
    let length = message.bytes;
    Ok(remote.zip(error).map(|(remote, error)| Undelivered {
        remote,
        octets: Bytes::copy_from_slice(octets.get(..length).unwrap_or_default()),
        error: explain(error, "cannot send to", Transport::Udp, remote),
    }))
}

fn address(name: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = name.as_sockaddr_in().map(|v4| SocketAddr::from(*v4));
    v4.or_else(|| name.as_sockaddr_in6().map(|v6| SocketAddr::from(*v6)))
}

/// The error, where it came by ICMP and says that host, network, port or protocol cannot be reached,
/// or cannot read what it was sent. RFC 3261 §18.4.
fn unreachable(message: ControlMessageOwned) -> Option<io::Error> {
    let error = match message {
        ControlMessageOwned::Ipv4RecvErr(error, _) => error,
        ControlMessageOwned::Ipv6RecvErr(error, _) => error,
        _ => return None,
    };
    let counts = match (error.ee_origin, error.ee_type, error.ee_code) {
        // Destination unreachable; not that fragmentation is needed. RFC 792.
        (SO_EE_ORIGIN_ICMP, 3, code) => code != 4,
        // Parameter problem.
        (SO_EE_ORIGIN_ICMP, 12, _) => true,
        // Both of RFC 4443 §3.1, §3.4.
        (SO_EE_ORIGIN_ICMP6, 1 | 4, _) => true,
        _ => false,
    };
    let number = c_int::try_from(error.ee_errno).ok().filter(|_| counts)?;
    Some(io::Error::from_raw_os_error(number))
}
