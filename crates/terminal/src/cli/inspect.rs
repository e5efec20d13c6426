//! `inspect`: what messages, URIs, headers and lines are worth, seen as a user agent would.

use super::args::Inspect;
use super::bulk::{bulk, whole};
use super::descriptions;
use super::json::Object;
use super::output::Output;
use super::verdicts::{text, words};
use crate::assembly::in_words;
use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sip_core::inspect::{self, Components, Kind, Report};
use sip_core::{Capabilities, Verdict};
use std::path::{Path, PathBuf};

/// Judges files, or objects a line.
pub(super) fn run(inspect: &Inspect, out: Output) -> Result<()> {
    let capabilities = Capabilities::default();
    if inspect.jsonl {
        let inputs = match inspect.files.as_slice() {
            [] => &[PathBuf::from("-")],
            files => files,
        };
        each(inputs, |path| bulk(path, out, |line| judged(line, &capabilities)).map(|()| true))
    } else {
        each(&inspect.files, |path| one(path, &capabilities, out))
    }
}

/// Judges all files; those that cannot be read, and those whose message is invalid, are told at the
/// end.
fn each(paths: &[PathBuf], judge: impl Fn(&Path) -> Result<bool>) -> Result<()> {
    let (mut unread, mut invalid) = (Vec::new(), Vec::new());
    for path in paths {
        match judge(path) {
            Ok(true) => {}
            Ok(false) => invalid.push(path.display().to_string()),
            Err(error @ Error::Output(_)) => return Err(error),
            Err(error) => unread.push(error.line()),
        }
    }
    if !invalid.is_empty() {
        unread.push(format!("not valid: {}", invalid.join(", ")));
        return Err(Error::Judged(unread.join("; ")));
    }
    if unread.is_empty() { Ok(()) } else { Err(Error::Invalid(unread.join("; "))) }
}

/// Judges the message in a file; `false` where it is invalid. What is unsupported is valid.
fn one(path: &Path, capabilities: &Capabilities, out: Output) -> Result<bool> {
    let octets = whole(path)?;
    let report = inspect::inspect(Kind::Message, &octets, capabilities);
    if out.is_json() {
        let (verdict, components) = (verdict(&report.verdict), parts(&report.components));
        out.object(Object::Inspected { file: path, verdict, components })?;
    } else {
        for line in describe(path, &report) {
            out.line(&line)?;
        }
    }
    Ok(!matches!(report.verdict, Verdict::Invalid { .. }))
}

/// The verdict as the start of an object.
fn verdict(verdict: &Verdict) -> Map<String, Value> {
    match verdict {
        Verdict::Valid => words("valid", None),
        Verdict::Invalid { status, reason, at } => {
            words("invalid", Some((status.as_u16(), reason, *at)))
        }
        Verdict::Unsupported { status, reason, at, .. } => {
            words("unsupported", Some((status.as_u16(), reason, *at)))
        }
    }
}

fn parts(components: &Components) -> Map<String, Value> {
    components.0.iter().map(|(name, part)| ((*name).to_owned(), value(part))).collect()
}

fn value(part: &inspect::Value) -> Value {
    match part {
        inspect::Value::Absent => Value::Null,
        inspect::Value::Octets(octets) => text(octets),
        inspect::Value::Number(number) => json!(number),
        inspect::Value::Pairs(pairs) => pairs
            .iter()
            .map(|(name, value)| json!([text(name), value.as_deref().map(text)]))
            .collect(),
        inspect::Value::Parts(components) => Value::Object(parts(components)),
        inspect::Value::List(list) => list.iter().map(value).collect(),
    }
}

/// The verdict and the header fields, for people.
fn describe(path: &Path, report: &Report) -> Vec<String> {
    let name = path.display();
    let mut lines = vec![match &report.verdict {
        Verdict::Valid => format!("{name}: valid"),
        Verdict::Invalid { status, reason, at } => {
            format!("{name}: invalid, owed {}: {reason} (byte {at})", in_words(status.as_u16()))
        }
        Verdict::Unsupported { status, reason, at, .. } => {
            format!("{name}: unsupported, owed {}: {reason} (byte {at})", in_words(status.as_u16()))
        }
    }];
    let octets = |name: &str| match report.components.get(name) {
        Some(inspect::Value::Octets(octets)) => String::from_utf8_lossy(octets).into_owned(),
        Some(inspect::Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let request = format!("{} {}", octets("method"), octets("request_uri"));
    let response = format!("{} {}", octets("status"), octets("reason"));
    let start = if request.trim().is_empty() { response } else { request };
    if !start.trim().is_empty() {
        lines.push(format!("  {start}"));
    }
    if let Some(inspect::Value::Pairs(fields)) = report.components.get("fields") {
        lines.extend(fields.iter().map(|(name, value)| {
            let value = value.as_deref().unwrap_or_default();
            let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
            format!("  {name}: {value}")
        }));
    }
    lines
}

/// What is said of one object, or why nothing is.
fn judged(
    line: &Value, capabilities: &Capabilities,
) -> std::result::Result<Map<String, Value>, String> {
    let (kind, input) = question(line)?;
    let Some(kind) = kind else { return Ok(descriptions::judged(&input)) };
    let report = inspect::inspect(kind, &input, capabilities);
    let mut object = verdict(&report.verdict);
    object.insert("components".to_owned(), Value::Object(parts(&report.components)));
    Ok(object)
}

/// What a line asks: the kind, `None` for a session description, and the input as text or, where it
/// is none, in base64. What else stands in the line is left alone.
fn question(line: &Value) -> std::result::Result<(Option<Kind>, Vec<u8>), String> {
    let word = |name: &str| line.get(name).and_then(Value::as_str);
    let name = word("kind").ok_or("no `kind`")?;
    let kind = Kind::parse(name);
    if kind.is_none() && name != "sdp" {
        return Err(format!(
            "kind `{name}` is none of message, uri, header, nameaddr, startline or sdp"
        ));
    }
    let input = match (word("input"), word("input_b64")) {
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(base64)) => {
            STANDARD.decode(base64).map_err(|error| format!("`input_b64`: {error}"))?
        }
        (None, None) => return Err("no `input` or `input_b64`".to_owned()),
        (Some(_), Some(_)) => return Err("both `input` and `input_b64`".to_owned()),
    };
    Ok((kind, input))
}
