//! Digest challenges that we send, and their answers. RFC 7616 §3.3–3.4, RFC 8760.

use crate::aor;
use crate::digest::{Asked, Bad, Credentials, SCHEME};
use crate::fsm::Signal;
use crate::manager::Shared;
use crate::manager::failures::{Attempt, Trace, Verdict, WINDOW};
use crate::manager::owed::{authorizations, comes_unasked, opens_call};
use crate::manager::request::{Aors, Asker, BAD_REQUEST, FORBIDDEN, MERGED, fits, origin};
use crate::nonce::{Binding, DIGEST_LIFETIME, Opened, REGISTER_LIFETIME, Source};
use crate::params::{Writer, plain};
use crate::party::Party;
use crate::policy::Policy;
use crate::scheme::digest::proofs::VerifiedDigest;
use sip_syntax::Text;
use sip_syntax::auth::{Params, Separator, of_scheme};
use ssa::{Arrival, Authentication, CallRef, Field, Received, Refusal, Request};
use sst::{Algorithm, Denied, Proof};
use std::borrow::Cow;
use std::time::Duration;

/// What a request's Authorization fields say.
#[expect(clippy::large_enum_variant, reason = "one at a time, on the stack, and never moved far")]
enum Found<'a> {
    /// None for us.
    None,
    /// One that cannot be read: 400.
    Bad,
    /// One for our realm.
    Credentials(Credentials<'a>, &'a [u8]),
}

/// Whether credentials may be looked at.
enum Checked<'a> {
    /// Their nonce is ours and unused, of a challenge that offered these algorithms.
    Fresh(Opened, &'a [Algorithm]),
    /// It is not, or not any more.
    Stale,
    /// They failed before.
    Failed,
    /// Who sent them has guessed too often.
    Wait,
}

impl Shared {
    /// Challenges, or says that the nonce is ours and fresh. No digest is computed here.
    pub(crate) fn digest_received(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>, policy: &Policy,
        aors: &Aors,
    ) -> Received {
        let reject = |why, refusal| {
            Received::Reject(self.deny(&Asker::of(call, arrival, request), why, refusal))
        };
        let stale = match find(request, policy) {
            Found::None => false,
            Found::Bad => return reject(Denied::Malformed, BAD_REQUEST),
            Found::Credentials(credentials, _) => {
                match self.check(arrival, request, policy, aors, &credentials) {
                    Checked::Fresh(..) => return Received::Authenticate,
                    Checked::Stale => true,
                    Checked::Failed => false,
                    Checked::Wait => return reject(Denied::Guessing, Refusal::try_later(WINDOW)),
                }
            }
        };
        let fields = self.digest_challenge(call, arrival, request, policy, aors, stale);
        Received::SendWwwAuthenticate(fields)
    }

    /// Checks the response; accepts its nonce count once.
    pub(crate) fn digest_authenticate(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>, policy: &Policy,
        aors: &Aors,
    ) -> Authentication {
        let refused = |why, refusal| {
            let refusal = self.deny(&Asker::of(call, arrival, request), why, refusal);
            Authentication::Refused(refusal)
        };
        let Found::Credentials(credentials, value) = find(request, policy) else {
            return refused(Denied::Malformed, BAD_REQUEST);
        };
        let challenge = |stale| {
            let fields = self.digest_challenge(call, arrival, request, policy, aors, stale);
            Authentication::SendWwwAuthenticate(fields)
        };
        let checked = self.check(arrival, request, policy, aors, &credentials);
        let (opened, offered) = match checked {
            Checked::Fresh(opened, offered) => (opened, offered),
            Checked::Stale => return challenge(true),
            Checked::Failed => return challenge(false),
            Checked::Wait => return refused(Denied::Guessing, Refusal::try_later(WINDOW)),
        };
        if let Some(refusal) = unacceptable(request, policy, offered, &credentials) {
            return refused(Denied::Malformed, refusal);
        }
        let name = plain(credentials.user);
        let hashed = credentials.userhash.then_some(credentials.algorithm.hash);
        let (user, keys) = policy.user(&name, hashed);
        let asked = Asked { method: request.method, body: request.body };
        let right = keys.is_some_and(|keys| keys.verify(&credentials, &asked));
        let (Some(user), true) = (user, right) else {
            let trace = Trace::of(request, &plain(credentials.response));
            self.failed(call, &attempt(arrival, policy, &credentials, &opened), trace);
            // To the peer it is one more challenge, to the user it is a refusal.
            _ = refused(Denied::Proof, FORBIDDEN);
            return challenge(false);
        };
        let count = credentials.nonce_count().unwrap_or(1);
        let accepted = self.replay().accept(self.seconds(), &opened, count);
        match accepted {
            Ok(floor) => floor.into_iter().for_each(|floor| self.issuer.raise_floor(floor)),
            Err(_) => return challenge(true),
        }
        if opens_call(arrival, request) && self.is_taken(call) {
            return refused(Denied::OfAnother, MERGED);
        }
        // D08: what reaches the user unasked is in the name of who proved it.
        let in_anothers_name = comes_unasked(arrival, request) && !aors.from.is_user(user);
        if in_anothers_name || self.is_another_user(call, arrival, user) {
            return refused(Denied::OfAnother, FORBIDDEN);
        }
        if self.digest_verified(call, &credentials, value, user) {
            Authentication::Authenticated
        } else {
            refused(Denied::Busy, Refusal::try_later(Duration::from_secs(5)))
        }
    }

