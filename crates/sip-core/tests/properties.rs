//! What holds for every input: no panic, offsets within the buffer, and what is built is read back.

use bytes::Bytes;
use proptest::prelude::*;
use sip_core::inspect::{Kind, inspect};
use sip_core::{
    Capabilities, Framed, HeaderName, Limits, Message, Method, NameAddr, RequestBuilder,
    ResponseBuilder, StatusCode, StreamFramer, Uri, Verdict, validate,
};

/// Text that is more often near a message than octets would be.
fn near_sip() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "INVITE ",
        "sip:",
        "a@b",
        " SIP/2.0",
        "\r\n",
        "Via: ",
        "SIP/2.0/UDP ",
        ";branch=z9hG4bK1",
        "From: ",
        "To:",
        "<",
        ">",
        ";tag=",
        "Call-ID: ",
        "CSeq: 1 ",
        "Content-Length: ",
        "0",
        "9",
        ",",
        "\"",
        "\\",
        "%41",
        "[::1]",
        ":",
        "\r\n ",
        "\r",
        "\n",
        "\0",
        "\r\n\r\n",
        "é",
        "?",
        "=",
        "SIP/2.0 200 OK\r\n",
        "Contact: ",
        "*",
        "v: ",
        "tel:+1",
        "l: ",
    ]);
    prop::collection::vec(pieces, 0..48).prop_map(|pieces| pieces.concat().into_bytes())
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![near_sip(), prop::collection::vec(any::<u8>(), 0..256)]
}

fn is_within(part: &[u8], whole: &[u8]) -> bool {
    whole.as_ptr_range().start <= part.as_ptr_range().start
        && part.as_ptr_range().end <= whole.as_ptr_range().end
}

fn at(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Valid => 0,
        Verdict::Invalid { at, .. } | Verdict::Unsupported { at, .. } => *at,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_input_panics_and_offsets_are_within_it(input in octets()) {
        for kind in [Kind::Message, Kind::Uri, Kind::Header, Kind::NameAddr, Kind::StartLine] {
            let report = inspect(kind, &input, &Capabilities::default());
            prop_assert!(at(&report.verdict) <= input.len(), "{kind:?}: {:?}", report.verdict);
        }
    }

    #[test]
    fn parts_are_slices_of_the_one_buffer(input in near_sip()) {
        let head = b"OPTIONS sip:a SIP/2.0\r\n";
        let input = Bytes::from([head, &input[..], b"\r\n\r\n"].concat());
        let message = Message::parse(input.clone(), &Limits::default());
        let Ok(message) = message else {
            return Ok(());
        };
        prop_assert!(is_within(message.body(), &input));
        for (name, value) in message.fields() {
            prop_assert!(is_within(name, &input) && is_within(value, &input));
        }
        prop_assert!(at(&validate(&message, &Capabilities::default())) <= input.len());
        if let Ok(from) = message.from() {
            prop_assert!(is_within(from.uri().as_bytes(), &input));
        }
    }

    #[test]
    fn a_built_request_is_read_back(
        user in "[a-zA-Z0-9;&=+$,?/_.!~*'()-]{1,12}(%[0-9a-f]{2})?",
        host in "[a-z][a-z0-9]{0,8}(\\.[a-z][a-z0-9-]{0,5}[a-z0-9]){0,2}",
        display in "[ -~]{0,16}",
        tag in "[a-z0-9]{1,8}",
        number in 0..0x8000_0000_u32,
        subject in "\\PC{0,24}",
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let uri = format!("sip:{user}@{host}");
        let quoted = display.replace('\\', "\\\\").replace('"', "\\\"");
        let from = format!("\"{quoted}\" <{uri}>;tag={tag}");
        let datagram = RequestBuilder::new(Method::OPTIONS, uri.as_bytes())
            .field(HeaderName::Via, format!("SIP/2.0/UDP {host};branch=z9hG4bK{tag}"))
            .field(HeaderName::From, &from)
            .field(HeaderName::To, format!("<{uri}>"))
            .field(HeaderName::CallId, format!("{tag}@{host}"))
            .field(HeaderName::CSeq, format!("{number} OPTIONS"))
            .field(HeaderName::Subject, &subject)
            .field(HeaderName::ContentType, "application/sdp")
            .body(&body)
            .build();
        let message = Message::parse(datagram, &Limits::default())?;
        prop_assert_eq!(validate(&message, &Capabilities::default()), Verdict::Valid);
        prop_assert_eq!(message.uri()?.as_bytes(), uri.as_bytes());
        prop_assert_eq!(message.cseq()?.number, number);
        prop_assert_eq!(message.body(), &body[..]);
        prop_assert_eq!(message.header(HeaderName::From), Some(from.as_bytes()));
        let read = message.from()?;
        prop_assert_eq!(read.tag(), Some(tag.as_bytes()));
        let shown = read.display_text().map(|text| text.octets().collect::<Vec<u8>>());
        prop_assert_eq!(shown.as_deref(), Some(display.as_bytes()));
        prop_assert!(read.uri().matches(&message.to()?.uri()));
        answered(&message)?;
    }

    #[test]
    fn no_value_adds_a_field(value in octets()) {
        let datagram =
            RequestBuilder::new(Method::INFO, b"sip:a").field("Subject", &value).build();
        let message = Message::parse(datagram, &Limits::default())?;
        prop_assert_eq!(message.fields().count(), 2);
        prop_assert_eq!(message.content_length(), Some(0));
    }

    #[test]
    fn a_uri_is_printed_as_it_was_read(input in octets()) {
        if let Ok(uri) = Uri::parse(&input) {
            prop_assert_eq!(uri.as_bytes(), &input[..]);
            prop_assert!(uri.matches(&uri));
            let address = [b"<", &input[..], b">;tag=1"].concat();
            prop_assert_eq!(NameAddr::parse(&address)?.uri(), uri);
        }
    }

    #[test]
    fn a_stream_is_the_same_however_it_was_split(input in octets(), step in 1..40_usize) {
        prop_assert_eq!(cut(&input, step), cut(&input, input.len().max(1)));
    }
}

/// The response to `request` is routed and matched by the same values.
fn answered(request: &Message) -> Result<(), TestCaseError> {
    let response = ResponseBuilder::to(request, StatusCode::OK, "OK").to_tag("7").build();
    let response = Message::parse(response, &Limits::default())?;
    prop_assert_eq!(validate(&response, &Capabilities::default()), Verdict::Valid);
    prop_assert_eq!(response.top_via()?, request.top_via()?);
    prop_assert_eq!(response.call_id()?, request.call_id()?);
    prop_assert_eq!(response.cseq()?, request.cseq()?);
    prop_assert_eq!(response.to()?.tag(), Some(&b"7"[..]));
    Ok(())
}

/// Messages, an empty one for a keep-alive, and whether the stream was lost.
fn cut(octets: &[u8], step: usize) -> (Vec<Vec<u8>>, bool) {
    let mut framer = StreamFramer::new(Limits::default());
    let mut pieces = Vec::new();
    for piece in octets.chunks(step) {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(Framed::Message(message))) => pieces.push(message.as_bytes().to_vec()),
                Ok(Some(Framed::KeepAlive)) => pieces.push(Vec::new()),
                Ok(None) => break,
                Err(_) => return (pieces, true),
            }
        }
    }
    (pieces, false)
}
