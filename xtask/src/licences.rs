//! The licence texts of what is linked, from the packages that cargo has fetched.

use crate::command::{Failure, cargo, output, program};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What files with a licence, or with what must go with one, begin with.
const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
/// Texts for packages that name a licence and hold none.
const KNOWN: [(&str, &str); 2] = [
    ("MIT", include_str!("licences/MIT.txt")),
    ("BSD-3-Clause", include_str!("licences/BSD-3-Clause.txt")),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    authors: Vec<String>,
    repository: Option<String>,
    manifest_path: PathBuf,
    /// `None` for this workspace's own.
    source: Option<String>,
}

/// Copies the texts of `crates` (each `NAME vVERSION`) into a folder each, and lists them.
pub(crate) fn collect(
    crates: &BTreeSet<String>, target: &str, folder: &Path,
) -> Result<(), Failure> {
    let asked = ["metadata", "--format-version", "1", "--filter-platform", target];
    let metadata: Metadata =
        serde_json::from_str(&output(&mut cargo(&asked))?).map_err(|why| why.to_string())?;
    let is_linked = |it: &&Package| crates.contains(&format!("{} v{}", it.name, it.version));
    let mut list = String::new();
    for package in metadata.packages.iter().filter(is_linked).filter(|it| it.source.is_some()) {
        let (name, licence) = (package.folder(), package.license.as_deref().unwrap_or("see text"));
        list.push_str(&format!("{name}: {licence}\n"));
        package.copy(&folder.join(name))?;
    }
    list.push_str("the Rust standard library: MIT OR Apache-2.0\n");
    let said = output(program("rustc").args(["--print", "sysroot"]))?;
    let notice = Path::new(said.trim()).join("share/doc/rust/COPYRIGHT-library.html");
    if notice.exists() {
        let to = folder.join("rust-standard-library.html");
        fs::copy(&notice, to).map_err(|why| format!("{}: {why}", notice.display()))?;
    }
    write(&folder.join("list.txt"), &list)
}

impl Package {
    fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    fn copy(&self, to: &Path) -> Result<(), Failure> {
        fs::create_dir_all(to).map_err(|why| format!("{}: {why}", to.display()))?;
        let texts = self.texts()?;
        if texts.is_empty() {
            return write(&to.join("LICENSE"), &self.standard()?);
        }
        for text in texts {
            let name = text.file_name().unwrap_or_default();
            fs::copy(&text, to.join(name)).map_err(|why| format!("{}: {why}", text.display()))?;
        }
        Ok(())
    }

    /// The files of the package's top folder that are named as licences are.
    fn texts(&self) -> Result<Vec<PathBuf>, Failure> {
        let top = self.manifest_path.parent().unwrap_or(&self.manifest_path);
        let entries = fs::read_dir(top).map_err(|why| format!("{}: {why}", top.display()))?;
        let paths = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file());
        let named = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
            NAMES.iter().any(|begin| name.starts_with(begin))
        };
        Ok(paths.filter(named).collect())
    }

    /// For a package without a text: who made it, and the text of the licence that it names.
    fn standard(&self) -> Result<String, Failure> {
        let licence = self.license.as_deref().unwrap_or_default();
        let names: Vec<&str> = licence.split([' ', '/']).collect();
        let known = KNOWN.iter().find(|(name, _)| names.contains(name));
        let (name, text) = known.ok_or_else(|| {
            format!("{} holds no licence text, and there is none for `{licence}`", self.folder())
        })?;
        let authors = self.authors.join(", ");
        let by = if authors.is_empty() { "its contributors" } else { &authors };
        let place = self.repository.as_deref().unwrap_or("no address is named");
        Ok(format!(
            "{} ({place}), copyright {by}, is licensed under {licence}.\n\
             Its package holds no text of its licence; this is the one of {name}.\n\n{text}",
            self.folder()
        ))
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|why| format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(license: &str) -> Package {
        Package {
            name: "toy".into(),
            version: "1.0.0".into(),
            license: Some(license.into()),
            authors: vec!["A. Maker".into()],
            repository: None,
            manifest_path: PathBuf::new(),
            source: None,
        }
    }

    #[test]
    fn a_package_without_a_text_gets_the_one_that_it_names() {
        for (license, words) in
            [("MIT/Apache-2.0", "Permission is hereby"), ("BSD-3-Clause", "Redistribution and use")]
        {
            let text = package(license).standard().unwrap();
            assert!(text.contains("copyright A. Maker") && text.contains(words), "{text}");
        }
        let why = package("Strange-1.0").standard().unwrap_err();
        assert_eq!(why, "toy-1.0.0 holds no licence text, and there is none for `Strange-1.0`");
    }

    #[test]
    fn every_crate_that_a_terminal_links_brings_its_text() {
        let host = crate::build_terminal::host().unwrap();
        let mut crates = BTreeSet::new();
        let all = [("terminal", vec!["full"]), ("pgp-agent", Vec::new()), ("gpg-app", Vec::new())];
        for (package, features) in all {
            crates.extend(crate::build_terminal::linked(package, &features, None).unwrap());
        }
        let folder = tempfile::tempdir().unwrap();
        collect(&crates, &host, folder.path()).unwrap();
        let list = read(&folder.path().join("list.txt"));
        assert!(list.lines().any(|line| line.starts_with("tokio-1.") && line.ends_with(": MIT")));
        assert!(!list.contains("sip-core"), "our own are beside the binaries");
        for line in list.lines().filter(|line| !line.starts_with("the Rust ")) {
            let texts = folder.path().join(line.split(": ").next().unwrap());
            let texts = fs::read_dir(texts).unwrap().map(|entry| read(&entry.unwrap().path()));
            assert!(texts.map(|text| text.len()).sum::<usize>() > 500, "{line}");
        }
    }

    fn read(path: &Path) -> String {
        String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
    }
}
