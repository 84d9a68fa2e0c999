//! Two nodes on one PostgreSQL database, behind a balancer that passes connections on and knows nothing else: one of them is
//! killed every second or two, under load. No answer is wrong; some have to be asked for again.

use std::time::{Duration, Instant};

use standin_proof::Trial;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::load::{Load, hold, pause};
use crate::process::{Shared, database, free_port};

/// Passes each connection on to one node after the other, or to the other one where that takes none.
async fn balance(listener: TcpListener, nodes: [u16; 2]) {
    for turn in 0.. {
        let (mut caller, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            for place in [turn, turn + 1] {
                if let Ok(mut node) = TcpStream::connect(("127.0.0.1", nodes[place % 2])).await {
                    let _ = copy_bidirectional(&mut caller, &mut node).await;
                    return;
                }
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_are_killed_behind_a_balancer_give_no_wrong_answer() {
    let Some(database) = database() else {
        eprintln!(
            "SKIPPED: several nodes share a PostgreSQL database, which scripts/with-postgres makes"
        );
        return;
    };
    let shared = Shared::new(database);
    let ports = [free_port(), free_port()];
    let mut nodes = [None, None];
    for (node, port) in nodes.iter_mut().zip(ports) {
        *node = Some(shared.node(port).await);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let calls = shared.calls(listener.local_addr().unwrap().port());
    let balancer = tokio::spawn(balance(listener, ports));
    let load = Load::on(&calls).await;
    let mut trial = Trial::begin("R14", "one of two nodes is killed, behind a balancer");
    let (kills, mut longest) = (trial.size(4, 100), Duration::ZERO);
    for kill in 0..kills {
        pause(700).await;
        let (node, port) = (&mut nodes[kill % 2], ports[kill % 2]);
        node.take().unwrap().kill();
        longest = longest.max(load.served_after(Instant::now()).await);
        pause(200).await;
        *node = Some(shared.node(port).await);
    }
    pause(700).await;
    let again = load.end().await;
    let held = hold(&calls).await;
    assert!(again > 0, "nobody noticed that a node was killed");
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    balancer.abort();
    trial.end(format_args!(
        "{kills} kills, {again} times asked again: {held}; the next answer after {longest:.1?} at most"
    ));
}
