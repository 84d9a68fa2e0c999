//! The text that Prometheus reads, version 0.0.4 of its format.

use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering;

use super::Histogram;

/// Figures, written one after the other.
#[derive(Default)]
pub struct Text(String);

/// Names and values; both come from the program and need no escapes.
type Labels<'a> = &'a [(&'a str, &'a str)];

impl Text {
    /// Begins figures of one name. `kind` is `counter`, `gauge` or `histogram`.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A number alone under its name.
    pub fn single(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.value(name, &[], value);
    }

    /// One number.
    pub fn value(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.0.push_str(name);
        self.labels(labels, None);
        let _ = writeln!(self.0, " {value}");
    }

    /// A histogram of durations, in seconds.
    pub fn seconds(&mut self, name: &str, labels: Labels<'_>, histogram: &Histogram) {
        self.histogram(name, labels, histogram, &|micros| {
            format!("{}", std::time::Duration::from_micros(micros).as_secs_f64())
        });
    }

    /// A histogram of sizes.
    pub fn sizes(&mut self, name: &str, labels: Labels<'_>, histogram: &Histogram) {
        self.histogram(name, labels, histogram, &|size| size.to_string());
    }

    fn histogram(
        &mut self,
        name: &str,
        labels: Labels<'_>,
        of: &Histogram,
        unit: &dyn Fn(u64) -> String,
    ) {
        let bounds = of.bounds.iter().map(|bound| unit(*bound));
        let mut so_far = 0;
        for (bound, bucket) in bounds.chain(["+Inf".into()]).zip(&of.buckets) {
            so_far += bucket.load(Ordering::Relaxed);
            let _ = write!(self.0, "{name}_bucket");
            self.labels(labels, Some(&bound));
            let _ = writeln!(self.0, " {so_far}");
        }
        let sum = unit(of.sum.load(Ordering::Relaxed));
        self.value(&format!("{name}_sum"), labels, sum);
        self.value(&format!("{name}_count"), labels, so_far);
    }

    fn labels(&mut self, labels: Labels<'_>, bound: Option<&str>) {
        let all = labels
            .iter()
            .copied()
            .chain(bound.map(|bound| ("le", bound)));
        let mut before = '{';
        for (name, value) in all {
            let _ = write!(self.0, "{before}{name}=\"{value}\"");
            before = ',';
        }
        if before == ',' {
            self.0.push('}');
        }
    }

    /// What was written.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_written_as_prometheus_reads_it() {
        let histogram = Histogram::of(&[1_000, 2_500_000]);
        for size in [1, 2_000_000, 9_000_000] {
            histogram.observe(size);
        }
        let mut text = Text::default();
        text.family("t_seconds", "histogram", "Time.");
        text.seconds("t_seconds", &[("route", "/v1/{id}")], &histogram);
        text.single("n", "gauge", "Number.", 3);
        assert_eq!(
            text.into_string(),
            "# HELP t_seconds Time.\n\
             # TYPE t_seconds histogram\n\
             t_seconds_bucket{route=\"/v1/{id}\",le=\"0.001\"} 1\n\
             t_seconds_bucket{route=\"/v1/{id}\",le=\"2.5\"} 2\n\
             t_seconds_bucket{route=\"/v1/{id}\",le=\"+Inf\"} 3\n\
             t_seconds_sum{route=\"/v1/{id}\"} 11.000001\n\
             t_seconds_count{route=\"/v1/{id}\"} 3\n\
             # HELP n Number.\n\
             # TYPE n gauge\n\
             n 3\n"
        );
    }
}
