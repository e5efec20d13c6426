//! DTLS-SRTP with baresip 1.0, which makes a certificate for RSA for itself, and no other.

use super::super::baresip::Baresip;
use super::super::case::Case;
use super::super::kamailio::{Challenge, Kamailio, RIGHT};
use super::super::peers::LIBSSL;
use super::super::room::Room;
use super::super::terminal::{Over, Setup, Terminal};
use super::baresip::{both, both_ways, dials, recorded, sealed};
use crate::command::Failure;

const ALONE: &[&str] = &["baresip"];
const WITH_OPENSSL: &[&str] = &["baresip", LIBSSL];
const PROXIED: &[&str] = &["baresip", "kamailio", "openssl", LIBSSL];

pub(super) const CASES: &[Case] = &[
    of(
        "baresip-dtls-called",
        ALONE,
        "DTLS-SRTP: its certificate is RSA, and that is told",
        |room| {
            let phone = Baresip::by_dtls(room)?;
            let mut alice = by_dtls(room, "alice")?.call(&phone.uri(), &[])?;
            not_keyed(&alice.over()?)
        },
    ),
    of("baresip-dtls-calls", ALONE, "it calls us by DTLS-SRTP: the same", |room| {
        let setup = by_dtls(room, "bob")?;
        let mut bob = setup.listen(&["--auto-answer"])?;
        let mut phone = Baresip::by_dtls(room)?;
        phone.does(&format!("dial {}", setup.uri()))?;
        not_keyed(&bob.over()?)
    }),
    of(
        "baresip-dtls-rsa-called",
        WITH_OPENSSL,
        "DTLS-SRTP with its RSA certificate, by OpenSSL; a tone each way",
        |room| called(room, "pcmu", "pcmu"),
    ),
    of(
        "baresip-dtls-rsa-calls",
        WITH_OPENSSL,
        "it calls us by DTLS-SRTP: a tone each way",
        |room| calls(room, "pcmu", "pcmu"),
    ),
    of("baresip-dtls-rsa-g722", WITH_OPENSSL, "the same in G.722, called and calling", |room| {
        each_way(room, "g722", "g722/16000/1")
    }),
    of("baresip-dtls-rsa-opus", WITH_OPENSSL, "the same in Opus, called and calling", |room| {
        each_way(room, "opus", "opus/48000/2")
    }),
    of(
        "baresip-dtls-rsa-kamailio",
        PROXIED,
        "DTLS-SRTP with its RSA certificate in both directions through Kamailio (MD5)",
        proxied,
    ),
];

const fn of(
    name: &'static str, peers: &'static [&'static str], what: &'static str,
    steps: fn(&Room) -> Result<String, Failure>,
) -> Case {
    Case { name, peers, transport: "UDP", what, steps }
}

/// A terminal of ours whose media are keyed by DTLS-SRTP.
fn by_dtls<'a>(room: &'a Room, name: &'a str) -> Result<Setup<'a>, Failure> {
    Ok(Setup::new(room, name)?.with("[policy]\nmedia-dtls = true\n"))
}

/// The same, whose handshakes are OpenSSL's, and that speaks this codec alone.
fn by_openssl<'a>(room: &'a Room, name: &'a str, codec: &str) -> Result<Setup<'a>, Failure> {
    let codecs = format!("[media]\ncodecs = [\"{codec}\"]\n");
    Ok(by_dtls(room, name)?.with(&codecs).by_openssl())
}

/// What is told of a certificate for RSA says what would understand it.
fn not_keyed(over: &Over) -> Result<String, Failure> {
    if over.code == "not_keyed" && over.outcome.contains("`--features dtls-openssl`") {
        Ok(over.outcome.clone())
    } else {
        Err(format!("{}: {}", over.code, over.outcome))
    }
}

fn called(room: &Room, ours: &str, its: &str) -> Result<String, Failure> {
    let phone = Baresip::keyed(room, its, "dtls_srtp")?;
    let setup = by_openssl(room, "alice", ours)?;
    let (heard, suite) = recorded(room, &setup, &phone.uri(), keyed)?;
    Ok(format!("{suite}; {}", both(&heard, &phone.quits()?)?))
}

fn calls(room: &Room, ours: &str, its: &str) -> Result<String, Failure> {
    let phone = Baresip::keyed(room, its, "dtls_srtp")?;
    let setup = by_openssl(room, "bob", ours)?;
    dials(room, &setup, phone, &setup.uri())
}

/// We call it, and it calls us, in a codec that neither side has an alternative to.
fn each_way(room: &Room, ours: &str, its: &str) -> Result<String, Failure> {
    let called = called(room, ours, its)?;
    Ok(format!("we called: {called}; it called: {}", calls(room, ours, its)?))
}

fn proxied(room: &Room) -> Result<String, Failure> {
    let pbx = Kamailio::start(room, Challenge::Md5, RIGHT)?;
    let setup = by_openssl(room, "bob", "pcmu")?;
    let setup = setup.account("bob", &pbx.registrar("udp"), "floor = \"MD5\"\n");
    both_ways(room, &setup, || Baresip::registered_by_dtls(room, &pbx), keyed)
}

/// By what the media are sealed, once a handshake has ended.
fn keyed(terminal: &mut Terminal) -> Result<String, Failure> {
    sealed(terminal, "keyed")
}
