//! The permissions of a role as tokens hold them.

use std::collections::BTreeSet;

use super::permissions;

/// The custom permissions of a role, as a token's claims have them: each feature with a mask of the actions it has.
pub(in crate::organizations) struct Packed {
    pub(in crate::organizations) features: String,
    pub(in crate::organizations) actions: String,
    pub(in crate::organizations) masks: String,
    count: usize,
}

/// The most bytes that a role's permissions take in a token. A browser keeps 4,096 bytes of a cookie; beside this fit the
/// longest names of agent, host and organization, a third more becomes of all of it in base64.
pub(super) const MAX: usize = 680;

impl Packed {
    pub(in crate::organizations) fn of<'a>(keys: impl Iterator<Item = &'a str>) -> Self {
        let custom = keys.filter(|key| !permissions::is_system(key));
        let parts = custom.filter_map(|key| key.strip_prefix("org:")?.split_once(':'));
        let parts: Vec<(&str, &str)> = parts.collect();
        let features: BTreeSet<&str> = parts.iter().map(|(feature, _)| *feature).collect();
        let actions: BTreeSet<&str> = parts.iter().map(|(_, action)| *action).collect();
        let mask = |feature: &&str| {
            let mut mask = 0_u128;
            for (place, action) in actions.iter().enumerate().take(128) {
                if parts.contains(&(*feature, *action)) {
                    mask |= 1 << place;
                }
            }
            mask.to_string()
        };
        let masks: Vec<String> = features.iter().map(mask).collect();
        let scoped: Vec<String> = features.iter().map(|one| format!("o:{one}")).collect();
        let count = actions.len();
        let actions: Vec<&str> = actions.into_iter().collect();
        Self {
            features: scoped.join(","),
            actions: actions.join(","),
            masks: masks.join(","),
            count,
        }
    }

    pub(super) fn fits(&self) -> bool {
        // A mask has 128 places.
        self.count <= 128 && self.features.len() + self.actions.len() + self.masks.len() <= MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_fits_into_a_token_or_is_refused() {
        let keys = |features: usize, actions: usize| -> Vec<String> {
            (0..features)
                .flat_map(|f| (0..actions).map(move |a| format!("org:feature{f}:action{a}")))
                .collect()
        };
        let fits = |keys: &[String]| Packed::of(keys.iter().map(String::as_str)).fits();
        assert!(fits(&keys(20, 10)));
        assert!(!fits(&keys(60, 2)));
        assert!(!fits(&keys(1, 129)));
    }
}
