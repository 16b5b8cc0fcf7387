//! Descriptions, revisions, versions and sharing of services through the API.

use serde_json::{Value, json};

use crate::gateway::Reply;
use crate::home::{Home, Proof, each_database};

/// A description with these operations, each by its path and what is said of its answer.
fn described(paths: &[(&str, &str)]) -> Value {
    let paths: serde_json::Map<String, Value> = paths
        .iter()
        .map(|(path, kind)| {
            let schema = json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": kind } } });
            let content = json!({ "application/json": { "schema": schema } });
            let responses = json!({ "200": { "description": "d", "content": content } });
            let id = format!("get{}", path.replace('/', "_"));
            ((*path).to_owned(), json!({ "get": { "operationId": id, "responses": responses } }))
        })
        .collect();
    json!({
        "openapi": "3.1.0", "info": { "title": "Orders", "version": "1" },
        "servers": [{ "url": "https://api.example/v1" }], "paths": paths,
    })
}

async fn teams(home: &Home, admin: &Proof) -> (Proof, Proof, Proof) {
    for team in ["blue", "red", "grey"] {
        home.send(admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
    }
    let (blue, _) = home.member(admin, "blue@example.com", "blue", "owner").await;
    let (red, _) = home.member(admin, "red@example.com", "red", "developer").await;
    let (grey, _) = home.member(admin, "grey@example.com", "grey", "developer").await;
    (blue, red, grey)
}

async fn import(home: &Home, proof: &Proof, name: &str, query: &str, body: &Value) -> Reply {
    home.send(proof, "POST", &format!("/api/v1/services/{name}:import{query}"), body).await
}

async fn listen(home: &Home, admin: &Proof) {
    let web = json!({ "name": "web", "address": "127.0.0.1:8080", "protocol": "http" });
    let made = home.send(admin, "POST", "/api/v1/listeners", &web).await;
    assert_eq!(made.status(), 201, "{made}");
}

#[test]
fn a_service_is_imported_and_brought_up_to_date_with_what_was_set_beside() {
    each_database(async |home| {
        let admin = home.set_up().await;
        listen(&home, &admin).await;
        let body = json!({ "description": described(&[("/orders", "integer"), ("/old", "integer")]), "routes": "prefix" });
        let tried = import(&home, &admin, "orders", "?validate_only=true", &body).await;
        assert_eq!(tried.status(), 200, "{tried}");
        assert_eq!(tried.json()["difference"]["added"], json!(["get_orders", "get_old"]));
        assert!(tried.json()["lint"]["warnings"].as_u64().unwrap() > 0, "{tried}");
        assert_eq!(home.get(&admin, "/api/v1/services/orders").await.status(), 404);

        let made = import(&home, &admin, "orders", "", &body).await;
        assert_eq!(made.status(), 201, "{made}");
        let service = &made.json()["service"]["config"];
        assert_eq!(
            (&service["http"], &service["state"]),
            (&json!({ "mock": {} }), &json!("draft"))
        );
        assert_eq!(service["api"], json!({ "text": { "has_value": true } }));
        let route = &made.json()["route"]["config"];
        assert_eq!(route["match"], json!([{ "path": { "prefix": "/v1" } }]));

        let policies = json!({ "policies": { "body_limit": { "request": "1MiB" } } });
        let changed = home.change(&admin, "PATCH", "/api/v1/routes/orders", &policies).await;
        assert_eq!(changed.status(), 200, "{changed}");
        let body = json!({ "description": described(&[("/orders", "string"), ("/new/{id}", "integer")]), "routes": "operations" });
        let again = import(&home, &admin, "orders", "", &body).await;
        assert_eq!(again.status(), 200, "{again}");
        let difference = &again.json()["difference"];
        assert_eq!(difference["added"], json!(["get_new_{id}"]));
        assert_eq!(difference["removed"], json!(["get_old"]));
        assert_eq!(difference["changed"], json!(["get_orders"]));
        let route = &again.json()["route"]["config"];
        assert_eq!(route["policies"], policies["policies"]);
        assert_eq!(
            route["match"],
            json!([
                { "path": { "exact": "/v1/orders" }, "methods": ["GET", "HEAD"] },
                { "path": { "regex": "/v1/new/[^/]+" }, "methods": ["GET", "HEAD"] },
            ])
        );
        let actions = home.actions(&admin).await;
        assert_eq!(actions[..3], ["import_service", "update_route", "import_service"]);
    });
}

#[test]
fn what_is_no_description_changes_nothing() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let empty =
            import(&home, &admin, "orders", "", &json!({ "description": described(&[]) })).await;
        assert_eq!((empty.status(), empty.code().as_str()), (422, "description_invalid"));
        let mut outside = described(&[("/a", "integer")]);
        outside["paths"]["/a"]["get"]["responses"]["200"] =
            json!({ "$ref": "http://10.0.0.1/x.yaml" });
        let refused = import(&home, &admin, "orders", "", &json!({ "description": outside })).await;
        assert_eq!((refused.status(), refused.code().as_str()), (422, "description_invalid"));
        let fault = &refused.json()["errors"][0];
        assert_eq!(fault["pointer"], "/paths/~1a/get/responses/200");
        assert!(fault["message"].as_str().unwrap().contains("never fetched"), "{refused}");
        assert_eq!(home.get(&admin, "/api/v1/services/orders").await.status(), 404);
        // A path of a file is for gateway files, and so is the team.
        for (key, value) in [("api", json!({ "file": "/etc/passwd" })), ("team", json!("blue"))] {
            let mut body = json!({ "name": "x", "http": { "mock": {} } });
            body[key] = value;
            let refused = home.send(&admin, "POST", "/api/v1/services", &body).await;
            assert_eq!(
                (refused.status(), refused.code().as_str()),
                (422, "value_out_of_range"),
                "{refused}"
            );
        }
    });
}

