//! Each mistake that people make in setting an application up: made, found by `standin doctor`, named, and mended where it
//! lies in a file. `docs/doctor.md` is made from this table (`scripts/pages`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use standin_proof::check_page;

use crate::world::{Done, World, in_folder, run, standin};

/// A mistake, how it is made in a sound application, and a word of what is said of it.
struct Mistake {
    what: &'static str,
    make: fn(&Stage),
    says: &'static str,
    is_mended: bool,
}

const fn mistake(
    what: &'static str,
    says: &'static str,
    is_mended: bool,
    make: fn(&Stage),
) -> Mistake {
    Mistake {
        what,
        make,
        says,
        is_mended,
    }
}

const FOREIGN: &str = "pk_test_MTI3LjAuMC4xOjEk";
const SPEC: &str = "await clerk.signIn({ page, emailAddress: 'ada@example.com' });\n";

const MISTAKES: &[Mistake] = &[
    mistake(
        "the server has another port than the settings say",
        "it says http://localhost:1",
        true,
        |stage| {
            stage.replace(
                "CLERK_API_URL=http://localhost:",
                "CLERK_API_URL=http://localhost:1\nX=",
            );
        },
    ),
    mistake(
        "the settings are those of another instance, or of one that is gone",
        "CLERK_SECRET_KEY in .env.local is not",
        true,
        |stage| {
            stage.replace(
                "CLERK_SECRET_KEY=",
                "CLERK_SECRET_KEY=sk_test_of_another_instance\nX=",
            );
        },
    ),
    mistake(
        "keys without the addresses: the application asks Clerk's cloud",
        "asks Clerk's cloud",
        true,
        |stage| {
            stage.replace("CLERK_API_URL=", "X=");
            stage.replace("NEXT_PUBLIC_CLERK_PROXY_URL=", "Y=");
        },
    ),
    mistake(
        "names without the framework's prefix",
        "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY",
        true,
        |stage| {
            stage.replace(
                "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY=",
                "CLERK_PUBLISHABLE_KEY=",
            );
        },
    ),
    mistake(
        "127.0.0.1 as the server's public address",
        "it says http://127.0.0.1",
        true,
        |stage| {
            stage.replace(
                "NEXT_PUBLIC_CLERK_PROXY_URL=http://localhost",
                "NEXT_PUBLIC_CLERK_PROXY_URL=http://127.0.0.1",
            );
        },
    ),
    mistake(
        "127.0.0.1 as the address of one of the application's pages",
        "another site",
        true,
        |stage| {
            stage.append(
                ".env.local",
                "NEXT_PUBLIC_CLERK_SIGN_IN_URL=http://127.0.0.1:3000/sign-in\n",
            );
        },
    ),
    mistake(
        "a stray key of another instance under another framework's name",
        "remove VITE_CLERK_PUBLISHABLE_KEY from .env",
        true,
        |stage| {
            stage.append(".env", &format!("VITE_CLERK_PUBLISHABLE_KEY={FOREIGN}\n"));
        },
    ),
    mistake(
        "a verification key with a backslash and an n where lines should end",
        "backslash",
        true,
        |stage| {
            let pem = stage.pem().replace('\n', "\\n");
            stage.append(".env.local", &format!("CLERK_JWT_KEY='{pem}'\n"));
        },
    ),
    mistake(
        "a verification key of another instance",
        "not this server's: every token",
        true,
        |stage| {
            stage.append(
                ".env.local",
                "CLERK_JWT_KEY=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n",
            );
        },
    ),
    mistake(
        "others can read the file with the secret key",
        "others can read it",
        true,
        |stage| {
            open(&stage.app.path().join(".env.local"), 0o644);
        },
    ),
    mistake(
        "git would take the file with the secret key",
        "git would take it",
        true,
        |stage| {
            stage.git(&["init", "-q"]);
        },
    ),
    mistake(
        "git has the file with the secret key",
        "git rm --cached",
        false,
        |stage| {
            stage.git(&["init", "-q"]);
            stage.git(&["add", ".env.local"]);
        },
    ),
    mistake(
        "others can read the data folder's files",
        "others can get at",
        true,
        |stage| {
            open(&stage.world.folder.path().join(".standin"), 0o755);
        },
    ),
    mistake(
        "git would take the data folder",
        "keys and all",
        true,
        |stage| {
            fs::remove_file(stage.world.folder.path().join(".standin/.gitignore")).unwrap();
        },
    ),
    mistake(
        "clerk-js is not installed where Standin runs",
        "npm install",
        false,
        |stage| {
            let modules = stage.world.folder.path().join("node_modules");
            fs::rename(&modules, modules.with_extension("away")).unwrap();
        },
    ),
    mistake(
        "a task lands on another name of this machine",
        "a task that is pending lands on",
        false,
        |stage| {
            let to = ["--redirect", "http://127.0.0.1:3000/"];
            stage
                .world
                .run(&[&["task", "create", "--for", "ada@example.com"][..], &to].concat())
                .ok();
        },
    ),
    mistake(
        "@clerk/fastify, which reads no addresses from the environment",
        "clerkPlugin",
        false,
        |stage| {
            stage.package("@clerk/fastify");
            fs::remove_file(stage.app.path().join(".env.local")).unwrap();
            stage.run(&["env", "--file", ".env.local"]).ok();
        },
    ),
    mistake(
        "Playwright is not told to read the settings",
        "Playwright does not read .env.local",
        false,
        |stage| {
            stage.package("@playwright/test");
            stage.append("playwright.config.ts", "export default {}\n");
        },
    ),
    mistake(
        "Playwright opens pages at 127.0.0.1",
        "names 127.0.0.1",
        false,
        |stage| {
            stage.package("@playwright/test");
            stage.append("playwright.config.ts", "process.loadEnvFile('.env.local')\nexport default { use: { baseURL: 'http://127.0.0.1:3000' } }\n");
        },
    ),
    mistake(
        "a test signs in with emailAddress, for which @clerk/testing asks Clerk's cloud",
        "createAgentTestingTask",
        false,
        |stage| {
            stage.append("login.spec.ts", SPEC);
        },
    ),
];

