//! Every operation, called as everybody: what comes of it is written down here by hand, and not
//! derived from the table that decides.
//!
//! `+` is let in, whatever comes of the request; `x` is refused with 403; `?` is answered as if
//! there were nothing there; `-` has to say who they are.

use std::collections::BTreeMap;
use std::time::Duration;

use architrave_control::{Api, Surface};
use serde_json::{Value, json};

use crate::gateway::Reply;
use crate::home::{ADMIN, Home, Proof, each_database};

/// The columns: nobody; somebody without a role; auditor, admin; owner, maintainer and developer of
/// the team; owner of another team; a token of the admin with the scope `read`; the session of
/// somebody disabled; a session that has expired.
const COLUMNS: [&str; 11] = [
    "nobody",
    "stranger",
    "auditor",
    "admin",
    "owner",
    "maintainer",
    "developer",
    "other",
    "reader",
    "disabled",
    "expired",
];

/// In paths, `{name}` is an object of the team where the kind may belong to one, and else one of
/// the platform.
const MATRIX: &str = "
    get_health                     + + + + + + + + + + +
    get_readiness                  + + + + + + + + + + +
    get_metrics                    + + + + + + + + + - -
    get_openapi                    + + + + + + + + + + +
    get_version                    - + + + + + + + + - -
    get_config                     - x + + x x x x + - -
    reload_config                  - x x + x x x x x - -
    validate_config                - x x + x x x x x - -
    apply_objects                  - x x + x x x x x - -
    find_credentials               - x x + x x x x x - -
    list_backups                   - x x + x x x x + - -
    create_backup                  - x x + x x x x x - -
    ready_model                    - x x + x x x x x - -
    add_endpoint                   - x x + x x x x x - -
    get_endpoint                   - ? + + + + + ? + - -
    remove_endpoint                - ? x + + + x ? x - -
    drain_endpoint                 - ? x + + + x ? x - -
    ready_endpoint                 - ? x + + + x ? x - -
    set_endpoint_weight            - ? x + + + x ? x - -
    list_usage                     - x + + x x x x + - -
    get_usage                      - x + + x x x x + - -
    get_usage_series               - + + + + + + + + - -
    get_usage_top                  - + + + + + + + + - -
    get_usage_breakdown            - + + + + + + + + - -
    list_requests                  - + + + + + + + + - -
    export_requests                - + + + + + + + + - -
    tail_requests                  - + + + + + + + + - -
    get_request                    - ? ? ? ? ? ? ? ? - -
    list_followed                  - + + + + + + + + - -
    follow_requests                - + + + + + + + x - -

    list_listeners                 - x + + + + + + + - -
    create_listener                - x x + x x x x x - -
    get_listener                   - ? + + ? ? ? ? + - -
    replace_listener               - ? x + ? ? ? ? x - -
    update_listener                - ? x + ? ? ? ? x - -
    delete_listener                - ? x + ? ? ? ? x - -

    list_consumers                 - x + + + + + + + - -
    create_consumer                - x x + x x x x x - -
    get_consumer                   - ? + + ? ? ? ? + - -
    replace_consumer               - ? x + ? ? ? ? x - -
    update_consumer                - ? x + ? ? ? ? x - -
    delete_consumer                - ? x + ? ? ? ? x - -

    list_providers                 - x + + + + + + + - -
    create_provider                - x x + x x x x x - -
    get_provider                   - ? + + ? ? ? ? + - -
    replace_provider               - ? x + ? ? ? ? x - -
    update_provider                - ? x + ? ? ? ? x - -
    delete_provider                - ? x + ? ? ? ? x - -
    test_new_provider              - x x + x x x x x - -
    test_provider                  - ? x + ? ? ? ? x - -

    list_mcp_servers               - x + + + + + + + - -
    create_mcp_server              - x x + x x x x x - -
    get_mcp_server                 - ? + + ? ? ? ? + - -
    replace_mcp_server             - ? x + ? ? ? ? x - -
    update_mcp_server              - ? x + ? ? ? ? x - -
    delete_mcp_server              - ? x + ? ? ? ? x - -

    list_identity_providers        - x + + + + + + + - -
    create_identity_provider       - x x + x x x x x - -
    get_identity_provider          - ? + + ? ? ? ? + - -
    replace_identity_provider      - ? x + ? ? ? ? x - -
    update_identity_provider       - ? x + ? ? ? ? x - -
    delete_identity_provider       - ? x + ? ? ? ? x - -

    list_models                    - x + + + + + + + - -
    create_model                   - x x + x x x x x - -
    get_model                      - ? + + ? ? ? ? + - -
    replace_model                  - ? x + ? ? ? ? x - -
    update_model                   - ? x + ? ? ? ? x - -
    delete_model                   - ? x + ? ? ? ? x - -

    list_policies                  - x + + + + + + + - -
    get_policies                   - ? + + ? ? ? ? + - -
    replace_policies               - ? x + ? ? ? ? x - -
    update_policies                - ? x + ? ? ? ? x - -
    delete_policies                - ? x + ? ? ? ? x - -

    list_upstreams                 - x + + + + + + + - -
    create_upstream                - x x + x x x x x - -
    get_upstream                   - ? + + + + + ? + - -
    replace_upstream               - ? x + + + x ? x - -
    update_upstream                - ? x + + + x ? x - -
    delete_upstream                - ? x + + + x ? x - -
    move_upstream                  - ? x + x x x ? x - -

    list_services                  - + + + + + + + + - -
    create_service                 - x x + x x x x x - -
    get_service                    - ? + + + + + ? + - -
    replace_service                - ? x + + + x ? x - -
    update_service                 - ? x + + + x ? x - -
    delete_service                 - ? x + + + x ? x - -
    move_service                   - ? x + x x x ? x - -
    submit_service                 - ? x + + + x ? x - -
    suspend_service                - ? x + + + x ? x - -
    resume_service                 - ? x + + + x ? x - -
    reject_service                 - ? x + + x x ? x - -
    publish_service                - ? x + + x x ? x - -
    withdraw_service               - ? x + + x x ? x - -
    deprecate_service              - ? x + + x x ? x - -
    retire_service                 - ? x + + x x ? x - -
    archive_service                - ? x + + x x ? x - -
    get_service_api                - ? + + + + + ? + - -
    put_service_api                - ? x + + + x ? x - -
    list_service_callers           - ? + + + + + ? + - -
    lint_service_api               - ? + + + + + ? + - -
    import_service                 - ? x + + + x ? x - -
    list_service_revisions         - ? + + + + + ? + - -
    get_service_revision           - ? + + + + + ? + - -
    compare_service_revisions      - ? + + + + + ? + - -
    prepare_service_revision       - ? x + + + x ? x - -
    point_service                  - ? x + + + x ? x - -
    rollback_service               - ? x + + + x ? x - -
    list_service_versions          - ? + + + + + ? + - -
    create_service_version         - ? x + + + x ? x - -

    list_routes                    - x + + + + + + + - -
    create_route                   - x x + x x x x x - -
    get_route                      - ? + + + + + ? + - -
    replace_route                  - ? x + + + x ? x - -
    update_route                   - ? x + + + x ? x - -
    delete_route                   - ? x + + + x ? x - -
    move_route                     - ? x + x x x ? x - -

    list_products                  - + + + + + + + + - -
    create_product                 - x x + x x x x x - -
    get_product                    - ? + + + + + ? + - -
    replace_product                - ? x + + + x ? x - -
    update_product                 - ? x + + + x ? x - -
    delete_product                 - ? x + + + x ? x - -
    move_product                   - ? x + x x x ? x - -

    list_plans                     - + + + + + + + + - -
    create_plan                    - x x + x x x x x - -
    get_plan                       - ? + + + + + ? + - -
    replace_plan                   - ? x + + + x ? x - -
    update_plan                    - ? x + + + x ? x - -
    delete_plan                    - ? x + + + x ? x - -
    move_plan                      - ? x + x x x ? x - -

    get_setup                      + + + + + + + + + + +
    complete_setup                 + + + + + + + + + + +
    sign_in                        + + + + + + + + + + +
    list_sign_in_providers         + + + + + + + + + + +
    begin_sign_in                  + + + + + + + + + + +
    finish_sign_in                 + + + + + + + + + + +
    get_session                    - + + + + + + + + - -
    sign_out                       - + + + + + + + x - -
    list_sessions                  - + + + + + + + + - -
    end_session                    - ? ? ? ? ? ? ? x - -

    list_users                     - x + + x x x x + - -
    invite_user                    - x x + x x x x x - -
    get_user                       - x + + x x x x + - -
    update_user                    - x x + x x x x x - -
    disable_user                   - x x + x x x x x - -
    enable_user                    - x x + x x x x x - -
    reset_password                 - x x + x x x x x - -
    set_password                   - x x x x x x x x - -
    redeem_code                    + + + + + + + + + + +

    list_tokens                    - + + + + + + + + - -
    create_token                   - + + + + + + + x - -
    revoke_token                   - ? ? ? ? ? ? ? x - -

    list_service_accounts          - x + + + + x + + - -
    create_service_account         - x x + x x x x x - -
    get_service_account            - ? + + + + ? ? + - -
    update_service_account         - ? x + + x ? ? x - -
    delete_service_account         - ? x + + x ? ? x - -
    list_service_account_tokens    - ? + + + + ? ? + - -
    create_service_account_token   - ? x + + x ? ? x - -
    revoke_service_account_token   - ? x ? ? x ? ? x - -

    list_teams                     - + + + + + + + + - -
    create_team                    - x x + x x x x x - -
    get_team                       - ? + + + + + ? + - -
    update_team                    - ? x + + x x ? x - -
    set_team_budgets               - ? x + x x x ? x - -
    get_team_limits                - ? + + + + + ? + - -
    delete_team                    - ? x + x x x ? x - -
    list_members                   - ? + + + + + ? + - -
    put_member                     - ? x + + x x ? x - -
    remove_member                  - ? x + + x x ? x - -

    list_applications              - + + + + + + + + - -
    create_application             - + + + + + + + x - -
    get_application                - ? + + + + + ? + - -
    get_application_limits         - ? + + + + + ? + - -
    update_application             - ? x + + + + ? x - -
    delete_application             - ? x + + + + ? x - -
    list_credentials               - ? + + + + + ? + - -
    create_credential              - ? x + + + + ? x - -
    rotate_credential              - ? x ? ? ? ? ? x - -
    revoke_credential              - ? x ? ? ? ? ? x - -
    get_credential                 - ? ? ? ? ? ? ? ? - -
    delete_credential              - ? x ? ? ? ? ? x - -
    list_application_subscriptions - ? + + + + + ? + - -
    create_subscription            - ? x + + + + ? x - -
    list_subscriptions             - + + + + + + + + - -
    get_subscription               - ? + + + + + ? + - -
    approve_subscription           - ? x + + + x ? x - -
    reject_subscription            - ? x + + + x ? x - -
    suspend_subscription           - ? x + + + x ? x - -
    resume_subscription            - ? x + + + x ? x - -
    cancel_subscription            - ? x + + + + ? x - -
    list_notifications             - + + + + + + + + - -
    read_notification              - ? ? ? ? ? ? ? x - -

    list_audit                     - x + + + x x + + - -
    export_audit                   - x + + + x x + + - -
