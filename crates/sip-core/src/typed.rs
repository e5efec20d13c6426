//! The headers of a message, typed when they are asked for.
//!
//! Offsets of an error count from the start of the value.

use crate::headers::{
    CSeq, CallId, Contact, ContentType, Date, Element, InfoUri, NameAddr, Reason, Via,
    delta_seconds, max_forwards, read_token,
};
use crate::{Expected, HeaderName, Message, ParseError};
use sip_syntax::List;

impl Message {
    /// The topmost Via: where a response goes, and what a transaction is known by.
    ///
    /// # Errors
    /// No Via, or a malformed one.
    #[inline]
    pub fn top_via(&self) -> Result<Via<'_>, ParseError> {
        self.vias().next().unwrap_or_else(|| Err(missing(HeaderName::Via)))
    }

    /// All Via values, topmost first; an error ends them.
    #[inline]
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'_>, ParseError>> {
        List::new(self.headers(HeaderName::Via), Via::read)
    }

    /// Call-ID.
    ///
    /// # Errors
    /// No Call-ID, or a malformed one.
    #[inline]
    pub fn call_id(&self) -> Result<CallId<'_>, ParseError> {
        CallId::parse(self.required(HeaderName::CallId)?)
    }

    /// CSeq.
    ///
    /// # Errors
    /// No CSeq, a malformed one, or a number of 2³¹ or more.
    #[inline]
    pub fn cseq(&self) -> Result<CSeq<'_>, ParseError> {
        CSeq::parse(self.required(HeaderName::CSeq)?)
    }

    /// From.
    ///
    /// # Errors
    /// No From, or a malformed one.
    #[inline]
    pub fn from(&self) -> Result<NameAddr<'_>, ParseError> {
        NameAddr::parse(self.required(HeaderName::From)?)
    }

    /// To.
    ///
    /// # Errors
    /// No To, or a malformed one.
    #[inline]
    pub fn to(&self) -> Result<NameAddr<'_>, ParseError> {
        NameAddr::parse(self.required(HeaderName::To)?)
    }

    /// Max-Forwards, where there is one.
    ///
    /// # Errors
    /// What is no number of at most 255.
    #[inline]
    pub fn max_forwards(&self) -> Result<Option<u8>, ParseError> {
        self.optional(HeaderName::MaxForwards, max_forwards)
    }

    /// All values of Contact; an error ends them.
    #[inline]
    pub fn contacts(&self) -> impl Iterator<Item = Result<Contact<'_>, ParseError>> {
        List::new(self.headers(HeaderName::Contact), Contact::read)
    }

    /// The bindings of a registrar's answer that can be read; one that cannot be keeps nobody from the
    /// others. RFC 3261 §10.2.4.
    pub fn bindings(&self) -> impl Iterator<Item = Contact<'_>> {
        List::going_on(self.headers(HeaderName::Contact), Contact::read).flatten()
    }

    /// All values of Route in order; an error ends them. RFC 3261 §20.34.
    pub fn routes(&self) -> impl Iterator<Item = Result<NameAddr<'_>, ParseError>> {
        List::new(self.headers(HeaderName::Route), NameAddr::read_route)
    }

    /// All values of Record-Route in order; an error ends them. RFC 3261 §20.30.
    pub fn record_routes(&self) -> impl Iterator<Item = Result<NameAddr<'_>, ParseError>> {
        List::new(self.headers(HeaderName::RecordRoute), NameAddr::read_route)
    }

    /// All values of Service-Route in order; an error ends them. RFC 3608 §5.
    pub fn service_routes(&self) -> impl Iterator<Item = Result<NameAddr<'_>, ParseError>> {
        List::new(self.headers(HeaderName::ServiceRoute), NameAddr::read_route)
    }

    /// All values of Reason in order; an error ends them. RFC 3326 §2.
    pub fn reasons(&self) -> impl Iterator<Item = Result<Reason<'_>, ParseError>> {
        List::new(self.headers(HeaderName::Reason), Reason::read)
    }

    /// All values of Alert-Info in order; an error ends them. RFC 3261 §20.4.
    pub fn alert_infos(&self) -> impl Iterator<Item = Result<InfoUri<'_>, ParseError>> {
        List::new(self.headers(HeaderName::AlertInfo), InfoUri::read)
    }

    /// All values of Call-Info in order; an error ends them. RFC 3261 §20.9.
    pub fn call_infos(&self) -> impl Iterator<Item = Result<InfoUri<'_>, ParseError>> {
        List::new(self.headers(HeaderName::CallInfo), InfoUri::read)
    }

    /// All values of History-Info, the oldest first: whom the request was for on its way, with
    /// `index`, and `rc`, `mp` or `np`; an error ends them. RFC 7044 §5.
    pub fn history(&self) -> impl Iterator<Item = Result<NameAddr<'_>, ParseError>> {
        List::new(self.headers(HeaderName::HistoryInfo), NameAddr::read_route)
    }

    /// Content-Type, where there is one.
    ///
    /// # Errors
    /// A malformed one.
    pub fn content_type(&self) -> Result<Option<ContentType<'_>>, ParseError> {
        self.optional(HeaderName::ContentType, ContentType::parse)
    }

    /// Date, where there is one.
    ///
    /// # Errors
    /// What is no SIP-date.
    pub fn date(&self) -> Result<Option<Date>, ParseError> {
        self.optional(HeaderName::Date, Date::parse)
    }

    /// Expires in seconds, clamped to 2³²−1, where there is one.
    ///
    /// # Errors
    /// What is no number.
    pub fn expires(&self) -> Result<Option<u32>, ParseError> {
        self.optional(HeaderName::Expires, delta_seconds)
    }

    /// The tokens of a header that is a list of them (Supported, Require, Allow …), in order; an
    /// error ends them.
    pub fn tokens(&self, name: HeaderName) -> impl Iterator<Item = Result<&[u8], ParseError>> {
        // These lists may be empty. RFC 3261 §20.5, §20.37.
        let rows = self.headers(name).filter(|value| !value.is_empty());
        List::new(rows, read_token)
    }

    /// Whether a list of tokens has this one, in any case.
    pub fn has_token(&self, name: HeaderName, token: &str) -> bool {
        self.tokens(name)
            .map_while(Result::ok)
            .any(|found| found.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The values of a header by the grammar that the table has for it, in order; an error ends them.
    pub(crate) fn typed(
        &self, name: HeaderName,
    ) -> impl Iterator<Item = Result<Element<'_>, ParseError>> {
        name.header().elements(self.headers(name))
    }

    fn required(&self, name: HeaderName) -> Result<&[u8], ParseError> {
        self.header(name).ok_or_else(|| missing(name))
    }

    fn optional<'a, T>(
        &'a self, name: HeaderName, parse: fn(&'a [u8]) -> Result<T, ParseError>,
    ) -> Result<Option<T>, ParseError> {
        self.header(name).map(parse).transpose()
    }
}