    /// Keeps what was verified, for the answer's proof and for the application; `false` where there
    /// is no room for it.
    fn digest_verified(
        &self, call: CallRef, credentials: &Credentials<'_>, value: &[u8], user: &str,
    ) -> bool {
        let mut inner = self.lock();
        let Some(record) = inner.records.enter(call.0, self.platform.now()) else {
            return false;
        };
        record.authenticated = true;
        record.digest.verified =
            Some(VerifiedDigest { value: value.to_vec(), user: user.to_owned() });
        record.assurance.proof = Proof::Digest {
            user: user.to_owned(),
            realm: String::from_utf8_lossy(&plain(credentials.realm)).into_owned(),
            algorithm: credentials.algorithm.hash,
        };
        drop(inner);
        self.settled(call, Signal::Authorized);
        self.tell_assurance(call.0);
        true
    }

    /// One field for each algorithm, preferred first, all with one nonce. Promise 6: where the 401
    /// could be more than twice as large as the datagram, the preferred one alone.
    fn digest_challenge(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>, policy: &Policy,
        aors: &Aors, stale: bool,
    ) -> Vec<Field> {
        let all = self.digest_fields(arrival, request, policy, aors, &policy.algorithms, stale);
        let fields = match preferred(&policy.algorithms) {
            Some(one) if !fits(arrival, &all) => {
                self.digest_fields(arrival, request, policy, aors, one, stale)
            }
            Some(_) | None => all,
        };
        self.challenged(call, &aors.from, lifetime(request.method), fields)
    }

    fn digest_fields(
        &self, arrival: &Arrival<'_>, request: &Request<'_>, policy: &Policy, aors: &Aors,
        offered: &[Algorithm], stale: bool,
    ) -> Vec<Field> {
        let bound = policy.bound(arrival.source.ip());
        let origin = origin(arrival, request, &bound);
        let names = names(offered);
        let binding = binding(request, policy, aors, &bound, &names);
        let nonce = self.issuer.seal(self.seconds(), &origin, &binding);
        let field = |algorithm| challenge_field(policy, nonce.as_bytes(), algorithm, stale);
        offered.iter().map(|algorithm| field(*algorithm)).collect()
    }

    /// MAC and lifetime of the nonce, then what is held against the sender, then replay: all
    /// before any digest (A22), and before anything is kept of the request.
    fn check<'a>(
        &self, arrival: &Arrival<'_>, request: &Request<'_>, policy: &'a Policy, aors: &Aors,
        credentials: &Credentials<'_>,
    ) -> Checked<'a> {
        let Some((opened, offered)) = self.open(arrival, request, policy, aors, credentials) else {
            return Checked::Stale;
        };
        let trace = || Trace::of(request, &plain(credentials.response));
        match self.standing(&attempt(arrival, policy, credentials, &opened), trace) {
            Verdict::Failed => return Checked::Failed,
            Verdict::Wait => return Checked::Wait,
            Verdict::Judge => {}
        }
        let count = credentials.nonce_count().unwrap_or(1);
        match self.replay().probe(&opened, count) {
            Ok(()) => Checked::Fresh(opened, offered),
            Err(_) => Checked::Stale,
        }
    }

    /// The nonce, and the algorithms that its challenge offered.
    fn open<'a>(
        &self, arrival: &Arrival<'_>, request: &Request<'_>, policy: &'a Policy, aors: &Aors,
        credentials: &Credentials<'_>,
    ) -> Option<(Opened, &'a [Algorithm])> {
        let bound = policy.bound(arrival.source.ip());
        let seconds = u32::try_from(lifetime(request.method).as_secs()).unwrap_or(u32::MAX);
        let nonce = plain(credentials.nonce);
        let offers = [Some(policy.algorithms.as_slice()), preferred(&policy.algorithms)];
        offers.into_iter().flatten().find_map(|offered| {
            let names = names(offered);
            let binding = binding(request, policy, aors, &bound, &names);
            let opened = self.issuer.open(self.seconds(), seconds, &nonce, &binding);
            Some((opened.ok()?, offered))
        })
    }
}

