//! What was used: written whole or not at all, read in any way, kept for as long as it is wanted.

use architrave_core::Clock;
use architrave_core::usage::{Amount, COARSE, Dimension, STEPS, Span};

use super::{Home, each_store};
use crate::{
    Page, RequestFilter, RequestRow, StoreError, UsageBatch, UsageCell, UsageGroup, UsageKeep,
    UsageKey, UsageQuery, UsageScope, UsageSlice, UsageStore,
};

/// 2026-05-17T08:00:00Z.
const HOUR: i64 = 1_779_004_800;
const DAY: i64 = HOUR - HOUR % 86_400;

const SERVICE: UsageGroup = UsageGroup::Dimension(Dimension::Service);

fn open(home: &Home) -> UsageStore {
    UsageStore::beside(&home.place, Clock::system())
}

fn key(id: i64, service: &str, status: &str) -> UsageKey {
    let texts = Dimension::ALL.iter().map(|dimension| match dimension {
        Dimension::Service => service.into(),
        Dimension::Status => status.into(),
        Dimension::Consumer => "mobile".into(),
        Dimension::Team => "blue".into(),
        _ => "".into(),
    });
    UsageKey { id, seen_at: DAY, texts: texts.collect() }
}

fn cell(step: i64, at: i64, key: i64, part: i64, requests: i64) -> UsageCell {
    let mut sums = [0; Amount::COUNT];
    sums[Amount::Requests as usize] = requests;
    sums[Amount::CostNanoUsd as usize] = 3 * requests;
    UsageCell { step, at, key, part, sums, sketches: [vec![7; 3], Vec::new()] }
}

async fn batch(store: &UsageStore) -> UsageBatch {
    let writer = store.begin_writer().await.unwrap();
    let mut keys = vec![key(1, "orders", "200"), key(2, "orders", "503"), key(3, "users", "200")];
    let mut cells = Vec::new();
    for id in 1..=3 {
        for minute in 0..3 {
            cells.push(cell(60, HOUR + minute * 60, id, writer << 32 | id, 10 * id + minute));
        }
        cells.push(cell(3_600, HOUR, id, writer << 32 | id, 30 * id + 3));
        cells.push(cell(86_400, DAY, id, writer << 32 | id, 30 * id + 3));
    }
    // The same once more, where little is told apart.
    for coarse in COARSE {
        let at = HOUR - HOUR % coarse.step;
        let sums = match coarse.by_service {
            true => vec![("orders", "2xx", 33), ("orders", "5xx", 63), ("users", "2xx", 93)],
            false => vec![("", "2xx", 126), ("", "5xx", 63)],
        };
        for (service, class, count) in sums {
            let id = 100 + keys.len() as i64;
            keys.push(coarse_key(id, service, class));
            cells.push(cell(coarse.mark, at, id, writer << 32 | id, count));
        }
    }
    UsageBatch { writer, keys, cells, requests: Vec::new(), events: 189, dropped: 0 }
}

fn coarse_key(id: i64, service: &str, class: &str) -> UsageKey {
    let texts = Dimension::ALL.iter().map(|dimension| match dimension {
        Dimension::Service => service.into(),
        Dimension::Status => class.into(),
        _ => "".into(),
    });
    UsageKey { id, seen_at: DAY, texts: texts.collect() }
}

