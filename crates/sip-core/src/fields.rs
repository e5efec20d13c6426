//! What an application puts into a request of its own: a body, and header fields that inform.

use crate::HeaderName;
use crate::builder::Text;
use sip_syntax::class::{TOKEN, span};
use ssa::Body;
use std::fmt;

/// Octets of all fields together.
const MOST: usize = 4096;

/// Header fields that an application adds to a request: Subject, User-Agent, Privacy, `X-` fields of
/// its own. What the stack writes itself, or works by, is none of them.
///
/// ```
/// use sip_core::Fields;
///
/// let fields = Fields::default().with("Subject", "lunch")?.with("X-Queue", "7")?;
/// let refused = fields.with("Via", "SIP/2.0/UDP 192.0.2.1").unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "Via is not the application's to add: requests and responses find their way by it"
/// );
/// # Ok::<(), sip_core::FieldError>(())
/// ```
#[derive(Clone, Default)]
pub struct Fields(Text);

/// Why a header field is not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldError {
    /// The name is no token. RFC 3261 §25.1.
    Name,
    /// The header is the stack's or the security manager's, and why.
    Owned(HeaderName, &'static str),
    /// The value is more than a line, or holds control characters.
    Value,
    /// All of them together are more than 4096 octets.
    Long,
}

impl Fields {
    /// These fields, and one more. A compact name (`s`) is the header that it stands for.
    ///
    /// # Errors
    /// As [`FieldError`] says.
    pub fn with(
        mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>,
    ) -> Result<Self, FieldError> {
        let (name, value) = (name.as_ref(), value.as_ref());
        if name.is_empty() || span(name.as_bytes(), TOKEN) != name.len() {
            return Err(FieldError::Name);
        }
        if let Some(known) = HeaderName::parse(name.as_bytes())
            && let Some(why) = owned(known)
        {
            return Err(FieldError::Owned(known, why));
        }
        if value.iter().any(|octet| octet.is_ascii_control() && *octet != b'\t') {
            return Err(FieldError::Value);
        }
        self.0.field(name, value);
        if self.0.len() > MOST { Err(FieldError::Long) } else { Ok(self) }
    }

    /// The fields as they leave.
    pub(crate) const fn text(&self) -> &Text {
        &self.0
    }
}

/// What a request of an application's carries. A [`Body`] alone is one, too.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    /// The body.
    pub body: Body,
    /// Header fields beside those that the stack writes.
    pub fields: Fields,
}

impl From<Body> for Payload {
    fn from(body: Body) -> Self {
        Self { body, fields: Fields::default() }
    }
}

impl From<(Body, Fields)> for Payload {
    fn from((body, fields): (Body, Fields)) -> Self {
        Self { body, fields }
    }
}

impl fmt::Debug for Fields {
    /// Prints the length: what users write is theirs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields[{} octets]", self.0.len())
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("the name of a header field is a token such as X-Queue"),
            Self::Owned(name, why) => {
                write!(f, "{} is not the application's to add: {why}", name.as_str())
            }
            Self::Value => f.write_str("the value of a header field is one line of text"),
            Self::Long => write!(f, "header fields of more than {MOST} octets"),
        }
    }
}

impl std::error::Error for FieldError {}

/// Why a header is not an application's to add; `None`: it only informs.
const fn owned(name: HeaderName) -> Option<&'static str> {
    use HeaderName as H;
    Some(match name {
        H::Via
        | H::Route
        | H::RecordRoute
        | H::Path
        | H::ServiceRoute
        | H::MaxForwards
        | H::Contact => "requests and responses find their way by it",
        H::From | H::To | H::CallId | H::CSeq => "it says which request, dialog and call this is",
        H::ContentType
        | H::ContentLength
        | H::ContentDisposition
        | H::ContentEncoding
        | H::ContentLanguage
        | H::MimeVersion => "it comes with the body",
        H::Authorization
        | H::ProxyAuthorization
        | H::WwwAuthenticate
        | H::ProxyAuthenticate
        | H::AuthenticationInfo
        | H::PgpSignature
        | H::Date
        | H::PAssertedIdentity => "what is proved and vouched for is the security manager's",
        H::Accept
        | H::AcceptEncoding
        | H::Allow
        | H::AllowEvents
        | H::Supported
        | H::Require
        | H::ProxyRequire
        | H::SessionExpires
        | H::MinSe
        | H::RAck
        | H::RSeq
        | H::RecvInfo => "it says what this stack can do",
        H::Event
        | H::Expires
        | H::SubscriptionState
        | H::ReferTo
        | H::ReferSub
        | H::Replaces
        | H::SipEtag
        | H::SipIfMatch
        | H::InfoPackage => "the command for it writes it",
        H::MinExpires
        | H::RetryAfter
        | H::ErrorInfo
        | H::FlowTimer
        | H::Server
        | H::Unsupported
        | H::Warning
        | H::Timestamp => "it stands in responses, which the stack writes",
        H::AcceptContact
        | H::AcceptLanguage
        | H::AlertInfo
        | H::CallInfo
        | H::HistoryInfo
        | H::InReplyTo
        | H::Organization
        | H::PPreferredIdentity
        | H::Priority
        | H::Privacy
        | H::Reason
        | H::ReferredBy
        | H::ReplyTo
        | H::RequestDisposition
        | H::Subject
        | H::UserAgent => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_stack_owns_is_refused_in_every_spelling_and_says_why() {
        for name in [
            "Via",
            "v",
            "FROM",
            "f",
            "To",
            "Call-ID",
            "i",
            "CSeq",
            "Contact",
            "m",
            "Route",
            "Content-Length",
            "l",
            "Max-Forwards",
            "Authorization",
            "Proxy-Authorization",
            "Require",
            "Replaces",
            "Expires",
        ] {
            let refused = Fields::default().with(name, "x").unwrap_err();
            assert!(matches!(refused, FieldError::Owned(..)), "{name}: {refused}");
            assert!(refused.to_string().contains(" is not the application's to add: "));
        }
    }

    #[test]
    fn a_value_is_one_line_and_a_name_a_token() {
        let add = |name: &str, value: &str| Fields::default().with(name, value).map(|_| ());
        assert_eq!(add("Subject", "l\u{fc}nch, \tnow"), Ok(()));
        for value in ["a\r\nRoute: <sip:b>", "a\n", "\r", "a\0", "a\u{1b}[2J"] {
            assert_eq!(add("Subject", value), Err(FieldError::Value), "{value:?}");
        }
        for name in ["", "X Y", "X:", "X\r\nVia", "\u{fc}"] {
            assert_eq!(add(name, "x"), Err(FieldError::Name), "{name:?}");
        }
        assert_eq!(add("X-Long", &"x".repeat(MOST)), Err(FieldError::Long));
    }
}
