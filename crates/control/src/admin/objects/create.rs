//! `POST /api/v1/{kind}`: an object that is not there yet; the body is its configuration.

use axum::extract::State;
use serde_json::Value;

use crate::call::Of;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::json::ConfigBody;
use crate::operation::Desk;
use crate::reply::Reply;
use crate::usecase::objects::{self, Change, Wanted};

pub(crate) async fn run(
    State(desk): State<Desk>,
    Of(call): Of,
    ConfigBody(body): ConfigBody,
) -> Result<Reply, ApiError> {
    let kind = call.kind()?;
    let name = body.get("name").and_then(Value::as_str).map(str::to_owned);
    let name = name.ok_or_else(|| ApiError::value_fault("/name", "an object needs a name"))?;
    let conditions = Conditions::default();
    let wanted =
        Wanted { dependencies: &desk, call: &call, kind, name: &name, conditions: &conditions };
    Box::pin(objects::write(wanted, Change::Create(body))).await
}
