//! I6, the longest of the laws: every change has one record, there is no other, and they stand in the order of the commits.

use std::collections::BTreeMap;

use super::Case;
use crate::history::{Asked, Call, Told};

/// What a record says, and of what.
type Entry<'a> = (&'a str, &'a str);

pub(super) fn one_a_change_in_order(case: &Case<'_>) -> Vec<String> {
    let mut places: BTreeMap<Entry<'_>, Vec<i64>> = BTreeMap::new();
    for record in case.kept.records.iter().filter(|record| record.ok) {
        let about = match record.action.split_once('.') {
            Some(("session", _)) => &record.session,
            _ => &record.task,
        };
        let entry = (&*record.action, about.as_deref().unwrap_or_default());
        places.entry(entry).or_default().push(record.seq);
    }
    let mut broken = counted(case, &places);
    let first = |entry: Entry<'_>| {
        places
            .get(&entry)
            .and_then(|places| places.first().copied())
    };
    for task in &case.kept.tasks {
        let session = task.session.as_deref().unwrap_or_default();
        let steps = [
            first(("task.create", &task.id)),
            first(("session.create", session)),
            first(("task.accept", &task.id)),
        ];
        if !steps.iter().flatten().is_sorted() {
            broken.push(format!(
                "{} has its records in another order: {steps:?}",
                task.id
            ));
        }
    }
    // Whoever was answered before another one asked, comes before that one.
    let mut changes: Vec<(&Call, i64)> = Vec::new();
    for call in case.calls {
        let entry = match (&call.asked, &call.told) {
            (_, Told::Created { task, .. }) => ("task.create", &**task),
            (Asked::Visit { task }, Told::Opened { .. }) => ("task.accept", &**task),
            (Asked::TakeBack { task }, Told::Done) => ("task.revoke", &**task),
            _ => continue,
        };
        changes.extend(first(entry).map(|place| (call, place)));
    }
    let mut answered = changes.clone();
    answered.sort_by_key(|(call, _)| call.to.nth);
    let (mut latest, mut before) = (0, answered.into_iter().peekable());
    for (call, place) in changes {
        while let Some((_, earlier)) = before.next_if(|(other, _)| other.is_before(call)) {
            latest = latest.max(earlier);
        }
        if place < latest {
            broken.push(format!("{call:?} is record {place}, after {latest}"));
        }
    }
    broken
}

/// Every change must have its one record, and there may be no other.
fn counted(case: &Case<'_>, places: &BTreeMap<Entry<'_>, Vec<i64>>) -> Vec<String> {
    let mut wanted: BTreeMap<Entry<'_>, usize> = BTreeMap::new();
    for task in &case.kept.tasks {
        wanted.insert(("task.create", &task.id), 1);
        match &*task.status {
            "used" => wanted.insert(("task.accept", &task.id), 1),
            "revoked" => wanted.insert(("task.revoke", &task.id), 1),
            _ => None,
        };
    }
    for session in &case.kept.sessions {
        wanted.insert(("session.create", &session.id), 1);
        let end = match &*session.status {
            "revoked" => "session.revoke",
            "ended" => "session.end",
            "removed" => "session.remove",
            "replaced" => "session.replace",
            _ => continue,
        };
        wanted.insert((end, &session.id), 1);
    }
    let mut broken = Vec::new();
    for (entry, count) in &wanted {
        let found = places.get(entry).map_or(0, Vec::len);
        if found != *count {
            broken.push(format!("{entry:?} has {found} records"));
        }
    }
    // Of what is counted above; other actions have other laws. One that names nobody stands for many that follow.
    let ours = |entry: &Entry<'_>| {
        const ACTIONS: [&str; 8] = [
            "task.create",
            "task.accept",
            "task.revoke",
            "session.create",
            "session.revoke",
            "session.end",
            "session.remove",
            "session.replace",
        ];
        ACTIONS.contains(&entry.0) && !entry.1.is_empty()
    };
    let extra = places
        .keys()
        .filter(|entry| ours(entry) && !wanted.contains_key(*entry));
    broken.extend(extra.map(|entry| format!("{entry:?} is recorded, and is not so")));
    broken
}
