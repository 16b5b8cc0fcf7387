//! The data folder: one process has it, and what is in it outlives the process.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use architrave_testkit::dialect::{json_of, post};
use architrave_testkit::process::Ending;
use architrave_testkit::{
    Client, Config, Dialect, Gateway, GatewayOptions, Origin, Reloaded, Response, SOON, eventually,
    tools,
};
use serde_json::Value;
use tempfile::TempDir;

/// Starts the binary where it is expected to end by itself.
fn run(file: &Path, data: &Path) -> Output {
    let mut command = Command::new(tools::gateway());
    command.arg("run").arg("--config").arg(file).arg("--data").arg(data);
    command.output().expect("the gateway's binary can be run")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn a_second_process_is_told_who_has_the_folder() {
    let dir = TempDir::new().expect("there is room for a directory");
    let data = dir.path().join("deep/data");
    let origin = Origin::named("a");
    let gateway = GatewayOptions::new().data(&data).start(Config::single(origin.addr()));
    assert_eq!(mode(&data), 0o700);
    let second = run(&gateway.config_file(), &data);
    assert_eq!(second.status.code(), Some(1));
    let pid = gateway.pid().as_raw_nonzero();
    let wanted = format!("error: data folder {}: process {pid} has it\n", data.display());
    assert_eq!(said(&second), wanted);
    // Whoever goes on after an upgrade has it, and is named.
    assert_eq!(gateway.upgrade(), Ending::Code(0));
    let third = run(&gateway.config_file(), &data);
    assert_eq!(third.status.code(), Some(1));
    let pid = gateway.pid().as_raw_nonzero();
    assert!(said(&third).contains(&format!("process {pid} has it")), "{}", said(&third));
    gateway.kill();
    drop(GatewayOptions::new().data(&data).start(Config::single(origin.addr())));
}

#[test]
fn the_root_key_is_made_once_and_cookies_outlive_the_process() {
    let dir = TempDir::new().expect("there is room for a directory");
    let origins = [Origin::named("a"), Origin::named("b"), Origin::named("c")];
    let addresses: Vec<_> = origins.iter().map(Origin::addr).collect();
    let config = Config::balanced(&addresses, "persistence: { cookie: { name: stay, ttl: 1h } }");
    let gateway = GatewayOptions::new().data(dir.path()).start(&config);
    assert!(!gateway.stderr().lines().iter().any(|line| line.contains("outlive")));
    let key = dir.path().join("root.key");
    assert_eq!(mode(&key), 0o600);
    let made = std::fs::read_to_string(&key).expect("the key is there");
    assert!(made.len() == 65 && made.trim().bytes().all(|byte| byte.is_ascii_hexdigit()));
    let first = Client::connect(gateway.web()).get("h", "/", &[]);
    let cookie = first.get("set-cookie").expect("a cookie").split(';').next().unwrap().to_owned();
    gateway.kill();
    drop(gateway);
    let gateway = GatewayOptions::new().data(dir.path()).start(&config);
    assert_eq!(std::fs::read_to_string(&key).expect("the key is there"), made);
    for _ in 0..9 {
        let field = format!("Cookie: {cookie}");
        let again = Client::connect(gateway.web()).get("h", "/", &[&field]);
        assert_eq!(again.text(), first.text());
    }
    std::fs::write(&key, "not a key\n").expect("there is room");
    assert!(matches!(gateway.reload(&config), Reloaded::Refused(_)));
}

fn ask(gateway: &Gateway) -> Response {
    let question = Dialect::OpenaiChat.question("fast", "hello", false);
    Client::connect(gateway.web()).ask(post("/v1/chat/completions", &[], &question))
}

#[test]
fn the_updated_catalogue_is_taken_at_the_start_and_at_a_reload() {
    let dir = TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("catalog.txt");
    let row =
        |input: &str| format!("openai/gpt-4o-mini chat 1000 100 tools input={input} output=2\n");
    std::fs::write(&file, row("1")).expect("there is room");
    let origin = Origin::start(|exchange| {
        let json = [("Content-Type", "application/json")];
        exchange.reply(200, &json, Dialect::OpenaiChat.answer("hi"));
    });
    let config = Config::ai(&format!(
        "
        providers:
          - {{ name: p, kind: openai, base_url: \"http://{}/v1\", credentials: [{{ value: k }}] }}
        models: [{{ name: fast, deployments: [{{ provider: p, model: gpt-4o-mini }}] }}]
        ",
        origin.addr()
    ));
    let gateway = GatewayOptions::new().data(dir.path()).start(&config);
    assert_eq!(ask(&gateway).get("x-architrave-cost"), Some("0.000017"));
    let updated = Command::new(tools::gateway())
        .args(["catalog", "update", "--data"])
        .args([dir.path(), &rows(&dir, &row("2"))])
        .output()
        .expect("it runs");
    assert!(updated.status.success(), "{}", said(&updated));
    let told = String::from_utf8_lossy(&updated.stdout).into_owned();
    let wanted = format!("for `architrave run --data {}`", dir.path().display());
    assert!(told.contains(&wanted), "{told}");
    // A changed catalogue is taken as a changed file is.
    eventually("the catalogue is taken", SOON, || {
        (ask(&gateway).get("x-architrave-cost") == Some("0.000024")).then_some(())
    });
    std::fs::write(&file, "openai/gpt-4o-mini nonsense\n").expect("there is room");
    assert!(
        matches!(gateway.reload(&config), Reloaded::Refused(why) if why.contains("catalog.txt"))
    );
    assert_eq!(json_of(&ask(&gateway))["usage"]["prompt_tokens"], Value::from(7));
    let broken = run(&gateway.config_file(), dir.path());
    assert_eq!(broken.status.code(), Some(1));
    assert!(said(&broken).contains("catalog.txt: line 1: "), "{}", said(&broken));
}

fn rows(dir: &TempDir, text: &str) -> std::path::PathBuf {
    let file = dir.path().join("rows.txt");
    std::fs::write(&file, text).expect("there is room");
    file
}

#[test]
fn kinds_of_providers_come_from_the_catalogue_of_the_folder() {
    let dir = TempDir::new().expect("there is room for a directory");
    let row = "house https://models.house.example/v1 bearer openai_chat\n";
    std::fs::write(dir.path().join("catalog.txt"), row).expect("there is room");
    let file = dir.path().join("gateway.yaml");
    let config = Config::ai("providers: [{ name: p, kind: house, credentials: [{ value: k }] }]");
    std::fs::write(&file, config.to_string()).expect("there is room");
    let validate = |more: &[&Path]| {
        let mut command = Command::new(tools::gateway());
        command.arg("validate").arg(&file).args(more).output().expect("it runs")
    };
    assert_eq!(validate(&[]).status.code(), Some(1));
    let known = validate(&[Path::new("--data"), dir.path()]);
    assert_eq!(known.status.code(), Some(0), "{}", said(&known));
    drop(GatewayOptions::new().data(dir.path()).start(&config));
}
