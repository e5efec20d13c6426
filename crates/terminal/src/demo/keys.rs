//! Fresh OpenPGP keys for both sides, each in a security application of its own.

use super::application::Application;
use super::side::Side;
use crate::error::{Error, Result};
use net::Runtime;
use sma::KeyAdministration;
use sma_socket::Client;
use std::sync::Arc;

/// Makes a key for each side, shows each the other's, and pins it.
pub(super) async fn exchange(a: &mut Side, b: &mut Side, runtime: &Arc<dyn Runtime>) -> Result<()> {
    let (of_a, of_b) = tokio::try_join!(Application::start(runtime), Application::start(runtime))?;
    let armored_a = generate(a, &of_a.client).await?;
    let armored_b = generate(b, &of_b.client).await?;
    of_a.client.import(armored_b).await.map_err(refused)?;
    of_b.client.import(armored_a).await.map_err(refused)?;
    pin(a, b);
    pin(b, a);
    a.application = Some(of_a);
    b.application = Some(of_b);
    Ok(())
}

/// Makes a side's key and returns its public part.
async fn generate(side: &mut Side, client: &Client) -> Result<Vec<u8>> {
    let key = client.generate(side.identity.aor.to_owned()).await.map_err(refused)?;
    let fingerprint = key.fingerprint.to_string();
    side.identity.fingerprint = Some(fingerprint.clone());
    for identity in &mut side.security.identities {
        identity.fingerprint = Some(fingerprint.clone());
    }
    let armored = client.export(key.fingerprint).await.map_err(refused)?;
    Ok(armored.into_bytes())
}

/// `side` requires OpenPGP of `other`, and knows its key.
fn pin(side: &mut Side, other: &Side) {
    side.security.require = sst::Requirement::PGP;
    side.security
        .contacts
        .push(sst::Contact { aor: other.identity.aor.to_owned(), require: sst::Requirement::PGP });
    side.security.pins.extend(
        other
            .identity
            .fingerprint
            .clone()
            .map(|fingerprint| sst::Pin::new(other.identity.aor, fingerprint)),
    );
}

fn refused(error: sma::Error) -> Error {
    Error::Agent {
        reason: format!("refuses: {error}"),
        advice: "run it by hand with `countersign-pgp serve` to see why",
    }
}
