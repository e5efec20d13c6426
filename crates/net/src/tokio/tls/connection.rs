//! A TLS connection that was judged.

use crate::{Connection, Transport};
use std::fmt;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

/// A TLS connection. Dropped, it says that it closes.
pub(in crate::tokio) struct TlsConnection {
    stream: TlsStream<TcpStream>,
    local: SocketAddr,
    remote: SocketAddr,
    /// Octets that are encrypted but not all with the system yet.
    held: usize,
    finished: bool,
}

impl TlsConnection {
    pub(super) const fn new(
        stream: TlsStream<TcpStream>, local: SocketAddr, remote: SocketAddr,
    ) -> Self {
        Self { stream, local, remote, held: 0, finished: false }
    }
}

impl Connection for TlsConnection {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// What rustls has taken counts as written only once the system has it: nobody else would come
    /// back to push it out.
    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if self.finished {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let mut stream = Pin::new(&mut self.stream);
        if self.held == 0 {
            self.held = ready!(stream.as_mut().poll_write(cx, octets))?;
        }
        ready!(stream.poll_flush(cx))?;
        Poll::Ready(Ok(mem::take(&mut self.held)))
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.finished = true;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn peer_addr(&self) -> SocketAddr {
        self.remote
    }

    fn transport(&self) -> Transport {
        Transport::Tls
    }
}

impl Drop for TlsConnection {
    /// As far as the system takes it at once: RFC 8446 §6.1 wants a close to be said.
    fn drop(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let _ = Pin::new(&mut self.stream).poll_shutdown(&mut cx);
    }
}

impl fmt::Debug for TlsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnection")
            .field("local", &self.local)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}
