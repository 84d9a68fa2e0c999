//! Every command that the documentation shows is understood.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::Cli;

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = |name: &str| std::fs::read_dir(root.join(name)).unwrap();
    let docs = folder("docs")
        .chain(folder("docs/examples"))
        .chain(folder("packaging"))
        .map(|entry| entry.unwrap().path());
    let of_the_root = [
        "README.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "Containerfile",
        "sdk/README.md",
    ];
    docs.filter(|path| path.is_file())
        .chain(of_the_root.map(|name| root.join(name)))
        .filter(|path| {
            path.extension().is_none_or(|extension| {
                extension == "md" || extension == "service" || extension == "yml"
            })
        })
        .collect()
}

/// The commands in a line of a shell: what begins with `standin`, up to what is the shell's again.
fn commands(line: &str) -> Vec<Vec<String>> {
    if !line.contains("standin ") {
        return Vec::new();
    }
    let line = line
        .replace("$(", " ; ")
        .replace(')', " ; ")
        .replace(['|', '`'], " ; ")
        .replace("\" ;", " ;");
    let line = line.split(" #").next().unwrap_or_default();
    let words = shlex::split(line).unwrap_or_else(|| panic!("{line}"));
    let parts = words.split(|word| {
        ["&&", ";", ">", ">>", "&"].contains(&word.trim_end_matches(';')) || word.is_empty()
    });
    parts
        .filter_map(|part| {
            let at = part.iter().position(|word| {
                word == "standin" || word.ends_with("/standin") && !word.contains('=')
            })?;
            let is_first = part[..at]
                .iter()
                .all(|word| word.contains('=') || word == "npx" || word == "sudo");
            is_first.then(|| part[at..].to_vec())
        })
        .collect()
}

/// What is wrong with a command. A sentence may name one without its arguments, or with `SOME` for one.
fn misunderstood(command: &[String], in_a_sentence: bool) -> Option<String> {
    let error = Cli::try_parse_from(command).err()?;
    let incomplete = [
        ErrorKind::MissingRequiredArgument,
        ErrorKind::MissingSubcommand,
        ErrorKind::ValueValidation,
        ErrorKind::InvalidValue,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
    ];
    let names_none = command
        .iter()
        .any(|word| word == "…" || word.chars().all(|c| c.is_ascii_uppercase()));
    let is_fine =
        !error.use_stderr() || in_a_sentence && (names_none || incomplete.contains(&error.kind()));
    (!is_fine).then(|| format!("{}: {error}", command.join(" ")))
}

#[test]
fn every_command_in_the_documentation_is_understood() {
    let (mut count, mut wrong) = (0, Vec::new());
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap().replace("\\\n", " ");
        let mut in_shell = page.extension().is_some_and(|extension| extension == "yml");
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                in_shell = line.contains("```sh");
                continue;
            }
            let spans = line.split('`').skip(1).step_by(2);
            let spans = spans.filter(|code| code.starts_with("standin ") && !in_shell);
            for text in spans.chain(in_shell.then_some(line)) {
                for command in commands(text) {
                    count += 1;
                    let found = misunderstood(&command, !in_shell);
                    wrong.extend(found.map(|error| format!("{}: {error}", page.display())));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 50, "{count}");
}
