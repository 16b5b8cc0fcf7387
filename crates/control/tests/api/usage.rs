//! What was used, as those see it who may: over time, at the top, broken down, and single exchanges.

use architrave_core::usage::{Amount, COARSE, Dimension, STEPS, Span};
use architrave_store::{RequestRow, UsageBatch, UsageCell, UsageKey};
use architrave_telemetry::usage::Sketch;
use serde_json::{Value, json};

use crate::home::{Home, Proof, each_database};

/// The clock of [`Home`] says 2026-05-17T08:09:10Z at first.
const MINUTE: i64 = 1_779_005_340;

struct Use {
    service: &'static str,
    consumer: &'static str,
    team: &'static str,
    status: &'static str,
    /// Minutes before [`MINUTE`].
    ago: i64,
    requests: i64,
    micros: u64,
}

impl Use {
    const NONE: Self = Self {
        service: "orders",
        consumer: "",
        team: "",
        status: "200",
        ago: 0,
        requests: 1,
        micros: 1_000,
    };
}

/// Writes what was used, in minutes, hours and days, as the gateway does.
async fn used(home: &Home, uses: &[Use]) {
    let writer = home.usage.begin_writer().await.unwrap();
    let mut batch = UsageBatch { writer, ..UsageBatch::default() };
    for (place, one) in uses.iter().enumerate() {
        let id = place as i64 + 1;
        let texts = Dimension::ALL.iter().map(|dimension| match dimension {
            Dimension::Service => one.service.into(),
            Dimension::Consumer => one.consumer.into(),
            Dimension::Team => one.team.into(),
            // Consumers have no team.
            Dimension::Application if !one.team.is_empty() => one.consumer.into(),
            Dimension::Status => one.status.into(),
            _ => "".into(),
        });
        let texts: std::sync::Arc<[Box<str>]> = texts.collect();
        batch.keys.push(UsageKey { id, seen_at: MINUTE, texts: texts.clone() });
        let mut sums = [0; Amount::COUNT];
        sums[Amount::Requests as usize] = one.requests;
        sums[Amount::Errors as usize] = if one.status < "400" { 0 } else { one.requests };
        sums[Amount::LatencyUs as usize] = one.requests * one.micros as i64;
        sums[Amount::TokensInput as usize] = 3 * one.requests;
        sums[Amount::TokensOutput as usize] = 2 * one.requests;
        let mut sketch = Sketch::default();
        (0..one.requests).for_each(|_| sketch.add(one.micros));
        let at = MINUTE - 60 * one.ago;
        let mut sketches = [Vec::new(), Vec::new()];
        sketches[Span::Latency as usize] = sketch.to_bytes();
        let part = writer << 32 | id;
        let cell = |step, at, key| {
            let sketches = sketches.clone();
            UsageCell { step, at, key, part, sums, sketches }
        };
        batch.cells.extend(STEPS.map(|step| cell(step, at - at % step, id)));
        for (place, coarse) in COARSE.into_iter().enumerate() {
            let key = 1_000 * (place as i64 + 1) + id;
            let all = Dimension::ALL.iter().zip(&*texts);
            let texts = all.map(|(dimension, text)| coarse.text(*dimension, text).into());
            batch.keys.push(UsageKey { id: key, seen_at: MINUTE, texts: texts.collect() });
            batch.cells.push(cell(coarse.mark, at - at % coarse.step, key));
        }
    }
    batch.keys.sort_unstable_by_key(|key| key.id);
    home.usage.write(&batch).await.unwrap();
}

fn values(series: &Value) -> Vec<&Value> {
    series["points"].as_array().unwrap().iter().map(|point| &point["value"]).collect()
}

async fn get(home: &Home, proof: &Proof, path: &str) -> Value {
    let reply = home.get(proof, path).await;
    assert_eq!(reply.status(), 200, "{path}: {reply}");
    reply.json()
}

