//! The types of events, under Clerk's names, and those of tasks, which are ours.

use crate::error::{Error, Result};
use crate::word::{Word as _, words};

words! {
    /// What an event tells of.
    pub enum Kind {
        /// A user was made.
        UserCreated = "user.created",
        /// Anything about a user changed.
        UserUpdated = "user.updated",
        /// A user is gone.
        UserDeleted = "user.deleted",
        /// A session began.
        SessionCreated = "session.created",
        /// A session began whose user has to choose an organization first.
        SessionPending = "session.pending",
        /// Its browser signed out, or signed in anew, or it is past its end.
        SessionEnded = "session.ended",
        /// Its browser signed out and dropped it.
        SessionRemoved = "session.removed",
        /// It was taken back.
        SessionRevoked = "session.revoked",
        /// An organization was made.
        OrganizationCreated = "organization.created",
        /// It changed.
        OrganizationUpdated = "organization.updated",
        /// It is gone, with everything that belonged to it.
        OrganizationDeleted = "organization.deleted",
        /// A user came into an organization.
        MembershipCreated = "organizationMembership.created",
        /// Its role or metadata changed.
        MembershipUpdated = "organizationMembership.updated",
        /// The user left, or was removed.
        MembershipDeleted = "organizationMembership.deleted",
        /// An address was invited into an organization.
        InvitationCreated = "organizationInvitation.created",
        /// Its holder came in.
        InvitationAccepted = "organizationInvitation.accepted",
        /// It was taken back.
        InvitationRevoked = "organizationInvitation.revoked",
        /// An organization got a domain.
        DomainCreated = "organizationDomain.created",
        /// Its verification changed.
        DomainUpdated = "organizationDomain.updated",
        /// It was removed.
        DomainDeleted = "organizationDomain.deleted",
        /// A role was made.
        RoleCreated = "role.created",
        /// Its name, key or permissions changed.
        RoleUpdated = "role.updated",
        /// It was removed.
        RoleDeleted = "role.deleted",
        /// A permission was made.
        PermissionCreated = "permission.created",
        /// Its name or key changed.
        PermissionUpdated = "permission.updated",
        /// It was removed, from all roles too.
        PermissionDeleted = "permission.deleted",
        /// An address waits to be invited to the application.
        WaitlistCreated = "waitlistEntry.created",
        /// It was invited, or rejected.
        WaitlistUpdated = "waitlistEntry.updated",
        /// A task was made.
        TaskCreated = "agent_task.created",
        /// Its link opened its one session.
        TaskOpened = "agent_task.opened",
        /// Its link was shown and opened nothing.
        TaskRefused = "agent_task.refused",
        /// It was taken back.
        TaskRevoked = "agent_task.revoked",
        /// Its link is past its time and opened nothing.
        TaskExpired = "agent_task.expired",
        /// Nothing happened: somebody tries an endpoint.
        Test = "webhook.test",
    }
}

/// Some of them: names, `user.*` for all of one object, `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kinds(String);

const ALL: &str = "*";

impl Kinds {
    /// All of them.
    pub fn all() -> Self {
        Self(ALL.into())
    }

    /// Those that are named; all where none is.
    ///
    /// # Errors
    /// [`Error::ParamValue`] for what no event is called.
    pub fn named(names: &[String]) -> Result<Self> {
        if names.is_empty() {
            return Ok(Self::all());
        }
        let is_known =
            |name: &String| name == ALL || Kind::ALL.iter().any(|kind| means(name, kind.as_str()));
        match names.iter().find(|name| !is_known(name)) {
            Some(_) => Err(Error::ParamValue(
                "events",
                format!("*, an object with .* as in user.*, or {}", Kind::list()),
            )),
            None => Ok(Self(names.join(" "))),
        }
    }

    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// One by one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }

    /// Whether this is one of them. Whoever tries an endpoint is heard in any case.
    pub fn hold(&self, kind: Kind) -> bool {
        kind == Kind::Test
            || self
                .names()
                .any(|name| name == ALL || means(name, kind.as_str()))
    }
}

/// Whether a name stands for a type.
fn means(name: &str, kind: &str) -> bool {
    match name.strip_suffix(".*") {
        Some(object) => kind.split_once('.').is_some_and(|(of, _)| of == object),
        None => name == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_stands_for_all_its_events_and_for_no_others() {
        let some = |names: &[&str]| {
            Kinds::named(&names.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let kinds = some(&["organization.*", "user.created"]).unwrap();
        assert!(kinds.hold(Kind::OrganizationDeleted) && kinds.hold(Kind::UserCreated));
        assert!(!kinds.hold(Kind::MembershipCreated) && !kinds.hold(Kind::UserUpdated));
        assert!(Kind::ALL.iter().all(|kind| some(&[]).unwrap().hold(*kind)));
        for wrong in ["user", "user.", "nobody.*", "user.create", ".*", "user.* "] {
            assert!(some(&[wrong]).is_err(), "{wrong}");
        }
    }
}
