//! What the events of a stream have that nobody here understands: each path once, however many
//! events repeat it.

use crate::json::Cursor;

/// How many are named; more are only counted.
const NAMED_MAX: usize = 16;

/// What was not understood.
#[derive(Debug, Default)]
pub(in crate::dialect) struct Unknown {
    paths: Vec<String>,
    more: usize,
}

impl Unknown {
    /// Takes over what a cursor came across.
    pub(in crate::dialect) fn take(&mut self, cursor: &mut Cursor<'_>) {
        self.take_below("", cursor);
    }

    /// The same of a cursor that began at a field of the event.
    pub(in crate::dialect) fn take_below(&mut self, field: &str, cursor: &mut Cursor<'_>) {
        let (paths, more) = cursor.take_unknown();
        let mut left = more;
        for path in paths {
            let path = if field.is_empty() { path } else { format!("{field}.{path}") };
            if self.paths.contains(&path) {
                continue;
            }
            match self.paths.len() < NAMED_MAX {
                true => self.paths.push(path),
                false => left += 1,
            }
        }
        // The same ones may come with every event: the most that one has is a lower bound.
        self.more = self.more.max(left);
    }

    /// Their paths, and how many more there were at least.
    pub(in crate::dialect) fn told(&self) -> (Vec<String>, usize) {
        (self.paths.clone(), self.more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_event_repeats_is_told_once() {
        let mut unknown = Unknown::default();
        for _ in 0..3 {
            let mut cursor = Cursor::new(r#"{"a":1,"b":{"c":2}}"#);
            cursor.object(|cursor, _| cursor.unknown()).unwrap();
            unknown.take_below("delta", &mut cursor);
        }
        assert_eq!(unknown.told(), (vec!["delta.a".to_owned(), "delta.b".to_owned()], 0));
        let many: Vec<String> = (0..40).map(|at| format!("\"m{at}\":1")).collect();
        let many = format!("{{{}}}", many.join(","));
        for _ in 0..3 {
            let mut cursor = Cursor::new(&many);
            cursor.object(|cursor, _| cursor.unknown()).unwrap();
            unknown.take(&mut cursor);
        }
        let (paths, more) = unknown.told();
        assert_eq!((paths.len(), more), (16, 26));
    }
}
