//! What the resolver is asked, and what becomes of what a server on loopback answers.

use super::*;
use hickory_resolver::config::NameServerConfig;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::Record;
use hickory_resolver::proto::rr::rdata::{NAPTR, SRV};
use std::net::Ipv4Addr;
use tokio::net::UdpSocket;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// A server's answer.
type Answer = fn(&Name, RecordType) -> Result<Vec<RData>, ResponseCode>;

/// What `asked` leads to where a server on loopback has this answer.
fn asked(asked: &'static str, kind: RecordType, answer: Option<Answer>) -> io::Result<Vec<RData>> {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio.block_on(async {
        let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut at = NameServerConfig::udp(Ipv4Addr::LOCALHOST.into());
        at.connections[0].port = server.local_addr().unwrap().port();
        #[expect(clippy::disallowed_methods, reason = "a server beside what is tested")]
        let serving = tokio::spawn(async move { serve(&server, answer).await });
        let config = ResolverConfig::from_parts(None, vec![name("search.example.")], vec![at]);
        let mut options = ResolverOpts::default();
        options.timeout = Duration::from_millis(50);
        let found = look_up(config, options, asked, kind).await;
        serving.abort();
        found
    })
}

async fn serve(server: &UdpSocket, answer: Option<Answer>) {
    let mut octets = [0; 1500];
    loop {
        let (length, client) = server.recv_from(&mut octets).await.unwrap();
        let Some(answer) = answer else { continue };
        let request = Message::from_vec(&octets[..length]).unwrap();
        let query = request.queries[0].clone();
        let mut response = Message::response(request.metadata.id, request.metadata.op_code);
        response.add_query(query.clone());
        match answer(query.name(), query.query_type()) {
            Ok(records) => {
                for data in records {
                    response.add_answer(Record::from_rdata(query.name().clone(), 60, data));
                }
            }
            Err(code) => response.metadata.response_code = code,
        }
        server.send_to(&response.to_vec().unwrap(), client).await.unwrap();
    }
}

#[test]
fn the_records_of_a_name_are_read_as_they_are() {
    let found = asked(
        "_sip._udp.pbx.example",
        RecordType::SRV,
        Some(|asked, kind| {
            assert_eq!(
                (asked.to_ascii().as_str(), kind),
                ("_sip._udp.pbx.example.", RecordType::SRV)
            );
            let srv = |priority, target| RData::SRV(SRV::new(priority, 5, 5070, name(target)));
            Ok(vec![srv(1, "a.example."), srv(2, ".")])
        }),
    );
    let found: Vec<Srv> = found.unwrap().into_iter().filter_map(as_srv).collect();
    let srv =
        |priority, target: &str| Srv { priority, weight: 5, port: 5070, target: target.into() };
    assert_eq!(found, [srv(1, "a.example"), srv(2, "")]);
    let found = asked(
        "pbx.example",
        RecordType::NAPTR,
        Some(|_, _| {
            let text = |text: &str| text.as_bytes().into();
            let next = name("_sip._tcp.pbx.example.");
            Ok(vec![RData::NAPTR(NAPTR::new(50, 10, text("s"), text("SIP+D2T"), text(""), next))])
        }),
    );
    let found: Vec<Naptr> = found.unwrap().into_iter().filter_map(as_naptr).collect();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].order, found[0].preference), (50, 10));
    assert_eq!((found[0].flags.as_str(), found[0].services.as_str()), ("s", "SIP+D2T"));
    assert_eq!(found[0].replacement, "_sip._tcp.pbx.example");
}

#[test]
fn a_name_without_records_has_none_and_a_server_that_fails_is_told() {
    let none = asked("pbx.example", RecordType::NAPTR, Some(|_, _| Ok(Vec::new())));
    assert_eq!(none.unwrap(), []);
    let none = asked("pbx.example", RecordType::SRV, Some(|_, _| Err(ResponseCode::NXDomain)));
    assert_eq!(none.unwrap(), []);
    let refused = asked("pbx.example", RecordType::SRV, Some(|_, _| Err(ResponseCode::Refused)));
    let why = refused.unwrap_err().to_string();
    assert!(why.starts_with("cannot ask for the SRV records of pbx.example: "), "{why}");
    let silent = asked("pbx.example", RecordType::NAPTR, None).unwrap_err();
    assert_eq!(silent.kind(), io::ErrorKind::TimedOut);
    assert!(silent.to_string().contains("NAPTR records of pbx.example"), "{silent}");
}

#[test]
fn nobody_is_asked_about_what_the_hosts_file_names() {
    let hosts =
        "127.0.0.1\tlocalhost\n10.0.0.9 pbx.example PBX # 10.0.0.8 old.example\n#10.1.1.1 x\n";
    for (host, listed) in [
        ("localhost", true),
        ("Pbx.Example", true),
        ("pbx.example.", true),
        ("pbx", true),
        ("old.example", false),
        ("x", false),
        ("10.0.0.9", false),
    ] {
        assert_eq!(is_listed(host, hosts), listed, "{host}");
    }
    for (name, host) in
        [("_sip._udp.pbx.example", "pbx.example"), ("pbx.example", "pbx.example"), ("_odd", "_odd")]
    {
        assert_eq!(owner(name), host);
    }
}
