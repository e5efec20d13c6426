//! Who names whom, by `cargo metadata` and `cargo tree`, against the table.

use super::table::{Row, Rule, TABLE, TREES, Tree};
use crate::command::{self, Failure, cargo, output};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    publish: Option<Vec<String>>,
    rust_version: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    path: Option<String>,
}

/// Every fault of the packages and of the trees.
pub(super) fn check() -> Vec<String> {
    let mut faults = packages().unwrap_or_else(|why| vec![why]);
    for tree in TREES {
        faults.extend(tree_faults(tree).unwrap_or_else(|why| vec![why]));
    }
    faults
}

fn packages() -> Result<Vec<String>, Failure> {
    let text = output(&mut cargo(&["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Metadata =
        serde_json::from_str(&text).map_err(|why| format!("cargo metadata: {why}"))?;
    let mut faults = Vec::new();
    for row in TABLE {
        if !metadata.packages.iter().any(|package| package.name == row.name) {
            faults.push(format!("{}: there is no such package", row.name));
        }
    }
    for package in &metadata.packages {
        match TABLE.iter().find(|row| row.name == package.name) {
            Some(row) => package_faults(package, row, &mut faults),
            None => faults.push(format!("{}: not in the dependency table", package.name)),
        }
    }
    Ok(faults)
}

fn package_faults(package: &Package, row: &Row, faults: &mut Vec<String>) {
    let name = &package.name;
    if !package.manifest_path.ends_with(&format!("/{}/Cargo.toml", row.folder)) {
        faults.push(format!("{name}: stands in {}, not in {}", package.manifest_path, row.folder));
    }
    if package.publish.as_ref().is_none_or(|registries| !registries.is_empty()) {
        faults.push(format!("{name}: lacks `publish = false`"));
    }
    if package.rust_version.is_none() {
        faults.push(format!("{name}: lacks `rust-version`"));
    }
    // Tests may name what they need to link two sides together.
    let ours = package.dependencies.iter().filter(|d| d.path.is_some() && d.kind.is_none());
    for dependency in ours.filter(|d| !row.may_name.contains(&d.name.as_str())) {
        faults.push(format!("{name} names {}, which the table forbids", dependency.name));
    }
}

fn tree_faults(tree: &Tree) -> Result<Vec<String>, Failure> {
    let text = output(&mut command::tree(tree.package, tree.features))?;
    let linked: BTreeSet<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    let what = format!("{} [{}]", tree.package, tree.features.join(","));
    Ok(match tree.rule {
        Rule::Exactly(wanted) => {
            let wanted: BTreeSet<&str> = wanted.iter().copied().chain([tree.package]).collect();
            let extra = linked.difference(&wanted).map(|name| format!("{what} links {name}"));
            let missing = wanted.difference(&linked).map(|name| format!("{what} lacks {name}"));
            extra.chain(missing).collect()
        }
        Rule::Without(forbidden) => {
            let found = forbidden.iter().filter(|name| linked.contains(**name));
            found.map(|name| format!("{what} links {name}")).collect()
        }
    })
}
