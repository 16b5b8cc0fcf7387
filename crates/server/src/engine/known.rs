//! What is known here and nowhere else, told to the process that goes on in this one's place: who is
//! well and who is not, what operators have set, what everybody owes under limits, keys by chance.
//!
//! It is told three times. At the very beginning, what everything else is made with. Right before the
//! new one serves its first request, all there is. When it serves, and once more when the old one has
//! ended its last exchange, what has come about since. All of it stays in memory: it goes through the
//! socket between the two, never by the environment, the command line or a file.
//!
//! The two may be of different releases: a section that is not known is passed over, and a parcel of
//! another version as a whole. Never change what a section says; give another one a new number.

use std::time::Duration;

use anyhow::Context;
use architrave_balance::SentEndpoints;
use architrave_balance::deployment::SentLanes;
use architrave_core::{HashKey, Moment, Parcel, ParcelReader};
use architrave_net::handover::{HandoverSocket, KNOWN_BYTES_MAX};
use architrave_policy::ledger::SentLedger;
use architrave_policy::{SentApplications, SentRates};

use super::Engine;
use crate::keys::RootKey;
use crate::upgrade::Successor;

/// How long an old process may take for each piece of what it tells.
const KNOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// The version of parcels.
const VERSION: u16 = 1;

/// What is asked for at the very beginning.
const BEGIN: u8 = 1;
/// What is asked for before the first request.
const SERVE: u8 = 2;

/// What the version, and the length and the number of a section, take up.
const FRAME_BYTES: usize = 16;

/// The sections there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Clock = 1,
    HashKey = 2,
    RootKey = 3,
    Endpoints = 4,
    Ledger = 5,
    Lanes = 6,
    Rates = 7,
    Applications = 8,
    KeySets = 9,
    Kept = 10,
}

impl Section {
    /// Those that come about while somebody serves, the most important first.
    const STANDING: [Self; 7] = [
        Self::Endpoints,
        Self::Ledger,
        Self::Lanes,
        Self::Rates,
        Self::Applications,
        Self::KeySets,
        Self::Kept,
    ];

    fn of(number: u16) -> Option<Self> {
        let begin = [Self::Clock, Self::HashKey, Self::RootKey];
        begin.into_iter().chain(Self::STANDING).find(|section| *section as u16 == number)
    }
}

/// What of it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knowing {
    /// All of it.
    Everything,
    /// What the last exchanges were counted for. What endpoints are like the new process has been
    /// finding out by itself for as long as they took.
    Counts,
}

/// What the new process knows already.
#[derive(Debug, Default)]
pub(crate) struct Known {
    endpoints: SentEndpoints,
    ledger: SentLedger,
    lanes: SentLanes,
    rates: SentRates,
    applications: SentApplications,
    has_key_sets: bool,
}

/// What is to be known before anything is made.
pub(crate) struct Beginning {
    /// What the old process' clock said: moments mean the same in both.
    pub(crate) clock: Moment,
    /// By what strangers' values are hashed.
    pub(crate) hash: HashKey,
    /// The root key where there is no file of them.
    pub(crate) root_by_chance: RootKey,
}

impl Beginning {
    /// Asks an old process for it; `None` where it speaks of it in another way.
    ///
    /// # Errors
    /// When the old process goes away or says something else.
    pub(crate) fn ask(predecessor: &HandoverSocket) -> anyhow::Result<Option<Self>> {
        let told = predecessor.ask_known(BEGIN, KNOWN_TIMEOUT).context("the old process")?;
        let beginning = Self::read(&told);
        if beginning.is_none() {
            tracing::warn!(
                "the old process tells what it knows in another way: this one begins afresh"
            );
        }
        Ok(beginning)
    }

    fn read(told: &[u8]) -> Option<Self> {
        let (mut clock, mut hash, mut root) = (None, None, None);
        for (section, mut content) in sections(told)? {
            match section {
                Section::Clock => clock = content.u64().map(Moment::from_nanos),
                Section::HashKey => {
                    hash =
                        content.bytes().and_then(|it| it.try_into().ok()).map(HashKey::from_bytes);
                }
                Section::RootKey => root = content.bytes().and_then(|it| it.try_into().ok()),
                _ => {}
            }
        }
        Some(Self { clock: clock?, hash: hash?, root_by_chance: root? })
    }
}

/// The sections of a parcel that this release knows; `None` where it is of another version.
fn sections(told: &[u8]) -> Option<impl Iterator<Item = (Section, ParcelReader<'_>)>> {
    let mut parcel = ParcelReader::new(told);
    if parcel.u16()? != VERSION {
        return None;
    }
    Some(parcel.blocks().filter_map(|mut block| {
        let number = block.u16()?;
        let section = Section::of(number);
        if section.is_none() {
            tracing::info!(number, "the old process knows what this release does not: passed over");
        }
        Some((section?, block))
    }))
}

