//! The heart of the SDK's tests: requests of every kind are shown to it and to Clerk's own SDK under Node, beside the same
//! server, and both must say the same. Where they do not, `differences.rs` says why ours is right.
#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    missing_docs,
    reason = "a test tells one story to its end, and stops where it meets the unexpected"
)]

mod cases;
mod differences;
mod mint;
mod oracle;
mod organizations;
mod tokens;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cases::{Case, Dice};
use http::header::SET_COOKIE;
use serde_json::Value;
use standin::Client;
use standin::auth::{Authenticator, Outcome, Reason, Verdict};

use oracle::Oracle;
use world::World;

/// What somebody made of a request: the verdict, and the cookies that go with it, without what differs from call to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// In as whom, out why, or to where.
    pub verdict: String,
    /// The cookies to set.
    pub cookies: Vec<String>,
}

/// Values of these are made anew whenever a payload is read.
fn masked<'a>(cookies: impl Iterator<Item = &'a str>) -> Vec<String> {
    let masked = cookies.map(|cookie| {
        let (name, rest) = cookie.split_once('=').unwrap_or((cookie, ""));
        let attributes = rest
            .split_once(';')
            .map_or("", |(_, attributes)| attributes);
        let fresh = name.starts_with("__session")
            || name.starts_with("__refresh")
            || name.starts_with("__clerk_db_jwt");
        if fresh {
            format!("{name}=…;{attributes}")
        } else {
            cookie.to_owned()
        }
    });
    masked.collect()
}

async fn ours(world: &World, case: &Case, setups: &mut Setups) -> Seen {
    let mut request = http::Request::builder().method(case.method).uri(&case.path);
    for (name, value) in case.headers() {
        request = request.header(name, value);
    }
    let outcome = setups
        .of(world, case)
        .authenticate(&request.body(()).unwrap())
        .await;
    Seen {
        verdict: verdict(&outcome),
        cookies: masked(
            outcome
                .headers
                .get_all(SET_COOKIE)
                .iter()
                .map(|value| value.to_str().unwrap()),
        ),
    }
}

fn verdict(outcome: &Outcome) -> String {
    match &outcome.verdict {
        Verdict::SignedIn(auth) => {
            let actor = auth.actor().map_or("nobody", standin::Actor::subject);
            let has = organizations::of(auth);
            format!("in: {} {} {actor} {has}", auth.user_id(), auth.session_id())
        }
        Verdict::SignedOut(out) => format!("out: {}", out.reason()),
        Verdict::Redirect(to) => {
            let reason = to.reason().map_or("-".into(), Reason::as_str);
            format!("to: {} ({reason})", to.location())
        }
    }
}

