//! A person is asked whether a call is answered.

use super::*;

/// Two terminals without proof, the first asked about each call.
fn neighbours() -> (TempDir, Side, Side) {
    let folder = tempfile::tempdir().unwrap();
    let side = |name: &str| {
        let bind = free_loopback_pair().unwrap().map(|address| address.to_string());
        let side = Side { folder: folder.path().join(name), bind };
        fs::create_dir(&side.folder).unwrap();
        let text = format!("bind = [\"{}\", \"{}\"]\n", side.bind[0], side.bind[1]);
        fs::write(side.folder.join("config.toml"), text).unwrap();
        side
    };
    let (callee, caller) = (side("callee"), side("caller"));
    (folder, callee, caller)
}

/// The URI at which a side is called.
fn uri(side: &Side) -> String {
    format!("sip:bob@{}", side.bind[0].trim_start_matches("udp:"))
}

#[test]
fn a_typo_does_not_decline_a_call() {
    let (_folder, callee, caller) = neighbours();
    let (mut listening, mut person) = at_terminal(&callee, &["listen"]);
    listening.waits_for("listening");
    for (answer, status) in [("y\n", None), ("no\n", Some(603)), ("\n", Some(603))] {
        let mut calling = Running::start(&caller, &["call", &uri(&callee)]);
        for typo in ["yy\n", "calls\n"] {
            person.answers("[y/N] ", typo);
            person.sees("expected: y or n");
        }
        person.answers("[y/N] ", answer);
        match status {
            None => {
                calling.waits_for("established");
                calling.interrupt();
                listening.waits_for("over");
            }
            Some(status) => assert_eq!(calling.waits_for("over")["status"], status),
        }
    }
    listening.interrupt();
    listening.ends_well();
}

#[test]
fn a_callee_who_leaves_declines_nobody() {
    let (_folder, callee, caller) = neighbours();
    let (mut listening, mut person) = at_terminal(&callee, &["listen"]);
    listening.waits_for("listening");
    let mut calling = Running::start(&caller, &["call", &uri(&callee)]);
    person.sees("[y/N] ");
    listening.interrupt();
    assert_eq!(calling.waits_for("over")["status"], 480);
    listening.ends_well();
}
