//! Model labellers against a scripted server: every call is counted, none is paid twice, none is lost.
#![allow(clippy::unwrap_used)]

#[path = "model/server.rs"]
mod server;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metier_label::model::{
    Api, Cache, Endpoint, How, Job, Labelled, Labeller, ModelError, Options, Patience, Reason, Settings,
    Totals,
};
use metier_label::rubric;
use serde_json::{Value as Json, json};
use server::{Batches, Does, Request, Server, answers, completion, message, well};

const KEY: &str = "sk-very-secret-0123456789";

fn settings(api: Api, server: &Server) -> Settings {
    Settings {
        api: Some(api),
        base_url: Some(server.url.clone()),
        model: Some("m".to_owned()),
        concurrency: Some(4),
        input_usd_per_mtok: Some(1.0),
        output_usd_per_mtok: Some(5.0),
        ..Settings::default()
    }
}

fn options() -> Options {
    let patience = Patience { first_wait: Duration::from_millis(2), ..Patience::default() };
    Options { patience, poll: Duration::from_millis(5), ..Options::default() }
}

fn job(number: usize) -> Job {
    Job {
        session: format!("s{number}"),
        text: format!("### USER 1\nFix the flaky test {number}, MARKERTEXT.\n\n### AGENT\nDone."),
        messages_text: format!("### USER 1\nFix the flaky test {number}, MARKERTEXT."),
        messages: 1,
    }
}

struct Run {
    results: Vec<Labelled>,
    totals: Totals,
    ended: Result<Totals, ModelError>,
    said: Vec<String>,
}

fn run_with(settings: Settings, cache: &Path, options: Options, jobs: Vec<Job>) -> Run {
    let endpoint = Endpoint::new(settings, "the test").unwrap();
    let key = endpoint.key(&|_| Some(KEY.to_owned())).unwrap();
    let mask = Box::new(|text: &str| text.replace("hunter2", "[password]"));
    let labeller = Labeller::new(endpoint, key, Cache::open(cache).unwrap(), mask, options).unwrap();
    let mut results = Vec::new();
    let ended = labeller.label(jobs.into_iter(), |labelled| results.push(labelled));
    Run { results, totals: labeller.totals(), ended, said: labeller.said() }
}

/// A run over `sessions` in a new cache.
fn run(api: Api, server: &Server, sessions: usize) -> Run {
    let folder = tempfile::tempdir().unwrap();
    run_with(settings(api, server), &folder.path().join("c"), options(), (0..sessions).map(job).collect())
}

/// A server whose first answers are scripted, and all is well after them.
fn first(does: impl Fn(usize) -> Option<Does> + Send + Sync + 'static) -> Server {
    Server::start(move |number, request| does(number).unwrap_or_else(|| well(request)))
}

fn names(run: &Run) -> Vec<&str> {
    run.results.iter().map(|labelled| labelled.session.as_str()).collect()
}

#[test]
fn both_formats_label_and_results_come_in_the_order_of_the_jobs() {
    for api in [Api::Anthropic, Api::OpenAi] {
        let server = Server::start(|number, request| {
            let wait = Duration::from_millis([9, 1, 5, 3][number % 4]);
            Does::Slowly(wait, Box::new(well(request)))
        });
        let run = run(api, &server, 30);
        assert_eq!(names(&run), (0..30).map(|n| format!("s{n}")).collect::<Vec<_>>());
        assert!(
            run.results.iter().all(|labelled| labelled.how == How::Called && labelled.unanswered.is_empty())
        );
        let labels = &run.results[0].labels;
        assert_eq!(labels.rater.name(), format!("{api}/m"));
        assert_eq!(labels.choice(rubric(), "work_mode"), Some("fixing"));
        assert_eq!(labels.level(rubric(), "expertise"), Some(3));
        assert_eq!(labels.intents.len(), 1);
        assert_eq!((server.calls(), run.totals.calls, run.totals.labelled), (30, 30, 30));
        assert!(run.totals.usd.is_some_and(|usd| usd > 0.0));
        assert!(run.ended.is_ok());
    }
}

