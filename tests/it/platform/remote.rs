//! Moving objects to and from a gateway that runs, over its admin API.

use std::path::Path;
use std::process::{Command, Output};

use architrave_testkit::authority::Authority;
use architrave_testkit::client::get;
use architrave_testkit::{Client, Gateway, GatewayOptions, Origin, tools};
use tempfile::TempDir;

use super::objects::way_to;

const TOKEN: &str = "the-token-of-the-file";

struct World {
    dir: TempDir,
    gateway: Gateway,
}

impl World {
    fn start(objects_of_file: &str) -> Self {
        let dir = TempDir::new().expect("there is room for a directory");
        let file = format!(
            "version: 1\nadmin: {{ address: \"127.0.0.1:0\", token: {TOKEN} }}\n{objects_of_file}"
        );
        let gateway = GatewayOptions::new().data(&dir.path().join("data")).start(file);
        std::fs::write(dir.path().join("token"), format!("{TOKEN}\n")).expect("there is room");
        Self { dir, gateway }
    }

    fn write(&self, objects: &str) -> String {
        let file = self.dir.path().join("objects.yaml");
        std::fs::write(&file, format!("version: 1\n{objects}")).expect("there is room for a file");
        file.display().to_string()
    }

    fn run(&self, arguments: &[&str], token: &Path) -> (Option<i32>, String, String) {
        let mut command = Command::new(tools::gateway());
        command.args(arguments).arg("--server").arg(format!("http://{}", self.gateway.admin()));
        let command = command.arg("--token-file").arg(token);
        let Output { status, stdout, stderr } = command.output().expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (status.code(), text(stdout), text(stderr))
    }

    fn with_token(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        self.run(arguments, &self.dir.path().join("token"))
    }
}

#[test]
fn a_running_gateway_takes_a_file_and_serves_it_at_once() {
    let world = World::start("");
    let (a, b) = (Origin::named("a"), Origin::named("b"));
    let consumer = "consumers: [{ name: c, credentials: [{ api_key: k-very-secret }] }]\n";
    let models = "providers: [{ name: p, kind: mock }]
models: [{ name: \"of/slashes\", deployments: [{ provider: p, model: echo }] }]\n";
    let all = format!("{}{consumer}{models}", way_to(a.addr()));
    let file = world.write(&all);
    let (code, told, _) = world.with_token(&["diff", &file]);
    assert_eq!(code, Some(2));
    assert!(told.contains("+ route all\n") && told.contains("+ model of/slashes\n"), "{told}");
    let (code, _, said) = world.with_token(&["apply", &file, "--dry-run"]);
    assert!(code == Some(0) && said.ends_with("7 changes; nothing was written\n"), "{said}");
    let (code, _, said) = world.with_token(&["apply", &file]);
    assert!(code == Some(0) && said.ends_with("7 changes\n"), "{said}");
    assert_eq!(world.with_token(&["diff", &file]), (Some(0), String::new(), String::new()));
    let (code, text, said) = world.with_token(&["export"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(text.contains("${env:CONSUMER_C_API_KEY}") && !text.contains("k-very"), "{text}");
    assert_eq!(world.with_token(&["export", "--with-secrets", "--output", "x"]).0, Some(1));
    // What changes is changed, and what the file has no more goes when it is told to.
    let file = world.write(&way_to(b.addr()));
    let (code, _, said) = world.with_token(&["apply", &file, "--prune"]);
    assert!(code == Some(0) && said.ends_with("4 changes\n"), "{said}");
    assert_eq!(world.with_token(&["diff", &file]).0, Some(0));
    let mut client = Client::connect(world.gateway.admin());
    let token = format!("Authorization: Bearer {TOKEN}");
    let host = world.gateway.admin().to_string();
    let audit = client.get(&host, "/api/v1/audit?via=cli", &[&token]);
    let text = audit.text();
    assert!(text.contains("\"action\": \"apply\"") && text.contains("route"), "{text}");
    drop(client);
    // The listener is there since: where it is, a start says.
    let data = world.dir.path().join("data");
    drop(world.gateway);
    let gateway = GatewayOptions::new().data(&data).start("version: 1\n");
    assert_eq!(get(gateway.web(), "h", "/", &[]).get("x-origin"), Some("b"));
}

#[test]
fn what_the_gateway_refuses_is_told_with_its_reason() {
    let world =
        World::start("upstreams: [{ name: own, endpoints: [{ address: \"127.0.0.1:1\" }] }]\n");
    let file = world.write("services: [{ name: s, http: { upstream: nobody } }]\n");
    let (code, _, said) = world.with_token(&["apply", &file]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("service s") && said.contains("no upstream is named `nobody`"), "{said}");
    // What its own file has is no difference: it is changed there alone.
    let file = world.write("");
    assert_eq!(world.with_token(&["diff", &file]), (Some(0), String::new(), String::new()));
    let wrong = world.dir.path().join("wrong");
    std::fs::write(&wrong, "no-such-token-1234567890").expect("there is room for a file");
    let (code, _, said) = world.run(&["export"], &wrong);
    assert!(code == Some(1) && said.contains(": 401: "), "{said}");
    assert!(!said.contains("no-such-token"), "{said}");
}

#[test]
fn a_gateway_is_asked_over_tls_with_a_token_of_the_environment() {
    let dir = TempDir::new().expect("there is room for a directory");
    let authority = Authority::new();
    let certificate = authority.issue(&["localhost"]);
    let (cert, key) = certificate.write(dir.path(), "admin");
    let ca = authority.write(dir.path());
    let file = format!(
        "version: 1\nadmin: {{ address: \"127.0.0.1:0\", token: {TOKEN}, tls: {{ certificates: \
         [{{ cert_file: {}, key_file: {} }}] }} }}\n",
        cert.display(),
        key.display()
    );
    let gateway = GatewayOptions::new().data(&dir.path().join("data")).start(file);
    let url = format!("https://localhost:{}", gateway.admin().port());
    let export = |arguments: &[&str], token: Option<&str>| {
        let mut command = Command::new(tools::gateway());
        command.args(["export", "--server", &url]).args(arguments).env_remove("ARCHITRAVE_TOKEN");
        command.envs(token.map(|token| ("ARCHITRAVE_TOKEN", token)));
        let Output { status, stdout, stderr } = command.output().expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (status.code(), text(stdout), text(stderr))
    };
    let trusted = ["--ca-file", ca.to_str().expect("a path in UTF-8")];
    let (code, text, said) = export(&trusted, Some(TOKEN));
    assert!(code == Some(0) && text.starts_with("version: 1\n"), "{said}");
    // Whom nobody vouches for is not told the token.
    let (code, _, said) = export(&[], Some(TOKEN));
    assert!(code == Some(1) && !said.contains(TOKEN), "{said}");
    let (code, _, said) = export(&trusted, None);
    assert!(code == Some(1) && said.contains("401"), "{said}");
}
