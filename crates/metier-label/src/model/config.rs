//! Which model is asked, where and how: `[labeller.NAME]` of the configuration file, and flags over it. Sends nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;

use super::error::ModelError;

/// The wire format of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// Anthropic Messages and Message Batches.
    Anthropic,
    /// Chat completions as OpenAI, llama.cpp, Ollama, vLLM and others serve them.
    OpenAi,
}

impl Api {
    /// The name in the configuration, in flags and in raters' names.
    pub fn name(self) -> &'static str {
        match self {
            Api::Anthropic => "anthropic",
            Api::OpenAi => "openai",
        }
    }

    fn usual_key(self) -> &'static str {
        match self {
            Api::Anthropic => "ANTHROPIC_API_KEY",
            Api::OpenAi => "OPENAI_API_KEY",
        }
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Api {
    type Err = String;

    fn from_str(name: &str) -> Result<Api, String> {
        match name {
            "anthropic" => Ok(Api::Anthropic),
            "openai" => Ok(Api::OpenAi),
            other => Err(format!("{other:?} is no api: anthropic or openai")),
        }
    }
}

/// What is asked in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All questions about the session and the kinds of its messages.
    Whole,
    /// One question, as in the study; the kinds of the messages are one question.
    OneQuestion,
}

/// What an entry of the configuration or the flags say; what is left out is `None`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The wire format.
    pub api: Option<Api>,
    /// Where the API is, up to and without `/v1/messages` or `/chat/completions`.
    pub base_url: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// The environment variable that has the key.
    pub key_env: Option<String>,
    /// Calls in flight at once.
    pub concurrency: Option<u16>,
    /// Calls begun in a minute.
    pub requests_per_minute: Option<u32>,
    /// Seconds until a call is given up.
    pub timeout_s: Option<f64>,
    /// The most tokens of an answer.
    pub max_output_tokens: Option<u32>,
    /// The sampling temperature.
    pub temperature: Option<f64>,
    /// US dollars for a million tokens sent.
    pub input_usd_per_mtok: Option<f64>,
    /// US dollars for a million tokens answered.
    pub output_usd_per_mtok: Option<f64>,
    /// Whether calls go in batches.
    pub batch: Option<bool>,
    /// Whether each call asks one question.
    pub one_question_per_call: Option<bool>,
    /// Whether a short reason is asked for and kept in the cache.
    pub rationale: Option<bool>,
}

impl Settings {
    /// These settings, and those of `under` where these say nothing.
    pub fn over(self, under: Settings) -> Settings {
        Settings {
            api: self.api.or(under.api),
            base_url: self.base_url.or(under.base_url),
            model: self.model.or(under.model),
            key_env: self.key_env.or(under.key_env),
            concurrency: self.concurrency.or(under.concurrency),
            requests_per_minute: self.requests_per_minute.or(under.requests_per_minute),
            timeout_s: self.timeout_s.or(under.timeout_s),
            max_output_tokens: self.max_output_tokens.or(under.max_output_tokens),
            temperature: self.temperature.or(under.temperature),
            input_usd_per_mtok: self.input_usd_per_mtok.or(under.input_usd_per_mtok),
            output_usd_per_mtok: self.output_usd_per_mtok.or(under.output_usd_per_mtok),
            batch: self.batch.or(under.batch),
            one_question_per_call: self.one_question_per_call.or(under.one_question_per_call),
            rationale: self.rationale.or(under.rationale),
        }
    }

    /// The settings of `[labeller.NAME]` in a file.
    ///
    /// # Errors
    /// If the file cannot be read, is not of the right shape, holds a key, or has no such labeller.
    pub fn of_file(file: &Path, name: &str) -> Result<Settings, ModelError> {
        let text =
            std::fs::read_to_string(file).map_err(|why| ModelError::File { file: file.to_owned(), why })?;
        let mut labellers = parse(&text).map_err(|(place, why)| ModelError::Config {
            place: format!("{}{place}", file.display()),
            why,
        })?;
        let known = labellers.keys().cloned().collect::<Vec<_>>().join(", ");
        labellers.remove(name).ok_or_else(|| ModelError::NoSuchLabeller {
            name: name.to_owned(),
            file: file.to_owned(),
            known: if known.is_empty() { "none".to_owned() } else { known },
        })
    }
}

