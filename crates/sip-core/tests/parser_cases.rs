//! The parser's cases, P01 to P23, of the security register.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use sip_core::inspect::{Kind, inspect};
use sip_core::{
    Capabilities, FaultKind, FrameError, Framed, HeaderName, Limits, Message, StatusCode,
    StreamFramer, Verdict, delta_seconds, validate, validate_within,
};
use std::time::{Duration, Instant};

/// An OPTIONS request: the lines between start line and Content-Length are the case's own.
fn request(lines: &str, content_length: &str, body: &str) -> String {
    format!("OPTIONS sip:bob@example.net SIP/2.0\r\n{lines}{content_length}\r\n{body}")
}

const VIA: &str = "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK77ef\r\n";
const REST: &str = "From: <sip:alice@example.net>;tag=19\r\nTo: <sip:bob@example.net>\r\n\
    Call-ID: a84b4c76\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n";

fn with(extra: &str) -> String {
    request(&format!("{VIA}{REST}{extra}"), "Content-Length: 0\r\n", "")
}

fn parse(text: impl AsRef<[u8]>) -> Message {
    let octets = text.as_ref().to_vec();
    Message::parse(octets.into(), &Limits::default()).unwrap()
}

fn judge(text: impl AsRef<[u8]>) -> Verdict {
    validate(&parse(text), &Capabilities::default())
}

/// The status that a request is owed; none where it is valid.
fn owed(text: impl AsRef<[u8]>) -> Option<u16> {
    let message = parse(text);
    let verdict = validate(&message, &Capabilities::default());
    verdict.owed(&message).map(StatusCode::as_u16)
}

