//! The seam between rsipstack and SSA: what comes in, and what goes out.

use crate::view::{Names, View};
use async_trait::async_trait;
use rsipstack::sip::headers::make_header;
use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{
    ContentLength, ContentType, Header, Method, Param, Request, Response, SipMessage, StatusCode,
    Version,
};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::endpoint::{EndpointInnerRef, TransportEventInspector};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::make_via_branch;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use ssa::{
    Answer, Arrival, Authorized, Body, BodyVerdict, CallRef, Direction, Field, Incoming, Plan,
    Received, Refusal, Required, SipSecurity, Transport, Why,
};
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};

/// What the parts share.
pub struct Stack {
    pub security: Arc<dyn SipSecurity>,
    pub names: Names,
    /// Calls that are up.
    pub held: Mutex<HashSet<CallRef>>,
    /// Requests that have to be authenticated before they are served.
    owing: Mutex<HashSet<TransactionKey>>,
}

/// Why an exchange came to nothing.
#[derive(Debug)]
pub enum Failure {
    Sip(rsipstack::Error),
    Security(Why),
    Refused(u16),
    Media(ssm::Refused),
    /// The manager was asked and did not answer within its bound.
    Unanswered,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sip(why) => write!(f, "{why}"),
            Self::Security(why) => write!(f, "{why}"),
            Self::Refused(status) => write!(f, "refused with {status}"),
            Self::Media(why) => write!(f, "{why}"),
            Self::Unanswered => f.write_str("no answer in time"),
        }
    }
}

impl From<rsipstack::Error> for Failure {
    fn from(error: rsipstack::Error) -> Self {
        Self::Sip(error)
    }
}

impl From<rsipstack::sip::Error> for Failure {
    fn from(error: rsipstack::sip::Error) -> Self {
        Self::Sip(error.into())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Sip(error.into())
    }
}

impl From<ssm::Refused> for Failure {
    fn from(refused: ssm::Refused) -> Self {
        Self::Media(refused)
    }
}

/// Waits for an answer as long as it may take.
///
/// # Errors
/// None in time is a refusal.
pub async fn answered<T>(answer: Answer<T>) -> Result<T, Failure> {
    match answer {
        Answer::Ready(answer) => Ok(answer),
        Answer::Pending { within, future } => {
            tokio::time::timeout(within, future).await.map_err(|_| Failure::Unanswered)
        }
    }
}

impl Stack {
    pub fn new(security: Arc<dyn SipSecurity>) -> Self {
        Self { security, names: Names::default(), held: Mutex::default(), owing: Mutex::default() }
    }

    /// Whether a request's dialog is one of ours.
    pub fn holds(&self, view: &View<'_>) -> bool {
        let call = self.names.call(view);
        view.is_in_a_dialog() && self.held.lock().is_ok_and(|held| held.contains(&call))
    }

    /// Whether a request that the gate let through has to be authenticated.
    pub fn owes(&self, key: &TransactionKey) -> bool {
        self.owing.lock().is_ok_and(|mut owing| owing.remove(key))
    }
}

/// Stands before rsipstack's transactions: who is challenged costs neither one nor anything else.
///
/// Over TCP nothing is retransmitted. Over UDP, let what matches a transaction pass unasked.
pub struct Gate(pub Arc<Stack>);

#[async_trait]
impl TransportEventInspector for Gate {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        let TransportEvent::Incoming(SipMessage::Request(request), connection, from) = &event
        else {
            return Some(event);
        };
        if matches!(request.method, Method::Ack | Method::Cancel) {
            return Some(event);
        }
        match self.refusal(request, connection).ok()? {
            None => Some(event),
            Some(response) => {
                let _ = connection.send(response.into(), Some(from)).await;
                None
            }
        }
    }
}

impl Gate {
    /// The response by which a request is challenged or refused.
    fn refusal(
        &self, request: &Request, connection: &SipConnection,
    ) -> rsipstack::Result<Option<Response>> {
        let stack = &self.0;
        let view = View::of_request(request)?;
        let arrival = view.arrival(connection, &stack.names, stack.holds(&view))?;
        let call = stack.names.call(&view);
        let tag = stack.names.to_tag(&view);
        Ok(match stack.security.request_received(call, &arrival, &view.request()) {
            Received::Admit => None,
            Received::Authenticate => {
                let key = TransactionKey::from_request(request, TransactionRole::Server)?;
                if let Ok(mut owing) = stack.owing.lock() {
                    owing.insert(key);
                }
                None
            }
            Received::SendWwwAuthenticate(fields) => Some(challenge(request, &tag, &fields)?),
            Received::Reject(refusal) => Some(refused(request, &tag, &refusal)?),
        })
    }
}

