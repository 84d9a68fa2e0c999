//! Sockets: accepts connections, speaks HTTP/1.1 with limits on time and size, and stops without cutting anyone off.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::app::App;
use crate::error::{Error, Result};
use crate::tls::Tls;
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
        tls: Option<&Tls>,
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
                Security::of(app, tls),
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

/// What a connection must begin with.
#[derive(Clone)]
enum Security {
    /// Plain http.
    Plain,
    /// TLS.
    Tls(TlsAcceptor),
    /// Either: what the client begins with.
    Both(TlsAcceptor),
}

impl Security {
    fn of(app: &App, tls: Option<&Tls>) -> Self {
        match tls.map(Tls::acceptor) {
            None => Self::Plain,
            Some(acceptor) if app.instance.is_development() => Self::Both(acceptor),
            Some(acceptor) => Self::Tls(acceptor),
        }
    }

    /// The TLS acceptor, if this connection is to have one.
    async fn acceptor(self, stream: &TcpStream) -> std::io::Result<Option<TlsAcceptor>> {
        /// The first byte of a TLS handshake record (RFC 8446 §5.1).
        const HANDSHAKE: u8 = 22;
        match self {
            Self::Plain => Ok(None),
            Self::Tls(acceptor) => Ok(Some(acceptor)),
            Self::Both(acceptor) => {
                let mut first = [0];
                stream.peek(&mut first).await?;
                Ok((first[0] == HANDSHAKE).then_some(acceptor))
            }
        }
    }
}

async fn accept(
    socket: TcpListener,
    app: App,
    door: Router,
    security: Security,
    mut stopping: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, peer)) => {
                    let house = (app.clone(), door.clone());
                    tokio::spawn(connect(stream, peer, house, security.clone(), graceful.watcher()));
                }
                // Out of file descriptors, or the caller is gone already; the next one may be luckier.
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    #[expect(clippy::disallowed_methods, reason = "nothing tells when a descriptor is free")]
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

/// Settles what a connection speaks, and serves it to its end.
async fn connect(
    stream: TcpStream,
    peer: SocketAddr,
    house: (App, Router),
    security: Security,
    watcher: Watcher,
) {
    // Answers are small; waiting to fill packets would only delay them.
    let _ = stream.set_nodelay(true);
    let greeted = tokio::time::timeout(HEADER_TIME, greet(stream, security)).await;
    let served = match greeted {
        Ok(Ok(Stream::Plain(stream))) => serve(stream, peer, house, watcher).await,
        Ok(Ok(Stream::Tls(stream))) => serve(stream, peer, house, watcher).await,
        Ok(Err(error)) => return tracing::debug!(%error, "a connection did not begin as it should"),
        Err(_) => return tracing::debug!("a connection said nothing in time"),
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A connection that has begun.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

async fn greet(stream: TcpStream, security: Security) -> std::io::Result<Stream> {
    match security.acceptor(&stream).await? {
        None => Ok(Stream::Plain(stream)),
        Some(acceptor) => Ok(Stream::Tls(Box::new(acceptor.accept(stream).await?))),
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    (app, door): (App, Router),
    watcher: Watcher,
) -> hyper::Result<()> {
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
    watcher.watch(connection).await
}
