//! SSA: messages as the manager reads them, and its verdicts.

use super::number::numbered;
use super::words::{HEADERS, header, header_place, reason, reason_place};
use prost::Message;
use ssa::{
    Arrival, Authentication, Authorized, BodyVerdict, CallRef, Certified, Direction, Field, FlowId,
    Headers, InDialog, Incoming, Leaving, Plan, Received, Refusal, Required, Transport, Why,
};
use std::cell::Cell;
use std::time::Duration;

/// Rows of one name that cross at most: a stack holds no more header fields in a message.
const ROWS: usize = 128;

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Party {
    #[prost(bytes = "vec", tag = "1")]
    uri: Vec<u8>,
    #[prost(bytes = "vec", optional, tag = "2")]
    tag: Option<Vec<u8>>,
}

impl Party {
    fn of(party: ssa::Party<'_>) -> Self {
        Self { uri: party.uri.to_vec(), tag: party.tag.map(<[u8]>::to_vec) }
    }

    fn view(&self) -> ssa::Party<'_> {
        ssa::Party { uri: &self.uri, tag: self.tag.as_deref() }
    }
}

/// A header field: its name's place among [`HEADERS`], and its value.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Row {
    #[prost(uint32, tag = "1")]
    name: u32,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// What requests and responses have in common.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Head {
    #[prost(string, tag = "1")]
    method: String,
    #[prost(bytes = "vec", tag = "2")]
    call_id: Vec<u8>,
    #[prost(uint32, tag = "3")]
    cseq: u32,
    #[prost(message, optional, tag = "4")]
    from: Option<Party>,
    #[prost(message, optional, tag = "5")]
    to: Option<Party>,
    #[prost(message, repeated, tag = "6")]
    rows: Vec<Row>,
    #[prost(bytes = "vec", tag = "7")]
    body: Vec<u8>,
}

