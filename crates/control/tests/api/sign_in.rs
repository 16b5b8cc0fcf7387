//! Signing in by the word of an identity provider: who is let in, as what, and every way not to be.

use std::time::Duration;

use serde_json::{Value, json};

use crate::gateway::Reply;
use crate::home::{ADMIN, Home, Proof, each_database, session_of};
use crate::identity::{ISSUER, Person};

const CALLBACK: &str = "/api/v1/session/callback";

/// Makes the provider, as the admin; with these members in place of the right ones.
async fn provide(home: &Home, admin: &Proof, changes: Value) {
    let mut body = json!({
        "name": "corp", "title": "Example ID", "issuer": ISSUER, "client_id": "architrave",
        "client_secret": "a secret", "domains": ["example.com"],
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    let reply = home.send(admin, "POST", "/api/v1/identity_providers", &body).await;
    assert_eq!(reply.status(), 201, "{reply}");
    assert_eq!(reply.json()["config"]["client_secret"], json!({ "has_value": true }));
}

fn person(subject: &str, email: &str) -> Person {
    let claims = json!({ "sub": subject, "email": email, "email_verified": true, "name": "Grace" });
    Person { claims, lies: json!({}), header: None }
}

/// Begins, and returns where the browser is sent and its cookie.
async fn begin(home: &Home) -> (String, String) {
    let path = "/api/v1/session/providers/corp:begin?return_to=/console";
    let reply = home.get(&Proof::Nothing, path).await;
    assert_eq!(reply.status(), 303, "{}", reply.summary());
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    (reply.header("location").unwrap().to_owned(), cookie)
}

/// Comes back from the provider, as browsers do: from another site.
async fn come_back(home: &Home, cookie: &str, query: &str) -> Reply {
    let headers = [("cookie", cookie), ("sec-fetch-site", "cross-site")];
    home.call(&Proof::Nothing, "GET", &format!("{CALLBACK}?{query}"), &headers, "").await
}

/// The whole way.
async fn sign_in(home: &Home, person: Person) -> Reply {
    home.clock.advance(Duration::from_secs(60));
    home.identity.set_now(home.store.now() / 1_000_000);
    let (location, cookie) = begin(home).await;
    let query = home.identity.visit(&location, person);
    come_back(home, &cookie, &query).await
}

async fn who(home: &Home, reply: &Reply) -> Value {
    assert_eq!(reply.status(), 303, "{}", reply.summary());
    assert_eq!(reply.header("location"), Some("/console"));
    home.get(&session_of(reply), "/api/v1/session").await.json()
}

/// The last row of the audit log.
async fn last_row(home: &Home, admin: &Proof) -> Value {
    home.get(admin, "/api/v1/audit?page_size=1").await.json()["audit"][0].clone()
}

#[test]
fn somebody_of_the_domain_is_made_a_user_and_known_again_by_their_subject() {
    each_database(async |home| {
        let admin = home.set_up().await;
        provide(&home, &admin, json!({})).await;
        let ways = home.get(&Proof::Nothing, "/api/v1/session/providers").await;
        let begin = "/api/v1/session/providers/corp:begin";
        let way = json!({ "name": "corp", "title": "Example ID", "begin": begin });
        assert_eq!(ways.json()["providers"], json!([way]));
        let reply = sign_in(&home, person("g-1", "Grace@Example.com")).await;
        let first = who(&home, &reply).await;
        assert_eq!((&first["name"], &first["role"]), (&json!("grace@example.com"), &Value::Null));
        let row = last_row(&home, &admin).await;
        assert_eq!((&row["action"], &row["after"]["is_new"]), (&json!("sign_in"), &json!(true)));
        assert_eq!(row["after"]["identity_provider"], "corp");
        // With another address they are the same person, and keep the one they are known by.
        let again = sign_in(&home, person("g-1", "other@elsewhere.example")).await;
        assert_eq!(who(&home, &again).await["id"], first["id"]);
        // Nobody else gets in by an address that is theirs.
        let other = sign_in(&home, person("g-2", "grace@example.com")).await;
        assert_eq!(other.code(), "sign_in_not_permitted");
        let row = last_row(&home, &admin).await;
        assert_eq!(row["action"], "sign_in_failed");
        assert_eq!(row["name"], "grace@example.com");
    });
}

#[test]
fn a_user_of_an_address_that_the_provider_speaks_for_is_taken_as_the_same() {
    each_database(async |home| {
        let admin = home.set_up().await;
        provide(&home, &admin, json!({ "invited_only": true })).await;
        let body = json!({ "email": "grace@example.com", "display_name": "Grace" });
        let invited = home.send(&admin, "POST", "/api/v1/users", &body).await.json();
        let id = &invited["user"]["id"];
        let reply = sign_in(&home, person("g-1", "grace@example.com")).await;
        assert_eq!(&who(&home, &reply).await["id"], id);
        let user = home.get(&admin, &format!("/api/v1/users/{}", id.as_str().unwrap())).await;
        assert_eq!(
            (&user.json()["state"], &user.json()["issuer"]),
            (&json!("active"), &json!(ISSUER))
        );
        let reply = sign_in(&home, person("n-1", "nobody@example.com")).await;
        assert_eq!(reply.code(), "sign_in_not_permitted", "nobody has invited them");
        // Who is disabled stays out, and is let in again without a password.
        let path = format!("/api/v1/users/{}", id.as_str().unwrap());
        home.send(&admin, "POST", &format!("{path}:disable"), &Value::Null).await;
        let reply = sign_in(&home, person("g-1", "grace@example.com")).await;
        assert_eq!(reply.code(), "sign_in_not_permitted");
        home.send(&admin, "POST", &format!("{path}:enable"), &Value::Null).await;
        let reply = sign_in(&home, person("g-1", "grace@example.com")).await;
        assert_eq!(&who(&home, &reply).await["id"], id);
    });
}

#[test]
fn an_address_that_is_not_verified_or_not_of_the_domain_lets_nobody_in() {
    each_database(async |home| {
        let admin = home.set_up().await;
        provide(&home, &admin, json!({})).await;
        let mut unverified = person("a-1", ADMIN);
        unverified.claims["email_verified"] = false.into();
        let mut without = person("a-1", ADMIN);
        without.claims.as_object_mut().unwrap().remove("email");
        for stranger in [
            unverified,
            without,
            person("a-1", "ada@other.example"),
            person("a-1", "ada@example.com.evil.example"),
            person("a-1", "ada@sub.example.com"),
        ] {
            let reply = sign_in(&home, stranger.clone()).await;
            assert_eq!(reply.code(), "sign_in_not_permitted", "{stranger:?}");
            assert!(reply.header("set-cookie").is_none());
        }
        // The admin of that address is who they say they are.
        let reply = sign_in(&home, person("a-1", ADMIN)).await;
        assert_eq!(who(&home, &reply).await["role"], "admin");
    });
}

#[test]
fn groups_give_roles_and_take_them_and_the_last_admin_stays() {
    each_database(async |home| {
        let admin = home.set_up().await;
        for team in ["blue", "red"] {
            home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
        }
        let roles = json!([
            { "group": "ops", "role": "admin" },
            { "group": "audit", "role": "auditor" },
            { "group": "blue", "team": "blue", "role": "developer" },
            { "group": "blue-leads", "team": "blue", "role": "owner" },
            { "group": "gone", "team": "gone", "role": "owner" },
        ]);
        provide(&home, &admin, json!({ "groups": { "claim": "roles", "roles": roles } })).await;
        let with = |groups: Value| {
            let mut person = person("g-1", "grace@example.com");
            person.claims["roles"] = groups;
            person
        };
        let reply = sign_in(&home, with(json!(["audit", "blue", "blue-leads", "gone"]))).await;
        let identity = who(&home, &reply).await;
        assert_eq!(identity["role"], "auditor");
        assert_eq!(identity["teams"], json!([{ "team": "blue", "role": "owner" }]));
        // A team that groups say nothing of is the gateway's own affair.
        let path = "/api/v1/teams/red/members/grace@example.com";
        home.send(&admin, "PUT", path, &json!({ "role": "developer" })).await;
        let id = identity["id"].as_str().unwrap();
        let second = format!("/api/v1/teams/blue/members/{ADMIN}");
        home.send(&admin, "PUT", &second, &json!({ "role": "owner" })).await;
        let identity = who(&home, &sign_in(&home, with(json!(["ops"]))).await).await;
        assert_eq!(identity["role"], "admin");
        assert_eq!(identity["teams"], json!([{ "team": "red", "role": "developer" }]));
        // A provider that tells of groups nowhere takes the roles away.
        home.identity.tell(json!({ "sub": "g-1" }));
        let reply = sign_in(&home, person("g-1", "grace@example.com")).await;
        assert_eq!(who(&home, &reply).await["role"], Value::Null);
        // What the token leaves out is asked for.
        home.identity.tell(json!({ "sub": "g-1", "roles": "ops" }));
        let reply = sign_in(&home, person("g-1", "grace@example.com")).await;
        assert_eq!(who(&home, &reply).await["role"], "admin");
        // The one admin who is left stays one.
        let grace = session_of(&reply);
        let users = home.get(&grace, "/api/v1/users").await.json();
        let ada = users["users"].as_array().unwrap().iter().find(|user| user["email"] == ADMIN);
        let ada = format!("/api/v1/users/{}:disable", ada.unwrap()["id"].as_str().unwrap());
        assert_eq!(home.send(&grace, "POST", &ada, &Value::Null).await.status(), 200);
        let reply = sign_in(&home, with(json!(["audit"]))).await;
        assert_eq!(who(&home, &reply).await["role"], "admin", "{id} is the last one");
    });
}

#[test]
fn a_token_that_is_not_right_lets_nobody_in_and_is_written_down() {
    each_database(async |home| {
        let admin = home.set_up().await;
        provide(&home, &admin, json!({})).await;
        let now = home.store.now() / 1_000_000;
        for (lies, header, reason) in [
            (json!({ "nonce": "another" }), None, "another question"),
            (json!({ "aud": "other" }), None, "somebody else"),
            (json!({ "iss": "https://other.example" }), None, "another issuer"),
            (json!({ "exp": now - 120 }), None, "over"),
            (json!({}), Some(json!({ "alg": "none" })), "not signed"),
            (json!({}), Some(json!({ "alg": "HS256" })), "not signed"),
            (json!({}), Some(json!({ "alg": "EdDSA", "kid": "other" })), "does not show"),
        ] {
            let person = Person { lies: lies.clone(), header, ..person("a-1", ADMIN) };
            let reply = sign_in(&home, person).await;
            assert_eq!((reply.status(), reply.code().as_str()), (403, "identity_not_proven"));
            let said = reply.json()["message"].as_str().unwrap().to_owned();
            assert!(said.contains(reason), "{lies}: {said}");
            assert!(reply.header("set-cookie").is_none());
            let row = last_row(&home, &admin).await;
            assert_eq!(row["action"], "sign_in_failed");
            assert_eq!(row["after"]["code"], "identity_not_proven");
        }
    });
}

#[test]
fn an_answer_counts_once_in_the_browser_that_asked_while_the_question_stands() {
    each_database(async |home| {
        let admin = home.set_up().await;
        provide(&home, &admin, json!({})).await;
        let ada = || person("a-1", ADMIN);
        let (location, cookie) = begin(&home).await;
        let query = home.identity.visit(&location, ada());
        // Another browser, no browser, another state.
        let (_, other) = begin(&home).await;
        for (cookie, query) in [
            (other.as_str(), query.as_str()),
            ("a=b", query.as_str()),
            (cookie.as_str(), "code=code-0&state=guess"),
            (cookie.as_str(), "code=code-0"),
        ] {
            let reply = come_back(&home, cookie, query).await;
            assert_eq!((reply.status(), reply.code().as_str()), (400, "sign_in_over"), "{query}");
        }
        assert_eq!(come_back(&home, &cookie, &query).await.status(), 303);
        let replayed = come_back(&home, &cookie, &query).await;
        assert_eq!(replayed.code(), "sign_in_over", "replayed");
        // Too late.
        let (location, cookie) = begin(&home).await;
        let query = home.identity.visit(&location, ada());
        home.clock.advance(Duration::from_secs(601));
        assert_eq!(come_back(&home, &cookie, &query).await.code(), "sign_in_over");
        // The answer of another provider, or of nobody.
        for wrong in ["&iss=https%3A%2F%2Fother.example", ""] {
            let (location, cookie) = begin(&home).await;
            let query = home.identity.visit(&location, ada());
            let query = query.replace("&iss=https%3A%2F%2Fid.example", wrong);
            let reply = come_back(&home, &cookie, &query).await;
            assert_eq!(reply.code(), "identity_not_proven", "{wrong}");
        }
        // The provider has refused, and says so in its own words or in worse.
        for (error, said) in [("access_denied", "access_denied"), ("%3Cscript%3E", "an error")] {
            let (location, cookie) = begin(&home).await;
            let query = home.identity.visit(&location, ada());
            let (_, state) = query.split_once("&state=").unwrap();
            let reply = come_back(&home, &cookie, &format!("error={error}&state={state}")).await;
            assert_eq!(reply.code(), "sign_in_not_permitted");
            assert!(reply.json()["message"].as_str().unwrap().ends_with(said), "{reply}");
        }
    });
}

#[test]
fn nobody_is_sent_elsewhere_than_to_a_path_of_ours() {
    each_database(async |home| {
        let admin = home.set_up().await;
        provide(&home, &admin, json!({})).await;
        for to in ["//evil.example", "https://evil.example", "/%5Cevil.example", "x", "/a%0Ab"] {
            let path = format!("/api/v1/session/providers/corp:begin?return_to={to}");
            let reply = home.get(&Proof::Nothing, &path).await;
            assert_eq!((reply.status(), reply.code().as_str()), (400, "query_invalid"), "{to}");
        }
        let path = "/api/v1/session/providers/other:begin";
        let reply = home.get(&Proof::Nothing, path).await;
        assert_eq!(reply.code(), "identity_provider_not_found");
        // Other pages do not begin it.
        let headers = [("sec-fetch-site", "cross-site")];
        let path = "/api/v1/session/providers/corp:begin";
        let reply = home.call(&Proof::Nothing, "GET", path, &headers, "").await;
        assert_eq!(reply.code(), "origin_not_allowed");
    });
}

#[test]
fn keys_are_remembered_until_a_token_names_another() {
    each_database(async |home| {
        let admin = home.set_up().await;
        provide(&home, &admin, json!({})).await;
        let ada = || person("a-1", ADMIN);
        let times = |asked: &[String], path: &str| asked.iter().filter(|it| *it == path).count();
        for _again in 0..3 {
            assert_eq!(sign_in(&home, ada()).await.status(), 303);
        }
        let asked = home.identity.asked();
        let described = times(&asked, "/.well-known/openid-configuration");
        assert_eq!((described, times(&asked, "/jwks")), (1, 1), "{asked:?}");
        home.identity.rotate();
        assert_eq!(sign_in(&home, ada()).await.status(), 303, "the new key was asked for");
        assert_eq!(times(&home.identity.asked(), "/jwks"), 1);
        // Whoever makes up keys does not make us ask each time.
        home.clock.advance(Duration::from_secs(60));
        home.identity.set_now(home.store.now() / 1_000_000);
        for _again in 0..3 {
            let (location, cookie) = begin(&home).await;
            let header = Some(json!({ "alg": "EdDSA", "kid": "made-up" }));
            let query = home.identity.visit(&location, Person { header, ..ada() });
            assert_eq!(come_back(&home, &cookie, &query).await.code(), "identity_not_proven");
        }
        assert_eq!(times(&home.identity.asked(), "/jwks"), 1);
    });
}

#[test]
fn a_provider_that_does_not_answer_is_said_and_begins_nothing() {
    each_database(async |home| {
        let admin = home.set_up().await;
        provide(&home, &admin, json!({})).await;
        home.identity.set_down(true);
        let path = "/api/v1/session/providers/corp:begin";
        let reply = home.get(&Proof::Nothing, path).await;
        assert_eq!(reply.status(), 502, "{reply}");
        assert_eq!(reply.code(), "identity_provider_unavailable");
        home.identity.set_down(false);
        let (location, cookie) = begin(&home).await;
        let query = home.identity.visit(&location, person("a-1", ADMIN));
        home.identity.set_down(true);
        let reply = come_back(&home, &cookie, &query).await;
        assert_eq!(reply.code(), "identity_provider_unavailable");
        assert_eq!(last_row(&home, &admin).await["action"], "sign_in_failed");
        home.identity.set_down(false);
        let path = "/api/v1/session/providers/corp:begin";
        for _attempt in 0..20 {
            home.get(&Proof::Nothing, path).await;
        }
        assert_eq!(home.get(&Proof::Nothing, path).await.code(), "too_many_attempts");
    });
}

#[test]
fn behind_a_proxy_with_tls_browsers_are_sent_back_there_and_cookies_are_for_it_alone() {
    each_database(async |mut home| {
        let admin = home.set_up().await;
        provide(&home, &admin, json!({})).await;
        home.with_public_url("https://gateway.example");
        let host = [("host", "gateway.example")];
        let path = "/api/v1/session/providers/corp:begin";
        let reply = home.call(&Proof::Nothing, "GET", path, &host, "").await;
        let location = reply.header("location").unwrap();
        let back = "redirect_uri=https%3A%2F%2Fgateway.example%2Fapi%2Fv1%2Fsession%2Fcallback&";
        assert!(location.contains(back), "{location}");
        let cookie = reply.header("set-cookie").unwrap();
        assert!(cookie.starts_with("__Host-architrave_sign_in="), "{cookie}");
        assert!(
            cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"),
            "{cookie}"
        );
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let query = home.identity.visit(location, person("a-1", ADMIN));
        let headers = [host[0], ("cookie", cookie.as_str())];
        let path = format!("{CALLBACK}?{query}");
        let reply = home.call(&Proof::Nothing, "GET", &path, &headers, "").await;
        assert_eq!(reply.status(), 303, "{}", reply.summary());
        let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        assert!(cookie.starts_with("__Host-architrave_session="), "{cookie}");
        for (cookie, status) in
            [(cookie.clone(), 200), (cookie.trim_start_matches("__Host-").to_owned(), 401)]
        {
            let headers = [host[0], ("cookie", cookie.as_str())];
            let path = "/api/v1/session";
            let reply = home.call(&Proof::Nothing, "GET", path, &headers, "").await;
            assert_eq!(reply.status(), status, "{cookie}");
        }
    });
}
