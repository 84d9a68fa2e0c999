//! Which names the settings have: every framework shows a page's share of them under a prefix of its own, and asks for
//! some by other names.

use std::path::Path;

use clap::ValueEnum;
use serde_json::Value;

use super::Values;

/// What `--framework` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// As package.json says
    Auto,
    /// Next.js
    #[value(alias = "nextjs")]
    Next,
    /// Astro
    Astro,
    /// Nuxt
    Nuxt,
    /// React Router
    ReactRouter,
    /// `TanStack` Start
    #[value(alias = "tanstack-react-start")]
    Tanstack,
    /// Express, and any server without a framework
    #[value(aliases = ["backend", "axum"])]
    Express,
    /// Fastify
    Fastify,
    /// Remix 2
    Remix,
    /// `SvelteKit` with svelte-clerk
    #[value(alias = "sveltekit")]
    Svelte,
    /// Vite
    Vite,
    /// The names of all of them
    All,
}

/// A framework, or a group with the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// Next.js.
    Next,
    /// Astro.
    Astro,
    /// Nuxt.
    Nuxt,
    /// Remix 2, with another name for one of Express's.
    Remix,
    /// `SvelteKit` with svelte-clerk.
    Svelte,
    /// React Router, `TanStack` Start and bare Vite.
    Vite,
    /// Express and whatever reads `CLERK_…` as it is.
    Plain,
    /// As plain, with settings that must be passed in code.
    Fastify,
}

const ALL: [Framework; 7] = [
    Framework::Plain,
    Framework::Next,
    Framework::Astro,
    Framework::Nuxt,
    Framework::Remix,
    Framework::Svelte,
    Framework::Vite,
];

/// The script that draws, as SDKs of today ask for it. Older ones do not: their clerk-js draws by itself.
const CLERK_UI: &str = "ui@1/dist/ui.browser.js";

/// Packages that name a framework, the more telling first: an application on Astro also depends on vite.
const PACKAGES: [(&str, Framework); 19] = [
    ("@clerk/nextjs", Framework::Next),
    ("@clerk/astro", Framework::Astro),
    ("@clerk/nuxt", Framework::Nuxt),
    ("svelte-clerk", Framework::Svelte),
    ("@clerk/react-router", Framework::Vite),
    ("@clerk/tanstack-react-start", Framework::Vite),
    ("@clerk/fastify", Framework::Fastify),
    ("@clerk/express", Framework::Plain),
    ("@clerk/clerk-sdk-node", Framework::Plain),
    ("@clerk/remix", Framework::Remix),
    ("next", Framework::Next),
    ("astro", Framework::Astro),
    ("nuxt", Framework::Nuxt),
    ("@sveltejs/kit", Framework::Svelte),
    ("@react-router/dev", Framework::Vite),
    ("@tanstack/react-start", Framework::Vite),
    ("fastify", Framework::Fastify),
    ("express", Framework::Plain),
    ("vite", Framework::Vite),
];

impl Choice {
    /// The frameworks meant, for the application in `folder`.
    pub fn frameworks(self, folder: &Path) -> Vec<Framework> {
        vec![match self {
            Self::All => return ALL.to_vec(),
            Self::Auto => detect(&package(folder)).unwrap_or(Framework::Plain),
            Self::Next => Framework::Next,
            Self::Astro => Framework::Astro,
            Self::Remix => Framework::Remix,
            Self::Svelte => Framework::Svelte,
            Self::Nuxt => Framework::Nuxt,
            Self::ReactRouter | Self::Tanstack | Self::Vite => Framework::Vite,
            Self::Express => Framework::Plain,
            Self::Fastify => Framework::Fastify,
        }]
    }
}

/// The application's package.json; null where there is none that can be read.
pub fn package(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("package.json"));
    text.ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

/// Whether an application depends on a package.
pub fn depends_on(package: &Value, name: &str) -> bool {
    ["dependencies", "devDependencies", "peerDependencies"]
        .iter()
        .any(|kind| package[*kind].get(name).is_some())
}

fn detect(package: &Value) -> Option<Framework> {
    let found = PACKAGES.iter().find(|(name, _)| depends_on(package, name));
    found.map(|(_, framework)| *framework)
}

impl Framework {
    /// Whether its applications run as plain Node, which reads no file of settings by itself.
    pub fn is_plain_node(self) -> bool {
        matches!(self, Self::Plain | Self::Fastify | Self::Remix)
    }

