//! A gateway with a database: people who sign in, and what they may do. Every test of it runs on
//! SQLite and on PostgreSQL.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use architrave_balance::{Registry, Upstream};
use architrave_config::Admin;
use architrave_control::{Api, Dependencies, Platform, Surface, UsageDesk};
use architrave_core::{Clock, Secret};
use architrave_store::{AuditEntry, Place, Store, UsageStore};
use architrave_telemetry::Metrics;
use architrave_testkit::Postgres;
use axum::body::Bytes;
use axum::http::Request;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::broadcast;

use crate::gateway::{
    FakeConfig, FakeDesired, FakeDirectory, FakeModels, FakeProviderTests, FakeUsage, Reply,
    upstream,
};
use crate::identity::FakeIdentity;

pub(crate) const ADMIN: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "a long password";
pub(crate) const CODE: &str = "K7QF-2M9D";
/// The token of the gateway file, where there is one.
pub(crate) const FILE_TOKEN: &str = "s3cret";

/// A gateway over an empty database.
pub(crate) struct Home {
    pub(crate) store: Store,
    pub(crate) usage: UsageStore,
    pub(crate) clock: Clock,
    pub(crate) desired: FakeDesired,
    pub(crate) identity: FakeIdentity,
    pub(crate) api: Api,
    dependencies: Dependencies,
    _folder: Option<TempDir>,
}

/// By what a caller says who they are.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    Nothing,
    Session { cookie: String, csrf: String },
    Token(String),
}

