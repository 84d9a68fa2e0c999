//! Organizations of a seed, with their members. Who is a member and is not named stays one.

use serde_json::{Map, Value, json};

use super::super::organizations::form;
use super::super::users::{is_id, rfc_3339, time};
use super::{Outcome, THINGS_MAX, Thing, all, is_so, without};
use crate::app::App;
use crate::clock::Time;
use crate::db::{Read, Write};
use crate::error::{Error, Result};
use crate::id::{MembershipId, OrganizationId};
use crate::organizations::{
    self, Change, Filter, MemberFilter, MemberOrder, Membership, MetadataChange, NewMembership,
    NewOrganization, OrderBy,
};
use crate::users;
use crate::wire::Params;

struct Organization {
    /// Its id, or else its slug.
    called: String,
    new: NewOrganization,
    wanted: Map<String, Value>,
    change: Change,
    members: Vec<Member>,
}

struct Member {
    id: MembershipId,
    /// Whatever the user is called by.
    user: String,
    role: String,
    wanted: Map<String, Value>,
    metadata: MetadataChange,
}

pub(super) fn organization(_: &App, given: Map<String, Value>, at: Time) -> Result<Box<dyn Thing>> {
    let mut wanted = given.clone();
    for apart in ["id", "members"] {
        wanted.remove(apart);
    }
    let mut params = Params::from(given);
    let id = params.text("id")?;
    if id.as_deref().is_some_and(|id| !is_id(id, "org_")) {
        return Err(Error::ParamFormat("id", "org_ and letters or digits"));
    }
    let change = change(&mut params)?;
    let members = params.objects("members", THINGS_MAX)?;
    params.finish()?;
    let read = |(number, given)| {
        let place = format!("members[{number}]");
        member(given, at).map_err(|error: Error| error.within(&place))
    };
    let members = members
        .into_iter()
        .enumerate()
        .map(read)
        .collect::<Result<_>>()?;
    let called = id.clone().or_else(|| change.slug.clone());
    let new = NewOrganization {
        id: id.map_or_else(|| OrganizationId::new(at), Into::into),
        membership: MembershipId::new(at),
        name: change.name.clone().ok_or(Error::ParamMissing("name"))?,
        slug: change.slug.clone(),
        created_by: None,
        public_metadata: change.metadata.public.clone().unwrap_or_default(),
        private_metadata: change.metadata.private.clone().unwrap_or_default(),
        max_allowed_memberships: change.max_allowed_memberships,
        created_at: change.created_at,
    };
    for (name, normal) in [
        ("name", Some(new.name.as_str().into())),
        ("image_url", change.logo.clone().map(Into::into)),
        ("created_at", change.created_at.map(rfc_3339)),
    ] {
        wanted.extend(normal.map(|normal| (name.to_owned(), normal)));
    }
    let called = called.ok_or(Error::ParamMissing("slug"))?;
    Ok(Box::new(Organization {
        called,
        new,
        wanted,
        change,
        members,
    }))
}

/// What shall be known of it.
fn change(params: &mut Params) -> Result<Change> {
    let logo = params.text("image_url")?;
    Ok(Change {
        name: form::name(params)?,
        slug: params.text("slug")?.filter(|slug| !slug.is_empty()),
        logo: logo
            .as_deref()
            .map(organizations::logo)
            .transpose()?
            .map(Some),
        max_allowed_memberships: form::max_members(params)?,
        admin_delete_enabled: params.boolean("admin_delete_enabled")?,
        created_at: time(params, "created_at")?,
        metadata: form::metadata(params, false)?,
    })
}

fn member(given: Map<String, Value>, at: Time) -> Result<Member> {
    let mut wanted = given.clone();
    wanted.remove("user");
    let mut params = Params::from(given);
    let member = Member {
        id: MembershipId::new(at),
        user: params.required_text("user", 254)?,
        role: params.required_text("role", 256)?,
        wanted,
        metadata: form::metadata(&mut params, false)?,
    };
    params.finish()?;
    Ok(member)
}

