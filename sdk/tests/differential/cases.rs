//! The requests that are asked about, made from a seed: the same ones on every run, apart from the times in their tokens.

use serde_json::json;

use crate::tokens::{self, Kind, now};
use crate::world::{Visitor, World};

/// How an application is set up.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    pub proxy_url: Option<String>,
    pub jwt_key: bool,
    pub parties: Vec<String>,
}

/// A request to an application.
#[derive(Clone, Debug)]
pub struct Case {
    pub setup: Setup,
    pub method: &'static str,
    /// What the request line says.
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub cookies: Vec<(String, String)>,
    /// The kinds of tokens shown, for the table of differences.
    pub tokens: Vec<Kind>,
    /// What the token says of an organization, where it does.
    pub organization: Option<serde_json::Value>,
}

impl Case {
    /// A page view of the application, by a visitor with a development instance's dev browser.
    pub fn page(world: &World) -> Self {
        let host = world.origin.split("://").nth(1).unwrap();
        let mut case = Self {
            setup: Setup::default(),
            method: "GET",
            path: "/dashboard".into(),
            headers: vec![("host", host.into()), ("accept", "text/html".into())],
            cookies: Vec::new(),
            tokens: Vec::new(),
            organization: None,
        };
        if world.live {
            case.headers.push(("x-forwarded-proto", "https".into()));
        } else {
            case.cookie("__clerk_db_jwt", "dvb_known");
            case.cookie(&format!("__clerk_db_jwt_{}", world.suffix), "dvb_known");
        }
        case
    }

    pub fn header(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
    }

    fn ask(&mut self, (method, headers): (&'static str, &[(&'static str, &str)])) {
        self.method = method;
        for (name, value) in headers {
            self.header(name, *value);
        }
    }

    pub fn cookie(&mut self, name: &str, value: impl Into<String>) {
        self.cookies.retain(|(known, _)| known != name);
        self.cookies.push((name.into(), value.into()));
    }

    /// All headers, the cookies among them.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut headers = self.headers.clone();
        if !cookies.is_empty() {
            headers.push(("cookie", cookies.join("; ")));
        }
        headers
    }

    pub fn question(&self, world: &World) -> serde_json::Value {
        let host = &self
            .headers
            .iter()
            .find(|(name, _)| *name == "host")
            .unwrap()
            .1;
        json!({
            "options": {
                "apiUrl": world.api_url, "secretKey": world.secret_key, "publishableKey": world.publishable_key,
                "proxyUrl": self.setup.proxy_url, "jwtKey": self.setup.jwt_key.then(|| world.mint.pem()),
            },
            "parties": self.setup.parties,
            "method": self.method,
            "url": format!("http://{host}{}", self.path),
            "headers": self.headers(),
            "has": crate::organizations::QUESTIONS,
        })
    }
}

/// Numbers from a seed (`SplitMix64`).
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let length = u64::try_from(from.len()).unwrap();
        from[usize::try_from(self.next() % length).unwrap()].clone()
    }

    /// True once in `n`.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }
}

/// How the browser asks.
const MANNERS: [(&str, &[(&str, &str)]); 8] = [
    ("GET", &[("accept", "text/html,*/*")]),
    (
        "GET",
        &[("sec-fetch-dest", "document"), ("accept", "text/html")],
    ),
    (
        "GET",
        &[("sec-fetch-dest", "iframe"), ("accept", "text/html")],
    ),
    (
        "GET",
        &[("sec-fetch-dest", "empty"), ("accept", "text/html")],
    ),
    ("GET", &[("accept", "*/*")]),
    (
        "POST",
        &[("sec-fetch-dest", "document"), ("accept", "text/html")],
    ),
    ("POST", &[("accept", "application/json")]),
    ("HEAD", &[("accept", "text/html")]),
];

