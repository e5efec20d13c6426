//! Bodies that are read, and those that are refused.

use super::*;
use crate::aor::{self, Aor};
use crate::cs1::Role;
use crate::params::plain;
use proptest::prelude::*;
use ssa::Body;

const TYPE: &str = "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b";
const GOOD: &str = "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n\
    --b\r\nContent-Type: application/octet-stream\r\n\r\n\x01\r\n\x02\r\n--b--\r\n";

fn read(content_type: &str, body: &str) -> Result<Vec<u8>, MimeError> {
    ciphertext(&whole(content_type, body.as_bytes())).map(<[u8]>::to_vec)
}

fn whole(content_type: &str, octets: &[u8]) -> Body {
    Body { content_type: Some(content_type.as_bytes().to_vec()), octets: octets.to_vec() }
}

#[test]
fn what_rfc_3156_allows_is_read() {
    let octets = b"\x01\r\n\x02".to_vec();
    for (content_type, body) in [
        (TYPE.to_owned(), GOOD.to_owned()),
        (
            "Multipart/ENCRYPTED;\r\n boundary=\"b\" ;PROTOCOL = \"application/PGP-encrypted\""
                .to_owned(),
            GOOD.to_owned(),
        ),
        (TYPE.to_owned(), format!("preamble\r\n{GOOD}epilogue --b")),
        (TYPE.to_owned(), GOOD.replace("--b\r\n", "--b \t\r\n")),
        (TYPE.to_owned(), GOOD.trim_end().to_owned()),
        (
            TYPE.to_owned(),
            GOOD.replace(
                "stream\r\n",
                "stream;\r\n name=x\r\nContent-Transfer-Encoding: binary\r\n",
            ),
        ),
    ] {
        assert_eq!(read(&content_type, &body), Ok(octets.clone()), "{body}");
    }
}

#[test]
fn p18_boundaries_that_do_not_hold_are_refused() {
    // Within the limit of a body, so that it is the parts that are too many.
    let many = "--b\r\n\r\nx\r\n".repeat(6_000);
    assert!(many.len() < MAX_BODY);
    for (body, error) in [
        ("", MimeError::Boundary),
        ("--b", MimeError::Boundary),
        ("--b--", MimeError::Part),
        ("--b\r\n--b\r\n--b--\r\n", MimeError::Part),
        ("--b\r\n\r\n--b\r\n\r\n--b--\r\n", MimeError::Field),
        (GOOD.trim_end_matches("--b--\r\n"), MimeError::Boundary),
        (&GOOD.replace("--b--", "--bb--"), MimeError::Boundary),
        (&GOOD.replace("--b--", "--b-"), MimeError::Boundary),
        (&GOOD.replace("--b--", "--b"), MimeError::Boundary),
        (&GOOD.replace("\x01\r\n", "--bx\r\n"), MimeError::Boundary),
        (&GOOD.replace("\r\n", "\n"), MimeError::Boundary),
        (&many, MimeError::TooLarge),
        (&format!("{}--b--", "--b\r\n\r\n\r\n".repeat(16)), MimeError::Part),
        (&format!("{}--b--", "--b\r\n\r\n\r\n".repeat(17)), MimeError::TooLarge),
        (&"x".repeat(MAX_BODY + 1), MimeError::TooLarge),
    ] {
        assert_eq!(read(TYPE, body), Err(error), "{:.60}", body);
    }
}

#[test]
fn p17_a_multipart_within_a_multipart_is_refused_at_any_depth() {
    for depth in [1, 4, 5, 700] {
        let nested = (0..depth).fold("v=0\r\n".to_owned(), |inner, level| {
            let boundary = format!("x{level}");
            format!(
                "Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n{inner}\r\n\
                 --{boundary}--\r\n"
            )
        });
        for part in [
            "Content-Type: application/pgp-encrypted\r\n\r\n",
            "Content-Type: application/octet-stream\r\n\r\n",
        ] {
            let body = GOOD.replace(part, &nested);
            assert!(body.len() < MAX_BODY && body != GOOD);
            assert_eq!(read(TYPE, &body), Err(MimeError::Part), "{depth}");
        }
    }
}

