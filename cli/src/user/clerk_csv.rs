//! The CSV files that Clerk's dashboard exports users as, both ways: a record becomes the parameters of a new user, and a
//! user's parameters become a record. The columns may stand in any order; lists are separated by `|`, in older files by
//! commas.

use serde_json::{Map, Value, json};

/// The columns, in the order of Clerk's files.
pub const COLUMNS: [&str; 13] = [
    "id",
    "first_name",
    "last_name",
    "username",
    "primary_email_address",
    "primary_phone_number",
    "verified_email_addresses",
    "unverified_email_addresses",
    "verified_phone_numbers",
    "unverified_phone_numbers",
    "totp_secret",
    "password_digest",
    "password_hasher",
];

/// Columns that go into a parameter of their own name.
const SAME: [&str; 6] = [
    "id",
    "first_name",
    "last_name",
    "username",
    "password_digest",
    "password_hasher",
];

/// Parameter and the columns it is put together from: the primary one, those that are verified, those that are not.
const LISTS: [(&str, [&str; 3]); 2] = [
    (
        "email_address",
        [
            "primary_email_address",
            "verified_email_addresses",
            "unverified_email_addresses",
        ],
    ),
    (
        "phone_number",
        [
            "primary_phone_number",
            "verified_phone_numbers",
            "unverified_phone_numbers",
        ],
    ),
];

/// The second factor, which Standin does not ask for.
pub const SECOND_FACTOR: &str = "totp_secret";

/// Columns that a header names and these files do not have.
pub fn unknown<'a>(header: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    header.filter(|name| !COLUMNS.contains(name)).collect()
}

/// The parameters of a record, given as what its columns hold. An empty field is one that is not given.
pub fn params(record: &Map<String, Value>) -> Map<String, Value> {
    let field = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut params = Map::new();
    for name in SAME {
        if !field(name).is_empty() {
            params.insert(name.into(), field(name).into());
        }
    }
    for (param, [primary, verified, unverified]) in LISTS {
        let (primary, unverified) = (field(primary).trim(), list(field(unverified)));
        let mut values: Vec<&str> = Vec::new();
        for value in [primary]
            .into_iter()
            .chain(list(field(verified)))
            .chain(unverified.iter().copied())
        {
            // Clerk names the primary one again in the list that it belongs to.
            let is_there = values.iter().any(|one| one.eq_ignore_ascii_case(value));
            if !value.is_empty() && !is_there {
                values.push(value);
            }
        }
        if values.is_empty() {
            continue;
        }
        let is_unverified =
            |value: &&str| unverified.iter().any(|one| one.eq_ignore_ascii_case(value));
        let statuses = values.iter().map(|value| {
            if is_unverified(value) {
                "unverified"
            } else {
                "verified"
            }
        });
        let statuses: Value = statuses.collect();
        params.insert(format!("{param}_identification_status"), statuses);
        params.insert(param.into(), values.into());
    }
    params
}

fn list(field: &str) -> Vec<&str> {
    let parts = field.split(['|', ',']).map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

/// The record of a user's parameters. What these files have no column for is not in it.
pub fn record(params: &Map<String, Value>) -> [String; 13] {
    let text = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
    let texts = |name: &str| -> Vec<&str> {
        let list = params.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    };
    let mut fields = Map::new();
    for name in SAME {
        fields.insert(name.into(), text(name).into());
    }
    for (param, [primary, verified, unverified]) in LISTS {
        let values = texts(param);
        let statuses = texts(&format!("{param}_identification_status"));
        let first = values.first().copied().unwrap_or_default();
        // Null says that none is the primary one.
        let named = params
            .get(primary)
            .map(|named| named.as_str().unwrap_or_default());
        fields.insert(primary.into(), named.unwrap_or(first).into());
        let (mut proven, mut not_proven) = (Vec::new(), Vec::new());
        for (place, value) in values.into_iter().enumerate() {
            match statuses.get(place) {
                Some(&"unverified") => not_proven.push(value),
                _ => proven.push(value),
            }
        }
        fields.insert(verified.into(), json!(proven.join("|")));
        fields.insert(unverified.into(), json!(not_proven.join("|")));
    }
    COLUMNS.map(|name| {
        let field = fields.get(name).and_then(Value::as_str);
        field.unwrap_or_default().to_owned()
    })
}
