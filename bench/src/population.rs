//! Who is in the data. Everything that belongs to user number `n` follows from `n`, so that the load can name any of a
//! million users, tickets or cookies without having asked for it, and never has to repeat itself.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use svix_ksuid::{Ksuid, KsuidLike as _};

/// How many small organizations the first user has, where there are organizations; the large one comes before them.
pub const ORGANIZATIONS: u64 = 1000;
/// How many agents share the tasks.
pub const AGENTS: u64 = 64;
/// Of so many filled sessions one is still alive.
const LIVE_OF: u64 = 10;
/// How many numbers are kept free above the users, for tickets and sessions that a measurement uses up.
const RESERVE: u64 = 4_000_000;
/// Shares no factor with a power of ten, nor with most other numbers of users.
const LEAP: u64 = 618_033_989;
const FIRST_NAMES: [&str; 8] = [
    "ada",
    "barbara",
    "edsger",
    "frances",
    "grace",
    "katherine",
    "niklaus",
    "tony",
];

/// So many users, as of one moment.
#[derive(Clone, Debug)]
pub struct Population {
    /// How many there are; they are numbered from 0.
    pub users: u64,
    /// When the data was made, in milliseconds since the epoch.
    pub made_at: i64,
    /// Whether there are organizations: a large one, of every other user, in which every session is; and a thousand small ones
    /// of the first user alone.
    pub organized: bool,
}

/// What an id is the id of. The words are the prefixes that the server gives them.
#[derive(Clone, Copy)]
enum Kind {
    User,
    Identifier,
    Agent,
    Task,
    Client,
    Session,
    Organization,
    Membership,
}

/// Spreads numbers over all 64 bits without ever giving two the same place (the finalizer of `SplitMix64`).
pub fn scatter(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// What the server keeps of a secret.
pub fn kept(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes()))
}

impl Population {
    /// So many users, made now.
    pub fn new(users: u64) -> Self {
        Self {
            users,
            made_at: jiff::Timestamp::now().as_millisecond(),
            organized: false,
        }
    }

    /// The same in organizations.
    pub fn organized(users: u64) -> Self {
        Self {
            organized: true,
            ..Self::new(users)
        }
    }

    /// How many of the filled sessions are alive.
    pub fn live(&self) -> u64 {
        self.users / LIVE_OF
    }

    /// The number of the `n`th live session.
    pub fn nth_live(n: u64) -> u64 {
        n * LIVE_OF
    }

    /// Whether session `n` is alive; all that are made later, beside the filled ones, are.
    pub fn is_live(&self, n: u64) -> bool {
        n >= self.users || n.is_multiple_of(LIVE_OF)
    }

    /// When number `n` came to be: one a second, in order, the last of them before the data was made.
    pub fn created_at(&self, n: u64) -> i64 {
        let before = (self.users + RESERVE).saturating_sub(n);
        self.made_at - 1000 * i64::try_from(before).unwrap_or(i64::MAX / 1000)
    }

    fn id(&self, kind: Kind, n: u64) -> String {
        let (prefix, salt) = match kind {
            Kind::User => ("user_", 1),
            Kind::Identifier => ("idn_", 2),
            Kind::Agent => ("agent_", 3),
            Kind::Task => ("agttsk_", 4),
            Kind::Client => ("client_", 5),
            Kind::Session => ("sess_", 6),
            Kind::Organization => ("org_", 7),
            Kind::Membership => ("orgmem_", 8),
        };
        // As the server's own ids: the time in front, so that new rows come last in an index.
        let mut tail = [0; 16];
        tail[..8].copy_from_slice(&scatter(n ^ (salt << 56)).to_be_bytes());
        tail[8..].copy_from_slice(&n.to_be_bytes());
        let ksuid = Ksuid::from_seconds(Some(self.created_at(n) / 1000), Some(&tail));
        format!("{prefix}{}", ksuid.to_base62())
    }

