//! Makes connections to the endpoints of one upstream: TCP, PROXY header, TLS, protocol.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use architrave_config::{SendProxyProtocol, Upstream, UpstreamProtocol, UpstreamTls};
use architrave_core::{Reason, task};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::call::{Connection, H2Place};
use crate::egress;
use crate::file_stamp::FileStamp;
use crate::h1::HeadLimits;
use crate::http2::{self, End, Heard, Traffic};
use crate::proxy_protocol;
use crate::stream::Stream;
use crate::tls::{ALPN_H2, ClientTls, ConnectError, TlsError};

/// Why no connection could be made.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Refused, unreachable, or the like.
    #[error("connect failed: {0}")]
    Connect(#[from] io::Error),
    /// Not within the time allowed.
    #[error("connect timed out")]
    Timeout,
    /// The TLS handshake failed.
    #[error("{0}")]
    Tls(#[from] ConnectError),
    /// The address lies where the upstream may not reach.
    #[error("{0}")]
    Egress(#[from] egress::Refused),
    /// The HTTP/2 handshake failed.
    #[error("http/2 handshake failed: {0}")]
    H2(#[from] h2::Error),
}

impl DialError {
    /// The reason that answers it.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Connect(_) | Self::H2(_) | Self::Egress(_) => Reason::ConnectFailed,
            Self::Timeout => Reason::ConnectTimeout,
            Self::Tls(_) => Reason::TlsFailed,
        }
    }
}

/// The part of an upstream's configuration that decides what a connection is. Connections made
/// under equal settings may be used for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSettings {
    protocol: UpstreamProtocol,
    send_proxy_protocol: SendProxyProtocol,
    tls: Option<UpstreamTls>,
    connect_timeout: Duration,
    egress: Option<egress::Permission>,
}

impl From<&Upstream> for ConnectionSettings {
    fn from(upstream: &Upstream) -> Self {
        Self {
            protocol: upstream.protocol,
            send_proxy_protocol: upstream.send_proxy_protocol,
            tls: upstream.tls.clone(),
            connect_timeout: upstream.timeouts.connect,
            egress: egress::Permission::of_upstream(upstream.egress),
        }
    }
}

fn files_of(tls: &UpstreamTls) -> Vec<(PathBuf, FileStamp)> {
    let pair = tls.client.iter().flat_map(|pair| [&pair.cert_file, &pair.key_file]);
    pair.chain(&tls.ca_file).map(|file| (file.clone(), FileStamp::of(file))).collect()
}

/// Makes connections to the endpoints of one upstream. Shared by all workers.
#[derive(Debug)]
pub struct Connector {
    id: u64,
    settings: ConnectionSettings,
    tls: Option<ClientTls>,
    /// The same for what is not HTTP.
    raw_tls: Option<ClientTls>,
    /// The files that were read, as they were then.
    files: Vec<(PathBuf, FileStamp)>,
    /// Whether the last connection turned out to speak HTTP/2.
    spoke_h2: AtomicBool,
}

/// Bounds on the heads of responses. Generous: an origin is chosen by the operator.
pub const RESPONSE_LIMITS: HeadLimits =
    HeadLimits { head_bytes_max: 256 * 1024, headers_max: 250, uri_bytes_max: 0 };

