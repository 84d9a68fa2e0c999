//! What stands behind each code of the table: when it is met, and what to do about it. `standin explain` and `docs/errors.md`
//! show it; a test fails while a row of the table has none.

mod keys;
mod organizations;
mod parameters;
mod people;
mod tickets;

use std::fmt;

use super::{Error, Fault, Shown};

/// Who meets a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Applications' servers.
    Backend,
    /// Browsers and clerk-js.
    Frontend,
    /// Both.
    Both,
    /// People at the dashboard.
    Dashboard,
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backend => "Backend API",
            Self::Frontend => "Frontend API",
            Self::Both => "Backend API and Frontend API",
            Self::Dashboard => "dashboard",
        })
    }
}

/// One code of the table.
#[derive(Debug)]
pub struct Explanation {
    /// How it is answered: every row of the table that has the code, with words in the places of its parts.
    pub answers: Vec<Shown>,
    /// Who meets it.
    pub door: Door,
    /// When it is met.
    pub why: &'static str,
    /// What to do.
    pub next: &'static str,
}

impl Explanation {
    /// The code.
    pub fn code(&self) -> &'static str {
        self.answers[0].code
    }
}

fn of(door: Door, errors: &[Error], why: &'static str, next: &'static str) -> Explanation {
    Explanation {
        answers: errors.iter().map(Error::shown).collect(),
        door,
        why,
        next,
    }
}

/// Why one meets a code that only faults have, and what to do.
const FAULT: (&str, &str) = (
    "Clerk has this code, and no call of Standin answers it. Somebody wanted to see what an application does then.",
    "`standin fault list` shows what was added, `standin fault remove` takes it away.",
);

/// Every code, by its name.
pub fn all() -> Vec<Explanation> {
    let mut all = keys::all();
    all.extend(parameters::all());
    all.extend(tickets::all());
    all.extend(people::all());
    all.extend(organizations::all());
    // What no call answers by itself, and somebody may want to see all the same.
    let known: Vec<&str> = all.iter().map(Explanation::code).collect();
    let faults = Fault::all().map(Error::Fault);
    let others: Vec<Error> = faults
        .filter(|one| !known.contains(&one.shown().code))
        .collect();
    all.extend(
        others
            .into_iter()
            .map(|fault| of(Door::Both, &[fault], FAULT.0, FAULT.1)),
    );
    all.sort_by_key(Explanation::code);
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Status, code and message of every row in the sources of the table.
    fn rows() -> BTreeSet<(u16, String, String)> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let files = [
            "claims",
            "invitation",
            "not_renewed",
            "organization",
            "unproven",
        ];
        let files = files.map(|name| format!("error/{name}.rs"));
        let mut rows = BTreeSet::new();
        for file in files.iter().map(String::as_str).chain(["error.rs"]) {
            let text = fs::read_to_string(source.join(file)).unwrap();
            for row in text.split("=> shown(").skip(1) {
                let mut parts = row.splitn(4, ',').map(str::trim);
                let mut word = || parts.next().unwrap().trim_matches('"').to_owned();
                let (status, code, message) = (word(), word(), word());
                rows.insert((status.parse().unwrap(), code, message));
            }
        }
        rows
    }

    #[test]
    fn whatever_somebody_has_a_request_answered_with_is_explained() {
        let all = all();
        for fault in Fault::all() {
            let code = fault.shown().code;
            assert!(all.iter().any(|one| one.code() == code), "{code}");
        }
    }

    #[test]
    fn every_row_of_the_table_is_explained_and_nothing_else() {
        let all = all();
        for explanation in &all {
            let codes = explanation.answers.iter().map(|answer| answer.code);
            assert!(
                codes.clone().all(|code| code == explanation.code()),
                "{explanation:?}"
            );
            assert!(
                explanation.why.ends_with('.') && explanation.next.ends_with('.'),
                "{explanation:?}"
            );
        }
        let codes: BTreeSet<_> = all.iter().map(Explanation::code).collect();
        assert_eq!(codes.len(), all.len(), "a code is explained twice");
        let of_table = all.iter().filter(|explanation| explanation.why != FAULT.0);
        let answers = of_table.flat_map(|explanation| &explanation.answers);
        let explained: BTreeSet<_> = answers
            .map(|shown| {
                (
                    shown.status,
                    shown.code.to_owned(),
                    shown.message.to_owned(),
                )
            })
            .collect();
        let rows = rows();
        let missing: Vec<_> = rows.difference(&explained).collect();
        let stale: Vec<_> = explained.difference(&rows).collect();
        assert!(
            missing.is_empty() && stale.is_empty(),
            "without an explanation: {missing:#?}\nnot in the table: {stale:#?}"
        );
    }
}