fn open(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// What the server answers at an address.
fn get(url: &str) -> String {
    let get = async { reqwest::get(url).await.unwrap().text().await.unwrap() };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(get)
}

/// A sound application beside a server that has everything.
struct Stage<'a> {
    world: &'a World,
    app: tempfile::TempDir,
}

impl<'a> Stage<'a> {
    fn new(world: &'a World) -> Self {
        let app = tempfile::tempdir().unwrap();
        let stage = Self { world, app };
        stage.package("next");
        stage.run(&["env", "--file", ".env.local"]).ok();
        stage
    }

    fn run(&self, arguments: &[&str]) -> Done {
        let data = self.world.folder.path().join(".standin");
        run(standin(
            self.app.path(),
            &[arguments, &["--data", data.to_str().unwrap()]].concat(),
        ))
    }

    fn doctor(&self, arguments: &[&str]) -> Done {
        self.run(&[&["doctor", "--json"], arguments].concat())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.app.path().join(name)).unwrap_or_default()
    }

    fn append(&self, name: &str, text: &str) {
        fs::write(self.app.path().join(name), self.read(name) + text).unwrap();
    }

    /// Changes the first of the settings that begins so.
    fn replace(&self, from: &str, to: &str) {
        let before = self.read(".env.local");
        assert!(before.contains(from), "{before}");
        fs::write(
            self.app.path().join(".env.local"),
            before.replacen(from, to, 1),
        )
        .unwrap();
    }

    fn package(&self, name: &str) {
        let text = format!(r#"{{ "dependencies": {{ "next": "16", "{name}": "1" }} }}"#);
        fs::write(self.app.path().join("package.json"), text).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.args(arguments);
        run(in_folder(git, self.app.path())).ok();
    }

    /// The server's verification key, as people copy it.
    fn pem(&self) -> String {
        let jwks = get(&format!(
            "{}/.well-known/jwks.json",
            self.world.told("public_url")
        ));
        let jwks: Value = serde_json::from_str(&jwks).unwrap();
        let modulus = jwks["keys"][0]["n"].as_str().unwrap();
        // What stands around the modulus of 2,048 bits and after it (RFC 8017 A.1.1, RFC 5280 4.1).
        let mut der = STANDARD
            .decode("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA")
            .unwrap();
        der.extend(URL_SAFE_NO_PAD.decode(modulus).unwrap());
        der.extend([2, 3, 1, 0, 1]);
        let body = STANDARD.encode(der);
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----")
    }

    /// Every file of the application, with its text and mode.
    fn files(&self) -> BTreeMap<String, (String, u32)> {
        let entries = fs::read_dir(self.app.path()).unwrap().flatten();
        let files = entries.filter(|entry| entry.path().is_file());
        let one = |entry: fs::DirEntry| {
            let mode = entry.metadata().unwrap().permissions().mode();
            (
                entry.file_name().to_string_lossy().into_owned(),
                (fs::read_to_string(entry.path()).unwrap(), mode),
            )
        };
        files.map(one).collect()
    }
}

