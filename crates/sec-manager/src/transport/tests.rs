//! Certificates made on the spot, judged on 14 November 2023.

use super::{NotACertificate, TlsTrust};
use crate::{NoRandomness, Platform};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType, date_time_ymd,
};
use ssa::{Answer, PeerVerdict, Transport, TransportSecurity};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Clock;

impl Platform for Clock {
    fn now(&self) -> Instant {
        unreachable!("certificates are dated by the wall clock")
    }

    fn unix_time(&self) -> Duration {
        Duration::from_secs(1_700_000_000)
    }

    fn random(&self, _: &mut [u8]) -> Result<(), NoRandomness> {
        Err(NoRandomness)
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        unreachable!("nothing here waits")
    }
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority(name: &str) -> Authority {
    let key = KeyPair::generate().unwrap();
    Authority::self_signed(authority_params(name), key).unwrap()
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn uri(uri: &str) -> SanType {
    SanType::URI(uri.try_into().unwrap())
}

/// A certificate of `authority` for these names, its common name being `pbx.example.org`.
fn issued(
    authority: &Authority, names: &[SanType], change: impl FnOnce(&mut CertificateParams),
) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "pbx.example.org");
    params.subject_alt_names = names.to_vec();
    change(&mut params);
    params.signed_by(&KeyPair::generate().unwrap(), authority).unwrap().der().to_vec()
}

fn trusting(authorities: &[&Authority]) -> TlsTrust {
    let mut trust = TlsTrust::new(Arc::new(Clock));
    for authority in authorities {
        trust.trust(authority.der()).unwrap();
    }
    trust
}

/// What is said of a refused peer; nothing of an accepted one.
fn verdict(trust: &TlsTrust, name: Option<&str>, peer: &[Vec<u8>]) -> Option<String> {
    match trust.peer_certificate(Transport::Tls, name, peer) {
        Answer::Ready(PeerVerdict::Accept) => None,
        Answer::Ready(PeerVerdict::Refuse(why)) => Some(why),
        Answer::Pending { .. } => panic!("it is known at once"),
    }
}

/// The same for a certificate of a trusted authority for `names`, presented as that of `wanted`.
fn named(wanted: &str, names: &[SanType]) -> Option<String> {
    let authority = authority("Lab");
    let certificate = issued(&authority, names, |_| ());
    verdict(&trusting(&[&authority]), Some(wanted), &[certificate])
}

#[test]
fn x01_the_name_that_was_asked_for_is_accepted_in_any_case() {
    assert_eq!(named("pbx.example.org", &[dns("other.test"), dns("pbx.example.org")]), None);
    assert_eq!(named("PBX.example.ORG.", &[dns("pbx.EXAMPLE.org")]), None);
    assert_eq!(named("example.org", &[uri("SIP:Example.ORG")]), None);
    assert_eq!(named("example.org", &[uri("sip:example.org:5061;transport=tls")]), None);
}

#[test]
fn x01_another_name_is_refused_and_both_are_told() {
    let refused = named("pbx.example.org", &[dns("pbx.example.net")]);
    let told = "its certificate is for pbx.example.net, not for pbx.example.org";
    assert_eq!(refused.as_deref(), Some(told));
    let refused = named("a.test", &[dns("b.test"), dns("c.test"), dns("d.test")]);
    let told = "its certificate is for b.test, c.test and d.test, not for a.test";
    assert_eq!(refused.as_deref(), Some(told));
    let many: Vec<_> = (0..9).map(|number| dns(&format!("{number}.test"))).collect();
    let refused = named("a.test", &many).unwrap();
    let told = "its certificate is for 0.test, 1.test, 2.test, 3.test and 5 more, not for a.test";
    assert_eq!(refused, told);
}

#[test]
fn x01_names_match_as_a_whole() {
    for other in ["example.org", "a.pbx.example.org", "pbx.example.or", "pbx.example.org.test"] {
        assert!(named("pbx.example.org", &[dns(other)]).is_some(), "{other}");
    }
}

#[test]
fn x01_a_wildcard_matches_nothing() {
    for wanted in ["pbx.example.org", "example.org", "a.b.example.org"] {
        let refused = named(wanted, &[dns("*.example.org")]).unwrap();
        assert_eq!(refused, format!("its certificate is for *.example.org, not for {wanted}"));
        assert!(named(wanted, &[uri("sip:*.example.org")]).is_some());
    }
}

