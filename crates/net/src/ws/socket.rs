//! A connection as tungstenite reads and writes one.

use crate::Connection;
use std::io::{self, Read, Write};
use std::task::{Context, Poll, Waker};

/// What cannot go on says [`io::ErrorKind::WouldBlock`], and wakes whoever [watches](Self::watch).
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) inner: Box<dyn Connection>,
    waker: Waker,
}

impl Socket {
    pub(super) fn new(inner: Box<dyn Connection>) -> Self {
        Self { inner, waker: Waker::noop().clone() }
    }

    /// Who is woken from now on.
    pub(super) fn watch(&mut self, cx: &Context<'_>) {
        self.waker.clone_from(cx.waker());
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut cx = Context::from_waker(&self.waker);
        now(self.inner.poll_read(&mut cx, buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut cx = Context::from_waker(&self.waker);
        now(self.inner.poll_write(&mut cx, octets))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn now(polled: Poll<io::Result<usize>>) -> io::Result<usize> {
    match polled {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}
