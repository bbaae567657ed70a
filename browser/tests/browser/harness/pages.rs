//! The addresses of the pages.

use metier_study::FINDINGS;

use super::Served;

/// The addresses of single sessions in the list, the first ones.
pub fn session_pages(served: &Served) -> Vec<String> {
    let list = served.get("/sessions").text();
    let links = list.split("href=\"/sessions/").skip(1).filter_map(|rest| rest.split('"').next());
    links.map(|id| format!("/sessions/{id}")).collect()
}

/// Every page of an owner's store: what it is called in a picture's name, and its address.
pub fn pages(served: &Served) -> Vec<(String, String)> {
    let fixed = ["/", "/findings", "/sessions", "/coach", "/annotate", "/labels", "/methods"];
    let name = |path: &str| if path == "/" { "overview".to_owned() } else { path[1..].replace('/', "-") };
    let mut pages: Vec<(String, String)> =
        fixed.iter().map(|path| (name(path), (*path).to_owned())).collect();
    for study in &FINDINGS {
        let path = format!("/findings/{}", study.name);
        pages.push((name(&path), path));
    }
    pages.push(("session".to_owned(), session_pages(served).into_iter().next().expect("there are sessions")));
    pages
}
