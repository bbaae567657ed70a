//! Fits the models of the built-in labeller on the reference labels, and tells how well they do on people they have not
//! seen. `cargo xtask train` runs it: without arguments from `reference/` alone; with paths of transcripts it gathers the
//! evidence of the reference sessions anew first.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use metier_label::builtin::{self, HELD_WITHIN, Model, ModelKind, Record, Weights};
use metier_label::{Content, Kind, Labels, Question, Rater, Value, rubric};
use metier_session::discover::{self, Found};
use metier_session::scan::{self, Scan};
use metier_session::{Facts, Key, Session};
use metier_stats::agreement::{Categories, Pairs, Weights as Distance};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let reference = crate_folder.join("reference");
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let labels = read_labels(&reference.join("labels.jsonl"))?;
    if !paths.is_empty() {
        gather(&paths, &labels, &reference)?;
    }
    let sessions = read_evidence(&reference.join("evidence.csv"), builtin::names())?;
    let messages = read_evidence(&reference.join("messages.csv"), builtin::message_names())?;
    let data = Data::new(&labels, sessions, messages)?;
    let models: BTreeMap<String, Model> = plans()
        .iter()
        .map(|plan| (plan.question.to_owned(), plan.fit(&data.rows(plan, Part::Fitted), plan.all(&data))))
        .collect();
    let weights = Weights { record: data.record(&labels), models };
    let text = format!("{}\n", serde_json::to_string(&weights)?.replace("\"kind\"", "\n\"kind\""));
    std::fs::write(crate_folder.join("weights.json"), text)?;
    print!("{}", report(&data, &weights)?);
    Ok(())
}

/// How the model of a question is made. Chosen by leaving out one person after another on the sessions fitted on; the held-out
/// ones chose nothing.
struct Plan {
    question: &'static str,
    kind: ModelKind,
    /// Names of evidence; a star stands for any end.
    evidence: &'static [&'static str],
    /// The prior's variance of a weight: small numbers hold weights near zero.
    variance: f64,
    /// Rare answers count as if they were more frequent: each label weighs its answer's frequency to the power of minus this.
    evening_out: f64,
}

