//! Adds events up: over minutes, hours and days, each told apart by all dimensions. Pure: events
//! and the time in, rows to be written out.
//!
//! Over hours and days it adds up once more without most dimensions, for whoever asks over long
//! times ([`COARSE`]): in the same batch, so that both are always the same.
//!
//! What is added up within a step for one set of dimensions is a cell. A cell is always given out
//! whole, as it stands, and under a number that no other process and no other cell has; so it can
//! be written twice without being counted twice, and one that was given up for want of room goes
//! on as another cell of the same place. Whoever reads adds all of them up.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};
use std::sync::Arc;

use architrave_core::Reason;
use architrave_core::usage::{Amount, COARSE, Dimension, OTHERS, STEPS, Span};
use ring::digest::{SHA256, digest};

use super::event::{ModelUse, UsageCaller, UsageEvent, UsagePlace, Word};
use super::sketch::Sketch;

/// The longest name that is kept, in bytes.
const NAME_BYTES_MAX: usize = 128;

const MICROS: i64 = 1_000_000;

/// How much is kept in memory.
#[derive(Clone, Copy, Debug)]
pub struct RollUpLimits {
    /// Sets of dimensions that are told apart within a minute; the rest is added up as `(others)`.
    pub keys_per_minute_max: usize,
    /// Sums that wait for the cells to be written; beyond that, events are dropped and counted.
    pub waiting_max: usize,
    /// Cells that are kept to be added to.
    pub cells_max: usize,
}

impl Default for RollUpLimits {
    /// About 1.5 KiB a cell: 60 MiB, and about twice that while nothing can be written.
    fn default() -> Self {
        Self { keys_per_minute_max: 10_000, waiting_max: 12_000, cells_max: 40_000 }
    }
}

/// What is added up and not yet written, or may still be added to.
#[derive(Debug)]
pub struct RollUp {
    limits: RollUpLimits,
    /// The upper half of the numbers of all cells.
    writer: i64,
    cells_made: u32,
    /// Since the last batch.
    waiting: HashMap<WaitingKey, Sums>,
    /// The sets of dimensions that each of the latest minutes has, by a hash of them.
    keys: HashMap<i64, HashSet<u64>>,
    hasher: RandomState,
    cells: HashMap<CellPlace, Cell>,
    /// Cells that have changed since they were last given out, or whose writing has failed.
    changed: HashSet<CellPlace>,
    /// Cells of the batch that is being written.
    in_flight: Vec<CellPlace>,
    /// Sets of dimensions that are written, and of which day the latest is.
    known: HashMap<i64, i64>,
    events: u64,
    dropped: u64,
    others: u64,
}

/// What is to be written, as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Sets of dimensions that are new, or new on this day.
    pub keys: Vec<KeyRow>,
    /// Cells.
    pub cells: Vec<CellRow>,
    /// Events in all cells together, from the first.
    pub events: u64,
}

/// A set of dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Made of its texts, so that it is everywhere the same.
    pub id: i64,
    /// The day on which it was seen, in seconds UTC.
    pub seen_at: i64,
    /// By dimension, in their order.
    pub texts: Arc<[Box<str>]>,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellRow {
    /// Seconds that it is over.
    pub step: i64,
    /// Where it begins, in seconds UTC.
    pub at: i64,
    /// The set of dimensions.
    pub key: i64,
    /// What tells it from all other cells of the same place.
    pub part: i64,
    /// By amount, in their order.
    pub sums: [i64; Amount::COUNT],
    /// By span, in their order; empty where nothing was measured.
    pub sketches: [Vec<u8>; Span::COUNT],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct CellPlace {
    step: i64,
    at: i64,
    key: i64,
}

#[derive(Debug)]
struct Cell {
    part: i64,
    texts: Arc<[Box<str>]>,
    sums: Sums,
}

#[derive(Clone, Debug, Default)]
struct Sums {
    amounts: [i64; Amount::COUNT],
    sketches: [Option<Box<Sketch>>; Span::COUNT],
}

/// What is told apart of events before their names are looked at.
#[derive(Debug, PartialEq, Eq, Hash)]
struct WaitingKey {
    /// In seconds UTC.
    minute: i64,
    place: Option<Same<UsagePlace>>,
    caller: Option<Arc<UsageCaller>>,
    operation: Option<Word>,
    status: u16,
    reason: Option<Reason>,
    model: Option<Box<[String; 3]>>,
    is_others: bool,
}

/// Equal when it is the very same object, which is quicker to see than equal texts.
#[derive(Debug)]
struct Same<T>(Arc<T>);

impl<T> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Eq for Same<T> {}

impl<T> Hash for Same<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        Arc::as_ptr(&self.0).hash(hasher);
    }
}

