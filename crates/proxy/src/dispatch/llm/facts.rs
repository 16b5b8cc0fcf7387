//! What is learned of an exchange with a model; `record` reads it.

use std::sync::Arc;
use std::time::Duration;

use architrave_balance::deployment::Flight;
use architrave_core::Moment;
use architrave_llm::catalog::Model;
use architrave_llm::chat::{ServiceClass, Usage};
use architrave_llm::surface::KeptId;
use architrave_llm::used::Used;
use architrave_policy::cache::{QuestionKey, Wish};
use architrave_telemetry::{ModelMetrics, PassedOver};

use crate::assembly::LiveUpstream;

/// What is learned of an exchange with a model.
#[derive(Debug, Default)]
pub(crate) struct LlmFacts {
    /// What was asked for: `chat`, `embeddings`, ….
    pub operation: &'static str,
    /// The model asked for.
    pub model: String,
    /// The provider's name that answered, or was asked last.
    pub provider: String,
    /// The model's name there.
    pub upstream_model: String,
    /// Whether it is of another model than the one asked for, which stands in for it.
    pub is_fallback: bool,
    /// Why it was chosen.
    pub why: &'static str,
    /// Who was passed over before, or asked in vain.
    pub passed_over: Vec<PassedOver>,
    /// Whether the answer is a stream.
    pub is_stream: bool,
    /// Attempts along lanes, those at the mock included.
    pub attempts: u32,
    /// What was used, as the provider says or by an estimate.
    pub usage: Option<Usage>,
    /// What answers used that came to nothing as a whole, and what they cost: it comes on top.
    pub in_vain: Option<(Usage, u64)>,
    /// Whether that is an estimate.
    pub is_estimated: bool,
    /// What it cost, in nano-USD.
    pub cost_nano_usd: u64,
    /// Whether that is known by something else than a row: by the provider's word, or by the models
    /// of a batch.
    pub is_cost_known: bool,
    /// From the request sent to the first token.
    pub first_token: Option<Duration>,
    /// When the provider that answers was asked.
    pub asked_at: Option<Moment>,
    /// Where the answer is counted.
    pub metrics: Option<Arc<ModelMetrics>>,
    /// Events of the provider's stream that could not be read.
    pub bad_events: u64,
    /// Fields of the request that the provider's dialect could not say.
    pub dropped: Vec<String>,
    /// Fields of the answer that the client's dialect could not say.
    pub reply_dropped: Vec<String>,
    /// How long endpoints were waited for, over all attempts.
    pub waited: Duration,
    /// `hit` or `miss` where there is a cache.
    pub cache: Option<&'static str>,
    /// Under what a stream is kept that is being recorded.
    pub offer: Option<(QuestionKey, Wish)>,
    /// Whether the answer broke off.
    pub is_broken: bool,
    /// What is reserved of the consumer's budgets.
    pub reservation: Option<architrave_policy::ledger::Reservation>,
    /// Where the answer comes from; `None` for the mock's.
    pub upstream: Option<Arc<LiveUpstream>>,
    /// What of it is held while an answer is awaited, and at what price.
    pub held: Option<(Usage, Option<Arc<Model>>)>,
    /// The attempt that answers, in flight.
    pub flight: Option<Flight>,
    /// The model that answers, where somebody knows what it costs.
    pub row: Option<Arc<Model>>,
    /// The tokens that the prompt was estimated at.
    pub prompt_tokens: u64,
    /// The answers and conversations that hold, from now on, all that was said in this exchange.
    pub grown: Vec<KeptId>,
    /// The class of service that was asked for: where the answer names none, it is paid as that.
    pub service: Option<ServiceClass>,
    /// What the request tells of what is charged beside tokens; an answer that tells the same takes
    /// its place.
    pub asked: Used,
    /// The tokens that the head of the answer tells, where its body does not.
    pub told_by_head: Option<Usage>,
}