fn plans() -> [Plan; 10] {
    use ModelKind::{Choice, Level, Number};
    const PERSON: &[&str] = &[
        "setting_up",
        "challenging",
        "messages",
        "words*",
        "short_share",
        "long_messages",
        "questions",
        "exact*",
        "numbers",
        "quoted_code",
        "queued",
        "refusals_with_words",
        "says_correct",
        "says_propose",
        "says_constrain",
        "says_criterion",
        "says_reason",
        "says_verify",
        "says_unsure",
        "share_unsure",
        "share_symptom",
        "share_conceptual",
        "says_persist",
        "share_affirm",
        "agent_concede",
        "agent_teach",
        "rejections",
        "only_orders",
    ];
    const WORK: &[&str] = &[
        "mode_first*",
        "mode_plan*",
        "mode_agent*",
        "mode_title*",
        "mode_reply*",
        "mode_end*",
        "test_edit_share",
        "doc_edit_share",
        "config_edit_share",
        "agent_file_share",
        "new_file_share",
        "edit_share",
        "read_share",
        "run_share",
        "no_edits",
        "lines_added",
        "commits",
        "pasted_errors",
        "pasted_reviews",
        "plans",
        "delegated",
        "plan_file_share",
        "only_tests",
        "only_docs",
        "git_share",
        "commit_fix",
        "commit_feat",
        "commit_docs",
        "commit_test",
        "commit_chore",
    ];
    const COURSE: &[&str] = &[
        "ends_*",
        "actions",
        "actions_per_turn",
        "edit_share",
        "run_share",
        "read_share",
        "commits",
        "pull_requests",
        "pushes",
        "commit_is_last",
        "commit_runs",
        "commit_pending",
        "last_commit_failed",
        "test_runs",
        "tests_*",
        "build_*",
        "lint_passed",
        "failed_*",
        "tool_errors",
        "error_share",
        "retries",
        "hard_signals",
        "minutes",
        "lines_*",
        "files",
        "no_edits",
        "interruptions",
        "rejections",
        "last_*",
        "fails_at_end",
        "edits_at_end",
        "reverts",
        "agent_ends*",
        "says_persist",
        "says_works",
        "says_correct",
        "says_fix",
        "turns",
        "messages",
    ];
    const END: &[&str] = &[
        "ends_*",
        "commit_pending",
        "last_commit_failed",
        "commit_is_last",
        "tests_failed_last",
        "agent_ends_*",
        "plan_refused",
        "tests_passed",
        "hard_signals",
    ];
    const SIZE: &[&str] = &[
        "lines_*",
        "files",
        "actions",
        "minutes",
        "messages",
        "words",
        "commits",
        "turns",
        "delegated",
        "test_runs",
        "no_edits",
        "pull_requests",
        "plans",
        "new_file_share",
    ];
    const DECIDES: &[&str] = &[
        "setting_up",
        "challenging",
        "messages",
        "words*",
        "short_share",
        "long_messages",
        "questions",
        "exact*",
        "numbers",
        "quoted_code",
        "queued",
        "refusals_with_words",
        "says_correct",
        "says_propose",
        "says_constrain",
        "says_criterion",
        "says_reason",
        "says_verify",
        "agent_concede",
        "rejections",
        "only_orders",
        "plans",
        "commands",
        "pasted_share",
        "decisions",
    ];
    let plan = |question, kind, evidence, variance, evening_out| Plan {
        question,
        kind,
        evidence,
        variance,
        evening_out,
    };
    [
        plan("work_mode", Choice, WORK, 0.04, 0.6),
        plan("expertise", Level, PERSON, 0.03, 0.5),
        plan("outcome", Choice, END, 0.3, 0.5),
        plan("success_signal", Level, COURSE, 0.03, 0.5),
        plan("failure_signal", Level, COURSE, 0.03, 0.5),
        plan("planning_user_share", Number, DECIDES, 1.0 / 30.0, 0.0),
        plan("execution_user_share", Number, DECIDES, 1.0 / 30.0, 0.0),
        plan("interaction_pattern", Choice, PERSON, 0.01, 0.0),
        plan("value_usd", Number, SIZE, 1.0 / 30.0, 0.0),
        plan("intent", Choice, &["*"], 0.03, 0.6),
    ]
}

/// One label to fit on or to compare with.
struct Row<'d> {
    values: &'d [f64],
    /// The index of the answer, or the number.
    answer: f64,
    weight: f64,
    person: &'d str,
    /// Which unit (session or message) this is, so that several raters' labels of it are predicted once.
    unit: usize,
}

/// What a session is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// Fitted on: real sessions and the first set of our own cases.
    Fitted,
    /// Real sessions of people that nothing was fitted on.
    Held,
    /// The second set of our own cases, by another author.
    HeldCases,
}

