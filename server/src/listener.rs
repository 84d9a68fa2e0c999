//! Sockets: accepts connections, speaks HTTP/1.1 with limits on time and size, and stops without cutting anyone off.
//!
//! Stopping has two steps. At first nobody new comes in, and every answer says that its connection ends with it, so that
//! clients with a pool of idle connections learn it before they write into one that is closed. Then the idle ones are
//! closed, and requests under way are waited for.

mod admission;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use http::HeaderValue;
use http::header::CONNECTION;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::app::App;
use crate::error::{Error, Result};
use crate::tls::Tls;
use crate::wire::{self, Doors, Peer};
use admission::{Admission, Admitted};

/// The most bytes read ahead on a connection. Headers beyond it are answered with 431 before they are read whole.
const BUFFER: usize = 64 * 1024;
/// How many connections wait to be accepted, where the system lets that many. Whoever comes on top of them is not heard, and
/// asks again after a second.
const BACKLOG: i32 = 4096;
/// How long idle connections stay open while a server stops: a busy client has used each of its own by then.
const DRAIN: Duration = Duration::from_millis(250);

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
        match listen(wanted) {
            Ok(socket) => bound.push((socket.local_addr()?, socket)),
            // A machine without IPv6 is reached over IPv4.
            Err(_) if !bound.is_empty() && wanted.is_ipv6() && wanted.ip().is_loopback() => {}
            Err(error) => return Err(Error::Config(format!("cannot listen on {wanted}: {error}"))),
        }
    }
    Ok(bound)
}

fn listen(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A server that starts again has its address at once.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// How far stopping has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Nobody new; what is open is used up.
    Draining,
    /// What is idle is closed.
    Closing,
}

/// All sockets of a server. Dropped without [`Listeners::stop`], they close what is idle and let the rest finish.
pub(crate) struct Listeners {
    phase: watch::Sender<Phase>,
    running: Vec<JoinHandle<()>>,
    admission: Admission,
}

impl Listeners {
    pub(crate) fn new(app: &App) -> Self {
        Self {
            phase: watch::Sender::new(Phase::Open),
            running: Vec::new(),
            admission: Admission::new(&app.config),
        }
    }

    /// Opens a door at some sockets.
    pub(crate) fn open(
        &mut self,
        app: &App,
        sockets: Vec<(SocketAddr, std::net::TcpListener)>,
        doors: &Doors,
        tls: Option<&Tls>,
    ) -> Result<()> {
        for (_, socket) in sockets {
            let entrance = Entrance {
                app: app.clone(),
                doors: doors.clone(),
                security: Security::of(app, tls),
                phase: self.phase.subscribe(),
            };
            let socket = TcpListener::from_std(socket)?;
            let admission = self.admission.clone();
            self.running
                .push(tokio::spawn(accept(socket, admission, entrance)));
        }
        Ok(())
    }

    /// Stops all of them together, within `patience`.
    pub(crate) async fn stop(self, patience: Duration) {
        let aborts: Vec<_> = self.running.iter().map(JoinHandle::abort_handle).collect();
        let ended = async {
            for task in self.running {
                let _ = task.await;
            }
        };
        let mut ended = pin!(ended);
        self.phase.send_replace(Phase::Draining);
        let drain = DRAIN.min(patience);
        if tokio::time::timeout(drain, &mut ended).await.is_ok() {
            return;
        }
        self.phase.send_replace(Phase::Closing);
        let rest = patience.saturating_sub(drain);
        if tokio::time::timeout(rest, &mut ended).await.is_err() {
            tracing::warn!("some requests did not finish in time and are cut off");
            aborts.iter().for_each(tokio::task::AbortHandle::abort);
            ended.await;
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

    /// The TLS acceptor, if a connection with this first byte is to have one.
    fn acceptor(self, first: u8) -> Option<TlsAcceptor> {
        /// The first byte of a TLS handshake record (RFC 8446 §5.1).
        const HANDSHAKE: u8 = 22;
        match self {
            Self::Plain => None,
            Self::Tls(acceptor) => Some(acceptor),
            Self::Both(acceptor) => (first == HANDSHAKE).then_some(acceptor),
        }
    }
}

/// What a connection leads to.
#[derive(Clone)]
struct Entrance {
    app: App,
    doors: Doors,
    security: Security,
    phase: watch::Receiver<Phase>,
}

impl Entrance {
    /// Returns when idle connections are to be closed.
    async fn closing(&self) {
        let mut phase = self.phase.clone();
        // Without a sender there is no server any more.
        let _ = phase.wait_for(|phase| *phase == Phase::Closing).await;
    }
}

/// Takes in connections until the server stops, and waits for the last of them. Aborted, it ends them with it.
async fn accept(socket: TcpListener, admission: Admission, entrance: Entrance) {
    let mut connections = JoinSet::new();
    let mut phase = entrance.phase.clone();
    let next = async || {
        let room = admission.room().await;
        socket.accept().await.map(|accepted| (accepted, room))
    };
    loop {
        tokio::select! {
            accepted = next() => match accepted {
                Ok(((stream, address), Some(room))) => {
                    if let Some(place) = admission.admit(address.ip(), room) {
                        connections.spawn(connect(stream, address, entrance.clone(), place));
                    } else {
                        tracing::debug!("a network has too many connections open");
                    }
                }
                Ok((_, None)) => break,
                // Out of file descriptors, or the caller is gone already; the next one may be luckier.
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    #[expect(clippy::disallowed_methods, reason = "nothing tells when a descriptor is free")]
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = phase.changed() => break,
        }
    }
    drop(socket);
    while connections.join_next().await.is_some() {}
}

/// Settles what a connection speaks, and serves it to its end.
async fn connect(stream: TcpStream, address: SocketAddr, entrance: Entrance, _place: Admitted) {
    // Answers are small; waiting to fill packets would only delay them.
    let _ = stream.set_nodelay(true);
    let patience = entrance.app.config.connections.headers;
    let greeted = tokio::select! {
        greeted = tokio::time::timeout(patience, greet(stream, entrance.security.clone())) => greeted,
        // Nothing was asked, so nothing is cut off.
        () = entrance.closing() => return,
    };
    let peer = |is_tls| Peer { address, is_tls };
    let served = match greeted {
        Ok(Ok(Stream::Plain(stream))) => serve(stream, peer(false), entrance).await,
        Ok(Ok(Stream::Tls(stream))) => serve(stream, peer(true), entrance).await,
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

/// Waits for the first byte, so that a connection that says nothing costs no buffers, and speaks TLS if it is that.
async fn greet(stream: TcpStream, security: Security) -> std::io::Result<Stream> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    match security.acceptor(first[0]) {
        None => Ok(Stream::Plain(stream)),
        Some(acceptor) => Ok(Stream::Tls(Box::new(acceptor.accept(stream).await?))),
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    entrance: Entrance,
) -> hyper::Result<()> {
    let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
        let (app, doors) = (entrance.app.clone(), entrance.doors.clone());
        let answer = wire::edge(app, doors, peer, request.map(Body::new));
        let phase = entrance.phase.clone();
        async move {
            let mut response = answer.await;
            if *phase.borrow() != Phase::Open {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(entrance.app.config.connections.headers)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = &mut connection => return ended,
        () = entrance.closing() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}