#[test]
fn a_series_has_a_point_for_each_step_also_where_nothing_was() {
    each_database(async |home| {
        let admin = home.set_up().await;
        used(
            &home,
            &[
                Use { requests: 5, ..Use::NONE },
                Use { requests: 7, ago: 2, ..Use::NONE },
                Use { service: "users", requests: 4, ago: 2, ..Use::NONE },
            ],
        )
        .await;
        let time = "from=2026-05-17T08:06:00Z&to=2026-05-17T08:10:00Z&step=1m";
        let all = get(&home, &admin, &format!("/api/v1/usage/series?{time}")).await;
        assert_eq!(
            (all["from"].as_str(), all["unit"].as_str()),
            (Some("2026-05-17T08:06:00Z"), Some("count"))
        );
        let series = &all["series"];
        assert_eq!(series.as_array().unwrap().len(), 1);
        assert_eq!(values(&series[0]), [&json!(0), &json!(11), &json!(0), &json!(5)]);
        assert_eq!(series[0]["points"][1]["at"], "2026-05-17T08:07:00Z");
        let path = format!("/api/v1/usage/series?{time}&group_by=service");
        let by_service = get(&home, &admin, &path).await;
        let series = &by_service["series"];
        assert_eq!(series[0]["group"], json!({ "service": "orders" }));
        assert_eq!(values(&series[0]), [&json!(0), &json!(7), &json!(0), &json!(5)]);
        assert_eq!(series[1]["group"], json!({ "service": "users" }));
        let path = format!("/api/v1/usage/series?{time}&service=users&metric=latency_p95");
        let quantiles = get(&home, &admin, &path).await;
        let found = values(&quantiles["series"][0]);
        assert_eq!((found[0], quantiles["unit"].as_str()), (&Value::Null, Some("us")));
        let micros = found[1].as_u64().unwrap();
        assert!((990..=1_010).contains(&micros), "{micros}");
        let path = format!("/api/v1/usage/series?{time}&group_by=service&limit=1");
        assert_eq!(get(&home, &admin, &path).await["is_cut"], true);
    });
}

#[test]
fn sums_of_a_whole_time_are_those_of_its_minutes_whatever_they_are_read_from() {
    each_database(async |home| {
        let admin = home.set_up().await;
        // Over three days and some hours, so that days, hours and minutes are read.
        let uses: Vec<Use> = (0..80)
            .map(|place| Use { ago: place * 53, requests: place + 1, ..Use::NONE })
            .collect();
        used(&home, &uses).await;
        for (from, to) in [
            ("2026-05-14T10:03:00Z", "2026-05-17T08:10:00Z"),
            ("2026-05-15T00:00:00Z", "2026-05-17T00:00:00Z"),
            ("2026-05-16T23:59:00Z", "2026-05-17T00:02:00Z"),
            ("2026-05-17T07:31:00Z", "2026-05-17T08:10:00Z"),
        ] {
            let seconds = |text: &str| -> i64 {
                let (day, clock) = (&text[8..10], &text[11..16]);
                let (hour, minute) = clock.split_once(':').unwrap();
                let number = |text: &str| text.parse::<i64>().unwrap();
                let midnight = MINUTE - MINUTE % 86_400;
                midnight + (number(day) - 17) * 86_400 + number(hour) * 3_600 + number(minute) * 60
            };
            let (first, last) = (seconds(from), seconds(to));
            let within = uses.iter().filter(|one| (first..last).contains(&(MINUTE - 60 * one.ago)));
            let expected: i64 = within.map(|one| one.requests).sum();
            let path = format!("/api/v1/usage/breakdown?from={from}&to={to}");
            let rows = get(&home, &admin, &path).await;
            let found = rows["rows"][0]["sums"]["requests"].as_i64().unwrap_or(0);
            assert_eq!(found, expected, "{from} {to}");
            assert_eq!((&rows["from"], &rows["to"]), (&json!(from), &json!(to)));
        }
    });
}