impl Plan {
    fn question(&self) -> &'static Question {
        let rubric = rubric();
        rubric.question(self.question).unwrap_or(&rubric.intent)
    }

    /// The answers that the model can give: for levels those of the scale, for choices those of the rubric.
    fn answers(&self) -> Vec<String> {
        let question = self.question();
        match &question.kind {
            Kind::Level { low, high, .. } => (*low..=*high).map(|level| level.to_string()).collect(),
            _ => question.options().iter().map(|option| option.name.clone()).collect(),
        }
    }

    fn all<'d>(&self, data: &'d Data) -> &'d [String] {
        if self.question == "intent" { &data.messages.names } else { &data.sessions.names }
    }

    /// What a label is to the model. `None` if it says that the transcript does not tell.
    fn target(&self, value: Value) -> Option<f64> {
        match (value, &self.question().kind) {
            (Value::Choice(at), _) => Some(f64::from(at)),
            (Value::Level(level), Kind::Level { low, high, .. }) if (low..=high).contains(&&level) => {
                Some(f64::from(level - low))
            }
            (Value::Tenths(tenths), _) => Some(f64::from(tenths) / 10.0),
            (Value::Usd(usd), _) => Some(usd.max(1.0).ln()),
            _ => None,
        }
    }

    fn chosen(&self, names: &[String]) -> Vec<usize> {
        let matches = |name: &str, pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == pattern,
        };
        (0..names.len())
            .filter(|at| self.evidence.iter().any(|pattern| matches(&names[*at], pattern)))
            .collect()
    }

    /// Fits the model on these rows.
    fn fit(&self, rows: &[Row], names: &[String]) -> Model {
        let chosen = self.chosen(names);
        let n = rows.len() as f64;
        let mean: Vec<f64> =
            chosen.iter().map(|at| rows.iter().map(|row| row.values[*at]).sum::<f64>() / n).collect();
        let deviation: Vec<f64> = chosen
            .iter()
            .zip(&mean)
            .map(|(at, mean)| {
                (rows.iter().map(|row| (row.values[*at] - mean).powi(2)).sum::<f64>() / n).sqrt()
            })
            .map(|deviation| if deviation > 1e-9 { deviation } else { 1.0 })
            .collect();
        let (mean, deviation): (Vec<f64>, Vec<f64>) =
            (mean.into_iter().map(rounded).collect(), deviation.into_iter().map(rounded).collect());
        let z: Vec<Vec<f64>> = rows
            .iter()
            .map(|row| {
                let scaled = chosen.iter().zip(mean.iter().zip(&deviation));
                scaled
                    .map(|(at, (mean, deviation))| {
                        ((row.values[*at] - mean) / deviation).clamp(-HELD_WITHIN, HELD_WITHIN)
                    })
                    .collect()
            })
            .collect();
        let weights = self.row_weights(rows);
        let y: Vec<f64> = rows.iter().map(|row| row.answer).collect();
        let width = chosen.len();
        let answers = if self.kind == ModelKind::Number { Vec::new() } else { self.answers() };
        let (rows_of_weights, intercepts) = match self.kind {
            ModelKind::Choice => fit_choice(&z, &y, &weights, width, answers.len(), self.variance),
            ModelKind::Level => fit_level(&z, &y, &weights, width, answers.len(), self.variance),
            ModelKind::Number => fit_number(&z, &y, &weights, width, self.variance),
        };
        Model {
            kind: self.kind,
            evidence: chosen.iter().map(|at| names[*at].clone()).collect(),
            mean,
            deviation,
            weights: rows_of_weights.into_iter().map(|row| row.into_iter().map(rounded).collect()).collect(),
            intercepts: intercepts.into_iter().map(rounded).collect(),
            answers,
        }
    }

    /// What each label weighs: the share of its rater in the unit, evened out over answers.
    fn row_weights(&self, rows: &[Row]) -> Vec<f64> {
        let mut frequency: BTreeMap<u64, f64> = BTreeMap::new();
        for row in rows {
            *frequency.entry(row.answer.to_bits()).or_default() += row.weight;
        }
        let weights: Vec<f64> = rows
            .iter()
            .map(|row| row.weight * frequency[&row.answer.to_bits()].powf(-self.evening_out))
            .collect();
        let (is, should): (f64, f64) = (weights.iter().sum(), rows.iter().map(|row| row.weight).sum());
        weights.into_iter().map(|weight| weight * should / is).collect()
    }

    /// What the model says to each unit of these rows.
    fn predict(&self, model: &Model, rows: &[&Row], names: &[String]) -> BTreeMap<usize, f64> {
        let places = model.locate(names).expect("the model was fitted on these names");
        rows.iter()
            .map(|row| {
                let said = model.predict(&model.standardised(places.iter().map(|at| row.values[*at])));
                (row.unit, if self.kind == ModelKind::Number { said.number } else { said.answer as f64 })
            })
            .collect()
    }

    /// What models fitted on everybody else say about each person's units.
    fn cross_validated(&self, rows: &[Row], names: &[String]) -> BTreeMap<usize, f64> {
        let people: BTreeSet<&str> = rows.iter().map(|row| row.person).collect();
        let mut said = BTreeMap::new();
        for person in people {
            let (mine, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.person == person);
            let others: Vec<Row> = others.into_iter().map(Row::again).collect();
            said.extend(self.predict(&self.fit(&others, names), &mine, names));
        }
        said
    }
}