/// Every combination of what the cookies say (which token, under which names, which uat) with how the browser asks.
pub fn combinations(world: &World, visitor: &Visitor) -> Vec<Case> {
    let mut cases = Vec::new();
    let kinds = tokens::AGREED
        .iter()
        .chain(tokens::STRICT)
        .copied()
        .map(Some);
    for kind in std::iter::once(None).chain(kinds) {
        for places in [&[""][..], &["_"], &["", "_"]] {
            for uat in ["", "0", "old", "100", "future"] {
                for manner in [MANNERS[1], MANNERS[3], MANNERS[5]] {
                    let mut case = Case::page(world);
                    case.ask(manner);
                    if let Some(kind) = kind {
                        show(&mut case, world, visitor, kind, places);
                    }
                    set_uat(&mut case, world, uat, places);
                    cases.push(case);
                }
            }
        }
    }
    cases
}

fn show(case: &mut Case, world: &World, visitor: &Visitor, kind: Kind, places: &[&str]) {
    let token = tokens::token(world, &visitor.session, kind);
    case.tokens.push(kind);
    for place in places {
        case.cookie(&named("__session", world, place), token.clone());
    }
}

fn named(name: &str, world: &World, place: &str) -> String {
    if place.is_empty() {
        name.into()
    } else {
        format!("{name}_{}", world.suffix)
    }
}

fn set_uat(case: &mut Case, world: &World, uat: &str, places: &[&str]) {
    let value = match uat {
        "" => return,
        "old" => (now() - 10_000).to_string(),
        "future" => (now() + 1000).to_string(),
        // Before every token but those of the kind `Older`.
        "100" => (now() - 100).to_string(),
        text => text.to_owned(),
    };
    for place in places {
        case.cookie(&named("__client_uat", world, place), value.clone());
    }
}

/// Every combination of plain and suffixed cookies that do not agree: another instance, or an older page, wrote some of them.
pub fn disagreements(world: &World, visitor: &Visitor) -> Vec<Case> {
    let kinds = [
        None,
        Some(Kind::Good),
        Some(Kind::Older),
        Some(Kind::Expired),
        Some(Kind::ForeignIssuer),
    ];
    let mut cases = Vec::new();
    for plain in kinds {
        for own in kinds {
            for plain_uat in ["", "0", "old"] {
                for own_uat in ["", "0", "old"] {
                    let mut case = Case::page(world);
                    for (place, kind, uat) in [("", plain, plain_uat), ("_", own, own_uat)] {
                        if let Some(kind) = kind {
                            show(&mut case, world, visitor, kind, &[place]);
                        }
                        set_uat(&mut case, world, uat, &[place]);
                    }
                    cases.push(case);
                }
            }
        }
    }
    cases
}

/// Requests with an expired token and a refresh cookie that is good, or belongs to somebody else. The server renews a token
/// once, and again within seconds, since a page's requests come together: so both SDKs can show it.
pub async fn renewals(world: &World) -> Vec<Case> {
    let stranger = world.visitor().await;
    let mut cases = Vec::new();
    for manner in MANNERS {
        for good in [true, false] {
            for bearer in [false, true] {
                let visitor = world.visitor().await;
                let mut case = Case::page(world);
                case.ask(manner);
                let refresh = if good {
                    &visitor.refresh
                } else {
                    &stranger.refresh
                };
                case.cookie(&named("__refresh", world, "_"), refresh);
                if bearer {
                    let token = tokens::token(world, &visitor.session, Kind::Expired);
                    case.header("authorization", format!("Bearer {token}"));
                    case.tokens.push(Kind::Expired);
                } else {
                    show(&mut case, world, &visitor, Kind::Expired, &["", "_"]);
                    set_uat(&mut case, world, "old", &["", "_"]);
                }
                cases.push(case);
            }
        }
    }
    cases
}

