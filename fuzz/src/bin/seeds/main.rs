//! Writes the fuzzers' first inputs to `fuzz/seeds/TARGET/`: valid and nearly valid ones, made here
//! and not collected, so that they can be read, changed and shared.

mod agent;
mod frames;
mod media;
mod messages;
mod packages;
mod redactor;
mod security;
mod sequences;

use std::path::Path;
use std::{fs, io};

/// An input and the name of its file.
type Seed = (String, Vec<u8>);

fn main() -> io::Result<()> {
    let targets: [(&str, Vec<Seed>); 17] = [
        ("message", messages::datagrams()),
        ("stream", messages::streams()),
        ("uri", messages::uris()),
        ("aor", messages::uris()),
        ("auth_params", security::parameters()),
        ("nonce", security::nonces()),
        ("multipart", security::multiparts()),
        ("sdp", media::descriptions()),
        ("rtp_rtcp", media::packets()),
        ("agent_frame", frames::frames()),
        ("pgp_scheme", security::scheme()),
        ("srtp", media::secured()),
        ("sip_manager", sequences::of_messages()),
        ("security_manager", sequences::of_calls()),
        ("agent_openpgp", agent::packets().map_err(io::Error::other)?),
        ("redactor", redactor::texts()),
        ("packages", packages::documents()),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (target, seeds) in targets {
        let folder = root.join(target);
        fs::create_dir_all(&folder)?;
        for (name, octets) in &seeds {
            fs::write(folder.join(name), octets)?;
        }
        println!("{target}: {} seeds", seeds.len());
    }
    Ok(())
}

/// Texts as seeds, numbered.
fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Seed> {
    let numbered = texts.into_iter().enumerate();
    numbered.map(|(number, text)| (format!("{number:02}"), text.as_bytes().to_vec())).collect()
}
