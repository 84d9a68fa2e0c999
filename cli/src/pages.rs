//! The pages of `docs/` that are made from the code: a test fails when one of them says something else than the code does.
//! `scripts/pages` writes them anew.

mod commands;
mod settings;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use standin_proof::check_page;

use crate::explain;

/// The files of a folder and of those in it.
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let each = entries.flat_map(|entry| match entry.path() {
        path if path.is_dir() => sources(&path),
        path => vec![path],
    });
    each.collect()
}

/// Text in a cell of a table, or on one line.
fn cell(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('|', "\\|")
}

#[test]
fn the_page_of_errors_says_what_explain_says() {
    let mut page = String::from(
        "# Error codes\n\n\
         Every code that Standin answers or prints; `standin explain CODE` says the same, `standin explain` lists them, and `--json`\n\
         makes either readable for programs. Made by `scripts/pages`.\n\n\
         Answers have Clerk's shape and codes. `meta.param_name` names the parameter at fault, and `clerk_trace_id` is also in the\n\
         server's log and in the header `X-Request-Id`:\n\n\
         ```json\n\
         {\"errors\":[{\"code\":\"…\",\"message\":\"…\",\"long_message\":\"…\",\"meta\":{\"param_name\":\"…\"}}],\"clerk_trace_id\":\"…\"}\n\
         ```\n\n\
         The command line prints `error[CODE]: sentence` and the next steps, or with `--json` an object `error` with `code`, `message`,\n\
         `hints` and `exit_code`. [cli.md](cli.md) lists the exit codes.\n",
    );
    for entry in explain::all() {
        let _ = write!(page, "\n## `{}`\n\n{}. ", entry.code, entry.met);
        match &entry.what[..] {
            [what] => {
                let _ = writeln!(page, "{what}");
            }
            several => {
                page.push_str("One of:\n\n");
                for what in several {
                    let _ = writeln!(page, "- {what}");
                }
            }
        }
        let _ = write!(
            page,
            "\n*Why:* {}\n\n*Next:* {}\n\n```\n{}\n```\n",
            entry.why, entry.next, entry.example
        );
    }
    check_page("errors.md", &page);
}
