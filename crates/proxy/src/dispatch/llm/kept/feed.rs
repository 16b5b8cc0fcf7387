//! What is remembered, as lines of text: for who has it outlive the process. It goes there through a
//! bounded queue, behind the requests and never in their way; what finds the queue full is in the
//! table all the same, and who keeps the lines is told to take all of them from there.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use architrave_llm::chat::Text;
use architrave_llm::json::{Cursor, JsonError, Writer};
use architrave_llm::surface::{Kept, KeptId};
use tokio::sync::mpsc;

use super::{Home, KeptIds, Key, Part, Shelf};

/// So many things may wait to be written down: those of a second, with a thousand answers in it.
const WAITING_MAX: usize = 4_096;
/// So many keys are looked at at once, while those who remember wait.
const AT_ONCE: usize = 256;

/// What one answer made.
#[derive(Debug)]
pub(super) struct Told {
    ids: Vec<KeptId>,
    home: Arc<Home>,
}

/// What is remembered from the moment on at which it was asked for.
#[derive(Debug)]
pub struct KeptFeed(mpsc::Receiver<Told>);

impl KeptFeed {
    /// Waits until something was remembered, and appends it in lines; says how many those are.
    pub async fn read(&mut self, lines: &mut Vec<u8>) -> usize {
        let mut told = Vec::new();
        self.0.recv_many(&mut told, WAITING_MAX).await;
        told.iter().map(|told| told.write(lines)).sum()
    }

    /// The same without waiting.
    pub fn read_now(&mut self, lines: &mut Vec<u8>) -> usize {
        let mut count = 0;
        while let Ok(told) = self.0.try_recv() {
            count += told.write(lines);
        }
        count
    }
}

impl Told {
    fn write(&self, lines: &mut Vec<u8>) -> usize {
        self.ids.iter().for_each(|(kept, id)| write_line((*kept, id), &self.home, lines));
        self.ids.len()
    }
}

impl KeptIds {
    /// What is remembered from now on, for the one who asks for it; nothing for a second one.
    #[must_use]
    pub fn feed(&self) -> Option<KeptFeed> {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        self.told.set(sender).ok().map(|()| KeptFeed(receiver))
    }

    /// Whether something was remembered, since this was asked before, that the feed does not have.
    pub fn has_overflown(&self) -> bool {
        self.has_overflown.swap(false, Ordering::Relaxed)
    }

    /// All that is remembered, the oldest first, appended in lines; says how many those are.
    pub fn write_lines(&self, lines: &mut Vec<u8>) -> usize {
        let mut count = 0;
        for part in &self.parts {
            for shelf in 0..Shelf::COUNT {
                let mut left = super::lock(part).numbers(shelf);
                while !left.is_empty() {
                    let some = super::lock(part).take_some(shelf, &mut left);
                    for ((kept, id), home) in some.iter().filter(|(key, _)| !is_under_way(key)) {
                        write_line((*kept, id), home, lines);
                        count += 1;
                    }
                }
            }
        }
        count
    }

    /// Remembers what a line says; whether it says anything.
    pub fn recover(&self, line: &str) -> bool {
        let Ok((id, home)) = read_line(line) else { return false };
        self.remember_here(&[id], &Arc::new(home));
        true
    }

    /// The same as if it had been made here.
    pub fn take_over(&self, line: &str) -> bool {
        let Ok((id, home)) = read_line(line) else { return false };
        self.remember(&[id], &Arc::new(home));
        true
    }

    /// Tells whoever asks for it what was remembered.
    pub(super) fn tell(&self, ids: Vec<KeptId>, home: &Arc<Home>) {
        let Some(told) = self.told.get() else { return };
        let one = Told { ids, home: Arc::clone(home) };
        if told.try_send(one).is_err() {
            self.has_overflown.store(true, Ordering::Relaxed);
        }
    }
}

impl Part {
    /// The numbers of what is on a shelf; they stay the same when the oldest of it are forgotten.
    fn numbers(&self, shelf: usize) -> Range<usize> {
        let row = &self.shelves[shelf];
        row.gone..row.gone + row.keys.len()
    }

    /// The first of those numbers, and where they live; what was forgotten meanwhile is passed over.
    fn take_some(&self, shelf: usize, numbers: &mut Range<usize>) -> Vec<(Key, Arc<Home>)> {
        let row = &self.shelves[shelf];
        let from = numbers.start.max(row.gone);
        let to = numbers.end.min(from + AT_ONCE);
        numbers.start = to;
        let place = |number: usize| number.saturating_sub(row.gone);
        let keys = row.keys.range(place(from)..place(to));
        keys.filter_map(|key| Some((key.clone(), Arc::clone(self.homes.get(key)?)))).collect()
    }
}

/// Whether it is an upload in several requests, or the mark of one: it ends with the process.
fn is_under_way((kept, id): &Key) -> bool {
    *kept == Kept::Upload || *kept == Kept::Lines && id.contains('?')
}

/// A line: what it is, its id, and where it lives.
fn write_line((kept, id): (Kept, &str), home: &Home, lines: &mut Vec<u8>) {
    let Home { provider, credential, model, consumer } = home;
    Writer::new(lines).array(|writer| {
        [kept.word(), id, provider].into_iter().for_each(|text| writer.text(text));
        for text in [credential, model, consumer] {
            match text {
                Some(text) => writer.text(text),
                None => writer.json("null"),
            }
        }
    });
    lines.push(b'\n');
}

