//! `[journal]`: where the security manager's decisions are written down.

use serde::Deserialize;
use std::path::PathBuf;

/// `[journal]`. Without it, or without a file, nothing is written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Journal {
    /// The file.
    pub file: Option<PathBuf>,
    /// MiB after which it becomes `FILE.1`; at least 1.
    #[serde(deserialize_with = "at_least_one")]
    pub mib: u32,
    /// How many earlier files are kept.
    pub keep: u8,
}

impl Default for Journal {
    fn default() -> Self {
        Self { file: None, mib: 10, keep: 4 }
    }
}

fn at_least_one<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let mib = u32::deserialize(from)?;
    let none = || serde::de::Error::custom("a journal's file has at least 1 MiB");
    if mib == 0 { Err(none()) } else { Ok(mib) }
}
