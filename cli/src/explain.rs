//! `standin explain`: what an error code means, why it is met, and what to do. The texts stand beside the codes: those that
//! servers answer in the server's table, those of the command line in [`own`].

mod own;

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value, json};
use standin_server::error::Shown;
use standin_server::error::explanations::{self, Explanation};

use crate::failure::{Exit, Failure, Result};
use crate::nearest::nearest;
use crate::terminal::{self, BOLD, DIM};
use own::Own;

#[derive(Args)]
pub struct Explain {
    /// The code, as it stands in the brackets of an error; all there are, without one
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// A code, whoever it is of.
pub struct Entry {
    pub code: &'static str,
    /// Where it is met, and by which number.
    pub met: String,
    /// What happened, in a few words.
    pub brief: &'static str,
    /// What happened, a sentence for each way it can.
    pub what: Vec<String>,
    pub why: &'static str,
    pub next: &'static str,
    /// As it is answered, or printed.
    pub example: String,
    answers: Value,
}

/// The body of an answer.
fn body(shown: &Shown) -> Value {
    let mut error =
        json!({ "code": shown.code, "message": shown.message, "long_message": shown.long_message });
    if let Some(param) = &shown.param {
        error["meta"] = json!({ "param_name": param });
    }
    json!({ "errors": [error], "clerk_trace_id": "…" })
}

impl From<Explanation> for Entry {
    fn from(of: Explanation) -> Self {
        let statuses: BTreeSet<u16> = of.answers.iter().map(|shown| shown.status).collect();
        let statuses: Vec<String> = statuses.iter().map(ToString::to_string).collect();
        let answers = of.answers.iter();
        let answers = answers.map(|shown| json!({ "status": shown.status, "body": body(shown) }));
        let first = &of.answers[0];
        Self {
            code: of.code(),
            met: format!("{}, {}", of.door, statuses.join(" and ")),
            brief: first.message,
            example: body(first).to_string(),
            answers: answers.collect(),
            why: of.why,
            next: of.next,
            what: of
                .answers
                .into_iter()
                .map(|shown| shown.long_message)
                .collect(),
        }
    }
}

impl From<&'static Own> for Entry {
    fn from(own: &'static Own) -> Self {
        let exits: Vec<String> = own
            .exits
            .iter()
            .map(|exit| (*exit as u8).to_string())
            .collect();
        Self {
            code: own.code,
            met: format!("Command line, exit code {}", exits.join(" or ")),
            brief: own.what.trim_end_matches('.'),
            what: vec![own.what.to_owned()],
            why: own.why,
            next: own.next,
            example: format!("error[{}]: {}", own.code, own.example),
            answers: json!([]),
        }
    }
}

/// All codes, by name.
pub fn all() -> Vec<Entry> {
    let mut all: Vec<Entry> = explanations::all().into_iter().map(Entry::from).collect();
    all.extend(own::ALL.iter().map(Entry::from));
    all.sort_by_key(|entry| entry.code);
    all
}

/// Whether there is more to say of a code than its sentence does.
pub fn adds_to(failure: &Failure) -> bool {
    let speaks_for_itself = failure.exit == Exit::Usage || failure.code == "io";
    let is_left_alone = failure.hints.is_empty() && !speaks_for_itself;
    is_left_alone && all().iter().any(|entry| entry.code == failure.code)
}

pub fn run(explain: &Explain, json: bool) -> Result<()> {
    let all = all();
    let Some(code) = &explain.code else {
        list(&all, json);
        return Ok(());
    };
    // As it is copied from a terminal.
    let code = code
        .trim_start_matches("error[")
        .trim_end_matches([':', ']']);
    let Some(entry) = all.iter().find(|entry| entry.code == code) else {
        let sentence = format!("no error of Standin's has the code {code}");
        let failure = Failure::new(Exit::Denied, "code_unknown", sentence);
        let mut codes = all.iter().map(|entry| entry.code);
        let near =
            nearest(code, codes.clone()).or_else(|| codes.find(|known| known.contains(code)));
        return Err(match near {
            Some(near) => failure.hint("did you mean", format!("standin explain {near}")),
            None => failure.hint("those there are", "standin explain"),
        });
    };
    if json {
        terminal::print(json!({
            "code": entry.code, "met": entry.met, "what": entry.what, "why": entry.why, "next": entry.next,
            "example": entry.example, "answers": entry.answers,
        }));
        return Ok(());
    }
    terminal::print(format!(
        "{BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}\n",
        entry.code, entry.met
    ));
    let paragraph = |name: &str, text: &str| {
        terminal::print(format!("{DIM}{name:8}{DIM:#} {text}"));
    };
    for what in &entry.what {
        paragraph("what", what);
    }
    paragraph("why", entry.why);
    paragraph("next", entry.next);
    paragraph("example", &entry.example);
    Ok(())
}

fn list(all: &[Entry], json: bool) {
    if json {
        let one =
            |entry: &Entry| json!({ "code": entry.code, "met": entry.met, "brief": entry.brief });
        let codes: Vec<Value> = all.iter().map(one).collect();
        terminal::print(json!({ "codes": codes }));
        return;
    }
    for entry in all {
        let (code, brief, met) = (entry.code, entry.brief, &entry.met);
        terminal::print(format!("{BOLD}{code}{BOLD:#}  {brief}  {DIM}{met}{DIM:#}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_has_two_meanings() {
        let all = all();
        let codes: BTreeSet<_> = all.iter().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), all.len());
    }

    #[test]
    fn a_failure_points_to_its_explanation_where_it_names_no_next_step() {
        let failure = |exit, code: &str| Failure {
            code: code.to_owned(),
            sentence: String::new(),
            hints: Vec::new(),
            exit,
        };
        assert!(adds_to(&failure(Exit::Denied, "agent_task_already_used")));
        assert!(!adds_to(
            &failure(Exit::Denied, "agent_task_already_used").hint("next", "x")
        ));
        assert!(!adds_to(&failure(Exit::Usage, "usage")));
        assert!(!adds_to(&failure(Exit::Denied, "of_somebody_else")));
    }
}
