//! The headers: one row each. Names and their lookup, what makes a message invalid, which values
//! are judged, and what `inspect` shows come from here.

use super::element::{Count, Read};
use super::grammar;
use sip_syntax::List;

/// A header, as its row says.
pub(crate) struct Header {
    pub(crate) name: HeaderName,
    /// The long form, as the RFCs spell it.
    pub(crate) text: &'static str,
    /// The compact form, or a space. RFC 3261 §7.3.3 and the registry that follows it.
    pub(crate) compact: u8,
    pub(crate) count: Count,
    pub(crate) need: Need,
    /// The grammar of one value.
    read: Read,
    /// Why a message whose value is malformed is invalid.
    pub(crate) malformed: &'static str,
}

impl Header {
    /// The values in `rows` of this header; an error ends them.
    #[inline]
    pub(crate) fn elements<'a>(
        &self, rows: impl Iterator<Item = &'a [u8]>,
    ) -> List<'a, impl Iterator<Item = &'a [u8]>, Read> {
        let may_be_empty = self.count == Count::OptionalList;
        let rows = rows.filter(move |row| !(may_be_empty && row.is_empty()));
        List::new(rows, self.read).one_a_row(!self.count.is_list())
    }
}

/// Who cannot do without a header that is in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nobody: its value may be as it likes. RFC 3261 §8.2.2.
    Ignored,
    /// The validator refuses it malformed; the message can be served and worked with all the same.
    Judged,
    /// Every message is matched and routed by it.
    Message,
    /// A request is refused by it.
    Request,
    /// A response makes a dialog by it.
    Response,
    /// An INVITE and a response make a dialog by it.
    Dialog,
    /// A body is explained by it.
    Body,
}

macro_rules! headers {
    ($(
        $variant:ident $text:literal $compact:literal $count:ident $need:ident $read:ident
        $source:literal;
    )*) => {
        /// A header that this stack, or the RFCs that it follows, know by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum HeaderName {
            $(
                #[doc = concat!("`", $text, "`. ", $source, ".")]
                $variant,
            )*
        }

        impl HeaderName {
            /// All of them, in the order of the enum.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its row.
            #[inline]
            pub(crate) const fn header(self) -> &'static Header {
                match self {
                    $(Self::$variant => const {
                        &Header {
                            name: Self::$variant,
                            text: $text,
                            compact: $compact,
                            count: Count::$count,
                            need: Need::$need,
                            read: grammar::$read,
                            malformed: concat!("a malformed ", $text),
                        }
                    },)*
                }
            }
        }
    };
}

