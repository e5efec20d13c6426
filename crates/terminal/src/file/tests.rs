//! Every file that is written: whole or not at all, links followed, no device replaced.

use super::place::Place;
use super::*;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn folder() -> (TempDir, impl Fn(&str) -> PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, move |name| path.join(name))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_symlink()
}

#[test]
fn a_link_stays_and_what_it_names_is_replaced() {
    let (_folder, at) = folder();
    fs::create_dir(at("far")).unwrap();
    fs::write(at("far/file"), "earlier").unwrap();
    fs::set_permissions(at("far/file"), PermissionsExt::from_mode(0o644)).unwrap();
    symlink("far/file", at("one")).unwrap();
    symlink(at("one"), at("two")).unwrap();
    symlink("far/new", at("to-nothing")).unwrap();
    replace(&at("two"), b"later").unwrap();
    replace(&at("to-nothing"), b"new").unwrap();
    assert!(["one", "two", "to-nothing"].iter().all(|link| is_link(&at(link))));
    assert_eq!(fs::read(at("far/file")).unwrap(), b"later");
    assert_eq!(fs::read(at("far/new")).unwrap(), b"new");
    assert_eq!((mode(&at("far/file")), mode(&at("far/new"))), (0o600, 0o600));
    symlink("circle", at("circle")).unwrap();
    assert!(replace(&at("circle"), b"").is_err());
    assert_eq!(fs::read_dir(at("far")).unwrap().count(), 2, "no draft is left");
}

#[test]
fn what_is_no_regular_file_is_never_replaced() {
    let (_folder, at) = folder();
    let _listener = UnixListener::bind(at("socket")).unwrap();
    symlink("/dev/null", at("null")).unwrap();
    for name in ["socket", "null"] {
        assert!(replace(&at(name), b"").is_err() && create(&at(name), b"").is_err(), "{name}");
        assert!(Draft::of(&at(name)).is_err() && Draft::part(&at(name)).is_err(), "{name}");
    }
    assert_eq!(Place::of(&at("null")).unwrap(), Place::Stream(at("null")));
    assert_eq!(Place::of(Path::new("-")).unwrap(), Place::Output);
    assert!(check(&at("null")).is_ok() && check(&at("socket")).is_err() && check(&at("")).is_err());

    // The place is taken after the draft was begun.
    let draft = Draft::of(&at("late")).unwrap();
    let _late = UnixListener::bind(at("late")).unwrap();
    assert!(draft.keep().is_err());
    assert!(fs::metadata(at("late")).unwrap().file_type().is_socket());
    assert_eq!(fs::read_dir(at("")).unwrap().count(), 3, "no draft is left");
}

/// `/dev/stdout` of a shell's `> file` is such a link.
#[test]
fn what_a_process_has_open_is_written_to_as_it_is() {
    use std::os::fd::AsRawFd;
    let (_folder, at) = folder();
    let open = fs::File::create(at("open")).unwrap();
    let link = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
    assert_eq!(Place::of(&link).unwrap(), Place::Stream(link));
    let link = PathBuf::from(format!("/dev/fd/{}", open.as_raw_fd()));
    assert_eq!(Place::of(&link).unwrap(), Place::Stream(link));
}

#[test]
fn a_new_file_is_created_and_none_replaced() {
    let (_folder, at) = folder();
    create(&at("file"), b"first").unwrap();
    assert_eq!(create(&at("file"), b"second").unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(at("file")).unwrap(), b"first");
    assert_eq!((mode(&at("file")), fs::read_dir(at("")).unwrap().count()), (0o600, 1));
}

#[test]
fn a_recording_is_its_owners_alone() {
    let (_folder, at) = folder();
    fs::write(at("other"), "other").unwrap();
    symlink(at("other"), at("heard.wav.part")).unwrap();
    let mut part = Draft::part(&at("heard.wav")).unwrap();
    part.write_all(b"heard").unwrap();
    assert_eq!(mode(&at("heard.wav.part")), 0o600);
    part.keep().unwrap();
    assert_eq!(fs::read(at("heard.wav")).unwrap(), b"heard");
    assert_eq!(fs::read(at("other")).unwrap(), b"other");
    drop(Draft::part(&at("heard.wav")).unwrap());
    assert_eq!(fs::read_dir(at("")).unwrap().count(), 2);
    assert_eq!(
        fs::read(at("heard.wav")).unwrap(),
        b"heard",
        "a dropped draft leaves all as it was"
    );
}

#[test]
fn what_is_looked_at_again_and_again_is_a_regular_file() {
    let (_folder, at) = folder();
    fs::write(at("file"), "").unwrap();
    assert!(open_regular(&at("file")).is_ok());
    assert!(open_regular(Path::new("/dev/null")).is_err());
    assert_eq!(open_regular(&at("none")).unwrap_err().kind(), ErrorKind::NotFound);
}
