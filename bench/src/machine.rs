//! Where and when figures were measured: without that they say nothing.

use std::fs;
use std::process::Command;

/// One line: date, machine, commit and the command that was given.
pub fn description() -> String {
    let date = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %Z").to_string();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cpu = field("/proc/cpuinfo", "model name");
    let kib = field("/proc/meminfo", "MemTotal");
    let kib: f64 = kib
        .split(' ')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    let memory = kib / 1024.0 / 1024.0;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let command = [
        "cargo run --release -p standin-bench --",
        &arguments.join(" "),
    ]
    .join(" ");
    format!(
        "{date}; {cores} cores of {cpu}, {memory:.0} GiB, Linux {}; commit {}; `{}`",
        kernel.trim(),
        commit(),
        command.trim_end_matches([' ', '-'])
    )
}

/// The value of the first line of a file in `/proc` that begins with a name.
fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value
        .map_or("unknown", |(_, value)| value.trim())
        .to_owned()
}

fn commit() -> String {
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty", "--exclude=*"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let named = git.output().ok().filter(|output| output.status.success());
    let name = named.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    name.unwrap_or_else(|| "unknown".to_owned())
}
