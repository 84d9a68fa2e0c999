//! Being asked to stop.

use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

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

/// Listens. From the moment it is made, no signal ends this process by itself.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    pub fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).map_err(|error| Failure::io("listen for signals", &error));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits until somebody asks.
    pub async fn requested(&mut self) -> StopRequest {
        tokio::select! {
            _ = self.interrupt.recv() => StopRequest::Interrupt,
            _ = self.terminate.recv() => StopRequest::Terminate,
        }
    }
}

/// Waits until somebody asks.
pub async fn stop_requested() -> Result<StopRequest> {
    Ok(Stop::listen()?.requested().await)
}
