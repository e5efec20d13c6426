//! The objects for whom `watch` watches.

use serde::Serialize;

/// A means of reaching somebody.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Means<'a> {
    pub(in crate::cli) entity: String,
    pub(in crate::cli) id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) open: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) contact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) priority: Option<f64>,
    pub(in crate::cli) notes: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) timestamp: Option<&'a str>,
}

/// A call of somebody's.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Watched<'a> {
    pub(in crate::cli) id: &'a str,
    pub(in crate::cli) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) direction: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) local: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) remote: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) local_tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) remote_tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) duration: Option<u64>,
}

/// Where somebody is registered.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Binding<'a> {
    pub(in crate::cli) aor: String,
    pub(in crate::cli) id: &'a str,
    pub(in crate::cli) contact: String,
    pub(in crate::cli) active: bool,
    pub(in crate::cli) cause: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) priority: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) expires: Option<u64>,
}