/// Requests that show where the SDKs differ by intent; see `differences.rs`.
pub fn oddities(world: &World, visitor: &Visitor) -> Vec<Case> {
    let good = || {
        let mut case = Case::page(world);
        show(&mut case, world, visitor, Kind::Good, &["", "_"]);
        set_uat(&mut case, world, "100", &["", "_"]);
        case
    };
    let token = tokens::token(world, &visitor.session, Kind::Good);
    let mut lower = Case::page(world);
    lower.header("authorization", format!("bearer {token}"));
    let mut slashes = Case::page(world);
    slashes.path = "//elsewhere.example/x?__clerk_handshake_nonce=forged".into();
    slashes.header("x-forwarded-proto", "https");
    let mut looping = good();
    looping
        .cookies
        .retain(|(name, _)| !name.starts_with("__client_uat"));
    looping.cookie("__clerk_redirect_count", "4");
    let mut port = good();
    port.header("sec-fetch-dest", "document");
    port.header("referer", "http://127.0.0.1:9/sign-in");
    let mut hopeless = Case::page(world);
    let mut header = world.mint.header();
    header["alg"] = "none".into();
    header["kid"] = "kid_nobody".into();
    let claims = tokens::claims(world, &visitor.session, 20);
    hopeless.header(
        "authorization",
        format!("Bearer {}", world.mint.sign(&header, &claims)),
    );
    let mut satellite = good();
    satellite.path = "/?__clerk_redirect_url=https://elsewhere.example/".into();
    let mut prefix = good();
    prefix.header("sec-fetch-dest", "document");
    prefix.header("referer", "https://accounts.example.com/");
    vec![lower, slashes, looping, port, hopeless, satellite, prefix]
}

/// A request of which everything is thrown for.
pub async fn thrown(dice: &mut Dice, world: &World, visitor: &Visitor) -> Case {
    let mut case = Case::page(world);
    setup(dice, world, &mut case);
    let manner = dice.pick(&MANNERS);
    case.headers.retain(|(name, _)| *name != "accept");
    case.ask(manner);
    address(dice, world, &mut case);
    // Half of the tokens are good: what comes after a token's verification would else hardly be reached.
    for place in ["", "_"] {
        if !dice.once_in(4) {
            let kind = if dice.once_in(2) {
                Kind::Good
            } else {
                dice.pick(tokens::AGREED)
            };
            show(&mut case, world, visitor, kind, &[place]);
        }
        let uat = dice.pick(&[
            "", "0", "old", "old", "100", "100", "future", "12abc", "garbage",
        ]);
        set_uat(&mut case, world, uat, &[place]);
    }
    if dice.once_in(3) {
        case.cookie(&named("__refresh", world, "_"), "forged");
    }
    if dice.once_in(8) {
        let kind = if dice.once_in(2) {
            Kind::Good
        } else {
            dice.pick(tokens::AGREED)
        };
        let token = tokens::token(world, &visitor.session, kind);
        case.tokens.push(kind);
        let value = dice
            .pick(&["Bearer ", "Bearer ", "Bearer ", "Basic ", ""])
            .to_owned()
            + &token;
        case.header("authorization", value);
    }
    dev_browser(dice, world, &mut case);
    handshake(dice, world, visitor, &mut case).await;
    case
}

fn setup(dice: &mut Dice, world: &World, case: &mut Case) {
    let proxies = [
        "",
        "",
        "/__clerk",
        "/__clerk/",
        "http://localhost:4700",
        "https://app.example.com/__clerk",
    ];
    case.setup.proxy_url = Some(dice.pick(&proxies).to_owned()).filter(|url| !url.is_empty());
    case.setup.jwt_key = dice.once_in(4);
    if dice.once_in(3) {
        let own = world.origin.to_owned();
        let other = "https://nobody.example.com".to_owned();
        case.setup.parties = dice.pick(&[vec![own.clone()], vec![other.clone()], vec![other, own]]);
    }
}

