//! The commands that end by themselves.

use crate::place::{PROGRAM, Place, refused, said};
use pgp::composed::{KeyType, SecretKeyParamsBuilder};
use pgp::ser::Serialize as _;
use serde_json::{Value, json};
use sma::MAX_OCTETS;
use std::fs::{self, File};
use std::process::{Command, Output};

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

/// A public key with this user id, in the binary form.
fn key_of(user_id: &str) -> Vec<u8> {
    let params = SecretKeyParamsBuilder::default()
        .key_type(KeyType::Ed25519Legacy)
        .can_sign(true)
        .primary_user_id(user_id.into())
        .build();
    let key = params.unwrap().generate(rand08::rngs::OsRng).unwrap();
    key.to_public_key().to_bytes().unwrap()
}

/// One JSON object a line.
fn objects(command: &mut Command) -> Vec<Value> {
    said(command.arg("--json")).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_user_id_of_another_cannot_steer_the_terminal() {
    let place = Place::new();
    place.generate();
    let file = place.0.path().join("key.pgp");
    fs::write(&file, key_of("\u{1b}[2Jsip:mallory@example.org\nown")).unwrap();
    let told = said(place.command("import").arg(&file));
    assert!(told.ends_with("  public  \\u{1b}[2Jsip:mallory@example.org\\nown\n"), "{told}");
    assert_eq!(told.lines().count(), 1);
}

#[test]
fn a_program_reads_one_object_a_line() {
    let place = Place::new();
    let own = place.generate();
    let file = place.0.path().join("key.pgp");
    fs::write(&file, key_of("sip:bob@example.org")).unwrap();
    let mut import = place.command("import");
    let imported = objects(import.stdin(File::open(&file).unwrap()));
    let theirs = imported[0]["fingerprint"].clone();
    let bob = json!({
        "fingerprint": theirs, "user_ids": ["sip:bob@example.org"], "secret": false,
    });
    assert_eq!(imported, std::slice::from_ref(&bob));
    let alice = json!({
        "fingerprint": own.as_str(), "user_ids": ["sip:alice@example.org"], "secret": true,
    });
    assert_eq!(objects(&mut place.command("list")), [alice, bob]);
    let exported = objects(place.command("export").arg(own.as_str()));
    let text = said(place.command("export").arg(own.as_str()));
    assert_eq!(exported, [json!({ "fingerprint": own.as_str(), "key": text })]);
}

#[test]
fn import_reads_a_file_or_standard_input_up_to_the_limit() {
    let place = Place::new();
    place.generate();
    let file = place.0.path().join("key.pgp");
    let certificate = key_of("sip:bob@example.org");
    for (length, told) in [(MAX_OCTETS, "sip:bob"), (MAX_OCTETS + 1, "too large")] {
        // Padding behind it, RFC 9580 §5.14.
        let padding = length - certificate.len() - 6;
        let header =
            [&[0xD5_u8, 0xFF][..], &u32::try_from(padding).unwrap().to_be_bytes()].concat();
        fs::write(&file, [certificate.clone(), header, vec![0; padding]].concat()).unwrap();
        let input = || File::open(&file).unwrap();
        for command in [
            place.command("import").arg(&file),
            place.command("import").stdin(input()),
            place.command("import").arg("-").stdin(input()),
        ] {
            let Output { status, stdout, stderr } = command.output().unwrap();
            let all = String::from_utf8([stdout, stderr].concat()).unwrap();
            assert!(all.contains(told) && status.success() == (length == MAX_OCTETS), "{all}");
        }
    }
    let missing = place.0.path().join("missing");
    let told = refused(place.command("import").arg(&missing), 1);
    assert!(told.starts_with(&format!("countersign-pgp: {}: ", missing.display())), "{told}");
}

#[test]
fn a_key_folder_that_cannot_be_made_is_named() {
    let place = Place::new();
    let mut generate = Command::new(PROGRAM);
    let below = place.keys().join("below");
    generate.args(["generate", "--no-passphrase", "--user-id", "x", "--keys"]).arg(&below);
    let told = refused(&mut generate, 1);
    let named = format!("countersign-pgp: {}: no such file", below.display());
    assert!(told.starts_with(&named), "{told}");
    let mut generate = place.command("generate");
    let told = refused(generate.args(["--no-passphrase", "--user-id", ""]), 1);
    assert_eq!(told, "countersign-pgp: not a user id: one line of 1 to 512 octets\n");
}
