//! Where things live that providers keep under an id: answers, files, batches, conversations. A
//! request that names one goes there and nowhere else, and never for another consumer than the one
//! who made it.

mod feed;
pub(super) mod pieces;
mod shelf;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use architrave_balance::hash_key;
use architrave_llm::chat::ChatError;
use architrave_llm::estimate;
use architrave_llm::scan::Scanned;
use architrave_llm::surface::{Kept, KeptId, Named, Surface};
use tokio::sync::mpsc;

use super::missed::Missed;
use super::{outgoing, refusal};
use crate::exchange::Exchange;
use crate::models::LiveLane;
use crate::worker::Worker;

pub use feed::KeptFeed;
use shelf::{Row, Shelf};

/// How many ids of each shelf are remembered; beyond that the oldest are forgotten of whoever has
/// the most on it.
const REMEMBERED_MAX: usize = 65_536;
/// Parts of the table, so that two workers seldom meet.
const PARTS: usize = 16;
/// No id of a provider is longer; those of uploads have a whole query.
const ID_BYTES_MAX: usize = 1024;

/// The ids that providers have given, and where they live. One per process.
#[derive(Debug)]
pub struct KeptIds {
    parts: Box<[Mutex<Part>]>,
    /// Files of batches that come in several requests.
    pub(super) pieces: pieces::Pieces,
    /// Who writes down what is remembered, where somebody does.
    told: OnceLock<mpsc::Sender<feed::Told>>,
    /// Whether something was not written down since that was looked at.
    has_overflown: AtomicBool,
}

#[derive(Debug, Default)]
struct Part {
    homes: HashMap<Key, Known, foldhash::fast::RandomState>,
    shelves: [Row; Shelf::ALL.len()],
    /// How many tokens what goes on from them begins with, where that is known.
    tokens: HashMap<Key, u64, foldhash::fast::RandomState>,
    /// Those that were given to somebody else as well, which is said once.
    disputed: HashSet<Key, foldhash::fast::RandomState>,
    /// How many lines of the answers of a batch somebody was charged for.
    charged: HashMap<Key, u64, foldhash::fast::RandomState>,
}

/// What is known of an id here.
#[derive(Debug)]
struct Known {
    home: Arc<Home>,
    /// Its number on its shelf.
    number: u64,
}

type Key = (Kept, Arc<str>);

/// Where something lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    /// The provider's name.
    pub provider: Box<str>,
    /// The name of the credential by which it was made; `None` where the provider needs none.
    pub credential: Option<Box<str>>,
    /// The model's name there, where one made it.
    pub model: Option<Box<str>>,
    /// Who had it made; `None` where nobody was known.
    pub consumer: Option<Box<str>>,
}

impl Home {
    /// Whether a lane leads there.
    pub(super) fn is_at(&self, lane: &LiveLane) -> bool {
        let credential = lane.credential().map(|credential| credential.name.as_str());
        lane.provider.config.name.as_str() == &*self.provider
            && credential == self.credential.as_deref()
    }

    /// Who has it on a shelf; nobody has no name.
    fn holder(&self) -> &str {
        self.consumer.as_deref().unwrap_or_default()
    }

    /// Whether both are the same account at the same provider.
    pub(crate) fn is_same_account(&self, other: &Self) -> bool {
        self.provider == other.provider && self.credential == other.credential
    }

    /// Whether both are the same account, of which another consumer had the other made.
    fn is_anothers(&self, other: &Self) -> bool {
        self.is_same_account(other) && self.consumer != other.consumer
    }
}

impl Default for KeptIds {
    fn default() -> Self {
        Self {
            parts: (0..PARTS).map(|_| Mutex::default()).collect(),
            pieces: pieces::Pieces::default(),
            told: OnceLock::new(),
            has_overflown: AtomicBool::new(false),
        }
    }
}

impl KeptIds {
    /// Remembers where ids live, beyond the process where something is kept of it.
    pub(crate) fn remember(&self, ids: &[KeptId], home: &Arc<Home>) {
        let are_told = self.told.get().is_some();
        let mut told = Vec::new();
        for id in ids {
            if self.remember_one(id, home) && are_told {
                told.push(id.clone());
            }
        }
        if !told.is_empty() {
            self.tell(told, home);
        }
    }

    /// Remembers where ids live while the process does.
    pub(super) fn remember_here(&self, ids: &[KeptId], home: &Arc<Home>) {
        for id in ids {
            self.remember_one(id, home);
        }
    }

