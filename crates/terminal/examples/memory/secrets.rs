//! What a call keeps secret, found out as its parties do: from what crossed the wire, with their
//! private keys, in a process of its own. The programs under test lend no hand.

use crate::search::{Needle, read};
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes128, Block, hazmat};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sma::{Decrypted, Fingerprint, SecurityApplication as _};
use sma_socket::Client;
use std::collections::BTreeSet;
use std::io;

/// The longest piece of base64 text that holds whole octets of every suite's key alone.
const WHOLE: usize = 36;

/// The encrypted bodies in what was sent over a connection. RFC 3156 §4.
fn ciphertexts(sent: &[u8]) -> Vec<Vec<u8>> {
    const HEAD: &[u8] = b"Content-Type: application/octet-stream\r\n\r\n";
    let starts = memchr::memmem::find_iter(sent, HEAD).map(|at| at + HEAD.len());
    let bodies = starts.filter_map(|start| {
        let body = &sent[start..];
        memchr::memmem::find(body, b"\r\n--cs1-").map(|end| body[..end].to_vec())
    });
    bodies.collect()
}

/// The session descriptions that were sent, each the other party's to read.
pub(crate) async fn descriptions(
    sent: &[Vec<u8>], application: &Client,
) -> Result<Vec<Decrypted>, sma::Error> {
    let keys = application.identities().await?.into_iter().filter(|key| key.secret);
    let keys: Vec<Fingerprint> = keys.map(|key| key.fingerprint).collect();
    let mut read = Vec::new();
    // On a busy machine the 2xx may have been sent twice.
    let ciphertexts: BTreeSet<_> = sent.iter().flat_map(|sent| ciphertexts(sent)).collect();
    for ciphertext in ciphertexts {
        for key in &keys {
            read.extend(application.decrypt(key.clone(), ciphertext.clone()).await.ok());
        }
    }
    Ok(read)
}

/// Everything that the keys of a session description are and become.
pub(crate) fn needles(description: &str, whose: &str) -> Vec<Needle> {
    let lines = description.lines().filter_map(|line| line.strip_prefix("a=crypto:"));
    let mut needles = Vec::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let &[_, suite, inline, ..] = words.as_slice() else { continue };
        let text = inline.trim_start_matches("inline:").split('|').next().unwrap_or_default();
        let Ok(octets) = STANDARD.decode(text) else { continue };
        let mut add = |what: &str, octets: &[u8]| {
            needles.push(Needle::new(format!("{whose} {what} ({suite})"), octets.iter().copied()));
        };
        add("master key in base64", &text.as_bytes()[..WHOLE]);
        let (key, salt) = octets.split_at(16);
        add("master salt", salt);
        round_keys(key, |n, octets| add(&format!("master key, round {n}"), octets));
        for (stream, label) in [("SRTP", 0), ("SRTCP", 3)] {
            let cipher = derive(key, salt, label, 16);
            round_keys(&cipher, |n, octets| add(&format!("{stream} key, round {n}"), octets));
            add(&format!("{stream} salt"), &derive(key, salt, label + 2, salt.len()));
            if suite.contains("GCM") {
                ghash_keys(&cipher, |octets| add(&format!("{stream} GHASH key"), octets));
            } else {
                add(&format!("{stream} HMAC key"), &derive(key, salt, label + 1, 20));
            }
        }
    }
    needles
}

/// The AES keys that a process has in use: each is known by its schedule, wherever it came from.
///
/// What a call's keys are nobody beside its parties can know, since they are agreed on afresh.
///
/// # Errors
/// The process is gone, or its memory may not be read.
pub(crate) fn keys_in_use(pid: &str) -> io::Result<BTreeSet<[u8; 16]>> {
    let mut keys = BTreeSet::new();
    read(pid, SCHEDULE, |chunk, _, _| {
        // The rounds of a schedule are vectors of 16 octets, and aligned as such.
        for at in (0..chunk.len().saturating_sub(SCHEDULE - 1)).step_by(16) {
            let octets = &chunk[at..at + SCHEDULE];
            if is_schedule(octets) {
                keys.insert(octets[..16].try_into().expect("16 octets"));
            }
        }
    })?;
    Ok(keys)
}