impl Thing for Organization {
    fn bring(&self, _: &App, tx: &mut Write<'_>) -> Result<Outcome> {
        let now = tx.now();
        let (known, mut outcome) = match organizations::get(tx, &self.called, now) {
            Ok(known) => (known, Outcome::Same),
            Err(Error::NotFound(..)) => (organizations::create(tx, &self.new)?, Outcome::Made),
            Err(error) => return Err(error),
        };
        let mut changed = false;
        if !is_so(&self.wanted, &shown(&known)) {
            organizations::update(tx, &known.id, &self.change)?;
            changed = true;
        }
        for (number, member) in self.members.iter().enumerate() {
            let brought = member.bring(tx, &known.id);
            changed |= brought.map_err(|error| error.within(&format!("members[{number}]")))?;
        }
        if outcome == Outcome::Same && changed {
            outcome = Outcome::Changed;
        }
        Ok(outcome)
    }
}

impl Member {
    /// Makes it so, and says whether it was not.
    fn bring(&self, tx: &mut Write<'_>, organization: &OrganizationId) -> Result<bool> {
        let user = users::named(tx, &self.user)?.ok_or_else(|| {
            let unknown = Error::NotFound("user", self.user.clone());
            unknown.within("user")
        })?;
        let of_role = |error| match error {
            Error::NotFound(..) => Error::within(error, "role"),
            other => other,
        };
        let known = match organizations::member(tx, organization, &user) {
            Ok(known) => known.membership,
            Err(Error::NotFound(..)) => {
                let new = NewMembership {
                    id: self.id.clone(),
                    organization: organization.clone(),
                    user,
                    public_metadata: self.metadata.public.clone().unwrap_or_default(),
                    private_metadata: self.metadata.private.clone().unwrap_or_default(),
                };
                organizations::add_member(tx, &new, &self.role).map_err(of_role)?;
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        if is_so(&self.wanted, &shown_member(&known)) {
            return Ok(false);
        }
        if known.role != self.role {
            organizations::set_role(tx, organization, &user, &self.role).map_err(of_role)?;
        }
        organizations::set_member_metadata(tx, organization, &user, &self.metadata)?;
        Ok(true)
    }
}

fn shown(organization: &organizations::Organization) -> Value {
    json!({
        "id": organization.id,
        "name": organization.name,
        "slug": organization.slug,
        "image_url": organization.logo_url,
        "public_metadata": organization.public_metadata,
        "private_metadata": organization.private_metadata,
        "max_allowed_memberships": organization.max_allowed_memberships,
        "admin_delete_enabled": organization.admin_delete_enabled,
        "created_at": rfc_3339(organization.created_at),
    })
}

fn shown_member(membership: &Membership) -> Value {
    json!({
        "user": membership.user_id,
        "role": membership.role,
        "public_metadata": membership.public_metadata,
        "private_metadata": membership.private_metadata,
    })
}

/// All of them, oldest first, each with all its members.
pub(super) fn write(tx: &mut Read<'_>, now: Time) -> Result<Vec<Value>> {
    let usual = [
        ("slug", Value::Null),
        ("image_url", Value::Null),
        ("public_metadata", json!({})),
        ("private_metadata", json!({})),
    ];
    let oldest_first = (OrderBy::Created, false);
    let found = all(tx, |tx, page| {
        organizations::list(tx, &Filter::default(), oldest_first, page, now)
    })?;
    let mut written = Vec::new();
    for organization in found {
        let filter = MemberFilter {
            organization: Some(organization.id.clone()),
            ..MemberFilter::default()
        };
        let mut members = all(tx, |tx, page| {
            organizations::members(tx, &filter, (MemberOrder::Created, false), page, now)
        })?;
        members.sort_by(|a, b| a.membership.user_id.cmp(&b.membership.user_id));
        let members = members
            .iter()
            .map(|one| without(shown_member(&one.membership), &usual));
        let mut one = without(shown(&organization), &usual);
        one["members"] = members.collect();
        written.push(one);
    }
    Ok(written)
}
