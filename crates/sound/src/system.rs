//! The seam to whatever has devices: who they are, and how one is opened.

use crate::{Port, Unusable};
use std::fmt;

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Sound comes from it.
    Microphone,
    /// Sound goes to it.
    Loudspeaker,
}

impl Way {
    /// Its name: `microphone` or `loudspeaker`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Microphone => "microphone",
            Self::Loudspeaker => "loudspeaker",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a device works in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Samples a second, of each channel: a multiple of 50, 4 000 to 384 000.
    pub rate: u32,
    /// Channels. Those of a microphone are mixed, all of a loudspeaker say the same.
    pub channels: u16,
}

/// A device in the list of them.
#[derive(Debug)]
#[non_exhaustive]
pub struct Device {
    /// What chooses it, now and later.
    pub name: String,
    /// What people call it.
    pub description: String,
    /// Whether it is taken where none is named.
    pub is_default: bool,
    /// What it would be opened in, or why it cannot be.
    pub format: Result<Format, Unusable>,
}

impl Device {
    /// A device that is in the list.
    pub const fn new(
        name: String, description: String, is_default: bool, format: Result<Format, Unusable>,
    ) -> Self {
        Self { name, description, is_default, format }
    }
}

/// A device that is open. Dropping it closes it: its [`Port`] is not used any more then.
pub trait Stream {
    /// The device's name.
    fn name(&self) -> &str;
}

/// Whatever has devices. All of it may take its time, and is asked on threads that may wait.
pub trait System: Send + Sync {
    /// The devices, the default one first.
    ///
    /// # Errors
    /// There are none.
    fn list(&self, way: Way) -> Result<Vec<Device>, Unusable>;

    /// What a device would be opened in: of this name, or the default one.
    ///
    /// # Errors
    /// It cannot be used.
    fn probe(&self, way: Way, name: Option<&str>) -> Result<Format, Unusable>;

    /// Opens a device and has it run: it calls [`Port::begins`] first, and then whenever it has or wants
    /// sound [`Port::heard`] or [`Port::says`]; and [`Port::lost`] where it can do so no more.
    ///
    /// # Errors
    /// It cannot be used.
    fn open(&self, way: Way, name: Option<&str>, port: Port) -> Result<Box<dyn Stream>, Unusable>;
}