impl<'d> Row<'d> {
    fn again(&self) -> Row<'d> {
        Row { ..*self }
    }
}

/// Five digits are far more than the labels can tell apart, and keep the file the same on every machine.
fn rounded(number: f64) -> f64 {
    let rounded = (number * 1e5).round() / 1e5;
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// Multinomial logit with a normal prior on the weights.
fn fit_choice(
    z: &[Vec<f64>],
    y: &[f64],
    w: &[f64],
    width: usize,
    answers: usize,
    variance: f64,
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let size = width + 1;
    let loss = |theta: &[f64], gradient: &mut [f64]| {
        let mut sum = 0.0;
        gradient.fill(0.0);
        let mut scores = vec![0.0; answers];
        for ((z, y), w) in z.iter().zip(y).zip(w) {
            for (answer, score) in scores.iter_mut().enumerate() {
                let row = &theta[answer * size..(answer + 1) * size];
                *score = row[width] + row.iter().zip(z).map(|(weight, value)| weight * value).sum::<f64>();
            }
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
            sum -= w * (scores[*y as usize] - largest - total.ln());
            for (answer, score) in scores.iter().enumerate() {
                let p = (score - largest).exp() / total - f64::from(u8::from(answer == *y as usize));
                let row = &mut gradient[answer * size..(answer + 1) * size];
                for (slot, value) in row.iter_mut().zip(z) {
                    *slot += w * p * value;
                }
                row[width] += w * p;
            }
        }
        for answer in 0..answers {
            for at in answer * size..answer * size + width {
                sum += theta[at] * theta[at] / (2.0 * variance);
                gradient[at] += theta[at] / variance;
            }
            // Intercepts are hardly held: an answer nobody gave must not run off to minus infinity.
            let at = answer * size + width;
            sum += theta[at] * theta[at] / (2.0 * 25.0);
            gradient[at] += theta[at] / 25.0;
        }
        sum
    };
    let theta = minimise(vec![0.0; answers * size], loss);
    let rows = theta.chunks(size).map(|row| row[..width].to_vec()).collect();
    (rows, theta.chunks(size).map(|row| row[width]).collect())
}

/// Proportional odds (McCullagh 1980) with a normal prior on the weights. Thresholds are a first one and logs of steps.
fn fit_level(
    z: &[Vec<f64>],
    y: &[f64],
    w: &[f64],
    width: usize,
    levels: usize,
    variance: f64,
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let thresholds = |theta: &[f64]| {
        let mut at = theta[width];
        let mut all = vec![at];
        for step in &theta[width + 1..] {
            at += step.exp();
            all.push(at);
        }
        all
    };
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let loss = |theta: &[f64], gradient: &mut [f64]| {
        gradient.fill(0.0);
        let cuts = thresholds(theta);
        let mut of_cuts = vec![0.0; levels - 1];
        let mut sum = 0.0;
        for ((z, y), w) in z.iter().zip(y).zip(w) {
            let level = *y as usize;
            let score: f64 = theta[..width].iter().zip(z).map(|(weight, value)| weight * value).sum();
            let above = if level + 1 < levels { logistic(cuts[level] - score) } else { 1.0 };
            let below = if level > 0 { logistic(cuts[level - 1] - score) } else { 0.0 };
            let p = (above - below).max(1e-12);
            sum -= w * p.ln();
            let (slope_above, slope_below) = (above * (1.0 - above), below * (1.0 - below));
            for (slot, value) in gradient[..width].iter_mut().zip(z) {
                *slot += w / p * (slope_above - slope_below) * value;
            }
            if level + 1 < levels {
                of_cuts[level] -= w / p * slope_above;
            }
            if level > 0 {
                of_cuts[level - 1] += w / p * slope_below;
            }
        }
        gradient[width] = of_cuts.iter().sum();
        for step in 1..levels - 1 {
            gradient[width + step] = of_cuts[step..].iter().sum::<f64>() * theta[width + step].exp();
        }
        for at in 0..width {
            sum += theta[at] * theta[at] / (2.0 * variance);
            gradient[at] += theta[at] / variance;
        }
        // A level that nobody gave leaves its step undetermined: it is held near e⁰.
        for at in width..theta.len() {
            sum += theta[at] * theta[at] / (2.0 * 25.0);
            gradient[at] += theta[at] / 25.0;
        }
        sum
    };
    let mut start = vec![0.0; width + levels - 1];
    start[width] = -1.0;
    let theta = minimise(start, loss);
    (vec![theta[..width].to_vec()], thresholds(&theta))
}

/// Ridge regression.
fn fit_number(
    z: &[Vec<f64>],
    y: &[f64],
    w: &[f64],
    width: usize,
    variance: f64,
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let loss = |theta: &[f64], gradient: &mut [f64]| {
        gradient.fill(0.0);
        let mut sum = 0.0;
        for ((z, y), w) in z.iter().zip(y).zip(w) {
            let miss = theta[width]
                + theta[..width].iter().zip(z).map(|(weight, value)| weight * value).sum::<f64>()
                - y;
            sum += w * miss * miss / 2.0;
            for (slot, value) in gradient.iter_mut().zip(z) {
                *slot += w * miss * value;
            }
            gradient[width] += w * miss;
        }
        for at in 0..width {
            sum += theta[at] * theta[at] / (2.0 * variance);
            gradient[at] += theta[at] / variance;
        }
        sum
    };
    let theta = minimise(vec![0.0; width + 1], loss);
    (vec![theta[..width].to_vec()], vec![theta[width]])
}

/// The minimum of a convex function by L-BFGS (Nocedal 1980) with a backtracking line search (Armijo 1966).
fn minimise(mut at: Vec<f64>, loss: impl Fn(&[f64], &mut [f64]) -> f64) -> Vec<f64> {
    const MEMORY: usize = 12;
    const STEPS: usize = 400;
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut gradient = vec![0.0; at.len()];
    let mut value = loss(&at, &mut gradient);
    let mut history: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
    for _ in 0..STEPS {
        if dot(&gradient, &gradient).sqrt() < 1e-7 * (1.0 + dot(&at, &at).sqrt()) {
            break;
        }
        let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut alphas = Vec::with_capacity(history.len());
        for (step, change, rho) in history.iter().rev() {
            let alpha = rho * dot(step, &direction);
            direction.iter_mut().zip(change).for_each(|(d, c)| *d -= alpha * c);
            alphas.push(alpha);
        }
        if let Some((step, change, _)) = history.last() {
            let scale = dot(step, change) / dot(change, change);
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for ((step, change, rho), alpha) in history.iter().zip(alphas.iter().rev()) {
            let beta = rho * dot(change, &direction);
            direction.iter_mut().zip(step).for_each(|(d, s)| *d += (alpha - beta) * s);
        }
        let slope = dot(&gradient, &direction);
        let mut length =
            if history.is_empty() { 1.0 / (1.0 + dot(&gradient, &gradient).sqrt()) } else { 1.0 };
        let mut next_gradient = vec![0.0; at.len()];
        let (next, next_value) = loop {
            let next: Vec<f64> = at.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let next_value = loss(&next, &mut next_gradient);
            if next_value <= value + 1e-4 * length * slope || length < 1e-12 {
                break (next, next_value);
            }
            length /= 2.0;
        };
        let step: Vec<f64> = next.iter().zip(&at).map(|(a, b)| a - b).collect();
        let change: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&step, &change);
        if curvature > 1e-12 {
            if history.len() == MEMORY {
                history.remove(0);
            }
            history.push((step, change, 1.0 / curvature));
        }
        let gained = value - next_value;
        (at, gradient, value) = (next, next_gradient, next_value);
        if gained.abs() < 1e-12 * (1.0 + value.abs()) {
            break;
        }
    }
    at
}

/// Labels and evidence, matched.
struct Data {
    sessions: Table,
    messages: Table,
    labels: Vec<(Content, Labels)>,
}

/// Named numbers of sessions or messages.
struct Table {
    names: Vec<String>,
    /// By content and, of messages, their position.
    rows: BTreeMap<(Content, usize), Known>,
}

struct Known {
    person: String,
    part: Part,
    values: Vec<f64>,
}

impl Data {
    fn new(labels: &[(Content, Labels)], sessions: Table, messages: Table) -> Result<Data, Error> {
        let missing =
            labels.iter().filter(|(content, _)| !sessions.rows.contains_key(&(*content, 0))).count();
        if missing > 0 {
            return Err(format!("{missing} labels have no evidence: run with the transcripts' paths").into());
        }
        Ok(Data { sessions, messages, labels: labels.to_vec() })
    }

    fn rows(&self, plan: &Plan, part: Part) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        let mut units: BTreeMap<(Content, usize), usize> = BTreeMap::new();
        let table = if plan.question == "intent" { &self.messages } else { &self.sessions };
        for (content, labels) in &self.labels {
            let values: Vec<(usize, Value)> = if plan.question == "intent" {
                let known = table.rows.range((*content, 0)..=(*content, usize::MAX)).count();
                // Rated when other records counted as messages.
                if known != labels.intents.len() {
                    continue;
                }
                labels
                    .intents
                    .iter()
                    .enumerate()
                    .filter_map(|(at, intent)| Some((at, Value::Choice((*intent)?))))
                    .collect()
            } else {
                labels.answer(rubric(), plan.question).map(|answer| (0, answer.value)).into_iter().collect()
            };
            for (at, value) in values {
                let Some(known) = table.rows.get(&(*content, at)).filter(|known| known.part == part) else {
                    continue;
                };
                let Some(answer) = plan.target(value) else { continue };
                let next = units.len();
                let unit = *units.entry((*content, at)).or_insert(next);
                rows.push(Row { values: &known.values, answer, weight: 1.0, person: &known.person, unit });
            }
        }
        let mut raters = vec![0.0; units.len()];
        rows.iter().for_each(|row| raters[row.unit] += 1.0);
        rows.iter_mut().for_each(|row| row.weight /= raters[row.unit]);
        rows
    }

    fn record(&self, labels: &[(Content, Labels)]) -> Record {
        let fitted = || self.sessions.rows.iter().filter(|(_, known)| known.part == Part::Fitted);
        let mut raters: BTreeMap<String, usize> = BTreeMap::new();
        for (content, labels) in labels {
            if self.sessions.rows.get(&(*content, 0)).is_some_and(|known| known.part == Part::Fitted) {
                *raters.entry(labels.rater.name().to_owned()).or_default() += 1;
            }
        }
        let intent = plans().into_iter().find(|plan| plan.question == "intent").expect("it is planned");
        Record {
            rubric: rubric().hash.to_string(),
            sessions: fitted().count(),
            cases: fitted().filter(|(_, known)| known.person.starts_with("case")).count(),
            people: fitted().map(|(_, known)| &known.person).collect::<BTreeSet<_>>().len(),
            raters,
            messages: self
                .rows(&intent, Part::Fitted)
                .iter()
                .map(|row| row.unit)
                .collect::<BTreeSet<_>>()
                .len(),
        }
    }
}

