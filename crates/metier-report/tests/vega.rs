//! Vega-Lite specifications of simulated findings.
#![allow(clippy::unwrap_used)]

use metier_report::vega;
use metier_store::Rows;
use metier_study::simulate::{Design, simulate};
use metier_study::{By, FINDINGS, Settings, Study, study};
use serde_json::Value;

#[test]
fn every_number_is_in_the_data() {
    let rows = Rows::of_owner(simulate(&Design::new(200, 30, 7)).0);
    let studies: Vec<&'static Study> = FINDINGS.iter().collect();
    for by in [By::Overall, By::Month, By::Agent] {
        let (summary, findings) = study(&rows, &Settings { by, ..Settings::default() }, &studies).unwrap();
        for finding in &findings {
            let spec = vega(&summary, finding);
            let data = spec["data"]["values"].as_array().unwrap();
            let mut measures =
                finding.groups.iter().flat_map(|group| group.measures.iter().map(move |one| (group, one)));
            for row in data {
                let (group, measure) = measures.next().unwrap();
                assert_eq!(row["group"], group.label.as_str());
                assert_eq!(row["measure"], measure.name);
                assert_eq!(row["value"].as_f64(), measure.estimate.value);
                assert_eq!(row["low"].as_f64(), measure.estimate.low);
                assert_eq!(row["published"].as_f64(), measure.published.as_ref().map(|figure| figure.value));
                if measure.estimate.n == 0 {
                    assert_eq!(row["n"], Value::Null);
                }
            }
            assert!(measures.next().is_none());
            assert_eq!(spec["usermeta"]["definition"], finding.definition);
            assert_eq!(spec["usermeta"]["by"], by.name());
            // Each unit has its plot, and each plot its unit's numbers.
            let plots = spec["vconcat"].as_array().unwrap();
            let units: Vec<&Value> =
                plots.iter().map(|plot| &plot["transform"][0]["filter"]["equal"]).collect();
            assert!(data.iter().all(|row| units.contains(&&row["unit"])));
            assert_eq!(spec, vega(&summary, finding));
        }
    }
}
