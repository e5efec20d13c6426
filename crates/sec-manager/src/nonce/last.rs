//! The nonce that verified last: it is not hashed again. Whoever counts on a nonce brings it with each
//! of its requests, and hashing is most of what an answer costs.

use super::seal::{BOUND, Binding, Opened};
use crate::remembered::Remembered;
use crate::secret::same;

/// The nonce, and all that it is bound to.
#[derive(Default)]
pub(super) struct Last {
    binding: Remembered<BOUND>,
    text: Vec<u8>,
    opened: Option<Opened>,
}

impl Last {
    /// The nonce, where it is this one under this binding. Of the nonce, no more is told by the time
    /// that this takes than whether it is.
    pub(super) fn opened(&self, text: &[u8], binding: &Binding<'_>) -> Option<Opened> {
        self.opened.filter(|_| self.binding.is(&binding.items()) && same(&self.text, text))
    }

    /// Keeps a nonce that verified.
    pub(super) fn keep(&mut self, text: &[u8], binding: &Binding<'_>, opened: Opened) {
        self.binding.keep(&binding.items());
        self.text.clear();
        self.text.extend_from_slice(text);
        self.opened = Some(opened);
    }
}
