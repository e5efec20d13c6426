//! The messages of a connection to a TURN server, which stand one behind the other. RFC 8656 §12.5.
//!
//! ```text
//!   0x00…0x3f  STUN: 20 octets, and as many as their length says; a multiple of four   RFC 8489 §5
//!   0x40…0x4f  ChannelData: 4 octets, as many as their length says, padding to four    RFC 8656 §12
//!   others     nobody's: where the next message begins is not known any more
//! ```
//!
//! The library has a buffer of its own, which knows no padding and waits for ever for the rest of what
//! is no message: it is given whole messages, one at a time.

use std::time::{Duration, Instant};

/// How long the rest of a message is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Octets before the attributes of a STUN message. RFC 8489 §5.
const STUN_HEADER: usize = 20;

/// Octets before the data of a ChannelData message. RFC 8656 §12.4.
const CHANNEL_HEADER: usize = 4;

/// RFC 8489 §5.
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// What came is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rubbish;

/// What came by a connection and is not taken yet: of whole messages, and of one that is not, which has
/// 65 555 octets at most.
#[derive(Debug, Default)]
pub(super) struct Frames {
    held: Vec<u8>,
    /// Since when the first message is waited for.
    since: Option<Instant>,
}

impl Frames {
    /// Takes up octets that came; whole messages are to be taken before more are.
    pub(super) fn push(&mut self, now: Instant, octets: &[u8]) {
        self.held.extend_from_slice(octets);
        if !octets.is_empty() {
            self.since.get_or_insert(now);
        }
    }

    /// The next message, without its padding; `None` while it is not whole.
    ///
    /// # Errors
    /// There is no next message in what came.
    pub(super) fn next(&mut self, now: Instant) -> Result<Option<Vec<u8>>, Rubbish> {
        let Some(length) = length(&self.held)? else { return Ok(None) };
        let whole = length.next_multiple_of(4);
        if self.held.len() < whole {
            return Ok(None);
        }
        let mut message: Vec<u8> = self.held.drain(..whole).collect();
        message.truncate(length);
        self.since = (!self.held.is_empty()).then_some(now);
        Ok(Some(message))
    }

    /// Until when the rest of a message is waited for.
    pub(super) fn until(&self) -> Option<Instant> {
        self.since.map(|since| since + PATIENCE)
    }
}

/// The length of the message that begins so; `None` where too little of it is there.
fn length(held: &[u8]) -> Result<Option<usize>, Rubbish> {
    let Some(first) = held.first() else { return Ok(None) };
    let (header, is_stun) = match first {
        0..=0x3f => (STUN_HEADER, true),
        0x40..=0x4f => (CHANNEL_HEADER, false),
        _ => return Err(Rubbish),
    };
    let cookie = held.iter().skip(4).zip(COOKIE);
    if is_stun && cookie.into_iter().any(|(octet, expected)| *octet != expected) {
        return Err(Rubbish);
    }
    let [_, _, high, low, ..] = *held else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    // RFC 8489 §5: attributes are padded, so that the last two bits are always zero.
    if is_stun && !length.is_multiple_of(4) {
        return Err(Rubbish);
    }
    Ok(Some(header + length))
}

#[cfg(test)]
mod tests {
    use super::super::tests::start;
    use super::*;
    use proptest::prelude::*;

    fn stun(length: u16) -> Vec<u8> {
        let [high, low] = length.to_be_bytes();
        let head = [&[0, 1, high, low][..], &COOKIE, &[7; 12]].concat();
        [head, vec![9; length.into()]].concat()
    }

    /// Without its padding, and with it.
    fn channel(length: u16) -> [Vec<u8>; 2] {
        let [high, low] = length.to_be_bytes();
        let message = [vec![0x40, 1, high, low], vec![3; length.into()]].concat();
        let mut padded = message.clone();
        padded.resize(message.len().next_multiple_of(4), 0);
        [message, padded]
    }

    /// RFC 8656 §12.5: padding is not in the length, and not in what is handed on.
    #[test]
    fn messages_come_whole_however_they_were_cut() {
        let [[empty, _], [one, padded], [three, more]] = [channel(0), channel(1), channel(3)];
        let stream = [&stun(0)[..], &empty, &padded, &stun(8), &more, &stun(65_532)].concat();
        let expected = [stun(0), empty, one, stun(8), three, stun(65_532)];
        for piece in [1, 2, 3, 4, 7, 19, 20, 21, 1_000, stream.len()] {
            let (mut frames, now) = (Frames::default(), start());
            let mut came = Vec::new();
            for octets in stream.chunks(piece) {
                frames.push(now, octets);
                came.extend(std::iter::from_fn(|| frames.next(now).unwrap()));
            }
            assert!(came == expected, "{piece}");
            assert_eq!((frames.held.len(), frames.until()), (0, None));
        }
    }

    /// It is known at the first octet that cannot be: what never ends is not waited for.
    #[test]
    fn what_is_no_message_is_refused_at_once() {
        let [mut cookie, mut odd] = [stun(8), stun(8)];
        cookie[7] ^= 1;
        odd[3] = 9;
        let rows: [(&[u8], usize); 5] = [
            (b"\x50", 1),
            (b"\x80\xc8\0\x06", 1),
            (&cookie, 8),
            (&odd, 4),
            (&[0, 1, 0, 8, 0x21, 0x12, 0], 7),
        ];
        for (octets, known) in rows {
            for length in 1..=octets.len() {
                let (mut frames, now) = (Frames::default(), start());
                frames.push(now, &octets[..length]);
                let expected = if length < known { Ok(None) } else { Err(Rubbish) };
                assert_eq!(frames.next(now), expected, "{octets:?} {length}");
            }
        }
    }

    #[test]
    fn the_rest_of_a_message_is_waited_for_so_long() {
        let (mut frames, began) = (Frames::default(), start());
        assert_eq!(frames.until(), None);
        let [_, padded] = channel(1);
        frames.push(began, &padded[..5]);
        assert_eq!(frames.next(began), Ok(None));
        let later = began + Duration::from_secs(4);
        // More of it does not make it young.
        frames.push(later, &padded[5..6]);
        assert_eq!((frames.next(later), frames.until()), (Ok(None), Some(began + PATIENCE)));
        frames.push(later, &[&padded[6..], &padded[..1]].concat());
        assert!(frames.next(later).unwrap().is_some());
        assert_eq!((frames.next(later), frames.until()), (Ok(None), Some(later + PATIENCE)));
    }

    proptest! {
        #[test]
        fn no_octets_panic_and_no_more_is_held_than_a_message_has(
            octets in proptest::collection::vec(any::<u8>(), 0..200), piece in 1_usize..50,
        ) {
            let (mut frames, now) = (Frames::default(), start());
            for octets in octets.chunks(piece) {
                frames.push(now, octets);
                while let Ok(Some(message)) = frames.next(now) {
                    prop_assert!(message.len() >= CHANNEL_HEADER);
                }
                prop_assert!(frames.held.len() < 65_560);
            }
        }
    }
}
