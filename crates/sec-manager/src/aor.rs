//! Canonical addresses of record.
