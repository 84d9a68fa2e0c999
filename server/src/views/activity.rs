//! Where and with what a session was last used.

use serde_json::{Value, json};

use crate::sessions::Session;

/// Spec schema `SessionActivityResponse`, without what is not known. Nobody is asked in which city an address lies.
pub(super) fn latest(session: &Session) -> Value {
    let program = Program::of(session.user_agent.as_deref().unwrap_or_default());
    let mut view = json!({
        "object": "session_activity",
        "id": session.id.as_str().replacen("sess_", "sess_activity_", 1),
        "device_type": program.device,
        "is_mobile": program.is_mobile,
        "browser_name": program.name,
        "browser_version": program.version,
        "ip_address": session.ip,
    });
    if let Some(fields) = view.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    view
}

/// What a `User-Agent` says of itself (RFC 9110 §10.1.5).
struct Program<'a> {
    name: Option<&'a str>,
    version: Option<&'a str>,
    device: Option<&'static str>,
    is_mobile: bool,
}

/// Products by which browsers can be told, and their names. Each also claims to be some of those behind it.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg", "Edge"),
    ("EdgA", "Edge"),
    ("EdgiOS", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome", "Chrome"),
    ("Chrome", "Chrome"),
    ("Version", "Safari"),
];

/// Words that tell a device. Some browsers use words of those behind theirs, too.
const DEVICES: [&str; 7] = [
    "iPhone",
    "iPad",
    "Android",
    "Windows",
    "Macintosh",
    "CrOS",
    "Linux",
];

impl<'a> Program<'a> {
    fn of(text: &'a str) -> Self {
        let products = || text.split_whitespace().map(product);
        let browser = BROWSERS.iter().find_map(|(token, name)| {
            products()
                .find(|(product, _)| product == token)
                .map(|(_, version)| (*name, version))
        });
        // A program that is no browser names itself first.
        let (name, version) = browser.or_else(|| products().next()).unzip();
        let device = DEVICES.into_iter().find(|word| text.contains(word));
        Self {
            name,
            version: version.flatten(),
            device,
            is_mobile: matches!(device, Some("iPhone" | "iPad" | "Android")),
        }
    }
}

/// `name/version`, or a name alone.
fn product(word: &str) -> (&str, Option<&str>) {
    match word.split_once('/') {
        Some((name, version)) => (name, Some(version)),
        None => (word, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_other_programs_are_called_by_their_names() {
        for (text, name, version, device, is_mobile) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36",
                Some("Chrome"),
                Some("141.0.0.0"),
                Some("Linux"),
                false,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
                Some("Edge"),
                Some("141.0.0.0"),
                Some("Windows"),
                false,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                Some("Safari"),
                Some("18.5"),
                Some("iPhone"),
                true,
            ),
            (
                "Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0",
                Some("Firefox"),
                Some("144.0"),
                Some("Android"),
                true,
            ),
            ("curl/8.14.1", Some("curl"), Some("8.14.1"), None, false),
            ("agent", Some("agent"), None, None, false),
            ("", None, None, None, false),
        ] {
            let found = Program::of(text);
            assert_eq!(
                (found.name, found.version, found.device, found.is_mobile),
                (name, version, device, is_mobile),
                "{text}"
            );
        }
    }
}