#[test]
fn requests_are_of_the_wire_formats() {
    let server = Server::start(|_, request| well(request));
    run(Api::Anthropic, &server, 1);
    let request = &server.requests()[0];
    let body = request.json();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/messages"));
    assert_eq!(request.headers["anthropic-version"], "2023-06-01");
    assert_eq!(request.headers["x-api-key"], KEY);
    assert_eq!(
        body["tool_choice"],
        json!({"type": "tool", "name": "record_answers", "disable_parallel_tool_use": true})
    );
    assert_eq!(body["temperature"], 0.2);
    assert_eq!(
        body["tools"][0]["input_schema"]["properties"]["outcome"]["enum"].as_array().unwrap().len(),
        4
    );

    let server = Server::start(|_, request| well(request));
    run(Api::OpenAi, &server, 1);
    let request = &server.requests()[0];
    let body = request.json();
    assert_eq!(request.path, "/chat/completions");
    assert_eq!(request.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(body["response_format"]["type"], "json_schema");
    assert_eq!(body["response_format"]["json_schema"]["strict"], true);
    assert_eq!(body["response_format"]["json_schema"]["schema"]["properties"]["intents"]["minItems"], 1);
}

#[test]
fn one_question_per_call_asks_each_question_once() {
    let server = Server::start(|_, request| well(request));
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { one_question_per_call: Some(true), ..settings(Api::OpenAi, &server) };
    let run = run_with(settings, &folder.path().join("c"), options(), vec![job(0)]);
    assert_eq!(server.calls(), rubric().questions.len() + 1);
    for request in server.requests() {
        let body = request.json();
        assert_eq!(
            body["response_format"]["json_schema"]["schema"]["properties"].as_object().unwrap().len(),
            1
        );
        assert_eq!(body["temperature"], 0.2);
    }
    let answered = run.results[0].labels.answers.iter().flatten().count();
    assert_eq!(answered, rubric().questions.len() - 1, "all but the share that is null");
}

#[test]
fn too_many_requests_are_waited_out_with_and_without_retry_after() {
    let dated = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (status, header) in [(429, Some("0.02")), (429, Some(dated)), (429, None), (529, None)] {
        let server = first(move |number| {
            let does = (number < 6).then(|| Does::status(status))?;
            Some(match header {
                Some(value) => does.with("retry-after", value),
                None => does,
            })
        });
        let run = run(Api::Anthropic, &server, 8);
        assert_eq!((server.calls(), run.totals.labelled), (14, 8), "{status} {header:?}");
        assert!(run.totals.failed.is_empty());
    }
}

#[test]
fn a_wait_of_hours_is_the_users_to_decide() {
    let server = Server::start(|_, _| Does::status(429).with("retry-after", "7200"));
    let run = run(Api::Anthropic, &server, 3);
    let error = run.ended.unwrap_err().to_string();
    assert!(error.contains("7200 s"), "{error}");
    assert_eq!(run.results.len(), 3);
}

#[test]
fn server_errors_and_cut_answers_are_tried_again_and_no_finished_call_is() {
    for does in [
        || Does::status(500),
        || Does::status(503),
        || Does::HalfOf(vec![b'{'; 1000]),
        || Does::Close,
        || Does::Answer(200, Vec::new(), b"<html>proxy</html>".to_vec()),
    ] {
        let server = first(move |number| (number < 3).then(does));
        let run = run(Api::OpenAi, &server, 5);
        assert_eq!((server.calls(), run.totals.labelled), (8, 5));
    }
}

#[test]
fn a_slow_answer_is_given_up_and_asked_for_again() {
    let server = first(|number| {
        (number == 0).then(|| Does::Slowly(Duration::from_secs(3), Box::new(Does::status(500))))
    });
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { timeout_s: Some(0.5), ..settings(Api::Anthropic, &server) };
    let run = run_with(settings, &folder.path().join("c"), options(), vec![job(0)]);
    assert_eq!((server.calls(), run.totals.labelled), (2, 1));
}

#[test]
fn failures_are_counted_by_reason_and_the_rest_is_kept() {
    let server =
        Server::start(
            |_, request| {
                if request.prompt().contains("test 1,") { Does::status(500) } else { well(request) }
            },
        );
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("c");
    let one = run_with(settings(Api::Anthropic, &server), &cache, options(), (0..3).map(job).collect());
    assert_eq!(one.results[1].how, How::Failed(Reason::Status(500)));
    assert_eq!(one.totals.failed.get(&Reason::Status(500)), Some(&1));
    assert_eq!((one.totals.labelled, server.calls()), (2, 2 + 5));
    let two = run_with(settings(Api::Anthropic, &server), &cache, options(), (0..3).map(job).collect());
    assert_eq!((two.totals.cached, server.calls()), (2, 2 + 5 + 5));
}

#[test]
fn a_closed_door_stops_everything_and_says_how_to_mend_it() {
    for (status, mend) in [(401, "check the key in ANTHROPIC_API_KEY"), (404, "check base_url and model")] {
        let server = Server::start(move |_, _| Does::error(status, "some_error", &format!("bad key {KEY}")));
        let run = run(Api::Anthropic, &server, 50);
        let error = run.ended.unwrap_err();
        assert!(error.to_string().contains(mend), "{error}");
        assert!(server.calls() <= 4, "only those in flight");
        let shown = format!("{error:?} {error} {:?} {:?}", run.said, run.results);
        assert!(!shown.contains(KEY), "{shown}");
    }
}

#[test]
fn nobody_there_is_told_after_a_few_tries() {
    let mut settings = settings(Api::OpenAi, &Server::start(|_, _| Does::Close));
    settings.base_url = Some("http://127.0.0.1:9".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let run = run_with(settings, &folder.path().join("c"), options(), (0..200).map(job).collect());
    assert!(run.ended.unwrap_err().to_string().contains("in a row failed"));
    assert_eq!(run.results.len(), 200);
}

#[test]
fn words_of_a_server_that_quote_the_session_are_not_passed_on() {
    let server = Server::start(|_, request| {
        let prompt = request.prompt();
        let at = prompt.find("Fix the flaky").unwrap();
        Does::error(413, "too_large", &format!("near {}", &prompt[at..at + 35]))
    });
    let run = run(Api::Anthropic, &server, 1);
    assert_eq!(run.results[0].how, How::Failed(Reason::Status(413)));
    assert_eq!(run.said, ["413 too_large"]);
}

#[test]
fn what_cannot_be_taken_is_asked_again_exactly_once() {
    type Wrong = fn(&Json) -> Json;
    fn stopped(body: &Json, reason: &str) -> Json {
        let mut message = message(body, &json!({}));
        message["stop_reason"] = reason.into();
        message["content"] = json!([]);
        message
    }
    fn with(body: &Json, name: &str, value: Json) -> Json {
        let mut input = answers(body);
        input[name] = value;
        message(body, &input)
    }
    let cases: [(Wrong, Reason, &str, &str); 7] = [
        (|body| stopped(body, "refusal"), Reason::Refused, "*", "no answer was given"),
        (|body| stopped(body, "max_tokens"), Reason::Truncated, "*", "longer than the tokens"),
        (|body| stopped(body, "end_turn"), Reason::Malformed, "*", "no single JSON object"),
        (
            |body| with(body, "work_mode", json!("hacking")),
            Reason::OutsideOptions,
            "work_mode",
            "not one of building",
        ),
        (|body| with(body, "expertise", json!(9)), Reason::OutsideOptions, "expertise", "not one of 1 to 5"),
        (|body| with(body, "outcome", json!(null)), Reason::Missing, "outcome", "`outcome` was missing"),
        (|body| with(body, "intents", json!([])), Reason::WrongCount, "intents", "not exactly 1"),
    ];
    for (wrong, reason, question, complaint) in cases {
        // Once wrong: the second answer is taken.
        let server = Server::start(move |number, request| match number {
            0 => Does::json(&wrong(&request.json())),
            _ => well(request),
        });
        let good = run(Api::Anthropic, &server, 1);
        assert_eq!((server.calls(), good.results[0].how), (2, How::Called), "{reason}");
        assert!(good.results[0].unanswered.is_empty(), "{reason}");
        assert!(server.requests()[1].prompt().contains(complaint), "{reason}");
        // Always wrong: asked twice, then left, and not asked a third time by the next run.
        let server = Server::start(move |_, request| Does::json(&wrong(&request.json())));
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let cache = folder.path().join("c");
            let bad = run_with(settings(Api::Anthropic, &server), &cache, options(), vec![job(0)]);
            assert_eq!(server.calls(), 2, "{reason}");
            assert_eq!(bad.results[0].unanswered.get(question), Some(&reason));
            let rest = bad.results[0].labels.answers.iter().flatten().count();
            assert_eq!(
                rest,
                if question == "*" { 0 } else { 12 - usize::from(question != "intents") },
                "{reason}"
            );
        }
    }
}

#[test]
fn refusals_of_chat_completions_are_refusals() {
    let filtered = |body: &Json| {
        let mut completion = completion(body, "");
        completion["choices"][0]["finish_reason"] = "content_filter".into();
        completion
    };
    let server = Server::start(move |_, request| Does::json(&filtered(&request.json())));
    let run = run(Api::OpenAi, &server, 2);
    assert_eq!((run.totals.refused, server.calls()), (2, 4));
    assert!(run.results.iter().all(|labelled| labelled.how == How::Refused));
}

#[test]
fn a_server_without_schemas_gets_plain_json_and_is_remembered() {
    let server = Server::start(|_, request| {
        let body = request.json();
        if body.get("response_format").is_some() {
            return Does::error(400, "invalid_request_error", "response_format is not supported");
        }
        assert!(body["messages"][0]["content"].as_str().unwrap().contains("\"work_mode\":{"));
        Does::json(&completion(&body, &format!("```json\n{}\n```", answers(&body))))
    });
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("c");
    let settings = || Settings { concurrency: Some(1), ..settings(Api::OpenAi, &server) };
    let run = run_with(settings(), &cache, options(), vec![job(0), job(1)]);
    assert_eq!((run.totals.labelled, server.calls()), (2, 3));
    run_with(settings(), &cache, options(), vec![job(2)]);
    assert_eq!(server.calls(), 4, "the next process knows");
}

#[test]
fn newer_models_without_temperature_and_forced_tools_are_asked_their_way() {
    let server = Server::start(|_, request| {
        let body = request.json();
        if body.get("temperature").is_some() {
            return Does::error(400, "invalid_request_error", "`temperature` is deprecated for this model.");
        }
        if body["tool_choice"]["type"] == "tool" {
            let words = "tool_choice: type \"tool\" and \"any\" are not supported for this model.";
            return Does::error(400, "invalid_request_error", words);
        }
        well(request)
    });
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { concurrency: Some(1), ..settings(Api::Anthropic, &server) };
    let run = run_with(settings, &folder.path().join("c"), options(), vec![job(0), job(1)]);
    assert_eq!((run.totals.labelled, server.calls()), (2, 4));
}

#[test]
fn nothing_is_paid_twice_and_the_cache_has_no_text_of_transcripts() {
    let server = Server::start(|_, request| well(request));
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("c");
    let mut jobs: Vec<Job> = (0..10).map(job).collect();
    // The same content under another name is the same call.
    jobs.push(Job { session: "copy".to_owned(), ..job(3) });
    for (called, cached) in [(10, 1), (10, 11)] {
        let run = run_with(settings(Api::Anthropic, &server), &cache, options(), jobs.clone());
        assert_eq!((server.calls(), run.totals.cached), (called, cached));
        assert_eq!(run.results[10].labels, run.results[3].labels);
        assert_eq!(run.results[0].rationale.as_deref(), Some("The person set the task up well."));
    }
    let other = Settings { model: Some("n".to_owned()), ..settings(Api::Anthropic, &server) };
    run_with(other, &cache, options(), vec![job(0)]);
    assert_eq!(server.calls(), 11, "another model is another call");
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        for text in ["MARKERTEXT", "flaky", KEY] {
            let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!found, "{text} in {}", path.display());
        }
    }
}

