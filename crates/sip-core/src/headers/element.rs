//! One value of a header, taken apart: what a grammar reads, and validator and `inspect` look at.

use super::via::Via;
use sip_syntax::{Cursor, NameAddr, Params, ParseError, Uri};

/// One value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Element<'a> {
    /// Octets as they stand.
    Octets(&'a [u8]),
    /// A number.
    Number(u64),
    /// A URI with a display name and parameters.
    Address(NameAddr<'a>),
    /// A Via.
    Via(Via<'a>),
    /// A URI in angle brackets, and the parameters behind it.
    Uri(Uri<'a>, Params<'a>),
    /// A name and its value, quotes kept.
    Pair(&'a [u8], &'a [u8]),
    /// Tokens with semicolons between them.
    Tokens(&'a [u8]),
    /// Whatever else has parts with names.
    Parts(Parts<'a>),
}

/// Up to three named parts, and parameters where the grammar has them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parts<'a> {
    pub(crate) parts: [Option<(&'static str, Part<'a>)>; 3],
    pub(crate) params: Option<Params<'a>>,
}

/// One part.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    Octets(&'a [u8]),
    Number(u64),
}

impl<'a> Element<'a> {
    /// Its parameters; none where its grammar has none.
    #[inline]
    pub(crate) fn params(&self) -> Params<'a> {
        match self {
            Self::Via(via) => via.params(),
            Self::Address(address) => address.params(),
            Self::Uri(_, params) => *params,
            Self::Parts(parts) => parts.params.unwrap_or_default(),
            Self::Octets(_) | Self::Number(_) | Self::Pair(..) | Self::Tokens(_) => {
                Params::default()
            }
        }
    }
}

/// Reads one value.
pub(crate) type Read = for<'a> fn(&mut Cursor<'a>) -> Result<Element<'a>, ParseError>;

/// What a header may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// One value. A second row makes the message invalid: two readers could take different ones.
    Single,
    /// One value. A second row means nothing: the call does not depend on it, and RFC 3261 §8.2.2
    /// has what is not needed ignored.
    Spare,
    /// One value a row, in as many rows as there are.
    Lines,
    /// Values with commas between them, in one row or several. RFC 3261 §7.3.1.
    List,
    /// The same, or nothing.
    OptionalList,
}

impl Count {
    /// Whether commas stand between values.
    pub(crate) const fn is_list(self) -> bool {
        matches!(self, Self::List | Self::OptionalList)
    }
}
