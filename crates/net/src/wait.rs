//! The polled calls as `async fn`s.

use crate::{Connection, Datagram, DatagramSocket, Listener, Undelivered};
use std::future::poll_fn;
use std::io;

impl dyn DatagramSocket {
    /// Waits for datagrams; see [`DatagramSocket::poll_receive`].
    ///
    /// # Errors
    /// As there.
    pub async fn receive(&self, batch: &mut Vec<Datagram>) -> io::Result<usize> {
        poll_fn(|cx| self.poll_receive(cx, batch)).await
    }

    /// Waits for a datagram that did not arrive; see [`DatagramSocket::poll_undelivered`].
    pub async fn undelivered(&self) -> Undelivered {
        poll_fn(|cx| self.poll_undelivered(cx)).await
    }
}

impl dyn Listener {
    /// Waits for a connection; see [`Listener::poll_accept`].
    ///
    /// # Errors
    /// As there.
    pub async fn accept(&mut self) -> io::Result<Box<dyn Connection>> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }
}

impl dyn Connection + '_ {
    /// Waits for octets; see [`Connection::poll_read`].
    ///
    /// # Errors
    /// As there.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| self.poll_read(cx, buffer)).await
    }

    /// Writes all of `octets`; see [`Connection::poll_write`].
    ///
    /// # Errors
    /// As there; [`io::ErrorKind::WriteZero`] if the connection takes no more.
    pub async fn write_all(&mut self, mut octets: &[u8]) -> io::Result<()> {
        while !octets.is_empty() {
            let count = poll_fn(|cx| self.poll_write(cx, octets)).await?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            octets = octets.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Finishes writing; see [`Connection::poll_finish`].
    ///
    /// # Errors
    /// As there.
    pub async fn finish(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_finish(cx)).await
    }
}
