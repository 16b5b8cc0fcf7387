//! What the store costs in a SQLite file: `cargo bench -p architrave-store`.
//!
//! Not a test: it prints, and leaves the judgement to whoever reads it.

use std::time::Duration;

use architrave_core::usage::{Amount, COARSE, Dimension, Span};
use architrave_core::{Clock, Moment};
use architrave_store::{
    AuditEntry, KEY_BYTES, NewToken, ObjectWrite, Place, Store, UsageBatch, UsageCell, UsageGroup,
    UsageKey, UsageQuery, UsageSlice, UsageStore,
};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const TOKENS: u32 = 100_000;
const OBJECTS: u32 = 10_000;
const LOOKUPS: u32 = 10_000;
const CHANGES: u32 = 200;
const KEY: [u8; KEY_BYTES] = [1; KEY_BYTES];

fn main() {
    Runtime::new().expect("there are threads").block_on(async {
        let folder = TempDir::new().expect("there is room");
        let clock = Clock::system();
        let place = Place::Folder(folder.path().to_owned());
        let begun = clock.now();
        let open = Store::open(&place, vec![KEY], clock.clone());
        let store = open.await.expect("a new database opens");
        let measure = Measure(clock);
        measure.tell("open an empty database", begun, 1);
        tokens(&store, &measure).await;
        objects(&store, &measure).await;
        changes(&store, &measure).await;
        usage(&place, &measure).await;
        let file = folder.path().join("architrave.db");
        measure.say(&format!("the file has {} MiB", bytes(&file) / 1024 / 1024));
    });
}

async fn tokens(store: &Store, measure: &Measure) {
    let begun = measure.0.now();
    let mut change = store.change().await.expect("nobody else writes");
    for number in 0..TOKENS {
        let token = NewToken {
            owner: format!("app_{:08}", number / 2),
            name: "production".to_owned(),
            secret_hash: hash(number),
            prefix: "arc_key_".to_owned(),
            last4: "wxyz".to_owned(),
            scopes: Vec::new(),
            expires_at: None,
        };
        change.insert_token(token).await.expect("there is room");
    }
    change.commit(AuditEntry::default()).await.expect("there is room");
    measure.tell("insert tokens in one change", begun, TOKENS);
    let begun = measure.0.now();
    for number in 0..LOOKUPS {
        let hash = hash(number.wrapping_mul(7_919) % TOKENS);
        let found = store.token_by_hash(&hash).await.expect("the database reads");
        assert!(found.is_some(), "it was inserted");
    }
    measure.tell("find a token by its digest", begun, LOOKUPS);
}

async fn objects(store: &Store, measure: &Measure) {
    let begun = measure.0.now();
    let mut change = store.change().await.expect("nobody else writes");
    let secrets = ["/credentials/0/value".to_owned()];
    for number in 0..OBJECTS {
        let (name, body) = (format!("provider-{number:05}"), body(number));
        let (kind, team) = ("provider", None);
        let object = ObjectWrite { kind, name: &name, team, body: &body, secrets: &secrets };
        change.insert_object("prv", object).await.expect("there is room");
    }
    change.commit(AuditEntry::default()).await.expect("there is room");
    measure.tell("insert objects in one change", begun, OBJECTS);
    for _round in 0..3 {
        let begun = measure.0.now();
        let all = store.all_objects().await.expect("the database reads");
        assert_eq!(all.len(), OBJECTS as usize, "all are there");
        measure.tell("load all objects, one secret each", begun, OBJECTS);
    }
}

async fn changes(store: &Store, measure: &Measure) {
    let begun = measure.0.now();
    for number in 0..CHANGES {
        let (name, body) = (format!("provider-{number:05}"), body(number + 1));
        let mut change = store.change().await.expect("nobody else writes");
        let before = change.object("provider", &name).await.expect("the database reads");
        let before = before.expect("it was inserted");
        let (kind, team) = ("provider", None);
        let object = ObjectWrite { kind, name: &name, team, body: &body, secrets: &[] };
        change.update_object(&before, object).await.expect("there is room");
        change.commit(AuditEntry::default()).await.expect("there is room");
    }
    measure.tell("change one object, to the disk", begun, CHANGES);
}

