//! Parameters, read strictly: a JSON body, a form body or a query string becomes [`Params`]; a handler takes out what it
//! knows, by name and type, and [`Params::finish`] refuses what is left. So a misspelt parameter is never ignored.

pub(crate) mod asked;
mod bare;
mod body;
mod lists;
mod of_user;
mod strict;

use axum::extract::{FromRequest, Request};
use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use url::form_urlencoded;

use self::asked::Asked;
pub(crate) use self::bare::Bare;
pub(crate) use self::body::body;
pub(crate) use self::of_user::user_text;
use self::strict::{Strict, depth, unreadable};
use super::header;
use crate::error::{Error, Result};
use crate::text;
use crate::word::Word;

/// How deep JSON may nest.
const DEPTH_MAX: usize = 64;
/// How many values one name may have in a form or a query.
const ITEMS_MAX: usize = 500;
/// How long a text may be where the caller names no other length, in characters.
const TEXT_MAX: usize = 2048;

/// What clerk-js adds to an address beside names that begin with `_`: how native apps keep their client, and that a token is
/// asked for past its own cache or in place of one that has expired.
const OF_ITSELF: [&str; 3] = ["rotating_token_nonce", "debug", "expired_token"];

/// The parameters of one request.
#[derive(Debug, Default)]
pub(crate) struct Params {
    values: Map<String, Value>,
    /// Forms and queries know only text; numbers and booleans are read from it.
    from_text: bool,
    asked: Asked,
}

impl Params {
    /// The parameters of a query string. A name given twice becomes a list, as SDKs send lists.
    pub(crate) fn query(query: Option<&str>) -> Result<Self> {
        Self::form(query.unwrap_or_default())
    }

