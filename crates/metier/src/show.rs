//! `metier show`: one session, the way raters read it.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use metier_label::{Content, Limits, render, render_messages};
use metier_session::scan::{self, Measured, Scan};
use metier_session::{Facts, Key, Session};

use crate::cli::{self, All};
use crate::{Ended, places};

pub(crate) fn run(command: &cli::Show, all: &All) -> Result<Ended> {
    let limits = Limits { turn: command.turn_chars, whole: command.chars };
    let limits = if command.as_labelled || command.messages {
        limits
    } else {
        Limits { turn: usize::MAX, whole: usize::MAX }
    };
    let show = |session: &Session, _: &Facts| {
        let render = if command.messages { render_messages } else { render };
        (Content::of(session), render(session, &limits))
    };
    let session = one(&command.which, all, &show)?;
    let (content, text) = &session.taken;
    let mut out = std::io::stdout().lock();
    if all.json {
        let told = serde_json::json!({ "session": session.session, "agent": session.facts.agent.name(), "content": content.to_string(), "text": text });
        serde_json::to_writer(&mut out, &told)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{text}")?;
    }
    out.flush()?;
    Ok(Ended::Done)
}

/// Takes what is wanted from the one session that the user named, by its id or the beginning of it, or by its file.
pub(crate) fn one<T: Send>(
    which: &cli::Which,
    all: &All,
    take: &(dyn Fn(&Session, &Facts) -> T + Sync),
) -> Result<Measured<T>> {
    let name = which.session.as_str();
    let file = PathBuf::from(name);
    let by_file = file.is_file();
    let paths = if by_file { vec![file] } else { which.transcripts.clone() };
    let found = places::transcripts(&paths)?;
    let key = Key::public();
    let scan = Scan { key: &key, threads: all.threads(), progress: &|_| {} };
    let is_it = |id: &str| by_file || id.starts_with(name);
    let take = |session: &Session, facts: &Facts| is_it(&session.id).then(|| take(session, facts));
    let (sessions, _) = scan::facts(found.candidates, &scan, &take);
    let mut wanted: Vec<Measured<Option<T>>> =
        sessions.into_iter().filter(|session| is_it(&session.session)).collect();
    if let Some(exact) = wanted.iter().position(|session| session.session == name) {
        wanted = vec![wanted.swap_remove(exact)];
    }
    match wanted.len() {
        0 => bail!(
            "there is no session {name:?}: `metier facts` lists those that there are; --transcripts names other places"
        ),
        1 => {}
        n => bail!("{n} sessions begin with {name:?}: give more of the id"),
    }
    let session = wanted.swap_remove(0);
    session.transpose().with_context(|| format!("the session {name:?} could not be read"))
}
