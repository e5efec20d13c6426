//! The copy of the workspace that is mutated, and what the compiler says of it.

use super::schema::{self, Schema};
use super::sites::{self, Choice, Found, Site};
use crate::command::{Failure, cargo, output, program, root, target};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Rounds of dropping what does not compile.
const ROUNDS: usize = 60;

/// One mutated file.
pub(super) struct Source {
    /// From the workspace's root.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) sites: Vec<Site>,
    /// Changes that cannot be switched: in constants and `const fn`.
    pub(super) constant: usize,
}

/// A mutated crate in its copy of the workspace.
pub(super) struct Tree {
    pub(super) folder: PathBuf,
    pub(super) sources: Vec<Source>,
    /// Mutants that do not compile.
    pub(super) dropped: BTreeSet<u32>,
}

/// A test program, and the folder that it is run in.
#[derive(Clone)]
pub(super) struct Binary {
    pub(super) program: PathBuf,
    pub(super) folder: PathBuf,
}

#[derive(Deserialize)]
struct Line {
    message: Option<Message>,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    rendered: Option<String>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

impl Tree {
    /// Copies the workspace and finds the mutants of `crates/NAME/src`, of files whose path has
    /// one of `parts` in it, or of all.
    pub(super) fn new(name: &str, parts: &[String]) -> Result<Self, Failure> {
        let folder = target().join("mutants/tree");
        copy_workspace(&folder)?;
        let sources = sources(name, parts)?;
        let tree = Self { folder, sources, dropped: BTreeSet::new() };
        let here = tree.folder.join("crates").join(name).join("Cargo.toml");
        let manifest = read(&here)?;
        let switch = "mutant-switch = { path = \"../mutant-switch\" }";
        let (before, after) = manifest.split_once("[dependencies]\n").unwrap_or((&manifest, ""));
        write(&here, &format!("{before}[dependencies]\n{switch}\n{after}"))?;
        let home = tree.folder.join("crates/mutant-switch");
        let package = "[package]\nname = \"mutant-switch\"\nedition = \"2024\"\n";
        write(&home.join("Cargo.toml"), package)?;
        write(&home.join("src/lib.rs"), include_str!("switch.rs"))?;
        Ok(tree)
    }

    /// Every mutant, with where it is.
    pub(super) fn mutants(&self) -> impl Iterator<Item = (&Source, &Site, &Choice)> {
        let sites =
            self.sources.iter().flat_map(|source| source.sites.iter().map(move |s| (source, s)));
        sites.flat_map(|(source, site)| site.choices.iter().map(move |c| (source, site, c)))
    }

    /// Builds a package's test programs with all mutants in them; what does not compile is
    /// dropped until the rest does. `only` is one test target.
    pub(super) fn build(
        &mut self, package: &str, only: Option<&str>,
    ) -> Result<Vec<Binary>, Failure> {
        for round in 1..=ROUNDS {
            let mut schemas = BTreeMap::new();
            for source in &self.sources {
                let schema = schema::write(&source.text, &source.sites, &self.dropped);
                write(&self.folder.join(&source.path), &schema.text)?;
                schemas.insert(source.path.as_str(), schema);
            }
            eprintln!("building {package}, round {round}: {} mutants dropped", self.dropped.len());
            let lines = self.compile(package, only)?;
            let errors: Vec<&Message> = lines
                .iter()
                .filter_map(|line| line.message.as_ref())
                .filter(|message| message.level == "error" && !message.spans.is_empty())
                .collect();
            if errors.is_empty() {
                return binaries(&lines);
            }
            let before = self.dropped.len();
            let blamed: Vec<u32> = errors.iter().flat_map(|error| blame(error, &schemas)).collect();
            self.dropped.extend(blamed);
            if self.dropped.len() == before {
                let said = errors.first().and_then(|error| error.rendered.clone());
                return Err(format!("no mutant is to blame: {}", said.unwrap_or_default()));
            }
        }
        Err(format!("{package} does not compile after {ROUNDS} rounds"))
    }

    fn compile(&self, package: &str, only: Option<&str>) -> Result<Vec<Line>, Failure> {
        let mut command = cargo(&["test", "--no-run", "--offline", "--all-features"]);
        command.args(["--message-format", "json", "--package", package]);
        // Without a target named, cargo builds the examples as well, which tests may run.
        if let Some(name) = only {
            command.args(["--test", name]);
        }
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", target().join("mutants/build"));
        let done = command.stdin(Stdio::null()).stderr(Stdio::piped()).output();
        let done = done.map_err(|why| format!("cannot run cargo: {why}"))?;
        let text = String::from_utf8_lossy(&done.stdout);
        let lines: Vec<Line> =
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let failed = |line: &Line| line.message.as_ref().is_some_and(|m| m.level == "error");
        if !done.status.success() && !lines.iter().any(failed) {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned());
        }
        Ok(lines)
    }
}