/// What the models and everything around them do, as a table in Markdown.
fn report(data: &Data, weights: &Weights) -> Result<String, Error> {
    let mut out = String::new();
    writeln!(
        out,
        "{:<22} {:<12} {:>5} {:>6} {:>6} {:>6} {:>6}",
        "question", "sessions", "n", "exact", "near", "κ", "naive"
    )?;
    for plan in plans() {
        let names = plan.all(data);
        for part in [Part::Fitted, Part::Held, Part::HeldCases] {
            let rows = data.rows(&plan, part);
            if rows.is_empty() {
                continue;
            }
            let said = match part {
                Part::Fitted => plan.cross_validated(&rows, names),
                _ => plan.predict(&weights.models[plan.question], &rows.iter().collect::<Vec<_>>(), names),
            };
            let name = match part {
                Part::Fitted => "validated",
                Part::Held => "held out",
                Part::HeldCases => "held cases",
            };
            let line = agreement(&plan, &rows, &said)?;
            writeln!(out, "{:<22} {name:<12} {line}", plan.question)?;
        }
    }
    Ok(out)
}

fn agreement(plan: &Plan, rows: &[Row], said: &BTreeMap<usize, f64>) -> Result<String, Error> {
    let n = rows.len() as f64;
    if plan.question == "value_usd" {
        let mean = |of: &dyn Fn(&Row) -> f64| rows.iter().map(of).sum::<f64>() / n;
        let (a, b) = (|row: &Row| row.answer, |row: &Row| said[&row.unit]);
        let (ma, mb) = (mean(&a), mean(&b));
        let covariance = mean(&|row| (a(row) - ma) * (b(row) - mb));
        let spread = (mean(&|row| (a(row) - ma).powi(2)) * mean(&|row| (b(row) - mb).powi(2))).sqrt();
        return Ok(format!("{:>5} correlation of logs {:.2}", rows.len(), covariance / spread));
    }
    let code = |number: f64| match plan.kind {
        ModelKind::Number => (number.clamp(0.0, 1.0) * 10.0).round() as usize,
        _ => number as usize,
    };
    let pairs: Vec<(usize, usize)> =
        rows.iter().map(|row| (code(row.answer), code(said[&row.unit]))).collect();
    let exact = pairs.iter().filter(|(a, b)| a == b).count() as f64 / n;
    let near = pairs.iter().filter(|(a, b)| a.abs_diff(*b) <= 1).count() as f64 / n;
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    pairs.iter().for_each(|(a, _)| *counts.entry(*a).or_default() += 1);
    let naive = counts.values().max().map_or(0.0, |most| *most as f64 / n);
    let categories = if plan.kind == ModelKind::Number { 11 } else { plan.answers().len() };
    let table = Pairs::new(Categories::from(categories), pairs.iter().copied())?;
    let kappa = if plan.kind == ModelKind::Choice {
        table.table().kappa()
    } else {
        table.table().weighted_kappa(Distance::Quadratic)
    };
    let near = if plan.kind == ModelKind::Choice { "–".to_owned() } else { format!("{near:.2}") };
    let kappa = kappa.map_or("–".to_owned(), |kappa| format!("{kappa:.2}"));
    Ok(format!("{:>5} {exact:>6.2} {near:>6} {kappa:>6} {naive:>6.2}", rows.len()))
}

