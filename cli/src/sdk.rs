//! The application's SDKs, as far as it matters to a server and its settings which they are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::env::package;

/// Where Node would look for a package that `folder` asks for: its own `node_modules`, and those of the folders above.
pub fn npm_folders(folder: &Path) -> Vec<PathBuf> {
    let above = folder.ancestors();
    above.map(|folder| folder.join("node_modules")).collect()
}

/// An `@clerk/backend` that takes less than those of today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Old {
    /// Its version, before 2.19.1. It cannot be given a nonce: before 1.32 it knows none, and from there on it leaves in the
    /// address what it has exchanged, and sends the browser back there, for ever.
    pub version: String,
    /// Before 2.2, it asks for a handshake over https, whatever the Frontend API's address says.
    pub only_https: bool,
}

impl Old {
    fn of(version: String) -> Option<Self> {
        let numbers = numbers(&version)?;
        ([1, 0, 0]..[2, 19, 1]).contains(&numbers).then(|| Self {
            version,
            only_https: numbers < [2, 2, 0],
        })
    }

    /// The oldest that an application with these `node_modules` may run on.
    pub fn find(folders: &[PathBuf]) -> Option<Self> {
        let backends = folders.iter().flat_map(|folder| {
            let theirs = sdks(folder).filter_map(|sdk| sdk.find("backend"));
            theirs.chain([folder.join("@clerk/backend")])
        });
        let old = backends.filter_map(|backend| Self::of(version(&backend)?));
        old.min_by_key(|old| numbers(&old.version))
    }
}

/// Which clerk-js an application's pages load. Every SDK is made for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// 6, and `@clerk/ui` for what is drawn.
    Today,
    /// 5, which draws by itself: for SDKs on `@clerk/shared` before 4, `@clerk/nextjs` 5 and 6 for example.
    Five,
}

impl Scripts {
    /// What the SDKs of the application in `folder` ask for: the oldest of those that its package.json names.
    pub fn of(folder: &Path) -> Self {
        let folders = npm_folders(&std::path::absolute(folder).unwrap_or_default());
        let manifest = package(folder);
        let names = ["dependencies", "devDependencies"]
            .into_iter()
            .filter_map(|kind| manifest[kind].as_object());
        let is_old = |name: &String| {
            let place = |folder: &PathBuf| Some(folder.join(name)).filter(|it| it.is_dir());
            let shared = folders.iter().find_map(place);
            let shared = shared.and_then(|place| version(&Sdk(place).find("shared")?));
            shared
                .and_then(|version| numbers(&version))
                .is_some_and(|[major, ..]| major < 4)
        };
        let mut sdks = names
            .flat_map(serde_json::Map::keys)
            .filter(|name| name.contains("clerk") && !NO_SDKS.contains(&name.as_str()));
        if sdks.any(is_old) {
            Self::Five
        } else {
            Self::Today
        }
    }

    /// The script, as the SDK would ask for it.
    pub fn clerk_js(self) -> &'static str {
        match self {
            Self::Today => "clerk-js@6/dist/clerk.browser.js",
            Self::Five => "clerk-js@5/dist/clerk.browser.js",
        }
    }

    /// What it is called among people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Today => "clerk-js",
            Self::Five => "clerk-js 5, for which its SDK is made,",
        }
    }

    /// What installs it.
    pub fn install(self) -> &'static str {
        match self {
            Self::Today => "npm install --save-dev @clerk/clerk-js @clerk/ui",
            Self::Five => "npm install --save-dev @clerk/clerk-js@5",
        }
    }

    /// Whether the clerk-js that a server finds in these folders is the one.
    pub fn are_in(self, folders: &[PathBuf]) -> bool {
        let mut places = folders.iter().map(|folder| folder.join("@clerk/clerk-js"));
        let installed = places.find(|place| place.join("package.json").is_file());
        let is_five = |place: PathBuf| version(&place).is_some_and(|it| it.starts_with("5."));
        installed.is_some_and(|place| is_five(place) == (self == Self::Five))
    }
}

/// Packages of Clerk's that put nothing into a page by themselves, or do so for an SDK of any age.
const NO_SDKS: [&str; 6] = [
    "@clerk/clerk-js",
    "@clerk/localizations",
    "@clerk/testing",
    "@clerk/themes",
    "@clerk/types",
    "@clerk/ui",
];

/// A package as it lies in a `node_modules`.
struct Sdk(PathBuf);

