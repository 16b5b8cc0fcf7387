//! What requests name and replies say was made; and what only looks like it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Named, OwnLink, kept_in_event, kept_in_talk};
use crate::dialect::Dialect;
use crate::scan::Scanned;
use crate::surface::{Kept, KeptId, Surface};

/// What a body names, in the order of the ids. Nothing is named that the scan has not seen.
#[track_caller]
fn named(surface: Surface, body: &Value) -> Vec<KeptId> {
    let body = body.to_string();
    let scanned = Scanned::whole(body.as_bytes(), surface.watch()).unwrap();
    let Named { kept: mut named, links } = surface.named_in_request(&body).unwrap();
    assert!(scanned.may_name_kept || named.is_empty(), "{body}");
    assert_eq!(links, [], "{body}");
    named.sort_by(|one, other| one.1.cmp(&other.1));
    named
}

fn ids(kept: Kept, ids: &[&str]) -> Vec<KeptId> {
    ids.iter().map(|id| (kept, (*id).to_owned())).collect()
}

#[test]
fn files_are_named_wherever_a_dialect_has_them() {
    let chat = json!({ "messages": [
        { "role": "system", "content": "file_id" },
        { "role": "user", "content": [
            { "type": "text", "text": "a" },
            { "type": "file", "file": { "file_id": "file-1" } },
            { "type": "file", "file_id": "file-2" },
        ] },
    ] });
    assert_eq!(named(Surface::OpenaiChat, &chat), ids(Kept::File, &["file-1", "file-2"]));
    let responses = json!({
        "input": [
            { "role": "user", "content": [
                { "type": "input_file", "file_id": "file-1" },
                { "type": "input_image", "file_id": "file-2" },
            ] },
            { "type": "function_call_output", "call_id": "c", "output": [
                { "type": "input_file", "file_id": "file-3" },
            ] },
            { "type": "computer_call_output", "call_id": "c", "output": { "file_id": "file-4" } },
        ],
        "tools": [
            { "type": "code_interpreter", "container": { "type": "auto", "file_ids": ["file-5"] } },
            { "type": "image_generation", "input_image_mask": { "file_id": "file-6" } },
        ],
        "prompt": { "id": "p", "variables": { "any": { "type": "input_file", "file_id": "file-7" } } },
    });
    let all = ["file-1", "file-2", "file-3", "file-4", "file-5", "file-6", "file-7"];
    for surface in
        [Surface::OpenaiResponses, Surface::OpenaiTokenCount, Surface::OpenaiReplyCompact]
    {
        let all = [ids(Kept::File, &all), ids(Kept::Prompt, &["p"])].concat();
        assert_eq!(named(surface, &responses), all);
    }
    let source = |id| json!({ "type": "document", "source": { "type": "file", "file_id": id } });
    let messages = json!({
        "messages": [{ "role": "user", "content": [
            source("file_1"),
            { "type": "container_upload", "file_id": "file_2" },
            { "type": "tool_result", "tool_use_id": "t", "content": [source("file_3")] },
            { "type": "document", "source": { "type": "content", "content": [source("file_4")] } },
        ] }],
    });
    let all = ids(Kept::File, &["file_1", "file_2", "file_3", "file_4"]);
    assert_eq!(named(Surface::AnthropicMessages, &messages), all);
    assert_eq!(named(Surface::AnthropicTokenCount, &messages), all);
    let batch = json!({ "requests": [{ "custom_id": "1", "params": messages }] });
    assert_eq!(named(Surface::AnthropicBatchCreate, &batch), all);
    let batch = json!({ "input_file_id": "file-1", "endpoint": "/v1/responses" });
    assert_eq!(named(Surface::OpenaiBatchCreate, &batch), ids(Kept::File, &["file-1"]));
    let edit = json!({ "images": [{ "file_id": "file-1" }], "mask": { "file_id": "file-2" } });
    assert_eq!(named(Surface::OpenaiImageEdit, &edit), ids(Kept::File, &["file-1", "file-2"]));
}

