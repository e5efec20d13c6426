//! Options that several commands have: before the command or behind it, and only where they act.

use super::args::{Cli, Global};
use crate::config::Address;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args as _, Command, CommandFactory as _, FromArgMatches as _};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const CONFIG: &str = "config";
const BIND: &str = "bind";
const JSON: &str = "json";
const VERBOSE: &str = "verbose";

/// What a person types to run the program with the configuration that is named.
pub(super) fn program(config: Option<&Path>) -> String {
    config.map_or_else(
        || "countersign".to_owned(),
        |config| format!("countersign --config {}", config.display()),
    )
}

/// `--bind` of `init`.
const INIT_BIND: &str = "Let the terminal be reached here; may be repeated [default: the port of \
                         --aor, or 5060, of all IPv4 addresses, by UDP and TCP]";

/// The options that act on a command.
fn acting(command: &str) -> &'static [&'static str] {
    match command {
        "call" | "listen" | "register" | "options" | "message" | "watch" => {
            &[CONFIG, BIND, JSON, VERBOSE]
        }
        "keys" => &[CONFIG, JSON, VERBOSE],
        "init" => &[BIND, JSON],
        "demo" => &[JSON, VERBOSE],
        "auth" | "devices" | "explain" | "inspect" => &[JSON],
        _ => &[],
    }
}

/// The whole command line: each command with the global options that act on it.
pub(super) fn command() -> Command {
    let options = Global::augment_args(Command::new("global"));
    let mut root = Cli::command();
    let names: Vec<String> =
        root.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for name in names {
        root = root.mut_subcommand(&name, |command| {
            let acting = acting(&name);
            let taken =
                options.get_arguments().filter(|option| acting.contains(&option.get_id().as_str()));
            // `auth` and `keys` have commands of its own, behind which they may stand as well.
            let nested = command.has_subcommands();
            let command = command.args(taken.map(|option| option.clone().global(nested)));
            if name == "init" {
                command.mut_arg(BIND, |bind| bind.help(INIT_BIND))
            } else {
                command
            }
        });
    }
    root
}

/// Reads the command line.
///
/// # Errors
/// It is wrong, or help or the version is asked for.
pub(super) fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(arguments).map_err(not_built_in)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    let mut at = &matches;
    while let Some((name, behind)) = at.subcommand() {
        if std::ptr::eq(at, &matches) {
            refuse_idle(&matches, name)?;
        }
        cli.global.take(behind);
        at = behind;
    }
    Ok(cli)
}

/// The error for a command that other flavours have says so.
fn not_built_in(error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let others = match name.as_str() {
        "auth" | "demo" => "of the flavours digest, pgp and full",
        "devices" => "that are built with `--features devices`",
        "keys" => "of the flavours pgp and full",
        "watch" => "of the flavour full",
        _ => return error,
    };
    let told = format!("this build does not have `{name}`; those {others} do");
    command().error(ErrorKind::InvalidSubcommand, told)
}

/// An option before a command that does not have it would do nothing.
fn refuse_idle(matches: &ArgMatches, name: &str) -> Result<(), clap::Error> {
    let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let acting = acting(name);
    let idle =
        [CONFIG, BIND, JSON, VERBOSE].into_iter().find(|id| given(id) && !acting.contains(id));
    let Some(idle) = idle else { return Ok(()) };
    let told = format!("`{name}` has no option --{idle}: it would change nothing");
    Err(command().error(ErrorKind::UnknownArgument, told))
}

impl Global {
    /// Takes over what stands behind a command.
    fn take(&mut self, behind: &ArgMatches) {
        if let Ok(Some(config)) = behind.try_get_one::<PathBuf>(CONFIG) {
            self.config = Some(config.clone());
        }
        if let Ok(Some(binds)) = behind.try_get_many::<Address>(BIND) {
            self.bind = binds.copied().collect();
        }
        self.json |= matches!(behind.try_get_one::<bool>(JSON), Ok(Some(true)));
        if let Ok(Some(verbose)) = behind.try_get_one::<u8>(VERBOSE) {
            self.verbose = self.verbose.max(*verbose);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, clap::Error> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        parse(&words)
    }

    #[test]
    fn the_arguments_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn a_global_option_may_stand_before_the_command_and_behind_it() {
        for line in [
            "countersign --config c --json -vv --bind udp:127.0.0.1:5060 register",
            "countersign register --config c --json -vv --bind udp:127.0.0.1:5060",
            "countersign --json --config b register --config c -vv --bind udp:127.0.0.1:5060",
        ] {
            let global = read(line).unwrap().global;
            assert_eq!(global.config.as_deref(), Some(std::path::Path::new("c")), "{line}");
            assert_eq!((global.json, global.verbose, global.bind.len()), (true, 2, 1), "{line}");
        }
    }

    #[cfg(feature = "pgp")]
    #[test]
    fn a_global_option_may_stand_anywhere_in_keys() {
        for line in ["--json keys -v list", "keys --json list -v", "keys list -v --json"] {
            let global = read(&format!("countersign {line}")).unwrap().global;
            assert_eq!((global.json, global.verbose), (true, 1), "{line}");
        }
    }

    #[test]
    fn a_global_option_that_does_not_act_is_refused_and_not_shown() {
        for line in [
            "countersign --bind udp:127.0.0.1:5060 inspect a",
            "countersign inspect a --config c",
            "countersign -v init --aor sip:a@b",
            "countersign --json completions bash",
        ] {
            let told = read(line).unwrap_err();
            assert_eq!(told.kind(), ErrorKind::UnknownArgument, "{line}: {told}");
        }
        let help = |line: &str| read(line).unwrap_err().to_string();
        let inspect = help("countersign inspect --help");
        assert!(inspect.contains("Global options:") && inspect.contains("--json"), "{inspect}");
        assert!(!inspect.contains("--config") && !inspect.contains("--bind"), "{inspect}");
        let call = help("countersign call --help");
        let (own, global) = call.split_once("Global options:").unwrap();
        assert!(own.contains("--record") && !own.contains("--config"), "{call}");
        assert!(global.contains("--config") && global.contains("--verbose"), "{call}");
        assert!(!help("countersign completions --help").contains("Global options:"));
    }
}
