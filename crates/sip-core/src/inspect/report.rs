//! What became of a piece of input.

use super::components::Components;
use crate::{ParseError, StatusCode, Verdict};

/// What became of a piece of input.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The verdict; offsets count from the start of the input.
    pub verdict: Verdict,
    /// What it is made of, as far as it could be taken apart.
    pub components: Components,
}

impl Report {
    /// What reading a piece came to.
    pub(super) fn of(read: Result<Components, ParseError>) -> Self {
        match read {
            Ok(components) => Self { verdict: Verdict::Valid, components },
            Err(error) => {
                let status = StatusCode::BAD_REQUEST;
                let (reason, at) = (error.expected.as_str(), error.at);
                let verdict = Verdict::Invalid { status, reason, at };
                Self { verdict, components: Components::default() }
            }
        }
    }
}
