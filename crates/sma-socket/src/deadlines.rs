//! How long the client waits.

use crate::frame::Question;
use std::time::Duration;

/// How long the client waits for an answer before it is [`sma::Error::Deadline`].
///
/// They bound the wait of whoever asks; a security manager may end it earlier by dropping the
/// future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For `sign`: 5 s.
    pub sign: Duration,
    /// For `verify`, `encrypt`, `decrypt` and `identities`: 2 s.
    pub verify: Duration,
    /// For `generate`, `import` and `export`: 10 s.
    pub administration: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            sign: Duration::from_secs(5),
            verify: Duration::from_secs(2),
            administration: Duration::from_secs(10),
        }
    }
}

impl Deadlines {
    /// For an application that asks a person before it signs or makes a key: 60 s.
    pub fn attended() -> Self {
        Self {
            sign: Duration::from_secs(60),
            administration: Duration::from_secs(60),
            ..Self::default()
        }
    }

    pub(crate) fn of(&self, question: &Question) -> Duration {
        match question {
            Question::Sign(_) => self.sign,
            Question::Identities
            | Question::Verify(_)
            | Question::Encrypt { .. }
            | Question::Decrypt { .. } => self.verify,
            Question::Generate(_) | Question::Import(_) | Question::Export(_) => {
                self.administration
            }
        }
    }
}
