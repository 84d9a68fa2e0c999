//! One attempt: a signed POST to an address that was looked up and found fit just now.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use tokio::sync::OnceCell;
use url::Url;

use crate::app::App;
use crate::clock::Time;
use crate::error::Result;
use crate::reach::Reach;
use crate::webhooks::{Claimed, Endpoint, Outcome, SigningSecret};

/// When it is tried again after each failure, in seconds; after the last, nobody tries. Svix publishes this schedule.
const AGAIN: [i64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(15);
/// How much of an answer is read, in bytes. It says nothing that is needed; but a connection that is closed in the middle of an
/// answer looks like a failure to some who give one.
const ANSWER_MAX: usize = 64 * 1024;

/// Looks names up.
type LookUp = dyn Fn(String) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>
    + Send
    + Sync;

/// What posts.
pub(super) struct Post {
    reach: Reach,
    look_up: Arc<LookUp>,
    /// Made when it is first needed: it reads the authorities that the system trusts.
    client: OnceCell<Client>,
}

impl Post {
    pub(super) fn new(reach: Reach) -> Self {
        Self::looking_up(
            reach,
            Arc::new(|name: String| {
                Box::pin(async move {
                    let found = tokio::net::lookup_host((name, 0)).await?;
                    Ok(found.map(|address| address.ip()).collect())
                })
            }),
        )
    }

    fn looking_up(reach: Reach, look_up: Arc<LookUp>) -> Self {
        Self {
            reach,
            look_up,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> std::result::Result<&Client, String> {
        let make = async || {
            let (reach, look_up) = (self.reach, self.look_up.clone());
            // Requests to the API must not wait for files that are read and certificates that are parsed.
            let making = tokio::task::spawn_blocking(move || client(reach, look_up));
            match making.await {
                Ok(client) => client.map_err(|error| reason(&error)),
                Err(error) => Err(error.to_string()),
            }
        };
        self.client.get_or_try_init(make).await
    }

    /// Tries a delivery and says what came of it.
    pub(super) async fn try_once(&self, app: &App, endpoint: &Endpoint, of: Claimed) -> Outcome {
        let (at, started) = (app.now(), Instant::now());
        // Receivers go by their own clocks, and nobody moved those.
        let sent_at = app.watch.real();
        let answer = match signed(app, endpoint, &of, sent_at) {
            Ok(signatures) => {
                let message = (of.message_id.as_str(), of.payload.as_str());
                self.send(&endpoint.url, message, sent_at, &signatures)
                    .await
            }
            Err(error) => Err(error.to_string()),
        };
        let took = started.elapsed();
        let status = answer.as_ref().ok().copied();
        let error = match answer {
            Ok(200..=299) => None,
            Ok(status @ 300..=399) => {
                Some(format!("answered {status}: redirects are not followed"))
            }
            Ok(status) => Some(format!("answered {status}")),
            Err(why) => Some(why),
        };
        let figures = &app.metrics.webhooks;
        figures.took.took(took);
        let again = error.as_ref().and_then(|_| again(of.attempts, app.now()));
        match (&error, again) {
            (None, _) => figures.delivered.count(),
            (Some(_), Some(_)) => figures.failed.count(),
            (Some(error), None) => {
                figures.dead.count();
                tracing::warn!(
                    webhook = endpoint.id.as_str(),
                    delivery = of.id,
                    error,
                    "nobody tries this delivery any more"
                );
            }
        }
        Outcome {
            of,
            at,
            took: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            status: status.map(i64::from),
            error,
            again,
        }
    }

    /// Posts it and gives the status of the answer, or says why there is none.
    async fn send(
        &self,
        url: &str,
        (id, payload): (&str, &str),
        at: Time,
        signatures: &str,
    ) -> std::result::Result<u16, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        // Addresses that need no looking up pass the resolver by.
        self.reach
            .takes(&url)
            .map_err(|wanted| format!("not {wanted}"))?;
        let mut request = self.client().await?.post(url);
        for prefix in ["svix", "webhook"] {
            request = named(request, prefix, id, at, signatures);
        }
        let request = request
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(payload.to_owned());
        let mut answer = request.send().await.map_err(|error| reason(&error))?;
        let mut read = 0;
        while read < ANSWER_MAX
            && let Ok(Some(part)) = answer.chunk().await
        {
            read += part.len();
        }
        Ok(answer.status().as_u16())
    }
}

fn client(reach: Reach, look_up: Arc<LookUp>) -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(concat!("Standin-Webhooks/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        // A proxy would look the name up by itself.
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        // A connection that is kept is one whose address is not looked up again.
        .pool_max_idle_per_host(0)
        .dns_resolver(Fit { reach, look_up })
        .build()
}

/// Clerk's receivers know the headers by Svix' names, and others by those of Standard Webhooks.
fn named(
    request: RequestBuilder,
    prefix: &str,
    id: &str,
    at: Time,
    signatures: &str,
) -> RequestBuilder {
    request
        .header(format!("{prefix}-id"), id)
        .header(format!("{prefix}-timestamp"), at.seconds())
        .header(format!("{prefix}-signature"), signatures)
}

/// The signatures under all secrets that hold now.
fn signed(app: &App, endpoint: &Endpoint, of: &Claimed, sent_at: Time) -> Result<String> {
    let content = format!("{}.{}.{}", of.message_id, sent_at.seconds(), of.payload);
    let secrets = endpoint.signing(&app.master_key, app.now())?;
    let each = secrets.iter().map(|secret| signature(secret, &content));
    Ok(each.collect::<Vec<_>>().join(" "))
}

fn signature(secret: &SigningSecret, content: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.key());
    let tag = hmac::sign(&key, content.as_bytes());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

/// When it is tried again that failed once more after so many attempts; a tenth sooner or later, so that what failed together
/// does not come together.
fn again(attempts: i64, now: Time) -> Option<Time> {
    let seconds = AGAIN.get(usize::try_from(attempts).ok()?)?;
    let mut byte = [0_u8];
    // Without randomness they come together, which is no reason not to come.
    let _ = rand::fill(&mut byte);
    let tenth = seconds * 100;
    Some(Time(
        now.0 + seconds * 1000 - tenth + tenth * 2 * i64::from(byte[0]) / 255,
    ))
}

/// An error with all its causes: the outermost says "error sending request" only. Without the address, which the reader has.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let mut text = String::new();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    if text.is_empty() {
        "it could not be sent".into()
    } else {
        text
    }
}

/// Gives those of a name's addresses that are within reach; the connection is made to one of them and nowhere else.
struct Fit {
    reach: Reach,
    look_up: Arc<LookUp>,
}

impl Resolve for Fit {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, found) = (self.reach, (self.look_up)(name.as_str().to_owned()));
        Box::pin(async move {
            let mut fit = found.await?;
            fit.retain(|address| reach.admits(*address));
            if fit.is_empty() {
                return Err("its name leads to no address that this server may call".into());
            }
            let addresses = fit.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that gives one answer to everybody and counts them.
    async fn server(answer: &'static str) -> (u16, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let count: Arc<AtomicUsize> = Arc::default();
        let counted = count.clone();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = connection.read(&mut [0; 4096]).await;
                let _ = connection.write_all(answer.as_bytes()).await;
            }
        });
        (port, count)
    }

    /// A post whose names lead to the next of these addresses each time.
    fn post(reach: Reach, addresses: &[&str]) -> Post {
        let addresses = addresses.iter().map(|address| address.parse().unwrap());
        let left: Mutex<Vec<IpAddr>> = Mutex::new(addresses.rev().collect());
        Post::looking_up(
            reach,
            Arc::new(move |_| {
                let next = left.lock().unwrap().pop();
                Box::pin(async move { Ok(next.into_iter().collect()) })
            }),
        )
    }

    async fn send(post: &Post, url: &str) -> std::result::Result<u16, String> {
        post.send(url, ("msg_1", "{}"), Time(0), "v1,").await
    }

    #[tokio::test]
    async fn a_name_that_leads_elsewhere_the_next_time_is_not_followed_there() {
        let (port, count) = server("HTTP/1.1 204 No Content\r\n\r\n").await;
        let url = format!("http://app.localhost:{port}/");
        let lured = [
            "127.0.0.1",
            "10.0.0.1",
            "169.254.169.254",
            "::ffff:10.0.0.1",
            "127.0.0.1",
        ];
        let sender = post(Reach::Loopback, &lured);
        assert_eq!(send(&sender, &url).await, Ok(204));
        for _ in 0..3 {
            let refused = send(&sender, &url).await.unwrap_err();
            assert!(
                refused.contains("no address that this server may call"),
                "{refused}"
            );
        }
        assert_eq!(send(&sender, &url).await, Ok(204));
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn nothing_is_sent_to_this_machine_where_only_the_internet_is_meant() {
        let (port, count) = server("HTTP/1.1 204 No Content\r\n\r\n").await;
        let sender = post(Reach::Public, &["127.0.0.1"]);
        for host in [
            "app.example.com",
            "127.0.0.1",
            "localhost",
            "[::1]",
            "0.0.0.0",
        ] {
            let refused = send(&sender, &format!("https://{host}:{port}/")).await;
            assert!(refused.unwrap_err().contains("may call"), "{host}");
        }
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_not_followed() {
        let (other, elsewhere) = server("HTTP/1.1 204 No Content\r\n\r\n").await;
        let answer = format!(
            "HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:{other}/\r\ncontent-length: 0\r\n\r\n"
        );
        let (port, _) = server(answer.leak()).await;
        let sender = post(Reach::Loopback, &[]);
        assert_eq!(
            send(&sender, &format!("http://127.0.0.1:{port}/")).await,
            Ok(307)
        );
        assert_eq!(elsewhere.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn the_schedule_ends_after_eight_attempts() {
        let waits = (0..8).map(|attempts| again(attempts, Time(0)).map(|at| at.0 / 1000));
        let waits: Vec<_> = waits.collect();
        for (wait, seconds) in waits.iter().zip(AGAIN) {
            let wait = wait.unwrap();
            assert!(
                (seconds * 9 / 10..=seconds * 11 / 10).contains(&wait),
                "{wait}"
            );
        }
        assert_eq!(waits[7], None);
    }
}