fn missing(name: HeaderName) -> ParseError {
    ParseError::new(0, Expected::Header(name.as_str()))
}

#[cfg(test)]
mod tests {
    use crate::{InfoUri, Limits, Message};

    fn message(fields: &str) -> Message {
        let text = format!("INVITE sip:b@192.0.2.2 SIP/2.0\r\n{fields}\r\n");
        Message::parse(text.into_bytes().into(), &Limits::default()).unwrap()
    }

    #[test]
    fn what_is_said_of_a_call_is_read_in_order() {
        // The examples of RFC 3261 §20.4, §20.9 and, shortened, of RFC 7044 §5.
        let message = message(
            "Alert-Info: <http://www.example.com/sounds/moo.wav>\r\n\
             Call-Info: <http://wwww.example.com/alice/photo.jpg> ;purpose=icon,\r\n\
             \x20 <http://www.example.com/alice/> ;purpose=info\r\n\
             History-Info: <sip:UserA@ims.example.com>;index=1;foo=bar\r\n\
             History-Info: <sip:UserB@example.com?Reason=SIP%3Bcause%3D302>;index=1.1;rc=1\r\n",
        );
        let text = |octets: &[u8]| octets.escape_ascii().to_string();
        let alerts: Vec<_> =
            message.alert_infos().map(|it| text(it.unwrap().uri.as_bytes())).collect();
        assert_eq!(alerts, ["http://www.example.com/sounds/moo.wav"]);
        let purpose = |it: InfoUri<'_>| text(it.params.value("purpose").unwrap());
        let purposes: Vec<_> = message.call_infos().map(|it| purpose(it.unwrap())).collect();
        assert_eq!(purposes, ["icon", "info"]);
        let indices: Vec<_> = message
            .history()
            .map(|it| text(it.unwrap().params().value("index").unwrap()))
            .collect();
        assert_eq!(indices, ["1", "1.1"]);
    }

    #[test]
    fn what_is_not_as_it_should_be_ends_the_list() {
        let message = message(
            "Alert-Info: http://a.example\r\nCall-Info: <sip:a>, x\r\nHistory-Info: sip:a@b;index=1\r\n",
        );
        assert!(message.alert_infos().next().unwrap().is_err());
        assert_eq!(message.call_infos().map(|it| it.is_ok()).collect::<Vec<_>>(), [true, false]);
        assert!(message.history().next().unwrap().is_err());
    }
}
