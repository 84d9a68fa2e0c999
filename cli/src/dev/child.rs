//! A command that runs while the server does: a test suite, an application's own `dev`.

use std::io::{ErrorKind, IsTerminal as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::signed_in::Before;
use crate::client::Client;
use crate::env::{Choice, Values};
use crate::failure::{Exit, Failure, Result};
use crate::signals::{Stop, StopRequest};

/// Keys of another instance that an SDK would verify with instead of asking this one.
const FOREIGN: [&str; 2] = ["CLERK_JWT_KEY", "NUXT_CLERK_JWT_KEY"];

/// What the server is there for, if it is for a command.
#[derive(Args)]
pub struct Around {
    /// Fail if the command succeeds and nobody signed in while it ran
    #[arg(long, requires = "command")]
    expect_sign_in: bool,
    /// Run this command with the settings in its environment; stop when it ends, with its exit code
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

impl Around {
    pub fn is_command(&self) -> bool {
        !self.command.is_empty()
    }

    /// Runs the command to its end and gives back its exit code.
    ///
    /// # Errors
    /// `nobody_signed_in` where somebody was to and nobody did.
    pub async fn run(&self, client: &Client, values: &Values, data: &Path) -> Result<ExitCode> {
        let before = if self.expect_sign_in {
            Some(Before::now(client).await?)
        } else {
            None
        };
        let (program, arguments) = self.command.split_first().unzip();
        let program = program.map(String::as_str).unwrap_or_default();
        let code = run(program, arguments.unwrap_or_default(), values, data).await?;
        match before {
            Some(before) if code == 0 => before.check(client).await?,
            _ => {}
        }
        Ok(ExitCode::from(code))
    }
}

/// Runs a command to its end and gives back its exit code.
async fn run(program: &str, arguments: &[String], values: &Values, data: &Path) -> Result<u8> {
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