/// Whatever a question is read from, the answer is the same, also while some processes do not add up
/// what is asked over long times.
#[test]
fn what_tells_little_apart_is_read_from_few_cells_and_is_the_same() {
    each_store(async |home| {
        let store = open(home);
        let mut batch = batch(&store).await;
        store.write(&batch).await.unwrap();
        let hours = |bucket| UsageQuery {
            slices: vec![UsageSlice { step: 3_600, from: HOUR - 7_200, to: HOUR + 3_600 }],
            bucket,
            ..UsageQuery::default()
        };
        let days = UsageQuery {
            slices: vec![UsageSlice { step: 86_400, from: DAY, to: DAY + 86_400 }],
            ..UsageQuery::default()
        };
        let by = |group, query: UsageQuery| UsageQuery { groups: vec![group], ..query };
        let check = async || {
            let all = |at| vec![(at, String::new(), 189)];
            assert_eq!(requests(&store, &hours(None)).await, all(0));
            assert_eq!(requests(&store, &hours(Some(3_600))).await, all(HOUR));
            assert_eq!(requests(&store, &days).await, all(0));
            for query in [hours(None), days.clone()] {
                let services = [(0, "orders".to_owned(), 96), (0, "users".to_owned(), 93)];
                assert_eq!(requests(&store, &by(SERVICE, query.clone())).await, services);
                let classes = [(0, "2xx".to_owned(), 126), (0, "5xx".to_owned(), 63)];
                assert_eq!(requests(&store, &by(UsageGroup::Class, query.clone())).await, classes);
                let status = UsageGroup::Dimension(Dimension::Status);
                let statuses = [(0, "200".to_owned(), 126), (0, "503".to_owned(), 63)];
                assert_eq!(requests(&store, &by(status, query)).await, statuses);
            }
            let filters = vec![(SERVICE, vec!["users".to_owned()])];
            let users = UsageQuery { filters, ..hours(Some(3_600)) };
            assert_eq!(requests(&store, &users).await, [(HOUR, String::new(), 93)]);
            let scope = UsageScope { services: vec!["orders".to_owned()], ..UsageScope::default() };
            let scoped = UsageQuery { scope: Some(scope), ..hours(None) };
            assert_eq!(requests(&store, &scoped).await, [(0, String::new(), 96)]);
        };
        check().await;
        // They are few: of an hour as many as there are classes.
        let sketches = store.usage_sketches(&hours(None), Span::Latency).await.unwrap();
        assert_eq!(sketches.len(), 2);
        let fine = UsageQuery {
            filters: vec![],
            ..by(UsageGroup::Dimension(Dimension::Route), hours(None))
        };
        assert_eq!(store.usage_sketches(&fine, Span::Latency).await.unwrap().len(), 3);

        // An older program has written until a second before the hour: the hour is whole.
        let mut raw = home.raw_usage().await;
        let old = |until: i64| {
            format!(
                "INSERT INTO usage_writers (started_at, written_at, events, dropped) \
                 VALUES (0, {}, 0, 0)",
                until * 1_000_000
            )
        };
        let mut run = async |text: String| {
            sqlx::Executor::execute(&mut raw, sqlx::AssertSqlSafe(text)).await.unwrap();
        };
        run(old(HOUR - 1)).await;
        check().await;
        assert_eq!(store.usage_sketches(&hours(None), Span::Latency).await.unwrap().len(), 2);
        // It goes on, and what it writes is in fine cells alone.
        run(old(HOUR + 10)).await;
        batch.cells.retain(|cell| STEPS.contains(&cell.step) && cell.key == 3);
        for cell in &mut batch.cells {
            cell.part += 1 << 31;
            cell.sums = cell.sums.map(|sum| 2 * sum);
        }
        store.write(&batch).await.unwrap();
        assert_eq!(requests(&store, &hours(None)).await, [(0, String::new(), 189 + 186)]);
        assert_eq!(store.usage_sketches(&hours(None), Span::Latency).await.unwrap().len(), 4);
        store.close().await;
    });
}

fn minutes() -> UsageQuery {
    let slices = vec![UsageSlice { step: 60, from: HOUR, to: HOUR + 3_600 }];
    UsageQuery { slices, ..UsageQuery::default() }
}