impl RollUp {
    /// Nothing is added up yet.
    #[must_use]
    pub fn new(limits: RollUpLimits) -> Self {
        Self {
            limits,
            writer: 0,
            cells_made: 0,
            waiting: HashMap::new(),
            keys: HashMap::new(),
            hasher: RandomState::new(),
            cells: HashMap::new(),
            changed: HashSet::new(),
            in_flight: Vec::new(),
            known: HashMap::new(),
            events: 0,
            dropped: 0,
            others: 0,
        }
    }

    /// Gives it the number that no other process has, before the first batch.
    pub fn begin(&mut self, writer: i64) {
        self.writer = writer;
    }

    /// Adds an event.
    pub fn add(&mut self, event: &mut UsageEvent) {
        let used = event.model.take();
        let mut key = WaitingKey::of(event, used.as_deref());
        if let Some(sums) = self.waiting.get_mut(&key) {
            self.events += 1;
            sums.add(event, used.as_deref());
            return;
        }
        if self.is_too_many(&key) {
            key = WaitingKey::others(&key);
            self.others += 1;
        }
        if self.waiting.len() >= self.limits.waiting_max && !self.waiting.contains_key(&key) {
            self.dropped += 1;
            return;
        }
        self.events += 1;
        self.waiting.entry(key).or_default().add(event, used.as_deref());
    }

    /// Whether a minute has as many sets of dimensions as are told apart, and not this one.
    fn is_too_many(&mut self, key: &WaitingKey) -> bool {
        let hash = self.hasher.hash_one(key);
        let keys = self.keys.entry(key.minute).or_default();
        if keys.len() >= self.limits.keys_per_minute_max {
            return !keys.contains(&hash);
        }
        keys.insert(hash);
        false
    }

    /// Everything that has changed since the last batch; `None` when nothing has. Until it is
    /// [`RollUp::written`] or [`RollUp::failed`], there is no other.
    #[must_use]
    pub fn batch(&mut self) -> Option<Batch> {
        debug_assert!(self.in_flight.is_empty(), "one batch at a time");
        self.settle();
        if self.changed.is_empty() {
            return None;
        }
        let mut batch = Batch { events: self.events_in_cells(), ..Batch::default() };
        let mut told = HashSet::new();
        for place in self.changed.drain() {
            let Some(cell) = self.cells.get(&place) else { continue };
            let day = place.at - place.at.rem_euclid(STEPS[2]);
            let is_known = self.known.get(&place.key).is_some_and(|known| *known >= day);
            if !is_known && told.insert(place.key) {
                let texts = Arc::clone(&cell.texts);
                batch.keys.push(KeyRow { id: place.key, seen_at: day, texts });
            }
            batch.cells.push(cell.row(place));
            self.in_flight.push(place);
        }
        // In one order everywhere, so that two nodes never wait for each other.
        batch.keys.sort_unstable_by_key(|key| key.id);
        batch.cells.sort_unstable_by_key(|cell| (cell.step, cell.at, cell.key));
        Some(batch)
    }

    /// A batch in which nothing has changed.
    #[must_use]
    pub fn nothing(&self) -> Batch {
        Batch { events: self.events_in_cells(), ..Batch::default() }
    }