#[test]
fn a_description_is_put_and_read_as_it_was_sent() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let service = json!({ "name": "orders", "http": { "mock": {} }, "api": { "text": described(&[("/a", "integer")]).to_string() } });
        let made = home.send(&admin, "POST", "/api/v1/services", &service).await;
        assert_eq!(made.status(), 201, "{made}");
        let path = "/api/v1/services/orders/api";
        let yaml = "openapi: 3.1.0\ninfo: { title: T, version: '1' }\npaths:\n  /a:\n    get: { operationId: get_a, responses: { '200': { description: d, content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: integer } } } } } } } }\n";
        let headers = [("content-type", "application/yaml")];
        let blind = home.call(&admin, "PUT", path, &headers, yaml).await;
        assert_eq!(
            (blind.status(), blind.code().as_str()),
            (428, "precondition_required"),
            "{blind}"
        );
        let etag = home.get(&admin, path).await.header("etag").unwrap().to_owned();
        let headers = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
        let put = home.call(&admin, "PUT", path, &headers, yaml).await;
        assert_eq!(put.status(), 200, "{put}");
        assert_eq!(put.json()["operations"], 1);
        let shown = home.get(&admin, path).await;
        assert_eq!((shown.text(), shown.header("content-type")), (yaml, Some("application/yaml")));
        assert_eq!(put.header("etag"), shown.header("etag"));
        let lint = home.get(&admin, "/api/v1/services/orders/lint").await;
        let findings = lint.json()["findings"].as_array().unwrap().clone();
        assert!(findings.iter().any(|it| it["rule"] == "security-missing"), "{lint}");
        // Whoever sends back what was shown keeps it.
        let config = home.get(&admin, "/api/v1/services/orders").await.json()["config"].clone();
        let same = home.change(&admin, "PUT", "/api/v1/services/orders", &config).await;
        assert_eq!(same.status(), 200, "{same}");
        assert_eq!(home.get(&admin, path).await.text(), yaml);
    });
}

