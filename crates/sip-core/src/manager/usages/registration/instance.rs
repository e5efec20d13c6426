//! What names a terminal for good. RFC 5626 §4.1.

/// What names this terminal for good: a URN in ASCII that stands within quotes and angle brackets as
/// it is. RFC 5626 §4.1.
pub(super) fn is_instance(text: &str) -> bool {
    let is_plain = |octet: u8| octet.is_ascii_graphic() && !b"<>\"\\".contains(&octet);
    text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:"))
        && text.len() <= 128
        && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_a_urn() {
        assert!(is_instance("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
        for text in ["", "sip:a@b", "urn:x>", "urn:\"", "urn:a\r\nX: y", "urn:ü"] {
            assert!(!is_instance(text), "{text}");
        }
        assert!(is_instance(&format!("urn:{}", "x".repeat(124))));
        assert!(!is_instance(&format!("urn:{}", "x".repeat(125))));
    }
}
