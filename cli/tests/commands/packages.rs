//! What people install, made by `scripts/package` from the binary of these tests, and installed where there is nothing else.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::packaging::{address, can, is_ready, said, stop, systemd_takes};
use crate::world::{in_folder, run, standin};

/// How those begin that have no platform before the version.
const VERSIONED: &str = concat!("standin-", env!("CARGO_PKG_VERSION"));

/// The packages, in a folder of their own.
struct Packages(tempfile::TempDir);

impl Packages {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut command = Command::new(root.join("scripts/package"));
        command
            .arg(env!("CARGO_BIN_EXE_standin"))
            .arg(folder.path())
            .env("STANDIN_LEVEL", "1")
            .env("SOURCE_DATE_EPOCH", "1700000000");
        run(in_folder(command, root)).ok();
        Self(folder)
    }

    /// The one whose name begins and ends so.
    fn file(&self, begin: &str, end: &str) -> PathBuf {
        let files = fs::read_dir(self.0.path()).unwrap();
        let mut names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let name = names.find(|name| name.starts_with(begin) && name.ends_with(end));
        self.0.path().join(name.unwrap())
    }
}

#[test]
fn the_manual_is_printed_and_a_script_that_could_not_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let page = run(standin(folder.path(), &["man"])).ok();
    assert!(page.stdout.contains("\n.TH standin 1 "), "{page:?}");
    for arguments in [&["man"][..], &["completions", "bash"]] {
        let mut command = standin(folder.path(), arguments);
        command.stdout(fs::File::create("/dev/full").unwrap());
        let lost = command.output().unwrap();
        assert_eq!(lost.status.code(), Some(1), "{lost:?}");
    }
}

#[test]
fn what_is_packed_is_installed_without_a_network_and_runs() {
    if !can("dpkg-deb", &["--version"]) || !can("objcopy", &["--version"]) {
        return;
    }
    let packages = Packages::make();
    by_npm(&packages);
    by_dpkg(&packages);
    as_an_archive(&packages);
}

/// A command in a folder, which knows no settings of the caller's.
fn command(folder: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    in_folder(command, folder)
}

fn by_npm(packages: &Packages) {
    if !can("npm", &["--version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut install = command(folder, "npm", &["install", "--offline", "--no-audit"]);
    // Nothing that was fetched before.
    install
        .env("npm_config_cache", folder.join("cache"))
        .arg(packages.file(VERSIONED, ".tgz"))
        .arg(packages.file("standin-linux-", ".tgz"));
    run(install).ok();

    let script =
        "console.log(process.env.CLERK_SECRET_KEY.slice(0, 8), process.argv[1]); process.exit(7)";
    let (dev, inside) = (
        ["standin", "dev", "--ephemeral", "--port", "0"],
        ["--", "node", "-e", script, "a b"],
    );
    let done = run(command(folder, "npx", &[&dev[..], &inside].concat()));
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (7, "sk_test_ a b\n"),
        "{done:?}"
    );

    let launcher = folder.join("node_modules/.bin/standin");
    for (signal, code) in [("-INT", 130), ("-TERM", 0)] {
        let server = started(command(
            folder,
            launcher.to_str().unwrap(),
            &[&dev[1..], &["--json"]].concat(),
        ));
        assert_eq!(ended(server, signal), code, "{signal}");
    }
    fs::remove_dir_all(folder.join("node_modules/@standin")).unwrap();
    let done = run(command(folder, launcher.to_str().unwrap(), &["version"]));
    assert_eq!(done.code, 127, "{done:?}");
    assert!(
        done.stderr.contains("the package @standin/linux-"),
        "{done:?}"
    );
    assert!(done.stderr.contains("cargo install"), "{done:?}");
}

/// Waits until it has said its first line.
fn started(mut command: Command) -> Child {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with('{'), "{line}");
    child
}

/// The code with which it ends after a signal.
fn ended(mut child: Child, signal: &str) -> i32 {
    said("kill", &[signal, &child.id().to_string()]);
    child.wait().unwrap().code().unwrap()
}

