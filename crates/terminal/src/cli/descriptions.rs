//! What `inspect` says of a session description.

use super::verdicts::{text, words};
use media_ctl::sdp::grammar::{Line, Sections};
use media_ctl::{Error, SdpError};
use serde_json::{Map, Value, json};

/// The verdict, and the description by its sections: the lines before the first `m=`, and those of
/// each media description, each line as its type and its value.
pub(super) fn judged(input: &[u8]) -> Map<String, Value> {
    let read = Sections::parse(input);
    let mut object = match &read {
        Ok(_) => words("valid", None),
        Err(error) => {
            let (reason, at) =
                (format!("expected {}", error.expected), start_of(error.line, input));
            words("invalid", Some((Error::Sdp(*error).status(), &reason, at)))
        }
    };
    let components = read.map(|read| {
        let media: Vec<_> = read.media.iter().map(|lines| section(lines)).collect();
        json!({ "session": section(&read.session), "media": media })
    });
    object.insert("components".to_owned(), components.unwrap_or_else(|_: SdpError| json!({})));
    object
}

fn section(lines: &[Line<'_>]) -> Value {
    lines.iter().map(|(kind, value)| json!([kind.to_string(), text(value)])).collect()
}

/// The byte at which a line begins, counted from 1; the end of the whole for what is missing.
fn start_of(line: usize, input: &[u8]) -> usize {
    let lines = input.split_inclusive(|octet| *octet == b'\n').map(<[u8]>::len);
    match line.checked_sub(1) {
        Some(before) => lines.take(before).sum(),
        None => input.len(),
    }
}
