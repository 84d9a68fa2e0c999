//! A command that runs while the server does: a test suite, an application's own `dev`.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::env::{Choice, Values};
use crate::failure::{Exit, Failure, Result};
use crate::signals::{self, StopRequest};

/// Keys of another instance that an SDK would verify with instead of asking this one.
const FOREIGN: [&str; 2] = ["CLERK_JWT_KEY", "NUXT_CLERK_JWT_KEY"];

/// Runs the command to its end and gives back its exit code.
pub async fn run(
    program: &str,
    arguments: &[String],
    values: &Values,
    data: &Path,
) -> Result<ExitCode> {
    let settings = values.settings(&Choice::All.frameworks(Path::new(".")));
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(settings)
        .env("STANDIN_DATA", data);
    for name in FOREIGN {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(|error| {
        Failure::new(
            Exit::Usage,
            "command_not_started",
            format!("cannot run {program}: {error}"),
        )
    })?;
    let status = wait(&mut child).await?;
    Ok(exit_code(status))
}

/// Waits for the end. Ctrl-C reaches the child from the terminal by itself; being asked to stop is passed on.
async fn wait(child: &mut Child) -> Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => {
                return status.map_err(|error| Failure::io("wait for the command", &error));
            }
            asked = signals::stop_requested() => {
                let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
                if let (StopRequest::Terminate, Some(pid)) = (asked?, pid) {
                    let _ = kill_process(pid, Signal::TERM);
                }
            }
        }
    }
}

/// As shells tell it: 128 and the signal's number for one that a signal ended.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