#[test]
fn revisions_are_kept_compared_and_gone_back_to() {
    each_database(async |home| {
        let admin = home.set_up().await;
        listen(&home, &admin).await;
        let upstream = json!({ "name": "orders", "endpoints": [{ "address": "10.0.0.7:80" }] });
        home.send(&admin, "POST", "/api/v1/upstreams", &upstream).await;
        let body = json!({ "description": described(&[("/a", "integer")]), "upstream": "orders", "routes": "prefix", "reason": "first" });
        assert_eq!(import(&home, &admin, "orders", "", &body).await.status(), 201);
        home.send(&admin, "POST", "/api/v1/services/orders:submit", &json!({})).await;
        let faster = json!({ "endpoints": [{ "address": "10.0.0.8:80" }] });
        assert_eq!(
            home.change(&admin, "PATCH", "/api/v1/upstreams/orders", &faster).await.status(),
            200
        );
        let body = json!({ "description": described(&[("/a", "integer"), ("/b", "integer")]) });
        assert_eq!(import(&home, &admin, "orders", "", &body).await.status(), 200);
        let more = json!({ "name": "more", "service": "orders", "hosts": ["more.example"] });
        assert_eq!(home.send(&admin, "POST", "/api/v1/routes", &more).await.status(), 201);

        let at = "/api/v1/services/orders/revisions";
        let listed = home.get(&admin, at).await;
        let numbers: Vec<i64> = listed.json()["revisions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["revision"].as_i64().unwrap())
            .collect();
        assert_eq!(numbers, [4, 3, 2, 1], "a move of its life is none: {listed}");
        assert_eq!(listed.json()["revisions"][3]["note"], "first");
        let second = home.get(&admin, &format!("{at}/2/diff")).await;
        let places: Vec<Value> = second.json()["config"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["pointer"].clone())
            .collect();
        assert_eq!(places, [json!("/upstreams/orders/endpoints")], "{second}");
        let third = home.get(&admin, &format!("{at}/3/diff?against=1")).await;
        assert_eq!(third.json()["api"]["added"], json!(["get_b"]));
        assert_eq!(home.get(&admin, &format!("{at}/9")).await.code(), "revision_not_found");

        let back = home
            .send(&admin, "POST", "/api/v1/services/orders:rollback", &json!({ "revision": 1 }))
            .await;
        assert_eq!(back.status(), 200, "{back}");
        assert_eq!(back.json()["config"]["state"], "in_review", "its life is no part of it");
        let upstream = home.get(&admin, "/api/v1/upstreams/orders").await;
        assert_eq!(upstream.json()["config"]["endpoints"][0]["address"], "10.0.0.7:80");
        assert_eq!(home.get(&admin, "/api/v1/routes/more").await.status(), 404, "it came later");
        let text = home.get(&admin, "/api/v1/services/orders/api").await;
        assert!(!text.text().contains("/b"), "{text}");
        assert_eq!(
            current(&home, &admin, "orders").await,
            (1, 4),
            "it points at it, and is no other"
        );
        let log = home.get(&admin, "/api/v1/audit?action=rollback_service").await;
        assert_eq!(log.json()["audit"][0]["after"]["reason"], "rollback to 1", "{log}");
        let first = home.get(&admin, &format!("{at}/4/diff?against=current")).await;
        assert_eq!(first.json()["against"], 1);
        assert_eq!(first.json()["api"]["added"], json!(["get_b"]));
        // And forward again, to the last.
        let on = json!({ "revision": 4, "current": 3 });
        let point = "/api/v1/services/orders:point";
        let refused = home.send(&admin, "POST", point, &on).await;
        assert_eq!((refused.status(), refused.code().as_str()), (412, "precondition_failed"));
        let on = json!({ "revision": 4, "current": 1, "reason": "it was not that" });
        assert_eq!(home.send(&admin, "POST", point, &on).await.status(), 200);
        assert_eq!(current(&home, &admin, "orders").await, (4, 4));
        assert_eq!(home.get(&admin, "/api/v1/routes/more").await.status(), 200);
    });
}

/// The number of the revision that a service points at, and how many it has.
async fn current(home: &Home, proof: &Proof, name: &str) -> (i64, usize) {
    let listed = home.get(proof, &format!("/api/v1/services/{name}/revisions?page_size=100")).await;
    let listed = listed.json()["revisions"].as_array().unwrap().clone();
    let current: Vec<i64> = listed
        .iter()
        .filter(|one| one["is_current"] == true)
        .map(|one| one["revision"].as_i64().unwrap())
        .collect();
    assert_eq!(current.len(), 1, "{listed:?}");
    (current[0], listed.len())
}

#[test]
fn a_revision_is_prepared_looked_at_and_then_pointed_at() {
    each_database(async |home| {
        let admin = home.set_up().await;
        listen(&home, &admin).await;
        for (name, address) in [("orders", "10.0.0.7:80"), ("next", "10.0.0.8:80")] {
            let upstream = json!({ "name": name, "endpoints": [{ "address": address }] });
            home.send(&admin, "POST", "/api/v1/upstreams", &upstream).await;
        }
        let body = json!({ "description": described(&[("/a", "integer")]), "upstream": "orders", "routes": "prefix" });
        assert_eq!(import(&home, &admin, "orders", "", &body).await.status(), 201);
        home.send(&admin, "POST", "/api/v1/services/orders:publish", &json!({})).await;
        let at = "/api/v1/services/orders/revisions";
        let route = json!({ "name": "orders", "service": "orders", "match": [{ "path": { "prefix": "/v2" } }] });
        let body = json!({
            "service": { "http": { "upstream": "next" } }, "routes": [route],
            "upstreams": [{ "name": "next", "endpoints": [{ "address": "10.0.0.9:80" }] }],
            "description": described(&[("/a", "string"), ("/b", "integer")]), "note": "the next one",
        });
        let tried = home.send(&admin, "POST", &format!("{at}?validate_only=true"), &body).await;
        assert_eq!((tried.status(), &tried.json()["revision"]), (200, &Value::Null), "{tried}");
        assert_eq!(current(&home, &admin, "orders").await, (1, 1));

        let made = home.send(&admin, "POST", at, &body).await;
        assert_eq!(
            (made.status(), made.header("location")),
            (201, Some(&*format!("{at}/2"))),
            "{made}"
        );
        let json = made.json();
        assert_eq!(
            (&json["is_current"], &json["current_at"], &json["based_on"], &json["note"]),
            (&json!(false), &Value::Null, &json!(1), &json!("the next one"))
        );
        let places: Vec<&str> = json["difference"]["config"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["pointer"].as_str().unwrap())
            .collect();
        for place in [
            "/service/http/upstream",
            "/routes/orders/match",
            "/upstreams/next",
            "/upstreams/orders",
        ] {
            assert!(places.contains(&place), "{place} of {places:?}");
        }
        assert_eq!(json["difference"]["api"]["added"], json!(["get_b"]));
        let told = json["breaks_callers"][0].as_str().unwrap();
        assert!(told.starts_with("response-type-changed"), "{made}");
        assert!(json["lint"]["warnings"].is_u64(), "{made}");

        // Nothing of it is in force, and it is held against what is.
        let service = home.get(&admin, "/api/v1/services/orders").await;
        assert_eq!(service.json()["config"]["http"], json!({ "upstream": "orders" }));
        let upstream = home.get(&admin, "/api/v1/upstreams/next").await;
        assert_eq!(upstream.json()["config"]["endpoints"][0]["address"], "10.0.0.8:80");
        let diff = home.get(&admin, &format!("{at}/2/diff")).await;
        assert_eq!(
            (&diff.json()["against"], &diff.json()["config"]),
            (&json!(1), &json["difference"]["config"])
        );
        assert_eq!(home.send(&admin, "POST", at, &body).await.status(), 200, "there is one");
        assert_eq!(current(&home, &admin, "orders").await, (1, 2));

        // A change meanwhile is a revision of its own, after the one that is prepared.
        let slower = json!({ "balance": "random" });
        let changed = home.change(&admin, "PATCH", "/api/v1/upstreams/orders", &slower).await;
        assert_eq!(changed.status(), 200, "{changed}");
        assert_eq!(current(&home, &admin, "orders").await, (3, 3));
        assert_eq!(home.get(&admin, &format!("{at}/3/diff")).await.json()["against"], 1);

        // The gate is asked when it is pointed at, and so is whoever looked before.
        let point = "/api/v1/services/orders:point";
        let early = home
            .send(&admin, "POST", "/api/v1/services/orders:rollback", &json!({ "revision": 2 }))
            .await;
        assert_eq!((early.status(), early.code().as_str()), (422, "value_out_of_range"), "{early}");
        let stale = home.send(&admin, "POST", point, &json!({ "revision": 2, "current": 1 })).await;
        assert_eq!(
            (stale.status(), stale.code().as_str()),
            (412, "precondition_failed"),
            "{stale}"
        );
        let etag = service.header("etag").unwrap();
        let headers = [("content-type", "application/json"), ("if-match", "\"svc_x.1\"")];
        let other = home.call(&admin, "POST", point, &headers, "{\"revision\":2}").await;
        assert_eq!(other.status(), 412, "{other}");
        let refused = home.send(&admin, "POST", point, &json!({ "revision": 2 })).await;
        assert_eq!(
            (refused.status(), refused.code().as_str()),
            (409, "breaking_changes"),
            "{refused}"
        );
        assert_eq!(current(&home, &admin, "orders").await, (3, 3));
        let headers = [("content-type", "application/json"), ("if-match", etag)];
        let why =
            json!({ "revision": 2, "current": 3, "override": true, "reason": "all have moved" });
        let pointed = home.call(&admin, "POST", point, &headers, &why.to_string()).await;
        assert_eq!(pointed.status(), 200, "{pointed}");
        assert_eq!(current(&home, &admin, "orders").await, (2, 3));
        let service = home.get(&admin, "/api/v1/services/orders").await;
        assert_eq!(service.json()["config"]["http"], json!({ "upstream": "next" }));
        assert_eq!(service.json()["config"]["state"], "published");
        let upstream = home.get(&admin, "/api/v1/upstreams/next").await;
        assert_eq!(upstream.json()["config"]["endpoints"][0]["address"], "10.0.0.9:80");
        let actions = home.actions(&admin).await;
        assert_eq!(actions[..3], ["point_service", "update_upstream", "prepare_service"]);

        // Back: what callers have is the description of the one that it points at.
        let back = json!({ "revision": 1, "override": true, "reason": "not all had" });
        assert_eq!(
            home.send(&admin, "POST", "/api/v1/services/orders:rollback", &back).await.status(),
            200
        );
        assert_eq!(current(&home, &admin, "orders").await, (1, 3));
        let same = json!({ "description": described(&[("/a", "integer")]) });
        assert_eq!(import(&home, &admin, "orders", "", &same).await.status(), 200);
    });
}

#[test]
fn a_revision_that_cannot_be_is_not_prepared_and_says_why() {
    each_database(async |home| {
        let admin = home.set_up().await;
        listen(&home, &admin).await;
        let upstream = json!({ "name": "orders", "endpoints": [{ "address": "10.0.0.7:80" }] });
        home.send(&admin, "POST", "/api/v1/upstreams", &upstream).await;
        let service = json!({ "name": "orders", "http": { "upstream": "orders" } });
        home.send(&admin, "POST", "/api/v1/services", &service).await;
        let at = "/api/v1/services/orders/revisions";
        for (body, status, code, told) in [
            (
                json!({ "service": { "http": { "upstream": "nowhere" } } }),
                422,
                "object_invalid",
                "nowhere",
            ),
            (
                json!({ "service": { "http": {}, "name": "users" } }),
                422,
                "object_invalid",
                "/service/name",
            ),
            (
                json!({ "service": { "http": { "upstream": "orders" }, "state": "retired" } }),
                422,
                "object_invalid",
                "/service/state",
            ),
            (
                json!({ "service": { "http": { "upstream": "orders" }, "api": { "text": "x" } } }),
                422,
                "object_invalid",
                "/service/api",
            ),
            (
                json!({ "routes": [{ "name": "a", "service": "users" }] }),
                422,
                "object_invalid",
                "/routes/0",
            ),
            (
                json!({ "routes": [{ "service": "orders" }] }),
                422,
                "object_invalid",
                "/routes/0/name",
            ),
            (json!({ "upstreams": [{ "name": "users" }] }), 422, "object_invalid", "/upstreams/0"),
            (
                json!({ "upstreams": [{ "name": "orders", "endpoints": [{ "address": "${env:HOME}:80" }] }] }),
                422,
                "object_invalid",
                "substitution",
            ),
            (json!({ "description": "openapi: 9" }), 422, "description_invalid", ""),
            (json!({ "note": "x".repeat(1001) }), 422, "value_out_of_range", "/note"),
            (json!({ "notes": "x" }), 400, "body_invalid", "notes"),
        ] {
            let refused = home.send(&admin, "POST", at, &body).await;
            assert_eq!(
                (refused.status(), refused.code().as_str()),
                (status, code),
                "{body} {refused}"
            );
            assert!(refused.to_string().contains(told), "{told}: {refused}");
        }
        assert_eq!(current(&home, &admin, "orders").await, (1, 1));
        let nothing = home.send(&admin, "POST", at, &json!({})).await;
        assert_eq!((nothing.status(), &nothing.json()["revision"]), (200, &json!(1)), "{nothing}");
        assert_eq!(nothing.json()["is_current"], true);
        let none = home.send(&admin, "POST", "/api/v1/services/users/revisions", &json!({})).await;
        assert_eq!(none.status(), 404, "{none}");
    });
}

#[test]
fn what_breaks_callers_is_not_published_unless_somebody_says_why() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let old = json!({ "description": described(&[("/a", "integer")]), "version": "1.0" });
        assert_eq!(import(&home, &admin, "orders", "", &old).await.status(), 201);
        let publish = "/api/v1/services/orders:publish";
        assert_eq!(home.send(&admin, "POST", publish, &json!({})).await.status(), 200);
        // In use already: a description is live at once.
        let new = json!({ "description": described(&[("/a", "string")]) });
        let refused = import(&home, &admin, "orders", "", &new).await;
        assert_eq!(
            (refused.status(), refused.code().as_str()),
            (409, "breaking_changes"),
            "{refused}"
        );
        assert!(
            refused.json()["errors"][0]["message"]
                .as_str()
                .unwrap()
                .starts_with("response-type-changed: `id`"),
            "{refused}"
        );
        // As a draft it may be anything, until it is published.
        home.send(&admin, "POST", "/api/v1/services/orders:withdraw", &json!({})).await;
        assert_eq!(import(&home, &admin, "orders", "", &new).await.status(), 200);
        let refused = home.send(&admin, "POST", publish, &json!({})).await;
        assert_eq!((refused.status(), refused.code().as_str()), (409, "breaking_changes"));
        let mute = home.send(&admin, "POST", publish, &json!({ "override": true })).await;
        assert_eq!((mute.status(), mute.code().as_str()), (422, "value_out_of_range"));
        let why = json!({ "override": true, "reason": "nobody calls it yet" });
        let published = home.send(&admin, "POST", publish, &why).await;
        assert_eq!(published.status(), 200, "{published}");
        let log = home.get(&admin, "/api/v1/audit?action=publish_service").await;
        let after = &log.json()["audit"][0]["after"];
        assert_eq!(after["override"]["reason"], "nobody calls it yet", "{log}");
        assert!(
            after["override"]["breaking"][0].as_str().unwrap().starts_with("response-type-changed")
        );
        // From now on that is what callers have.
        assert_eq!(import(&home, &admin, "orders", "", &new).await.status(), 200);
    });
}

