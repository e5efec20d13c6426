//! What the system says of a process.

use crate::command::Failure;
use std::fs;

/// A number of `/proc/PID/status`, such as that behind `VmRSS:`, in KiB where it is of memory.
///
/// # Errors
/// The process is gone, or the system says no such thing of it.
pub(crate) fn status(pid: u32, name: &str) -> Result<u64, Failure> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).map_err(|why| format!("{path}: {why}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| format!("{path}: no {name}"))
}