#[test]
fn without_rationale_none_is_asked_for_nor_kept() {
    let server = Server::start(|_, request| {
        let body = request.json();
        let mut input = answers(&body);
        input["rationale"] = "WHYTEXT".into();
        Does::json(&message(&body, &input))
    });
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { rationale: Some(false), ..settings(Api::Anthropic, &server) };
    let run = run_with(settings, &folder.path().join("c"), options(), vec![job(0)]);
    assert_eq!(run.results[0].rationale, None);
    assert!(!String::from_utf8(server.requests()[0].body.clone()).unwrap().contains("rationale"));
    let bytes = std::fs::read(folder.path().join("c")).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"WHYTEXT"));
}

#[test]
fn texts_are_masked_before_they_are_sent() {
    let server = Server::start(|_, request| well(request));
    let folder = tempfile::tempdir().unwrap();
    let secret = Job { text: "the password is hunter2".to_owned(), ..job(0) };
    run_with(settings(Api::OpenAi, &server), &folder.path().join("c"), options(), vec![secret]);
    let prompt = server.requests()[0].prompt();
    assert!(prompt.contains("the password is [password]") && !prompt.contains("hunter2"));
}

#[test]
fn the_budget_is_never_passed() {
    for api in [Api::Anthropic, Api::OpenAi] {
        let spent = Arc::new(Mutex::new(0.0));
        let counted = spent.clone();
        let server = Server::start(move |_, request| {
            let body = request.json();
            // As dear as the reservation allows: a token for two bytes, and all the tokens of an answer.
            let (input, output) = (request.body.len() / 2, body["max_tokens"].as_u64().unwrap());
            *counted.lock().unwrap() += (input as f64 + 5.0 * output as f64) / 1e6;
            let mut reply = match api {
                Api::Anthropic => message(&body, &answers(&body)),
                Api::OpenAi => completion(&body, &answers(&body).to_string()),
            };
            reply["usage"] = json!({"input_tokens": input, "output_tokens": output, "prompt_tokens": input, "completion_tokens": output});
            Does::json(&reply)
        });
        let folder = tempfile::tempdir().unwrap();
        let budget = 0.1;
        let options = Options { budget: Some(budget), ..options() };
        let run =
            run_with(settings(api, &server), &folder.path().join("c"), options, (0..60).map(job).collect());
        let spent = *spent.lock().unwrap();
        assert!(spent <= budget, "{spent}");
        assert!(spent > budget * 0.5, "{spent}: it stops too early");
        let told = run.totals.usd.unwrap();
        assert!((told - spent).abs() < 1e-9, "{told} {spent}");
        assert_eq!(run.totals.failed.keys().collect::<Vec<_>>(), [&Reason::Budget]);
        assert_eq!(run.totals.labelled + run.totals.failed[&Reason::Budget], 60);
    }
}

