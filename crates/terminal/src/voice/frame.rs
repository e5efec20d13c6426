//! How frames stand on a connection: a kind, a length, and so many octets.
//!
//! ```text
//!   +------+-----------------------+---------------------+
//!   | kind | length                | payload             |
//!   | 1    | 4, big-endian         | 0 to 65 536 octets  |
//!   +------+-----------------------+---------------------+
//!     a      audio: samples of 16 bits, little-endian, one channel
//!     j      one JSON object, in UTF-8
//! ```
//!
//! That is how long what an agent sends may be; what it is told may be longer.

use super::limits::LONGEST;
use super::wrong::Wrong;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Octets of a kind and a length.
const HEAD: usize = 5;

pub(super) const AUDIO: u8 = b'a';
pub(super) const JSON: u8 = b'j';

/// What one frame carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Samples.
    Audio(Vec<i16>),
    /// An object.
    Json(Vec<u8>),
}

impl Frame {
    /// The frame as it stands on the connection.
    pub(super) fn octets(&self) -> Vec<u8> {
        match self {
            Self::Audio(samples) => {
                let payload: Vec<u8> =
                    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
                framed(AUDIO, &payload)
            }
            Self::Json(object) => framed(JSON, object),
        }
    }

    fn of(kind: u8, payload: Vec<u8>) -> Result<Self, Wrong> {
        match kind {
            AUDIO if payload.len() % 2 == 1 => Err(Wrong::HalfASample(payload.len())),
            AUDIO => {
                let (pairs, _) = payload.as_chunks::<2>();
                Ok(Self::Audio(pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()))
            }
            JSON => Ok(Self::Json(payload)),
            kind => Err(Wrong::Kind(kind)),
        }
    }
}

/// What is written may be longer than what may be read: an object is, where JSON escapes a message
/// of 64 KiB. None is longer than the objects that may wait.
pub(super) fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    [&[kind][..], &length.to_be_bytes(), payload].concat()
}

/// Reads the next frame; `None` where the other side has closed the connection between two. Not
/// cancel-safe.
///
/// # Errors
/// It is no frame, is longer than may be, or ends too early. What follows cannot be read.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Frame>, Wrong> {
    match raw(LONGEST, from).await? {
        Some((kind, payload)) => Frame::of(kind, payload).map(Some),
        None => Ok(None),
    }
}

/// The same as it stands there, its kind and its payload, where that may be so long.
///
/// # Errors
/// Those of [`read`], but for what the payload says.
pub(super) async fn raw(
    longest: usize, from: &mut (impl AsyncRead + Unpin),
) -> Result<Option<(u8, Vec<u8>)>, Wrong> {
    let mut head = [0; HEAD];
    match from.read(&mut head[..1]).await {
        Ok(0) | Err(_) => return Ok(None),
        Ok(_) => {}
    }
    let [kind, rest @ ..] = &mut head;
    // A stranger's octets are told from a frame by the first of them.
    if !matches!(*kind, AUDIO | JSON) {
        return Err(Wrong::Kind(*kind));
    }
    from.read_exact(rest).await.map_err(cut_off)?;
    let length = u32::from_be_bytes(*rest);
    let octets = usize::try_from(length).unwrap_or(usize::MAX);
    if octets > longest {
        return Err(Wrong::TooLong(length));
    }
    let mut payload = vec![0; octets];
    from.read_exact(&mut payload).await.map_err(cut_off)?;
    Ok(Some((*kind, payload)))
}

fn cut_off(_: io::Error) -> Wrong {
    Wrong::CutOff
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_all(mut octets: &[u8]) -> Result<Vec<Frame>, Wrong> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut frames = Vec::new();
            while let Some(frame) = read(&mut octets).await? {
                frames.push(frame);
            }
            Ok(frames)
        })
    }

    #[test]
    fn frames_follow_one_another() {
        let frames = vec![
            Frame::Audio(vec![1, -2, i16::MIN]),
            Frame::Json(b"{}".to_vec()),
            Frame::Audio(Vec::new()),
            Frame::Json(vec![b'x'; LONGEST]),
        ];
        let octets: Vec<u8> = frames.iter().flat_map(Frame::octets).collect();
        assert_eq!(octets[..11], *b"a\0\0\0\x06\x01\0\xfe\xff\0\x80");
        assert_eq!(read_all(&octets), Ok(frames));
    }

    #[test]
    fn what_is_no_frame_is_told_by_what_it_is() {
        let long = [&b"j"[..], &65_537_u32.to_be_bytes()].concat();
        for (octets, wrong) in [
            (&b"GET / HTTP/1.1\r\n"[..], Wrong::Kind(b'G')),
            (&long, Wrong::TooLong(65_537)),
            (b"a\0\0\0\x03abc", Wrong::HalfASample(3)),
            (b"a\0\0", Wrong::CutOff),
            (b"j\0\0\0\x09{}", Wrong::CutOff),
        ] {
            assert_eq!(read_all(octets), Err(wrong));
        }
        assert_eq!(read_all(b""), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn rubbish_is_frames_or_an_error(octets: Vec<u8>) {
            drop(read_all(&octets));
        }
    }
}
