//! Names and slugs of organizations.

use url::Url;

use crate::db::{Read, values};
use crate::error::{Error, OrganizationError, Result};
use crate::id::OrganizationId;
use crate::text;

/// The most characters of a name (spec).
const NAME_MAX: usize = 256;

/// A name as it is kept: of one line, without addresses and markup (spec).
///
/// # Errors
/// [`Error::ParamMissing`], [`Error::ParamTooLong`], [`Error::ParamValue`].
pub fn name(text: impl AsRef<str>) -> Result<String> {
    let name = text.as_ref().trim();
    if name.is_empty() {
        return Err(Error::ParamMissing("name"));
    }
    if name.chars().count() > NAME_MAX {
        return Err(Error::ParamTooLong("name", NAME_MAX));
    }
    if name.contains("://") || name.contains(['<', '>']) || name.chars().any(text::is_control) {
        let sound = "text of one line without addresses and markup";
        return Err(Error::ParamValue("name", sound.into()));
    }
    Ok(name.to_owned())
}

/// The address of a logo, on the web.
///
/// # Errors
/// [`Error::ParamFormat`].
pub fn logo(text: &str) -> Result<String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") => Ok(url.into()),
        _ => Err(Error::ParamFormat(
            "image_url",
            "an address that begins with https:// or http://",
        )),
    }
}

/// Lower case letters, digits and dashes.
pub(super) fn free_slug(tx: &mut Read<'_>, slug: &str, own: &OrganizationId) -> Result<String> {
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if slug.is_empty() || !slug.chars().all(sound) {
        return Err(Error::ParamFormat(
            "slug",
            "lower case letters, digits and dashes",
        ));
    }
    if slug.len() > SLUG_MAX {
        return Err(Error::ParamTooLong("slug", SLUG_MAX));
    }
    if is_taken(tx, slug, own)? {
        return Err(OrganizationError::Exists("slug").into());
    }
    Ok(slug.to_owned())
}

/// The most characters of a slug: it travels in every token.
const SLUG_MAX: usize = 64;

fn is_taken(tx: &mut Read<'_>, slug: &str, own: &OrganizationId) -> Result<bool> {
    let other: Option<OrganizationId> = tx.first(
        "select id from organizations where slug = $1 and id <> $2",
        values![slug, own],
    )?;
    Ok(other.is_some())
}

/// A slug of the name; where another has it, with the end of the id.
pub(super) fn made_slug(tx: &mut Read<'_>, name: &str, id: &OrganizationId) -> Result<String> {
    let mut slug = String::new();
    for c in text::folded(name).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(SLUG_MAX / 2);
    let slug = slug.trim_end_matches('-');
    if !slug.is_empty() && !is_taken(tx, slug, id)? {
        return Ok(slug.to_owned());
    }
    let end = id.as_str()[id.as_str().len().saturating_sub(12)..].to_ascii_lowercase();
    let slug = format!("{}-{end}", if slug.is_empty() { "org" } else { slug });
    free_slug(tx, &slug, id)
}
