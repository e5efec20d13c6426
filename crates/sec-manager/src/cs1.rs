//! The canonical form CS1 and its octets.