#[test]
fn other_parts_are_refused() {
    for (from, to) in [
        ("Version: 1", "Version: 2"),
        ("pgp-encrypted\r\n", "pgp-keys\r\n"),
        ("octet-stream", "sdp"),
        ("stream\r\n", "stream\r\nContent-Transfer-Encoding: base64\r\n"),
        ("stream\r\n", "stream\r\nContent-Type: application/octet-stream\r\n"),
        ("\x01\r\n\x02", ""),
        ("--b--", "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--"),
    ] {
        let body = GOOD.replace(from, to);
        assert!(read(TYPE, &body).is_err(), "{body}");
    }
}

#[test]
fn other_media_types_are_refused() {
    for content_type in [
        "",
        "multipart",
        "multipart/mixed; boundary=b",
        "multipart/mixed; protocol=\"application/pgp-encrypted\"; boundary=b",
        "multipart/encrypted; boundary=b",
        "multipart/encrypted; protocol=\"application/pgp-encrypted\"",
        "multipart/encrypted; protocol=\"application/pkcs7\"; boundary=b",
        "multipart/encrypted; protocol=\"application/pgp-encrypted; boundary=b",
        "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"\"",
        "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b; boundary=c",
        "multipart/encrypted; protocol=\"application/pgp-encrypted\" boundary=b",
        "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b \"",
    ] {
        assert!(read(content_type, GOOD).is_err(), "{content_type}");
    }
    assert!(!is_encrypted(&Body::default()));
    assert!(!is_encrypted(&sdp(b"v=0\r\n")));
    assert!(is_encrypted(&whole(TYPE, b"")));
}

/// RFC 2045 §5.1.
#[test]
fn a_media_type_is_tokens_and_quoted_strings() {
    fn parse(text: &str) -> Result<ContentType<'_>, MimeError> {
        media_type(text.as_bytes())
    }
    let value = |text: &str| Some(plain(parse(text).ok()?.params.text("x")?).into_owned());
    assert_eq!(value(r#"a/b; x="c\"d\\;""#).as_deref(), Some(br#"c"d\;"#.as_slice()));
    assert_eq!(value("A / B ;\ty=1;X = c ").as_deref(), Some(b"c".as_slice()));
    assert!(parse("A/b").is_ok_and(|media| media.is("a/B") && !media.is("a/bc")));
    for malformed in [
        "a b/c",
        "a/b c",
        "/b",
        "a/",
        "a/b;",
        "a/b; x",
        "a/b; x=",
        "a/b; x=c d",
        "a/b; x=c@d",
        "a/b; x y=c",
        "a/b; =c",
        "a/b; x=\"c\" d",
        "a/b; x=\"c",
        "a/b; x=\"c\\",
        "a/b; x=1; X=2",
        "a/b; x=\u{1}",
        "a/b; x=é",
    ] {
        assert_eq!(parse(malformed).err(), Some(MimeError::MediaType), "{malformed}");
    }
    let parameters = |n| (0..n).map(|n| format!(";p{n}=v")).collect::<String>();
    assert!(parse(&format!("a/b{}", parameters(16))).is_ok());
    assert!(parse(&format!("a/b{}", parameters(17))).is_err());
}

/// RFC 2046 §5.1.1.
#[test]
fn a_boundary_is_one_to_70_characters_of_some() {
    let body = |boundary: &str| {
        let content_type = TYPE.replace("boundary=b", &format!("boundary=\"{boundary}\""));
        read(&content_type, &GOOD.replace("--b", &format!("--{boundary}")))
    };
    assert!(body("'()+_,-./:=?").is_ok());
    assert!(body(&"b".repeat(70)).is_ok());
    for boundary in ["", &"b".repeat(71), "b*", "b c", "é"] {
        assert_eq!(body(boundary), Err(MimeError::Boundary), "{boundary}");
    }
}

/// RFC 2045 §3, RFC 5322 §2.2.
#[test]
fn header_fields_are_lines_that_may_be_folded() {
    fn fields(text: &str) -> Result<Vec<Field<'_>>, MimeError> {
        split(text.as_bytes()).map(|(fields, _)| fields)
    }
    let folded = fields("A: b\r\n\t c\r\n\r\n");
    assert_eq!(folded, Ok(vec![(b"A".as_slice(), b"b c".to_vec())]));
    for (text, value) in [
        ("A:\r\n\tb\r\n\r\n", "b"),
        ("A: b\r\n \t\r\n\r\n", "b"),
        ("A: b\r\n \r\n  c\r\n\r\n", "b c"),
    ] {
        let read = fields(text);
        assert_eq!(read, Ok(vec![(b"A".as_slice(), value.as_bytes().to_vec())]), "{text:?}");
    }
    assert_eq!(fields("A:b\tc\r\n\r\n"), Ok(vec![(b"A".as_slice(), b"b\tc".to_vec())]));
    for malformed in [
        "A b: c\r\n\r\n",
        ": c\r\n\r\n",
        "A: b\u{0}c\r\n\r\n",
        "A: b\r\n \u{0}c\r\n\r\n",
        "A: b\r\n\t\nc\r\n\r\n",
        "A: b\n\r\n\r\n",
        " A: b\r\n\r\n",
        "A\r\n\r\n",
    ] {
        assert_eq!(fields(malformed), Err(MimeError::Field), "{malformed:?}");
    }
    let many = |n| format!("{}\r\n", "A: b\r\n".repeat(n));
    assert_eq!(fields(&many(16)).map(|fields| fields.len()), Ok(16));
    assert_eq!(fields(&many(17)), Err(MimeError::TooLarge));
}

