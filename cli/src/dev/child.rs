//! A command that runs while the server does: a test suite, an application's own `dev`.

use std::io::{ErrorKind, IsTerminal as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::env::{Choice, Values};
use crate::failure::{Exit, Failure, Result};
use crate::signals::{Stop, StopRequest};

/// Keys of another instance that an SDK would verify with instead of asking this one.
const FOREIGN: [&str; 2] = ["CLERK_JWT_KEY", "NUXT_CLERK_JWT_KEY"];

/// Runs the command to its end and gives back its exit code.
pub async fn run(program: &str, arguments: &[String], values: &Values, data: &Path) -> Result<u8> {
    let settings = values.settings(&Choice::All.frameworks(Path::new(".")));
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(settings)
        .env("STANDIN_DATA", data);
    for name in FOREIGN {
        command.env_remove(name);
    }
    let mut stop = Stop::listen()?;
    let mut child = command.spawn().map_err(|error| {
        let exit = match error.kind() {
            ErrorKind::NotFound => Exit::CommandMissing,
            _ => Exit::CommandNotRun,
        };
        Failure::new(
            exit,
            "command_not_started",
            format!("cannot run {program}: {error}"),
        )
    })?;
    let (status, asked) = wait(&mut child, &mut stop).await?;
    Ok(exit_code(status, asked))
}

/// Waits for the end, and says whether somebody asked for it. What the terminal sends (Ctrl-C) reaches the child by itself;
/// what this process alone is sent is passed on.
async fn wait(child: &mut Child, stop: &mut Stop) -> Result<(ExitStatus, Option<StopRequest>)> {
    let mut stopped = None;
    loop {
        tokio::select! {
            status = child.wait() => {
                let status = status.map_err(|error| Failure::io("wait for the command", &error))?;
                return Ok((status, stopped));
            }
            asked = stop.requested() => {
                stopped = Some(asked);
                let signal = match asked {
                    StopRequest::Terminate => Some(Signal::TERM),
                    StopRequest::Interrupt if std::io::stdin().is_terminal() => None,
                    StopRequest::Interrupt => Some(Signal::INT),
                };
                let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
                if let (Some(signal), Some(pid)) = (signal, pid) {
                    let _ = kill_process(pid, signal);
                }
            }
        }
    }
}

/// As shells tell it: 128 and the signal's number for one that a signal ended. A command that ends well because it was asked
/// to stop has not done what it was started for.
fn exit_code(status: ExitStatus, asked: Option<StopRequest>) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    let code = match (code, asked) {
        (Some(0), Some(StopRequest::Interrupt)) => Some(128 + 2),
        (Some(0), Some(StopRequest::Terminate)) => Some(128 + 15),
        (code, _) => code,
    };
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