fn theirs(world: &World, case: &Case, oracle: &mut Oracle) -> Seen {
    let answer = oracle.ask(&case.question(world));
    let text = |name: &str| answer[name].as_str();
    let verdict = if let Some(error) = text("threw") {
        format!("threw: {error}")
    } else if let Some(location) = text("location") {
        // Frameworks follow whatever address there is.
        let reason = text("reason").filter(|_| text("status") == Some("handshake"));
        format!("to: {location} ({})", reason.unwrap_or("-"))
    } else if text("status") != Some("signed-in") {
        format!("out: {}", text("reason").unwrap_or_default())
    } else if let Some(user) = text("user") {
        let session = text("session").unwrap_or("no session");
        let has = organizations::of_theirs(&answer);
        format!(
            "in: {user} {session} {} {has}",
            text("actor").unwrap_or("nobody")
        )
    } else {
        // Signed in, and yet nobody: a pending session. It has no word for that.
        "out: session-pending".into()
    };
    let cookies = answer["cookies"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    Seen {
        verdict,
        cookies: masked(cookies.iter().filter_map(Value::as_str)),
    }
}

/// Authenticators, one for each setup, so that their keys are read once.
#[derive(Default)]
struct Setups(BTreeMap<String, Authenticator>);

impl Setups {
    fn of(&mut self, world: &World, case: &Case) -> &Authenticator {
        self.0
            .entry(format!("{:?}", case.setup))
            .or_insert_with(|| {
                let client = Client::builder()
                    .secret_key(&world.secret_key)
                    .api_url(&world.api_url)
                    .build()
                    .unwrap();
                let mut builder = Authenticator::builder()
                    .publishable_key(&world.publishable_key)
                    .client(client);
                if let Some(url) = &case.setup.proxy_url {
                    builder = builder.proxy_url(url);
                }
                if case.setup.jwt_key {
                    builder = builder.jwt_key(world.mint.pem());
                }
                for party in &case.setup.parties {
                    builder = builder.authorized_party(party);
                }
                builder.build().unwrap()
            })
    }
}

/// A verdict without whom and where.
fn sort(verdict: &str) -> String {
    match verdict.split_once(": ") {
        Some(("to", to)) => format!("to: ({}", to.rsplit('(').next().unwrap_or_default()),
        Some(("in", _)) => "in".to_owned(),
        _ => verdict.to_owned(),
    }
}

/// What came of all the cases of a world.
#[derive(Default)]
struct Tally {
    cases: usize,
    verdicts: BTreeMap<String, usize>,
    differences: BTreeMap<&'static str, usize>,
    /// By what the two said: how often, and one request.
    unexplained: BTreeMap<String, (usize, String)>,
}

impl Tally {
    fn note(&mut self, case: &Case, ours: &Seen, theirs: &Seen) {
        self.cases += 1;
        if ours == theirs {
            return;
        }
        if let Some(why) = differences::explain(case, ours, theirs) {
            *self.differences.entry(why).or_default() += 1;
            return;
        }
        let key = format!(
            "{:?}: {} | {}",
            case.tokens,
            sort(&ours.verdict),
            sort(&theirs.verdict)
        );
        let example = format!("{case:#?}\n   ours: {ours:#?}\n theirs: {theirs:#?}");
        self.unexplained.entry(key).or_insert((0, example)).0 += 1;
    }

    fn report(&self) -> String {
        let mut text = format!("{} requests\n", self.cases);
        for (verdict, count) in &self.verdicts {
            let _ = writeln!(text, "{count:6} {verdict}");
        }
        let _ = writeln!(text, "differences that are meant:");
        for (why, count) in &self.differences {
            let _ = writeln!(text, "{count:6} {why}");
        }
        text
    }
}

/// The two SDKs beside one server.
struct Comparison {
    world: World,
    setups: Setups,
    oracle: Oracle,
}

impl Comparison {
    async fn of(&mut self, tally: &mut Tally, case: &Case) {
        let ours = ours(&self.world, case, &mut self.setups).await;
        let theirs = theirs(&self.world, case, &mut self.oracle);
        tally.note(case, &ours, &theirs);
    }
}

async fn compare(oracle: Oracle, live: bool, tally: &mut Tally) {
    let mut both = Comparison {
        world: World::start(live).await,
        setups: Setups::default(),
        oracle,
    };
    let visitor = both.world.visitor().await;
    for case in cases::combinations(&both.world, &visitor) {
        both.of(tally, &case).await;
    }
    for case in cases::disagreements(&both.world, &visitor) {
        both.of(tally, &case).await;
    }
    for case in cases::oddities(&both.world, &visitor) {
        both.of(tally, &case).await;
    }
    for case in cases::renewals(&both.world).await {
        both.of(tally, &case).await;
    }
    let mut dice = Dice(u64::from(live));
    for case in organizations::cases(&mut dice, &both.world, &visitor) {
        both.of(tally, &case).await;
    }
    for _ in 0..1500 {
        let case = cases::thrown(&mut dice, &both.world, &visitor).await;
        both.of(tally, &case).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_judged_as_clerk_s_own_sdk_judges_them() {
    let mut tally = Tally::default();
    for live in [false, true] {
        match Oracle::start() {
            Ok(oracle) => compare(oracle, live, &mut tally).await,
            Err(missing) => {
                eprintln!("SKIPPED: the comparison with Clerk's SDK: {missing}");
                return;
            }
        }
    }
    println!("{}", tally.report());
    let mut text = String::new();
    for (what, (count, example)) in &tally.unexplained {
        let _ = writeln!(text, "\n{count} times {what}\nfor one {example}");
    }
    assert!(text.is_empty(), "differences that nobody meant:\n{text}");
    let unseen: Vec<_> = differences::ALL
        .iter()
        .filter(|one| !tally.differences.contains_key(one.why))
        .collect();
    assert!(
        unseen.is_empty(),
        "differences that are no more: {unseen:#?}"
    );
}
