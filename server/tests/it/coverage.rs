//! What is served of the published API: every operation and every parameter is tried, and `docs/coverage.md` says what came
//! of it. After a change:
//!
//!     scripts/pages
//!
//! `published.tsv` is a digest of the published descriptions, made by `scripts/published`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Map, Value, json};
use standin_proof::check_page;

use crate::organizations::active::as_user;
use crate::world::{Answer, Browser, World};

const SET_AT_THE_START: &str = "where links may lead is set where the server is started, with `--allow-origin`, and by nobody's key";
const ONE_DOMAIN: &str = "an instance has one domain, that of its `--public-url`";
const IN_A_COOKIE: &str = "an attempt is in a cookie of its browser until it has made a user";

const NO_MAIL: &str = "with `notify` or without: Standin sends no mail";

/// What the answers alone do not tell, by operation.
const REMARKS: [(&str, &str); 20] = [
    ("POST /v1/invitations", NO_MAIL),
    ("POST /v1/invitations/bulk", NO_MAIL),
    (
        "POST /v1/organizations/{organization_id}/invitations",
        NO_MAIL,
    ),
    (
        "POST /v1/organizations/{organization_id}/invitations/bulk",
        NO_MAIL,
    ),
    ("POST /v1/waitlist_entries", NO_MAIL),
    ("POST /v1/waitlist_entries/bulk", NO_MAIL),
    (
        "PUT /v1/organizations/{organization_id}/logo",
        "the logo's address as JSON (`image_url`)",
    ),
    (
        "POST /v1/organizations/{organization_id}/domains",
        "`enrollment_mode=manual_invitation` only",
    ),
    (
        "PATCH /v1/organizations/{organization_id}/domains/{domain_id}",
        "`enrollment_mode=manual_invitation` only",
    ),
    (
        "PATCH /v1/instance/restrictions",
        "the lists are about signing up: `allowlist_blocklist_disabled_on_sign_in=true` only",
    ),
    ("GET /v1/redirect_urls", SET_AT_THE_START),
    ("POST /v1/redirect_urls", SET_AT_THE_START),
    ("GET /v1/redirect_urls/{id}", SET_AT_THE_START),
    ("DELETE /v1/redirect_urls/{id}", SET_AT_THE_START),
    ("POST /v1/domains", ONE_DOMAIN),
    ("PATCH /v1/domains/{domain_id}", ONE_DOMAIN),
    ("DELETE /v1/domains/{domain_id}", ONE_DOMAIN),
    ("GET /v1/sign_ups/{id}", IN_A_COOKIE),
    ("PATCH /v1/sign_ups/{id}", IN_A_COOKIE),
    (
        "POST /v1/client/sign_ins",
        "by `password`, `email_code`, `phone_code`, `ticket`, and the resets by code; codes for test addresses only",
    ),
];

/// Calls that nobody succeeds with, whatever is sent: there are no second factors.
const REFUSED_TO_ALL: [&str; 4] = [
    "POST /v1/client/sign_ins/{sign_in_id}/prepare_second_factor",
    "POST /v1/client/sign_ins/{sign_in_id}/attempt_second_factor",
    "POST /v1/client/sessions/{session_id}/verify/prepare_second_factor",
    "POST /v1/client/sessions/{session_id}/verify/attempt_second_factor",
];

/// Addresses that people and other servers open: what somebody has added to one (a mailing its own parameters, an SDK the
/// reason of a handshake) must not keep a visitor out.
const OPENED: [&str; 5] = [
    "GET /.well-known/jwks.json",
    "GET /v1/health",
    "GET /v1/client/handshake",
    "GET /v1/agents/tasks",
    "GET /v1/tickets/accept",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    Backend,
    Frontend,
}

struct Parameter {
    place: Place,
    name: String,
    kind: String,
    /// What leaving it out means, where that is published.
    default: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Query,
    Body,
    /// In each object of a body that is a list.
    Item,
}

struct Operation {
    api: Api,
    method: Method,
    path: String,
    parameters: Vec<Parameter>,
}

