//! A bundle of aggregates: made from findings that passed the gate, and read from what others sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use metier_session::Agent;
use metier_stats::linear::CrossProducts;
use metier_stats::moments::Moments;
use metier_store::{Mode, Rows, Thresholds};
use serde::{Deserialize, Serialize};

use super::Sums;
use crate::error::Error;
use crate::finding::{Estimate, Finding};
use crate::findings::Study;
use crate::gate::Ledger;
use crate::settings::{By, Settings};
use crate::summary::Summary;

/// The version of the body's shape.
const SCHEMA: u32 = 1;
/// More bytes than this are no bundle of sums.
const MOST_BYTES: usize = 64 << 20;
/// More groups than this are no months and no agents.
const MOST_GROUPS: usize = 1_000;
/// Counts above this are no sessions of people.
const MOST: u64 = 1 << 50;

/// Why a bundle is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file is something else.
    #[error("it is no metier bundle")]
    NoBundle,
    /// It is of another version.
    #[error("its {what} is {found}, and this metier knows {known}")]
    Version {
        /// What of it.
        what: &'static str,
        /// What the bundle says.
        found: String,
        /// What is known.
        known: String,
    },
    /// It was changed on its way.
    #[error("its checksum is wrong: it was damaged or changed on its way")]
    Checksum,
    /// Its signature is not that of its key.
    #[error("its signature is wrong: it was changed, or somebody else signed it")]
    Signature,
    /// A signing key is none.
    #[error(
        "the signing key is none: it has to be an Ed25519 key in PKCS #8, as `metier share --sign` makes it"
    )]
    Signing,
    /// It is larger than a bundle can be.
    #[error("it has {bytes} bytes, and a bundle of aggregates at most {most}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The largest.
        most: usize,
    },
    /// Something in it cannot be.
    #[error("{place}: {why}")]
    Malformed {
        /// Where.
        place: String,
        /// Why it cannot be.
        why: String,
    },
    /// It holds something else than what is asked for.
    #[error("{0}")]
    Kind(String),
}

/// What all bundles that are to be added up have to share, and where one is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The version of the program.
    pub metier: String,
    /// The version of the definitions of facts.
    pub facts: u32,
    /// The version of the built-in labels.
    pub labels: u32,
    /// The hash of the rubric.
    pub rubric: String,
    /// Tells the store from others, and nothing else of it.
    pub source: String,
    /// The day.
    pub day: String,
}

impl Made {
    /// Whether all of it can be.
    ///
    /// # Errors
    /// If something is no version, hash or day.
    pub fn check(&self) -> Result<(), Problem> {
        let Made { metier, rubric, source, day, .. } = self;
        let parts = [
            ("made.metier", metier, 40),
            ("made.rubric", rubric, 80),
            ("made.source", source, 40),
            ("made.day", day, 10),
        ];
        for (place, text, longest) in parts {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-+:".contains(&byte);
            if text.len() > longest || !text.bytes().all(plain) {
                let why = "it is no version, hash or day".to_owned();
                return Err(Problem::Malformed { place: place.to_owned(), why });
            }
        }
        Ok(())
    }
}

/// Sums that passed the gate of a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// How it was made.
    pub made: Made,
    /// The mode of the store.
    pub mode: Mode,
    /// What its numbers rest on at least.
    pub thresholds: Thresholds,
    /// The rater, if it is the built-in one; of others what tells them apart.
    pub rater: String,
    /// The groups.
    pub by: By,
    /// Whether sessions without a person count.
    pub headless: bool,
    /// Conditions that all sessions meet.
    pub conditions: Vec<String>,
    /// All sessions, and their people.
    pub sessions: u64,
    /// Their people.
    pub people: u64,
    pub(super) findings: BTreeMap<String, Vec<Group>>,
}

/// A group of a finding.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) label: String,
    pub(super) sessions: u64,
    pub(super) people: u64,
    pub(super) numbers: BTreeMap<String, Number>,
    /// The models of its tables.
    pub(super) tables: Vec<Vec<Option<Arc<CrossProducts>>>>,
}

/// A number that passed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) ends: Option<(f64, f64)>,
    pub(super) n: u64,
    pub(super) sessions: u64,
    pub(super) people: u64,
    pub(super) sums: Option<Shared>,
}

/// What adds up.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shared {
    Ratio(Moments),
    Coefficient { model: Arc<CrossProducts>, term: String },
}

