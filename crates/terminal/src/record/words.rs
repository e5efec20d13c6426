//! What a verdict of the security manager holds, in words: for a ladder, its names in code say less
//! than what it carries.

/// The detail of a signal without the syntax of code; what is none stays as it is.
pub(super) fn in_words(detail: &str) -> String {
    if let Some(held) = detail.strip_prefix("SendWwwAuthenticate { ") {
        let reserve = held.split("reserve: ").nth(1).unwrap_or_default();
        return format!("{} bytes to add", reserve.trim_end_matches(" }"));
    }
    let Some((name, held)) = detail.split_once('(') else {
        return spaced(detail);
    };
    let held = held.strip_suffix(')').unwrap_or(held);
    match name {
        "SendWwwAuthenticate" | "Fields" => names(held),
        "Body" => held.to_owned(),
        "GiveUp" | "AckThenBye" => spaced(held),
        "Reject" | "Refused" => refusal(held),
        _ => detail.to_owned(),
    }
}

/// The names of header fields, each with the length of its value beside it.
fn names(fields: &str) -> String {
    let names = fields.split(", ").filter_map(|field| field.split(": ").next());
    names.map(|name| name.trim_start_matches('[')).collect::<Vec<_>>().join(", ")
}

/// `Refusal { status: 403, reason: "Forbidden", … }` as a response has it.
fn refusal(held: &str) -> String {
    let value = |name: &str| {
        let value = held.split(name).nth(1).and_then(|rest| rest.split([',', '}']).next());
        value.unwrap_or_default().trim().trim_matches('"')
    };
    format!("{} {}", value("status: "), value("reason: "))
}

/// `ProofMissing` as `proof missing`; what is no such name stays as it is.
fn spaced(name: &str) -> String {
    if !name.starts_with(char::is_uppercase) || !name.chars().all(char::is_alphabetic) {
        return name.to_owned();
    }
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::in_words;
    use ssa::{
        Authentication, Authorized, Body, BodyVerdict, Field, Incoming, Plan, Received, Refusal,
        Required, Why,
    };

    #[test]
    fn every_verdict_is_said_in_words() {
        let field = |name| Field { name, value: b"a secret".to_vec() };
        let fields = || vec![field("Date"), field("Authorization")];
        let kind = b"multipart/encrypted; boundary=x".to_vec();
        let body = Body { content_type: Some(kind), octets: vec![0; 9] };
        let forbidden = || Refusal::new(403, "Forbidden");
        for (verdict, words) in [
            (format!("{:?}", Received::Admit), "admit"),
            (format!("{:?}", Received::SendWwwAuthenticate(fields())), "Date, Authorization"),
            (format!("{:?}", Received::Reject(forbidden())), "403 Forbidden"),
            (format!("{:?}", Authentication::Authenticated), "authenticated"),
            (format!("{:?}", Authentication::Refused(forbidden())), "403 Forbidden"),
            (
                format!("{:?}", Required::SendWwwAuthenticate { plan: Plan(7), reserve: 1760 }),
                "1760 bytes to add",
            ),
            (format!("{:?}", Required::GiveUp(Why::ProofMissing)), "proof missing"),
            (format!("{:?}", BodyVerdict::Body(body)), "9 bytes of multipart/encrypted"),
            (format!("{:?}", BodyVerdict::Body(Body::default())), "no body"),
            (format!("{:?}", Authorized::Fields(fields())), "Date, Authorization"),
            (format!("{:?}", Incoming::AckThenBye(Why::NotTrusted)), "not trusted"),
            ("INVITE sip:bob@(example).org".to_owned(), "INVITE sip:bob@(example).org"),
            ("200 to INVITE".to_owned(), "200 to INVITE"),
        ] {
            assert_eq!(in_words(&verdict), words, "{verdict}");
        }
    }
}
