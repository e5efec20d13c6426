//! `cargo xtask build-terminal`: a whole terminal of one flavour in `dist/FLAVOUR/`.

use crate::command::{Failure, cargo, output, program, root, run as execute, target, tree};
use crate::licences;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which terminal.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What is linked: calls in the clear, HTTP Digest, OpenPGP calls, everything, or everything with
    /// the security manager in a process of its own
    #[arg(long, value_enum, default_value_t = Flavour::Full)]
    flavour: Flavour,
    /// Target triple, where it is not this machine's
    #[arg(long)]
    target: Option<String>,
}

/// Flavours differ by what is linked, not by a switch.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Flavour {
    Bare,
    Digest,
    Pgp,
    Full,
    Isolated,
}

impl Flavour {
    const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Digest => "digest",
            Self::Pgp => "pgp",
            Self::Full => "full",
            Self::Isolated => "isolated",
        }
    }

    /// The binaries: package, name and cargo features.
    fn binaries(self) -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
        let features = if self == Self::Bare { Vec::new() } else { vec![self.name()] };
        let mut binaries = vec![("terminal", "countersign", features)];
        if matches!(self, Self::Pgp | Self::Full | Self::Isolated) {
            binaries.push(("pgp-agent", "countersign-pgp", Vec::new()));
        }
        if matches!(self, Self::Full | Self::Isolated) {
            binaries.push(("gpg-app", "countersign-gpg", Vec::new()));
        }
        if self == Self::Isolated {
            binaries.push(("sec-process", "countersign-sec", Vec::new()));
        }
        binaries
    }
}

/// `dist/FLAVOUR/manifest.json`.
#[derive(Serialize)]
struct Manifest {
    flavour: &'static str,
    version: &'static str,
    target: String,
    binaries: Vec<Binary>,
    /// Every other file and its SHA-256.
    files: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Binary {
    name: &'static str,
    features: Vec<&'static str>,
    bytes: u64,
    sha256: String,
    /// The crates that are linked, with their versions.
    crates: Vec<String>,
}

/// Builds each binary by a cargo invocation of its own, so that features of one cannot switch on
/// another's, and lays out what a packager needs beside them.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let flavour = arguments.flavour;
    let folder = root().join("dist").join(flavour.name());
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    }
    create(&folder)?;
    let mut binaries = Vec::new();
    for (package, name, features) in flavour.binaries() {
        build(package, name, &features, arguments.target.as_deref())?;
        let path = copy(&built(name, arguments.target.as_deref()), &folder.join(name))?;
        let crates = linked(package, &features, arguments.target.as_deref())?;
        let bytes = fs::metadata(&path).map_err(|why| format!("{}: {why}", path.display()))?.len();
        binaries.push(Binary { name, features, bytes, sha256: sha256(&path)?, crates });
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(&root().join(licence), &folder.join(licence))?;
    }
    let target = arguments.target.clone().map_or_else(host, Ok)?;
    let crates: BTreeSet<String> = binaries.iter().flat_map(|it| it.crates.clone()).collect();
    licences::collect(&crates, &target, &folder.join("licences"))?;
    // Programs write their own pages; those for another machine have this one's do it.
    for (package, name, features) in flavour.binaries() {
        if arguments.target.is_some() {
            build(package, name, &features, None)?;
        }
        write_pages(name, &folder)?;
    }
    let example = folder.join("example");
    let mut init = program(built("countersign", None));
    execute(init.arg("init").arg(&example).args(["--aor", "sip:alice@127.0.0.1"]))?;
    manifest(flavour, target, binaries, &folder)?;
    println!("{}", folder.display());
    Ok(())
}

fn build(
    package: &str, name: &str, features: &[&str], target: Option<&str>,
) -> Result<(), Failure> {
    let mut build = cargo(&[
        "build",
        "--profile",
        "dist",
        "--package",
        package,
        "--bin",
        name,
        "--no-default-features",
    ]);
    if !features.is_empty() {
        build.args(["--features", &features.join(",")]);
    }
    if let Some(target) = target {
        build.args(["--target", target]);
    }
    execute(&mut build)
}

fn built(name: &str, triple: Option<&str>) -> PathBuf {
    triple.map_or_else(target, |triple| target().join(triple)).join("dist").join(name)
}

pub(crate) fn linked(
    package: &str, features: &[&str], target: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let mut tree = tree(package, features);
    if let Some(target) = target {
        tree.args(["--target", target]);
    }
    let text = output(&mut tree)?;
    let named = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let mut crates: Vec<String> = text.lines().map(named).collect();
    crates.sort();
    crates.dedup();
    Ok(crates)
}

/// A program's man pages and shell completions.
fn write_pages(name: &str, folder: &Path) -> Result<(), Failure> {
    let path = built(name, None);
    let man = folder.join("man");
    create(&man)?;
    execute(program(&path).arg("man").arg(&man))?;
    let completions = folder.join("completions");
    create(&completions)?;
    for shell in ["bash", "zsh", "fish"] {
        let text = output(program(&path).args(["completions", shell]))?;
        write(&completions.join(format!("{name}.{shell}")), &text)?;
    }
    Ok(())
}

fn manifest(
    flavour: Flavour, target: String, binaries: Vec<Binary>, folder: &Path,
) -> Result<(), Failure> {
    let mut files = BTreeMap::new();
    digest_all(folder, folder, &mut files)?;
    for binary in &binaries {
        files.remove(binary.name);
    }
    let version = env!("CARGO_PKG_VERSION");
    let manifest = Manifest { flavour: flavour.name(), version, target, binaries, files };
    let text = serde_json::to_string_pretty(&manifest).map_err(|why| why.to_string())?;
    write(&folder.join("manifest.json"), &(text + "\n"))
}

fn digest_all(
    top: &Path, folder: &Path, files: &mut BTreeMap<String, String>,
) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|why| format!("{}: {why}", folder.display()))?.path();
        if path.is_dir() {
            digest_all(top, &path, files)?;
        } else {
            let name = path.strip_prefix(top).unwrap_or(&path).display().to_string();
            files.insert(name, sha256(&path)?);
        }
    }
    Ok(())
}

pub(crate) fn host() -> Result<String, Failure> {
    let text = output(program("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "`rustc -vV` names no host".to_owned())
}

fn sha256(path: &Path) -> Result<String, Failure> {
    let octets = fs::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
    Ok(Sha256::digest(&octets).iter().map(|octet| format!("{octet:02x}")).collect())
}

fn create(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))
}

fn copy(from: &Path, to: &Path) -> Result<PathBuf, Failure> {
    fs::copy(from, to).map_err(|why| format!("{}: {why}", from.display()))?;
    Ok(to.to_path_buf())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|why| format!("{}: {why}", path.display()))
}
