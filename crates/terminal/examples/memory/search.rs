//! Looks for secrets in the memory of a process: this one, or another that it may read.
//!
//! For the example beside it and, by path, for tests of several crates. What is looked for is kept
//! masked, and what is read is masked before it is looked at: the search finds no copy of its own.

use memchr::memmem::Finder;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

const MASK: u8 = 0xA5;

/// Octets that are read at once.
const CHUNK: usize = 1 << 20;

/// A secret that is looked for, masked.
pub(crate) struct Needle {
    name: String,
    masked: Vec<u8>,
}

impl Needle {
    /// Looks for `secret`. Where this process is searched, the caller's own copy is found, too.
    pub(crate) fn new(name: impl Into<String>, secret: impl IntoIterator<Item = u8>) -> Self {
        Self { name: name.into(), masked: secret.into_iter().map(|octet| octet ^ MASK).collect() }
    }
}

/// Copies of secrets, each by its address: which secret, and where.
pub(crate) type Found = BTreeMap<u64, String>;

/// All copies in the memory of a process, `self` or a number.
///
/// # Errors
/// The process is gone, or its memory may not be read.
pub(crate) fn search(process: &str, needles: &[Needle]) -> io::Result<Found> {
    let finders: Vec<_> = needles.iter().map(|needle| Finder::new(&needle.masked)).collect();
    let longest = needles.iter().map(|needle| needle.masked.len()).max().unwrap_or(1);
    let mut found = Found::new();
    read(process, longest, |chunk, start, mapping| {
        chunk.iter_mut().for_each(|octet| *octet ^= MASK);
        for (needle, finder) in needles.iter().zip(&finders) {
            for at in finder.find_iter(chunk) {
                let at = start + at as u64;
                let place = mapping.place(at);
                found.insert(at, format!("{} in {place}", needle.name));
            }
        }
    })?;
    Ok(found)
}

/// Reads the memory of a process in chunks that overlap, so that none cuts in two what is `longest`
/// octets long; tells the address of each.
///
/// # Errors
/// The same.
pub(crate) fn read(
    process: &str, longest: usize, mut look: impl FnMut(&mut [u8], u64, &Mapping),
) -> io::Result<()> {
    let folder = format!("/proc/{process}");
    let memory = File::open(format!("{folder}/mem"))?;
    let mut chunk = vec![0; CHUNK];
    let start = chunk.as_ptr() as u64;
    let own = if process == "self" { start..start + CHUNK as u64 } else { 0..0 };
    for line in fs::read_to_string(format!("{folder}/maps"))?.lines() {
        let Some(mapping) = Mapping::parse(line) else { continue };
        for mut range in mapping.without(&own) {
            while range.start < range.end {
                let room = usize::try_from(range.end - range.start).unwrap_or(CHUNK).min(CHUNK);
                // What cannot be read, a device's or gone meanwhile, holds no copy.
                let Ok(read @ 1..) = memory.read_at(&mut chunk[..room], range.start) else { break };
                look(&mut chunk[..read], range.start, &mapping);
                range.start += if read == CHUNK { CHUNK - longest } else { read } as u64;
            }
        }
    }
    Ok(())
}

/// A part of the address space: a line of `/proc/PID/maps`.
pub(crate) struct Mapping {
    range: Range<u64>,
    name: String,
}

impl Mapping {
    /// One that can be read.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let is_readable = words.next()?.starts_with('r');
        let name = words.nth(3).unwrap_or("anonymous memory").to_owned();
        let range = u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?;
        (is_readable && !name.starts_with("[v")).then_some(Self { range, name })
    }

    /// It but for a hole.
    fn without(&self, hole: &Range<u64>) -> [Range<u64>; 2] {
        let Range { start, end } = self.range;
        match hole.start < end && start < hole.end {
            true => [start..hole.start.max(start), hole.end.min(end)..end],
            false => [start..end, 0..0],
        }
    }

    fn place(&self, address: u64) -> String {
        format!("{}, {:#x} below its end", self.name, self.range.end - address)
    }
}
