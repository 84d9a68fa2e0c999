//! The CSV files that Clerk's dashboard exports users as, both ways: a record becomes the parameters of a new user, and a
//! user's parameters become a record. The columns may stand in any order; lists are separated by `|`, in older files by
//! commas.

use std::io::Read;

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

/// More of a record than this is not kept: a row may have 64 KiB.
pub const RECORD_MAX: usize = 128 * 1024;

/// Why a file is not read at all.
pub enum Unusable {
    /// Its header is none of these files', for this reason.
    Header(String),
    /// It is no CSV file, or cannot be read.
    File(csv::Error),
}

/// A record of a file.
pub enum Record {
    /// What its columns hold.
    Whole(Map<String, Value>),
    /// What there is of one that cannot be taken, and why not.
    Broken(Vec<String>, String),
}

/// The records of a file after its header, one after the other.
pub struct Records<R> {
    csv: csv::Reader<R>,
    header: Vec<String>,
    record: csv::ByteRecord,
}

impl<R: Read> Records<R> {
    /// Reads the header.
    pub fn of(file: R) -> Result<Self, Unusable> {
        let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let header = csv.headers().map_err(Unusable::File)?;
        let header: Vec<String> = header.iter().map(|name| name.trim().into()).collect();
        known(&header).map_err(Unusable::Header)?;
        Ok(Self {
            csv,
            header,
            record: csv::ByteRecord::new(),
        })
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Result<Record, csv::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.csv.read_byte_record(&mut self.record) {
            Ok(false) => None,
            Ok(true) => Some(Ok(named(&self.header, &self.record))),
            Err(error) => Some(Err(error)),
        }
    }
}

fn known(header: &[String]) -> Result<(), String> {
    let is_unknown = |name: &&String| !COLUMNS.contains(&name.as_str());
    let unknown: Vec<&str> = header
        .iter()
        .filter(is_unknown)
        .map(String::as_str)
        .collect();
    let mut columns = header.iter().enumerate();
    let twice = columns.find(|(place, name)| header[..*place].contains(name));
    match (unknown.as_slice(), twice) {
        ([], None) => Ok(()),
        ([], Some((_, name))) => Err(format!("the CSV file has the column {name} twice")),
        (names, _) => Err(format!(
            "the CSV file has columns that are not known: {}",
            names.join(", ")
        )),
    }
}

fn named(header: &[String], record: &csv::ByteRecord) -> Record {
    let shown = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
    if record.as_slice().len() > RECORD_MAX {
        let why = "it does not end, nor do the rows after it begin; is a quotation mark missing?";
        return Record::Broken(vec![shown(&record.as_slice()[..200])], why.into());
    }
    let fields: Option<Vec<&str>> = record
        .iter()
        .map(|field| str::from_utf8(field).ok())
        .collect();
    let why = match fields {
        Some(fields) if fields.len() == header.len() => {
            let fields = fields.into_iter().map(Value::from);
            return Record::Whole(header.iter().cloned().zip(fields).collect());
        }
        None if record.len() == header.len() => "it is not UTF-8".into(),
        _ => format!(
            "it has {} fields and the header {}; is a quotation mark missing?",
            record.len(),
            header.len()
        ),
    };
    Record::Broken(record.iter().map(shown).collect(), why)
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

const SEPARATORS: [char; 2] = ['|', ','];

fn list(field: &str) -> Vec<&str> {
    let parts = field.split(SEPARATORS).map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

/// The record of a user's parameters. What these files have no column for is not in it. An error is the address that would be
/// two in a list.
pub fn record(params: &Map<String, Value>) -> Result<[String; 13], String> {
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
            if value.contains(SEPARATORS) {
                return Err(value.to_owned());
            }
            match statuses.get(place) {
                Some(&"unverified") => not_proven.push(value),
                _ => proven.push(value),
            }
        }
        fields.insert(verified.into(), json!(proven.join("|")));
        fields.insert(unverified.into(), json!(not_proven.join("|")));
    }
    Ok(COLUMNS.map(|name| {
        let field = fields.get(name).and_then(Value::as_str);
        field.unwrap_or_default().to_owned()
    }))
}
