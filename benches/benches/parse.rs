//! Parsing at two levels, over nine messages; caches are hot.

use benches::{l2, messages};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sip_core::{Limits, Message, ParseError};
use std::hint::black_box;

type Level = fn(&Bytes, &Limits) -> Result<Message, ParseError>;

fn parse(criterion: &mut Criterion) {
    let limits = Limits::default();
    for (level, run) in [("l1", l2::l1 as Level), ("l2", l2::l2)] {
        let mut group = criterion.benchmark_group(format!("parse_{level}"));
        for (name, datagram) in messages::all() {
            group.throughput(Throughput::Bytes(datagram.len() as u64));
            group.bench_function(name, |bencher| {
                bencher.iter(|| run(black_box(&datagram), &limits));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, parse);
criterion_main!(benches);
