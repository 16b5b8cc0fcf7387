//! `generationConfig`, read and written: what the output shall be like and how tokens are drawn.

use super::super::{media, schema, wire};
use super::reasoning;
use crate::chat::{
    AudioOutput, ChatRequest, Content, Message, Output, OutputFormat, Sampling, Text,
};
use crate::dialect::{Quirks, described};
use crate::json::{Cursor, JsonError, Kind, Writer};

/// Reads it, and tells how closely all images are to be looked at.
pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut ChatRequest<'a>,
) -> Result<Option<Text<'static>>, JsonError> {
    let (mut detail, mut schema, mut media_type) = (None, None, None);
    let ChatRequest { output, sampling, reasoning, .. } = request;
    cursor.object(|cursor, name| {
        if cursor.kind() == Kind::Null {
            return cursor.skip();
        }
        match name {
            "responseMimeType" | "response_mime_type" => media_type = Some(read_type(cursor)?),
            "responseSchema" | "response_schema" => schema = Some(schema::read(cursor)?),
            "responseJsonSchema" | "response_json_schema" | "_responseJsonSchema" => {
                schema = Some(cursor.json()?);
            }
            "thinkingConfig" | "thinking_config" => *reasoning = reasoning::read(cursor)?,
            "mediaResolution" | "media_resolution" => detail = media::detail(&cursor.text()?),
            "responseModalities" | "response_modalities" => read_modalities(cursor, output)?,
            "speechConfig" | "speech_config" => {
                let voice = read_voice(cursor)?;
                output.audio.get_or_insert(AudioOutput { voice: None, format: None }).voice = voice;
            }
            _ => read_option(cursor, name, output, sampling)?,
        }
        Ok(())
    })?;
    let strict = Some(true);
    let named = |schema| OutputFormat::Schema { name: None, description: None, schema, strict };
    output.format = schema.map(named).or(media_type.flatten());
    Ok(detail)
}

/// The format that a media type alone says. Others come with a schema, and are told as lost.
fn read_type<'a>(cursor: &mut Cursor<'a>) -> Result<Option<OutputFormat<'a>>, JsonError> {
    Ok(match cursor.text()?.as_ref() {
        "application/json" => Some(OutputFormat::Json),
        "text/plain" => Some(OutputFormat::Text),
        _ => {
            cursor.note_unknown("");
            None
        }
    })
}

fn read_option<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    output: &mut Output<'a>,
    sampling: &mut Sampling<'a>,
) -> Result<(), JsonError> {
    match name {
        "maxOutputTokens" | "max_output_tokens" => output.tokens_max = Some(cursor.count()?),
        "stopSequences" | "stop_sequences" => output.stop = cursor.list(Cursor::text)?,
        "candidateCount" | "candidate_count" => output.choices = Some(cursor.count()?),
        "responseLogprobs" | "response_logprobs" => output.logprobs = cursor.truth()?,
        "logprobs" => output.logprobs_top = Some(cursor.count()?),
        "temperature" => sampling.temperature = Some(cursor.number()?),
        "topP" | "top_p" => sampling.top_p = Some(cursor.number()?),
        "topK" | "top_k" => sampling.top_k = Some(cursor.number()?),
        "seed" => sampling.seed = Some(cursor.number()?),
        "presencePenalty" | "presence_penalty" => {
            sampling.presence_penalty = Some(cursor.number()?);
        }
        "frequencyPenalty" | "frequency_penalty" => {
            sampling.frequency_penalty = Some(cursor.number()?);
        }
        _ => cursor.unknown()?,
    }
    Ok(())
}

fn read_modalities<'a>(cursor: &mut Cursor<'a>, output: &mut Output<'a>) -> Result<(), JsonError> {
    wire::each(cursor, |cursor| {
        match cursor.text()?.to_ascii_uppercase().as_str() {
            "TEXT" | "MODALITY_UNSPECIFIED" => {}
            "IMAGE" => output.images = true,
            "AUDIO" => {
                output.audio.get_or_insert(AudioOutput { voice: None, format: None });
            }
            _ => cursor.note_unknown(""),
        }
        Ok(())
    })
}

