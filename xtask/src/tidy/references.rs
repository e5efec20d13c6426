//! What comments, documents and test names refer to. A case number has a row in `docs/cases.md`, a
//! promise one in `docs/promises.md`, a claim one in `docs/claims.md`, a decision its page; what
//! these show is shown by functions that there are; a document that is named or linked exists; and
//! a section is of an RFC (or FIPS, or draft) that the same paragraph names.

use super::sources;
use crate::command::root;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

const CASES: &str = "docs/cases.md";
const PROMISES: &str = "docs/promises.md";
const CLAIMS: &str = "docs/claims.md";
const CONFORMANCE: &str = "docs/conformance.md";
/// Where the cases with peers are.
const INTEROP: &str = "xtask/src/interop/cases/";
const DECISIONS: &str = "docs/decisions/";
/// What a section may be of.
const SECTIONED: [&str; 3] = ["RFC ", "FIPS ", "draft-"];
/// What readers do not have.
const ELSEWHERE: [&str; 3] = ["the specification", "'s specification", "the design document"];
/// What stands in backquotes in the last cell of their rows, and looks like a function, is one.
const SHOW: [&str; 4] = [CASES, PROMISES, CLAIMS, CONFORMANCE];
/// What case numbers begin with.
const LETTERS: &str = "PTDAGSMXFO";

pub(super) fn check() -> Vec<String> {
    let paths = match sources::tracked() {
        Ok(paths) => paths,
        Err(why) => return vec![why],
    };
    let with_text = |path: String| {
        let text = fs::read_to_string(root().join(&path)).unwrap_or_default();
        (path, text)
    };
    Tree::new(paths.into_iter().map(with_text).collect()).faults()
}

/// The files of the repository, and what may be referred to.
struct Tree {
    files: Vec<(String, String)>,
    places: BTreeSet<PathBuf>,
    cases: BTreeSet<String>,
    promises: BTreeSet<String>,
    claims: BTreeSet<String>,
    decisions: BTreeSet<String>,
    functions: BTreeSet<String>,
    /// The cases of `cargo xtask interop`.
    with_peers: BTreeSet<String>,
}

impl Tree {
    /// Of paths and texts; what is no text is empty.
    fn new(files: Vec<(String, String)>) -> Self {
        let rows = |of: &str| -> BTreeSet<String> {
            let text = files.iter().find(|(path, _)| path == of).map(|(_, text)| text.as_str());
            text.unwrap_or_default().lines().filter_map(number).map(str::to_owned).collect()
        };
        let rust = files.iter().filter(|(path, _)| path.ends_with(".rs"));
        let functions = rust.flat_map(|(_, text)| text.lines().filter_map(function));
        let peers = files.iter().filter(|(path, _)| path.starts_with(INTEROP));
        let quoted = peers.flat_map(|(_, text)| text.split('"').skip(1).step_by(2));
        let pages = files.iter().filter_map(|(path, _)| path.strip_prefix(DECISIONS)?.get(..4));
        let places = files.iter().flat_map(|(path, _)| Path::new(path).ancestors());
        Self {
            cases: rows(CASES).into_iter().filter(|it| is_case(it)).collect(),
            promises: rows(PROMISES),
            claims: rows(CLAIMS),
            decisions: pages.map(str::to_owned).collect(),
            functions: functions.map(str::to_owned).collect(),
            with_peers: quoted.filter(|it| it.contains('-')).map(str::to_owned).collect(),
            places: places.map(Path::to_path_buf).collect(),
            files,
        }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (path, text) in &self.files {
            for (line, at) in text.lines().zip(1..) {
                let whys = self.of_line(path, line);
                faults.extend(whys.into_iter().map(|why| format!("{path}:{at}: {why}")));
            }
            let whys = sections(path, text).into_iter();
            faults.extend(whys.map(|(at, why)| format!("{path}:{at}: {why}")));
        }
        faults
    }

    fn of_line(&self, path: &str, line: &str) -> Vec<String> {
        let prose = prose(path, line);
        let name = if path.ends_with(".rs") { function(line) } else { None };
        let mut whys = self.numbers(name.unwrap_or_default(), prose);
        whys.extend(self.documents(path, prose));
        if path.ends_with(".md") {
            whys.extend(self.links(path, line));
        }
        if SHOW.contains(&path) && number(line).is_some() {
            whys.extend(self.shown(line));
        }
        if path == CONFORMANCE {
            whys.extend(self.with_peers(line));
        }
        whys
    }

    /// The cases that begin a function's name, and the cases and promises of the prose.
    fn numbers(&self, name: &str, prose: &str) -> Vec<String> {
        let named = name.split('_').map(str::to_uppercase).take_while(|part| is_case(part));
        let said = words(prose).map(str::to_owned).filter(|word| is_case(word));
        let unknown = named.chain(said).filter(|case| !self.cases.contains(case));
        let mut whys: Vec<_> = unknown.map(|it| format!("{it} has no row in {CASES}")).collect();
        for (before, word) in words(prose).zip(words(prose).skip(1)) {
            let before = before.to_lowercase();
            let kind = before.trim_end_matches('s');
            // Only the numbers of decisions begin with 0.
            let (rows, place) = match (kind, word.starts_with('0')) {
                ("promise", false) => (&self.promises, PROMISES),
                ("claim", false) => (&self.claims, CLAIMS),
                ("decision", true) => (&self.decisions, DECISIONS),
                _ => continue,
            };
            if word.parse::<u16>().is_ok() && !rows.contains(word) {
                whys.push(format!("{kind} {word} is not in {place}"));
            }
        }
        whys
    }

