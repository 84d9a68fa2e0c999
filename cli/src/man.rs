//! Manual pages and completions, made from the help texts.

use std::path::Path;
use std::{fs, io};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::failure::{Failure, Result};
use crate::terminal;

/// What the shell is told.
pub const EXIT_CODES: [(&str, &str); 8] = [
    ("0", "it was done"),
    ("1", "it was tried and failed"),
    (
        "2",
        "the command line, or a file it names, cannot be understood",
    ),
    ("3", "not found, not allowed, or used already"),
    ("4", "no server answers"),
    ("126", "the command after `--` cannot be run"),
    ("127", "there is no such command"),
    ("130, 143", "it was interrupted, or asked to stop"),
];
pub const AROUND: &str = "Around a command (`standin dev -- COMMAND`) it is the command's own.";

/// The exit codes as the help shows them.
pub fn exit_codes() -> String {
    let rows = EXIT_CODES.map(|(code, meaning)| format!("  {code:<9} {meaning}\n"));
    format!("Exit codes:\n{}{AROUND}", rows.concat())
}

/// Prints the page of the whole program, or writes one for each command into `folder`.
pub fn run(command: Command, folder: Option<&Path>) -> Result<()> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    if let Some(folder) = folder {
        return fs::create_dir_all(folder)
            .and_then(|()| write_all(&command, folder))
            .map_err(|error| Failure::io(format!("write to {}", folder.display()), &error));
    }
    let page = page(&command).map_err(|error| Failure::io("make the page", &error))?;
    terminal::print(page);
    Ok(())
}

/// Prints the script with which a shell completes the commands.
pub fn complete(mut command: Command, shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "standin", &mut script);
    terminal::print(String::from_utf8_lossy(&script).trim_end());
}

fn write_all(command: &Command, folder: &Path) -> io::Result<()> {
    for below in command.get_subcommands() {
        write_all(below, folder)?;
    }
    let name = command.get_display_name().unwrap_or(command.get_name());
    fs::write(folder.join(format!("{name}.1")), page(command)? + "\n")
}

fn page(command: &Command) -> io::Result<String> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let man = Man::new(command.clone().override_usage(usage))
        // roff leaves an empty date out, and the source would take its place.
        .date(" ")
        .source(concat!("standin ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    // The short text is in the first line already.
    if command.get_long_about().is_some() {
        man.render_description_section(&mut page)?;
    }
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut exit = Roff::new();
    exit.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT_CODES {
        exit.control("TP", [])
            .text([bold(code)])
            .text([roman(meaning)]);
    }
    exit.control("PP", []).text([roman(AROUND)]);
    exit.to_writer(&mut page)?;
    Ok(String::from_utf8_lossy(&page).trim_end().to_owned())
}
