//! The real thing: UDP and TCP on tokio.
