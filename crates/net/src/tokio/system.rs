//! The system's own world.

use super::{TokioNetwork, TokioRuntime};
use crate::{Network, Runtime, System};
use siphasher::sip::SipHasher24;
use std::hash::Hasher as _;
use std::io;
use std::sync::Arc;
use tokio::runtime::Handle;

/// The system's clock, sockets, names and randomness, in the tokio runtime that is entered. It must
/// have its I/O and time drivers enabled.
///
/// # Errors
/// No runtime is entered, or the system gives no random octets.
#[expect(clippy::disallowed_methods, reason = "this is where the system's randomness enters")]
pub fn system() -> io::Result<System> {
    let handle = Handle::try_current().map_err(io::Error::other)?;
    let mut keys = [[0; 16]; 2];
    getrandom::fill(keys.as_flattened_mut())
        .map_err(|error| io::Error::other(format!("the system gives no randomness: {error}")))?;
    let runtime = Arc::new(TokioRuntime::new(handle.clone()));
    Ok(System::keyed(runtime, Arc::new(TokioNetwork::new(handle)), keys))
}

impl System {
    /// A world whose hash, and whose randomness, are SipHash-2-4 under these keys, which nobody else
    /// may know.
    ///
    /// SipHash is a pseudo-random function: under a key that nobody knows, its values over a counter
    /// cannot be guessed.
    pub fn keyed(
        runtime: Arc<dyn Runtime>, network: Arc<dyn Network>, [names, draws]: [[u8; 16]; 2],
    ) -> Self {
        let mut drawn = 0_u64;
        Self {
            runtime,
            network,
            keyed: Box::new(move |parts| hash(&names, parts)),
            random: Box::new(move || {
                drawn += 1;
                let mut hasher = SipHasher24::new_with_key(&draws);
                hasher.write_u64(drawn);
                hasher.finish()
            }),
        }
    }
}

fn hash(key: &[u8; 16], parts: &[&[u8]]) -> u64 {
    let mut hasher = SipHasher24::new_with_key(key);
    for part in parts {
        hasher.write_u32(part.len() as u32);
        hasher.write(part);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_systems_share_neither_a_hash_nor_a_draw() {
        let mut systems = [system().unwrap(), system().unwrap()];
        let hashes = systems.each_ref().map(|it| (it.keyed)(&[b"a", b"b"]));
        let draws = systems.each_mut().map(|it| [(it.random)(), (it.random)()]);
        let mut all = [hashes.as_slice(), draws.as_flattened()].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6, "some were equal: {hashes:?} {draws:?}");
    }

    #[tokio::test]
    async fn another_split_of_the_same_octets_has_another_hash() {
        let system = system().unwrap();
        let hash = |parts: &[&[u8]]| (system.keyed)(parts);
        assert_eq!(hash(&[b"ab", b"c"]), hash(&[b"ab", b"c"]));
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"abc"]));
    }

    #[test]
    fn outside_of_a_runtime_there_is_no_system() {
        assert!(system().unwrap_err().to_string().contains("no reactor running"));
    }
}
