//! The parameters of challenges and credentials, as they are written, and their values in one piece.
//! What reads them is [`sip_syntax::auth`].

use sip_syntax::Text;
use std::borrow::Cow;

/// The octets of a text in one piece; they are copied only where something was escaped.
#[inline]
pub(crate) fn plain(text: Text<'_>) -> Cow<'_, [u8]> {
    match text.as_plain() {
        Some(plain) => Cow::Borrowed(plain),
        None => text.octets().collect(),
    }
}

/// The value of a field that grows by parameters. Whatever is quoted is escaped. RFC 3261 §25.1.
pub(crate) struct Writer {
    text: Vec<u8>,
    /// What stands before the next parameter.
    separator: &'static [u8],
    /// What stands between two of them.
    between: &'static [u8],
}

impl Writer {
    /// A value that begins with the word of a scheme.
    pub(crate) fn of_scheme(scheme: &str, room: usize) -> Self {
        let mut text = Vec::with_capacity(room);
        text.extend_from_slice(scheme.as_bytes());
        Self { text, separator: b" ", between: b", " }
    }

    /// A value of parameters alone.
    pub(crate) const fn new() -> Self {
        Self { text: Vec::new(), separator: b"", between: b", " }
    }

    /// The same with something else than commas between the parameters.
    pub(crate) fn separated_by(self, between: &'static [u8]) -> Self {
        Self { between, ..self }
    }

    /// Appends `name=value`; the value is a token.
    #[inline]
    pub(crate) fn token(&mut self, name: &str, value: &[u8]) -> &mut Self {
        self.begin(name);
        self.text.extend_from_slice(value);
        self
    }

    /// Appends `name="value"`.
    #[inline]
    pub(crate) fn quoted(&mut self, name: &str, value: Text<'_>) -> &mut Self {
        self.begin(name);
        self.text.push(b'"');
        value.escape().for_each(|part| self.text.extend_from_slice(part));
        self.text.push(b'"');
        self
    }

    /// The value.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.text
    }

    #[inline]
    fn begin(&mut self, name: &str) {
        self.text.extend_from_slice(self.separator);
        self.text.extend_from_slice(name.as_bytes());
        self.text.push(b'=');
        self.separator = self.between;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sip_syntax::auth::{Params, Separator, of_scheme};

    #[test]
    fn parameters_are_set_apart() {
        let mut writer = Writer::of_scheme("Digest", 0);
        writer.quoted("realm", Text::plain(b"a\"b")).token("stale", b"true");
        assert_eq!(writer.finish(), br#"Digest realm="a\"b", stale=true"#);
        let mut writer = Writer::new();
        writer.token("qop", b"auth").token("nc", b"00000001");
        assert_eq!(writer.finish(), b"qop=auth, nc=00000001");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_quoted_reads_back(value in "[ -~\t\u{e4}]{0,20}", next in "[ -~]{0,20}") {
            let mut writer = Writer::of_scheme("X", 0);
            writer
                .quoted("name", Text::plain(value.as_bytes()))
                .quoted("next", Text::plain(next.as_bytes()));
            let text = writer.finish();
            let list = of_scheme(&text, "x").unwrap();
            let read: Vec<_> = Params::new(list, Separator::Comma).collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(read.len(), 2);
            prop_assert_eq!(&*plain(read[0].value), value.as_bytes());
            prop_assert_eq!(&*plain(read[1].value), next.as_bytes());
        }
    }
}