#[test]
fn another_version_is_a_draft_like_it_and_held_to_its_major_number() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let old = json!({ "description": described(&[("/a", "integer")]), "version": "1.0" });
        import(&home, &admin, "orders", "", &old).await;
        home.send(&admin, "POST", "/api/v1/services/orders:publish", &json!({})).await;
        let at = "/api/v1/services/orders/versions";
        for (name, version) in [("orders-1-1", "1.1"), ("orders-2", "2.0")] {
            let made =
                home.send(&admin, "POST", at, &json!({ "name": name, "version": version })).await;
            assert_eq!(made.status(), 201, "{made}");
            let config = &made.json()["config"];
            assert_eq!(
                (&config["state"], &config["version_of"]),
                (&json!("draft"), &json!("orders"))
            );
        }
        let twice =
            home.send(&admin, "POST", at, &json!({ "name": "orders-3", "version": "2.0" })).await;
        assert_eq!((twice.status(), twice.code().as_str()), (422, "object_invalid"), "{twice}");
        let listed = home.get(&admin, "/api/v1/services/orders-2/versions").await;
        let names: Vec<&str> = ["orders", "orders-1-1", "orders-2"].to_vec();
        let told: Vec<Value> = listed.json()["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].clone())
            .collect();
        assert_eq!(told, names);
        let new = json!({ "description": described(&[("/b", "integer")]) });
        for (name, status) in [("orders-1-1", 409), ("orders-2", 200)] {
            assert_eq!(import(&home, &admin, name, "", &new).await.status(), 200);
            let path = format!("/api/v1/services/{name}:publish");
            let published = home.send(&admin, "POST", &path, &json!({})).await;
            assert_eq!(published.status(), status, "{name}: {published}");
        }
    });
}