impl Sdk {
    /// The package of Clerk's that this one would load: its own, or one beside it or above. What pnpm shows in a
    /// `node_modules` is a link, and what a package loads lies where that leads.
    fn find(&self, name: &str) -> Option<PathBuf> {
        let folder = self.0.canonicalize().ok()?;
        let mut places = folder.ancestors();
        places.find_map(|place| {
            let package = place.join("node_modules/@clerk").join(name);
            package.join("package.json").is_file().then_some(package)
        })
    }
}

/// Whatever in this `node_modules` may be an SDK.
fn sdks(folder: &Path) -> impl Iterator<Item = Sdk> + use<> {
    let scope = fs::read_dir(folder.join("@clerk"));
    let scoped = scope.into_iter().flatten().flatten();
    let packages = scoped.map(|entry| entry.path());
    packages.chain([folder.join("svelte-clerk")]).map(Sdk)
}

fn version(package_folder: &Path) -> Option<String> {
    Some(package(package_folder)["version"].as_str()?.to_owned())
}

/// Major, minor and patch of a version.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let numbers = version.split(['.', '-', '+']).take(3);
    let numbers: Vec<u32> = numbers.filter_map(|one| one.parse().ok()).collect();
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `node_modules` in which packages have these versions.
    fn installed(packages: &[(&str, &str)]) -> (tempfile::TempDir, [PathBuf; 2]) {
        let folder = tempfile::tempdir().unwrap();
        for (path, version) in packages {
            let package = folder.path().join(path);
            fs::create_dir_all(&package).unwrap();
            let manifest = format!("{{\"version\": \"{version}\"}}");
            fs::write(package.join("package.json"), manifest).unwrap();
        }
        let folders = [folder.path().join("none"), folder.path().to_owned()];
        (folder, folders)
    }

    fn found(folders: &[PathBuf]) -> Option<String> {
        Old::find(folders).map(|old| old.version)
    }

    #[test]
    fn a_version_that_takes_no_nonce_or_only_https_is_known() {
        assert_eq!(Old::find(&installed(&[]).1), None);
        for (version, only_https) in [
            ("0.38.15", None),
            ("1.13.3", Some(true)),
            ("1.34.0", Some(true)),
            ("2.1.0", Some(true)),
            ("2.2.0", Some(false)),
            ("2.3.0-canary.v1", Some(false)),
            ("2.19.0", Some(false)),
            ("2.19.1", None),
            ("2.20.0", None),
            ("3.25.0", None),
            ("next", None),
        ] {
            let (_keep, folders) = installed(&[("@clerk/backend", version)]);
            let old = Old::find(&folders);
            assert_eq!(old.map(|old| old.only_https), only_https, "{version}");
        }
    }

    #[test]
    fn an_sdk_is_known_that_lies_below_another_package_or_behind_a_link_of_pnpm() {
        let (_keep, folders) = installed(&[
            ("@clerk/backend", "3.25.0"),
            ("@clerk/testing", "2.2.36"),
            ("@clerk/express", "1.7.40"),
            ("@clerk/express/node_modules/@clerk/backend", "2.18.3"),
        ]);
        assert_eq!(found(&folders), Some("2.18.3".to_owned()));

        let (keep, folders) = installed(&[
            (".pnpm/a/node_modules/@clerk/nextjs", "6.20.0"),
            (".pnpm/a/node_modules/@clerk/backend", "1.33.0"),
        ]);
        assert_eq!(found(&folders), None);
        fs::create_dir(keep.path().join("@clerk")).unwrap();
        let link = keep.path().join("@clerk/nextjs");
        std::os::unix::fs::symlink("../.pnpm/a/node_modules/@clerk/nextjs", link).unwrap();
        assert_eq!(found(&folders), Some("1.33.0".to_owned()));
    }

    #[test]
    fn pages_load_the_clerk_js_that_their_sdk_is_made_for() {
        for (shared, scripts) in [
            ("2.20.6", Scripts::Five),
            ("3.48.0", Scripts::Five),
            ("4.41.0", Scripts::Today),
        ] {
            let (keep, _) = installed(&[
                ("node_modules/@clerk/shared", "4.41.0"),
                ("node_modules/@clerk/testing", "2.2.36"),
                ("node_modules/@clerk/nextjs", "6.39.8"),
                (
                    "node_modules/@clerk/nextjs/node_modules/@clerk/shared",
                    shared,
                ),
            ]);
            assert_eq!(Scripts::of(keep.path()), Scripts::Today, "it has no SDK");
            let manifest = r#"{"dependencies": {"@clerk/nextjs": "6"}, "devDependencies": {"@clerk/testing": "2"}}"#;
            fs::write(keep.path().join("package.json"), manifest).unwrap();
            assert_eq!(Scripts::of(keep.path()), scripts, "{shared}");
        }
    }
}
