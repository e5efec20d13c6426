//! The media lines of a call that are keyed by DTLS: what was said of each, and what goes on.

use super::certificate::Certificate;
use super::handshake::{DtlsHandshake, Progress, Terms};
use super::said::{Said, Setup, attributes};
use crate::Platform;
use crate::srtp::{SrtpKeys, Suite};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssm::{Handshake, Line, LineSecurity, Profile, Refused};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Octets in a `tls-id`: RFC 8842 §4 asks for 120 bits at least.
const TLS_ID: usize = 15;

/// The media lines of a call that are keyed by DTLS.
#[derive(Debug, Default)]
pub(crate) struct Dtls {
    /// Made for this call, when it is first asked for.
    certificate: Option<Arc<Certificate>>,
    lines: BTreeMap<Line, State>,
}

/// What is known of a line.
#[derive(Debug, Default)]
struct State {
    /// Our `tls-id`: that of the association, or of our first offer.
    tls_id: Option<String>,
    /// Our offer's profile, until an offer of the peer takes its place.
    offered: Option<Profile>,
    /// What offer and answer agreed on, until the guard is handed out.
    agreed: Option<Agreed>,
    /// What the last guard was handed out for.
    association: Option<Association>,
}

#[derive(Clone, Debug)]
struct Agreed {
    theirs: Said,
    active: bool,
}

#[derive(Debug)]
struct Association {
    agreed: Agreed,
    progress: Arc<Progress>,
}

impl Association {
    /// Whether it goes on under what was agreed on anew. RFC 8842 §3.1.
    fn goes_on(&self, anew: &Agreed) -> bool {
        let (old, new) = (&self.agreed.theirs, &anew.theirs);
        self.agreed.active == anew.active
            && old.fingerprints == new.fingerprints
            && old.tls_id == new.tls_id
            && !self.progress.has_failed()
    }
}

impl Dtls {
    /// What a line of ours offers: the association that there is, or a new one. RFC 8842 §5.2, §5.5.
    pub(crate) fn offer(
        &mut self, line: Line, platform: &dyn Platform,
    ) -> Result<LineSecurity, Refused> {
        let certificate = self.certificate()?;
        let state = self.lines.entry(line).or_default();
        let tls_id = match &state.tls_id {
            Some(tls_id) => tls_id,
            None => state.tls_id.insert(fresh_id(platform)?),
        };
        let profile = Profile::TlsSavp;
        state.offered = Some(profile);
        let attributes = attributes(Setup::ActPass, certificate.fingerprint(), Some(tls_id));
        Ok(LineSecurity { profile, attributes })
    }

    /// What a line of ours answers. RFC 8842 §5.3.
    pub(crate) fn answer(
        &mut self, line: Line, offered: &LineSecurity, platform: &dyn Platform,
    ) -> Result<LineSecurity, Refused> {
        let theirs = Said::read(offered, Setup::Active)?;
        let certificate = self.certificate()?;
        let state = self.lines.entry(line).or_default();
        let active = match theirs.setup {
            Setup::Active => false,
            Setup::Passive => true,
            // RFC 5763 §5: as it is, else active, which saves half a round trip.
            Setup::ActPass => state.association.as_ref().is_none_or(|it| it.agreed.active),
        };
        let agreed = Agreed { theirs, active };
        let kept = state.association.as_ref().is_some_and(|it| it.goes_on(&agreed));
        // Who does not know of it is not told. RFC 8842 §5.3.
        if agreed.theirs.tls_id.is_none() {
            state.tls_id = None;
        } else if !kept || state.tls_id.is_none() {
            state.tls_id = Some(fresh_id(platform)?);
        }
        let setup = if active { Setup::Active } else { Setup::Passive };
        let attributes = attributes(setup, certificate.fingerprint(), state.tls_id.as_deref());
        (state.offered, state.agreed) = (None, Some(agreed));
        Ok(LineSecurity { profile: offered.profile, attributes })
    }

