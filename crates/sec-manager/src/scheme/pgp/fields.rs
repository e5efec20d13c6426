//! What the fields of a message say to the scheme: its challenges, its Date, and the Contact that is
//! signed.

use super::{Challenge, FRESH};
use sip_syntax::{Date, List, NameAddr, ParseError};
use ssa::{Headers, Response};
use std::time::Duration;

/// Challenges that are parsed, and answered: where a request was forked, one for each callee.
const PARSED: usize = 8;
const ANSWERED: usize = 4;

/// The challenges of this scheme that can be answered.
pub(crate) fn challenges<'a>(response: &Response<'a>) -> impl Iterator<Item = Challenge<'a>> {
    let headers = response.headers;
    let values = (0..PARSED).map_while(move |nth| headers.value("WWW-Authenticate", nth));
    values.filter_map(|value| Challenge::parse(value).ok().flatten()).take(ANSWERED)
}

/// Whether a Date is one, and within 300 s of `now`.
pub(crate) fn is_fresh(date: &[u8], now: Duration) -> bool {
    unix_seconds(date).is_some_and(|date| date.abs_diff(now.as_secs()) <= FRESH.as_secs())
}

/// A Date in Unix seconds, where it is one.
pub(crate) fn unix_seconds(date: &[u8]) -> Option<u64> {
    Date::parse(date).ok().map(|date| date.since_epoch().as_secs())
}

/// The URI of the first Contact, empty where there is none.
pub(crate) fn contact(headers: &dyn Headers) -> &[u8] {
    addresses(headers).next().and_then(Result::ok).map_or(b"", |address| address.uri().as_bytes())
}

/// Whether Contact says anything else than the one address that was signed: another one, one more,
/// or what nobody can read. Without a Contact, nothing is routed by one.
pub(crate) fn is_rerouted(headers: &dyn Headers, signed: &[u8]) -> bool {
    let mut addresses = addresses(headers).map(|address| address.map(|a| a.uri().as_bytes()));
    match addresses.next() {
        None => false,
        Some(first) => first != Ok(signed) || addresses.next().is_some(),
    }
}

/// The addresses of Contact, read as the stack reads them. RFC 3261 §20.10.
fn addresses(headers: &dyn Headers) -> impl Iterator<Item = Result<NameAddr<'_>, ParseError>> {
    List::new((0..).map_while(|nth| headers.value("Contact", nth)), NameAddr::read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssa::conformance::TestRequest;

    const SIGNED: &[u8] = b"sip:alice@192.0.2.1:5060";

    fn with_contacts(rows: &[&str]) -> TestRequest {
        let mut invite = TestRequest::invite("sip:alice@example.org", "sip:bob@example.org", "c");
        invite.fields.0.retain(|(name, _)| name != "Contact");
        let rows = rows.iter().map(|row| ("Contact".to_owned(), row.as_bytes().to_vec()));
        invite.fields.0.extend(rows);
        invite
    }

    #[test]
    fn a_contact_is_the_signed_one_however_it_is_dressed() {
        for contact in [
            "<sip:alice@192.0.2.1:5060>",
            "sip:alice@192.0.2.1:5060",
            "Alice <sip:alice@192.0.2.1:5060>;expires=60",
            r#""Alice, \"at <home>\"" <sip:alice@192.0.2.1:5060>"#,
            "sip:alice@192.0.2.1:5060;q=0.5",
        ] {
            let invite = with_contacts(&[contact]);
            assert_eq!(super::contact(&invite.fields), SIGNED, "{contact}");
            assert!(!is_rerouted(&invite.fields, SIGNED), "{contact}");
        }
        let none = with_contacts(&[]);
        assert_eq!(contact(&none.fields), b"");
        assert!(!is_rerouted(&none.fields, b""));
    }

    #[test]
    fn a_contact_that_routes_elsewhere_is_another() {
        for rows in [
            &["<sip:evil@192.0.2.66>"][..],
            &[r#""<sip:alice@192.0.2.1:5060>" <sip:evil@192.0.2.66>"#],
            &[r#"sip:evil@192.0.2.66;x="<sip:alice@192.0.2.1:5060>""#],
            &["sip:evil@192.0.2.66, <sip:alice@192.0.2.1:5060>"],
            &["<sip:alice@192.0.2.1:5060>, <sip:evil@192.0.2.66>"],
            &["<sip:alice@192.0.2.1:5060>", "<sip:evil@192.0.2.66>"],
            &["*"],
            &["<sip:alice@192.0.2.1:5060"],
            &[""],
        ] {
            let invite = with_contacts(rows);
            assert!(is_rerouted(&invite.fields, SIGNED), "{rows:?}");
        }
    }

    #[test]
    fn a_date_is_fresh_for_300_seconds_either_way() {
        let now = Duration::from_secs(1_700_000_000);
        let date = |seconds| Date::from_unix(Duration::from_secs(seconds)).to_string();
        assert!(is_fresh(date(1_700_000_300).as_bytes(), now));
        assert!(is_fresh(date(1_699_999_700).as_bytes(), now));
        assert!(!is_fresh(date(1_700_000_301).as_bytes(), now));
        assert!(!is_fresh(date(1_699_999_699).as_bytes(), now));
        assert!(!is_fresh(b"today", now));
    }
}
