//! What is remembered, as lines of text: for who has it outlive the process. It goes there through a
//! bounded queue, behind the requests and never in their way; what finds the queue full is in the
//! table all the same, and who keeps the lines is told to take all of them from there.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use architrave_llm::chat::Text;
use architrave_llm::json::{Cursor, JsonError, Writer};
use architrave_llm::surface::{Kept, KeptId};
use tokio::sync::mpsc;

use super::{Home, KeptIds, Key, Part, Shelf};

/// The first word of a line that says of whose things some were forgotten.
const FORGOTTEN: &str = "forgotten";

/// So many things may wait to be written down: those of a second, with a thousand answers in it.
const WAITING_MAX: usize = 4_096;
/// So many keys are looked at at once, while those who remember wait.
const AT_ONCE: usize = 256;

/// What is to be written down.
#[derive(Debug)]
pub(super) enum Told {
    /// What one answer made.
    Made(Vec<KeptId>, Arc<Home>),
    /// That something on a shelf was forgotten, at which provider and of whom.
    Forgotten(Shelf, Box<str>, Box<str>),
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
        match self {
            Self::Made(ids, home) => {
                ids.iter().for_each(|(kept, id)| write_line((*kept, id), home, lines));
                ids.len()
            }
            Self::Forgotten(shelf, provider, holder) => {
                write_forgotten(*shelf, (provider, holder), lines);
                1
            }
        }
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
        let mut forgotten = BTreeSet::new();
        let mut count = 0;
        for part in &self.parts {
            for shelf in Shelf::ALL {
                let mut left = {
                    let part = super::lock(part);
                    let row = &part.shelves[shelf as usize];
                    for (provider, holders) in row.forgotten() {
                        let own = |holder: &str| (shelf, provider.to_owned(), holder.to_owned());
                        forgotten.extend(holders.map(own));
                    }
                    0..row.end()
                };
                while !left.is_empty() {
                    let some = super::lock(part).take_some(shelf, &mut left);
                    for ((kept, id), home) in some.iter().filter(|(key, _)| !is_under_way(key)) {
                        write_line((*kept, id), home, lines);
                        count += 1;
                    }
                }
            }
        }
        for (shelf, provider, holder) in &forgotten {
            write_forgotten(*shelf, (provider, holder), lines);
        }
        count + forgotten.len()
    }

    /// Remembers what a line says; whether it says anything.
    pub fn recover(&self, line: &str) -> bool {
        match read_line(line) {
            Ok(Told::Made(ids, home)) => self.remember_here(&ids, &home),
            Ok(Told::Forgotten(shelf, provider, holder)) => {
                self.note_forgotten(shelf, &provider, &holder);
            }
            Err(_nothing) => return false,
        }
        true
    }

    /// The same as if it had been made here.
    pub fn take_over(&self, line: &str) -> bool {
        match read_line(line) {
            Ok(Told::Made(ids, home)) => self.remember(&ids, &home),
            Ok(Told::Forgotten(shelf, provider, holder)) => {
                self.note_forgotten(shelf, &provider, &holder);
                self.tell_forgotten(shelf, &provider, &holder);
            }
            Err(_nothing) => return false,
        }
        true
    }

    /// Tells whoever asks for it what was remembered.
    pub(super) fn tell(&self, ids: Vec<KeptId>, home: &Arc<Home>) {
        self.send(|| Told::Made(ids, Arc::clone(home)));
    }

    /// Tells whoever asks for it that something was forgotten, and of whom.
    pub(super) fn tell_forgotten(&self, shelf: Shelf, provider: &str, holder: &str) {
        self.send(|| Told::Forgotten(shelf, provider.into(), holder.into()));
    }

    fn send(&self, one: impl FnOnce() -> Told) {
        let Some(told) = self.told.get() else { return };
        if told.try_send(one()).is_err() {
            self.has_overflown.store(true, Ordering::Relaxed);
        }
    }
}

