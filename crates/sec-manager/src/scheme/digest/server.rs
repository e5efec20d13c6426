//! Digest challenges that we send, and their answers. RFC 7616 §3.3–3.4, RFC 8760.

use crate::aor;
use crate::digest::{Asked, Bad, Credentials, Qop, SCHEME};
use crate::fsm::Signal;
use crate::manager::Shared;
use crate::manager::failures::{Attempt, Trace, Verdict, WINDOW};
use crate::manager::last::Known;
use crate::manager::owed::{authorizations, comes_unasked, opens_call};
use crate::manager::request::{BAD_REQUEST, Claim, FORBIDDEN, MERGED, fits, origin};
use crate::nonce::{Binding, DIGEST_LIFETIME, Opened, REGISTER_LIFETIME, Source, seconds};
use crate::params::{Writer, plain};
use crate::party::Party;
use crate::policy::Policy;
use crate::scheme::digest::proofs::{Judged, VerifiedDigest};
use sip_syntax::Text;
use sip_syntax::auth::{Params, Separator, of_scheme};
use ssa::{Authentication, Field, Received, Refusal, Request};
use sst::{Algorithm, Denied, Proof};
use std::sync::Arc;
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
    /// Challenges, or says that the nonce is ours and fresh. What the credentials are found to be is
    /// kept for [`digest_authenticate`](Self::digest_authenticate), and changes nothing here.
    pub(crate) fn digest_received(&self, claim: &Claim<'_>) -> Received {
        let Claim { arrival, request, policy, aors, .. } = *claim;
        let reject = |why, refusal| Received::Reject(self.deny(&claim.asker(), why, refusal));
        let stale = match find(request, policy) {
            Found::None => false,
            Found::Bad => return reject(Denied::Malformed, BAD_REQUEST),
            Found::Credentials(credentials, value) => match self.check(claim, &credentials) {
                Checked::Fresh(nonce, offered) => {
                    // The body, which auth-int covers, is not remembered.
                    if credentials.qop == Some(Qop::Auth)
                        && let Ok(judged) = judge(claim, (&credentials, value), nonce, offered)
                    {
                        let known = Known { aors: aors.clone(), judged };
                        self.lock().last.keep((arrival, request), value, policy, known);
                    }
                    return Received::Authenticate;
                }
                Checked::Stale => true,
                Checked::Failed => false,
                Checked::Wait => return reject(Denied::Guessing, Refusal::try_later(WINDOW)),
            },
        };
        Received::SendWwwAuthenticate(self.digest_challenge(claim, stale))
    }

    /// Checks the response; accepts its nonce count once.
    pub(crate) fn digest_authenticate(&self, claim: &Claim<'_>) -> Authentication {
        let Claim { call, arrival, request, aors, .. } = *claim;
        let refused =
            |why, refusal| Authentication::Refused(self.deny(&claim.asker(), why, refusal));
        let judged = match self.judged_before(claim) {
            Some(judged) => judged,
            None => match self.judged_now(claim) {
                Ok(judged) => judged,
                Err(answer) => return answer,
            },
        };
        let accepted = self.replay().accept(self.seconds(), &judged.nonce, judged.count);
        match accepted {
            Ok(floor) => floor.into_iter().for_each(|floor| self.issuer.raise_floor(floor)),
            Err(_) => {
                let fields = self.digest_challenge(claim, true);
                return Authentication::SendWwwAuthenticate(fields);
            }
        }
        let user = &judged.verified.user;
        if opens_call(arrival, request) && self.is_taken(call) {
            return refused(Denied::OfAnother, MERGED);
        }
        // D08: what reaches the user unasked is in the name of who proved it.
        let in_anothers_name = comes_unasked(arrival, request) && !aors.from.is_user(user);
        if in_anothers_name || self.is_another_user(call, arrival, user) {
            return refused(Denied::OfAnother, FORBIDDEN);
        }
        if self.digest_verified(claim, judged.verified) {
            Authentication::Authenticated
        } else {
            refused(Denied::Busy, Refusal::try_later(Duration::from_secs(5)))
        }
    }

    /// What the credentials were found to be when the request came in, where its nonce may still be
    /// used and nothing is held against its sender since.
    fn judged_before(&self, claim: &Claim<'_>) -> Option<Judged> {
        let judged = claim.judged?;
        let age = self.issuer.check_age(self.seconds(), lifetime(claim.request), &judged.nonce);
        let trace = || Trace::of(claim.request, judged.verified.response.as_bytes());
        let may_be = age.is_ok() && self.standing(&judged.attempt, trace) == Verdict::Judge;
        may_be.then(|| judged.clone())
    }

    /// Finds the credentials and judges them.
    ///
    /// # Errors
    /// What the request is answered.
    fn judged_now(&self, claim: &Claim<'_>) -> Result<Judged, Authentication> {
        let refused =
            |why, refusal| Err(Authentication::Refused(self.deny(&claim.asker(), why, refusal)));
        let challenge = |stale| {
            let fields = self.digest_challenge(claim, stale);
            Err(Authentication::SendWwwAuthenticate(fields))
        };
        let Found::Credentials(credentials, value) = find(claim.request, claim.policy) else {
            return refused(Denied::Malformed, BAD_REQUEST);
        };
        let (nonce, offered) = match self.check(claim, &credentials) {
            Checked::Fresh(nonce, offered) => (nonce, offered),
            Checked::Stale => return challenge(true),
            Checked::Failed => return challenge(false),
            Checked::Wait => return refused(Denied::Guessing, Refusal::try_later(WINDOW)),
        };
        match judge(claim, (&credentials, value), nonce, offered) {
            Ok(judged) => Ok(judged),
            Err(Wrong::Never) => refused(Denied::Malformed, BAD_REQUEST),
            Err(Wrong::Response) => {
                let trace = Trace::of(claim.request, &plain(credentials.response));
                self.failed(claim.call, &attempt(claim, &credentials, &nonce), trace);
                // To the peer it is one more challenge, to the user it is a refusal.
                _ = self.deny(&claim.asker(), Denied::Proof, FORBIDDEN);
                challenge(false)
            }
        }
    }

    /// Keeps what was verified, for the answer's proof and for the application; `false` where there
    /// is no room for it.
    fn digest_verified(&self, claim: &Claim<'_>, verified: VerifiedDigest) -> bool {
        let call = claim.call;
        let mut inner = self.lock();
        let Some(record) = inner.records.enter(call.0, self.platform.now()) else {
            return false;
        };
        record.authenticated = true;
        record.assurance.proof = Proof::Digest {
            user: Arc::clone(&verified.user),
            realm: Arc::clone(&claim.policy.realm),
            algorithm: verified.algorithm,
        };
        record.digest.verified = Some(verified);
        drop(inner);
        self.settled(call, Signal::Authorized);
        self.tell_assurance(call.0);
        true
    }

    /// One field for each algorithm, preferred first, all with one nonce. Promise 6: where the 401
    /// could be more than twice as large as the datagram, the preferred one alone.
    fn digest_challenge(&self, claim: &Claim<'_>, stale: bool) -> Vec<Field> {
        let Claim { call, arrival, request, policy, aors, .. } = *claim;
        let all = self.digest_fields(claim, &policy.algorithms, stale);
        let fields = match preferred(&policy.algorithms) {
            Some(one) if !fits(arrival, &all) => self.digest_fields(claim, one, stale),
            Some(_) | None => all,
        };
        let lifetime = Duration::from_secs(lifetime(request).into());
        self.challenged(call, &aors.from, lifetime, fields)
    }

    fn digest_fields(&self, claim: &Claim<'_>, offered: &[Algorithm], stale: bool) -> Vec<Field> {
        let Claim { arrival, request, policy, .. } = *claim;
        let bound = policy.bound(arrival.source.ip());
        let origin = origin(arrival, request, &bound);
        let binding = binding(claim, &bound, offered);
        let nonce = self.issuer.seal(self.seconds(), &origin, &binding);
        let field = |algorithm| challenge_field(policy, nonce.as_bytes(), algorithm, stale);
        offered.iter().map(|algorithm| field(*algorithm)).collect()
    }

    /// MAC and lifetime of the nonce, then what is held against the sender, then replay: all
    /// before any digest (A22), and before anything is kept of the request.
    fn check<'a>(&self, claim: &Claim<'a>, credentials: &Credentials<'_>) -> Checked<'a> {
        let Some((opened, offered)) = self.open(claim, credentials) else {
            return Checked::Stale;
        };
        let trace = || Trace::of(claim.request, &plain(credentials.response));
        match self.standing(&attempt(claim, credentials, &opened), trace) {
            Verdict::Failed => return Checked::Failed,
            Verdict::Wait => return Checked::Wait,
            Verdict::Judge => {}
        }
        match self.replay().probe(&opened, counted(credentials)) {
            Ok(()) => Checked::Fresh(opened, offered),
            Err(_) => Checked::Stale,
        }
    }

    /// The nonce, and the algorithms that its challenge offered.
    fn open<'a>(
        &self, claim: &Claim<'a>, credentials: &Credentials<'_>,
    ) -> Option<(Opened, &'a [Algorithm])> {
        let policy: &'a Policy = claim.policy;
        let bound = policy.bound(claim.arrival.source.ip());
        let nonce = plain(credentials.nonce);
        let offers = [Some(policy.algorithms.as_slice()), preferred(&policy.algorithms)];
        offers.into_iter().flatten().find_map(|offered| {
            let binding = binding(claim, &bound, offered);
            let lifetime = lifetime(claim.request);
            let opened = self.issuer.open(self.seconds(), lifetime, &nonce, &binding);
            Some((opened.ok()?, offered))
        })
    }
}

