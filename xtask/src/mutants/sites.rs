//! Where a source file can be changed, and into what.

use super::values;
use proc_macro2::LineColumn;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, Pat, Signature, Stmt, UnOp};

/// A place that can be changed, in one or several ways.
pub(super) struct Site {
    pub(super) form: Form,
    /// What is changed, in octets of the file.
    pub(super) at: Range<usize>,
    pub(super) place: LineColumn,
    pub(super) choices: Vec<Choice>,
}

/// One mutant.
pub(super) struct Choice {
    /// Its number: 1 and up, through all files.
    pub(super) mutant: u32,
    /// What stands there instead.
    pub(super) with: String,
}

/// How the change is written so that it can be switched; the operator's name in the report.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// A whole function: never changed itself; an error in it is blamed on what is in it.
    Function,
    /// A function's body: answers with a value at once.
    Body,
    /// A statement that is left out.
    Statement,
    /// A condition, or an operand of `&&` or `||`: always true, or never.
    Condition,
    /// A truth value: negated.
    Negation,
    /// A pattern that never matches: of `if let`, or of an arm before a catch-all. What joins the
    /// switch to it.
    Pattern(&'static str),
    /// A comparison: with or without equality. Where its operator is, and the switch's function.
    Boundary(Range<usize>, &'static str),
    /// An operator of arithmetic or bits, and where it is: others.
    Arithmetic(Range<usize>),
    /// The same with assignment.
    Assignment(Range<usize>),
}

/// What is found in a file.
pub(super) struct Found {
    pub(super) sites: Vec<Site>,
    /// Changes in constants and `const fn`, where nothing can be switched.
    pub(super) constant: usize,
    /// Modules in other files that are compiled for tests only, or where a feature is off.
    pub(super) apart: Vec<String>,
}

/// Finds the sites of a file; the first mutant has the number `next`.
pub(super) fn find(source: &str, next: u32) -> syn::Result<Found> {
    let found = Found { sites: Vec::new(), constant: 0, apart: Vec::new() };
    let mut finder = Finder { source, next, constant: false, found };
    finder.visit_file(&syn::parse_file(source)?);
    Ok(finder.found)
}

struct Finder<'s> {
    source: &'s str,
    next: u32,
    constant: bool,
    found: Found,
}

fn range(node: &impl Spanned) -> Range<usize> {
    node.span().byte_range()
}

impl Finder<'_> {
    fn push(&mut self, form: Form, node: &impl Spanned, with: Vec<String>) {
        if self.constant {
            self.found.constant += with.len();
            return;
        }
        let choice = |(mutant, with)| Choice { mutant, with };
        let choices: Vec<Choice> = (self.next..).zip(with).map(choice).collect();
        self.next += u32::try_from(choices.len()).unwrap_or(0);
        let (at, place) = (range(node), node.span().start());
        self.found.sites.push(Site { form, at, place, choices });
    }

    fn one(&mut self, form: Form, node: &impl Spanned, with: &str) {
        self.push(form, node, vec![with.to_owned()]);
    }

    fn within(&mut self, constant: bool, visit: impl FnOnce(&mut Self)) {
        let outside = self.constant;
        self.constant |= constant;
        visit(self);
        self.constant = outside;
    }

    fn function(&mut self, sig: &Signature, whole: &impl Spanned, block: &Block) {
        self.within(sig.constness.is_some(), |this| {
            if !this.constant {
                this.push(Form::Function, whole, Vec::new());
            }
            let body = this.source.get(range(block)).unwrap_or_default();
            let body = body.trim_matches(['{', '}', ' ', '\n']);
            let mut with = values::of(&sig.output);
            // A value that stands there already, or asks for itself without end.
            with.retain(|value| {
                value != body && !(sig.ident == "default" && value.contains("Def"))
            });
            if !body.is_empty() && sig.ident != "main" {
                this.push(Form::Body, block, with);
            }
            visit::visit_block(this, block);
        });
    }

    /// A condition that can be always true or never; in the middle of `&&` or `||`, one of them.
    fn condition(&mut self, expr: &Expr, with: &[&str]) {
        match expr {
            Expr::Paren(inner) => return self.condition(&inner.expr, with),
            Expr::Let(_) => return self.visit_expr(expr),
            Expr::Binary(both) if matches!(both.op, BinOp::And(_)) && has_let(expr) => {
                self.condition(&both.left, &["true"]);
                return self.condition(&both.right, &["true"]);
            }
            _ => self.push(Form::Condition, expr, with.iter().map(|&with| with.into()).collect()),
        }
        match expr {
            // Always or never says more than the contrary.
            Expr::Unary(not) if matches!(not.op, UnOp::Not(_)) => self.visit_expr(&not.expr),
            Expr::Binary(both) if matches!(both.op, BinOp::Eq(_) | BinOp::Ne(_)) => {
                visit::visit_expr_binary(self, both);
            }
            _ => self.visit_expr(expr),
        }
    }

    fn binary(&mut self, whole: &Expr, both: &syn::ExprBinary) {
        let at = range(&both.op);
        match both.op {
            BinOp::And(_) | BinOp::Or(_) => {
                let neutral = if matches!(both.op, BinOp::And(_)) { "true" } else { "false" };
                self.condition(&both.left, &[neutral]);
                return self.condition(&both.right, &[neutral]);
            }
            BinOp::Eq(_) => self.one(Form::Negation, whole, "!="),
            BinOp::Ne(_) => self.one(Form::Negation, whole, "=="),
            BinOp::Lt(_) => self.one(Form::Boundary(at, "less"), whole, "<="),
            BinOp::Le(_) => self.one(Form::Boundary(at, "at_most"), whole, "<"),
            BinOp::Gt(_) => self.one(Form::Boundary(at, "greater"), whole, ">="),
            BinOp::Ge(_) => self.one(Form::Boundary(at, "at_least"), whole, ">"),
            _ => {
                let text = self.source.get(at.clone()).unwrap_or_default();
                let sign = text.trim_end_matches('=');
                let others = others(sign).iter().map(|other| text.replace(sign, other)).collect();
                if sign.len() < text.len() {
                    self.push(Form::Assignment(at), whole, others);
                    return self.visit_expr(&both.right);
                }
                self.push(Form::Arithmetic(at), whole, others);
            }
        }
        visit::visit_expr_binary(self, both);
    }
}

