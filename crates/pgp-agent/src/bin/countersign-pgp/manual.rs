//! Completions and man pages, from the same description as `--help`.

use crate::arguments::Arguments;
use crate::failure::Failure;
use clap::CommandFactory as _;
use clap_complete::Shell;
use std::io::{self, Write as _};
use std::path::Path;

/// Prints a completion script.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "countersign-pgp", &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}

/// Writes `countersign-pgp.1` and a page for each command into `folder`.
pub(crate) fn man(folder: &Path) -> Result<(), Failure> {
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder));
    written.map_err(|error| Failure::File { path: folder.to_owned(), error })
}
