//! Files by hand, and the circles among them.

use super::circles;
use std::collections::BTreeMap;

/// The circles among files, each by its module's path and its text.
fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    fn module(path: &str) -> Vec<String> {
        path.split("::").filter(|it| !it.is_empty()).map(str::to_owned).collect()
    }
    let sources: BTreeMap<_, _> =
        files.iter().map(|(path, text)| (module(path), (*text).to_owned())).collect();
    let circles = circles(&sources).unwrap();
    circles.iter().map(|circle| circle.iter().map(|it| it.join("::")).collect()).collect()
}

#[test]
fn two_files_that_need_one_another_are_a_circle() {
    let files =
        [("", "mod a; mod b;"), ("a", "use crate::b::B;"), ("b", "fn f(a: super::a::A) {}")];
    assert_eq!(found(&files), [["a", "b"]]);
    assert!(found(&files[..2]).is_empty());
}

#[test]
fn what_a_module_re_exports_is_its_childs() {
    let root = ("", "mod a; pub use a::b::B; pub use a::c::C;");
    let (b, c) = (("a::b", "use crate::C;"), ("a::c", "use crate::{B, B as D};"));
    let a = ("a", "pub(crate) mod b; pub(crate) mod c;");
    assert_eq!(found(&[root, a, b, c]), [["a::b", "a::c"]]);
    // A child that names what its parent has of another child is in no circle.
    assert!(found(&[root, a, ("a::b", "use crate::C;"), ("a::c", "")]).is_empty());
}

#[test]
fn a_circle_may_be_long_and_a_parent_may_be_in_it() {
    let files = [
        ("", "mod a;"),
        ("a", "mod b; mod c; use b::B; pub struct A;"),
        ("a::b", "use super::c::C; pub struct B;"),
        ("a::c", "use crate::a::A;"),
    ];
    assert_eq!(found(&files), [["a", "a::b", "a::c"]]);
}

#[test]
fn tests_visibility_and_other_crates_do_not_count() {
    let files = [
        ("", "mod a; mod b; pub use other::Name;"),
        ("a", "use crate::b::B; use crate::Name; use std::fmt;"),
        ("b", "pub(in crate::a) fn f() {} #[cfg(test)] mod tests { use crate::a::A; }"),
    ];
    assert!(found(&files).is_empty());
}
