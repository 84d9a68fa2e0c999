//! PostgreSQL with two standbys, one of which must have what is acknowledged: its primary is killed and started again, killed
//! and replaced, cut off and replaced, under load. What was acknowledged must be there afterwards, once. The same without
//! synchronous standbys must lose something, or the test would see no loss.

use std::path::Path;
use std::time::{Duration, Instant};

use standin_proof::Trial;
use tempfile::TempDir;
use tokio::task::block_in_place;

use crate::cluster::{self, Node};
use crate::load::{Load, email, hold, pause};
use crate::process::{Process, free_port};

/// Three servers, one of them the primary.
struct Three {
    nodes: [Node; 3],
    primary: usize,
    _folder: TempDir,
}

impl Three {
    fn new(settings: &str) -> Self {
        // A standby that has lost its primary would look for it every five seconds only.
        let settings = &format!("{settings}\nwal_retrieve_retry_interval = '200ms'");
        let folder = cluster::folder();
        let at: &Path = folder.path();
        let a = Node::new(at, "a", settings);
        let (b, c) = (Node::standby(at, "b", &a), Node::standby(at, "c", &a));
        let three = Self {
            nodes: [a, b, c],
            primary: 0,
            _folder: folder,
        };
        three.wait();
        three
    }

    fn url(&self) -> String {
        let hosts = self
            .nodes
            .each_ref()
            .map(|node| format!("127.0.0.1:{}", node.port));
        format!("postgres://standin@{}/postgres", hosts.join(","))
    }

    /// Waits until both standbys follow.
    fn wait(&self) {
        let following = "select count(*) from pg_stat_replication where state = 'streaming'";
        self.nodes[self.primary].wait_for(following, "2");
    }

    /// Waits until a commit can be acknowledged, and says since when.
    fn wait_for_one(&self) -> Instant {
        let following = "select count(*) > 0 from pg_stat_replication where state = 'streaming'";
        self.nodes[self.primary].wait_for(following, "t");
        Instant::now()
    }

    fn standbys(&self) -> [usize; 2] {
        [(self.primary + 1) % 3, (self.primary + 2) % 3]
    }

    fn kill(&mut self) {
        self.nodes[self.primary].kill();
    }

    /// Neither standby hears of anything from now on.
    fn cut(&self) {
        for standby in self.standbys() {
            self.nodes[standby].set("primary_conninfo = ''");
            self.nodes[standby].wait_for("select count(*) from pg_stat_wal_receiver", "0");
        }
    }

    /// The standby that has most becomes the primary, the other one follows it, and the old primary comes back as a standby.
    /// Since when the new one could be written to.
    fn replace(&mut self) -> Instant {
        let old = self.primary;
        let [one, other] = self.standbys();
        let received = |standby: usize| self.nodes[standby].received();
        let (first, second) = if received(one) >= received(other) {
            (one, other)
        } else {
            (other, one)
        };
        self.nodes[first].sql("select pg_promote()");
        self.primary = first;
        self.nodes[second].follow(&self.nodes[first]);
        let since = self.wait_for_one();
        let [primary, back] = self.nodes.get_disjoint_mut([first, old]).unwrap();
        back.rejoin(primary);
        self.wait();
        since
    }
}

/// One of three faults, under load. Since when there is a database again.
fn fault(three: &mut Three, round: usize) -> Instant {
    match round % 3 {
        0 => {
            three.kill();
            let primary = three.primary;
            three.nodes[primary].start();
            let since = three.wait_for_one();
            three.wait();
            since
        }
        1 => {
            three.kill();
            three.replace()
        }
        _ => {
            three.cut();
            let all_wait =
                "select count(*) >= 8 from pg_stat_activity where wait_event = 'SyncRep'";
            three.nodes[three.primary].wait_for(all_wait, "t");
            three.kill();
            three.replace()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_to_a_synchronous_standby_loses_nothing_and_does_nothing_twice() {
    if !cluster::is_possible() {
        return;
    }
    let mut three = block_in_place(|| Three::new("synchronous_standby_names = 'ANY 1 (a, b, c)'"));
    let (data, port) = (TempDir::new().unwrap(), free_port());
    let process = Process::start(data.path(), Some(&three.url()), port, port).await;
    let load = Load::on(&process.calls).await;
    let mut trial = Trial::begin("R14", "failover to a synchronous standby");
    let (rounds, mut longest) = (trial.size(3, 50), Duration::ZERO);
    for round in 0..rounds {
        pause(700).await;
        let since = block_in_place(|| fault(&mut three, round));
        longest = longest.max(load.served_after(since).await);
    }
    pause(700).await;
    let again = load.end().await;
    let held = hold(&process.calls).await;
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    trial.end(format_args!(
        "{rounds} failovers, {again} times asked again: {held}; served {longest:.1?} after the database was there, at most"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_to_an_asynchronous_standby_loses_what_it_had_not_heard_of() {
    if !cluster::is_possible() {
        return;
    }
    let mut three = block_in_place(|| Three::new(""));
    let (data, port) = (TempDir::new().unwrap(), free_port());
    let process = Process::start(data.path(), Some(&three.url()), port, port).await;
    let load = Load::on(&process.calls).await;
    pause(500).await;
    block_in_place(|| three.cut());
    pause(1000).await;
    // No request is under way at the failover: what is lost was acknowledged long before.
    load.end().await;
    let acknowledged = process.calls.history.created();
    block_in_place(|| {
        three.kill();
        three.replace();
    });
    process.calls.create_once(&email(0), "first", |_| ()).await;
    let there = process
        .calls
        .all("/v1/agents/tasks?paginated=true")
        .await
        .len()
        - 1;
    let lost = acknowledged - there;
    println!("{acknowledged} tasks acknowledged, {lost} lost");
    assert!(lost > 0, "the test would not see a loss");
}
