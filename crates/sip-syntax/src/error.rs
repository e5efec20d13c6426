//! What was wrong with what was parsed, and where.

use core::fmt;

/// Input that does not have the form it should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseError {
    /// Offset of the offending octet within what was given to the parser.
    pub at: usize,
    /// What should have stood there.
    pub expected: Expected,
}

impl ParseError {
    /// An error at an offset.
    pub const fn new(at: usize, expected: Expected) -> Self {
        Self { at, expected }
    }

    /// The same error seen from the start of a larger buffer, where the parsed part begins at
    /// `base`.
    #[must_use]
    pub const fn within(self, base: usize) -> Self {
        Self { at: self.at.saturating_add(base), expected: self.expected }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expected {
            Expected::Header(name) => write!(f, "no {name} header field"),
            expected => write!(f, "{} at octet {}", expected.as_str(), self.at),
        }
    }
}

impl core::error::Error for ParseError {}

/// What a parser expected. RFC 3261 §25.1 names the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// A Request-Line or a Status-Line.
    StartLine,
    /// A status code of 100 to 699.
    StatusCode,
    /// CRLF.
    LineEnd,
    /// The empty line that ends the head.
    HeadEnd,
    /// Fewer octets.
    FewerOctets,
    /// A header field of this name.
    Header(&'static str),
    /// A token.
    Token,
    /// A word, or two joined by `@`.
    Word,
    /// A quoted string, closed.
    QuotedString,
    /// A comment in parentheses, closed.
    Comment,
    /// Digits.
    Number,
    /// A number within the range of its rule.
    SmallerNumber,
    /// White space.
    Whitespace,
    /// The end of the value.
    End,
    /// A URI.
    Uri,
    /// A URI's scheme.
    Scheme,
    /// A URI's user part.
    User,
    /// A host name, an IPv4 address or an IPv6 reference.
    Host,
    /// A port.
    Port,
    /// A parameter.
    Param,
    /// A header within a URI.
    UriHeader,
    /// A telephone number.
    TelephoneNumber,
    /// A name-addr or an addr-spec.
    NameAddr,
    /// Angle brackets around a URI that has a comma, a question mark or a semicolon.
    AngleBrackets,
    /// `SIP/2.0/` and a transport.
    SentProtocol,
    /// A method.
    Method,
    /// A type and a subtype.
    MediaType,
    /// A date. RFC 1123, always GMT.
    Date,
    /// An authentication scheme.
    AuthScheme,
    /// This separator.
    Octet(u8),
    /// Fewer parameters.
    FewerParams,
    /// A multipart body's boundary, as a parameter or between its parts.
    Boundary,
    /// A body part that is not empty.
    BodyPart,
    /// Fewer body parts, or parts within parts less deep.
    FewerParts,
}

impl Expected {
    /// What was expected, in words: `expected a host`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StartLine => "expected a Request-Line or a Status-Line",
            Self::StatusCode => "expected a status code of 100 to 699",
            Self::LineEnd => "expected CRLF",
            Self::HeadEnd => "expected the empty line that ends the head",
            Self::FewerOctets => "expected fewer octets",
            Self::Header(_) => "expected a header field",
            Self::Token => "expected a token",
            Self::Word => "expected a word",
            Self::QuotedString => "expected a quoted string",
            Self::Comment => "expected a comment",
            Self::Number => "expected digits",
            Self::SmallerNumber => "expected a smaller number",
            Self::Whitespace => "expected white space",
            Self::End => "expected the end of the value",
            Self::Uri => "expected a URI",
            Self::Scheme => "expected a scheme",
            Self::User => "expected a user part",
            Self::Host => "expected a host",
            Self::Port => "expected a port",
            Self::Param => "expected a parameter",
            Self::UriHeader => "expected a header within the URI",
            Self::TelephoneNumber => "expected a telephone number",
            Self::NameAddr => "expected a name-addr or an addr-spec",
            Self::AngleBrackets => "expected angle brackets around the URI",
            Self::SentProtocol => "expected SIP/2.0/ and a transport",
            Self::Method => "expected a method",
            Self::MediaType => "expected a media type",
            Self::Date => "expected a date in GMT",
            Self::AuthScheme => "expected an authentication scheme",
            Self::Octet(_) => "expected a separator",
            Self::FewerParams => "expected fewer parameters",
            Self::Boundary => "expected a multipart boundary",
            Self::BodyPart => "expected a body part that is not empty",
            Self::FewerParts => "expected fewer body parts",
        }
    }
}
