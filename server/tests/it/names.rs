//! Names that are nearly the same, names that are compared, and how much may be kept about a user.

use serde_json::{Value, json};

use crate::world::{Task, World};

#[tokio::test]
async fn a_disabled_agent_does_not_come_back_in_other_letters() {
    let world = World::new().await;
    let backend = &world.backend;
    let named = async |name: &str| backend.create(json!({ "agent_name": name })).await;
    let (first, other) = (named("Émile").await.ok(), named("ÉMILE").await.ok());
    let (first, other) = (Task::of(&first), Task::of(&other));
    assert_ne!(first.agent, other.agent);
    let path = format!("/v1/agents/{}", first.agent);
    backend
        .post(&format!("{path}/disable"), json!({}))
        .await
        .ok();
    let agents = world.count("agents").await;
    for name in ["Émile", "émile", "éMile", "\u{c9}milE"] {
        assert_eq!(
            named(name).await.refusal(),
            "400 agent_task_cannot_be_used",
            "{name}"
        );
    }
    assert_eq!(world.count("agents").await, agents);
    // A spelling that was somebody else's before goes on, and names that differ in more are others.
    assert_eq!(Task::of(&named("ÉMILE").await.ok()).agent, other.agent);
    named("Emile").await.ok();
    backend
        .post(&format!("{path}/enable"), json!({}))
        .await
        .ok();
    named("émile").await.ok();
}

#[tokio::test]
async fn a_letter_that_only_looks_alike_names_another_user() {
    let world = World::new().await;
    let kelvin = world.backend.user("kelvin@example.com").await;
    let named = async |address: &str| {
        let whom = json!({ "on_behalf_of": { "identifier": address } });
        world.backend.create(whom).await
    };
    for address in ["\u{212a}elvin@example.com", "kelvin@example.co\u{ff4d}"] {
        assert_eq!(
            named(address).await.refusal(),
            "404 agent_task_subject_not_found"
        );
    }
    let task = Task::of(&named(" KELVIN@Example.com").await.ok());
    let path = format!("/v1/agents/tasks/{}", task.id);
    let shown = world.backend.get(&path).await.ok().json;
    assert!(shown.to_string().contains(&kelvin), "{shown}");
}

/// The user as stored, without the time of the last change.
async fn stored(world: &World, id: &str) -> Value {
    world
        .backend
        .get(&format!("/v1/users/{id}"))
        .await
        .ok()
        .json
}

#[tokio::test]
async fn metadata_stays_within_eight_kibibytes_however_small_the_parts_it_comes_in() {
    let world = World::new().await;
    let id = world.backend.user("meta@example.com").await;
    let path = format!("/v1/users/{id}/metadata");
    for which in ["public_metadata", "private_metadata", "unsafe_metadata"] {
        world.advance(1);
        let before = stored(&world, &id).await;
        let large = json!({ which: { "large": "x".repeat(60_000) } });
        let refused = world.backend.patch(&path, large.clone()).await;
        assert_eq!(
            refused.refusal(),
            "422 form_param_max_length_exceeded",
            "{which}"
        );
        assert_eq!(refused.param(), which);
        let whole = world.backend.patch(&format!("/v1/users/{id}"), large).await;
        assert_eq!(whole.refusal(), "422 form_param_max_length_exceeded");
        assert_eq!(stored(&world, &id).await, before);

        let mut taken = 0;
        let refused = loop {
            let part = json!({ which: { format!("part{taken}"): "y".repeat(1000) } });
            let answer = world.backend.patch(&path, part).await;
            if !answer.status.is_success() {
                break answer;
            }
            taken += 1;
            assert!(taken < 20, "no bound");
        };
        assert_eq!(refused.refusal(), "422 form_param_max_length_exceeded");
        let kept = stored(&world, &id).await[which].clone();
        assert_eq!(kept.as_object().unwrap().len(), taken);
        assert!((7000..=8192).contains(&kept.to_string().len()));
        // What takes away still works.
        let less = json!({ which: { "part0": null } });
        world.backend.patch(&path, less).await.ok();
    }
}

#[tokio::test]
async fn a_search_does_not_mind_case_in_any_language() {
    let world = World::new().await;
    let mut made = Vec::new();
    for (n, name) in ["ÉMILE", "émile", "Ångström", "ЖУКОВ"].iter().enumerate() {
        let address = format!("n{n}@example.com");
        let user = json!({ "first_name": name, "last_name": "Straße", "email_address": [address] });
        let user = world.backend.post("/v1/users", user).await.ok();
        made.push(user.json["id"].clone());
    }
    let found = async |by: &str, text: &str| {
        let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let path = format!("/v1/users?{by}={text}&limit=50");
        let found = world.backend.get(&path).await.ok().json;
        let mut ids: Vec<_> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["id"].clone())
            .collect();
        ids.reverse();
        ids
    };
    for by in ["query", "name_query"] {
        assert_eq!(found(by, "émile").await.len(), 2, "{by}");
        assert_eq!(found(by, "ÉMILE").await.len(), 2, "{by}");
        assert_eq!(found(by, "ÅNGSTRÖM").await, made[2..3], "{by}");
        assert_eq!(found(by, "жуков").await, made[3..], "{by}");
        assert_eq!(found(by, "STRAße").await.len(), 4, "{by}");
        assert!(found(by, "emile").await.is_empty(), "{by}");
    }
}
