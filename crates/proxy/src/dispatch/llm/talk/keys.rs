//! Keys for one talk that providers have made for clients of ours: with such a key the client talks by
//! way of here, as the consumer who asked for it and with nobody else's rights, until it ends.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use architrave_core::Secret;
use architrave_llm::surface::parameter;
use architrave_llm::talk::TOKENS;
use architrave_net::Fields;
use architrave_policy::Caller;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

use crate::assembly::LiveKind;
use crate::dispatch::llm::kept::Home;
use crate::exchange::Exchange;
use crate::worker::Worker;

/// How many keys are remembered; beyond that the oldest are forgotten. They live for minutes.
const REMEMBERED_MAX: usize = 16_384;
/// No key lives longer here, whatever its provider says: OpenAI's are good for two hours at most.
const LIFE_MAX: Duration = Duration::from_secs(2 * 60 * 60);
/// How long one lives of which its provider does not say it.
const LIFE_DEFAULT: Duration = Duration::from_secs(60);
/// What keys of OpenAI's begin with.
const MARK: &str = "ek_";
/// How paths of talks end.
const PATHS: [&str; 2] = ["/realtime", ".BidiGenerateContentConstrained"];
/// How browsers show a key, which cannot set fields.
const PROTOCOL_MARK: &[u8] = b"openai-insecure-api-key.";
const PROTOCOLS: &str = "sec-websocket-protocol";
/// Where Google's clients show a key.
const GOOGLE: &str = "x-goog-api-key";

/// A key.
#[derive(Debug)]
pub(crate) struct TalkKey {
    /// What the provider wants to be shown.
    pub secret: Secret,
    /// Whose provider and credential it is of, and who asked for it.
    pub home: Arc<Home>,
    /// The model that was asked for, by its name here.
    pub model: String,
    /// The service by which it was asked for.
    pub service: String,
    ends: SystemTime,
}

/// The keys that there are. One per process, and nothing of it is written down.
#[derive(Debug, Default)]
pub struct TalkKeys(Mutex<Known>);

/// Found by their hashes, so that nobody learns a key by how long it is looked for.
type Hash = [u8; 32];

#[derive(Debug, Default)]
struct Known {
    keys: HashMap<Hash, Arc<TalkKey>>,
    /// The oldest first.
    row: VecDeque<Hash>,
}

impl TalkKey {
    /// A key that ends then, in seconds since 1970.
    pub(crate) fn new(
        (secret, ends_at): (Secret, Option<u64>),
        home: Arc<Home>,
        (model, service): (String, String),
        now: SystemTime,
    ) -> Self {
        let stated = ends_at.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds.min(1 << 40)));
        let ends = stated.unwrap_or(now + LIFE_DEFAULT).min(now + LIFE_MAX);
        Self { secret, home, model, service, ends }
    }
}

impl TalkKeys {
    /// Remembers a key by what the client is to show.
    pub(crate) fn remember(&self, shown: &str, key: TalkKey, now: SystemTime) {
        let hash = hash_of(shown.as_bytes());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(oldest) = known.row.front().copied() {
            let is_over = known.keys.get(&oldest).is_none_or(|key| key.ends <= now);
            if !is_over && known.row.len() < REMEMBERED_MAX {
                break;
            }
            known.row.pop_front();
            known.keys.remove(&oldest);
        }
        if known.keys.insert(hash, Arc::new(key)).is_none() {
            known.row.push_back(hash);
        }
    }

    /// The key that is shown, while it is good.
    fn find(&self, shown: &[u8], now: SystemTime) -> Option<Arc<TalkKey>> {
        let hash = hash_of(shown);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.keys.get(&hash).filter(|key| key.ends > now).map(Arc::clone)
    }
}

fn hash_of(shown: &[u8]) -> Hash {
    let hash = digest::digest(&digest::SHA256, shown);
    std::array::from_fn(|place| hash.as_ref()[place])
}

/// A key that nobody can guess, of the same looks.
pub(crate) fn own(is_geminis: bool) -> Option<String> {
    let mut bytes = [0; 24];
    SystemRandom::new().fill(&mut bytes).ok()?;
    let mut text = String::from(if is_geminis { TOKENS } else { MARK });
    bytes.iter().try_for_each(|byte| write!(text, "{byte:02x}")).ok()?;
    Some(text)
}

/// Notes who calls where the request shows a key for a talk, and takes the key out.
pub(crate) fn vouch(worker: &Worker, exchange: &mut Exchange<'_>) {
    if !PATHS.iter().any(|path| exchange.path.ends_with(path)) {
        return;
    }
    let service = exchange.matched.and_then(|matched| matched.service);
    let Some(service) = service.filter(|service| matches!(service.kind, LiveKind::Llm(_))) else {
        return;
    };
    let query = exchange.head.query().unwrap_or_default();
    let Some(shown) = shown(&exchange.head.fields, query) else { return };
    let key = worker.gateway().talk_keys.find(&shown, worker.wall());
    let Some(key) = key.filter(|key| key.service == service.name.as_str()) else { return };
    let fields = &mut exchange.head.fields;
    ["authorization", GOOGLE].into_iter().for_each(|name| fields.remove(name));
    let protocols: Vec<Vec<u8>> = fields.all(PROTOCOLS).flat_map(protocols).collect();
    fields.remove(PROTOCOLS);
    let left = protocols.into_iter().filter(|one| !one.starts_with(PROTOCOL_MARK));
    let left = left.collect::<Vec<_>>().join(&b", "[..]);
    if !left.is_empty() {
        fields.append(PROTOCOLS, &left);
    }
    if let Some(maker) = key.home.consumer.as_deref() {
        let consumer = exchange.assembly.snapshot.consumer(maker).map(Caller::Consumer);
        let application = || worker.gateway().directory.by_name(maker).map(Caller::Application);
        exchange.admission.vouched = consumer.or_else(application);
    }
    exchange.talk_key = Some(key);
}

