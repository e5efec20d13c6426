//! Header names, found by length and folded words rather than letter by letter.
//!
//! A name of at most sixteen octets is its first and its last eight, folded to lower case and
//! packed into two words. A table indexed by a hash that no two
//! names share, which is checked when it is built, yields the one name it could be; two
//! comparisons settle it.

use sip_syntax::class::{TOKEN, span};
use std::fmt;

macro_rules! header_names {
    ($($variant:ident $text:literal $compact:tt $kind:ident;)*) => {
        /// A header that this stack, or the RFCs that it follows, know by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum HeaderName {
            $(
                #[doc = concat!("`", $text, "`")]
                $variant,
            )*
        }

        const NAMES: &[Entry] = &[
            $(Entry {
                name: HeaderName::$variant,
                text: $text,
                words: Words::of($text.as_bytes()),
                compact: $compact,
                single: Kind::$kind.is_single(),
            },)*
        ];
    };
}

/// What a second row of a header means.
enum Kind {
    /// The message is invalid: two readers could take different ones.
    Single,
    /// Nothing: there should be one, but the call does not depend on it. RFC 3261 §8.2.2 has what
    /// is not needed ignored.
    Spare,
    /// More values.
    List,
}

impl Kind {
    const fn is_single(&self) -> bool {
        matches!(self, Self::Single)
    }
}

struct Entry {
    name: HeaderName,
    text: &'static str,
    words: Words,
    /// The compact form, or a space. RFC 3261 §7.3.3 and the registry that follows it.
    compact: u8,
    single: bool,
}

header_names! {
    Accept "Accept" b' ' List;
    AcceptContact "Accept-Contact" b'a' List;
    AcceptEncoding "Accept-Encoding" b' ' List;
    AcceptLanguage "Accept-Language" b' ' List;
    AlertInfo "Alert-Info" b' ' List;
    Allow "Allow" b' ' List;
    AllowEvents "Allow-Events" b'u' List;
    AuthenticationInfo "Authentication-Info" b' ' List;
    Authorization "Authorization" b' ' List;
    CSeq "CSeq" b' ' Single;
    CallId "Call-ID" b'i' Single;
    CallInfo "Call-Info" b' ' List;
    Contact "Contact" b'm' List;
    ContentDisposition "Content-Disposition" b' ' Single;
    ContentEncoding "Content-Encoding" b'e' List;
    ContentLanguage "Content-Language" b' ' List;
    ContentLength "Content-Length" b'l' Single;
    ContentType "Content-Type" b'c' Single;
    Date "Date" b' ' Single;
    ErrorInfo "Error-Info" b' ' List;
    Event "Event" b'o' Single;
    Expires "Expires" b' ' Single;
    From "From" b'f' Single;
    InReplyTo "In-Reply-To" b' ' List;
    MaxForwards "Max-Forwards" b' ' Single;
    MimeVersion "MIME-Version" b' ' Spare;
    MinExpires "Min-Expires" b' ' Spare;
    MinSe "Min-SE" b' ' Spare;
    Organization "Organization" b' ' Spare;
    PAssertedIdentity "P-Asserted-Identity" b' ' List;
    PPreferredIdentity "P-Preferred-Identity" b' ' List;
    Path "Path" b' ' List;
    PgpSignature "PGP-Signature" b' ' List;
    Priority "Priority" b' ' Spare;
    Privacy "Privacy" b' ' List;
    ProxyAuthenticate "Proxy-Authenticate" b' ' List;
    ProxyAuthorization "Proxy-Authorization" b' ' List;
    ProxyRequire "Proxy-Require" b' ' List;
    RAck "RAck" b' ' Single;
    RSeq "RSeq" b' ' Spare;
    Reason "Reason" b' ' List;
    RecordRoute "Record-Route" b' ' List;
    ReferTo "Refer-To" b'r' Single;
    ReferredBy "Referred-By" b'b' Single;
    Replaces "Replaces" b' ' Single;
    ReplyTo "Reply-To" b' ' Spare;
    RequestDisposition "Request-Disposition" b'd' List;
    Require "Require" b' ' List;
    RetryAfter "Retry-After" b' ' Spare;
    Route "Route" b' ' List;
    Server "Server" b' ' Spare;
    ServiceRoute "Service-Route" b' ' List;
    SessionExpires "Session-Expires" b'x' Spare;
    Subject "Subject" b's' Spare;
    SubscriptionState "Subscription-State" b' ' Spare;
    Supported "Supported" b'k' List;
    Timestamp "Timestamp" b' ' Spare;
    To "To" b't' Single;
    Unsupported "Unsupported" b' ' List;
    UserAgent "User-Agent" b' ' Spare;
    Via "Via" b'v' List;
    Warning "Warning" b' ' List;
    WwwAuthenticate "WWW-Authenticate" b' ' List;
}

