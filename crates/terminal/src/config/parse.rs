//! TOML, with errors that point at the place and say what to write there.

use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use std::path::Path;

/// Parses `text`, which was read from `path`.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let (line, column) = place(text, error.span().map_or(0, |span| span.start));
        let written = text.lines().nth(line - 1).unwrap_or_default().trim();
        let message = error.message().replace('\n', " ");
        Error::Toml { path: path.to_owned(), line, column, reason: advised(written, &message) }
    })
}

/// Line and column, from 1, of an offset.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}

/// What is wrong with a line, and where the parser's words for it are of its own making, what to
/// write instead.
fn advised(written: &str, message: &str) -> String {
    if message == "wanted string or table" {
        return "expected one of its words, in quotes".to_owned();
    }
    if !message.starts_with("invalid type: ") {
        return message.to_owned();
    }
    let named = |open: &str, close: &str| {
        let rest = written.strip_prefix(open)?;
        rest.split_once(close).map(|(name, _)| name.trim().to_owned())
    };
    if let Some(name) = named("[[", "]]") {
        return format!("there is one `{name}` at most: write [{name}] instead of [[{name}]]");
    }
    let a_list = message.ends_with("expected a sequence");
    if let Some(name) = named("[", "]").filter(|_| a_list) {
        return format!(
            "there may be more than one `{name}`: write [[{name}]] instead of [{name}]"
        );
    }
    let list = "expected a list in brackets, such as [\"one\", \"two\"]";
    let message = message.replace("expected a sequence", list);
    message.replace("expected u32", "expected a whole number")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn told(text: &str) -> String {
        parse::<Config>(Path::new("c.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_in_the_wrong_brackets_is_told_with_the_right_ones() {
        let one = "[account]\naor = \"sip:a@b\"\n";
        assert_eq!(
            told(one),
            "c.toml:1:1: there may be more than one `account`: write [[account]] instead of [account]"
        );
        let many = "\n[[identity]]\naor = \"sip:a@b\"\n";
        assert_eq!(
            told(many),
            "c.toml:2:1: there is one `identity` at most: write [identity] instead of [[identity]]"
        );
        let list = told("bind = \"udp:127.0.0.1:5060\"\n");
        assert!(
            list.ends_with("expected a list in brackets, such as [\"one\", \"two\"]"),
            "{list}"
        );
    }

    #[test]
    fn a_wrong_type_is_told_without_the_parsers_own_words() {
        let account = "[[account]]\naor = \"sip:a@b\"\nregistrar = \"udp:127.0.0.1:9\"\n";
        let told = told(&format!("{account}expires = \"1h\"\n"));
        assert!(told.ends_with("expected a whole number"), "{told}");
        let told = self::told("[policy]\nrequire = 1\n");
        assert!(
            told.ends_with("expected one of its words, in quotes, or a list of them in brackets"),
            "{told}"
        );
    }
}
