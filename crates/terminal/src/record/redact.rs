//! Text that may be shown: no secret, no control character, bounded.
//!
//! Case O01: credentials and media keys are redacted, CR, LF, ANSI and bidirectional controls
//! are escaped, so that a record can be mailed and printed.

/// Longest text that is kept, in characters.
const LONGEST: usize = 400;

const REDACTED: &str = "[redacted]";

/// Header fields whose whole value is a secret or derived from one.
const FIELDS: [&str; 2] = ["authorization", "proxy-authorization"];

/// Parameters whose value is a secret or derived from one, up to the end of the value.
const VALUES: [&str; 4] = ["response", "rspauth", "password", "passphrase"];

/// What media keys stand after. RFC 4568 §6.1.
const KEY: &str = "inline:";

/// White space within a header field, folds included. RFC 3261 §25.1.
const LWS: [char; 4] = [' ', '\t', '\r', '\n'];

/// `text` with secrets redacted and controls escaped, at most 400 characters of it.
pub fn clean(text: &str) -> String {
    redact(text, LONGEST)
}

/// `text` with secrets redacted and controls escaped, all of it.
pub fn clean_all(text: &str) -> String {
    redact(text, usize::MAX)
}

fn redact(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len().min(longest));
    let mut rest = text;
    let mut left = longest;
    while let Some(c) = rest.chars().next() {
        if left == 0 {
            out.push('…');
            break;
        }
        left -= 1;
        if let Some((marker, secret)) = secret_at(rest) {
            let (shown, after) = rest.split_at(marker);
            shown.chars().for_each(|c| push_escaped(&mut out, c));
            out.push_str(REDACTED);
            rest = after.get(secret..).unwrap_or_default();
            continue;
        }
        push_escaped(&mut out, c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

/// Lengths of what shows a secret at the start of `text`, and of the secret that follows it.
fn secret_at(text: &str) -> Option<(usize, usize)> {
    let (secret, length) = field(text)
        .or_else(|| parameter(text))
        .or_else(|| media_key(text))
        .or_else(|| uri_password(text))?;
    Some((text.len() - secret.len(), length))
}

/// The value of a header field, with its folds, and its length.
fn field(text: &str) -> Option<(&str, usize)> {
    let rest = FIELDS.iter().find_map(|name| after(text, name))?;
    let value = rest.trim_start_matches([' ', '\t']).strip_prefix(':')?;
    let ends = |(at, _): &(usize, char)| {
        let next = value.get(*at..).unwrap_or_default().trim_start_matches(['\r', '\n']);
        !next.starts_with([' ', '\t'])
    };
    let breaks = value.char_indices().filter(|(_, c)| matches!(c, '\r' | '\n'));
    let end = breaks.into_iter().find(ends).map_or(value.len(), |(at, _)| at);
    Some((value, end))
}

/// The value of a parameter, and its length.
fn parameter(text: &str) -> Option<(&str, usize)> {
    let rest = VALUES.iter().find_map(|name| after(text, name))?;
    let value = rest.trim_start_matches(LWS).strip_prefix('=')?.trim_start_matches(LWS);
    Some((value, value_length(value)))
}

/// A media key, and its length; a slot holds none.
fn media_key(text: &str) -> Option<(&str, usize)> {
    let value = after(text, KEY).filter(|value| !value.starts_with("{slot}"))?;
    Some((value, value_length(value)))
}

/// The password of a SIP URI, and its length. RFC 3261 §19.1.1.
fn uri_password(text: &str) -> Option<(&str, usize)> {
    let rest = ["sip:", "sips:"].iter().find_map(|scheme| after(text, scheme))?;
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ','));
    let (userinfo, _) = rest.get(..end.unwrap_or(rest.len()))?.split_once('@')?;
    let (user, password) = userinfo.split_once(':')?;
    Some((rest.get(user.len() + 1..)?, password.len()))
}

/// The length of a value, with its quotes and what is escaped in them.
fn value_length(value: &str) -> usize {
    let Some(quoted) = value.strip_prefix('"') else {
        return value.find(ends_value).unwrap_or(value.len());
    };
    let mut escaped = false;
    let end = quoted.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(value.len(), |end| end + 2)
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | ';' | '|' | '"' | '\\')
}

/// What follows `marker` at the start of `text`, in any case.
fn after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(marker.len())?;
    head.eq_ignore_ascii_case(marker).then_some(rest)
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
    use super::{clean, clean_all};

    #[test]
    fn o01_secrets_are_redacted_and_controls_escaped() {
        let text = "Authorization: Digest username=\"a\", response=\"0f\"\r\na=b";
        assert_eq!(clean(text), "Authorization:[redacted]\\r\\na=b");
        assert_eq!(clean("x, RESPONSE=\"0f\", y"), "x, RESPONSE=[redacted], y");
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
            ("SIPS:b;x:s,t@h", "SIPS:b;x:s,t@h"),
            ("sip:h:5060, <sip:a@b:1>", "sip:h:5060, <sip:a@b:1>"),
            ("response = \"secret\", a=b", "response = [redacted], a=b"),
            ("response\r\n =\tsecret,", "response\\r\\n =\\t[redacted],"),
            (r#"password="a\"secret", b"#, "password=[redacted], b"),
            (r#"password="secret\\", b"#, "password=[redacted], b"),
            ("rspauth=\"secret\"", "rspauth=[redacted]"),
            ("Authorization \t: secret\r\nX: y", "Authorization \\t:[redacted]\\r\\nX: y"),
            (
                "Proxy-Authorization: Digest a,\r\n secret\r\nX: y",
                "Proxy-Authorization:[redacted]\\r\\nX: y",
            ),
            ("Authorization: secret\r\n", "Authorization:[redacted]\\r\\n"),
        ] {
            assert_eq!(clean(text), shown);
        }
    }

    #[test]
    fn text_is_bounded_where_it_is_kept() {
        let long = "a".repeat(100_000);
        assert_eq!(clean(&long).chars().count(), 401);
        assert_eq!(clean_all(&long), long);
    }
}
