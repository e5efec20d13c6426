//! The sealed nonce: seal and open, beside the HMACs alone.

use benches::auth::Sealed;
use criterion::{Criterion, criterion_group, criterion_main};

fn nonce(criterion: &mut Criterion) {
    let sealed = Sealed::default();
    let mut group = criterion.benchmark_group("nonce");
    group.bench_function("seal", |bencher| bencher.iter(|| sealed.seal()));
    group.bench_function("two_hmacs", |bencher| bencher.iter(|| sealed.two_hmacs()));
    group.bench_function("open", |bencher| bencher.iter(|| sealed.open()));
    group.bench_function("one_hmac", |bencher| bencher.iter(|| sealed.one_hmac()));
    group.finish();
}

criterion_group!(benches, nonce);
criterion_main!(benches);
