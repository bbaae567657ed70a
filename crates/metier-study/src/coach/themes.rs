//! The five themes: what each asks, and the numbers that answer it. Words and names only.

use super::numbers::{Key, OWN, TROUBLED};

/// A theme, and its numbers.
pub(super) struct About {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// What to keep in mind with its numbers.
    pub(super) about: &'static str,
    pub(super) keys: &'static [Key],
}

pub(super) static THEMES: [About; 5] = [
    About {
        name: "patterns",
        title: "How you work with the agent",
        about: "Shares of sessions by the pattern judged. A randomised trial found what people had learnt kept by three patterns \
            (conceptual inquiry; code and explanation; generation, then comprehension) and lost by three (delegation; \
            progressive reliance; iterative debugging). \"Directed\" was not in it. Sessions do not show what you know.",
        keys: &[
            ("patterns", "delegation"),
            ("patterns", "progressive_reliance"),
            ("patterns", "iterative_debugging"),
            ("patterns", "generation_then_comprehension"),
            ("patterns", "hybrid_code_explanation"),
            ("patterns", "conceptual_inquiry"),
            ("patterns", "directed"),
            (OWN, "mastery_kept"),
            (OWN, "mastery_cost"),
        ],
    },
    About {
        name: "set_ups",
        title: "How you set work up",
        about: "Expertise is judged of the task in a session, 1 novice to 5 expert, from how exactly it is framed, what is \
            checked, and who corrects whom. How many words the first prompt has is not kept; words of all typed prompts are.",
        keys: &[
            ("expertise", "mean"),
            (OWN, "early"),
            (OWN, "words"),
            ("decisions", "planning"),
            ("decisions", "execution"),
            (OWN, "from_plan"),
        ],
    },
    About {
        name: "verification",
        title: "What gets verified",
        about: "Checks are tests, builds and linters that the agent ran in its shell. Those that you ran elsewhere, or by a \
            script that is not recognised, are not seen.",
        keys: &[
            ("evidence", "test_run"),
            ("evidence", "tests_passed"),
            ("evidence", "any"),
            (OWN, "hard_signal"),
            (OWN, "unchecked"),
            (OWN, "confirmations"),
        ],
    },
    About {
        name: "corrections",
        title: "Who corrects whom",
        about: "Your corrections of the agent. How often the agent corrects you is not recorded.",
        keys: &[
            ("pushback", "pushback"),
            ("pushback", "corrections"),
            ("pushback", "persistence"),
            ("pushback", "questions"),
            ("control", "interruptions"),
            ("control", "rejections"),
            ("control", "queued"),
            ("auto_approve", "full"),
        ],
    },
    About {
        name: "trouble",
        title: "Where sessions go wrong, and which recover",
        about: "In trouble: a failure signal of at least 3 of 5. Verified: judged succeeded, with hard evidence.",
        keys: &[
            ("success", "verified"),
            ("success", "partial"),
            ("trouble", "troubled"),
            (OWN, TROUBLED[0].0),
            (OWN, TROUBLED[1].0),
            (OWN, TROUBLED[2].0),
            (OWN, TROUBLED[3].0),
            (OWN, TROUBLED[4].0),
            (OWN, TROUBLED[5].0),
            (OWN, "recovered"),
            (OWN, "partial"),
            (OWN, "abandoned"),
        ],
    },
];
