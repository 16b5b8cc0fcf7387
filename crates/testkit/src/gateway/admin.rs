//! The admin listener of a gateway under test: reloads, endpoint states, readiness.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::{Gateway, Metrics};
use crate::client::{Client, request};
use crate::message::Response;
use crate::wait::{SOON, eventually};

/// What the admin listener says about the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigState {
    /// Counts configurations taken.
    pub generation: u64,
    /// When and why the newest one was not taken, if it was not.
    pub refusal: Option<(String, String)>,
}

/// What came of a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// The file is live.
    Taken,
    /// It was refused, and why.
    Refused(String),
}

impl Gateway {
    /// The address of the admin listener.
    ///
    /// # Panics
    /// When the ready line does not name it.
    #[must_use]
    #[track_caller]
    pub fn admin(&self) -> SocketAddr {
        let text = self.ready["admin"].as_str().expect("the ready line names the admin listener");
        text.parse().expect("the ready line holds addresses")
    }

    /// The address of the portal listener.
    ///
    /// # Panics
    /// When the ready line does not name it.
    #[must_use]
    #[track_caller]
    pub fn portal(&self) -> SocketAddr {
        let text = self.ready["portal"].as_str().expect("the ready line names the portal listener");
        text.parse().expect("the ready line holds addresses")
    }

    /// `GET path` on the admin listener.
    #[track_caller]
    pub fn admin_get(&self, path: &str) -> Response {
        self.admin_ask("GET", path, "")
    }

    /// Asks the admin listener, with a JSON body unless that is empty.
    #[track_caller]
    pub fn admin_ask(&self, method: &str, path: &str, body: &str) -> Response {
        let address = self.admin();
        let host = address.to_string();
        let length = format!("Content-Length: {}", body.len());
        let mut fields = vec!["Connection: close"];
        if !body.is_empty() || method != "GET" {
            fields.extend([length.as_str(), "Content-Type: application/json"]);
        }
        let mut bytes = request(method, &host, path, &fields);
        bytes.extend_from_slice(body.as_bytes());
        Client::connect(address).ask(bytes)
    }

    /// `GET path` on the admin listener as JSON.
    ///
    /// # Panics
    /// When the answer is not 200 with a JSON body.
    #[track_caller]
    pub fn admin_json(&self, path: &str) -> Value {
        let response = self.admin_get(path);
        assert_eq!(response.status, 200, "{path}: {}", response.text());
        serde_json::from_slice(&response.body).expect("the admin API answers in JSON")
    }

    /// What the admin listener says about the configuration.
    #[track_caller]
    pub fn config_state(&self) -> ConfigState {
        let state = self.admin_json("/api/v1/config");
        let error = &state["last_error"];
        let at = error["at"].as_str().map(str::to_owned);
        ConfigState {
            generation: state["generation"].as_u64().expect("a generation is a number"),
            refusal: at.map(|at| (at, error.to_string())),
        }
    }

    /// Replaces the file, sends SIGHUP and waits for what comes of it.
    ///
    /// # Panics
    /// When nothing comes of it.
    #[track_caller]
    pub fn reload(&self, yaml: impl fmt::Display) -> Reloaded {
        let before = self.config_state();
        self.write_config(yaml);
        self.signal(Signal::HUP);
        self.outcome_since(&before)
    }

    /// Waits for what comes of a change since `before`.
    ///
    /// # Panics
    /// When nothing comes of it.
    #[track_caller]
    pub fn outcome_since(&self, before: &ConfigState) -> Reloaded {
        eventually("the reload is taken or refused", SOON, || {
            let now = self.config_state();
            if now.generation > before.generation {
                return Some(Reloaded::Taken);
            }
            let refused = now.refusal.filter(|refusal| before.refusal.as_ref() != Some(refusal));
            refused.map(|(_, error)| Reloaded::Refused(error))
        })
    }

    /// The metrics page.
    ///
    /// # Panics
    /// When a line of it is malformed.
    #[track_caller]
    pub fn metrics(&self) -> Metrics {
        let response = self.admin_get("/metrics");
        assert_eq!(response.status, 200, "{}", response.text());
        Metrics::parse(&response.text())
    }

    /// What the admin listener says about an endpoint.
    ///
    /// # Panics
    /// When it does not list the endpoint.
    #[must_use]
    #[track_caller]
    pub fn endpoint(&self, upstream: &str, address: SocketAddr) -> Value {
        let found = self.try_endpoint(upstream, address);
        found.unwrap_or_else(|| panic!("no endpoint {address} in {upstream}"))
    }

    /// The same, where it may not be there.
    #[must_use]
    #[track_caller]
    pub fn try_endpoint(&self, upstream: &str, address: SocketAddr) -> Option<Value> {
        let all = self.admin_json("/api/v1/upstreams");
        let list = all["upstreams"].as_array().or_else(|| all.as_array());
        let list = list.unwrap_or_else(|| panic!("no list of upstreams in {all}"));
        let upstream = list.iter().find(|entry| entry["name"] == upstream)?;
        let endpoints = upstream["endpoints"].as_array()?;
        endpoints.iter().find(|entry| entry["address"] == address.to_string()).cloned()
    }

    /// `POST …:action` to an endpoint, which must be taken.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn endpoint_action(&self, upstream: &str, address: SocketAddr, action: &str, body: &str) {
        let path = format!("/api/v1/upstreams/{upstream}/endpoints/{address}:{action}");
        let response = self.admin_ask("POST", &path, body);
        assert_eq!(response.status, 200, "{path}: {}", response.text());
    }

    /// Whether the admin listener calls an endpoint healthy.
    #[must_use]
    #[track_caller]
    pub fn is_healthy(&self, upstream: &str, address: SocketAddr) -> bool {
        self.try_endpoint(upstream, address).is_some_and(|found| found["health"] == "healthy")
    }

    /// Waits until the admin listener calls an endpoint healthy, or not.
    ///
    /// # Panics
    /// When that takes longer than `within`.
    #[track_caller]
    pub fn wait_health(
        &self,
        upstream: &str,
        address: SocketAddr,
        healthy: bool,
        within: Duration,
    ) {
        let what = format!("{address} is healthy: {healthy}");
        eventually(&what, within, || (self.is_healthy(upstream, address) == healthy).then_some(()));
    }
}