// Variant, name, compact form, what it may hold, who needs it, grammar of a value, source.
headers! {
    Accept "Accept" b' ' OptionalList Ignored media_type "RFC 3261 §20.1";
    AcceptContact "Accept-Contact" b'a' List Ignored token_with_params "RFC 3841 §9.2";
    AcceptEncoding "Accept-Encoding" b' ' OptionalList Ignored token_with_params "RFC 3261 §20.2";
    AcceptLanguage "Accept-Language" b' ' OptionalList Ignored token_with_params "RFC 3261 §20.3";
    AlertInfo "Alert-Info" b' ' List Ignored bracketed_uri "RFC 3261 §20.4";
    Allow "Allow" b' ' OptionalList Ignored token "RFC 3261 §20.5";
    AllowEvents "Allow-Events" b'u' List Ignored token "RFC 6665 §8.2.2";
    AuthenticationInfo "Authentication-Info" b' ' List Ignored pair "RFC 3261 §20.6";
    Authorization "Authorization" b' ' Lines Judged scheme "RFC 3261 §20.7";
    CSeq "CSeq" b' ' Single Message cseq "RFC 3261 §20.16";
    CallId "Call-ID" b'i' Single Message call_id "RFC 3261 §20.8";
    CallInfo "Call-Info" b' ' List Ignored bracketed_uri "RFC 3261 §20.9";
    Contact "Contact" b'm' List Dialog contact "RFC 3261 §20.10";
    ContentDisposition "Content-Disposition" b' ' Single Judged disposition "RFC 3261 §20.11";
    ContentEncoding "Content-Encoding" b'e' List Ignored token "RFC 3261 §20.12";
    ContentLanguage "Content-Language" b' ' List Ignored token "RFC 3261 §20.13";
    ContentLength "Content-Length" b'l' Single Ignored content_length "RFC 3261 §20.14";
    ContentType "Content-Type" b'c' Single Body media_type "RFC 3261 §20.15";
    Date "Date" b' ' Single Ignored date "RFC 3261 §20.17";
    ErrorInfo "Error-Info" b' ' List Ignored bracketed_uri "RFC 3261 §20.18";
    Event "Event" b'o' Single Ignored token_with_params "RFC 6665 §8.2.1";
    Expires "Expires" b' ' Single Judged delta_seconds "RFC 3261 §20.19";
    FlowTimer "Flow-Timer" b' ' Spare Ignored delta_seconds "RFC 5626 §10";
    From "From" b'f' Single Message address "RFC 3261 §20.20";
    HistoryInfo "History-Info" b' ' List Ignored route "RFC 7044 §5";
    InReplyTo "In-Reply-To" b' ' List Ignored call_id "RFC 3261 §20.21";
    InfoPackage "Info-Package" b' ' Single Judged token_with_params "RFC 6086 §7.2";
    MaxForwards "Max-Forwards" b' ' Single Judged max_forwards "RFC 3261 §20.22";
    MimeVersion "MIME-Version" b' ' Spare Ignored mime_version "RFC 3261 §20.24";
    MinExpires "Min-Expires" b' ' Spare Ignored delta_seconds "RFC 3261 §20.23";
    MinSe "Min-SE" b' ' Spare Ignored seconds_with_params "RFC 4028 §5";
    Organization "Organization" b' ' Spare Ignored text "RFC 3261 §20.25";
    PAssertedIdentity "P-Asserted-Identity" b' ' List Ignored identity "RFC 3325 §9.1";
    PPreferredIdentity "P-Preferred-Identity" b' ' List Ignored identity "RFC 3325 §9.2";
    Path "Path" b' ' List Ignored route "RFC 3327 §4";
    PgpSignature "PGP-Signature" b' ' Lines Ignored text "The signature of a response under the PGP scheme";
    Priority "Priority" b' ' Spare Ignored text "RFC 3261 §20.26";
    Privacy "Privacy" b' ' Lines Ignored privacy "RFC 3323 §4.2";
    ProxyAuthenticate "Proxy-Authenticate" b' ' Lines Judged scheme "RFC 3261 §20.27";
    ProxyAuthorization "Proxy-Authorization" b' ' Lines Judged scheme "RFC 3261 §20.28";
    ProxyRequire "Proxy-Require" b' ' List Judged token "RFC 3261 §20.29";
    RAck "RAck" b' ' Single Ignored rack "RFC 3262 §7.2";
    RSeq "RSeq" b' ' Spare Ignored rseq "RFC 3262 §7.1";
    Reason "Reason" b' ' List Ignored token_with_params "RFC 3326 §2";
    RecvInfo "Recv-Info" b' ' OptionalList Judged token_with_params "RFC 6086 §7.3";
    RecordRoute "Record-Route" b' ' List Response route "RFC 3261 §20.30";
    ReferSub "Refer-Sub" b' ' Single Ignored token_with_params "RFC 4488 §4";
    ReferTo "Refer-To" b'r' Single Ignored address "RFC 3515 §2.1";
    ReferredBy "Referred-By" b'b' Single Ignored address "RFC 3892 §3";
    Replaces "Replaces" b' ' Single Ignored replaces "RFC 3891 §6.1";
    ReplyTo "Reply-To" b' ' Spare Ignored address "RFC 3261 §20.31";
    RequestDisposition "Request-Disposition" b'd' List Ignored token "RFC 3841 §9.1";
    Require "Require" b' ' List Request token "RFC 3261 §20.32";
    RetryAfter "Retry-After" b' ' Spare Ignored retry_after "RFC 3261 §20.33";
    Route "Route" b' ' List Judged route "RFC 3261 §20.34";
    Server "Server" b' ' Spare Ignored products "RFC 3261 §20.35";
    ServiceRoute "Service-Route" b' ' List Ignored route "RFC 3608 §5";
    SessionExpires "Session-Expires" b'x' Spare Ignored seconds_with_params "RFC 4028 §4";
    SipEtag "SIP-ETag" b' ' Spare Ignored token "RFC 3903 §11.3.1";
    SipIfMatch "SIP-If-Match" b' ' Spare Ignored token "RFC 3903 §11.3.2";
    Subject "Subject" b's' Spare Ignored text "RFC 3261 §20.36";
    SubscriptionState "Subscription-State" b' ' Spare Ignored token_with_params "RFC 6665 §8.2.3";
    Supported "Supported" b'k' OptionalList Ignored token "RFC 3261 §20.37";
    Timestamp "Timestamp" b' ' Spare Ignored timestamp "RFC 3261 §20.38";
    To "To" b't' Single Message address "RFC 3261 §20.39";
    Unsupported "Unsupported" b' ' List Ignored token "RFC 3261 §20.40";
    UserAgent "User-Agent" b' ' Spare Ignored products "RFC 3261 §20.41";
    Via "Via" b'v' List Message via "RFC 3261 §20.42";
    Warning "Warning" b' ' List Ignored warning "RFC 3261 §20.43";
    WwwAuthenticate "WWW-Authenticate" b' ' Lines Judged scheme "RFC 3261 §20.44";
}
