//! What stands below the tables: whom the published figures speak of, and how the intervals were made.

use std::collections::BTreeSet;

use metier_study::{Measure, Method, Published};

use crate::layout::paragraph;

/// The sources of the published figures that were shown, and the methods of the intervals.
#[derive(Default)]
pub(crate) struct Notes<'a> {
    sources: Vec<Source<'a>>,
    methods: BTreeSet<Method>,
}

struct Source<'a> {
    first: &'a Published,
    notes: Vec<&'a str>,
}

impl<'a> Notes<'a> {
    /// Takes note of the method of a shown measure.
    pub(crate) fn shown(&mut self, measure: &Measure) {
        self.methods.insert(measure.estimate.method);
    }

    /// Takes note of a shown figure, and gives the mark of its source.
    pub(crate) fn mark(&mut self, published: &'a Published) -> String {
        let same = |source: &Source| {
            source.first.source == published.source && source.first.population == published.population
        };
        let at = self.sources.iter().position(same).unwrap_or_else(|| {
            self.sources.push(Source { first: published, notes: Vec::new() });
            self.sources.len() - 1
        });
        if let Some(note) = published.note
            && !self.sources[at].notes.contains(&note)
        {
            self.sources[at].notes.push(note);
        }
        superscript(at + 1)
    }

    /// The notes, as lines of a terminal.
    pub(crate) fn write(&self, width: usize) -> String {
        self.paragraphs().iter().map(|(mark, text)| paragraph(mark, text, width)).collect()
    }

    /// The notes, each with the mark that stands before it.
    pub(crate) fn paragraphs(&self) -> Vec<(String, String)> {
        let mut out = Vec::new();
        for (at, source) in self.sources.iter().enumerate() {
            let notes: String = source.notes.iter().map(|note| format!(" {note}")).collect();
            let text = format!("{}: {}.{notes}", source.first.source, source.first.population);
            out.push((format!("{} ", superscript(at + 1)), text));
        }
        let (made, none): (Vec<Method>, Vec<Method>) = self
            .methods
            .iter()
            .filter(|method| !matches!(method, Method::Nothing | Method::Withheld { .. }))
            .partition(|m| m.gives_interval());
        let sentence = |methods: Vec<Method>, start: &str| {
            let words: Vec<String> = methods
                .iter()
                .map(|m| m.to_string().trim_start_matches("no interval: ").to_owned())
                .collect();
            if words.is_empty() { String::new() } else { format!("{start} {}. ", words.join("; ")) }
        };
        for method in self.methods.iter().filter(|method| matches!(method, Method::Withheld { .. })) {
            let text = method.to_string();
            out.push((String::new(), format!("W{}.", text.trim_start_matches('w'))));
        }
        let text = sentence(made, "95 % intervals by") + &sentence(none, "No interval where");
        if !text.is_empty() {
            out.push((String::new(), text));
        }
        out
    }
}

fn superscript(number: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    number.to_string().bytes().map(|digit| DIGITS[usize::from(digit - b'0')]).collect()
}
