//! A gateway without traffic: live upstreams, a configuration that does as it is told, a clock
//! that stands still.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use architrave_balance::{Registry, Upstream};
use architrave_config as config;
use architrave_config::object::{Held, Object, ObjectChange, ObjectKind, Objects, Origin};
use architrave_config::ports::{
    Answer, BudgetUsage, ConfigPort, ConfigStatus, ConsumerUsage, CountedFor, CredentialTest,
    DeploymentStatus, DesiredPort, DirectoryPort, LaneChoice, LaneStatus, LimitSort, LimitStanding,
    LimitUnit, ModelStatus, ModelsPort, NoSuch, ProviderTestPort, QuotaStatus, Readiness, Refusal,
    ReloadError, StageError, Staged, SubscriptionLimits, TestError, TestFault, TestedProvider,
    UsagePort,
};
use architrave_config::{Admin, Budget, BudgetAmount, ConfigError, ModelStrategy, Period};
use architrave_control::{Api, Dependencies, Surface, expose_endpoints};
use architrave_core::name::UpstreamName;
use architrave_core::{Clock, Secret};
use architrave_telemetry::Metrics;
use axum::body::Bytes;
use axum::http::{Request, Response};

/// The API over two upstreams, `orders` and `billing`.
pub(crate) struct Gateway {
    pub(crate) registry: Arc<Registry>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) config: Arc<FakeConfig>,
    pub(crate) clock: Clock,
    api: Api,
}

impl Gateway {
    pub(crate) fn start() -> Self {
        Self::with_admin("127.0.0.1:9080", None)
    }

    pub(crate) fn with_admin(address: &str, token: Option<&str>) -> Self {
        let clock = Clock::manual();
        let registry = Arc::new(Registry::new());
        let upstreams = [
            ("orders", vec!["[::1]:9003", "127.0.0.1:9002", "127.0.0.1:9001"]),
            ("billing", vec!["127.0.0.1:9101"]),
        ];
        registry.replace(upstreams.map(|(name, addresses)| {
            Arc::new(Upstream::new(Arc::new(upstream(name, &addresses)), None, clock.now()))
        }));
        let metrics = Metrics::new(1);
        expose_endpoints(&metrics, Arc::clone(&registry), clock.clone());
        let config = Arc::new(FakeConfig::default());
        let api = Api::new(Dependencies {
            surface: Surface::Admin,
            admin: Admin { token: token.map(Secret::new), ..Admin::at(address.parse().unwrap()) },
            registry: Arc::clone(&registry),
            metrics: Arc::clone(&metrics),
            config: Arc::clone(&config) as Arc<dyn ConfigPort>,
            models: Arc::new(FakeModels),
            provider_tests: Arc::new(FakeProviderTests),
            desired: Arc::new(FakeDesired::default()),
            identity: Arc::new(crate::identity::FakeIdentity::default()),
            directory: Arc::new(FakeDirectory(FakeDesired::default())),
            platform: None,
            usage: None,
            clock: clock.clone(),
        });
        Self { registry, metrics, config, clock, api }
    }

    pub(crate) fn upstream(&self, name: &str) -> Arc<Upstream> {
        self.registry.get(&UpstreamName::new(name)).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, json: &str) -> Reply {
        self.send("POST", path, &[("content-type", "application/json")], json)
    }

    /// Sends from loopback, to `localhost:9080` unless a host is among the headers.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        self.send_from(Ipv4Addr::LOCALHOST.into(), method, path, headers, body)
    }

    pub(crate) fn send_from(
        &self,
        peer: IpAddr,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "localhost:9080");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        Reply(at_once(self.api.call(request, peer)))
    }
}

/// Nothing behind this API waits, so its futures are done at the first poll.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the api waits for something"),
    }
}

