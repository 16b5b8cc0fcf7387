//! nginx as an origin that is somebody else's: one process, so that one signal stops it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use crate::process::{self, Running};
use crate::tools;
use crate::wait::{SOON, eventually};

/// Bytes of what it serves at `/big`.
pub const BIG_BYTES: usize = 1 << 20;

/// An nginx that runs until it is dropped. It answers `/` and `/healthz` with its name, and
/// `/healthz` with 503 while it is told to be sick.
pub struct Nginx {
    dir: TempDir,
    address: SocketAddr,
    running: Option<Running>,
}

impl Nginx {
    /// Starts one at a free port.
    ///
    /// # Panics
    /// When nginx is not installed or does not start.
    #[must_use]
    #[track_caller]
    pub fn start(name: &str) -> Self {
        let dir = TempDir::new().expect("there is room for a directory");
        let address = free_address();
        std::fs::write(dir.path().join("big"), vec![b'x'; BIG_BYTES]).expect("there is room");
        let root = dir.path().display();
        // A request after a keep-alive close is a lost request, so connections live long.
        let config = format!(
            "daemon off; master_process off; worker_processes 1; pid {root}/pid;\n\
             error_log {root}/error.log warn;\n\
             events {{ worker_connections 4096; }}\n\
             http {{\n\
               access_log off; keepalive_requests 100000000; keepalive_timeout 3600s;\n\
               client_body_temp_path {root}/body; proxy_temp_path {root}/proxy;\n\
               fastcgi_temp_path {root}/fcgi; uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;\n\
               default_type text/plain; root {root};\n\
               server {{ listen {address} backlog=4096;\n\
                 location = /healthz {{ if (-f {root}/sick) {{ return 503; }} return 200 {name}; }}\n\
                 location = /big {{ }}\n\
                 location / {{ return 200 {name}; }}\n\
               }}\n\
             }}\n"
        );
        std::fs::write(dir.path().join("nginx.conf"), config).expect("there is room for a file");
        let mut nginx = Self { dir, address, running: None };
        nginx.launch();
        nginx
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    ///
    /// # Panics
    /// When it was killed and not started again.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.running.as_ref().expect("nginx runs").pid()
    }

    /// Starts it again, at the same address, after it was killed.
    ///
    /// # Panics
    /// When it does not start.
    #[track_caller]
    pub fn launch(&mut self) {
        let file = self.dir.path().join("nginx.conf");
        let mut command = Command::new(tools::program("nginx"));
        command.arg("-e").arg(self.dir.path().join("error.log")).arg("-c").arg(file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let running = process::start(&mut command);
        let pid = running.pid();
        self.running = Some(running);
        eventually("nginx listens", SOON, || {
            let ended = process::ending(pid);
            assert!(ended.is_none(), "nginx ended as {ended:?}: {}", self.errors());
            TcpStream::connect_timeout(&self.address, Duration::from_millis(200)).ok()
        });
    }

    /// Kills it at once, with all its connections.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Stops it where it is: connections stay open and nothing answers.
    pub fn freeze(&self) {
        process::signal(self.pid(), Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        process::signal(self.pid(), Signal::CONT);
    }

    /// Whether `/healthz` says 503 while `/` goes on with 200.
    ///
    /// # Panics
    /// When the disk is full.
    pub fn be_sick(&self, sick: bool) {
        let file: PathBuf = self.dir.path().join("sick");
        if sick {
            std::fs::write(file, "").expect("there is room for a file");
        } else {
            std::fs::remove_file(file).expect("it was sick before");
        }
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("error.log")).unwrap_or_default()
    }
}

/// A port that nobody listens at now, for programs that cannot choose one themselves.
///
/// # Panics
/// When the system has no port left.
#[must_use]
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the system gives a port");
    listener.local_addr().expect("a bound socket has an address")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::get;

    #[test]
    fn it_can_be_sick_at_its_health_page_alone() {
        let nginx = Nginx::start("one");
        assert_eq!(get(nginx.addr(), "a.example", "/", &[]).text(), "one");
        nginx.be_sick(true);
        assert_eq!(get(nginx.addr(), "a.example", "/healthz", &[]).status, 503);
        assert_eq!(get(nginx.addr(), "a.example", "/", &[]).status, 200);
        nginx.be_sick(false);
        assert_eq!(get(nginx.addr(), "a.example", "/healthz", &[]).status, 200);
        assert_eq!(get(nginx.addr(), "a.example", "/big", &[]).body.len(), BIG_BYTES);
    }
}
