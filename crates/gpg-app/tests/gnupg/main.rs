//! The user's GnuPG as a security application: a real one over home folders that a test makes, and
//! false ones that lie.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod home;
mod liars;
mod process;
mod real;

use gpg_app::Gpg;
pub(crate) use home::Home;
use sma::{Fingerprint, Notation, ToSign, ToVerify};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const NOTATION: &str = "cs1@countersign.invalid";
pub(crate) const BOB: &str = "sip:bob@callee.example";

/// The application over the keys of `home`.
pub(crate) async fn application(home: &Home) -> Gpg {
    Gpg::open(PathBuf::from("gpg"), Some(home.path().to_owned())).await.unwrap()
}

pub(crate) fn to_sign(signer: &Fingerprint, data: &[u8]) -> ToSign {
    ToSign {
        signer: signer.clone(),
        data: data.to_vec(),
        notation: Notation { name: NOTATION.into(), value: b"uac".to_vec(), critical: true },
        expires_in: Duration::from_secs(300),
    }
}

pub(crate) fn to_verify(signer: &Fingerprint, data: &[u8], signature: Vec<u8>) -> ToVerify {
    ToVerify {
        signer: signer.clone(),
        data: data.to_vec(),
        signature,
        known_notations: vec![NOTATION.into()],
    }
}
