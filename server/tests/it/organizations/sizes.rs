//! Many members of one organization, and many organizations of one user.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::active::as_user;
use super::{ada, text};
use crate::world::{World, batch};

/// How long the deletion of an organization with all its members may take, with a margin for machines that compile beside
/// it and for a build without optimisation.
const PATIENCE: Duration = Duration::from_secs(20);

const MEMBERS: i64 = 100_000;
const ORGANIZATIONS: i64 = 1_000;

/// A hundred thousand users in one organization, and a thousand organizations in which one of them is.
fn crowd() -> String {
    format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < {MEMBERS})
    insert into users (id, username, public_metadata, private_metadata, unsafe_metadata, delete_self_enabled,
                       create_organization_enabled, created_at, updated_at)
    select 'user_' || i, 'name' || i, '{{}}', '{{}}', '{{}}', 1, 1, i, i from n;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < {ORGANIZATIONS})
    insert into organizations (id, name, name_folded, slug, public_metadata, private_metadata, max_allowed_memberships,
                               admin_delete_enabled, members_count, created_at, updated_at)
    select 'org_' || i, 'Acme', 'acme', 'acme-' || i, '{{}}', '{{}}', 0, 1, case i when 1 then {MEMBERS} else 1 end, i, 1 from n;
    insert into organization_memberships (id, organization_id, user_id, role_id, public_metadata, private_metadata, created_at, updated_at)
    select 'orgmem_' || u.id, 'org_1', u.id, r.id, '{{}}', '{{}}', u.created_at, 1 from users u
    join roles r on r.key = case u.username when 'name1' then 'org:admin' when 'name2' then 'org:admin' else 'org:member' end
    where u.username like 'name%';
    insert into organization_memberships (id, organization_id, user_id, role_id, public_metadata, private_metadata, created_at, updated_at)
    select 'orgmem_' || o.id, o.id, 'user_2', r.id, '{{}}', '{{}}', 200000 + o.created_at, 1 from organizations o
    join roles r on r.key = 'org:member' where o.slug like 'acme-%' and o.id <> 'org_1';
    analyze;"
    )
}

/// Every call about one organization and one of its members, with the time that the slowest of them took.
async fn slowest(world: &World, organization: &str, user: &str, guest: &str) -> (String, Duration) {
    let backend = &world.backend;
    let path = format!("/v1/organizations/{organization}");
    let browser = as_user(world, user).await;
    let session = text(&browser.session().await["id"]);
    let mut slowest = (String::new(), Duration::ZERO);
    for _ in 0..3 {
        let mut asked = Instant::now();
        let mut note = |what: &str| {
            let took = asked.elapsed();
            if took > slowest.1 {
                slowest = (what.to_owned(), took);
            }
            asked = Instant::now();
        };
        backend
            .get(&format!("{path}?include_members_count=true"))
            .await
            .ok();
        note("show");
        for list in [
            "limit=10",
            "limit=10&order_by=created_at",
            "limit=10&role=org:admin",
            "user_id=user_1",
        ] {
            backend
                .get(&format!("{path}/memberships?{list}"))
                .await
                .ok();
            note(list);
        }
        backend.member(organization, guest, "org:member").await.ok();
        note("add");
        let guest = format!("{path}/memberships/{guest}");
        for role in ["org:admin", "org:member"] {
            backend.patch(&guest, json!({ "role": role })).await.ok();
            note("role");
        }
        backend.delete(&guest).await.ok();
        note("remove");
        backend
            .get(&format!(
                "/v1/users/{user}/organization_memberships?limit=10"
            ))
            .await
            .ok();
        note("memberships of a user");
        let touch = browser.request(
            reqwest::Method::POST,
            &format!("/v1/client/sessions/{session}/touch"),
        );
        let touch = touch.header("content-type", "application/x-www-form-urlencoded");
        let touch = touch.body(format!("active_organization_id={organization}"));
        let touched = browser.send(touch).await.ok().json;
        note("touch");
        assert_eq!(
            touched["response"]["last_active_organization_id"],
            organization
        );
        let known = &touched["response"]["user"]["organization_memberships"];
        let mut known = known.as_array().unwrap().iter();
        assert!(
            known.len() <= 101,
            "a page is told of a hundred and of its own"
        );
        assert!(known.any(|one| one["organization"]["id"] == organization));
        browser.token(&session).await.ok();
        note("token");
        browser.session().await;
        note("client");
    }
    slowest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_members_and_a_thousand_organizations_cost_what_a_few_do() {
    let world = World::new().await;
    let (user, guest) = (
        ada(&world).await,
        world.backend.user("guest@example.com").await,
    );
    let few = world.backend.organization("Few", &user).await;
    let (_, base) = slowest(&world, &few, &user, &guest).await;
    batch(&world.config.database, &crowd());
    let (what, took) = slowest(&world, "org_1", "user_2", &guest).await;
    println!("with a few {base:?}, with many {took:?} ({what})");
    let page = world
        .backend
        .get("/v1/organizations/org_1/memberships")
        .await
        .ok()
        .json;
    assert_eq!(page["total_count"], Value::from(MEMBERS));
    // What goes through all members takes seconds in a build without optimisation.
    assert!(
        took < base * 4 + Duration::from_millis(150),
        "{what}: {took:?}, with a few {base:?}"
    );

    let asked = Instant::now();
    world.backend.delete("/v1/organizations/org_1").await.ok();
    let took = asked.elapsed();
    println!("deleted in {took:?}");
    assert!(took < PATIENCE, "{took:?}");
    assert_eq!(world.count("organization_memberships").await, ORGANIZATIONS);
}
