//! The wire formats: bodies and headers of calls, and what comes back. Sends nothing, judges no answer.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::answer::Given;
use super::config::{Api, Endpoint};
use super::prompt::{Prompt, TOOL};

/// The version of Anthropic's API that is spoken.
pub(super) const ANTHROPIC_VERSION: &str = "2023-06-01";

/// What a server turned out not to understand; learned from its errors, and remembered.
#[derive(Debug, Default)]
pub(super) struct Quirks(AtomicU8);

/// Newer models take no temperature.
const NO_TEMPERATURE: u8 = 1;
/// Newer models let no tool be forced.
const FREE_TOOL: u8 = 2;
/// The server knows no `response_format` with a schema.
const NO_SCHEMA: u8 = 4;
/// Newer models call the most tokens `max_completion_tokens`.
const COMPLETION_TOKENS: u8 = 8;

impl Quirks {
    pub(super) fn new(bits: u8) -> Quirks {
        Quirks(AtomicU8::new(bits))
    }

    pub(super) fn bits(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    /// Learns from a call that was refused as ill-formed, sent with these `bits`. Whether another try makes sense.
    pub(super) fn learn(&self, api: Api, bits: u8, said: &str) -> bool {
        let said = said.to_ascii_lowercase();
        let new = if said.contains("temperature") {
            NO_TEMPERATURE
        } else if said.contains("tool_choice") && api == Api::Anthropic {
            FREE_TOOL
        } else if said.contains("max_completion_tokens") && api == Api::OpenAi {
            COMPLETION_TOKENS
        } else if api == Api::OpenAi {
            NO_SCHEMA
        } else {
            return false;
        };
        self.0.fetch_or(new, Ordering::Relaxed);
        bits & new == 0
    }
}

#[derive(Serialize)]
struct Messages<'p> {
    model: &'p str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    system: [Block<'p>; 1],
    tools: [Tool<'p>; 1],
    tool_choice: ToolChoice,
    messages: [Said<'p>; 1],
}

#[derive(Serialize)]
struct Block<'p> {
    r#type: &'static str,
    text: &'p str,
    cache_control: CacheControl,
}

/// The rubric is the same in every call: the server may keep it ready, at a tenth of the price.
#[derive(Serialize)]
struct CacheControl {
    r#type: &'static str,
}

#[derive(Serialize)]
struct Tool<'p> {
    name: &'static str,
    description: &'static str,
    input_schema: &'p RawValue,
}

#[derive(Serialize)]
struct ToolChoice {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    disable_parallel_tool_use: bool,
}

#[derive(Serialize)]
struct Said<'p> {
    role: &'static str,
    content: &'p str,
}

#[derive(Serialize)]
struct Chat<'p> {
    model: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    messages: [Said<'p>; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'p>>,
}

#[derive(Serialize)]
struct ResponseFormat<'p> {
    r#type: &'static str,
    json_schema: JsonSchema<'p>,
}

#[derive(Serialize)]
struct JsonSchema<'p> {
    name: &'static str,
    strict: bool,
    schema: &'p RawValue,
}

