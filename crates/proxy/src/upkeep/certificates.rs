//! Noticing that the certificate files of listeners have changed, and taking the new ones.
//!
//! It looks once a second instead of being told: a renewed certificate arrives by a rename, behind
//! a swapped link or over a network file system, and only looking works for all of them.

use std::sync::Arc;
use std::time::Duration;

use architrave_core::name::ListenerName;
use architrave_core::shutdown::ShutdownSignal;
use architrave_net::tls::ServerTls;
use tokio::time::MissedTickBehavior;

use super::OwnedTask;

/// Between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The running watch over certificates; it stops with the shutdown signal, or when dropped.
#[derive(Debug)]
pub struct CertificateWatch {
    _task: OwnedTask,
}

impl CertificateWatch {
    /// Starts to watch the files of whatever `listeners` gives, which is asked anew each time. A
    /// change is logged; so is, once, a change to files that cannot be used.
    #[must_use]
    pub fn start(
        listeners: impl Fn() -> Vec<(ListenerName, Arc<ServerTls>)> + Send + Sync + 'static,
        mut shutdown: ShutdownSignal,
    ) -> Self {
        let work = async move {
            tokio::select! {
                () = watch(listeners) => {}
                () = shutdown.ended() => {}
            }
        };
        Self { _task: OwnedTask::start(work) }
    }
}

async fn watch(listeners: impl Fn() -> Vec<(ListenerName, Arc<ServerTls>)>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = listeners();
        // Files may lie on a disk that is slow to answer; nothing else should wait for it.
        let looked = tokio::task::spawn_blocking(move || now.iter().for_each(look));
        // A panic has been told by the panic hook, and the next look is a new one.
        let _ended = looked.await;
    }
}

fn look((listener, tls): &(ListenerName, Arc<ServerTls>)) {
    match tls.reload_if_changed() {
        Ok(false) => {}
        Ok(true) => tracing::info!(%listener, "certificates reloaded"),
        Err(error) => {
            tracing::warn!(%listener, %error, "changed certificates cannot be used, the old ones stay");
        }
    }
}

#[cfg(test)]
mod tests {
    use architrave_config::{CertificateFiles, ListenerTls};
    use architrave_core::shutdown::Shutdown;
    use architrave_testkit::authority::Authority;
    use architrave_testkit::{SOON, eventually};

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_renewed_certificate_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let (cert_file, key_file) = authority.issue(&["old.example"]).write(folder.path(), "site");
        let settings = ListenerTls {
            certificates: vec![CertificateFiles { cert_file, key_file }],
            client_ca_file: None,
        };
        let tls = Arc::new(ServerTls::load(&settings).unwrap());
        let listed = vec![(ListenerName::new("web"), Arc::clone(&tls))];
        let shutdown = Shutdown::default();
        let _watch = CertificateWatch::start(move || listed.clone(), shutdown.signal());
        let names = || tls.certificates().remove(0).names;
        assert_eq!(names(), ["old.example"]);
        authority.issue(&["new.example"]).write(folder.path(), "site");
        eventually("the new certificate is in use", SOON, || {
            (names() == ["new.example"]).then_some(())
        });
        shutdown.end();
        eventually("the watch lets go", SOON, || (Arc::strong_count(&tls) == 1).then_some(()));
    }
}
