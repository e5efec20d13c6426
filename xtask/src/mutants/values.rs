//! What a function may answer without doing its work.

use syn::{GenericArgument, PathArguments, ReturnType, Type};

/// At most this many values for one function.
const MOST: usize = 3;

/// Expressions of the type that a function returns; `()` for none. What does not compile is
/// found out by the compiler.
pub(super) fn of(output: &ReturnType) -> Vec<String> {
    let mut values = match output {
        ReturnType::Default => vec!["()".to_owned()],
        ReturnType::Type(_, returned) => of_type(returned),
    };
    values.truncate(MOST);
    values
}

fn of_type(returned: &Type) -> Vec<String> {
    match returned {
        Type::Path(path) => path.path.segments.last().map_or_else(Vec::new, of_segment),
        Type::Reference(reference) if reference.mutability.is_none() => borrowed(&reference.elem),
        Type::Tuple(tuple) => {
            let first = |part| of_type(part).into_iter().next().map(|value| value + ",");
            let parts: Option<Vec<String>> = tuple.elems.iter().map(first).collect();
            parts.map(|parts| format!("({})", parts.join(" "))).into_iter().collect()
        }
        Type::Array(array) => {
            of_type(&array.elem).into_iter().map(|value| format!("[{value}; _]")).collect()
        }
        Type::Paren(inner) => of_type(&inner.elem),
        _ => Vec::new(),
    }
}

fn borrowed(inner: &Type) -> Vec<String> {
    match inner {
        Type::Slice(_) => vec!["&[]".to_owned()],
        Type::Path(path) if path.path.is_ident("str") => strings(&["\"\"", "\"xyzzy\""]),
        Type::Path(_) => strings(&["Box::leak(Box::new(Default::default()))"]),
        _ => Vec::new(),
    }
}

fn of_segment(segment: &syn::PathSegment) -> Vec<String> {
    let inner = || first_argument(&segment.arguments).map_or_else(Vec::new, of_type);
    let wrap = |open: &str| inner().into_iter().map(|value| format!("{open}({value})")).collect();
    match segment.ident.to_string().as_str() {
        "bool" => strings(&["true", "false"]),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => strings(&["0", "1"]),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => strings(&["0", "1", "-1"]),
        "f32" | "f64" => strings(&["0.0", "1.0"]),
        "String" => strings(&["String::new()", "\"xyzzy\".into()"]),
        "Option" => strings(&["None"]).into_iter().chain::<Vec<String>>(wrap("Some")).collect(),
        "Result" => wrap("Ok"),
        "Box" => wrap("Box::new"),
        "Vec" => {
            let one = inner().into_iter().map(|value| format!("vec![{value}]"));
            strings(&["vec![]"]).into_iter().chain(one).collect()
        }
        _ => strings(&["Default::default()"]),
    }
}

fn first_argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    })
}

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}