/// The labellers in the text of a configuration; an error is a place and a reason.
fn parse(text: &str) -> Result<BTreeMap<String, Settings>, (String, String)> {
    // The parser's own message quotes the line, and a line may hold a key: only its first sentence is passed on.
    let whole: toml::Table =
        toml::from_str(text).map_err(|error| (String::new(), format!("no TOML: {}", error.message())))?;
    let mut out = BTreeMap::new();
    for (name, value) in whole {
        if name != "labeller" {
            return Err((
                String::new(),
                format!("unknown key {name:?}: labellers stand under [labeller.NAME]"),
            ));
        }
        let toml::Value::Table(entries) = value else {
            return Err((String::new(), "labeller has to be a table: [labeller.NAME]".to_owned()));
        };
        for (name, entry) in entries {
            let place = format!(" [labeller.{name}]");
            if let toml::Value::Table(table) = &entry {
                let holds_key = |key: &&String| {
                    ["key", "api_key", "apikey", "token", "secret", "password"].contains(&key.as_str())
                };
                if let Some(key) = table.keys().find(holds_key) {
                    let why = format!(
                        "{key} is refused: keys do not belong into files. Put it into an environment variable and name that with key_env"
                    );
                    return Err((place, why));
                }
            }
            let settings =
                entry.try_into::<Settings>().map_err(|error| (place, error.message().trim().to_owned()))?;
            out.insert(name, settings);
        }
    }
    Ok(out)
}

/// A model to ask, whole and checked. Holds no key.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The wire format.
    pub api: Api,
    /// Where the API is, without a slash at its end.
    pub base_url: String,
    /// The model's name.
    pub model: String,
    /// The environment variable that has the key.
    pub key_env: String,
    /// Whether there has to be a key: a server of one's own needs none.
    pub key_needed: bool,
    /// Calls in flight at once.
    pub concurrency: usize,
    /// Calls begun in a minute; `None` where the user gave none: then what the server says is followed.
    pub requests_per_minute: Option<u32>,
    /// Seconds until a call is given up.
    pub timeout_s: f64,
    /// The most tokens of an answer; `None`: as many as the questions need.
    pub max_output_tokens: Option<u32>,
    /// The sampling temperature.
    pub temperature: f64,
    /// What a million tokens cost.
    pub prices: Option<Prices>,
    /// Whether calls go in batches.
    pub batch: bool,
    /// What is asked in one call.
    pub mode: Mode,
    /// Whether a short reason is asked for and kept in the cache.
    pub rationale: bool,
}

/// US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// Sent.
    pub input: f64,
    /// Answered.
    pub output: f64,
}

