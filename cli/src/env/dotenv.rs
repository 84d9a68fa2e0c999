//! `.env` files, changed in place: only the lines that hold our names change, and everything else stays as it is, byte
//! for byte.

use std::borrow::Cow;
use std::ops::Range;

/// An assignment in a `.env` file.
#[derive(Debug)]
struct Assignment<'a> {
    name: &'a str,
    /// The value as written, with its quotes.
    written: &'a str,
    /// Where the value, as written, stands in the text.
    range: Range<usize>,
}

impl Assignment<'_> {
    /// The value without its quotes; in double quotes, `\n` is the end of a line.
    fn value(&self) -> Cow<'_, str> {
        let quote = self.written.chars().next().filter(|c| is_quote(*c));
        let inner = quote.and_then(|quote| self.written.strip_prefix(quote)?.strip_suffix(quote));
        match (quote, inner) {
            (Some('"'), Some(inner)) if inner.contains("\\n") => inner.replace("\\n", "\n").into(),
            (_, inner) => inner.unwrap_or(self.written).into(),
        }
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`')
}

/// Reads the assignments of a file. A quoted value may go on over several lines; what looks like an assignment inside it
/// is none.
fn assignments(text: &str) -> Vec<Assignment<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let line_end = text[at..]
            .find('\n')
            .map_or(text.len(), |length| at + length);
        let line = &text[at..line_end];
        let Some((head, name)) = head(line) else {
            at = line_end + 1;
            continue;
        };
        let start = at + head.len();
        let length = value_length(&text[start..], line_end - start);
        let range = start..start + length;
        let written = &text[range.clone()];
        found.push(Assignment {
            name,
            written,
            range: range.clone(),
        });
        at = text[range.end..]
            .find('\n')
            .map_or(text.len(), |length| range.end + length + 1);
    }
    found
}

/// The part of a line before its value, and the name in it.
fn head(line: &str) -> Option<(&str, &str)> {
    let (before, after) = line.split_once('=')?;
    let name = before.trim().trim_start_matches('\u{feff}');
    let name = name.strip_prefix("export ").map_or(name, str::trim);
    let sound = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    let blank = after.len() - after.trim_start_matches([' ', '\t']).len();
    sound.then(|| (&line[..=before.len() + blank], name))
}

/// How long the value at the start of `text` is, whose line ends after `line` bytes.
fn value_length(text: &str, line: usize) -> usize {
    if let Some(quote) = text[..line].chars().next().filter(|c| is_quote(*c))
        && let Some(close) = closing(text, quote)
    {
        return close + 1;
    }
    let value = &text[..line];
    let value = value.find(" #").map_or(value, |comment| &value[..comment]);
    value.trim_end().len()
}

/// Where the quote at the start of `text` is closed.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(at, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && quote == '"' && !escaped;
        closes.then_some(at)
    })
}

/// The values a file holds, by name; of a name given twice, the last, as dotenv reads it.
pub fn read(text: &str) -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = Vec::new();
    for assignment in assignments(text) {
        values.retain(|(name, _)| name != assignment.name);
        values.push((assignment.name.to_owned(), assignment.value().into_owned()));
    }
    values
}

/// What a merge did, by name.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Changes {
    /// Names that were not there.
    pub added: Vec<String>,
    /// Names whose value is another one now.
    pub changed: Vec<String>,
    /// Names that had this value already.
    pub unchanged: Vec<String>,
}

/// Puts settings into a file's text.
pub fn merge(text: &str, settings: &[(String, String)]) -> (String, Changes) {
    let mut changes = Changes::default();
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let known = assignments(text);
    for (name, value) in settings {
        let lines: Vec<_> = known.iter().filter(|line| line.name == name).collect();
        let stale: Vec<_> = lines
            .iter()
            .filter(|line| line.value() != value.as_str())
            .collect();
        edits.extend(stale.iter().map(|line| (line.range.clone(), quoted(value))));
        match (lines.is_empty(), stale.is_empty()) {
            (true, _) => changes.added.push(name.clone()),
            (false, false) => changes.changed.push(name.clone()),
            (false, true) => changes.unchanged.push(name.clone()),
        }
    }
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut merged = text.to_owned();
    for (range, value) in edits {
        merged.replace_range(range, &value);
    }
    append(
        &mut merged,
        settings
            .iter()
            .filter(|(name, _)| changes.added.contains(name)),
    );
    (merged, changes)
}

/// Takes a setting out of a file's text: the lines it stands on.
pub fn remove(text: &str, name: &str) -> String {
    let mut left = text.to_owned();
    let all = assignments(text);
    for Assignment { range, .. } in all.iter().rev().filter(|one| one.name == name) {
        let start = text[..range.start].rfind('\n').map_or(0, |end| end + 1);
        let end = text[range.end..]
            .find('\n')
            .map_or(text.len(), |end| range.end + end + 1);
        left.replace_range(start..end, "");
    }
    left
}

/// A value as it is written. Ours need no quotes, but for a key of several lines.
fn quoted(value: &str) -> String {
    if value.contains(char::is_whitespace) {
        format!("\"{value}\"")
    } else {
        value.to_owned()
    }
}

/// Adds lines at the end, with the line ends the file has.
fn append<'a>(text: &mut String, settings: impl Iterator<Item = &'a (String, String)>) {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut first = true;
    for (name, value) in settings {
        if first && !text.is_empty() {
            if !text.ends_with('\n') {
                text.push_str(newline);
            }
            text.push_str(newline);
        }
        first = false;
        text.extend([name, "=", &quoted(value), newline]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn only_our_lines_change() {
        let before = "# CLERK_A=commented\n\nOTHER = 'x' # y\nexport CLERK_A=\"old\" # why\nCLERK_B=same\nLAST=z";
        let (after, changes) = merge(
            before,
            &ours(&[("CLERK_A", "new"), ("CLERK_B", "same"), ("CLERK_C", "1")]),
        );
        assert_eq!(
            after,
            "# CLERK_A=commented\n\nOTHER = 'x' # y\nexport CLERK_A=new # why\nCLERK_B=same\nLAST=z\n\nCLERK_C=1\n"
        );
        assert_eq!(changes.changed, ["CLERK_A"]);
        assert_eq!(changes.unchanged, ["CLERK_B"]);
        assert_eq!(changes.added, ["CLERK_C"]);
    }

    #[test]
    fn a_setting_is_taken_out_with_its_lines_and_nothing_else() {
        let before = "A=1\nexport KEY='two\nlines' # why\nB=2\nKEY=again";
        assert_eq!(remove(before, "KEY"), "A=1\nB=2\n");
        assert_eq!(remove(before, "C"), before);
    }

    #[test]
    fn only_in_double_quotes_a_backslash_and_an_n_end_a_line() {
        let values = read("A=\"x\\ny\"\nB='x\\ny'\nC=x\\ny\n");
        let values: Vec<_> = values.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["x\ny", "x\\ny", "x\\ny"]);
        let (after, _) = merge("A='x'\n", &ours(&[("A", "x\ny")]));
        assert_eq!(after, "A=\"x\ny\"\n");
    }

    #[test]
    fn what_stands_inside_a_value_of_several_lines_is_left_alone() {
        let before = "KEY=\"-----BEGIN\nCLERK_A=inside\n-----END\"\nCLERK_A='two\nlines'\nREST=1\n";
        let (after, _) = merge(before, &ours(&[("CLERK_A", "new")]));
        assert_eq!(
            after,
            "KEY=\"-----BEGIN\nCLERK_A=inside\n-----END\"\nCLERK_A=new\nREST=1\n"
        );
        let values = read(before);
        assert_eq!(values[1], ("CLERK_A".into(), "two\nlines".into()));
    }

    #[test]
    fn line_ends_and_repeated_names_are_kept() {
        let (after, changes) = merge(
            "A=1\r\nCLERK_A=x\r\nCLERK_A=y\r\n",
            &ours(&[("CLERK_A", "z"), ("B", "2")]),
        );
        assert_eq!(after, "A=1\r\nCLERK_A=z\r\nCLERK_A=z\r\n\r\nB=2\r\n");
        assert_eq!(changes.changed, ["CLERK_A"]);
        assert_eq!(merge("", &ours(&[("A", "1")])).0, "A=1\n");
    }

    #[test]
    fn a_second_merge_changes_nothing() {
        for before in [
            "",
            "x",
            "A=\n",
            "\u{feff}CLERK_A=1",
            "not an assignment\nCLERK_A",
            "CLERK_A=\"unclosed\nB=1\n",
        ] {
            let settings = ours(&[("CLERK_A", "new"), ("CLERK_B", "2")]);
            let (once, _) = merge(before, &settings);
            let (twice, changes) = merge(&once, &settings);
            assert_eq!(once, twice, "{before:?}");
            assert_eq!(changes.unchanged.len(), 2, "{before:?}");
        }
    }
}