pub(crate) fn upstream(name: &str, addresses: &[&str]) -> config::Upstream {
    config::Upstream {
        name: UpstreamName::new(name),
        balance: config::BalanceAlgorithm::P2cLeastRequest,
        hash_on: config::HashOn::SourceAddress,
        hash_bound: 1.25,
        endpoints: addresses
            .iter()
            .map(|address| config::EndpointSource::Address {
                address: address.parse().unwrap(),
                weight: 1,
                priority: 0,
            })
            .collect(),
        protocol: config::UpstreamProtocol::Auto,
        send_proxy_protocol: config::SendProxyProtocol::Off,
        tls: None,
        health: config::Health::default(),
        slow_start: Duration::ZERO,
        panic_threshold_percent: 0,
        persistence: None,
        limits: config::UpstreamLimits {
            connections_max: 0,
            pending_max: 0,
            requests_per_endpoint_max: 0,
        },
        timeouts: config::UpstreamTimeouts {
            connect: Duration::from_secs(2),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(60),
        },
        retry: config::Retry {
            attempts: 0,
            on_connect_failure: false,
            on_reset_before_response: false,
            on_statuses: Vec::new(),
            per_try_timeout: None,
            backoff: Duration::ZERO,
            budget_percent: 20,
            body_bytes_max: 0,
            methods: Vec::new(),
        },
        hedge: None,
        egress: architrave_config::Egress::Anywhere,
    }
}

/// What `server` would be: takes every configuration but the one that says `bad`.
pub(crate) struct FakeConfig {
    pub(crate) readiness: Mutex<Readiness>,
    pub(crate) status: Mutex<ConfigStatus>,
    /// What the file says, for the next reload.
    pub(crate) file: Mutex<Result<(), ReloadError>>,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            readiness: Mutex::new(Readiness::Ready),
            status: Mutex::new(ConfigStatus {
                generation: 1,
                loaded_at: Some(UNIX_EPOCH + Duration::from_micros(1_779_005_350_123_456)),
                file: Some("gateway.yaml".into()),
                refused: None,
            }),
            file: Mutex::new(Ok(())),
        }
    }
}

/// A fault with everything that a fault can have.
pub(crate) fn fault() -> ConfigError {
    ConfigError {
        file: "gateway.yaml".to_owned(),
        line: 12,
        column: 7,
        path: "routes[2].match[0].path".to_owned(),
        message: "unknown key `prefx`".to_owned(),
        suggestion: Some("prefix".to_owned()),
    }
}

impl ConfigPort for FakeConfig {
    fn readiness(&self) -> Readiness {
        *self.readiness.lock().unwrap()
    }

    fn status(&self) -> ConfigStatus {
        self.status.lock().unwrap().clone()
    }

    fn reload(&self) -> Answer<'_, Result<ConfigStatus, ReloadError>> {
        Box::pin(async {
            let mut status = self.status.lock().unwrap();
            let at = UNIX_EPOCH + Duration::from_secs(1_779_005_400);
            match self.file.lock().unwrap().clone() {
                Ok(()) => {
                    status.generation += 1;
                    status.loaded_at = Some(at);
                    status.refused = None;
                    Ok(status.clone())
                }
                Err(error) => {
                    status.refused = Some(Refusal { at, error: error.clone() });
                    Err(error)
                }
            }
        })
    }

    fn validate(&self, text: String) -> Answer<'_, Result<(), Vec<ConfigError>>> {
        Box::pin(async move { if text.contains("bad") { Err(vec![fault()]) } else { Ok(()) } })
    }
}

/// The objects in force: what is staged is judged as `server` judges it, and put in force in memory.
#[derive(Clone, Default)]
pub(crate) struct FakeDesired {
    objects: Arc<Mutex<Arc<Objects>>>,
    /// Why nothing can be carried out, where nothing can.
    pub(crate) hindrance: Arc<Mutex<Option<String>>>,
}

impl FakeDesired {
    /// Puts an object in force as one of `gateway.yaml`.
    pub(crate) fn lay_over(&self, kind: ObjectKind, name: &str, body: serde_json::Value) {
        let object = Object { kind, name: name.to_owned(), body };
        let held = Held { object, origin: Origin::File("gateway.yaml".into()) };
        Arc::make_mut(&mut *self.objects.lock().unwrap()).put(Arc::new(held));
    }
}

