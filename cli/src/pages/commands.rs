//! `docs/cli.md`: what clap knows of each command.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::{Arg, Command, CommandFactory as _};

use standin_proof::check_page;

use super::cell;
use crate::Cli;
use crate::man::{AROUND, EXIT_CODES};

/// Variables that are read elsewhere than by clap.
const VARIABLES: [(&str, &str); 8] = [
    ("CLERK_API_URL", "the Backend API that commands talk to"),
    (
        "CLERK_SECRET_KEY",
        "the secret key for it, where CLERK_API_URL is set too",
    ),
    (
        "CLERK_PUBLISHABLE_KEY",
        "the publishable key of that server, for `standin env` and `doctor`",
    ),
    (
        "CLERK_PROXY_URL",
        "where browsers reach that server, likewise",
    ),
    (
        "STANDIN_MASTER_KEY",
        "the master key; wins over the file in the data folder",
    ),
    (
        "STANDIN_MASTER_KEY_ALSO",
        "a second master key, which opens what it sealed",
    ),
    (
        "RUST_LOG",
        "what is in the log, as in `debug` or `standin_server=trace`",
    ),
    ("NO_COLOR", "no colour, whatever it is set to"),
];

/// How an argument is written.
fn written(arg: &Arg) -> String {
    let mut value = String::new();
    if arg.get_action().takes_values() {
        for name in arg.get_value_names().unwrap_or_default() {
            value.extend([" ", name]);
        }
    }
    match (arg.get_long(), arg.get_short()) {
        (Some(long), Some(short)) => format!("`-{short}`, `--{long}{value}`"),
        (Some(long), None) => format!("`--{long}{value}`"),
        (None, Some(short)) => format!("`-{short}{value}`"),
        (None, None) => format!("`{}`", value.trim()),
    }
}

/// What is said of it: help, values, default, variable.
fn said(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    let mut said = help.map(|help| cell(&help.to_string())).unwrap_or_default();
    let values = arg.get_possible_values();
    let named: Vec<_> = values
        .iter()
        .filter(|value| !value.is_hide_set() && arg.get_action().takes_values())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !named.is_empty() {
        let _ = write!(said, " ({})", named.join(", "));
    }
    let default: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    if arg.get_action().takes_values() && !default.is_empty() {
        let _ = write!(said, " [default: {}]", default.join(","));
    }
    if let Some(variable) = arg.get_env() {
        let _ = write!(said, " [env: {}]", variable.to_string_lossy());
    }
    if arg.is_required_set() {
        said.push_str(" (required)");
    }
    said
}

/// The heading of the options that every client of a server has.
const WHICH_SERVER: &str = "Which server";

fn write_command(page: &mut String, command: &Command, name: &str) {
    let about = command.get_about().map(ToString::to_string);
    let _ = write!(
        page,
        "\n## {name}\n\n{}.\n",
        about.unwrap_or_default().trim_end_matches('.')
    );
    let arguments: Vec<_> = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && !arg.is_global_set() && !is_everywhere(arg))
        .collect();
    let (shared, arguments): (Vec<_>, Vec<_>) = arguments
        .into_iter()
        .partition(|arg| arg.get_help_heading() == Some(WHICH_SERVER));
    if !arguments.is_empty() {
        page.push_str("\n| | |\n|---|---|\n");
    }
    for arg in arguments {
        let _ = writeln!(page, "| {} | {} |", written(arg), said(arg));
    }
    if !shared.is_empty() {
        page.push_str("\nAnd [which server](#which-server).\n");
    }
    if let Some(after) = command.get_after_help() {
        let _ = write!(page, "\n{}\n", cell(&after.to_string()));
    }
    for inner in command
        .get_subcommands()
        .filter(|inner| inner.get_name() != "help")
    {
        write_command(page, inner, &format!("{name} {}", inner.get_name()));
    }
}

/// What every command has.
fn is_everywhere(arg: &Arg) -> bool {
    ["help", "version", "json"].contains(&arg.get_id().as_str())
}

/// The variables that stand beside options, with the options.
fn variables(command: &Command, found: &mut BTreeMap<String, String>) {
    for arg in command.get_arguments() {
        if let Some(variable) = arg.get_env() {
            let of = format!("{} of {}", written(arg), command.get_name());
            let known = found
                .entry(variable.to_string_lossy().into_owned())
                .or_default();
            let separator = if known.is_empty() { "" } else { ", " };
            let _ = write!(known, "{separator}{of}");
        }
    }
    for inner in command.get_subcommands() {
        variables(inner, found);
    }
}

#[test]
fn the_page_of_commands_says_what_the_help_says_and_has_every_variable() {
    let mut cli = Cli::command();
    cli.build();
    let mut page = String::from(
        "# The command line\n\n\
         Every command with its options, as `--help` after it has them. Made by `scripts/pages`.\n\n\
         Data goes to stdout, talk to stderr. `--json` makes each command answer with one JSON object; `--help` and `--version` are\n\
         everywhere.\n\n## Exit codes\n\n| code | |\n|---|---|\n",
    );
    for (code, meaning) in EXIT_CODES {
        let _ = writeln!(page, "| {code} | {meaning} |");
    }
    let _ = writeln!(page, "\n{AROUND}\n\n## Variables\n\n| | |\n|---|---|");
    let mut found = BTreeMap::new();
    variables(&cli, &mut found);
    for (name, text) in VARIABLES {
        found.insert(name.to_owned(), text.to_owned());
    }
    found.insert(
        "STANDIN_DATA".into(),
        "the data folder, where a command takes `--data`".into(),
    );
    for (name, text) in &found {
        let text = if text.len() > 120 {
            text.split(" of ").next().unwrap()
        } else {
            text
        };
        let _ = writeln!(page, "| `{name}` | {text} |");
    }
    for command in cli
        .get_subcommands()
        .filter(|inner| inner.get_name() != "help")
    {
        write_command(
            &mut page,
            command,
            &format!("standin {}", command.get_name()),
        );
    }
    check_page("cli.md", &page);

    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in super::sources(&source) {
        let text = fs::read_to_string(&file).unwrap();
        let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
        for name in
            words.filter(|word| word.starts_with("STANDIN_") && !word.starts_with("STANDIN_WRITE"))
        {
            let is_there =
                page.contains(&format!("`{name}`")) || page.contains(&format!("env: {name}"));
            assert!(
                is_there || name == "STANDIN_",
                "{name} of {}",
                file.display()
            );
        }
    }
}
