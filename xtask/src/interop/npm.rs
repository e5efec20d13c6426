//! JsSIP and what it needs, from the registry of npm: each package at one version, known by its hash.

use super::room::Room;
use crate::command::{Failure, output, target};
use sha2::{Digest as _, Sha512};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package, and the file of it that others mean by its name.
struct Package {
    name: &'static str,
    version: &'static str,
    sha512: &'static str,
    main: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        name: "jssip",
        version: "3.13.8",
        sha512: "12bc44772d77bd74798b31a8e367e95ce53ae14982d9517b4a1838a181bb4763\
                 73645d054cf7988a47df9082106bdc3eff5d58bd39607b31b59d26b27166173c",
        main: "lib/JsSIP.js",
    },
    Package {
        name: "events",
        version: "3.3.0",
        sha512: "990c3ed9f9106c02f343b574318d08a9d9d734e793b4fe2bd2537dcfb0006b00\
                 9782a79aedb0e28b6d0062b201ac577f1f1d0cd8e733e92d75d4268591471bd1",
        main: "events.js",
    },
    Package {
        name: "sdp-transform",
        version: "2.15.0",
        sha512: "2ab387f3673f5be1984342c7aadaf771a469337213825ab796319421bf0b4e48\
                 bb07269c259f73fa98921a2c190ec4728506d804e04982bda4e97e016578b72b",
        main: "lib/index.js",
    },
];

/// The files that each name stands for.
pub(super) fn mains() -> BTreeMap<&'static str, String> {
    PACKAGES.iter().map(|it| (it.name, format!("{}/{}", it.name, it.main))).collect()
}

/// What the scripts of all packages say, by `PACKAGE/PATH`.
///
/// # Errors
/// One cannot be had, or is another than it was.
pub(super) fn files(room: &Room) -> Result<BTreeMap<String, String>, Failure> {
    let mut files = BTreeMap::new();
    for package in PACKAGES {
        let folder = unpacked(room, package)?;
        scripts(&folder, package.name, &mut files)?;
        // JsSIP tells its version by it.
        let about = read(&folder.join("package.json"))?;
        files.insert(format!("{}/package.json", package.name), format!("module.exports = {about}"));
    }
    Ok(files)
}

fn unpacked(room: &Room, package: &Package) -> Result<PathBuf, Failure> {
    let (archive, folder) = (archive(room, package)?, room.folder.join(package.name));
    fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let mut tar = Command::new("tar");
    tar.args(["--strip-components=1", "-xzf"]).arg(archive).arg("-C").arg(&folder);
    output(&mut tar)?;
    Ok(folder)
}

/// The archive of a package: it is asked for once, and looked at each time.
fn archive(room: &Room, package: &Package) -> Result<PathBuf, Failure> {
    let Package { name, version, sha512, .. } = package;
    let file = format!("{name}-{version}.tgz");
    let kept = target().join("npm").join(&file);
    let is_right = |path: &Path| fs::read(path).is_ok_and(|octets| hash(&octets) == *sha512);
    if is_right(&kept) {
        return Ok(kept);
    }
    let (address, came) =
        (format!("https://registry.npmjs.org/{name}/-/{file}"), room.folder.join(&file));
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--location", "--max-time", "60", "--output"]);
    output(curl.arg(&came).arg(&address))?;
    if !is_right(&came) {
        return Err(format!("{address} is not what it was: its SHA-512 is another"));
    }
    // Cases beside this one may ask for it, too: it is there whole or not at all.
    let moved = fs::create_dir_all(target().join("npm")).and_then(|()| fs::rename(&came, &kept));
    moved.map_err(|why| format!("{}: {why}", kept.display()))?;
    Ok(kept)
}

fn hash(octets: &[u8]) -> String {
    Sha512::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Takes up the scripts of a folder and of those in it, under this name.
fn scripts(folder: &Path, name: &str, files: &mut BTreeMap<String, String>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = format!("{name}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            scripts(&path, &name, files)?;
        } else if path.extension().is_some_and(|end| end == "js") {
            files.insert(name, read(&path)?);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))
}