#[test]
fn gemini_names_files_by_links_in_both_spellings() {
    let file = |id: &str| format!("https://generativelanguage.googleapis.com/v1beta/files/{id}");
    let body = json!({
        "contents": [{ "parts": [
            { "fileData": { "fileUri": file("a") } },
            { "file_data": { "file_uri": "files/b" } },
            { "fileData": { "fileUri": "https://www.youtube.com/watch?v=1" } },
            { "functionResponse": { "name": "f", "response": { "fileUri": file("no") },
              "parts": [{ "fileData": { "fileUri": file("c") } }] } },
        ] }],
        "systemInstruction": { "parts": { "fileData": { "fileUri": file("d") } } },
    });
    let all = ids(Kept::File, &["a", "b", "c", "d"]);
    assert_eq!(named(Surface::GeminiContent, &body), all);
    let count = json!({ "generateContentRequest": body });
    assert_eq!(named(Surface::GeminiTokenCount, &count), all);
    let batch = json!({ "batch": { "input_config": {
        "requests": { "requests": [{ "request": body }] },
    } } });
    assert_eq!(named(Surface::GeminiBatchCreate, &batch), all);
    let batch = json!({ "batch": { "inputConfig": { "fileName": "files/e" } } });
    assert_eq!(named(Surface::GeminiBatchCreate, &batch), ids(Kept::File, &["e"]));
    let input = Surface::GeminiBatchCreate.batch_input(&batch.to_string()).unwrap();
    assert_eq!(input, ids(Kept::File, &["e"]));
    let stores = json!({
        "cachedContent": "cachedContents/k",
        "tools": [{ "fileSearch": { "fileSearchStoreNames": ["fileSearchStores/s"] } }],
    });
    let both = [ids(Kept::Cache, &["k"]), ids(Kept::Store, &["s"])].concat();
    assert_eq!(named(Surface::GeminiContent, &stores), both);
}

/// A body with a link in it, and where that stands.
fn linked(link: &str) -> Vec<(Surface, Value, &'static str)> {
    use Surface as S;
    let image = json!({ "type": "image_url", "image_url": { "url": link } });
    let chat = json!({ "messages": [{ "role": "user", "content": [image] }] });
    let spoken = |part: Value| json!({ "messages": [{ "role": "user", "content": [part] }] });
    let gemini = json!({ "contents": [{ "parts": [{ "fileData": { "fileUri": link } }] }] });
    let input = json!({ "input": [{ "role": "user", "content": [
        { "type": "input_image", "image_url": link }] }] });
    let lying = json!({ "source": { "s3Location": { "uri": link } } });
    let source = json!({ "type": "image", "source": { "type": "url", "url": link } });
    vec![
        (S::OpenaiChat, chat.clone(), "messages[0].content[0].image_url.url"),
        (S::OpenaiChat, spoken(json!({ "image_url": link })), "messages[0].content[0].image_url"),
        (
            S::OpenaiChat,
            spoken(json!({ "type": "file", "file": { "file_data": link } })),
            "messages[0].content[0].file.file_data",
        ),
        (S::CohereChat, chat, "messages[0].content[0].image_url.url"),
        (S::OpenaiResponses, input.clone(), "input[0].content[0].image_url"),
        (S::OpenaiTokenCount, input, "input[0].content[0].image_url"),
        (
            S::OpenaiResponses,
            json!({ "input": [{ "type": "computer_call_output", "output": { "image_url": link } }] }),
            "input[0].output.image_url",
        ),
        (
            S::OpenaiConversationCreate,
            json!({ "items": [{ "role": "user", "content": [{ "file_url": link }] }] }),
            "items[0].content[0].file_url",
        ),
        (
            S::AnthropicMessages,
            spoken(json!({ "type": "tool_result", "content": [source] })),
            "messages[0].content[0].content[0].source.url",
        ),
        (
            S::AnthropicBatchCreate,
            json!({ "requests": [{ "params": spoken(source) }] }),
            "requests[0].params.messages[0].content[0].source.url",
        ),
        (S::GeminiContent, gemini, "contents[0].parts[0].fileData.fileUri"),
        (
            S::GeminiEmbedding,
            json!({ "content": { "parts": { "file_data": { "file_uri": link } } } }),
            "content.parts.file_data.file_uri",
        ),
        (
            S::BedrockConverse,
            spoken(json!({ "image": lying })),
            "messages[0].content[0].image.source.s3Location.uri",
        ),
        (
            S::BedrockConverse,
            spoken(json!({ "toolResult": { "content": [{ "video": lying }] } })),
            "messages[0].content[0].toolResult.content[0].video.source.s3Location.uri",
        ),
        (
            S::BedrockTokenCount,
            json!({ "input": { "converse": spoken(json!({ "document": lying })) } }),
            "input.converse.messages[0].content[0].document.source.s3Location.uri",
        ),
        (
            S::BedrockInvoke,
            json!({ "mediaSource": { "s3Location": { "uri": link } } }),
            "mediaSource.s3Location.uri",
        ),
        (
            S::GeminiPredict,
            json!({ "instances": [{ "image": { "gcsUri": link } }] }),
            "instances[0].image.gcsUri",
        ),
        (S::OpenaiEmbedding, json!({ "input": [{ "image": link }] }), "input[0].image"),
        (
            S::OpenaiEmbedding,
            json!({ "input": [[{ "images": [{ "url": link }] }]] }),
            "input[0][0].images[0].url",
        ),
        (
            S::CohereEmbed,
            json!({ "inputs": [{ "content": [{ "image_url": { "url": link } }] }] }),
            "inputs[0].content[0].image_url.url",
        ),
        (S::OpenaiImageEdit, json!({ "images": [{ "image_url": link }] }), "images[0].image_url"),
    ]
}

