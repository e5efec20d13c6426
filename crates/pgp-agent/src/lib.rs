//! pgp-agent.
