//! What the simulation assumes besides the knobs: shares and strengths, each chosen once and documented. Computes nothing.

/// The groups of work modes of the study, each with the options of the rubric in it and their shares of the group.
///
/// Effects are the same for all options of a group, so that a regression may control for either.
pub(super) const MODES: [&[(&str, f64)]; 6] = [
    &[("building", 1.0)],
    &[("fixing", 1.0)],
    &[("testing", 0.5), ("orchestrating", 0.5)],
    &[("operating", 1.0)],
    &[("understanding", 0.6), ("planning", 0.4)],
    &[("analyzing", 0.5), ("communicating", 0.5)],
];
/// Names of the groups.
pub(super) const MODE_NAMES: [&str; 6] = [
    "building",
    "fixing",
    "testing_and_orchestrating",
    "operating",
    "planning_and_understanding",
    "analyzing_and_communicating",
];
/// Share for one level of expertise above the mean; they add up to 0.
pub(super) const MODES_BY_LEVEL: [f64; 6] = [0.02, 0.01, 0.005, 0.01, -0.02, -0.025];
/// Log actions and log words per prompt.
pub(super) const DEPTH_BY_MODE: [f64; 6] = [0.15, 0.05, 0.1, -0.05, -0.25, -0.15];
/// Verified success, before it is centred.
pub(super) const SUCCESS_BY_MODE: [f64; 6] = [0.02, -0.01, 0.0, 0.02, -0.03, -0.01];
/// Mean log task value.
pub(super) const VALUE_BY_MODE: [f64; 6] = [0.3, -0.1, 0.1, -0.2, -0.1, 0.0];
/// Relation to the code base, by mode: modify, create, explore, none.
pub(super) const CODEBASE: [[f64; 4]; 6] = [
    [0.53, 0.42, 0.02, 0.03],
    [0.90, 0.02, 0.05, 0.03],
    [0.60, 0.15, 0.10, 0.15],
    [0.40, 0.02, 0.20, 0.38],
    [0.08, 0.02, 0.68, 0.22],
    [0.12, 0.13, 0.17, 0.58],
];

/// Bounds of the tiers of task value in US dollars, as the study has them, a little inside of them.
pub(super) const TIERS: [(f64, f64); 4] =
    [(11.0, 188.0), (220.0, 940.0), (1_100.0, 4_700.0), (5_500.0, 47_000.0)];
/// Shares of the tiers where everything else is at its middle.
pub(super) const TIER_SHARES: [f64; 4] = [0.42, 0.34, 0.19, 0.05];
/// How shares move as the mean log value rises.
pub(super) const TIER_TILT: [f64; 4] = [-1.0, 0.5, 0.4, 0.1];

/// Classes of occupations differ in depth and success: software, another, and (2) unclear. This is software.
pub(super) const SOFTWARE: usize = 0;
/// Another occupation than software.
pub(super) const OTHER: usize = 1;
/// Major groups besides 15, by their shares.
pub(super) const OCCUPATIONS: [(&str, f64); 12] = [
    ("11", 0.16),
    ("13", 0.16),
    ("17", 0.12),
    ("19", 0.13),
    ("25", 0.11),
    ("27", 0.12),
    ("41", 0.07),
    ("43", 0.05),
    ("23", 0.03),
    ("29", 0.03),
    ("49", 0.01),
    ("51", 0.01),
];

/// Models by their real names, and the strength of each on depth.
pub(super) const MODELS: [(&str, f64); 5] = [
    ("claude-sonnet-4-5-20250929", 0.0),
    ("claude-haiku-4-5-20251001", -1.0),
    ("claude-opus-4-5-20251101", 1.0),
    ("claude-opus-4-6", 1.2),
    ("claude-sonnet-4-6", 0.2),
];
/// Shares of the models by month: none before it came out.
pub(super) const MODEL_SHARES: [[f64; 5]; 7] = [
    [0.75, 0.25, 0.0, 0.0, 0.0],
    [0.68, 0.22, 0.10, 0.0, 0.0],
    [0.45, 0.20, 0.35, 0.0, 0.0],
    [0.40, 0.20, 0.40, 0.0, 0.0],
    [0.25, 0.20, 0.25, 0.20, 0.10],
    [0.10, 0.20, 0.10, 0.35, 0.25],
    [0.05, 0.20, 0.05, 0.40, 0.30],
];

