//! The tool over toy sources.

use super::schema::{self, Schema};
use super::sites::{self, Found};
use super::{switch, values};
use std::collections::BTreeSet;

fn find(source: &str) -> Found {
    sites::find(source, 1).unwrap()
}

/// The source with its mutants, the switch's path left out.
fn written(source: &str) -> String {
    schema(source, &[]).text.replace("::mutant_switch::", "")
}

fn schema(source: &str, dropped: &[u32]) -> Schema {
    let text = schema::write(source, &find(source).sites, &dropped.iter().copied().collect());
    syn::parse_file(&text.text).unwrap();
    text
}

#[test]
fn a_body_answers_at_once() {
    assert_eq!(
        written("fn f() -> bool { g() }"),
        "fn f() -> bool { if is(1) { return true; } if is(2) { return false; } g() }"
    );
}

#[test]
fn a_body_that_is_the_value_already_is_left() {
    assert_eq!(written("fn f() -> u8 { 0 }"), "fn f() -> u8 { if is(1) { return 1; } 0 }");
}

#[test]
fn a_check_is_taken_out() {
    assert_eq!(
        written("fn f(a: u8) -> X { check(a)?; x }"),
        "fn f(a: u8) -> X { if is(1) { return Default::default(); } if !is(2) { check(a)?; } x }"
    );
}

#[test]
fn a_condition_is_always_and_never() {
    assert_eq!(
        written("fn main() { if a(x) && b < c { y } }"),
        "fn main() { if condition(condition(a(x), 3, 0) && condition(less(&(b ), &( c), 5), 4, 0), 1, 2) { y } }"
    );
}

#[test]
fn a_pattern_never_matches() {
    assert_eq!(
        written("fn main() { if let A(x) = y && z { } match y { A => 1, B if q => 2, _ => 3 } }"),
        "fn main() { if let A(x) = y && !is(1) && condition(z, 2, 0) { } \
         match y { A if !is(3) => 1, B if condition(q, 4, 5) => 2, _ => 3 } }"
    );
}

#[test]
fn arithmetic_is_done_otherwise() {
    assert_eq!(
        written("fn main() { let x = a + b; n -= a.b; }"),
        "fn main() { let x = (match ((a ), ( b)) { (left_, right_) => if is(1) { left_ - right_ } \
         else { left_ + right_ } }); (match ( a.b) { right_ => if is(2) { n  += right_ } else \
         { n  -= right_ } }); }"
    );
}

#[test]
fn room_for_a_buffer_is_left() {
    let source = "fn main() { let x = Vec::with_capacity(a + b); }";
    assert_eq!(written(source), source);
}

#[test]
fn a_negation_is_undone() {
    assert_eq!(
        written("fn main() { let x = !a; let y = a == b; }"),
        "fn main() { let x = flip(!a, 1); let y = flip(a == b, 2); }"
    );
}

#[test]
fn constants_are_counted_and_tests_left_alone() {
    let source = "const A: u8 = 1 + 2; const fn f() -> u8 { 3 } #[cfg(test)] mod t { fn g() { h(); } } \
                  #[cfg(test)] mod elsewhere; #[cfg(feature = \"fuzzing\")] pub mod fuzzing;";
    let found = find(source);
    assert_eq!((found.sites.len(), found.constant), (0, 3));
    assert_eq!(found.apart, ["elsewhere", "fuzzing"]);
}

#[test]
fn what_does_not_compile_is_left_out() {
    let source = "fn f() -> bool { g() }";
    let text = schema(source, &[1]).text;
    assert_eq!(text, "fn f() -> bool { if ::mutant_switch::is(2) { return false; } g() }");
    assert_eq!(schema(source, &[1, 2]).text, source);
}

#[test]
fn an_error_is_blamed_on_the_innermost() {
    let schema = schema("fn f() -> bool { a(b + c) && d }", &[]);
    let at = |text: &str| schema.text.find(text).unwrap();
    assert_eq!(schema.own(at("is(2) { return")), [2]);
    assert_eq!(schema.own(at("is(4) { left_")), [4]);
    assert!(schema.own(at("a((match")).is_empty());
    assert_eq!(schema.around(at("b ), (")), BTreeSet::from([4]));
    assert_eq!(schema.around(at("a((match")), BTreeSet::from([3]));
    assert_eq!(schema.around(0), BTreeSet::from([1, 2, 3, 4, 5]));
}

#[test]
fn values_follow_the_type() {
    let of = |text: &str| values::of(&syn::parse_str(text).unwrap());
    assert_eq!(of("-> Option<u8>"), ["None", "Some(0)", "Some(1)"]);
    assert_eq!(of("-> Result<(), E>"), ["Ok(())"]);
    assert_eq!(of("-> (bool, String)"), ["(true, String::new(),)"]);
    assert_eq!(of("-> [u8; 4]"), ["[0; _]", "[1; _]"]);
    assert!(of("-> impl Iterator<Item = u8>").is_empty());
}

#[test]
fn nothing_is_switched_on_by_itself() {
    assert!(switch::condition(true, 1, 2) && !switch::condition(false, 1, 2));
    assert!(switch::less(&1, &2, 3) && !switch::less(&1, &1, 3));
    assert!(switch::at_most(&1, &1, 4) && !switch::at_most(&2, &1, 4));
    assert!(switch::greater(&2, &1, 5) && !switch::greater(&1, &1, 5));
    assert!(switch::at_least(&1, &1, 6) && !switch::at_least(&1, &2, 6));
    assert!(switch::flip(true, 7) && !switch::is(0));
}