impl Head {
    fn of(
        method: &str, (call_id, cseq): (&[u8], u32), [from, to]: [ssa::Party<'_>; 2],
        headers: &dyn Headers, body: &[u8],
    ) -> Self {
        Self {
            method: method.to_owned(),
            call_id: call_id.to_vec(),
            cseq,
            from: Some(Party::of(from)),
            to: Some(Party::of(to)),
            rows: rows(headers),
            body: body.to_vec(),
        }
    }
}

/// Those header fields that the manager reads, in order by name.
fn rows(headers: &dyn Headers) -> Vec<Row> {
    let named = (0u32..).zip(HEADERS).flat_map(|(name, word)| {
        let values = (0..ROWS).map_while(move |nth| headers.value(word, nth));
        values.map(move |value| Row { name, value: value.to_vec() })
    });
    named.collect()
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Request {
    #[prost(message, optional, tag = "1")]
    head: Option<Head>,
    #[prost(bytes = "vec", tag = "2")]
    uri: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Response {
    #[prost(message, optional, tag = "1")]
    head: Option<Head>,
    #[prost(uint32, tag = "2")]
    status: u32,
}

impl Request {
    pub(crate) fn of(request: &ssa::Request<'_>) -> Self {
        let ssa::Request { method, uri, call_id, cseq, from, to, headers, body } = *request;
        let head = Head::of(method, (call_id, cseq), [from, to], headers, body);
        Self { head: Some(head), uri: uri.to_vec() }
    }
}

impl Response {
    pub(crate) fn of(response: &ssa::Response<'_>) -> Self {
        let ssa::Response { status, method, call_id, cseq, from, to, headers, body } = *response;
        let head = Head::of(method, (call_id, cseq), [from, to], headers, body);
        Self { head: Some(head), status: status.into() }
    }
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Hop {
    #[prost(string, tag = "1")]
    source: String,
    #[prost(uint32, tag = "2")]
    transport: u32,
    #[prost(uint64, tag = "3")]
    flow: u64,
    #[prost(bytes = "vec", tag = "4")]
    branch: Vec<u8>,
    #[prost(uint64, tag = "5")]
    octets: u64,
    #[prost(uint32, tag = "6")]
    in_dialog: u32,
    /// 1 nobody, 2 the source, 3 the name that follows.
    #[prost(uint32, tag = "7")]
    certified: u32,
    #[prost(string, tag = "8")]
    name: String,
}

numbered!(Transport, transport, transport_of {
    Transport::Udp = 1, Transport::Tcp = 2, Transport::Tls = 3, Transport::Ws = 4,
    Transport::Wss = 5,
});

numbered!(InDialog, in_dialog, in_dialog_of {
    InDialog::No = 1, InDialog::FromPeer = 2, InDialog::FromElsewhere = 3, InDialog::OffItsTls = 4,
});

numbered!(Direction, direction, direction_of { Direction::Request = 1, Direction::Response = 2 });

impl Hop {
    fn of(arrival: &Arrival<'_>) -> Self {
        let (certified, name) = match arrival.certified {
            Certified::Nobody => (1, ""),
            Certified::Source => (2, ""),
            Certified::Name(name) => (3, name),
        };
        Self {
            source: arrival.source.to_string(),
            transport: transport(arrival.transport),
            flow: arrival.flow.0,
            branch: arrival.branch.to_vec(),
            octets: arrival.octets as u64,
            in_dialog: in_dialog(arrival.in_dialog),
            certified,
            name: name.to_owned(),
        }
    }

    fn view(&self) -> Option<Arrival<'_>> {
        Some(Arrival {
            source: self.source.parse().ok()?,
            transport: transport_of(self.transport)?,
            flow: FlowId(self.flow),
            branch: &self.branch,
            octets: usize::try_from(self.octets).ok()?,
            in_dialog: in_dialog_of(self.in_dialog)?,
            certified: match self.certified {
                1 => Certified::Nobody,
                2 => Certified::Source,
                3 => Certified::Name(&self.name),
                _ => return None,
            },
        })
    }
}

/// A question about messages: each has those of its parts that its signal has.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Exchange {
    #[prost(uint64, tag = "1")]
    pub(crate) call: u64,
    #[prost(message, optional, tag = "2")]
    hop: Option<Hop>,
    #[prost(message, optional, tag = "3")]
    request: Option<Request>,
    #[prost(message, optional, tag = "4")]
    response: Option<Response>,
    #[prost(uint64, optional, tag = "5")]
    plan: Option<u64>,
}

impl Exchange {
    pub(crate) fn of(call: CallRef, request: &ssa::Request<'_>) -> Self {
        let request = Some(Request::of(request));
        Self { call: call.0, hop: None, request, response: None, plan: None }
    }

    pub(crate) fn over(mut self, hop: &Arrival<'_>) -> Self {
        self.hop = Some(Hop::of(hop));
        self
    }

    pub(crate) fn answered(mut self, response: &ssa::Response<'_>) -> Self {
        self.response = Some(Response::of(response));
        self
    }

    pub(crate) fn under(mut self, plan: Plan) -> Self {
        self.plan = Some(plan.0);
        self
    }

    pub(crate) fn arrival(&self) -> Option<Arrival<'_>> {
        self.hop.as_ref()?.view()
    }

    pub(crate) fn under_plan(&self) -> Option<Plan> {
        self.plan.map(Plan)
    }

    /// The request's header fields, for [`request`](Self::request).
    pub(crate) fn request_fields<'a>(&'a self, missed: &'a Missed) -> Option<Carried<'a>> {
        let head = self.request.as_ref()?.head.as_ref()?;
        Some(Carried { rows: &head.rows, missed })
    }

    pub(crate) fn response_fields<'a>(&'a self, missed: &'a Missed) -> Option<Carried<'a>> {
        let head = self.response.as_ref()?.head.as_ref()?;
        Some(Carried { rows: &head.rows, missed })
    }

    pub(crate) fn request<'a>(&'a self, headers: &'a dyn Headers) -> Option<ssa::Request<'a>> {
        let Request { head, uri } = self.request.as_ref()?;
        let head = head.as_ref()?;
        Some(ssa::Request {
            method: &head.method,
            uri,
            call_id: &head.call_id,
            cseq: head.cseq,
            from: head.from.as_ref()?.view(),
            to: head.to.as_ref()?.view(),
            headers,
            body: &head.body,
        })
    }

    pub(crate) fn response<'a>(&'a self, headers: &'a dyn Headers) -> Option<ssa::Response<'a>> {
        let Response { head, status } = self.response.as_ref()?;
        let head = head.as_ref()?;
        Some(ssa::Response {
            status: u16::try_from(*status).ok()?,
            method: &head.method,
            call_id: &head.call_id,
            cseq: head.cseq,
            from: head.from.as_ref()?.view(),
            to: head.to.as_ref()?.view(),
            headers,
            body: &head.body,
        })
    }
}

/// Whether a header field was asked for that does not cross.
pub(crate) type Missed = Cell<bool>;

/// The header fields that crossed.
pub(crate) struct Carried<'a> {
    rows: &'a [Row],
    missed: &'a Missed,
}

impl Headers for Carried<'_> {
    /// A name that is not among those that cross is no field that is not there: that it was asked
    /// for is noted, and the answer does not count.
    fn value(&self, name: &str, nth: usize) -> Option<&[u8]> {
        let Some(place) = header_place(name) else {
            self.missed.set(true);
            return None;
        };
        let named = self.rows.iter().filter(|row| row.name == place);
        named.map(|row| row.value.as_slice()).nth(nth)
    }
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Content {
    #[prost(bytes = "vec", optional, tag = "1")]
    kind: Option<Vec<u8>>,
    #[prost(bytes = "vec", tag = "2")]
    octets: Vec<u8>,
}