/// The test programs among what was built.
fn binaries(lines: &[Line]) -> Result<Vec<Binary>, Failure> {
    let test = |line: &&Line| line.profile.as_ref().is_some_and(|profile| profile.test);
    let binary = |line: &Line| {
        let folder = line.manifest_path.as_ref()?.parent()?.to_path_buf();
        Some(Binary { program: line.executable.clone()?, folder })
    };
    let found: Vec<Binary> = lines.iter().filter(test).filter_map(binary).collect();
    if found.is_empty() { Err("no test program was built".to_owned()) } else { Ok(found) }
}

/// The mutants that an error is blamed on: whose own text it begins in, or else whose text a
/// label points at, or else those around it.
fn blame(error: &Message, schemas: &BTreeMap<&str, Schema>) -> BTreeSet<u32> {
    let mut spans: Vec<(&Schema, usize, bool)> = Vec::new();
    for outer in &error.spans {
        let mut span = outer;
        while let (false, Some(expansion)) =
            (schemas.contains_key(span.file_name.as_str()), &span.expansion)
        {
            span = &expansion.span;
        }
        if let Some(schema) = schemas.get(span.file_name.as_str()) {
            spans.push((schema, span.byte_start, outer.is_primary));
        }
    }
    spans.sort_by_key(|(_, _, primary)| !primary);
    let own = spans.iter().map(|(schema, at, _)| schema.own(*at).iter().copied().collect());
    let around = spans.iter().map(|(schema, at, _)| schema.around(*at));
    own.chain(around).find(|mutants: &BTreeSet<u32>| !mutants.is_empty()).unwrap_or_default()
}

/// Brings the copy up to date; what has not changed keeps its time, so that cargo keeps what it
/// built.
fn copy_workspace(folder: &Path) -> Result<(), Failure> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed = output(program("git").args(list))?;
    let listed: BTreeSet<&Path> =
        listed.lines().map(Path::new).filter(|path| root().join(path).is_file()).collect();
    for path in &listed {
        let bytes = fs::read(root().join(path));
        let bytes = bytes.map_err(|why| format!("{}: {why}", path.display()))?;
        write_bytes(&folder.join(path), &bytes)?;
    }
    prune(folder, folder, &listed);
    Ok(())
}

/// Removes what an earlier copy has left and cargo could take for a test or a crate.
fn prune(folder: &Path, at: &Path, listed: &BTreeSet<&Path>) {
    for path in fs::read_dir(at).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let known = path.strip_prefix(folder).is_ok_and(|path| listed.contains(path));
        if path.is_dir() && !path.ends_with("mutant-switch") {
            prune(folder, &path, listed);
        } else if !known && path.is_file() {
            let _ = fs::remove_file(&path);
        }
    }
}

fn sources(name: &str, parts: &[String]) -> Result<Vec<Source>, Failure> {
    let prefix = format!("crates/{name}/src/");
    let listed = output(program("git").args(["ls-files", &prefix]))?;
    let mut apart: Vec<PathBuf> = Vec::new();
    let mut found = Vec::new();
    let mut next = 1;
    for path in listed.lines().filter(|path| path.ends_with(".rs")) {
        let text = read(&root().join(path))?;
        let Found { sites, constant, apart: modules } =
            sites::find(&text, next).map_err(|why| format!("{path}: {why}"))?;
        let home = children(Path::new(path));
        apart.extend(modules.into_iter().map(|module| home.join(module)));
        let wanted = parts.is_empty() || parts.iter().any(|part| path.contains(part.as_str()));
        if wanted {
            let last =
                sites.iter().flat_map(|site| &site.choices).map(|choice| choice.mutant).max();
            next = last.map_or(next, |last| last + 1);
            found.push(Source { path: path.to_owned(), text, sites, constant });
        }
    }
    let is_apart = |path: &str| {
        apart.iter().any(|apart| Path::new(path).with_extension("").starts_with(apart))
    };
    found.retain(|source| !is_apart(&source.path));
    if found.is_empty() { Err(format!("no source of {name} is meant")) } else { Ok(found) }
}

/// Where the modules that a file declares are.
fn children(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(path);
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod" | "lib" | "main") | None => folder.to_path_buf(),
        Some(stem) => folder.join(stem),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    write_bytes(path, text.as_bytes())
}

fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, bytes)).map_err(|why| format!("{}: {why}", path.display()))
}