";

/// What each of the columns is expected to meet at the operations that make something in a team,
/// when it is the team's.
const MADE_IN_THE_TEAM: &str = "
    create_upstream                - ? x + + + x ? x - -
    create_service                 - ? x + + + x ? x - -
    create_route                   - ? x + + + x ? x - -
    create_service_account         - ? x + + x ? ? x - -
    create_product                 - ? x + + + x ? x - -
    create_plan                    - ? x + + + x ? x - -
    create_application             - ? x + + + + ? x - -
";

fn expectations(matrix: &str) -> BTreeMap<&str, Vec<&str>> {
    let lines = matrix.lines().map(str::split_whitespace);
    let lines = lines.filter_map(|mut words| Some((words.next()?, words.collect::<Vec<_>>())));
    lines.collect()
}

/// Everybody, in the order of the columns.
async fn everybody(home: &Home) -> Vec<Proof> {
    let admin = home.set_up().await;
    let (expired, _) = home.person(&admin, "late@example.com", Some("admin")).await;
    home.clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    let admin = home.sign_in(ADMIN).await;
    let reader = home.token(&admin, &["read"]).await;
    for team in ["blue", "red"] {
        home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
    }
    let (stranger, _) = home.person(&admin, "stranger@example.com", None).await;
    let (auditor, _) = home.person(&admin, "auditor@example.com", Some("auditor")).await;
    let (owner, _) = home.member(&admin, "owner@example.com", "blue", "owner").await;
    let (maintainer, _) = home.member(&admin, "main@example.com", "blue", "maintainer").await;
    let (developer, _) = home.member(&admin, "dev@example.com", "blue", "developer").await;
    let (other, _) = home.member(&admin, "other@example.com", "red", "owner").await;
    let (disabled, user) = home.person(&admin, "gone@example.com", Some("admin")).await;
    let path = format!("/api/v1/users/{user}:disable");
    assert_eq!(home.send(&admin, "POST", &path, &Value::Null).await.status(), 200);
    vec![
        Proof::Nothing,
        stranger,
        auditor,
        admin,
        owner,
        maintainer,
        developer,
        other,
        reader,
        disabled,
        expired,
    ]
}

