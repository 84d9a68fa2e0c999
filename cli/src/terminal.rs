//! What is written where: data to stdout, talk to stderr, colour only where someone looks (`NO_COLOR` and redirection are
//! honoured by anstream). Text that others wrote is made harmless before it is shown.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::sync::OnceLock;

use anstyle::{AnsiColor, Style};

/// Less important.
pub const DIM: Style = Style::new().dimmed();
/// More important.
pub const BOLD: Style = Style::new().bold();
/// Wrong.
pub const RED: Style = AnsiColor::Red.on_default().bold();
/// Right.
pub const GREEN: Style = AnsiColor::Green.on_default().bold();
/// Look here.
pub const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

/// The first line of data that could not be written.
static LOST: OnceLock<ErrorKind> = OnceLock::new();

/// Writes a line of data. Nobody reading any more (`| head -1`) is no failure; any other is told at the end by [`lost`].
pub fn print(line: impl Display) {
    if let Err(error) = writeln!(anstream::stdout(), "{line}")
        && error.kind() != ErrorKind::BrokenPipe
    {
        LOST.get_or_init(|| error.kind());
    }
}

/// Why data did not reach stdout, if some did not.
pub fn lost() -> Option<std::io::Error> {
    LOST.get().map(|kind| (*kind).into())
}

/// Writes a line of talk.
pub fn say(line: impl Display) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// A remark that does not stop anything.
pub fn note(text: impl Display) {
    say(format!("{YELLOW}note{YELLOW:#}: {text}"));
}

/// Text as it can be shown: control characters and marks that turn writing around become visible.
pub fn plain(text: &str) -> String {
    let shown = |c: char| {
        let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if c.is_control() || turns {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

/// Writes columns under their names; the last column is not padded. Every cell is made harmless here.
pub fn table<const N: usize>(names: [&str; N], rows: &[[String; N]]) {
    let rows: Vec<[String; N]> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| plain(cell)))
        .collect();
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([names[column].len()]).max().unwrap_or_default()
    });
    let line = |cells: [&str; N]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    print(format!("{DIM}{}{DIM:#}", line(names)));
    for row in &rows {
        print(line(row.each_ref().map(String::as_str)));
    }
}

/// Writes names and values, one pair a line; pairs without a value are left out.
pub fn facts(pairs: &[(&str, Option<String>)]) {
    let width = pairs.iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or_default();
    for (name, value) in pairs {
        if let Some(value) = value {
            print(format!("{DIM}{name:width$}{DIM:#}  {}", plain(value)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_cannot_move_the_cursor_or_turn_the_text_around() {
        assert_eq!(
            plain("a\x1b[2Jb\r\nc\u{202e}d"),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\u{fffd}d"
        );
        assert_eq!(plain("Zoë 漢字"), "Zoë 漢字");
    }
}