#[test]
fn a_service_is_seen_by_those_with_whom_it_is_shared() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (blue, red, grey) = teams(&home, &admin).await;
        let body = json!({ "description": described(&[("/a", "integer")]) });
        let made = import(&home, &blue, "orders", "?team=blue", &body).await;
        assert_eq!(made.status(), 201, "{made}");
        let share = async |patch: Value| {
            let changed = home.change(&blue, "PATCH", "/api/v1/services/orders", &patch).await;
            assert_eq!(changed.status(), 200, "{changed}");
        };
        let seen = async |who: &Proof| {
            let shown = home.get(who, "/api/v1/services/orders").await;
            let list = home.get(who, "/api/v1/services").await;
            let is_listed = list.json()["services"].as_array().is_some_and(|all| !all.is_empty());
            assert_eq!(shown.status() == 200, is_listed, "{shown} {list}");
            shown
        };
        share(json!({ "visibility": "teams", "shared_with": ["red"] })).await;
        assert_eq!(seen(&red).await.status(), 404, "a draft is nobody else's");
        assert_eq!(
            home.send(&blue, "POST", "/api/v1/services/orders:publish", &json!({})).await.status(),
            200
        );
        let shown = seen(&red).await;
        assert_eq!(shown.status(), 200, "{shown}");
        let config = &shown.json()["config"];
        assert_eq!((config.get("http"), &config["visibility"]), (None, &json!("teams")), "{shown}");
        let told = home.get(&red, "/api/v1/services/orders/api").await;
        assert_eq!((told.status(), &told.json()["servers"]), (200, &json!([{ "url": "/v1" }])));
        assert!(told.json()["paths"]["/a"]["get"]["operationId"].is_string(), "{told}");
        let own = home.get(&blue, "/api/v1/services/orders/api").await;
        assert_eq!(own.json()["servers"][0]["url"], "https://api.example/v1");
        assert_ne!(own.header("etag"), told.header("etag"));
        assert_eq!(home.get(&red, "/api/v1/services/orders/revisions").await.status(), 403);
        let refused = home.change(&red, "PATCH", "/api/v1/services/orders", &json!({})).await;
        assert_eq!((refused.status(), refused.code().as_str()), (403, "not_permitted"));
        assert_eq!(seen(&grey).await.status(), 404);
        assert_eq!(home.get(&grey, "/api/v1/services/orders/api").await.status(), 404);
        for visibility in ["signed_in", "public"] {
            share(json!({ "visibility": visibility, "shared_with": null })).await;
            assert_eq!(seen(&grey).await.status(), 200, "{visibility}");
        }
        share(json!({ "visibility": "private" })).await;
        assert_eq!(seen(&red).await.status(), 404);
    });
}

