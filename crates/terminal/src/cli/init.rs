//! `init`: the first configuration.

use super::args::{Global, Init};
use super::output::Output;
use crate::config::{self, NewAccount, SipAor, default_path, write_new};
use crate::error::{Error, Result};
use serde_json::json;
use std::path::PathBuf;

/// Writes the configuration and says what to do next.
pub(super) fn run(global: &Global, init: Init, out: Output) -> Result<()> {
    if global.config.is_some() {
        return Err(Error::Usage("init takes a folder, not --config".to_owned()));
    }
    let account = account(&init)?;
    let Some(aor) = init.aor.clone().or_else(|| address(&init)) else {
        return Err(Error::Usage(
            "say who this terminal is: --aor sip:alice@example.org".to_owned(),
        ));
    };
    let folder = match &init.folder {
        Some(folder) => folder.clone(),
        None => default_path()?.parent().map(PathBuf::from).unwrap_or_default(),
    };
    let written = write_new(
        &folder,
        &config::Init {
            aor,
            bind: global.bind.clone(),
            contacts: init.contact,
            account,
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

/// The account that the arguments say.
///
/// # Errors
/// The password's file cannot be read, or others may read it.
fn account(init: &Init) -> Result<Option<NewAccount>> {
    let (Some(registrar), Some(user)) = (&init.registrar, &init.user) else {
        return Ok(None);
    };
    let absolute = |file: &PathBuf| {
        #[cfg(feature = "digest")]
        config::read_secret(file)?;
        std::path::absolute(file).map_err(|error| Error::read(file, error))
    };
    let password_file = init.password_file.as_ref().map(absolute).transpose()?;
    Ok(Some(NewAccount { registrar: registrar.clone(), user: user.clone(), password_file }))
}

/// The address that the account has at its registrar.
fn address(init: &Init) -> Option<SipAor> {
    let (registrar, user) = (init.registrar.as_ref()?, init.user.as_ref()?);
    format!("sip:{user}@{}", registrar.host()).parse().ok()
}