/// The body of a call; `again` is added to what the model reads last.
pub(super) fn body(endpoint: &Endpoint, prompt: &Prompt, bits: u8, again: &str) -> Box<RawValue> {
    let temperature = (bits & NO_TEMPERATURE == 0).then_some(endpoint.temperature);
    let mut user = format!("{}{again}", prompt.user);
    let body = match endpoint.api {
        Api::Anthropic => {
            let free = bits & FREE_TOOL != 0;
            user.push_str("\n\nCall the tool `record_answers`, once.");
            serde_json::value::to_raw_value(&Messages {
                model: &endpoint.model,
                max_tokens: prompt.max_tokens,
                temperature,
                system: [Block {
                    r#type: "text",
                    text: &prompt.system,
                    cache_control: CacheControl { r#type: "ephemeral" },
                }],
                tools: [Tool {
                    name: TOOL,
                    description: "Records the rater's answers about the session.",
                    input_schema: &prompt.schema,
                }],
                tool_choice: ToolChoice {
                    r#type: if free { "auto" } else { "tool" },
                    name: (!free).then_some(TOOL),
                    disable_parallel_tool_use: true,
                },
                messages: [Said { role: "user", content: &user }],
            })
        }
        Api::OpenAi => {
            let plain = bits & NO_SCHEMA != 0;
            let new_name = bits & COMPLETION_TOKENS != 0 || endpoint.host() == "api.openai.com";
            let system = if plain {
                format!(
                    "{}\nAnswer with one JSON object and nothing else, of this JSON schema:\n{}\n",
                    prompt.system, prompt.schema_counted
                )
            } else {
                prompt.system.clone()
            };
            user.push_str("\n\nAnswer with the JSON object.");
            serde_json::value::to_raw_value(&Chat {
                model: &endpoint.model,
                max_tokens: (!new_name).then_some(prompt.max_tokens),
                max_completion_tokens: new_name.then_some(prompt.max_tokens),
                temperature,
                messages: [Said { role: "system", content: &system }, Said { role: "user", content: &user }],
                response_format: (!plain).then_some(ResponseFormat {
                    r#type: "json_schema",
                    json_schema: JsonSchema { name: TOOL, strict: true, schema: &prompt.schema_counted },
                }),
            })
        }
    };
    body.expect("a body is plain data")
}

/// The headers of every call; the key, where there is one, as the caller shows it.
pub(super) fn headers(api: Api, key: Option<&str>) -> Vec<(&'static str, String)> {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    match api {
        Api::Anthropic => {
            headers.push(("anthropic-version", ANTHROPIC_VERSION.to_owned()));
            headers.extend(key.map(|key| ("x-api-key", key.to_owned())));
        }
        Api::OpenAi => headers.extend(key.map(|key| ("authorization", format!("Bearer {key}")))),
    }
    headers
}

/// What a call cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Tokens sent at the plain price.
    pub(super) input: u64,
    /// Tokens written to the server's own cache, at 1.25 of it.
    pub(super) cache_written: u64,
    /// Tokens read from there, at a tenth.
    pub(super) cache_read: u64,
    /// Tokens answered.
    pub(super) output: u64,
}

impl Usage {
    /// All tokens sent.
    pub(super) fn sent(&self) -> u64 {
        self.input + self.cache_written + self.cache_read
    }
}

/// An answer to a call.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) given: Given,
    /// `None` if the server did not say.
    pub(super) usage: Option<Usage>,
}

/// Reads the answer to a call. `None` if it is not of the wire format.
pub(super) fn reply(api: Api, bytes: &[u8]) -> Option<Reply> {
    match api {
        Api::Anthropic => message(&serde_json::from_slice::<Message>(bytes).ok()?),
        Api::OpenAi => completion(serde_json::from_slice(bytes).ok()?),
    }
}

/// A message of Anthropic's API, as a call and the lines of a batch's results have it.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    content: Vec<Content>,
    stop_reason: Option<String>,
    usage: Option<MessageUsage>,
}

#[derive(Debug, Deserialize)]
struct Content {
    r#type: String,
    text: Option<String>,
    name: Option<String>,
    input: Option<Json>,
}

#[derive(Debug, Deserialize)]
struct MessageUsage {
    input_tokens: u64,
    output_tokens: u64,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
}