/// Subjects by class of occupation.
pub(super) const SUBJECTS: [(&str, [f64; 3]); 14] = [
    ("web_frontend", [0.20, 0.08, 0.15]),
    ("backend", [0.20, 0.04, 0.15]),
    ("developer_tools", [0.15, 0.03, 0.12]),
    ("ai_agents", [0.12, 0.08, 0.10]),
    ("infrastructure", [0.12, 0.03, 0.08]),
    ("mobile_desktop", [0.07, 0.02, 0.06]),
    ("systems", [0.05, 0.01, 0.03]),
    ("machine_learning", [0.04, 0.03, 0.03]),
    ("data", [0.05, 0.15, 0.08]),
    ("science", [0.0, 0.12, 0.03]),
    ("business", [0.0, 0.14, 0.05]),
    ("finance", [0.0, 0.09, 0.03]),
    ("writing", [0.0, 0.14, 0.06]),
    ("education", [0.0, 0.04, 0.03]),
];

/// Patterns of interaction: the weight of each, and its change for one level of expertise above 3.
pub(super) const PATTERNS: [(&str, f64, f64); 7] = [
    ("delegation", 0.28, -0.05),
    ("progressive_reliance", 0.08, -0.01),
    ("iterative_debugging", 0.20, -0.02),
    ("generation_then_comprehension", 0.06, 0.0),
    ("hybrid_code_explanation", 0.10, 0.0),
    ("conceptual_inquiry", 0.06, 0.0),
    ("directed", 0.22, 0.08),
];

/// Kinds of messages: the weight of each in sessions without and with trouble.
pub(super) const INTENTS: [(&str, f64, f64); 12] = [
    ("new implementation", 0.16, 0.10),
    ("iterative modification", 0.22, 0.14),
    ("alignment correction", 0.06, 0.20),
    ("log paste", 0.04, 0.10),
    ("symptom description", 0.07, 0.12),
    ("error persistence", 0.02, 0.12),
    ("planning and decision consultation", 0.08, 0.05),
    ("project comprehension", 0.09, 0.05),
    ("general knowledge query", 0.04, 0.02),
    ("behavior specification", 0.08, 0.04),
    ("toolchain operation", 0.08, 0.04),
    ("continuation", 0.06, 0.02),
];

/// Planning decisions of the person in tenths 2 to 10, where the agent does not control planning.
pub(super) const PLANNING: [f64; 9] = [0.02, 0.04, 0.05, 0.08, 0.12, 0.17, 0.20, 0.18, 0.14];
/// Execution decisions of the person in tenths 0 to 8, where the person does not control execution.
pub(super) const EXECUTION: [f64; 9] = [0.31, 0.31, 0.18, 0.10, 0.05, 0.03, 0.01, 0.007, 0.003];

/// Success signals 0 to 5 of sessions that succeeded without verification, succeeded partly, failed.
pub(super) const SUCCESS_SIGNALS: [[f64; 6]; 3] = [
    [0.02, 0.035, 0.295, 0.65, 0.0, 0.0],
    [0.08, 0.27, 0.35, 0.24, 0.03, 0.03],
    [0.40, 0.38, 0.15, 0.04, 0.02, 0.01],
];
/// Failure signals 3 to 5 of troubled sessions that succeeded, succeeded partly, failed.
pub(super) const FAILURE_SIGNALS: [[f64; 3]; 3] =
    [[0.78, 0.195, 0.025], [0.45, 0.35, 0.20], [0.10, 0.30, 0.60]];
/// Failure signals 0 to 2 of all others with a goal.
pub(super) const SMALL_FAILURE_SIGNALS: [f64; 3] = [0.45, 0.35, 0.20];
/// Of sessions with at least partial success that is not verified, the share that succeeded: without and with trouble.
pub(super) const SUCCEEDED_UNVERIFIED: [f64; 2] = [0.84, 0.22];
/// Of failed sessions without trouble, the share that was abandoned.
pub(super) const ABANDONED_UNTROUBLED: f64 = 0.25;
/// Share of verified successes with the strongest signal.
pub(super) const STRONGEST: f64 = 0.4;
