//! A seed's file: read with the place of everything in it, so that what the server refuses is told by its line.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::schema::Schema;
use crate::client::Client;
use crate::failure::{Exit, Failure, Result};
use crate::nearest::nearest;
use crate::written;

/// Members that are objects of the application's own. Where TOML cannot say them they are texts of JSON.
const OBJECTS: [&str; 4] = [
    "public_metadata",
    "private_metadata",
    "unsafe_metadata",
    "claims",
];

/// How the reader of TOML hands out a time.
const TIME: &str = "$__toml_private_datetime";

/// A seed that was read.
pub struct File {
    path: PathBuf,
    text: String,
    /// As the server takes it.
    pub seed: Map<String, Value>,
}

impl File {
    /// Reads a seed.
    ///
    /// # Errors
    /// A usage failure with the line, what is wrong on it, and what was probably meant.
    pub fn read(path: &Path) -> Result<Self> {
        let text = written::text(path)?;
        let schema: Schema = written::read(path, &text, "key")?;
        let seed = serde_json::to_value(schema)
            .map_err(|error| Failure::new(Exit::Failed, "bug", error))?;
        let mut file = Self {
            path: path.to_owned(),
            text,
            seed: Map::new(),
        };
        if let Value::Object(mut seed) = seed {
            file.open(&mut seed, "")?;
            file.seed = seed;
        }
        Ok(file)
    }

