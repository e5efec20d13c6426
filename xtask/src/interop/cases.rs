//! All cases, in the order of the table. What takes longest begins first.

mod baresip;
mod browser;
mod captures;
mod dtls;
mod kamailio;
mod places;
mod probes;
mod sdes;
mod sipp_called;
mod sipp_calls;
mod sipsak;
mod transfers;

use super::case::Case;

pub(super) const ALL: &[&[Case]] = &[
    sipp_called::CASES,
    sipp_calls::CASES,
    kamailio::CASES,
    probes::CASES,
    baresip::CASES,
    sdes::CASES,
    dtls::CASES,
    browser::CASES,
    transfers::CASES,
    places::CASES,
    sipsak::CASES,
    captures::CASES,
];