fn body(number: u32) -> serde_json::Value {
    json!({
        "kind": "openai_compatible",
        "base_url": format!("https://models-{number}.example.com/v1"),
        "credentials": [{ "name": "main", "value": format!("sk-{number:040}"), "weight": 1 }],
        "timeouts": { "connect": "2s", "first_byte": "60s" },
    })
}

/// Services of a month of use, each with two statuses, and what is asked of it.
const SERVICES: i64 = 1_000;
/// Where the numbers of keys begin that tell little apart.
const COARSE_KEYS: i64 = 10_000;
const DAYS: i64 = 30;
const DAY: i64 = 86_400;

async fn usage(place: &Place, measure: &Measure) {
    let store = UsageStore::beside(place, measure.0.clone());
    let writer = store.begin_writer().await.expect("nobody else writes");
    let begun = measure.0.now();
    let mut part = writer << 32;
    for day in 0..DAYS {
        let mut batch = UsageBatch { writer, ..UsageBatch::default() };
        for service in 0..SERVICES {
            for (place, status) in ["200", "503"].into_iter().enumerate() {
                let key = service * 2 + place as i64 + 1;
                if day == 0 {
                    batch.keys.push(usage_key(key, Some(service), status));
                }
                batch.cells.push(usage_cell(DAY, day * DAY, key, &mut part));
                let hours = (0..24).map(|hour| day * DAY + hour * 3_600);
                let cells = hours.clone().map(|at| usage_cell(3_600, at, key, &mut part));
                batch.cells.extend(cells.collect::<Vec<_>>());
                // What is told apart by service and class is as much here: one status of each.
                let key = COARSE_KEYS + key;
                if day == 0 {
                    batch.keys.push(usage_key(key, Some(service), &format!("{}xx", &status[..1])));
                }
                let of_services = COARSE.into_iter().filter(|coarse| coarse.by_service);
                for coarse in of_services {
                    batch.cells.extend(
                        hours
                            .clone()
                            .map(|at| usage_cell(coarse.mark, at, key, &mut part))
                            .collect::<Vec<_>>(),
                    );
                }
            }
        }
        for (place, class) in ["2xx", "5xx"].into_iter().enumerate() {
            let key = 2 * COARSE_KEYS + place as i64;
            if day == 0 {
                batch.keys.push(usage_key(key, None, class));
            }
            for coarse in COARSE.into_iter().filter(|coarse| !coarse.by_service) {
                let begins = (0..DAY / coarse.step).map(|at| day * DAY + at * coarse.step);
                let cells = begins.map(|at| {
                    let mut cell = usage_cell(coarse.mark, at, key, &mut part);
                    cell.sums = cell.sums.map(|sum| sum * SERVICES);
                    cell
                });
                batch.cells.extend(cells.collect::<Vec<_>>());
            }
        }
        batch.keys.sort_unstable_by_key(|key| key.id);
        store.write(&batch).await.expect("there is room");
    }
    let cells = u32::try_from(SERVICES * 2 * DAYS * 49).expect("it is a small number");
    measure.tell("write cells of 1,000 services over 30 days", begun, cells);
    let whole = UsageQuery {
        slices: vec![UsageSlice { step: DAY, from: 0, to: DAYS * DAY }],
        ..UsageQuery::default()
    };
    let service = UsageGroup::Dimension(Dimension::Service);
    let by_service = UsageQuery { groups: vec![service], ..whole.clone() };
    let by_both = UsageQuery { groups: vec![service, UsageGroup::Class], ..whole.clone() };
    let by_day = UsageQuery { bucket: Some(DAY), ..by_service.clone() };
    let hours = vec![UsageSlice { step: 3_600, from: 0, to: DAYS * DAY }];
    let one = vec![(service, vec!["service-7".to_owned()])];
    let of_one =
        UsageQuery { slices: hours.clone(), bucket: Some(3_600), filters: one, ..whole.clone() };
    let ten = (0..10).map(|it| format!("service-{it}")).collect::<Vec<_>>();
    let of_ten = UsageQuery {
        slices: hours.clone(),
        bucket: Some(6 * 3_600),
        filters: vec![(service, ten)],
        ..by_service.clone()
    };
    let by_class = UsageQuery {
        slices: hours.clone(),
        bucket: Some(6 * 3_600),
        groups: vec![UsageGroup::Class],
        ..whole.clone()
    };
    let by_route = UsageQuery {
        slices: hours.clone(),
        bucket: Some(6 * 3_600),
        groups: vec![UsageGroup::Dimension(Dimension::Route)],
        filters: vec![(
            UsageGroup::Dimension(Dimension::Route),
            (1..11).map(|it| format!("route-{it}")).collect(),
        )],
        ..whole.clone()
    };
    let by_hour = UsageQuery { slices: hours, bucket: Some(3_600), ..whole.clone() };
    let one_amount = vec![Amount::Requests];
    for (what, query) in [
        ("30 days as a whole", &whole),
        ("30 days by service", &by_service),
        ("30 days by service and class", &by_both),
        ("30 days by day and service", &by_day),
        (
            "30 days by day and service, one amount",
            &UsageQuery { amounts: one_amount.clone(), ..by_day.clone() },
        ),
        ("30 days of one service by hour", &of_one),
        ("30 days of ten services by six hours", &of_ten),
        ("30 days of ten routes by six hours", &by_route),
        ("30 days by class and six hours", &by_class),
        ("30 days of all services by hour", &by_hour),
        (
            "30 days of all services by hour, one amount",
            &UsageQuery { amounts: one_amount, ..by_hour.clone() },
        ),
    ] {
        for _round in 0..2 {
            let begun = measure.0.now();
            let rows = store.usage_sums(query).await.expect("the database reads");
            measure.tell(&format!("{what}: {} rows", rows.len()), begun, 1);
        }
    }
    for (what, query) in [
        ("30 days as a whole", &whole),
        ("30 days by service", &by_service),
        ("30 days of all services by hour", &by_hour),
        ("30 days of one service by hour", &of_one),
        ("30 days of ten services by six hours", &of_ten),
    ] {
        let begun = measure.0.now();
        let sketches = store.usage_sketches(query, Span::Latency).await;
        let count = sketches.expect("the database reads").len();
        measure.tell(&format!("{what}: {count} sketches"), begun, 1);
    }
    measure.say(&format!("usage has {} MiB", store.bytes().await.expect("it says") / 1024 / 1024));
}

