//! Alert-Info, Call-Info and Error-Info: what a caller would have played or shown. History-Info: whom
//! a request was for before. All of it is to be shown at most: nothing proves it.

use crate::{HeaderName, Message, ParseError};
use sip_syntax::{Cursor, List, NameAddr, Params, Uri};

/// One value of Alert-Info, Call-Info or Error-Info: a URI and what is said of it. RFC 3261 §20.4,
/// §20.9, §20.18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InfoUri<'a> {
    /// Where it is: `http:`, `urn:alert:` (RFC 7462) or another. It is for nobody to fetch unasked.
    pub uri: Uri<'a>,
    /// Of Call-Info `purpose`: `icon`, `info`, `card` or another.
    pub params: Params<'a>,
}

impl<'a> InfoUri<'a> {
    /// `LAQUOT absoluteURI RAQUOT *( SEMI generic-param )`.
    #[inline]
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        cursor.separator(b'<')?;
        let uri = Uri::read(cursor)?;
        cursor.separator(b'>')?;
        Ok(Self { uri, params: Params::read(cursor)? })
    }
}

impl Message {
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
}

#[cfg(test)]
mod tests {
    use crate::{Limits, Message};

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
        let purpose = |it: super::InfoUri<'_>| text(it.params.value("purpose").unwrap());
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