#[test]
fn tops_and_breakdowns_tell_apart_what_is_asked_for() {
    each_database(async |home| {
        let admin = home.set_up().await;
        used(
            &home,
            &[
                Use { consumer: "mobile", requests: 5, ..Use::NONE },
                Use { consumer: "batch", requests: 50, micros: 3_000, ..Use::NONE },
                Use { consumer: "mobile", status: "503", requests: 20, micros: 9_000, ..Use::NONE },
                Use { service: "users", consumer: "mobile", requests: 8, ..Use::NONE },
            ],
        )
        .await;
        let top = get(&home, &admin, "/api/v1/usage/top?by=consumer").await;
        let expected = json!([{ "name": "batch", "value": 50 }, { "name": "mobile", "value": 33 }]);
        assert_eq!((&top["top"], &top["total"]), (&expected, &json!(83)));
        let top = get(&home, &admin, "/api/v1/usage/top?by=service&metric=error_percent").await;
        assert_eq!(top["top"][0], json!({ "name": "orders", "value": 26.67 }));
        let top = get(&home, &admin, "/api/v1/usage/top?by=service&class=5xx&metric=errors").await;
        assert_eq!(top["top"], json!([{ "name": "orders", "value": 20 }]));
        let path = "/api/v1/usage/breakdown?by=consumer,class&metric=errors";
        let rows = get(&home, &admin, path).await;
        assert_eq!(rows["by"], json!(["consumer", "class"]));
        let first = &rows["rows"][0];
        assert_eq!(first["group"], json!({ "consumer": "mobile", "class": "5xx" }));
        assert_eq!(
            (&first["sums"]["requests"], &first["sums"]["tokens"]),
            (&json!(20), &json!(100))
        );
        assert_eq!(
            (&first["latency"]["mean_us"], &first["first_token"]["p50_us"]),
            (&json!(9_000), &Value::Null)
        );
        assert_eq!(rows["rows"].as_array().unwrap().len(), 3);
        let total: i64 = rows["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["sums"]["requests"].as_i64().unwrap())
            .sum();
        assert_eq!(total, 83);
        for (path, parameter) in [
            ("/api/v1/usage/top", "by"),
            ("/api/v1/usage/top?by=servise", "by"),
            ("/api/v1/usage/top?by=service,status", "by"),
            ("/api/v1/usage/breakdown?by=service,service", "by"),
            ("/api/v1/usage/series?step=2m", "step"),
            ("/api/v1/usage/series?step=1m&from=2026-05-01T00:00:00Z", "step"),
            ("/api/v1/usage/series?metric=p95", "metric"),
            ("/api/v1/usage/series?from=yesterday", "from"),
            ("/api/v1/usage/series?from=2027-05-01T00:00:00Z&to=2026-05-01T00:00:00Z", "from"),
            ("/api/v1/usage/top?by=service&limit=0", "limit"),
            ("/api/v1/usage/top?by=service&format=xml", "format"),
            ("/api/v1/usage/top?by=service&servise=a", "servise"),
        ] {
            let reply = home.get(&admin, path).await;
            assert_eq!((reply.status(), reply.code().as_str()), (400, "query_invalid"), "{path}");
            assert_eq!(reply.json()["errors"][0]["parameter"], parameter, "{path}: {reply}");
        }
    });
}

#[test]
fn all_of_it_can_be_had_as_csv() {
    each_database(async |home| {
        let admin = home.set_up().await;
        used(&home, &[Use { consumer: "=a,b", requests: 5, ..Use::NONE }]).await;
        let csv = [("accept", "text/csv")];
        let reply = home.call(&admin, "GET", "/api/v1/usage/top?by=consumer", &csv, "").await;
        assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8"));
        assert_eq!(reply.text(), "consumer,requests\r\n\"'=a,b\",5\r\n");
        let path = "/api/v1/usage/series?from=2026-05-17T08:08:00Z&to=2026-05-17T08:10:00Z&step=1m\
                    &group_by=service&format=csv";
        let reply = home.get(&admin, path).await;
        let expected = "at,service,requests\r\n2026-05-17T08:08:00Z,orders,0\r\n\
                        2026-05-17T08:09:00Z,orders,5\r\n";
        assert_eq!(reply.text(), expected);
        let reply = home.get(&admin, "/api/v1/usage/breakdown?by=service&format=csv").await;
        let text = reply.text();
        let (head, row) = text.split_once("\r\n").unwrap();
        assert!(
            head.starts_with("service,requests,errors,") && head.ends_with(",first_token_p99_us")
        );
        assert!(row.starts_with("orders,5,0,"), "{row}");
        assert_eq!(head.split(',').count(), row.trim_end().split(',').count());
    });
}

#[test]
fn a_team_sees_its_services_and_its_applications_and_nothing_else() {
    each_database(async |home| {
        let admin = home.set_up().await;
        for team in ["blue", "red"] {
            home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
        }
        for (path, body) in [
            (
                "upstreams?team=blue",
                json!({ "name": "orders", "endpoints": [{ "address": "10.0.0.7:80" }] }),
            ),
            ("services?team=blue", json!({ "name": "orders", "http": { "upstream": "orders" } })),
        ] {
            let reply = home.send(&admin, "POST", &format!("/api/v1/{path}"), &body).await;
            assert_eq!(reply.status(), 201, "{reply}");
        }
        used(
            &home,
            &[
                Use { consumer: "theirs", team: "red", requests: 3, ..Use::NONE },
                Use { service: "users", consumer: "ours", team: "blue", requests: 5, ..Use::NONE },
                Use { service: "users", consumer: "theirs", team: "red", requests: 7, ..Use::NONE },
                Use { service: "secret", requests: 100, ..Use::NONE },
            ],
        )
        .await;
        let (blue, _) = home.member(&admin, "dev@example.com", "blue", "developer").await;
        let (red, _) = home.member(&admin, "red@example.com", "red", "owner").await;
        let tops = async |proof: &Proof| {
            let top = get(&home, proof, "/api/v1/usage/top?by=service").await;
            let rows = top["top"].as_array().unwrap().clone();
            rows.iter()
                .map(|row| {
                    (row["name"].as_str().unwrap().to_owned(), row["value"].as_i64().unwrap())
                })
                .collect::<Vec<_>>()
        };
        let of = |rows: &[(&str, i64)]| -> Vec<(String, i64)> {
            rows.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
        };
        assert_eq!(tops(&admin).await.len(), 3);
        assert_eq!(tops(&blue).await, of(&[("users", 5), ("orders", 3)]));
        assert_eq!(tops(&red).await, of(&[("users", 7), ("orders", 3)]));
        // Asking by name opens nothing.
        let top = get(&home, &blue, "/api/v1/usage/top?by=consumer&service=secret").await;
        assert_eq!(top["top"], json!([]));
    });
}

#[test]
fn a_team_of_a_name_that_another_had_inherits_nothing() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let team = json!({ "name": "blue" });
        home.send(&admin, "POST", "/api/v1/teams", &team).await;
        let past = [Use { service: "users", consumer: "ours", team: "blue", ..Use::NONE }];
        used(&home, &past).await;
        let ask = async |id: i64| {
            let since = home.clock.wall().duration_since(std::time::UNIX_EPOCH).unwrap();
            let at = i64::try_from(since.as_micros()).unwrap();
            let team = "blue".to_owned();
            let requests = vec![RequestRow { at, team, ..exchange(id, "users", 200) }];
            let writer = home.usage.begin_writer().await.unwrap();
            home.usage
                .write(&UsageBatch { writer, requests, ..UsageBatch::default() })
                .await
                .unwrap();
        };
        ask(1).await;
        let (old, _) = home.member(&admin, "old@example.com", "blue", "owner").await;
        let seen = async |who: &Proof| {
            let top = get(&home, who, "/api/v1/usage/top?by=service").await;
            let requests = get(&home, who, "/api/v1/requests").await;
            let audit = get(&home, who, "/api/v1/audit?team=blue").await;
            let count = |list: &Value| list.as_array().unwrap().len();
            (count(&top["top"]), count(&requests["requests"]), count(&audit["audit"]))
        };
        let (top, requests, audit) = seen(&old).await;
        assert_eq!((top, requests), (1, 1));
        assert!(audit > 0);
        let gone = home.change(&admin, "DELETE", "/api/v1/teams/blue", &Value::Null).await;
        assert_eq!(gone.status(), 204, "{gone}");
        home.clock.advance(std::time::Duration::from_secs(60));
        home.send(&admin, "POST", "/api/v1/teams", &team).await;
        ask(2).await;
        let (new, _) = home.member(&admin, "new@example.com", "blue", "owner").await;
        let (top, requests, audit) = seen(&new).await;
        assert_eq!((top, requests), (0, 1), "what came later alone");
        let all = get(&home, &admin, "/api/v1/audit?team=blue").await;
        assert!(audit > 0 && audit < all["audit"].as_array().unwrap().len(), "{all}");
    });
}

