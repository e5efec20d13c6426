//! Via. RFC 3261 §20.42, RFC 3581, RFC 5923 §7.

use crate::Host;
use crate::{Expected, ParseError};
use sip_syntax::class::DIGIT;
use sip_syntax::{Cursor, Param, Params, decimal};

/// One value of Via.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    transport: &'a [u8],
    host: Host<'a>,
    port: Option<u16>,
    params: Params<'a>,
    routing: Routing<'a>,
}

/// The parameters that transactions and responses are routed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Routing<'a> {
    branch: Option<&'a [u8]>,
    received: Option<&'a [u8]>,
    rport: Option<Option<&'a [u8]>>,
}

impl<'a> Routing<'a> {
    /// Notes the first parameter of each name.
    #[inline]
    fn note(&mut self, param: Param<'a>) {
        if self.branch.is_none() && param.is("branch") {
            self.branch = param.value;
        } else if self.rport.is_none() && param.is("rport") {
            self.rport = Some(param.value);
        } else if self.received.is_none() && param.is("received") {
            self.received = param.value;
        }
    }
}

/// What a branch begins with that is unique. RFC 3261 §8.1.1.7.
pub(crate) const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

impl<'a> Via<'a> {
    /// Reads one value and no more.
    ///
    /// # Errors
    /// Where and what was expected; a version other than 2.0.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(value);
        cursor.skip_white();
        let via = Self::read(&mut cursor)?;
        cursor.end()?;
        Ok(via)
    }

    /// Reads the first of a row's values; also yields how many octets it has.
    pub(crate) fn read_first(row: &'a [u8]) -> Result<(Self, usize), ParseError> {
        let mut cursor = Cursor::new(row);
        let via = Self::read(&mut cursor)?;
        Ok((via, cursor.at()))
    }

    #[inline]
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let transport = read_protocol(cursor)?;
        cursor.white()?;
        let host = Host::read(cursor)?;
        let port = read_port(cursor)?;
        let mut routing = Routing::default();
        let params = Params::read_each(cursor, |param| routing.note(param))?;
        Ok(Self { transport, host, port, params, routing })
    }

    /// The transport as it stands, for example `UDP`.
    pub const fn transport(&self) -> &'a [u8] {
        self.transport
    }

    /// The host of sent-by.
    pub const fn host(&self) -> Host<'a> {
        self.host
    }

    /// The port of sent-by, where one is written.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// All parameters.
    pub const fn params(&self) -> Params<'a> {
        self.params
    }

    /// The `branch` parameter.
    pub const fn branch(&self) -> Option<&'a [u8]> {
        self.routing.branch
    }

    /// Whether the branch identifies a transaction by itself: more than the magic cookie that
    /// RFC 3261 §8.1.1.7 asks for stands in it.
    pub fn has_unique_branch(&self) -> bool {
        self.branch()
            .and_then(|branch| branch.strip_prefix(MAGIC_COOKIE))
            .is_some_and(|rest| !rest.is_empty())
    }

    /// The `received` parameter.
    pub const fn received(&self) -> Option<&'a [u8]> {
        self.routing.received
    }

    /// The `rport` parameter: `Some(None)` where it asks, `Some(Some(port))` where it answers.
    /// What is no port counts as absent. RFC 3581 §3.
    pub fn rport(&self) -> Option<Option<u16>> {
        match self.routing.rport? {
            None => Some(None),
            Some(digits) => u16::try_from(decimal(digits)?).ok().map(Some),
        }
    }

    /// Whether there is an `alias` parameter: who sent the request takes others over its connection,
    /// as those that go to sent-by. RFC 5923 §7, §8.2. Anybody can write it.
    pub fn has_alias(&self) -> bool {
        self.params.get("alias").is_some()
    }

    /// Whether both sent-by are the same: host in any case, and port. RFC 3261 §17.2.3.
    pub fn same_sent_by(&self, other: &Via<'_>) -> bool {
        self.host.matches(&other.host) && self.port == other.port
    }
}

/// `protocol-name SLASH "2.0" SLASH transport`.
#[inline]
fn read_protocol<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], ParseError> {
    if cursor.rest().starts_with(b"SIP/2.0/") {
        cursor.take(8);
        return cursor.token();
    }
    let error = cursor.error(Expected::SentProtocol);
    cursor.token().map_err(|_| error)?;
    cursor.separator(b'/').map_err(|_| error)?;
    let version = cursor.token().map_err(|_| error)?;
    cursor.separator(b'/').map_err(|_| error)?;
    if version != b"2.0" {
        return Err(error);
    }
    cursor.token().map_err(|_| error)
}

/// `[ COLON port ]`, white space allowed around the colon.
#[inline]
fn read_port(cursor: &mut Cursor<'_>) -> Result<Option<u16>, ParseError> {
    if !cursor.eat_separator(b':') {
        return Ok(None);
    }
    let error = cursor.error(Expected::Port);
    let digits = cursor.some(DIGIT, Expected::Port)?;
    match decimal(digits).map(u16::try_from) {
        Some(Ok(port)) => Ok(Some(port)),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::Via;

    #[test]
    fn an_alias_is_a_parameter_of_its_own() {
        for (params, is_there) in [
            (";alias", true),
            (";branch=z9hG4bKa;ALIAS;rport", true),
            (";branch=alias", false),
            (";aliased;x=\";alias\"", false),
            ("", false),
        ] {
            let value = format!("SIP/2.0/TLS 192.0.2.1:5061{params}");
            assert_eq!(Via::parse(value.as_bytes()).unwrap().has_alias(), is_there, "{params}");
        }
    }
}
