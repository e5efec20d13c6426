//! `inspect`: what messages, URIs, headers and lines are worth, seen as a user agent would.

use super::args::Inspect;
use super::json::Object;
use super::output::Output;
use crate::assembly::in_words;
use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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
        each(inputs, |path| bulk(path, &capabilities, out).map(|()| true))
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

/// A file, or standard input where it is `-`.
fn open(path: &Path) -> Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    Ok(Box::new(File::open(path).map_err(|error| Error::read(path, error))?))
}

/// Judges the message in a file; `false` where it is invalid. What is unsupported is valid.
fn one(path: &Path, capabilities: &Capabilities, out: Output) -> Result<bool> {
    let mut octets = Vec::new();
    let read = open(path)?.take(LONGEST + 1).read_to_end(&mut octets);
    if read.map_err(|error| Error::read(path, error))? as u64 > LONGEST {
        return Err(Error::invalid(format!("{}: longer than 1 MiB", path.display())));
    }
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

/// Judges one object a line. Lines that cannot be judged are a failure, told when all are answered.
fn bulk(path: &Path, capabilities: &Capabilities, out: Output) -> Result<()> {
    let mut reader = BufReader::new(open(path)?);
    let mut unjudged = 0_u64;
    for number in 1_u64.. {
        let mut line = Vec::new();
        let read = (&mut reader).take(LONGEST + 1).read_until(b'\n', &mut line);
        if read.map_err(|error| Error::read(path, error))? == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let judged = if line.len() as u64 > LONGEST && !line.ends_with(b"\n") {
            reader.skip_until(b'\n').map_err(|error| Error::read(path, error))?;
            Err(refused(&Value::Null, number, "longer than 1 MiB"))
        } else {
            judged(&line, number, capabilities)
        };
        unjudged += u64::from(judged.is_err());
        out.bare(&judged.unwrap_or_else(|refused| refused))?;
    }
    let lines = match unjudged {
        0 => return Ok(()),
        1 => "1 line".to_owned(),
        more => format!("{more} lines"),
    };
    let path = path.display();
    Err(Error::invalid(format!("{path}: {lines} could not be judged; see each object's `error`")))
}

/// The object for a line that cannot be judged; the others go on.
fn refused(id: &Value, number: u64, why: &str) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("id".to_owned(), id.clone());
    object.insert("error".to_owned(), json!(format!("line {number}: {why}")));
    object
}

/// The object for one line, or why there is none.
fn judged(
    line: &[u8], number: u64, capabilities: &Capabilities,
) -> std::result::Result<Map<String, Value>, Map<String, Value>> {
    let line: Value = serde_json::from_slice(line)
        .map_err(|error| refused(&Value::Null, number, &error.to_string()))?;
    let id = line.get("id").unwrap_or(&Value::Null);
    let (kind, input) = question(&line).map_err(|why| refused(id, number, &why))?;
    let report = inspect::inspect(kind, &input, capabilities);
    let mut object = verdict(&report.verdict);
    object.insert("id".to_owned(), id.clone());
    object.insert("components".to_owned(), Value::Object(parts(&report.components)));
    Ok(object)
}

/// What a line asks: the kind, and the input as text or, where it is none, in base64. What else
/// stands in the line is left alone.
fn question(line: &Value) -> std::result::Result<(Kind, Vec<u8>), String> {
    let word = |name: &str| line.get(name).and_then(Value::as_str);
    if line.get("id").is_none() {
        return Err("no `id`".to_owned());
    }
    let name = word("kind").ok_or("no `kind`")?;
    let kind = Kind::parse(name).ok_or_else(|| {
        format!("kind `{name}` is none of message, uri, header, nameaddr or startline")
    })?;
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
