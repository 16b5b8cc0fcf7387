//! What providers say in words and by no status: a table of what was seen. Words that are not known
//! change nothing; what the status says then holds.

use crate::chat::ChatError;

/// The words of an error, in lower case.
pub(super) struct Words {
    message: String,
    /// The same without what it quotes: providers quote what clients have said.
    own: String,
    code: String,
    param: String,
}

/// How a message begins that says with the status of a wrong request that money is used up
/// (Anthropic).
const MONEY_FIRST: [&str; 2] =
    ["your credit balance is too low", "you have reached your specified api usage limits"];

/// Money that is used up, told by 403 and 429 (xAI), 412 (Fireworks), 429 (OpenAI,
/// Moonshot, Zhipu, Google's prepaid accounts).
const MONEY: [&str; 12] = [
    "credit balance is too low",
    "insufficient balance",
    "insufficient credit",
    "insufficient funds",
    "requires more credits",
    "have any credits",
    "used all available credits",
    "credits are depleted",
    "account is not active, please check your billing",
    "account is suspended",
    "account suspended",
    "reached your specified api usage limits",
];
const MONEY_CODES: [&str; 5] = [
    "insufficient_quota",
    "billing_not_active",
    "billing_hard_limit_reached",
    "exceeded_current_quota_error",
    "1113",
];

/// What a credential may not do, while it may do other things: OpenAI's restricted keys, Anthropic's
/// workspaces.
const OPERATION: [&str; 3] = [
    "missing scopes",
    "insufficient permissions for this operation",
    "permission to use the specified resource",
];

/// Limits that count everything of an account or a key: OpenRouter's free models, Cohere's trial
/// keys, Anthropic's accounts.
const ACCOUNT: [&str; 5] = [
    "free-models-per-",
    "trial key",
    "your account's rate limit",
    "api calls / month",
    "per api key",
];

/// Objects that requests name, and that live with somebody.
const OBJECTS: [&str; 8] = [
    "previous response",
    "previous_response",
    "cachedcontent",
    "cached content",
    "conversation",
    "response with id",
    "file ",
    "vector store",
];

impl Words {
    pub(super) fn of(error: Option<&ChatError>) -> Self {
        let lower = |text: Option<&str>| text.unwrap_or_default().to_ascii_lowercase();
        let message = lower(error.map(|error| error.message.as_str()));
        Self {
            own: unquoted(&message),
            message,
            code: lower(error.and_then(|error| error.code.as_deref())),
            param: lower(error.and_then(|error| error.param.as_deref())),
        }
    }

    fn say_any(&self, table: &[&str]) -> bool {
        table.iter().any(|words| self.message.contains(words))
    }

    fn own_say_any(&self, table: &[&str]) -> bool {
        table.iter().any(|words| self.own.contains(words))
    }

    /// Whether money is used up. What a provider says of a wrong request may be the client's own
    /// words, and those are not to rest a credential: there, only who begins with it means it.
    pub(super) fn are_about_money(&self, status: u16) -> bool {
        if matches!(status, 400 | 404 | 413 | 422) {
            return MONEY_FIRST.iter().any(|words| self.message.starts_with(words));
        }
        MONEY_CODES.contains(&self.code.as_str()) || self.own_say_any(&MONEY)
    }

    pub(super) fn are_about_account(&self) -> bool {
        self.own_say_any(&ACCOUNT)
    }

    /// A credential that may do some things and not this one.
    pub(super) fn are_about_an_operation(&self) -> bool {
        self.say_any(&OPERATION)
    }

    /// A request that is larger than what a minute allows will not fit in the next one either.
    pub(super) fn are_about_size(&self) -> bool {
        self.message.starts_with("request too large")
    }

    /// Bedrock, of a model that is being made ready, with the status of a limit.
    pub(super) fn are_about_a_model_that_starts(&self) -> bool {
        self.code == "modelnotreadyexception"
    }

    /// A model that has too much to do while others of the same provider have not.
    pub(super) fn are_about_one_models_load(&self) -> bool {
        self.are_about_a_model_that_starts()
            || (self.message.contains("model") && self.message.contains("overloaded"))
    }

    pub(super) fn are_about_content(&self) -> bool {
        self.say_any(&["flagged", "moderation"])
    }

    pub(super) fn are_about_an_object(&self) -> bool {
        self.param == "previous_response_id" || self.say_any(&OBJECTS)
    }

    pub(super) fn are_about_a_model(&self) -> bool {
        self.code.contains("model") || self.message.contains("model")
    }
}

/// A text without what it quotes, from the first mark of a pair to the last: a quotation may hold
/// marks of its own. An apostrophe within a word is none.
fn unquoted(text: &str) -> String {
    let mut left = text.to_owned();
    for mark in ['"', '`', '\''] {
        let is_word = |at: Option<char>| at.is_some_and(char::is_alphanumeric);
        let opens = left
            .char_indices()
            .find(|&(at, found)| found == mark && !is_word(left[..at].chars().next_back()));
        let Some((from, _)) = opens else { continue };
        let to = left.rfind(mark).filter(|&to| to > from).map_or(left.len(), |to| to + 1);
        left.replace_range(from..to, "");
    }
    left
}