impl FakeDesired {
    /// Those in force, read as `server` reads them.
    pub(crate) fn identity_providers(&self) -> Vec<Arc<config::IdentityProvider>> {
        let objects = self.objects();
        let all = objects.list(ObjectKind::IdentityProvider).iter().map(|held| &held.object);
        let read = config::load_whole("version: 1", "gateway.yaml", all, &config::NoSources);
        read.expect("it was staged").identity_providers
    }
}

impl DesiredPort for FakeDesired {
    fn objects(&self) -> Arc<Objects> {
        Arc::clone(&self.objects.lock().unwrap())
    }

    fn read_ahead(
        &self,
        description: Arc<str>,
        wanted: config::ApiUse,
    ) -> Answer<'_, Option<Arc<dyn config::ApiDescription>>> {
        let read = config::Sources::api_reader(&Descriptions).read(&description, wanted);
        Box::pin(async { read.ok() })
    }

    fn stage(&self, changes: Vec<ObjectChange>) -> Answer<'_, Result<Box<dyn Staged>, StageError>> {
        Box::pin(async move {
            let mut wanted = (*self.objects()).clone();
            for change in changes {
                let (kind, name) = change.about();
                if let Some(Origin::File(file)) = wanted.get(kind, name).map(|held| &held.origin) {
                    let (name, file) = (name.to_owned(), file.clone());
                    return Err(StageError::ReadOnly { kind, name, file });
                }
                match change {
                    ObjectChange::Put(object) => {
                        wanted.put(Arc::new(Held { object, origin: Origin::Database }));
                    }
                    ObjectChange::Remove { kind, name } => drop(wanted.remove(kind, &name)),
                }
            }
            let all = wanted.iter().map(|held| &held.object);
            let judged = config::load_whole("version: 1", "gateway.yaml", all, &Descriptions);
            let snapshot = judged.map_err(|faults| {
                let faults = faults.into_iter().map(|fault| fault.object.expect("of an object"));
                StageError::Invalid(faults.collect())
            })?;
            if let Some(why) = self.hindrance.lock().unwrap().clone() {
                return Err(StageError::NotPossible(why));
            }
            let in_force = Arc::clone(&self.objects);
            let (wanted, snapshot) = (Arc::new(wanted), Arc::new(snapshot));
            Ok(Box::new(FakeStaged { in_force, wanted, snapshot }) as Box<dyn Staged>)
        })
    }
}

/// No files, no catalogue: descriptions alone can be read.
struct Descriptions;

impl config::Sources for Descriptions {
    fn env(&self, _name: &str) -> Option<String> {
        None
    }

    fn file(&self, _path: &str) -> Result<String, String> {
        Err(String::from("no files are available here"))
    }

    fn api_reader(&self) -> &dyn config::ApiReader {
        self
    }
}

impl config::ApiReader for Descriptions {
    fn read(
        &self,
        text: &str,
        wanted: config::ApiUse,
    ) -> Result<Arc<dyn config::ApiDescription>, Vec<String>> {
        let compiled = architrave_openapi::Compiled::new(text, wanted)?;
        Ok(Arc::new(compiled))
    }
}

struct FakeStaged {
    in_force: Arc<Mutex<Arc<Objects>>>,
    wanted: Arc<Objects>,
    snapshot: Arc<config::Snapshot>,
}

impl Staged for FakeStaged {
    fn snapshot(&self) -> Arc<config::Snapshot> {
        Arc::clone(&self.snapshot)
    }

    fn go_live(self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(async move { *self.in_force.lock().unwrap() = self.wanted })
    }
}

/// What is offered by the objects in force. What was written of applications nobody needs to know:
/// there are no workers.
pub(crate) struct FakeDirectory(pub(crate) FakeDesired);

impl DirectoryPort for FakeDirectory {
    fn snapshot(&self) -> Arc<config::Snapshot> {
        let objects = self.0.objects();
        let all = objects.iter().map(|held| &held.object);
        let whole = config::load_whole("version: 1", "gateway.yaml", all, &Descriptions);
        Arc::new(whole.expect("what is in force is valid"))
    }