impl Endpoint {
    /// The endpoint that settings describe. `place` names where they come from, for errors.
    ///
    /// # Errors
    /// If something is missing or out of its range; the error says what.
    pub fn new(settings: Settings, place: &str) -> Result<Endpoint, ModelError> {
        let wrong = |why: String| ModelError::Config { place: place.to_owned(), why };
        let api = settings.api.ok_or_else(|| wrong("api is missing: anthropic or openai".to_owned()))?;
        let model = settings
            .model
            .filter(|model| !model.trim().is_empty())
            .ok_or_else(|| wrong("model is missing: name the model to ask".to_owned()))?;
        let base_url = match (settings.base_url, api) {
            (Some(url), _) => url.trim_end_matches('/').to_owned(),
            (None, Api::Anthropic) => "https://api.anthropic.com".to_owned(),
            (None, Api::OpenAi) => {
                return Err(wrong(
                    "base_url is missing: name the server, such as http://localhost:8080/v1".to_owned(),
                ));
            }
        };
        let rest = base_url.strip_prefix("https://").or_else(|| base_url.strip_prefix("http://"));
        match rest {
            Some(rest) if !rest.is_empty() && !rest.contains(['?', '#', ' ']) => {
                if rest.split('/').next().is_some_and(|host| host.contains('@')) {
                    return Err(wrong("base_url holds a name or password: keys go into key_env".to_owned()));
                }
            }
            _ => return Err(wrong(format!("base_url {base_url:?} is no address: http://… or https://…"))),
        }
        let in_range = |name: &str, value: Option<f64>, low: f64, high: f64| match value {
            Some(value) if !(low..=high).contains(&value) => {
                Err(wrong(format!("{name} = {value} is not between {low} and {high}")))
            }
            _ => Ok(()),
        };
        in_range("temperature", settings.temperature, 0.0, 2.0)?;
        in_range("timeout_s", settings.timeout_s, 0.01, 86_400.0)?;
        in_range("concurrency", settings.concurrency.map(f64::from), 1.0, 1_000.0)?;
        in_range("requests_per_minute", settings.requests_per_minute.map(f64::from), 1.0, 1e7)?;
        in_range("max_output_tokens", settings.max_output_tokens.map(f64::from), 1.0, 1e6)?;
        in_range("input_usd_per_mtok", settings.input_usd_per_mtok, 0.0, 1e6)?;
        in_range("output_usd_per_mtok", settings.output_usd_per_mtok, 0.0, 1e6)?;
        let prices = match (settings.input_usd_per_mtok, settings.output_usd_per_mtok) {
            (Some(input), Some(output)) => Some(Prices { input, output }),
            (None, None) => None,
            _ => {
                return Err(wrong(
                    "one price is missing: set both input_usd_per_mtok and output_usd_per_mtok".to_owned(),
                ));
            }
        };
        let batch = settings.batch.unwrap_or(false);
        if batch && api != Api::Anthropic {
            return Err(ModelError::NoBatches(place.to_owned()));
        }
        let key_named = settings.key_env.is_some();
        Ok(Endpoint {
            api,
            key_needed: key_named || api == Api::Anthropic || base_url.contains("://api.openai.com"),
            key_env: settings.key_env.unwrap_or_else(|| api.usual_key().to_owned()),
            base_url,
            model,
            concurrency: usize::from(settings.concurrency.unwrap_or(8)),
            requests_per_minute: settings.requests_per_minute,
            timeout_s: settings.timeout_s.unwrap_or(120.0),
            max_output_tokens: settings.max_output_tokens,
            temperature: settings.temperature.unwrap_or(0.2),
            prices,
            batch,
            mode: match settings.one_question_per_call {
                Some(true) => Mode::OneQuestion,
                _ => Mode::Whole,
            },
            rationale: settings.rationale.unwrap_or(true),
        })
    }

    /// The name of the rater that this endpoint is: `{api}/{model}`.
    pub fn rater(&self) -> String {
        format!("{}/{}", self.api, self.model)
    }

    /// Where calls go.
    pub fn url(&self) -> String {
        match self.api {
            Api::Anthropic => format!("{}/v1/messages", self.base_url),
            Api::OpenAi => format!("{}/chat/completions", self.base_url),
        }
    }

    /// Where batches go.
    pub fn batches_url(&self) -> String {
        format!("{}/v1/messages/batches", self.base_url)
    }

