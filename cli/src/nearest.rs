//! "Did you mean …?": the name closest to one that was mistyped.

/// The candidate that `typed` most likely meant, if one is close: at most a third of it mistyped. Swapped neighbours
/// (`exmaple`) count as one mistake, as people make them as one.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let close = typed.chars().count().div_ceil(3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|name| (strsim::osa_distance(&typed, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= close)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_name_and_a_stranger_does_not() {
        let names = ["ada@example.com", "bob@example.com", "grace"];
        assert_eq!(nearest("bob@exmaple.com", names), Some("bob@example.com"));
        assert_eq!(nearest("Ada@example.co", names), Some("ada@example.com"));
        assert_eq!(nearest("grcae", names), Some("grace"));
        assert_eq!(nearest("linus@kernel.org", names), None);
        assert_eq!(nearest("x", names), None);
        assert_eq!(nearest("", names), None);
    }
}