    fn catch_up(&self) -> Answer<'_, ()> {
        Box::pin(async {})
    }

    fn limits(&self, application: &str) -> Vec<SubscriptionLimits> {
        let began_at = UNIX_EPOCH + Duration::from_secs(1_777_593_600);
        let standing = |sort, counted_for, unit, used, renews_at| LimitStanding {
            sort,
            counted_for,
            unit,
            limit: 1_000,
            used,
            reserved: used / 10,
            renews_at,
        };
        let minute = LimitSort::RateLimit { window: Duration::from_secs(60) };
        let month = LimitSort::Budget { per: Period::Month, began_at };
        let soon = Some(UNIX_EPOCH + Duration::from_secs(1_779_005_360));
        let then = Some(began_at + Duration::from_secs(31 * 86_400));
        let limits = vec![
            standing(minute, CountedFor::Caller, LimitUnit::Requests, 5, soon),
            standing(LimitSort::Parallel, CountedFor::Caller, LimitUnit::Requests, 2, None),
            standing(month, CountedFor::Plan, LimitUnit::NanoUsd, 990, then),
            standing(month, CountedFor::Team, LimitUnit::Tokens, 1_001, then),
        ];
        let state = config::SubscriptionState::Active;
        let free = SubscriptionLimits { plan: "free".to_owned(), state, limits };
        if application == "tills" { vec![free] } else { Vec::new() }
    }

    fn team_limits(&self, team: &str) -> Vec<LimitStanding> {
        let all = self.limits("tills").into_iter().flat_map(|one| one.limits);
        let is_of_team =
            |one: &LimitStanding| one.counted_for == CountedFor::Team && team == "buyers";
        all.filter(is_of_team).collect()
    }
}

/// Providers that are asked for what they are made of, and answer: `wide`, and whoever would be
/// made, but for those whose first credential is `wrong`.
pub(crate) struct FakeProviderTests;

impl ProviderTestPort for FakeProviderTests {
    fn test_provider(
        &self,
        asked: TestedProvider,
    ) -> Answer<'_, Result<Vec<CredentialTest>, TestError>> {
        let TestedProvider { name, candidate, model } = asked;
        if candidate.is_none() && name != "wide" {
            return Box::pin(async { Err(TestError::NoSuch(name)) });
        }
        if name == "busy" {
            return Box::pin(async { Err(TestError::TooMany(4)) });
        }
        let body = candidate.map(|object| object.body).unwrap_or_default();
        let key = body.pointer("/credentials/0/value").and_then(|key| key.as_str());
        let is_wrong = key == Some("wrong");
        let models = (model.is_none() && !is_wrong).then(|| vec!["small".to_owned()]);
        let test = CredentialTest {
            credential: key.map(|_| "main".to_owned()),
            asked: Some("GET https://models.example/v1/models".to_owned()),
            address: Some("192.0.2.7:443".parse().unwrap()),
            is_reachable: true,
            tls: Some("TLSv1.3"),
            status: Some(if is_wrong { 401 } else { 200 }),
            is_authenticated: key.map(|_| !is_wrong),
            model_count: models.as_ref().map(Vec::len),
            models,
            latency: Duration::from_micros(12_300),
            fault: is_wrong.then(|| TestFault {
                reason: "credential_refused",
                message: "the key is wrong".to_owned(),
            }),
            note: None,
        };
        Box::pin(async { Ok(vec![test]) })
    }
}

/// Two models, and a consumer with two budgets.
pub(crate) struct FakeModels;