    fn form(text: &str) -> Result<Self> {
        let mut values = Map::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let name = name.strip_suffix("[]").unwrap_or(&name).to_owned();
            let value = Value::String(value.into_owned());
            match values.get_mut(&name) {
                None => {
                    values.insert(name, value);
                }
                Some(Value::Array(list)) if list.len() < ITEMS_MAX => list.push(value),
                Some(Value::Array(_)) => return Err(Error::ParamTooMany(name, ITEMS_MAX)),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
            }
        }
        Ok(Self {
            values,
            from_text: true,
            asked: Asked::default(),
        })
    }

    /// The parameters of a page's call: those of its address where it reads, those of its body where it writes. What
    /// clerk-js says of itself with every call is none of them.
    pub(crate) async fn of_page(request: Request) -> Result<Self> {
        let mut address = Self::query(request.uri().query())?;
        let says_of_itself = |name: &str| name.starts_with('_') || OF_ITSELF.contains(&name);
        address.values.retain(|name, _| !says_of_itself(name));
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            return Ok(address);
        }
        address.finish()?;
        Self::from_request(request, &()).await
    }

    /// The parameters of a JSON object.
    pub(crate) fn json(bytes: &[u8]) -> Result<Self> {
        let Strict(value) = serde_json::from_slice(bytes).map_err(|error| unreadable(&error))?;
        if depth(&value) > DEPTH_MAX {
            return Err(Error::BodyInvalid(format!(
                "it nests deeper than {DEPTH_MAX} levels"
            )));
        }
        match value {
            Value::Object(values) => Ok(Self {
                values,
                ..Self::default()
            }),
            _ => Err(Error::BodyInvalid("it must be a JSON object".into())),
        }
    }

    /// All of them, for who compares them with what another reader makes of the same bytes.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn into_values(self) -> Map<String, Value> {
        self.values
    }

    /// Whether a parameter is given and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| !value.is_null())
    }

    /// A nested object's parameters, named `outer.inner` in refusals only by their own names, as Clerk does.
    pub(crate) fn nested(&mut self, name: &'static str) -> Result<Option<Self>> {
        let object = self.object(name)?;
        Ok(object.map(|values| Self {
            values,
            from_text: self.from_text,
            asked: Asked::part_of(name),
        }))
    }

    /// Names the object that these are the parameters of.
    #[must_use]
    fn within(self, name: &'static str) -> Self {
        let asked = Asked::part_of(name);
        Self { asked, ..self }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.values.remove(name)
    }

    /// A text that may be missing or null.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>> {
        Ok(self.nullable_text(name)?.flatten())
    }

    /// A text: outer `None` where it is not given, inner `None` where it is null (or, in a form, empty).
    #[expect(
        clippy::option_option,
        reason = "not given, given as null, and given are three things in an update"
    )]
    pub(crate) fn nullable_text(&mut self, name: &'static str) -> Result<Option<Option<String>>> {
        self.asked.note(name, "string");
        match self.take(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::String(text)) => sound(name, text).map(|text| Some(Some(text))),
            Some(Value::Array(_)) if self.from_text => Err(Error::ParamDuplicate(name.into())),
            Some(_) => Err(Error::ParamType(name.into(), "a string")),
        }
    }

    /// A text of several lines, of at most `max` characters, that may be missing or null.
    pub(crate) fn long_text(&mut self, name: &'static str, max: usize) -> Result<Option<String>> {
        self.asked.note(name, "string");
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => Err(Error::ParamValue(
                name,
                "text without NUL characters".into(),
            )),
            Some(Value::String(text)) if text.chars().count() > max => {
                Err(Error::ParamTooLong(name, max))
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::ParamType(name.into(), "a string")),
        }
    }

    /// Takes out a parameter that is given as null.
    pub(crate) fn takes_null(&mut self, name: &str) -> bool {
        let null = self.values.get(name) == Some(&Value::Null);
        null && self.take(name).is_some()
    }

    /// A text that must be given and not be blank, of at most `max` characters.
    pub(crate) fn required_text(&mut self, name: &'static str, max: usize) -> Result<String> {
        let text = self.text(name)?.ok_or(Error::ParamMissing(name))?;
        if text.trim().is_empty() {
            return Err(Error::ParamMissing(name));
        }
        if text.chars().count() > max {
            return Err(Error::ParamTooLong(name, max));
        }
        Ok(text)
    }

    /// A name that is compared with others, of at most `max` characters, in the form in which it is kept.
    pub(crate) fn required_name(&mut self, name: &'static str, max: usize) -> Result<String> {
        let text = self.required_text(name, max)?;
        let text = text::name(&text).ok_or_else(|| invisible(name))?;
        // Plain forms may be longer than what they stand for.
        if text.chars().count() > max {
            return Err(Error::ParamTooLong(name, max));
        }
        Ok(text)
    }

    /// A text of one line, of at most `max` characters, kept as it is given.
    pub(crate) fn required_line(&mut self, name: &'static str, max: usize) -> Result<String> {
        let text = self.required_text(name, max)?;
        line(name, text)
    }

    /// A text of one line as [`Params::nullable_text`] takes it.
    #[expect(
        clippy::option_option,
        reason = "not given, given as null, and given are three things in an update"
    )]
    pub(crate) fn nullable_line(&mut self, name: &'static str) -> Result<Option<Option<String>>> {
        match self.nullable_text(name)? {
            Some(Some(text)) => line(name, text).map(|text| Some(Some(text))),
            given => Ok(given),
        }
    }

    /// A whole number that may be missing or null.
    pub(crate) fn integer(&mut self, name: &'static str) -> Result<Option<i64>> {
        self.asked.note(name, "integer");
        let wrong = || Error::ParamType(name.into(), "an integer");
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => number.as_i64().map(Some).ok_or_else(wrong),
            Some(Value::String(text)) if self.from_text => {
                text.parse().map(Some).map_err(|_| wrong())
            }
            Some(Value::Array(_)) if self.from_text => Err(Error::ParamDuplicate(name.into())),
            Some(_) => Err(wrong()),
        }
    }

    /// A yes or no that may be missing or null.
    pub(crate) fn boolean(&mut self, name: &'static str) -> Result<Option<bool>> {
        self.asked.note(name, "boolean");
        let wrong = || Error::ParamType(name.into(), "a boolean");
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(yes)) => Ok(Some(yes)),
            Some(Value::String(text)) if self.from_text => {
                text.parse().map(Some).map_err(|_| wrong())
            }
            Some(_) => Err(wrong()),
        }
    }

    /// A list of texts; none where it is missing or null.
    pub(crate) fn texts(&mut self, name: &'static str, max: usize) -> Result<Vec<String>> {
        self.asked.note(name, "string[]");
        let list = match self.take(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(single) if self.from_text => vec![single],
            Some(_) => return Err(Error::ParamType(name.into(), "a list of strings")),
        };
        if list.len() > max {
            return Err(Error::ParamTooMany(name.into(), max));
        }
        let text = |value| match value {
            Value::String(text) => sound(name, text),
            _ => Err(Error::ParamType(name.into(), "a list of strings")),
        };
        list.into_iter().map(text).collect()
    }

    /// One of the words of an enum; it may be missing or null.
    pub(crate) fn word<T: Word>(&mut self, name: &'static str) -> Result<Option<T>> {
        self.asked.note_word::<T>(name, "string");
        let known =
            |text: String| T::from_word(&text).ok_or_else(|| Error::ParamValue(name, T::list()));
        self.text(name)?.map(known).transpose()
    }

    /// A JSON object that may be missing or null; in a form it is the text of one.
    pub(crate) fn object(&mut self, name: &'static str) -> Result<Option<Map<String, Value>>> {
        self.asked.note(name, "object");
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(Value::String(text)) if self.from_text => {
                let object = Self::json(text.as_bytes());
                object
                    .map(|params| Some(params.values))
                    .map_err(|_| Error::ParamType(name.into(), "a JSON object"))
            }
            Some(_) => Err(Error::ParamType(name.into(), "an object")),
        }
    }

    /// A JSON object: outer `None` where it is not given, inner `None` where it is null.
    #[expect(
        clippy::option_option,
        reason = "not given, given as null, and given are three things in an update"
    )]
    pub(crate) fn nullable_object(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Option<Map<String, Value>>>> {
        if self.takes_null(name) {
            return Ok(Some(None));
        }
        Ok(self.object(name)?.map(Some))
    }

    /// Refuses a parameter that Clerk knows and this call cannot honour, and says why. What asks for nothing (null, false, an
    /// empty list) is what happens anyway.
    pub(crate) fn absent(&mut self, name: &'static str, why: &str) -> Result<()> {
        match self.take(name) {
            None | Some(Value::Null | Value::Bool(false)) => Ok(()),
            Some(Value::Array(list)) if list.is_empty() => Ok(()),
            Some(Value::String(text)) if self.from_text && matches!(&*text, "" | "false") => Ok(()),
            Some(_) => Err(Error::ParamValue(name, format!("left out: {why}"))),
        }
    }

    /// Takes `default` as if the parameter had been left out, and refuses anything else for what `why` says.
    pub(crate) fn only(&mut self, name: &'static str, default: &str, why: &str) -> Result<()> {
        match self.text(name)? {
            Some(text) if text != default => {
                Err(Error::ParamValue(name, format!("left out: {why}")))
            }
            _ => Ok(()),
        }
    }

    /// Reads `notify` where leaving it out means true, as generated SDKs do not: whether it is asked for or not, there is no
    /// mail, and the answer is the same.
    pub(crate) fn notify(&mut self) -> Result<()> {
        self.boolean("notify").map(drop)
    }

    /// Drops a parameter whose wish is met by doing nothing.
    pub(crate) fn ignore(&mut self, names: &[&'static str]) {
        for name in names {
            self.asked.note(name, "any");
            self.values.remove(*name);
        }
    }

    /// Refuses whatever no one has taken out.
    pub(crate) fn finish(self) -> Result<()> {
        match self.values.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(Error::ParamUnknown(name)),
        }
    }
}