/// What the paths name, all of it there; the id of the subscription.
async fn fill(home: &Home, admin: &Proof) -> String {
    let up = json!({ "name": "team", "endpoints": [{ "address": "10.0.0.7:80" }] });
    for (path, body) in [
        ("listeners", json!({ "name": "wide", "address": "127.0.0.1:8080", "protocol": "http" })),
        ("upstreams?team=blue", up),
        ("services?team=blue", json!({ "name": "team", "http": { "upstream": "team" } })),
        ("routes?team=blue", json!({ "name": "team", "service": "team" })),
        (
            "consumers",
            json!({ "name": "wide", "credentials": [{ "api_key": "a-secret-key-0123456" }] }),
        ),
        ("providers", json!({ "name": "wide", "kind": "mock", "mock": {} })),
        (
            "models",
            json!({ "name": "fast", "deployments": [{ "provider": "wide", "model": "echo" }] }),
        ),
        ("mcp_servers", json!({ "name": "wide", "http": { "url": "https://mcp.example/mcp" } })),
        (
            "identity_providers",
            json!({ "name": "wide", "issuer": "https://nobody.example", "client_id": "x" }),
        ),
        ("service_accounts?team=blue", json!({ "name": "bot", "role": "developer" })),
        ("products?team=blue", json!({ "name": "team", "services": ["team"] })),
        ("plans?team=blue", json!({ "name": "team", "product": "team" })),
        ("applications?team=blue", json!({ "name": "shop" })),
    ] {
        let reply = home.send(admin, "POST", &format!("/api/v1/{path}"), &body).await;
        assert_eq!(reply.status(), 201, "{path}: {reply}");
    }
    let reply = home.send(admin, "PUT", "/api/v1/policies/default", &json!({})).await;
    assert_eq!(reply.status(), 201, "{reply}");
    let path = "/api/v1/applications/shop/subscriptions";
    let reply = home.send(admin, "POST", path, &json!({ "plan": "team" })).await;
    assert_eq!(reply.status(), 201, "{reply}");
    reply.json()["id"].as_str().unwrap().to_owned()
}