#[test]
fn a_body_of_64_kib_is_the_largest() {
    let around = wrap(b"x").unwrap().octets.len() - 1;
    let largest = wrap(&vec![0; MAX_BODY - around]).unwrap();
    assert_eq!(largest.octets.len(), MAX_BODY);
    assert!(ciphertext(&largest).is_ok());
    assert_eq!(wrap(&vec![0; MAX_BODY - around + 1]), Err(MimeError::TooLarge));
    let exchange = Exchange::new();
    let binding = exchange.binding();
    let enclosed = |length| enclose(&binding, &[b"n"], &sdp(&vec![b'x'; length]));
    let around = enclosed(0).unwrap().expose().len();
    let largest = enclosed(MAX_BODY - around).unwrap();
    assert_eq!(open(&binding, b"n", largest.expose()), Ok(sdp(&vec![b'x'; MAX_BODY - around])));
    assert_eq!(enclosed(MAX_BODY - around + 1), Err(MimeError::TooLarge));
    let larger = [largest.expose(), b"x"].concat();
    assert_eq!(open(&binding, b"n", &larger), Err(MimeError::TooLarge));
}

struct Exchange {
    from: Aor,
    to: Aor,
}

impl Exchange {
    fn new() -> Self {
        Self {
            from: aor::canonical(b"sip:alice@example.org").unwrap(),
            to: aor::canonical(b"sip:bob@example.org").unwrap(),
        }
    }

    fn binding(&self) -> Binding<'_> {
        Binding { role: Role::Uac, from: &self.from, to: &self.to, from_tag: b"1928301774" }
    }
}

const ENTITY: &str = "CS1-Role: uac\r\nCS1-From: sip:alice@example.org\r\n\
    CS1-To: sip:bob@example.org\r\nCS1-From-Tag: 1928301774\r\nCS1-Nonce: one\r\n\
    CS1-Nonce: two\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n";

