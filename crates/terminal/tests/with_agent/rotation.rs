//! A key in the place of another, and several addresses with a key each, by the programs themselves.

use super::*;

const WORK: &str = "sip:4711@pbx.example";

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn key(side: &Side, fingerprint: &str) -> Value {
    let keys = objects(&side.does(&["--json", "keys", "list"]));
    keys.into_iter().find(|key| key["fingerprint"] == fingerprint).unwrap()
}

fn made(side: &Side, arguments: &[&str]) -> Value {
    let all = [&["--json", "keys", "generate", "--no-passphrase"], arguments].concat();
    objects(&side.does(&all)).remove(0)
}

#[test]
fn a_key_that_takes_the_place_of_another_is_certified_told_and_pinned_by_hand() {
    let (_folder, alice, bob) = friends();
    let old = alice.fingerprint();
    let line = alice.fails(&["keys", "generate", "--no-passphrase"]);
    assert!(line.contains(&old) && line.contains("--new"), "{line}");
    let new = made(&alice, &["--new"]);
    assert_eq!((&new["aor"], &new["certified_by"][0]), (&ALICE.into(), &old.clone().into()));
    let new = new["fingerprint"].as_str().unwrap().to_owned();
    assert_eq!(key(&alice, &new)["signs_for"], serde_json::json!([ALICE]));
    assert_eq!(key(&alice, &old)["signs_for"], serde_json::json!([]));
    // Bob has the new key, and no word of Alice's on it but the old key's.
    bob.import(&alice);
    assert_eq!(key(&bob, &new)["certified_by"], serde_json::json!([old]));
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    let line = alice.fails(&["call", BOB, "--seconds", "1"]);
    assert!(line.contains("403"), "{line}");
    let refused = listening.waits_for("refused");
    assert_eq!(refused["code"], "next_key", "{refused}");
    let reason = refused["reason"].as_str().unwrap();
    let command = format!("keys pin {ALICE} {new} --replace");
    assert!(reason.contains(&old) && reason.contains(&command), "{reason}");
    // What is said is done, and the call comes.
    let pinned = bob.does(&["keys", "pin", ALICE, &new, "--replace"]);
    let told = format!("pinned {new} to {ALICE} in the place of {old}, which has certified it\n");
    assert_eq!(pinned, told);
    std::thread::sleep(Duration::from_millis(500));
    let mut calling = Running::start(&alice, &["call", BOB, "--seconds", "1"]);
    calling.waits_for("established");
    proved(&listening.waits_for("established"), ALICE, &new);
    calling.ends_well();
    listening.interrupt();
    listening.ends_well();
    // The other way about: nothing certifies that.
    let pinned = bob.does(&["keys", "pin", ALICE, &old, "--replace"]);
    assert!(pinned.contains("which has not certified it: only its owner can say"), "{pinned}");
}

#[test]
fn a_next_key_that_was_named_is_believed_at_once() {
    let (_folder, alice, bob) = friends();
    let new = made(&alice, &["--new"])["fingerprint"].as_str().unwrap().to_owned();
    bob.import(&alice);
    let line = bob.fails(&["keys", "pin", "sip:carol@callee.example", &new, "--next"]);
    assert!(line.contains("has no pin yet"), "{line}");
    bob.does(&["keys", "pin", ALICE, &new, "--next"]);
    assert_eq!(key(&bob, &new)["next_of"], serde_json::json!([ALICE]));
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    let mut calling = Running::start(&alice, &["call", BOB, "--seconds", "1"]);
    calling.waits_for("established");
    let established = listening.waits_for("established");
    proved(&established, ALICE, &new);
    let note = established["assurance"]["notes"][0].as_str().unwrap();
    assert!(note.contains("the key that you named as its next"), "{note}");
    calling.ends_well();
    listening.interrupt();
    listening.ends_well();
}

#[test]
fn each_account_has_a_key_of_its_own_and_two_for_one_address_need_a_word() {
    let (_folder, alice, _) = sides();
    let own = alice.fingerprint();
    let line = alice.fails(&["keys", "generate", "--no-passphrase", "--for", WORK]);
    assert!(line.contains("is no address of [identity] or an [[account]]"), "{line}");
    let config = alice.folder.join("config.toml");
    let account = format!("[[account]]\naor = \"{WORK}\"\nregistrar = \"udp:127.0.0.1:9\"\n");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}\n{account}")).unwrap();
    let line = alice.fails(&["keys", "export", "--for", WORK]);
    assert!(line.contains(&format!("keys generate --for {WORK}")), "{line}");
    let work = made(&alice, &["--for", WORK])["fingerprint"].as_str().unwrap().to_owned();
    assert_eq!(key(&alice, &work)["signs_for"], serde_json::json!([WORK]));
    assert_eq!(key(&alice, &own)["signs_for"], serde_json::json!([ALICE]));
    assert_ne!(alice.does(&["keys", "export", "--for", WORK]), alice.does(&["keys", "export"]));
    // Two that know nothing of one another: the folder of another terminal, for example.
    let (_other, stranger, _) = sides();
    let theirs = stranger.fingerprint();
    let file = format!("{theirs}.sec.asc");
    fs::copy(stranger.folder.join("pgp").join(&file), alice.folder.join("pgp").join(&file))
        .unwrap();
    let line = alice.fails(&["call", BOB]);
    assert!(line.contains(&theirs) && line.contains(&own), "{line}");
    assert!(line.contains("`fingerprint` under [identity]"), "{line}");
    let named = format!("[identity]\nfingerprint = \"{theirs}\"\n");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replacen("[identity]\n", &named, 1)).unwrap();
    assert_eq!(key(&alice, &theirs)["signs_for"], serde_json::json!([ALICE]));
    assert!(alice.does(&["keys", "list"]).contains(&format!("signs for {WORK}")));
}