/// Why credentials under a nonce of ours are not accepted.
enum Wrong {
    /// They could not be, whatever the password: 400.
    Never,
    /// The response is not the password's.
    Response,
}

/// Whether credentials are right. Asks nobody, and changes nothing.
fn judge(
    claim: &Claim<'_>, (credentials, value): (&Credentials<'_>, &[u8]), nonce: Opened,
    offered: &[Algorithm],
) -> Result<Judged, Wrong> {
    let Claim { request, policy, .. } = *claim;
    if !is_acceptable(request, policy, offered, credentials) {
        return Err(Wrong::Never);
    }
    let name = plain(credentials.user);
    let algorithm = credentials.algorithm.hash;
    let (user, keys) = policy.user(&name, credentials.userhash.then_some(algorithm));
    let asked = Asked { method: request.method, body: request.body };
    let response = keys.and_then(|keys| keys.verify(credentials, &asked));
    let (Some(user), Some(response)) = (user, response) else { return Err(Wrong::Response) };
    Ok(Judged {
        verified: VerifiedDigest {
            value: value.into(),
            response,
            user: Arc::clone(user),
            algorithm,
        },
        count: counted(credentials),
        attempt: attempt(claim, credentials, &nonce),
        nonce,
    })
}

/// Credentials without a count are the first under their nonce.
fn counted(credentials: &Credentials<'_>) -> u32 {
    credentials.nonce_count().unwrap_or(1)
}