fn exchange(id: i64, service: &str, status: i64) -> RequestRow {
    RequestRow {
        id,
        at: MINUTE * 1_000_000 + id,
        request_id: format!("req-{id}"),
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".to_owned(),
        service: service.to_owned(),
        route: "web".to_owned(),
        consumer: "mobile".to_owned(),
        method: "GET".to_owned(),
        path: "/orders/7".to_owned(),
        status,
        latency_us: 1_234,
        facts: json!({ "listener": "web", "attempts": 2 }).to_string(),
        ..RequestRow::default()
    }
}

#[test]
fn the_request_log_is_paged_filtered_and_shows_one_exchange_whole() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let writer = home.usage.begin_writer().await.unwrap();
        let requests: Vec<_> = (1..=120)
            .map(|id| {
                exchange(
                    id,
                    if id % 3 == 0 { "users" } else { "orders" },
                    if id % 10 == 0 { 503 } else { 200 },
                )
            })
            .collect();
        let batch = UsageBatch { writer, requests, ..UsageBatch::default() };
        home.usage.write(&batch).await.unwrap();
        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let page = get(&home, &admin, &format!("/api/v1/requests?page_size=50{token}")).await;
            seen.extend(page["requests"].as_array().unwrap().clone());
            let Some(next) = page["next_page_token"].as_str() else { break };
            token = format!("&page_token={next}");
        }
        assert_eq!(seen.len(), 120);
        assert_eq!(seen[0]["request_id"], "req-120");
        assert!(seen[0].get("facts").is_none());
        let found = get(&home, &admin, "/api/v1/requests?status_min=500&service=users").await;
        let names: Vec<_> = found["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["request_id"].clone())
            .collect();
        assert_eq!(names, ["req-120", "req-90", "req-60", "req-30"]);
        let found = get(&home, &admin, "/api/v1/requests?request_id=req-7").await;
        let id = found["requests"][0]["id"].as_str().unwrap();
        let one = get(&home, &admin, &format!("/api/v1/requests/{id}")).await;
        assert_eq!(one["facts"], json!({ "listener": "web", "attempts": 2 }));
        assert_eq!((one["status"].as_i64(), one["reason"].as_str()), (Some(200), None));
        let none = home.get(&admin, "/api/v1/requests/rql_ffff").await;
        assert_eq!((none.status(), none.code().as_str()), (404, "request_not_found"));
        let export = home.get(&admin, "/api/v1/requests:export?status_min=500").await;
        assert_eq!(export.header("requests-truncated"), Some("false"));
        assert_eq!(export.text().lines().count(), 12);
        let csv = home.get(&admin, "/api/v1/requests:export?format=csv&request_id=req-7").await;
        let text = csv.text();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.starts_with("id,at,request_id,"), "{text}");
        // Of another team's services there is nothing.
        home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": "blue" })).await;
        let (blue, _) = home.member(&admin, "dev@example.com", "blue", "developer").await;
        assert_eq!(get(&home, &blue, "/api/v1/requests").await["requests"], json!([]));
        let hidden = home.get(&blue, &format!("/api/v1/requests/{id}")).await;
        assert_eq!(hidden.code(), "request_not_found");
    });
}

