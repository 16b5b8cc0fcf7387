//! Where things live that providers keep under an id: answers, files, batches, conversations. A
//! request that names one goes there and nowhere else, and never for another consumer than the one
//! who made it.

mod feed;
pub(super) mod pieces;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use architrave_balance::hash_key;
use architrave_llm::chat::ChatError;
use architrave_llm::estimate;
use architrave_llm::scan::Scanned;
use architrave_llm::surface::{Kept, KeptId, Surface};
use tokio::sync::mpsc;

use super::missed::Missed;
use super::{outgoing, refusal};
use crate::exchange::Exchange;
use crate::models::LiveLane;
use crate::worker::Worker;

pub use feed::KeptFeed;

/// How many ids of each shelf are remembered; beyond that the oldest of it are forgotten.
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
    homes: HashMap<Key, Arc<Home>, foldhash::fast::RandomState>,
    shelves: [Row; Shelf::COUNT],
    /// How many tokens what goes on from them begins with, where that is known.
    tokens: HashMap<Key, u64, foldhash::fast::RandomState>,
    /// Those that were given to somebody else as well, which is said once.
    disputed: HashSet<Key, foldhash::fast::RandomState>,
}

/// The keys of a shelf, the oldest first.
#[derive(Debug, Default)]
struct Row {
    keys: VecDeque<Key>,
    /// How many were here before the first.
    gone: usize,
}

type Key = (Kept, Arc<str>);

/// What is forgotten together: answers, of which every request makes some, do not drive out what
/// was made on purpose.
#[derive(Clone, Copy)]
enum Shelf {
    Answers,
    Things,
}

impl Shelf {
    const COUNT: usize = 2;

