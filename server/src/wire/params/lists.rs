//! What calls that list something take: which part, in which order, with which words; and bodies that are lists.

use axum::extract::Request;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::{ITEMS_MAX, Params, body};
use crate::db::Page;
use crate::error::{Error, Result};
use crate::wire::header;
use crate::word::Word;

impl Params {
    /// The parameters of every object in a body that is a list of them: of one `name` at least, and of `most` at most.
    pub(crate) async fn from_list(request: Request, name: &str, most: usize) -> Result<Vec<Self>> {
        let kind = header(request.headers(), CONTENT_TYPE).unwrap_or_default();
        if !kind.trim_start().starts_with("application/json") {
            return Err(Error::ContentType("application/json"));
        }
        let mut wrapped = b"{\"list\":".to_vec();
        let (parts, sent) = request.into_parts();
        wrapped.extend(body(&parts, sent).await?);
        wrapped.push(b'}');
        // Read as part of an object, so that everything that holds for objects holds for these.
        let mut all = Self::json(&wrapped)?;
        let Some(Value::Array(list)) = all.take("list") else {
            return Err(Error::BodyInvalid(
                "it must be a list of JSON objects".into(),
            ));
        };
        all.finish()?;
        let object = |value| match value {
            Value::Object(values) => Ok(Self::from(values).within("[]")),
            _ => Err(Error::BodyInvalid(
                "it must be a list of JSON objects".into(),
            )),
        };
        let all: Vec<_> = list.into_iter().map(object).collect::<Result<_>>()?;
        if all.is_empty() || all.len() > most {
            return Err(Error::ParamTooMany(name.into(), most));
        }
        Ok(all)
    }

    /// `limit` (1 to 500, 10 where not given) and `offset` (0 or more).
    pub(crate) fn page(&mut self) -> Result<Page> {
        let limit = self.integer("limit")?.unwrap_or(10);
        let offset = self.integer("offset")?.unwrap_or(0);
        if !(1..=500).contains(&limit) {
            return Err(Error::ParamValue("limit", "between 1 and 500".into()));
        }
        if offset < 0 {
            return Err(Error::ParamValue("offset", "zero or more".into()));
        }
        Ok(Page { limit, offset })
    }

    /// `order_by`: a word with `+` (the default) or `-` before it, and whether the greatest come first; `default`, the greatest
    /// first, where it is not given.
    pub(crate) fn order<T: Word>(&mut self, default: T) -> Result<(T, bool)> {
        self.asked.note_word::<T>("order_by", "order");
        let Some(text) = self.text("order_by")? else {
            return Ok((default, true));
        };
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            // A bare `+` in a query string is a space by the time it gets here.
            None => (text.trim_start_matches(['+', ' ']), false),
        };
        let by = T::from_word(name).ok_or_else(|| {
            Error::ParamValue("order_by", format!("{}, with + or - before it", T::list()))
        })?;
        Ok((by, descending))
    }

    /// A list of objects, each with parameters of its own; none where it is missing.
    pub(crate) fn objects(
        &mut self,
        name: &'static str,
        max: usize,
    ) -> Result<Vec<Map<String, Value>>> {
        self.asked.note(name, "object[]");
        let list = match self.take(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(Error::ParamType(name.into(), "a list of objects")),
        };
        if list.len() > max {
            return Err(Error::ParamTooMany(name.into(), max));
        }
        let object = |value| match value {
            Value::Object(object) => Ok(object),
            _ => Err(Error::ParamType(name.into(), "a list of objects")),
        };
        list.into_iter().map(object).collect()
    }

    /// Words of an enum; none where it is missing. Pages write several with commas between.
    pub(crate) fn words<T: Word>(&mut self, name: &'static str) -> Result<Vec<T>> {
        self.asked.note_word::<T>(name, "string[]");
        let given = self.texts(name, ITEMS_MAX)?;
        let words = given.iter().flat_map(|text| text.split(','));
        words
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(|word| T::from_word(word).ok_or_else(|| Error::ParamValue(name, T::list())))
            .collect()
    }
}