/// Runs a test on an empty database of each sort, in a thread that is called after it.
#[track_caller]
pub(crate) fn each_database(test: impl AsyncFn(Home) + Sync) {
    std::thread::scope(|scope| {
        let test = &test;
        let started = ["SQLite", "PostgreSQL"].map(|name| {
            let run = move || {
                Runtime::new().unwrap().block_on(async { test(Home::open(name).await).await });
            };
            std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, run).unwrap()
        });
        for thread in started {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
}

impl Home {
    async fn open(database: &str) -> Self {
        // 2026-05-17T08:09:10Z
        let clock = Clock::manual_at(UNIX_EPOCH + Duration::from_secs(1_779_005_350));
        let folder = (database == "SQLite").then(|| TempDir::new().unwrap());
        let place = match &folder {
            Some(folder) => Place::Folder(folder.path().to_owned()),
            None => Place::Postgres(Secret::new(Postgres::shared().database())),
        };
        let store = Store::open(&place, vec![[7; 32]], clock.clone()).await.unwrap();
        let usage = UsageStore::beside(&place, clock.clone());
        let registry = Arc::new(Registry::new());
        let live = upstream("wide", &["127.0.0.1:9001"]);
        registry.replace([Arc::new(Upstream::new(Arc::new(live), None, clock.now()))]);
        let desired = FakeDesired::default();
        let identity = FakeIdentity::over(desired.clone(), store.now() / 1_000_000);
        let backups = folder.as_ref().map(|folder| folder.path().join("backups"));
        let dependencies = Dependencies {
            surface: Surface::Admin,
            admin: Admin::at("127.0.0.1:9080".parse().unwrap()),
            registry,
            metrics: Metrics::new(1),
            config: Arc::new(FakeConfig::default()),
            models: Arc::new(FakeModels),
            provider_tests: Arc::new(FakeProviderTests),
            desired: Arc::new(desired.clone()),
            identity: Arc::new(identity.clone()),
            platform: Some(Platform::new(store.clone(), clock.clone(), backups)),
            directory: Arc::new(FakeDirectory(desired.clone())),
            usage: Some(UsageDesk {
                store: usage.clone(),
                port: Arc::new(FakeUsage::default()),
                tail: broadcast::Sender::new(16),
            }),
            clock: clock.clone(),
        };
        let api = Api::new(dependencies.clone());
        Self { store, usage, clock, desired, identity, api, dependencies, _folder: folder }
    }

    /// The same gateway whose file names a token, at an address.
    pub(crate) fn with_admin(&mut self, address: &str, token: Option<&str>) {
        let address = address.parse().unwrap();
        let admin = Admin { token: token.map(Secret::new), ..Admin::at(address) };
        self.api = Api::new(Dependencies { admin, ..self.dependencies.clone() });
    }

    /// What the portal listener of the same gateway answers.
    pub(crate) fn turn_to_portal(&mut self) {
        let admin = Admin::at("127.0.0.1:9081".parse().unwrap());
        let dependencies = self.dependencies.clone();
        self.api = Api::new(Dependencies { surface: Surface::Portal, admin, ..dependencies });
    }

    /// Throws away what has expired.
    pub(crate) async fn sweep(&self, audit_keep: Duration) {
        self.dependencies.platform.as_ref().unwrap().sweep(audit_keep).await;
    }

    /// The same gateway behind a proxy.
    pub(crate) fn with_public_url(&mut self, url: &str) {
        let admin = self.dependencies.admin.clone();
        let admin = Admin { public_url: Some(url.to_owned()), ..admin };
        self.api = Api::new(Dependencies { admin, ..self.dependencies.clone() });
    }

    /// Makes an upstream live, beside those that are.
    pub(crate) fn go_live(&self, name: &str, address: &str) {
        let now = self.clock.now();
        let live = [("wide", "127.0.0.1:9001"), (name, address)];
        self.dependencies.registry.replace(live.map(|(name, address)| {
            Arc::new(Upstream::new(Arc::new(upstream(name, &[address])), None, now))
        }));
    }

    /// Puts the set-up code into the database, as the first start does.
    pub(crate) async fn print_code(&self) {
        let mut change = self.store.change().await.unwrap();
        let hash = ring::digest::digest(&ring::digest::SHA256, CODE.as_bytes());
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let expires_at = change.at() + 30 * 60 * 1_000_000;
        change.set_setting("setup_code_hash", &hash).await.unwrap();
        change.set_setting("setup_code_expires_at", &expires_at.to_string()).await.unwrap();
        let audit = AuditEntry { action: "make_setup_code".to_owned(), ..AuditEntry::default() };
        change.commit(audit).await.unwrap();
    }

    /// Sets up; the first admin is signed in.
    pub(crate) async fn set_up(&self) -> Proof {
        self.print_code().await;
        let body = json!({
            "code": CODE, "email": ADMIN, "password": PASSWORD, "display_name": "Ada",
        });
        let reply = self.send(&Proof::Nothing, "POST", "/api/v1/setup", &body).await;
        assert_eq!(reply.status(), 201, "{reply}");
        session(&reply)
    }

    /// Signs somebody in.
    pub(crate) async fn sign_in(&self, email: &str) -> Proof {
        let body = json!({ "email": email, "password": PASSWORD });
        let reply = self.send(&Proof::Nothing, "POST", "/api/v1/session", &body).await;
        assert_eq!(reply.status(), 200, "{reply}");
        session(&reply)
    }

    /// Invites somebody, who then signs in; and their id.
    pub(crate) async fn person(
        &self,
        admin: &Proof,
        email: &str,
        role: Option<&str>,
    ) -> (Proof, String) {
        let body = json!({ "email": email, "display_name": "Somebody", "role": role });
        let reply = self.send(admin, "POST", "/api/v1/users", &body).await;
        assert_eq!(reply.status(), 201, "{reply}");
        let (user, code) = (reply.json()["user"]["id"].clone(), reply.json()["code"].clone());
        let user = user.as_str().unwrap().to_owned();
        let body = json!({ "code": code, "password": PASSWORD });
        let path = format!("/api/v1/users/{user}:redeem_code");
        let reply = self.send(&Proof::Nothing, "POST", &path, &body).await;
        assert_eq!(reply.status(), 204, "{reply}");
        // So that nobody has tried too often.
        self.clock.advance(Duration::from_secs(60));
        (self.sign_in(email).await, user)
    }

    /// The same in a team.
    pub(crate) async fn member(
        &self,
        admin: &Proof,
        email: &str,
        team: &str,
        role: &str,
    ) -> (Proof, String) {
        let (proof, user) = self.person(admin, email, None).await;
        let path = format!("/api/v1/teams/{team}/members/{user}");
        let reply = self.send(admin, "PUT", &path, &json!({ "role": role })).await;
        assert_eq!(reply.status(), 200, "{reply}");
        (proof, user)
    }

    /// Makes a token for whoever has signed in.
    pub(crate) async fn token(&self, owner: &Proof, scopes: &[&str]) -> Proof {
        let body = json!({ "name": "test", "scopes": scopes });
        let reply = self.send(owner, "POST", "/api/v1/tokens", &body).await;
        assert_eq!(reply.status(), 201, "{reply}");
        Proof::Token(reply.json()["secret"].as_str().unwrap().to_owned())
    }

    pub(crate) async fn get(&self, proof: &Proof, path: &str) -> Reply {
        self.call(proof, "GET", path, &[], "").await
    }

    /// Sends JSON; nothing where the body is `null`.
    pub(crate) async fn send(
        &self,
        proof: &Proof,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Reply {
        self.send_with(proof, method, path, &[], body).await
    }

    pub(crate) async fn send_with(
        &self,
        proof: &Proof,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Reply {
        if body.is_null() {
            return self.call(proof, method, path, headers, "").await;
        }
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.call(proof, method, path, &all, &body.to_string()).await
    }

    /// Changes what is there as it is now.
    pub(crate) async fn change(
        &self,
        proof: &Proof,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Reply {
        let current = self.get(proof, path).await;
        let etag = current.header("etag").expect("an etag").to_owned();
        self.send_with(proof, method, path, &[("if-match", &etag)], body).await
    }

    pub(crate) async fn call(
        &self,
        proof: &Proof,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        self.call_from(Ipv4Addr::LOCALHOST.into(), proof, method, path, headers, body).await
    }

    pub(crate) async fn call_from(
        &self,
        peer: IpAddr,
        proof: &Proof,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "localhost:9080");
        }
        request = match proof {
            Proof::Nothing => request,
            Proof::Token(token) => request.header("authorization", format!("Bearer {token}")),
            Proof::Session { cookie, csrf } => {
                let request = request.header("cookie", format!("a=b; architrave_session={cookie}"));
                let has_own = headers.iter().any(|(name, _)| *name == "x-csrf-token");
                if has_own { request } else { request.header("x-csrf-token", csrf) }
            }
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        Reply(self.api.call(request, peer).await)
    }

    /// What was done, the latest first.
    pub(crate) async fn actions(&self, admin: &Proof) -> Vec<String> {
        let reply = self.get(admin, "/api/v1/audit?page_size=200").await;
        let rows = reply.json()["audit"].as_array().unwrap().clone();
        rows.iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
    }
}

/// The session that an answer without a body begins; for reading alone.
pub(crate) fn session_of(reply: &Reply) -> Proof {
    let set = reply.header("set-cookie").expect("a cookie");
    let value = set.split(';').next().unwrap().strip_prefix("architrave_session=").unwrap();
    let csrf = ring::digest::digest(&ring::digest::SHA256, format!("csrf {value}").as_bytes());
    let csrf = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, csrf);
    Proof::Session { cookie: value.to_owned(), csrf }
}

/// The session that an answer begins.
pub(crate) fn session(reply: &Reply) -> Proof {
    let set = reply.header("set-cookie").expect("a cookie");
    let value = set.split(';').next().unwrap().strip_prefix("architrave_session=").unwrap();
    let csrf = reply.json()["csrf_token"].as_str().unwrap().to_owned();
    Proof::Session { cookie: value.to_owned(), csrf }
}