    const fn of(kept: Kept) -> Self {
        match kept {
            Kept::Reply | Kept::Chat | Kept::Item | Kept::Container | Kept::Audio => Self::Answers,
            Kept::File
            | Kept::Upload
            | Kept::Lines
            | Kept::Batch
            | Kept::Conversation
            | Kept::Store
            | Kept::Cache
            | Kept::Prompt
            | Kept::Skill => Self::Things,
        }
    }
}

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
            if part.remember(&key, home) {
                return true;
            }
            part.disputed.insert(key)
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
        let home = self.part(id).homes.get(&key).map(Arc::clone);
        match home {
            None => Found::Unknown,
            Some(home) if home.consumer.as_deref() == consumer => Found::At(home),
            Some(_anothers) => Found::Anothers,
        }
    }

    /// Notes how many tokens answers and conversations hold, of those ids that are known here as
    /// this consumer's.
    pub(crate) fn note_tokens(&self, ids: &[KeptId], consumer: Option<&str>, tokens: u64) {
        for (kept, id) in ids {
            let key = (*kept, Arc::from(id.as_str()));
            let mut part = self.part(id);
            if part.homes.get(&key).is_some_and(|home| home.consumer.as_deref() == consumer) {
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

    /// Who had made what a name that cannot be guessed stands for.
    pub(crate) fn maker(&self, (kept, id): &KeptId) -> Option<Box<str>> {
        let key = (*kept, Arc::from(id.as_str()));
        self.part(id).homes.get(&key)?.consumer.clone()
    }

    fn part(&self, id: &str) -> MutexGuard<'_, Part> {
        let place = hash_key(id.as_bytes()) as usize % PARTS;
        lock(&self.parts[place])
    }
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

impl Part {
    /// Remembers where something lives, unless it is another consumer's there; whether it does.
    fn remember(&mut self, key: &Key, home: &Arc<Home>) -> bool {
        match self.homes.entry(key.clone()) {
            Entry::Occupied(known) if known.get().is_anothers(home) => return false,
            Entry::Occupied(mut known) => {
                if !known.insert(Arc::clone(home)).is_same_account(home) {
                    self.tokens.remove(key);
                }
                return true;
            }
            Entry::Vacant(place) => place.insert(Arc::clone(home)),
        };
        let row = &mut self.shelves[Shelf::of(key.0) as usize];
        row.keys.push_back(key.clone());
        if row.keys.len() > REMEMBERED_MAX / PARTS
            && let Some(oldest) = row.keys.pop_front()
        {
            row.gone += 1;
            self.forget(&oldest);
        }
        true
    }

    fn forget(&mut self, key: &Key) {
        self.homes.remove(key);
        self.tokens.remove(key);
        self.disputed.remove(key);
    }
}

/// What a body names that lives at a provider. Most bodies name nothing, and the scan has seen that.
///
/// # Errors
/// That it cannot be read.
pub(super) async fn named(
    worker: &Worker,
    surface: Surface,
    (body, scanned): (&Arc<Vec<u8>>, &Scanned),
) -> Result<Vec<KeptId>, Missed> {
    if !scanned.may_name_kept {
        return Ok(Vec::new());
    }
    let body = Arc::clone(body);
    let found = outgoing::offloaded(worker, body.len(), move || {
        let text = std::str::from_utf8(&body)
            .map_err(|_not_text| ChatError::invalid("", "the body is not UTF-8"))?;
        Ok(surface.kept_in_request(text)?)
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
mod tests {
    use super::*;

    fn home(consumer: &str) -> Home {
        Home {
            provider: "openai".into(),
            credential: Some("main".into()),
            model: None,
            consumer: Some(consumer.into()),
        }
    }

    fn named(kept: Kept, id: &str) -> KeptId {
        (kept, id.to_owned())
    }

    #[test]
    fn an_id_is_found_by_whom_it_was_made_for_alone() {
        let ids = KeptIds::default();
        let reply = named(Kept::Reply, "resp_1");
        ids.remember(std::slice::from_ref(&reply), &Arc::new(home("joe")));
        assert_eq!(ids.find(&reply, Some("joe")), Found::At(Arc::new(home("joe"))));
        assert_eq!(ids.find(&reply, Some("ann")), Found::Anothers);
        assert_eq!(ids.find(&reply, None), Found::Anothers);
        assert_eq!(ids.find(&named(Kept::File, "resp_1"), Some("joe")), Found::Unknown);
    }

    #[test]
    fn what_goes_on_from_an_answer_begins_with_all_of_its_tokens() {
        let ids = KeptIds::default();
        let reply = named(Kept::Reply, "resp_1");
        ids.note_tokens(std::slice::from_ref(&reply), Some("joe"), 9);
        let unknown = ids.beside(std::slice::from_ref(&reply));
        assert_eq!((unknown.known_tokens, unknown.guessed_tokens), (0, 32_768));
        ids.remember(std::slice::from_ref(&reply), &Arc::new(home("joe")));
        ids.note_tokens(std::slice::from_ref(&reply), Some("joe"), 100_000);
        let file = named(Kept::File, "file-1");
        let known = ids.beside(&[reply, file]);
        assert_eq!((known.known_tokens, known.guessed_tokens), (100_000, estimate::LINK_TOKENS));
    }

    #[test]
    fn what_is_given_to_two_stays_with_the_first_of_an_account() {
        let ids = KeptIds::default();
        let mut feed = ids.feed().unwrap();
        let reply = [named(Kept::Reply, "resp_1")];
        ids.remember(&reply, &Arc::new(home("joe")));
        ids.note_tokens(&reply, Some("joe"), 7);
        ids.remember(&reply, &Arc::new(home("ann")));
        ids.note_tokens(&reply, Some("ann"), 9);
        assert_eq!(ids.find(&reply[0], Some("joe")), Found::At(Arc::new(home("joe"))));
        assert_eq!(ids.find(&reply[0], Some("ann")), Found::Anothers);
        assert_eq!(ids.beside(&reply).known_tokens, 7);
        assert_eq!(feed.read_now(&mut Vec::new()), 1, "nobody is told what is not so");
        // Of another account it is another thing.
        let elsewhere = Arc::new(Home { credential: Some("spare".into()), ..home("ann") });
        ids.remember(&reply, &elsewhere);
        assert_eq!(ids.find(&reply[0], Some("ann")), Found::At(elsewhere));
        assert_eq!(ids.beside(&reply).known_tokens, 0);
    }

    #[test]
    fn the_table_is_bounded_and_forgets_the_oldest_of_each_shelf() {
        let ids = KeptIds::default();
        let home = Arc::new(home("joe"));
        let file = named(Kept::File, "file-0");
        ids.remember(std::slice::from_ref(&file), &home);
        for number in 0..2 * REMEMBERED_MAX {
            let item = [named(Kept::Item, &format!("msg_{number}"))];
            ids.remember(&item, &home);
            ids.note_tokens(&item, Some("joe"), 1);
        }
        let known: usize = ids.parts.iter().map(|part| lock(part).homes.len()).sum();
        assert!(known <= REMEMBERED_MAX + 1, "{known}");
        let sized: usize = ids.parts.iter().map(|part| lock(part).tokens.len()).sum();
        assert!(sized <= REMEMBERED_MAX, "{sized}");
        let last = named(Kept::Item, &format!("msg_{}", 2 * REMEMBERED_MAX - 1));
        assert_ne!(ids.find(&last, Some("joe")), Found::Unknown);
        assert_eq!(ids.find(&named(Kept::Item, "msg_0"), Some("joe")), Found::Unknown);
        assert_ne!(ids.find(&file, Some("joe")), Found::Unknown);
        let long = named(Kept::File, &"x".repeat(ID_BYTES_MAX + 1));
        ids.remember(std::slice::from_ref(&long), &home);
        assert_eq!(ids.find(&long, Some("joe")), Found::Unknown);
    }
}