#[test]
fn who_is_followed_must_be_there_and_not_for_ever() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let consumer =
            json!({ "name": "mobile", "credentials": [{ "api_key": "a-secret-key-0123456" }] });
        assert_eq!(home.send(&admin, "POST", "/api/v1/consumers", &consumer).await.status(), 201);
        let follow =
            async |body: Value| home.send(&admin, "POST", "/api/v1/requests:follow", &body).await;
        let reply = follow(json!({ "consumer": "mobile" })).await;
        assert_eq!(reply.status(), 200, "{reply}");
        let expected = json!({ "followed": [{ "consumer": "mobile", "until": "2026-05-17T09:09:10.000000Z" }] });
        assert_eq!(reply.json(), expected);
        assert_eq!(get(&home, &admin, "/api/v1/requests:followed").await, expected);
        assert_eq!(home.actions(&admin).await[0], "follow_requests");
        for (body, pointer) in [
            (json!({ "consumer": "nobody" }), "/consumer"),
            (json!({ "consumer": "mobile", "minutes": 100_000 }), "/minutes"),
        ] {
            let reply = follow(body).await;
            assert_eq!((reply.status(), reply.code().as_str()), (422, "value_out_of_range"));
            assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
        }
        assert_eq!(follow(json!({ "consumer": "mobile", "minutes": 0 })).await.status(), 200);
        let reply = follow(json!({ "consumer": "mobile" })).await;
        assert_eq!((reply.status(), reply.code().as_str()), (409, "too_many_followed"));
    });
}

