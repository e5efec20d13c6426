//! `inspect`: what messages, URIs, headers and lines are worth, seen as a user agent would.

use super::args::Inspect;
use super::output::Output;
use crate::error::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sip_core::inspect::{self, Components, Kind, Report};
use sip_core::{Capabilities, Verdict};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Bytes of a file or a line that are read; the parser's own limits are narrower.
const LONGEST: u64 = 1 << 20;

/// Judges files, or objects a line.
pub(super) fn run(inspect: &Inspect, out: Output) -> Result<()> {
    let capabilities = Capabilities::default();
    if inspect.jsonl {
        let inputs = match inspect.files.as_slice() {
            [] => &[PathBuf::from("-")],
            files => files,
        };
        inputs.iter().try_for_each(|path| bulk(path, &capabilities, out))?;
    } else {
        inspect.files.iter().try_for_each(|path| one(path, &capabilities, out))?;
    }
    Ok(())
}

/// A file, or standard input where it is `-`.
fn open(path: &Path) -> Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    Ok(Box::new(File::open(path).map_err(|error| Error::read(path, error))?))
}

/// Judges the message in a file.
fn one(path: &Path, capabilities: &Capabilities, out: Output) -> Result<()> {
    let mut octets = Vec::new();
    open(path)?.take(LONGEST).read_to_end(&mut octets).map_err(|error| Error::read(path, error))?;
    let report = inspect::inspect(Kind::Message, &octets, capabilities);
    if out.is_json() {
        let mut object = verdict(&report.verdict);
        object.insert("file".to_owned(), json!(path));
        object.insert("components".to_owned(), Value::Object(parts(&report.components)));
        out.object(object)?;
    } else {
        for line in describe(path, &report) {
            out.line(&line)?;
        }
    }
    Ok(())
}

/// The verdict as the start of an object.
fn verdict(verdict: &Verdict) -> Map<String, Value> {
    let (word, status, reason, at) = match verdict {
        Verdict::Valid => ("valid", None, None, None),
        Verdict::Invalid { status, reason, at } => {
            ("invalid", Some(status.as_u16()), Some(*reason), Some(*at))
        }
        Verdict::Unsupported { status, reason, at, .. } => {
            ("unsupported", Some(status.as_u16()), Some(*reason), Some(*at))
        }
    };
    let mut object = Map::new();
    object.insert("verdict".to_owned(), json!(word));
    object.insert("status".to_owned(), json!(status));
    object.insert("reason".to_owned(), json!(reason));
    object.insert("at".to_owned(), json!(at));
    object
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

/// Octets as text; what is not UTF-8 is shown as U+FFFD.
fn text(octets: &[u8]) -> Value {
    json!(String::from_utf8_lossy(octets))
}

/// The verdict and the header fields, for people.
fn describe(path: &Path, report: &Report) -> Vec<String> {
    let name = path.display();
    let mut lines = vec![match &report.verdict {
        Verdict::Valid => format!("{name}: valid"),
        Verdict::Invalid { status, reason, at } => {
            format!("{name}: invalid, owed {}: {reason} (byte {at})", status.as_u16())
        }
        Verdict::Unsupported { status, reason, at, .. } => {
            format!("{name}: unsupported, owed {}: {reason} (byte {at})", status.as_u16())
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

/// A line of `--jsonl`; what else stands in it is left alone.
#[derive(Deserialize)]
struct Line {
    id: Value,
    kind: String,
    input: String,
}

/// Judges one object a line.
fn bulk(path: &Path, capabilities: &Capabilities, out: Output) -> Result<()> {
    let mut reader = BufReader::new(open(path)?);
    for number in 1_u64.. {
        let mut line = Vec::new();
        let read = (&mut reader).take(LONGEST).read_until(b'\n', &mut line);
        if read.map_err(|error| Error::read(path, error))? == 0 {
            return Ok(());
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        out.object(judged(&line, number, capabilities))?;
    }
    Ok(())
}

/// The object for one line; a line that cannot be judged says why, and the others go on.
fn judged(line: &[u8], number: u64, capabilities: &Capabilities) -> Map<String, Value> {
    let refused = |id: Value, why: String| {
        let object = json!({ "id": id, "error": why });
        object.as_object().cloned().unwrap_or_default()
    };
    let line: Line = match serde_json::from_slice(line) {
        Ok(line) => line,
        Err(error) => return refused(Value::Null, format!("line {number}: {error}")),
    };
    let Some(kind) = Kind::parse(&line.kind) else {
        let kinds = "message, uri, header, nameaddr or startline";
        return refused(line.id, format!("kind `{}` is none of {kinds}", line.kind));
    };
    let report = inspect::inspect(kind, line.input.as_bytes(), capabilities);
    let mut object = verdict(&report.verdict);
    object.insert("id".to_owned(), line.id);
    object.insert("components".to_owned(), Value::Object(parts(&report.components)));
    object
}
