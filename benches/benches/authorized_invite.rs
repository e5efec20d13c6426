//! An authorized INVITE, from the datagram's octets to the verdict, beside its parts.

use benches::auth::AuthorizedInvite;
use criterion::{Criterion, criterion_group, criterion_main};

fn authorized_invite(criterion: &mut Criterion) {
    let invite = AuthorizedInvite::default();
    let mut group = criterion.benchmark_group("authorized_invite");
    group.bench_function("verdict", |bencher| bencher.iter(|| invite.verdict()));
    group.bench_function("parse", |bencher| bencher.iter(|| invite.parse()));
    group.bench_function("nonce", |bencher| bencher.iter(|| invite.nonce()));
    group.bench_function("digest", |bencher| bencher.iter(|| invite.digest()));
    group.finish();
}

criterion_group!(benches, authorized_invite);
criterion_main!(benches);
