//! A server on data of one size, and rounds of operations on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::calls::{Material, handshake};
use crate::load::{Load, Plan, Round};
use crate::operations::{Numbers, Operation};
use crate::population::{Population, scatter};
use crate::server::Server;
use crate::store::{Engine, Store};

/// Data of up to so many users are put back before a round that changes them, or a thousand tasks would be ten thousand
/// after it. What a round leaves in a million is little.
const PUT_BACK_UP_TO: u64 = 200_000;
/// How many tickets or sessions are made for a second of a round.
const USED_A_SECOND: f64 = 10_000.0;
/// How many sessions are asked for again and again.
const BUSY: u64 = 100;
/// How many handshakes are made before nonces are exchanged.
const NONCES: u64 = 1000;

/// A server and the data it runs on.
pub struct Stage {
    /// Who is in the data.
    pub population: Population,
    /// How long the fill took.
    pub filled_in: Duration,
    /// How long the very first start took, with keys to make.
    pub made_keys_in: Duration,
    store: Store,
    folder: TempDir,
    server: Option<Server>,
    /// The first number that nothing was made for yet.
    unused: u64,
}

impl Stage {
    /// Makes the data and starts a server on it.
    pub fn build(engine: &Engine, population: Population) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let users = population.users;
        let store = Store::new(engine, folder.path(), &users.to_string());
        // The server itself makes the schema.
        let made_keys_in = Server::start(folder.path(), store.url().as_deref()).ready_in;
        let started = Instant::now();
        store.fill(&population);
        let filled_in = started.elapsed();
        // Records are sealed as they come. A server that met all of these unsealed would do that beside what is measured.
        let server = Server::start(folder.path(), store.url().as_deref());
        store.wait_until_sealed();
        drop(server);
        store.keep();
        let mut stage = Self {
            unused: users,
            population,
            filled_in,
            made_keys_in,
            store,
            folder,
            server: None,
        };
        stage.restart();
        stage
    }

    /// The running server.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("a running server")
    }

    /// The database under it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Stops the server and starts it again; tells how long it took until it answered.
    pub fn restart(&mut self) -> Duration {
        self.server = None;
        let server = Server::start(self.folder.path(), self.store.url().as_deref());
        self.server.insert(server).ready_in
    }

    /// Makes the data what they were at first.
    pub fn put_back(&mut self) {
        self.server = None;
        self.store.put_back();
        self.unused = self.population.users;
        self.restart();
    }

    /// What requests are made of.
    pub fn material(&self) -> Material {
        Material {
            population: self.population.clone(),
            key: self.server().key.clone(),
            nonces: Vec::new(),
        }
    }

    /// One round of an operation.
    pub fn round(&mut self, load: &Load, operation: &Operation, length: Duration) -> Round {
        if operation.changes() && self.population.users <= PUT_BACK_UP_TO {
            self.put_back();
        }
        load.drive(&self.plan(load, operation, length))
    }

    /// What a round will ask, with everything made that it needs.
    pub fn plan(&mut self, load: &Load, operation: &Operation, length: Duration) -> Plan {
        let mut material = self.material();
        if operation.numbers == Numbers::Nonces {
            material.nonces = self.nonces(load, &material);
        }
        let until = self.prepare(operation.numbers, length);
        let unused = AtomicU64::new(self.unused);
        self.unused = until;
        let (numbers, call) = (operation.numbers, operation.call);
        let next = move |random: u64| {
            let n = match numbers {
                Numbers::Users => random % material.population.users,
                Numbers::LiveSessions => Population::nth_live(random % material.population.live()),
                Numbers::BusySessions => {
                    let apart = (material.population.live() / BUSY).max(1);
                    Population::nth_live(random % BUSY * apart)
                }
                Numbers::Nonces => random % material.nonces.len() as u64,
                Numbers::Tickets
                | Numbers::Sessions
                | Numbers::UsersSessions
                | Numbers::New
                | Numbers::Newcomers => {
                    let n = unused.fetch_add(1, Ordering::Relaxed);
                    return (n < until).then(|| call(&material, n));
                }
            };
            Some(call(&material, n))
        };
        let mut processes = self.store.processes();
        processes.push(self.server().id());
        Plan {
            port: self.server().port,
            processes,
            next: Arc::new(next),
            length,
        }
    }

    /// Makes what a round will use up; tells the first number after it.
    fn prepare(&self, numbers: Numbers, length: Duration) -> u64 {
        let population = &self.population;
        // As many as the load can possibly ask for; with fewer the round would only end sooner.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some thousands, rounded down"
        )]
        let enough = (USED_A_SECOND * length.as_secs_f64().max(0.1)) as u64;
        let all = self.unused..self.unused + enough;
        match numbers {
            Numbers::Users | Numbers::LiveSessions | Numbers::BusySessions | Numbers::Nonces => {
                return self.unused;
            }
            Numbers::New => {}
            Numbers::Newcomers => return all.end.min(population.users + population.newcomers()),
            Numbers::Tickets => self.store.add_tickets(population, all.clone()),
            Numbers::Sessions => self.store.add_sessions(population, all.clone()),
            Numbers::UsersSessions => {
                // One session of a user: more at once would be more work than with many users.
                let one_each = self.unused..self.unused + enough.min(population.users);
                self.store.add_sessions(population, one_each.clone());
                return one_each.end;
            }
        }
        all.end
    }

    fn nonces(&self, load: &Load, material: &Material) -> Vec<String> {
        let live = self.population.live();
        let calls =
            (0..NONCES).map(|n| handshake(material, Population::nth_live(scatter(n) % live)));
        let answers = load.ask(self.server().port, calls);
        let nonces = answers.iter().map(|answer| {
            let target = answer.headers["location"].to_str().expect("a URL");
            let (_, nonce) = target
                .split_once("__clerk_handshake_nonce=")
                .expect("a nonce");
            nonce.to_owned()
        });
        nonces.collect()
    }
}