#[test]
fn x01_a_common_name_alone_is_none() {
    let refused = named("pbx.example.org", &[]).unwrap();
    let told = "its certificate is for no domain, and should be for pbx.example.org: a common name \
                alone does not count, only a subjectAltName does";
    assert_eq!(refused, told);
}

#[test]
fn x01_dns_names_count_only_where_no_sip_uri_does() {
    let both = [uri("sip:example.net"), dns("pbx.example.org")];
    let refused = named("pbx.example.org", &both).unwrap();
    assert_eq!(refused, "its certificate is for example.net, not for pbx.example.org");
    // None of these is a SIP domain: another scheme, a user's, nobody's.
    for other in ["sips:a.test", "https://a.test", "sip:alice@a.test", "sip:", "sip:a b"] {
        assert_eq!(named("pbx.example.org", &[uri(other), dns("pbx.example.org")]), None);
        assert!(named("a.test", &[uri(other)]).is_some(), "{other}");
    }
}

#[test]
fn x01_an_address_must_be_listed_as_one() {
    let v4 = SanType::IpAddress([192, 0, 2, 1].into());
    let v6 = SanType::IpAddress("2001:db8::1".parse().unwrap());
    assert_eq!(named("192.0.2.1", std::slice::from_ref(&v4)), None);
    assert_eq!(named("[2001:db8::1]", std::slice::from_ref(&v6)), None);
    assert_eq!(named("2001:db8:0::1", &[v6]), None);
    assert!(named("192.0.2.2", &[v4]).is_some());
    assert!(named("192.0.2.1", &[dns("192.0.2.1")]).is_some());
    assert!(named("192.0.2.1", &[uri("sip:192.0.2.1")]).is_some());
}

#[test]
fn x01_an_issuer_that_is_not_trusted_is_refused() {
    let (trusted, other) = (authority("Lab"), authority("Other"));
    let certificate = issued(&other, &[dns("pbx.example.org")], |_| ());
    let peer = [certificate, other.der().to_vec()];
    let refused = verdict(&trusting(&[&trusted]), Some("pbx.example.org"), &peer).unwrap();
    let told = "its certificate, for pbx.example.org, comes from none of the 1 certificate \
                authorities that are trusted, or the chain to it is incomplete";
    assert_eq!(refused, told);
    let refused = verdict(&trusting(&[]), Some("pbx.example.org"), &peer).unwrap();
    let told = "its certificate, for pbx.example.org, is not trusted: no certificate authority is";
    assert_eq!(refused, told);
}

#[test]
fn x01_an_authority_of_the_same_name_is_not_the_same() {
    let (trusted, other) = (authority("Lab"), authority("Lab"));
    let certificate = issued(&other, &[dns("pbx.example.org")], |_| ());
    let refused = verdict(&trusting(&[&trusted]), Some("pbx.example.org"), &[certificate]);
    assert!(refused.unwrap().starts_with("its certificate, for pbx.example.org, "));
}

#[test]
fn a_chain_by_way_of_another_authority_must_be_complete() {
    let root = authority("Root");
    let between = authority_params("Between");
    let between = Authority::signed_by(between, KeyPair::generate().unwrap(), &root).unwrap();
    let certificate = issued(&between, &[dns("pbx.example.org")], |_| ());
    let trust = trusting(&[&root]);
    let whole = [certificate.clone(), between.der().to_vec()];
    assert_eq!(verdict(&trust, Some("pbx.example.org"), &whole), None);
    assert!(verdict(&trust, Some("pbx.example.org"), &[certificate]).is_some());
}

#[test]
fn x01_a_certificate_is_not_an_authority() {
    let root = authority("Root");
    let mut server = authority_params("pbx.example.org");
    server.is_ca = IsCa::ExplicitNoCa;
    let server = Authority::signed_by(server, KeyPair::generate().unwrap(), &root).unwrap();
    let forged = issued(&server, &[dns("bank.test")], |_| ());
    let peer = [forged, server.der().to_vec()];
    assert!(verdict(&trusting(&[&root]), Some("bank.test"), &peer).is_some());
    let refused = verdict(&trusting(&[&root]), Some("a.test"), &[root.der().to_vec()]).unwrap();
    assert!(refused.contains("is a certificate authority's"), "{refused}");
}

