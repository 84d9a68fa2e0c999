//! Enums that travel as words: statuses, kinds, scopes. Each word stands beside its variant, once; reading, writing and the
//! list in a refusal follow from it.

/// An enum whose variants each have a word, on the wire and in the database.
pub trait Word: Copy + 'static {
    /// Every variant, in the order in which refusals list them.
    const ALL: &'static [Self];

    /// As it travels and is stored.
    fn as_str(self) -> &'static str;

    /// The variant of a word.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == word)
    }

    /// The words there are.
    fn words() -> Vec<&'static str> {
        Self::ALL.iter().map(|word| word.as_str()).collect()
    }

    /// The same for a refusal: `one of a, b, c`.
    fn list() -> String {
        format!("one of {}", Self::words().join(", "))
    }
}

/// Declares an enum with its words and everything that reads and writes them.
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        $vis enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// As it travels and is stored.
            $vis fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl $crate::word::Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn as_str(self) -> &'static str {
                $name::as_str(self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
                let word = <String as serde::Deserialize>::deserialize(from)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            /// The error is a list of the words that would have done.
            fn from_str(word: &str) -> std::result::Result<Self, String> {
                <Self as $crate::word::Word>::from_word(word)
                    .ok_or_else(<Self as $crate::word::Word>::list)
            }
        }

        impl From<$name> for $crate::db::Value {
            fn from(word: $name) -> Self {
                Self::from(word.as_str())
            }
        }

        impl $crate::db::FromRow for $name {
            fn from_row(row: &mut $crate::db::Row) -> $crate::error::Result<Self> {
                row.take()
            }
        }

        impl $crate::db::FromValue for $name {
            fn from_value(value: $crate::db::Value) -> $crate::error::Result<Self> {
                let text = String::from_value(value)?;
                <Self as $crate::word::Word>::from_word(&text).ok_or_else(|| {
                    $crate::error::Error::Bug(format!(concat!("stored ", stringify!($name), ": {}"), text))
                })
            }
        }
    };
}
pub(crate) use words;
