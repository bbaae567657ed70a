//! How a study is done: the grouping, and which sessions count.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::error::Error;

/// How a study is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// What the groups of each finding are.
    pub by: By,
    /// Whether sessions with no person in the loop count too.
    pub include_headless: bool,
    /// Only sessions that meet all of these count. Then no published figure is set beside, for it speaks of all sessions.
    pub conditions: Vec<Condition>,
}

/// What the groups of a finding are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// One group of all sessions.
    #[default]
    Overall,
    /// The month of the first record, in UTC.
    Month,
    /// The agent.
    Agent,
    /// The family of the main model, by [`model_family`](crate::model_family).
    Model,
    /// The project, by the first 8 hex digits of its id.
    Project,
}

impl By {
    /// Every grouping.
    pub const ALL: [By; 5] = [By::Overall, By::Month, By::Agent, By::Model, By::Project];

    /// The name in flags and JSON.
    pub fn name(self) -> &'static str {
        match self {
            By::Overall => "overall",
            By::Month => "month",
            By::Agent => "agent",
            By::Model => "model",
            By::Project => "project",
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for By {
    type Err = Error;

    /// The grouping of that name.
    ///
    /// ```
    /// use metier_study::By;
    /// assert_eq!("month".parse(), Ok(By::Month));
    /// assert!("weekday".parse::<By>().is_err());
    /// ```
    fn from_str(name: &str) -> Result<By, Error> {
        By::ALL
            .into_iter()
            .find(|by| by.name() == name)
            .ok_or_else(|| Error::By { name: name.to_owned(), known: By::ALL.map(By::name).join(", ") })
    }
}
