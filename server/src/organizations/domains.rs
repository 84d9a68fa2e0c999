//! Domains of organizations. A verified one belongs to a single organization. Nobody comes in by a domain by itself here.

use super::{event, hold, settings};
use crate::clock::Time;
use crate::db::{FromRow, Page, Query, Read, Row, Write, sorted, values};
use crate::error::{Error, OrganizationError, Result};
use crate::events::{Action, Event};
use crate::id::{DomainId, OrganizationId};
use crate::users;
use crate::word::words;

/// A domain.
#[derive(Clone, Debug)]
pub struct Domain {
    /// The domain's id.
    pub id: DomainId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// In lower case.
    pub name: String,
    /// Whether it is proven to be the organization's.
    pub verified: bool,
    /// When it was added.
    pub created_at: Time,
    /// The last change.
    pub updated_at: Time,
}

impl FromRow for Domain {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            organization_id: row.take()?,
            name: row.take()?,
            verified: row.take::<Option<String>>()?.is_some(),
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

const SELECT: &str = "select d.id, d.organization_id, d.name, d.claimed, d.created_at, d.updated_at from organization_domains d";

/// How many domains an organization may have.
const DOMAINS_MAX: i64 = 100;

/// The domain with this id of this organization.
///
/// # Errors
/// [`Error::NotFound`].
pub fn domain(tx: &mut Read<'_>, organization: &OrganizationId, id: &DomainId) -> Result<Domain> {
    tx.first(
        &format!("{SELECT} where d.id = $1 and d.organization_id = $2"),
        values![id, organization],
    )?
    .ok_or_else(|| Error::NotFound("organization domain", id.to_string()))
}

fn of_domain(action: Action, organization: &OrganizationId, id: &DomainId) -> Event {
    Event::new(action)
        .organization(organization)
        .part(id.as_str())
        .detail(format!("{organization} {id}"))
}

fn free(tx: &mut Read<'_>, name: &str, own: &DomainId) -> Result<()> {
    let other: Option<DomainId> = tx.first(
        "select id from organization_domains where claimed = $1 and id <> $2",
        values![name, own],
    )?;
    match other {
        Some(_) => Err(OrganizationError::DomainExists.into()),
        None => Ok(()),
    }
}

/// Adds a domain.
///
/// # Errors
/// [`OrganizationError::DomainsNotEnabled`], [`OrganizationError::DomainExists`],
/// [`OrganizationError::DomainExistsSame`], [`OrganizationError::DomainsQuota`].
pub fn add_domain(
    tx: &mut Write<'_>,
    organization: &OrganizationId,
    id: &DomainId,
    name: &str,
    verified: bool,
) -> Result<Domain> {
    let now = tx.now();
    tx.attempt(event(Action::DomainCreate, organization));
    if !settings::enabled(tx)?.domains_enabled {
        return Err(OrganizationError::DomainsNotEnabled.into());
    }
    hold(tx, organization)?;
    let own: Vec<String> = tx.all(
        "select name from organization_domains where organization_id = $1",
        values![organization],
    )?;
    if own.iter().any(|one| one == name) {
        return Err(OrganizationError::DomainExistsSame.into());
    }
    if i64::try_from(own.len()).unwrap_or(i64::MAX) >= DOMAINS_MAX {
        return Err(OrganizationError::DomainsQuota(DOMAINS_MAX).into());
    }
    if verified {
        free(tx, name, id)?;
    }
    tx.execute(
        "insert into organization_domains (id, organization_id, name, claimed, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $5)",
        values![id, organization, name, verified.then_some(name), now],
    )?;
    tx.note(of_domain(Action::DomainCreate, organization, id));
    domain(tx, organization, id)
}

/// Says whether a domain is proven to be the organization's. `None` leaves it as it is.
///
/// # Errors
/// [`Error::NotFound`], [`OrganizationError::DomainExists`].
pub fn set_domain(
    tx: &mut Write<'_>,
    organization: &OrganizationId,
    id: &DomainId,
    verified: Option<bool>,
) -> Result<Domain> {
    let now = tx.now();
    tx.attempt(of_domain(Action::DomainUpdate, organization, id));
    hold(tx, organization)?;
    let old = domain(tx, organization, id)?;
    let verified = verified.unwrap_or(old.verified);
    if verified {
        free(tx, &old.name, id)?;
    }
    if verified != old.verified {
        tx.execute(
            "update organization_domains set claimed = $2, updated_at = $3 where id = $1",
            values![id, verified.then_some(old.name.as_str()), now],
        )?;
        tx.note(of_domain(Action::DomainUpdate, organization, id));
    }
    domain(tx, organization, id)
}

/// Removes a domain.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove_domain(
    tx: &mut Write<'_>,
    organization: &OrganizationId,
    id: &DomainId,
) -> Result<()> {
    tx.attempt(of_domain(Action::DomainDelete, organization, id));
    domain(tx, organization, id)?;
    tx.execute(
        "delete from organization_domains where id = $1",
        values![id],
    )?;
    tx.note(of_domain(Action::DomainDelete, organization, id));
    Ok(())
}

/// Which domains to list. What is empty does not restrict.
#[derive(Clone, Debug, Default)]
pub struct DomainFilter {
    /// Of this organization.
    pub organization: Option<OrganizationId>,
    /// Verified or not.
    pub verified: Option<bool>,
    /// With one of these names.
    pub names: Vec<String>,
    /// The name contains this, or it is the organization's id.
    pub query: Option<String>,
    /// Asked for an enrollment mode that no domain has.
    pub nothing: bool,
}

words! {
    /// What lists of domains are sorted by.
    pub enum DomainOrder {
        /// When they were added.
        Created = "created_at",
        /// Their names.
        Name = "name",
    }
}

impl DomainFilter {
    fn query(&self, select: &str) -> Query {
        let mut query = Query::new(select);
        query.equals("d.organization_id", self.organization.as_ref());
        match self.verified {
            Some(true) => query.and("d.claimed is not null"),
            Some(false) => query.and("d.claimed is null"),
            None => {}
        }
        query.one_of("d.name", &self.names);
        match &self.query {
            Some(id) if id.starts_with("org_") => query.equals("d.organization_id", Some(id)),
            Some(part) => {
                let mark = query.mark(users::containing(&part.to_lowercase()));
                query.and(&format!("d.name like {mark} escape '!'"));
            }
            None => {}
        }
        if self.nothing {
            query.and("1 = 0");
        }
        query
    }
}

/// A page of domains.
pub fn list_domains(
    tx: &mut Read<'_>,
    filter: &DomainFilter,
    (order, descending): (DomainOrder, bool),
    page: Page,
) -> Result<Vec<Domain>> {
    let order = sorted(&format!("d.{}", order.as_str()), "d.id", descending);
    filter.query(SELECT).page(&order, page).all(tx)
}

/// How many domains match.
pub fn count_domains(tx: &mut Read<'_>, filter: &DomainFilter) -> Result<i64> {
    filter
        .query("select count(*) from organization_domains d")
        .one(tx)
}
