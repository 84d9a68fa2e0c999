//! `kill -9` while a database of the first release is brought up to date: what is left has the old schema or the new one, whole,
//! and the next start goes on.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use standin_proof::Trial;
use tempfile::TempDir;

use crate::cluster::programs;
use crate::load::pause;
use crate::process::database;

const FIRST: &str = include_str!("../../../server/migrations/0001_init.sql");

const ROWS: &str = "
    create table migrations (version bigint primary key);
    insert into migrations values (1);
    insert into instance (slot, id, kind, created_at) values (1, 'ins_old', 'development', 1);
    insert into agents (id, name, created_at) values ('agent_old', 'PT', 1);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 4000)
    insert into users (id, first_name, public_metadata, private_metadata, unsafe_metadata, delete_self_enabled,
                       create_organization_enabled, created_at, updated_at)
    select 'user_' || i, 'Émile', '{}', '{}', '{}', 1, 1, i, i from n;
    insert into clients (id, secret_digest, created_at, updated_at) select 'client_' || id, id, 1, 1 from users;
    insert into tasks (id, agent_id, user_id, created_by, description, permissions, redirect_url, session_seconds,
                       ticket_digest, created_at, expires_at, used_at, session_id, used_ip, used_agent)
    select 'agttsk_' || id, 'agent_old', id, 'key_1', 'old', '*', 'http://localhost:3000/', 1800, id, 1, 2, 1,
           'sess_' || id, '10.0.0.1', 'curl/8' from users;
    insert into sessions (id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at)
    select session_id, 'client_' || user_id, user_id, agent_id, id, 1, 1, 2, 1 from tasks;";

/// A database as the first release has left it, to be copied.
struct Old {
    folder: TempDir,
    url: Option<String>,
}

fn psql(url: &str, sql: &str) {
    let mut psql = Command::new(programs().unwrap().join("psql"));
    let done = psql
        .args([url, "-qXv", "ON_ERROR_STOP=1", "-c", sql])
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

impl Old {
    fn new() -> Self {
        let (folder, url) = (TempDir::new().unwrap(), database());
        if let Some(url) = &url {
            psql(url, &format!("{FIRST};{ROWS}"));
        } else {
            // The one difference between the dialects, as the server's own migrations have it.
            let first = FIRST.replace("bigserial primary key", "integer primary key");
            let file = rusqlite::Connection::open(folder.path().join("standin.db")).unwrap();
            file.execute_batch(&format!("begin; {first}; {ROWS} commit"))
                .unwrap();
        }
        Self { folder, url }
    }

    fn copy(&self) -> Copy {
        let folder = TempDir::new().unwrap();
        let Some(old) = &self.url else {
            let from = self.folder.path().join("standin.db");
            std::fs::copy(from, folder.path().join("standin.db")).unwrap();
            return Copy { folder, url: None };
        };
        let (server, old) = old.rsplit_once('/').unwrap();
        let name = format!(
            "{old}_{}",
            folder.path().display().to_string().replace(['/', '.'], "_")
        );
        psql(
            &format!("{server}/postgres"),
            &format!("create database \"{name}\" template {old}"),
        );
        let url = Some(format!("{server}/{name}"));
        Copy { folder, url }
    }
}

struct Copy {
    folder: TempDir,
    url: Option<String>,
}

impl Copy {
    fn standin(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standin"));
        command
            .args(arguments)
            .arg("--data")
            .arg(Path::new(self.folder.path()));
        if let Some(url) = &self.url {
            command.args(["--database-url", url]);
        }
        command
            .arg("--json")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let done = self.standin(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// The schema by its number, and the tables that are there.
    fn schema(&self) -> (u64, Vec<String>) {
        let status = self.json(&["db", "status"]);
        let tables = status["tables"].as_array().unwrap();
        let names = tables
            .iter()
            .map(|one| one["table"].as_str().unwrap().to_owned());
        (status["schema"].as_u64().unwrap(), names.collect())
    }

    /// Brings it up to date, as every command does that changes something.
    fn upgrade(&self) {
        self.json(&["key", "list"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_is_killed_leaves_the_old_schema_or_the_new_one_and_is_gone_on_with() {
    let old = Old::new();
    let whole = old.copy();
    let before = whole.schema();
    assert_eq!(before.0, 1);
    let started = Instant::now();
    whole.upgrade();
    let took = started.elapsed();
    let after = whole.schema();

    let mut trial = Trial::begin("R18", "`kill -9` while a database is brought up to date");
    let kills = u32::try_from(trial.size(2, 100)).unwrap();
    let mut left = [0, 0];
    for turn in 0..kills {
        let copy = old.copy();
        let mut upgrade = copy.standin(&["key", "list"]).spawn().unwrap();
        let moment = took * (turn + 1) / (kills + 1);
        pause(u64::try_from(moment.max(Duration::from_millis(1)).as_millis()).unwrap()).await;
        upgrade.kill().unwrap();
        upgrade.wait().unwrap();
        let found = copy.schema();
        assert!(found == before || found == after, "{found:?}");
        left[usize::from(found == after)] += 1;
        copy.upgrade();
        assert_eq!(copy.schema(), after);
        let check = copy.json(&["db", "check"]);
        assert_eq!(check["findings"], serde_json::json!([]));
    }
    assert!(left[0] > 0, "every kill came too late");
    trial.end(format_args!(
        "{kills} kills within {took:.1?}: {} left the old schema, {} the new one",
        left[0], left[1]
    ));
}
