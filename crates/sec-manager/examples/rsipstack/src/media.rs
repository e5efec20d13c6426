//! The media: a line of SDP whose security the manager says, and µ-law silence through its guard.

use ssa::Body;
use ssm::{Attribute, Line, LineSecurity, MediaGuard, Profile};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;

/// The one media line.
pub const LINE: Line = Line(0);

/// The attributes that are the manager's: RFC 4568, and its own key agreement.
const SECURITY: [&str; 2] = ["crypto", "cs1-kem"];

/// A session description.
pub fn describe(at: SocketAddr, line: &LineSecurity) -> Body {
    let (ip, port, profile) = (at.ip(), at.port(), line.profile.name());
    let mut sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} {profile} 0\r\na=rtpmap:0 PCMU/8000\r\n"
    );
    for Attribute { name, value } in &line.attributes {
        // What is written to a string is written.
        let _ = write!(sdp, "a={name}:{value}\r\n");
    }
    Body { content_type: Some(b"application/sdp".to_vec()), octets: sdp.into_bytes() }
}

/// Where a peer's media is, and what its line says of its security. The first line alone counts.
pub fn read(body: &Body) -> Option<(SocketAddr, LineSecurity)> {
    let text = std::str::from_utf8(&body.octets).ok()?;
    let field = |prefix| text.lines().find_map(|line| line.strip_prefix(prefix));
    let ip = field("c=IN IP4 ")?.trim().parse().ok()?;
    let mut media = field("m=audio ")?.split(' ');
    let port = media.next()?.parse().ok()?;
    let profile = Profile::parse(media.next()?)?;
    let attributes = text.lines().filter_map(|line| line.strip_prefix("a=")?.split_once(':'));
    let attributes = attributes
        .filter(|(name, _)| SECURITY.contains(name))
        .map(|(name, value)| Attribute { name: name.to_owned(), value: value.to_owned() })
        .collect();
    Some((SocketAddr::new(ip, port), LineSecurity { profile, attributes }))
}

/// Packets that were sent, and those that came in and were the peer's.
#[derive(Debug, Default)]
pub struct Talked {
    pub sent: u32,
    pub received: u32,
}

/// Sends a packet every 20 ms and opens what comes, until `over`.
pub async fn talk(
    mut guard: MediaGuard, socket: UdpSocket, peer: SocketAddr, over: impl Future<Output = ()>,
) -> Talked {
    let (mut talked, mut packet) = (Talked::default(), [0; 2048]);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => return talked,
            _ = ticks.tick() => {
                let mut silence = [0xFF; 12 + 160 + 64];
                let number = talked.sent.to_be_bytes();
                let time = (talked.sent * 160).to_be_bytes();
                silence[..2].copy_from_slice(&[0x80, 0]);
                silence[2..4].copy_from_slice(&number[2..]);
                silence[4..8].copy_from_slice(&time);
                silence[8..12].copy_from_slice(b"rsip");
                if let Ok(sealed) = guard.sealer.seal_rtp(&mut silence, 172)
                    && socket.send_to(&silence[..sealed], peer).await.is_ok()
                {
                    talked.sent += 1;
                }
            }
            Ok((octets, from)) = socket.recv_from(&mut packet) => {
                // RTCP has types from 192 on, where RTP has its marker and payload type.
                let is_rtp = from == peer && octets > 1 && !(192..=223).contains(&packet[1]);
                if is_rtp && guard.opener.open_rtp(&mut packet[..octets]).is_ok() {
                    talked.received += 1;
                }
            }
        }
    }
}