/// A 401.
///
/// # Errors
/// The request lacks what a response repeats.
pub fn challenge(request: &Request, tag: &str, fields: &[Field]) -> rsipstack::Result<Response> {
    let mut response = response(request, StatusCode::Unauthorized, tag)?;
    put(&mut response.headers, fields);
    Ok(response)
}

/// The failure that the manager wants.
///
/// # Errors
/// The same.
pub fn refused(request: &Request, tag: &str, refusal: &Refusal) -> rsipstack::Result<Response> {
    let status = StatusCode::Other(refusal.status, refusal.reason.to_owned());
    let mut response = response(request, status, tag)?;
    if let Some(after) = refusal.retry_after {
        response.headers.push(make_header("Retry-After", after.as_secs().to_string()));
    }
    Ok(response)
}

/// A response with the fields of RFC 3261 §8.2.6.2.
///
/// # Errors
/// The same.
pub fn response(
    request: &Request, status_code: StatusCode, tag: &str,
) -> rsipstack::Result<Response> {
    let to = request.to_header()?;
    let to = if to.tag()?.is_some() { to.clone() } else { to.with_tag(tag.into()) };
    let mut headers = request.headers.clone();
    headers.retain(|field| {
        matches!(field, Header::Via(_) | Header::From(_) | Header::CallId(_) | Header::CSeq(_))
    });
    headers.push(Header::To(to));
    headers.push(Header::ContentLength(ContentLength::from(0)));
    let version = Version::V2;
    Ok(Response { status_code, wire_reason: None, version, headers, body: Vec::new() })
}

/// Puts in fields of the manager's, as rsipstack types them: its ACK repeats the credentials.
pub fn put(headers: &mut rsipstack::sip::Headers, fields: &[Field]) {
    for field in fields {
        headers.push(make_header(field.name, String::from_utf8_lossy(&field.value).into_owned()));
    }
}

/// The body as it leaves, and its Content-Type in the header.
pub fn enclose(headers: &mut rsipstack::sip::Headers, body: Body) -> Vec<u8> {
    headers.retain(|field| !matches!(field, Header::ContentType(_) | Header::ContentLength(_)));
    if let Some(kind) = body.content_type {
        let kind = String::from_utf8_lossy(&kind).into_owned();
        headers.push(Header::ContentType(ContentType::new(kind)));
    }
    headers.push(Header::ContentLength(ContentLength::from(body.octets.len() as u32)));
    body.octets
}

/// A message's body, as SSA carries it.
pub fn body(headers: &rsipstack::sip::Headers, octets: &[u8]) -> Body {
    let kind = headers.iter().find(|field| matches!(field, Header::ContentType(_)));
    let content_type = kind.map(|field| field.value().as_bytes().to_vec());
    Body { content_type: content_type.filter(|_| !octets.is_empty()), octets: octets.to_vec() }
}

/// A request of ours is challenged at most so often.
const TRIES: usize = 5;

/// Our requests, to one next hop.
pub struct Client {
    pub stack: Arc<Stack>,
    pub endpoint: EndpointInnerRef,
    pub destination: SipAddr,
}

impl Client {
    /// Sends a request, answers what challenges come, and returns the 2xx once it is believed.
    ///
    /// # Errors
    /// A final response that is none, or one that is not believed.
    pub async fn send(
        &self, call: CallRef, mut request: Request, plain: Body,
    ) -> Result<(Transaction, Response), Failure> {
        let security = &self.stack.security;
        let (mut plan, mut answers) = (None, Vec::new());
        for _ in 0..TRIES {
            let body =
                security.encrypt(call, Direction::Request, Transport::Tcp, plan, plain.clone());
            let BodyVerdict::Body(body) = answered(body).await? else {
                return Err(Failure::Security(Why::Body));
            };
            request.body = enclose(&mut request.headers, body);
            if let Some(plan) = plan {
                answers = self.authorize(call, plan, &mut request, &answers).await?;
            }
            let (transaction, response) = self.try_once(&request).await?;
            match response.status_code.code() {
                401 | 407 => plan = Some(self.challenged(call, &transaction, &response).await?),
                200..300 => {
                    return match self.accepted(call, &transaction, &response).await? {
                        Incoming::Accept => Ok((transaction, response)),
                        Incoming::AckThenBye(why) => {
                            self.end(&request, &response).await?;
                            Err(Failure::Security(why))
                        }
                        Incoming::Discard => Err(Failure::Unanswered),
                    };
                }
                status => return Err(Failure::Refused(status)),
            }
            again(&mut request)?;
        }
        Err(Failure::Security(Why::TriedAlready))
    }

