//! What is asked of credentials, and what is said of them.

use sec_manager::digest::explain::{self, Exchange, Explanation};
use sec_manager::digest::{Asked, Bad, Challenge, Credentials};
use serde_json::{Map, Value, json};
use sip_core::Message;
use sip_syntax::auth::of_scheme;

/// Why nothing is said.
type Refused = String;

/// What an answer to a challenge has for `cnonce`, where none is given.
const CNONCE: &[u8] = b"0a4f113b";

/// Credentials or a challenge, and what they are to be made of.
#[derive(Default)]
pub(super) struct Question {
    /// The value of WWW-Authenticate or Proxy-Authenticate.
    pub(super) challenge: Option<Vec<u8>>,
    /// The value of Authorization or Proxy-Authorization.
    pub(super) authorization: Option<Vec<u8>>,
    pub(super) method: String,
    pub(super) request_uri: Option<Vec<u8>>,
    pub(super) body: Vec<u8>,
    pub(super) user: Option<Vec<u8>>,
    pub(super) password: Vec<u8>,
    pub(super) cnonce: Option<Vec<u8>>,
}

/// What is said.
pub(super) enum Answer {
    /// Of credentials.
    Explained { user: String, realm: String, algorithm: &'static str, told: Explanation },
    /// What answers the challenge.
    Authorization(String),
}

impl Question {
    /// The question of a line.
    pub(super) fn of_object(object: &Value) -> Result<Self, Refused> {
        let text = |name: &str| match object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("`{name}` is no string")),
        };
        let octets = |name: &str| Ok::<_, Refused>(text(name)?.map(String::into_bytes));
        let question = Self {
            challenge: octets("challenge")?,
            authorization: octets("authorization")?,
            method: text("method")?.ok_or("no `method`")?,
            request_uri: octets("request_uri")?,
            body: octets("body")?.unwrap_or_default(),
            user: octets("user")?,
            password: octets("password")?.ok_or("no `password`")?,
            cnonce: octets("cnonce")?,
        };
        if question.challenge.is_none() && question.authorization.is_none() {
            return Err("neither `authorization` nor `challenge`".to_owned());
        }
        Ok(question)
    }

    /// Whose password is to be known.
    pub(super) fn whose(&self) -> String {
        let named = || {
            let credentials = credentials(self.authorization.as_deref()?).ok()?;
            Some(format!("{:?} in {:?}", credentials.user, credentials.realm))
        };
        let given = self.user.as_ref().map(|user| String::from_utf8_lossy(user).into_owned());
        given.or_else(named).unwrap_or_else(|| "the user".to_owned())
    }

    /// What is to be said.
    pub(super) fn answer(&self) -> Result<Answer, Refused> {
        let challenge = self.challenge.as_deref().map(challenge).transpose()?;
        let asked = Asked { method: &self.method, body: &self.body };
        let Some(authorization) = &self.authorization else {
            return self.authorization(&challenge.ok_or("no challenge")?, asked);
        };
        let credentials = credentials(authorization)?;
        if credentials.userhash && self.user.is_none() {
            return Err("the credentials hash the user's name: say whose they are (user)".into());
        }
        let told = explain::explain(&Exchange {
            challenge,
            credentials,
            asked,
            request_uri: self.request_uri.as_deref(),
            user: self.user.as_deref(),
            password: &self.password,
        });
        Ok(Answer::Explained {
            user: format!("{:?}", credentials.user),
            realm: format!("{:?}", credentials.realm),
            algorithm: credentials.algorithm.name(),
            told,
        })
    }

    fn authorization(
        &self, challenge: &Challenge<'_>, asked: Asked<'_>,
    ) -> Result<Answer, Refused> {
        let user = self.user.as_deref().ok_or("whose password it is (user) must be said")?;
        let uri = self.request_uri.as_deref().ok_or("no `request_uri`")?;
        let cnonce = self.cnonce.as_deref().unwrap_or(CNONCE);
        let value = explain::authorization(challenge, user, &self.password, uri, asked, cnonce);
        let value = value.map_err(|_| "the challenge offers no qop that is known")?;
        Ok(Answer::Authorization(String::from_utf8_lossy(&value).into_owned()))
    }
}