/// What a stream yields: messages with their faults, and the error that ends it.
fn stream(octets: &[u8], step: usize) -> (Vec<Message>, Option<FrameError>) {
    let mut framer = StreamFramer::new(Limits::default());
    let mut messages = Vec::new();
    for piece in octets.chunks(step) {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(Framed::Message(message))) => messages.push(*message),
                Ok(Some(Framed::KeepAlive)) => {}
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

#[test]
fn p01_body_shorter_than_content_length() {
    let lines = format!("{VIA}{REST}");
    assert_eq!(owed(request(&lines, "Content-Length: 9\r\n", "short")), Some(400));
    let response = format!("SIP/2.0 200 OK\r\n{VIA}{REST}Content-Length: 9\r\n\r\nshort");
    assert!(matches!(judge(&response), Verdict::Invalid { .. }));
    assert_eq!(owed(response), None, "a response is discarded in silence");
}

#[test]
fn p02_body_longer_than_content_length() {
    let one = request(&format!("{VIA}{REST}"), "Content-Length: 2\r\n", "ab");
    let two = with("Subject: the next\r\n");
    let both = format!("{one}{two}");
    let datagram = parse(&both);
    assert_eq!(datagram.body(), b"ab");
    assert_eq!(datagram.fault(), None);
    let (messages, error) = stream(both.as_bytes(), 4096);
    assert_eq!(error, None);
    let octets: Vec<&[u8]> = messages.iter().map(|message| &message.as_bytes()[..]).collect();
    assert_eq!(octets, [one.as_bytes(), two.as_bytes()]);
}

#[test]
fn p03_content_length_that_is_no_length() {
    let lines = format!("{VIA}{REST}");
    for value in ["-1", "+5", "99999999999999999999", "4294967328", "5 5", "0x5", ""] {
        let text = request(&lines, &format!("Content-Length: {value}\r\n"), "12345");
        assert_eq!(owed(&text), Some(400), "{value:?}");
        let (messages, error) = stream(text.as_bytes(), 4096);
        assert_eq!(error, Some(FrameError::Lost), "{value:?}: answered, then closed");
        assert_eq!(messages.len(), 1);
    }
    let two = request(&lines, "Content-Length: 0\r\nl: 5\r\n", "12345");
    assert_eq!(owed(&two), Some(400));
    assert_eq!(stream(two.as_bytes(), 4096).1, Some(FrameError::Lost));
}

#[test]
fn p04_stream_without_content_length() {
    let text = request(&format!("{VIA}{REST}"), "", "");
    assert_eq!(owed(&text), None, "a datagram needs none");
    let (messages, error) = stream(text.as_bytes(), 4096);
    let [message] = messages.as_slice() else {
        panic!("{messages:?}");
    };
    let verdict = validate(message, &Capabilities::default());
    assert_eq!(verdict.owed(message), Some(StatusCode::BAD_REQUEST));
    assert_eq!(error, Some(FrameError::Lost));
}

#[test]
fn p05_ten_thousand_folded_lines_are_513_at_the_cap() {
    let folds = |count: usize| with(&format!("Subject: a{}\r\n", "\r\n b".repeat(count)));
    let message = parse(folds(2_047));
    assert_eq!(message.header(HeaderName::Subject).unwrap().len(), 8_189);
    assert_eq!(owed(message.as_bytes()), None);
    for count in [2_048, 10_000] {
        assert_eq!(owed(folds(count)), Some(513), "{count}");
    }
}

/// The time that judging a message takes, at its best: what else the machine does is not counted.
#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
fn cost(octets: &[u8]) -> Duration {
    let limits = Limits { value: octets.len(), params: octets.len(), ..Limits::default() };
    let input = bytes::Bytes::copy_from_slice(octets);
    let judged = |_| {
        let start = Instant::now();
        let message = Message::parse(input.clone(), &limits).unwrap();
        let verdict = validate_within(&message, &Capabilities::default(), &limits);
        let took = start.elapsed();
        assert_eq!(verdict, Verdict::Valid);
        took
    };
    (0..30).map(judged).min().unwrap()
}

#[test]
fn p05_folded_lines_take_time_in_proportion() {
    for (name, before, after) in [
        ("Subject", "a", ""),
        ("Contact", "\"", "\" <sip:bob@example.net>"),
        ("Contact", "<sip:bob@example.net>;a=\"", "\""),
        ("Call-Info", "<sip:bob@example.net>", ""),
    ] {
        let folds = |count| with(&format!("{name}: {before}{}{after}\r\n", "\r\n b".repeat(count)));
        // Sixteen times the lines: what is quadratic takes 256 times as long.
        let [few, many] = [1_000, 16_000].map(|count| cost(folds(count).as_bytes()));
        assert!(many < 64 * few, "{name}: {few:?} for 1 000 lines, {many:?} for 16 000");
    }
}

#[test]
fn p06_control_octet_before_the_colon() {
    let rest = REST.replace("To:", "To\x01:");
    let message = parse(request(&format!("{VIA}{rest}"), "", ""));
    assert_eq!(message.header(HeaderName::To), None);
    assert!(matches!(message.fault(), Some(fault) if fault.kind == FaultKind::NotAField));
    assert_eq!(owed(message.as_bytes()), Some(400));
}

#[test]
fn p07_bare_line_ends_and_nul() {
    for value in ["a\rb", "a\nb", "a\0b", "\"a\0b\"", "\\\\\0", "a\r", "\n", "\r\r\n b"] {
        assert_eq!(owed(with(&format!("Subject: {value}\r\n"))), Some(400), "{value:?}");
    }
    let quoted = with("X-Name: \"a\\\0b\" <sip:%00@example.net>\r\n");
    assert_eq!(owed(&quoted), None, "a quoted-pair and an escape are data");
    assert_eq!(parse(&quoted).named("x-name").next().unwrap().len(), 28);
    let lines = format!("{VIA}{REST}Content-Type: application/sdp\r\n");
    let body = request(&lines, "Content-Length: 6\r\n", "\0\r\n\n\r\x01");
    assert_eq!(owed(body), None, "bodies are opaque");
}

#[test]
fn p08_endless_uri_and_line() {
    const LONG: usize = 60 * 1024;
    let uri = with("").replacen("bob@", &format!("{}@", "b".repeat(LONG)), 1);
    assert_eq!(owed(uri), Some(414));
    assert_eq!(owed(with(&format!("Subject: {}\r\n", "a".repeat(LONG)))), Some(513));
    let endless = |octets| stream(&vec![b'a'; octets], 1_000).1;
    assert_eq!(endless(16 * 1024), None);
    assert_eq!(endless(16 * 1024 + 1), Some(FrameError::HeadTooLong));
}

#[test]
fn p09_ten_thousand_fields() {
    let message = parse(with(&"A: y\r\n".repeat(10_000)));
    assert_eq!(message.fields().count(), 128);
    assert_eq!(owed(message.as_bytes()), Some(513));
}

#[test]
fn p10_single_fields_twice() {
    for line in [
        "From: <sip:x@y>;tag=1",
        "t: <sip:x@y>",
        "CSeq: 1 OPTIONS",
        "i: a84b4c76",
        "Content-Length: 0",
        "Max-Forwards: 70",
    ] {
        assert_eq!(owed(with(&format!("{line}\r\n"))), Some(400), "{line}");
    }
    assert_eq!(owed(with("Supported: a\r\nSupported: b\r\n")), None);
}

#[test]
fn p11_numbers_do_not_wrap() {
    for number in ["2147483648", "4294967297", "18446744073709551617"] {
        let text = with("").replace("CSeq: 1 ", &format!("CSeq: {number} "));
        assert_eq!(owed(text), Some(400), "{number}");
    }
    assert_eq!(owed(with("").replace("CSeq: 1 ", "CSeq: 2147483647 ")), None);
    assert_eq!(delta_seconds(format!("1{}", "0".repeat(30)).as_bytes()), Ok(u32::MAX));
    assert_eq!(owed(with("").replace("Forwards: 70", "Forwards: 256")), Some(400));
    let rport = parse(with("").replace(";branch", ";rport=65536;branch"));
    assert_eq!(rport.top_via().unwrap().rport(), None);
}

#[test]
fn p12_method_of_cseq() {
    assert_eq!(owed(with("").replace("1 OPTIONS", "1 INVITE")), Some(400));
    assert_eq!(owed(with("").replace("1 OPTIONS", "1 Options")), Some(400));
}

#[test]
fn p13_a_display_name_is_opaque() {
    // What is no UTF-8, a direction that is turned around, colours, a bell and a clear screen.
    let name = b"\"\xff\xc0\x80 \xe2\x80\xae\\\x1b[31m\\\x07\x9b2J \\\"\"";
    let text = with("");
    let (before, after) = text.split_once("<sip:alice").unwrap();
    let of = |name: &[u8]| [before.as_bytes(), name, b" <sip:alice", after.as_bytes()].concat();
    let message = parse(of(name));
    assert_eq!(owed(of(name)), None);
    let from = message.from().unwrap();
    assert_eq!(from.display(), Some(name.as_slice()));
    let shown = b"\xff\xc0\x80 \xe2\x80\xae\x1b[31m\x07\x9b2J \"";
    let told: Vec<u8> = from.display_text().unwrap().octets().collect();
    assert_eq!(told, shown);
    assert_eq!(from.uri().as_bytes(), b"sip:alice@example.net");
    // RFC 3261 §25.1: a control stands in a quoted-pair or not at all.
    assert_eq!(owed(of(b"\"\x1b[31m\"")), Some(400));
    assert_eq!(owed(of(b"\xff")), Some(400));
}

#[test]
fn p14_quotes_that_are_not_closed() {
    for to in ["\"Bob <sip:bob@example.net>", "\"Bob\\\" <sip:bob@example.net>", "\"Bob\\"] {
        assert_eq!(
            owed(with("").replace("To: <sip:bob@example.net>", &format!("To: {to}"))),
            Some(400)
        );
    }
}

#[test]
fn p15_schemes_that_are_not_sip() {
    assert_eq!(owed(with("").replace("OPTIONS sip:bob@", "OPTIONS http://")), Some(416));
    assert_eq!(owed(with("").replace("To: <sip:bob@", "To: <http://")), None);
}

#[test]
fn p16_ten_thousand_vias() {
    // No longer value is in the way.
    let limits = Limits { value: usize::MAX, ..Limits::default() };
    let owed = |extra: &str| {
        let message = Message::parse(with(extra).into_bytes().into(), &limits).ok()?;
        let verdict = validate_within(&message, &Capabilities::default(), &limits);
        Some(verdict.owed(&message).map(StatusCode::as_u16))
    };
    let row = |count| format!("Via: {}\r\n", vec!["SIP/2.0/a b"; count].join(","));
    // One value is there already.
    assert_eq!(owed(&row(69)), Some(None));
    assert_eq!(owed(&VIA.repeat(69)), Some(None));
    assert_eq!(owed(&VIA.repeat(70)), Some(Some(513)));
    // As many as a datagram holds.
    for count in [70, 5_400] {
        assert_eq!(owed(&row(count)), Some(Some(513)), "{count}");
    }
    assert_eq!(owed(&"v:SIP/2.0/a b\r\n".repeat(4_300)), Some(Some(513)));
    assert_eq!(owed(&row(10_000)), None, "that is longer than a message can be");
    let (messages, error) = stream(with(&row(10_000)).as_bytes(), 1_000);
    assert!(messages.is_empty());
    assert_eq!(error, Some(FrameError::HeadTooLong));
}

#[test]
fn p17_comments_within_comments_need_no_stack() {
    // A test's stack has 2 MiB: 70 octets a level are too many for it.
    const DEPTH: usize = 30_000;
    let nested = |close: usize| format!("1 {}{}", "(".repeat(DEPTH), ")".repeat(close));
    for name in ["User-Agent: a/", "Server: a/", "Retry-After: "] {
        let judge = |close| {
            let header = format!("{name}{}", nested(close));
            inspect(Kind::Header, header.as_bytes(), &Capabilities::default()).verdict
        };
        assert_eq!(judge(DEPTH), Verdict::Valid, "{name}");
        for close in [DEPTH - 1, DEPTH + 1] {
            assert!(matches!(judge(close), Verdict::Invalid { .. }), "{name} {close}");
        }
    }
}

/// The status that an INVITE with this body of parts is owed.
fn judge_parts(boundary: &str, body: &str) -> Option<u16> {
    let kind = format!("multipart/mixed; boundary={boundary}");
    let lines = format!("{VIA}{REST}Content-Type: {kind}\r\n");
    let length = format!("Content-Length: {}\r\n", body.len());
    match judge(request(&lines, &length, body)) {
        Verdict::Valid => None,
        Verdict::Invalid { status, .. } | Verdict::Unsupported { status, .. } => {
            Some(status.as_u16())
        }
    }
}

#[test]
fn a_body_of_parts_is_taken_for_the_session_description_in_it() {
    let sdp = "--a\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n";
    let other = "--a\r\nContent-Type: x/y\r\nContent-Disposition: signal;handling=H\r\n\r\nz\r\n";
    let optional = other.replace('H', "optional");
    let required = other.replace('H', "required");
    assert_eq!(judge_parts("a", &format!("{sdp}{optional}--a--")), None);
    assert_eq!(judge_parts("a", &format!("{sdp}{required}--a--")), Some(415));
    assert_eq!(judge_parts("a", &format!("{optional}--a--")), Some(415));
}

#[test]
fn p17_p18_a_body_that_does_not_fall_into_parts_is_400() {
    let part = "--a\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n";
    let within = |inner: &str| {
        format!("--a\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n{inner}\r\n--a--")
    };
    let nested = |depth: usize| {
        (0..depth).fold("x".to_owned(), |inner, level| {
            format!(
                "--b{level}\r\nContent-Type: multipart/mixed;boundary=b{}\r\n\r\n{inner}\r\n\
                 --b{level}--\r\n",
                level.saturating_sub(1)
            )
        })
    };
    assert_eq!(judge_parts("b5", &nested(6)), Some(400), "too deep");
    assert_eq!(judge_parts("b59", &nested(60)), Some(400), "much too deep");
    for body in ["x", "--a\r\n--a--", part, &within("x"), &format!("{part}--ab\r\n--a--")] {
        assert_eq!(judge_parts("a", body), Some(400), "{body}");
    }
    // As many as a body of 64 KiB holds; ten thousand make a longer one.
    let empty = |count: usize| "--a\r\n\r\n\r\n".repeat(count) + "--a--";
    assert_eq!(judge_parts("a", &empty(7_200)), Some(400));
    assert!(empty(10_000).len() > Limits::default().body);
    assert_eq!(judge_parts("\"\"", &format!("{part}--a--")), Some(400));
}

#[test]
fn p19_encoded_bodies() {
    let lines = format!("{VIA}{REST}Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n");
    let verdict = judge(request(&lines, "Content-Length: 1\r\n", "x"));
    let Verdict::Unsupported { status, field: Some(field), .. } = verdict else {
        panic!("{verdict:?}");
    };
    assert_eq!((status.as_u16(), field.name), (415, "Accept-Encoding"));
    assert_eq!(field.value, b"identity");
}

#[test]
fn p21_status_codes_that_are_none() {
    for code in ["099", "4294967301", "20", "700", "2 0"] {
        let text = format!("SIP/2.0 {code} OK\r\n{VIA}{REST}\r\n");
        assert!(Message::parse(text.into(), &Limits::default()).is_err(), "{code}");
    }
}

#[test]
fn p22_what_is_no_sip_ends_a_stream_or_keeps_it_alive() {
    let mut framer = StreamFramer::new(Limits::default());
    let mut pieces = Vec::new();
    drain(&mut framer, &b"\r\n".repeat(2_001), &mut pieces);
    assert_eq!(pieces, vec![Vec::new(); 1_000], "a keep-alive for two line ends");
    drain(&mut framer, b"\r\n", &mut pieces);
    drain(&mut framer, with("").as_bytes(), &mut pieces);
    assert_eq!(pieces.last().unwrap(), with("").as_bytes());
    // RFC 8489 §5: a Binding request; RFC 9147 §4: a record.
    let stun = b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl".as_slice();
    for octets in [stun, b"\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x01\x01"] {
        let (messages, error) = stream(&[octets, b"\r\n\r\n"].concat(), 4_096);
        assert!(messages.is_empty() && matches!(error, Some(FrameError::Head(_))), "{error:?}");
        assert!(Message::parse(octets.to_vec().into(), &Limits::default()).is_err());
    }
    assert!(Message::parse(Default::default(), &Limits::default()).is_err());
}

#[test]
fn p23_every_split_gives_the_same_messages() {
    let lines = format!("{VIA}{REST}");
    let text = format!(
        "\r\n\r\n{}\r\n{}\r\n\r\n{}",
        with("Subject: one\r\n two\r\n"),
        request(&lines, "Content-Length: 8\r\n", "\r\n\r\n\r\n\r\n"),
        with("")
    );
    let octets = text.as_bytes();
    let whole: Vec<Vec<u8>> = cut(octets, octets.len());
    assert_eq!(whole.len(), 5, "three messages and two keep-alives");
    for at in 1..octets.len() {
        let mut framer = StreamFramer::new(Limits::default());
        let mut pieces = Vec::new();
        let (head, tail) = octets.split_at(at);
        drain(&mut framer, head, &mut pieces);
        drain(&mut framer, tail, &mut pieces);
        assert_eq!(pieces, whole, "split at {at}");
    }
    assert_eq!(cut(octets, 1), whole, "octet by octet");
}

#[test]
fn p23_a_thousand_pipelined_requests() {
    let octets = with("").repeat(1_000);
    let (messages, error) = stream(octets.as_bytes(), 1_337);
    assert_eq!((messages.len(), error), (1_000, None));
}

fn cut(octets: &[u8], step: usize) -> Vec<Vec<u8>> {
    let mut framer = StreamFramer::new(Limits::default());
    let mut pieces = Vec::new();
    for piece in octets.chunks(step) {
        drain(&mut framer, piece, &mut pieces);
    }
    pieces
}

/// Keep-alives are pieces without octets.
fn drain(framer: &mut StreamFramer, octets: &[u8], pieces: &mut Vec<Vec<u8>>) {
    framer.push(octets);
    while let Some(framed) = framer.next().unwrap() {
        pieces.push(match framed {
            Framed::Message(message) => message.as_bytes().to_vec(),
            Framed::KeepAlive => Vec::new(),
        });
    }
}
