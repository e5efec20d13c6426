//! Completions and man pages of a security application's program, from the same description as its
//! `--help`.

use clap::Command;
use clap::builder::Resettable;
use clap_complete::Shell;
use std::io::{self, Write as _};
use std::path::Path;

/// Prints a completion script.
///
/// # Errors
/// It cannot be written.
pub fn completions(mut command: Command, shell: Shell) -> io::Result<()> {
    let (name, mut script) = (command.get_name().to_owned(), Vec::new());
    clap_complete::generate(shell, &mut command, name, &mut script);
    io::stdout().write_all(&script)
}

/// Writes `NAME.1` and a page for each command into `folder`, which is made where it is missing.
///
/// # Errors
/// It cannot be written.
pub fn man(command: Command, folder: &Path) -> io::Result<()> {
    let mut root = command.disable_help_subcommand(true);
    root.build();
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(page(root), folder)
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