/// Parameters that were read elsewhere, typed as JSON is.
impl From<Map<String, Value>> for Params {
    fn from(values: Map<String, Value>) -> Self {
        let read = Self {
            values,
            ..Self::default()
        };
        read.within("elsewhere")
    }
}

/// A text the databases can hold and logs can show.
fn sound(name: &'static str, text: String) -> Result<String> {
    if text.contains('\0') {
        return Err(Error::ParamValue(
            name,
            "text without NUL characters".into(),
        ));
    }
    if text.len() > TEXT_MAX * 4 || text.chars().count() > TEXT_MAX {
        return Err(Error::ParamTooLong(name, TEXT_MAX));
    }
    Ok(text)
}

/// A text that stays on its line, in its direction, and drives no terminal.
fn line(name: &'static str, text: String) -> Result<String> {
    if text.chars().any(text::is_control) {
        return Err(Error::ParamValue(
            name,
            "text of one line without control characters".into(),
        ));
    }
    Ok(text)
}

fn invisible(name: &'static str) -> Error {
    Error::ParamValue(
        name,
        "text without control characters and others that do not show".into(),
    )
}

/// Reads a body by its content type: JSON for the Backend API, forms for the Frontend API; nothing at all is no
/// parameters. The size is checked before anything is kept.
impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let kind = header(request.headers(), CONTENT_TYPE).unwrap_or_default();
        let kind = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let (parts, sent) = request.into_parts();
        let bytes = body(&parts, sent).await?;
        match kind.as_str() {
            _ if bytes.is_empty() => Ok(Self::default()),
            "application/json" => Self::json(&bytes),
            "application/x-www-form-urlencoded" => Self::form(
                std::str::from_utf8(&bytes)
                    .map_err(|_| Error::BodyInvalid("it is not UTF-8".into()))?,
            ),
            _ => Err(Error::ContentType("application/json")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    fn code(result: Result<impl fmt::Debug>) -> (&'static str, Option<String>) {
        let shown = result.unwrap_err().shown();
        (shown.code, shown.param)
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        let mut params = Params::json(br#"{"known": "a", "unknwon": 1}"#).unwrap();
        assert_eq!(params.text("known").unwrap().as_deref(), Some("a"));
        assert_eq!(
            code(params.finish()),
            ("form_param_unknown", Some("unknwon".into()))
        );
    }

    #[test]
    fn a_name_given_twice_is_refused_at_any_depth() {
        for body in [r#"{"a": 1, "a": 2}"#, r#"{"outer": [{"a": 1, "a": 1}]}"#] {
            assert_eq!(
                code(Params::json(body.as_bytes())),
                ("form_param_duplicate", Some("a".into()))
            );
        }
        let mut params = Params::query(Some("ticket=1&ticket=2")).unwrap();
        assert_eq!(
            code(params.text("ticket")),
            ("form_param_duplicate", Some("ticket".into()))
        );
    }

    #[test]
    fn types_are_not_guessed() {
        let mut params = Params::json(br#"{"n": "5", "t": 5, "b": "true", "l": "x"}"#).unwrap();
        assert_eq!(code(params.integer("n")).0, "form_param_type_invalid");
        assert_eq!(code(params.text("t")).0, "form_param_type_invalid");
        assert_eq!(code(params.boolean("b")).0, "form_param_type_invalid");
        assert_eq!(code(params.texts("l", 9)).0, "form_param_type_invalid");
    }

    #[test]
    fn bodies_that_are_no_object_or_too_deep_are_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(70), "]".repeat(70));
        for body in ["", "[]", "3", "{", "null", deep.as_str()] {
            assert_eq!(
                code(Params::json(body.as_bytes())).0,
                "request_body_invalid",
                "{body}"
            );
        }
    }
}