    /// Remembers where an id lives; whether that is so. What one consumer had made is not another's
    /// by the same id of the same account.
    fn remember_one(&self, (kept, id): &KeptId, home: &Arc<Home>) -> bool {
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            return false;
        }
        let key = (*kept, Arc::from(id.as_str()));
        let is_news = {
            let mut part = self.part(id);
            match part.remember(&key, home) {
                Remembered::Anothers => part.disputed.insert(key),
                Remembered::Here => return true,
                Remembered::InPlaceOf(oldest) => {
                    drop(part);
                    self.tell_forgotten(Shelf::of(*kept), &oldest.provider, oldest.holder());
                    return true;
                }
            }
        };
        if is_news {
            let (what, provider) = (kept.word(), &*home.provider);
            let consumer = home.consumer.as_deref();
            tracing::warn!(
                what,
                id,
                provider,
                consumer,
                "the provider gave an id to two consumers: it stays the first one's"
            );
        }
        false
    }

    /// Forgets where an id lives.
    pub(super) fn forget(&self, (kept, id): &KeptId) {
        let key = (*kept, Arc::from(id.as_str()));
        self.part(id).forget(&key);
    }

    /// Where an id lives, where this consumer had it made.
    pub(crate) fn find(&self, (kept, id): &KeptId, consumer: Option<&str>) -> Found {
        let key = (*kept, Arc::from(id.as_str()));
        let home = self.part(id).homes.get(&key).map(|known| Arc::clone(&known.home));
        match home {
            None => Found::Unknown,
            Some(home) if home.consumer.as_deref() == consumer => Found::At(home),
            Some(_anothers) => Found::Anothers,
        }
    }

    /// Whether an id of which nothing is known may be of something that another had made at a
    /// provider and that was forgotten here since.
    pub(super) fn may_be_anothers(
        &self,
        (kept, id): &KeptId,
        provider: &str,
        consumer: Option<&str>,
    ) -> bool {
        self.may_be_forgotten((*kept, id), provider, Some(consumer.unwrap_or_default()))
    }

    /// The same, whoever had it made.
    pub(super) fn may_be_anybodys(&self, (kept, id): &KeptId, provider: &str) -> bool {
        self.may_be_forgotten((*kept, id), provider, None)
    }

    fn may_be_forgotten(
        &self,
        (kept, id): (Kept, &str),
        provider: &str,
        but_of: Option<&str>,
    ) -> bool {
        let part = self.part(id);
        // It would have been in this part of the table.
        let has_forgotten = part.shelves[Shelf::of(kept) as usize].has_forgotten(provider, but_of);
        has_forgotten && !part.homes.contains_key(&(kept, Arc::from(id)))
    }

    /// Notes that something on a shelf was forgotten, of whose ids nobody knows.
    fn note_forgotten(&self, shelf: Shelf, provider: &str, holder: &str) {
        for part in &self.parts {
            lock(part).shelves[shelf as usize].note_forgotten(provider, holder);
        }
    }

    /// Notes how many tokens answers and conversations hold, of those ids that are known here as
    /// this consumer's.
    pub(crate) fn note_tokens(&self, ids: &[KeptId], consumer: Option<&str>, tokens: u64) {
        for (kept, id) in ids {
            let key = (*kept, Arc::from(id.as_str()));
            let mut part = self.part(id);
            if part.homes.get(&key).is_some_and(|it| it.home.consumer.as_deref() == consumer) {
                part.tokens.insert(key, tokens);
            }
        }
    }

    /// Notes that what has so many tokens was put behind a conversation, where it is known how many
    /// it had.
    pub(super) fn add_tokens(&self, (kept, id): &KeptId, more: u64) {
        let key = (*kept, Arc::from(id.as_str()));
        if let Some(tokens) = self.part(id).tokens.get_mut(&key) {
            *tokens = tokens.saturating_add(more);
        }
    }

    /// What a request holds beside what it says, by what it names.
    pub(super) fn beside(&self, named: &[KeptId]) -> Beside {
        let mut beside = Beside::default();
        for (kept, id) in named {
            match self.part(id).tokens.get(&(*kept, Arc::from(id.as_str()))) {
                Some(tokens) => beside.known_tokens = beside.known_tokens.saturating_add(*tokens),
                None => beside.guessed_tokens += guess(*kept),
            }
        }
        beside
    }

    /// Whether a line of the answers of a batch, which are fetched from the first line on, is to be
    /// charged for: somebody fetches it for the first time.
    pub(super) fn charge_line(&self, (kept, id): &KeptId, line: u64) -> bool {
        let key = (*kept, Arc::from(id.as_str()));
        // That all of it was charged for is known by a name of its own, which outlives the process.
        let of_all = as_charged(id);
        if self.part(&of_all.1).homes.contains_key(&(of_all.0, Arc::from(of_all.1.as_str()))) {
            return false;
        }
        let mut part = self.part(id);
        if !part.homes.contains_key(&key) {
            return false;
        }
        let lines = part.charged.entry(key).or_insert(0);
        let is_first = line >= *lines;
        *lines = (*lines).max(line + 1);
        is_first
    }

    /// Notes that all answers of a batch were charged for.
    pub(super) fn note_charged(&self, (kept, id): &KeptId) {
        let key = (*kept, Arc::from(id.as_str()));
        let home = self.part(id).homes.get(&key).map(|known| Arc::clone(&known.home));
        if let Some(home) = home {
            self.remember(&[as_charged(id)], &home);
        }
    }

    /// Who had made what a name that cannot be guessed stands for.
    pub(crate) fn maker(&self, (kept, id): &KeptId) -> Option<Box<str>> {
        let key = (*kept, Arc::from(id.as_str()));
        self.part(id).homes.get(&key)?.home.consumer.clone()
    }

    fn part(&self, id: &str) -> MutexGuard<'_, Part> {
        let place = hash_key(id.as_bytes()) as usize % PARTS;
        lock(&self.parts[place])
    }
}

