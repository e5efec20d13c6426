//! What is accepted, and how what is not is told.

use super::parse::parse;
use super::{Config, Init, NewAccount, Pins, Require, load, write_new};
use net::sim::{SimConfig, Simulation};
use sip_core::manager::Ours;
use sst::{Means, Requirement};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn init() -> Init {
    Init {
        aor: "sip:alice@example.org".parse().unwrap(),
        bind: vec!["udp:127.0.0.1:5062".parse().unwrap()],
        contacts: vec![(
            "sip:bob@example.org".parse().unwrap(),
            "udp:127.0.0.1:5070".parse().unwrap(),
        )],
        account: None,
        require: Require::Pgp,
    }
}

#[test]
fn what_init_writes_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_new(folder.path(), &init()).unwrap();
    let config = load(&path).unwrap();
    assert_eq!(config.bind, init().bind);
    assert_eq!(config.identity.as_ref().unwrap().aor, init().aor);
    assert_eq!(config.required_of("sip:bob@EXAMPLE.org"), Requirement::PGP);
    assert_eq!(config.agent_socket(), folder.path().join("run/pgp.sock"));
    let again = write_new(folder.path(), &init()).unwrap_err().line();
    assert!(again.contains("exists already"), "{again}");
}

#[test]
fn a_requirement_holds_however_the_contact_is_spelled() {
    let text = "[[contact]]\naor = \"sip:bob@h.example\"\nat = \"udp:192.0.2.9:5070\"\n\
                require = \"pgp\"\n";
    let config: super::Config = super::parse::parse(Path::new("c.toml"), text).unwrap();
    for spelling in [
        "sip:bob@h.example",
        "sip:bob@H.example:5060",
        "sip:bob@h.example;transport=tcp",
        "sip:%62ob:secret@h.example;user=phone?Subject=x",
    ] {
        assert_eq!(config.required_of(spelling), Requirement::PGP, "{spelling}");
        assert!(config.contact(spelling).unwrap().at.is_some(), "{spelling}");
    }
    // Who is named so is the same contact, wherever else the call goes.
    for spelling in ["sip:bob@h.example:5070", "sips:bob@h.example.", "sip:B%6fb@h.example"] {
        let wanted = if cfg!(feature = "digest") { Requirement::PGP } else { Requirement::NOTHING };
        assert_eq!(config.required_of(spelling), wanted, "{spelling}");
        assert!(config.contact(spelling).is_none(), "{spelling}");
    }
    for other in ["sip:bob@i.example", "sip:bobby@h.example", "sip:"] {
        assert_eq!(config.required_of(other), Requirement::NOTHING, "{other}");
    }
}

#[test]
fn a_pin_is_kept_and_taken_back_however_it_is_spelled() {
    let aor = |text: &str| -> super::SipAor { text.parse().unwrap() };
    let mut pins = Pins::default();
    pins.pin(aor("sip:bob@h.example"), &"a".repeat(40)).unwrap();
    pins.pin(aor("sip:bob@H.example"), &"A".repeat(40)).unwrap();
    let refused = pins.pin(aor("sip:bob@H.example:5060"), &"b".repeat(40)).unwrap_err().line();
    assert!(refused.contains(&"a".repeat(40)) && refused.contains("--replace"), "{refused}");
    assert_eq!(pins.pins.len(), 1, "{pins:?}");
    assert_eq!(pins.pins[0].fingerprint, "a".repeat(40));
    #[cfg(feature = "digest")]
    for spelling in ["sips:bob@h.example", "sip:Bob@h.example.", "sip:bob@h.example:5070"] {
        let other = pins.pin(aor(spelling), &"b".repeat(40));
        assert!(other.is_err_and(|error| error.line().contains("--replace")), "{spelling}");
    }
    assert!(pins.unpin(&aor("sip:%62ob@h.example")));
    assert_eq!(pins, Pins::default());
}

