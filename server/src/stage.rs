//! Development or production. What makes development easy (loopback redirects, a known first user, plain http) asks for
//! the stage where it matters, so that nothing of it is there in production by accident.

use crate::word::words;

words! {
    /// The publishable key says it to every SDK (`pk_test_…`, `pk_live_…`).
    pub enum Stage {
        /// One developer's machine, or CI.
        Development = "development",
        /// Real users.
        Production = "production",
    }
}

impl Stage {
    /// The middle of a key: `test` or `live`.
    pub fn key_word(self) -> &'static str {
        match self {
            Self::Development => "test",
            Self::Production => "live",
        }
    }
}
