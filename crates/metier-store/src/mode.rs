//! Whose a store is: one person's own, or of many people, of whom nobody may be seen. Set when it is made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whose sessions a store holds, and so what may be shown of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One owner, who sees all of it.
    #[default]
    Personal,
    /// The people of a team: only findings that passed the gate are shown.
    Team,
    /// The people of a research study: the same.
    Research,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 3] = [Mode::Personal, Mode::Team, Mode::Research];

    /// The name in flags and in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Personal => "personal",
            Mode::Team => "team",
            Mode::Research => "research",
        }
    }

    /// Whether sessions of several people are in it, so that nothing leaves it but through the gate.
    pub fn is_pooled(self) -> bool {
        self != Mode::Personal
    }

    pub(crate) fn is_personal(&self) -> bool {
        *self == Mode::Personal
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mode {
    type Err = String;

    /// The mode of that name.
    ///
    /// ```
    /// use metier_store::Mode;
    /// assert_eq!("team".parse(), Ok(Mode::Team));
    /// assert!("public".parse::<Mode>().is_err());
    /// ```
    fn from_str(name: &str) -> Result<Mode, String> {
        Mode::ALL
            .into_iter()
            .find(|mode| mode.name() == name)
            .ok_or_else(|| format!("{name:?} is no mode: there are {}", Mode::ALL.map(Mode::name).join(", ")))
    }
}

/// What a number must rest on to leave a store of many people. Set when the store is made, for whoever could lower
/// them later could see anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// At least so many people.
    pub people: u32,
    /// At least so many sessions.
    pub sessions: u32,
    /// What all but the two largest contributors add must be at least so many percent of the largest one's part: the
    /// p % rule (Hundepool et al., Statistical Disclosure Control, 2012, section 4.2.2).
    pub percent: u32,
    /// The privacy budget of releases with noise, in millionths of ε.
    #[serde(default = "budget")]
    pub budget: u64,
}

fn budget() -> u64 {
    Thresholds::default().budget
}

impl Thresholds {
    /// A store of many people asks for at least so many, however it was made.
    pub const FEWEST_PEOPLE: u32 = 5;
}

impl Default for Thresholds {
    /// 10 people, 10 sessions, 15 %, ε of 3 in all.
    fn default() -> Thresholds {
        Thresholds { people: 10, sessions: 10, percent: 15, budget: 3_000_000 }
    }
}