#[test]
fn whoever_changes_the_pins_waits_for_who_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pins.toml");
    let sim = Simulation::new(SimConfig::default());
    let (runtime, _) = sim.host([192, 0, 2, 1].into());
    let outcome = Arc::new(Mutex::new(None));
    let pin = |aor: &'static str| {
        let (path, runtime, outcome) = (path.clone(), Arc::clone(&runtime), Arc::clone(&outcome));
        Box::pin(async move {
            let edit = |pins: &mut Pins| pins.pin(aor.parse().unwrap(), &"a".repeat(40));
            let changed = Pins::change(&path, &*runtime, edit).await;
            *outcome.lock().unwrap() = Some(changed.map_err(|error| error.line()));
        })
    };
    let pass = |millis| sim.run_until(sim.elapsed() + Duration::from_millis(millis)).unwrap();

    // Another process has read the pins, and writes them later.
    let other = std::fs::File::open(folder.path()).unwrap();
    other.lock().unwrap();
    let mut read = Pins::load(&path).unwrap();
    runtime.spawn(pin("sip:bob@h.example"));
    pass(1_000);
    assert_eq!(*outcome.lock().unwrap(), None, "it waits");
    read.pin("sip:eve@h.example".parse().unwrap(), &"e".repeat(40)).unwrap();
    read.save(&path).unwrap();
    other.unlock().unwrap();
    pass(100);
    assert_eq!(*outcome.lock().unwrap(), Some(Ok(())));
    assert_eq!(Pins::load(&path).unwrap().pins.len(), 2, "nothing is lost");

    // One that never comes to an end is not waited for without end.
    other.lock().unwrap();
    *outcome.lock().unwrap() = None;
    runtime.spawn(pin("sip:carol@h.example"));
    pass(6_000);
    let told = outcome.lock().unwrap().clone().unwrap().unwrap_err();
    assert!(told.contains("does not end its change"), "{told}");
    assert_eq!(Pins::load(&path).unwrap().pins.len(), 2);
}

/// Of every flavour: what `most` can be proved to it.
#[test]
fn pins_behind_a_link_are_changed_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let (link, file) = (folder.path().join("pins.toml"), folder.path().join("shared.toml"));
    std::os::unix::fs::symlink("shared.toml", &link).unwrap();
    let mut pins = Pins::load(&link).unwrap();
    pins.pin("sip:bob@h.example".parse().unwrap(), &"a".repeat(40)).unwrap();
    pins.save(&link).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(Pins::load(&file).unwrap(), pins);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn every_commented_key_is_a_key() {
    for (most, users) in [(Require::Nothing, 0), (Require::Digest, 1), (Require::Pgp, 1)] {
        let text: String = init()
            .text(most)
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(key) if key.contains(" = ") || key.starts_with('[') => format!("{key}\n"),
                Some(_) => String::new(),
                None => format!("{line}\n"),
            })
            .collect();
        let config: super::Config = super::parse::parse(Path::new("all"), &text).unwrap();
        assert_eq!(config.accounts.len(), 1, "{most:?}");
        assert_eq!(config.users.len(), users, "{most:?}");
    }
}

#[test]
fn a_configuration_does_not_speak_of_what_is_not_linked() {
    let pgp = ["pgp", "pin", "fingerprint", "[agent]", "signature"];
    let digest = ["digest", "password", "challenge", "require", "algorithm", "[policy]"];
    let alone = Init { contacts: Vec::new(), require: Require::Nothing, ..init() };
    for init in [Init { require: Require::Nothing, ..init() }, alone] {
        let [bare, with_digest, all] =
            [Require::Nothing, Require::Digest, Require::Pgp].map(|most| init.text(most));
        for word in pgp {
            assert!(!with_digest.to_lowercase().contains(word), "{word} in {with_digest}");
        }
        for word in pgp.into_iter().chain(digest) {
            assert!(!bare.to_lowercase().contains(word), "{word} in {bare}");
        }
        assert!(all.contains("[agent]") && with_digest.contains("[[user]]"), "{with_digest}");
        assert!(bare.contains("[[account]]") && bare.contains("[[contact]]"), "{bare}");
    }
}

#[test]
fn an_account_is_written_as_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let account = NewAccount {
        registrar: "pbx.example.org".parse().unwrap(),
        user: "al \"ice\"".to_owned(),
        password_file: Some("/nowhere/pass\\word".into()),
    };
    let written = Init { account: Some(account.clone()), bind: Vec::new(), ..init() };
    let config = load(&write_new(folder.path(), &written).unwrap()).unwrap();
    let all = ["udp:0.0.0.0:5060", "tcp:0.0.0.0:5060"].map(|bind| bind.parse().unwrap());
    assert_eq!(config.bind, all);
    let own = config.own_account().unwrap();
    assert_eq!((&own.registrar, own.user.as_ref()), (&account.registrar, Some(&account.user)));
    assert_eq!(own.password_file, account.password_file);
}

