//! What the sources say: forbidden words, sizes, and the top of the tree.

use super::table::TABLE;
use crate::command::{Failure, output, program, root};
use std::fs;

/// Interface crates hold at most this many lines of code, docs and kit apart.
const INTERFACE_LINES: usize = 580;
/// A file past this many lines is split by concept.
const FILE_LINES: usize = 800;
/// What is written by hand has fewer octets; what has more was built or fetched.
const FILE_OCTETS: u64 = 192 * 1024;
/// Who may write files: a place a program. What is written there is whole or absent, for its owner,
/// and replaces neither link nor device.
const WRITERS: &[&str] =
    &["crates/terminal/src/file/", "crates/pgp-agent/src/store.rs", "crates/gpg-app/src/files.rs"];
/// How files are written.
const WRITES: &[&str] = &[
    "File::create",
    "File::create_new",
    "File::options",
    "OpenOptions",
    "fs::write",
    "fs::rename",
    "fs::copy",
    "fs::hard_link",
    "NamedTempFile",
    "tempfile_in",
];
/// What stands at the top of the tree.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "benches",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "fuzz",
    "rustfmt.toml",
    "xtask",
];

pub(super) fn check() -> Vec<String> {
    let files = match tracked() {
        Ok(files) => files,
        Err(why) => return vec![why],
    };
    let mut faults = top(&files);
    for path in &files {
        let octets = fs::metadata(root().join(path)).map_or(0, |found| found.len());
        faults.extend(large(path, octets));
    }
    for path in files.iter().filter(|path| path.ends_with(".rs")) {
        match fs::read_to_string(root().join(path)) {
            Ok(text) => faults.extend(file(path, &text)),
            Err(why) => faults.push(format!("{path}: {why}")),
        }
    }
    faults.extend(["ssa", "sst", "ssm", "sma"].into_iter().filter_map(|name| lines(name, &files)));
    faults
}

/// What git tracks or would track: build products and the user's own files do not count.
pub(crate) fn tracked() -> Result<Vec<String>, Failure> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let text = output(program("git").args(list))?;
    Ok(text.lines().filter(|path| root().join(path).exists()).map(str::to_owned).collect())
}

fn top(files: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for path in files {
        let first = path.split('/').next().unwrap_or(path);
        let fault = format!("{first}: does not belong at the top of the tree");
        if !TOP.contains(&first) && !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    let missing = TOP.iter().filter(|name| !root().join(name).exists());
    faults.extend(missing.map(|name| format!("{name}: missing at the top of the tree")));
    faults
}

fn large(path: &str, octets: u64) -> Option<String> {
    let limit = FILE_OCTETS;
    (octets > limit)
        .then(|| format!("{path}: {octets} octets, over {limit}: it was built or fetched"))
}

fn file(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.lines().count() > FILE_LINES {
        faults.push(format!("{path}: over {FILE_LINES} lines; split it by concept"));
    }
    // A crate's page may be its README.
    let opens = text.lines().next().unwrap_or_default();
    if !opens.starts_with("//!") && !opens.starts_with("#![doc = include_str!") {
        faults.push(format!("{path}: does not open with `//!`"));
    }
    if let Some(row) = TABLE.iter().find(|row| path.starts_with(&format!("{}/src/", row.folder))) {
        faults.extend(words(path, text, row.must_not_say));
        if !WRITERS.iter().any(|writer| path.starts_with(writer)) && row.folder != "xtask" {
            let why = format!("files are written by {} alone", WRITERS.join(" and "));
            let writes: Vec<_> = WRITES.iter().map(|word| (*word, why.as_str())).collect();
            faults.extend(words(path, text, &writes));
        }
    }
    faults
}

/// The words that a file must not say, outside comments and below no `#[cfg(test)]`.
fn words(path: &str, text: &str, must_not_say: &[(&str, &str)]) -> Vec<String> {
    let apart = ["/conformance", "/tests/", "/tests.rs", "/vectors.rs"];
    let kit = apart.iter().any(|part| path.contains(part));
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let mut faults = Vec::new();
    for (number, line) in code.lines().enumerate().filter(|_| !kit) {
        let line = line.split("//").next().unwrap_or(line);
        let said = must_not_say.iter().filter(|(word, _)| says(line, word));
        faults.extend(said.map(|(word, why)| format!("{path}:{}: `{word}`: {why}", number + 1)));
    }
    faults
}

/// Whether `line` holds `word`, not as a part of a longer word.
fn says(line: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        let opens = word.starts_with(is_word) && before.is_some_and(is_word);
        let goes_on = word.ends_with(is_word) && after.is_some_and(is_word);
        !opens && !goes_on
    })
}

fn lines(name: &str, files: &[String]) -> Option<String> {
    let folder = format!("crates/{name}/src/");
    let code: usize = files
        .iter()
        .filter(|path| path.starts_with(&folder) && !path.contains("/conformance"))
        .filter_map(|path| fs::read_to_string(root().join(path)).ok())
        .map(|text| text.lines().filter(|line| is_code(line)).count())
        .sum();
    (code > INTERFACE_LINES)
        .then(|| format!("{name}: {code} lines of code, {INTERFACE_LINES} allowed"))
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//") && !line.contains("conformance")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_only_as_a_word() {
        assert!(says("use tokio::net;", "tokio"));
        assert!(!says("fn tokion()", "tokio"));
        assert!(says("task.spawn(x)", ".spawn("));
    }

    #[test]
    fn a_forbidden_word_names_its_line() {
        let row = &TABLE[0];
        let faults = words("crates/ssa/src/lib.rs", "//! tokio\nuse tokio;\n", row.must_not_say);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("crates/ssa/src/lib.rs:2"), "{faults:?}");
    }

    #[test]
    fn what_was_fetched_is_no_source() {
        assert_eq!(large("Cargo.lock", FILE_OCTETS), None);
        assert!(large("vectors/x.whl", FILE_OCTETS + 1).unwrap().starts_with("vectors/x.whl: "));
    }

    #[test]
    fn a_file_is_written_in_its_place_alone() {
        let text =
            "//! X.\nfn x() { std::fs::write(p, o) }\n#[cfg(test)]\nfn t() { fs::write(p, o) }";
        let faults = file("crates/terminal/src/cli/x.rs", text);
        assert!(faults.len() == 1 && faults[0].contains("x.rs:2: `fs::write`"), "{faults:?}");
        assert_eq!(file("crates/media-ctl/src/x.rs", "//! X.\nuse std::fs::File;").len(), 0);
        assert_eq!(file("crates/terminal/src/file/x.rs", text).len(), 0);
        assert_eq!(file("crates/terminal/tests/x.rs", text).len(), 0);
    }

    #[test]
    fn a_file_without_a_purpose_is_a_fault() {
        assert_eq!(file("crates/ssa/src/x.rs", "fn x() {}\n").len(), 1);
        assert!(file("crates/ssa/src/x.rs", "//! X.\nfn x() {}\n").is_empty());
    }
}