impl Engine {
    /// What a new process asks for; nothing where this release does not know what that is.
    pub(crate) fn answer_known(&self, stage: u8, told: &mut Option<Known>) -> Vec<u8> {
        match stage {
            BEGIN => {
                let mut parcel = Parcel::new();
                parcel.u16(VERSION);
                let mut put = |section: Section, fill: &dyn Fn(&mut Parcel)| {
                    parcel.block(|parcel| {
                        parcel.u16(section as u16);
                        fill(parcel);
                    });
                };
                let now = self.gateway.clock.now();
                put(Section::Clock, &|parcel| parcel.u64(now.as_nanos()));
                put(Section::HashKey, &|parcel| parcel.bytes(&self.parts.hash.to_bytes()));
                put(Section::RootKey, &|parcel| parcel.bytes(&self.root_by_chance));
                parcel.into_bytes()
            }
            SERVE => self.pack(told.insert(Known::default()), Knowing::Everything),
            _ => Vec::new(),
        }
    }

    /// Tells the new process what has come about since it was told before, if it ever was.
    pub(crate) fn tell(&self, successor: &mut Successor, what: Knowing) {
        let Some(known) = &mut successor.knows else { return };
        let tell = || successor.socket.say_known(&self.pack(known, what));
        if let Err(error) = tokio::task::block_in_place(tell) {
            tracing::warn!(%error, "the new process does not hear what came about in the last moments");
        }
    }

    /// Asks an old process for all that it knows. To be called right before the first request.
    ///
    /// # Errors
    /// When it goes away or says something else.
    pub(super) fn ask_known(&self, predecessor: &HandoverSocket) -> anyhow::Result<()> {
        let ask = || predecessor.ask_known(SERVE, KNOWN_TIMEOUT);
        let told = tokio::task::block_in_place(ask).context("the old process")?;
        self.recover(&told);
        Ok(())
    }

    /// Goes on from what an old process knows.
    pub(super) fn recover(&self, told: &[u8]) {
        if told.is_empty() {
            return;
        }
        let Some(sections) = sections(told) else {
            tracing::warn!("the old process tells what it knows in another way: that is forgotten");
            return;
        };
        for (section, content) in sections {
            let now = self.gateway.clock.now();
            match section {
                Section::Clock | Section::HashKey | Section::RootKey => {}
                Section::Endpoints => self.registry.unpack(content, now),
                Section::Ledger => self.parts.ledger.unpack(content, now),
                Section::Lanes => self.parts.lanes.unpack(content, now),
                Section::Rates => self.parts.limiters.unpack(content, now),
                Section::Applications => self.parts.directory.unpack(content, now),
                Section::KeySets => self.parts.directory.unpack_keys(content),
                Section::Kept => self.unpack_kept(content),
            }
        }
    }

    fn pack(&self, known: &mut Known, what: Knowing) -> Vec<u8> {
        let mut parcel = Parcel::new();
        parcel.u16(VERSION);
        for section in Section::STANDING {
            let mut content = Parcel::new();
            self.pack_section(section, known, what, &mut content);
            if parcel.len() + content.len() + FRAME_BYTES > KNOWN_BYTES_MAX {
                let bytes = content.len();
                tracing::warn!(
                    ?section,
                    bytes,
                    "too much to tell: the new process begins afresh in it"
                );
            } else if !content.is_empty() {
                parcel.block(|parcel| {
                    parcel.u16(section as u16);
                    parcel.append(&content);
                });
            }
        }
        parcel.into_bytes()
    }

    fn pack_section(
        &self,
        section: Section,
        known: &mut Known,
        what: Knowing,
        parcel: &mut Parcel,
    ) {
        let now = self.gateway.clock.now();
        match section {
            Section::Clock | Section::HashKey | Section::RootKey => {}
            Section::Endpoints if what == Knowing::Everything => {
                self.registry.pack(&mut known.endpoints, parcel);
            }
            Section::Endpoints => {}
            Section::Ledger => self.parts.ledger.pack(&mut known.ledger, now, parcel),
            Section::Lanes => self.parts.lanes.pack(&mut known.lanes, now, parcel),
            Section::Rates => self.parts.limiters.pack(&mut known.rates, now, parcel),
            Section::Applications => {
                self.parts.directory.pack(&mut known.applications, now, parcel);
            }
            Section::KeySets => {
                if !std::mem::replace(&mut known.has_key_sets, true) {
                    self.parts.directory.pack_keys(parcel);
                }
            }
            Section::Kept => self.pack_kept(parcel),
        }
    }

    /// Where things live that providers keep. With a data folder its file says so, and what is made
    /// in the last moments is left in lines of text.
    fn pack_kept(&self, parcel: &mut Parcel) {
        if self.kept.is_none() {
            let mut lines = Vec::new();
            if self.gateway.kept.write_lines(&mut lines) > 0 {
                parcel.bytes(&lines);
            }
        }
    }

    fn unpack_kept(&self, mut parcel: ParcelReader<'_>) {
        for line in parcel.text().unwrap_or_default().lines() {
            self.gateway.kept.recover(line);
        }
    }
}