impl Answer {
    /// Whether a server that keeps to the rules refuses the credentials.
    pub(super) fn is_refused(&self) -> bool {
        match self {
            Self::Explained { told, .. } => !told.holds || !told.disagreements.is_empty(),
            Self::Authorization(_) => false,
        }
    }

    /// For programs.
    pub(super) fn to_object(&self) -> Map<String, Value> {
        let object = match self {
            Self::Authorization(value) => json!({ "authorization": value }),
            Self::Explained { user, realm, algorithm, told } => json!({
                "holds": !self.is_refused(),
                "user": user,
                "realm": realm,
                "algorithm": algorithm,
                "response": digits(told),
                "response_holds": told.holds,
                "disagreements": told.disagreements.iter()
                    .map(|it| json!({ "parameter": it.parameter, "why": it.why }))
                    .collect::<Vec<_>>(),
                "made": told.made_with.iter().map(ToString::to_string).collect::<Vec<_>>(),
            }),
        };
        match object {
            Value::Object(object) => object,
            _ => Map::new(),
        }
    }

    /// What is said of credentials, for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let Self::Explained { user, realm, algorithm, told } = self else { return Vec::new() };
        let mut lines = vec![format!("Digest ({algorithm}) of {user} in {realm}")];
        lines.push(if told.holds {
            "  the response is what the password makes it".to_owned()
        } else {
            format!("  the response should be {}, and is not", digits(told))
        });
        let made: Vec<_> = told.made_with.iter().map(ToString::to_string).collect();
        if !made.is_empty() {
            lines.push(format!("  it was made {}", made.join(", and ")));
        } else if !told.holds {
            lines.push("  it was made with another password, or in a way that is not known".into());
        }
        lines.extend(told.disagreements.iter().map(|it| format!("  {it}")));
        lines
    }
}

fn digits(told: &Explanation) -> String {
    String::from_utf8_lossy(told.expected.as_bytes()).into_owned()
}

/// Of a message's challenges that which the credentials answer: of their nonce, or else of their realm
/// and algorithm, or else of their realm, or else the first.
pub(super) fn challenge_for(message: &Message, authorization: Option<&[u8]>) -> Option<Vec<u8>> {
    let names = ["WWW-Authenticate", "Proxy-Authenticate"];
    let found: Vec<_> = names
        .iter()
        .flat_map(|name| message.named(name))
        .filter_map(|value| Some((value, challenge(value).ok()?)))
        .collect();
    let answered = authorization.and_then(|value| credentials(value).ok());
    let nearness = |it: &Challenge<'_>| {
        let Some(answered) = answered else { return 0 };
        let realm = u8::from(it.realm == answered.realm);
        let algorithm = u8::from(it.algorithm == answered.algorithm);
        4 * u8::from(it.nonce == answered.nonce) + 2 * realm + algorithm
    };
    // Of several that are as near the first counts.
    let nearest = found.iter().rev().max_by_key(|(_, it)| nearness(it));
    nearest.map(|(value, _)| value.to_vec())
}

fn challenge(value: &[u8]) -> Result<Challenge<'_>, Refused> {
    let list = of_scheme(value, "Digest").ok_or("the challenge is none of Digest")?;
    let challenge = Challenge::parse(list).map_err(|_| "the challenge cannot be read")?;
    Ok(challenge.ok_or("the challenge's algorithm is not known")?)
}

fn credentials(value: &[u8]) -> Result<Credentials<'_>, Refused> {
    let list = of_scheme(value, "Digest").ok_or("the credentials are none of Digest")?;
    Credentials::parse(list).map_err(|bad| match bad {
        Bad::Parameter(name) => format!("`{name}` of the credentials is missing, or not allowed"),
        Bad::Algorithm => "the credentials' algorithm is not known".to_owned(),
        _ => "the credentials cannot be read".to_owned(),
    })
}