    /// Whether our last offer for the line was to be keyed so.
    pub(crate) fn has_offered(&self, line: Line) -> bool {
        self.lines.get(&line).is_some_and(|state| state.offered.is_some())
    }

    /// Whether an answer will do. RFC 8842 §5.4.
    pub(crate) fn judge(&mut self, line: Line, answered: &LineSecurity) -> Result<(), Refused> {
        let state = self.lines.get_mut(&line).ok_or(Refused::Unknown)?;
        if state.offered != Some(answered.profile) {
            let secure = answered.profile.is_secure();
            return Err(if secure { Refused::Profile } else { Refused::Downgrade });
        }
        let theirs = Said::read(answered, Setup::Passive)?;
        let active = match theirs.setup {
            Setup::Active => false,
            Setup::Passive => true,
            // RFC 4145 §4.1: an answer decides.
            Setup::ActPass => return Err(Refused::Attributes),
        };
        state.agreed = Some(Agreed { theirs, active });
        Ok(())
    }

    /// Whether a line is keyed so, or is agreed to be.
    pub(crate) fn secures(&self, line: Line) -> bool {
        let state = self.lines.get(&line);
        state.is_some_and(|state| state.agreed.is_some() || state.association.is_some())
    }

    /// Whether any is.
    pub(crate) fn secure(&self) -> bool {
        self.lines.keys().any(|line| self.secures(*line))
    }

    /// The peer's address is another since. Without a `tls-id` that means a new association, though
    /// nothing else is changed. RFC 8842 §4.
    pub(crate) fn moved(&mut self, line: Line) {
        let Some(state) = self.lines.get_mut(&line) else { return };
        if state.agreed.as_ref().is_some_and(|agreed| agreed.theirs.tls_id.is_none()) {
            state.association = None;
        }
    }

    /// The handshake that was agreed on, or `None` where the one before goes on; one that failed is
    /// begun again. `keyed` is called once it has keys.
    pub(crate) fn guard(
        &mut self, line: Line, keyed: impl Fn() + Send + Sync + 'static,
    ) -> Result<Option<Box<dyn Handshake<SrtpKeys>>>, Refused> {
        let certificate = self.certificate()?;
        let state = self.lines.get_mut(&line).ok_or(Refused::Unknown)?;
        let before = state.association.take();
        let failed = || before.as_ref().filter(|it| it.progress.has_failed());
        let again = || failed().map(|association| association.agreed.clone());
        let Some(agreed) = state.agreed.take().or_else(again) else {
            state.association = before;
            return Err(Refused::Unknown);
        };
        if let Some(association) = before.filter(|it| it.goes_on(&agreed)) {
            state.association = Some(Association { agreed, ..association });
            return Ok(None);
        }
        let progress = Arc::new(Progress::new(keyed));
        let fingerprints = agreed.theirs.fingerprints.clone();
        let terms = Terms { certificate, fingerprints, active: agreed.active };
        let handshake = DtlsHandshake::new(terms, Arc::clone(&progress));
        state.association = Some(Association { agreed, progress });
        Ok(Some(Box::new(handshake)))
    }

    /// The suite of each line that was handed out, once it has keys.
    pub(crate) fn suites(&self) -> impl Iterator<Item = (Line, Option<&'static str>)> {
        self.lines.iter().filter_map(|(line, state)| {
            let association = state.association.as_ref()?;
            Some((*line, association.progress.suite().map(Suite::name)))
        })
    }

    fn certificate(&mut self) -> Result<Arc<Certificate>, Refused> {
        if let Some(certificate) = &self.certificate {
            return Ok(Arc::clone(certificate));
        }
        let made = Arc::new(Certificate::made().map_err(|_| Refused::Handshake)?);
        self.certificate = Some(Arc::clone(&made));
        Ok(made)
    }
}

fn fresh_id(platform: &dyn Platform) -> Result<String, Refused> {
    let mut random = [0; TLS_ID];
    platform.random(&mut random).map_err(|_| Refused::Handshake)?;
    Ok(STANDARD.encode(random))
}
