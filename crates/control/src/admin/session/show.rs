//! `GET /api/v1/session`: who calls, and what they are.

use crate::caller::Caller;
use crate::reply::Reply;
use crate::usecase::sessions;

pub(crate) async fn run(caller: Caller) -> Reply {
    Reply::ok(&sessions::identity(&caller))
}