fn protocols(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    value.split(|byte| *byte == b',').map(|one| one.trim_ascii().to_vec())
}

/// The one key for a talk that is shown, where nothing else is: as a bearer, as a token of Google's, in
/// its clients' own field beside that, by a parameter, or among the protocols.
fn shown(fields: &Fields, query: &str) -> Option<Vec<u8>> {
    let fits =
        |scheme: &[u8]| [&b"bearer"[..], b"token"].iter().any(|it| scheme.eq_ignore_ascii_case(it));
    let authorizations = fields.all("authorization").map(|value| {
        let at = value.iter().position(|byte| *byte == b' ')?;
        fits(&value[..at]).then(|| value[at..].trim_ascii())
    });
    let protocols = fields.all(PROTOCOLS).flat_map(|value| value.split(|byte| *byte == b','));
    let protocols = protocols.filter_map(|one| one.trim_ascii().strip_prefix(PROTOCOL_MARK));
    let parameter = parameter(query, "access_token");
    let parameters = parameter.as_ref().map(|token| token.as_bytes());
    let others = fields.all(GOOGLE).chain(protocols).chain(parameters).map(Some);
    let mut all = authorizations.chain(others);
    let first = all.next()??;
    let is_one = all.all(|other| other == Some(first));
    let is_key = [MARK, TOKENS].iter().any(|mark| first.starts_with(mark.as_bytes()));
    (is_one && is_key).then(|| first.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(ends_at: u64, now: SystemTime) -> TalkKey {
        let home = Home {
            provider: "openai".into(),
            credential: None,
            model: None,
            consumer: Some("ada".into()),
        };
        let names = ("fast".to_owned(), "ai".to_owned());
        TalkKey::new((Secret::new("ek_there"), Some(ends_at)), Arc::new(home), names, now)
    }

    #[test]
    fn a_key_is_good_until_it_ends_and_never_for_longer_than_two_hours() {
        let keys = TalkKeys::default();
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        keys.remember("ek_a", key(1_000_060, now), now);
        keys.remember("ek_b", key(u64::MAX, now), now);
        let finds = |shown: &str, after: u64| {
            keys.find(shown.as_bytes(), now + Duration::from_secs(after)).is_some()
        };
        assert!(finds("ek_a", 0) && finds("ek_a", 59) && !finds("ek_a", 60) && !finds("ek_c", 0));
        assert!(finds("ek_b", 7_199) && !finds("ek_b", 7_200));
    }

    #[test]
    fn the_oldest_are_forgotten_and_those_that_have_ended() {
        let keys = TalkKeys::default();
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        for count in 0..=REMEMBERED_MAX {
            keys.remember(&format!("ek_{count}"), key(1_000_060, now), now);
        }
        let known = || keys.0.lock().expect("no panic").keys.len();
        assert_eq!(known(), REMEMBERED_MAX);
        assert!(keys.find(b"ek_0", now).is_none() && keys.find(b"ek_1", now).is_some());
        let later = now + Duration::from_secs(61);
        keys.remember("ek_later", key(1_000_160, later), later);
        assert_eq!(known(), 1);
    }

    #[test]
    fn one_key_alone_is_shown() {
        let mut fields = Fields::default();
        let shows = |fields: &Fields, query| {
            shown(fields, query).map(|key| String::from_utf8_lossy(&key).into_owned())
        };
        assert_eq!(shows(&fields, ""), None);
        fields.append("Sec-WebSocket-Protocol", b"realtime, openai-insecure-api-key.ek_a");
        assert_eq!(shows(&fields, "").as_deref(), Some("ek_a"));
        fields.append("Authorization", b"Bearer ek_b");
        assert_eq!(shows(&fields, ""), None);
        fields.remove("sec-websocket-protocol");
        assert_eq!(shows(&fields, "").as_deref(), Some("ek_b"));
        assert_eq!(
            shows(&Fields::default(), "access_token=auth_tokens%2Fa").as_deref(),
            Some("auth_tokens/a")
        );
        let mut fields = Fields::default();
        fields.append("Authorization", b"Token auth_tokens/a");
        fields.append("x-goog-api-key", b"auth_tokens/a");
        assert_eq!(shows(&fields, "").as_deref(), Some("auth_tokens/a"));
        assert_eq!(shows(&fields, "access_token=auth_tokens/b"), None);
        assert_ne!(own(false), own(false));
    }
}
