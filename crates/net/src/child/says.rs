//! What a child writes to its standard error goes to our log: line by line, within bounds, and with
//! nothing in it that a terminal would obey.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustix::process::Pid;
use tokio::net::unix::pipe;
use tokio::time::Instant;

/// A longer line is cut.
const LINE_BYTES_MAX: usize = 1 << 10;

/// How many lines may come at once, and how many each second after that.
const LINES_AT_ONCE: u32 = 50;
const LINES_PER_SECOND: u32 = 5;

/// Logs what is said until nobody is left to say more. It is read on however much it is.
pub(super) async fn log(stderr: pipe::Receiver, name: Arc<str>, pid: Pid) {
    let mut says = Says::new(Instant::now());
    let mut each = |line: &str, kept_back: u64| {
        let pid = pid.as_raw_nonzero();
        if kept_back > 0 {
            tracing::warn!(child = &*name, pid, kept_back, "lines of a child are not logged");
        }
        if !line.is_empty() {
            tracing::info!(child = &*name, pid, "{line}");
        }
    };
    let mut buffer = BytesMut::new();
    loop {
        if stderr.readable().await.is_err() {
            break;
        }
        buffer.reserve(LINE_BYTES_MAX);
        match stderr.try_read_buf(&mut buffer) {
            Ok(0) => break,
            Ok(_) => says.push(&buffer, Instant::now(), &mut each),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => break,
        }
        buffer.clear();
    }
    says.end(&mut each);
}

/// Cuts what is said to lines, and keeps back what is too much.
struct Says {
    line: Vec<u8>,
    left: u32,
    since: Instant,
    kept_back: u64,
}

impl Says {
    fn new(now: Instant) -> Self {
        Self { line: Vec::new(), left: LINES_AT_ONCE, since: now, kept_back: 0 }
    }

    fn push(&mut self, bytes: &[u8], now: Instant, each: &mut impl FnMut(&str, u64)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, is_whole) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            let room = LINE_BYTES_MAX - self.line.len();
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if is_whole {
                self.whole(now, each);
            }
        }
    }

    fn whole(&mut self, now: Instant, each: &mut impl FnMut(&str, u64)) {
        let seconds = now.duration_since(self.since).as_secs();
        if seconds > 0 {
            let more = u32::try_from(seconds).unwrap_or(u32::MAX).saturating_mul(LINES_PER_SECOND);
            self.left = self.left.saturating_add(more).min(LINES_AT_ONCE);
            self.since += Duration::from_secs(seconds);
        }
        let line = printable(&std::mem::take(&mut self.line));
        if line.is_empty() {
            return;
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                each(&line, std::mem::take(&mut self.kept_back));
            }
            None => self.kept_back += 1,
        }
    }

    fn end(&mut self, each: &mut impl FnMut(&str, u64)) {
        self.left = self.left.max(1);
        self.whole(self.since, each);
        if self.kept_back > 0 {
            each("", self.kept_back);
        }
    }
}

/// The text without what moves cursors and colours letters.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let is_plain = |letter: char| !letter.is_control() || letter == '\t';
    text.trim_end().chars().map(|it| if is_plain(it) { it } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_told_of() {
        let start = Instant::now();
        let mut says = Says::new(start);
        let mut told: Vec<(String, u64)> = Vec::new();
        let mut each = |line: &str, kept_back| told.push((line.to_owned(), kept_back));
        for number in 0..200 {
            says.push(format!("line {number}\n").as_bytes(), start, &mut each);
        }
        says.push(b"a second", start, &mut each);
        says.push(b" later\r\n\n", start + Duration::from_secs(1), &mut each);
        says.push(&[b'x'; 5000], start, &mut each);
        says.push(b"\n\x1b[31mred\x07\n", start, &mut each);
        says.push(b"cut off", start, &mut each);
        says.end(&mut each);
        assert_eq!(told.len(), 50 + 4);
        assert_eq!(told[49], ("line 49".to_owned(), 0));
        assert_eq!(told[50], ("a second later".to_owned(), 150));
        assert_eq!(told[51].0.len(), LINE_BYTES_MAX);
        assert_eq!(told[52].0, "\u{fffd}[31mred\u{fffd}");
        assert_eq!(told[53], ("cut off".to_owned(), 0));
    }
}