/// The path with what is there in its braces.
fn filled(path: &str, id: &str, nobody: &str) -> String {
    let is_of_team = ["/upstreams", "/services/", "/routes/", "/products/", "/plans/"]
        .iter()
        .any(|part| path.contains(part));
    let name = match path {
        path if path.contains("/service_accounts/") => "bot",
        path if path.contains("/models/") => "fast",
        path if path.contains("/applications/") => "shop",
        _ if is_of_team => "team",
        _ => "wide",
    };
    // A user is asked who is there and is none of those who ask.
    let user = if id.ends_with("_member") { "dev@example.com" } else { nobody };
    path.replace("{name}", name)
        .replace("{address}", "10.0.0.7:80")
        .replace("{consumer}", "mobile")
        .replace("{request}", "rql_1")
        .replace("{team}", "blue")
        .replace("{user}", user)
        .replace("{credential}", "crd_none")
        .replace("{notification}", "ntf_none")
        .replace("{token}", "tok_none")
        .replace("{session}", "ses_none")
        .replace("{revision}", "1")
}

/// What a caller is told, as the matrix has it. What is not there is told apart from what may not
/// be seen only where everything that is named is there.
fn met(reply: &Reply) -> &'static str {
    match reply.status() {
        401 if reply.code() != "credentials_wrong" => "-",
        403 if ["setup_code_wrong", "user_code_wrong"].contains(&reply.code().as_str()) => "+",
        403 => "x",
        404 if ["endpoint_not_found", "description_not_found"].contains(&reply.code().as_str()) => {
            "+"
        }
        404 => "?",
        _ => "+",
    }
}

