//! `metier regress` as a user meets it: numbers that can be computed by hand, a published trial, and what is refused.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use assert_cmd::Command;
use parquet::arrow::ArrowWriter;
use serde_json::Value as Json;

/// Residuals of `y` on `x` are −0.4, 0.8, −1, 1.2, −0.6; `x` less its mean is −2 to 2, with squares of 10.
const FIVE: &str = "y,x,team\n1,0,a\n3,1,a\n2,2,b\n5,3,b\n4,4,c\n";

/// metier in a home of its own.
fn metier(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("metier").unwrap();
    command.env("HOME", home).env("USERPROFILE", home).env("NO_COLOR", "1").current_dir(home);
    let output = command.args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A home in which `rows.csv` holds these bytes.
fn home(csv: impl AsRef<[u8]>) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("rows.csv"), csv).unwrap();
    home
}

fn regress(home: &Path, file: &str, arguments: &str) -> (i32, String, String) {
    let arguments: Vec<&str> = ["regress", file].into_iter().chain(arguments.split_whitespace()).collect();
    metier(home, &arguments)
}

/// What is printed of a CSV file.
#[track_caller]
fn printed(csv: &str, arguments: &str) -> String {
    let home = home(csv);
    let (status, out, err) = regress(home.path(), "rows.csv", arguments);
    assert_eq!((status, err.as_str()), (0, ""), "{arguments}");
    out
}

#[track_caller]
fn json(csv: &str, arguments: &str) -> Json {
    serde_json::from_str(&printed(csv, &format!("{arguments} --json"))).unwrap()
}

fn coefficient<'j>(model: &'j Json, name: &str) -> &'j Json {
    model["coefficients"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()
}

