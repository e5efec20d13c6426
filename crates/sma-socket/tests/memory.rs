//! What a frame carries leaves no copy behind (promise 16, case O04).

#![expect(clippy::disallowed_methods, reason = "real sockets, so tokio and the real clock")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../../terminal/examples/memory/search.rs"]
mod search;

use async_trait::async_trait;
use search::{Needle, search};
use sma::{
    Decrypted, Error, Fingerprint, Key, Plaintext, Report, SecurityApplication, ToSign, ToVerify,
};
use sma_socket::{Client, Listener, serve};
use std::fs::Permissions;
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

/// The plaintext of that many octets, made anew each time, so that no copy is the test's.
fn secret(length: u16) -> impl Iterator<Item = u8> + Clone {
    (0..length).map(move |n| {
        let [high, low] = black_box(n).to_be_bytes();
        low.wrapping_mul(59) ^ high.wrapping_mul(31) ^ 0x3C
    })
}

/// Its first, middle and last octets.
fn needles(length: u16) -> [Needle; 3] {
    [0, length / 2, length - 32].map(|at| {
        Needle::new(
            format!("octets from {at} of {length}"),
            secret(length).skip(at.into()).take(32),
        )
    })
}

/// Takes a plaintext, and hands out one.
struct Application(u16);

#[async_trait]
impl SecurityApplication for Application {
    async fn identities(&self) -> Result<Vec<Key>, Error> {
        Ok(Vec::new())
    }

    async fn sign(&self, _: ToSign) -> Result<Vec<u8>, Error> {
        Err(Error::NoSuchKey)
    }

    async fn verify(&self, _: ToVerify) -> Result<Report, Error> {
        Err(Error::NoSuchKey)
    }

    async fn encrypt(&self, _: Vec<Fingerprint>, octets: Plaintext) -> Result<Vec<u8>, Error> {
        let whole = octets.expose().iter().copied().eq(secret(self.0));
        whole.then(|| b"sealed".to_vec()).ok_or(Error::Malformed)
    }

    async fn decrypt(&self, _: Fingerprint, _: Vec<u8>) -> Result<Decrypted, Error> {
        let octets = secret(self.0).collect::<Vec<u8>>().into();
        Ok(Decrypted { octets, integrity: true })
    }
}

#[tokio::test]
async fn o04_frames_leave_no_plaintext_behind() {
    let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir();
    let folder = folder.unwrap();
    let key = Fingerprint::parse(&"ab".repeat(20)).unwrap();
    // As long as a session description, and as long as there may be.
    for length in [700, 60_000] {
        let socket = folder.path().join(length.to_string());
        let listener = Listener::bind(&socket).unwrap();
        let application = Arc::new(Application(length));
        let server = tokio::spawn(serve(listener, application, None, std::future::pending()));
        let client = Client::new(&socket);
        let needles = needles(length);
        for _ in 0..3 {
            let octets = secret(length).collect::<Vec<u8>>().into();
            let sealed = client.encrypt(vec![key.clone()], octets).await.unwrap();
            assert_eq!(sealed, b"sealed");
            let plain = client.decrypt(key.clone(), sealed).await.unwrap();
            assert!(plain.octets.expose().iter().copied().eq(secret(length)));
            assert!(search("self", &needles).unwrap().len() >= needles.len(), "while it is held");
            drop(plain);
        }
        let found = search("self", &needles).unwrap();
        assert!(found.is_empty(), "{found:#?}");
        server.abort();
    }
}
