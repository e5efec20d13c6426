//! The parameters of challenges and credentials, as a manager that owns its text wants them.

pub use sip_syntax::auth::{Malformed, Param, Params, Separator, of_scheme, scheme};
pub(crate) use sip_syntax::auth::{is_word, values};

use sip_syntax::{Text, escape};
use std::borrow::Cow;

/// The octets that a quoted string stands for: its escapes undone.
pub(crate) fn unescape(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'\\') {
        return value.into();
    }
    Text::from_escaped(value).octets().collect()
}

/// Appends `name="value"`, the value's quotes and backslashes escaped.
pub(crate) fn push_quoted(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    escape(value).for_each(|part| out.extend_from_slice(part));
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_quoted_reads_back(value in "[ -~\u{e4}]{0,20}") {
            let mut list = Vec::new();
            push_quoted(&mut list, "name", value.as_bytes());
            let param = Params::new(&list, Separator::Comma).next().unwrap().unwrap();
            prop_assert_eq!(param.name, b"name");
            let read = unescape(param.value);
            prop_assert_eq!(&read[..], value.as_bytes());
        }
    }
}