#[test]
fn links_to_buckets_are_seen_wherever_a_link_can_stand() {
    for link in ["s3://other-tenant/secret.png", "gs://other/secret.txt", "file:///etc/passwd"] {
        for (surface, body, field) in linked(link) {
            let body = body.to_string();
            let scanned = Scanned::whole(body.as_bytes(), surface.watch()).unwrap();
            assert!(scanned.may_name_kept, "{body}");
            let found = surface.named_in_request(&body).unwrap();
            let own = OwnLink { field: field.to_owned(), link: link.to_owned() };
            assert_eq!((found.links, found.kept), (vec![own], vec![]), "{surface:?} {body}");
        }
    }
    for (surface, body, _) in linked("https://house.example/x.png") {
        assert_eq!(named(surface, &body), [], "{surface:?} {body}");
    }
    // However it is asked for, a file that Gemini keeps is one.
    let file = "https://generativelanguage.googleapis.com/v1beta/x/../files/%61bc";
    for (surface, body, _) in linked(file) {
        assert_eq!(named(surface, &body), ids(Kept::File, &["abc"]), "{surface:?} {body}");
    }
}

#[test]
fn what_is_said_and_what_tools_are_asked_are_no_links() {
    let bucket = "s3://bucket/x";
    let said = json!({ "messages": [
        { "role": "user", "content": bucket },
        { "role": "assistant", "content": [
            { "type": "text", "text": bucket },
            { "type": "tool_use", "id": "t", "name": "f", "input": { "url": bucket, "uri": bucket } },
        ] },
    ] });
    for surface in [Surface::OpenaiChat, Surface::AnthropicMessages, Surface::BedrockConverse] {
        assert_eq!(named(surface, &said), []);
    }
    let gemini = json!({ "contents": [{ "parts": [
        { "text": bucket },
        { "functionCall": { "name": "f", "args": { "fileUri": bucket } } },
    ] }] });
    assert_eq!(named(Surface::GeminiContent, &gemini), []);
    assert_eq!(named(Surface::BedrockInvoke, &json!({ "inputText": bucket })), []);
}

#[test]
fn a_link_is_below_a_prefix_by_whole_names() {
    let below = |link: &str, prefix: &str| {
        OwnLink { field: String::new(), link: link.to_owned() }.is_below(prefix)
    };
    for prefix in ["s3://ours", "s3://ours/", "s3://ours/a", "s3://ours/a/b.png"] {
        assert!(below("s3://ours/a/b.png", prefix), "{prefix}");
    }
    for link in [
        "s3://ours-too/a/b.png",
        "s3://ours/ab.png",
        "s3://ours/a/../b.png",
        "s3://ours/a/%2e%2e/b.png",
        "s3://ours/a/..\\b",
        "S3://ours/a/b",
        " s3://ours/a/b",
    ] {
        assert!(!below(link, "s3://ours/a"), "{link}");
    }
}