/// The attempt that credentials make; behind a proxy it is held against the user they name.
fn attempt(claim: &Claim<'_>, credentials: &Credentials<'_>, nonce: &Opened) -> Attempt {
    let policy = claim.policy;
    let claimed = || Party::claiming(&plain(credentials.user), policy.realm.as_bytes());
    let party = policy.party(claim.arrival.source.ip(), claimed);
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

/// What a right password cannot mend: whether the `uri` is ours (A14), and `qop` and algorithm are
/// of those that were offered (A06, A08).
fn is_acceptable(
    request: &Request<'_>, policy: &Policy, offered: &[Algorithm], credentials: &Credentials<'_>,
) -> bool {
    let ours = is_ours(&plain(credentials.uri), request.uri, policy);
    let offered = offered.contains(&credentials.algorithm.hash);
    let qop = match credentials.qop {
        None => false,
        Some(Qop::Auth) => !policy.auth_int,
        Some(Qop::AuthInt) => true,
    };
    ours && offered && qop && !credentials.algorithm.session
}

/// Whether a digest `uri` names this request's resource: its Request-URI, one of our identities,
/// or, as some agents have it, the Request-URI's host alone.
fn is_ours(uri: &[u8], request_uri: &[u8], policy: &Policy) -> bool {
    if uri == request_uri {
        return true;
    }
    let Ok(named) = aor::canonical(uri) else { return false };
    let host_alone = !named.as_str().contains('@')
        && named.domain().is_some()
        && aor::canonical(request_uri).is_ok_and(|asked| asked.domain() == named.domain());
    host_alone || policy.identities.contains_key(&named)
}

fn binding<'a>(claim: &Claim<'a>, source: &'a Source, offered: &[Algorithm]) -> Binding<'a> {
    let Claim { request, policy, aors, .. } = *claim;
    let strict = !policy.bind_source;
    let kept = |value: &'a [u8]| if strict { value } else { b"" };
    Binding {
        scheme: SCHEME,
        realm: policy.realm.as_bytes(),
        method: request.method.as_bytes(),
        call_id: kept(request.call_id),
        from_tag: kept(request.from.tag.unwrap_or_default()),
        from: aors.from.as_bytes(),
        to: aors.to.as_bytes(),
        source,
        algorithms: policy.names_of(offered).as_bytes(),
    }
}

/// How many seconds the nonce of such a request may be answered.
fn lifetime(request: &Request<'_>) -> u32 {
    let lifetime = if request.method == "REGISTER" { REGISTER_LIFETIME } else { DIGEST_LIFETIME };
    seconds(lifetime)
}
