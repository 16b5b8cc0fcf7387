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
    assert!(said.contains("by an authority that is not trusted here"), "{said}");
    assert!(said.contains("--ca-file FILE"), "{said}");
    let (code, _, said) = export(&trusted, None);
    assert!(code == Some(1) && said.contains("401"), "{said}");
    // By another name, and by the other way to ask.
    let at = |url: String| {
        let mut command = Command::new(tools::gateway());
        let command = command.args(["export", "--server", &url]).env("ARCHITRAVE_TOKEN", TOKEN);
        let command = match url.starts_with("https") {
            true => command.args(trusted),
            false => command,
        };
        let Output { status, stderr, .. } = command.output().expect("it runs");
        assert_eq!(status.code(), Some(1), "{url}");
        String::from_utf8_lossy(&stderr).into_owned()
    };
    let said = at(format!("https://127.0.0.1:{}", gateway.admin().port()));
    assert!(said.contains("for other names than 127.0.0.1"), "{said}");
    let plain = World::start("");
    let said = at(format!("https://{}", plain.gateway.admin()));
    assert!(said.contains("speaks no TLS: use http://"), "{said}");
    let said = at(format!("http://localhost:{}", gateway.admin().port()));
    assert!(said.contains("is asked by https://"), "{said}");
}

/// A plan, and applications that are subscribed to it.
fn shop(origin: &Origin, applications: &str, subscriptions: &str) -> String {
    format!(
        "{}products: [{{ name: shop, services: [app] }}]
plans: [{{ name: gold, product: shop }}]
applications:\n{applications}subscriptions:\n{subscriptions}",
        way_to(origin.addr())
    )
}

/// A digest of a key that nobody has.
const DIGEST: &str = "abababababababababababababababababababababababababababababababab";

#[test]
fn keys_come_to_an_application_that_is_there_already() {
    let world = World::start("");
    let origin = Origin::named("a");
    let subscriptions = "  - { application: tills, plan: gold }\n";
    let file = world.write(&shop(&origin, "  - name: tills\n", subscriptions));
    let (code, _, said) = world.with_token(&["apply", &file]);
    assert_eq!(code, Some(0), "{said}");
    let keyed = |more: &str| {
        let key = "    credentials: [{ api_key: key-of-the-tills-0123456789 }";
        let all = format!("  - name: tills\n{key}{more}]\n");
        world.write(&shop(&origin, &all, subscriptions))
    };
    let file = keyed("");
    let (code, told, _) = world.with_token(&["diff", &file]);
    assert_eq!(code, Some(2));
    assert_eq!(told, "~ application tills\n    /credentials: one more key, `key`\n");
    let (code, _, said) = world.with_token(&["apply", &file]);
    assert!(code == Some(0) && said.ends_with("1 change\n"), "{said}");
    assert_eq!(world.with_token(&["diff", &file]), (Some(0), String::new(), String::new()));
    // One whose end is past comes neither here nor there.
    let past =
        format!(", {{ api_key_hash: {{ sha256: {DIGEST}, expires_at: 2020-01-31T00:00:00Z }} }}");
    assert_eq!(world.with_token(&["diff", &keyed(&past)]).0, Some(0));
    let token = format!("Authorization: Bearer {TOKEN}");
    let host = world.gateway.admin().to_string();
    let path = "/api/v1/applications/tills/credentials";
    let keys = Client::connect(world.gateway.admin()).get(&host, path, &[&token]).text();
    assert_eq!(keys.matches("\"id\"").count(), 1, "{keys}");
    assert!(keys.contains("\"last4\": \"6789\""), "{keys}");
}

#[test]
fn what_is_otherwise_since_it_was_compared_is_not_written_over() {
    let world = World::start("");
    let origin = Origin::named("a");
    let file = world.write(&shop(&origin, "  - name: tills\n", "  []\n"));
    let (code, _, said) = world.with_token(&["apply", &file]);
    assert_eq!(code, Some(0), "{said}");
    let applications = "  - { name: tills, description: mine }\n";
    let mine = world.write(&shop(&origin, applications, "  []\n"));
    let (_, _, said) = world.with_token(&["diff", &mine]);
    let base = said.split_whitespace().nth(1).expect("a base").trim_end_matches(':').to_owned();
    let other = world.dir.path().join("other.yaml");
    let theirs = std::fs::read_to_string(&mine).expect("it is there").replace("mine", "theirs");
    std::fs::write(&other, theirs).expect("there is room for a file");
    let other = other.display().to_string();
    assert_eq!(world.with_token(&["apply", &other, "--base", &base]).0, Some(0));
    let (code, _, said) = world.with_token(&["apply", &mine, "--base", &base]);
    assert!(code == Some(1) && said.contains("somebody has changed it since"), "{said}");
    let (_, told, _) = world.with_token(&["diff", &mine]);
    assert!(told.contains("\"theirs\" → \"mine\""), "{told}");
}

#[test]
fn what_is_too_long_for_one_request_goes_in_parts() {
    const MANY: usize = 5_000;
    let world = World::start("");
    let origin = Origin::named("a");
    let text = "x".repeat(2_000);
    let applications: String =
        (0..MANY).map(|at| format!("  - {{ name: app-{at}, description: {text} }}\n")).collect();
    let subscriptions: String =
        (0..MANY).map(|at| format!("  - {{ application: app-{at}, plan: gold }}\n")).collect();
    let end = |said: &str| said[said.len().saturating_sub(500)..].to_owned();
    // The last of all is refused: who tries it hears of it, whichever part it would be in.
    let last = format!("name: app-{}, ", MANY - 1);
    let wrong = applications.replace(&last, &format!("{last}owner: nobody@example.com, "));
    let wrong = world.write(&shop(&origin, &wrong, &subscriptions));
    let (code, _, said) = world.with_token(&["apply", &wrong, "--dry-run"]);
    assert!(code == Some(1) && said.contains("nobody@example.com"), "{code:?} {}", end(&said));
    let (code, told, said) = world.with_token(&["diff", &wrong]);
    assert!(code == Some(2) && told.contains("! apply would be refused:"), "{}", end(&said));
    let file = world.write(&shop(&origin, &applications, &subscriptions));
    let (code, _, said) = world.with_token(&["apply", &file, "--dry-run"]);
    assert!(code == Some(0) && said.contains("nothing was written"), "{code:?} {}", end(&said));
    let (code, _, said) = world.with_token(&["apply", &file]);
    assert_eq!(code, Some(0), "{}", end(&said));
    assert!(said.contains("note: it is too long for one request, and goes in 3 parts"));
    let (code, told, said) = world.with_token(&["diff", &file]);
    assert_eq!((code, told.as_str()), (Some(0), ""), "{said}");
}