#[test]
fn conversations_items_containers_and_stores_are_named() {
    let name = |body| named(Surface::OpenaiResponses, &body);
    let conversation = ids(Kept::Conversation, &["conv_1"]);
    assert_eq!(name(json!({ "conversation": "conv_1" })), conversation);
    assert_eq!(name(json!({ "conversation": { "id": "conv_1" } })), conversation);
    assert_eq!(name(json!({ "conversation": null })), []);
    let prompt = json!({ "prompt": { "id": "pmpt_1", "variables": { "id": "x" } } });
    assert_eq!(name(prompt), ids(Kept::Prompt, &["pmpt_1"]));
    let skills = json!({ "tools": [{ "type": "shell", "environment": { "type": "container_auto",
        "skills": [{ "type": "skill_reference", "skill_id": "skill_1" }] } }] });
    assert_eq!(name(skills), ids(Kept::Skill, &["skill_1"]));
    let said = json!({ "modalities": ["text", "audio"], "audio": { "voice": "a", "format": "wav" },
        "messages": [{ "role": "assistant", "audio": { "id": "audio_1" } }] });
    assert_eq!(named(Surface::OpenaiChat, &said), ids(Kept::Audio, &["audio_1"]));
    let items = json!({ "items": [
        { "id": "msg_1" },
        { "role": "user", "content": [{ "type": "input_file", "file_id": "file-2" }] },
    ] });
    let both = [ids(Kept::Item, &["msg_1"]), ids(Kept::File, &["file-2"])].concat();
    for surface in [Surface::OpenaiConversationCreate, Surface::OpenaiItemAdd] {
        let mut found = named(surface, &items);
        found.sort_by_key(|(kept, _)| *kept == Kept::File);
        assert_eq!(found, both, "{surface:?}");
    }
    let files = json!({ "file_id": "file-1", "file_ids": ["file-2"], "name": "file_id",
        "files": [{ "file_id": "file-3", "attributes": { "file_id": "x" } }] });
    for surface in [
        Surface::OpenaiStoreCreate,
        Surface::OpenaiStoreFileAdd,
        Surface::OpenaiStoreFilesAdd,
        Surface::OpenaiContainerFileAdd,
    ] {
        assert_eq!(named(surface, &files), ids(Kept::File, &["file-1", "file-2", "file-3"]));
    }
    let reply = json!({ "previous_response_id": "resp_1", "input": "previous_response_id" });
    assert_eq!(name(reply), ids(Kept::Reply, &["resp_1"]));
    let items = json!({ "input": [
        { "type": "item_reference", "id": "msg_1" },
        { "id": "msg_2" },
        { "id": "msg_3", "type": null },
        { "id": "rs_4", "type": "reasoning", "summary": [], "encrypted_content": "x" },
        { "id": "msg_5", "role": "assistant", "content": "hi" },
        { "role": "assistant", "content": [{ "type": "output_text", "text": "",
          "annotations": [{ "type": "file_citation", "file_id": "file-9" }] }] },
    ] });
    assert_eq!(name(items), ids(Kept::Item, &["msg_1", "msg_2", "msg_3"]));
    let tools = json!({ "tools": [
        { "type": "code_interpreter", "container": "cntr_1" },
        { "type": "shell", "environment": { "type": "container_reference", "container_id": "cntr_2" } },
    ], "input": [{ "type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_3" }] });
    assert_eq!(name(tools), ids(Kept::Container, &["cntr_1", "cntr_2", "cntr_3"]));
    let store =
        json!({ "tools": [{ "type": "file_search", "vector_store_ids": ["vs_1", "vs_2"] }] });
    assert_eq!(name(store), ids(Kept::Store, &["vs_1", "vs_2"]));
    let container = ids(Kept::Container, &["container_1"]);
    for container_said in [json!("container_1"), json!({ "id": "container_1", "skills": [] })] {
        let body = json!({ "container": container_said, "messages": [] });
        assert_eq!(named(Surface::AnthropicMessages, &body), container);
    }
    let skills = json!({ "messages": [], "container": { "skills": [
        { "type": "anthropic", "skill_id": "pptx" },
        { "type": "custom", "skill_id": "skill_1" },
    ] } });
    assert_eq!(named(Surface::AnthropicMessages, &skills), ids(Kept::Skill, &["skill_1"]));
}