impl From<ssa::Body> for Content {
    fn from(body: ssa::Body) -> Self {
        Self { kind: body.content_type, octets: body.octets }
    }
}

impl From<Content> for ssa::Body {
    fn from(content: Content) -> Self {
        Self { content_type: content.kind, octets: content.octets }
    }
}

/// Which message a body belongs to, and what that goes over.
type Way = (Direction, Transport);

/// `encrypt` or `decrypt`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct BodyQuestion {
    #[prost(uint64, tag = "1")]
    pub(crate) call: u64,
    #[prost(uint32, tag = "2")]
    direction: u32,
    #[prost(uint64, optional, tag = "3")]
    plan: Option<u64>,
    #[prost(message, optional, tag = "4")]
    body: Option<Content>,
    #[prost(uint32, tag = "5")]
    over: u32,
}

impl BodyQuestion {
    pub(crate) fn of(call: CallRef, (way, over): Way, plan: Option<Plan>, body: ssa::Body) -> Self {
        Self {
            call: call.0,
            direction: direction(way),
            plan: plan.map(|plan| plan.0),
            body: Some(body.into()),
            over: transport(over),
        }
    }

    pub(crate) fn taken(self) -> Option<(CallRef, Way, Option<Plan>, ssa::Body)> {
        let way = (direction_of(self.direction)?, transport_of(self.over)?);
        Some((CallRef(self.call), way, self.plan.map(Plan), self.body?.into()))
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct WireRefusal {
    #[prost(uint32, tag = "1")]
    status: u32,
    #[prost(uint32, tag = "2")]
    reason: u32,
    #[prost(uint64, optional, tag = "3")]
    retry_after_ms: Option<u64>,
}

impl WireRefusal {
    fn of(refusal: &Refusal) -> Self {
        let retry = refusal.retry_after.map(|time| u64::try_from(time.as_millis()));
        Self {
            status: refusal.status.into(),
            reason: reason_place(refusal.reason),
            retry_after_ms: retry.map(|time| time.unwrap_or(u64::MAX)),
        }
    }

    /// A status that refuses nothing is none.
    fn read(&self) -> Option<Refusal> {
        let status = u16::try_from(self.status).ok().filter(|it| (400..700).contains(it))?;
        let reason = reason(self.reason)?;
        Some(Refusal {
            status,
            reason,
            retry_after: self.retry_after_ms.map(Duration::from_millis),
        })
    }
}

/// An answer of SSA. Its kind is another number for every variant of every answer, so that no answer
/// to one question reads as one to another.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Verdict {
    #[prost(uint32, tag = "1")]
    kind: u32,
    #[prost(message, repeated, tag = "2")]
    fields: Vec<Row>,
    #[prost(message, optional, tag = "3")]
    refusal: Option<WireRefusal>,
    #[prost(uint64, tag = "4")]
    plan: u64,
    #[prost(uint64, tag = "5")]
    reserve: u64,
    #[prost(uint32, tag = "6")]
    why: u32,
    #[prost(message, optional, tag = "7")]
    body: Option<Content>,
}

impl Verdict {
    fn kind(kind: u32) -> Self {
        Self { kind, ..Self::default() }
    }

    /// `None` where a field has no name that crosses.
    fn fields(kind: u32, fields: Vec<Field>) -> Option<Self> {
        let row = |field: Field| Some(Row { name: header_place(field.name)?, value: field.value });
        let fields = fields.into_iter().map(row).collect::<Option<_>>()?;
        Some(Self { kind, fields, ..Self::default() })
    }

    fn refusal(kind: u32, refusal: &Refusal) -> Self {
        Self { kind, refusal: Some(WireRefusal::of(refusal)), ..Self::default() }
    }

    fn why(kind: u32, reason: Why) -> Self {
        Self { kind, why: why(reason), ..Self::default() }
    }

    fn taken_fields(self) -> Option<Vec<Field>> {
        let field = |row: Row| Some(Field { name: header(row.name)?, value: row.value });
        self.fields.into_iter().map(field).collect()
    }

