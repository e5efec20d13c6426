//! A search, round by round.

use super::order::{in_order, preferred};
use super::records::{Naptr, Srv, is_local, service_name};
use super::wanted::{Asked, Servers, Wanted};
use ssa::Transport;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Addresses that a search finds, at most.
const ADDRESSES: usize = 16;

/// A question to the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The NAPTR records of a domain.
    Naptr(String),
    /// The SRV records of a name.
    Srv(String),
    /// The A and AAAA records of a host.
    Addresses(String),
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Naptr(name) => write!(f, "the NAPTR records of {name}"),
            Self::Srv(name) => write!(f, "the SRV records of {name}"),
            Self::Addresses(host) => write!(f, "the addresses of {host}"),
        }
    }
}

/// What a question was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The NAPTR records.
    Naptr(Vec<Naptr>),
    /// The SRV records.
    Srv(Vec<Srv>),
    /// The addresses, in the order to try them.
    Addresses(Vec<IpAddr>),
    /// There are none, or nobody could tell.
    Nothing,
}

/// Finds the servers of a domain.
#[derive(Clone, Debug)]
pub struct Search {
    wanted: Wanted,
    /// What requests can go over, by preference.
    transports: Vec<Transport>,
    /// What was asked for, or chosen.
    transport: Option<Transport>,
    step: Step,
}

#[derive(Clone, Debug)]
enum Step {
    Naptr,
    /// The names of SRV records; the first transport that has any is taken.
    Srv(Vec<(Transport, String)>),
    /// Hosts and ports.
    Hosts(Vec<(String, u16)>),
    Done(Vec<SocketAddr>),
    /// The domain says that it has no such service.
    Refused,
}

impl Search {
    /// Begins; `transports` is what requests can go over, by preference.
    pub fn new(wanted: Wanted, transports: &[Transport]) -> Self {
        let transport = wanted.asked.transport();
        let direct = wanted.port.is_some() || is_local(&wanted.name);
        let mut search =
            Self { wanted, transports: transports.to_vec(), transport, step: Step::Naptr };
        search.step = match search.wanted.asked {
            _ if direct => search.domain_itself(),
            Asked::Only(_) => search.services(),
            Asked::Any | Asked::Secure => Step::Naptr,
        };
        search
    }

    /// What is to be asked now, all at once; nothing: the search is over.
    pub fn questions(&self) -> Vec<Question> {
        match &self.step {
            Step::Naptr => vec![Question::Naptr(self.wanted.name.to_string())],
            Step::Srv(services) => {
                services.iter().map(|(_, name)| Question::Srv(name.clone())).collect()
            }
            Step::Hosts(hosts) => {
                hosts.iter().map(|(host, _)| Question::Addresses(host.clone())).collect()
            }
            Step::Done(_) | Step::Refused => Vec::new(),
        }
    }

    /// Whether nothing is asked after this.
    pub const fn is_last(&self) -> bool {
        match self.step {
            Step::Hosts(_) | Step::Done(_) | Step::Refused => true,
            Step::Naptr | Step::Srv(_) => false,
        }
    }

    /// What the questions were answered, in their order.
    pub fn on_answers(&mut self, answers: Vec<Answer>) {
        self.step = match std::mem::replace(&mut self.step, Step::Refused) {
            Step::Naptr => self.on_naptr(answers),
            Step::Srv(services) => self.on_srv(services, answers),
            Step::Hosts(hosts) => Step::Done(addresses(&hosts, answers)),
            over @ (Step::Done(_) | Step::Refused) => over,
        };
    }

    /// Whether the domain says itself that it has no such service: the root stands for its host.
    /// RFC 2782.
    pub const fn is_refused(&self) -> bool {
        matches!(self.step, Step::Refused)
    }

    /// What was found.
    pub fn servers(self) -> Servers {
        match self.step {
            Step::Done(addresses) => Servers { transport: self.transport, addresses },
            Step::Naptr | Step::Srv(_) | Step::Hosts(_) | Step::Refused => Servers::default(),
        }
    }

    fn on_naptr(&mut self, answers: Vec<Answer>) -> Step {
        let records = answers.into_iter().find_map(|answer| match answer {
            Answer::Naptr(records) => Some(records),
            Answer::Srv(_) | Answer::Addresses(_) | Answer::Nothing => None,
        });
        let (asked, records) = (self.wanted.asked, records.unwrap_or_default());
        match preferred(&records, asked, &self.transports) {
            Some((transport, name)) => {
                self.transport = Some(transport);
                Step::Srv(vec![(transport, name)])
            }
            None => self.services(),
        }
    }

    fn on_srv(&mut self, services: Vec<(Transport, String)>, answers: Vec<Answer>) -> Step {
        let mut refused = false;
        for ((transport, _), answer) in services.into_iter().zip(answers) {
            let Answer::Srv(records) = answer else { continue };
            let hosts = in_order(&records, self.wanted.seed);
            if !hosts.is_empty() {
                self.transport = Some(transport);
                return Step::Hosts(hosts);
            }
            refused |= !records.is_empty();
        }
        if refused { Step::Refused } else { self.domain_itself() }
    }

    /// The SRV records of what was asked for, or of everything that needs no TLS: RFC 3263 §4.1 asks
    /// for `_sip` where the scheme is `sip:`.
    fn services(&self) -> Step {
        let transports = match self.transport {
            Some(only) => vec![only],
            None => self.transports.iter().copied().filter(|it| !it.is_secure()).collect(),
        };
        let named = |transport| Some((transport, service_name(transport, &self.wanted.name)?));
        let services: Vec<_> = transports.into_iter().filter_map(named).collect();
        if services.is_empty() { self.domain_itself() } else { Step::Srv(services) }
    }

    /// The addresses of the domain, at the port that was said or the transport's own.
    fn domain_itself(&self) -> Step {
        let default = self.transport.unwrap_or(Transport::Udp).default_port();
        Step::Hosts(vec![(self.wanted.name.to_string(), self.wanted.port.unwrap_or(default))])
    }
}

/// The addresses of the hosts, each once, at their ports.
fn addresses(hosts: &[(String, u16)], answers: Vec<Answer>) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for ((_, port), answer) in hosts.iter().zip(answers) {
        let Answer::Addresses(ips) = answer else { continue };
        for address in ips.into_iter().map(|ip| SocketAddr::new(ip, *port)) {
            if found.len() < ADDRESSES && !found.contains(&address) {
                found.push(address);
            }
        }
    }
    found
}