/// What a message of Anthropic's API gives.
pub(super) fn message(message: &Message) -> Option<Reply> {
    let usage = message.usage.as_ref().map(|usage| Usage {
        input: usage.input_tokens,
        cache_written: usage.cache_creation_input_tokens.unwrap_or(0),
        cache_read: usage.cache_read_input_tokens.unwrap_or(0),
        output: usage.output_tokens,
    });
    let called = |content: &&Content| content.r#type == "tool_use" && content.name.as_deref() == Some(TOOL);
    let given = match message.stop_reason.as_deref() {
        Some("refusal") => Given::Refused,
        Some("max_tokens" | "model_context_window_exceeded") => Given::Truncated,
        _ => match message.content.iter().find(called).and_then(|content| content.input.as_ref()) {
            Some(Json::Object(input)) => Given::Object(input.clone()),
            Some(_) => Given::Text(String::new()),
            None => Given::Text(
                message
                    .content
                    .iter()
                    .filter(|content| content.r#type == "text")
                    .filter_map(|content| content.text.as_deref())
                    .collect(),
            ),
        },
    };
    Some(Reply { given, usage })
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    usage: Option<CompletionUsage>,
}

#[derive(Deserialize)]
struct Choice {
    message: ChoiceMessage,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct ChoiceMessage {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct CompletionUsage {
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

fn completion(completion: Completion) -> Option<Reply> {
    let usage = completion.usage.map(|usage| Usage {
        input: usage.prompt_tokens,
        output: usage.completion_tokens,
        ..Usage::default()
    });
    let choice = completion.choices.into_iter().next()?;
    let given = match choice.finish_reason.as_deref() {
        Some("content_filter") => Given::Refused,
        Some("length") => Given::Truncated,
        _ if choice.message.refusal.is_some_and(|refusal| !refusal.is_empty()) => Given::Refused,
        _ => Given::Text(choice.message.content.unwrap_or_default()),
    };
    Some(Reply { given, usage })
}

/// What a server says of an error: its kind, and its words.
pub(super) fn error(bytes: &[u8]) -> (Option<String>, Option<String>) {
    let Ok(Json::Object(object)) = serde_json::from_slice(bytes) else { return (None, None) };
    let inner = match object.get("error") {
        Some(Json::Object(inner)) => inner.clone(),
        Some(Json::String(words)) => Map::from_iter([("message".to_owned(), words.clone().into())]),
        _ => object,
    };
    let text = |name: &str| inner.get(name).and_then(Json::as_str).map(str::to_owned);
    (text("type").or_else(|| text("code")), text("message").or_else(|| text("detail")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_of_both_formats_are_read() {
        let tool = br#"{"content":[{"type":"text","text":"Well."},{"type":"tool_use","id":"t","name":"record_answers","input":{"a":1}}],"stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":2,"cache_read_input_tokens":5}}"#;
        let reply_of = |api, bytes: &[u8]| reply(api, bytes).expect("it is of the format");
        let got = reply_of(Api::Anthropic, tool);
        assert!(matches!(got.given, Given::Object(ref input) if input["a"] == 1));
        assert_eq!(got.usage.map(|usage| (usage.sent(), usage.output)), Some((8, 2)));
        for stop in ["refusal", "max_tokens"] {
            let text = format!(r#"{{"content":[],"stop_reason":"{stop}"}}"#);
            let given = reply_of(Api::Anthropic, text.as_bytes()).given;
            assert!(matches!((stop, given), ("refusal", Given::Refused) | ("max_tokens", Given::Truncated)));
        }
        let chat = br#"{"choices":[{"message":{"content":"{}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
        assert!(matches!(reply_of(Api::OpenAi, chat).given, Given::Text(text) if text == "{}"));
        let refusal = br#"{"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]}"#;
        assert!(matches!(reply_of(Api::OpenAi, refusal).given, Given::Refused));
        assert!(reply(Api::OpenAi, b"<html>").is_none());
    }

    #[test]
    fn errors_of_both_formats_are_read() {
        let anthropic = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        assert_eq!(error(anthropic), (Some("overloaded_error".to_owned()), Some("Overloaded".to_owned())));
        assert_eq!(error(br#"{"error":"no such model"}"#), (None, Some("no such model".to_owned())));
        assert_eq!(error(b"<html>"), (None, None));
    }

    #[test]
    fn a_quirk_is_learned_once() {
        let quirks = Quirks::new(0);
        assert!(quirks.learn(Api::Anthropic, 0, "`temperature` is deprecated for this model."));
        // Two calls may have been on their way; the second learns nothing new but may try again.
        assert!(quirks.learn(Api::Anthropic, 0, "`temperature` is deprecated for this model."));
        assert!(!quirks.learn(Api::Anthropic, quirks.bits(), "temperature"));
        assert!(!quirks.learn(Api::Anthropic, quirks.bits(), "credit balance is too low"));
        assert!(quirks.learn(Api::OpenAi, 0, "unknown field"));
    }
}
