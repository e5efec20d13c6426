//! What a check finds.

use super::answer::{Answer, Outcome};
use super::line::Silence;

/// Whether a server does what is expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It does.
    Pass,
    /// It does not.
    Fail,
    /// Either is allowed: it is only told what it does.
    Told,
    /// It has nothing of what the check is about.
    NotApplicable,
}

impl Verdict {
    /// The word, for people and for programs.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Told => "told",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// A verdict, and what it was found by.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) verdict: Verdict,
    /// What came, in words.
    pub(super) came: String,
}

impl Found {
    pub(super) fn pass(came: impl Into<String>) -> Self {
        Self { verdict: Verdict::Pass, came: came.into() }
    }

    pub(super) fn fail(came: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, came: came.into() }
    }

    pub(super) fn told(came: impl Into<String>) -> Self {
        Self { verdict: Verdict::Told, came: came.into() }
    }

    pub(super) fn not_applicable(came: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotApplicable, came: came.into() }
    }

    /// Of an answer to credentials that a server may accept or refuse.
    pub(super) fn either(answer: &Answer) -> Self {
        match answer.outcome() {
            Outcome::Accepted | Outcome::Refused => Self::told(answer.words()),
            Outcome::Failed => Self::fail(answer.words()),
        }
    }

    /// Of an answer to credentials that are to be accepted.
    pub(super) fn accepted(answer: &Answer) -> Self {
        match answer.outcome() {
            Outcome::Accepted => Self::pass(answer.words()),
            Outcome::Refused | Outcome::Failed => Self::fail(answer.words()),
        }
    }

    /// Of an answer to credentials that are to be refused.
    pub(super) fn refused(answer: &Answer) -> Self {
        match answer.outcome() {
            Outcome::Refused => Self::pass(answer.words()),
            Outcome::Accepted | Outcome::Failed => Self::fail(answer.words()),
        }
    }
}

/// Why a check comes to no verdict of its own.
#[derive(Debug)]
pub(super) enum Stop {
    /// No answer came: no server may leave a request without one.
    Silence(Silence),
    /// The server has nothing of what the check is about.
    Absent(&'static str),
}

impl From<Silence> for Stop {
    fn from(silence: Silence) -> Self {
        Self::Silence(silence)
    }
}