fn by_dpkg(packages: &Packages) {
    if !rustix::process::geteuid().is_root() || !can("systemd-sysusers", &["--version"]) {
        return;
    }
    let system = tempfile::tempdir().unwrap();
    let root = system.path().to_str().unwrap();
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates"] {
        fs::create_dir_all(system.path().join(folder)).unwrap();
    }
    fs::write(system.path().join("var/lib/dpkg/status"), "").unwrap();
    let at = format!("--root={root}");
    // There is no shell in that system, nor the C library.
    let chrootless = ["--force-script-chrootless", "--force-depends", &at];
    let package = packages.file("standin_", ".deb");
    said(
        "dpkg",
        &[&chrootless[..], &["--install", package.to_str().unwrap()]].concat(),
    );

    let read = |file: &str| fs::read_to_string(system.path().join(file)).unwrap();
    assert!(read("etc/passwd").contains("standin:"), "the user is there");
    let unit = read("usr/lib/systemd/system/standin.service");
    assert!(unit.contains("\nUser=standin\n"), "{unit}");
    systemd_takes(&unit.replace("/usr/bin/standin", env!("CARGO_BIN_EXE_standin")));
    let page = system
        .path()
        .join("usr/share/man/man1/standin-task-create.1.gz");
    if can("man", &["--version"]) {
        let shown = said("man", &["--warnings", "-l", page.to_str().unwrap()]);
        assert!(
            shown.contains("standin task create [OPTIONS] --for <WHO>"),
            "{shown}"
        );
        assert!(!shown.contains("warning:"), "{shown}");
    }

    // What the configuration has as examples, it takes.
    let config = system.path().join("etc/standin/standin.toml");
    let examples = read("etc/standin/standin.toml")
        .replace("\n#", "\n")
        .replace("\n ", "\n# ");
    fs::write(&config, examples.replace(":4747", ":0")).unwrap();
    let binary = format!("{root}/usr/bin/standin");
    let data = format!("{root}/var/lib/standin");
    let serve = [
        "serve",
        "--config",
        config.to_str().unwrap(),
        "--data",
        &data,
    ];
    let mut server = command(system.path(), &binary, &serve)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(is_ready(&address(&mut server)));
    let process = server.id();
    stop(server, process);

    said("dpkg", &[&chrootless[..], &["--purge", "standin"]].concat());
    assert!(!Path::new(&binary).exists());
    assert!(!config.exists());
    assert!(
        Path::new(&data).join("standin.db").exists(),
        "the users stay"
    );
}

fn as_an_archive(packages: &Packages) {
    let folder = packages.0.path().to_str().unwrap();
    said(
        "sh",
        &[
            "-c",
            &format!("cd {folder} && sha256sum --check --strict SHA256SUMS"),
        ],
    );
    let (binary, debug) = (
        packages.file(VERSIONED, "64.tar.gz"),
        packages.file(VERSIONED, ".debug.tar.gz"),
    );
    for (archive, strip) in [(binary, "1"), (debug, "0")] {
        let archive = archive.to_str().unwrap();
        said(
            "tar",
            &["-xzf", archive, "--strip-components", strip, "-C", folder],
        );
    }
    let at = |file: &str| format!("{folder}/{file}");
    let sections = said("objdump", &["--section-headers", &at("standin")]);
    assert!(
        sections.contains(".gnu_debuglink") && !sections.contains(".debug_line"),
        "{sections}"
    );
    let lines = said("objdump", &["--section-headers", &at("standin.debug")]);
    assert!(lines.contains(".debug_line"), "{lines}");
    for (shell, file) in [
        ("bash", "standin.bash"),
        ("zsh", "_standin"),
        ("fish", "standin.fish"),
    ] {
        if can(shell, &["-c", "exit"]) {
            said(shell, &["-n", &at(&format!("completions/{file}"))]);
        }
    }
    for file in [
        "LICENSE",
        "README.md",
        "man/standin.1",
        "standin.service",
        "third-party.txt",
    ] {
        assert!(Path::new(&at(file)).exists(), "{file}");
    }
}
