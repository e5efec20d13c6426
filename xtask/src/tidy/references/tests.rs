//! References in toy files.

use super::*;

/// What begins a comment: written so that these lines are none.
const COMMENT: &str = concat!("/", "//");

/// The faults of a file beside documents that hold one case and one promise.
fn faults(path: &str, text: &str) -> Vec<String> {
    let files = [
        (CASES, "| A01 | a case | `a01_holds` |\n"),
        (PROMISES, "| 7 | a promise | `a01_holds` |\n"),
        (CLAIMS, "| 2 | a claim | `a01_holds` |\n"),
        ("docs/decisions/0003-a-page.md", ""),
        ("crates/x/src/lib.rs", "    async fn a01_holds() {}\n"),
        ("SECURITY.md", ""),
        ("xtask/src/interop/cases/sipp.rs", "name: \"sipp-calls\","),
        (path, text),
    ];
    Tree::new(files.map(|(path, text)| (path.into(), text.into())).into()).faults()
}

#[test]
fn a_number_without_a_row_is_named_with_its_place() {
    let why = ["y.rs:2: A99 has no row in docs/cases.md"];
    assert_eq!(faults("y.rs", &format!("fn x() {{}}\n{COMMENT} Case A99, as A01.\n")), why);
    assert_eq!(faults("y.rs", "\nfn a01_a99_b02() {}\n"), why);
    assert_eq!(faults("y.md", "Promise 8"), ["y.md:1: promise 8 is not in docs/promises.md"]);
    assert_eq!(faults("y.md", "claims 3"), ["y.md:1: claim 3 is not in docs/claims.md"]);
    assert_eq!(
        faults("y.md", "Decision 0004"),
        ["y.md:1: decision 0004 is not in docs/decisions/"]
    );
    assert!(faults("y.rs", "let x = \"A99\";").is_empty(), "no comment");
    for text in ["0xA99 A991 a99 A99F B12", "promise 7", "claims 2", "decision 0003", "A01"] {
        assert!(faults("y.rs", &format!("{COMMENT} {text}")).is_empty(), "{text}");
    }
}

#[test]
fn what_a_row_shows_is_a_function() {
    let of = |cell: &str| faults("docs/claims.md", &format!("| 1 | `no_such` | {cell} |\n"));
    assert_eq!(of("`a02_holds`"), ["docs/claims.md:1: there is no function a02_holds"]);
    assert_eq!(of("`a02_…`"), ["docs/claims.md:1: there is no function a02_…"]);
    assert!(of("`a01_holds`, `a01_…`, `a file.rs`").is_empty());
    let row = |cell: &str| faults(CASES, &format!("| A01 | a case | {cell} |\n"));
    assert_eq!(row("somewhere").len(), 1);
    assert!(row("missing: all of it").is_empty());
}

#[test]
fn a_case_with_a_peer_is_one_of_interop() {
    let of = |cell: &str| faults(CONFORMANCE, &format!("| RFC 3261 §9 | {cell} |\n"));
    let why = ["docs/conformance.md:1: cargo xtask interop has no case sipp-sleeps"];
    assert_eq!(of("`a01_holds`; `sipp-sleeps`"), why);
    assert!(of("`a01_holds`; `sipp-calls`").is_empty());
}

#[test]
fn a_document_that_is_not_there_is_named() {
    for text in ["See DESIGN.md.", "docs/none says", "SECURITY.md §4"] {
        assert!(!faults("crates/x/y.rs", &format!("{COMMENT} {text}")).is_empty(), "{text}");
    }
    assert_eq!(faults("docs/y.md", "[a](../SECURITY.md#x) [b](gone) [c](https://h/x)").len(), 1);
    assert!(
        faults("crates/x/y.rs", &format!("{COMMENT} `docs/cases.md`, SECURITY.md.")).is_empty()
    );
}

#[test]
fn a_section_is_of_a_document_that_is_named_beside_it() {
    let why = |at| [format!("y.rs:{at}: a section of what? name the RFC")];
    let apart = format!("{COMMENT} RFC 3261.\n\n{COMMENT} As §8.2 says.\n");
    assert_eq!(faults("y.rs", &apart), why(3));
    assert_eq!(faults("y.rs", &format!("\n{COMMENT} As in §A.3.\nfn x() {{}}\n")), why(2));
    assert_eq!(faults("y.md", "RFC 3261 it is.\n\n§8.2 of the same.").len(), 1);
    for text in ["RFC 3550 §A.1,", "FIPS 197,", "draft-ietf-opsawg-pcapng,"] {
        let comment = format!("{COMMENT} {text}\n{COMMENT}\n{COMMENT} §A.3.\n");
        assert!(faults("y.rs", &comment).is_empty(), "{text}");
    }
}

#[test]
fn what_readers_do_not_have_is_not_cited() {
    let why = ["y.rs:1: the specification is no document of the repository"];
    assert_eq!(faults("y.rs", &format!("{COMMENT} As in the specification.")), why);
}

#[test]
fn every_reference_of_the_repository_resolves() {
    let faults = check();
    assert!(faults.is_empty(), "{faults:#?}");
}
