//! Circles of files inside a crate: two files that need one another are one file in two.
//!
//! A file needs another where a path in it names something of that file's module, by `crate`,
//! `super`, `self` or a child's name; what a module only re-exports counts for the file that has it.
//! Methods are not seen: several files may extend one type.

mod paths;
#[cfg(test)]
mod tests;

use self::paths::{Found, Module};
use super::sources::tracked;
use crate::command::root;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Circles that stay, each with the reason.
const ALLOWED: &[(&str, &[&str], &str)] = &[(
    "net",
    &["sim"],
    "the simulator's world and what lives in it refer to one another as a network does",
)];

/// Every circle of every crate that is not allowed.
pub(super) fn check() -> Vec<String> {
    let files = match tracked() {
        Ok(files) => files,
        Err(why) => return vec![why],
    };
    let mut crates: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in files.iter().filter(|path| path.ends_with(".rs")) {
        if let Some((folder, _)) = path.split_once("/src/") {
            crates.entry(folder).or_default().push(path);
        }
    }
    crates.into_iter().flat_map(|(folder, files)| of_crate(folder, &files)).collect()
}

fn of_crate(folder: &str, files: &[&str]) -> Vec<String> {
    let mut sources = BTreeMap::new();
    for path in files {
        let Some(module) = module_of(path) else { continue };
        match fs::read_to_string(root().join(path)) {
            Ok(text) => _ = sources.insert(module, text),
            Err(why) => return vec![format!("{path}: {why}")],
        }
    }
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let allowed = |circle: &BTreeSet<Module>| {
        ALLOWED.iter().any(|(of, within, _)| {
            *of == name
                && circle.iter().all(|it| {
                    it.iter().map(String::as_str).take(within.len()).eq(within.iter().copied())
                })
        })
    };
    let shown = |module: &Module| match module.as_slice() {
        [] => "lib".to_owned(),
        parts => parts.join("::"),
    };
    match circles(&sources) {
        Ok(circles) => circles
            .iter()
            .filter(|circle| !allowed(circle))
            .map(|circle| {
                let names: Vec<String> = circle.iter().map(shown).collect();
                format!("{name}: {} need one another in a circle", names.join(", "))
            })
            .collect(),
        Err(why) => vec![format!("{name}: {why}")],
    }
}

/// The module that a file is; binaries have roots of their own and are left out.
fn module_of(path: &str) -> Option<Module> {
    let (_, within) = path.split_once("/src/")?;
    if within.starts_with("bin/") || within == "main.rs" {
        return None;
    }
    let mut parts: Module = within.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    Some(parts)
}

/// The circles among these modules.
fn circles(sources: &BTreeMap<Module, String>) -> Result<Vec<BTreeSet<Module>>, String> {
    let mut found = BTreeMap::new();
    for (module, text) in sources {
        let of = paths::find(text).map_err(|why| format!("{}: {why}", module.join("::")))?;
        found.insert(module.clone(), of);
    }
    let mut needs: BTreeMap<&Module, BTreeSet<Module>> = BTreeMap::new();
    for (module, Found { paths, .. }) in &found {
        let named = paths.iter().filter_map(|path| owner(&found, module, path));
        needs.insert(module, named.filter(|other| other != module).collect());
    }
    let mut circles: Vec<BTreeSet<Module>> = Vec::new();
    for module in found.keys() {
        let forth = reached(&needs, module);
        let circle: BTreeSet<Module> =
            forth.iter().filter(|it| reached(&needs, it).contains(module)).cloned().collect();
        if !circle.is_empty() && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    Ok(circles)
}

/// All that a module needs, directly or not; itself only where it is in a circle.
fn reached(needs: &BTreeMap<&Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<Module> {
    let mut seen = BTreeSet::new();
    let mut next = vec![from];
    while let Some(module) = next.pop() {
        for other in needs.get(module).into_iter().flatten() {
            if seen.insert(other.clone()) {
                next.push(other);
            }
        }
    }
    seen
}

/// The module that has what `path`, written in `module`, names; none where it is another crate's,
/// or not a path within this one.
fn owner(found: &BTreeMap<Module, Found>, module: &Module, path: &[String]) -> Option<Module> {
    let (mut at, mut rest) = start(found, module, path)?;
    // A re-export may lead to another; more than these steps is a circle of re-exports.
    for _ in 0..8 {
        while let Some((first, others)) = rest.split_first() {
            let mut child = at.clone();
            child.push(first.clone());
            if !found.contains_key(&child) {
                break;
            }
            (at, rest) = (child, others.to_vec());
        }
        let Some(name) = rest.first() else { return Some(at) };
        let Some(exported) = found.get(&at)?.exports.get(name) else { return Some(at) };
        // What is re-exported of another crate is nobody's here.
        (at, rest) = start(found, &at, exported)?;
    }
    Some(at)
}

/// Where a path begins, and what is left of it.
fn start(
    found: &BTreeMap<Module, Found>, module: &Module, path: &[String],
) -> Option<(Module, Vec<String>)> {
    let mut at = module.clone();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => (at, rest) = (Vec::new(), rest.get(1..)?),
        "self" => rest = rest.get(1..)?,
        "super" => {
            while rest.first().is_some_and(|first| first == "super") {
                at.pop();
                rest = rest.get(1..)?;
            }
        }
        child => {
            let mut below = at.clone();
            below.push(child.to_owned());
            found.get(&below)?;
        }
    }
    Some((at, rest.to_vec()))
}
