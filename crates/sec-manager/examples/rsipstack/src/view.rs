//! rsipstack's messages as SSA sees them. What the manager judges is what rsipstack read.

use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Request, Response, Uri};
use rsipstack::transport::SipConnection;
use ssa::{Arrival, CallRef, Certified, FlowId, InDialog, Party, Transport};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

/// A message, read once.
pub struct View<'a> {
    method: String,
    uri: String,
    call_id: &'a str,
    cseq: u32,
    from: Side,
    to: Side,
    branch: String,
    fields: Fields<'a>,
    body: &'a [u8],
    octets: usize,
}

struct Side {
    uri: String,
    tag: Option<String>,
}

struct Fields<'a>(&'a rsipstack::sip::Headers);

impl ssa::Headers for Fields<'_> {
    /// rsipstack has given fields in their compact form the long name.
    fn value(&self, name: &str, nth: usize) -> Option<&[u8]> {
        let named = self.0.iter().filter(|field| field.name().eq_ignore_ascii_case(name));
        named.map(|field| field.value().as_bytes()).nth(nth)
    }
}

impl<'a> View<'a> {
    /// # Errors
    /// rsipstack cannot read a field that every message has.
    pub fn of_request(request: &'a Request) -> rsipstack::Result<Self> {
        let octets = request.to_bytes().len();
        let (method, uri) = (request.method.to_string(), request.uri.to_string());
        Self::read(request, method, uri, &request.body, octets)
    }

    /// # Errors
    /// The same.
    pub fn of_response(response: &'a Response) -> rsipstack::Result<Self> {
        let method = response.cseq_header()?.method()?.to_string();
        let octets = response.to_bytes().len();
        Self::read(response, method, String::new(), &response.body, octets)
    }

    fn read(
        message: &'a impl HeadersExt, method: String, uri: String, body: &'a [u8], octets: usize,
    ) -> rsipstack::Result<Self> {
        let (from, to) = (message.from_header()?.typed()?, message.to_header()?.typed()?);
        let side = |uri: &Uri, tag: Option<String>| Side { uri: uri.to_string(), tag };
        let via = message.top_via_header()?.typed()?;
        Ok(Self {
            method,
            uri,
            call_id: message.call_id_header()?.value(),
            cseq: message.cseq_header()?.seq()?,
            from: side(&from.uri, from.tag().map(ToString::to_string)),
            to: side(&to.uri, to.tag().map(ToString::to_string)),
            branch: via.branch().map(ToString::to_string).unwrap_or_default(),
            fields: Fields(message.headers()),
            body,
            octets,
        })
    }

    pub fn request(&self) -> ssa::Request<'_> {
        ssa::Request {
            method: &self.method,
            uri: self.uri.as_bytes(),
            call_id: self.call_id.as_bytes(),
            cseq: self.cseq,
            from: self.from.party(),
            to: self.to.party(),
            headers: &self.fields,
            body: self.body,
        }
    }

    pub fn response(&self, status: u16) -> ssa::Response<'_> {
        ssa::Response {
            status,
            method: &self.method,
            call_id: self.call_id.as_bytes(),
            cseq: self.cseq,
            from: self.from.party(),
            to: self.to.party(),
            headers: &self.fields,
            body: self.body,
        }
    }

    /// How the message came in; `held` is whether its dialog is known here.
    ///
    /// # Errors
    /// It came over no TCP connection.
    pub fn arrival(
        &self, connection: &SipConnection, names: &Names, held: bool,
    ) -> rsipstack::Result<Arrival<'_>> {
        let source = remote(connection)?;
        Ok(Arrival {
            source,
            transport: Transport::Tcp,
            flow: FlowId(names.0.hash_one(source)),
            branch: self.branch.as_bytes(),
            octets: self.octets,
            in_dialog: if held { InDialog::FromPeer } else { InDialog::No },
            certified: Certified::Nobody,
        })
    }

    /// Within a dialog To has a tag.
    pub fn is_in_a_dialog(&self) -> bool {
        self.to.tag.is_some()
    }
}

impl Side {
    fn party(&self) -> Party<'_> {
        Party { uri: self.uri.as_bytes(), tag: self.tag.as_deref().map(str::as_bytes) }
    }
}

/// The other end of a TCP connection.
///
/// # Errors
/// It is something else.
fn remote(connection: &SipConnection) -> rsipstack::Result<SocketAddr> {
    let tcp = matches!(connection, SipConnection::Tcp(_)).then_some(connection);
    let remote = tcp.and_then(SipConnection::get_remote_addr);
    remote.ok_or_else(|| rsipstack::Error::Error("not TCP".to_owned()))?.get_socketaddr()
}

/// A keyed hash, of a random key.
#[derive(Default)]
pub struct Names(RandomState);

impl Names {
    /// A call's name towards the manager. The caller alone hangs up here; where both may, the From
    /// tag is that of the dialog's first INVITE.
    pub fn call(&self, view: &View<'_>) -> CallRef {
        CallRef(self.0.hash_one((view.call_id, &view.from.tag)))
    }

    /// The To tag of a response that nothing is kept of: the same to the same request.
    pub fn to_tag(&self, view: &View<'_>) -> String {
        format!("{:016x}", self.0.hash_one(&view.branch))
    }
}
