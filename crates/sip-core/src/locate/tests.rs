//! Which question follows from which answer, and what is found in the end.

use super::order::in_order;
use super::*;
use ssa::Transport::{self, Tcp, Tls, Udp};
use std::collections::BTreeSet;
use std::net::SocketAddr;

const DOMAIN: &str = "pbx.example";

fn wanted(asked: Asked, port: Option<u16>) -> Wanted {
    Wanted { name: DOMAIN.into(), port, asked, seed: 7 }
}

fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Srv {
    Srv { priority, weight, port, target: target.to_owned() }
}

fn naptr(order: u16, preference: u16, services: &str, replacement: &str) -> Naptr {
    let [flags, services, replacement] = ["s", services, replacement].map(str::to_owned);
    Naptr { order, preference, flags, services, regexp: String::new(), replacement }
}

/// The records that the domain has: of each name what is asked for it.
#[derive(Default)]
struct Zone {
    naptr: Vec<Naptr>,
    srv: Vec<(&'static str, Vec<Srv>)>,
    hosts: Vec<(&'static str, Vec<&'static str>)>,
}

impl Zone {
    fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Naptr(name) if name == DOMAIN => Answer::Naptr(self.naptr.clone()),
            Question::Naptr(_) => Answer::Nothing,
            Question::Srv(name) => {
                let found = self.srv.iter().find(|(owner, _)| owner == name);
                Answer::Srv(found.map(|(_, records)| records.clone()).unwrap_or_default())
            }
            Question::Addresses(name) => match self.hosts.iter().find(|(owner, _)| owner == name) {
                Some((_, ips)) => {
                    Answer::Addresses(ips.iter().map(|ip| ip.parse().unwrap()).collect())
                }
                None => Answer::Nothing,
            },
        }
    }
}

/// What was asked in each round, and what was found.
fn run(zone: &Zone, wanted: Wanted, transports: &[Transport]) -> (Vec<Vec<String>>, Search) {
    let mut search = Search::new(wanted, transports);
    let mut rounds = Vec::new();
    loop {
        let questions = search.questions();
        if questions.is_empty() {
            return (rounds, search);
        }
        assert!(rounds.len() < 3, "a fourth round: {questions:?}");
        rounds.push(questions.iter().map(ToString::to_string).collect());
        search.on_answers(questions.iter().map(|question| zone.answer(question)).collect());
    }
}

/// The same, in words: `a | b` for two questions at once.
fn told(zone: &Zone, wanted: Wanted, transports: &[Transport]) -> (Vec<String>, String) {
    let (rounds, search) = run(zone, wanted, transports);
    let rounds = rounds.iter().map(|round| round.join(" | ").replace("the ", "")).collect();
    let Servers { transport, addresses } = search.servers();
    let over = transport.map_or("any", Transport::name);
    let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    (rounds, format!("{over} {}", addresses.join(" ")).trim_end().to_owned())
}

/// A domain with everything.
fn full() -> Zone {
    Zone {
        naptr: vec![
            naptr(100, 50, "SIP+D2U", "_sip._udp.pbx.example"),
            naptr(90, 50, "sip+d2t", "_sip._tcp.far.example."),
            naptr(50, 50, "SIPS+D2T", "_sips._tcp.pbx.example"),
            naptr(10, 1, "SIP+D2S", "_sip._sctp.pbx.example"),
        ],
        srv: vec![
            (
                "_sip._udp.pbx.example",
                vec![srv(1, 0, 5070, "a.example"), srv(2, 0, 5071, "b.example")],
            ),
            ("_sip._tcp.pbx.example", vec![srv(1, 0, 5072, "a.example.")]),
            ("_sip._tcp.far.example", vec![srv(1, 0, 5073, "b.example")]),
            ("_sips._tcp.pbx.example", vec![srv(1, 0, 5074, "b.example")]),
        ],
        hosts: vec![
            (DOMAIN, vec!["192.0.2.1"]),
            ("a.example", vec!["192.0.2.2", "2001:db8::2"]),
            ("b.example", vec!["192.0.2.3"]),
        ],
    }
}

