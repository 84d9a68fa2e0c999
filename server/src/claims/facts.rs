//! What shortcodes can name, and where it comes from. Moments are whole seconds since the epoch, as in the claims that every
//! token has. What is not known, or not there, is null.

use serde_json::{Map, Value as Json, json};

use crate::clock::Time;
use crate::instance::Instance;
use crate::organizations;
use crate::sessions::{Actor, Session};
use crate::users::{self, IdentifierKind, Profile, User, Verification};
use crate::word::{Word, words};

/// What is known when a token is made.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// Whose server makes it.
    pub instance: &'a Instance,
    /// The session it is for.
    pub session: &'a Session,
    /// Who is signed in, where the template asks.
    pub profile: Option<&'a Profile>,
    /// The session's active organization, if it has one.
    pub organization: Option<&'a Organization>,
}

/// An organization and what its member is in it.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// The name people see.
    pub name: String,
    /// The name in addresses.
    pub slug: Option<String>,
    /// Its picture.
    pub image_url: String,
    /// Whether that is a picture of its own.
    pub has_image: bool,
    /// When it was made.
    pub created_at: Time,
    /// Seen by its members.
    pub public_metadata: Map<String, Json>,
    /// What the user is in it, as `org:admin`.
    pub role: String,
    /// What that role may do, as `org:invoices:read`.
    pub permissions: Vec<String>,
    /// The public metadata of the membership.
    pub membership_public_metadata: Map<String, Json>,
}

impl Organization {
    pub(super) fn of(
        membership: organizations::Membership,
        organization: organizations::Organization,
    ) -> Self {
        Self {
            id: organization.id.to_string(),
            name: organization.name,
            slug: organization.slug,
            has_image: organization.logo_url.is_some(),
            image_url: organization.logo_url.unwrap_or_default(),
            created_at: organization.created_at,
            public_metadata: organization.public_metadata,
            role: membership.role,
            permissions: membership.permissions.into_iter().collect(),
            membership_public_metadata: membership.public_metadata,
        }
    }
}

words! {
    /// The beginning of a shortcode's path. Metadata and the actor have parts, which the rest of the path names.
    pub enum Source {
        /// The user.
        UserId = "user.id",
        /// The application's own id of the user.
        UserExternalId = "user.external_id",
        /// The given name.
        UserFirstName = "user.first_name",
        /// The family name.
        UserLastName = "user.last_name",
        /// Both.
        UserFullName = "user.full_name",
        /// In lower case.
        UserUsername = "user.username",
        /// When the user was made.
        UserCreatedAt = "user.created_at",
        /// The last change.
        UserUpdatedAt = "user.updated_at",
        /// The last sign-in.
        UserLastSignInAt = "user.last_sign_in_at",
        /// The primary e-mail address.
        UserPrimaryEmailAddress = "user.primary_email_address",
        /// Whether that one is verified.
        UserEmailVerified = "user.email_verified",
        /// The primary phone number.
        UserPrimaryPhoneNumber = "user.primary_phone_number",
        /// Another name of it, in Clerk's documentation.
        UserPrimaryPhoneAddress = "user.primary_phone_address",
        /// Whether that one is verified.
        UserPhoneNumberVerified = "user.phone_number_verified",
        /// The user's picture.
        UserImageUrl = "user.image_url",
        /// Whether that is a picture of the user's own.
        UserHasImage = "user.has_image",
        /// Whether signing in takes two factors.
        UserTwoFactorEnabled = "user.two_factor_enabled",
        /// Seen by everyone, written by the application's server.
        UserPublicMetadata = "user.public_metadata",
        /// Seen and written by everyone.
        UserUnsafeMetadata = "user.unsafe_metadata",
        /// The session's active organization.
        OrgId = "org.id",
        /// Its name.
        OrgName = "org.name",
        /// Its name in addresses.
        OrgSlug = "org.slug",
        /// Its picture.
        OrgImageUrl = "org.image_url",
        /// Whether that is a picture of its own.
        OrgHasImage = "org.has_image",
        /// When it was made.
        OrgCreatedAt = "org.created_at",
        /// What the user is in it.
        OrgRole = "org.role",
        /// Seen by its members.
        OrgPublicMetadata = "org.public_metadata",
        /// What the user is in it.
        OrgMembershipRole = "org_membership.role",
        /// What the user may do in it.
        OrgMembershipPermissions = "org_membership.permissions",
        /// The public metadata of the membership.
        OrgMembershipPublicMetadata = "org_membership.public_metadata",
        /// The session.
        SessionId = "session.id",
        /// When it began.
        SessionCreatedAt = "session.created_at",
        /// When it ends at the latest.
        SessionExpireAt = "session.expire_at",
        /// When its page last said that somebody uses it.
        SessionLastActiveAt = "session.last_active_at",
        /// Who acts in it, as in the claim `act`.
        SessionActor = "session.actor",
    }
}

/// What takes a look into the database, beside the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The user.
    User,
    /// The session's active organization.
    Organization,
}

