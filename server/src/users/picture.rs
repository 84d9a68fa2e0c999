//! How a user without a picture is shown.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{IdentifierKind, Profile, User};
use crate::instance::Instance;

/// The name a user goes by: the primary e-mail address, else the primary phone number, else the username.
pub fn goes_by(profile: &Profile) -> Option<&str> {
    let value = |kind| {
        let id = User::primary(&profile.user, kind)?;
        let found = profile.identifiers.iter().find(|one| one.id == *id);
        found.map(|one| one.value.as_str())
    };
    value(IdentifierKind::EmailAddress)
        .or_else(|| value(IdentifierKind::PhoneNumber))
        .or(profile.user.username.as_deref())
}

/// First and last name, as far as there are such.
pub fn full_name(user: &User) -> Option<String> {
    let names = [&user.first_name, &user.last_name];
    let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

/// The address of the picture that the Frontend API draws for a user: initials on a colour. All it takes stands in the
/// address, so that it shows whoever asks nothing that is not there.
pub fn picture(profile: &Profile, instance: &Instance) -> String {
    let user = &profile.user;
    let first = |text: &str| text.chars().find(|c| c.is_alphanumeric());
    let names = [&user.first_name, &user.last_name].into_iter().flatten();
    let mut letters: String = names.filter_map(|name| first(name)).collect();
    if letters.is_empty() {
        letters.extend(goes_by(profile).and_then(first));
    }
    let letters = letters.to_uppercase();
    let letters = utf8_percent_encode(&letters, NON_ALPHANUMERIC);
    // Which of many colours: the same for the same user, wherever the user is shown.
    let color = user.id.as_str().bytes().fold(0_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(byte))
    }) % 360;
    instance.address(&format!("/images/initials/{color}/{letters}.svg"))
}