fn sdp(octets: &[u8]) -> Body {
    whole("application/sdp", octets)
}

#[test]
fn an_entity_names_its_exchange() {
    let exchange = Exchange::new();
    let binding = exchange.binding();
    let built = enclose(&binding, &[b"one", b"two"], &sdp(b"v=0\r\n")).unwrap();
    assert_eq!(String::from_utf8_lossy(built.expose()), ENTITY);
    for nonce in [b"one", b"two"] {
        assert_eq!(open(&binding, nonce, built.expose()), Ok(sdp(b"v=0\r\n")));
    }
    let four = [b"1".as_slice(), b"2", b"3", b"4"];
    let built = enclose(&binding, &four, &sdp(b"v=0\r\n")).unwrap();
    assert_eq!(open(&binding, b"4", built.expose()), Ok(sdp(b"v=0\r\n")));
}

#[test]
fn g25_an_entity_of_another_exchange_is_refused() {
    let exchange = Exchange::new();
    let binding = exchange.binding();
    let refused = |text: &str| open(&binding, b"two", text.as_bytes()).unwrap_err();
    for (from, to) in [
        ("uac", "uas"),
        ("alice", "mallory"),
        ("bob", "carol"),
        ("1928301774", "1928301775"),
        ("two", "six"),
    ] {
        assert_eq!(refused(&ENTITY.replace(from, to)), MimeError::Binding);
    }
    for (from, to) in [
        ("CS1-Role: uac\r\n", ""),
        ("CS1-Nonce: one", "CS1-Role: uac"),
        ("CS1-Nonce: one\r\n", &"CS1-Nonce: one\r\n".repeat(4)),
        ("\r\nContent-Type: application/sdp", ""),
        ("Content-Type", "Content-Encoding"),
        ("sdp\r\n", "sdp\r\nCS1-Nonce: two\r\n"),
        ("CS1-From-Tag", "CS1-From\u{1}Tag"),
        ("\r\n", "\n"),
    ] {
        assert_eq!(refused(&ENTITY.replace(from, to)), MimeError::Field);
    }
    let response = Binding { role: Role::Uas, ..binding };
    let two = ENTITY.replace("uac", "uas");
    let refused = open(&response, b"two", two.as_bytes());
    assert_eq!(refused, Err(MimeError::Field), "a 2xx names one nonce");
}

#[test]
fn an_entity_that_would_not_be_read_is_not_built() {
    let exchange = Exchange::new();
    let binding = exchange.binding();
    let none = enclose(&binding, &[], &sdp(b""));
    assert_eq!(none, Err(MimeError::TooLarge));
    let five = enclose(&binding, &[b"n".as_slice(); 5], &sdp(b""));
    assert_eq!(five, Err(MimeError::TooLarge));
    let split = enclose(&binding, &[b"n\r\nCS1-Role: uas"], &sdp(b""));
    assert_eq!(split, Err(MimeError::Field));
    assert_eq!(wrap(&vec![0; MAX_BODY]), Err(MimeError::TooLarge));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_ciphertext_survives(octets in proptest::collection::vec(any::<u8>(), 1..200)) {
        let outer = wrap(&octets).unwrap();
        prop_assert!(is_encrypted(&outer));
        prop_assert_eq!(ciphertext(&outer), Ok(octets.as_slice()));
    }

    #[test]
    fn no_input_panics(
        parameters in "[ -~\r\n]{0,24}",
        body in "(--b(--)?|\r\n|Content-Type:|Version: 1|[ -~]){0,24}",
    ) {
        let exchange = Exchange::new();
        for content_type in [TYPE.to_owned(), format!("{TYPE};{parameters}")] {
            if let Ok(octets) = read(&content_type, &body) {
                prop_assert!(octets.len() < body.len());
            }
        }
        if let Ok(inner) = open(&exchange.binding(), b"n", body.as_bytes()) {
            prop_assert!(inner.octets.len() < body.len());
        }
    }
}