    /// The batch is written. What lies behind `now`, in seconds UTC, is let go of.
    pub fn written(&mut self, batch: &Batch, now: i64) {
        self.in_flight.clear();
        if self.known.len() > self.limits.cells_max {
            self.known.clear();
        }
        self.known.extend(batch.keys.iter().map(|key| (key.id, key.seen_at)));
        let is_over = |place: &CellPlace| place.at + place.step + STEPS[0] < now;
        let changed = &self.changed;
        self.cells.retain(|place, _| changed.contains(place) || !is_over(place));
        self.keys.retain(|minute, _| minute + 2 * STEPS[0] >= now);
        self.make_room();
    }

    /// The batch is not written: its cells come again with the next one.
    pub fn failed(&mut self) {
        self.changed.extend(self.in_flight.drain(..));
    }

    /// Events that were lost, since there was no room for their sums.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Events that were added up as `(others)`.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.others
    }

    /// Events that were added up.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Lets go of cells that are written, when there are too many: the oldest steps first. They
    /// begin anew when they are needed.
    fn make_room(&mut self) {
        if self.cells.len() <= self.limits.cells_max {
            return;
        }
        let surplus = self.cells.len() - self.limits.cells_max / 2;
        let mut places: Vec<_> =
            self.cells.keys().filter(|place| !self.changed.contains(place)).copied().collect();
        places.sort_unstable_by_key(|place| (place.at, place.step, place.key));
        for place in places.iter().take(surplus) {
            self.cells.remove(place);
        }
    }

    /// Adds what waits to its cells, as far as there is room for new ones.
    fn settle(&mut self) {
        // A batch that has failed for long leaves cells that nobody may let go of.
        if self.changed.len() > self.limits.cells_max {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        for (key, sums) in waiting {
            let texts = key.texts();
            let id = id_of(&texts);
            let begin = |step: i64| key.minute - key.minute.rem_euclid(step);
            for step in STEPS {
                let place = CellPlace { step, at: begin(step), key: id };
                self.add_to(place, &texts, &sums);
            }
            for coarse in COARSE {
                let all = Dimension::ALL.iter().zip(&*texts);
                let texts = all.map(|(dimension, text)| coarse.text(*dimension, text).into());
                let texts: Arc<[Box<str>]> = texts.collect();
                let (step, at) = (coarse.mark, begin(coarse.step));
                let place = CellPlace { step, at, key: id_of(&texts) };
                self.add_to(place, &texts, &sums);
            }
        }
    }

    fn add_to(&mut self, place: CellPlace, texts: &Arc<[Box<str>]>, sums: &Sums) {
        let (writer, made) = (self.writer, &mut self.cells_made);
        let cell = self.cells.entry(place).or_insert_with(|| {
            *made = made.wrapping_add(1);
            let part = (writer << 32) | i64::from(*made);
            Cell { part, texts: Arc::clone(texts), sums: Sums::default() }
        });
        cell.sums.merge(sums);
        self.changed.insert(place);
    }

    /// Events that are in cells, and not only waiting for them.
    fn events_in_cells(&self) -> u64 {
        let waiting = self.waiting.values().map(|sums| sums.amounts[Amount::Requests as usize]);
        self.events.saturating_sub(u64::try_from(waiting.sum::<i64>()).unwrap_or_default())
    }
}

impl WaitingKey {
    fn of(event: &UsageEvent, used: Option<&ModelUse>) -> Self {
        let seconds = event.at.div_euclid(MICROS);
        Self {
            minute: seconds - seconds.rem_euclid(STEPS[0]),
            place: event.place.clone().map(Same),
            caller: event.caller.clone(),
            operation: event.operation.clone(),
            status: event.status,
            reason: event.reason,
            model: used.map(|used| {
                Box::new([used.model.clone(), used.provider.clone(), used.upstream_model.clone()])
            }),
            is_others: false,
        }
    }

    /// Where too many are told apart already: only status and reason are.
    fn others(key: &Self) -> Self {
        Self {
            minute: key.minute,
            place: None,
            caller: None,
            operation: None,
            status: key.status,
            reason: key.reason,
            model: None,
            is_others: true,
        }
    }

