//! Keys of a telephone, as named events. RFC 4733 §3.2.

/// A key of a telephone: the DTMF event of a code. RFC 4733 §3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dtmf(u8);

impl Dtmf {
    /// The code of the last key.
    pub(super) const LAST: u8 = 15;

    /// The key of an event code: 0 to 9 are the digits, 10 is `*`, 11 is `#`, 12 to 15 are A to D;
    /// `None` for an event that is no key.
    pub const fn new(code: u8) -> Option<Self> {
        if code <= Self::LAST { Some(Self(code)) } else { None }
    }

    /// The event code, 0–15.
    pub const fn code(self) -> u8 {
        self.0
    }
}