fn names(coefficients: &Json) -> Vec<&str> {
    coefficients.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[track_caller]
fn close(json: &Json, wanted: f64) {
    let found = json.as_f64().unwrap();
    assert!((found - wanted).abs() <= 1e-9 * wanted.abs().max(1e-3), "{found} is not {wanted}");
}

#[test]
fn a_line_through_five_points_has_the_numbers_of_a_textbook() {
    let model = json(FIVE, "--y y --x x --vcov iid");
    assert_eq!(names(&model["coefficients"]), ["Intercept", "x"]);
    close(&coefficient(&model, "Intercept")["estimate"], 1.4);
    let slope = coefficient(&model, "x");
    // Squares of residuals are 3.6 and 3 degrees are free: 1.2 / 10. Of Student's t with 3, 97.5 % lie below 3.1824.
    let std_error = 0.12_f64.sqrt();
    close(&slope["estimate"], 0.8);
    close(&slope["std_error"], std_error);
    close(&slope["t"], 0.8 / std_error);
    close(&slope["conf_low"], 0.8 - 3.182446305284263 * std_error);
    close(&slope["conf_high"], 0.8 + 3.182446305284263 * std_error);
    assert!((slope["p"].as_f64().unwrap() - 0.1041).abs() < 5e-5, "{slope}");
    close(&model["r_squared"], 0.64);
    for (key, wanted) in [
        ("outcome", Json::from("y")),
        ("kind", "linear".into()),
        ("n", 5.into()),
        ("clusters", Json::Null),
        ("fixed_effects", Json::Array(vec![])),
        ("dropped", Json::Array(vec![])),
        ("vcov", "iid".into()),
        ("clustered_by", Json::Array(vec![])),
        ("weights", Json::Null),
        ("degrees_of_freedom", 3.0.into()),
        ("r_squared_within", Json::Null),
        ("rows_missing", 0.into()),
        ("rows_alone", 0.into()),
    ] {
        assert_eq!(model[key], wanted, "{key}");
    }
    assert!(model.get("average_marginal_effects").is_none());
}

#[test]
fn each_kind_of_standard_error_is_its_formula() {
    // The squares of residual times distance from the mean are 0.64, 0.64, 0, 1.44, 1.44.
    let far = 0.64 + 1.44;
    let hc3 = far / (0.4 * 0.4) + far / (0.7 * 0.7);
    for (arguments, vcov, variance, degrees) in [
        ("", "hc1", 5.0 / 3.0 * 2.0 * far / 100.0, 3.0),
        ("--vcov hc1", "hc1", 5.0 / 3.0 * 2.0 * far / 100.0, 3.0),
        ("--vcov hc3", "hc3", 5.0 / 3.0 * hc3 / 100.0, 3.0),
        // Sums over a, b and c are 0, 1.2 and −1.2; the factor is 4 / 3 · 3 / 2.
        ("--cluster team", "cluster", 2.0 * 2.88 / 100.0, 2.0),
        ("--cluster team --vcov cluster", "cluster", 2.0 * 2.88 / 100.0, 2.0),
    ] {
        let model = json(FIVE, &format!("--y y --x x {arguments}"));
        close(&coefficient(&model, "x")["estimate"], 0.8);
        close(&coefficient(&model, "x")["std_error"], f64::sqrt(variance));
        assert_eq!((&model["vcov"], &model["degrees_of_freedom"]), (&vcov.into(), &degrees.into()));
    }
    let model = json(FIVE, "--y y --x x --cluster team");
    assert_eq!((&model["clusters"], &model["clustered_by"][0]), (&3.into(), &"team".into()));
}

#[test]
fn two_ways_of_clusters_are_both_less_the_pairs() {
    let mut csv = String::from("y,x,person,month,pair\n");
    for i in 0..60_u32 {
        let (person, month) = (i % 6, i * i % 5);
        let (x, noise) = ((7 * i) % 11 + 3 * person + 2 * month, (5 * i * i + 3 * i) % 23);
        csv.push_str(&format!(
            "{},{x},p{person},{month},{person}-{month}\n",
            noise + 2 * x + 9 * person % 25 + 40 * (month % 3)
        ));
    }
    let of = |by: &str| json(&csv, &format!("--y y --x x --cluster {by}"));
    let both = of("person,month");
    let counts: Vec<f64> =
        both["clusters"].as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect();
    assert_eq!(counts[0], 6.0);
    assert_eq!(both["degrees_of_freedom"], counts[0].min(counts[1]) - 1.0);
    // Without the factor of its own number of clusters.
    let part = |by: &str| {
        let model = of(by);
        let clusters = model["clusters"].as_f64().unwrap();
        let error = coefficient(&model, "x")["std_error"].as_f64().unwrap();
        error * error * (clusters - 1.0) / clusters
    };
    let fewest = counts[0].min(counts[1]);
    let variance = (part("person") + part("month") - part("pair")) * fewest / (fewest - 1.0);
    close(&coefficient(&both, "x")["std_error"], variance.sqrt());
}

#[test]
fn weights_are_those_of_means_and_their_scale_is_nothing() {
    // Means 3 and 6; squares about them, weighted, 18, with 2 degrees free.
    let csv = "y,x,w,w10\n1,0,1,10\n4,0,2,20\n5,1,3,30\n9,1,1,10\n";
    for weights in ["w", "w10"] {
        let model = json(csv, &format!("--y y --x x --weights {weights} --vcov iid"));
        close(&coefficient(&model, "Intercept")["estimate"], 3.0);
        close(&coefficient(&model, "x")["estimate"], 3.0);
        close(&coefficient(&model, "x")["std_error"], (9.0_f64 * (1.0 / 3.0 + 1.0 / 4.0)).sqrt());
        assert_eq!(model["weights"], weights);
    }
    assert!(printed(csv, "--y y --x x --weights w").contains("Weighted by w."));
}

#[test]
fn fixed_effects_are_taken_out_and_whoever_is_alone_in_one_is_counted() {
    let csv = "y,x,team,same\n1,0,a,s\n2,1,a,s\n4,2,a,s\n11,0,b,s\n13,1,b,s\n14,2,b,s\n99,7,c,s\n";
    let model = json(csv, "--y y --x x --fe team --vcov iid");
    assert_eq!(names(&model["coefficients"]), ["x"]);
    close(&coefficient(&model, "x")["estimate"], 1.5);
    close(&coefficient(&model, "x")["std_error"], 1.0 / 6.0);
    close(&model["r_squared_within"], 27.0 / 28.0);
    assert_eq!((&model["n"], &model["rows_alone"]), (&6.into(), &1.into()));
    assert_eq!((&model["degrees_of_freedom"], &model["fixed_effects"][0]), (&3.0.into(), &"team".into()));
    let text = printed(csv, "--y y --x x --fe team");
    assert!(
        text.contains("team, fixed effect") && text.contains("1 row left out: alone in a fixed effect."),
        "{text}"
    );
    // Two effects, one of which is the same everywhere.
    let two = json(csv, "--y y --x x --fe team,same --vcov iid");
    close(&coefficient(&two, "x")["estimate"], 1.5);
    assert_eq!(two["fixed_effects"].as_array().unwrap().len(), 2);
}

#[test]
fn a_logit_of_two_groups_is_the_logarithm_of_their_odds() {
    let csv = "y,x,team\n1,0,a\n0,0,a\n0,0,b\n0,0,b\n1,1,a\n0,1,a\n1,1,b\n1,1,b\n";
    let model = json(csv, "--y y --x x --logit --vcov iid");
    close(&coefficient(&model, "x")["estimate"], 9.0_f64.ln());
    close(&coefficient(&model, "x")["std_error"], (8.0_f64 / 3.0).sqrt());
    let effect = &model["average_marginal_effects"][0];
    close(&effect["estimate"], 0.5);
    close(&effect["std_error"], (3.0_f64 / 32.0).sqrt());
    assert_eq!((&model["kind"], &model["degrees_of_freedom"]), (&"logit".into(), &Json::Null));
    // McFadden's: the entropy of a quarter by that of a half.
    let quarter = 0.25 * 0.25_f64.ln() + 0.75 * 0.75_f64.ln();
    close(&model["r_squared"], 1.0 - quarter / 0.5_f64.ln());
    // Robust is n / (n − k) = 4 / 3 times what is classical here, where the model holds exactly.
    let robust = json(csv, "--y y --x x --logit");
    close(&coefficient(&robust, "x")["std_error"], (4.0_f64 / 3.0 * 8.0 / 3.0).sqrt());
    assert_eq!(robust["vcov"], "hc1");
    // What a and b add to the slope is ∓1 of the scores by an information of 3 / 4; the factor is 7 / 6 · 2.
    let clustered = json(csv, "--y y --x x --logit --cluster team");
    close(&coefficient(&clustered, "x")["std_error"], (7.0_f64 / 3.0 * 32.0 / 9.0).sqrt());
    assert_eq!((&clustered["clusters"], &clustered["vcov"]), (&2.into(), &"cluster".into()));
    // Fixed effects are not among the coefficients.
    let within = json(csv, "--y y --x x --logit --fe team");
    assert_eq!(names(&within["coefficients"]), ["Intercept", "x"]);
    assert_eq!(names(&within["average_marginal_effects"]), ["x"]);
    let text = printed(csv, "--y y --x x --logit");
    assert!(text.contains("x, average marginal effect") && text.contains("R² is McFadden's"), "{text}");
}

#[test]
fn names_become_columns_and_the_first_in_the_alphabet_is_what_they_are_compared_with() {
    let csv = "words,mode\n9,testing\n4,fixing\n1,building\n3,building\n6,fixing\n11,testing\n";
    let model = json(csv, "--y words --x mode --vcov iid");
    assert_eq!(names(&model["coefficients"]), ["Intercept", "mode[fixing]", "mode[testing]"]);
    for (name, wanted) in [("Intercept", 2.0), ("mode[fixing]", 3.0), ("mode[testing]", 8.0)] {
        close(&coefficient(&model, name)["estimate"], wanted);
    }
    // Squares of residuals 6, 3 degrees free, two rows a mode.
    close(&coefficient(&model, "mode[testing]")["std_error"], 2.0_f64.sqrt());
}

#[test]
fn yes_and_no_are_numbers_and_one_text_makes_a_column_of_names() {
    let csv = "y,yes,level\n1,true,1\n3,false,2\n2,TRUE,n/a\n7,False,2\n4,true,1\n5,false,n/a\n";
    assert_eq!(names(&json(csv, "--y y --x yes")["coefficients"]), ["Intercept", "yes"]);
    assert_eq!(names(&json(csv, "--y y --x level")["coefficients"]), ["Intercept", "level[2]", "level[n/a]"]);
}

#[test]
fn rows_that_lack_a_value_are_left_out_and_counted_for_each_model() {
    let lacking =
        "y,x,team,w,z\n,9,a,1,1\n8,NA,a,1,2\n7,8,NaN,1,3\n6,9,a,null,4\n 9 ,NULL,a,1,5\n5,None,a,1,6\n";
    let rows = FIVE.lines().skip(1).map(|line| format!("{line},1,\n"));
    let csv: String = std::iter::once(lacking.to_owned()).chain(rows).collect();
    let model = json(&csv, "--y y --x x --cluster team --weights w");
    assert_eq!((&model["n"], &model["rows_missing"]), (&5.into(), &6.into()));
    close(&coefficient(&model, "x")["estimate"], 0.8);
    close(&coefficient(&model, "x")["std_error"], (2.0_f64 * 2.88 / 100.0).sqrt());
    // What a model does not ask for may lack. Another model of the same command keeps its own rows.
    let models = json(&csv, "--y y --x x --x z");
    let of = |at: usize| {
        (models["models"][at]["n"].as_u64().unwrap(), models["models"][at]["rows_missing"].as_u64())
    };
    assert_eq!((of(0), of(1)), ((7, Some(4)), (5, Some(6))));
    let text = printed(&csv, "--y y --x x --x z");
    assert!(text.contains("(1) 4 rows left out: a value is missing."), "{text}");
    assert!(text.contains("(2) 6 rows left out: a value is missing."), "{text}");
}

#[test]
fn several_outcomes_and_regressors_make_a_model_each() {
    let csv = "y,v,x,z\n1,2,0,1\n3,1,1,1\n2,5,2,0\n5,3,3,1\n4,6,4,0\n";
    let models = json(csv, "--y y --y v --x x --x x,z");
    let models = models["models"].as_array().unwrap();
    let shape: Vec<(&str, usize)> = models
        .iter()
        .map(|model| (model["outcome"].as_str().unwrap(), names(&model["coefficients"]).len()))
        .collect();
    assert_eq!(shape, [("y", 2), ("y", 3), ("v", 2), ("v", 3)]);
    assert_eq!(models[0], json(csv, "--y y --x x"));
    let text = printed(csv, "--y y --y v --x x --x x,z");
    assert!(
        text.lines().next().unwrap().ends_with("(1)            (2)            (3)             (4)"),
        "{text}"
    );
}

#[test]
fn a_regressor_that_others_make_up_is_left_out_and_told() {
    let csv = "y,x,double,one\n1,0,0,1\n3,1,2,1\n2,2,4,1\n5,3,6,1\n4,4,8,1\n";
    let model = json(csv, "--y y --x x,double,one");
    assert_eq!(names(&model["coefficients"]), ["Intercept", "x"]);
    assert_eq!(model["dropped"], Json::from(vec!["double", "one"]));
    let text = printed(csv, "--y y --x x,double");
    assert!(text.contains("Left out, because other columns make it up: double."), "{text}");
}

#[test]
fn parquet_gives_the_same_bytes_as_csv() {
    let home = home(
        "y,x,yes,mode,person\n1.5,1,true,fixing,7\n2,2,false,building,7\n,3,true,fixing,8\n4,4,,building,8\n3,5,true,,9\n\
         7,6,false,fixing,9\n6,7,true,building,8\n9,8,true,fixing,7\n8,9,false,building,9\n",
    );
    let y = [Some(1.5), Some(2.0), None, Some(4.0), Some(3.0), Some(7.0), Some(6.0), Some(9.0), Some(8.0)];
    let yes = [Some(1), Some(0), Some(1), None, Some(1), Some(0), Some(1), Some(1), Some(0)];
    let mode = "fixing building fixing building  fixing building fixing building".split(' ');
    let columns: [(&str, ArrayRef); 5] = [
        ("y", Arc::new(Float64Array::from(y.to_vec()))),
        ("x", Arc::new(Int64Array::from_iter_values(1..=9))),
        ("yes", Arc::new(yes.iter().map(|one| one.map(|one| one == 1)).collect::<BooleanArray>())),
        ("mode", Arc::new(mode.map(|one| (!one.is_empty()).then_some(one)).collect::<StringArray>())),
        ("person", Arc::new(Int64Array::from(vec![7, 7, 8, 8, 9, 9, 8, 7, 9]))),
    ];
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap();
    // What a file is decides, not what it is called.
    for name in ["rows.parquet", "rows"] {
        let file = fs::File::create(home.path().join(name)).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
    for arguments in [
        "--y y --x x,mode --json",
        "--y y --x x,yes --x mode --fe person --format csv",
        "--y yes --x x --logit --cluster person --json",
        "--y y --x x --weights x --cluster mode",
    ] {
        let of = |file: &str| regress(home.path(), file, arguments);
        let (status, out, err) = of("rows.csv");
        assert_eq!((status, err.as_str()), (0, ""), "{arguments}");
        for name in ["rows.parquet", "rows"] {
            assert_eq!(of(name), (status, out.clone(), err.clone()), "{arguments}");
        }
    }
    let (status, _, err) = regress(home.path(), "rows.parquet", "--y mode --x x");
    assert_eq!(status, 2);
    assert!(err.contains("rows.parquet: row 1: column mode holds \"fixing\""), "{err}");

    // A file that is cut, or whose bytes are others, is told or read: it never brings the command down.
    let whole = fs::read(home.path().join("rows.parquet")).unwrap();
    let said = |bytes: &[u8], must_fail: bool| {
        fs::write(home.path().join("broken.parquet"), bytes).unwrap();
        let (status, _, err) = regress(home.path(), "broken.parquet", "--y y --x x,mode");
        let told = (status, err.lines().count()) == (2, 1) && err.contains("broken.parquet");
        assert!(told || (status == 0 && !must_fail), "{status} {err}");
    };
    for cut in [4, 5, 8, 40, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        said(&whole[..cut], true);
    }
    for at in (4..whole.len()).step_by(whole.len() / 40) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        said(&bytes, false);
    }
}

#[test]
fn the_table_is_written_as_text_markdown_latex_and_csv() {
    let text = printed(FIVE, "--y y --x x");
    assert_eq!(text, printed(FIVE, "--y y --x x --format text"));
    assert_eq!(text, TEXT);
    assert_eq!(printed(FIVE, "--y y --x x --format markdown"), MARKDOWN);
    assert_eq!(printed(FIVE, "--y y --x x --format latex"), LATEX);
    let csv = printed(FIVE, "--y y --x x --format csv");
    let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(
        lines[0].join(","),
        "model,outcome,kind,name,estimate,std_error,t,p,conf_low,conf_high,n,clusters"
    );
    assert_eq!((&lines[2][..4], &lines[2][10..]), (&["1", "y", "linear", "x"][..], &["5", ""][..]));
    let model = json(FIVE, "--y y --x x");
    for (at, key) in ["estimate", "std_error", "t", "p", "conf_low", "conf_high"].into_iter().enumerate() {
        assert_eq!(
            lines[2][4 + at].parse::<f64>().unwrap(),
            coefficient(&model, "x")[key].as_f64().unwrap(),
            "{key}"
        );
    }
}

/// Squares of residual times distance from the mean are 4.16, so the standard error is √(5 / 3 · 4.16 / 100).
const TEXT: &str = "                       y
────────────────────────
x                   0.80
                  (0.26)
           [−0.04, 1.64]
Intercept           1.40
                  (0.60)
           [−0.50, 3.30]
────────────────────────
n                      5
R²                 0.640
────────────────────────
Below each estimate its standard error and 95 % interval.
Standard errors robust to unequal variances (HC1).
";

const MARKDOWN: &str = "| | y |
| --- | ---: |
| x | 0.80 |
|  | (0.26) |
|  | [−0.04, 1.64] |
| Intercept | 1.40 |
|  | (0.60) |
|  | [−0.50, 3.30] |
| n | 5 |
| R² | 0.640 |

Below each estimate its standard error and 95 % interval.  
Standard errors robust to unequal variances (HC1).  
";

const LATEX: &str = r"\begin{tabular}{lr}
\toprule
 & y \\
\midrule
x & {0.80} \\
 & {(0.26)} \\
 & {[$-$0.04, 1.64]} \\
Intercept & {1.40} \\
 & {(0.60)} \\
 & {[$-$0.50, 3.30]} \\
\midrule
n & {5} \\
$R^2$ & {0.640} \\
\bottomrule
\end{tabular}
% Below each estimate its standard error and 95 % interval.
% Standard errors robust to unequal variances (HC1).
";

#[test]
fn stars_are_there_only_if_asked_for() {
    let csv = "y,x\n1,0\n2,1\n3,2\n4.1,3\n5,4\n6,5\n";
    for format in ["text", "markdown", "latex"] {
        let arguments = format!("--y y --x x --format {format}");
        let without = printed(csv, &arguments);
        assert!(!without.contains('*'), "{without}");
        let with = printed(csv, &format!("{arguments} --stars"));
        assert!(with.contains("***") || with.contains("\\*\\*\\*"), "{with}");
        assert!(with.contains("p < 0.001"), "{with}");
    }
}

/// What is said of a file that cannot be used: one line, on the error stream, with status 2.
#[track_caller]
fn refused(csv: impl AsRef<[u8]>, arguments: &str, said: &str) {
    let home = home(csv);
    refused_of(home.path(), "rows.csv", arguments, said);
}

#[track_caller]
fn refused_of(home: &Path, file: &str, arguments: &str, said: &str) {
    let (status, out, err) = regress(home, file, arguments);
    assert_eq!((status, out.as_str(), err.trim_end().lines().count()), (2, "", 1), "{arguments}: {err}");
    assert!(err.contains(said), "{arguments}: {err}");
    assert!(err.contains(file) && err.len() < 2_000, "{arguments}: {err}");
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_the_place() {
    let home = home("");
    refused_of(home.path(), "rows.csv", "--y y --x x", "the file is empty");
    refused_of(home.path(), "nowhere.csv", "--y y --x x", "cannot read nowhere.csv");
    refused_of(home.path(), ".", "--y y --x x", "cannot read .");
    fs::write(home.path().join("rows.parquet"), FIVE).unwrap();
    refused_of(home.path(), "rows.parquet", "--y y --x x", "no Parquet file");
    fs::write(home.path().join("rows.parquet"), "PAR1 and nothing").unwrap();
    refused_of(home.path(), "rows.parquet", "--y y --x x", "no sound Parquet file");
    refused("\n\n", "--y y --x x", "the file is empty");
    refused("y,x\n", "--y y --x x", "no rows");
    refused(
        "y,x\n1,2\n3\n4,5\n",
        "--y y --x x",
        "line 3: the number of fields is 1, but the line of names has 2",
    );
    refused("y,x\r\n1,2\r\n\r\n3,4,5\r\n", "--y y --x x", "line 4: the number of fields is 3");
    refused("y,x,x\n1,2,3\n", "--y y --x x", "two columns are called x");
    // UTF-16, and Latin-1 in a field that is used.
    refused(b"\xff\xfey\0,\0x\0\n\0", "--y y --x x", "not UTF-8");
    refused(b"y,x\n1,2\n3,caf\xe9\n", "--y y --x x", "line 3: column x holds what is not UTF-8");
    refused(b"y,x,team\n1,2,a\n3,4,caf\xe9\n", "--y y --x x --cluster team", "line 3: column team");
    let huge = "x".repeat(3_000_000);
    refused(format!("y,x\n1,2\n{huge},3\n"), "--y y --x x", "line 3: column y holds \"xxx");
    refused(format!("y,x\n1,2\n4,{huge}\n3,5\n"), "--y y --x x", "a name of 3000000 bytes");
    refused(format!("y,x\n1,2\n4,\"{}", "3\n".repeat(500_000)), "--y x --x y", "line 3: column x holds");
}

#[test]
fn what_is_not_used_need_not_be_sound() {
    let csv = b"y,x,note\n1,0,caf\xe9\n3,1,\n2,2,inf\n5,3,a\n4,4,b\n";
    let home = home(csv);
    let (status, out, err) = regress(home.path(), "rows.csv", "--y y --x x --format csv");
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(out, printed(FIVE, "--y y --x x --format csv"));
}

#[test]
fn columns_that_do_not_fit_are_told_by_name_and_line() {
    let unknown = "there is no column levle; there are: y, x, team";
    for arguments in
        ["--y y --x levle", "--y levle --x x", "--y y --x x --fe levle", "--y y --x x --weights levle"]
    {
        refused(FIVE, arguments, unknown);
    }
    refused(FIVE, "--y team --x x", "line 2: column team holds \"a\", which is no finite number");
    refused(FIVE, "--y y --x x --weights team", "line 2: column team holds \"a\"");
    refused("y,x\n1,2\n2,inf\n", "--y y --x x", "line 3: column x holds \"inf\", which is no finite number");
    // The row is that of the file, whatever was left out before it.
    let weights = "y,x,w\n1,0,1\nNA,1,1\n3,1,0\n2,2,1\n5,3,1\n";
    refused(weights, "--y y --x x --weights w", "line 4: the weight w is 0");
    refused("y,x\n1,0\nNA,1\n0,1\n2,2\n", "--y y --x x --logit", "line 5: y is 2; a logit takes 0 and 1");
    refused("y,x\n1,NA\n,1\n", "--y y --x x", "each of the 2 rows lacks a value");
    let ids: String = (0..300).map(|i| format!("{},s{i}\n", i % 7)).collect();
    refused(
        format!("y,x\n{ids}"),
        "--y y --x x",
        "column x holds 300 different names (one that is no number is \"s0\" in line 2)",
    );
    refused("y,Intercept\n1,0\n3,1\n2,2\n", "--y y --x Intercept", "rename the column");
    refused("y,a[c],a\n1,0,b\n3,1,c\n2,2,b\n", "--y y --x a[c],a", "two coefficients would be called a[c]");
}

#[test]
fn a_model_that_has_no_answer_is_told() {
    refused("y,x\n7,0\n7,1\n7,2\n7,3\n", "--y y --x x", "the outcome does not vary");
    refused("y,x\n1,0\n1,1\n1,2\n1,3\n", "--y y --x x --logit", "the outcome does not vary");
    refused("y,x,g\n1,0,a\n1,1,a\n5,2,b\n5,4,b\n", "--y y --x x --fe g", "within the fixed effects");
    let one = FIVE.replace(['b', 'c'], "a");
    refused(&one, "--y y --x x --cluster team", "column team makes 1 cluster; there must be at least 2");
    refused(
        &one,
        "--y y --x team",
        "no regressor varies by itself; all are constant or spanned by fixed effects: team[a]",
    );
    refused("y,x,z\n1,3,2\n3,3,2\n2,3,2\n5,3,2\n", "--y y --x x,z", "no regressor varies by itself");
    refused("y,x,z\n1,3,2\n3,3,2\n2,3,2\n5,3,2\n", "--y y --x x --fe z", "no regressor varies by itself");
    refused("y,x\n1,0\n3,1\n5,2\n7,3\n", "--y y --x x", "without a rest");
    refused("y,x\n1,0\n3,1\n", "--y y --x x", "2 rows cannot tell 2 parameters");
    refused("y,x\n0,0\n0,1\n1,2\n1,3\n", "--y y --x x --logit", "predicts the outcome perfectly");
    let lines = "y,x\n0,a\n0,a\n1,a\n1,\"b\nc\"\n1,\"b\nc\"\n";
    refused(lines, "--y y --x x --logit", "x[b c] predicts the outcome perfectly");
    refused(
        "y,x,z\n1,0,0\n3,1,0\n2,2,0\n5,3,0\n4,4,1\n",
        "--y y --x x,z --vcov hc3",
        "line 6: the row fits itself",
    );
    refused("y,x\n1,1e200\n3,2\n2,1e300\n5,3\n", "--y y --x x", "too large");
}

#[test]
fn flags_that_contradict_each_other_are_told() {
    for (arguments, said) in [
        ("--y y --x x,x", "--x names x twice"),
        ("--y y --x x,", "holds an empty name"),
        ("--y y --x x --fe team,", "--fe \"team,\" holds an empty name"),
        ("--y y --x x --fe team,team", "--fe names team twice"),
        ("--y y --x x --cluster team,team", "--cluster names team twice"),
        ("--y y --x x,y", "y is named under --y and under --x"),
        ("--y y --x x --vcov cluster", "needs --cluster"),
        ("--y y --x x --vcov hc1 --cluster team", "contradict each other"),
        ("--y y --x x --cluster team,x,y", "one or two columns"),
        ("--y y --x x --logit --vcov hc3", "no HC3 for a logit"),
        ("--y y --x x --logit --cluster team,x", "one column under --cluster"),
    ] {
        let home = home(FIVE);
        let (status, out, err) = regress(home.path(), "rows.csv", arguments);
        assert_eq!((status, out.as_str(), err.lines().count()), (2, "", 1), "{arguments}: {err}");
        assert!(err.contains(said), "{arguments}: {err}");
    }
    for arguments in ["--x x", "--y y", "--y y --x x --vcov hc2", "--y y --x x --format word"] {
        let home = home(FIVE);
        assert_eq!(regress(home.path(), "rows.csv", arguments).0, 2, "{arguments}");
    }
}

/// METR's trial of AI tools with experienced developers (Becker, Rush, Barnes and Rein, 2025): log total time on
/// treatment and log forecast, missing review times filled with the mean of the arm. The published intervals take the
/// normal distribution, and their HC3 has no small-sample factor.
#[test]
fn a_published_trial() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/trials/metr_2025.csv");
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("skipped: the trial's data are not there");
        return;
    };
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let heading = lines.next().unwrap();
    let at = |name: &str| heading.iter().position(|other| *other == name).unwrap();
    let (arm, developer, forecast) = (at("ai_treatment"), at("dev_id"), at("predicted_time_no_ai"));
    let (first, review) = (at("initial_implementation_time"), at("post_review_implementation_time"));
    let lines: Vec<Vec<&str>> = lines.collect();
    let number = |text: &str| text.parse::<f64>().unwrap();
    let mean = |own: &str| {
        let known = lines.iter().filter(|line| line[arm] == own && !line[review].is_empty());
        let known: Vec<f64> = known.map(|line| number(line[review])).collect();
        known.iter().sum::<f64>() / known.len() as f64
    };
    let mut csv = String::from("log_time,treatment,log_forecast,developer\n");
    for line in &lines {
        let review = if line[review].is_empty() { mean(line[arm]) } else { number(line[review]) };
        let (time, forecast) = ((number(line[first]) + review).ln(), number(line[forecast]).ln());
        csv.push_str(&format!("{time},{},{forecast},{}\n", line[arm], line[developer]));
    }
    for (arguments, published) in [
        ("--vcov iid", [0.188, 0.013, 0.395]),
        ("--vcov hc3", [0.188, 0.013, 0.394]),
        ("--cluster developer", [0.188, 0.016, 0.390]),
    ] {
        let model = json(&csv, &format!("--y log_time --x treatment,log_forecast {arguments}"));
        let treatment = coefficient(&model, "treatment");
        let n = model["n"].as_f64().unwrap();
        let factor = if arguments == "--vcov hc3" { n / (n - 3.0) } else { 1.0 };
        let estimate = treatment["estimate"].as_f64().unwrap();
        let reach = 1.959_963_984_540_054 * treatment["std_error"].as_f64().unwrap() / factor.sqrt();
        let ours = [estimate, estimate - reach, estimate + reach].map(f64::exp_m1);
        for (ours, published) in ours.into_iter().zip(published) {
            assert!((ours - published).abs() < 0.0005, "{arguments}: {ours} is not {published}");
        }
        // pyfixest 0.60.0.
        close(&treatment["estimate"], 0.17260781509725875);
    }
}

#[test]
fn the_page_shows_what_the_command_prints() {
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/regress.md")).unwrap();
    let blocks: Vec<(&str, &str)> =
        page.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n')).collect();
    let file = blocks.iter().find(|(kind, _)| *kind == "csv").unwrap().1;
    let home = home("");
    fs::write(home.path().join("sessions.csv"), format!("{file}\n")).unwrap();
    let mut shown = 0;
    for pair in blocks.windows(2) {
        let [("sh", command), ("text", output)] = pair else { continue };
        let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
        let (status, out, err) = metier(home.path(), &arguments);
        assert_eq!((status, err.as_str()), (0, ""), "{command}");
        assert_eq!(out.trim_end(), *output, "{command}");
        shown += 1;
    }
    assert_eq!(shown, 1);
}