fn parsed(text: &str) -> Config {
    super::parse::parse(Path::new("c.toml"), text).unwrap()
}

#[test]
fn of_a_list_of_proofs_any_one_will_do() {
    let required =
        |written: &str| parsed(&format!("[policy]\nrequire = {written}\n")).policy.require;
    let either = Requirement::PGP.or(Means::TlsName);
    for (written, set) in [
        ("\"pgp\"", Requirement::PGP),
        ("\"nothing\"", Requirement::NOTHING),
        ("[]", Requirement::NOTHING),
        ("[\"digest\"]", Requirement::DIGEST),
        ("[\"pgp\", \"tls-name\"]", either),
        ("[\"tls-name\", \"pgp\", \"pgp\"]", either),
    ] {
        assert_eq!(required(written), set, "{written}");
    }
}

#[test]
fn a_call_requires_what_its_contact_and_its_account_do() {
    let who = "[identity]\naor = \"sip:a@h.example\"\n\
               [[account]]\naor = \"sip:a@h.example\"\nregistrar = \"h.example\"\n\
               require = [\"tls-name\", \"pgp\"]\n";
    let bob = "[[contact]]\naor = \"sip:bob@h.example\"\nrequire = [\"tls-name\", \"digest\"]\n";
    let at = "at = \"udp:192.0.2.1:5060\"\n";
    let required = |text: &str| parsed(text).required_of("sip:bob@h.example");
    assert_eq!(required(who), Requirement::TLS_NAME.or(Means::Pgp));
    assert_eq!(required(&format!("{who}{bob}")), Requirement::TLS_NAME);
    let direct = required(&format!("{who}{bob}{at}"));
    assert_eq!(
        direct,
        Requirement::TLS_NAME.or(Means::Digest),
        "it does not go through the account"
    );
}

#[test]
fn what_no_proof_does_for_is_told_when_the_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    let load = |contact: &str, policy: &str| {
        let text = format!(
            "[[contact]]\naor = \"sip:b@h\"\nrequire = {contact}\n[policy]\nrequire = {policy}\n"
        );
        std::fs::write(&path, text).unwrap();
        super::load(&path).map(drop).map_err(|error| error.to_string())
    };
    let told = load("[\"tls-name\"]", "[\"digest\"]").unwrap_err();
    let words = "sip:b@h: its `require` is tls-name, that of [policy] digest, and both hold for who \
                 calls: no proof does for both; let one of them take more";
    assert!(told.ends_with(words), "{told}");
    assert_eq!(load("[\"tls-name\", \"digest\"]", "\"digest\""), Ok(()));
    assert_eq!(load("\"pgp\"", "\"digest\""), Ok(()), "a signature proves the most");
}

#[test]
fn digest_without_a_user_lets_nobody_call() {
    let nobody = |text: &str| {
        let config: super::Config = super::parse::parse(Path::new("c.toml"), text).unwrap();
        config.nobody_can_prove().is_some()
    };
    assert!(nobody("[policy]\nrequire = \"digest\"\n"));
    assert!(nobody("[[contact]]\naor = \"sip:bob@h.example\"\nrequire = \"digest\"\n"));
    assert!(!nobody("[policy]\nrequire = \"pgp\"\n"));
    let user = "[[user]]\nname = \"bob\"\npassword-file = \"bob\"\n";
    assert!(!nobody(&format!("{user}[policy]\nrequire = \"digest\"\n")));
}

