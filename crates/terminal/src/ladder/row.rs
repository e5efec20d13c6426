//! What a diagram is made of: columns, and rows between them.

use crate::record::Lifeline;
use std::time::Duration;

/// A vertical line of the diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Whose it is; the network between two terminals is nobody's.
    pub terminal: Option<String>,
    /// What it is.
    pub lifeline: Lifeline,
}

/// What an arrow stands for; a colour in SVG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hue {
    /// SSA: SIP manager and security manager.
    Ssa,
    /// SST: telephony application and security manager.
    Sst,
    /// SSM: media controller and security manager.
    Ssm,
    /// SMA: security application and security manager.
    Sma,
    /// The telephony application and its managers.
    Application,
    /// A SIP message on the wire.
    Sip,
    /// Media on the wire.
    Media,
}

/// A horizontal line of the diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A signal or message.
    Arrow {
        /// Time since the record began.
        at: Duration,
        /// The column that it leaves.
        from: usize,
        /// The column that it reaches.
        to: usize,
        /// Its name.
        label: String,
        /// What it carries.
        detail: String,
        /// What it stands for.
        hue: Hue,
    },
    /// A state of the machine.
    Note {
        /// Time since the record began.
        at: Duration,
        /// The column that it is about.
        column: usize,
        /// The state.
        label: String,
        /// Why it was entered.
        detail: String,
    },
}

impl Row {
    /// The columns that an arrow leaves and reaches; `None` for a note.
    pub(super) const fn ends(&self) -> Option<(usize, usize)> {
        match self {
            Self::Arrow { from, to, .. } => Some((*from, *to)),
            Self::Note { .. } => None,
        }
    }
}
