//! One session: what was worked on, how deep, and how it ended, drawn by the documented equations. Makes no row.

use super::chances::{Chances, value_in_tier};
use super::people::{Person, month};
use super::random::{Stream, exp, ln};
use super::tables::{
    CODEBASE, DEPTH_BY_MODE, EXECUTION, FAILURE_SIGNALS, MODEL_SHARES, MODELS, MODES, OTHER, PLANNING,
    SMALL_FAILURE_SIGNALS, SOFTWARE, STRONGEST, SUCCEEDED_UNVERIFIED, SUCCESS_SIGNALS,
};

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Verified,
    Succeeded,
    Partial,
    Failed { abandoned: bool },
    NoGoal,
}

/// A relation to the code base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codebase {
    Modify,
    Create,
    Explore,
    None,
}

impl Codebase {
    const ALL: [Codebase; 4] = [Codebase::Modify, Codebase::Create, Codebase::Explore, Codebase::None];

    /// The name of the rubric's option.
    pub(super) fn name(self) -> &'static str {
        match self {
            Codebase::Modify => "modify",
            Codebase::Create => "create",
            Codebase::Explore => "explore",
            Codebase::None => "none",
        }
    }
}

/// What a session was, before it is a row.
#[derive(Debug, Clone)]
pub(super) struct Drawn {
    /// The agent's own id.
    pub(super) id: String,
    /// When it began.
    pub(super) start: i64,
    pub(super) month: usize,
    /// How many sessions the person had before.
    pub(super) earlier: u32,
    pub(super) model: &'static str,
    /// The true level of expertise.
    pub(super) level: u8,
    /// Nobody can tell the level.
    pub(super) unclear: bool,
    /// Uniform numbers that decide whether and how the label of expertise errs, and whether the true labels are known.
    pub(super) error: [f64; 2],
    pub(super) known: f64,
    pub(super) work_mode: &'static str,
    pub(super) value: f64,
    pub(super) prompts: u64,
    pub(super) actions: u64,
    pub(super) words: u64,
    pub(super) ending: Ending,
    pub(super) troubled: bool,
    pub(super) success_signal: u8,
    pub(super) failure_signal: u8,
    pub(super) codebase: Codebase,
    /// Whether lines were added.
    pub(super) wrote: bool,
    /// Tenths.
    pub(super) planning: u8,
    /// Tenths.
    pub(super) execution: u8,
}

/// The agent's own id of a session: the first draw of its stream.
pub(super) fn session_id(random: &mut Stream) -> String {
    let (a, b) = (random.bits(), random.bits());
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 48 & 0xfff,
        b & 0xffff_ffff_ffff
    )
}

impl Drawn {
    /// Draws the session of a person that began after `earlier` others of theirs.
    pub(super) fn draw(random: &mut Stream, person: &Person, earlier: u32, chances: &Chances) -> Drawn {
        let e = &chances.effects;
        let id = session_id(random);
        let error = [random.unit(), random.unit()];
        let known = random.unit();
        let start = person.times[earlier as usize];
        let month = month(start);
        let model = random.choose(&MODEL_SHARES[month]);
        // Each skill of the person shows in the session, or is drawn again as anybody's in the occupation.
        let skills = person.skills.map(|own| {
            let (shows, again) =
                (random.happens(e.expertise_stability), random.happens(chances.skills[person.class]));
            u8::from(if shows { own } else { again })
        });
        let level = 1 + skills.iter().sum::<u8>();
        let unclear = random.happens(e.unclear_share);
        let mode = random.choose(&chances.modes(month, f64::from(level)));
        let tier = random.choose(&chances.tiers(mode, month, f64::from(level)));
        let value = value_in_tier(tier, random.unit());
        let work_mode = MODES[mode][random.choose(&shares(MODES[mode]))].0;

        let above = f64::from(level) - chances.mean_level;
        let own_above = f64::from(person.level()) - chances.mean_level;
        let occupation = match person.class {
            SOFTWARE => 0.5,
            OTHER => -0.5,
            _ => 0.0,
        };
        let noise = e.actions_noise_sd * random.skewed();
        let value_above = ln(value) - chances.mean_value;
        let late = month as f64 - 3.0;
        let log_actions = e.actions_intercept
            + (e.actions_slope + e.actions_heterogeneity * person.slopes[0]) * above
            + e.actions_confounding * own_above
            + e.actions_by_value * value_above
            + e.actions_by_mode * DEPTH_BY_MODE[mode]
            + e.actions_by_month * late
            + e.actions_by_occupation * occupation
            + e.actions_by_model * MODELS[model].1
            + e.actions_person_sd * person.depth[0]
            + noise;
        let log_words = e.words_intercept
            + (e.words_slope + e.words_heterogeneity * person.slopes[1]) * above
            + e.words_confounding * own_above
            + e.words_by_value * value_above
            + e.words_by_mode * DEPTH_BY_MODE[mode]
            + e.words_by_month * late
            + e.words_by_occupation * occupation
            + e.words_by_model * MODELS[model].1
            + e.words_person_sd * person.depth[1]
            + e.words_with_actions * noise
            + e.words_noise_sd * random.bell();
        let prompts = prompts(random, e.prompts_mean);
        let actions = random.rounded(prompts as f64 * exp(log_actions));
        let words = random.rounded(prompts as f64 * exp(log_words)).max(4 * actions + prompts);

        let (ending, troubled) = ending(random, person, mode, level, chances);
        let (success_signal, failure_signal) = signals(random, ending, troubled);
        let (codebase, wrote) = code(random, mode, ending);
        // Who decides follows from how far the agent went, not from expertise: so it is no path of the slopes.
        let far = if e.actions_noise_sd > 0.0 { (noise / e.actions_noise_sd).clamp(-1.5, 1.5) } else { 0.0 };
        let planning = if random.happens(e.agent_plans_share * (1.0 + 0.6 * far)) {
            u8::from(random.happens(0.5))
        } else {
            2 + random.choose(&PLANNING) as u8
        };
        let execution = if random.happens(e.person_executes_share * (1.0 - 0.6 * far)) {
            9 + u8::from(random.happens(0.4))
        } else {
            random.choose(&EXECUTION) as u8
        };
        Drawn {
            id,
            start,
            month,
            earlier,
            model: MODELS[model].0,
            level,
            unclear,
            error,
            known,
            work_mode,
            value,
            prompts,
            actions,
            words,
            ending,
            troubled,
            success_signal,
            failure_signal,
            codebase,
            wrote,
            planning,
            execution,
        }
    }
}

