//! A bundle of counts with noise.

use metier_label::rubric;
use serde::{Deserialize, Serialize};

use super::bundle::{Made, Problem};
use super::pool::of_different_stores;
use crate::private::Noisy;

const SCHEMA: u32 = 1;
/// A release has some hundred counts.
const MOST_BYTES: usize = 1 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    schema: u32,
    made: Made,
    noisy: Noisy,
}

/// The body of such a bundle. The same release gives the same bytes.
pub fn write_noisy(made: Made, noisy: Noisy) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(&Body { schema: SCHEMA, made, noisy }).expect("counts are plain JSON");
    bytes.push(b'\n');
    bytes
}

/// What is in such a body, if all of it can be.
///
/// # Errors
/// If it is too large, of another version or rubric, or anything in it cannot be.
pub fn read_noisy(body: &[u8]) -> Result<(Made, Noisy), Problem> {
    if body.len() > MOST_BYTES {
        return Err(Problem::TooLarge { bytes: body.len(), most: MOST_BYTES });
    }
    let malformed = |why: String| Problem::Malformed {
        place: "the counts".to_owned(),
        why: why.chars().filter(|c| !c.is_control()).take(120).collect(),
    };
    let Body { schema, made, noisy } =
        serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))?;
    if schema != SCHEMA {
        let (found, known) = (schema.to_string(), SCHEMA.to_string());
        return Err(Problem::Version { what: "schema", found, known });
    }
    made.check()?;
    let own = rubric().hash.to_string();
    if made.rubric != own {
        return Err(Problem::Version { what: "rubric", found: made.rubric, known: own });
    }
    noisy.check().map_err(|error| malformed(error.to_string()))?;
    Ok((made, noisy))
}

/// Adds up releases with noise, each with how it was made.
///
/// # Errors
/// If there are none, two are of the same store, or they do not ask the same.
pub fn pool_noisy(releases: Vec<(Made, Noisy)>) -> Result<Noisy, Problem> {
    let versions: std::collections::BTreeSet<(u32, u32)> =
        releases.iter().map(|(made, _)| (made.facts, made.labels)).collect();
    if versions.len() > 1 {
        return Err(Problem::Kind("the version of definitions differs between bundles".to_owned()));
    }
    of_different_stores(releases.iter().map(|(made, _)| made))?;
    let mut sum: Option<Noisy> = None;
    for (_, noisy) in releases {
        match &mut sum {
            None => sum = Some(noisy),
            Some(sum) => sum.add(&noisy).map_err(|error| Problem::Kind(error.to_string()))?,
        }
    }
    sum.ok_or_else(|| Problem::Kind("there is no bundle to add up".to_owned()))
}