    /// Makes of what stands for an object what it stands for.
    fn open(&self, members: &mut Map<String, Value>, place: &str) -> Result<()> {
        for (name, value) in members {
            let place = format!("{place}{name}");
            if let Value::String(text) = &*value
                && OBJECTS.contains(&name.as_str())
            {
                *value = serde_json::from_str(text).map_err(|error| {
                    let sentence = format!("{}: {name} holds no JSON: {error}", self.at(&place));
                    Failure::new(Exit::Usage, "configuration", sentence)
                })?;
            }
            say_times(value);
            match value {
                Value::Object(inner) if !OBJECTS.contains(&name.as_str()) => {
                    self.open(inner, &format!("{place}."))?;
                }
                Value::Array(list) => {
                    for (number, one) in list.iter_mut().enumerate() {
                        if let Value::Object(inner) = one {
                            self.open(inner, &format!("{place}[{number}]."))?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Where something is, as `seed.toml, line 7`: a place such as `users[2].email_address`, or what comes nearest to it.
    fn at(&self, place: &str) -> String {
        let at = DeTable::parse(&self.text).map_or(0, |table| find(table.get_ref(), place));
        let (line, _) = written::line(&self.text, at);
        format!("{}, line {line}", self.path.display())
    }

    /// Tells by its line what the server refuses of a seed.
    pub fn refused(&self, client: &Client, error: &standin::Error) -> Failure {
        let mut failure = client.failure(error);
        let place = error.refusals().first().and_then(standin::Refusal::param);
        let Some(place) = place else {
            return failure;
        };
        failure.sentence = format!("{}, {place}: {}", self.at(place), failure.sentence);
        failure.exit = Exit::Usage;
        if failure.code == "resource_not_found"
            && let Some(Value::String(typed)) = self.seed_at(place)
        {
            let names = self.names(place);
            if let Some(meant) = nearest(typed, names.iter().map(String::as_str)) {
                failure = failure.hint("did you mean", meant);
            }
        }
        failure.hint("nothing was changed; mend it, then", "the same command")
    }

    fn seed_at(&self, place: &str) -> Option<&Value> {
        let path = place.replace('[', "/").replace(']', "").replace('.', "/");
        let (first, rest) = path.split_once('/')?;
        self.seed.get(first)?.pointer(&format!("/{rest}"))
    }

    /// What the file knows of the kind that is named at a place.
    fn names(&self, place: &str) -> Vec<String> {
        let of = |kind: &str, keys: &[&str]| -> Vec<String> {
            let list = self.seed.get(kind).and_then(Value::as_array);
            let all = list.into_iter().flatten();
            let values = all.flat_map(|one| keys.iter().map(|key| &one[*key]));
            let texts = values.flat_map(|value| match value {
                Value::Array(list) => list.clone(),
                one => vec![one.clone()],
            });
            texts
                .filter_map(|text| text.as_str().map(ToOwned::to_owned))
                .collect()
        };
        match place.rsplit('.').next().unwrap_or_default() {
            "user" => of("users", &CALLED),
            "permissions" => of("permissions", &["key"]),
            _ => {
                let mut roles = of("roles", &["key"]);
                roles.extend(["org:admin".to_owned(), "org:member".to_owned()]);
                roles
            }
        }
    }

    /// What the users are called by, the first user's names first.
    pub fn users(&self) -> Vec<Vec<String>> {
        let users = self.seed.get("users").and_then(Value::as_array);
        let names = |user: &Value| -> Vec<String> {
            let named = NAMES.iter().flat_map(|key| match &user[*key] {
                Value::Array(list) => list.clone(),
                one => vec![one.clone()],
            });
            named
                .filter_map(|text| text.as_str().map(ToOwned::to_owned))
                .collect()
        };
        users.into_iter().flatten().map(names).collect()
    }
}

/// What a user can be called by, in an organization's list of members.
const CALLED: [&str; 5] = [
    "id",
    "username",
    "email_address",
    "phone_number",
    "external_id",
];
/// What a user is called by on the command line, the best name first.
const NAMES: [&str; 4] = ["email_address", "username", "phone_number", "id"];

/// The byte at which a place begins, or what comes nearest to it.
fn find(table: &DeTable<'_>, place: &str) -> usize {
    let mut at = 0;
    let mut table = Some(table);
    for part in place.split('.') {
        let (name, number) = match part.split_once('[') {
            Some((name, number)) => (name, number.trim_end_matches(']').parse().ok()),
            None => (part, None),
        };
        let found = table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == name));
        let Some((key, value)) = found else { break };
        at = key.span().start;
        let value = match (value.get_ref(), number) {
            (DeValue::Array(list), Some(number)) => {
                let one: Option<&toml::Spanned<DeValue<'_>>> = list.get::<usize>(number);
                at = one.map_or(at, |one| one.span().start);
                one.map(toml::Spanned::get_ref)
            }
            (value, _) => Some(value),
        };
        table = match value {
            Some(DeValue::Table(inner)) => Some(inner),
            _ => None,
        };
    }
    at
}

/// Times are texts in JSON.
fn say_times(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let (1, Some(Value::String(time))) = (members.len(), members.get(TIME)) {
                *value = time.clone().into();
                return;
            }
            members.values_mut().for_each(say_times);
        }
        Value::Array(list) => list.iter_mut().for_each(say_times),
        _ => {}
    }
}

/// A seed as the server wrote it, as the text of a file.
///
/// # Errors
/// Where the server says more than this program knows.
pub fn write(mut seed: Map<String, Value>) -> Result<String> {
    close(&mut seed);
    let schema: Schema = serde_json::from_value(seed.into()).map_err(|error| {
        let sentence = format!("the server's seed cannot be read: {error}");
        Failure::new(Exit::Failed, "answer_strange", sentence)
            .hint("take the program of", "the server's own version")
    })?;
    toml::to_string(&schema).map_err(|error| Failure::new(Exit::Failed, "bug", error))
}

/// Makes a text of every object that TOML cannot say, and leaves out those that are empty.
fn close(members: &mut Map<String, Value>) {
    members
        .retain(|name, value| !(name == "claims" && value.as_object().is_some_and(Map::is_empty)));
    for (name, value) in members {
        match value {
            Value::Object(inner) if !OBJECTS.contains(&name.as_str()) => close(inner),
            Value::Object(_) if !is_sayable(value) => *value = value.to_string().into(),
            Value::Array(list) => list
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .for_each(close),
            _ => {}
        }
    }
}

/// Whether TOML can say it: it knows no null, and numbers as 64 bits hold them.
fn is_sayable(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Number(number) => number.is_i64() || number.is_f64(),
        Value::Array(list) => list.iter().all(is_sayable),
        Value::Object(members) => members.values().all(is_sayable) && !members.contains_key(TIME),
        Value::Bool(_) | Value::String(_) => true,
    }
}
