//! Calls of modern clients that wait for an answer to a question of their legacy server: between two
//! requests of the client the server's stream is kept open here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use architrave_core::task;
use architrave_mcp::between::questions::Question;
use architrave_mcp::canonical;
use architrave_mcp::message::Part;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::far_session::FarSession;
use super::hearing::Hearing;
use super::{Across, Said};

/// How long an answer is waited for: somebody may have to be asked who is not at the desk.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// More calls than this do not wait at once.
const PARKED_MAX: usize = 1024;

/// Those that wait, by what their clients say again.
#[derive(Debug, Default)]
pub(super) struct Parking(RefCell<HashMap<String, Parked>>);

/// A call that waits.
#[derive(Debug)]
pub(super) struct Parked {
    pub session: Rc<FarSession>,
    pub hearing: Hearing,
    /// The id that the server knows the call by.
    pub own: String,
    /// The JSON of the id of its question.
    pub asked_as: String,
    pub question: Question,
    /// For whom, and what was asked: nobody else goes on with it, and with nothing else.
    caller: Rc<str>,
    asked: String,
}

impl Parked {
    pub(super) fn new(
        said: &Said,
        (session, hearing, own): (Rc<FarSession>, Hearing, String),
        (asked_as, question): (String, Question),
    ) -> Self {
        let (caller, asked) = (Rc::clone(&said.caller), asked_of(said));
        Self { session, hearing, own, asked_as, question, caller, asked }
    }
}

impl Parking {
    /// None waits any more.
    pub(super) fn end(&self) {
        self.0.borrow_mut().clear();
    }

    /// Lets a call wait; what its client is to say again, or the call where there is no room.
    pub(super) fn park(across: &Rc<Across>, parked: Parked) -> Result<String, Box<Parked>> {
        let mut bytes = [0; 24];
        let is_full = across.parking.0.borrow().len() >= PARKED_MAX;
        if is_full || SystemRandom::new().fill(&mut bytes).is_err() {
            return Err(Box::new(parked));
        }
        let state: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        across.parking.0.borrow_mut().insert(state.clone(), parked);
        let (weak, own) = (Rc::downgrade(across), state.clone());
        drop(task::spawn_local(async move {
            tokio::time::sleep(PATIENCE).await;
            if let Some(late) = Weak::upgrade(&weak)
                && let Some(parked) = late.parking.0.borrow_mut().remove(&own)
            {
                super::from_modern::call_off(&late, &parked.session, &parked.own);
            }
        }));
        Ok(state)
    }

    /// The call that goes on with this request.
    pub(super) fn take(&self, state: &str, said: &Said) -> Option<Parked> {
        let mut parked = self.0.borrow_mut();
        let is_it = |one: &Parked| one.caller == said.caller && one.asked == asked_of(said);
        parked.get(state).filter(|one| is_it(one))?;
        parked.remove(state)
    }

    /// Lets it wait on, as the answer was none.
    pub(super) fn put_back(&self, state: &str, parked: Parked) {
        self.0.borrow_mut().insert(state.to_owned(), parked);
    }
}

/// What is asked, without what is said beside and what is answered.
fn asked_of(said: &Said) -> String {
    let (message, text) = (&said.message, &*said.text);
    let mut out = Vec::new();
    for part in [Part::Method, Part::Name, Part::Uri, Part::Arguments] {
        if let Some(raw) = message.raw(part, text) {
            // What cannot be spelled in one way was refused when it was read.
            let _sound = canonical::write(raw, &mut out);
        }
        out.push(b'\n');
    }
    String::from_utf8(out).unwrap_or_default()
}
