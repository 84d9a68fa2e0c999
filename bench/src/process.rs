//! What a process has cost: the CPU time of all its threads, and its memory, as the kernel counts them.

use std::collections::BTreeMap;
use std::fs;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

/// The CPU time of each thread of some processes at one moment, in nanoseconds.
pub struct CpuTimes(BTreeMap<(u32, String), u64>);

impl CpuTimes {
    /// Reads `/proc/PID/task/*/schedstat`, which counts nanoseconds where `/proc/PID/stat` counts hundredths of a second.
    pub fn of(processes: &[u32]) -> Self {
        let threads = processes.iter().flat_map(|pid| {
            let tasks = fs::read_dir(format!("/proc/{pid}/task"))
                .into_iter()
                .flatten();
            tasks.flatten().filter_map(move |task| {
                let spent = fs::read_to_string(task.path().join("schedstat")).ok()?;
                let spent = spent.split_whitespace().next()?.parse().ok()?;
                Some((
                    (*pid, task.file_name().to_string_lossy().into_owned()),
                    spent,
                ))
            })
        });
        Self(threads.collect())
    }

    /// The CPU time since an earlier moment, in seconds; of a thread that has ended since, nothing is known.
    pub fn since(&self, earlier: &Self) -> f64 {
        let spent: u64 = self
            .0
            .iter()
            .map(|(thread, spent)| spent - earlier.0.get(thread).unwrap_or(&0))
            .sum();
        seconds(spent)
    }
}

/// The CPU time of the calling thread, in seconds.
pub fn own_cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let spent = stat.split_whitespace().next().map(str::parse);
    seconds(spent.and_then(Result::ok).unwrap_or_default())
}

fn seconds(nanoseconds: u64) -> f64 {
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64()
}

/// Memory that a process holds, in MiB (`VmRSS`).
pub fn resident_mib(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

/// A child that does not outlive its owner.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.0.wait();
    }
}
