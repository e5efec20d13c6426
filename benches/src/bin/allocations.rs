//! Counts the heap allocations of every operation: a name and a number a line.
#![expect(clippy::print_stdout, reason = "a program that prints what it counted")]

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Rounds that are counted; the first, which may fill a cache, is not.
const ROUNDS: u64 = 100;

fn main() {
    let _profiler = dhat::Profiler::builder().testing().build();
    for operation in benches::operations::all() {
        (operation.run)();
        let before = dhat::HeapStats::get().total_blocks;
        (0..ROUNDS).for_each(|_| (operation.run)());
        let after = dhat::HeapStats::get().total_blocks;
        println!("{} {}", operation.name, (after - before).div_ceil(ROUNDS));
    }
}
