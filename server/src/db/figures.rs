//! What the database tells of itself to those who watch it.

use super::{Db, Reads};
use crate::metrics::Text;

impl Db {
    /// Whether writes have stopped for good, because the disk failed.
    pub fn is_stopped(&self) -> bool {
        self.state.is_stopped()
    }

    /// Queues, transactions and failures.
    pub fn tell(&self, text: &mut Text) {
        let mut lanes = vec![("write", &self.writes), ("search", &self.searches)];
        if let Reads::Lane(lane) = &self.reads {
            lanes.push(("read", lane));
        }
        text.family(
            "standin_db_queue_waiting",
            "gauge",
            "Jobs that wait for a database thread.",
        );
        for (name, lane) in &lanes {
            let waiting = lane.waits.waiting.get();
            text.value("standin_db_queue_waiting", &[("queue", name)], waiting);
        }
        text.family(
            "standin_db_queue_wait_seconds",
            "histogram",
            "How long they waited.",
        );
        for (name, lane) in &lanes {
            let labels = &[("queue", *name)];
            text.seconds("standin_db_queue_wait_seconds", labels, &lane.waits.waited);
        }
        text.family(
            "standin_db_transaction_writes",
            "histogram",
            "How many writes shared each commit; its count is the number of commits.",
        );
        text.sizes("standin_db_transaction_writes", &[], &self.state.shared);
        text.family(
            "standin_db_transaction_seconds",
            "histogram",
            "How long each transaction took until it was durable.",
        );
        text.seconds("standin_db_transaction_seconds", &[], &self.state.took);
        text.single(
            "standin_db_transactions_failed_total",
            "counter",
            "Transactions that did not commit.",
            self.state.failed.get(),
        );
        text.single(
            "standin_db_writable",
            "gauge",
            "1 while writes work; 0 since the last one failed.",
            u8::from(self.state.writes_work()),
        );
    }
}
