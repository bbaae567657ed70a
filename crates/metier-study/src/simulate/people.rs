//! People: how many sessions each has, and what stays the same over their sessions.

use super::chances::{Chances, DAYS};
use super::random::{Stream, exp, ln};
use super::tables::{OCCUPATIONS, OTHER, SOFTWARE};

/// The beginning of the window: 2025-10-01T00:00:00Z.
const START_MS: i64 = 1_759_276_800_000;
const DAY_MS: i64 = 86_400_000;

/// What stays the same over a person's sessions.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// From 0.
    pub(super) number: u32,
    /// Software, another, unclear.
    pub(super) class: usize,
    /// The major group, or "unclear".
    pub(super) occupation: &'static str,
    /// Which of the four skills the person has.
    pub(super) skills: [bool; 4],
    /// The person's own part of log actions and of log words, in standard deviations.
    pub(super) depth: [f64; 2],
    /// How the person's slopes differ, in standard deviations.
    pub(super) slopes: [f64; 2],
    /// −1 or 1.
    pub(super) luck: f64,
    /// When each of the sessions began, in order.
    pub(super) times: Vec<i64>,
}

impl Person {
    pub(super) fn draw(seed: u64, number: u32, sessions: u32, chances: &Chances) -> Person {
        let mut random = Stream::new(seed, u64::from(number) << 1 | 1);
        let class = random.choose(&chances.occupations);
        let group = random.choose(&OCCUPATIONS.map(|(_, share)| share));
        let skill = chances.skills[class];
        let skills = std::array::from_fn(|_| random.happens(skill));
        // People who let the agent do much also let it write much.
        let (actions, own) = (random.bell(), random.bell());
        let days: i64 = DAYS.iter().sum();
        Person {
            number,
            class,
            occupation: match class {
                SOFTWARE => "15",
                OTHER => OCCUPATIONS[group].0,
                _ => "unclear",
            },
            skills,
            depth: [actions, 0.8 * actions + 0.6 * own],
            slopes: [random.bell(), random.bell()],
            luck: if random.happens(0.5) { 1.0 } else { -1.0 },
            times: {
                let mut times: Vec<i64> =
                    (0..sessions).map(|_| START_MS + random.below((days * DAY_MS) as u64) as i64).collect();
                times.sort_unstable();
                times
            },
        }
    }

    /// The person's own level of expertise.
    pub(super) fn level(&self) -> u8 {
        1 + self.skills.iter().map(|skill| u8::from(*skill)).sum::<u8>()
    }

    /// The home folder, by which scans tell people apart.
    pub(super) fn home(&self) -> String {
        format!("/home/simulated-{}", self.number)
    }
}

/// The index of the month of a time within the window.
pub(super) fn month(time: i64) -> usize {
    let mut day = (time - START_MS) / DAY_MS;
    for (month, days) in DAYS.into_iter().enumerate() {
        if day < days {
            return month;
        }
        day -= days;
    }
    DAYS.len() - 1
}

/// How many sessions each person has: at least one, and then a negative binomial number of shape ⅓ more, whose
/// tail is that of the published sample. They add up to `sessions`.
pub(super) fn session_counts(seed: u64, sessions: u32, people: u32) -> Vec<u32> {
    const SHAPE: f64 = 1.0 / 3.0;
    let mut random = Stream::new(seed, u64::MAX - 1);
    let more = sessions.saturating_sub(people);
    let mean = f64::from(more) / f64::from(people.max(1));
    let ratio = mean / (mean + SHAPE);
    let none = if more == 0 { 1.0 } else { exp(SHAPE * ln(1.0 - ratio)) };
    let mut counts: Vec<u32> = (0..people)
        .map(|_| {
            let (mut left, mut probability, mut count) = (random.unit(), none, 0);
            while left >= probability && count < more {
                left -= probability;
                probability *= (f64::from(count) + SHAPE) / f64::from(count + 1) * ratio;
                count += 1;
            }
            count + 1
        })
        .collect();
    // What is missing or too much is spread by chance.
    let mut sum: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    while sum != u64::from(sessions) {
        let at = random.below(u64::from(people)) as usize;
        if sum < u64::from(sessions) {
            counts[at] += 1;
            sum += 1;
        } else if counts[at] > 1 {
            counts[at] -= 1;
            sum -= 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_have_the_published_tail() {
        let counts = session_counts(1, 398_198, 234_751);
        assert_eq!(counts.iter().sum::<u32>(), 398_198);
        let over = |limit| counts.iter().filter(|count| **count > limit).count() as f64;
        assert!((over(1) / 73_066.0 - 1.0).abs() < 0.05, "{}", over(1));
        assert!((over(5) / 6_382.0 - 1.0).abs() < 0.2, "{}", over(5));
        assert_eq!(session_counts(1, 5, 5), [1; 5]);
        assert_eq!(session_counts(1, 100, 3).iter().sum::<u32>(), 100);
        assert_eq!(session_counts(1, 1, 1), [1]);
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        for time in (0..212 * 24).map(|hour| START_MS + hour * 3_600_000) {
            let name = metier_session::Time(time).month();
            assert_eq!(name, super::super::chances::MONTHS[month(time)]);
        }
    }
}