/// The weights of a list of names.
fn shares(of: &[(&str, f64)]) -> [f64; 2] {
    [of[0].1, of.get(1).map_or(0.0, |(_, share)| *share)]
}

/// Prompts of a session: geometric, at least 1.
fn prompts(random: &mut Stream, mean: f64) -> u64 {
    let unit = random.unit();
    let more = 1.0 - 1.0 / mean;
    if more <= 0.0 {
        return 1;
    }
    // A tail cut at a probability of 2⁻⁵³ changes no mean.
    1 + (ln(1.0 - unit) / ln(more)) as u64
}

fn ending(random: &mut Stream, person: &Person, mode: usize, level: u8, chances: &Chances) -> (Ending, bool) {
    if random.happens(chances.effects.no_goal_share) {
        return (Ending::NoGoal, false);
    }
    let troubled = random.happens(chances.troubled(level));
    let shift = chances.shift(person.class, mode, person.luck, person.level());
    let success = chances.success(level, shift, troubled);
    let succeeded = SUCCEEDED_UNVERIFIED[usize::from(troubled)];
    let (at, split) = (random.unit(), random.unit());
    let ending = if at < success.verified {
        Ending::Verified
    } else if at >= success.partial {
        Ending::Failed { abandoned: split < success.abandoned }
    } else if split < succeeded {
        Ending::Succeeded
    } else {
        Ending::Partial
    };
    (ending, troubled)
}

/// Signals of success and of failure.
fn signals(random: &mut Stream, ending: Ending, troubled: bool) -> (u8, u8) {
    let success = match ending {
        Ending::Verified => 4 + usize::from(random.happens(STRONGEST)),
        Ending::Succeeded => random.choose(&SUCCESS_SIGNALS[0]),
        Ending::Partial => random.choose(&SUCCESS_SIGNALS[1]),
        Ending::Failed { .. } => random.choose(&SUCCESS_SIGNALS[2]),
        Ending::NoGoal => 0,
    };
    let failure = match ending {
        Ending::NoGoal => 0,
        _ if !troubled => random.choose(&SMALL_FAILURE_SIGNALS),
        Ending::Verified | Ending::Succeeded => 3 + random.choose(&FAILURE_SIGNALS[0]),
        Ending::Partial => 3 + random.choose(&FAILURE_SIGNALS[1]),
        Ending::Failed { .. } => 3 + random.choose(&FAILURE_SIGNALS[2]),
    };
    (success as u8, failure as u8)
}

/// The relation to the code base, and whether lines were added: what failed without a line was abandoned.
fn code(random: &mut Stream, mode: usize, ending: Ending) -> (Codebase, bool) {
    let [modify, create, ..] = CODEBASE[mode];
    let weights = match ending {
        Ending::Failed { abandoned: true } => [0.3, 0.0, 0.4, 0.3],
        Ending::Failed { abandoned: false } => [modify, create, 0.0, 0.0],
        Ending::NoGoal => [0.0, 0.0, 0.4, 0.6],
        _ => CODEBASE[mode],
    };
    let codebase = Codebase::ALL[random.choose(&weights)];
    let writes = matches!(codebase, Codebase::Modify | Codebase::Create);
    let lines = random.happens(0.96);
    let wrote = match ending {
        Ending::Failed { abandoned } => !abandoned,
        _ => writes && lines,
    };
    (codebase, wrote)
}
