//! Completions and man pages, from the same description as `--help`.

use super::global::command;
use super::output::Output;
use crate::error::{Error, Result};
use clap::Command;
use clap::builder::Resettable;
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
    let mut root = command().disable_help_subcommand(true);
    root.build();
    clap_mangen::generate_to(page(root), folder).map_err(|error| Error::write(folder, error))?;
    out.line(&format!("wrote the man pages to {}", folder.display()))?;
    #[cfg(feature = "pgp")]
    out.line(&format!("those of countersign-pgp: countersign-pgp man {}", folder.display()))?;
    Ok(())
}

/// A command as its page and those of its own commands show it: with the usage that `--help` has,
/// and with what stands at the end of `--help` in its description.
fn page(mut command: Command) -> Command {
    let names = command.get_subcommands().map(|it| it.get_name().to_owned());
    for name in names.collect::<Vec<_>>() {
        command = command.mut_subcommand(name, page);
    }
    let usage = command.render_usage().to_string();
    let about = command.get_long_about().or_else(|| command.get_about()).into_iter();
    let about: Vec<_> = about.chain(command.get_after_help()).map(ToString::to_string).collect();
    command
        .override_usage(usage.trim_start_matches("Usage: ").to_owned())
        .long_about(about.join("\n\n"))
        .after_help(Resettable::Reset)
}
