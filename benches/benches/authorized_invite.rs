//! An authorized INVITE, from the datagram's octets through both managers to the verdict, beside its
//! parts.

use benches::auth::AuthorizedInvite;
use benches::authorizing::Authorizing;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::cell::RefCell;

fn authorized_invite(criterion: &mut Criterion) {
    let (invite, authorizing) = (AuthorizedInvite::default(), RefCell::new(Authorizing::default()));
    let mut group = criterion.benchmark_group("authorized_invite");
    group.bench_function("verdict", |bencher| {
        // The peer writes its INVITE meanwhile, and is not timed.
        let written = || authorizing.borrow_mut().written();
        let verdict = |datagram| assert!(authorizing.borrow_mut().verdict(datagram));
        bencher.iter_batched(written, verdict, BatchSize::PerIteration);
    });
    group.bench_function("parse", |bencher| bencher.iter(|| invite.parse()));
    group.bench_function("nonce", |bencher| bencher.iter(|| invite.nonce()));
    group.bench_function("digest", |bencher| bencher.iter(|| invite.digest()));
    group.finish();
}

criterion_group!(benches, authorized_invite);
criterion_main!(benches);