#[test]
fn a_wrong_file_is_one_line_with_the_place_and_the_key() {
    let rows = [
        ("bind = []\nnonsense = 1\n", "c.toml:2:1: unknown field `nonsense`"),
        ("[policy]\nrequire = \"gpg\"\n", "c.toml:2:11: unknown variant `gpg`"),
        ("[policy]\nrequire = [\"pgp\", \"gpg\"]\n", "c.toml:2:19: unknown variant `gpg`"),
        ("[policy]\nrequire = [\"pgp\", \"nothing\"]\n", "c.toml:2:11: `nothing` stands alone"),
        ("bind = [\"5060\"]\n", "c.toml:1:8: `5060` is not PROTO:ADDRESS:PORT"),
        ("[identity]\naor = \"bob\"\n", "c.toml:2:7: `bob` is not an address"),
        ("[identity\n", "c.toml:1:10: "),
        ("advertise = \"0.0.0.0\"\n", "c.toml:1:13: no peer can send to 0.0.0.0"),
        ("session-expires = 89\n", "c.toml:1:19: session-expires is 90 to 86400 seconds, not 89"),
        ("[policy]\nalgorithms = []\n", "c.toml:2:14: no algorithm is listed"),
    ];
    for (text, expected) in rows {
        let error = super::parse::parse::<super::Config>(Path::new("c.toml"), text).unwrap_err();
        let line = error.line();
        assert!(line.starts_with(expected), "{line}");
        assert!(!line.contains('\n'));
    }
}

#[test]
fn o02_pins_open_to_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pins.toml");
    let mut pins = Pins::default();
    let aor = "sip:bob@example.org".parse().unwrap();
    assert!(pins.pin(aor, "d8692123").is_err(), "short key ids are no pins");
    let aor: super::SipAor = "sip:bob@example.org".parse().unwrap();
    let fingerprint = "D8692123C4065DEA5E0F3AB5249B39D24F25E3B6";
    pins.pin(aor.clone(), fingerprint).unwrap();
    pins.save(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Pins::load(&path).unwrap(), pins);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let line = Pins::load(&path).unwrap_err().line();
    assert!(line.contains("chmod 600"), "{line}");
    assert!(pins.unpin(&aor) && !pins.unpin(&aor));
}

#[test]
fn g16_a_pin_that_is_no_full_fingerprint_is_told_with_its_place() {
    let pin =
        |key: &str| format!("[[pin]]\naor = \"sip:bob@example.org\"\nfingerprint = \"{key}\"\n");
    let read = |key: &str| super::parse::parse::<Pins>(Path::new("pins.toml"), &pin(key));
    let line = read("d8692123").unwrap_err().line();
    assert!(line.starts_with("pins.toml:3:15: `d8692123` is not a full fingerprint"), "{line}");
    let pins = read("D8692123C4065DEA5E0F3AB5249B39D24F25E3B6").unwrap();
    assert_eq!(pins.pins[0].fingerprint, "d8692123c4065dea5e0f3ab5249b39d24f25e3b6");
}

#[cfg(feature = "digest")]
#[test]
fn two_keys_for_one_contact_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pins.toml");
    let pin = |aor: &str, key: &str| super::PinnedKey {
        aor: aor.parse().unwrap(),
        fingerprint: key.repeat(40),
        next: None,
    };
    let (one, other) = ("sip:bob@h.example", "sips:Bob@h.example:5070");
    Pins { pins: vec![pin(one, "a"), pin(other, "a")] }.save(&path).unwrap();
    assert_eq!(Pins::load(&path).unwrap().pins.len(), 2);
    Pins { pins: vec![pin(one, "a"), pin(other, "b")] }.save(&path).unwrap();
    let line = Pins::load(&path).unwrap_err().line();
    assert!(line.contains(one) && line.contains(other), "{line}");
}

#[cfg(feature = "digest")]
#[test]
fn o02_a_password_file_open_to_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "s3cret\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(super::read_secret(&path).unwrap_err().line().contains("mode 640"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(super::read_secret(&path).unwrap().expose(), b"s3cret");
}

const WHO: &str = "[identity]\naor = \"sip:alice@example.org\"\n\
    [[account]]\naor = \"sip:4711@pbx.example:5070\"\nregistrar = \"udp:127.0.0.1:9\"\n";

fn read(text: &str) -> Result<super::Config, String> {
    super::parse::parse(Path::new("c.toml"), text).map_err(|error| error.to_string())
}

