//! What a user is said to be called and where it is, as every door that takes it holds it to its form.

use crate::error::{Error, Result};
use crate::text;

/// The most characters of a name, a locale, a time zone or an id of elsewhere.
const MAX: usize = 256;

/// A text about a user. An empty one means no value, as with Clerk: two users without an external id do not collide.
///
/// # Errors
/// [`Error::ParamTooLong`]; [`Error::ParamFormat`] for a `timezone` that is none.
pub(crate) fn user_text(name: &'static str, text: Option<String>) -> Result<Option<String>> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    if text.chars().count() > MAX {
        return Err(Error::ParamTooLong(name, MAX));
    }
    if name == "timezone" && !text::is_time_zone(&text) {
        let form = "the name of a time zone, as Europe/Berlin";
        return Err(Error::ParamFormat(name, form));
    }
    Ok(Some(text))
}
