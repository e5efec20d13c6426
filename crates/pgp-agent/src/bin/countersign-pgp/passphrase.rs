//! Where the passphrase comes from: a file, a descriptor, or a person at the terminal.

use crate::arguments::Secret;
use crate::failure::Failure;
use pgp_agent::{Protection, open_private};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read, Write as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The longest passphrase, in octets.
const MAX_PASSPHRASE: u64 = 1024;

/// How often a passphrase is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Once: a key is opened, and a mistake shows.
    Once,
    /// Twice: a key is locked, and a mistake would lose it.
    Twice,
}

/// The protection that the arguments choose.
pub(crate) fn protection(secret: &Secret, ask: Ask) -> Result<Protection, Failure> {
    if secret.no_passphrase {
        return Ok(Protection::ModeOnly);
    }
    let passphrase = if let Some(path) = &secret.passphrase_file {
        first_line(path, open_private(path)?)?
    } else if let Some(number) = secret.passphrase_fd {
        let path = PathBuf::from(format!("/dev/fd/{number}"));
        let file = File::open(&path).map_err(|error| file_error(&path, error))?;
        first_line(&path, file)?
    } else if io::stdin().is_terminal() {
        return prompt(ask);
    } else {
        return Err(Failure::NoPassphrase);
    };
    match passphrase.is_empty() {
        true => Err(Failure::EmptyPassphrase),
        false => Ok(Protection::Passphrase(passphrase)),
    }
}

fn file_error(path: &Path, error: io::Error) -> Failure {
    Failure::File { path: path.to_owned(), error }
}

fn first_line(path: &Path, file: impl Read) -> Result<Zeroizing<String>, Failure> {
    // A buffer of one octet: no copy of the passphrase stays behind in it.
    let mut reader = BufReader::with_capacity(1, file.take(MAX_PASSPHRASE));
    let mut line = Zeroizing::new(String::with_capacity(MAX_PASSPHRASE as usize));
    reader.read_line(&mut line).map_err(|error| file_error(path, error))?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

/// Asks the person. Where nothing is typed there is no passphrase, and who makes a key is told what
/// that means.
fn prompt(ask: Ask) -> Result<Protection, Failure> {
    let silence = Silence::start()?;
    let passphrase = match ask {
        Ask::Once => asked("Passphrase: ")?,
        Ask::Twice => asked("New passphrase (empty: none): ")?,
    };
    if ask == Ask::Twice && *asked("The same again: ")? != *passphrase {
        return Err(Failure::Mistyped);
    }
    drop(silence);
    if !passphrase.is_empty() {
        return Ok(Protection::Passphrase(passphrase));
    }
    if ask == Ask::Twice {
        let told = "no passphrase: the private key is stored unencrypted, its file's mode 0600 alone \
                    protects it";
        writeln!(io::stderr(), "countersign-pgp: {told}")?;
    }
    Ok(Protection::ModeOnly)
}

/// The line that a person types. What was typed before the question was shown counts.
fn asked(question: &str) -> Result<Zeroizing<String>, Failure> {
    let mut terminal = io::stderr();
    write!(terminal, "{question}")?;
    terminal.flush()?;
    // Not through `Stdin`, whose buffer would keep a copy.
    let keyboard = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let line = first_line(Path::new("standard input"), keyboard)?;
    writeln!(terminal)?;
    Ok(line)
}

/// The terminal shows nothing of what is typed while this lives.
struct Silence(Termios);

impl Silence {
    fn start() -> Result<Self, Failure> {
        let before = tcgetattr(io::stdin()).map_err(io::Error::from)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &silent).map_err(io::Error::from)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
