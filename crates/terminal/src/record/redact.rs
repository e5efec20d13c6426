//! Text that may be shown: no secret, no control character, bounded.
//!
//! Case O01: credentials and media keys are redacted, CR, LF, ANSI and bidirectional controls
//! are escaped, so that a record can be mailed and printed.

/// Longest text that is kept, in characters.
const LONGEST: usize = 400;

const REDACTED: &str = "[redacted]";

/// Header fields whose whole value is a secret or derived from one.
const FIELDS: [&str; 2] = ["authorization:", "proxy-authorization:"];

/// Parameters whose value is a secret or derived from one, up to the end of the value.
const VALUES: [&str; 4] = ["response=", "inline:", "password=", "passphrase="];

/// `text` with secrets redacted and controls escaped, at most 400 characters of it.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    let mut rest = text;
    let mut left = LONGEST;
    while let Some(c) = rest.chars().next() {
        if left == 0 {
            out.push('…');
            break;
        }
        left -= 1;
        if let Some((marker, secret)) = secret_at(rest) {
            let (shown, after) = rest.split_at(marker);
            out.push_str(shown);
            out.push_str(REDACTED);
            rest = after.get(secret..).unwrap_or_default();
            continue;
        }
        push_escaped(&mut out, c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

/// Lengths of a marker at the start of `text` and of the secret that follows it.
fn secret_at(text: &str) -> Option<(usize, usize)> {
    if let Some(field) = FIELDS.iter().find(|field| starts(text, field)) {
        let value = text.get(field.len()..)?;
        return Some((field.len(), value.find(['\r', '\n']).unwrap_or(value.len())));
    }
    let marker = VALUES.iter().find(|marker| starts(text, marker))?;
    let value = text.get(marker.len()..)?;
    if value.starts_with("{slot}") {
        return None;
    }
    let length = value.strip_prefix('"').map_or_else(
        || value.find(ends_value).unwrap_or(value.len()),
        |quoted| quoted.find('"').map_or(value.len(), |end| end + 2),
    );
    Some((marker.len(), length))
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | ';' | '|' | '"' | '\\')
}

fn starts(text: &str, marker: &str) -> bool {
    text.get(..marker.len()).is_some_and(|head| head.eq_ignore_ascii_case(marker))
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
    use super::clean;

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
    fn text_is_bounded() {
        assert_eq!(clean(&"a".repeat(100_000)).chars().count(), 401);
    }
}