fn usage_key(id: i64, service: Option<i64>, status: &str) -> UsageKey {
    let texts = Dimension::ALL.iter().map(|dimension| match dimension {
        Dimension::Service => {
            service.map_or_else(Box::default, |it| format!("service-{it}").into())
        }
        Dimension::Route if id < COARSE_KEYS => format!("route-{id}").into(),
        Dimension::Status => status.into(),
        _ => "".into(),
    });
    UsageKey { id, seen_at: 0, texts: texts.collect() }
}

fn usage_cell(step: i64, at: i64, key: i64, part: &mut i64) -> UsageCell {
    *part += 1;
    let sketches = [vec![7; 200], Vec::new()];
    UsageCell { step, at, key, part: *part, sums: [1_000; Amount::COUNT], sketches }
}

fn hash(number: u32) -> [u8; 32] {
    let mut hash = [7; 32];
    hash[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_be_bytes());
    hash
}

fn bytes(file: &std::path::Path) -> u64 {
    file.metadata().map(|facts| facts.len()).unwrap_or_default()
}

struct Measure(Clock);

impl Measure {
    fn tell(&self, what: &str, begun: Moment, count: u32) {
        let took: Duration = self.0.now().since(begun);
        self.say(&format!("{what}: {count} in {took:.2?}, {:.1?} each", took / count));
    }

    #[expect(clippy::print_stdout, reason = "its output is what it is for")]
    fn say(&self, line: &str) {
        println!("{line}");
    }
}