async fn requests(store: &UsageStore, query: &UsageQuery) -> Vec<(i64, String, i64)> {
    let rows = store.usage_sums(query).await.unwrap();
    let mut rows: Vec<_> = rows
        .into_iter()
        .map(|row| {
            assert_eq!(row.sums[Amount::CostNanoUsd as usize], 3 * row.sums[0]);
            (row.at, row.group.join(" "), row.sums[0])
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn what_is_written_twice_is_counted_once() {
    each_store(async |home| {
        let store = open(home);
        let mut batch = batch(&store).await;
        store.write(&batch).await.unwrap();
        store.write(&batch).await.unwrap();
        assert_eq!(requests(&store, &minutes()).await, [(0, String::new(), 189)]);
        assert_eq!(store.usage_events().await.unwrap(), 189);
        batch.keys.clear();
        batch.cells = vec![cell(60, HOUR, 1, batch.writer << 32 | 1, 11)];
        batch.events = 190;
        store.write(&batch).await.unwrap();
        assert_eq!(requests(&store, &minutes()).await, [(0, String::new(), 190)]);
        // Another process adds to the same time and dimensions.
        let other = self::batch(&store).await;
        assert_ne!(other.writer, batch.writer);
        store.write(&other).await.unwrap();
        assert_eq!(requests(&store, &minutes()).await, [(0, String::new(), 379)]);
        assert_eq!(store.usage_events().await.unwrap(), 379);
        store.close().await;
    });
}

/// Few keys are looked up one by one, of many all cells of the time are read.
#[test]
fn few_names_and_many_are_found_alike() {
    each_store(async |home| {
        let store = open(home);
        let mut batch = batch(&store).await;
        (batch.keys, batch.cells) = (Vec::new(), Vec::new());
        for id in 1..=450 {
            batch.keys.push(key(id, &format!("service-{id}"), "200"));
            batch.cells.push(cell(60, HOUR, id, batch.writer << 32 | id, id));
        }
        store.write(&batch).await.unwrap();
        for count in [1, 199, 200, 201, 450] {
            let names = (1..=count).map(|id| format!("service-{id}")).collect();
            let query = UsageQuery { filters: vec![(SERVICE, names)], ..minutes() };
            let sum = count * (count + 1) / 2;
            assert_eq!(requests(&store, &query).await, [(0, String::new(), sum)], "{count}");
            let by_service = UsageQuery { groups: vec![SERVICE], ..query };
            assert_eq!(requests(&store, &by_service).await.len(), count as usize);
        }
        store.close().await;
    });
}

#[test]
fn sums_are_told_apart_filtered_and_cut_to_a_time() {
    each_store(async |home| {
        let store = open(home);
        store.write(&batch(&store).await).await.unwrap();
        let by_service = UsageQuery { groups: vec![SERVICE], ..minutes() };
        let expected = [(0, "orders".to_owned(), 96), (0, "users".to_owned(), 93)];
        assert_eq!(requests(&store, &by_service).await, expected);
        let by_class = UsageQuery { groups: vec![UsageGroup::Class, SERVICE], ..minutes() };
        let expected = [
            (0, "2xx orders".to_owned(), 33),
            (0, "2xx users".to_owned(), 93),
            (0, "5xx orders".to_owned(), 63),
        ];
        assert_eq!(requests(&store, &by_class).await, expected);
        let filters = vec![(UsageGroup::Class, vec!["5xx".to_owned()])];
        let failures = UsageQuery { filters, ..minutes() };
        assert_eq!(requests(&store, &failures).await, [(0, String::new(), 63)]);
        let filters = vec![(SERVICE, vec!["none' OR '1' = '1".to_owned()])];
        assert_eq!(requests(&store, &UsageQuery { filters, ..minutes() }).await, []);
        let by_minute = UsageQuery { bucket: Some(60), ..minutes() };
        let expected: Vec<_> =
            (0..3).map(|minute| (HOUR + minute * 60, String::new(), 60 + 3 * minute)).collect();
        assert_eq!(requests(&store, &by_minute).await, expected);
        // Points longer than a cell, and of the amounts only what is wanted.
        let amounts = vec![Amount::Requests, Amount::CostNanoUsd];
        let by_two = UsageQuery { bucket: Some(120), amounts, ..minutes() };
        let first = HOUR - HOUR % 120;
        let expected = [(first, String::new(), 60 + 63), (first + 120, String::new(), 66)];
        assert_eq!(requests(&store, &by_two).await, expected);
        let costs = UsageQuery { amounts: vec![Amount::CostNanoUsd], ..minutes() };
        let rows = store.usage_sums(&costs).await.unwrap();
        assert_eq!((rows[0].sums[0], rows[0].sums[Amount::CostNanoUsd as usize]), (0, 3 * 189));
        // Two slices are added up, of whatever length their cells are.
        let slices = vec![
            UsageSlice { step: 60, from: HOUR, to: HOUR + 60 },
            UsageSlice { step: 86_400, from: DAY, to: DAY + 86_400 },
        ];
        let both = UsageQuery { slices, ..UsageQuery::default() };
        assert_eq!(requests(&store, &both).await, [(0, String::new(), 60 + 189)]);
    });
}

#[test]
fn nobody_sees_beyond_the_scope() {
    each_store(async |home| {
        let store = open(home);
        store.write(&batch(&store).await).await.unwrap();
        let scoped = |scope: UsageScope| UsageQuery {
            groups: vec![SERVICE],
            scope: Some(scope),
            ..minutes()
        };
        assert_eq!(requests(&store, &scoped(UsageScope::default())).await, []);
        let services = vec!["users".to_owned(), "other".to_owned()];
        let of_service = scoped(UsageScope { services, ..UsageScope::default() });
        assert_eq!(requests(&store, &of_service).await, [(0, "users".to_owned(), 93)]);
        let teams = vec!["blue".to_owned()];
        let of_team = scoped(UsageScope { teams, ..UsageScope::default() });
        assert_eq!(requests(&store, &of_team).await.len(), 2);
        let consumers = vec![("someone".to_owned(), 0)];
        let of_other = scoped(UsageScope { consumers, ..UsageScope::default() });
        assert_eq!(requests(&store, &of_other).await, []);
    });
}

#[test]
fn sketches_come_with_their_time_and_group() {
    each_store(async |home| {
        let store = open(home);
        store.write(&batch(&store).await).await.unwrap();
        let query = UsageQuery { bucket: Some(3_600), groups: vec![SERVICE], ..minutes() };
        let sketches = store.usage_sketches(&query, Span::Latency).await.unwrap();
        assert_eq!(sketches.len(), 9);
        let of_users: Vec<_> =
            sketches.iter().filter(|(_, group, _)| group == &["users"]).collect();
        assert_eq!(of_users.len(), 3);
        assert!(of_users.iter().all(|(at, _, bytes)| *at == HOUR && bytes == &[7; 3]));
        assert!(store.usage_sketches(&query, Span::FirstToken).await.unwrap().is_empty());
    });
}

fn request(id: i64, at: i64, service: &str, status: i64) -> RequestRow {
    RequestRow {
        id,
        at,
        request_id: format!("req-{id}"),
        trace_id: format!("trace-{}", id / 2),
        service: service.to_owned(),
        consumer: "mobile".to_owned(),
        method: "GET".to_owned(),
        path: "/orders".to_owned(),
        status,
        latency_us: 1_000 * id,
        facts: "{}".to_owned(),
        ..RequestRow::default()
    }
}

#[test]
fn requests_are_paged_from_the_latest_and_filtered() {
    each_store(async |home| {
        let store = open(home);
        let writer = store.begin_writer().await.unwrap();
        // Some at the very same moment.
        let rows: Vec<_> = (0..25)
            .map(|id| {
                let (service, status) = if id % 5 == 0 { ("users", 503) } else { ("orders", 200) };
                request(id, 1_000 + id / 4, service, status)
            })
            .collect();
        let batch = UsageBatch { writer, requests: rows, ..UsageBatch::default() };
        store.write(&batch).await.unwrap();
        store.write(&batch).await.unwrap();
        let mut page = Page::first(10);
        let mut seen = Vec::new();
        loop {
            let (rows, next) = store.requests(&RequestFilter::default(), &page).await.unwrap();
            seen.extend(rows.iter().map(|row| row.id));
            match next {
                None => break,
                next => page.after = next,
            }
        }
        assert_eq!(seen, (0..25).rev().collect::<Vec<_>>());
        let count = async |filter: RequestFilter| {
            let found = store.requests(&filter, &Page::first(100)).await.unwrap().0;
            // Whoever watches sees the same.
            let fitting = batch.requests.iter().filter(|row| filter.fits(row)).count();
            assert_eq!(found.len(), fitting, "{filter:?}");
            found.len()
        };
        let all = RequestFilter::default();
        assert_eq!(count(RequestFilter { status_min: Some(500), ..all.clone() }).await, 5);
        assert_eq!(
            count(RequestFilter { service: Some("orders".into()), ..all.clone() }).await,
            20
        );
        assert_eq!(count(RequestFilter { since: Some(1_006), ..all.clone() }).await, 1);
        assert_eq!(count(RequestFilter { called: Some("trace-3".into()), ..all.clone() }).await, 2);
        assert_eq!(count(RequestFilter { latency_us_min: Some(20_000), ..all.clone() }).await, 5);
        let scope = UsageScope { services: vec!["users".into()], ..UsageScope::default() };
        assert_eq!(count(RequestFilter { scope: Some(scope.clone()), ..all }).await, 5);
        assert_eq!(store.request(7, None).await.unwrap().unwrap().request_id, "req-7");
        assert_eq!(store.request(7, Some(&scope)).await.unwrap(), None);
        assert_eq!(store.request(5, Some(&scope)).await.unwrap().unwrap().status, 503);
        let nowhere = Page { after: Some("nonsense".to_owned()), size: 5 };
        let error = store.requests(&RequestFilter::default(), &nowhere).await.unwrap_err();
        assert!(matches!(error, StoreError::NotPossible(_)), "{error}");
    });
}

fn keep() -> UsageKeep {
    UsageKeep {
        steps: [86_400, 7 * 86_400, 30 * 86_400],
        requests: 86_400,
        requests_max: 1_000,
        bytes_max: i64::MAX,
    }
}

#[test]
fn what_is_old_goes_and_the_rest_stays() {
    each_store(async |home| {
        let store = open(home);
        let mut batch = batch(&store).await;
        batch.requests =
            (0..10).map(|id| request(id, HOUR * 1_000_000 + id, "orders", 200)).collect();
        store.write(&batch).await.unwrap();
        let count = async |step: i64| {
            let slices = vec![UsageSlice { step, from: 0, to: i64::MAX }];
            let query = UsageQuery { slices, ..UsageQuery::default() };
            requests(&store, &query).await.iter().map(|row| row.2).sum::<i64>()
        };
        let all = async || [count(60).await, count(3_600).await, count(86_400).await];
        assert_eq!(store.sweep(&keep(), HOUR).await.unwrap().rows, 0);
        assert_eq!(all().await, [189, 189, 189]);
        let few = UsageKeep { requests_max: 4, ..keep() };
        assert_eq!(store.sweep(&few, HOUR).await.unwrap().rows, 6);
        let left = store.requests(&RequestFilter::default(), &Page::first(50)).await.unwrap().0;
        assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), [9, 8, 7, 6]);
        store.sweep(&keep(), HOUR + 2 * 86_400).await.unwrap();
        assert_eq!(all().await, [0, 189, 189]);
        let gone = store.requests(&RequestFilter::default(), &Page::first(50)).await.unwrap().0;
        assert_eq!(gone, []);
        store.sweep(&keep(), HOUR + 10 * 86_400).await.unwrap();
        assert_eq!(all().await, [0, 0, 189]);
        store.sweep(&keep(), HOUR + 40 * 86_400).await.unwrap();
        assert_eq!(all().await, [0, 0, 0]);
        let keys = "SELECT COUNT(*) FROM usage_keys";
        let mut raw = home.raw_usage().await;
        let keys: i64 = sqlx::query_scalar(keys).fetch_one(&mut raw).await.unwrap();
        assert_eq!(keys, 0, "nor are the names kept of what is gone");
    });
}

#[test]
fn what_takes_too_much_room_goes_from_the_oldest_on() {
    each_store(async |home| {
        let store = open(home);
        let mut batch = batch(&store).await;
        let writer = batch.writer;
        batch.cells =
            (0..3_000).map(|at| cell(60, HOUR + at * 60, 1, writer << 32 | 1, 1)).collect();
        batch.cells.push(cell(86_400, DAY, 1, writer << 32 | 1, 3_000));
        store.write(&batch).await.unwrap();
        let now = HOUR + 3_000 * 60;
        let bytes = store.bytes().await.unwrap();
        let keep = UsageKeep { bytes_max: bytes - 1, steps: [30 * 86_400; STEPS.len()], ..keep() };
        let swept = store.sweep(&keep, now).await.unwrap();
        assert!(swept.is_cut && swept.rows >= 300, "{swept:?}");
        let slices = vec![UsageSlice { step: 60, from: 0, to: i64::MAX }];
        let query = UsageQuery { slices, bucket: Some(60), ..UsageQuery::default() };
        let left = requests(&store, &query).await;
        assert!(!left.is_empty() && left.len() < 3_000, "{}", left.len());
        assert_eq!(left.last().unwrap().0, HOUR + 2_999 * 60, "the latest is still there");
        if home.folder.is_some() {
            assert!(swept.bytes < bytes, "{swept:?}");
        }
    });
}

#[test]
fn it_is_opened_by_many_at_once_and_is_its_owners_alone() {
    each_store(async |home| {
        let store = open(home);
        let others = [open(home), open(home), open(home)];
        let opened = futures(&others).await;
        assert_eq!(opened, 3);
        store.open().await.unwrap();
        if let Some(folder) = &home.folder {
            use std::os::unix::fs::PermissionsExt as _;
            let file = folder.path().join("usage.db");
            let mode = std::fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    });
}

async fn futures(stores: &[UsageStore; 3]) -> usize {
    let [a, b, c] = stores;
    let (a, b, c) = tokio::join!(a.open(), b.open(), c.open());
    [a, b, c].into_iter().map(|opened| opened.unwrap()).count()
}