/// The findings that are not ok.
fn findings(done: &Done) -> Vec<Value> {
    let json = done.json();
    let all = json["findings"].as_array().unwrap().iter();
    all.filter(|one| one["grade"] != "ok").cloned().collect()
}

fn said(finding: &Value) -> String {
    format!(
        "{} → {}",
        finding["text"].as_str().unwrap(),
        finding["remedy"].as_str().unwrap()
    )
}

/// Makes a mistake, has it found and mended, and tells what was said of it.
fn try_out(mistake: &Mistake, world: &World, before: &[String]) -> Value {
    let stage = Stage::new(world);
    (mistake.make)(&stage);
    let made = stage.files();
    let found = findings(&stage.doctor(&[]));
    let mut of_it = found.iter().filter(|one| said(one).contains(mistake.says));
    let finding = of_it
        .next()
        .unwrap_or_else(|| panic!("{}: {found:#?}", mistake.what));
    assert_eq!(
        finding["can_fix"], mistake.is_mended,
        "{}: {finding}",
        mistake.what
    );
    assert_eq!(
        stage.files(),
        made,
        "{}: to look changes nothing",
        mistake.what
    );

    let fixed = stage.doctor(&["--fix"]);
    let mended = fixed.json()["mended"].clone();
    let after: Vec<String> = findings(&fixed).iter().map(said).collect();
    if mistake.is_mended {
        assert_eq!(fixed.code, 0, "{}: {fixed:?}", mistake.what);
        assert_eq!(after, before, "{}", mistake.what);
        let secret = world.told("secret_key");
        for one in mended.as_array().unwrap() {
            assert_ne!(one["changes"].as_array().unwrap().len(), 0, "{one}");
            assert!(!one.to_string().contains(secret), "{one}");
            if let Some(kept) = one["kept"].as_str() {
                let file = Path::new(one["file"].as_str().unwrap())
                    .file_name()
                    .unwrap();
                let kept = fs::read_to_string(stage.app.path().join(kept)).unwrap();
                assert_eq!(kept, made[file.to_str().unwrap()].0, "{}", mistake.what);
            }
        }
    } else {
        assert_eq!(
            stage.files(),
            made,
            "{}: nothing to mend in files",
            mistake.what
        );
    }
    let files = stage.files();
    let again = stage.doctor(&["--fix"]).json();
    assert_eq!(
        again["mended"].as_array().unwrap().len(),
        0,
        "{}: {again}",
        mistake.what
    );
    assert_eq!(stage.files(), files, "{}: a second time", mistake.what);
    finding.clone()
}

#[test]
fn each_mistake_is_found_named_and_mended_where_it_lies_in_a_file() {
    let world = World::new();
    world.install_scripts();
    let mut page = String::from(
        "# What `standin doctor` finds\n\n\
         Run it in the application's folder (or with `--folder DIR`), beside a running server. It exits with 1 when something is wrong.\n\
         `--fix` mends what is proven to be wrong and lies in a file: it shows each change, keeps what the file held beside it\n\
         (`.env.backup.local`), and finds nothing to do a second time. Each line is made, found and mended by a test\n\
         (`cli/tests/commands/mistakes.rs`). Made by `scripts/pages`.\n\n\
         | mistake | what it says | `--fix` |\n|---|---|---|\n",
    );
    let sound = Stage::new(&world).doctor(&[]).ok();
    let sound: Vec<String> = findings(&sound).iter().map(said).collect();
    for mistake in MISTAKES {
        let said = said(&try_out(mistake, &world, &sound));
        let port = world.told("public_url").rsplit(':').next().unwrap();
        let folder = world.folder.path().to_str().unwrap();
        let said = said
            .replace(&format!(":{port}"), ":4747")
            .replace(&format!("{folder}/"), "");
        let mends = if mistake.is_mended { "yes" } else { "no" };
        let _ = writeln!(page, "| {} | {said} | {mends} |", mistake.what);
        undo(&world);
    }
    page.push_str(
        "\nBeside these: a server that is not there, does not know the key, or is not at its public address; a clock that differs;\n\
         an application (`--app URL`) that does not answer, or is at another site than the server; settings in the environment, which\n\
         no file can mend.\n",
    );
    check_page("doctor.md", &page);
}

/// Takes away what lies with the server, and not in the application.
fn undo(world: &World) {
    let away = world.folder.path().join("node_modules.away");
    if away.exists() {
        fs::rename(&away, away.with_extension("")).unwrap();
    }
    let tasks = world.run(&["task", "list", "--json"]).ok().json();
    for task in tasks["data"].as_array().unwrap() {
        if task["status"] == "pending" {
            world
                .run(&["task", "revoke", task["agent_task_id"].as_str().unwrap()])
                .ok();
        }
    }
}
