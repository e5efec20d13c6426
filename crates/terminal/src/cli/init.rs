//! `init`: the first configuration.

use super::args::{Global, Init};
use super::output::Output;
use crate::config::{self, default_path, write_new};
use crate::error::{Error, Result};
use serde_json::json;
use std::path::PathBuf;

/// Writes the configuration and says what to do next.
pub(super) fn run(global: &Global, init: Init, out: Output) -> Result<()> {
    if global.config.is_some() {
        return Err(Error::Usage("init takes a folder, not --config".to_owned()));
    }
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
    out.say(&line, json!({ "event": "written", "config": written }))?;
    #[cfg(feature = "pgp")]
    out.line(&format!("next: countersign --config {} keys generate", written.display()))?;
    Ok(())
}
