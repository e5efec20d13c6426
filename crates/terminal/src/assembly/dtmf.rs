//! Keys of a telephone: as named events beside the voice (RFC 4733), and as INFO carries them, in ways
//! that no RFC describes. Every PBX knows `application/dtmf-relay`, which we send; some send
//! `application/dtmf`, which is the key alone.
//!
//! ```text
//! Signal=5
//! Duration=160
//! ```

use media_ctl::format::Dtmf;
use sip_core::ContentType;
use ssa::Body;
use std::fmt;

/// The content type.
const KIND: &str = "application/dtmf-relay";

/// The content type of a key alone.
const ALONE: &str = "application/dtmf";

/// The keys, in the order of their event codes. RFC 4733 §3.2.
const KEYS: [char; 16] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// How long a key is said to have been pressed, in milliseconds.
const DURATION: u32 = 160;

/// A key: `0` to `9`, `*`, `#`, `A` to `D`. RFC 4733 §3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit(char);

impl Digit {
    /// The key of this character, letters in either case; `None` where there is no such key.
    pub const fn new(character: char) -> Option<Self> {
        match character.to_ascii_uppercase() {
            key @ ('0'..='9' | '*' | '#' | 'A'..='D') => Some(Self(key)),
            _ => None,
        }
    }

    /// The key of an event.
    pub(super) fn of_event(event: Dtmf) -> Option<Self> {
        KEYS.get(usize::from(event.code())).map(|key| Self(*key))
    }

    /// The event that says that it is pressed.
    pub(super) fn event(self) -> Option<Dtmf> {
        let code = (0..).zip(KEYS).find(|(_, key)| *key == self.0)?.0;
        Dtmf::new(code)
    }

    /// The key of an event's number of two digits, as some write it.
    fn of_number(number: &str) -> Option<Self> {
        let code = number.parse().ok().filter(|_| number.len() == 2 && number.starts_with('1'))?;
        Dtmf::new(code).and_then(Self::of_event)
    }

    /// The body that says that it was pressed.
    pub(super) fn body(self) -> Body {
        let octets = format!("Signal={self}\r\nDuration={DURATION}\r\n").into_bytes();
        Body { content_type: Some(KIND.into()), octets }
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The key that a body says was pressed. Case, blanks, line ends, further lines and their order do
/// not matter; neither does how long it was.
pub(super) fn read(body: &Body) -> Option<Digit> {
    let kind = ContentType::parse(body.content_type.as_deref()?).ok()?;
    let text = std::str::from_utf8(&body.octets).ok()?;
    let value = if kind.is(KIND) {
        let mut rows = text.lines().filter_map(|line| line.split_once('='));
        rows.find(|(name, _)| name.trim().eq_ignore_ascii_case("signal"))?.1.trim()
    } else {
        Some(text.trim()).filter(|_| kind.is(ALONE))?
    };
    let mut characters = value.chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) => Digit::new(only),
        _ => Digit::of_number(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Option<char> {
        let body =
            Body { content_type: Some(b"Application/DTMF-Relay".to_vec()), octets: text.into() };
        read(&body).map(|digit| digit.0)
    }

    #[test]
    fn a_key_is_read_as_it_is_written() {
        for key in "0123456789*#ABCD".chars() {
            let digit = Digit::new(key).unwrap();
            assert_eq!(read(&digit.body()), Some(digit));
        }
        assert_eq!(Digit::new('d'), Digit::new('D'));
        assert_eq!(Digit::new('1').unwrap().body().octets, b"Signal=1\r\nDuration=160\r\n");
    }

    #[test]
    fn a_key_is_an_event_of_its_code() {
        for (code, key) in (0..).zip("0123456789*#ABCD".chars()) {
            let event = Dtmf::new(code).unwrap();
            assert_eq!(Digit::new(key).and_then(Digit::event), Some(event));
            assert_eq!(Digit::of_event(event), Digit::new(key));
        }
    }

    #[test]
    fn a_key_is_read_however_it_is_laid_out() {
        for (text, key) in [
            ("Signal= 5\nDuration= 250\n", '5'),
            ("signal=#", '#'),
            ("Duration=100\r\n SIGNAL = a \r\n\r\n", 'A'),
            ("Signal=10\r\nDuration=160\r\n", '*'),
            ("Signal=11", '#'),
            ("Signal=15", 'D'),
        ] {
            assert_eq!(read_text(text), Some(key), "{text:?}");
        }
    }

    #[test]
    fn a_key_may_stand_alone() {
        let alone = |text: &str| {
            let content_type = Some(b"application/dtmf".to_vec());
            read(&Body { content_type, octets: text.into() }).map(|digit| digit.0)
        };
        for (text, key) in [("5", '5'), ("#\r\n", '#'), (" d ", 'D'), ("11\r\n", '#')] {
            assert_eq!(alone(text), Some(key), "{text:?}");
        }
        for text in ["", "16", "55", "Signal=5", "E"] {
            assert_eq!(alone(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in ["", "Signal=", "Signal=16", "Signal=E", "Signal 5", "5", "Signal=\u{e9}", "=5"]
        {
            assert_eq!(read_text(text), None, "{text:?}");
        }
        let other =
            Body { content_type: Some(b"text/plain".to_vec()), octets: b"Signal=5".to_vec() };
        assert_eq!((read(&other), read(&Body::default())), (None, None));
        let binary = Body { content_type: Some(KIND.into()), octets: vec![0xff; 9] };
        assert_eq!(read(&binary), None);
    }
}
