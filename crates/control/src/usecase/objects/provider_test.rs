//! A provider is asked whether it answers, before it is saved or afterwards. Nothing of it is
//! written but that somebody has asked.

use architrave_config::object::{Object, ObjectKind};
use architrave_config::ports::{TestError, TestedProvider};
use serde_json::{Value, json};

use super::body::{check_name, new_body};
use super::not_found;
use super::put::not_staged;
use super::whose::check_reach;
use super::write::{Change, Wanted};
use crate::admin::providers::ProviderTestBody;
use crate::api::Dependencies;
use crate::call::Call;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::etag::Conditions;
use crate::usecase::{Done, audit};

const KIND: ObjectKind = ObjectKind::Provider;

/// The longest name of a model, in bytes.
const MODEL_BYTES_MAX: usize = 256;

/// Tests a provider that is there.
pub(crate) async fn test_provider(
    dependencies: &Dependencies,
    call: &Call,
) -> Result<ProviderTestBody, ApiError> {
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    test(dependencies, call, name, None).await
}

/// Tests a provider as it would be made.
pub(crate) async fn test_new_provider(
    dependencies: &Dependencies,
    call: &Call,
    body: Value,
) -> Result<ProviderTestBody, ApiError> {
    let name = body.get("name").and_then(Value::as_str).map(str::to_owned);
    let name = name.ok_or_else(|| ApiError::value_fault("/name", "an object needs a name"))?;
    test(dependencies, call, &name, Some(body)).await
}

async fn test(
    dependencies: &Dependencies,
    call: &Call,
    name: &str,
    body: Option<Value>,
) -> Result<ProviderTestBody, ApiError> {
    let conditions = Conditions::default();
    let wanted = Wanted { dependencies, call, kind: KIND, name, conditions: &conditions };
    let model = model(call)?;
    let candidate = match body {
        None => None,
        Some(body) => {
            check_name(KIND, name)?;
            // What is kept of one that there is goes to nobody by this.
            let body = new_body(&wanted, None, Change::Create(body))?;
            check_reach(&wanted, call.team.as_deref(), None, &body).await?;
            Some(Object { kind: KIND, name: name.to_owned(), body })
        }
    };
    let asked =
        TestedProvider { name: name.to_owned(), candidate, model: model.map(str::to_owned) };
    let tests = dependencies.provider_tests.test_provider(asked).await;
    let tests = tests.map_err(|error| match error {
        TestError::Stage(error) => not_staged(&wanted, error),
        TestError::NoSuch(name) => not_found(KIND, &name),
        TestError::TooMany(_) => ApiError::new(Code::TooManyTests, error.to_string()),
    })?;
    let asked: Vec<Value> = tests
        .iter()
        .map(|test| json!({ "credential": test.credential, "asked": test.asked, "passed": test.fault.is_none() }))
        .collect();
    let done = Done {
        action: call.operation.id.clone(),
        kind: KIND.singular(),
        name: name.to_owned(),
        team: call.team.clone(),
        after: Some(json!({ "model": model, "credentials": asked })),
        ..Done::default()
    };
    audit::note_done(dependencies, &call.caller, done).await;
    Ok(ProviderTestBody::new(name, model, tests))
}

/// The model that the query names.
fn model(call: &Call) -> Result<Option<&str>, ApiError> {
    let Some(model) = call.query.get("model") else { return Ok(None) };
    let fits = !model.is_empty()
        && model.len() <= MODEL_BYTES_MAX
        && model.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(Some(model)).ok_or_else(|| {
        let message = "the name of a model at the provider: 1 to 256 printable characters";
        ApiError::query_fault(Fault::of_parameter("model", message))
    })
}
