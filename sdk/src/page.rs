//! Lists, a page at a time or as one stream.

mod items;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

pub use items::Items;

/// One page of a list.
///
/// ```no_run
/// # async fn run(client: standin::Client) -> standin::Result<()> {
/// let page = client.sessions().list().limit(20).await?;
/// println!("{} of {:?}", page.data.len(), page.total_count);
/// for session in page {
///     println!("{} {}", session.id, session.status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on this page.
    pub data: Vec<T>,
    /// How many there are on all pages, where the server says so. For users it does not: ask
    /// [`count`](crate::users::Users::count).
    pub total_count: Option<u64>,
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.data.into_iter()
    }
}

/// Lists come in two shapes: bare, or in an object with a total.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape(PhantomData))
    }
}

struct Shape<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Shape<T> {
    type Value = Page<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Page<T>, A::Error> {
        let mut data = Vec::new();
        while let Some(item) = items.next_element()? {
            data.push(item);
        }
        Ok(Page {
            data,
            total_count: None,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Page<T>, A::Error> {
        let (mut data, mut total_count) = (None, None);
        while let Some(name) = entries.next_key::<String>()? {
            match name.as_str() {
                "data" => data = Some(entries.next_value()?),
                "total_count" => total_count = entries.next_value()?,
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        let data = data.ok_or_else(|| serde::de::Error::missing_field("data"))?;
        Ok(Page { data, total_count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_of_a_list_are_read() {
        let bare: Page<u8> = serde_json::from_str("[1, 2]").unwrap();
        assert_eq!((bare.data, bare.total_count), (vec![1, 2], None));
        let text = r#"{ "object": "list", "data": [1], "total_count": 7 }"#;
        let wrapped: Page<u8> = serde_json::from_str(text).unwrap();
        assert_eq!((wrapped.data, wrapped.total_count), (vec![1], Some(7)));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in ["{}", "null", "3", r#"{ "data": 3 }"#] {
            assert!(serde_json::from_str::<Page<u8>>(text).is_err(), "{text}");
        }
    }
}
