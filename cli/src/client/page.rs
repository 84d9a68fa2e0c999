//! Lists, a page at a time.

use standin::Page;

use crate::terminal;

/// Which part of a list.
#[derive(clap::Args)]
pub struct PageOptions {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// How many to skip
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: u32,
}

impl PageOptions {
    /// Writes a page as a table, with a word about what is left out.
    pub fn show<T, const N: usize>(
        &self,
        names: [&str; N],
        page: &Page<T>,
        row: impl Fn(&T) -> [String; N],
    ) {
        if let Some(total) = page.total_count
            && page.data.len() as u64 + u64::from(self.offset) < total
        {
            terminal::say(format!(
                "{} of {total}; --limit and --offset show others",
                page.data.len()
            ));
        }
        let rows: Vec<[String; N]> = page.data.iter().map(row).collect();
        terminal::table(names, &rows);
    }
}