/// `{"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "…"}}}`, at any of these depths.
fn read_voice<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Text<'a>>, JsonError> {
    let mut voice = None;
    cursor.object(|cursor, name| {
        match name {
            "voiceConfig" | "voice_config" | "prebuiltVoiceConfig" | "prebuilt_voice_config" => {
                voice = read_voice(cursor)?;
            }
            "voiceName" | "voice_name" => voice = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(voice)
}

pub(super) fn write(request: &ChatRequest<'_>, quirks: &Quirks, w: &mut Writer<'_>) {
    let Output {
        tokens_max,
        stop,
        format,
        choices,
        logprobs,
        logprobs_top,
        verbosity: _,
        audio,
        images,
        prediction: _,
    } = &request.output;
    w.key("generationConfig").object(|w| {
        w.count_field("maxOutputTokens", *tokens_max);
        if !stop.is_empty() {
            w.key("stopSequences").array(|w| stop.iter().for_each(|stop| w.text(stop)));
        }
        write_format(format.as_ref(), w);
        w.count_field("candidateCount", *choices);
        // A number of them without the wish for any is an error there.
        let top = logprobs_top.filter(|top| *top > 0);
        w.truth_field("responseLogprobs", (*logprobs || top.is_some()).then_some(true));
        w.count_field("logprobs", top);
        write_modalities(audio.as_ref(), *images, w);
        write_sampling(&request.sampling, w);
        reasoning::write(&request.reasoning, quirks, w);
        w.text_field("mediaResolution", closest_look(&request.messages));
    });
}

fn write_format(format: Option<&OutputFormat<'_>>, w: &mut Writer<'_>) {
    let (media_type, schema) = match format {
        None => return,
        Some(OutputFormat::Text) => ("text/plain", None),
        Some(OutputFormat::Json) => ("application/json", None),
        Some(OutputFormat::Schema { name: _, description, schema, strict: _ }) => {
            let schema = described::with(schema.as_str(), description.as_deref());
            ("application/json", Some(schema))
        }
    };
    w.key("responseMimeType").text(media_type);
    if let Some(schema) = schema {
        w.key("responseJsonSchema").json(&schema);
    }
}

/// Models that speak do nothing else, so sound is asked for alone.
fn write_modalities(audio: Option<&AudioOutput<'_>>, images: bool, w: &mut Writer<'_>) {
    let modalities: &[&str] = match (audio, images) {
        (None, false) => return,
        (Some(_), _) => &["AUDIO"],
        (None, true) => &["TEXT", "IMAGE"],
    };
    w.key("responseModalities").array(|w| modalities.iter().for_each(|one| w.text(one)));
    if let Some(AudioOutput { voice: Some(voice), format: _ }) = audio {
        w.key("speechConfig").object(|w| {
            w.key("voiceConfig").object(|w| {
                w.key("prebuiltVoiceConfig").object(|w| w.text_field("voiceName", Some(voice)));
            });
        });
    }
}

fn write_sampling(sampling: &Sampling<'_>, w: &mut Writer<'_>) {
    let Sampling {
        temperature,
        top_p,
        top_k,
        min_p: _,
        frequency_penalty,
        presence_penalty,
        repetition_penalty: _,
        seed,
        logit_bias: _,
    } = sampling;
    w.number_field("temperature", temperature.as_ref());
    w.number_field("topP", top_p.as_ref());
    w.number_field("topK", top_k.as_ref());
    w.number_field("presencePenalty", presence_penalty.as_ref());
    w.number_field("frequencyPenalty", frequency_penalty.as_ref());
    w.number_field("seed", seed.as_ref());
}

/// The closest look that any image asks for, as it is one for all of them.
fn closest_look(messages: &[Message<'_>]) -> Option<&'static str> {
    let details =
        messages.iter().flat_map(|message| &message.parts).filter_map(|part| match &part.content {
            Content::Media(media) => media.detail.as_deref(),
            _ => None,
        });
    let looks = details.filter_map(|detail| match detail {
        "high" => Some("MEDIA_RESOLUTION_HIGH"),
        "low" => Some("MEDIA_RESOLUTION_LOW"),
        _ => None,
    });
    // `HIGH` comes before `LOW` in the alphabet, too.
    looks.min()
}
