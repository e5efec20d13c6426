//! How verdicts, and what they are about, stand in objects.

use serde_json::{Map, Value, json};

/// A verdict and, where there is a fault, the status that it is owed, what it is, and at which byte.
pub(super) fn words(verdict: &str, fault: Option<(u16, &str, usize)>) -> Map<String, Value> {
    let (status, reason, at) = match fault {
        Some((status, reason, at)) => (Some(status), Some(reason), Some(at)),
        None => (None, None, None),
    };
    let mut object = Map::new();
    object.insert("verdict".to_owned(), json!(verdict));
    object.insert("status".to_owned(), json!(status));
    object.insert("reason".to_owned(), json!(reason));
    object.insert("at".to_owned(), json!(at));
    object
}

/// Octets as text; what is not UTF-8 is shown as U+FFFD.
pub(super) fn text(octets: &[u8]) -> Value {
    json!(String::from_utf8_lossy(octets))
}