#[test]
fn x01_an_expired_certificate_is_refused_and_one_of_the_future() {
    let authority = authority("Lab");
    let trust = trusting(&[&authority]);
    let dated = |from: (i32, u8, u8), to: (i32, u8, u8)| {
        let certificate = issued(&authority, &[dns("pbx.example.org")], |params| {
            params.not_before = date_time_ymd(from.0, from.1, from.2);
            params.not_after = date_time_ymd(to.0, to.1, to.2);
        });
        verdict(&trust, Some("pbx.example.org"), &[certificate])
    };
    assert_eq!(dated((2023, 1, 1), (2024, 1, 1)), None);
    let refused = dated((2022, 1, 1), (2023, 11, 4)).unwrap();
    assert_eq!(refused, "its certificate, for pbx.example.org, expired 10 days ago");
    let refused = dated((2023, 11, 15), (2024, 1, 1)).unwrap();
    let told = "its certificate, for pbx.example.org, is valid only in 106 minutes, if the clock \
                here is right";
    assert_eq!(refused, told);
}

#[test]
fn a_certificate_is_used_for_what_it_is() {
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, CodeSigning, Other, ServerAuth};
    let authority = authority("Lab");
    let trust = trusting(&[&authority]);
    let sip_domain = Other(vec![1, 3, 6, 1, 5, 5, 7, 3, 20]);
    let judged = |purposes: &[ExtendedKeyUsagePurpose], name: Option<&str>| {
        let certificate = issued(&authority, &[dns("pbx.example.org")], |params| {
            params.extended_key_usages = purposes.to_vec();
        });
        verdict(&trust, name, &[certificate])
    };
    let server = Some("pbx.example.org");
    for fit in [vec![], vec![ServerAuth], vec![CodeSigning, Any], vec![sip_domain.clone()]] {
        assert_eq!(judged(&fit, server), None, "{fit:?}");
    }
    for fit in [vec![], vec![ClientAuth], vec![Any], vec![CodeSigning, sip_domain]] {
        assert_eq!(judged(&fit, None), None, "{fit:?}");
    }
    let told = "its certificate, for pbx.example.org, is not one for servers: its extended key \
                usage names neither serverAuth nor sipDomain";
    assert_eq!(judged(&[ClientAuth, CodeSigning], server).as_deref(), Some(told));
    let told = "its certificate, for pbx.example.org, is not one for clients: its extended key \
                usage names neither clientAuth nor sipDomain";
    assert_eq!(judged(&[ServerAuth], None).as_deref(), Some(told));
}

#[test]
fn a_client_that_comes_to_us_needs_a_trusted_issuer_and_no_name() {
    let (trusted, other) = (authority("Lab"), authority("Other"));
    let trust = trusting(&[&trusted]);
    assert_eq!(verdict(&trust, None, &[issued(&trusted, &[dns("any.test")], |_| ())]), None);
    assert!(verdict(&trust, None, &[issued(&other, &[dns("any.test")], |_| ())]).is_some());
}

#[test]
fn what_is_no_certificate_is_refused() {
    let authority = authority("Lab");
    let trust = trusting(&[&authority]);
    let refused = verdict(&trust, Some("a.test"), &[]);
    assert_eq!(refused.as_deref(), Some("it presented no certificate"));
    let refused = verdict(&trust, Some("a.test"), &[b"0123".to_vec()]);
    assert_eq!(refused.as_deref(), Some("its certificate cannot be read"));
    let mut trust = trust;
    assert_eq!(trust.trust(b"-----BEGIN CERTIFICATE-----"), Err(NotACertificate));
}

#[test]
fn a_client_certificate_goes_to_a_configured_name_only() {
    let own = |trust: &TlsTrust, server, name| match trust.own_certificate(
        Transport::Tls,
        server,
        name,
    ) {
        Answer::Ready(chain) => chain,
        Answer::Pending { .. } => panic!("it is known at once"),
    };
    let nothing = trusting(&[]);
    assert_eq!(own(&nothing, true, None), None);
    assert_eq!(own(&nothing, false, Some("pbx.example.org")), None);
    let (server, client) = (vec![b"server".to_vec()], vec![b"client".to_vec()]);
    let trust = nothing.presenting(server.clone()).presenting_to("PBX.example.org", client.clone());
    assert_eq!(own(&trust, true, None), Some(server.clone()));
    assert_eq!(own(&trust, true, Some("anything.test")), Some(server));
    assert_eq!(own(&trust, false, Some("pbx.example.org")), Some(client));
    for other in [None, Some("example.org"), Some("a.pbx.example.org"), Some("192.0.2.1")] {
        assert_eq!(own(&trust, false, other), None);
    }
}
