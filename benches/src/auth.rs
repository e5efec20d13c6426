//! Authentication as it is measured: one Digest exchange, one sealed nonce, one authorized INVITE,
//! and beside each the bare primitive over the same octets.

use crate::l2;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sec_manager::digest::{
    Asked, Challenge, Credentials, HA1, Hash, Qop, Reply, SCHEME, answer, verify,
};
use sec_manager::nonce::{Binding, Issuer, Nonce, Origin, Source};
use sha2::Sha256;
use sip_core::Limits;
use sip_syntax::auth::of_scheme;
use std::cell::Cell;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

const USER: &[u8] = b"carla";
const REALM: &[u8] = b"tel.example.org";
const URI: &[u8] = b"sip:dan@tel.example.org";
const CALL_ID: &[u8] = b"c7f03b91e2548d.5a2e7f@192.0.2.14";
const TAG: &[u8] = b"5520913846";
const OTHER_TAG: &[u8] = b"5520913847";
const NOW: u32 = 1_700_000_000;
const INVITE: Asked<'_> = Asked { method: "INVITE", body: b"" };

/// One Digest exchange under the hash `D`: the header fields as text, HA1 known.
pub struct Exchange<D> {
    ha1: HA1<D>,
    challenge: Vec<u8>,
    authorization: Vec<u8>,
    a2: Vec<u8>,
    /// A hash that was fed as many octets as HA1 has: it is kept so.
    begun: D,
    response: Vec<u8>,
}

impl<D> std::fmt::Debug for Exchange<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exchange")
    }
}

impl<D: Hash> Exchange<D> {
    /// The exchange over `nonce` under the algorithm of this name, `qop=auth`.
    pub fn new(algorithm: &str, nonce: &str) -> Self {
        let challenge = format!(
            "Digest realm=\"tel.example.org\", nonce=\"{nonce}\", algorithm={algorithm}, \
             qop=\"auth,auth-int\""
        );
        let digits = 2 * <D as md5::Digest>::output_size();
        let mut exchange = Self {
            ha1: HA1::new(USER, REALM, b"a password of some length"),
            challenge: challenge.into_bytes(),
            authorization: Vec::new(),
            a2: b"INVITE:sip:dan@tel.example.org".to_vec(),
            begun: D::new_with_prefix(vec![b'0'; digits]),
            // nonce, nc, cnonce, qop and HA2, in the lengths that they have, a colon before each.
            response: vec![b'0'; nonce.len() + 8 + 12 + 4 + digits + 5],
        };
        exchange.authorization = exchange.answer();
        exchange
    }

    /// Reads the challenge and writes the Authorization.
    pub fn answer(&self) -> Vec<u8> {
        let list = of_scheme(black_box(&self.challenge), SCHEME).unwrap_or_default();
        let Ok(Some(challenge)) = Challenge::parse(list) else { return Vec::new() };
        let cnonce = b"7be1d90c42aa";
        let qop = Some(Qop::Auth);
        let reply = Reply { user: USER, uri: URI, asked: INVITE, cnonce, count: 1, qop };
        answer(&challenge, &self.ha1, &reply)
    }

    /// Reads the Authorization and checks its response.
    pub fn verify(&self) -> bool {
        let list = of_scheme(black_box(&self.authorization), SCHEME).unwrap_or_default();
        Credentials::parse(list).is_ok_and(|credentials| verify(&credentials, &self.ha1, &INVITE))
    }

    /// The floor of both: the hash alone over as many octets. HA1's are hashed already.
    pub fn hashes(&self) {
        black_box(<D as md5::Digest>::digest(black_box(&self.a2)));
        let response = self.begun.clone().chain_update(black_box(&self.response));
        black_box(response.finalize());
    }
}

/// One sealed nonce, and HMACs over as many octets.
#[derive(Debug)]
pub struct Sealed {
    issuer: Issuer,
    source: Source,
    nonces: [Nonce; 2],
    turn: Cell<usize>,
    bare: Hmac<Sha256>,
    salted: Vec<u8>,
    tagged: Vec<u8>,
}

