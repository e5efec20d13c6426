//! Completions and man pages, from the same description as `--help`.

use super::global::command;
use super::output::Output;
use crate::error::{Error, Result};
use clap_complete::Shell;
use std::path::Path;

/// Prints a completion script.
pub(super) fn completions(shell: Shell, out: Output) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "countersign", &mut script);
    out.raw(&String::from_utf8_lossy(&script))?;
    Ok(())
}

/// Writes `countersign.1` and a page for each command into `folder`.
pub(super) fn man(folder: &Path, out: Output) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
    clap_mangen::generate_to(command(), folder).map_err(|error| Error::write(folder, error))?;
    out.line(&format!("wrote the man pages to {}", folder.display()))?;
    Ok(())
}