/// The domain's addresses and no other record.
fn plain() -> Zone {
    Zone { naptr: Vec::new(), srv: Vec::new(), ..full() }
}

const ALL: &[Transport] = &[Udp, Tcp, Tls];
const OPEN: &[Transport] = &[Udp, Tcp];

/// RFC 3263 §4.1, §4.2: one row for each way through.
#[test]
fn what_is_said_and_what_the_domain_has_decide_what_is_asked() {
    let unnamed = Zone { naptr: Vec::new(), ..full() };
    let both = "SRV records of _sip._udp.pbx.example | SRV records of _sip._tcp.pbx.example";
    type Row<'a> = (&'a str, &'a Zone, Asked, Option<u16>, &'a [Transport], &'a [&'a str], &'a str);
    let rows: [Row<'_>; 13] = [
        (
            "NAPTR prefers TLS, and it is there",
            &full(),
            Asked::Any,
            None,
            ALL,
            &[
                "NAPTR records of pbx.example",
                "SRV records of _sips._tcp.pbx.example",
                "addresses of b.example",
            ],
            "TLS 192.0.2.3:5074",
        ),
        (
            "without TLS the next",
            &full(),
            Asked::Any,
            None,
            OPEN,
            &[
                "NAPTR records of pbx.example",
                "SRV records of _sip._tcp.far.example",
                "addresses of b.example",
            ],
            "TCP 192.0.2.3:5073",
        ),
        (
            "UDP is all there is",
            &full(),
            Asked::Any,
            None,
            &[Udp],
            &[
                "NAPTR records of pbx.example",
                "SRV records of _sip._udp.pbx.example",
                "addresses of a.example | addresses of b.example",
            ],
            "UDP 192.0.2.2:5070 [2001:db8::2]:5070 192.0.2.3:5071",
        ),
        (
            "sips: is SIPS+D2T",
            &full(),
            Asked::Secure,
            None,
            ALL,
            &[
                "NAPTR records of pbx.example",
                "SRV records of _sips._tcp.pbx.example",
                "addresses of b.example",
            ],
            "TLS 192.0.2.3:5074",
        ),
        (
            "a transport skips NAPTR",
            &full(),
            Asked::Only(Tcp),
            None,
            ALL,
            &["SRV records of _sip._tcp.pbx.example", "addresses of a.example"],
            "TCP 192.0.2.2:5072 [2001:db8::2]:5072",
        ),
        (
            "TLS is _sips",
            &full(),
            Asked::Only(Tls),
            None,
            ALL,
            &["SRV records of _sips._tcp.pbx.example", "addresses of b.example"],
            "TLS 192.0.2.3:5074",
        ),
        (
            "a port skips both",
            &full(),
            Asked::Any,
            Some(5060),
            ALL,
            &["addresses of pbx.example"],
            "any 192.0.2.1:5060",
        ),
        (
            "so with a transport",
            &full(),
            Asked::Only(Tcp),
            Some(5080),
            ALL,
            &["addresses of pbx.example"],
            "TCP 192.0.2.1:5080",
        ),
        (
            "and for sips:",
            &full(),
            Asked::Secure,
            Some(5080),
            ALL,
            &["addresses of pbx.example"],
            "TLS 192.0.2.1:5080",
        ),
        (
            "no NAPTR: what is preferred here",
            &unnamed,
            Asked::Any,
            None,
            ALL,
            &[
                "NAPTR records of pbx.example",
                both,
                "addresses of a.example | addresses of b.example",
            ],
            "UDP 192.0.2.2:5070 [2001:db8::2]:5070 192.0.2.3:5071",
        ),
        (
            "no NAPTR and sips:",
            &unnamed,
            Asked::Secure,
            None,
            ALL,
            &[
                "NAPTR records of pbx.example",
                "SRV records of _sips._tcp.pbx.example",
                "addresses of b.example",
            ],
            "TLS 192.0.2.3:5074",
        ),
        (
            "nothing but addresses",
            &plain(),
            Asked::Any,
            None,
            ALL,
            &["NAPTR records of pbx.example", both, "addresses of pbx.example"],
            "any 192.0.2.1:5060",
        ),
        (
            "nothing but addresses and sips:",
            &plain(),
            Asked::Secure,
            None,
            ALL,
            &[
                "NAPTR records of pbx.example",
                "SRV records of _sips._tcp.pbx.example",
                "addresses of pbx.example",
            ],
            "TLS 192.0.2.1:5061",
        ),
    ];
    for (what, zone, asked, port, transports, rounds, found) in rows {
        let (asked, servers) = told(zone, wanted(asked, port), transports);
        assert_eq!(asked, rounds, "{what}");
        assert_eq!(servers, found, "{what}");
    }
}

