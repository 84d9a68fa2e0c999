//! What Standin is shipped in, as far as this machine can impose it: the unit of systemd, and the recipe of a container.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_standin");

fn shipped(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(file)).unwrap()
}

/// Whether this machine can do it; says so where it cannot.
pub fn can(program: &str, arguments: &[&str]) -> bool {
    let tried = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let can = tried.is_ok_and(|status| status.success());
    if !can {
        eprintln!(
            "SKIPPED: `{program} {}` does not work here",
            arguments.join(" ")
        );
    }
    can
}

pub fn said(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program).args(arguments).output().unwrap();
    let text =
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {arguments:?}: {text}");
    text
}

/// The values of a setting of the unit, in their order.
fn settings<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    let lines = unit.lines().filter_map(|line| line.split_once('='));
    lines
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .collect()
}

/// Has systemd read a unit for the binary of these tests, and say what it leaves open.
pub fn systemd_takes(unit: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("standin.service");
    fs::write(&file, unit).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(said("systemd-analyze", &["verify", "--man=no", file]), "");
    // Tenths of ten points; a unit without any of it has 96.
    said(
        "systemd-analyze",
        &[
            "security",
            "--offline=true",
            "--threshold=13",
            "--no-pager",
            file,
        ],
    );
}

#[test]
fn systemd_takes_the_unit_and_finds_little_that_it_leaves_open() {
    if can("systemd-analyze", &["--version"]) {
        let unit = shipped("packaging/standin.service");
        systemd_takes(&unit.replace("/usr/local/bin/standin", BINARY));
    }
}

/// The calls of every set that systemd knows.
fn sets() -> BTreeMap<String, BTreeSet<String>> {
    let text = said("systemd-analyze", &["syscall-filter", "--no-pager"]);
    let mut sets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut set = String::new();
    for line in text.lines() {
        match line.trim() {
            "" => set.clear(),
            name if line.starts_with('@') => name.clone_into(&mut set),
            member if line.starts_with(' ') && !set.is_empty() && !member.starts_with('#') => {
                sets.entry(set.clone())
                    .or_default()
                    .insert(member.to_owned());
            }
            _ => {}
        }
    }
    sets
}

fn calls(sets: &BTreeMap<String, BTreeSet<String>>, names: &str) -> BTreeSet<String> {
    let calls = names
        .split_whitespace()
        .flat_map(|name| match sets.get(name) {
            Some(members) => members.iter().flat_map(|one| calls(sets, one)).collect(),
            None => BTreeSet::from([name.to_owned()]),
        });
    calls.collect()
}

/// The settings of a server in production that listens wherever there is room.
fn serve(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STANDIN")) {
        command.env_remove(name);
    }
    command
        .env("STANDIN_PUBLIC_URL", "https://clerk.example.com")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
}

/// Waits until it listens, and says where.
pub fn address(server: &mut Child) -> String {
    let mut line = String::new();
    let log = server.stderr.as_mut().unwrap();
    BufReader::new(log).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
    ready["address"].as_str().unwrap().to_owned()
}

pub fn is_ready(address: &str) -> bool {
    let url = format!("http://{address}/readyz");
    let asked = async { reqwest::get(url).await.unwrap().status().is_success() };
    tokio::runtime::Runtime::new().unwrap().block_on(asked)
}

/// Asks a process to stop and waits until it has.
pub fn stop(mut server: Child, process: u32) {
    said("kill", &["-TERM", &process.to_string()]);
    assert!(server.wait().unwrap().success());
}

