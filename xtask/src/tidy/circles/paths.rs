//! The paths of a file, and what it re-exports.

use std::collections::BTreeMap;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, UseTree, VisRestricted, Visibility};

/// A module by its path within the crate; the crate's root has none.
pub(super) type Module = Vec<String>;

/// What a file names.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Every path of more than one part; each leaf of a `use` is one.
    pub(super) paths: Vec<Vec<String>>,
    /// What it re-exports, by the name that it gives.
    pub(super) exports: BTreeMap<String, Vec<String>>,
}

/// Reads a file; what stands behind `cfg(test)` does not count.
pub(super) fn find(text: &str) -> syn::Result<Found> {
    let mut found = Found::default();
    found.visit_file(&syn::parse_file(text)?);
    Ok(found)
}

impl Found {
    fn leaves(&mut self, before: &[String], tree: &UseTree, exported: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.leaves(&with(&path.ident), &path.tree, exported),
            UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.leaves(before, item, exported));
            }
            UseTree::Glob(_) => self.paths.push(before.to_vec()),
            UseTree::Name(name) => self.leaf(with(&name.ident), name.ident.to_string(), exported),
            UseTree::Rename(name) => {
                self.leaf(with(&name.ident), name.rename.to_string(), exported);
            }
        }
    }

    fn leaf(&mut self, path: Vec<String>, name: String, exported: bool) {
        if exported {
            self.exports.insert(name, path);
        } else {
            self.paths.push(path);
        }
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes(item).iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let exported = !matches!(item.vis, Visibility::Inherited);
        self.leaves(&[], &item.tree, exported);
    }

    /// `pub(in …)` names who may see, not who is needed.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.paths.push(path.segments.iter().map(|part| part.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        _ => &[],
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    let named = |name: &str| attribute.path().is_ident(name);
    named("test")
        || (named("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test")))
}
