//! Runs a machine over a table: `(state, event) -> (state, outputs)`.

use super::Output;
use std::fmt::Debug;

/// Before, event, after, outputs.
pub(super) type Row<'a, S, E> = (S, E, S, &'a [Output]);

/// Holds `step` against every row.
pub(super) fn check<S, E>(rows: &[Row<'_, S, E>], step: impl Fn(S, E, &mut Vec<Output>) -> S)
where
    S: Copy + Debug + PartialEq,
    E: Copy + Debug,
{
    for &(before, event, after, outputs) in rows {
        let mut out = Vec::new();
        let reached = step(before, event, &mut out);
        assert_eq!(reached, after, "{before:?} on {event:?}");
        assert_eq!(out, outputs, "{before:?} on {event:?}");
    }
}
