//! "Did you mean …?": the name closest to one that was mistyped.

/// The candidate that `typed` most likely meant, if one is close: at most a third of it mistyped. Swapped neighbours
/// (`exmaple`) count as one mistake, as people make them as one.
///
/// Of e-mail addresses the two halves are looked at each for itself: two people at one domain are not each other's slips.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    candidates
        .into_iter()
        .filter_map(|name| Some((mistakes(&typed, &name.to_lowercase())?, name)))
        .min_by_key(|(mistakes, _)| *mistakes)
        .map(|(_, name)| name)
}

/// How many mistakes lie between what was typed and what may be meant, if there are few.
fn mistakes(typed: &str, meant: &str) -> Option<usize> {
    let few = |typed: &str, meant: &str| {
        let close = typed.chars().count().div_ceil(3).clamp(1, 4);
        Some(strsim::osa_distance(typed, meant)).filter(|distance| *distance <= close)
    };
    match (typed.split_once('@'), meant.split_once('@')) {
        (Some((name, domain)), Some((meant, at))) => Some(few(name, meant)? + few(domain, at)?),
        _ => few(typed, meant),
    }
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
        assert_eq!(nearest("eve@example.com", names), None);
        assert_eq!(nearest("x", names), None);
        assert_eq!(nearest("", names), None);
    }
}
