//! Being asked to stop.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Failure, Result};

/// How a server was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopRequest {
    /// Ctrl-C.
    Interrupt,
    /// `kill`, a service manager, a container's end.
    Terminate,
}

impl StopRequest {
    /// What the shell is told after a clean stop: that somebody interrupted it, or that all went as it should.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Interrupt => ExitCode::from(130),
            Self::Terminate => ExitCode::SUCCESS,
        }
    }
}

/// Waits until somebody asks.
pub async fn stop_requested() -> Result<StopRequest> {
    let listen = |kind| signal(kind).map_err(|error| Failure::io("listen for signals", &error));
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    );
    Ok(tokio::select! {
        _ = interrupt.recv() => StopRequest::Interrupt,
        _ = terminate.recv() => StopRequest::Terminate,
    })
}
