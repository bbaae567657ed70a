//! The coach, for the owner's own sessions.

use std::sync::Arc;

use axum::extract::State;
use maud::html;
use metier_study::Settings;
use metier_study::coach::{self, MONTHS};

use super::{aside, empty, framed, owners_only};
use crate::answer::{Answer, Trouble};
use crate::frame::Place;
use crate::held::App;

pub(super) async fn page(State(app): State<Arc<App>>) -> Answer {
    let held = app.held().await?;
    owners_only(&held)?;
    let content = aside({
        let held = held.clone();
        move || {
            if held.own()?.is_empty() {
                return Ok(html! { h1 { "Coach" } (empty()) });
            }
            let coach = coach::coach(&held.rows, &Settings::default(), MONTHS, None).map_err(Trouble::refused)?;
            Ok(html! {
                h1 { "Coach" }
                (metier_report::html::coach(&coach, Some(&|id| format!("/sessions/{id}"))))
                p.sub { "With pooled numbers of others beside your own, if you have a bundle: " code { "metier coach --beside BUNDLE" } "." }
            })
        }
    })
    .await?;
    framed(&held, "Coach", Place::Coach, &content)
}
