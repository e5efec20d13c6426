//! `cargo xtask readme`: the README's examples as a reader uses them, pasted into fresh crates
//! outside the workspace.

use crate::command::{Failure, cargo, output, root, run as execute, target};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Pastes the examples word for word: built and run with the dependencies by path; those by address
/// are resolved, the address standing for this repository.
pub(crate) fn run() -> Result<(), Failure> {
    let readme = read(&root().join("README.md"))?;
    let [examples, dependencies] = ["rust", "toml"].map(|language| blocks(&readme, language));
    let by = |key: &str| {
        let found = dependencies.iter().find(|block| block.contains(key));
        found.ok_or_else(|| format!("README.md shows no dependencies with `{key}`"))
    };
    let folder = tempfile::tempdir().map_err(|why| format!("no temporary folder: {why}"))?;
    let clone = folder.path().join("countersign");
    symlink(root(), &clone).map_err(|why| format!("{}: {why}", clone.display()))?;
    let by_path = Fresh::new(&folder.path().join("by-path"), by("path = ")?, &examples)?;
    by_path.run()?;
    Fresh::new(&folder.path().join("by-address"), by("git = ")?, &examples)?.resolve()?;
    println!("readme: {} examples ran", by_path.programs.len());
    Ok(())
}

/// A crate that holds nothing but what was pasted.
struct Fresh {
    folder: PathBuf,
    programs: Vec<String>,
    address: Option<String>,
}

impl Fresh {
    fn new(folder: &Path, dependencies: &str, examples: &[String]) -> Result<Self, Failure> {
        let package = "[package]\nname = \"pasted\"\nedition = \"2024\"\n\n";
        write(&folder.join("Cargo.toml"), &format!("{package}{dependencies}"))?;
        // The versions that are fetched already.
        write(&folder.join("Cargo.lock"), &read(&root().join("Cargo.lock"))?)?;
        let mut programs = Vec::new();
        for (example, n) in examples.iter().zip(1..) {
            let name = format!("example-{n}");
            write(&folder.join(format!("src/bin/{name}.rs")), example)?;
            programs.push(name);
        }
        let address = dependencies.split("git = \"").nth(1).and_then(|rest| rest.split('"').next());
        Ok(Self { folder: folder.to_owned(), programs, address: address.map(str::to_owned) })
    }

    fn run(&self) -> Result<(), Failure> {
        for name in &self.programs {
            execute(&mut self.cargo(&["run", "--quiet", "--offline", "--bin", name]))?;
        }
        Ok(())
    }

    /// Lets cargo find every crate at the address: git takes it from this repository. What cargo
    /// keeps of that is thrown away; all else is that of the user's own cargo.
    fn resolve(&self) -> Result<(), Failure> {
        let address = self.address.as_deref().unwrap_or_default();
        let home = self.folder.join("home");
        mirror(&home_of_cargo()?, &home, "git")
            .map_err(|why| format!("{}: {why}", home.display()))?;
        let host = crate::build_terminal::host()?;
        let asked = ["metadata", "--format-version", "1", "--filter-platform", host.as_str()];
        let mut metadata = self.cargo(&asked);
        metadata
            .env("CARGO_HOME", home)
            .env("CARGO_NET_GIT_FETCH_WITH_CLI", "true")
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", format!("url.file://{}.insteadOf", root().display()))
            .env("GIT_CONFIG_VALUE_0", address);
        output(&mut metadata).map(drop)
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = cargo(arguments);
        let target = std::path::absolute(target()).unwrap_or_else(|_| target());
        cargo.current_dir(&self.folder).env("CARGO_TARGET_DIR", target);
        cargo
    }
}

/// A folder of links to all that is in another, one entry apart.
fn mirror(from: &Path, to: &Path, apart: &str) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        if name != apart {
            symlink(from.join(&name), to.join(&name))?;
        }
    }
    Ok(())
}

/// The fenced blocks of a language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let rest = document.split(&fence).skip(1);
    rest.filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

fn home_of_cargo() -> Result<PathBuf, Failure> {
    let set = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let default = || std::env::home_dir().map(|home| home.join(".cargo"));
    set.or_else(default).ok_or_else(|| "neither CARGO_HOME nor a home folder".to_owned())
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.map_err(|why| format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tracked;

    #[test]
    fn blocks_are_found_by_their_language() {
        let document = "a\n```rust\nfn main() {}\n```\n```sh\nls\n```\n```rust\n// b\n```\n";
        assert_eq!(blocks(document, "rust"), ["fn main() {}\n", "// b\n"]);
        assert!(blocks(document, "toml").is_empty());
    }

    /// rustdoc hides a line after `# `; whoever reads the page elsewhere sees and pastes it.
    #[test]
    fn no_page_shows_lines_that_are_meant_to_be_hidden() {
        for page in tracked().unwrap().into_iter().filter(|path| path.ends_with(".md")) {
            for block in blocks(&read(&root().join(&page)).unwrap(), "rust") {
                let hidden: Vec<_> = block.lines().filter(|line| line.starts_with("# ")).collect();
                assert!(hidden.is_empty(), "{page}: {hidden:?}");
            }
        }
    }
}