impl Default for Sealed {
    fn default() -> Self {
        let issuer = Issuer::new(&mut [7; 32], 7, 1, NOW - 10_000);
        let source = Source::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 14)));
        let nonces =
            [TAG, OTHER_TAG].map(|tag| issuer.seal(NOW, &origin(&source), &binding(&source, tag)));
        let length = |items: &[&[u8]]| items.iter().map(|item| 4 + item.len()).sum::<usize>();
        let (o, b, ip) = (origin(&source), binding(&source, TAG), source.as_bytes());
        let salted = length(&[b"salt", o.branch, o.call_id, b"271828", ip]);
        let head = [0; 18];
        let tagged =
            [b"nonce".as_slice(), &head, b"Digest", b.realm, b.method, b.call_id, b.from_tag];
        let tagged = length(&tagged) + length(&[b.from, b.to, ip]);
        let bare = Hmac::new(&[7; 64].into());
        Self {
            issuer,
            source,
            nonces,
            turn: Cell::new(0),
            bare,
            salted: vec![0; salted],
            tagged: vec![0; tagged],
        }
    }
}

impl Sealed {
    /// Seals a nonce.
    pub fn seal(&self) -> Nonce {
        self.issuer.seal(black_box(NOW), &origin(&self.source), &binding(&self.source, TAG))
    }

    /// Opens one of two nonces in turn: what was opened last is not hashed again.
    pub fn open(&self) -> bool {
        self.turn.set(1 - self.turn.get());
        let [even, odd] = &self.nonces;
        let (nonce, tag) = if self.turn.get() == 0 { (even, TAG) } else { (odd, OTHER_TAG) };
        let text = black_box(nonce.as_bytes());
        self.issuer.open(NOW, 90, text, &binding(&self.source, tag)).is_ok()
    }

    /// The floor of sealing: two HMACs under a kept key.
    pub fn two_hmacs(&self) {
        self.hmac(&self.salted);
        self.hmac(&self.tagged);
    }

    /// The floor of opening: one.
    pub fn one_hmac(&self) {
        self.hmac(&self.tagged);
    }

    fn hmac(&self, octets: &[u8]) {
        let mut mac = self.bare.clone();
        mac.update(black_box(octets));
        black_box(mac.finalize());
    }
}

const fn origin(source: &Source) -> Origin<'_> {
    Origin { branch: b"z9hG4bK41c7f9bd22.7e10", call_id: CALL_ID, cseq: 271_828, source }
}

const fn binding<'a>(source: &'a Source, from_tag: &'a [u8]) -> Binding<'a> {
    Binding {
        scheme: SCHEME,
        realm: REALM,
        method: b"INVITE",
        call_id: CALL_ID,
        from_tag,
        from: b"sip:carla@tel.example.org",
        to: URI,
        source,
        algorithms: b"",
    }
}

/// The parts of what an INVITE with SHA-256 credentials over a nonce of ours costs, each by itself.
#[derive(Debug)]
pub struct AuthorizedInvite {
    datagram: Bytes,
    sealed: Sealed,
    exchange: Exchange<Sha256>,
}

impl Default for AuthorizedInvite {
    fn default() -> Self {
        let sealed = Sealed::default();
        let [nonce, _] = &sealed.nonces;
        let exchange = Exchange::new("SHA-256", &nonce.to_string());
        let credentials = String::from_utf8_lossy(&exchange.authorization).into_owned();
        let datagram = format!(
            "INVITE sip:dan@tel.example.org SIP/2.0\r\n\
             Via: SIP/2.0/UDP 192.0.2.14:5060;branch=z9hG4bK41c7f9bd22.7e10;rport\r\n\
             Max-Forwards: 70\r\n\
             From: \"Carla Lindman\" <sip:carla@tel.example.org>;tag=5520913846\r\n\
             To: \"Dan\" <sip:dan@tel.example.org>\r\n\
             Call-ID: c7f03b91e2548d.5a2e7f@192.0.2.14\r\n\
             CSeq: 271829 INVITE\r\n\
             Contact: <sip:carla@192.0.2.14:5060;transport=udp>\r\n\
             Authorization: {credentials}\r\n\
             Supported: replaces, 100rel, timer\r\n\
             Content-Length: 0\r\n\r\n"
        );
        Self { datagram: datagram.into(), sealed, exchange }
    }
}

impl AuthorizedInvite {
    /// The first part: parse.
    pub fn parse(&self) -> bool {
        l2::l2(black_box(&self.datagram), &Limits::default()).is_ok()
    }

    /// The second part: the nonce.
    pub fn nonce(&self) -> bool {
        self.sealed.open()
    }

    /// The third part: the digest.
    pub fn digest(&self) -> bool {
        self.exchange.verify()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_succeeds() {
        assert!(Exchange::<md5::Md5>::new("MD5", "5d0e93c1b7a24f6688e1d2c3a4b5f607").verify());
        assert!(Sealed::default().open());
        let invite = AuthorizedInvite::default();
        assert!(invite.parse() && invite.nonce() && invite.digest());
    }
}