#[test]
fn what_models_read_and_say_names_nothing() {
    let chat = json!({
        "messages": [
            { "role": "assistant", "tool_calls": [{ "id": "c", "type": "function",
              "function": { "name": "f", "arguments": "{\"file_id\":\"x\"}" } }] },
        ],
        "tools": [{ "type": "function", "function": { "name": "f", "parameters": {
            "type": "object", "properties": { "file_id": { "type": "string", "default": "x" } } } } }],
        "metadata": { "conversation": "x", "file_id": "x" },
    });
    assert_eq!(named(Surface::OpenaiChat, &chat), []);
    let messages = json!({ "messages": [
        { "role": "assistant", "content": [
            { "type": "tool_use", "id": "t", "name": "f", "input": { "file_id": "x", "container": "y" } },
            { "type": "bash_code_execution_tool_result", "tool_use_id": "t",
              "content": { "content": [{ "type": "bash_code_execution_output", "file_id": "x" }] } },
        ] },
    ] });
    assert_eq!(named(Surface::AnthropicMessages, &messages), []);
    let gemini = json!({ "contents": [{ "parts": [
        { "functionCall": { "name": "f", "args": { "fileUri": "files/x" } } },
    ] }] });
    assert_eq!(named(Surface::GeminiContent, &gemini), []);
}

#[test]
fn an_id_is_seen_however_its_name_is_written() {
    let body = r#"{"messages":[{"content":[{"file":{"file\u005fid":"file-1"}}]}]}"#;
    let scanned = Scanned::whole(body.as_bytes(), Surface::OpenaiChat.watch()).unwrap();
    assert!(scanned.may_name_kept);
    let named = Surface::OpenaiChat.named_in_request(body).unwrap();
    assert_eq!(named.kept, ids(Kept::File, &["file-1"]));
    let plain = br#"{"model":"m","messages":[{"role":"user","content":"file_id"}],"id":"x"}"#;
    let scanned = Scanned::whole(plain, Surface::OpenaiChat.watch()).unwrap();
    assert!(!scanned.may_name_kept, "a body that names nothing is looked at once");
}

#[test]
fn what_is_named_is_bounded() {
    let many: Vec<String> = (0..=super::NAMED_MAX).map(|number| number.to_string()).collect();
    let body = json!({ "tools": [{ "vector_store_ids": many }] }).to_string();
    assert!(Surface::OpenaiResponses.named_in_request(&body).is_err());
}

