//! The commands that end by themselves.

use crate::place::{PROGRAM, Place, refused, said};
use std::fs;
use std::process::Command;

#[test]
fn keys_move_from_one_folder_to_another() {
    let (alice, bob) = (Place::new(), Place::new());
    let key = alice.generate();
    bob.generate();
    let armored = said(alice.command("export").arg(key.as_str()));
    let file = bob.0.path().join("alice.asc");
    fs::write(&file, armored).unwrap();
    said(bob.command("import").arg(&file));
    let list = said(&mut bob.command("list"));
    let lines: Vec<_> = list.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1], format!("{key}  public  sip:alice@example.org"));
}

#[test]
fn the_program_writes_its_own_pages() {
    let folder = tempfile::tempdir().unwrap();
    said(Command::new(PROGRAM).arg("man").arg(folder.path()));
    let page = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(page("countersign-pgp.1").contains("key folder"));
    assert!(page("countersign-pgp-serve.1").contains("exit\\-with\\-stdin"));
    for shell in ["bash", "zsh", "fish"] {
        let script = said(Command::new(PROGRAM).args(["completions", shell]));
        assert!(script.contains("countersign-pgp") && script.contains("export"), "{shell}");
    }
}

#[test]
fn what_is_wrong_is_one_line() {
    let place = Place::new();
    assert!(refused(&mut place.command("list"), 1).ends_with("pgp: not a folder\n"));
    let key = place.generate();
    let no_passphrase = place.command("serve").arg("--socket").arg(place.socket()).output();
    assert_eq!(no_passphrase.unwrap().status.code(), Some(2));
    let short = &key.as_str()[24..];
    assert!(refused(place.command("export").arg(short), 2).contains("not a full fingerprint"));
    let unknown = "5".repeat(40);
    assert!(refused(place.command("export").arg(unknown), 1).ends_with("no such key\n"));
    let import = &mut place.command("import");
    assert!(refused(import.arg("/dev/null"), 1).ends_with("malformed OpenPGP data\n"));
    let _first = place.serve(&["--no-passphrase"]);
    let mut second = place.command("serve");
    second.arg("--socket").arg(place.socket()).arg("--no-passphrase");
    assert!(refused(&mut second, 1).ends_with("another process listens there\n"));
}
