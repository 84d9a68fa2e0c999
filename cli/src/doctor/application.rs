//! The application, as browsers see it beside the server.

use std::path::Path;

use standin::agent_tasks::TaskStatus;
use standin_server::origin;
use url::Url;

use super::{Finding, look};
use crate::client::Client;
use crate::env::{Values, depends_on, package};

/// Whether browsers see application and server as one site: scheme and registrable domain, whatever the port.
pub(super) fn site(values: &Values, app: Option<&Url>) -> Option<Finding> {
    let server = Url::parse(&values.public_url).ok()?;
    let Some(app) = app else {
        let (scheme, host) = (server.scheme(), server.host_str()?);
        let text = if origin::is_loopback(&server) {
            format!(
                "open the application at {scheme}://{host}:PORT, and not at another name of this machine"
            )
        } else {
            format!("the application must be at {scheme} and below the same domain as {host}")
        };
        return Some(Finding::note(
            "site",
            text,
            "standin doctor --app URL checks it",
        ));
    };
    Some(if origin::is_same_site(app, &server) {
        Finding::ok(
            "site",
            format!("{app} and {} are one site", values.public_url),
        )
    } else {
        let text = format!(
            "{app} and {} are two sites to a browser: clerk-js finds no cookie and signs the page out",
            values.public_url
        );
        let remedy = format!(
            "open the application at {}://{}",
            server.scheme(),
            server.host_str()?
        );
        Finding::wrong("site", text, format!("{remedy} with its own port"))
    })
}

/// Whether the application is there.
pub(super) async fn application(app: &Url) -> Finding {
    match look(app.as_str()).await {
        Some(answer) => Finding::ok("app", format!("{app} answers {}", answer.status().as_u16())),
        None => Finding::wrong(
            "app",
            format!("nobody answers at {app}"),
            "start the application, or name where it is with --app URL",
        ),
    }
}

/// Whether tasks made lately land where pages stay signed in.
pub(super) async fn landings(client: &Client, values: &Values) -> Option<Finding> {
    let own = Url::parse(&values.public_url).ok()?;
    let tasks = client.api.agent_tasks().list();
    let tasks = tasks.status(TaskStatus::Pending).limit(20).await.ok()?;
    let away = tasks.data.iter().find_map(|task| {
        let target = Url::parse(&task.redirect_url).ok()?;
        (!origin::is_same_site(&own, &target)).then(|| target.origin().ascii_serialization())
    })?;
    let host = own.host_str().unwrap_or_default();
    Some(Finding::wrong(
        "tasks",
        format!(
            "a task that is pending lands on {away}, which is another site than {}: clerk-js signs the page out there",
            values.public_url
        ),
        format!(
            "land on {}://{host} with the application's port",
            own.scheme()
        ),
    ))
}

/// What cannot be seen from outside and is forgotten most.
pub(super) fn pitfalls(folder: &Path, values: &Values) -> Vec<Finding> {
    let package = package(folder);
    let mut found = Vec::new();
    if depends_on(&package, "@clerk/fastify") {
        let text = "@clerk/fastify reads neither CLERK_API_URL nor CLERK_PROXY_URL and would ask Clerk's cloud";
        let remedy = format!(
            "fastify.register(clerkPlugin, {{ apiUrl: '{}', proxyUrl: '{}' }})",
            values.api_url, values.public_url
        );
        found.push(Finding::note("Fastify", text, remedy));
    }
    if depends_on(&package, "next") {
        let text = "Next.js takes NEXT_PUBLIC_… into the build; `next start -H 127.0.0.1` hangs behind clerkMiddleware";
        found.push(Finding::note(
            "Next.js",
            text,
            "build again after a change; start with -H localhost",
        ));
    }
    found
}