#[test]
fn an_import_takes_no_path_that_nobody_named_and_none_that_another_route_has() {
    each_database(async |home| {
        let admin = home.set_up().await;
        listen(&home, &admin).await;
        let mut description = described(&[("/orders", "integer")]);
        description.as_object_mut().unwrap().remove("servers");
        let body = json!({ "description": description, "routes": "prefix" });
        let made = import(&home, &admin, "orders", "", &body).await;
        assert_eq!(made.status(), 201, "{made}");
        let route = &made.json()["route"]["config"];
        assert_eq!(route["match"], json!([{ "path": { "prefix": "/orders" } }]), "{made}");
        assert_eq!(route["policies"]["rewrite"]["strip_prefix"], "/orders", "{made}");
        // Again, it stays where it is.
        let again = import(&home, &admin, "orders", "", &body).await;
        assert_eq!((again.status(), &again.json()["route"]["config"]), (200, route), "{again}");
        let mut body = body.clone();
        body["prefix"] = json!("/orders");
        let refused = import(&home, &admin, "copies", "", &body).await;
        assert_eq!((refused.status(), refused.code().as_str()), (422, "value_out_of_range"));
        assert_eq!(refused.json()["errors"][0]["pointer"], "/prefix", "{refused}");
        body["hosts"] = json!(["copies.example.com"]);
        assert_eq!(import(&home, &admin, "copies", "", &body).await.status(), 201);
    });
}

