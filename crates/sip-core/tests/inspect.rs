//! What `inspect` says of a piece alone is what the validator says of its message.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use sip_core::inspect::{Components, Kind, Report, Value, inspect};
use sip_core::{Capabilities, Limits, Message, Verdict, validate};

/// A request that is in order, with a start line and fields of the case's own.
fn judge(line: &str, field: &str) -> Verdict {
    let text = format!(
        "{line}\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK77ef\r\n\
         From: <sip:alice@example.net>;tag=19\r\nTo: <sip:bob@example.net>\r\n\
         Call-ID: a84b4c76\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n{field}\
         Content-Length: 0\r\n\r\n"
    );
    let message = Message::parse(text.into_bytes().into(), &Limits::default()).unwrap();
    validate(&message, &Capabilities::default())
}

const OPTIONS: &str = "OPTIONS sip:bob@example.net SIP/2.0";

fn alone(kind: Kind, piece: &str) -> Report {
    inspect(kind, piece.as_bytes(), &Capabilities::default())
}

#[test]
fn a_start_line_alone_is_owed_what_its_message_is() {
    for line in ["INVITE sip:b SIP/2.1", "INVITE sip: SIP/2.1", "INVITE sip:b SIP/2.1 "] {
        let verdict = alone(Kind::StartLine, &format!("{line}\r\n")).verdict;
        assert!(matches!(&verdict, Verdict::Unsupported { status, .. } if status.as_u16() == 505));
        assert_eq!(verdict, judge(line, ""), "{line}");
    }
    assert_eq!(alone(Kind::StartLine, "INVITE sip:b SIP/2.0\r\n").verdict, Verdict::Valid);
    for line in ["INVITE sip:b SIP/2.1\r\nx", "INVITE sip:b SIP/2.1", "INVITE sip:b SIP/2.0 \r\n"] {
        let verdict = alone(Kind::StartLine, line).verdict;
        assert!(matches!(verdict, Verdict::Invalid { .. }), "{line}");
    }
}

/// RFC 3261 §25.1, other-challenge and other-response; RFC 9110 §11: a token68 or parameters.
#[test]
fn credentials_and_challenges_of_any_scheme_are_in_order() {
    for field in [
        "WWW-Authenticate: Basic realm=\"x\"",
        "Proxy-Authenticate: Basic realm=\"x\", charset=\"UTF-8\"",
        "Authorization: Basic eDp5eg==",
        "Proxy-Authorization: Basic x",
    ] {
        let report = alone(Kind::Header, field);
        assert_eq!(report.verdict, Verdict::Valid, "{field}");
        assert_eq!(report.components.get("typed"), Some(&Value::Octets(b"Basic".to_vec())));
        assert_eq!(judge(OPTIONS, &format!("{field}\r\n")), Verdict::Valid, "{field}");
    }
}

/// RFC 6086 §7.2, §7.3: one package with parameters; a list of them, or nothing.
#[test]
fn info_packages_are_read_by_their_rows() {
    let package = |name: &str, params: Vec<(Vec<u8>, Option<Vec<u8>>)>| {
        let token = ("token", Value::Octets(name.as_bytes().to_vec()));
        Value::Parts(Components(vec![token, ("params", Value::Pairs(params))]))
    };
    let with_x = vec![(b"x".to_vec(), Some(b"1".to_vec())), (b"y".to_vec(), None)];
    for (field, typed) in [
        ("Info-Package: dtmf;x=1;y", package("dtmf", with_x.clone())),
        ("Recv-Info: dtmf;x=1;y , g.p", {
            Value::List(vec![package("dtmf", with_x), package("g.p", Vec::new())])
        }),
        ("recv-info:", Value::List(Vec::new())),
    ] {
        let report = alone(Kind::Header, field);
        assert_eq!(report.components.get("typed"), Some(&typed), "{field}");
        assert_eq!(judge(OPTIONS, &format!("{field}\r\n")), Verdict::Valid, "{field}");
    }
    for field in ["Info-Package:", "Info-Package: a, b", "Info-Package: a;", "Recv-Info: a,,b"] {
        assert!(matches!(alone(Kind::Header, field).verdict, Verdict::Invalid { .. }), "{field}");
        let verdict = judge(OPTIONS, &format!("{field}\r\n"));
        let Verdict::Invalid { status, reason, .. } = verdict else {
            panic!("{field}: {verdict:?}")
        };
        let name = field.split(':').next().unwrap();
        assert_eq!((status.as_u16(), reason), (400, &*format!("a malformed {name}")), "{field}");
    }
    let twice = judge(OPTIONS, "Info-Package: a\r\nInfo-Package: a\r\n");
    assert!(matches!(twice, Verdict::Invalid { .. }), "two readers could take different ones");
    assert_eq!(judge(OPTIONS, "Recv-Info: a\r\nRecv-Info: b\r\n"), Verdict::Valid);
}
