//! Reads what bodies about organizations have in common.

use url::Url;

use crate::error::{Error, Result};
use crate::organizations::{self, MetadataChange};
use crate::wire::Params;

/// The most values of one filter (spec).
pub(super) const VALUES_MAX: usize = 100;

/// `name`, where it is given.
pub(super) fn name(params: &mut Params) -> Result<Option<String>> {
    params.text("name")?.map(organizations::name).transpose()
}

/// `max_allowed_memberships`; 0 is any number.
pub(super) fn max_members(params: &mut Params) -> Result<Option<i64>> {
    let max = params.integer("max_allowed_memberships")?;
    if max.is_some_and(|max| max < 0) {
        return Err(Error::ParamValue(
            "max_allowed_memberships",
            "zero or more".into(),
        ));
    }
    Ok(max)
}

/// Refuses `role_set_key`, and says why.
pub(super) fn no_role_set(params: &mut Params) -> Result<()> {
    params.absent("role_set_key", "every organization has all roles")
}

/// `public_metadata` and `private_metadata`.
pub(super) fn metadata(params: &mut Params, merge: bool) -> Result<MetadataChange> {
    Ok(MetadataChange {
        public: params.object("public_metadata")?,
        private: params.object("private_metadata")?,
        merge,
    })
}

/// An address of something on the web.
pub(super) fn web_address(params: &mut Params, name: &'static str) -> Result<String> {
    let text = params.required_text(name, 2048)?;
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") => Ok(url.to_string()),
        _ => Err(Error::ParamFormat(
            name,
            "an address that begins with https:// or http://",
        )),
    }
}