#[test]
fn names_of_this_host_and_its_network_are_not_asked_of_the_dns() {
    for name in ["localhost", "LOCALHOST.", "a.localhost", "pbx", "printer.local", "Printer.LOCAL."]
    {
        let wanted = Wanted { name: name.into(), ..wanted(Asked::Any, None) };
        let search = Search::new(wanted, ALL);
        assert_eq!(search.questions(), [Question::Addresses(name.to_owned())]);
        assert!(search.is_last());
    }
}

#[test]
fn the_first_transport_that_has_servers_is_taken() {
    let with = |records: Vec<Srv>| Zone {
        naptr: Vec::new(),
        srv: vec![
            ("_sip._udp.pbx.example", records),
            ("_sip._tcp.pbx.example", vec![srv(1, 1, 5072, "b.example")]),
        ],
        ..full()
    };
    for none in [vec![], vec![srv(0, 0, 0, ".")], vec![srv(0, 0, 5060, "")]] {
        let (_, found) = told(&with(none), wanted(Asked::Any, None), ALL);
        assert_eq!(found, "TCP 192.0.2.3:5072");
    }
}

#[test]
fn a_domain_that_says_it_has_no_service_is_not_called_at_its_address() {
    for target in [".", ""] {
        let zone =
            Zone { srv: vec![("_sip._udp.pbx.example", vec![srv(0, 0, 5060, target)])], ..full() };
        let (rounds, search) = run(&zone, wanted(Asked::Only(Udp), None), ALL);
        assert_eq!(rounds.len(), 1);
        assert!(search.is_refused());
        assert_eq!(search.servers(), Servers::default());
    }
}

#[test]
fn records_that_are_none_of_ours_are_passed_over() {
    let odd = |change: fn(&mut Naptr)| {
        let mut record = naptr(1, 1, "SIP+D2T", "_sip._tcp.pbx.example");
        change(&mut record);
        record
    };
    let zone = Zone {
        naptr: vec![
            odd(|it| it.flags = "u".to_owned()),
            odd(|it| it.flags = String::new()),
            odd(|it| it.regexp = "!^.*$!sip:a@b!".to_owned()),
            odd(|it| it.services = "E2U+sip".to_owned()),
            odd(|it| it.replacement = ".".to_owned()),
            odd(|it| it.replacement = "a b.example".to_owned()),
            odd(|it| it.replacement = format!("{}.example", "a".repeat(64))),
            odd(|it| it.replacement = format!("{}example", "a.".repeat(127))),
            naptr(9, 2, "SIP+D2T", "_sip._tcp.pbx.example"),
            naptr(9, 1, "SIP+D2U", "_sip._udp.pbx.example"),
        ],
        ..full()
    };
    let (rounds, _) = told(&zone, wanted(Asked::Any, None), ALL);
    assert_eq!(rounds[1], "SRV records of _sip._udp.pbx.example");
    // With none left it is as if there were none at all.
    let zone = Zone { naptr: zone.naptr[..8].to_vec(), ..full() };
    let (rounds, _) = told(&zone, wanted(Asked::Any, None), ALL);
    assert!(rounds[1].contains("_sip._udp") && rounds[1].contains("_sip._tcp"), "{rounds:?}");
}

