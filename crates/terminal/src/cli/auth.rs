//! `auth`: what the response of Digest credentials should be, and why theirs is not; how a server
//! authenticates; and files of what stands for passwords. RFC 7616.

mod ha1;
mod password;
mod probe;
mod question;

use super::args::{Auth, AuthCheck};
use super::bulk::{bulk, whole};
use super::json::Object;
use super::output::Output;
use crate::error::{Error, Result};
use bytes::Bytes;
use password::given;
use question::{Answer, Question, challenge_for};
use serde_json::Value;
use sip_core::{Limits, Message};
use std::path::Path;

/// Runs one of its commands.
pub(super) async fn run(auth: Auth, out: Output) -> Result<()> {
    match auth {
        Auth::Check(arguments) => check(arguments, out).await,
        Auth::Ha1(arguments) => ha1::run(arguments, out).await,
        Auth::Probe(arguments) => probe::run(arguments, out).await,
    }
}

/// Checks one request, or what each line of standard input says.
async fn check(check: AuthCheck, out: Output) -> Result<()> {
    let Some(path) = &check.request else {
        return bulk(Path::new("-"), out, |line: &Value| {
            Ok(Question::of_object(line)?.answer()?.to_object())
        });
    };
    let request = read(path)?;
    let challenged = check.challenge.as_deref().map(read).transpose()?;
    let questions = questions(path, &request, challenged.as_ref(), check.user.as_deref())?;
    let mut failed = 0;
    for mut question in questions {
        let whose = format!("password of {}", question.whose());
        let password = given(check.password_file.as_deref(), &whose).await?;
        question.password = password.expose().to_vec();
        let answer = question.answer();
        let answer = answer.map_err(|why| Error::invalid(format!("{}: {why}", path.display())))?;
        failed += usize::from(answer.is_refused());
        tell(path, &answer, out)?;
    }
    match failed {
        0 => Ok(()),
        _ => Err(Error::Credentials(format!("{}: the credentials do not hold", path.display()))),
    }
}

/// The message in a file. Where somebody's editor left line feeds alone, they are line ends.
fn read(path: &Path) -> Result<Message> {
    let mut octets = whole(path)?;
    if !octets.windows(2).any(|two| two == b"\r\n") {
        let lines = octets.split(|octet| *octet == b'\n');
        octets = lines.collect::<Vec<_>>().join(&b"\r\n"[..]);
    }
    let limits = Limits { datagram: usize::MAX, ..Limits::default() };
    Message::parse(Bytes::from(octets), &limits).map_err(|error| {
        Error::invalid(format!("{}: {error}; `countersign inspect` shows it", path.display()))
    })
}

/// A question for each of the request's credentials; for a request without, one for what would
/// answer the challenge.
fn questions(
    path: &Path, request: &Message, challenged: Option<&Message>, user: Option<&str>,
) -> Result<Vec<Question>> {
    let (Some(method), Some(uri)) = (request.method(), request.request_uri()) else {
        return Err(Error::invalid(format!("{}: it is no request", path.display())));
    };
    let question = |authorization: Option<&[u8]>| Question {
        challenge: challenged.and_then(|it| challenge_for(it, authorization)),
        authorization: authorization.map(<[u8]>::to_vec),
        method: method.as_str().to_owned(),
        request_uri: Some(uri.to_vec()),
        body: request.body().to_vec(),
        user: user.map(|user| user.as_bytes().to_vec()),
        ..Question::default()
    };
    let found: Vec<_> = ["Authorization", "Proxy-Authorization"]
        .iter()
        .flat_map(|name| request.named(name))
        .filter(|value| sip_syntax::auth::of_scheme(value, "Digest").is_some())
        .map(|value| question(Some(value)))
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let question = question(None);
    if question.challenge.is_none() {
        return Err(Error::invalid(format!(
            "{}: it has no Authorization or Proxy-Authorization with Digest; to see what would \
             answer a challenge, name the file with the 401 or 407: --challenge FILE",
            path.display()
        )));
    }
    Ok(vec![question])
}

/// Tells one answer.
fn tell(path: &Path, answer: &Answer, out: Output) -> Result<()> {
    if out.is_json() {
        return out.object(Object::AuthChecked { file: path, answer: answer.to_object() });
    }
    if let Answer::Authorization(value) = answer {
        // Its response is what was asked for: nothing of it is redacted.
        let shown: String = value.chars().filter(|letter| !letter.is_control()).collect();
        return out.raw(&format!("Authorization: {shown}\n"));
    }
    answer.lines().iter().try_for_each(|line| out.line(line))
}
