//! Media keys in SDP, and packets under one of them. What is taken out of a body is not in it any
//! more, and a body that was filled gives up what was put in; a packet that nobody sealed does not
//! open, one that was sealed opens once, and not with a bit changed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sec_manager::fuzzing::{emptied, filled};
use sec_manager::srtp::{SrtpOpener, SrtpSealer, Suite};
use ssm::{Opener, PacketError, Sealer};

const KEY: [u8; Suite::LONGEST_KEY] = [7; Suite::LONGEST_KEY];
/// Keys that are kept of one body.
const MOST_KEYS: usize = 16;

fuzz_target!(|octets: &[u8]| {
    keys_leave_the_body(octets);
    let Some((choice, packet)) = octets.split_first() else { return };
    let suite = Suite::ALL[usize::from(choice % 3)];
    let place = usize::from(choice / 3);
    check(suite, packet, place, SrtpSealer::seal_rtp, SrtpOpener::open_rtp);
    check(suite, packet, place, SrtpSealer::seal_rtcp, SrtpOpener::open_rtcp);
});

fn keys_leave_the_body(body: &[u8]) {
    let (clean, keys) = emptied(body.to_vec());
    assert!(clean.len() <= body.len() && keys.len() <= MOST_KEYS);
    let crypto = |row: &&[u8]| row.starts_with(b"a=crypto:");
    let rows = || clean.split_inclusive(|octet| *octet == b'\n').filter(crypto);
    assert!(rows().all(|row| row.ends_with(b" inline:{slot}\r\n")));
    assert_eq!(rows().count(), keys.len());

    let (full, put) = filled(&clean, 1).expect("slots where keys were");
    assert_eq!(put.len(), keys.len());
    assert_eq!(emptied(full), (clean, put));
}

type Seal = fn(&mut SrtpSealer, &mut [u8], usize) -> Result<usize, PacketError>;
type Open = fn(&mut SrtpOpener, &mut [u8]) -> Result<usize, PacketError>;

/// A packet as it comes from a stranger, and as one that we sealed, `place` being where it is
/// damaged.
fn check(suite: Suite, packet: &[u8], place: usize, seal: Seal, open: Open) {
    let key = &KEY[..suite.key_length()];
    let mut opener = SrtpOpener::new(suite, key).expect("its length");
    assert!(open(&mut opener, &mut packet.to_vec()).is_err(), "nobody sealed it");

    let mut sealer = SrtpSealer::new(suite, key).expect("its length");
    let overhead = sealer.overhead();
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + overhead.rtp.max(overhead.rtcp), 0);
    let Ok(length) = seal(&mut sealer, &mut buffer, packet.len()) else { return };
    buffer.truncate(length);
    let mut damaged = buffer.clone();
    damaged[place % length] ^= 0x10;
    assert!(open(&mut opener, &mut damaged).is_err(), "a bit was changed");

    let mut opened = buffer.clone();
    let length = open(&mut opener, &mut opened).expect("it was sealed under this key");
    assert_eq!(&opened[..length], packet);
    assert_eq!(open(&mut opener, &mut buffer), Err(PacketError::Replayed));
}
