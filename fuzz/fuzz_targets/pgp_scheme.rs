//! The PGP scheme's texts: challenges, credentials, dates, and the canonical form of a message.
//! What is read is written and read again; the signed octets have one reading, which what elements
//! on the way may rewrite does not change.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sec_manager::aor::canonical;
use sec_manager::cs1::{EXTENSIONS, Fields, Parameters};
use sec_manager::fuzzing::{challenge, challenge_value, credentials_again};
use sip_core::{Date, Limits, Message};
use sma::Fingerprint;
use ssa::{Headers, Request};
use std::sync::LazyLock;

/// Octets of a SIP-date.
const DATE: usize = 29;
/// Fields of the canonical form.
const FIELDS: usize = 19;
/// What is folded and spelled otherwise, beside what `ext` covers: the fields whose values are
/// signed.
const SIGNED: [&str; 4] = ["Date", "Content-Type", "Content-Disposition", "Content-Encoding"];

static SIGNER: LazyLock<Fingerprint> =
    LazyLock::new(|| Fingerprint::parse(&"0".repeat(40)).expect("a fingerprint"));

/// The request that responses are taken to answer; it is among the seeds.
static INVITE: LazyLock<Message> = LazyLock::new(|| {
    let invite = include_bytes!("invite.sip");
    Message::parse(Bytes::from_static(invite), &Limits::default()).expect("a request")
});

fuzz_target!(|octets: &[u8]| {
    if let Ok(date) = Date::parse(octets) {
        let text = date.to_string();
        assert_eq!((text.len(), Date::parse(text.as_bytes())), (DATE, Ok(date)));
    }
    if let Some((realm, nonce)) = challenge(octets) {
        assert!((16..=128).contains(&nonce.len()) && realm.len() < octets.len());
        if let Ok(realm) = std::str::from_utf8(&realm) {
            let again = challenge(&challenge_value(realm, &nonce));
            assert_eq!(again, Some((realm.into(), nonce)));
        }
    }
    if let Some(written) = credentials_again(octets) {
        assert_eq!(credentials_again(&written), Some(written));
    }
    let Ok(message) = Message::parse(Bytes::copy_from_slice(octets), &Limits::default()) else {
        return;
    };
    if let Some(request) = message.ssa_request() {
        request_has_one_reading(&request);
    }
    if message.ssa_response().is_some() {
        response_is_bound(&message);
    }
});

/// The parameters that a signature of a request to this AOR has.
fn parameters(uri: &[u8]) -> Parameters<'_> {
    Parameters {
        realm: b"bob.example.org",
        nonce: b"AZ4ABwABZVPxAPWvnZv3z-jJ_QWF_Kk-1k2B-KDS9vBB_L5P",
        uri,
        contact: b"sip:alice@192.0.2.1:5060",
        signer: &SIGNER,
    }
}

fn request_has_one_reading(request: &Request<'_>) {
    let Ok(to) = canonical(request.to.uri) else { return };
    let parameters = parameters(to.as_str().as_bytes());
    let signed = |request: &Request<'_>| {
        Fields::of_request(request, &parameters).map(|fields| fields.octets())
    };
    let Ok(octets) = signed(request) else { return };
    let read = values(&octets);
    assert_eq!(read.len(), FIELDS);
    let fields = (read[0], read[1], read[9], read[12]);
    let own = (&b"uac"[..], request.method.as_bytes(), request.call_id, parameters.contact);
    assert_eq!(fields, own);

    let rewritten = Rewritten::of(request.headers);
    assert_eq!(signed(&Request { headers: &rewritten, ..*request }).as_ref(), Ok(&octets));
    let body = [request.body, b"x"].concat();
    assert_ne!(signed(&Request { body: &body, ..*request }), Ok(octets));
}

fn response_is_bound(response: &Message) {
    let (Some(request), Some(response)) = (INVITE.ssa_request(), response.ssa_response()) else {
        return;
    };
    let parameters = parameters(b"sip:bob@example.org");
    let request = Fields::of_request(&request, &parameters).expect("it can be signed");
    let Ok(answer) = request.of_response(&response, &parameters) else { return };
    let octets = answer.octets();
    let read = values(&octets);
    assert_eq!((read.len(), read[0]), (FIELDS, &b"uas"[..]));
    assert_ne!(octets, request.octets());
}

/// The values of a canonical form, by their lengths alone.
fn values(octets: &[u8]) -> Vec<&[u8]> {
    let mut rest = octets.strip_prefix(b"SIP-PGP-AUTH CS1\n").expect("the prefix");
    let mut values = Vec::new();
    while !rest.is_empty() {
        let mut parts = rest.splitn(3, |octet| *octet == b':').skip(1);
        let length = parts.next().and_then(|digits| std::str::from_utf8(digits).ok());
        let length = length.and_then(|digits| digits.parse().ok()).expect("a length");
        let (value, end) = parts.next().expect("a value").split_at(length);
        values.push(value);
        rest = end.strip_prefix(b"\n").expect("a line feed");
    }
    values
}

/// The signed fields of a message, folded wherever they have a space, media types in capitals.
struct Rewritten(Vec<(&'static str, Vec<u8>)>);

impl Rewritten {
    fn of(headers: &dyn Headers) -> Self {
        let mut all = Vec::new();
        for name in SIGNED.into_iter().chain(EXTENSIONS) {
            for value in (0..).map_while(|nth| headers.value(name, nth)) {
                let mut folded = Vec::new();
                for octet in value {
                    match octet {
                        b' ' => folded.extend_from_slice(b"\r\n \t"),
                        octet => folded.push(*octet),
                    }
                }
                if name == "Content-Type" {
                    let kind = folded.iter_mut().take_while(|octet| **octet != b';');
                    kind.for_each(|octet| octet.make_ascii_uppercase());
                }
                all.push((name, folded));
            }
        }
        Self(all)
    }
}

impl Headers for Rewritten {
    fn value(&self, name: &str, nth: usize) -> Option<&[u8]> {
        let named = self.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_slice()).nth(nth)
    }
}
