//! RFC 3156 bodies and the MIME entity inside them.
