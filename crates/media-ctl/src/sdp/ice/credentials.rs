//! What protects the messages of one side. RFC 8839 §5.4.

use std::fmt;

/// A username fragment and a password, which protect the messages that come to who says them.
///
/// They stand in descriptions in the clear: they tell a peer's messages from those of who has not seen
/// the description.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    ufrag: String,
    pwd: String,
}

impl Credentials {
    /// Characters of a fragment of ours: 96 bits.
    pub const UFRAG: usize = 16;

    /// Characters of a password of ours: 192 bits.
    pub const PWD: usize = 32;

    /// Credentials of 4 to 256 and of 22 to 256 characters, letters, digits, `+` and `/` all of them;
    /// `None` for anything else. RFC 8839 §5.4.
    pub fn new(ufrag: &str, pwd: &str) -> Option<Self> {
        let is = |text: &str, least: usize| {
            let is_ice_char =
                |octet| matches!(octet, b'+' | b'/') || u8::is_ascii_alphanumeric(&octet);
            (least..=256).contains(&text.len()) && text.bytes().all(is_ice_char)
        };
        (is(ufrag, 4) && is(pwd, 22)).then(|| Self { ufrag: ufrag.to_owned(), pwd: pwd.to_owned() })
    }

    /// The username fragment.
    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// The password.
    pub fn pwd(&self) -> &str {
        &self.pwd
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, [redacted])", self.ufrag)
    }
}
