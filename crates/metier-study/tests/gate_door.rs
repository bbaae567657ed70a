//! The rows of many people have one door: nothing but the gate, and the noise that stands in its place, asks for them.

use std::fs;
use std::path::Path;

/// Where `ungated` may stand: where it is defined, and the two doors.
const DOORS: [&str; 3] =
    ["metier-store/src/row.rs", "metier-study/src/lib.rs", "metier-study/src/private/release.rs"];

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn rows_of_many_people_have_one_door() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("crates stand beside each other");
    let mut all = Vec::new();
    for entry in fs::read_dir(crates).expect("the folder of crates").flatten() {
        let source = entry.path().join("src");
        if source.is_dir() {
            sources(&source, &mut all);
        }
    }
    assert!(all.len() > 100, "{} sources", all.len());
    let asks =
        |path: &&std::path::PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("ungated()"));
    for path in all.iter().filter(asks) {
        assert!(DOORS.iter().any(|door| path.ends_with(door)), "{} asks for ungated rows", path.display());
    }
}
