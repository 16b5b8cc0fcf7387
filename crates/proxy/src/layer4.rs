//! Layer 4: connections and flows that are forwarded without being understood.

use std::io;
use std::net::UdpSocket;
use std::rc::Rc;

use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::connection::Connection;
use crate::worker::Worker;

/// Forwards one TCP connection.
pub(crate) async fn serve_tcp(_worker: Rc<Worker>, _connection: Connection, _stream: TcpStream) {}

/// Forwards one TLS connection by what its ClientHello says.
pub(crate) async fn serve_tls(_worker: Rc<Worker>, _connection: Connection, _stream: TcpStream) {}

/// Forwards the flows of one UDP socket.
pub(crate) async fn serve_udp(
    _worker: &Rc<Worker>,
    _slot: usize,
    _socket: UdpSocket,
    _closing: watch::Receiver<bool>,
) -> io::Result<()> {
    Ok(())
}
