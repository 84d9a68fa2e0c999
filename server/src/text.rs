//! Text that people read: which characters never show, and the forms in which names are kept and compared.

use unicode_normalization::UnicodeNormalization as _;

/// Whether a character ends a line, drives a terminal, or turns the direction of writing (UAX #9). In a text of one line
/// it has no honest use.
pub fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character does not show, so that two texts that look the same may differ in it: controls, and what Unicode
/// lists as default ignorable (`DerivedCoreProperties.txt`: joiners, fillers, variation selectors, tags), with the
/// interlinear marks. Joiners and selectors have their use in writing, but in no name that is compared.
pub fn is_invisible(c: char) -> bool {
    is_control(c)
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Text as it may be shown: what does not show becomes a mark that does.
pub fn legible(text: &str) -> String {
    let mark = |c| if is_invisible(c) { '\u{fffd}' } else { c };
    text.chars().map(mark).collect()
}

/// The form in which a name is kept: compatibility characters as plain ones (NFKC, UAX #15), no space around it. `None`
/// where it holds something that does not show.
pub fn name(text: &str) -> Option<String> {
    if text.chars().any(is_invisible) {
        return None;
    }
    let name: String = text.nfkc().collect();
    Some(name.trim().to_owned())
}

/// The form in which names are compared: those that differ only in letter case, width or spacing are one.
pub fn folded(name: &str) -> String {
    let lowered: String = name.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    lowered.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text looks like a name of the tz database. Which names there are changes several times a year.
pub fn is_time_zone(text: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
    };
    text.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_nothing_that_does_not_show() {
        for text in [
            "pt\u{200b}",
            "\u{1b}[2Jpt",
            "p\r\nt",
            "p\u{202e}t",
            "p\u{61c}t",
            "p\u{2028}t",
            "p\u{ad}t",
            "p\u{fe0f}t",
            "p\u{e0041}t",
            "p\u{3164}t",
            "p\u{7f}t",
            "p\u{85}t",
        ] {
            assert_eq!(name(text), None, "{text:?}");
        }
        assert_eq!(name(" ci ").as_deref(), Some("ci"));
        assert_eq!(
            name("\u{a0}\u{ff30}\u{ff34}\u{3000}").as_deref(),
            Some("PT")
        );
        assert_eq!(name("агент \u{1f916}").as_deref(), Some("агент \u{1f916}"));
    }

    #[test]
    fn plain_forms_bring_nothing_forth_that_does_not_show() {
        let all = (char::MIN..=char::MAX).filter(|c| !is_invisible(*c));
        let mut all = all.filter(|c| c.nfkc().any(is_invisible));
        assert_eq!(all.next(), None);
    }

    #[test]
    fn names_that_differ_in_case_width_or_spacing_are_one_and_others_are_not() {
        for twin in [
            "PT bot",
            " pt  bot",
            "pt\u{a0}bot",
            "\u{ff50}\u{ff54} BOT",
            "pt\u{2003}Bot ",
        ] {
            assert_eq!(folded(twin), "pt bot", "{twin:?}");
        }
        assert_ne!(folded("pt-bot"), folded("pt bot"));
        assert_ne!(
            folded("р\u{442} bot"),
            folded("pt bot"),
            "Cyrillic is another script"
        );
        assert_eq!(folded(&folded("İSTANBUL")), folded("İSTANBUL"));
    }
}
