//! `metier share --epsilon`, and such bundles pooled: releases with differential privacy.

use std::io::Write;

use anyhow::{Context, Result, bail};
use metier_report::Detail;
use metier_store::Store;
use metier_study::noise::Epsilon;
use metier_study::private::{self, Ask, Noisy, QUESTIONS, Question};
use metier_study::share::{self, Kind};
use metier_study::{Finding, Summary};

use crate::Ended;
use crate::cli::{self, All};
use crate::ledger::Ledgered;
use crate::share::{agreed, made, write_bundle};
use crate::summary::style;

/// Writes a bundle of counts with noise, and enters what it spends into the ledger before anything is shown.
pub(crate) fn share(command: &cli::Share, store: &Store, all: &All) -> Result<Ended> {
    let epsilon: Epsilon = command.epsilon.as_deref().unwrap_or_default().parse()?;
    let questions: Vec<&'static Question> = match command.findings.as_slice() {
        [] => bail!(
            "name the questions that the budget is divided by: {}",
            QUESTIONS.each_ref().map(|question| question.name).join(", ")
        ),
        names => names.iter().map(|name| private::find(name)).collect::<Result<_, _>>()?,
    };
    let mut ledger = Ledgered::open(store)?;
    let (budget, spent) = (store.thresholds().budget, ledger.ledger.spent());
    if spent + epsilon.micro() > budget {
        bail!(
            "the privacy budget of this store is {}, of which {} is spent: ε = {epsilon} is more than what is left",
            decimal(budget),
            decimal(spent)
        );
    }
    let ask = Ask {
        questions: &questions,
        epsilon,
        sessions_per_person: command.sessions_per_person,
        include_headless: command.headless,
    };
    let noisy = private::release(&store.rows()?, &ask)?;
    let cost = noisy.spent().context("a release spends something")?;
    let names: Vec<&str> = questions.iter().map(|question| question.name).collect();
    ledger.enter(format!("with noise, ε = {cost}: {}", names.join(", ")), Some(cost.micro()))?;
    if !all.quiet {
        let mut out = anstream::stdout().lock();
        show(&mut out, &private::findings(&noisy)?)?;
        writeln!(
            out,
            "\nThe bundle holds these counts with their noise. ε = {cost}; {} of {} is spent now.",
            decimal(spent + cost.micro()),
            decimal(budget)
        )?;
    }
    if !agreed(command, "Write it?", true)? {
        return Ok(Ended::Finding);
    }
    write_bundle(command, Kind::Noisy, &share::write_noisy(made(store)?, noisy), all)
}

/// The findings of releases with noise, added up.
pub(crate) fn pooled(bodies: &[Vec<u8>]) -> Result<(Summary, Vec<Finding>)> {
    let releases: Vec<(share::Made, Noisy)> =
        bodies.iter().map(|body| share::read_noisy(body)).collect::<Result<_, _>>()?;
    let stores = releases.len();
    let findings = private::findings(&share::pool_noisy(releases)?)?;
    Ok((Summary::of_bundles(stores, findings.first().map(|finding| finding.population.clone())), findings))
}

fn show(out: &mut impl Write, findings: &[Finding]) -> Result<()> {
    let summary = Summary::of_bundles(1, findings.first().map(|finding| finding.population.clone()));
    write!(out, "{}", metier_report::terminal(&summary, findings, &style(Detail::Full)))?;
    Ok(())
}

/// Millionths as a decimal number.
fn decimal(millionths: u64) -> String {
    let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
