//! JWT templates: tokens for other services, which an application asks for by a template's name.
//!
//! They say who is signed in and no session, end with the session that they were asked for by, and are no session tokens: their
//! header tells SDKs and this server so. The instance's key signs them, or one of the template's own.

mod signing;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use crate::claims::{Kind, Template};
use crate::clock::Time;
use crate::db::{FromRow, Page, Query, Read, Row, Write, values};
use crate::error::{ClaimsError, Error, Result};
use crate::events::{Action, Event};
use crate::id::JwtTemplateId;
use crate::keys::SigningKey;
use crate::secret::{MasterKey, Purpose};
pub use signing::Algorithm;
use signing::Signer;

/// A template.
#[derive(Clone, Debug)]
pub struct JwtTemplate {
    /// Its id.
    pub id: JwtTemplateId,
    /// By which it is asked for; unique.
    pub name: String,
    /// As they were given.
    pub claims: Map<String, Json>,
    /// How long its tokens live, in seconds.
    pub lifetime: i64,
    /// How far before their making they are valid, in seconds.
    pub allowed_clock_skew: i64,
    /// How they are signed.
    pub signing_algorithm: Algorithm,
    /// The key of its own, sealed.
    signing_key: Option<String>,
    revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl JwtTemplate {
    /// Whether it has a key of its own.
    pub fn has_own_key(&self) -> bool {
        self.signing_key.is_some()
    }

    /// The key of its own, as it can be given again.
    ///
    /// # Errors
    /// [`Error::Bug`] where this master key did not seal it.
    pub fn own_key(&self, master: &MasterKey) -> Result<Option<String>> {
        let text = |sealed: &String| self.signing_algorithm.write(&unsealed(sealed, master)?);
        self.signing_key.as_ref().map(text).transpose()
    }
}

impl FromRow for JwtTemplate {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            name: row.take()?,
            claims: {
                let text: String = row.take()?;
                serde_json::from_str(&text)
                    .map_err(|error| Error::Bug(format!("a stored template: {error}")))?
            },
            lifetime: row.take()?,
            allowed_clock_skew: row.take()?,
            signing_algorithm: row.take()?,
            signing_key: row.take()?,
            revision: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

const SELECT: &str = "select id, name, claims, lifetime, allowed_clock_skew, signing_algorithm, signing_key, revision,
    created_at, updated_at from jwt_templates";

/// A key that signs a template's tokens, sealed.
#[derive(Clone, Debug)]
pub struct OwnKey {
    algorithm: Algorithm,
    sealed: String,
}

impl OwnKey {
    /// Takes a key as it is given: a secret's text, or an RSA key in PEM.
    ///
    /// # Errors
    /// [`ClaimsError::TemplateKey`] for one that the algorithm cannot be used with.
    pub fn new(algorithm: Algorithm, given: &str, master: &MasterKey) -> Result<Self> {
        let key = algorithm.read(given)?;
        Ok(Self {
            algorithm,
            sealed: master.seal(Purpose::TemplateKey, &key)?,
        })
    }
}

/// What is to be different about a template; what is `None` stays.
#[derive(Clone, Debug)]
pub struct Change {
    /// The name it will have.
    pub name: String,
    /// The claims it will have.
    pub claims: Map<String, Json>,
    /// How long its tokens will live, in seconds.
    pub lifetime: Option<i64>,
    /// How far before their making they will be valid, in seconds.
    pub allowed_clock_skew: Option<i64>,
    /// The key it will have of its own; inner `None`: the instance's signs.
    pub key: Option<Option<OwnKey>>,
}

/// How long tokens live where the template does not say, in seconds.
pub const LIFETIME: i64 = 60;
/// How far before their making they are valid where the template does not say, in seconds.
pub const CLOCK_SKEW: i64 = 5;

impl Change {
    fn apply(&self, template: &mut JwtTemplate) {
        template.name.clone_from(&self.name);
        template.claims.clone_from(&self.claims);
        template.lifetime = self.lifetime.unwrap_or(template.lifetime);
        template.allowed_clock_skew = self
            .allowed_clock_skew
            .unwrap_or(template.allowed_clock_skew);
        if let Some(key) = &self.key {
            let algorithm = key.as_ref().map(|key| key.algorithm);
            template.signing_algorithm = algorithm.unwrap_or(Algorithm::Rs256);
            template.signing_key = key.as_ref().map(|key| key.sealed.clone());
        }
    }
}

/// Makes a template.
///
/// # Errors
/// [`ClaimsError::TemplateExists`], and what [`Template::new`] refuses.
pub fn create(tx: &mut Write<'_>, id: &JwtTemplateId, with: &Change) -> Result<JwtTemplate> {
    let now = tx.now();
    let event = Event::new(Action::JwtTemplateCreate).detail(id.as_str());
    tx.attempt(event.clone());
    let mut made = JwtTemplate {
        id: id.clone(),
        name: String::new(),
        claims: Map::new(),
        lifetime: LIFETIME,
        allowed_clock_skew: CLOCK_SKEW,
        signing_algorithm: Algorithm::Rs256,
        signing_key: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    with.apply(&mut made);
    check(tx, &made)?;
    tx.execute(
        "insert into jwt_templates (id, name, claims, lifetime, allowed_clock_skew, signing_algorithm, signing_key, revision,
                                    created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)",
        values![
            &made.id,
            &made.name,
            text(&made.claims),
            made.lifetime,
            made.allowed_clock_skew,
            made.signing_algorithm,
            made.signing_key.as_ref(),
            now,
        ],
    )?;
    tx.note(event);
    Ok(made)
}

/// Changes a template.
///
/// # Errors
/// [`Error::NotFound`], and as [`create`].
pub fn update(tx: &mut Write<'_>, id: &JwtTemplateId, with: &Change) -> Result<JwtTemplate> {
    let now = tx.now();
    let event = Event::new(Action::JwtTemplateUpdate).detail(id.as_str());
    tx.attempt(event.clone());
    // This takes the row's lock, so what is read stays true until the commit.
    tx.execute(
        "update jwt_templates set revision = revision + 1, updated_at = $2 where id = $1",
        values![id, now],
    )?;
    let mut template = get(tx, id)?;
    with.apply(&mut template);
    check(tx, &template)?;
    tx.execute(
        "update jwt_templates set name = $2, claims = $3, lifetime = $4, allowed_clock_skew = $5, signing_algorithm = $6,
                                  signing_key = $7 where id = $1",
        values![
            id,
            &template.name,
            text(&template.claims),
            template.lifetime,
            template.allowed_clock_skew,
            template.signing_algorithm,
            template.signing_key.as_ref(),
        ],
    )?;
    tx.note(event);
    Ok(template)
}

/// Deletes a template. Tokens that it made live on until they end.
///
/// # Errors
/// [`Error::NotFound`].
pub fn delete(tx: &mut Write<'_>, id: &JwtTemplateId) -> Result<()> {
    let event = Event::new(Action::JwtTemplateDelete).detail(id.as_str());
    tx.attempt(event.clone());
    let deleted = tx.execute("delete from jwt_templates where id = $1", values![id])?;
    if deleted == 0 {
        return Err(Error::NotFound("JWT template", id.to_string()));
    }
    tx.note(event);
    Ok(())
}

/// The house looks before it writes: should another node give the name away at this moment, the unique column has this write
/// run again.
fn check(tx: &mut Read<'_>, template: &JwtTemplate) -> Result<()> {
    Template::new(Kind::Jwt, &template.claims)?;
    let other: Option<JwtTemplateId> = tx.first(
        "select id from jwt_templates where name = $1 and id <> $2",
        values![&template.name, &template.id],
    )?;
    other.map_or(Ok(()), |_| Err(ClaimsError::TemplateExists.into()))
}

fn text(claims: &Map<String, Json>) -> String {
    Json::from(claims.clone()).to_string()
}

/// The template with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Read<'_>, id: &JwtTemplateId) -> Result<JwtTemplate> {
    tx.first(&format!("{SELECT} where id = $1"), values![id])?
        .ok_or_else(|| Error::NotFound("JWT template", id.to_string()))
}

/// The template with this name.
///
/// # Errors
/// [`Error::NotFound`].
pub fn named(tx: &mut Read<'_>, name: &str) -> Result<JwtTemplate> {
    tx.first(&format!("{SELECT} where name = $1"), values![name])?
        .ok_or_else(|| Error::NotFound("JWT template named", name.into()))
}

/// Templates, newest first.
pub fn list(tx: &mut Read<'_>, page: Page) -> Result<Vec<JwtTemplate>> {
    let query = Query::new(SELECT);
    query.page("created_at desc, id desc", page).all(tx)
}

/// How many templates there are, counted to `most`.
pub fn count(tx: &mut Read<'_>, most: i64) -> Result<i64> {
    Query::new("select 1 from jwt_templates")
        .counted(most)
        .one(tx)
}

fn unsealed(sealed: &str, master: &MasterKey) -> Result<Zeroizing<Vec<u8>>> {
    let opened = master.open(Purpose::TemplateKey, sealed);
    opened.ok_or_else(|| Error::Bug("a template's key was sealed with another master key".into()))
}

/// A template that is ready to make tokens: compiled, its key read.
pub struct Ready {
    /// Its claims.
    pub claims: Arc<Template>,
    /// How far before their making they are valid, in seconds.
    pub clock_skew: i64,
    signer: Option<Signer>,
}

impl Ready {
    fn new(template: &JwtTemplate, master: &MasterKey) -> Result<Self> {
        let signer = template.signing_key.as_ref().map(|sealed| {
            let key = unsealed(sealed, master)?;
            template.signing_algorithm.signer(&key)
        });
        Ok(Self {
            claims: Arc::new(Template::new(Kind::Jwt, &template.claims)?),
            clock_skew: template.allowed_clock_skew,
            signer: signer.transpose()?,
        })
    }

    /// Signs claims that are JSON already: with its own key, or else with the instance's.
    pub(crate) fn sign(&self, instance: &SigningKey, claims: &[u8]) -> Result<String> {
        match &self.signer {
            Some(own) => own.sign(claims),
            None => instance.sign_by_template(claims),
        }
    }
}

/// The templates that this node has made ready, each with its revision.
#[derive(Default)]
pub struct Prepared(Mutex<HashMap<JwtTemplateId, (i64, Arc<Ready>)>>);

/// How many are kept at most.
const KEPT: usize = 256;

impl Prepared {
    /// Forgets them: they may be others now.
    pub fn forget(&self) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.clear();
    }

    /// A template as it was just read, ready to make tokens.
    ///
    /// # Errors
    /// [`Error::Bug`] where its key was sealed with another master key.
    pub fn ready(&self, template: &JwtTemplate, master: &MasterKey) -> Result<Arc<Ready>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((revision, ready)) = held.get(&template.id)
            && *revision == template.revision
        {
            return Ok(ready.clone());
        }
        let ready = Arc::new(Ready::new(template, master)?);
        if held.len() >= KEPT {
            held.clear();
        }
        held.insert(template.id.clone(), (template.revision, ready.clone()));
        Ok(ready)
    }
}