    /// By dimension, in their order.
    fn texts(&self) -> Arc<[Box<str>]> {
        let text = |dimension: &Dimension| -> Box<str> {
            let place = self.place.as_ref().map(|same| &*same.0);
            let caller = self.caller.as_deref();
            let of_place = |get: fn(&UsagePlace) -> &str| place.map_or("", get);
            let of_caller = |get: fn(&UsageCaller) -> &str| caller.map_or("", get);
            let model = |at: usize| self.model.as_ref().map_or("", |model| model[at].as_str());
            let found = match dimension {
                Dimension::Status => return self.status.to_string().into(),
                Dimension::Reason => self.reason.map_or("", Reason::as_str),
                _ if self.is_others => OTHERS,
                Dimension::Service => of_place(|place| &place.service),
                Dimension::Version => of_place(|place| &place.version),
                Dimension::Route => of_place(|place| &place.route),
                Dimension::Operation => self.operation.as_ref().map_or("", Word::as_str),
                Dimension::Consumer => of_caller(|caller| &caller.consumer),
                Dimension::Application => of_caller(|caller| &caller.application),
                Dimension::Plan => of_caller(|caller| &caller.plan),
                Dimension::Product => of_caller(|caller| &caller.product),
                Dimension::Team => of_caller(|caller| &caller.team),
                Dimension::Model => model(0),
                Dimension::Provider => model(1),
                Dimension::Deployment if model(1).is_empty() => "",
                Dimension::Deployment => {
                    return kept(&format!("{}/{}", model(1), model(2)));
                }
            };
            kept(found)
        };
        Dimension::ALL.iter().map(text).collect()
    }
}

/// A name as it is kept: not longer than it may be, and nothing in it that a database cannot hold.
fn kept(name: &str) -> Box<str> {
    let mut end = name.len().min(NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].replace('\0', "").into()
}

/// A number of a set of dimensions: 63 bits of a digest, which nobody finds twice.
fn id_of(texts: &[Box<str>]) -> i64 {
    let digest = digest(&SHA256, texts.join("\u{1f}").as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest.as_ref()[..8]);
    i64::from_be_bytes(bytes) & i64::MAX
}

impl Cell {
    fn row(&self, place: CellPlace) -> CellRow {
        let CellPlace { step, at, key } = place;
        let bytes = |sketch: &Option<Box<Sketch>>| {
            sketch.as_ref().map_or_else(Vec::new, |sketch| sketch.to_bytes())
        };
        let sketches = self.sums.sketches.each_ref().map(bytes);
        CellRow { step, at, key, part: self.part, sums: self.sums.amounts, sketches }
    }
}

impl Sums {
    fn add(&mut self, event: &UsageEvent, used: Option<&ModelUse>) {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let mut add = |amount: Amount, count: i64| {
            let sum = &mut self.amounts[amount as usize];
            *sum = sum.saturating_add(count);
        };
        add(Amount::Requests, 1);
        add(Amount::Errors, i64::from(event.is_error()));
        add(Amount::Attempts, i64::from(event.attempts));
        add(Amount::BytesIn, number(event.request_bytes));
        add(Amount::BytesOut, number(event.response_bytes));
        add(Amount::LatencyUs, number(event.latency_us));
        if let Some(used) = used {
            for (amount, count) in Amount::TOKENS.iter().zip(used.tokens) {
                add(*amount, number(count));
            }
            add(Amount::CostNanoUsd, number(used.cost_nano_usd));
            if let Some(micros) = used.first_token_us {
                add(Amount::FirstTokens, 1);
                add(Amount::FirstTokenUs, number(micros));
                self.sketch(Span::FirstToken).add(micros);
            }
        }
        self.sketch(Span::Latency).add(event.latency_us);
    }

    fn sketch(&mut self, span: Span) -> &mut Sketch {
        self.sketches[span as usize].get_or_insert_default()
    }

    fn merge(&mut self, other: &Self) {
        for (sum, count) in self.amounts.iter_mut().zip(other.amounts) {
            *sum = sum.saturating_add(count);
        }
        for (own, other) in self.sketches.iter_mut().zip(&other.sketches) {
            if let Some(other) = other {
                own.get_or_insert_default().merge(other);
            }
        }
    }
}
