//! What a message may cost: every limit of the message layer, as an argument.

/// Limits that the parser, the framer and the validator hold a message to.
///
/// The defaults are the limits of docs/promises.md; a program may set its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a datagram, or of a WebSocket message. A head never exceeds 65 535 octets, whatever is set here.
    pub datagram: usize,
    /// Octets of a head (start line, header fields, empty line) on a stream.
    pub head: usize,
    /// Octets of a body on a stream.
    pub body: usize,
    /// Octets of a Request-URI.
    pub uri: usize,
    /// Header fields that are kept; at most 254.
    pub fields: usize,
    /// Octets of one field's value.
    pub value: usize,
    /// Parameters of one value.
    pub params: usize,
    /// Via values.
    pub vias: usize,
    /// Route values, and Record-Route values.
    pub routes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            datagram: 65_535,
            head: 16 * 1024,
            body: 64 * 1024,
            uri: 8 * 1024,
            fields: 128,
            value: 8 * 1024,
            params: 64,
            vias: 70,
            routes: 32,
        }
    }
}