/// The name under which it is remembered that the answers of a batch were charged for.
fn as_charged(id: &str) -> KeptId {
    (Kept::Lines, format!("charged {id}"))
}

fn lock(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The tokens of a prompt that are not in its body but at the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    /// Those that were counted when it was made.
    pub known_tokens: u64,
    /// What is reserved for the rest.
    pub guessed_tokens: u64,
}

/// What is reserved for something of which nobody here knows how large it is.
const fn guess(kept: Kept) -> u64 {
    match kept {
        // Made before a restart, or elsewhere.
        Kept::Reply | Kept::Conversation | Kept::Cache => 32_768,
        Kept::File => estimate::LINK_TOKENS,
        // Of a search as many passages are read as OpenAI's finds: 20 of 800 tokens.
        Kept::Store => 16_000,
        Kept::Prompt => 8_192,
        // Minutes of speech; the beginning of a skill, of which the rest is read where it is needed.
        Kept::Audio | Kept::Skill => 4_096,
        Kept::Item => 1_024,
        Kept::Batch | Kept::Lines | Kept::Upload | Kept::Container | Kept::Chat => 0,
    }
}

/// What became of something that was to be remembered.
enum Remembered {
    /// It is another consumer's there.
    Anothers,
    /// It is.
    Here,
    /// It is, and what lived there was forgotten for it, as the first of its owner's at its provider.
    InPlaceOf(Arc<Home>),
}

impl Part {
    /// Remembers where something lives, unless it is another consumer's there.
    fn remember(&mut self, key: &Key, home: &Arc<Home>) -> Remembered {
        let row = &mut self.shelves[Shelf::of(key.0) as usize];
        match self.homes.entry(key.clone()) {
            Entry::Occupied(known) if known.get().home.is_anothers(home) => {
                return Remembered::Anothers;
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                let before = std::mem::replace(&mut known.home, Arc::clone(home));
                if before.consumer != home.consumer {
                    row.remove(known.number, before.holder());
                    known.number = row.add(key.clone(), home.holder());
                }
                if !before.is_same_account(home) {
                    self.tokens.remove(key);
                }
                return Remembered::Here;
            }
            Entry::Vacant(place) => {
                let number = row.add(key.clone(), home.holder());
                place.insert(Known { home: Arc::clone(home), number });
            }
        }
        if row.len() > REMEMBERED_MAX / PARTS
            && let Some(oldest) = row.oldest_of_the_most().cloned()
            && let Some(forgotten) = self.forget(&oldest)
        {
            let row = &mut self.shelves[Shelf::of(key.0) as usize];
            if row.note_forgotten(&forgotten.provider, forgotten.holder()) {
                return Remembered::InPlaceOf(forgotten);
            }
        }
        Remembered::Here
    }

    /// Forgets something; where it lived.
    fn forget(&mut self, key: &Key) -> Option<Arc<Home>> {
        self.tokens.remove(key);
        self.disputed.remove(key);
        self.charged.remove(key);
        let Known { home, number } = self.homes.remove(key)?;
        self.shelves[Shelf::of(key.0) as usize].remove(number, home.holder());
        Some(home)
    }
}

/// What a body names that lives at a provider, or that it fetches as the operator could. Most bodies name nothing, and the scan has seen that.
///
/// # Errors
/// That it cannot be read.
pub(super) async fn named(
    worker: &Worker,
    surface: Surface,
    (body, scanned): (&Arc<Vec<u8>>, &Scanned),
) -> Result<Named, Missed> {
    if !scanned.may_name_kept {
        return Ok(Named::default());
    }
    let body = Arc::clone(body);
    let found = outgoing::offloaded(worker, body.len(), move || {
        let text = std::str::from_utf8(&body)
            .map_err(|_not_text| ChatError::invalid("", "the body is not UTF-8"))?;
        Ok(surface.named_in_request(text)?)
    });
    found.await.map_err(refusal::invalid)
}

impl Home {
    /// Where something lives that was made along a lane; by a model, where `by_model`.
    pub(super) fn of(exchange: &Exchange<'_>, lane: &LiveLane, by_model: bool) -> Arc<Self> {
        Arc::new(Self {
            provider: lane.provider.config.name.as_str().into(),
            credential: lane.credential().map(|credential| credential.name.as_str().into()),
            model: by_model.then(|| lane.model.clone()),
            consumer: exchange.caller_name().map(Into::into),
        })
    }
}

/// What is known of an id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It lives there.
    At(Arc<Home>),
    /// It is another consumer's; to this one it does not exist.
    Anothers,
    /// Nothing.
    Unknown,
}

#[cfg(test)]
mod tests;