#[test]
fn who_ends_a_service_sees_who_still_called_it_and_when_last() {
    each_database(async |home| {
        let admin = home.set_up().await;
        for team in ["blue", "red"] {
            home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
        }
        let (blue, _) = home.member(&admin, "own@example.com", "blue", "owner").await;
        let (red, _) = home.member(&admin, "red@example.com", "red", "owner").await;
        for (path, body) in [
            (
                "upstreams?team=blue",
                json!({ "name": "orders", "endpoints": [{ "address": "10.0.0.7:80" }] }),
            ),
            ("services?team=blue", json!({ "name": "orders", "http": { "upstream": "orders" } })),
            ("services?team=blue", json!({ "name": "quiet", "http": { "upstream": "orders" } })),
        ] {
            let reply = home.send(&blue, "POST", &format!("/api/v1/{path}"), &body).await;
            assert_eq!(reply.status(), 201, "{reply}");
        }
        let day = 24 * 60;
        used(
            &home,
            &[
                Use { consumer: "theirs", team: "red", requests: 3, ago: 90, ..Use::NONE },
                Use { consumer: "theirs", team: "red", requests: 2, ago: 20 * day, ..Use::NONE },
                Use { consumer: "theirs", team: "red", status: "503", requests: 1, ..Use::NONE },
                Use { consumer: "desk", requests: 40, ago: 29 * day, ..Use::NONE },
                Use { consumer: "gone", requests: 99, ago: 31 * day, ..Use::NONE },
                Use { status: "401", requests: 7, ..Use::NONE },
                Use { service: "users", consumer: "other", requests: 5, ..Use::NONE },
            ],
        )
        .await;
        let path = "/api/v1/services/orders/callers";
        assert_eq!(home.get(&red, path).await.status(), 404, "what another team has is not told");
        let told = get(&home, &blue, path).await;
        let expected = json!([
            {
                "consumer": "desk", "application": null, "team": null, "requests": 40, "errors": 0,
                "last_called_at": "2026-04-18T08:09:00Z",
            },
            {
                "consumer": "theirs", "application": "theirs", "team": "red", "requests": 6,
                "errors": 1, "last_called_at": "2026-05-17T08:09:00Z",
            },
        ]);
        assert_eq!((&told["callers"], &told["is_cut"]), (&expected, &json!(false)));
        assert_eq!(told["nameless_requests"], 7);
        let week = get(&home, &blue, &format!("{path}?days=7")).await;
        assert_eq!(week["callers"].as_array().unwrap().len(), 1);
        assert_eq!(week["callers"][0]["requests"], 4);
        let odd = home.get(&blue, &format!("{path}?days=0")).await;
        assert_eq!((odd.status(), &*odd.code()), (400, "query_invalid"));

        let deprecate = json!({ "sunset_at": "2027-01-01" });
        for name in ["orders", "quiet"] {
            let path = format!("/api/v1/services/{name}:deprecate");
            assert_eq!(home.send(&blue, "POST", &path, &deprecate).await.status(), 200);
        }
        // Tried out, it says who would be left without it; on condition, it is refused.
        let retire = "/api/v1/services/orders:retire";
        let dry = format!("{retire}?validate_only=true");
        let tried = home.send(&blue, "POST", &dry, &json!({})).await;
        assert_eq!((tried.status(), &tried.json()["callers"]["callers"]), (200, &expected));
        let unused = json!({ "if_unused": true });
        let refused = home.send(&blue, "POST", retire, &unused).await;
        assert_eq!((refused.status(), &*refused.code()), (409, "still_called"));
        let faults = refused.json()["errors"].clone();
        assert_eq!(faults[0]["message"], "desk: 40 requests, last 2026-04-18T08:09:00Z");
        assert_eq!(faults.as_array().unwrap().len(), 2);
        let state = get(&home, &blue, "/api/v1/services/orders").await;
        assert_eq!(state["config"]["state"], "deprecated");
        let quiet = home.send(&blue, "POST", "/api/v1/services/quiet:retire", &unused).await;
        assert_eq!((quiet.status(), &quiet.json()["callers"]["callers"]), (200, &json!([])));
        let done = home.send(&blue, "POST", retire, &json!({ "reason": "v2 has it all" })).await;
        assert_eq!((done.status(), &done.json()["config"]["state"]), (200, &json!("retired")));
        assert_eq!(done.json()["callers"]["callers"], expected);
    });
}