/// The reference labels: JSON Lines with `content`.
fn read_labels(path: &Path) -> Result<Vec<(Content, Labels)>, Error> {
    let text = std::fs::read_to_string(path)?;
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let at = |what: String| format!("{}:{}: {what}", path.display(), number + 1);
        let json: serde_json::Value = serde_json::from_str(line).map_err(|error| at(error.to_string()))?;
        let object = json.as_object().ok_or_else(|| at("no object".to_owned()))?;
        let field = |name: &str| {
            object.get(name).and_then(|value| value.as_str()).ok_or_else(|| at(format!("no {name}")))
        };
        let content: Content = field("content")?.parse().map_err(|_| at("no hash".to_owned()))?;
        let (labels, refused) = Labels::from_json(Rater::new(field("rater")?), rubric(), object);
        if let Some(refused) = refused.first() {
            return Err(at(refused.to_string()).into());
        }
        all.push((content, labels));
    }
    Ok(all)
}

/// Evidence of the reference sessions: CSV with content, position of the message, person, part, and the numbers.
fn read_evidence(path: &Path, names: Vec<String>) -> Result<Table, Error> {
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines();
    let heading: Vec<&str> = lines.next().unwrap_or_default().split(',').skip(4).collect();
    if heading != names {
        return Err(
            format!("{} is of another version: run with the transcripts' paths", path.display()).into()
        );
    }
    let mut rows = BTreeMap::new();
    for (number, line) in lines.enumerate() {
        let at = || format!("{}:{} cannot be read", path.display(), number + 2);
        let fields: Vec<&str> = line.split(',').collect();
        let [content, position, person, part, values @ ..] = fields.as_slice() else {
            return Err(at().into());
        };
        let part = match *part {
            "fitted" => Part::Fitted,
            "held" => Part::Held,
            "held_cases" => Part::HeldCases,
            _ => return Err(at().into()),
        };
        let values =
            values.iter().map(|value| value.parse()).collect::<Result<Vec<f64>, _>>().map_err(|_| at())?;
        rows.insert(
            (content.parse().map_err(|_| at())?, position.parse().map_err(|_| at())?),
            Known { person: (*person).to_owned(), part, values },
        );
    }
    Ok(Table { names, rows })
}

