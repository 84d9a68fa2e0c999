//! Tables as Markdown has them, and the document that they go into.

use std::fmt;
use std::path::Path;
use std::time::Duration;

/// Rows of text under a head.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(ToString::to_string).collect()],
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows[0].len();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
                .max(3)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // Words to the left, figures to the right.
                if column == 0 {
                    write!(f, "| {cell:<width$} ")?;
                } else {
                    write!(f, "| {cell:>width$} ")?;
                }
            }
            writeln!(f, "|")?;
            if number == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let end = if column == 0 { '-' } else { ':' };
                    write!(f, "| {}{end} ", "-".repeat(width - 1))?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

/// A figure, rounded, with its thousands set apart.
pub fn whole(figure: f64) -> String {
    apart(&format!("{figure:.0}"))
}

/// A number with its thousands set apart.
pub fn count(number: u64) -> String {
    apart(&number.to_string())
}

fn apart(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds.
pub fn ms(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64() * 1000.0)
}

/// The middle of some figures, with the smallest and the largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The smallest.
    pub min: f64,
    /// As many are above it as below.
    pub median: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of at least one figure.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut all: Vec<f64> = figures.into_iter().collect();
        all.sort_by(f64::total_cmp);
        let middle = all.len() / 2;
        let median = if all.len().is_multiple_of(2) {
            f64::midpoint(all[middle - 1], all[middle])
        } else {
            all[middle]
        };
        Self {
            min: all[0],
            median,
            max: all[all.len() - 1],
        }
    }

    /// As whole numbers.
    pub fn whole(self) -> String {
        let Self { min, median, max } = self;
        format!("{} ({}..{})", whole(median), whole(min), whole(max))
    }

    /// As ratios.
    pub fn ratio(self) -> String {
        let Self { min, median, max } = self;
        format!("{median:.2} ({min:.2}..{max:.2})")
    }
}

/// Puts a text between the markers of its name, in place of what stands there.
///
/// # Errors
/// When the document is not there, or has no such markers.
pub fn write(document: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let old = std::fs::read_to_string(document)?;
    let new = replaced(&old, name, text).ok_or_else(|| {
        std::io::Error::other(format!("{} has no markers for {name}", document.display()))
    })?;
    std::fs::write(document, new)
}

fn replaced(document: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = document.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!(
        "{before}{begin}\n{}\n\n{end}{after}",
        text.trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_goes_between_its_markers_and_nowhere_else() {
        let document = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n";
        let new = replaced(document, "x", "new\n").unwrap();
        assert_eq!(
            new,
            "a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n"
        );
        assert_eq!(replaced(document, "z", "new"), None);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = Spread::of([4.0, 1.0, 2.0, 8.0]);
        assert_eq!(
            spread,
            Spread {
                min: 1.0,
                median: 3.0,
                max: 8.0
            }
        );
        assert_eq!(whole(1_234_567.4), "1,234,567");
        assert_eq!(whole(123.0), "123");
    }
}