/// What stands in for an operator of arithmetic or bits.
fn others(sign: &str) -> &'static [&'static str] {
    match sign {
        "+" => &["-"],
        "-" => &["+"],
        "*" => &["+", "/"],
        "/" => &["*", "%"],
        "%" => &["/", "+"],
        "<<" => &[">>"],
        ">>" => &["<<"],
        "&" => &["|", "^"],
        "|" | "^" => &["&"],
        _ => &[],
    }
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(both) => has_let(&both.left) || has_let(&both.right),
        _ => false,
    }
}

fn catches_all(pat: &Pat) -> bool {
    matches!(pat, Pat::Wild(_))
        || matches!(pat, Pat::Ident(name) if name.subpat.is_none()
        && name.ident.to_string().starts_with(char::is_lowercase))
}

/// Whether a statement is an act whose value nobody takes.
fn is_act(expr: &Expr) -> bool {
    match expr {
        Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_) => true,
        Expr::Try(inner) => is_act(&inner.expr),
        Expr::Await(inner) => is_act(&inner.base),
        _ => false,
    }
}

/// Whether an item is for tests, for fuzz targets, or for where a feature is off.
fn is_apart(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let inner = list.tokens.to_string();
            let apart = ["fuzzing", "target_os"].iter().any(|word| inner.contains(word));
            inner == "test" || inner.starts_with("not") || apart
        }
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(module) => &module.attrs,
            syn::Item::Fn(function) => &function.attrs,
            syn::Item::Impl(block) => &block.attrs,
            _ => return visit::visit_item(self, item),
        };
        match item {
            syn::Item::Mod(module) if is_apart(attributes) => {
                self.found.apart.extend(module.content.is_none().then(|| module.ident.to_string()));
            }
            _ if is_apart(attributes) => {}
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, item, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_apart(&item.attrs) {
            self.function(&item.sig, item, &item.block);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, item, block);
        }
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.within(true, |this| visit::visit_item_const(this, item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.within(true, |this| visit::visit_impl_item_const(this, item));
    }

    fn visit_trait_item_const(&mut self, item: &'ast syn::TraitItemConst) {
        self.within(true, |this| visit::visit_trait_item_const(this, item));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.within(true, |this| visit::visit_item_static(this, item));
    }

    fn visit_variant(&mut self, _: &'ast syn::Variant) {}

    fn visit_pat(&mut self, _: &'ast Pat) {}

    fn visit_type(&mut self, _: &'ast syn::Type) {}

    fn visit_path(&mut self, _: &'ast syn::Path) {}

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    // How much room a buffer begins with changes nothing that a test could see.
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let name = match &*call.func {
            Expr::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        if name.as_deref() != Some("with_capacity") {
            visit::visit_expr_call(self, call);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        match statement {
            Stmt::Expr(expr, Some(_)) if is_act(expr) => {
                self.one(Form::Statement, statement, "nothing");
            }
            _ => {}
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr_if(&mut self, it: &'ast syn::ExprIf) {
        self.condition(&it.cond, &["true", "false"]);
        self.visit_block(&it.then_branch);
        if let Some((_, otherwise)) = &it.else_branch {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr_while(&mut self, it: &'ast syn::ExprWhile) {
        self.condition(&it.cond, &["false"]);
        self.visit_block(&it.body);
    }

    fn visit_expr_let(&mut self, it: &'ast syn::ExprLet) {
        self.one(Form::Pattern(" && "), it, "never");
        self.visit_expr(&it.expr);
    }

    fn visit_expr_match(&mut self, it: &'ast syn::ExprMatch) {
        self.visit_expr(&it.expr);
        let last = it.arms.iter().rposition(|arm| catches_all(&arm.pat)).unwrap_or(0);
        for (index, arm) in it.arms.iter().enumerate() {
            match &arm.pat {
                Pat::Guard(guard) => self.condition(&guard.guard, &["true", "false"]),
                pat if index < last => self.one(Form::Pattern(" if "), pat, "never"),
                _ => {}
            }
            self.visit_expr(&arm.body);
        }
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Binary(both) => self.binary(expr, both),
            Expr::Unary(not) if matches!(not.op, UnOp::Not(_)) => {
                self.one(Form::Negation, expr, "no `!`");
                self.visit_expr(&not.expr);
            }
            Expr::Const(_) => {}
            _ => visit::visit_expr(self, expr),
        }
    }
}