impl Source {
    /// Whether it takes such a look.
    fn is_of(self, part: Part) -> bool {
        match part {
            Part::User => self != Self::UserId && self.as_str().starts_with("user."),
            Part::Organization => self.as_str().starts_with("org"),
        }
    }
}

/// A path such as `user.public_metadata.plan`. One that leads nowhere is null, as Clerk documents.
#[derive(Debug)]
pub(super) struct Path {
    source: Option<Source>,
    rest: Vec<String>,
}

impl Path {
    pub(super) fn read(text: &str) -> Self {
        let mut parts = text.split('.').map(str::trim);
        let head: Vec<_> = parts.by_ref().take(2).collect();
        Self {
            source: Source::from_word(&head.join(".")),
            rest: parts.map(ToOwned::to_owned).collect(),
        }
    }

    pub(super) fn asks_for(&self, part: Part) -> bool {
        self.source.is_some_and(|source| source.is_of(part))
    }

    pub(super) fn value(&self, facts: &Facts<'_>) -> Json {
        self.source
            .and_then(|source| self.look(source, facts))
            .unwrap_or_default()
    }

    fn look(&self, source: Source, facts: &Facts<'_>) -> Option<Json> {
        use Source as S;
        let session = facts.session;
        let whole = |value: Json| self.rest.is_empty().then_some(value);
        let user = || facts.profile.map(|profile| &profile.user);
        let org = || facts.organization;
        match source {
            S::UserId => whole(json!(session.user_id)),
            S::UserExternalId => whole(json!(user()?.external_id)),
            S::UserFirstName => whole(json!(user()?.first_name)),
            S::UserLastName => whole(json!(user()?.last_name)),
            S::UserFullName => whole(json!(users::full_name(user()?))),
            S::UserUsername => whole(json!(user()?.username)),
            S::UserCreatedAt => whole(seconds(user()?.created_at)),
            S::UserUpdatedAt => whole(seconds(user()?.updated_at)),
            S::UserLastSignInAt => whole(seconds(user()?.last_sign_in_at?)),
            S::UserPrimaryEmailAddress => {
                whole(primary(facts.profile?, IdentifierKind::EmailAddress)?.0)
            }
            S::UserEmailVerified => whole(verified(facts.profile?, IdentifierKind::EmailAddress)),
            S::UserPrimaryPhoneNumber | S::UserPrimaryPhoneAddress => {
                whole(primary(facts.profile?, IdentifierKind::PhoneNumber)?.0)
            }
            S::UserPhoneNumberVerified => {
                whole(verified(facts.profile?, IdentifierKind::PhoneNumber))
            }
            // As the user's own JSON has them.
            S::UserImageUrl => whole(json!(users::picture(facts.profile?, facts.instance))),
            S::UserHasImage | S::UserTwoFactorEnabled => whole(json!(user().map(|_| false)?)),
            S::UserPublicMetadata => self.within(&user()?.public_metadata),
            S::UserUnsafeMetadata => self.within(&user()?.unsafe_metadata),
            S::OrgId => whole(json!(org()?.id)),
            S::OrgName => whole(json!(org()?.name)),
            S::OrgSlug => whole(json!(org()?.slug)),
            S::OrgImageUrl => whole(json!(org()?.image_url)),
            S::OrgHasImage => whole(json!(org()?.has_image)),
            S::OrgCreatedAt => whole(seconds(org()?.created_at)),
            S::OrgRole | S::OrgMembershipRole => whole(json!(org()?.role)),
            S::OrgPublicMetadata => self.within(&org()?.public_metadata),
            S::OrgMembershipPermissions => whole(json!(org()?.permissions)),
            S::OrgMembershipPublicMetadata => self.within(&org()?.membership_public_metadata),
            S::SessionId => whole(json!(session.id)),
            S::SessionCreatedAt => whole(seconds(session.created_at)),
            S::SessionExpireAt => whole(seconds(session.expire_at)),
            S::SessionLastActiveAt => whole(seconds(session.last_active_at)),
            S::SessionActor => {
                let claim = session.actor.as_ref().map(Actor::claim)?;
                self.within(claim.as_object()?)
            }
        }
    }

    /// The part of an object that the rest of the path names.
    fn within(&self, object: &Map<String, Json>) -> Option<Json> {
        let Some((first, rest)) = self.rest.split_first() else {
            return Some(object.clone().into());
        };
        let first = object.get(first)?;
        rest.iter()
            .try_fold(first, |value, name| value.as_object()?.get(name))
            .cloned()
    }
}

fn seconds(at: Time) -> Json {
    at.seconds().into()
}

fn primary(profile: &Profile, kind: IdentifierKind) -> Option<(Json, Verification)> {
    let id = User::primary(&profile.user, kind)?;
    let found = profile.identifiers.iter().find(|one| one.id == *id)?;
    Some((json!(found.value), found.status))
}

fn verified(profile: &Profile, kind: IdentifierKind) -> Json {
    let status = primary(profile, kind).map(|(_, status)| status);
    (status == Some(Verification::Verified)).into()
}
