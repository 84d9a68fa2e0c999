//! What a caller must have.

use super::organization::Listed;
use super::outcome::Auth;

/// Something that a caller has or has not: [`Role`], [`Permission`], [`Feature`], [`Plan`], several of them in a tuple, or
/// whatever an application makes of its own claims.
///
/// ```
/// use standin::auth::{Auth, Requirement};
///
/// #[derive(Clone)]
/// struct Beta;
///
/// impl Requirement for Beta {
///     fn is_met(&self, by: &Auth) -> bool {
///         by.claims().get("beta") == Some(true)
///     }
///
///     fn to_words(&self) -> String {
///         "beta".into()
///     }
/// }
/// ```
pub trait Requirement {
    /// Whether the caller has it.
    fn is_met(&self, by: &Auth) -> bool;

    /// What a caller is told who has not, as `permission org:invoices:read`.
    fn to_words(&self) -> String;
}

macro_rules! requirements {
    ($($(#[$doc:meta])* $name:ident, $words:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name<T>(pub T);

        impl<T: AsRef<str>> Requirement for $name<T> {
            fn is_met(&self, by: &Auth) -> bool {
                self.holds(by)
            }

            fn to_words(&self) -> String {
                format!(concat!($words, " {}"), self.0.as_ref())
            }
        }
    )+};
}

requirements! {
    /// A role in the active organization. `org:` may be left out: `Role("admin")`, `Role("org:admin")`.
    Role, "role";
    /// A permission in the active organization. `org:` may be left out: `Permission("invoices:read")`.
    Permission, "permission";
    /// A feature of the user's or the active organization's plan, or of one of the two: `Feature("ai")`,
    /// `Feature("org:ai")`, `Feature("user:ai")`.
    Feature, "feature";
    /// The user's or the active organization's plan, or that of one of the two: `Plan("pro")`, `Plan("org:pro")`,
    /// `Plan("user:pro")`.
    Plan, "plan";
}

impl<T: AsRef<str>> Role<T> {
    fn holds(&self, auth: &Auth) -> bool {
        auth.organization()
            .is_some_and(|organization| organization.has_role(self.0.as_ref()))
    }
}

impl<T: AsRef<str>> Permission<T> {
    fn holds(&self, auth: &Auth) -> bool {
        auth.organization()
            .is_some_and(|organization| organization.has_permission(self.0.as_ref()))
    }
}

impl<T: AsRef<str>> Feature<T> {
    fn holds(&self, auth: &Auth) -> bool {
        listed(auth, "fea", self.0.as_ref())
    }
}

impl<T: AsRef<str>> Plan<T> {
    fn holds(&self, auth: &Auth) -> bool {
        listed(auth, "pla", self.0.as_ref())
    }
}

fn listed(auth: &Auth, claim: &str, asked: &str) -> bool {
    let list = auth.claims().get::<String>(claim);
    list.is_some_and(|list| Listed::is_in(&list, asked))
}

impl<R: Requirement + ?Sized> Requirement for &R {
    fn is_met(&self, by: &Auth) -> bool {
        (**self).is_met(by)
    }

    fn to_words(&self) -> String {
        (**self).to_words()
    }
}

/// Both.
impl<A: Requirement, B: Requirement> Requirement for (A, B) {
    fn is_met(&self, by: &Auth) -> bool {
        self.0.is_met(by) && self.1.is_met(by)
    }

    fn to_words(&self) -> String {
        format!("{}, {}", self.0.to_words(), self.1.to_words())
    }
}

/// All three.
impl<A: Requirement, B: Requirement, C: Requirement> Requirement for (A, B, C) {
    fn is_met(&self, by: &Auth) -> bool {
        self.0.is_met(by) && self.1.is_met(by) && self.2.is_met(by)
    }

    fn to_words(&self) -> String {
        let [a, b, c] = [self.0.to_words(), self.1.to_words(), self.2.to_words()];
        format!("{a}, {b}, {c}")
    }
}