fn read_line(line: &str) -> Result<(KeptId, Home), JsonError> {
    let mut cursor = Cursor::new(line);
    let mut words: Vec<Option<Text<'_>>> = Vec::with_capacity(6);
    cursor.array(|cursor| {
        words.push(cursor.maybe(Cursor::text)?);
        Ok(())
    })?;
    cursor.end()?;
    let [Some(kept), Some(id), Some(provider), credential, model, consumer] = words.as_slice()
    else {
        return Err(cursor.wrong("must be six words"));
    };
    let kept = Kept::of_word(kept).ok_or_else(|| cursor.wrong("is kept by nobody"))?;
    let own = |text: &Option<Text<'_>>| text.as_deref().map(Box::from);
    let home = Home {
        provider: (**provider).into(),
        credential: own(credential),
        model: own(model),
        consumer: own(consumer),
    };
    Ok(((kept, (**id).to_owned()), home))
}

#[cfg(test)]
mod tests {
    use super::super::Found;
    use super::*;

    fn home(consumer: Option<&str>) -> Arc<Home> {
        Arc::new(Home {
            provider: "openai".into(),
            credential: Some("main".into()),
            model: None,
            consumer: consumer.map(Into::into),
        })
    }

    fn texts(lines: Vec<u8>) -> Vec<String> {
        String::from_utf8(lines).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_remembered_is_told_in_lines_that_can_be_read_again() {
        let ids = KeptIds::default();
        ids.remember(&[(Kept::File, "before".to_owned())], &home(None));
        let mut feed = ids.feed().unwrap();
        ids.remember(
            &[(Kept::File, "file \"1\"\n".to_owned()), (Kept::Reply, "resp_1".to_owned())],
            &home(Some("ada")),
        );
        let upload = "ticket?upload_id=1".to_owned();
        ids.remember_here(&[(Kept::Upload, upload.clone()), (Kept::Lines, upload)], &home(None));
        let mut lines = Vec::new();
        assert_eq!(feed.read_now(&mut lines), 2);
        let lines = texts(lines);
        assert_eq!(lines[0], r#"["file","file \"1\"\n","openai","main",null,"ada"]"#);
        let again = KeptIds::default();
        assert!(lines.iter().all(|line| again.recover(line)));
        let file = (Kept::File, "file \"1\"\n".to_owned());
        assert_eq!(again.find(&file, Some("ada")), Found::At(home(Some("ada"))));
        assert_eq!(again.find(&file, Some("bob")), Found::Anothers);
        let mut all = Vec::new();
        assert_eq!(ids.write_lines(&mut all), 3, "what is under way ends with the process");
        assert!(texts(all).iter().all(|line| again.recover(line)));
        assert_ne!(again.find(&(Kept::File, "before".to_owned()), None), Found::Unknown);
        for wrong in ["", "[]", "{}", r#"["file","x"]"#, r#"["toy","x","p",null,null,null]"#] {
            assert!(!again.recover(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_finds_no_room_is_noted_and_never_waited_for() {
        let ids = KeptIds::default();
        let mut feed = ids.feed().unwrap();
        assert!(!ids.has_overflown());
        for number in 0..=WAITING_MAX {
            ids.remember(&[(Kept::Item, number.to_string())], &home(None));
        }
        assert!(ids.has_overflown() && !ids.has_overflown());
        let mut lines = Vec::new();
        assert_eq!(feed.read_now(&mut lines), WAITING_MAX);
        assert_eq!(ids.write_lines(&mut Vec::new()), WAITING_MAX + 1);
    }

    #[test]
    fn what_is_not_remembered_wakes_nobody() {
        let ids = KeptIds::default();
        let mut feed = ids.feed().unwrap();
        ids.remember(&[], &home(None));
        let long = "x".repeat(super::super::ID_BYTES_MAX + 1);
        ids.remember(&[(Kept::File, String::new()), (Kept::File, long)], &home(None));
        assert!(feed.0.try_recv().is_err());
    }

    #[test]
    fn lines_are_taken_while_things_are_remembered_and_forgotten() {
        let ids = KeptIds::default();
        let item = |number: usize| [(Kept::Item, number.to_string())];
        let all = 2 * super::super::REMEMBERED_MAX;
        (0..all).for_each(|number| ids.remember(&item(number), &home(None)));
        let mut part = super::super::lock(&ids.parts[0]);
        let shelf = Shelf::of(Kept::Item) as usize;
        let mut left = part.numbers(shelf);
        let first = part.take_some(shelf, &mut left);
        assert_eq!((first.len(), &first[0].0), (AT_ONCE, &part.shelves[shelf].keys[0]));
        let next = part.shelves[shelf].keys[AT_ONCE + 1].clone();
        for number in 0..=AT_ONCE {
            let key = (Kept::Item, Arc::from(format!("more {number}")));
            assert!(part.remember(&key, &home(None)));
        }
        let second = part.take_some(shelf, &mut left);
        assert_eq!(second[0].0, next, "one of them was forgotten, and no other is left out");
        let count = left.len();
        let mut rest = 0;
        while !left.is_empty() {
            rest += part.take_some(shelf, &mut left).len();
        }
        assert_eq!(rest, count);
        // All may be forgotten in between.
        let mut old = 0..AT_ONCE;
        assert!(part.take_some(shelf, &mut old).is_empty() && old.is_empty());
    }

    #[test]
    fn every_sort_of_thing_has_a_word() {
        for &kept in Kept::ALL {
            assert_eq!(Kept::of_word(kept.word()), Some(kept));
        }
    }
}
