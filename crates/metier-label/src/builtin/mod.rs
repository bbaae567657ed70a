//! The built-in labeller: deterministic, offline, from facts and the person's words. What each answer rests on is told by [`explain`].

mod answers;
mod cues;
mod evidence;
mod intent;
mod learned;
mod own;
mod sentence;

pub use answers::{Explained, Reason, explain, label};
pub use evidence::{Evidence, evidence, names};
pub use intent::{MessageEvidence, message_evidence, message_names};
pub use learned::{HELD_WITHIN, Model, ModelKind, Prediction, Record, Weights, weights};

/// The version of the evidence and its weights: raised when the same transcript would be answered otherwise, so that
/// stores know which rows to label again.
pub const VERSION: u32 = 1;
