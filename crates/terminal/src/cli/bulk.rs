//! Files that are read whole, and objects of which each line is one.

use super::output::Output;
use crate::error::{Error, Result};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Bytes of a file or a line that are read; what reads them has narrower limits.
const LONGEST: u64 = 1 << 20;

/// A file, or standard input where it is `-`.
fn open(path: &Path) -> Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    Ok(Box::new(File::open(path).map_err(|error| Error::read(path, error))?))
}

/// What is in a file.
///
/// # Errors
/// It cannot be read, or is longer than 1 MiB.
pub(super) fn whole(path: &Path) -> Result<Vec<u8>> {
    let mut octets = Vec::new();
    let read = open(path)?.take(LONGEST + 1).read_to_end(&mut octets);
    if read.map_err(|error| Error::read(path, error))? as u64 > LONGEST {
        return Err(Error::invalid(format!("{}: longer than 1 MiB", path.display())));
    }
    Ok(octets)
}

/// Answers each line, an object with an `id`, with an object with the same. Lines that cannot be
/// judged are a failure, told when all are answered.
///
/// # Errors
/// The file cannot be read, standard output not be written, or a line not be judged.
pub(super) fn bulk(
    path: &Path, out: Output,
    judge: impl Fn(&Value) -> std::result::Result<Map<String, Value>, String>,
) -> Result<()> {
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
            judged(&line, number, &judge)
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
    line: &[u8], number: u64,
    judge: impl Fn(&Value) -> std::result::Result<Map<String, Value>, String>,
) -> std::result::Result<Map<String, Value>, Map<String, Value>> {
    let line: Value = serde_json::from_slice(line)
        .map_err(|error| refused(&Value::Null, number, &error.to_string()))?;
    let id = line.get("id").ok_or_else(|| refused(&Value::Null, number, "no `id`"))?;
    let mut object = judge(&line).map_err(|why| refused(id, number, &why))?;
    object.insert("id".to_owned(), id.clone());
    Ok(object)
}