impl ModelsPort for FakeModels {
    fn models(&self) -> Vec<ModelStatus> {
        let resets_in = Duration::from_millis(12_300);
        let quota = |of, left, limit| QuotaStatus { of, left, limit, resets_in };
        let main = LaneStatus {
            credential: Some("main".to_owned()),
            share: 2.0 / 3.0,
            requests_in_flight: 2,
            tokens_in_flight: 5_000,
            requests: 120,
            failures: 3,
            failure_share: 0.025,
            first_token: Some(Duration::from_micros(312_345)),
            tokens_per_second: Some(87.25),
            rests: None,
            quotas: vec![quota("requests", 480, Some(500)), quota("tokens", 150_000, None)],
        };
        let second = LaneStatus {
            credential: Some("second".to_owned()),
            share: 1.0 / 3.0,
            rests: Some(("rate_limited", Duration::from_millis(1_500))),
            ..LaneStatus::default()
        };
        let deployment = |provider: &str, lanes| DeploymentStatus {
            provider: provider.to_owned(),
            model: "gpt-4o-mini".to_owned(),
            priority: 0,
            lanes,
        };
        let model = |name: &str, deployments| ModelStatus {
            name: name.to_owned(),
            strategy: ModelStrategy::LeastBusy,
            fallbacks: vec!["lab/small".to_owned()],
            deployments,
        };
        let lab = deployment("lab", vec![LaneStatus { share: 1.0, ..LaneStatus::default() }]);
        vec![
            model("fast", vec![deployment("openai", vec![main, second])]),
            model("a/b:c", vec![lab]),
        ]
    }

    fn ready(&self, model: &str, lanes: &LaneChoice) -> Result<ModelStatus, NoSuch> {
        let mut model =
            self.models().into_iter().find(|it| it.name == model).ok_or(NoSuch::Model)?;
        let mut count = 0;
        for deployment in &mut model.deployments {
            let is_meant = lanes.provider.as_ref().is_none_or(|name| *name == deployment.provider);
            for lane in deployment.lanes.iter_mut().filter(|_| is_meant) {
                if lanes.credential.is_none() || lanes.credential == lane.credential {
                    lane.rests = None;
                    count += 1;
                }
            }
        }
        if count == 0 { Err(NoSuch::Lane) } else { Ok(model) }
    }

    fn usage(&self) -> Vec<ConsumerUsage> {
        let at = |second| UNIX_EPOCH + Duration::from_secs(second);
        let budget = |amount, per, spent, reserved| BudgetUsage {
            budget: Budget { amount, per },
            began_at: at(1_777_593_600),
            ends_at: at(1_780_272_000),
            spent,
            reserved,
        };
        vec![ConsumerUsage {
            consumer: "mobile".to_owned(),
            budgets: vec![
                budget(BudgetAmount::Tokens(1_000), Period::Day, 900, 150),
                budget(BudgetAmount::NanoUsd(50_000_000_000), Period::Month, 1_234_567, 0),
            ],
        }]
    }
}

/// An answer, printed as its snapshot shows it: status, content type, body.
pub(crate) struct Reply(pub(crate) Response<Bytes>);

impl Reply {
    pub(crate) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(self.0.body()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.0.body()).expect("a JSON body")
    }

    /// In one line.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} {}",
            self.status(),
            self.text().split_whitespace().collect::<Vec<_>>().join(" ")
        )
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.json()["status"], self.status());
        self.json()["code"].as_str().expect("a code").to_owned()
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.0.status())?;
        if let Some(content_type) = self.header("content-type") {
            writeln!(formatter, "{content_type}\n")?;
            let mut shown = self.json();
            if let Some(id) = shown.get_mut("request_id") {
                assert_eq!(self.header("x-request-id"), id.as_str());
                *id = "[request id]".into();
            }
            shown.sort_all_objects();
            formatter.write_str(&serde_json::to_string_pretty(&shown).unwrap())?;
        }
        Ok(())
    }
}

/// Follows as it is told.
#[derive(Debug, Default)]
pub(crate) struct FakeUsage(Mutex<Vec<(String, SystemTime)>>);

impl UsagePort for FakeUsage {
    fn keep_days(&self) -> config::UsageKeepDays {
        config::Usage::default().keep_days
    }

    fn follow(&self, consumer: &str, until: SystemTime) -> bool {
        let mut followed = self.0.lock().unwrap();
        followed.push((consumer.to_owned(), until));
        followed.len() < 3
    }

    fn followed(&self) -> Vec<(String, SystemTime)> {
        self.0.lock().unwrap().clone()
    }
}
