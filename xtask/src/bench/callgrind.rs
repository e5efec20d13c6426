//! What callgrind writes.

use crate::command::Failure;
use std::fs;
use std::path::Path;

/// All instructions that callgrind counted.
pub(super) fn summary(out: &Path) -> Result<u64, Failure> {
    let text = fs::read_to_string(out).map_err(|why| format!("{}: {why}", out.display()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("summary: "));
    total
        .and_then(|total| total.split(' ').next()?.parse().ok())
        .ok_or_else(|| format!("{}: no summary", out.display()))
}
