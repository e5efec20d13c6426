//! What is written, what is found of changes, and what floods and full disks leave.

use super::{Fault, History, Journal, Lost, Note, Place, What, story};
use crate::error::Error;
use crate::file::{append, earlier};
use crate::record::Lifeline::{
    SecurityApplication, SecurityManager, SipManager, TelephonyApplication,
};
use crate::record::{Limits, Recorder, Tap};
use net::sim::{SimConfig, Simulation};
use std::fs::{self, Permissions};
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// 14 Nov 2023, 22:13:20 GMT.
const NOW: Duration = Duration::from_secs(1_700_000_000);

/// A folder for a journal.
struct Room {
    folder: TempDir,
    world: Simulation,
}

impl Room {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), world: Simulation::new(SimConfig::default()) }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// Writes a journal of what `tell` records.
    fn write(&self, place: Place, tell: impl FnOnce(&Tap)) {
        let journal = Journal::open(place, "sip:bob@example.org", NOW).unwrap();
        let (runtime, _) = self.world.host(Ipv4Addr::LOCALHOST.into());
        let recorder = Recorder::followed(runtime, NOW, Limits::NOTHING, Some(Box::new(journal)));
        tell(&recorder.tap("bob"));
        assert_eq!(recorder.entries(), [], "nothing is kept for a journal");
    }

    fn history(&self) -> History {
        History::read(&self.file()).unwrap()
    }
}

/// A call that is challenged and proved.
fn call(tap: &Tap) {
    let to_manager = |label, detail| tap.signal(SipManager, SecurityManager, label, detail);
    let answered = |label, detail| tap.signal(SecurityManager, SipManager, label, detail);
    to_manager("request_received", "INVITE sip:bob@example.org, claimed to be of sip:alice@h");
    tap.state(Some(7), "wait for authorization", "receiver: challenged");
    answered("send_www_authenticate", "WWW-Authenticate");
    to_manager("authenticate", "INVITE sip:bob@example.org");
    tap.signal(SecurityApplication, SecurityManager, "verify", "good");
    answered("authenticate", "authenticated");
    tap.signal(SipManager, TelephonyApplication, "incoming", "");
}