#[test]
fn whose_application_it_is_sees_and_follows_what_it_does_and_nobody_elses() {
    each_database(async |home| {
        let admin = home.set_up().await;
        for team in ["blue", "red"] {
            home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
        }
        let (blue, _) = home.member(&admin, "dev@example.com", "blue", "developer").await;
        let (red, _) = home.member(&admin, "red@example.com", "red", "owner").await;
        let (alone, _) = home.person(&admin, "alone@example.com", None).await;
        for (proof, path, name) in [
            (&blue, "applications?team=blue", "ours"),
            (&red, "applications?team=red", "theirs"),
            (&alone, "applications", "own"),
        ] {
            let path = format!("/api/v1/{path}");
            let reply = home.send(proof, "POST", &path, &json!({ "name": name })).await;
            assert_eq!(reply.status(), 201, "{reply}");
        }
        used(
            &home,
            &[
                Use { consumer: "ours", team: "blue", requests: 3, ..Use::NONE },
                Use { consumer: "theirs", team: "red", requests: 5, ..Use::NONE },
                // After they were made: the clock goes on with everybody who signs in.
                Use { consumer: "own", requests: 7, ago: -3, ..Use::NONE },
                // Before they had the name: somebody else's.
                Use { consumer: "own", requests: 100, ago: 3 * 24 * 60, ..Use::NONE },
            ],
        )
        .await;
        let now = home.store.now();
        let writer = home.usage.begin_writer().await.unwrap();
        let row = |id: i64, consumer: &str, team: &str, at: i64| RequestRow {
            consumer: consumer.to_owned(),
            team: team.to_owned(),
            at,
            ..exchange(id, "orders", 200)
        };
        let requests = vec![
            row(1, "ours", "blue", now),
            row(2, "theirs", "red", now),
            row(3, "own", "", now),
            row(4, "own", "", now - 3 * 86_400_000_000),
        ];
        home.usage.write(&UsageBatch { writer, requests, ..UsageBatch::default() }).await.unwrap();
        for (proof, name, count) in [(&blue, "ours", 3), (&red, "theirs", 5), (&alone, "own", 7)] {
            let path = "/api/v1/usage/top?by=consumer&from=2026-05-10T00:00:00Z";
            let top = get(&home, proof, path).await;
            assert_eq!(top["top"], json!([{ "name": name, "value": count }]), "{name}");
            let logged = get(&home, proof, "/api/v1/requests").await;
            let rows = logged["requests"].as_array().unwrap();
            assert_eq!((rows.len(), rows[0]["consumer"].as_str()), (1, Some(name)));
        }
        let follow = async |proof: &Proof, name: &str| {
            let body = json!({ "consumer": name });
            home.send(proof, "POST", "/api/v1/requests:follow", &body).await
        };
        for (proof, name) in [(&blue, "ours"), (&alone, "own")] {
            let reply = follow(proof, name).await;
            assert_eq!(reply.status(), 200, "{reply}");
            let told = reply.json()["followed"].clone();
            assert!(told.as_array().unwrap().iter().any(|one| one["consumer"] == name), "{told}");
        }
        // What others have is not told apart from what there is not.
        for (proof, name) in [(&blue, "theirs"), (&blue, "own"), (&alone, "ours"), (&red, "none")] {
            let reply = follow(proof, name).await;
            assert_eq!((reply.status(), &*reply.code()), (422, "value_out_of_range"), "{name}");
            let message = format!("there is no consumer or application {name}");
            assert_eq!(reply.json()["errors"][0]["message"], message);
        }
        let auditor = home.person(&admin, "auditor@example.com", Some("auditor")).await.0;
        assert_eq!(follow(&auditor, "ours").await.code(), "not_permitted");
        for (proof, names) in
            [(&admin, &["ours", "own"][..]), (&blue, &["ours"]), (&red, &[]), (&alone, &["own"])]
        {
            let told = get(&home, proof, "/api/v1/requests:followed").await;
            let told: Vec<_> = (told["followed"].as_array().unwrap().iter())
                .map(|one| one["consumer"].as_str().unwrap())
                .collect();
            assert_eq!(told, names);
        }
    });
}

