//! The security manager over this program's clocks, randomness and passwords.

use crate::Arguments;
use crate::system::System;
use sec_manager::{Digest, Pgp, SecurityManager};
use sst::{
    Account, Algorithm, Configuration, HopPolicy, Identity, Password, Pin, Requirement,
    TelephonySecurity as _, User,
};
use std::sync::Arc;

/// A manager that requires one proof of whoever calls, and gives it where it is asked for.
///
/// # Errors
/// What is missing or wrong, in words.
pub fn build(arguments: &Arguments) -> Result<Arc<SecurityManager>, String> {
    let mut builder = SecurityManager::builder(Arc::new(System)).digest(Digest);
    let mut configuration = configuration(arguments)?;
    if let Some(socket) = arguments.optional("socket") {
        let application = Arc::new(sma_socket::Client::new(socket));
        builder = builder.pgp(Pgp::new(application));
    } else {
        passwords(arguments, &mut configuration)?;
    }
    let manager = builder.build().map_err(|why| why.to_string())?;
    manager.configure(&configuration);
    Ok(manager)
}

fn configuration(arguments: &Arguments) -> Result<Configuration, String> {
    let (aor, peer) = (arguments.get("own")?.to_owned(), arguments.get("peer")?.to_owned());
    let own_key = arguments.optional("key").map(str::to_owned);
    let pin = |fingerprint: &str| Pin::new(peer, fingerprint);
    Ok(Configuration {
        identities: vec![Identity { aor: aor.clone(), fingerprint: own_key }],
        pins: arguments.optional("peer-key").map(pin).into_iter().collect(),
        require: requirement(arguments),
        realm: host(&aor).to_owned(),
        ..Configuration::default()
    })
}

/// PGP where there is a security application, else Digest.
pub fn requirement(arguments: &Arguments) -> Requirement {
    match arguments.optional("socket") {
        Some(_) => Requirement::PGP,
        None => Requirement::DIGEST,
    }
}

/// The one user: we give the password to the peer, and take it from whoever calls.
fn passwords(arguments: &Arguments, configuration: &mut Configuration) -> Result<(), String> {
    let (user, file) = (arguments.get("user")?.to_owned(), arguments.get("password-file")?);
    let octets = std::fs::read(file).map_err(|why| format!("{file}: {why}"))?;
    let secret = || Password::new(octets.trim_ascii_end().to_vec()).into();
    if let Some(at) = arguments.optional("at") {
        let at = at.parse().map_err(|_| format!("{at} is no address and port"))?;
        configuration.accounts.push(Account {
            aor: arguments.get("own")?.to_owned(),
            realm: host(arguments.get("peer")?).to_owned(),
            user: user.clone(),
            secret: Some(secret()),
            hop: HopPolicy::Tcp(vec![at]),
            floor: Algorithm::Sha256,
            dtls: None,
            sdes: None,
            require: Requirement::NOTHING,
        });
    }
    configuration.users.push(User { name: user, secret: secret() });
    Ok(())
}

/// The host of an AOR.
fn host(aor: &str) -> &str {
    let host = aor.rsplit('@').next().unwrap_or(aor);
    host.split(':').next().unwrap_or(host)
}
