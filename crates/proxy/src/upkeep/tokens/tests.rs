//! Tokens from an endpoint of our own on loopback: the first, the next before it runs out, the
//! same for all, and none where somebody says no.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use architrave_core::shutdown::Shutdown;
use architrave_testkit::SOON;
use architrave_testkit::name_server::{NameServer, Record};

use super::*;

const ACCOUNT: &str = include_str!("../../../../../fixtures/llm/auth/service_account.json");

/// A place for tokens: gives its answers in order, each when the test hands it over, and tells
/// what it was asked.
struct Place {
    url: String,
    answers: SyncSender<(u16, String)>,
    asked: Receiver<String>,
}

impl Place {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let (answers, to_give) = sync_channel::<(u16, String)>(16);
        let (tell, asked) = sync_channel(16);
        std::thread::spawn(move || {
            while let Ok((status, body)) = to_give.recv() {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.push(byte[0]);
                }
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).unwrap();
                let _told = tell.send(String::from_utf8(request).unwrap());
            }
        });
        Self { url, answers, asked }
    }

    fn give(&self, token: &str, life: u64) {
        let body = format!(r#"{{"access_token":"{token}","expires_in":{life}}}"#);
        self.answers.send((200, body)).unwrap();
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    length.is_some_and(|length| length == Ok(body.len()))
}

/// Accounts that are followed, and what they need.
struct House {
    accounts: Arc<ServiceAccounts>,
    clock: Clock,
    dir: tempfile::TempDir,
    _names: NameServer,
    _shutdown: Shutdown,
}

impl House {
    fn new() -> Self {
        let accounts = Arc::new(ServiceAccounts::default());
        let (clock, names) = (Clock::manual(), NameServer::start());
        let resolver = Arc::new(Resolver::with_name_server(names.address()));
        let shutdown = Shutdown::default();
        Arc::clone(&accounts).start(resolver, clock.clone(), shutdown.signal());
        let dir = tempfile::tempdir().unwrap();
        Self { accounts, clock, dir, _names: names, _shutdown: shutdown }
    }

    /// Writes the file of the account whose tokens are at `url`.
    fn file(&self, url: &str) -> PathBuf {
        let file = self.dir.path().join("account.json");
        std::fs::write(&file, ACCOUNT.replace("https://oauth2.googleapis.com/token", url)).unwrap();
        file
    }

    fn current(&self, tokens: &Tokens) -> Option<String> {
        tokens.current(self.clock.now()).map(|token| token.expose().to_owned())
    }
}

/// Waits until the token is another one.
async fn next(tokens: &Tokens, house: &House, before: &str) -> String {
    let mut held = tokens.held.subscribe();
    let is_next =
        |held: &Option<Held>| held.as_ref().is_some_and(|held| held.token.expose() != before);
    let waited = tokio::time::timeout(SOON, held.wait_for(is_next)).await;
    drop(waited.expect("another token comes").unwrap());
    house.current(tokens).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_there_for_all_and_asked_for_once() {
    let (house, place) = (House::new(), Place::start());
    let file = house.file(&place.url);
    let tokens = house.accounts.tokens(&file).unwrap();
    assert_eq!(house.current(&tokens), None);
    place.give("ya29.first", 3600);
    tokens.first(SOON).await;
    assert_eq!(house.current(&tokens).as_deref(), Some("ya29.first"));
    let again = house.accounts.tokens(&file).unwrap();
    assert!(Arc::ptr_eq(&tokens, &again));

    let request = place.asked.recv().unwrap();
    assert!(request.starts_with("POST /token HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("application/x-www-form-urlencoded"), "{request}");
    assert!(request.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth"), "{request}");
    // Past its life it is none.
    house.clock.advance(Duration::from_secs(3599));
    assert_eq!(house.current(&tokens).as_deref(), Some("ya29.first"));
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(house.current(&tokens), None);
    assert!(place.asked.try_recv().is_err(), "asked once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_no_end_and_a_changed_file_is_another_account() {
    let (house, place) = (House::new(), Place::start());
    let file = house.file(&place.url);
    let tokens = house.accounts.tokens(&file).unwrap();
    place.answers.send((400, r#"{"error":"invalid_grant"}"#.into())).unwrap();
    place.answers.send((502, "<html>".into())).unwrap();
    place.give("ya29.second", 3600);
    assert_eq!(next(&tokens, &house, "").await, "ya29.second");
    assert!(tokens.is_current());

    let other = Place::start();
    house.file(&other.url);
    assert!(!tokens.is_current());
    let changed = house.accounts.tokens(&file).unwrap();
    assert!(!Arc::ptr_eq(&tokens, &changed));
    other.give("ya29.other", 3600);
    assert_eq!(next(&changed, &house, "").await, "ya29.other");
    assert_eq!(house.current(&tokens).as_deref(), Some("ya29.second"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_asked_for_anew_while_somebody_holds_it() {
    let place = Place::start();
    let account =
        ServiceAccount::read(&ACCOUNT.replace("https://oauth2.googleapis.com/token", &place.url));
    let tokens = Arc::new(Tokens {
        file: PathBuf::new(),
        text: Secret::new(""),
        account: account.unwrap(),
        held: watch::Sender::new(None),
        is_followed: AtomicBool::new(true),
    });
    let names = NameServer::start();
    let resolver = Arc::new(Resolver::with_name_server(names.address()));
    let tools = Tools { resolver, clock: Clock::manual() };
    let work = task::spawn(keep_fresh(Arc::downgrade(&tokens), tools));
    let mut held = tokens.held.subscribe();
    for token in ["a", "b"] {
        place.give(token, 1);
        let is_it =
            |held: &Option<Held>| held.as_ref().is_some_and(|held| held.token.expose() == token);
        drop(held.wait_for(is_it).await.unwrap());
    }
    // Nobody holds them: the work is over at its next turn.
    drop((tokens, held));
    work.await.unwrap();
}

#[test]
fn tokens_are_renewed_well_before_they_run_out() {
    for (life, pause) in [(3600, 2700), (60, 45), (4, 3), (1, 1), (0, 1)] {
        assert_eq!(renewal(Duration::from_secs(life)), Duration::from_secs(pause));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_leads_into_the_house_is_not_asked() {
    let names = NameServer::start();
    names.set("tokens.example", &[Record::A(60, [127, 0, 0, 1].into())]);
    let resolver = Arc::new(Resolver::with_name_server(names.address()));
    let tools = Tools { resolver, clock: Clock::manual() };
    let uri = TokenUri::parse("https://tokens.example:9/token").unwrap();
    let refused = post(&uri, "x", &tools).await.unwrap_err();
    assert_eq!(refused.to_string(), "127.0.0.1 is this machine, which needs `allow_private: true`");
}

#[test]
fn a_file_that_is_none_says_which() {
    let accounts = ServiceAccounts::default();
    let missing = accounts.tokens(Path::new("/nowhere/sa.json")).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read /nowhere/sa.json: "), "{missing}");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sa.json");
    std::fs::write(&file, "{}").unwrap();
    let wrong = accounts.tokens(&file).unwrap_err().to_string();
    assert_eq!(wrong, format!("{} is no service account: `type` is missing", file.display()));
}