#[test]
fn what_another_service_of_the_name_did_is_not_shown_to_whom_has_the_name_now() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let mut proofs = Vec::new();
        for team in ["alpha", "beta"] {
            home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
            let email = format!("{team}@example.com");
            proofs.push(home.member(&admin, &email, team, "owner").await.0);
            let upstream = json!({ "name": team, "endpoints": [{ "address": "10.0.0.7:80" }] });
            let path = format!("/api/v1/upstreams?team={team}");
            let made = home.send(&proofs[proofs.len() - 1], "POST", &path, &upstream).await;
            assert_eq!(made.status(), 201, "{made}");
        }
        let (alpha, beta) = (&proofs[0], &proofs[1]);
        let make = async |proof: &Proof, team: &str| {
            let service = json!({ "name": "orders", "http": { "upstream": team } });
            let path = format!("/api/v1/services?team={team}");
            let made = home.send(proof, "POST", &path, &service).await;
            assert_eq!(made.status(), 201, "{made}");
        };
        make(alpha, "alpha").await;
        used(&home, &[Use { requests: 7, ago: 5, ..Use::NONE }]).await;
        let count = async |proof: &Proof| {
            let time = "from=2026-05-17T07:00:00Z&to=2026-05-17T10:00:00Z";
            let path = format!("/api/v1/usage/breakdown?{time}");
            let told = get(&home, proof, &path).await;
            told["rows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["sums"]["requests"].as_i64().unwrap())
                .sum::<i64>()
        };
        assert_eq!((count(alpha).await, count(beta).await), (7, 0));
        let gone = home.change(alpha, "DELETE", "/api/v1/services/orders", &Value::Null).await;
        assert_eq!(gone.status(), 204, "{gone}");
        make(beta, "beta").await;
        assert_eq!((count(alpha).await, count(beta).await), (0, 0));
        let gone = home.change(beta, "DELETE", "/api/v1/services/orders", &Value::Null).await;
        assert_eq!(gone.status(), 204, "{gone}");
        // Nor is it told to the first one what the second one's did.
        make(alpha, "alpha").await;
        assert_eq!(count(alpha).await, 0);
        assert_eq!(count(&admin).await, 7, "who sees everything sees that");
    });
}

#[test]
fn where_endpoints_are_is_told_to_those_alone_who_may_know() {
    each_database(async |mut home| {
        let admin = home.set_up().await;
        for team in ["blue", "red"] {
            home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
        }
        let upstream = json!({ "name": "u", "endpoints": [{ "address": "10.0.0.7:80" }] });
        home.send(&admin, "POST", "/api/v1/upstreams", &upstream).await;
        let service = json!({ "name": "orders", "http": { "upstream": "u" } });
        let made = home.send(&admin, "POST", "/api/v1/services?team=red", &service).await;
        assert_eq!(made.status(), 201, "{made}");
        let (seller, _) = home.member(&admin, "seller@example.com", "red", "developer").await;
        let (buyer, _) = home.member(&admin, "buyer@example.com", "blue", "developer").await;
        let tried = json!([
            { "start_ms": 0.1, "duration_ms": 2.0, "endpoint": "10.0.0.7:80", "status": 502 },
        ]);
        let facts = json!({
            "listener": "web", "upstream": "u", "endpoint": "10.0.0.7:80", "attempts": 1,
            "detail": "no connection to 10.0.0.7:80", "tried": tried,
        });
        let (facts, team) = (facts.to_string(), "blue".to_owned());
        let row = RequestRow { facts, team, ..exchange(1, "orders", 502) };
        let writer = home.usage.begin_writer().await.unwrap();
        let batch = UsageBatch { writer, requests: vec![row], ..UsageBatch::default() };
        home.usage.write(&batch).await.unwrap();
        let of = async |home: &Home, who: &Proof, is_told: bool| {
            for path in ["/api/v1/requests/rql_1", "/api/v1/requests:export?format=json"] {
                let reply = home.get(who, path).await;
                assert_eq!(reply.status(), 200, "{path}: {reply}");
                let text = reply.text();
                assert_eq!(text.contains("10.0.0.7"), is_told, "{path}: {text}");
                assert!(text.contains("listener") && text.contains("502"), "{path}: {text}");
            }
        };
        of(&home, &admin, true).await;
        of(&home, &seller, true).await;
        of(&home, &buyer, false).await;
        home.turn_to_portal();
        of(&home, &buyer, false).await;
    });
}
