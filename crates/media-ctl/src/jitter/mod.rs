//! Playout: packets in any order in, frames in order and on time out.

mod buffer;
mod conceal;
#[cfg(test)]
mod tests;

pub use buffer::JitterBuffer;