fn child_of(process: u32) -> u32 {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_server_asks_the_kernel_for_nothing_that_the_unit_forbids() {
    if !can("systemd-analyze", &["--version"]) || !can("strace", &["-f", "true"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-o"])
        .arg(&trace)
        .arg(BINARY)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"]);
    let mut server = serve(strace.arg(folder.path().join("d"))).spawn().unwrap();
    assert!(is_ready(&address(&mut server)));
    let process = child_of(server.id());
    stop(server, process);

    let (unit, sets) = (shipped("packaging/standin.service"), sets());
    let mut allowed = BTreeSet::new();
    for filter in settings(&unit, "SystemCallFilter") {
        match filter.strip_prefix('~') {
            Some(taken) => allowed = &allowed - &calls(&sets, taken),
            None => allowed.extend(calls(&sets, filter)),
        }
    }
    if rustix::process::geteuid().is_root() {
        // SQLite gives its files to their folder's owner if it may; a service may not.
        allowed.insert("fchown".into());
    }
    let traced = fs::read_to_string(trace).unwrap();
    let lines = traced
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(_, call)| call.trim());
    let (mut asked, mut count) = (BTreeSet::new(), 0);
    for line in lines {
        let Some((call, rest)) = line.split_once('(') else {
            continue;
        };
        if !call.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        count += 1;
        asked.insert(call.to_owned());
        let is_both = rest.contains("PROT_WRITE") && rest.contains("PROT_EXEC");
        assert!(!is_both, "MemoryDenyWriteExecute: {line}");
        let families = ["AF_INET,", "AF_INET6,", "AF_UNIX,"];
        assert!(
            call != "socket" || families.iter().any(|one| rest.starts_with(one)),
            "{line}"
        );
    }
    assert!(count > 500, "{count} calls are too few to tell");
    let forbidden: Vec<_> = asked.difference(&allowed).collect();
    assert!(forbidden.is_empty(), "{forbidden:?}");
}

/// What a recipe says of how its image runs.
struct Recipe {
    user: u32,
    variables: Vec<(String, String)>,
    volume: String,
    command: Vec<String>,
}

impl Recipe {
    fn read() -> Self {
        let text = shipped("Containerfile").replace("\\\n", " ");
        let image = text.rsplit("\nFROM ").next().unwrap().to_owned();
        let said = |word: &str| {
            let lines = image.lines().filter_map(|line| line.split_once(' '));
            let found: Vec<String> = lines
                .filter(|(one, _)| *one == word)
                .map(|(_, rest)| rest.to_owned())
                .collect();
            assert_eq!(found.len(), 1, "{word} once");
            found[0].clone()
        };
        for line in text.lines().filter(|line| line.starts_with("FROM ")) {
            let (_, tag) = line.rsplit_once(':').unwrap();
            assert!(!tag.starts_with("latest"), "{line}");
        }
        assert!(!text.lines().any(|line| line.starts_with("ADD ")));
        let program = |word: &str| serde_json::from_str::<Vec<String>>(&said(word)).unwrap();
        let pairs = said("ENV");
        let pairs = pairs.split(' ').map(|pair| pair.split_once('=').unwrap());
        Self {
            user: said("USER").split(':').next().unwrap().parse().unwrap(),
            variables: pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            volume: said("VOLUME"),
            command: [program("ENTRYPOINT"), program("CMD")].concat(),
        }
    }
}

/// The folders and files that the image has: the binary, and the libraries that it names.
fn image(recipe: &Recipe) -> TempDir {
    let root = TempDir::new().unwrap();
    let place = |path: &str| -> PathBuf {
        let path = root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    fs::write(place(&recipe.command[0]), "").unwrap();
    for word in said("ldd", &[BINARY])
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
    {
        fs::copy(word, place(word)).unwrap();
    }
    for folder in [recipe.volume.as_str(), "/proc"] {
        fs::create_dir_all(place(folder)).unwrap();
    }
    root
}

/// Starts what the recipe starts, as its container would.
fn contained(recipe: &Recipe, root: &Path, data: &Path) -> Child {
    let script = r#"
        mount --bind "$ROOT" "$ROOT"
        mount --bind "$BINARY" "$ROOT$ENTRY"
        mount --rbind /proc "$ROOT/proc"
        mount --bind "$DATA" "$ROOT$VOLUME"
        mount -o remount,bind,ro "$ROOT"
        exec setpriv --no-new-privs chroot --userspec="$ID:$ID" --groups="$ID" "$ROOT" "$@""#;
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "--propagation=private",
            "sh",
            "-ec",
            script,
            "sh",
        ])
        .args(&recipe.command);
    serve(&mut command)
        .envs(recipe.variables.iter().map(|(name, value)| (name, value)))
        .env("STANDIN_LISTEN", "127.0.0.1:0")
        .env("ROOT", root)
        .env("DATA", data)
        .env("BINARY", BINARY)
        .env("ENTRY", &recipe.command[0])
        .env("VOLUME", &recipe.volume)
        .env("ID", recipe.user.to_string());
    command.spawn().unwrap()
}

#[test]
fn the_container_s_layout_serves_as_nobody_from_a_read_only_root() {
    let recipe = Recipe::read();
    assert_eq!(recipe.user, 65_534);
    if !can("unshare", &["--mount", "true"]) || !rustix::process::geteuid().is_root() {
        return;
    }
    let (root, data) = (image(&recipe), TempDir::new().unwrap());
    chown(data.path(), Some(recipe.user), Some(recipe.user)).unwrap();
    fs::set_permissions(data.path(), fs::Permissions::from_mode(0o700)).unwrap();
    for _ in 0..2 {
        let mut server = contained(&recipe, root.path(), data.path());
        assert!(is_ready(&address(&mut server)));
        let process = server.id();
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        for line in [
            "NoNewPrivs:\t1",
            "CapEff:\t0000000000000000",
            "Uid:\t65534\t65534\t65534\t65534",
        ] {
            assert!(status.contains(line), "{line}: {status}");
        }
        let mounts = fs::read_to_string(format!("/proc/{process}/mountinfo")).unwrap();
        let roots: Vec<_> = mounts
            .lines()
            .filter(|line| line.split(' ').nth(4) == Some("/"))
            .collect();
        assert!(
            roots
                .iter()
                .all(|line| line.split(' ').nth(5).unwrap().starts_with("ro")),
            "{roots:?}"
        );
        stop(server, process);
    }
    let mut names: Vec<_> = fs::read_dir(data.path())
        .unwrap()
        .map(|one| one.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, [".gitignore", "master.key", "standin.db"]);
}
