//! What the running gateway shows, and what can be done to it without changing its configuration.

use architrave_config::object::ObjectKind;
use axum::http::{Method, StatusCode};

use super::VALIDATE_ONLY;
use crate::admin::config::validate::ValidatedConfig;
use crate::admin::config::{self, ConfigBody};
use crate::admin::endpoints::add::NewEndpoint;
use crate::admin::endpoints::set_weight::EndpointWeight;
use crate::admin::endpoints::{self, EndpointBody};
use crate::admin::healthz::{self, HealthBody};
use crate::admin::models::ready::Lanes;
use crate::admin::models::{self, ModelBody};
use crate::admin::readyz::{self, ReadinessBody};
use crate::admin::version::{self, VersionBody};
use crate::admin::{backups, metrics, objects, openapi};
use crate::code::Code;
use crate::operation::{Access, Answered, Form, Operation, Place, Tag, Takes};
use crate::permission::Permission::{OperateGateway, OperateObjects, ReadGateway, ReadObjects};
use crate::usecase::backups::{BackupBody, BackupList};
use crate::usecase::objects::Apply;

const OK: StatusCode = StatusCode::OK;
const ENDPOINTS: &str = "/api/v1/upstreams/{name}/endpoints";
const ENDPOINT: &str = "/api/v1/upstreams/{name}/endpoints/{address}";

pub(super) fn operations() -> Vec<Operation> {
    let mut all = probes();
    all.extend(configuration());
    all.push(applying());
    all.extend(backing_up());
    all.extend(endpoints());
    all
}

fn probes() -> Vec<Operation> {
    let metrics_types = &["text/plain", "application/openmetrics-text"];
    vec![
        Operation::new(Method::GET, "/healthz", "get_health", healthz::run)
            .on_portal()
            .about(Tag::Gateway, "Whether the process lives.")
            .open()
            .leniently()
            .answers_json::<HealthBody>(OK, "It lives."),
        Operation::new(Method::GET, "/readyz", "get_readiness", readyz::run)
            .about(
                Tag::Gateway,
                "Whether traffic can be taken: not before the first configuration and its \
                 certificates are loaded, and not while draining. A reload that was refused later \
                 leaves it ready, and is told to who has shown who they are.",
            )
            .open()
            .leniently()
            .answers_json::<ReadinessBody>(OK, "Traffic can be taken.")
            .answers_json::<ReadinessBody>(StatusCode::SERVICE_UNAVAILABLE, "Not now."),
        Operation::new(Method::GET, "/metrics", "get_metrics", metrics::run)
            .about(
                Tag::Gateway,
                "A scrape, as Prometheus text or, when the scraper lists it first, OpenMetrics; \
                 see metrics.md.",
            )
            .access(Access::Scrape(ReadGateway))
            .leniently()
            .answers(OK, "Every metric.", Answered::Text(metrics_types)),
        Operation::new(Method::GET, "/openapi.json", "get_openapi", openapi::run)
            .on_portal()
            .about(Tag::Gateway, "This API described as OpenAPI 3.1.")
            .open()
            .leniently()
            .answers(OK, "The description.", Answered::AnyJson),
        Operation::new(Method::GET, "/api/v1/version", "get_version", version::run)
            .about(Tag::Gateway, "Name and version.")
            .access(Access::Own)
            .locally()
            .leniently()
            .answers_json::<VersionBody>(OK, "What runs here."),
    ]
}

fn applying() -> Operation {
    Operation::new(Method::POST, "/api/v1/objects:apply", "apply_objects", objects::apply::run)
        .about(
            Tag::Gateway,
            "Makes objects, applications and subscriptions as they are in the body, or removes them: \
             all of it or nothing, with a row of the audit log for each and one for all. What is not \
             named stays as it is.",
        )
        .needs(OperateGateway, Place::Platform)
        .query(&[VALIDATE_ONLY])
        .takes_json::<Apply>()
        .answers(OK, "All of it is so, and live; or would be possible.", Answered::AnyJson)
        .refuses(&[Code::BreakingChanges, Code::ConfigNotPossible, Code::NameTaken])
        .refuses(&[Code::NoDatabase, Code::ObjectInUse, Code::ObjectInvalid])
        .refuses(&[Code::PreconditionFailed, Code::ReadOnlyObject, Code::StoreUnavailable])
        .refuses(&[Code::PlanNotOpen, Code::StateNotFitting])
        .refuses(&[Code::TeamNotFound, Code::TooMany, Code::ValueOutOfRange])
}

fn backing_up() -> Vec<Operation> {
    let refusals = [Code::BackupNotPossible, Code::StoreUnavailable];
    vec![
        Operation::new(Method::GET, "/api/v1/backups", "list_backups", backups::list::run)
            .about(Tag::Gateway, "The copies of the embedded database that are kept.")
            .needs(OperateGateway, Place::Platform)
            .answers_json::<BackupList>(OK, "Every one, the newest first.")
            .refuses(&refusals),
        Operation::new(Method::POST, "/api/v1/backups", "create_backup", backups::create::run)
            .about(
                Tag::Gateway,
                "Copies the embedded database as it is now into the folder `backups` of the data \
                 folder, while it is written, with what was used and what consumers have spent; the \
                 newest ten are kept.",
            )
            .needs(OperateGateway, Place::Platform)
            .audited_after()
            .answers_json::<BackupBody>(StatusCode::CREATED, "It is there.")
            .refuses(&refusals)
            .refuses(&[Code::BackupUnderWay]),
    ]
}

