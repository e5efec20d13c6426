//! Records by which a domain says where its services are.

/// Where a service is: a host and a port. RFC 2782.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// The lowest is tried first.
    pub priority: u16,
    /// Its share among those of the same priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host, without the dot of the root behind it; empty: there is no such service.
    pub target: String,
}

/// Which services a domain has, and by which name to ask where they are. RFC 3403 §4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// The lowest counts.
    pub order: u16,
    /// The lowest of the same order comes first.
    pub preference: u16,
    /// What the replacement is: `s` for the owner of SRV records.
    pub flags: String,
    /// The service and how it is reached.
    pub services: String,
    /// The expression that makes the next name of what is looked up; empty where the replacement
    /// is it.
    pub regexp: String,
    /// The next name, without the dot of the root behind it.
    pub replacement: String,
}
