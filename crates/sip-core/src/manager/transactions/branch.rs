//! The branches of requests of ours: what a response, and what ICMP quotes of a request, is matched
//! by. RFC 3261 §8.1.1.7.

use crate::builder::push_hex;

/// What matches a response to its transaction: our branch, and whether it is a CANCEL's, which
/// shares the branch of its INVITE. RFC 3261 §17.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::manager) struct Branch {
    pub(in crate::manager) number: u64,
    pub(in crate::manager) cancel: bool,
}

/// How a branch begins. RFC 3261 §8.1.1.7.
const COOKIE: &[u8] = b"z9hG4bK";

/// The digits behind it.
const DIGITS: usize = 16;

/// The octets of a branch of ours.
pub(in crate::manager) const BRANCH: usize = COOKIE.len() + DIGITS;

impl Branch {
    /// The branch in the first octets of a request of ours, and those octets up to its end; `None`
    /// where they do not reach there.
    pub(super) fn quoted(octets: &[u8]) -> Option<(Self, &[u8])> {
        const BEFORE: &[u8] = b";branch=";
        let found = octets.windows(BEFORE.len()).position(|part| part == BEFORE)?;
        let start = found + BEFORE.len();
        let quoted = octets.get(..start + BRANCH)?;
        let number = branch_number(quoted.get(start..)?)?;
        Some((Self { number, cancel: quoted.starts_with(b"CANCEL ") }, quoted))
    }
}

/// Appends the parameter of Via with the branch that carries this number.
pub(in crate::manager) fn push_branch(via: &mut Vec<u8>, number: u64) {
    via.extend_from_slice(b";branch=z9hG4bK");
    push_hex(via, number);
}

/// The number in a branch of ours.
pub(super) fn branch_number(branch: &[u8]) -> Option<u64> {
    let digits = branch.strip_prefix(COOKIE).filter(|digits| digits.len() == DIGITS)?;
    digits.iter().try_fold(0, |number, &digit| {
        Some(number << 4 | u64::from(char::from(digit).to_digit(16)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_carries_its_number() {
        let mut via = Vec::new();
        push_branch(&mut via, 0xfeed);
        assert_eq!(branch_number(via.strip_prefix(b";branch=").unwrap()), Some(0xfeed));
        assert_eq!(branch_number(b"z9hG4bKfeed"), None);
        assert_eq!(branch_number(b"z9hG4bK+00000000000feed"), None);
        assert_eq!(branch_number(b"0123456789abcdef"), None);
    }

    #[test]
    fn a_branch_is_found_in_what_is_quoted_of_its_request() {
        let mut request = b"CANCEL sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;rport".to_vec();
        push_branch(&mut request, 0xfeed);
        let end = request.len();
        request.extend_from_slice(b"\r\nMax-Forwards: 70\r\n");
        let found = Some((Branch { number: 0xfeed, cancel: true }, &request[..end]));
        assert_eq!(Branch::quoted(&request), found);
        assert_eq!(Branch::quoted(&request[..end]), found);
        assert_eq!(Branch::quoted(&request[..end - 1]), None);
        let odd = Branch::quoted(b"OPTIONS sip:b@h;branch=z9hG4bK SIP/2.0\r\n");
        assert_eq!(odd, None);
    }
}
