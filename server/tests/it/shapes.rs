//! Shapes in which the published descriptions and the server once differed. `scripts/schemathesis` holds all of them against
//! the descriptions, which are not here.

use reqwest::Method;
use serde_json::{Value, json};

use crate::organizations::active::as_user;
use crate::world::World;

/// Whether an object has these fields and lacks those.
fn has(object: &Value, these: &[&str], not_those: &[&str]) {
    let object = object.as_object().unwrap();
    for name in these {
        assert!(object.contains_key(*name), "{name} in {object:?}");
    }
    for name in not_those {
        assert!(!object.contains_key(*name), "{name} in {object:?}");
    }
}

#[tokio::test]
async fn what_is_not_known_of_a_device_is_absent_and_its_user_is_shown() {
    let world = World::new().await;
    let user = world.backend.user("grace@example.com").await;
    let browser = as_user(&world, &user).await;
    let unknown = ["city", "country", "device_type"];
    let seen = world.backend.get("/v1/sessions").await.ok().json;
    has(&seen[0]["latest_activity"], &["ip_address"], &unknown);
    let devices = browser.page(Method::GET, "/v1/me/sessions").await.ok().json;
    has(&devices[0]["latest_activity"], &["ip_address"], &unknown);
    assert_eq!(devices[0]["public_user_data"]["user_id"], user.as_str());
    assert_eq!(devices[0]["factor_verification_age"], json!([0, -1]));
    let path = format!(
        "/v1/me/sessions/{}/revoke",
        devices[0]["id"].as_str().unwrap()
    );
    let revoked = browser.page(Method::POST, &path).await.ok().json;
    assert_eq!(
        revoked["response"]["public_user_data"]["user_id"],
        user.as_str()
    );
}

#[tokio::test]
async fn pages_see_of_an_organization_and_of_people_what_is_described() {
    let world = World::new().await;
    let backend = &world.backend;
    let user = backend.user("grace@example.com").await;
    let id = backend.organization("Acme", &user).await;
    let browser = as_user(&world, &user).await;
    let path = format!("/v1/organizations/{id}");
    let seen = browser.page(Method::GET, &path).await.ok().json;
    has(&seen["response"], &["members_count"], &["role_set_key"]);
    has(
        &backend.get(&path).await.ok().json,
        &["role_set_key", "created_by"],
        &[],
    );
    let made = json!({ "name": "Nobody's" });
    has(
        &backend.post("/v1/organizations", made).await.ok().json,
        &[],
        &["created_by"],
    );
    let me = browser.page(Method::GET, "/v1/me").await.ok().json;
    has(
        &me["response"],
        &["username"],
        &["create_organizations_limit"],
    );
    let members = backend.get(&format!("{path}/memberships")).await.ok().json;
    let member = &members["data"][0]["public_user_data"];
    assert_eq!(member["profile_image_url"], member["image_url"]);
    let body = json!({ "email_address": "ada@example.org", "role": "org:member", "inviter_user_id": user });
    let invited = backend
        .post(&format!("{path}/invitations"), body)
        .await
        .ok()
        .json;
    has(
        &invited["public_inviter_data"],
        &["identifier"],
        &["banned", "username"],
    );
}

#[tokio::test]
async fn the_environment_says_all_that_is_described() {
    let world = World::new().await;
    let seen = world.browser().get("/v1/environment").await.ok().json;
    let settings = &seen["user_settings"];
    has(&seen, &["maintenance_mode"], &["protect_config"]);
    assert_eq!(seen["auth_config"]["email_address"], "required");
    assert_eq!(seen["auth_config"]["first_name"], "on");
    assert_eq!(
        seen["display_config"]["waitlist_url"],
        seen["display_config"]["home_url"]
    );
    assert_eq!(seen["organization_settings"]["creator_role"], "org:admin");
    assert_eq!(
        settings["restrictions"]["blocklist"],
        json!({ "enabled": false })
    );
    assert_eq!(settings["sign_up"]["captcha_widget_type"], "smart");
    has(&settings["attributes"], &["ticket", "passkey"], &[]);
}
