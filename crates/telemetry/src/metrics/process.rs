//! What the system says of the process: memory, processor time, open files, its start.
//!
//! Read from `/proc/self` at the scrape, which is on the control runtime; nothing is counted in
//! between. Names are those that every dashboard for Prometheus knows. Where `/proc` is not there
//! or does not say, the series is absent.

use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use architrave_core::Clock;
use architrave_core::metric::Metric;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::sample::SampleSink;

/// What is asked of the system at every scrape.
#[derive(Debug, Default)]
pub(crate) struct ProcessMetrics {
    /// Computed once: the clocks it is a difference of drift, and a start does not.
    started: OnceLock<Option<Duration>>,
}

impl ProcessMetrics {
    pub(crate) fn sample(&self, sink: &mut SampleSink) {
        if let Some(spent) = time_of(ClockId::ProcessCPUTime) {
            sink.gauge(Metric::ProcessCpu, &[], spent.as_secs_f64());
        }
        if let Some(bytes) = resident_bytes() {
            sink.count(Metric::ProcessResidentMemory, &[], bytes);
        }
        if let Some(count) = open_fds() {
            sink.count(Metric::ProcessOpenFds, &[], count);
        }
        // Absent where there is no limit.
        if let Some(limit) = getrlimit(Resource::Nofile).current {
            sink.count(Metric::ProcessMaxFds, &[], limit);
        }
        if let Some(at) = self.started.get_or_init(started) {
            sink.gauge(Metric::ProcessStartTime, &[], at.as_secs_f64());
        }
    }
}

fn resident_bytes() -> Option<u64> {
    let pages = resident_pages(&fs::read_to_string("/proc/self/statm").ok()?)?;
    pages.checked_mul(u64::try_from(rustix::param::page_size()).ok()?)
}

/// The second number of `statm`: pages in memory.
fn resident_pages(statm: &str) -> Option<u64> {
    statm.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Every descriptor but the one that reading the directory takes.
fn open_fds() -> Option<u64> {
    let entries = fs::read_dir("/proc/self/fd").ok()?.count();
    u64::try_from(entries).ok()?.checked_sub(1)
}

/// When the process began, since the Unix epoch. `/proc/stat` would say when the machine did, but
/// a hardened unit does not see it; the clocks say as much.
fn started() -> Option<Duration> {
    let ticks = start_ticks(&fs::read_to_string("/proc/self/stat").ok()?)?;
    let after_boot = after_boot(ticks, rustix::param::clock_ticks_per_second())?;
    let age = time_of(ClockId::Boottime)?.checked_sub(after_boot)?;
    Clock::system().wall().duration_since(UNIX_EPOCH).ok()?.checked_sub(age)
}

/// The twenty-second field of `stat`, in ticks after boot. The second is the name of the process
/// in brackets, which may hold blanks and brackets itself.
fn start_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

fn after_boot(ticks: u64, per_second: u64) -> Option<Duration> {
    let millis = ticks.checked_mul(1_000)?.checked_div(per_second)?;
    Some(Duration::from_millis(millis))
}

fn time_of(clock: ClockId) -> Option<Duration> {
    let time = clock_gettime(clock);
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn fields_are_found_behind_any_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21";
        for name in ["architrave", "a b", ") 1 (", ""] {
            assert_eq!(start_ticks(&format!("42 ({name}) {rest}")), Some(4711), "{name}");
        }
        assert_eq!(start_ticks("42 (a) S 1 2"), None);
        assert_eq!(resident_pages("3000 1200 800 1 0 400 0\n"), Some(1200));
        assert_eq!(resident_pages(""), None);
        assert_eq!(after_boot(150, 100), Some(Duration::from_millis(1_500)));
        assert_eq!(after_boot(150, 0), None);
    }

    #[test]
    fn descriptors_are_counted_while_they_are_open() {
        // Other tests open files meanwhile, so many are held to be seen over them.
        let before = open_fds().expect("/proc is there");
        let held: Vec<_> = (0..500).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        let during = open_fds().unwrap();
        assert!(during >= before + 400, "{before} before, {during} with {} more", held.len());
    }

    #[test]
    fn it_began_before_now_and_not_long_ago() {
        let now = Clock::system().wall().duration_since(UNIX_EPOCH).unwrap();
        let age = now.checked_sub(started().unwrap()).expect("it began in the past");
        assert!(age < Duration::from_secs(3_600), "{age:?}");
    }

    #[test]
    fn memory_that_is_used_is_resident() {
        let before = resident_bytes().unwrap();
        let held = vec![1_u8; 64 << 20];
        let after = resident_bytes().unwrap();
        assert!(after > before + (32 << 20), "{before} to {after} with {}", held.len());
    }

    #[test]
    fn work_takes_processor_time() {
        let before = time_of(ClockId::ProcessCPUTime).unwrap();
        let mut sum = 0_u64;
        while time_of(ClockId::ProcessCPUTime).unwrap() < before + Duration::from_millis(5) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(sum > 0);
    }
}
