//! Messages out of a byte stream. RFC 3261 §18.3, RFC 5626 §3.5.1.

use crate::head::Head;
use crate::{FaultKind, Limits, Message, ParseError};
use bytes::{Buf, BytesMut};
use std::fmt;

/// Cuts a byte stream into messages; wherever the stream was split on the way, they are the same.
///
/// Content-Length is mandatory on a stream. A message whose end cannot be known comes out with
/// its [`Fault`](crate::Fault) and no body, so that it can be answered; after it the stream is
/// lost.
#[derive(Debug)]
pub struct StreamFramer {
    limits: Limits,
    buffer: BytesMut,
    /// Octets of the buffer in which the end of the head was sought already.
    searched: usize,
    /// A head whose body is still to come.
    head: Option<Head>,
    lost: Option<FrameError>,
}

/// What came out of a stream.
#[derive(Clone, Debug)]
pub enum Framed {
    /// A message.
    Message(Box<Message>),
    /// A double CRLF between messages: it is answered with CRLF. RFC 5626 §3.5.1.
    KeepAlive,
}

/// Why a stream cannot be read on: it is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// What begins a message is no head.
    Head(ParseError),
    /// A head longer than the limit.
    HeadTooLong,
    /// The end of the last message is not known.
    Lost,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(error) => error.fmt(f),
            Self::HeadTooLong => f.write_str("the head of a message is too long"),
            Self::Lost => f.write_str("the end of a message is not known"),
        }
    }
}

impl std::error::Error for FrameError {}

impl StreamFramer {
    /// A framer at the start of a stream.
    pub fn new(limits: Limits) -> Self {
        Self { limits, buffer: BytesMut::new(), searched: 0, head: None, lost: None }
    }

    /// Takes octets that were received.
    pub fn push(&mut self, octets: &[u8]) {
        if self.lost.is_none() {
            self.buffer.extend_from_slice(octets);
        }
    }

    /// Whether octets are held that are no whole message yet. Line ends alone are none: they keep
    /// the connection alive (RFC 3261 §7.5, RFC 5626 §3.5.1).
    pub fn is_partial(&self) -> bool {
        self.head.is_some() || !matches!(self.buffer.as_ref(), [] | b"\r" | b"\r\n" | b"\r\n\r")
    }

    /// Takes a single CRLF, where nothing else is there: the answer to a ping. RFC 5626 §3.5.1.
    ///
    /// A CRLF may also stand before a message, or be half of a peer's ping: ask only once a ping was
    /// sent.
    pub fn take_pong(&mut self) -> bool {
        let is_pong = self.head.is_none() && self.buffer.as_ref() == b"\r\n";
        if is_pong {
            self.buffer.clear();
        }
        is_pong
    }

    /// The next message or keep-alive, or `None` until more octets come.
    ///
    /// Call it until it yields `None` after each [`push`](Self::push): what it has not cut off
    /// stays in memory.
    ///
    /// # Errors
    /// The stream cannot be read on; the error repeats.
    #[expect(clippy::should_implement_trait, reason = "`None` is not an end")]
    pub fn next(&mut self) -> Result<Option<Framed>, FrameError> {
        match self.lost {
            Some(error) => Err(error),
            None => self.advance().inspect_err(|&error| self.lose(error)),
        }
    }

    /// What was pushed since the last message or keep-alive, where the transport says that it is a
    /// whole one: Content-Length need not be there. RFC 7118 §5. `None` for a single CRLF.
    ///
    /// # Errors
    /// It is no message; the error repeats.
    pub fn whole(&mut self) -> Result<Option<Framed>, FrameError> {
        if let Some(error) = self.lost {
            return Err(error);
        }
        match self.buffer.split().freeze() {
            line if line.as_ref() == b"\r\n" => Ok(None),
            lines if lines.as_ref() == b"\r\n\r\n" => Ok(Some(Framed::KeepAlive)),
            octets => match Message::parse(octets, &self.limits) {
                Ok(message) => Ok(Some(Framed::Message(Box::new(message)))),
                Err(error) => {
                    self.lose(FrameError::Head(error));
                    Err(FrameError::Head(error))
                }
            },
        }
    }

    fn advance(&mut self) -> Result<Option<Framed>, FrameError> {
        if self.head.is_none() {
            match self.skip_blank_lines() {
                Blank::KeepAlive => return Ok(Some(Framed::KeepAlive)),
                Blank::Undecided => return Ok(None),
                Blank::Done => {}
            }
            let Some(end) = self.find_head_end()? else {
                return Ok(None);
            };
            let text = self.buffer.get(..end).unwrap_or_default();
            self.head = Some(Head::read(text, &self.limits).map_err(FrameError::Head)?);
        }
        Ok(self.finish_body().map(Box::new).map(Framed::Message))
    }

    /// A pair of CRLFs is a keep-alive, a single one before a message is ignored.
    fn skip_blank_lines(&mut self) -> Blank {
        match self.buffer.as_ref() {
            [b'\r', b'\n', b'\r', b'\n', ..] => {
                self.buffer.advance(4);
                Blank::KeepAlive
            }
            [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => Blank::Undecided,
            [b'\r', b'\n', ..] => {
                self.buffer.advance(2);
                Blank::Done
            }
            _ => Blank::Done,
        }
    }

    /// Offset behind the empty line that ends the head. Looks at each octet once.
    fn find_head_end(&mut self) -> Result<Option<usize>, FrameError> {
        let from = self.searched.saturating_sub(3);
        let fresh = self.buffer.get(from..).unwrap_or_default();
        let end = memchr::memmem::find(fresh, b"\r\n\r\n").map(|at| from + at + 4);
        self.searched = self.buffer.len();
        match end {
            Some(end) if end <= self.limits.head => Ok(Some(end)),
            None if self.buffer.len() <= self.limits.head => Ok(None),
            _ => Err(FrameError::HeadTooLong),
        }
    }

    /// The message, once its body is there.
    fn finish_body(&mut self) -> Option<Message> {
        let head = self.head.as_mut()?;
        let body = match (head.content_length, self.limits.body) {
            (Some(length), limit) if length > limit => {
                head.fault(head.length, FaultKind::BodyTooLong);
                None
            }
            (None, _) => {
                head.fault(head.length, FaultKind::NoContentLength);
                None
            }
            (length, _) => length.filter(|_| !is_ambiguous(head)),
        };
        let total = head.length + body.unwrap_or_default();
        if self.buffer.len() < total {
            return None;
        }
        let head = self.head.take()?;
        self.searched = 0;
        let bytes = self.buffer.split_to(total).freeze();
        if body.is_none() {
            self.lose(FrameError::Lost);
        }
        Some(Message::from_parts(bytes, head))
    }

    fn lose(&mut self, error: FrameError) {
        self.lost = Some(error);
        self.buffer = BytesMut::new();
    }
}

enum Blank {
    KeepAlive,
    Undecided,
    Done,
}

/// Two rows of Content-Length: which of them ends the message is anyone's guess.
fn is_ambiguous(head: &Head) -> bool {
    head.rows_of(crate::HeaderName::ContentLength).nth(1).is_some()
}