impl HeaderName {
    /// Number of known names.
    pub(crate) const COUNT: usize = NAMES.len();

    /// The name that `text` is, in any case, long or compact.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if span(text, TOKEN) == text.len() { Self::find(text) } else { None }
    }

    /// The name that a token is: folding is exact for tokens only.
    #[inline]
    pub(crate) fn find(token: &[u8]) -> Option<Self> {
        let table = if token.len() == 1 { &COMPACT } else { &LONG };
        let place = table.get(hash(token))?.checked_sub(1)?;
        let entry = NAMES.get(usize::from(place))?;
        let same = match token.len() {
            1 => true,
            length if length != entry.text.len() => false,
            length if length > 16 => token.eq_ignore_ascii_case(entry.text.as_bytes()),
            _ => Words::of(token) == entry.words,
        };
        same.then_some(entry.name)
    }

    /// The long form, as the RFCs spell it.
    pub fn as_str(self) -> &'static str {
        NAMES.get(self.index()).map_or("", |entry| entry.text)
    }

    /// Whether a second row of it makes a message invalid. RFC 3261 §7.3.1, table 2, as far as
    /// a call depends on the header.
    #[inline]
    pub fn is_single(self) -> bool {
        NAMES.get(self.index()).is_some_and(|entry| entry.single)
    }

    #[inline]
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl AsRef<str> for HeaderName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// First and last octets of a token, folded to lower case.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Words(u64, u64);

impl Words {
    const FOLD: u64 = 0x2020_2020_2020_2020;

    #[inline]
    const fn of(token: &[u8]) -> Self {
        if let (Some(first), Some(last)) = (token.first_chunk(), token.last_chunk()) {
            let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
            return Self(first | Self::FOLD, last | Self::FOLD);
        }
        if let (Some(first), Some(last)) = (token.first_chunk(), token.last_chunk()) {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            return Self(first as u64 | Self::FOLD, last as u64 | Self::FOLD);
        }
        match *token {
            [a, b] => Self(u64::from_le_bytes([a, b, 0, 0, 0, 0, 0, 0]) | Self::FOLD, 0),
            [a, b, c] => Self(u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]) | Self::FOLD, 0),
            _ => Self(0, 0),
        }
    }
}

/// Of a token of one octet, its letter; of a longer one, a number that no two known names share.
#[inline]
const fn hash(token: &[u8]) -> usize {
    let middle = token.split_at(token.len() / 2).1;
    match (token, middle) {
        ([letter], _) => fold(*letter),
        // Multipliers found by search; `long_table` does not compile if they collide.
        ([first, .., last], [middle, ..]) => {
            let sum = token.len() * 12 + fold(*first) * 15 + fold(*last) * 52;
            (sum + fold(*middle) * 19) % 256
        }
        _ => 0,
    }
}

const fn fold(octet: u8) -> usize {
    (octet | 0x20) as usize
}

/// Places in [`NAMES`], from 1, by hash of the long form.
static LONG: [u8; 256] = long_table();
/// Places in [`NAMES`], from 1, by letter.
static COMPACT: [u8; 256] = compact_table();

#[expect(clippy::indexing_slicing, reason = "runs when it is compiled, and stays within NAMES")]
const fn long_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut place = 0;
    while place < NAMES.len() {
        let slot = hash(NAMES[place].text.as_bytes());
        assert!(table[slot] == 0, "two names share a slot");
        place += 1;
        table[slot] = place as u8;
    }
    table
}

#[expect(clippy::indexing_slicing, reason = "runs when it is compiled, and stays within NAMES")]
const fn compact_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut place = 0;
    while place < NAMES.len() {
        let slot = NAMES[place].compact as usize;
        place += 1;
        if slot != b' ' as usize {
            assert!(table[slot] == 0, "two names share a compact form");
            table[slot] = place as u8;
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case() {
        for entry in NAMES {
            let text = entry.text;
            for spelled in [text.to_owned(), text.to_lowercase(), text.to_uppercase()] {
                assert_eq!(HeaderName::parse(spelled.as_bytes()), Some(entry.name));
            }
            assert_eq!(entry.name.as_str(), text);
            if entry.compact != b' ' {
                let upper = entry.compact.to_ascii_uppercase();
                assert_eq!(HeaderName::parse(&[entry.compact]), Some(entry.name));
                assert_eq!(HeaderName::parse(&[upper]), Some(entry.name));
            }
        }
    }

    #[test]
    fn what_differs_by_one_octet_is_another_name() {
        for entry in NAMES {
            for at in 0..entry.text.len() {
                let mut text = entry.text.as_bytes().to_vec();
                for byte in [b'\r', 0, b'_', b'@', 0xff] {
                    text[at] = byte;
                    assert_eq!(HeaderName::parse(&text), None, "{}", text.escape_ascii());
                }
            }
        }
    }
}
