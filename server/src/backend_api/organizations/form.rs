//! Reads what bodies about organizations have in common.

use crate::error::{Error, Result};
use crate::organizations::{self, MetadataChange};
use crate::wire::Params;

/// The most values of one filter (spec).
pub(in crate::backend_api) const VALUES_MAX: usize = 100;

/// `name`, where it is given.
pub(in crate::backend_api) fn name(params: &mut Params) -> Result<Option<String>> {
    params.text("name")?.map(organizations::name).transpose()
}

/// `max_allowed_memberships`; 0 is any number.
pub(in crate::backend_api) fn max_members(params: &mut Params) -> Result<Option<i64>> {
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
pub(in crate::backend_api) fn no_role_set(params: &mut Params) -> Result<()> {
    params.absent("role_set_key", "every organization has all roles")
}

/// `public_metadata` and `private_metadata`.
pub(in crate::backend_api) fn metadata(params: &mut Params, merge: bool) -> Result<MetadataChange> {
    Ok(MetadataChange {
        public: params.object("public_metadata")?,
        private: params.object("private_metadata")?,
        merge,
    })
}