impl Bundle {
    /// The findings over rows, through the gate and into the ledger, as sums. Also gives the same as numbers, for the preview.
    ///
    /// # Errors
    /// If nothing may be released, or groups are of no use to others.
    pub fn of(
        rows: &Rows,
        settings: &Settings,
        studies: &[&'static Study],
        ledger: &mut Ledger,
        made: Made,
    ) -> Result<(Bundle, Summary, Vec<Finding>), Error> {
        let of_project = |one: &crate::Condition| one.to_string().starts_with("project");
        if settings.by == By::Project || settings.conditions.iter().any(of_project) {
            let why = "projects are nobody else's: group by month, agent or model".to_owned();
            return Err(Error::Refused { why });
        }
        let (summary, findings) = crate::through(rows, settings, studies, ledger, true)?;
        let rater = match &summary.labels {
            None => "none",
            Some(labels) if labels.rater == metier_label::Rater::BUILTIN => metier_label::Rater::BUILTIN,
            // A rater's name can be a person's: enough of it to tell one from another, and too little to tell whose.
            Some(labels) => {
                let hash = blake3::hash(labels.rater.as_bytes()).to_hex();
                &format!("another-{}", &hash[..8])
            }
        };
        let bundle = Bundle {
            made,
            mode: rows.mode(),
            thresholds: rows.thresholds(),
            rater: rater.to_owned(),
            by: settings.by,
            headless: settings.include_headless,
            conditions: summary.conditions.clone(),
            sessions: summary.population.sessions as u64,
            people: summary.population.people as u64,
            findings: findings.iter().map(|one| (one.name.to_owned(), Group::of(one))).collect(),
        };
        Ok((bundle, summary, findings))
    }

    /// How many numbers it has.
    pub fn numbers(&self) -> usize {
        self.findings.values().flatten().map(|group| group.numbers.len()).sum()
    }

    /// The body of its file. The same bundle gives the same bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(&file::Bundle::from(self)).expect("a bundle is plain JSON");
        bytes.push(b'\n');
        bytes
    }

    /// The bundle in a body, if all of it can be.
    ///
    /// # Errors
    /// If it is too large, of another version, or anything in it cannot be.
    pub fn read(body: &[u8]) -> Result<Bundle, Problem> {
        if body.len() > MOST_BYTES {
            return Err(Problem::TooLarge { bytes: body.len(), most: MOST_BYTES });
        }
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let malformed = |error: serde_json::Error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            // What the parser quotes is the sender's: printable and short.
            let why = error.to_string().chars().filter(|c| !c.is_control()).take(120).collect();
            Problem::Malformed { place, why }
        };
        let Version { schema } = serde_json::from_slice(body).map_err(malformed)?;
        if schema != SCHEMA {
            let (found, known) = (schema.to_string(), SCHEMA.to_string());
            return Err(Problem::Version { what: "schema", found, known });
        }
        serde_json::from_slice::<file::Bundle>(body).map_err(malformed)?.checked()
    }
}

impl Group {
    fn of(finding: &Finding) -> Vec<Group> {
        let shown = finding.groups.iter().filter_map(|group| Some((group, group.n?, group.people?)));
        shown
            .map(|(group, sessions, people)| Group {
                label: group.label.clone(),
                sessions: sessions as u64,
                people: people as u64,
                numbers: group
                    .measures
                    .iter()
                    .filter_map(|measure| {
                        Some((measure.name.to_owned(), Number::of(&measure.estimate, measure.sums.clone())?))
                    })
                    .collect(),
                tables: group.tables.iter().map(|table| table.sums.clone()).collect(),
            })
            .collect()
    }
}

impl Number {
    fn of(estimate: &Estimate, sums: Option<Sums>) -> Option<Number> {
        Some(Number {
            value: estimate.value?,
            ends: estimate.low.zip(estimate.high),
            n: estimate.n,
            sessions: estimate.sessions as u64,
            people: estimate.people as u64,
            sums: sums.map(|sums| match sums {
                Sums::Ratio { people, .. } => Shared::Ratio(people),
                Sums::Coefficient { model, term } => Shared::Coefficient { model, term },
            }),
        })
    }
}

/// The bundle as it stands in its file, and the checks of what comes from one.
mod file {
    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Bundle {
        schema: u32,
        made: Made,
        mode: Mode,
        thresholds: Thresholds,
        rater: String,
        by: By,
        headless: bool,
        conditions: Vec<String>,
        sessions: u64,
        people: u64,
        #[serde(deserialize_with = "each_once")]
        findings: BTreeMap<String, Vec<Group>>,
    }