    /// The user of number `n`. Numbers above the users go round, in leaps: what is made later belongs to the users there
    /// are, far apart from each other, and to nobody twice before everybody has had a turn.
    pub fn user(&self, n: u64) -> String {
        let owner = if n < self.users {
            n
        } else {
            n.wrapping_mul(LEAP) % self.users
        };
        self.id(Kind::User, owner)
    }

    /// The e-mail address of user `n`.
    pub fn address(n: u64) -> String {
        let [first, .., last] = scatter(n).to_be_bytes();
        let first = FIRST_NAMES[usize::from(first ^ last) % FIRST_NAMES.len()];
        format!("{first}.{}@example.com", Self::mark(n))
    }

    /// The part of the address of user `n` that nobody else's has.
    pub fn mark(n: u64) -> String {
        format!("{:016x}", scatter(n))
    }

    /// The id of that address.
    pub fn identifier(&self, n: u64) -> String {
        self.id(Kind::Identifier, n)
    }

    /// The agent of task `n`.
    pub fn agent(&self, n: u64) -> String {
        self.id(Kind::Agent, n % AGENTS)
    }

    /// Its name.
    pub fn agent_name(n: u64) -> String {
        format!("bench agent {}", n % AGENTS)
    }

    /// The id of task `n`.
    pub fn task(&self, n: u64) -> String {
        self.id(Kind::Task, n)
    }

    /// The secret in the URL of task `n`.
    pub fn ticket(&self, n: u64) -> String {
        self.secret("ticket", n)
    }

    /// The id of the client of session `n`.
    pub fn client(&self, n: u64) -> String {
        self.id(Kind::Client, n)
    }

    /// The secret in that client's cookie.
    pub fn client_secret(&self, n: u64) -> String {
        self.secret("client", n)
    }

    /// Its name in URLs, in development.
    pub fn dev_browser(&self, n: u64) -> String {
        format!("dvb_{}", self.secret("dev browser", n))
    }

    /// The id of session `n`.
    pub fn session(&self, n: u64) -> String {
        self.id(Kind::Session, n)
    }

    /// The id of organization `n`; the first is the large one.
    pub fn organization(&self, n: u64) -> String {
        self.id(Kind::Organization, n)
    }

    /// The id of membership `n`.
    pub fn membership(&self, n: u64) -> String {
        self.id(Kind::Membership, n)
    }

    /// Whether user `n` is in the large organization. Every live session's user is.
    pub fn is_member(&self, n: u64) -> bool {
        self.organized && n < self.users && n.is_multiple_of(2)
    }

    /// How many users are not in it.
    pub fn newcomers(&self) -> u64 {
        self.users / 2
    }

    /// The user who comes into it as the `n`th after the users.
    pub fn newcomer(&self, n: u64) -> String {
        self.user(2 * (n - self.users) + 1)
    }

    /// As long and as even as the server's own secrets, and as hard to find among them.
    fn secret(&self, what: &str, n: u64) -> String {
        kept(&format!("{what} {n} of {}", self.made_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_users_share_an_address_or_an_id() {
        let population = Population::new(5000);
        let addresses: std::collections::HashSet<_> = (0..5000).map(Population::address).collect();
        let ids: std::collections::HashSet<_> = (0..5000).map(|n| population.user(n)).collect();
        assert_eq!((addresses.len(), ids.len()), (5000, 5000));
    }

    #[test]
    fn what_is_made_later_is_nobody_s_twice_before_everybody_has_had_a_turn() {
        for users in [1000, 100_000] {
            let population = Population::new(users);
            let later = (users + 17)..(2 * users + 17);
            let owners: std::collections::HashSet<_> = later.map(|n| population.user(n)).collect();
            assert_eq!(owners.len() as u64, users);
        }
    }

    #[test]
    fn ids_sort_as_the_users_came() {
        let population = Population::new(100);
        let ids: Vec<_> = (0..100).map(|n| population.user(n)).collect();
        assert!(ids.is_sorted());
        assert!(population.created_at(99 + RESERVE) < population.made_at);
    }
}