fn ours(text: &str) -> Ours {
    read(text).unwrap().ours()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn the_identity_the_accounts_and_what_is_listed_are_ours() {
    let found = ours(WHO);
    assert_eq!(found.users, Some(texts(&["alice", "4711"])));
    assert_eq!(found.hosts, texts(&["example.org", "pbx.example"]));
    assert!(!found.hides_users);
    let found = ours(&format!("{WHO}[own]\nusers = [\"+49301\"]\nhosts = [\"2001:db8::1\"]\n"));
    assert_eq!(found.users, Some(texts(&["alice", "4711", "+49301"])));
    assert_eq!(found.hosts, texts(&["example.org", "pbx.example", "2001:db8::1"]));
    for require in ["digest", "pgp"] {
        assert!(ours(&format!("{WHO}[policy]\nrequire = \"{require}\"\n")).hides_users);
    }
}

#[test]
fn nothing_is_told_of_us_unless_the_configuration_says_so() {
    let user = "[[user]]\nname = \"carol\"\npassword-file = \"p\"\n";
    for (publish, watch) in [("", ""), ("publish = true\n", "may-watch = true\n")] {
        let contact = "[[contact]]\naor = \"sip:bob@example.org\"\n";
        let config = read(&format!("{WHO}{publish}{user}{watch}{contact}{watch}")).unwrap();
        assert_eq!(config.accounts[0].publish, !publish.is_empty());
        let watch = !watch.is_empty();
        assert_eq!((config.users[0].may_watch, config.contacts[0].may_watch), (watch, watch));
    }
}

#[test]
fn who_is_nobody_is_anybody_at_this_host() {
    assert_eq!(ours(""), Ours::default());
    assert_eq!(ours(&format!("{WHO}[own]\nusers = [\"*\"]\n")).users, None);
    let alone = ours("[own]\nusers = [\"bob\"]\nhosts = [\"pbx\"]\n");
    assert_eq!((alone.users, alone.hosts), (Some(texts(&["bob"])), texts(&["pbx"])));
}

#[test]
fn what_is_no_user_or_host_is_refused_with_what_to_write() {
    for user in ["", "sip:bob@h", "bob@h", "bob:secret", "b ob", "*21#"] {
        let why = read(&format!("[own]\nusers = [\"{user}\"]\n")).unwrap_err();
        assert!(why.contains(&format!("`{user}` is not the user part")), "{why}");
    }
    for host in ["", "sip:h", "h:5060", "a..b", "h/24", "[::1"] {
        let why = read(&format!("[own]\nhosts = [\"{host}\"]\n")).unwrap_err();
        assert!(why.contains(&format!("`{host}` is not a host name")), "{why}");
    }
    let known = "[own]\nusers = [\"*\", \"*21%23\", \"+1\"]\nhosts = [\"[::1]\", \"pbx_dev\"]\n";
    assert!(read(known).is_ok());
}

#[test]
fn t25_an_account_names_further_ways_to_its_registrar_with_outbound_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let account = "[[account]]\naor = \"sip:a@b\"\nregistrar = \"udp:127.0.0.1:9\"\n";
    let read = |more: &str| {
        std::fs::write(&path, [account, more].concat()).unwrap();
        load(&path).map_err(|error| error.line())
    };
    let two = read("outbound = true\nalso-at = [\"tcp:127.0.0.2:9\"]\n").unwrap();
    let places: Vec<_> = two.accounts[0].places().map(ToString::to_string).collect();
    assert_eq!(places, ["udp:127.0.0.1:9", "tcp:127.0.0.2:9"]);
    assert!(two.accounts[0].tells_instance());
    let alone = read("also-at = [\"tcp:127.0.0.2:9\"]\n").unwrap_err();
    assert!(alone.ends_with("sip:a@b: also-at needs outbound = true: several flows are RFC 5626"));
    let many = read("outbound = true\nalso-at = [\"a.b\", \"c.d\", \"e.f\", \"g.h\"]\n");
    assert!(many.unwrap_err().ends_with("also-at has three places at most"));
}

#[test]
fn an_account_says_which_address_its_registrar_is_told() {
    use sip_core::manager::ContactAs as As;
    let account = "[[account]]\naor = \"sip:a@b\"\nregistrar = \"udp:127.0.0.1:9\"\n";
    let (advertise, seen) = ("advertise = \"192.0.2.1\"\n", "contact = \"as-seen\"\n");
    for (before, after, want) in [
        ("", "", As::Seen),
        (advertise, "", As::Bound),
        (advertise, seen, As::Seen),
        ("", "contact = \"as-bound\"\n", As::Bound),
    ] {
        let text = format!("{before}{account}{after}");
        let config: Config = parse(Path::new("c.toml"), &text).unwrap();
        let account = config.accounts.first().unwrap();
        assert_eq!(config.contact_of(account), want, "{text}");
    }
}
