//! Codes by which somebody proves to hold an e-mail address or a phone number. This server has no sender, so a code reaches
//! nobody; but a development instance knows test addresses, to which nothing is sent, and whose code is always the same.
//! They are Clerk's, so suites that were written for it run as they are.

use crate::error::{Result, Unproven};
use crate::stage::Stage;
use crate::users::IdentifierKind;

/// How long a code can be given after it was asked for, in seconds.
pub const SECONDS: i64 = 600;
/// How many wrong ones may be given for one that was asked for.
pub const WRONG_MAX: i64 = 5;

/// The code of test addresses.
const TEST_CODE: &str = "424242";

/// Whether a code can be had for this address or number, in its normal form.
pub fn reaches(stage: Stage, kind: IdentifierKind, value: &str) -> bool {
    stage == Stage::Development
        && match kind {
            IdentifierKind::EmailAddress => is_test_address(value),
            IdentifierKind::PhoneNumber => is_test_number(value),
        }
}

/// Sends a code, which for the only addresses that can be reached means nothing more than to say so.
///
/// # Errors
/// [`Unproven::SenderMissing`].
pub fn send(stage: Stage, kind: IdentifierKind, value: &str) -> Result<()> {
    if reaches(stage, kind, value) {
        Ok(())
    } else {
        Err(Unproven::SenderMissing.into())
    }
}

/// Whether this is the code for that address or number.
pub fn is_right(stage: Stage, kind: IdentifierKind, value: &str, code: &str) -> bool {
    reaches(stage, kind, value) && code == TEST_CODE
}

/// What test addresses have as the last thing before the `@`.
const TEST_MARK: &str = "+clerk_test";

fn is_test_address(address: &str) -> bool {
    address
        .rsplit_once('@')
        .is_some_and(|(local, _)| local.ends_with(TEST_MARK))
}

/// Whether an address, apart from what makes it a test address, stands for another one, as `ada+1@…` does for `ada@…`.
pub fn is_subaddress(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or("", |(local, _)| local);
    let local = local.strip_suffix(TEST_MARK).unwrap_or(local);
    local.contains(['+', '=', '#'])
}

/// `+1`, any area, and 555-0100 to 555-0199: numbers that nobody has.
fn is_test_number(number: &str) -> bool {
    let digits = number.strip_prefix("+1").unwrap_or_default();
    digits.len() == 10 && digits.get(3..8) == Some("55501")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_to_be_had_for_test_addresses_in_development_and_for_nothing_else() {
        use IdentifierKind::{EmailAddress, PhoneNumber};
        for (kind, value, reached) in [
            (EmailAddress, "ada+clerk_test@example.com", true),
            (EmailAddress, "ada+b+clerk_test@example.com", true),
            (EmailAddress, "ada@example.com", false),
            (EmailAddress, "ada+clerk_testing@example.com", false),
            (EmailAddress, "ada@x+clerk_test.example.com", false),
            (PhoneNumber, "+12015550100", true),
            (PhoneNumber, "+12015550199", true),
            (PhoneNumber, "+12015550200", false),
            (PhoneNumber, "+442015550100", false),
            (PhoneNumber, "+120155501000", false),
        ] {
            assert_eq!(reaches(Stage::Development, kind, value), reached, "{value}");
            assert!(!reaches(Stage::Production, kind, value), "{value}");
            assert_eq!(
                is_right(Stage::Development, kind, value, "424242"),
                reached,
                "{value}"
            );
            assert!(!is_right(Stage::Production, kind, value, "424242"));
            assert!(!is_right(Stage::Development, kind, value, "424243"));
        }
    }
}
