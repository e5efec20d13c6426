//! `init`: the first configuration.

use super::args::{Global, Init};
use super::json::Object;
use super::output::Output;
use crate::config::{self, default_path, write_new};
use crate::error::Result;
use std::path::PathBuf;

/// Writes the configuration and says what to do next.
pub(super) fn run(global: &Global, init: Init, out: Output) -> Result<()> {
    let folder = match &init.folder {
        Some(folder) => folder.clone(),
        None => default_path()?.parent().map(PathBuf::from).unwrap_or_default(),
    };
    let written = write_new(
        &folder,
        &config::Init {
            aor: init.aor,
            bind: global.bind.clone(),
            contacts: init.contact,
            #[cfg(feature = "digest")]
            require: init.require,
            #[cfg(not(feature = "digest"))]
            require: config::Require::Nothing,
        },
    )?;
    let line = format!("wrote {}", written.display());
    out.say(&line, Object::Written { config: &written })?;
    #[cfg(feature = "pgp")]
    out.line(&format!("next: countersign --config {} keys generate", written.display()))?;
    Ok(())
}
