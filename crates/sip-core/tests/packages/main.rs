//! Event packages whose bodies are XML: the examples of their RFCs, what peers may send, and what is
//! written.
//!
//! `data/packages` holds every document that RFC 4235, RFC 3680 and RFC 3863 show, as published; a
//! file is named by RFC, section and number.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod dialogs;
mod hostile;
mod presences;
mod registrations;
mod round_trips;

/// A document of an RFC.
fn example(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/packages/rfc{name}.xml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// The names of all documents of an RFC.
fn examples(rfc: &str) -> Vec<String> {
    let folder = format!("{}/tests/data/packages", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let of_rfc = names.filter_map(|name| {
        let name = name.strip_prefix("rfc")?.strip_suffix(".xml")?.to_owned();
        name.starts_with(rfc).then_some(name)
    });
    of_rfc.collect()
}