#[test]
fn a_budget_without_prices_is_refused() {
    let server = Server::start(|_, request| well(request));
    let settings =
        Settings { input_usd_per_mtok: None, output_usd_per_mtok: None, ..settings(Api::OpenAi, &server) };
    let endpoint = Endpoint::new(settings, "x").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = Options { budget: Some(1.0), ..options() };
    let cache = Cache::open(&folder.path().join("c")).unwrap();
    let result = Labeller::new(endpoint, None, cache, Box::new(str::to_owned), options);
    assert!(result.err().unwrap().to_string().contains("needs prices"));
}

fn batch_settings(server: &Server) -> Settings {
    Settings { batch: Some(true), ..settings(Api::Anthropic, server) }
}

#[test]
fn a_batch_that_partly_expires_is_made_again_for_the_rest() {
    let batches = Arc::new(Batches::new(2, |batch, number, request| match (batch, number % 5) {
        (0, 0) => json!({"type": "expired"}),
        (0, 1) => json!({"type": "canceled"}),
        (0, 2) => {
            json!({"type": "errored", "error": {"type": "error", "error": {"type": "api_error", "message": "x"}}})
        }
        (0, 3) => {
            let body = &request["params"];
            let mut input = answers(body);
            input["outcome"] = "splendid".into();
            json!({"type": "succeeded", "message": message(body, &input)})
        }
        _ => Batches::succeeded(request),
    }));
    let answering = batches.clone();
    let server = Server::start(move |_, request| answering.answer(request));
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("c");
    let jobs = || (0..10).map(job).collect();
    let run = run_with(batch_settings(&server), &cache, options(), jobs());
    assert_eq!(names(&run), (0..10).map(|n| format!("s{n}")).collect::<Vec<_>>());
    assert!(run.results.iter().all(|labelled| labelled.how == How::Called && labelled.unanswered.is_empty()));
    assert_eq!((batches.count(), batches.custom_ids().len()), (2, 18));
    for id in batches.custom_ids() {
        assert!(id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{id}");
    }
    assert_eq!(run.totals.calls, 12);
    let again = run_with(batch_settings(&server), &cache, options(), jobs());
    assert_eq!((again.totals.cached, batches.count()), (10, 2));
}

#[test]
fn a_batch_that_never_answers_is_given_up_and_a_bad_request_is_not_repeated() {
    let batches = Arc::new(Batches::new(0, |_, number, _| match number {
        0 => json!({"type": "expired"}),
        _ => {
            json!({"type": "errored", "error": {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long"}}})
        }
    }));
    let answering = batches.clone();
    let server = Server::start(move |_, request| answering.answer(request));
    let folder = tempfile::tempdir().unwrap();
    let run = run_with(batch_settings(&server), &folder.path().join("c"), options(), vec![job(0), job(1)]);
    assert_eq!(run.results[0].how, How::Failed(Reason::Batch));
    assert_eq!(run.results[1].how, How::Failed(Reason::Status(400)));
    assert_eq!(batches.custom_ids().len(), 5);
}

#[test]
fn a_batch_whose_answer_was_lost_is_found_and_not_made_again() {
    for lost in [|| Does::Close, || Does::status(502), || Does::HalfOf(vec![b'{'; 400])] {
        let batches = Arc::new(Batches::new(1, |_, _, request| Batches::succeeded(request)));
        let answering = batches.clone();
        let posts = AtomicUsize::new(0);
        let server = Server::start(move |_, request| {
            let does = answering.answer(request);
            if request.method == "POST" && posts.fetch_add(1, Ordering::Relaxed) == 0 { lost() } else { does }
        });
        let folder = tempfile::tempdir().unwrap();
        let run =
            run_with(batch_settings(&server), &folder.path().join("c"), options(), (0..4).map(job).collect());
        assert_eq!((run.totals.labelled, batches.count()), (4, 1));
    }
}

#[test]
fn a_batch_that_was_not_made_is_made() {
    let batches = Arc::new(Batches::new(1, |_, _, request| Batches::succeeded(request)));
    let answering = batches.clone();
    let posts = AtomicUsize::new(0);
    let server = Server::start(move |_, request: &Request| {
        if request.method == "POST" && posts.fetch_add(1, Ordering::Relaxed) == 0 {
            return Does::status(503);
        }
        answering.answer(request)
    });
    let folder = tempfile::tempdir().unwrap();
    let run =
        run_with(batch_settings(&server), &folder.path().join("c"), options(), (0..4).map(job).collect());
    assert_eq!((run.totals.labelled, batches.count()), (4, 1));
}

#[test]
fn a_batch_takes_what_the_budget_allows_at_half_the_price() {
    let batches = Arc::new(Batches::new(1, |_, _, request| Batches::succeeded(request)));
    let answering = batches.clone();
    let server = Server::start(move |_, request| answering.answer(request));
    let folder = tempfile::tempdir().unwrap();
    let options = Options { budget: Some(0.06), ..options() };
    let run =
        run_with(batch_settings(&server), &folder.path().join("c"), options, (0..60).map(job).collect());
    assert!(run.totals.usd.unwrap() <= 0.06);
    assert!(run.totals.labelled > 3, "{:?}", run.totals);
    assert_eq!(run.totals.labelled + run.totals.failed[&Reason::Budget], 60);
    assert_eq!(batches.custom_ids().len() as u64, run.totals.labelled);
}
