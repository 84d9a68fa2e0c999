//! Where the SDK differs from Clerk's, and why it is right to. A difference that is not in this table fails the test, and
//! so does a line of it that no request shows any more.

use crate::Seen;
use crate::cases::Case;
use crate::tokens::{Kind, STRICT};

/// A difference that is meant.
pub struct Difference {
    /// Which, and why.
    pub why: &'static str,
    applies: fn(&Case, &Seen, &Seen) -> bool,
}

impl std::fmt::Debug for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.why)
    }
}

/// Why the two differ on a case; `None` if nobody meant them to.
pub fn explain(case: &Case, ours: &Seen, theirs: &Seen) -> Option<&'static str> {
    ALL.iter()
        .find(|one| (one.applies)(case, ours, theirs))
        .map(|one| one.why)
}

/// The request shows one token, of this kind, and is not signed in here.
fn shows(case: &Case, ours: &Seen, kinds: &[Kind]) -> bool {
    matches!(case.tokens.as_slice(), [one] if kinds.contains(one) && STRICT.contains(one))
        && !signed_in(ours)
}

fn signed_in(seen: &Seen) -> bool {
    seen.verdict.starts_with("in: ")
}

fn has(case: &Case, name: &str, start: &str) -> bool {
    case.headers
        .iter()
        .any(|(known, value)| *known == name && value.starts_with(start))
}

fn threw(seen: &Seen, with: &str) -> bool {
    seen.verdict.starts_with("threw: ") && seen.verdict.contains(with)
}

/// All of them.
pub const ALL: &[Difference] = &[
    Difference {
        why: "a token that names no session is refused: it would outlive the session's end",
        applies: |case, ours, _| shows(case, ours, &[Kind::NoSession]),
    },
    Difference {
        why: "a token whose `act` cannot be read is refused: an agent must not pass for the user because of an oddity",
        applies: |case, ours, _| shows(case, ours, &[Kind::OddActor]),
    },
    Difference {
        why: "a header that must be understood (`crit`) or brings a key (`jwk`, `jku`) is refused (RFC 7515 §4.1.11, RFC 8725 §3.10)",
        applies: |case, ours, _| {
            shows(
                case,
                ours,
                &[Kind::Critical, Kind::OwnKey, Kind::KeyAddress],
            )
        },
    },
    Difference {
        why: "a claim named twice is refused: two readers may take two values (RFC 7519 §4)",
        applies: |case, ours, _| shows(case, ours, &[Kind::Twice]),
    },
    Difference {
        why: "base64url with padding is refused: one token, one spelling (RFC 7515 §2)",
        applies: |case, ours, _| shows(case, ours, &[Kind::Padded]),
    },
    Difference {
        why: "claims that are no object are garbage and sign nobody in; theirs throws, and the application answers 500",
        applies: |case, ours, theirs| {
            shows(case, ours, &[Kind::NoObject]) && threw(theirs, "of null")
        },
    },
    Difference {
        why: "features that cannot be read give nobody a permission; theirs throws, and the application answers 500",
        applies: |case, ours, theirs| {
            case.organization.is_some()
                && signed_in(ours)
                // The permissions, before what it has.
                && ours.verdict.rsplit(' ').nth(1) == Some("None")
                && threw(theirs, "Invalid claim element")
        },
    },
    Difference {
        why: "a forged handshake token signs nobody in, in development too; theirs throws, and the application answers 500",
        applies: |_, ours, theirs| {
            ours.verdict.starts_with("out: token-invalid")
                && threw(theirs, "Handshake token verification failed")
        },
    },
    Difference {
        why: "the scheme `bearer` may be written in any letter case (RFC 9110 §11.1)",
        applies: |case, ours, _| has(case, "authorization", "bearer ") && signed_in(ours),
    },
    Difference {
        why: "a token that no key could verify costs no reading of keys, so its header is what is wrong with it",
        applies: |case, ours, theirs| {
            case.tokens.is_empty()
                && ours.verdict == "out: token-invalid-algorithm"
                && theirs.verdict == "out: jwk-kid-mismatch"
        },
    },
    Difference {
        why: "a path that begins with `//` stays a path; theirs resolves it, and sends the browser to another host",
        applies: |case, ours, theirs| {
            case.path.starts_with("//elsewhere.example")
                && !ours.verdict.starts_with("to: https://elsewhere.example")
                && theirs.verdict.starts_with("to: https://elsewhere.example")
        },
    },
    Difference {
        why: "the loop guard holds at any count from 3 on, not at 3 alone",
        applies: |case, ours, _| {
            case.cookies
                .contains(&("__clerk_redirect_count".into(), "4".into()))
                && ours.verdict.starts_with("out: ")
        },
    },
    Difference {
        why: "a Frontend API with a port is known by its host name; theirs compares the name with name and port",
        applies: |case, ours, theirs| {
            has(case, "referer", "http://127.0.0.1:9/")
                && signed_in(ours)
                && theirs.verdict.contains("cross-origin-sync")
        },
    },
    Difference {
        why: "satellite domains are left out; theirs sends the dev browser, a credential, to any address in the query",
        applies: |case, ours, theirs| {
            case.path.contains("__clerk_redirect_url")
                && signed_in(ours)
                && theirs.verdict.ends_with("(primary-responds-to-syncing)")
        },
    },
];
