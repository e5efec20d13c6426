//! A server that does all as it should passes every check; one that does one thing wrong fails the
//! check that is about it, and no other.

mod double;

use super::{Aim, Remote, Row, Server, Verdict, run};
use double::{Double, Fault};
use net::sim::{SimConfig, Simulation};
use net::{System, Transport};
use sip_core::Method;
use sst::Password;

const SERVER: [u8; 4] = [192, 0, 2, 9];

fn server(sim: &Simulation, method: Method<'static>) -> Server {
    let (runtime, network) = sim.host([192, 0, 2, 1].into());
    let address = (SERVER, 5060).into();
    let aim = Aim {
        method,
        uri: "sip:pbx.example".to_owned(),
        aor: "sip:alice@pbx.example".to_owned(),
        user: "alice".to_owned(),
        password: Password::new(double::PASSWORD.to_vec()),
    };
    let system = System::keyed(runtime, network, [[1; 16], [2; 16]]);
    Server::new(system, Remote { transport: Transport::Udp, address, name: None }, aim)
}

/// What is found at a server with this fault.
fn probed(fault: Option<Fault>) -> Vec<Row> {
    let sim = Simulation::new(SimConfig::default());
    Double::new(fault).serve(&sim, SERVER);
    let mut server = server(&sim, Method::REGISTER);
    sim.block_on(run(&mut server, |_| Ok(()))).unwrap().unwrap()
}

fn names(rows: &[Row], verdict: Verdict) -> Vec<&'static str> {
    rows.iter().filter(|row| row.verdict == verdict).map(|row| row.check.name).collect()
}

#[test]
fn a_server_that_does_all_as_it_should_passes_every_check() {
    let rows = probed(None);
    assert_eq!(names(&rows, Verdict::Fail), Vec::<&str>::new(), "{rows:#?}");
    assert_eq!(names(&rows, Verdict::NotApplicable), Vec::<&str>::new(), "{rows:#?}");
    let told = names(&rows, Verdict::Told);
    assert_eq!(told, ["nc-in-upper-case", "quoted-qop", "quoted-algorithm"]);
    let came = |name: &str| rows.iter().find(|row| row.check.name == name).unwrap().came.clone();
    assert_eq!(
        came("offers"),
        "SHA-512-256 (auth, auth-int) for pbx.example; SHA-256 (auth, auth-int) for pbx.example; \
         MD5 (auth, auth-int) for pbx.example"
    );
    assert_eq!(came("unknown-user"), "401 Unauthorized, as to a wrong password");
    assert_eq!(came("stale"), "401 Unauthorized, stale=true");
}

#[test]
fn a_server_that_does_one_thing_wrong_fails_the_check_of_it() {
    for (fault, failing) in double::FAULTS {
        let rows = probed(Some(*fault));
        assert_eq!(names(&rows, Verdict::Fail), *failing, "{fault:?}: {rows:#?}");
    }
    // Each check fails somewhere but those that only tell.
    let failing: Vec<_> = double::FAULTS.iter().flat_map(|(_, failing)| *failing).collect();
    let unshown: Vec<_> = probed(None)
        .iter()
        .filter(|row| row.verdict != Verdict::Told && !failing.contains(&&row.check.name))
        .map(|row| row.check.name)
        .collect();
    assert_eq!(unshown, Vec::<&str>::new());
}

#[test]
fn what_a_server_does_not_have_does_not_apply() {
    let rows = probed(Some(Fault::Plain));
    let absent = names(&rows, Verdict::NotApplicable);
    let expected = ["sha-256", "sha-512-256", "body-changed", "auth-int", "rspauth", "nextnonce"];
    assert_eq!(absent, expected, "{rows:#?}");
    let rows = probed(Some(Fault::OneTime));
    assert_eq!(names(&rows, Verdict::NotApplicable), ["counted"], "{rows:#?}");
}

/// RFC 3261 §17.1.2.2: it is asked again and again, for 32 s.
#[test]
fn a_server_that_does_not_answer_cannot_be_probed() {
    let sim = Simulation::new(SimConfig::default());
    // The host is there.
    drop(sim.host(SERVER.into()));
    let mut server = server(&sim, Method::OPTIONS);
    let told = sim.block_on(run(&mut server, |_| Ok(()))).unwrap().unwrap_err().line();
    assert_eq!(told, "the server cannot be probed: no answer within 32 s");
    assert_eq!(sim.elapsed().as_secs(), 32);
}

#[test]
fn of_what_is_to_be_refused_no_two_come_in_a_row_and_one_is_a_wrong_password() {
    let sim = Simulation::new(SimConfig::default());
    let seen = Double::new(None).serve(&sim, SERVER);
    let mut server = server(&sim, Method::REGISTER);
    sim.block_on(run(&mut server, |_| Ok(()))).unwrap().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.wrong_password, 1, "a wrong response of the account's");
    assert_eq!(seen.most_failures_in_a_row, 1);
    assert_eq!(seen.contacts, 0, "a REGISTER that changes what is registered");
}
