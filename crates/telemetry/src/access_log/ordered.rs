//! Lines for people in the order in which the exchanges ended, whichever worker served them.
//!
//! Workers hand their lines over a few times a second, each at its own time. So a line is held back
//! for a moment, until those that belong before it must have come.

use std::time::Duration;

/// For so many looks at the queue a line is held back: together as long as a worker may take to hand
/// its lines over, and one more.
const ROUNDS: u64 = 6;

/// Lines that wait for others.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    round: u64,
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    ended: Duration,
    since: u64,
    line: Vec<u8>,
}

impl Ordered {
    /// Takes in the lines of one worker: `bytes`, in which they end there. What has no end of its own,
    /// since lines were written otherwise before or after, goes with the one beside it.
    pub(super) fn take(&mut self, bytes: &[u8], ends: &[(Duration, usize)]) {
        let mut from = 0;
        for (at, &(ended, end)) in ends.iter().enumerate() {
            let to = if at + 1 == ends.len() { bytes.len() } else { end };
            let line = bytes.get(from..to).unwrap_or_default().to_vec();
            self.held.push(Held { ended, since: self.round, line });
            from = to;
        }
    }

    /// The lines whose turn it is after one more look at the queue, or all of them; and how many.
    pub(super) fn due(&mut self, is_last: bool) -> (Vec<u8>, u64) {
        self.round += 1;
        let ripe = |held: &&Held| is_last || held.since + ROUNDS <= self.round;
        let Some(up_to) = self.held.iter().filter(ripe).map(|held| held.ended).max() else {
            return Default::default();
        };
        // Those of one moment stay in the order in which they came.
        self.held.sort_by_key(|held| held.ended);
        let count = self.held.partition_point(|held| held.ended <= up_to);
        let lines: Vec<u8> = self.held.drain(..count).flat_map(|held| held.line).collect();
        let count = lines.iter().filter(|byte| **byte == b'\n').count();
        (lines, count as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn due(ordered: &mut Ordered, is_last: bool) -> String {
        let (lines, count) = ordered.due(is_last);
        let text = String::from_utf8(lines).unwrap();
        assert_eq!(text.len() as u64, 2 * count);
        text.replace('\n', "")
    }

    #[test]
    fn lines_of_several_workers_come_in_order() {
        let mut ordered = Ordered::default();
        ordered.take(b"b\nd\n", &[(at(2), 2), (at(4), 4)]);
        for _ in 0..3 {
            assert_eq!(due(&mut ordered, false), "");
        }
        ordered.take(b"a\nc\ne\n", &[(at(1), 2), (at(3), 4), (at(9), 6)]);
        assert_eq!(due(&mut ordered, false), "");
        assert_eq!(due(&mut ordered, false), "");
        assert_eq!(due(&mut ordered, false), "abcd", "what belongs before them comes with them");
        assert_eq!(due(&mut ordered, false), "");
        assert_eq!(due(&mut ordered, true), "e", "nobody waits at the end");
        assert_eq!(due(&mut ordered, true), "");
    }

    #[test]
    fn what_was_written_otherwise_is_not_lost() {
        let mut ordered = Ordered::default();
        ordered.take(b"x\na\ny\n", &[(at(1), 4)]);
        assert_eq!(due(&mut ordered, true), "xay");
    }

    #[test]
    fn a_lone_line_comes_in_its_time() {
        let mut ordered = Ordered::default();
        ordered.take(b"a\n", &[(at(1), 2)]);
        let rounds = (1..20).find(|_| due(&mut ordered, false) == "a");
        assert_eq!(rounds, Some(ROUNDS as usize));
    }
}
