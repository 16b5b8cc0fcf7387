//! What an MCP client reads that does not get as far as the protocol: policies, limits and routes
//! refuse in its words too. Its message has not been read then, so the answer has no id.

use architrave_policy::Reply;
use architrave_wire::json::Writer;

use crate::assembly::LiveKind;
use crate::exchange::Exchange;

/// The code of JSON-RPC of what is refused for another reason than its own codes have.
const REFUSED: &str = "-32600";

/// The same for what is not the client's doing.
const FAILED: &str = "-32603";

/// The body of a refusal to a client of an MCP service; `None` where it is none.
pub(crate) fn body_of_refusal(exchange: &Exchange<'_>, reply: &Reply) -> Option<Vec<u8>> {
    let LiveKind::Mcp(_) = &exchange.matched?.service?.kind else { return None };
    let reason = reply.reason?.as_str();
    let message = match &*reply.detail {
        "" => reason.replace('_', " "),
        detail => detail.to_owned(),
    };
    let code = if reply.status < 500 { REFUSED } else { FAILED };
    let mut body = Vec::with_capacity(256);
    Writer::new(&mut body).object(|writer| {
        writer.key("jsonrpc").text("2.0");
        writer.key("error").object(|writer| {
            writer.key("code").json(code);
            writer.key("message").text(&message);
            writer.key("data").object(|writer| writer.key("reason").text(reason));
        });
    });
    Some(body)
}
