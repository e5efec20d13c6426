//! SDES keys in an SDP body. RFC 4568.