    async fn challenged(
        &self, call: CallRef, transaction: &Transaction, response: &Response,
    ) -> Result<Plan, Failure> {
        let required = {
            let (sent, came) =
                (View::of_request(&transaction.original)?, View::of_response(response)?);
            let (hop, told) = self.arrived(transaction, &came, response)?;
            self.stack.security.got_401_unauthorized(call, &hop, &told, &sent.request())
        };
        match answered(required).await? {
            Required::SendWwwAuthenticate { plan, .. } => Ok(plan),
            Required::GiveUp(why) => Err(Failure::Security(why)),
        }
    }

    async fn accepted(
        &self, call: CallRef, transaction: &Transaction, response: &Response,
    ) -> Result<Incoming, Failure> {
        let incoming = {
            let (sent, came) =
                (View::of_request(&transaction.original)?, View::of_response(response)?);
            let (hop, told) = self.arrived(transaction, &came, response)?;
            self.stack.security.response_received(call, &hop, &told, &sent.request())
        };
        answered(incoming).await
    }

    fn arrived<'a>(
        &self, transaction: &Transaction, view: &'a View<'_>, response: &Response,
    ) -> Result<(Arrival<'a>, ssa::Response<'a>), Failure> {
        let connection = transaction.connection.as_ref().ok_or(Failure::Unanswered)?;
        let hop = view.arrival(connection, &self.stack.names, false)?;
        Ok((hop, view.response(response.status_code.code())))
    }

    /// Puts the answer to a challenge in, in place of that of an earlier try. Its fields' names.
    async fn authorize(
        &self, call: CallRef, plan: Plan, request: &mut Request, earlier: &[&'static str],
    ) -> Result<Vec<&'static str>, Failure> {
        let of_earlier =
            |field: &Header| earlier.iter().any(|name| field.name().eq_ignore_ascii_case(name));
        request.headers.retain(|field| !of_earlier(field));
        let authorized = {
            let view = View::of_request(request)?;
            self.stack.security.authorize(call, plan, &view.request())
        };
        match answered(authorized).await? {
            Authorized::Fields(fields) => {
                put(&mut request.headers, &fields);
                Ok(fields.iter().map(|field| field.name).collect())
            }
            Authorized::GiveUp(why) => Err(Failure::Security(why)),
        }
    }

    /// One transaction, to its final response. rsipstack acknowledges it.
    async fn try_once(&self, request: &Request) -> Result<(Transaction, Response), Failure> {
        let key = TransactionKey::from_request(request, TransactionRole::Client)?;
        let (endpoint, request) = (Arc::clone(&self.endpoint), request.clone());
        let mut transaction = Transaction::new_client(key, request, endpoint, None);
        transaction.destination = Some(self.destination.clone());
        transaction.send().await?;
        while let Some(message) = transaction.receive().await {
            if let SipMessage::Response(response) = message
                && response.status_code.code() >= 200
            {
                return Ok((transaction, response));
            }
        }
        Err(Failure::Unanswered)
    }

    /// Ends a call whose 2xx is not believed: a BYE, and whatever it is answered.
    async fn end(&self, invite: &Request, response: &Response) -> Result<(), Failure> {
        let bye = in_dialog(Method::Bye, invite, response)?;
        self.try_once(&bye).await.map(drop)
    }
}

/// The next try of a request: another branch, and CSeq raised. RFC 3261 §22.2.
fn again(request: &mut Request) -> rsipstack::Result<()> {
    let mut via = request.top_via_header()?.typed()?;
    via.params.retain(|param| !matches!(param, Param::Branch(_)));
    via.params.push(make_via_branch());
    request.via_header_mut()?.replace(via.to_string());
    let number = request.cseq_header()?.seq()? + 1;
    let cseq = format!("{number} {}", request.method);
    request.cseq_header_mut()?.replace(cseq);
    Ok(())
}

/// A request within the dialog that a 2xx has made.
///
/// # Errors
/// The 2xx has no Contact.
pub fn in_dialog(
    method: Method, invite: &Request, response: &Response,
) -> rsipstack::Result<Request> {
    let mut request = invite.clone();
    request.method = method;
    request.uri = response.contact_header()?.typed()?.uri;
    request.body.clear();
    request.headers.retain(|field| {
        matches!(
            field,
            Header::Via(_)
                | Header::From(_)
                | Header::CallId(_)
                | Header::CSeq(_)
                | Header::MaxForwards(_)
                | Header::Contact(_)
        )
    });
    request.headers.push(Header::To(response.to_header()?.clone()));
    again(&mut request)?;
    Ok(request)
}