    /// What stands before the names of what pages may see.
    pub fn public(self) -> &'static str {
        match self {
            Self::Next => "NEXT_PUBLIC_",
            Self::Astro | Self::Svelte => "PUBLIC_",
            Self::Nuxt => "NUXT_PUBLIC_",
            Self::Vite => "VITE_",
            Self::Plain | Self::Fastify | Self::Remix => "",
        }
    }

    /// What stands before the names of what only the server may see.
    fn private(self) -> &'static str {
        if self == Self::Nuxt { "NUXT_" } else { "" }
    }

    /// Names and values for this framework.
    pub fn settings(self, values: &Values) -> Vec<(String, String)> {
        let (public, private) = (self.public(), self.private());
        let mut settings = vec![
            (
                format!("{public}CLERK_PUBLISHABLE_KEY"),
                values.publishable_key.clone(),
            ),
            (
                format!("{private}CLERK_SECRET_KEY"),
                values.secret_key.clone(),
            ),
            (format!("{private}CLERK_API_URL"), values.api_url.clone()),
            (
                format!("{public}CLERK_PROXY_URL"),
                values.public_url.clone(),
            ),
            (
                format!("{public}CLERK_JS_URL"),
                values.script(values.scripts.clerk_js()),
            ),
            (format!("{public}CLERK_UI_URL"), values.script(CLERK_UI)),
            (format!("{public}CLERK_TELEMETRY_DISABLED"), "1".into()),
        ];
        settings.extend(self.unprefixed(values));
        settings
    }

    /// What the server's half of an SDK looks for without the prefix.
    fn unprefixed(self, values: &Values) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        if self == Self::Vite {
            // TanStack Start's, when the application was built without settings.
            settings.push((
                "CLERK_JS_URL".into(),
                values.script(values.scripts.clerk_js()),
            ));
            settings.push(("CLERK_UI_URL".into(), values.script(CLERK_UI)));
        }
        if self == Self::Remix {
            settings.push(("CLERK_JS".into(), values.script(values.scripts.clerk_js())));
        }
        if self == Self::Svelte {
            // svelte-clerk looks for the Backend API's address where pages look, though only its server asks there.
            let name = format!("{}CLERK_API_URL", self.public());
            settings.push((name, values.api_url.clone()));
        }
        if !self.public().is_empty() {
            settings.push(("CLERK_TELEMETRY_DISABLED".into(), "1".into()));
        }
        settings
    }

    /// The framework whose build takes a page's share of the settings in, so that a later change does not reach it.
    pub fn built_in(self) -> Option<&'static str> {
        match self {
            Self::Next => Some("Next.js"),
            Self::Astro => Some("Astro"),
            Self::Nuxt | Self::Remix | Self::Svelte | Self::Vite | Self::Plain | Self::Fastify => {
                None
            }
        }
    }
}

/// Names and values for several frameworks, each name once.
pub fn settings(frameworks: &[Framework], values: &Values) -> Vec<(String, String)> {
    let mut settings: Vec<(String, String)> = Vec::new();
    for (name, value) in frameworks
        .iter()
        .flat_map(|framework| framework.settings(values))
    {
        if !settings.iter().any(|(known, _)| *known == name) {
            settings.push((name, value));
        }
    }
    settings
}

/// Whether a setting of any framework holds a key.
pub fn is_key(name: &str) -> bool {
    ALL.iter().any(|framework| {
        name == format!("{}CLERK_PUBLISHABLE_KEY", framework.public())
            || name == format!("{}CLERK_SECRET_KEY", framework.private())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_framework_is_read_off_the_dependencies() {
        let of = |package: Value| detect(&package);
        assert_eq!(
            of(json!({ "dependencies": { "next": "16" } })),
            Some(Framework::Next)
        );
        assert_eq!(
            of(json!({ "devDependencies": { "vite": "8" }, "dependencies": { "astro": "7" } })),
            Some(Framework::Astro)
        );
        assert_eq!(
            of(json!({ "dependencies": { "express": "5", "@clerk/fastify": "3" } })),
            Some(Framework::Fastify)
        );
        assert_eq!(
            of(json!({ "devDependencies": { "vite": "8", "svelte-clerk": "1" } })),
            Some(Framework::Svelte)
        );
        assert_eq!(
            of(
                json!({ "devDependencies": { "vite": "5" }, "dependencies": { "@clerk/remix": "4" } })
            ),
            Some(Framework::Remix)
        );
        assert_eq!(of(json!({ "dependencies": { "left-pad": "1" } })), None);
        assert_eq!(of(Value::Null), None);
    }

    #[test]
    fn each_framework_gets_its_own_names() {
        let values = Values::example();
        let names = |framework: Framework| -> Vec<String> {
            framework
                .settings(&values)
                .into_iter()
                .map(|(name, _)| name)
                .collect()
        };
        assert_eq!(
            names(Framework::Nuxt),
            [
                "NUXT_PUBLIC_CLERK_PUBLISHABLE_KEY",
                "NUXT_CLERK_SECRET_KEY",
                "NUXT_CLERK_API_URL",
                "NUXT_PUBLIC_CLERK_PROXY_URL",
                "NUXT_PUBLIC_CLERK_JS_URL",
                "NUXT_PUBLIC_CLERK_UI_URL",
                "NUXT_PUBLIC_CLERK_TELEMETRY_DISABLED",
                "CLERK_TELEMETRY_DISABLED",
            ]
        );
        assert_eq!(
            names(Framework::Next)[..3],
            [
                "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY",
                "CLERK_SECRET_KEY",
                "CLERK_API_URL"
            ]
        );
        assert_eq!(names(Framework::Plain).len(), 7);
        assert!(names(Framework::Remix).contains(&"CLERK_JS".to_owned()));
        let svelte = names(Framework::Svelte);
        for name in [
            "CLERK_SECRET_KEY",
            "PUBLIC_CLERK_API_URL",
            "PUBLIC_CLERK_JS_URL",
        ] {
            assert!(svelte.iter().any(|known| known == name), "{name}");
        }
    }

    #[test]
    fn a_server_on_vite_finds_the_scripts_without_the_prefix_too() {
        let settings = Framework::Vite.settings(&Values::example());
        let value = |wanted: &str| settings.iter().find(|(name, _)| name == wanted);
        for name in ["CLERK_JS_URL", "CLERK_UI_URL"] {
            let public = value(&format!("VITE_{name}")).map(|(_, value)| value);
            assert!(public.is_some(), "{name}");
            assert_eq!(value(name).map(|(_, value)| value), public, "{name}");
        }
    }

    #[test]
    fn a_secret_never_gets_a_name_that_pages_see() {
        let values = Values::example();
        for (name, value) in settings(&ALL, &values) {
            assert!(
                value != values.secret_key || !name.contains("PUBLIC") && !name.starts_with("VITE"),
                "{name}"
            );
        }
    }
}
