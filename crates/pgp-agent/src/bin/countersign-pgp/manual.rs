//! Completions and man pages, from the same description as `--help`.

use crate::arguments::Arguments;
use crate::failure::Failure;
use clap::builder::Resettable;
use clap::{Command, CommandFactory as _};
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
    let mut root = Arguments::command().disable_help_subcommand(true);
    root.build();
    let written =
        std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(page(root), folder));
    written.map_err(|error| Failure::File { path: folder.to_owned(), error })
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
