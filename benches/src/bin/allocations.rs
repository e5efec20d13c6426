//! Counts the heap allocations of every operation, and the octets of heap that it holds at most: a
//! name and two numbers a line.
#![expect(clippy::print_stdout, reason = "a program that prints what it counted")]

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Rounds that are counted; the first, which may fill a cache, is not.
const ROUNDS: u64 = 100;

fn main() {
    for operation in benches::operations::all() {
        (operation.run)();
        // A profiler of its own: the peak is that of this operation.
        let _profiler = dhat::Profiler::builder().testing().build();
        (0..ROUNDS).for_each(|_| (operation.run)());
        let stats = dhat::HeapStats::get();
        let blocks = stats.total_blocks.div_ceil(ROUNDS);
        println!("{} {blocks} {}", operation.name, stats.max_bytes);
    }
}
