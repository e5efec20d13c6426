//! Enumerations as numbers; a number that is not in the list is not understood.

/// `pub(crate) fn $to(value) -> u32` and `pub(crate) fn $from(number) -> Option<value>`.
macro_rules! numbered {
    ($type:ty, $to:ident, $from:ident { $($variant:path = $number:literal),* $(,)? }) => {
        pub(crate) const fn $to(value: $type) -> u32 {
            match value {
                $($variant => $number,)*
            }
        }
        numbered!(@from $type, $from { $($variant = $number),* });
    };
    // Of another crate's enumeration that may grow: what is new is said to be this one.
    ($type:ty, $to:ident, $from:ident, else $other:literal { $($variant:path = $number:literal),* $(,)? }) => {
        pub(crate) const fn $to(value: $type) -> u32 {
            match value {
                $($variant => $number,)*
                _ => $other,
            }
        }
        numbered!(@from $type, $from { $($variant = $number),* });
    };
    (@from $type:ty, $from:ident { $($variant:path = $number:literal),* }) => {
        pub(crate) const fn $from(number: u32) -> Option<$type> {
            match number {
                $($number => Some($variant),)*
                _ => None,
            }
        }
    };
}

pub(super) use numbered;