/// Eleven round keys of AES-128.
const SCHEDULE: usize = 176;

fn is_schedule(octets: &[u8]) -> bool {
    // Three words of the second round are sums of others: what is none falls here, mostly.
    let is_sum = |n: usize| (0..4).all(|i| octets[n + i] == octets[n + i - 4] ^ octets[n + i - 16]);
    [20, 24, 28].into_iter().all(is_sum) && {
        let mut rounds = Vec::new();
        round_keys(&octets[..16], |_, round| rounds.extend_from_slice(round));
        rounds == octets
    }
}

/// Everything that a key in use is kept as.
pub(crate) fn session(key: &[u8; 16]) -> Vec<Needle> {
    let mut needles = Vec::new();
    let mut add = |what: String, octets: &[u8]| needles.push(Needle::new(what, octets.to_vec()));
    round_keys(key, |n, octets| add(format!("session key, round {n}"), octets));
    ghash_keys(key, |octets| add("GHASH key".to_owned(), octets));
    needles
}

/// RFC 3711 §4.3, rate 0; the salt of RFC 7714 §11 stands on the left.
fn derive(key: &[u8], salt: &[u8], label: u8, length: usize) -> Vec<u8> {
    let cipher = Aes128::new_from_slice(key).expect("16 octets");
    let mut octets = Vec::new();
    for counter in 0..2 {
        let mut block = Block::default();
        block[..salt.len()].copy_from_slice(salt);
        block[7] ^= label;
        block[15] = counter;
        cipher.encrypt_block(&mut block);
        octets.extend(block);
    }
    octets.truncate(length);
    octets
}

/// The key schedule of FIPS 197 §5.2: round 0 is the key itself.
fn round_keys(key: &[u8], mut each: impl FnMut(usize, &[u8])) {
    let mut words: Vec<[u8; 4]> = key.chunks(4).map(|word| word.try_into().expect("4")).collect();
    let mut constant = 1u8;
    while words.len() < 44 {
        let at = words.len();
        let mut word = words[at - 1];
        if at.is_multiple_of(4) {
            word.rotate_left(1);
            word = substituted(word);
            word[0] ^= constant;
            constant = constant << 1 ^ if constant & 0x80 != 0 { 0x1B } else { 0 };
        }
        words.push(std::array::from_fn(|n| word[n] ^ words[at - 4][n]));
    }
    for (n, round) in words.chunks(4).enumerate() {
        each(n, round.as_flattened());
    }
}

/// SubWord: a round of a block of four equal columns, without its mixing of columns.
fn substituted(word: [u8; 4]) -> [u8; 4] {
    let mut block = Block::try_from([word; 4].as_flattened()).expect("16 octets");
    hazmat::cipher_round(&mut block, &Block::default());
    hazmat::inv_mix_columns(&mut block);
    std::array::from_fn(|n| block[n])
}

/// H of GCM, and the forms that it is kept in: as it is, reversed, and as a key of POLYVAL.
/// RFC 8452 Appendix A.
fn ghash_keys(key: &[u8], mut each: impl FnMut(&[u8])) {
    let mut h = Block::default();
    Aes128::new_from_slice(key).expect("16 octets").encrypt_block(&mut h);
    each(&h);
    let mut octets: [u8; 16] = h.into();
    octets.reverse();
    each(&octets);
    let element = u128::from_le_bytes(octets);
    let carry = element >> 127;
    let doubled = element << 1 ^ carry << 127 ^ carry << 126 ^ carry << 121 ^ carry;
    each(&doubled.to_le_bytes());
}
