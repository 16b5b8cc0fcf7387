//! Three demo origins, so that the first request has somewhere to go. Not for anything else.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use architrave_core::task;
use architrave_net::fields::Fields;
use architrave_net::h1::HeadLimits;
use architrave_net::socket::listen_tcp;
use architrave_net::whole::{WholeLimits, WholeResponse, serve_whole};
use architrave_net::{RequestHead, Stream};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, LocalOptions};

/// The ports of the three.
pub(crate) const PORTS: [u16; 3] = [9001, 9002, 9003];

/// Whether one of the three is at an address.
pub(crate) fn is_one(address: SocketAddr) -> bool {
    address.ip().is_loopback() && PORTS.contains(&address.port())
}

const LIMITS: WholeLimits = WholeLimits {
    head: HeadLimits { head_bytes_max: 64 * 1024, headers_max: 100, uri_bytes_max: 8 * 1024 },
    body_bytes_max: 1024 * 1024,
    message: Duration::from_secs(10),
    idle: Duration::from_secs(90),
    ends_with_client: false,
};

/// Starts the three on a thread of their own, which lives as long as the process.
///
/// # Errors
/// When one of the ports is taken.
pub(crate) fn start() -> anyhow::Result<()> {
    let mut sockets = Vec::new();
    for port in PORTS {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let socket = listen_tcp(address, false)
            .with_context(|| format!("the demo cannot listen on {address}"))?;
        sockets.push((port, socket));
    }
    std::thread::Builder::new().name("demo-origins".into()).spawn(move || {
        let runtime =
            Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "the demo origins could not start"),
        };
        runtime.block_on(async move {
            let origins: Vec<_> = sockets
                .into_iter()
                .filter_map(|(port, socket)| Some((port, TcpListener::from_std(socket).ok()?)))
                .map(|(port, socket)| task::spawn_local(serve(port, socket)))
                .collect();
            for origin in origins {
                // One that ends has panicked, and the panic hook has said so.
                let _ended = origin.await;
            }
        });
    })?;
    Ok(())
}

async fn serve(port: u16, socket: TcpListener) {
    loop {
        let Ok((stream, _peer)) = socket.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        task::spawn_local(async move {
            let answer =
                |head: RequestHead, body: Vec<u8>| async move { answer(port, &head, &body) };
            serve_whole(Stream::from(stream), &LIMITS, answer).await;
        });
    }
}

/// `/healthz` says that all is well; everything else tells what arrived, and where.
fn answer(port: u16, head: &RequestHead, body: &[u8]) -> WholeResponse {
    let mut fields = Fields::new();
    fields.append("Content-Type", b"text/plain; charset=utf-8");
    if head.path() == "/healthz" {
        return WholeResponse { status: 200, fields, body: b"ok\n".to_vec(), rest: None };
    }
    let mut text = format!("Hello from the demo origin on port {port}.\n\n");
    text.push_str(&format!("{} {}\nHost: {}\n", head.method.as_str(), head.target, head.authority));
    for field in head.fields.iter() {
        let (name, value) =
            (String::from_utf8_lossy(field.name), String::from_utf8_lossy(field.value));
        text.push_str(&format!("{name}: {value}\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("\n{} bytes of body\n", body.len()));
    }
    WholeResponse { status: 200, fields, body: text.into_bytes(), rest: None }
}
