//! Digest, MD5 and SHA-256: verify with HA1 known, answer a challenge, and the hashes alone.

use benches::auth::Exchange;
use criterion::{Criterion, criterion_group, criterion_main};
use md5::Md5;
use sec_manager::digest::Hash;
use sha2::Sha256;

const NONCE: &str = "5d0e93c1b7a24f6688e1d2c3a4b5f607";

fn under<D: Hash>(criterion: &mut Criterion, name: &str, algorithm: &str) {
    let exchange = Exchange::<D>::new(algorithm, NONCE);
    let mut group = criterion.benchmark_group(name);
    group.bench_function("verify", |bencher| bencher.iter(|| exchange.verify()));
    group.bench_function("answer", |bencher| bencher.iter(|| exchange.answer()));
    group.bench_function("hashes", |bencher| bencher.iter(|| exchange.hashes()));
    group.finish();
}

fn digest(criterion: &mut Criterion) {
    under::<Md5>(criterion, "digest_md5", "MD5");
    under::<Sha256>(criterion, "digest_sha256", "SHA-256");
}

criterion_group!(benches, digest);
criterion_main!(benches);
