//! Lists, a page at a time, and ids as parts of an address.

use serde_json::Value;
use url::form_urlencoded;

use crate::terminal;

/// Which part of a list.
#[derive(clap::Args)]
pub struct Page {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// How many to skip
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: u32,
}

impl Page {
    /// As parameters of a request.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        vec![
            ("limit", self.limit.to_string()),
            ("offset", self.offset.to_string()),
        ]
    }

    /// The rows of a list to be shown, with a word about what is left out.
    pub fn rows<const N: usize>(
        &self,
        list: &Value,
        row: impl Fn(&Value) -> [String; N],
    ) -> Vec<[String; N]> {
        let rows: Vec<[String; N]> = list["data"]
            .as_array()
            .into_iter()
            .flatten()
            .map(row)
            .collect();
        if let Some(total) = list["total_count"].as_u64()
            && rows.len() as u64 + u64::from(self.offset) < total
        {
            terminal::say(format!(
                "{} of {total}; --limit and --offset show others",
                rows.len()
            ));
        }
        rows
    }
}

/// An id as one part of an address, whatever somebody typed.
pub fn path_part(id: &str) -> String {
    // Of a path, "." and ".." would be taken as steps even when encoded.
    if id.is_empty() || id.chars().all(|c| c == '.') {
        return "-".into();
    }
    form_urlencoded::byte_serialize(id.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_in_its_place() {
        assert_eq!(path_part("user_2xKq"), "user_2xKq");
        assert_eq!(path_part("../users?a=b c"), "..%2Fusers%3Fa%3Db%20c");
        assert_eq!((path_part(".."), path_part("")), ("-".into(), "-".into()));
    }
}
