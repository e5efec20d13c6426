//! What agents want of whoever runs the calls.

/// What happened at the desk; a call is named as events name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// An agent has come for this call, which waited for one.
    Seated(String),
    /// None has come for it in time.
    Unattended(String),
    /// The agent of this call wants something: an object, which nobody has read.
    Command {
        /// The call.
        call: String,
        /// The object.
        object: Vec<u8>,
    },
    /// The agent of this call is gone.
    Left(String),
    /// All are gone, and none will come.
    Closed,
}