#[test]
fn a_journal_is_a_chain_of_what_the_manager_was_told_and_decided() {
    let room = Room::new();
    room.write(Place::new(room.file()), call);
    let history = room.history();
    assert_eq!((&history.faults[..], &history.notes[..]), (&[][..], &[][..]));
    let said: Vec<String> = history
        .lines
        .iter()
        .map(|line| match &line.what {
            What::Signal { from, signal, .. } => format!("{from}: {signal}"),
            What::State { call, state, .. } => format!("{}: {state}", call.as_deref().unwrap()),
            What::Opened { terminal, .. } => terminal.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        said,
        [
            "sip:bob@example.org",
            "SIP manager: request_received",
            "0000000000000007: wait for authorization",
            "security manager: send_www_authenticate",
            "SIP manager: authenticate",
            "security application: verify",
            "security manager: authenticate",
            "Closed",
        ]
    );
    let mode = fs::metadata(room.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn whatever_is_changed_taken_out_or_put_in_is_found() {
    let room = Room::new();
    room.write(Place::new(room.file()), call);
    let whole = fs::read_to_string(room.file()).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let with = |lines: &[&str]| {
        fs::write(room.file(), lines.join("\n") + "\n").unwrap();
        room.history()
    };
    for at in 0..lines.len() - 1 {
        let mut changed = lines.clone();
        let other = changed[at].replacen("\"time\":17", "\"time\":16", 1);
        assert_ne!(other, lines[at]);
        changed[at] = &other;
        assert!(!with(&changed).faults.is_empty(), "line {at} changed");
        if at > 0 {
            let mut swapped = lines.clone();
            swapped.swap(at, at + 1);
            assert!(!with(&swapped).faults.is_empty(), "line {at} swapped");
            let mut fewer = lines.clone();
            fewer.remove(at);
            assert!(!with(&fewer).faults.is_empty(), "line {at} taken out");
        }
        let mut more = lines.clone();
        more.insert(at, lines[at]);
        assert!(!with(&more).faults.is_empty(), "line {at} put in");
        let mut odd = lines.clone();
        odd.insert(at, "what is no line");
        assert!(!with(&odd).faults.is_empty(), "what is no line put in at {at}");
    }
    assert_eq!(with(&lines).faults, []);
}

#[test]
fn what_is_cut_from_an_end_is_told() {
    let room = Room::new();
    room.write(Place::new(room.file()), call);
    let (whole, last) = (fs::read_to_string(room.file()).unwrap(), room.history().last);
    assert!(room.history().has(&last) && room.history().has(&last.to_uppercase()));
    let lines: Vec<&str> = whole.lines().collect();

    fs::write(room.file(), lines[..3].join("\n") + "\n").unwrap();
    let cut = room.history();
    assert_eq!((&cut.faults[..], &cut.notes[..]), (&[][..], &[Note::Open][..]));
    assert!(!cut.has(&last));

    fs::write(room.file(), lines[3..].join("\n") + "\n").unwrap();
    assert_eq!(room.history().notes, [Note::Begins(3)]);

    // Numbered anew, it would have to follow nothing.
    let forged = lines[3].replacen("\"n\":3", "\"n\":0", 1);
    fs::write(room.file(), forged + "\n").unwrap();
    let why = "this line does not follow the one before: one of them was changed, or lines were \
               taken out";
    assert_eq!(room.history().faults, [Fault { file: room.file(), line: 1, why }]);
}

#[test]
fn the_chain_goes_on_through_runs_and_files_and_the_oldest_go() {
    let room = Room::new();
    let place = Place { octets: 2_000, keep: 2, ..Place::new(room.file()) };
    for _ in 0..4 {
        room.write(place.clone(), call);
    }
    let names = || {
        let names = fs::read_dir(room.folder.path()).unwrap();
        let mut names: Vec<_> = names.map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["journal", "journal.1", "journal.2"]);
    let history = room.history();
    assert_eq!(history.faults, []);
    assert!(matches!(history.notes[..], [Note::Begins(n)] if n > 0), "{:?}", history.notes);
    assert!(history.lines.len() > 20);

    // A file between is missing: the newest follows another one.
    fs::rename(earlier(&place.file, 2), earlier(&place.file, 1)).unwrap();
    assert_eq!(room.history().faults.len(), 1);
}

#[test]
fn what_a_killed_terminal_left_half_written_is_told_and_no_fault() {
    let room = Room::new();
    room.write(Place::new(room.file()), call);
    let whole = fs::read(room.file()).unwrap();
    fs::write(room.file(), &whole[..whole.len() - 20]).unwrap();
    assert_eq!(room.history().faults, []);
    room.write(Place::new(room.file()), call);
    let history = room.history();
    assert_eq!(
        (&history.faults[..], &history.notes[..]),
        (&[][..], &[Note::Torn(room.file(), 8)][..])
    );

    // It was killed when it had just begun another file.
    fs::rename(room.file(), earlier(&room.file(), 1)).unwrap();
    fs::write(room.file(), "").unwrap();
    fs::set_permissions(room.file(), Permissions::from_mode(0o600)).unwrap();
    room.write(Place::new(room.file()), call);
    assert_eq!(room.history().faults, []);
}

#[test]
fn o02_a_journal_is_its_owners_and_one_terminals() {
    let room = Room::new();
    let open = || Journal::open(Place::new(room.file()), "bob", NOW);
    let first = open().unwrap();
    let why = open().unwrap_err().to_string();
    assert!(why.contains("another terminal writes its journal there"), "{why}");
    drop(first);
    fs::set_permissions(room.file(), Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(open(), Err(Error::NotPrivate { mode: 0o640, .. })));
    let device = Journal::open(Place::new(PathBuf::from("/dev/null")), "bob", NOW);
    assert!(device.unwrap_err().to_string().contains("a journal is a regular file"));
}

#[test]
fn strangers_do_not_push_out_what_mattered() {
    let room = Room::new();
    room.write(Place::new(room.file()), |tap| {
        for _ in 0..5_000 {
            tap.signal(SipManager, SecurityManager, "request_received", "INVITE sip:bob@h");
            tap.signal(SecurityManager, SipManager, "send_www_authenticate", "WWW-Authenticate");
        }
        tap.signal(SipManager, SecurityManager, "authenticate", "INVITE sip:bob@h");
        tap.signal(SecurityManager, SipManager, "authenticate", "403 Forbidden");
    });
    let history = room.history();
    assert_eq!(history.faults, []);
    let count = |is: &dyn Fn(&What) -> bool| history.lines.iter().filter(|it| is(&it.what)).count();
    let named =
        |name: &str| count(&|what| matches!(what, What::Signal { signal, .. } if signal == name));
    let told = named("request_received") + named("send_www_authenticate");
    assert_eq!((told, named("authenticate")), (200, 2));
    let missing = What::Missing { count: 9_800, why: Lost::Strangers };
    assert_eq!(count(&|what| *what == missing), 1);
}

#[test]
fn o01_a_journal_holds_no_secret() {
    let room = Room::new();
    room.write(Place::new(room.file()), |tap| {
        let detail = "INVITE sip:bob:canary@h, response=\"canary\", inline:canary\r\n";
        tap.signal(SipManager, SecurityManager, "request_received", detail);
    });
    let text = fs::read_to_string(room.file()).unwrap();
    assert!(text.contains("request_received") && !text.contains("canary"), "{text}");
}

#[test]
fn a_story_is_plain_words_and_stands_by_calls() {
    let room = Room::new();
    room.write(Place::new(room.file()), |tap| {
        call(tap);
        tap.signal(SecurityManager, SipManager, "authenticate", "403 Forbidden");
        let denial = "sip:aliceSmith@h: OtherKey(\"00ff\", \"11aa\")";
        tap.signal(SecurityManager, TelephonyApplication, "denied", denial);
        tap.signal(SecurityManager, SecurityApplication, "sign", "9 bytes as 00ff");
        tap.signal(SecurityApplication, SecurityManager, "sign", "locked");
    });
    let chapters = story(&room.history());
    let told: Vec<&str> = chapters[0].sentences.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(
        told,
        [
            concat!(
                "sip:bob@example.org began to write (countersign ",
                env!("CARGO_PKG_VERSION"),
                ")"
            ),
            "INVITE sip:bob@example.org, claimed to be of sip:alice@h comes in",
            "it is challenged to prove who it is from",
            "its proof holds",
            "its proof does not hold: 403 Forbidden",
            "refused: sip:aliceSmith@h: other key 00ff, 11aa",
            "the security application, asked to sign: locked",
            "the terminal ended",
        ]
    );
    assert_eq!(chapters[0].sentences[0].time, "14 Nov 2023 22:13:20.000");
}

/// Octets after the last line end are of a line that is being written.
#[test]
fn a_journal_that_is_being_written_can_be_read() {
    let room = Room::new();
    let journal = Journal::open(Place::new(room.file()), "bob", NOW).unwrap();
    let mut file = append(&room.file()).unwrap();
    file.write_all(b"{\"n\":1,").unwrap();
    let history = room.history();
    assert_eq!(history.faults, []);
    assert_eq!(history.notes, [Note::Torn(room.file(), 2), Note::Open]);
    drop(journal);
}
