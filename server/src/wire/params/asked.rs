//! Which parameters a handler asks for: for the test that makes the OpenAPI document. A server that nobody observes notes
//! nothing.

use crate::word::Word;

/// Notes what is asked for, each with its kind and the words that it may be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// The object that they are part of.
    #[cfg(feature = "observing")]
    within: Option<&'static str>,
}

#[cfg(not(feature = "observing"))]
#[expect(clippy::unused_self, reason = "nothing is kept where nobody observes")]
impl Asked {
    pub(super) const fn note(self, _: &'static str, _: &'static str) {}

    pub(super) const fn note_word<T: Word>(self, _: &'static str, _: &'static str) {}

    pub(super) const fn part_of(_: &'static str) -> Self {
        Self {}
    }
}

#[cfg(feature = "observing")]
mod noting {
    use std::cell::RefCell;

    use super::{Asked, Word};

    thread_local! {
        /// A test that observes has its server on a thread of its own.
        static NOTED: RefCell<Option<Vec<Noted>>> = const { RefCell::new(None) };
    }

    /// A parameter that a handler asked for.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Noted {
        /// The object that it is part of; `[]` for each of a list, `elsewhere` for what is no parameter of the request itself.
        pub within: Option<&'static str>,
        /// Its name.
        pub name: &'static str,
        /// `string`, `integer`, `string[]` …; `order` for a word with `+` or `-` before it.
        pub kind: &'static str,
        /// What it may be, where that is an enum.
        pub words: Vec<&'static str>,
    }

    impl Asked {
        pub(in super::super) fn note(self, name: &'static str, kind: &'static str) {
            self.add(name, kind, Vec::new());
        }

        pub(in super::super) fn note_word<T: Word>(self, name: &'static str, kind: &'static str) {
            self.add(name, kind, T::words());
        }

        fn add(self, name: &'static str, kind: &'static str, words: Vec<&'static str>) {
            let within = self.within;
            let one = Noted {
                within,
                name,
                kind,
                words,
            };
            NOTED.with_borrow_mut(|noted| noted.as_mut().map(|noted| noted.push(one)));
        }

        pub(in super::super) const fn part_of(name: &'static str) -> Self {
            Self { within: Some(name) }
        }
    }

    /// What was asked for on this thread since the last time; the first time begins it.
    pub fn asked_for() -> Vec<Noted> {
        let noted = NOTED.with_borrow_mut(|noted| noted.replace(Vec::new()));
        noted.unwrap_or_default()
    }
}

#[cfg(feature = "observing")]
pub use noting::{Noted, asked_for};
