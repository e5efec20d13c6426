//! The system's network, with what the configuration says of it.

#[cfg(feature = "digest")]
use crate::assembly::{SystemClock, SystemEntropy};
use crate::config::Config;
use crate::error::Result;
#[cfg(feature = "digest")]
use crate::file;
use net::Network;
use net::tokio::TokioNetwork;
#[cfg(any(feature = "digest", feature = "ws"))]
use net::tokio::TokioRuntime;
use std::sync::Arc;
use tokio::runtime::Handle;

/// The system's network, with TLS and WebSockets where they are linked.
///
/// # Errors
/// A file that `[tls]` names cannot be used.
pub(super) async fn network(config: &Config) -> Result<Arc<dyn Network>> {
    let network = secured(config).await?;
    #[cfg(feature = "ws")]
    let network = {
        let runtime = Arc::new(TokioRuntime::new(Handle::current()));
        crate::assembly::websockets(network, runtime, config)
    };
    Ok(Arc::new(network))
}

#[cfg(feature = "digest")]
async fn secured(config: &Config) -> Result<TokioNetwork> {
    let handle = Handle::current();
    let runtime = Arc::new(TokioRuntime::new(handle.clone()));
    let config = config.clone();
    let tls = file::apart("a file that [tls] names", move || {
        crate::assembly::tls(&config, runtime, Arc::new(SystemClock), Arc::new(SystemEntropy))
    })
    .await?;
    Ok(TokioNetwork::new(handle).with_tls(tls))
}

#[cfg(not(feature = "digest"))]
async fn secured(_: &Config) -> Result<TokioNetwork> {
    Ok(TokioNetwork::new(Handle::current()))
}
