//! What becomes of a process that could not give everything up.

use std::fmt;
use thiserror::Error;

/// What the system did not let a process give up, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// Files outside its folders.
    Files(String),
    /// System calls.
    Calls(String),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(why) => write!(
                f,
                "files outside its folder stay open to it, since {why}; expected Landlock (Linux \
                 5.13 or later)"
            ),
            Self::Calls(why) => write!(
                f,
                "system calls that it does not need stay open to it, since {why}; expected seccomp \
                 filters"
            ),
        }
    }
}

/// A process is not as closed as was required.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no full sandbox, which --require-sandbox asks for: {0}")]
pub struct NoSandbox(String);

/// A warning, or an error where the whole was required; nothing where nothing lacks.
pub(super) fn of(lacks: &[Lack], whose: &str, required: bool) -> Result<Option<String>, NoSandbox> {
    if lacks.is_empty() {
        return Ok(None);
    }
    let all: Vec<String> = lacks.iter().map(Lack::to_string).collect();
    let all = all.join("; and ");
    match required {
        true => Err(NoSandbox(all)),
        false => Ok(Some(format!("no full sandbox for the process of {whose}: {all}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_is_a_warning_or_an_error_where_it_is_required() {
        let files = Lack::Files("this kernel has none".into());
        let calls = Lack::Calls("it is refused".into());
        assert_eq!((of(&[], "x", false), of(&[], "x", true)), (Ok(None), Ok(None)));
        let all = [files, calls];
        for some in [&all[..1], &all[1..], &all] {
            let warning = of(some, "the keys", false).unwrap().unwrap();
            let error = of(some, "the keys", true).unwrap_err().to_string();
            for lack in some {
                let lack = lack.to_string();
                assert!(warning.contains(&lack) && error.contains(&lack), "{warning} | {error}");
            }
            assert_eq!((warning.lines().count(), error.lines().count()), (1, 1));
            assert!(error.contains("--require-sandbox") && warning.contains("expected"), "{error}");
            assert!(warning.contains("for the process of the keys: "), "{warning}");
        }
    }
}
