//! What a security application's process gives up before it answers its first question.
//!
//! ```text
//!   keys are open ──▶ files closed (Landlock) ──▶ threads, socket bound ──▶ calls given up ──▶ ready
//! ```
//!
//! Landlock holds for a thread and those that it starts, so files come first; a socket cannot be
//! made any more once calls are given up, so these come last, for all threads. Nothing is taken
//! back, by whatever code runs here later.

mod calls;
mod files;
mod verdict;

use calls::Left;
use std::path::Path;
use verdict::Lack;

pub use verdict::NoSandbox;

/// A process on its way into its sandbox.
#[derive(Debug)]
pub struct Sandbox {
    required: bool,
    /// Whose process it is.
    whose: &'static str,
    left: Left,
    lacks: Vec<Lack>,
}

/// The words for processes that hold or use keys.
const KEYS: &str = "the OpenPGP keys";

impl Sandbox {
    /// For a process that holds its keys itself: it keeps the files of `keys`, and the socket that
    /// it will bind at `socket`. To be called before there is a second thread.
    ///
    /// What the system does not let it give up is told by [`close`](Self::close); an error there
    /// where `required`.
    pub fn of_keys(keys: &Path, socket: &Path, required: bool) -> Self {
        let lacks = files::close(keys, socket).err().into_iter().collect();
        Self { required, whose: KEYS, left: Left::ToAnswer, lacks }
    }

    /// For a process that has its connections already and needs no file: none is left to it. To be
    /// called before there is a second thread. What it lacks is told as that of the process of
    /// `whose`.
    pub fn of_connections(whose: &'static str, required: bool) -> Self {
        let lacks = files::close_all().err().into_iter().collect();
        Self { required, whose, left: Left::ToAnswer, lacks }
    }

    /// For a process that starts other programs, to which all that it gives up passes on: these
    /// need files of their own choice.
    pub const fn of_programs(required: bool) -> Self {
        Self { required, whose: KEYS, left: Left::ToStart, lacks: Vec::new() }
    }

    /// Gives the system calls up, in all threads. To be called when the socket is bound.
    ///
    /// Returns a warning in one line where not all could be given up.
    ///
    /// # Errors
    /// Not all could be given up, and that was required.
    pub fn close(mut self) -> Result<Option<String>, NoSandbox> {
        self.lacks.extend(calls::give_up(self.left).err());
        verdict::of(&self.lacks, self.whose, self.required)
    }
}
