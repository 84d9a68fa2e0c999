//! Sockets: accepts connections, speaks HTTP/1.1 with limits on time and size, and stops without cutting anyone off.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::error::{Error, Result};
use crate::wire;

/// How long a client may take to send its headers, and an idle connection may stay.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How long a whole request may take, its body included.
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// The most bytes read ahead on a connection. Headers beyond it are answered with 431 before they are read whole.
const BUFFER: usize = 64 * 1024;
/// How long stopping waits for requests under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// Binds every address. Where the first has port 0, the others take the port it was given.
///
/// # Errors
/// [`Error::Config`] naming the address that is taken.
pub(crate) fn bind(addresses: &[SocketAddr]) -> Result<Vec<(SocketAddr, std::net::TcpListener)>> {
    let mut bound: Vec<(SocketAddr, std::net::TcpListener)> = Vec::new();
    for address in addresses {
        let port = bound
            .first()
            .filter(|_| address.port() == 0)
            .map_or(address.port(), |(first, _)| first.port());
        let wanted = SocketAddr::new(address.ip(), port);
        match std::net::TcpListener::bind(wanted) {
            Ok(socket) => {
                socket.set_nonblocking(true)?;
                bound.push((socket.local_addr()?, socket));
            }
            // A machine without IPv6 is reached over IPv4.
            Err(_) if !bound.is_empty() && wanted.is_ipv6() && wanted.ip().is_loopback() => {}
            Err(error) => return Err(Error::Config(format!("cannot listen on {wanted}: {error}"))),
        }
    }
    Ok(bound)
}

/// One door and the sockets that lead to it.
pub(crate) struct Listener {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    running: Vec<JoinHandle<()>>,
}

impl Listener {
    pub(crate) fn start(
        app: &App,
        sockets: Vec<(SocketAddr, std::net::TcpListener)>,
        door: &Router,
    ) -> Result<Self> {
        let (stop, stopping) = watch::channel(false);
        let address = sockets
            .first()
            .map(|(address, _)| *address)
            .ok_or_else(|| Error::Config("no address to listen on".into()))?;
        let mut running = Vec::new();
        for (_, socket) in sockets {
            let socket = TcpListener::from_std(socket)?;
            running.push(tokio::spawn(accept(
                socket,
                app.clone(),
                door.clone(),
                stopping.clone(),
            )));
        }
        Ok(Self {
            address,
            stop,
            running,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.running {
            let _ = task.await;
        }
    }
}

async fn accept(socket: TcpListener, app: App, door: Router, mut stopping: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, peer)) => serve(stream, peer, (&app, &door), &graceful),
                // Out of file descriptors, or the caller is gone already; the next one may be luckier.
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            },
            _ = stopping.changed() => break,
        }
    }
    drop(socket);
    if tokio::time::timeout(PATIENCE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time");
    }
}

fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    (app, door): (&App, &Router),
    graceful: &GracefulShutdown,
) {
    // Answers are small; waiting to fill packets would only delay them.
    let _ = stream.set_nodelay(true);
    let (app, door) = (app.clone(), door.clone());
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let answer = wire::edge(app.clone(), door.clone(), peer, request.map(Body::new));
        async move {
            match tokio::time::timeout(REQUEST_TIME, answer).await {
                Ok(response) => Ok::<_, std::io::Error>(response),
                Err(_) => Err(std::io::Error::other("the request took too long")),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}