#[test]
fn what_breaks_is_overridden_by_whoever_may_publish_alone() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let (owner, ..) = teams(&home, &admin).await;
        let (keeper, _) = home.member(&admin, "keep@example.com", "blue", "maintainer").await;
        let old = json!({ "description": described(&[("/a", "integer")]), "version": "1.0" });
        let made = import(&home, &owner, "orders", "?team=blue", &old).await;
        assert_eq!(made.status(), 201, "{made}");
        let publish = "/api/v1/services/orders:publish";
        assert_eq!(home.send(&owner, "POST", publish, &json!({})).await.status(), 200);
        let new = json!({
            "description": described(&[("/a", "string")]), "override": true, "reason": "tidier",
        });
        let refused = import(&home, &keeper, "orders", "", &new).await;
        assert_eq!(
            (refused.status(), refused.code().as_str()),
            (403, "not_permitted"),
            "{refused}"
        );
        // What breaks nobody takes no such right.
        let same = json!({
            "description": described(&[("/a", "integer"), ("/b", "integer")]),
            "override": true, "reason": "more",
        });
        assert_eq!(import(&home, &keeper, "orders", "", &same).await.status(), 200);
        let back = json!({ "revision": 1, "override": true, "reason": "back" });
        let path = "/api/v1/services/orders:rollback";
        let refused = home.send(&keeper, "POST", path, &back).await;
        assert_eq!(
            (refused.status(), refused.code().as_str()),
            (403, "not_permitted"),
            "{refused}"
        );
        assert_eq!(import(&home, &owner, "orders", "", &new).await.status(), 200);
    });
}

/// A service that answers by itself, as a description says.
fn mock(description: &Value) -> Value {
    json!({ "http": { "mock": {} }, "api": { "text": description.to_string() } })
}