impl Connector {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// [`TlsError`], naming the file.
    pub fn new(settings: ConnectionSettings) -> Result<Arc<Self>, TlsError> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Before they are read: a change in between is then noticed at the next look.
        let files = settings.tls.as_ref().map(files_of).unwrap_or_default();
        let tls = match &settings.tls {
            Some(tls) => Some(ClientTls::load(tls, settings.protocol)?),
            None => None,
        };
        let raw_tls = tls.as_ref().map(ClientTls::without_alpn);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let spoke_h2 = AtomicBool::new(matches!(
            settings.protocol,
            UpstreamProtocol::H2 | UpstreamProtocol::H2c
        ));
        Ok(Arc::new(Self { id, settings, tls, raw_tls, spoke_h2, files }))
    }

    /// Whether a new connector would be the same: neither settings nor files have changed.
    #[must_use]
    pub fn is_current(&self, settings: &ConnectionSettings) -> bool {
        self.settings == *settings
            && self.files.iter().all(|(file, stamp)| FileStamp::of(file) == *stamp)
    }

    /// How TLS is spoken to endpoints where nothing of HTTP/2 is to be agreed on; none where it is
    /// not spoken at all.
    #[must_use]
    pub const fn plain_tls(&self) -> Option<&ClientTls> {
        self.raw_tls.as_ref()
    }

    /// What it was made from.
    #[must_use]
    pub const fn settings(&self) -> &ConnectionSettings {
        &self.settings
    }

    /// Tells its connections from those of every other connector.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// `https` or `http`, as HTTP/2 needs to say.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Whether connections can be expected to carry many requests at once.
    #[must_use]
    pub fn is_multiplexed(&self) -> bool {
        self.spoke_h2.load(Ordering::Relaxed)
    }

    /// Whether connections carry one client's address and so serve that client alone.
    #[must_use]
    pub fn is_per_client(&self) -> bool {
        self.settings.send_proxy_protocol != SendProxyProtocol::Off
    }

    /// Dials `address` for `client` and does every handshake, within the connect timeout.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn connect(
        &self,
        address: SocketAddr,
        server_name: Option<&str>,
        client: Conversation,
    ) -> Result<Connection, DialError> {
        let limit = self.settings.connect_timeout;
        let work = async {
            let tls = self.tls.as_ref();
            let stream = self.dial(tls, address, server_name, client).await?;
            self.speak(stream).await
        };
        tokio::time::timeout(limit, work).await.unwrap_or(Err(DialError::Timeout))
    }

    /// As [`Connector::connect`], for a request that asks to switch protocols: only HTTP/1.1 can.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn connect_h1(
        &self,
        address: SocketAddr,
        server_name: Option<&str>,
        client: Conversation,
    ) -> Result<Connection, DialError> {
        if self.settings.protocol != UpstreamProtocol::Auto {
            return self.connect(address, server_name, client).await;
        }
        // Nothing is offered by ALPN, so that the endpoint cannot choose HTTP/2.
        let stream = self.connect_raw(address, server_name, client).await?;
        Ok(Connection::h1(stream))
    }

    /// Dials for layer 4: TCP, PROXY header and, where configured, TLS without ALPN, as nobody
    /// here knows what is spoken; within the connect timeout.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn connect_raw(
        &self,
        address: SocketAddr,
        server_name: Option<&str>,
        client: Conversation,
    ) -> Result<Stream, DialError> {
        let limit = self.settings.connect_timeout;
        let work = self.dial(self.raw_tls.as_ref(), address, server_name, client);
        tokio::time::timeout(limit, work).await.unwrap_or(Err(DialError::Timeout))
    }

    async fn dial(
        &self,
        tls: Option<&ClientTls>,
        address: SocketAddr,
        server_name: Option<&str>,
        client: Conversation,
    ) -> Result<Stream, DialError> {
        if let Some(permission) = self.settings.egress {
            egress::judge(address.ip(), permission)?;
        }
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut header = Vec::new();
        match self.settings.send_proxy_protocol {
            SendProxyProtocol::Off => {}
            SendProxyProtocol::V1 => {
                proxy_protocol::write_v1(client.source, client.destination, &mut header);
            }
            SendProxyProtocol::V2 => {
                proxy_protocol::write_v2(client.source, client.destination, &mut header);
            }
        }
        if !header.is_empty() {
            stream.write_all(&header).await?;
        }
        let Some(tls) = tls else {
            return Ok(stream.into());
        };
        let by_address = address.ip().to_string();
        Ok(tls.connect(stream, server_name.unwrap_or(&by_address)).await?.into())
    }

    async fn speak(&self, stream: Stream) -> Result<Connection, DialError> {
        let speaks_h2 = match self.settings.protocol {
            UpstreamProtocol::Http1 => false,
            UpstreamProtocol::H2 | UpstreamProtocol::H2c => true,
            UpstreamProtocol::Auto => stream.alpn() == Some(ALPN_H2),
        };
        self.spoke_h2.store(speaks_h2, Ordering::Relaxed);
        if !speaks_h2 {
            return Ok(Connection::h1(stream));
        }
        let address = stream.tcp().peer_addr().ok();
        let stream = Heard::new(stream);
        let (heard, traffic) = (stream.flag(), Rc::<Traffic>::default());
        let (sender, connection) =
            http2::client(&RESPONSE_LIMITS).handshake::<_, bytes::Bytes>(stream).await?;
        let running = http2::run(connection, heard, Rc::downgrade(&traffic));
        task::spawn_local(async move {
            if running.await == End::Dead {
                tracing::warn!(endpoint = ?address, "an http/2 connection went dead in silence");
            }
        });
        Ok(Connection::H2(H2Place::new(sender.ready().await?, traffic)))
    }
}

/// Who talks to whom on the client's side: what a PROXY header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The client.
    pub source: SocketAddr,
    /// The address it connected to.
    pub destination: SocketAddr,
}
