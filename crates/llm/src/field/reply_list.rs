//! The closed list of what a reply may say, streamed or not.

use super::set::listed;

listed! {
/// What a reply may say.
pub enum ReplyField {
    Id "id" "Id of the reply"
    Model "model" "Model that answered"
    Created "created" "When it was made"
    Text "text" "Text"
    Reasoning "reasoning" "Reasoning"
    ReasoningSignature "reasoning_signature" "Signature of reasoning"
    ReasoningEncrypted "reasoning_encrypted" "Reasoning that only its maker can read"
    Refusal "refusal" "Refusal"
    ToolCall "tool_call" "Tool call"
    ToolCallSignature "tool_call_signature" "Signature of a tool call"
    ToolCallFreeForm "tool_call_free_form" "Call of a free-form tool"
    Citations "citations" "Citations"
    Audio "audio" "Sound"
    Image "image" "Image"
    ProviderPart "provider_part" "Part that only one provider understands"
    Choices "choices" "Several answers"
    FinishStop "finish_stop" "Ended: complete"
    FinishStopText "finish_stop_text" "Ended: a stop text came"
    StopText "stop_text" "Which stop text came"
    FinishLength "finish_length" "Ended: limit of the output"
    FinishContext "finish_context" "Ended: context full"
    FinishToolCalls "finish_tool_calls" "Ended: tools are to be called"
    FinishFiltered "finish_filtered" "Ended: cut by a filter"
    FinishRefusal "finish_refusal" "Ended: refused"
    FinishPaused "finish_paused" "Ended: to be gone on with"
    FinishFailed "finish_failed" "Ended: failed"
    Logprobs "logprobs" "Log probabilities"
    Usage "usage" "Tokens of prompt and answer"
    UsageCacheRead "usage_cache_read" "Tokens from the cache"
    UsageCacheWrite "usage_cache_write" "Tokens to the cache"
    UsageCacheWrite1h "usage_cache_write_1h" "Tokens to the cache for an hour"
    UsageReasoning "usage_reasoning" "Tokens of reasoning"
    UsageAudio "usage_audio" "Tokens of sound"
    UsageImage "usage_image" "Tokens of images"
    UsageSearches "usage_searches" "Searches of the web that were made"
    UsageBilled "usage_billed" "Tokens charged, where it is another number"
    ServiceClass "service_tier" "Class of service"
    Fingerprint "fingerprint" "Configuration of the provider"
}
}