impl Operation {
    fn of(line: &str) -> Self {
        let mut parts = line.split('\t');
        let mut part = || parts.next().unwrap_or_default();
        let api = match part() {
            "backend" => Api::Backend,
            "frontend" => Api::Frontend,
            other => panic!("{other}"),
        };
        let (method, path) = (part().parse().unwrap(), part().to_owned());
        let parameter = |text: &str| {
            let mut parts = text.splitn(4, ':');
            let mut part = || parts.next().unwrap().to_owned();
            Parameter {
                place: match &*part() {
                    "query" => Place::Query,
                    "body" => Place::Body,
                    "item" => Place::Item,
                    other => panic!("{other}"),
                },
                name: part(),
                kind: part(),
                default: parts.next().map(|json| json.parse().unwrap()),
            }
        };
        Self {
            api,
            method,
            path,
            parameters: part().split_whitespace().map(parameter).collect(),
        }
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The path with something in the places of its parameters.
    fn filled(&self) -> String {
        let parts = self.path.split('/').map(|part| match part {
            part if part.starts_with('{') && part.ends_with('}') => "x",
            part => part,
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// A path without the names of its parameters.
pub fn shape(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        part if part.starts_with('{') => "{}",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

struct Published {
    versions: Vec<String>,
    operations: Vec<Operation>,
}

fn published() -> Published {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/published.tsv");
    let text = fs::read_to_string(file).unwrap();
    let (versions, operations): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('#'));
    Published {
        versions: versions.iter().map(|line| line[2..].to_owned()).collect(),
        operations: operations.into_iter().map(Operation::of).collect(),
    }
}

/// A value that a parameter of this kind may well have.
fn plausible(name: &str, kind: &str) -> Value {
    if let Some(item) = kind.strip_suffix("[]") {
        return json!([plausible(name, item)]);
    }
    match (name, kind) {
        ("email_address", _) => json!("x@example.com"),
        ("phone_number", _) => json!("+15555550100"),
        ("strategy", _) => json!("email_code"),
        ("unsafe_metadata", "string") => json!("{}"),
        ("redirect_url" | "request_origin", _) => json!("http://localhost:3000/"),
        ("on_behalf_of", _) => json!({ "identifier": "ada@example.com" }),
        ("actor", _) => json!({ "sub": "x" }),
        (_, "integer" | "number") => json!(1),
        (_, "boolean" | "=true" | "=false") => json!(true),
        (_, "object") => json!({ "x": "y" }),
        (_, kind) => json!(kind.strip_prefix('=').unwrap_or("x")),
    }
}

/// Whether an answer says that there is no such call.
fn is_unknown(answer: &Answer) -> bool {
    match answer.status.as_u16() {
        405 => true,
        404 => answer.text.contains("docs/coverage.md"),
        _ => false,
    }
}

/// Calls an operation with these parameters.
async fn call(world: &World, operation: &Operation, given: &Map<String, Value>) -> Answer {
    let (mut query, mut body) = (Vec::new(), Map::new());
    for (name, value) in given {
        let known = operation.parameters.iter().find(|one| one.name == *name);
        if operation.method == Method::GET || known.is_some_and(|one| one.place == Place::Query) {
            let value = value.get(0).unwrap_or(value);
            let text = value.as_str().map_or(value.to_string(), ToOwned::to_owned);
            query.push((name.clone(), text));
        } else {
            body.insert(name.clone(), value.clone());
        }
    }
    match operation.api {
        Api::Backend => {
            let mut request = world
                .backend
                .request(operation.method.clone(), &operation.filled());
            request = request.query(&query);
            let is_list = |one: &Parameter| one.place == Place::Item;
            if operation.parameters.iter().any(is_list) {
                request = request.json(&[body]);
            } else if operation.method != Method::GET {
                request = request.json(&body);
            }
            world.backend.send(request).await
        }
        Api::Frontend => {
            // Each with a sign-in of its own: some end it.
            let browser = somebody(world).await;
            let request = browser.request(operation.method.clone(), &operation.filled());
            let mut request = request.query(&query);
            if !OPENED.contains(&&*operation.name()) {
                request = request.header("origin", "http://localhost:3000");
            }
            if operation.method != Method::GET {
                request = request.form(&form(&body));
            }
            browser.send(request).await
        }
    }
}

/// Parameters as clerk-js sends them: a list as many of one name, an object as its JSON.
fn form(body: &Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or(value.to_string(), ToOwned::to_owned);
    let pairs = body.iter().map(|(name, value)| match value {
        Value::Array(list) => (name, list.iter().map(text).collect()),
        value => (name, vec![text(value)]),
    });
    pairs
        .flat_map(|(name, texts)| texts.into_iter().map(|text| (name.clone(), text)))
        .collect()
}

/// The page of a user of its own, without an agent.
async fn somebody(world: &World) -> Browser {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let user = world.backend.user(&format!("u{number}@example.com")).await;
    as_user(world, &user).await
}

/// What became of a parameter.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It is read.
    Taken,
    /// It is refused, for this reason.
    Refused(String),
    /// It is refused as one that nobody knows.
    Unknown,
}

/// Sends a parameter alone, and with it whatever turns out to be required: with which code and sentence it is refused.
async fn refusal(
    world: &World,
    operation: &Operation,
    parameter: &Parameter,
    value: Value,
) -> Option<(String, String)> {
    let mut given = Map::from_iter([(parameter.name.clone(), value)]);
    for _ in 0..10 {
        let answer = call(world, operation, &given).await;
        if answer.status.is_success() || answer.status.is_redirection() {
            return None;
        }
        let (code, about) = (answer.code().to_owned(), answer.param().to_owned());
        if about == parameter.name {
            let sentence = answer.json["errors"][0]["long_message"].as_str().unwrap();
            return Some((code, sentence.to_owned()));
        }
        if code != "form_param_missing" || given.contains_key(&about) {
            return None;
        }
        let kind = operation.parameters.iter().find(|one| one.name == about);
        let kind = kind.map_or("string", |one| one.kind.as_str());
        let value = match (&*about, &*parameter.name) {
            ("strategy", "phone_number_id") => json!("phone_code"),
            ("strategy", "password") => json!("password"),
            (about, _) => plausible(about, kind),
        };
        given.insert(about, value);
    }
    panic!("{} wants ever more: {given:?}", operation.name());
}

async fn fate(world: &World, operation: &Operation, parameter: &Parameter) -> Fate {
    let value = plausible(&parameter.name, &parameter.kind);
    let Some((code, sentence)) = refusal(world, operation, parameter, value).await else {
        return Fate::Taken;
    };
    match (&*code, sentence.split_once("left out: ")) {
        ("form_param_unknown", _) => Fate::Unknown,
        (_, Some((_, why))) => Fate::Refused(why.trim_end_matches('.').to_owned()),
        _ => Fate::Taken,
    }
}

/// What is known of one operation.
struct Row {
    api: Api,
    name: String,
    is_served: bool,
    /// What is missing of one that is served, or how one that is not is refused.
    remark: String,
    unknown: Vec<String>,
    /// Parameters that cannot be sent with the value that leaving them out stands for.
    unequal: Vec<String>,
    /// Whether it minds a parameter that nobody has published.
    is_strict: bool,
}

async fn row(world: &World, operation: &Operation) -> Row {
    let answer = call(world, operation, &Map::new()).await;
    let is_refused = answer.text.contains("This session cannot change its user");
    let needs_second = REFUSED_TO_ALL.contains(&&*operation.name());
    let is_served = !is_unknown(&answer) && !is_refused && !needs_second;
    let mut remarks: Vec<String> = Vec::new();
    if is_refused {
        remarks.push("refused, `403 authorization_invalid`: a page cannot change its user".into());
    }
    if needs_second {
        remarks.push("refused, as nobody has a second factor".into());
    }
    let (mut unknown, mut unequal) = (Vec::new(), Vec::new());
    if is_served {
        let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for parameter in &operation.parameters {
            let name = format!("`{}`", parameter.name);
            match fate(world, operation, parameter).await {
                Fate::Taken => {}
                Fate::Refused(why) => refused.entry(why).or_default().push(name),
                Fate::Unknown => unknown.push(parameter.name.clone()),
            }
            if let Some(default) = parameter.default.clone()
                && let Some((_, why)) = refusal(world, operation, parameter, default).await
            {
                unequal.push(why);
            }
        }
        for (why, names) in refused {
            remarks.push(format!("without {} ({why})", names.join(", ")));
        }
    }
    let name = operation.name();
    let is_strict = !is_served
        || operation.api == Api::Backend
        || OPENED.contains(&&*name)
        || fate(world, operation, &unpublished(operation)).await == Fate::Unknown;
    // Some names are those of a call of either API.
    let is_meant = is_served || operation.api == Api::Backend;
    let known = REMARKS.iter().filter(|(of, _)| is_meant && *of == name);
    remarks.extend(known.map(|(_, remark)| (*remark).to_owned()));
    Row {
        api: operation.api,
        name,
        is_served,
        remark: remarks.join("; "),
        unknown,
        unequal,
        is_strict,
    }
}

fn unpublished(operation: &Operation) -> Parameter {
    Parameter {
        place: match operation.method {
            Method::GET => Place::Query,
            _ => Place::Body,
        },
        name: "nobody_knows".into(),
        kind: "string".into(),
        default: None,
    }
}

async fn rows() -> Vec<Row> {
    let world = World::new().await;
    let mut rows = Vec::new();
    for operation in &published().operations {
        rows.push(row(&world, operation).await);
    }
    rows
}

/// Method and path of every call of the Backend API, as the table beside the routes has them.
fn routes() -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/backend_api.rs");
    let source = fs::read_to_string(source).unwrap();
    let table = source.split("const TABLE: &str = \"\\\n").nth(1).unwrap();
    let lines = table.split("\";").next().unwrap().lines();
    let call = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        format!("{} {path}", method.to_uppercase())
    };
    lines.map(call).collect()
}

fn write(rows: &[Row], published: &Published) -> String {
    let mut page = String::from(
        "# What is served of Clerk's API\n\n\
         Made by `scripts/pages` from the published descriptions and the running server: every operation was called,\n\
         and every parameter of those that are served was sent. A test fails when this page and the server differ.\n\n\
         What is not served is answered with 404 or 405 and a sentence that names this page. A parameter that is published and\n\
         cannot be honoured is refused with the reason; none is taken and ignored, but for `notify` where leaving it out means true.\n",
    );
    for (api, title) in [
        (Api::Backend, "Backend API"),
        (Api::Frontend, "Frontend API"),
    ] {
        let of_api: Vec<&Row> = rows.iter().filter(|row| row.api == api).collect();
        let served = of_api.iter().filter(|row| row.is_served);
        let partly = served.clone().filter(|row| !row.remark.is_empty()).count();
        let version = &published.versions[api as usize];
        let version = version.split(' ').nth(1).unwrap();
        let (served, all) = (served.count(), of_api.len());
        let _ = write!(
            page,
            "\n## {title}, {version}: {served} of {all} operations, {partly} of them in part\n\n\
             | operation | served | |\n|---|---|---|\n"
        );
        for Row {
            name,
            is_served,
            remark,
            ..
        } in of_api
        {
            let word = match (is_served, remark.is_empty()) {
                (true, true) => "yes",
                (true, false) => "in part",
                (false, _) => "no",
            };
            let _ = writeln!(
                page,
                "{}",
                format!("| `{name}` | {word} | {remark} |").replace("  |", " |")
            );
        }
    }
    page.push_str("\n## Ours beside it\n\n");
    let shapes: Vec<String> = rows
        .iter()
        .filter(|row| row.api == Api::Backend)
        .map(|row| shape(&row.name))
        .collect();
    for route in routes() {
        if !shapes.contains(&shape(&route)) {
            let _ = writeln!(page, "- `{route}`");
        }
    }
    page.push_str("- in the Frontend API: `GET /` in development, `GET /images/initials/{color}/{letters}.svg`, `GET /npm/@clerk/…`\n");
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn the_coverage_page_says_what_the_server_answers() {
    let rows = rows().await;
    let unknown: Vec<String> = rows
        .iter()
        .filter(|row| !row.unknown.is_empty())
        .map(|row| format!("{}: {}", row.name, row.unknown.join(" ")))
        .collect();
    assert!(
        unknown.is_empty(),
        "published parameters that are neither taken nor refused with a reason: {unknown:#?}"
    );
    // SDKs that are generated from the descriptions send what their callers have left out.
    let unequal: Vec<_> = rows
        .iter()
        .filter(|row| !row.unequal.is_empty())
        .map(|row| (&row.name, &row.unequal))
        .collect();
    assert!(
        unequal.is_empty(),
        "published defaults that are refused: {unequal:#?}"
    );
    let lax: Vec<&str> = rows
        .iter()
        .filter(|row| !row.is_strict)
        .map(|row| &*row.name)
        .collect();
    assert!(
        lax.is_empty(),
        "what they do not know they ignore: {lax:#?}"
    );
    let routes: Vec<String> = routes().iter().map(|route| shape(route)).collect();
    for row in rows.iter().filter(|row| row.api == Api::Backend) {
        let is_route = routes.contains(&shape(&row.name));
        assert_eq!(row.is_served, is_route, "{}", row.name);
    }
    let stale = REMARKS
        .iter()
        .filter(|(of, _)| !rows.iter().any(|row| row.name == *of));
    assert_eq!(stale.count(), 0, "a remark about what is not published");

    check_page("coverage.md", &write(&rows, &published()));
}

#[test]
fn the_digest_is_that_of_the_published_descriptions() {
    let folder = std::env::var_os("STANDIN_SPECS");
    let folder = folder.map_or_else(|| root().join("../shared/specs"), PathBuf::from);
    let python = Command::new("python3").args(["-c", "import yaml"]).status();
    if !folder.is_dir() || !python.is_ok_and(|status| status.success()) {
        println!(
            "SKIPPED: no published descriptions in {} (STANDIN_SPECS), or no Python with yaml",
            folder.display()
        );
        return;
    }
    let made = Command::new(root().join("scripts/published"))
        .arg(&folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let kept = root().join("server/tests/it/published.tsv");
    assert!(
        fs::read(&kept).unwrap() == made.stdout,
        "{}: make it anew with scripts/published",
        kept.display()
    );
}