    /// The documents that a line names or links.
    fn documents(&self, path: &str, prose: &str) -> Vec<String> {
        let folders = || Path::new(path).ancestors().skip(1);
        let elsewhere = ELSEWHERE.into_iter().filter(|words| prose.contains(words));
        let mut whys: Vec<_> =
            elsewhere.map(|words| format!("{words} is no document of the repository")).collect();
        let ends = |c: char| !c.is_alphanumeric() && !"_./-".contains(c);
        for name in prose.split(ends).map(|word| word.trim_end_matches('.')) {
            let is_document = name.ends_with(".md") || name.starts_with("docs/");
            if !is_document || name.starts_with('/') {
                continue;
            }
            if !folders().any(|folder| self.has(&folder.join(name))) {
                whys.push(format!("there is no {name}"));
            } else if prose.contains(&format!("{name} §")) {
                whys.push(format!("{name} has no numbered sections"));
            }
        }
        whys.dedup();
        whys
    }

    /// The links of a document.
    fn links(&self, path: &str, line: &str) -> Vec<String> {
        let folder = Path::new(path).parent().unwrap_or_else(|| Path::new(""));
        let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let ours = links.filter(|link| !link.contains(':') && !link.starts_with('#'));
        let place = |link: &str| folder.join(link.split('#').next().unwrap_or_default());
        let lost = ours.filter(|link| !self.has(&place(link)));
        lost.map(|link| format!("the link to {link} leads nowhere")).collect()
    }

    fn has(&self, place: &Path) -> bool {
        let mut plain = PathBuf::new();
        for part in place.components() {
            match part {
                Component::ParentDir => _ = plain.pop(),
                Component::CurDir => {}
                other => plain.push(other),
            }
        }
        self.places.contains(&plain)
    }

    /// What a row says that shows it. A case without a test says what is missing.
    fn shown(&self, row: &str) -> Vec<String> {
        let cell = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
        let is_name =
            |it: &&str| it.contains('_') && it.trim_end_matches('…').chars().all(is_of_name);
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).filter(is_name).collect();
        if number(row).is_some_and(is_case) && names.is_empty() && !cell.contains("missing") {
            return vec!["the row names neither a test nor what is missing".to_owned()];
        }
        let unknown = names.iter().filter(|name| match name.strip_suffix('…') {
            Some(begin) => !self.functions.iter().any(|function| function.starts_with(begin)),
            None => !self.functions.contains(**name),
        });
        unknown.map(|name| format!("there is no function {name}")).collect()
    }

    /// The cases with peers that a row names and that are not there.
    fn with_peers(&self, row: &str) -> Vec<String> {
        let cell = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
        let is_name =
            |it: &&str| it.contains('-') && it.split('-').all(|part| part.chars().all(is_of_name));
        let named = cell.split('`').skip(1).step_by(2).filter(is_name);
        let lost = named.filter(|name| !self.with_peers.contains(*name));
        lost.map(|name| format!("cargo xtask interop has no case {name}")).collect()
    }
}

/// Sections that no reader finds: their paragraph, or comment, says not of what they are.
fn sections(path: &str, text: &str) -> Vec<(usize, String)> {
    let lines: Vec<(usize, &str)> = (1..).zip(text.lines().map(|it| prose(path, it))).collect();
    let paragraphs = lines.chunk_by(|(_, a), (_, b)| !a.is_empty() && !b.is_empty());
    let mut lost = Vec::new();
    for paragraph in paragraphs {
        let says = |words: &str| paragraph.iter().any(|(_, line)| line.contains(words));
        if SECTIONED.into_iter().any(says) {
            continue;
        }
        let of_none = paragraph.iter().find(|(_, line)| line.contains('§'));
        lost.extend(of_none.map(|(at, _)| (*at, "a section of what? name the RFC".to_owned())));
    }
    lost
}

/// The first cell of a row of a table.
fn number(line: &str) -> Option<&str> {
    line.strip_prefix("| ").and_then(|rest| rest.split(" | ").next())
}

/// The function that a line of Rust begins.
fn function(line: &str) -> Option<&str> {
    let code = line.split("//").next().unwrap_or_default();
    let (before, rest) = code.split_once("fn ")?;
    let begins = before.is_empty() || before.ends_with(' ');
    words(rest).next().filter(|name| begins && rest.starts_with(name))
}

/// What of a line is said to people: all of a document, else the comment.
fn prose<'a>(path: &str, line: &'a str) -> &'a str {
    let comment = |mark| line.split_once(mark).map_or("", |(_, comment)| comment);
    match path.rsplit('.').next() {
        Some("md") => line,
        Some("rs") => comment("//"),
        Some("toml" | "sh") => comment("#"),
        _ if path.starts_with(".ci/") => comment("#"),
        _ => "",
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn is_case(word: &str) -> bool {
    let digits = word.strip_prefix(|c| LETTERS.contains(c));
    digits.is_some_and(|it| it.len() == 2 && it.bytes().all(|octet| octet.is_ascii_digit()))
}

fn is_of_name(c: char) -> bool {
    c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit()
}

#[cfg(test)]
mod tests;