fn address(dice: &mut Dice, world: &World, case: &mut Case) {
    let paths = [
        "/",
        "/dashboard",
        "/a%20b/c?q=a%20b&q=%C3%A9&x",
        "/x?",
        "/x?a=b+c&d=*-._~'",
        "/dashboard?next=https://e.example/",
    ];
    dice.pick(&paths).clone_into(&mut case.path);
    let referers = [
        "",
        "",
        "https://elsewhere.example/x",
        "https://clerk.example.com/x",
        "https://accounts.example.com",
        "https://foo.accounts.dev/",
        "https://foo.clerk.accounts.dev/",
        "https://accounts.foo.lcl.dev/",
        "nonsense",
        "http://localhost:4700/v1",
        "http://localhost:9/",
        "https://app.example.com/__clerk",
    ];
    let referer = dice.pick(&referers);
    if dice.once_in(8) {
        case.header("referer", format!("{}/from", world.origin));
    } else if !referer.is_empty() {
        case.header("referer", referer);
    }
    if dice.once_in(6) {
        case.header(
            "x-forwarded-host",
            dice.pick(&[
                "public.example.com",
                "public.example.com:8443, inner",
                "b\u{61}d host",
            ]),
        );
    }
    if dice.once_in(6) {
        case.header(
            "x-forwarded-proto",
            dice.pick(&["https", "http,https", "https, http"]),
        );
    }
}

fn dev_browser(dice: &mut Dice, world: &World, case: &mut Case) {
    if dice.once_in(6) {
        case.cookies.retain(|(name, _)| *name != "__clerk_db_jwt");
    }
    if dice.once_in(6) {
        let suffixed = named("__clerk_db_jwt", world, "_");
        case.cookies.retain(|(name, _)| *name != suffixed);
    }
    if dice.once_in(12) {
        let value = dice.pick(&[
            "__clerk_db_jwt=dvb_url",
            "__clerk_db_jwt=",
            "__clerk_db_jwt=dvb_url&__dev_session=x",
        ]);
        add_query(case, value);
    }
    if dice.once_in(5) {
        case.cookie(
            "__clerk_redirect_count",
            dice.pick(&["1", "2", "3", "x", ""]),
        );
    }
}

fn add_query(case: &mut Case, pair: &str) {
    let separator = if case.path.contains('?') { '&' } else { '?' };
    case.path = format!("{}{separator}{pair}", case.path);
}

async fn handshake(dice: &mut Dice, world: &World, visitor: &Visitor, case: &mut Case) {
    if !dice.once_in(6) {
        return;
    }
    let header = world.mint.header();
    let session = tokens::token(
        world,
        &visitor.session,
        dice.pick(&[Kind::Good, Kind::OfAgent, Kind::Expired, Kind::ForeignKey]),
    );
    let claims =
        json!({ "handshake": [format!("__session={session}; Path=/"), "__client_uat=1; Path=/"] });
    let (name, value) = match dice.pick(&[0, 1, 2, 3, 4, 5, 6, 7]) {
        0 => (
            "__clerk_handshake_nonce",
            world.handshake(visitor, true).await,
        ),
        1 => ("__clerk_handshake", world.handshake(visitor, false).await),
        2 => ("__clerk_handshake_nonce", "forged".to_owned()),
        3 => ("__clerk_handshake", "forged".to_owned()),
        4 => (
            "__clerk_handshake",
            world.mint.sign_foreign(&header, &claims),
        ),
        5 => ("__clerk_handshake", world.mint.sign(&header, &claims)),
        6 => (
            "__clerk_handshake",
            world
                .mint
                .sign(&header, &json!({ "handshake": ["__client_uat=0; Path=/"] })),
        ),
        _ => {
            let mut template = header.clone();
            template["cat"] = "cl_B7d4PD222AAA".into();
            ("__clerk_handshake", world.mint.sign(&template, &claims))
        }
    };
    if dice.once_in(2) {
        case.cookie(name, value);
    } else {
        add_query(case, &format!("{name}={value}"));
    }
}