async fn walk(home: Home, matrix: &str, is_in_team: bool) {
    let proofs = everybody(&home).await;
    let admin = &proofs[3];
    let subscription = fill(&home, admin).await;
    // Live as `server` would make it.
    home.go_live("team", "10.0.0.7:80");
    let (_, nobody) = home.person(admin, "nobody@example.com", None).await;
    let expectations = expectations(matrix);
    let document = Api::openapi(Surface::Admin);
    let mut seen = Vec::new();
    let mut wrong = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let Some(expected) = expectations.get(id) else {
                assert!(is_in_team, "{id} is not in the matrix");
                continue;
            };
            assert_eq!(expected.len(), COLUMNS.len(), "{id}");
            seen.push(id);
            let mut target = filled(path, id, &nobody).replace("{subscription}", &subscription);
            let parameters = operation["parameters"].as_array().unwrap();
            let is_dry = parameters.iter().any(|one| one["name"] == "validate_only");
            let mut query = Vec::new();
            query.extend(is_dry.then_some("validate_only=true"));
            query.extend(is_in_team.then_some("team=blue"));
            if !query.is_empty() {
                target = format!("{target}?{}", query.join("&"));
            }
            let has_body = operation.get("requestBody").is_some();
            let body = if has_body { json!({}) } else { Value::Null };
            for (proof, (column, expected)) in proofs.iter().zip(COLUMNS.iter().zip(expected)) {
                let reply = home.send(proof, &method.to_uppercase(), &target, &body).await;
                if met(&reply) != *expected {
                    wrong.push(format!(
                        "{id} as {column}: expected {expected}, {}",
                        reply.summary()
                    ));
                }
            }
        }
    }
    assert_eq!(seen.len(), expectations.len(), "the matrix has operations that there are not");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_operation_lets_in_whom_it_should_and_nobody_else() {
    each_database(async |home| walk(home, MATRIX, false).await);
}

#[test]
fn what_is_made_in_a_team_is_made_by_whom_the_team_trusts() {
    each_database(async |home| walk(home, MADE_IN_THE_TEAM, true).await);
}

/// What teams meet at a service of another's that is published and shared: one that it is shared
/// with, and a third.
const SHARED: &str = "
    get_service                    + ?
    get_service_api                + ?
    list_service_versions          + ?
    replace_service                x ?
    update_service                 x ?
    delete_service                 x ?
    move_service                   x ?
    submit_service                 x ?
    suspend_service                x ?
    resume_service                 x ?
    reject_service                 x ?
    publish_service                x ?
    withdraw_service               x ?
    deprecate_service              x ?
    retire_service                 x ?
    archive_service                x ?
    put_service_api                x ?
    list_service_callers           x ?
    lint_service_api               x ?
    import_service                 x ?
    list_service_revisions         x ?
    get_service_revision           x ?
    compare_service_revisions      x ?
    prepare_service_revision       x ?
    point_service                  x ?
    rollback_service               x ?
    create_service_version         x ?
";

#[test]
fn what_is_shared_is_seen_by_whom_it_is_shared_with_and_changed_by_nobody_else() {
    each_database(async |home| {
        let admin = home.set_up().await;
        for team in ["blue", "red", "grey"] {
            home.send(&admin, "POST", "/api/v1/teams", &json!({ "name": team })).await;
        }
        let (shared, _) = home.member(&admin, "red@example.com", "red", "owner").await;
        let (third, _) = home.member(&admin, "grey@example.com", "grey", "owner").await;
        fill(&home, &admin).await;
        let sharing = json!({ "visibility": "teams", "shared_with": ["red"] });
        let reply = home.change(&admin, "PATCH", "/api/v1/services/team", &sharing).await;
        assert_eq!(reply.status(), 200, "{reply}");
        let expectations = expectations(SHARED);
        let document = Api::openapi(Surface::Admin);
        let (mut seen, mut wrong) = (0, Vec::new());
        for (path, methods) in document["paths"].as_object().unwrap() {
            if !path.starts_with("/api/v1/services/{name}") {
                continue;
            }
            for (method, operation) in methods.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                let expected = expectations.get(id).unwrap_or_else(|| panic!("{id} is not here"));
                seen += 1;
                let target = filled(path, id, "");
                let has_body = operation.get("requestBody").is_some();
                let body = if has_body { json!({}) } else { Value::Null };
                for (proof, expected) in [&shared, &third].into_iter().zip(expected) {
                    let reply = home.send(proof, &method.to_uppercase(), &target, &body).await;
                    if met(&reply) != *expected {
                        wrong.push(format!("{id}: expected {expected}, {}", reply.summary()));
                    }
                }
            }
        }
        assert_eq!(seen, expectations.len(), "there are operations that there are not");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}