#[test]
fn x08_a_record_leads_to_no_address_and_to_no_name_of_this_host() {
    let nobody = [
        "127.0.0.1",
        "::1",
        "[::1]",
        "2130706433",
        "0x7f.0x1",
        "localhost",
        "a.localhost.",
        "printer",
        "printer.local",
        "a b.example",
        "_sip._udp.pbx.example/",
        "a..example",
        "1.2.3",
    ];
    for target in nobody {
        assert_eq!(in_order(&[srv(1, 1, 5060, target)], 1), [], "{target}");
    }
    let long = format!("{}example", "a.".repeat(127));
    assert_eq!(in_order(&[srv(1, 1, 5060, &long), srv(1, 1, 0, "a.example")], 1), []);
    assert_eq!(in_order(&[srv(1, 1, 5060, "a.example.")], 1), [("a.example".to_owned(), 5060)]);
}

/// Case X08.
#[test]
fn x08_ten_thousand_records_and_names_in_a_circle_end_at_sixteen() {
    let many = (0..10_000).map(|at| srv(1, 1, 5060 + at % 1000, "a.example")).collect();
    let zone = Zone {
        naptr: (0..10_000).map(|at| naptr(at, 0, "SIP+D2U", "_sip._udp.pbx.example")).collect(),
        srv: vec![("_sip._udp.pbx.example", many)],
        hosts: vec![("a.example", vec!["192.0.2.2"; 10_000])],
    };
    let (rounds, search) = run(&zone, wanted(Asked::Any, None), ALL);
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 16]);
    assert!((1..=16).contains(&search.servers().addresses.len()));
    let addresses: Vec<String> = (1..=200).map(|last| format!("192.0.2.{last}")).collect();
    let addresses: Vec<&'static str> = addresses.into_iter().map(|it| &*it.leak()).collect();
    let zone = Zone { hosts: vec![(DOMAIN, addresses)], ..Zone::default() };
    let (_, search) = run(&zone, wanted(Asked::Any, None), ALL);
    assert_eq!(search.servers().addresses.len(), 16);
    // A name that leads back to itself is asked for its addresses, and that is all.
    let zone = Zone {
        naptr: vec![naptr(1, 1, "SIP+D2U", DOMAIN)],
        srv: vec![(DOMAIN, vec![srv(1, 1, 5060, DOMAIN)])],
        hosts: vec![(DOMAIN, vec!["192.0.2.1"])],
    };
    let (_, found) = told(&zone, wanted(Asked::Any, None), ALL);
    assert_eq!(found, "UDP 192.0.2.1:5060");
}

/// RFC 2782: by priority, and within one in proportion to the weights.
#[test]
fn hosts_come_by_priority_and_within_one_by_weight_and_chance() {
    let records = [
        srv(20, 100, 5060, "last.example"),
        srv(10, 30, 5060, "some.example"),
        srv(10, 60, 5060, "most.example"),
        srv(10, 0, 5060, "rare.example"),
    ];
    let mut first = std::collections::BTreeMap::new();
    for seed in 0..3000 {
        let hosts = in_order(&records, seed);
        assert_eq!(hosts, in_order(&records, seed), "the same seed, the same order");
        let names: BTreeSet<_> = hosts.iter().map(|(host, _)| host.as_str()).collect();
        assert_eq!(names.len(), 4);
        assert_eq!(hosts[3].0, "last.example");
        *first.entry(hosts[0].0.clone()).or_insert(0) += 1;
    }
    let share = |host: &str| first.get(host).copied().unwrap_or(0);
    assert!((1800..2200).contains(&share("most.example")), "{first:?}");
    assert!((800..1200).contains(&share("some.example")), "{first:?}");
    assert!((1..150).contains(&share("rare.example")), "{first:?}");
}