/// The attempt that credentials make; behind a proxy it is held against the user they name.
fn attempt(
    arrival: &Arrival<'_>, policy: &Policy, credentials: &Credentials<'_>, nonce: &Opened,
) -> Attempt {
    let claimed = || Party::claiming(&plain(credentials.user), policy.realm.as_bytes());
    let party = policy.party(arrival.source.ip(), claimed);
    Attempt::new(party, nonce)
}

/// The value of one challenge.
fn challenge_field(policy: &Policy, nonce: &[u8], algorithm: Algorithm, stale: bool) -> Field {
    let qop = if policy.auth_int { "auth-int" } else { "auth,auth-int" };
    let mut value = Writer::of_scheme(SCHEME, 192);
    value
        .quoted("realm", Text::plain(policy.realm.as_bytes()))
        .quoted("nonce", Text::plain(nonce))
        .token("algorithm", algorithm.name().as_bytes())
        .quoted("qop", Text::plain(qop.as_bytes()));
    if stale {
        value.token("stale", b"true");
    }
    Field { name: "WWW-Authenticate", value: value.finish() }
}

/// The preferred algorithm alone, where there are others to leave out.
fn preferred(algorithms: &[Algorithm]) -> Option<&[Algorithm]> {
    if algorithms.len() > 1 { algorithms.get(..1) } else { None }
}

/// The credentials for our realm; those for another are as if they were not there (A15).
fn find<'a>(request: &Request<'a>, policy: &Policy) -> Found<'a> {
    for value in authorizations(request) {
        let Some(list) = of_scheme(value, SCHEME) else { continue };
        match Credentials::parse(list) {
            Ok(credentials) if credentials.realm == Text::plain(policy.realm.as_bytes()) => {
                return Found::Credentials(credentials, value);
            }
            Ok(_) | Err(Bad::Algorithm) => {}
            Err(Bad::Parameter(_)) if is_foreign(list, policy) => {}
            Err(Bad::Syntax | Bad::Parameter(_)) => return Found::Bad,
        }
    }
    Found::None
}

/// Whether a list of parameters names another realm than ours.
fn is_foreign(list: &[u8], policy: &Policy) -> bool {
    let mut params = Params::new(list, Separator::Comma).flatten();
    let realm = params.find(|param| param.is("realm"));
    realm.is_some_and(|realm| realm.value != Text::plain(policy.realm.as_bytes()))
}

/// What a right password does not mend: a `uri` that is not ours (A14), a `qop` or an algorithm
/// that was not offered (A06, A08).
fn unacceptable(
    request: &Request<'_>, policy: &Policy, offered: &[Algorithm], credentials: &Credentials<'_>,
) -> Option<Refusal> {
    let ours = is_ours(&plain(credentials.uri), request.uri, policy);
    let offered = offered.contains(&credentials.algorithm.hash);
    let qop = match credentials.qop {
        None => false,
        Some(crate::digest::Qop::Auth) => !policy.auth_int,
        Some(crate::digest::Qop::AuthInt) => true,
    };
    (!ours || !offered || !qop || credentials.algorithm.session).then_some(BAD_REQUEST)
}

/// Whether a digest `uri` names this request's resource: its Request-URI, one of our identities,
/// or, as some agents have it, the Request-URI's host alone.
fn is_ours(uri: &[u8], request_uri: &[u8], policy: &Policy) -> bool {
    let Ok(named) = aor::canonical(uri) else {
        return uri == request_uri;
    };
    let host_alone = !named.as_str().contains('@')
        && named.domain().is_some()
        && aor::canonical(request_uri).is_ok_and(|asked| asked.domain() == named.domain());
    uri == request_uri || host_alone || policy.identities.contains_key(&named)
}

/// The algorithms as the nonce is bound to them: only where there is more than one.
fn names(algorithms: &[Algorithm]) -> Cow<'static, str> {
    let names: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
    if names.len() > 1 { names.join(",").into() } else { "".into() }
}

fn binding<'a>(
    request: &Request<'a>, policy: &'a Policy, aors: &'a Aors, source: &'a Source, offered: &'a str,
) -> Binding<'a> {
    let strict = !policy.bind_source;
    let kept = |value: &'a [u8]| if strict { value } else { b"" };
    Binding {
        scheme: SCHEME,
        realm: policy.realm.as_bytes(),
        method: request.method.as_bytes(),
        call_id: kept(request.call_id),
        from_tag: kept(request.from.tag.unwrap_or_default()),
        from: aors.from.as_str().as_bytes(),
        to: aors.to.as_str().as_bytes(),
        source,
        algorithms: offered.as_bytes(),
    }
}

const fn lifetime(method: &str) -> Duration {
    match method.as_bytes() {
        b"REGISTER" => REGISTER_LIFETIME,
        _ => DIGEST_LIFETIME,
    }
}
