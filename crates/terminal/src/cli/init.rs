//! `init`: the first configuration.

use super::args::{Global, Init};
use super::global::program;
use super::json::Object;
use super::output::Output;
use crate::config::{self, Address, NewAccount, Require, SipAor, default_path, escaped, write_new};
use crate::error::{Error, Result};
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// Writes the configuration and says what to do next.
pub(super) fn run(global: &Global, init: Init, out: Output) -> Result<()> {
    let aor = address(&init)?;
    let account = account(&init)?;
    let folder = match &init.folder {
        Some(folder) => folder.clone(),
        None => default_path()?.parent().map(PathBuf::from).unwrap_or_default(),
    };
    let has_account = account.is_some();
    let written = write_new(
        &folder,
        &config::Init {
            bind: binds(global, &aor, has_account),
            aor,
            contacts: init.contact,
            account,
            require: init.require,
        },
    )?;
    let line = format!("wrote {}", written.display());
    out.say(&line, Object::Written { config: &written })?;
    let program = program(init.folder.is_some().then_some(&*written));
    let steps = next(init.require, has_account);
    steps
        .iter()
        .zip(["next", "then"])
        .try_for_each(|(step, when)| out.line(&format!("{when}: {program} {step}")))
}

/// What a person does with a new configuration, at most two steps.
fn next(require: Require, has_account: bool) -> &'static [&'static str] {
    match (require, has_account) {
        (Require::Pgp, true) => &["keys generate", "register"],
        (Require::Pgp, false) => &["keys generate"],
        (_, true) => &["register", "call NUMBER"],
        (_, false) => &["listen"],
    }
}

/// Where the terminal is to be reached, where it is said: the port of its own address is one that
/// peers call. That of an account's is the registrar's.
fn binds(global: &Global, aor: &SipAor, has_account: bool) -> Vec<Address> {
    match aor.port().filter(|_| global.bind.is_empty() && !has_account) {
        Some(port) => {
            let all = (Ipv4Addr::UNSPECIFIED, port).into();
            vec![Address::udp(all), Address::tcp(all)]
        }
        None => global.bind.clone(),
    }
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

/// The address that is named, or that the account has at its registrar.
///
/// # Errors
/// The account's user is no user part of an address.
fn address(init: &Init) -> Result<SipAor> {
    if let Some(aor) = &init.aor {
        return Ok(aor.clone());
    }
    let (Some(registrar), Some(user)) = (&init.registrar, &init.user) else {
        return Err(Error::Usage(
            "say who this terminal is: --aor sip:alice@example.org".to_owned(),
        ));
    };
    let (host, at) = (registrar.host(), format!("sip:{}@", escaped(user)));
    format!("sip:{user}@{host}").parse().map_err(|_| {
        Error::Usage(format!(
            "`{user}` does not stand in an address as it is; say with --aor which one the account \
             has, for example --aor {at}{host}"
        ))
    })
}
