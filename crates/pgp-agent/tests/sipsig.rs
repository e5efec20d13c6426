//! The 74 signatures of the shared data (`openpgp/sipsig`: what GnuPG 2.2.40 and a script made), each
//! as the agent reports on it over the octets that were signed, held against its index.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, where a panic is a failure"
)]

use pgp::armor::Dearmor;
use pgp_agent::{Agent, Protection, Store};
use sma::{KeyAdministration as _, KeyValidity, SecurityApplication as _, ToVerify};
use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// The packets that a request's Authorization carries; `None`: none could be read.
fn packets(request: &str) -> Option<Vec<u8>> {
    let from = request.split_once("signature=\"")?.1;
    let digits: String = from.split_once('"')?.0.split_whitespace().collect();
    // `=` and four digits are the checksum.
    let (digits, checksum) = digits.split_at_checked(digits.len().checked_sub(5)?)?;
    let checksum = if checksum.starts_with('=') { "" } else { checksum };
    let text = format!("{digits}{checksum}");
    let armor = format!("-----BEGIN PGP SIGNATURE-----\n\n{text}\n-----END PGP SIGNATURE-----\n");
    let mut octets = Vec::new();
    Dearmor::new(armor.as_bytes()).read_to_end(&mut octets).ok()?;
    Some(octets)
}

/// Whether every fact speaks for a signature: what is asked of it in the form of RFC 2543, but for when
/// it was made.
async fn is_believed(folder: &Path, row: &[&str]) -> bool {
    let mode = Permissions::from_mode(0o700);
    let keys = tempfile::Builder::new().permissions(mode).tempdir().unwrap();
    let agent = Agent::new(Store::open(keys.path(), Protection::ModeOnly).unwrap());
    let certificate = fs::read(folder.join("keys").join(row[3])).unwrap();
    // Keys that are refused at once (DSA, a curve) are nobody's to believe.
    let Ok(imported) = agent.import(certificate).await else { return false };
    let request = fs::read_to_string(folder.join(format!("sigs/{}.sip", row[0]))).unwrap();
    let Some(signature) = packets(&request) else { return false };
    let data = fs::read(folder.join(format!("sigs/{}.data", row[0]))).unwrap();
    let signer = imported[0].fingerprint.clone();
    let question = ToVerify { signer, data, signature, known_notations: Vec::new() };
    agent.verify(question).await.is_ok_and(|report| {
        report.good
            && report.signatures == 1
            && matches!(report.hash.0, 8..=10)
            && report.class == 0
            && report.strong
            && report.key == KeyValidity::Valid
    })
}

#[tokio::test]
async fn the_shared_signatures_are_believed_as_their_index_says() {
    let shared = std::env::var_os("COUNTERSIGN_SHARED_DATA").unwrap_or_default();
    let folder = Path::new(&shared).join("openpgp/sipsig");
    let Ok(index) = fs::read_to_string(folder.join("index.tsv")) else {
        println!("COUNTERSIGN_SHARED_DATA names no folder with openpgp/sipsig: not run");
        return;
    };
    let rows: Vec<Vec<&str>> = index.lines().skip(1).map(|row| row.split('\t').collect()).collect();
    for row in &rows {
        let believed = is_believed(&folder, row).await;
        let (number, verdict): (u32, &str) = (row[0][1..].parse().unwrap(), row[5]);
        match number {
            // Text mode is not taken, whatever else is said of it.
            21 | 22 => assert!(!believed, "{row:?}"),
            // By its key or signature there is nothing the matter with it: by its time, by whose key
            // it is, or in the field or the request that it stands in, which others judge.
            33 | 34 | 38 | 42..=49 | 68 | 69 => {}
            _ if verdict.starts_with("reject") => assert!(!believed, "{row:?}"),
            _ if verdict == "accept" => assert!(believed, "{row:?}"),
            _ => {}
        }
    }
    assert_eq!(rows.len(), 74);
}