/// Writes the evidence of the sessions that have labels. People get numbers; what each session is for stands in `parts.csv`.
fn gather(paths: &[PathBuf], labels: &[(Content, Labels)], reference: &Path) -> Result<(), Error> {
    let wanted: BTreeSet<Content> = labels.iter().map(|(content, _)| *content).collect();
    let parts: BTreeMap<Content, (String, String)> = std::fs::read_to_string(reference.join("parts.csv"))?
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(',').map(str::to_owned);
            Some((fields.next()?.parse().ok()?, (fields.next()?, fields.next()?)))
        })
        .collect();
    let mut found = Found::default();
    for path in paths {
        discover::find(path, &mut found)?;
    }
    found.candidates.sort_by_key(|candidate| candidate.name());
    found.candidates.dedup();
    let key = Key::public();
    let take = |session: &Session, facts: &Facts| {
        let content = Content::of(session);
        wanted.contains(&content).then(|| {
            (content, builtin::evidence(session, facts, false).values, builtin::message_evidence(session))
        })
    };
    let scan = Scan { key: &key, threads: 2, progress: &|_| {} };
    let (sessions, _) = scan::facts(found.candidates, &scan, &take);
    let line =
        |values: &[f64]| values.iter().map(|value| rounded(*value).to_string()).collect::<Vec<_>>().join(",");
    let mut of_sessions: BTreeMap<Content, String> = BTreeMap::new();
    let mut of_messages: BTreeMap<(Content, usize), String> = BTreeMap::new();
    for (content, values, messages) in sessions.into_iter().filter_map(|session| session.taken) {
        let (person, part) = parts.get(&content).ok_or_else(|| format!("{content} is not in parts.csv"))?;
        of_sessions.insert(content, format!("{content},0,{person},{part},{}", line(&values)));
        for (at, message) in messages.iter().enumerate() {
            of_messages
                .insert((content, at), format!("{content},{at},{person},{part},{}", line(&message.values)));
        }
    }
    let lost = wanted.len() - of_sessions.len();
    if lost > 0 {
        return Err(format!("{lost} labelled sessions are not under these paths").into());
    }
    let with_intents: BTreeSet<Content> =
        labels.iter().filter(|(_, labels)| !labels.intents.is_empty()).map(|(content, _)| *content).collect();
    let heading = |names: Vec<String>| format!("content,message,person,part,{}\n", names.join(","));
    let rows = of_sessions.values().map(|row| format!("{row}\n"));
    std::fs::write(reference.join("evidence.csv"), heading(builtin::names()) + &rows.collect::<String>())?;
    let rows = of_messages
        .iter()
        .filter(|((content, _), _)| with_intents.contains(content))
        .map(|(_, row)| format!("{row}\n"));
    std::fs::write(
        reference.join("messages.csv"),
        heading(builtin::message_names()) + &rows.collect::<String>(),
    )?;
    Ok(())
}