impl Part {
    /// The first keys of those numbers on a shelf, and where they live; a number stays the same when
    /// others are forgotten.
    fn take_some(&self, shelf: Shelf, numbers: &mut Range<u64>) -> Vec<(Key, Arc<Home>)> {
        let row = &self.shelves[shelf as usize];
        let mut some = Vec::with_capacity(AT_ONCE);
        for (number, key) in row.range(numbers.start, numbers.end) {
            if some.len() == AT_ONCE {
                numbers.start = number;
                return some;
            }
            if let Some(known) = self.homes.get(key) {
                some.push((key.clone(), Arc::clone(&known.home)));
            }
        }
        numbers.start = numbers.end;
        some
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

/// A line that says that something on a shelf was forgotten.
fn write_forgotten(shelf: Shelf, (provider, holder): (&str, &str), lines: &mut Vec<u8>) {
    let words = [FORGOTTEN, shelf.word(), provider, holder];
    Writer::new(lines).array(|writer| words.into_iter().for_each(|word| writer.text(word)));
    lines.push(b'\n');
}

fn read_line(line: &str) -> Result<Told, JsonError> {
    let mut cursor = Cursor::new(line);
    let mut words: Vec<Option<Text<'_>>> = Vec::with_capacity(6);
    cursor.array(|cursor| {
        words.push(cursor.maybe(Cursor::text)?);
        Ok(())
    })?;
    cursor.end()?;
    let own = |text: &Option<Text<'_>>| text.as_deref().map(Box::from);
    match words.as_slice() {
        [Some(word), Some(shelf), Some(provider), Some(holder)] if **word == *FORGOTTEN => {
            let shelf = Shelf::of_word(shelf);
            let shelf = shelf.ok_or_else(|| cursor.wrong("is no shelf"))?;
            Ok(Told::Forgotten(shelf, (**provider).into(), (**holder).into()))
        }
        [Some(kept), Some(id), Some(provider), credential, model, consumer] => {
            let kept = Kept::of_word(kept).ok_or_else(|| cursor.wrong("is kept by nobody"))?;
            let home = Home {
                provider: (**provider).into(),
                credential: own(credential),
                model: own(model),
                consumer: own(consumer),
            };
            Ok(Told::Made(vec![(kept, (**id).to_owned())], Arc::new(home)))
        }
        _ => Err(cursor.wrong("must be the words of a line")),
    }
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
        let shelf = Shelf::Items;
        let keys = |part: &Part| -> Vec<Key> {
            let row = &part.shelves[shelf as usize];
            row.range(0, row.end()).map(|(_, key)| key.clone()).collect()
        };
        let before = keys(&part);
        let mut left = 0..part.shelves[shelf as usize].end();
        let first = part.take_some(shelf, &mut left);
        assert_eq!((first.len(), &first[0].0), (AT_ONCE, &before[0]));
        for number in 0..=AT_ONCE {
            let key = (Kept::Item, Arc::from(format!("more {number}")));
            part.remember(&key, &home(None));
        }
        let second = part.take_some(shelf, &mut left);
        let next = &before[AT_ONCE + 1];
        assert_eq!(&second[0].0, next, "one of them was forgotten, and no other is left out");
        let mut rest = second.len();
        while !left.is_empty() {
            rest += part.take_some(shelf, &mut left).len();
        }
        assert_eq!(
            rest,
            before.len() - AT_ONCE - 1,
            "and nothing that came meanwhile is among them"
        );
        // All may be forgotten in between.
        let mut old = 0..1;
        assert!(part.take_some(shelf, &mut old).is_empty() && old.is_empty());
    }

    #[test]
    fn that_something_was_forgotten_outlives_the_process() {
        let ids = KeptIds::default();
        let mut feed = ids.feed().unwrap();
        let ada = home(Some("ada"));
        let mut lines = Vec::new();
        for number in 0..2 * super::super::REMEMBERED_MAX {
            ids.remember(&[(Kept::Reply, number.to_string())], &ada);
            feed.read_now(&mut lines);
        }
        let told = texts(lines);
        let forgotten = r#"["forgotten","answers","openai","ada"]"#;
        assert!(told.iter().any(|line| line == forgotten));
        let mut all = Vec::new();
        ids.write_lines(&mut all);
        let all = texts(all);
        assert_eq!(all.iter().filter(|line| *line == forgotten).count(), 1);
        let unknown = (Kept::Reply, "x".to_owned());
        for recover in [KeptIds::recover, KeptIds::take_over] {
            let again = KeptIds::default();
            assert!(!again.may_be_anothers(&unknown, "openai", Some("bob")));
            assert!(recover(&again, forgotten));
            assert!(again.may_be_anothers(&unknown, "openai", Some("bob")));
            assert!(!again.may_be_anothers(&unknown, "openai", Some("ada")));
        }
        assert!(!ids.recover(r#"["forgotten","toys","openai","ada"]"#));
    }

    #[test]
    fn every_sort_of_thing_has_a_word() {
        for &kept in Kept::ALL {
            assert_eq!(Kept::of_word(kept.word()), Some(kept));
        }
    }
}
