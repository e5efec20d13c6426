//! Text that may be shown: no secret, no control character, bounded.
//!
//! Case O01: credentials and media keys are redacted, CR, LF, ANSI and bidirectional controls
//! are escaped, so that a record can be mailed and printed.

use super::secrets::secrets;

/// Longest text that is kept, in characters.
const LONGEST: usize = 400;

const REDACTED: &str = "[redacted]";

/// `text` with secrets redacted and controls escaped, at most 400 characters of it.
pub fn clean(text: &str) -> String {
    redact(text, LONGEST)
}

/// `text` with secrets redacted and controls escaped, all of it.
pub fn clean_all(text: &str) -> String {
    redact(text, usize::MAX)
}

/// `text` with secrets redacted, and else as it is: for what is escaped later.
pub fn redacted(text: &str) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for secret in secrets(text.as_bytes()) {
        out.push_str(text.get(at..secret.start).unwrap_or_default());
        out.push_str(REDACTED);
        at = secret.end;
    }
    out + text.get(at..).unwrap_or_default()
}

fn redact(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len().min(longest));
    let (mut at, mut left) = (0, longest);
    let end = text.len()..text.len();
    for secret in secrets(text.as_bytes()).into_iter().chain([end]) {
        for c in text.get(at..secret.start).unwrap_or_default().chars() {
            if left == 0 {
                out.push('…');
                return out;
            }
            left -= 1;
            push_escaped(&mut out, c);
        }
        if !secret.is_empty() {
            out.push_str(REDACTED);
        }
        at = secret.end;
    }
    out
}

fn push_escaped(out: &mut String, c: char) {
    let bidirectional =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || bidirectional {
        out.extend(c.escape_default());
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::{clean, clean_all, redacted};

    #[test]
    fn o01_secrets_are_redacted_and_controls_escaped() {
        let text = "Authorization: Digest username=\"a\", response=\"0f\"\r\na=b";
        let shown = "Authorization: Digest username=\"a\", response=\"[redacted]\"\\r\\na=b";
        assert_eq!(clean(text), shown);
        assert_eq!(clean("x, RESPONSE=\"0f\", y"), "x, RESPONSE=\"[redacted]\", y");
        assert_eq!(
            clean(
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20"
            ),
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:[redacted]|2^20"
        );
        assert_eq!(clean("inline:{slot}"), "inline:{slot}");
        assert_eq!(clean("\u{1b}[31mred\u{202e}"), "\\u{1b}[31mred\\u{202e}");
    }

    #[test]
    fn o01_no_spelling_of_a_secret_is_shown() {
        for (text, shown) in [
            ("<sip:bob:secret@h:5060>", "<sip:bob:[redacted]@h:5060>"),
            ("SIPS:b;x:s,t@h", "SIPS:b;x:[redacted]@h"),
            ("sip:h:5060, <sip:a@b:1>", "sip:h:5060, <sip:a@b:1>"),
            ("sip:a sip:b:secret@h", "sip:a sip:b:[redacted]@h"),
            ("<https://bob:secret@h/x:y@z>", "<https://bob:[redacted]@h/x:y@z>"),
            ("response = \"secret\", a=b", "response = \"[redacted]\", a=b"),
            ("response\r\n =\tsecret,", "response\\r\\n =\\t[redacted],"),
            ("response=\"\", a", "response=\"\", a"),
            (r#"password="a\"secret", b"#, r#"password="[redacted]", b"#),
            (r#"password="secret\\", b"#, r#"password="[redacted]", b"#),
            ("password=\"secret\r\nX: y", "password=\"[redacted]\\r\\nX: y"),
            ("rspauth=\"secret\"", "rspauth=\"[redacted]\""),
            ("Authorization \t: secret\r\nX: y", "Authorization \\t: [redacted]\\r\\nX: y"),
            (
                "Proxy-Authorization: Basic\r\n secret,\r\n\tsecret\r\nX: y",
                "Proxy-Authorization: Basic\\r\\n [redacted]\\r\\nX: y",
            ),
            ("Authorization: Bearer secret\r\n", "Authorization: Bearer [redacted]\\r\\n"),
            ("v=0\r\nk=clear:secret\r\na", "v=0\\r\\nk=clear:[redacted]\\r\\na"),
            ("a=ice-pwd:secret/+\r\na=ice-ufrag:x", "a=ice-pwd:[redacted]\\r\\na=ice-ufrag:x"),
            ("rank=base64:1", "rank=base64:1"),
            ("inline:secret;inline:secret|2^20", "inline:[redacted];inline:[redacted]|2^20"),
            // What a peer writes right before a secret of ours does not hide it.
            (
                "uri=\"sip:a@h;password=\", response=\"secret\", b",
                "uri=\"sip:a@h;password=\"[redacted]\"[redacted]\", b",
            ),
            ("response=password = \"secret\"", "response=[redacted] = \"[redacted]\""),
            ("sip:response=secret,:x@h", "sip:response=[redacted],:[redacted]@h"),
        ] {
            assert_eq!(clean(text), shown);
            let unescaped = shown.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t");
            assert_eq!(redacted(text), unescaped);
        }
    }

    /// A regression would take minutes: each of these words begins what runs on to the end.
    #[test]
    fn o01_the_work_is_in_proportion() {
        for word in
            ["password=", "rspauth=\"\\", "authorization:", "inline:", "sip:", "//", "\nk=a:"]
        {
            let long = word.repeat(1_000_000 / word.len());
            assert!(redacted(&long).len() <= long.len() * 4, "{word}");
        }
    }

    #[test]
    fn text_is_bounded_where_it_is_kept() {
        let long = "a".repeat(100_000);
        assert_eq!(clean(&long).chars().count(), 401);
        assert_eq!(clean_all(&long), long);
    }
}
