//! Certificates of listeners: read again when their files change, and shown before they expire.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use architrave_core::metric::Metric;
use architrave_proxy::Gateway;

/// Shows when each certificate expires.
pub(super) fn expose(gateway: &Arc<Gateway>) {
    let weak = Arc::downgrade(gateway);
    gateway.metrics.add_source(Box::new(move |sink| {
        let Some(gateway) = weak.upgrade() else { return };
        let assembly = gateway.assembly.load();
        for tls in assembly.listeners.iter().filter_map(|listener| listener.tls.as_ref()) {
            for certificate in tls.certificates() {
                let since = certificate.not_after.duration_since(UNIX_EPOCH).unwrap_or_default();
                let file = certificate.cert_file.to_string_lossy();
                sink.gauge(Metric::CertificateNotAfter, &[&*file], since.as_secs_f64());
            }
        }
    }));
}

/// Reads certificates again whose files have changed. On an error the old ones stay.
pub(crate) fn reload_changed(gateway: &Gateway) {
    let assembly = gateway.assembly.load_full();
    for listener in &assembly.listeners {
        let Some(tls) = &listener.tls else { continue };
        let name = listener.config.name.as_str();
        match tls.reload_if_changed() {
            Ok(true) => tracing::info!(listener = name, "certificates read again"),
            Ok(false) => {}
            Err(error) => tracing::error!(listener = name, %error, "the old certificates stay"),
        }
    }
}
