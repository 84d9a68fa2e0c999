//! clerk-js and its user interface, served from a folder that the user has.

use std::fs;
use std::path::Path;

use reqwest::Method;
use tempfile::TempDir;

use crate::world::World;

fn install(folder: &Path, name: &str, version: &str) {
    let dist = folder.join("@clerk").join(name).join("dist");
    fs::create_dir_all(&dist).unwrap();
    let manifest = format!(r#"{{"name":"@clerk/{name}","version":"{version}"}}"#);
    fs::write(dist.join("../package.json"), manifest).unwrap();
    fs::write(
        dist.join("clerk.browser.js"),
        format!("/* {name} {version} */"),
    )
    .unwrap();
}

async fn world(folder: &TempDir) -> World {
    let npm = vec![folder.path().join("nothing-here"), folder.path().to_owned()];
    World::with(|config| config.npm = npm).await
}

#[tokio::test]
async fn a_page_of_any_origin_loads_the_scripts_that_are_installed() {
    let folder = TempDir::new().unwrap();
    install(folder.path(), "clerk-js", "6.40.0");
    let world = world(&folder).await;
    let browser = world.browser();
    let ask = |version: &str| {
        let path = format!("/npm/@clerk/clerk-js@{version}/dist/clerk.browser.js");
        let request = browser.request(Method::GET, &path);
        browser.send(request.header("origin", "https://elsewhere.example"))
    };
    let tagged = ask("6").await.ok();
    assert_eq!(tagged.text, "/* clerk-js 6.40.0 */");
    assert_eq!(tagged.headers["access-control-allow-origin"], "*");
    assert_eq!(tagged.headers["cache-control"], "public, no-cache");
    assert!(
        tagged.headers["content-type"]
            .to_str()
            .unwrap()
            .contains("javascript"),
        "{tagged:?}"
    );
    let exact = ask("6.40.0").await.ok();
    assert!(
        exact.headers["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable"),
        "{exact:?}"
    );

    let other = ask("5").await;
    assert_eq!(other.refusal(), "404 resource_not_found");
    assert_eq!(
        other.headers["access-control-allow-origin"], "*",
        "the page may read why"
    );
    assert!(other.text.contains("6.40.0 is installed"), "{other:?}");
}

#[tokio::test]
async fn a_missing_package_is_named_with_its_remedy_and_found_once_it_is_installed() {
    let folder = TempDir::new().unwrap();
    let world = world(&folder).await;
    let browser = world.browser();
    let path = "/npm/@clerk/ui@1/dist/clerk.browser.js";
    let missing = browser.get(path).await;
    assert_eq!(missing.refusal(), "404 resource_not_found");
    assert!(
        missing.text.contains("npm install --save-dev"),
        "{missing:?}"
    );
    install(folder.path(), "ui", "1.36.0");
    browser.get(path).await.ok();
}

#[tokio::test]
async fn nothing_else_of_the_folder_is_served() {
    let folder = TempDir::new().unwrap();
    install(folder.path(), "clerk-js", "6.40.0");
    install(folder.path(), "backend", "3.25.0");
    fs::write(folder.path().join("secret.js"), "secret").unwrap();
    let world = world(&folder).await;
    let browser = world.browser();
    for path in [
        "/npm/@clerk/backend@3/dist/clerk.browser.js",
        "/npm/@clerk/clerk-js@6/dist/../package.json",
        "/npm/@clerk/clerk-js@6/dist/%2e%2e/package.json",
        "/npm/@clerk/clerk-js@6/dist/..%2f..%2f..%2fsecret.js",
        "/npm/@clerk/clerk-js@6/dist/",
        "/npm/@clerk/clerk-js@6/dist/absent.js",
        "/npm/@clerk/..@6/dist/secret.js",
        "/npm/secret.js",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert!(!answer.text.contains("secret"), "{path}");
    }
}
