//! TCP.

use crate::{Connection, Listener, Transport};
use socket2::{Domain, Socket, Type};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

/// Connections that the system keeps until they are accepted.
const BACKLOG: i32 = 128;

/// A TCP connection.
pub(super) struct TcpConnection {
    stream: TcpStream,
    local: SocketAddr,
    remote: SocketAddr,
}

impl TcpConnection {
    pub(super) async fn connect(handle: &Handle, remote: SocketAddr) -> io::Result<Self> {
        let mut connecting = pin!(TcpStream::connect(remote));
        let stream = poll_fn(|cx| {
            // The socket is made when this is first polled, perhaps outside the runtime.
            let _inside = handle.enter();
            connecting.as_mut().poll(cx)
        });
        Self::new(stream.await?, remote)
    }

    fn new(stream: TcpStream, remote: SocketAddr) -> io::Result<Self> {
        // A SIP message is written whole: waiting for more to fill a segment only costs time.
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?;
        Ok(Self { stream, local, remote })
    }

    /// The stream, our address and the peer's.
    #[cfg(feature = "tls")]
    pub(super) fn into_parts(self) -> (TcpStream, SocketAddr, SocketAddr) {
        (self.stream, self.local, self.remote)
    }
}

impl Connection for TcpConnection {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn peer_addr(&self) -> SocketAddr {
        self.remote
    }

    fn transport(&self) -> Transport {
        Transport::Tcp
    }
}

impl fmt::Debug for TcpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnection")
            .field("local", &self.local)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

/// A listening TCP socket.
pub(super) struct TcpListener {
    listener: tokio::net::TcpListener,
    local: SocketAddr,
}

impl TcpListener {
    pub(super) fn bind(local: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(local), Type::STREAM, None)?;
        if local.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // On Unix this lets a restarted terminal have its port back while old connections are in
        // TIME_WAIT; on Windows it would let another program take the port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&local.into())?;
        socket.listen(BACKLOG)?;
        let listener = tokio::net::TcpListener::from_std(socket.into())?;
        Ok(Self { local: listener.local_addr()?, listener })
    }

    /// Accepts a connection; errors are those of [`Listener::poll_accept`].
    pub(super) fn poll_accept_tcp(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpConnection>> {
        let (stream, remote) = ready!(self.listener.poll_accept(cx))?;
        // It was reset before it was accepted.
        let aborted = |_| io::ErrorKind::ConnectionAborted.into();
        Poll::Ready(TcpConnection::new(stream, remote).map_err(aborted))
    }
}

impl Listener for TcpListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        let connection = ready!(self.poll_accept_tcp(cx))?;
        Poll::Ready(Ok(Box::new(connection)))
    }

    fn local_addr(&self) -> SocketAddr {
        self.local
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TcpListener").field(&self.local).finish()
    }
}