    fn taken_refusal(&self) -> Option<Refusal> {
        self.refusal.as_ref()?.read()
    }
}

numbered!(Why, why, why_of, else 13 {
    Why::NotConfigured = 1, Why::NoPassword = 2, Why::MalformedChallenge = 3, Why::BelowFloor = 4,
    Why::UnknownScheme = 5, Why::ProofMissing = 6, Why::ProofInvalid = 7, Why::ForeignRealm = 8,
    Why::TriedAlready = 9, Why::OtherCall = 10, Why::PgpRequired = 11, Why::NotTrusted = 12,
    Why::ApplicationFailed = 13, Why::NotCertified = 14, Why::ApplicationUnavailable = 15,
    Why::Body = 16, Why::Abandoned = 17, Why::ManagerUnavailable = 18, Why::TokenInClear = 19,
    Why::ForeignServer = 20, Why::NoToken = 21, Why::NoSim = 22, Why::KeysInClear = 23,
});

/// An answer that crosses.
pub(crate) trait Carries: Sized {
    /// `None` where it has what does not cross.
    fn to_wire(self) -> Option<Verdict>;
    /// `None` where it is no answer of this kind.
    fn from_wire(verdict: Verdict) -> Option<Self>;
}

impl Carries for Received {
    fn to_wire(self) -> Option<Verdict> {
        Some(match self {
            Self::Admit => Verdict::kind(1),
            Self::SendWwwAuthenticate(fields) => return Verdict::fields(2, fields),
            Self::Reject(refusal) => Verdict::refusal(3, &refusal),
            Self::Authenticate => Verdict::kind(4),
        })
    }

    fn from_wire(verdict: Verdict) -> Option<Self> {
        match verdict.kind {
            1 => Some(Self::Admit),
            2 => verdict.taken_fields().map(Self::SendWwwAuthenticate),
            3 => verdict.taken_refusal().map(Self::Reject),
            4 => Some(Self::Authenticate),
            _ => None,
        }
    }
}

impl Carries for Authentication {
    fn to_wire(self) -> Option<Verdict> {
        Some(match self {
            Self::Authenticated => Verdict::kind(11),
            Self::SendWwwAuthenticate(fields) => return Verdict::fields(12, fields),
            Self::Refused(refusal) => Verdict::refusal(13, &refusal),
        })
    }

    fn from_wire(verdict: Verdict) -> Option<Self> {
        match verdict.kind {
            11 => Some(Self::Authenticated),
            12 => verdict.taken_fields().map(Self::SendWwwAuthenticate),
            13 => verdict.taken_refusal().map(Self::Refused),
            _ => None,
        }
    }
}

impl Carries for Required {
    fn to_wire(self) -> Option<Verdict> {
        Some(match self {
            Self::SendWwwAuthenticate { plan, reserve } => {
                Verdict { plan: plan.0, reserve: reserve as u64, ..Verdict::kind(21) }
            }
            Self::GiveUp(why) => Verdict::why(22, why),
        })
    }

    fn from_wire(verdict: Verdict) -> Option<Self> {
        match verdict.kind {
            21 => Some(Self::SendWwwAuthenticate {
                plan: Plan(verdict.plan),
                reserve: usize::try_from(verdict.reserve).ok()?,
            }),
            22 => why_of(verdict.why).map(Self::GiveUp),
            _ => None,
        }
    }
}

impl Carries for BodyVerdict {
    fn to_wire(self) -> Option<Verdict> {
        Some(match self {
            Self::Body(body) => Verdict { body: Some(body.into()), ..Verdict::kind(31) },
            Self::Refused(refusal) => Verdict::refusal(32, &refusal),
        })
    }

    fn from_wire(verdict: Verdict) -> Option<Self> {
        match verdict.kind {
            31 => verdict.body.map(|body| Self::Body(body.into())),
            32 => verdict.taken_refusal().map(Self::Refused),
            _ => None,
        }
    }
}

impl Carries for Authorized {
    fn to_wire(self) -> Option<Verdict> {
        match self {
            Self::Fields(fields) => Verdict::fields(41, fields),
            Self::GiveUp(why) => Some(Verdict::why(42, why)),
        }
    }

    fn from_wire(verdict: Verdict) -> Option<Self> {
        match verdict.kind {
            41 => verdict.taken_fields().map(Self::Fields),
            42 => why_of(verdict.why).map(Self::GiveUp),
            _ => None,
        }
    }
}

impl Carries for Leaving {
    fn to_wire(self) -> Option<Verdict> {
        match self {
            Self::Fields(fields) => Verdict::fields(51, fields),
            Self::Refused(refusal) => Some(Verdict::refusal(52, &refusal)),
        }
    }

    fn from_wire(verdict: Verdict) -> Option<Self> {
        match verdict.kind {
            51 => verdict.taken_fields().map(Self::Fields),
            52 => verdict.taken_refusal().map(Self::Refused),
            _ => None,
        }
    }
}

impl Carries for Incoming {
    fn to_wire(self) -> Option<Verdict> {
        Some(match self {
            Self::Accept => Verdict::kind(61),
            Self::AckThenBye(why) => Verdict::why(62, why),
            Self::Discard => Verdict::kind(63),
        })
    }

    fn from_wire(verdict: Verdict) -> Option<Self> {
        match verdict.kind {
            61 => Some(Self::Accept),
            62 => why_of(verdict.why).map(Self::AckThenBye),
            63 => Some(Self::Discard),
            _ => None,
        }
    }
}
