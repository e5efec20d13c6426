//! SSM: what media lines say, and the keys that their guards are made of.

use super::number::numbered;
use crate::guard::{GuardKeys as Keys, LineKeys};
use bytes::Bytes;
use prost::Message;
use ssm::{Attribute, Call, Line, LineSecurity, Profile, Refused};
use zeroize::Zeroizing;

#[derive(Clone, PartialEq, Message)]
pub(super) struct WireAttribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Security {
    #[prost(uint32, tag = "1")]
    profile: u32,
    #[prost(message, repeated, tag = "2")]
    attributes: Vec<WireAttribute>,
}

numbered!(Profile, profile, profile_of {
    Profile::Avp = 1, Profile::Savp = 2, Profile::Avpf = 3, Profile::Savpf = 4,
    Profile::TlsSavp = 5, Profile::TlsSavpf = 6,
});

numbered!(Refused, refused, refused_of, else 7 {
    Refused::Profile = 1, Refused::ByDtls = 2, Refused::Attributes = 3, Refused::Downgrade = 4,
    Refused::NotAuthenticated = 5, Refused::Secrecy = 6, Refused::Unknown = 7,
    Refused::Handshake = 8, Refused::NothingInCommon = 9, Refused::Fingerprint = 10,
    Refused::Unavailable = 11,
});

fn security(line: &LineSecurity) -> Security {
    let attribute =
        |it: &Attribute| WireAttribute { name: it.name.clone(), value: it.value.clone() };
    Security {
        profile: profile(line.profile),
        attributes: line.attributes.iter().map(attribute).collect(),
    }
}

pub(crate) fn security_of(security: Security) -> Option<LineSecurity> {
    let attribute = |it: WireAttribute| Attribute { name: it.name, value: it.value };
    Some(LineSecurity {
        profile: profile_of(security.profile)?,
        attributes: security.attributes.into_iter().map(attribute).collect(),
    })
}

/// A question about a media line.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct LineQuestion {
    #[prost(uint64, tag = "1")]
    call: u64,
    #[prost(uint32, tag = "2")]
    line: u32,
    #[prost(message, optional, tag = "3")]
    said: Option<Security>,
}

impl LineQuestion {
    pub(crate) fn of(call: Call, line: Line, said: Option<&LineSecurity>) -> Self {
        Self { call: call.0, line: line.0.into(), said: said.map(security) }
    }

    pub(crate) fn which(&self) -> Option<(Call, Line)> {
        Some((Call(self.call), Line(u8::try_from(self.line).ok()?)))
    }

    pub(crate) fn taken(self) -> Option<(Call, Line, LineSecurity)> {
        let (call, line) = self.which()?;
        Some((call, line, security_of(self.said?)?))
    }
}

/// The keys of one line, what they come of, or that it has none.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct GuardKeys {
    /// 1 in the clear, 2 SRTP, 3 as before, 4 by a handshake, 5 SRTP of which what is opened goes on, 6 of
    /// which what is sealed does.
    #[prost(uint32, tag = "1")]
    kind: u32,
    #[prost(string, tag = "2")]
    suite: String,
    #[prost(bytes = "bytes", tag = "3")]
    ours: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    theirs: Bytes,
    #[prost(uint64, tag = "5")]
    handshake: u64,
}

impl GuardKeys {
    pub(crate) fn of(keys: Keys<u64>) -> Self {
        let kind = |kind| Self { kind, ..Self::default() };
        match keys {
            Keys::Plain => kind(1),
            Keys::Srtp(keys) => Self::keyed(2, keys),
            Keys::Sealer(keys) => Self::keyed(5, keys),
            Keys::Opener(keys) => Self::keyed(6, keys),
            Keys::Kept => kind(3),
            Keys::Handshake(handshake) => Self { handshake, ..kind(4) },
        }
    }

    fn keyed(kind: u32, LineKeys { suite, ours, theirs }: LineKeys) -> Self {
        let (ours, theirs) = (Bytes::from_owner(ours), Bytes::from_owner(theirs));
        Self { kind, suite, ours, theirs, handshake: 0 }
    }

    pub(crate) fn taken(self) -> Option<Keys<u64>> {
        let keys = |it: Self| {
            let [ours, theirs] =
                [&it.ours, &it.theirs].map(|octets| Zeroizing::new(octets.to_vec()));
            LineKeys { suite: it.suite, ours, theirs }
        };
        match self.kind {
            1 => Some(Keys::Plain),
            2 => Some(Keys::Srtp(keys(self))),
            3 => Some(Keys::Kept),
            4 => Some(Keys::Handshake(self.handshake)),
            5 => Some(Keys::Sealer(keys(self))),
            6 => Some(Keys::Opener(keys(self))),
            _ => None,
        }
    }
}

/// An answer of SSM: refused, or what it asks for.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct LineVerdict {
    #[prost(uint32, optional, tag = "1")]
    refused: Option<u32>,
    #[prost(message, optional, tag = "2")]
    pub(crate) said: Option<Security>,
    #[prost(message, optional, tag = "3")]
    pub(crate) keys: Option<GuardKeys>,
}

impl LineVerdict {
    pub(crate) fn said(line: LineSecurity) -> Self {
        Self { said: Some(security(&line)), ..Self::default() }
    }

    pub(crate) fn keyed(keys: Keys<u64>) -> Self {
        Self { keys: Some(GuardKeys::of(keys)), ..Self::default() }
    }
}

pub(crate) fn line_verdict<T>(
    verdict: Result<T, Refused>, good: impl FnOnce(T) -> LineVerdict,
) -> LineVerdict {
    match verdict {
        Ok(value) => good(value),
        Err(why) => LineVerdict { refused: Some(refused(why)), ..LineVerdict::default() },
    }
}

/// `None` where it is not understood.
pub(crate) fn verdict_of_line<T>(
    verdict: LineVerdict, good: impl FnOnce(LineVerdict) -> Option<T>,
) -> Option<Result<T, Refused>> {
    match verdict.refused {
        Some(why) => refused_of(why).map(Err),
        None => good(verdict).map(Ok),
    }
}
