//! How many connections there may be: in all, and from one network.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::limits::Network;

/// How many connections each network has.
type Counts = Arc<Mutex<HashMap<Network, usize>>>;

/// Counts the connections that are open.
#[derive(Clone)]
pub(super) struct Admission {
    room: Arc<Semaphore>,
    by_network: Counts,
    most_by_network: usize,
    trusted: Arc<[IpAddr]>,
}

impl Admission {
    pub(super) fn new(config: &Config) -> Self {
        let limits = config.connections;
        Self {
            trusted: config.trusted_proxies.clone().into(),
            room: Arc::new(Semaphore::new(limits.open.min(Semaphore::MAX_PERMITS))),
            by_network: Arc::default(),
            most_by_network: limits.open_per_ip,
        }
    }

    /// Waits until there is room for one more. Whoever comes meanwhile waits in the socket's queue.
    pub(super) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        self.room.clone().acquire_owned().await.ok()
    }

    /// Lets a connection in, unless its network has too many already. This machine and trusted proxies stand for many
    /// clients, and are bounded by the room for all only.
    pub(super) fn admit(&self, ip: IpAddr, room: OwnedSemaphorePermit) -> Option<Admitted> {
        let ip = ip.to_canonical();
        if ip.is_loopback() || self.trusted.contains(&ip) {
            return Some(Admitted {
                _room: room,
                counted: None,
            });
        }
        let network = Network::from(ip);
        let mut open = self
            .by_network
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(network).or_default();
        if *count >= self.most_by_network {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Admitted {
            _room: room,
            counted: Some((network, self.by_network.clone())),
        })
    }
}

/// A connection's place; dropped with it.
pub(super) struct Admitted {
    _room: OwnedSemaphorePermit,
    counted: Option<(Network, Counts)>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let Some((network, open)) = &self.counted else {
            return;
        };
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                open.remove(network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Database;
    use crate::secret::Secret;

    async fn open(admission: &Admission, ip: &str) -> Option<Admitted> {
        admission.admit(ip.parse().unwrap(), admission.room().await?)
    }

    #[tokio::test]
    async fn one_network_has_so_many_connections_and_those_that_stand_for_many_have_more() {
        let mut config =
            Config::development(0, Database::Sqlite("unused".into()), Secret::random());
        config.connections.open_per_ip = 2;
        config.trusted_proxies.push([192, 0, 2, 9].into());
        let admission = Admission::new(&config);
        let first = open(&admission, "2001:db8::1").await.unwrap();
        let second = open(&admission, "2001:db8::2").await.unwrap();
        assert!(open(&admission, "2001:db8::3").await.is_none());
        let other = open(&admission, "192.0.2.1").await.unwrap();
        drop(second);
        let third = open(&admission, "2001:db8::3").await.unwrap();
        assert!(open(&admission, "2001:db8::4").await.is_none());
        for many in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "192.0.2.9"] {
            let places = [
                open(&admission, many).await,
                open(&admission, many).await,
                open(&admission, many).await,
            ];
            assert!(places.iter().all(Option::is_some), "{many}");
        }
        drop((first, other, third));
        assert!(admission.by_network.lock().unwrap().is_empty());
    }
}
