//! What `scripts/fuzz` kept of the requests that it made, once more.

mod request;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn of_every_request_that_was_kept_none_signs_in_and_none_takes_long() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/request");
    let files: Vec<_> = fs::read_dir(kept).unwrap().collect();
    assert!(files.len() > 10);
    for file in files {
        let path = file.unwrap().path();
        let started = Instant::now();
        request::nobody_signs_in(&fs::read(&path).unwrap());
        assert!(
            started.elapsed() < Duration::from_secs(1),
            "{}",
            path.display()
        );
    }
}
