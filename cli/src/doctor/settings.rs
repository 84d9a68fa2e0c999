//! What the application is told, against what the server is.

use std::path::{Path, PathBuf};

use standin_server::origin;
use url::Url;

use super::Finding;
use super::mend::Mend;
use crate::env::{self, Choice, Framework, Values};
use crate::failure::Result;

/// The environment of this process, as a place where a setting stands.
const ENVIRONMENT: &str = "the environment";
/// The application's files, the more special one first.
pub(super) const FILES: [&str; 2] = [".env.local", ".env"];

/// A setting, and where it stands.
pub(super) struct Setting {
    pub(super) place: &'static str,
    pub(super) name: String,
    pub(super) value: String,
}

/// What the application is told: its environment, and its `.env` files.
pub(super) struct Settings {
    folder: PathBuf,
    frameworks: Vec<Framework>,
    /// Those in effect: of two with one name, the first that is found.
    all: Vec<Setting>,
}

impl Settings {
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let mut places = vec![(ENVIRONMENT, std::env::vars().collect())];
        for name in FILES {
            let text = env::read(&folder.join(name))?;
            places.push((name, env::dotenv::read(&text)));
        }
        let mut all: Vec<Setting> = Vec::new();
        for (place, settings) in places {
            for (name, value) in settings {
                if !value.is_empty() && !all.iter().any(|known| known.name == name) {
                    all.push(Setting { place, name, value });
                }
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            frameworks: Choice::Auto.frameworks(folder),
            all,
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Setting> {
        self.all.iter().find(|one| one.name == name)
    }

    /// Those of Clerk's.
    pub(super) fn clerk(&self) -> impl Iterator<Item = &Setting> {
        self.all.iter().filter(|one| one.name.contains("CLERK_"))
    }

    /// Where a setting goes that shall win over one in `place`: servers without a framework read `.env` alone.
    pub(super) fn file(&self, place: &str) -> Option<PathBuf> {
        let is_plain = self.frameworks.iter().all(|one| one.is_plain_node());
        match place {
            ENVIRONMENT => None,
            ".env" if is_plain => Some(self.folder.join(".env")),
            _ => Some(self.folder.join(FILES[0])),
        }
    }

    /// With what puts another value in the place of a setting, where that is in a file.
    fn mended(&self, finding: Finding, setting: &Setting, value: String) -> Finding {
        match self.file(setting.place) {
            Some(file) => finding.mend(Mend::set(file, vec![(setting.name.clone(), value)])),
            None => finding,
        }
    }

    /// The file that a place is.
    pub(super) fn is_in(&self, place: &str) -> Option<PathBuf> {
        (place != ENVIRONMENT).then(|| self.folder.join(place))
    }

    /// Where settings go that are nowhere yet: beside those there are.
    fn home(&self) -> PathBuf {
        let mut places = self.clerk().map(|one| one.place);
        let place = places.find(|place| *place != ENVIRONMENT);
        self.file(place.unwrap_or(FILES[0])).unwrap_or_default()
    }

    fn is_public(&self) -> bool {
        self.frameworks.iter().any(|one| !one.public().is_empty())
    }
}

/// The settings of the application against those of the server.
pub(super) fn keys(settings: &Settings, values: &Values) -> Vec<Finding> {
    let wanted = values.settings(&settings.frameworks);
    let mut found = Vec::new();
    let (mut agreeing, mut missing) = (0, Vec::new());
    for (name, value) in &wanted {
        match settings.get(name) {
            Some(held) if agrees(name, &held.value, value) => agreeing += 1,
            Some(held) => found.push(differing(settings, held, value)),
            None => match unprefixed(settings, name, &wanted) {
                Some(finding) => found.push(finding),
                None => missing.push((name.clone(), value.clone())),
            },
        }
    }
    if agreeing > 0 || !found.is_empty() {
        found.extend(absent(settings, missing));
    }
    found.extend(foreign(settings, values, &wanted));
    found.extend(elsewhere(settings, values, &wanted));
    if found.is_empty() && agreeing == 0 {
        let text = "the application has no settings for this server";
        let remedy = "standin env --file .env.local, or standin dev -- COMMAND";
        found.push(Finding::note("settings", text, remedy));
    } else if found.is_empty() {
        let text = format!("{agreeing} of {} agree, none differs", wanted.len());
        found.push(Finding::ok("settings", text));
    }
    found
}

/// Whether a value does what ours would.
fn agrees(name: &str, held: &str, ours: &str) -> bool {
    let port = |url: &Url| (url.scheme().to_owned(), url.port_or_known_default());
    match (Url::parse(held), Url::parse(ours)) {
        _ if held == ours || name.ends_with("TELEMETRY_DISABLED") => true,
        // A path leads through the application itself, which passes it on.
        _ if held.starts_with('/') && !name.ends_with("API_URL") => true,
        // Servers find this machine by any of its names; pages do not.
        (Ok(held), Ok(ours)) if name.ends_with("API_URL") => {
            held == ours
                || origin::is_loopback(&held)
                    && origin::is_loopback(&ours)
                    && port(&held) == port(&ours)
        }
        (Ok(held), Ok(ours)) if name.ends_with("_URL") && !name.ends_with("PROXY_URL") => {
            held.origin() == ours.origin()
        }
        (Ok(held), Ok(ours)) => held == ours,
        _ => false,
    }
}

fn differing(settings: &Settings, held: &Setting, ours: &str) -> Finding {
    let Setting { place, name, value } = held;
    // Addresses can be shown, keys cannot.
    let instead = if value.starts_with("http") && ours.starts_with("http") {
        format!(": it says {value}, and the server is at {ours}")
    } else {
        String::new()
    };
    let text = format!("{name} in {place} is not this server's{instead}");
    match settings.file(place) {
        Some(file) => Finding::wrong("settings", text, "standin env --file .env.local --force")
            .mend(Mend::set(file, vec![(name.clone(), ours.to_owned())])),
        None => Finding::wrong("settings", text, format!("unset {name}")),
    }
}

/// A setting that is there, but for the prefix by which the framework shows it to pages.
fn unprefixed(settings: &Settings, name: &str, wanted: &[(String, String)]) -> Option<Finding> {
    let plain = &name[name.find("CLERK_")?..];
    if wanted.iter().any(|(wanted, _)| wanted == plain) {
        return None;
    }
    let place = settings.get(plain)?.place;
    let text =
        format!("{plain} in {place} is not seen by this framework's pages, which read {name}");
    let remedy = "standin env --file .env.local";
    // Those on Vite hand some of their server's settings on.
    let finding = if name.starts_with("VITE_") {
        Finding::note("settings", text, remedy)
    } else {
        Finding::wrong("settings", text, remedy)
    };
    let ours = wanted.iter().filter(|(wanted, _)| wanted == name).cloned();
    Some(finding.mend(Mend::set(settings.home(), ours.collect())))
}

/// What is nowhere, and without which others of the settings lead to Clerk's cloud.
fn absent(settings: &Settings, missing: Vec<(String, String)>) -> Option<Finding> {
    let has = |end: &str| settings.clerk().any(|one| one.name.ends_with(end));
    let is_needed = |name: &str| match name.rsplit_once("CLERK_").map(|(_, name)| name) {
        Some("API_URL") => has("SECRET_KEY"),
        Some("PROXY_URL") => has("PUBLISHABLE_KEY"),
        Some("JS_URL" | "UI_URL") => has("PUBLISHABLE_KEY") && settings.is_public(),
        Some("PUBLISHABLE_KEY") => has("SECRET_KEY") && settings.is_public(),
        _ => false,
    };
    let missing: Vec<_> = missing
        .into_iter()
        .filter(|(name, _)| is_needed(name))
        .collect();
    let names: Vec<&str> = missing.iter().map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let text = format!(
        "without {} the application asks Clerk's cloud, which does not know these keys",
        names.join(", ")
    );
    let finding = Finding::wrong("settings", text, "standin env --file .env.local");
    Some(finding.mend(Mend::set(settings.home(), missing)))
}

/// Keys of other instances under the names of frameworks that the application does not seem to use.
fn foreign(settings: &Settings, values: &Values, wanted: &[(String, String)]) -> Vec<Finding> {
    let is_wanted = |one: &Setting| wanted.iter().any(|(name, _)| *name == one.name);
    let keys = settings
        .clerk()
        .filter(|one| env::is_key(&one.name) && !is_wanted(one));
    let strange =
        keys.filter(|one| one.value.starts_with("pk_") && one.value != values.publishable_key);
    let finding = |one: &Setting| {
        let Setting { place, name, .. } = one;
        let text = format!(
            "{name} in {place} is the key of another instance: an SDK that finds it first will take it"
        );
        let finding = Finding::wrong("settings", text, format!("remove {name} from {place}"));
        settings.mended(finding, one, values.publishable_key.clone())
    };
    strange.map(finding).collect()
}

/// Addresses of the application's pages by another name of this machine than the server's.
fn elsewhere(settings: &Settings, values: &Values, wanted: &[(String, String)]) -> Vec<Finding> {
    let Some(ours) = Url::parse(&values.public_url)
        .ok()
        .filter(origin::is_loopback)
    else {
        return Vec::new();
    };
    let is_wanted = |one: &Setting| wanted.iter().any(|(name, _)| *name == one.name);
    let finding = |one: &Setting| {
        let page = Url::parse(&one.value).ok()?;
        let is_apart = origin::is_loopback(&page) && !origin::is_same_site(&page, &ours);
        if !is_apart {
            return None;
        }
        let mut near = page.clone();
        near.set_host(ours.host_str()).ok()?;
        let near = if one.value.ends_with('/') {
            near.to_string()
        } else {
            near.as_str().trim_end_matches('/').to_owned()
        };
        let Setting { place, name, .. } = one;
        let text = format!(
            "{name} in {place} leads to {}, which is another site than {}: pages there are signed out",
            page.origin().ascii_serialization(),
            values.public_url
        );
        let finding = Finding::wrong("site", text, format!("{name}={near}"));
        Some(settings.mended(finding, one, near))
    };
    let pages = settings
        .clerk()
        .filter(|one| !is_wanted(one) && !one.name.ends_with("API_URL"));
    pages.filter_map(finding).collect()
}
