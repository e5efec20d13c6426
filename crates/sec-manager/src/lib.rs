//! sec-manager.