#[test]
fn what_callers_have_is_not_forgotten_by_taking_the_description_away() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let at = "/api/v1/services/orders";
        let old = mock(&described(&[("/a", "integer")]));
        let new = mock(&described(&[("/b", "integer")]));
        let put = async |config: &Value| home.change(&admin, "PUT", at, config).await;
        let made = home.send(&admin, "PUT", at, &old).await;
        assert_eq!(made.status(), 201, "{made}");
        assert_eq!(put(&new).await.code().as_str(), "breaking_changes");
        let upstream = json!({ "name": "orders", "endpoints": [{ "address": "10.0.0.7:80" }] });
        home.send(&admin, "POST", "/api/v1/upstreams", &upstream).await;
        let bare = put(&json!({ "http": { "upstream": "orders" } })).await;
        assert_eq!(bare.status(), 200, "{bare}");
        let refused = put(&new).await;
        assert_eq!(
            (refused.status(), refused.code().as_str()),
            (409, "breaking_changes"),
            "{refused}"
        );
        assert_eq!(put(&old).await.status(), 200, "what they have");
    });
}

#[test]
fn every_service_of_a_change_of_many_has_its_revision_and_its_gate() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let old = mock(&described(&[("/a", "integer")]));
        let names: Vec<String> = (0..110).map(|at| format!("s{at:03}")).collect();
        let objects: Vec<Value> = names
            .iter()
            .map(|name| json!({ "kind": "service", "name": name, "config": old }))
            .collect();
        let all = json!({ "objects": objects });
        let applied = home.send(&admin, "POST", "/api/v1/objects:apply", &all).await;
        assert_eq!(applied.status(), 200, "{applied}");
        for name in [&names[0], &names[99], &names[100], &names[109]] {
            let at = format!("/api/v1/services/{name}");
            assert_eq!(current(&home, &admin, name).await, (1, 1), "{name}");
            let other = mock(&described(&[("/b", "integer")]));
            let refused = home.change(&admin, "PUT", &at, &other).await;
            assert_eq!(refused.code().as_str(), "breaking_changes", "{name}: {refused}");
        }
    });
}

#[test]
fn a_service_with_a_secret_is_prepared_and_gone_back_to_with_the_secret_it_has() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let upstream = json!({ "name": "orders", "endpoints": [{ "address": "10.0.0.7:80" }] });
        home.send(&admin, "POST", "/api/v1/upstreams", &upstream).await;
        let at = "/api/v1/services/orders";
        let service = |value: Value, other: &str| {
            json!({
                "http": { "upstream": "orders" },
                "policies": { "headers": { "request": { "set": {
                    "authorization": value, "x-other": other,
                } } } },
            })
        };
        let made = home.send(&admin, "PUT", at, &service(json!("Bearer secret-1"), "a")).await;
        assert_eq!(made.status(), 201, "{made}");
        let revisions = format!("{at}/revisions");
        let nothing = home.send(&admin, "POST", &revisions, &json!({ "note": "n" })).await;
        assert_eq!(nothing.status(), 200, "{nothing}");
        let kept = json!({ "service": service(json!({ "has_value": true }), "b") });
        let prepared = home.send(&admin, "POST", &revisions, &kept).await;
        assert_eq!(prepared.status(), 201, "{prepared}");
        assert!(!prepared.to_string().contains("secret-1"), "{prepared}");
        let sent = json!({ "service": service(json!("Bearer secret-2"), "b") });
        let refused = home.send(&admin, "POST", &revisions, &sent).await;
        assert_eq!(refused.status(), 422, "{refused}");
        let stored = async || {
            let row = home.store.object("service", "orders").await.unwrap().unwrap();
            let set = &row.body["policies"]["headers"]["request"]["set"];
            (set["authorization"].clone(), set["x-other"].clone())
        };
        for (verb, revision, other) in [("point", 2, "b"), ("rollback", 1, "a")] {
            let body = json!({ "revision": revision });
            let moved = home.send(&admin, "POST", &format!("{at}:{verb}"), &body).await;
            assert_eq!(moved.status(), 200, "{verb}: {moved}");
            assert_eq!(stored().await, (json!("Bearer secret-1"), json!(other)), "{verb}");
        }
        // What is not there any more cannot be gone back to, and it is said where.
        let bare = json!({ "http": { "upstream": "orders" } });
        assert_eq!(home.change(&admin, "PUT", at, &bare).await.status(), 200);
        let refused =
            home.send(&admin, "POST", &format!("{at}:rollback"), &json!({ "revision": 1 })).await;
        let told = &refused.json()["errors"][0];
        assert_eq!(
            (refused.status(), &told["object"], &told["pointer"]),
            (422, &json!("services/orders"), &json!("/policies/headers/request/set/authorization")),
            "{refused}"
        );
    });
}
