//! What providers say in words and by no status: a table of what was seen. Words that are not known
//! change nothing; what the status says then holds.

use crate::chat::ChatError;

/// The words of an error, in lower case.
pub(super) struct Words {
    message: String,
    code: String,
    param: String,
}

/// Money that is used up, told by 400 (Anthropic), 403 and 429 (xAI), 412 (Fireworks), 429 (OpenAI,
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
const OBJECTS: [&str; 7] = [
    "previous response",
    "previous_response",
    "cachedcontent",
    "cached content",
    "conversation",
    "file ",
    "vector store",
];

impl Words {
    pub(super) fn of(error: Option<&ChatError>) -> Self {
        let lower = |text: Option<&str>| text.unwrap_or_default().to_ascii_lowercase();
        Self {
            message: lower(error.map(|error| error.message.as_str())),
            code: lower(error.and_then(|error| error.code.as_deref())),
            param: lower(error.and_then(|error| error.param.as_deref())),
        }
    }

    fn say_any(&self, table: &[&str]) -> bool {
        table.iter().any(|words| self.message.contains(words))
    }

    pub(super) fn are_about_money(&self) -> bool {
        MONEY_CODES.contains(&self.code.as_str()) || self.say_any(&MONEY)
    }

    pub(super) fn are_about_account(&self) -> bool {
        self.say_any(&ACCOUNT)
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