#[test]
fn a_reply_says_what_was_made() {
    let made = |surface: Surface, body: &str| surface.kept_in_reply(body);
    let reply = r#"{"object":"response","id":"resp_1","output":[{"id":"msg_1"},
        {"id":"ci_1","container_id":"cntr_1"}],"tools":[{"id":"x"}]}"#;
    let all = [
        ids(Kept::Reply, &["resp_1"]),
        ids(Kept::Item, &["msg_1", "ci_1"]),
        ids(Kept::Container, &["cntr_1"]),
    ]
    .concat();
    assert_eq!(made(Surface::OpenaiResponses, reply), all);
    assert_eq!(made(Surface::OpenaiReplyCompact, reply), all);
    // Whose a reply is that is only fetched, nobody learns from it.
    assert_eq!(made(Surface::OpenaiReplyGet, reply), all[1..]);
    let file = r#"{"id":"file-1","object":"file"}"#;
    assert_eq!(made(Surface::OpenaiFileUpload, file), ids(Kept::File, &["file-1"]));
    let batch = r#"{"id":"batch_1","output_file_id":"file-2","error_file_id":null}"#;
    let both = [ids(Kept::Batch, &["batch_1"]), ids(Kept::File, &["file-2"])].concat();
    assert_eq!(made(Surface::OpenaiBatchCreate, batch), both);
    assert_eq!(made(Surface::OpenaiBatchGet, batch), both[1..]);
    let uploaded = r#"{"file":{"name":"files/abc","uri":"https://x.example/v1beta/files/abc"}}"#;
    assert_eq!(made(Surface::GeminiFileUpload, uploaded), ids(Kept::File, &["abc"]));
    let batch = r#"{"name":"batches/b1","metadata":{"name":"batches/other","output":{"responsesFile":"files/out"}}}"#;
    let both = [ids(Kept::Batch, &["b1"]), ids(Kept::File, &["out"])].concat();
    assert_eq!(made(Surface::GeminiBatchCreate, batch), both);
    assert_eq!(made(Surface::GeminiBatchGet, batch), both[1..]);
    let batch = r#"{"id":"msgbatch_1","type":"message_batch"}"#;
    assert_eq!(made(Surface::AnthropicBatchCreate, batch), ids(Kept::Batch, &["msgbatch_1"]));
    let message = r#"{"id":"msg_1","container":{"id":"container_1","expires_at":"x"}}"#;
    assert_eq!(made(Surface::AnthropicMessages, message), ids(Kept::Container, &["container_1"]));
    for nothing in ["{}", "<html>", "{\"id\":7}", r#"{"container":null}"#] {
        assert_eq!(made(Surface::AnthropicFileUpload, nothing), [], "{nothing}");
        assert_eq!(made(Surface::AnthropicMessages, nothing), [], "{nothing}");
    }
    assert_eq!(made(Surface::OpenaiChat, file), []);
    let said = r#"{"id":"chatcmpl-1","choices":[{"message":{"content":null,"audio":{"id":"audio_1","data":"A"}}}]}"#;
    assert_eq!(made(Surface::OpenaiChat, said), ids(Kept::Audio, &["audio_1"]));
    for (surface, id, kept) in [
        (Surface::OpenaiConversationCreate, "conv_1", Kept::Conversation),
        (Surface::OpenaiStoreCreate, "vs_1", Kept::Store),
        (Surface::OpenaiContainerCreate, "cntr_1", Kept::Container),
    ] {
        assert_eq!(made(surface, &format!(r#"{{"id":"{id}"}}"#)), ids(kept, &[id]));
    }
    let items = r#"{"object":"list","data":[{"id":"msg_1","content":[{"id":"x"}]}]}"#;
    assert_eq!(made(Surface::OpenaiItemAdd, items), ids(Kept::Item, &["msg_1"]));
    let deep = "[".repeat(1 << 16);
    assert_eq!(made(Surface::OpenaiResponses, &format!("{{\"output\":{deep}")), []);
}

#[test]
fn the_end_of_a_stream_says_what_was_made() {
    let event = r#"{"type":"response.completed","response":{"id":"resp_1","output":[{"id":"msg_1"}],"usage":{}}}"#;
    let both = [ids(Kept::Reply, &["resp_1"]), ids(Kept::Item, &["msg_1"])].concat();
    assert_eq!(kept_in_event(Dialect::OpenaiResponses, event), both);
    let event = r#"{"type":"message_delta","delta":{"container":{"id":"container_1"}},"usage":{}}"#;
    let container = ids(Kept::Container, &["container_1"]);
    assert_eq!(kept_in_event(Dialect::AnthropicMessages, event), container);
    assert_eq!(kept_in_event(Dialect::OpenaiChat, r#"{"id":"x"}"#), []);
    let event = r#"{"id":"x","choices":[{"delta":{"audio":{"id":"audio_1","data":"A"}}}]}"#;
    assert_eq!(kept_in_event(Dialect::OpenaiChat, event), ids(Kept::Audio, &["audio_1"]));
}

proptest! {
    #[test]
    fn any_body_is_survived(body in "[\\[\\]{},:\"a0]{0,40}|\\{\"(input|messages|id|content|output)\":[\\[\\]{},:\"a0]{0,40}\\}") {
        for &surface in Surface::ALL {
            let _ = surface.named_in_request(&body);
            let _ = surface.kept_in_reply(&body);
        }
    }
}

#[test]
fn talks_name_things_in_their_setup_and_in_what_is_said() {
    let file = |name: &str| json!([{ "fileData": { "fileUri": format!("https://h/v1beta/files/{name}") } }]);
    let parts = |name: &str| json!({ "parts": file(name) });
    for (message, id) in [
        (json!({ "setup": { "cachedContent": "cachedContents/c" } }), (Kept::Cache, "c")),
        (json!({ "setup": { "systemInstruction": parts("a") } }), (Kept::File, "a")),
        (json!({ "clientContent": { "turns": [parts("b")] } }), (Kept::File, "b")),
        (json!({ "client_content": { "turns": [parts("b")] } }), (Kept::File, "b")),
        (json!({ "toolResponse": { "functionResponses": [parts("d")] } }), (Kept::File, "d")),
    ] {
        let (kept, id) = id;
        assert_eq!(kept_in_talk(&message.to_string()), [(kept, id.to_owned())], "{message}");
    }
}