    /// A map in which no name stands twice: of two numbers under one name only one would be looked at.
    fn each_once<'de, D: serde::Deserializer<'de>, V: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, V>, D::Error> {
        struct EachOnce<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> serde::de::Visitor<'de> for EachOnce<V> {
            type Value = BTreeMap<String, V>;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("names, each once")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, V>()? {
                    if all.insert(name, value).is_some() {
                        return Err(serde::de::Error::custom("a name stands twice"));
                    }
                }
                Ok(all)
            }
        }
        deserializer.deserialize_map(EachOnce(std::marker::PhantomData))
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Group {
        label: String,
        sessions: u64,
        people: u64,
        #[serde(deserialize_with = "each_once")]
        numbers: BTreeMap<String, Number>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tables: Vec<Vec<Option<Model>>>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Number {
        value: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interval: Option<(f64, f64)>,
        n: u64,
        sessions: u64,
        people: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ratio: Option<Totals>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        coefficient: Option<(String, Model)>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Totals {
        people: u64,
        sum: Vec<f64>,
        products: Vec<f64>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Model {
        terms: Vec<String>,
        rows: u64,
        absorbed: u64,
        totals: Totals,
    }

    impl From<&Moments> for Totals {
        fn from(moments: &Moments) -> Totals {
            let (sum, products) = (moments.sum().to_vec(), moments.products().to_vec());
            Totals { people: moments.people(), sum, products }
        }
    }

    impl From<&CrossProducts> for Model {
        fn from(model: &CrossProducts) -> Model {
            Model {
                terms: model.terms().to_vec(),
                rows: model.rows(),
                absorbed: model.absorbed(),
                totals: model.moments().into(),
            }
        }
    }

    impl From<&super::Bundle> for Bundle {
        fn from(bundle: &super::Bundle) -> Bundle {
            let number = |number: &super::Number| Number {
                value: number.value,
                interval: number.ends,
                n: number.n,
                sessions: number.sessions,
                people: number.people,
                ratio: match &number.sums {
                    Some(Shared::Ratio(moments)) => Some(moments.into()),
                    _ => None,
                },
                coefficient: match &number.sums {
                    Some(Shared::Coefficient { model, term }) => Some((term.clone(), (&**model).into())),
                    _ => None,
                },
            };
            let group = |group: &super::Group| Group {
                label: group.label.clone(),
                sessions: group.sessions,
                people: group.people,
                numbers: group.numbers.iter().map(|(name, one)| (name.clone(), number(one))).collect(),
                tables: (group.tables.iter())
                    .map(|table| table.iter().map(|model| model.as_deref().map(Model::from)).collect())
                    .collect(),
            };
            Bundle {
                schema: SCHEMA,
                made: bundle.made.clone(),
                mode: bundle.mode,
                thresholds: bundle.thresholds,
                rater: bundle.rater.clone(),
                by: bundle.by,
                headless: bundle.headless,
                conditions: bundle.conditions.clone(),
                sessions: bundle.sessions,
                people: bundle.people,
                findings: (bundle.findings.iter())
                    .map(|(name, groups)| (name.clone(), groups.iter().map(group).collect()))
                    .collect(),
            }
        }
    }

    impl Bundle {
        pub(super) fn checked(self) -> Result<super::Bundle, Problem> {
            let wrong = |place: &str, why: &str| -> Result<(), Problem> {
                Err(Problem::Malformed { place: place.to_owned(), why: why.to_owned() })
            };
            self.made.check()?;
            let another = self
                .rater
                .strip_prefix("another-")
                .is_some_and(|hash| hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
            if !another && !["builtin", "none"].contains(&self.rater.as_str()) {
                wrong("rater", "it is neither builtin nor another")?;
            }
            let plain = |text: &String| {
                let known = |byte: u8| byte.is_ascii_alphanumeric() || b"=!,-._:/@+ ".contains(&byte);
                text.len() <= 200 && text.bytes().all(known) && text.parse::<crate::Condition>().is_ok()
            };
            if self.conditions.len() > 100 || !self.conditions.iter().all(plain) {
                wrong("conditions", "one is none")?;
            }
            counts("the bundle", self.sessions, self.people)?;
            let mut findings = BTreeMap::new();
            for (name, groups) in self.findings {
                let study = crate::find(&name).map_err(|_| Problem::Malformed {
                    place: "findings".into(),
                    why: "this metier has no such finding".into(),
                })?;
                if groups.len() > MOST_GROUPS {
                    wrong(study.name, "it has too many groups")?;
                }
                let labels: BTreeSet<&str> = groups.iter().map(|group| group.label.as_str()).collect();
                if labels.len() < groups.len() {
                    wrong(study.name, "two groups have one label")?;
                }
                let groups: Result<_, _> =
                    groups.into_iter().map(|group| group.checked(study.name, self.by)).collect();
                findings.insert(name, groups?);
            }
            Ok(super::Bundle {
                made: self.made,
                mode: self.mode,
                thresholds: self.thresholds,
                rater: self.rater,
                by: self.by,
                headless: self.headless,
                conditions: self.conditions,
                sessions: self.sessions,
                people: self.people,
                findings,
            })
        }
    }

    fn counts(place: &str, sessions: u64, people: u64) -> Result<(), Problem> {
        if people > sessions || sessions > MOST {
            let why = format!("{sessions} sessions of {people} people cannot be");
            return Err(Problem::Malformed { place: place.to_owned(), why });
        }
        Ok(())
    }

    impl Group {
        fn checked(self, finding: &str, by: By) -> Result<super::Group, Problem> {
            let known = match by {
                By::Overall => self.label == "all",
                By::Month => self.label == "unknown" || is_month(&self.label),
                By::Agent => Agent::ALL.iter().any(|agent| agent.name() == self.label),
                By::Model => {
                    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/@+".contains(&byte);
                    (1..=60).contains(&self.label.len()) && self.label.bytes().all(plain)
                }
                By::Project => false,
            };
            if !known {
                let (place, why) = (finding.to_owned(), format!("a group is no {by}"));
                return Err(Problem::Malformed { place, why });
            }
            counts(finding, self.sessions, self.people)?;
            let names = crate::share::pool::names(finding);
            let mut numbers = BTreeMap::new();
            for (name, number) in self.numbers {
                if !names.contains(name.as_str()) {
                    let why = "this metier has no such number".to_owned();
                    return Err(Problem::Malformed { place: finding.to_owned(), why });
                }
                let place = format!("{finding}/{name}");
                let number = number.checked(&place)?;
                if !crate::share::pool::is_possible(finding, &name, &number) {
                    let why = "it cannot be, or not with its sums".to_owned();
                    return Err(Problem::Malformed { place, why });
                }
                numbers.insert(name, number);
            }
            if self.tables.len() > 8 || self.tables.iter().any(|table| table.len() > 100) {
                let why = "it has too many tables".to_owned();
                return Err(Problem::Malformed { place: finding.to_owned(), why });
            }
            let model = |model: Option<Model>| model.map(|model| model.checked(finding)).transpose();
            let tables: Result<_, _> =
                self.tables.into_iter().map(|table| table.into_iter().map(model).collect()).collect();
            Ok(super::Group {
                label: self.label,
                sessions: self.sessions,
                people: self.people,
                numbers,
                tables: tables?,
            })
        }
    }

    fn is_month(label: &str) -> bool {
        let digits =
            |text: Option<&str>| text.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        label.len() == 7 && digits(label.get(..4)) && label.get(4..5) == Some("-") && digits(label.get(5..))
    }

    impl Number {
        fn checked(self, place: &str) -> Result<super::Number, Problem> {
            let wrong = |why: &str| Problem::Malformed { place: place.to_owned(), why: why.to_owned() };
            let ends = self.interval;
            if !self.value.is_finite()
                || ends.is_some_and(|(low, high)| !(low <= high && (high - low).is_finite()))
            {
                return Err(wrong("a value or an interval is none"));
            }
            counts(place, self.sessions, self.people)?;
            if self.n > MOST {
                return Err(wrong("it is over too many observations"));
            }
            let sums = match (self.ratio, self.coefficient) {
                (Some(_), Some(_)) => return Err(wrong("it adds up in two ways")),
                (None, None) => None,
                (Some(totals), None) => {
                    let moments = totals.checked(place)?;
                    if moments.width() != 2 {
                        return Err(wrong("a ratio has a top and a bottom"));
                    }
                    Some(Shared::Ratio(moments))
                }
                (None, Some((term, model))) => {
                    let model = model.checked(place)?;
                    if !model.terms().contains(&term) {
                        return Err(wrong("its model has no such term"));
                    }
                    Some(Shared::Coefficient { model, term })
                }
            };
            let Number { value, n, sessions, people, .. } = self;
            Ok(super::Number { value, ends, n, sessions, people, sums })
        }
    }

    impl Totals {
        fn checked(self, place: &str) -> Result<Moments, Problem> {
            Moments::from_parts(self.people, self.sum, self.products)
                .map_err(|error| Problem::Malformed { place: place.to_owned(), why: error.to_string() })
        }
    }

    impl Model {
        fn checked(self, place: &str) -> Result<Arc<CrossProducts>, Problem> {
            let wrong = |why: String| Problem::Malformed { place: place.to_owned(), why };
            // It is printed: no controls, and nothing that turns the direction of writing.
            let plain = |term: &String| {
                let shown = |c: char| c.is_ascii_graphic() || c.is_alphanumeric() || " ²×·–−’“”…".contains(c);
                term.chars().count() <= 100 && term.chars().all(shown)
            };
            if !self.terms.iter().all(plain) {
                return Err(wrong("a term is no name".to_owned()));
            }
            let moments = self.totals.checked(place)?;
            CrossProducts::from_parts(self.terms, self.rows, self.absorbed, moments)
                .map(Arc::new)
                .map_err(|error| wrong(error.to_string()))
        }
    }
}
