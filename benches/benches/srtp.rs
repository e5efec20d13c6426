//! SRTP over a packet of G.711 (12 + 160 octets), beside its cipher and MAC alone; hot caches.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench stops where its set-up is wrong"
)]

use aes::Aes128;
use aes_gcm::{AeadInOut as _, Aes128Gcm};
use criterion::{Criterion, criterion_group, criterion_main};
use ctr::cipher::{InnerIvInit as _, KeyInit as _, StreamCipherCore as _};
use hmac::{Hmac, Mac as _};
use sec_manager::srtp::{SrtpOpener, SrtpSealer, Suite};
use sha1::Sha1;
use ssm::{Opener as _, Sealer as _};
use std::hint::black_box;

/// Header and payload.
const LENGTH: usize = 12 + 160;

/// Bench packets under one key: every one has the next sequence number.
struct Packets {
    buffer: [u8; LENGTH + 16],
    sequence: u16,
}

impl Packets {
    fn new() -> Self {
        let mut buffer = [0x55; LENGTH + 16];
        buffer[..2].copy_from_slice(&[0x80, 0]);
        Self { buffer, sequence: 0 }
    }

    fn next(&mut self) -> &mut [u8] {
        self.sequence = self.sequence.wrapping_add(1);
        self.buffer[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        &mut self.buffer
    }
}

fn halves(suite: Suite) -> (SrtpSealer, SrtpOpener) {
    let master = vec![7; suite.key_length()];
    let sealer = SrtpSealer::new(suite, &master).expect("the key has the suite's length");
    (sealer, SrtpOpener::new(suite, &master).expect("the key has the suite's length"))
}

fn protect(criterion: &mut Criterion) {
    for suite in Suite::ALL {
        let mut group = criterion.benchmark_group(suite.name());
        let (mut sealer, _) = halves(suite);
        let mut packets = Packets::new();
        group.bench_function("protect", |bencher| {
            bencher.iter(|| sealer.seal_rtp(black_box(packets.next()), LENGTH));
        });
        let (mut sealer, mut opener) = halves(suite);
        let mut packets = Packets::new();
        group.bench_function("protect_unprotect", |bencher| {
            bencher.iter(|| {
                let packet = packets.next();
                let length = sealer.seal_rtp(black_box(packet), LENGTH).unwrap_or_default();
                opener.open_rtp(black_box(&mut packet[..length])).expect("just sealed")
            });
        });
        group.finish();
    }
}

/// What no implementation over these primitives undercuts.
fn floor(criterion: &mut Criterion) {
    let cipher = Aes128::new(&[7; 16].into());
    let mac = Hmac::<Sha1>::new_from_slice(&[7; 20]).expect("any length");
    let mut packets = Packets::new();
    criterion.bench_function("AES_CM_128_HMAC_SHA1_80/floor", |bencher| {
        bencher.iter(|| {
            let packet = black_box(packets.next());
            let stream = ctr::CtrCore::<_, ctr::flavors::Ctr128BE>::inner_iv_init(
                &cipher,
                &black_box([9; 16]).into(),
            );
            stream.apply_keystream_partial((&mut packet[12..LENGTH]).into());
            mac.clone().chain_update(&packet[..LENGTH + 4]).finalize()
        });
    });
    let cipher = Aes128Gcm::new(&[7; 16].into());
    let mut packets = Packets::new();
    criterion.bench_function("AEAD_AES_128_GCM/floor", |bencher| {
        bencher.iter(|| {
            let (header, body) = black_box(packets.next()).split_at_mut(12);
            let body = &mut body[..160];
            cipher.encrypt_inout_detached(&black_box([9; 12]).into(), header, body.into())
        });
    });
}

criterion_group!(benches, protect, floor);
criterion_main!(benches);