fn configuration() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/api/v1/config", "get_config", config::status::run)
            .about(
                Tag::Gateway,
                "Generation, when it was loaded, from which file, and every fault when the latest \
                 one offered was refused.",
            )
            .needs(ReadGateway, Place::Platform)
            .locally()
            .leniently()
            .answers_json::<ConfigBody>(OK, "Which configuration runs."),
        Operation::new(Method::POST, "/api/v1/config:reload", "reload_config", config::reload::run)
            .about(
                Tag::Gateway,
                "Reads the file again, and takes it whole or changes nothing. Answers when it is \
                 live on every worker.",
            )
            .needs(OperateGateway, Place::Platform)
            .locally()
            .leniently()
            .audited_after()
            .answers_json::<ConfigBody>(OK, "It is live.")
            .refuses(&[Code::ConfigInvalid, Code::ConfigNotPossible]),
        Operation::new(
            Method::POST,
            "/api/v1/config:validate",
            "validate_config",
            config::validate::run,
        )
        .about(Tag::Gateway, "Says every fault of the configuration in the body; takes nothing.")
        .needs(OperateGateway, Place::Platform)
        .locally()
        .leniently()
        .takes(Takes::Config)
        .answers_json::<ValidatedConfig>(OK, "It has no fault.")
        .refuses(&[Code::ConfigInvalid]),
        Operation::new(
            Method::POST,
            "/api/v1/models/{name}:ready",
            "ready_model",
            models::ready::run,
        )
        .about(
            Tag::Objects(ObjectKind::Model),
            "Ends the rests of what serves the model, listed or `provider/model`: of all its \
             lanes, or of those that the body names. A rest that is about the credential or the \
             provider ends for every model.",
        )
        .needs(OperateGateway, Place::Platform)
        .locally()
        .leniently()
        .audited_after()
        .takes(Takes::Json { form: Form::of::<Lanes>(), is_required: false })
        .answers_json::<ModelBody>(OK, "How the model does now.")
        .refuses(&[Code::ModelNotFound, Code::LaneNotFound]),
    ]
}

fn endpoints() -> Vec<Operation> {
    vec![
        Operation::new(Method::POST, ENDPOINTS, "add_endpoint", endpoints::add::run)
            .about(
                Tag::Endpoints,
                "Adds an endpoint that the configuration does not have. It stays through reloads \
                 and goes with the process.",
            )
            .needs(OperateGateway, Place::Platform)
            .audited_after()
            .takes_json::<NewEndpoint>()
            .answers_json::<EndpointBody>(StatusCode::CREATED, "It is there.")
            .refuses(&[
                Code::AddressInvalid,
                Code::EndpointExists,
                Code::UpstreamIsFull,
                Code::ValueOutOfRange,
            ]),
        Operation::new(Method::GET, ENDPOINT, "get_endpoint", endpoints::show::run)
            .about(Tag::Endpoints, "One endpoint.")
            .needs(ReadObjects, Place::Object)
            .answers_json::<EndpointBody>(OK, "How it does now."),
        Operation::new(Method::DELETE, ENDPOINT, "remove_endpoint", endpoints::remove::run)
            .about(Tag::Endpoints, "Removes an endpoint that was added here.")
            .needs(OperateObjects, Place::Object)
            .audited_after()
            .answers(StatusCode::NO_CONTENT, "It is gone.", Answered::Nothing)
            .refuses(&[Code::EndpointIsConfigured]),
        Operation::new(
            Method::POST,
            format!("{ENDPOINT}:drain"),
            "drain_endpoint",
            endpoints::drain::run,
        )
        .about(Tag::Endpoints, "No new requests go there; those in flight are finished.")
        .needs(OperateObjects, Place::Object)
        .audited_after()
        .answers_json::<EndpointBody>(OK, "How it does now."),
        Operation::new(
            Method::POST,
            format!("{ENDPOINT}:ready"),
            "ready_endpoint",
            endpoints::ready::run,
        )
        .about(Tag::Endpoints, "Ends a drain, and an ejection with it.")
        .needs(OperateObjects, Place::Object)
        .audited_after()
        .answers_json::<EndpointBody>(OK, "How it does now."),
        Operation::new(
            Method::POST,
            format!("{ENDPOINT}:set_weight"),
            "set_endpoint_weight",
            endpoints::set_weight::run,
        )
        .about(
            Tag::Endpoints,
            "Gives it another weight until the configuration gives it one. At 0 it keeps only the \
             clients that are pinned to it.",
        )
        .needs(OperateObjects, Place::Object)
        .audited_after()
        .takes_json::<EndpointWeight>()
        .answers_json::<EndpointBody>(OK, "How it does now.")
        .refuses(&[Code::ValueOutOfRange]),
    ]
    .into_iter()
    .map(|operation| {
        let refused = [Code::UpstreamNotFound, Code::EndpointNotFound, Code::AddressInvalid];
        operation.of_kind(ObjectKind::Upstream).locally().leniently().refuses(&refused)
    })
    .collect()
}
