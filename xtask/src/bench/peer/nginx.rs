//! nginx as a proxy: the unit that every cost is quoted in.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Setup, Work};
use crate::{packages, shell, tree};

const PROGRAM: &str = "/usr/sbin/nginx";
const STREAM_MODULE: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

pub(super) fn install() -> Result<()> {
    packages::debian(&[(PROGRAM, "nginx"), (STREAM_MODULE, "libnginx-mod-stream")])
}

pub(super) fn version() -> Result<String> {
    let text = shell::read(Command::new(PROGRAM).arg("-v"))?;
    let version = text.split("nginx/").nth(1).context("nginx does not say its version")?;
    Ok(format!("nginx {}", version.trim()))
}

pub(super) fn command(setup: &Setup) -> Result<Command> {
    let config = setup.folder.join("nginx.conf");
    tree::write(&config, &text(setup)?)?;
    let mut command = Command::new(PROGRAM);
    command.arg("-c").arg(config).arg("-p").arg(&setup.folder);
    Ok(command)
}

fn text(setup: &Setup) -> Result<String> {
    let Setup { folder, port, origin, workers, .. } = setup;
    let folder = folder.display();
    let top = format!(
        "daemon off;\nworker_processes {workers};\nworker_rlimit_nofile 20000;\n\
         pid {folder}/pid;\nerror_log stderr error;\nevents {{ worker_connections 12000; }}\n"
    );
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("  {kind}_temp_path {folder}/{kind};\n"))
        .concat();
    let (listen, extra) = match setup.work {
        Work::Http => ("", ""),
        Work::Http2 => (" http2", ""),
        Work::Llm(_) => ("", "proxy_buffering off; client_max_body_size 64m;"),
        Work::BigBuffers => ("", "proxy_buffer_size 64k; proxy_buffers 16 64k;"),
        Work::Tcp => {
            return Ok(format!(
                "load_module {STREAM_MODULE};\n{top}stream {{\n  server {{ \
                 listen 127.0.0.1:{port} reuseport; proxy_pass 127.0.0.1:{origin}; \
                 tcp_nodelay on; }}\n}}\n"
            ));
        }
        Work::Policies | Work::Plans(_) | Work::Stored(_) | Work::Routes(_) | Work::BigPipes => {
            bail!("nginx is not measured at {:?}", setup.work)
        }
    };
    Ok(format!(
        "{top}http {{\n{temporary}  access_log off;\n  keepalive_requests 1000000000;\n  \
         upstream origin {{ server 127.0.0.1:{origin}; keepalive 256; keepalive_requests 1000000000; }}\n  \
         server {{\n    listen 127.0.0.1:{port} reuseport{listen};\n    location / {{\n      \
         proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\";\n      \
         proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; {extra}\n    }}\n  }}\n}}\n"
    ))
}