    /// The host, for messages.
    pub fn host(&self) -> &str {
        let rest = self.base_url.split_once("://").map_or(self.base_url.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    /// Whether what is sent stays on this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or(rest),
            None => host.split(':').next().unwrap_or(host),
        };
        name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The key from the environment.
    ///
    /// # Errors
    /// If there has to be one and is not, or if it cannot be one.
    pub fn key(&self, environment: &dyn Fn(&str) -> Option<String>) -> Result<Option<Key>, ModelError> {
        let key = environment(&self.key_env).map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
        match key {
            Some(key) if key.chars().all(|c| c.is_ascii_graphic()) => {
                Ok(Some(Key { key, variable: self.key_env.clone() }))
            }
            Some(_) => Err(ModelError::BadKey { variable: self.key_env.clone() }),
            None if self.key_needed => {
                Err(ModelError::NoKey { variable: self.key_env.clone(), host: self.host().to_owned() })
            }
            None => Ok(None),
        }
    }
}

/// A key. Shows itself to nobody.
#[derive(Clone)]
pub struct Key {
    key: String,
    variable: String,
}

impl Key {
    /// The secret itself, for the header.
    pub(super) fn secret(&self) -> &str {
        &self.key
    }

    /// A text without the key in it.
    pub(super) fn hide(&self, text: &str) -> String {
        text.replace(&self.key, &format!("${}", self.variable))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Key(${})", self.variable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Result<Endpoint, String> {
        let mut all = parse(text).map_err(|(place, why)| format!("{place}: {why}"))?;
        let settings = all.remove("x").ok_or("no x")?;
        Endpoint::new(settings, "[labeller.x]").map_err(|error| error.to_string())
    }

    #[test]
    fn an_entry_has_defaults_and_no_default_server_for_openai() {
        let anthropic = entry("[labeller.x]\napi='anthropic'\nmodel='m'").expect("it is whole");
        assert_eq!(anthropic.url(), "https://api.anthropic.com/v1/messages");
        assert_eq!((anthropic.temperature, anthropic.key_env.as_str()), (0.2, "ANTHROPIC_API_KEY"));
        assert_eq!(anthropic.rater(), "anthropic/m");
        let why = entry("[labeller.x]\napi='openai'\nmodel='m'").expect_err("it names no server");
        assert!(why.contains("base_url is missing"), "{why}");
        let own = "[labeller.x]\napi='openai'\nmodel='m'\nbase_url='http://localhost:8080/v1/'";
        let own = entry(own).expect("it is whole");
        assert_eq!(own.url(), "http://localhost:8080/v1/chat/completions");
        assert!(own.is_loopback() && !own.key_needed);
        assert!(own.key(&|_| None).expect("none is needed").is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with = |line: &str| {
            entry(&format!("[labeller.x]\napi='anthropic'\nmodel='m'\n{line}")).expect_err("it is wrong")
        };
        assert!(with("colour = 1").contains("colour"), "{}", with("colour = 1"));
        assert!(with("temperature = 3").contains("temperature = 3"));
        assert!(with("input_usd_per_mtok = 3").contains("one price is missing"));
        assert!(with("base_url = 'ftp://x'").contains("ftp://x"));
        assert!(with("base_url = 'https://a:b@x'").contains("key_env"));
        let key = with("api_key = 'sk-secret'");
        assert!(key.contains("keys do not belong into files") && !key.contains("sk-secret"), "{key}");
        assert!(entry("[labelers.x]\n").expect_err("it is unknown").contains("labelers"));
        let batch = "[labeller.x]\napi='openai'\nmodel='m'\nbase_url='http://x'\nbatch=true";
        assert!(entry(batch).expect_err("openai has none here").contains("batch"));
    }

    #[test]
    fn a_key_shows_itself_to_nobody() {
        let endpoint = entry("[labeller.x]\napi='anthropic'\nmodel='m'").expect("it is whole");
        let key = endpoint.key(&|_| Some("sk-secret\n".to_owned())).expect("it is one").expect("it is there");
        assert_eq!(format!("{key:?}"), "Key($ANTHROPIC_API_KEY)");
        assert_eq!(key.hide("bad sk-secret"), "bad $ANTHROPIC_API_KEY");
        assert!(
            endpoint.key(&|_| None).expect_err("it is missing").to_string().contains("ANTHROPIC_API_KEY")
        );
        assert!(endpoint.key(&|_| Some("sk secret".to_owned())).is_err());
    }
}
