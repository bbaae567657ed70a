//! Splits a shell command line into its simple commands. Only as much of the language as tells what was run; nothing is ever executed.

use std::borrow::Cow;

/// How a simple command is joined to the one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `;` or a new line
    Then,
    /// `|`
    Pipe,
    /// `&`
    Background,
    /// Nothing follows.
    End,
}

/// A simple command: its words without quotes, redirections left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Simple {
    pub words: Vec<String>,
    pub joint: Joint,
}

/// The longest command line that is looked into; longer ones are scripts pasted whole.
const LONGEST: usize = 64 * 1024;

/// The commands so far, and the one that is being read.
#[derive(Default)]
struct Splitting {
    commands: Vec<Simple>,
    words: Vec<String>,
    word: Option<String>,
    /// The next word is the target of a redirection.
    target: bool,
}

impl Splitting {
    fn word(&mut self) -> &mut String {
        self.word.get_or_insert_default()
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take()
            && !std::mem::take(&mut self.target)
        {
            self.words.push(word);
        }
    }

    fn end_command(&mut self, joint: Joint) {
        self.end_word();
        self.target = false;
        if !self.words.is_empty() {
            self.commands.push(Simple { words: std::mem::take(&mut self.words), joint });
        }
    }
}

/// The simple commands of a command line, in order.
pub(super) fn split(line: &str) -> Vec<Simple> {
    if line.len() > LONGEST {
        return Vec::new();
    }
    let line = without_here_documents(line);
    let mut at = Splitting::default();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => at.word().extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => {
                let word = at.word();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => word.extend(chars.next()),
                        c => word.push(c),
                    }
                }
            }
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(c) => at.word().push(c),
            },
            ' ' | '\t' | '\r' => at.end_word(),
            '#' if at.word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            '\n' | ';' | ')' => at.end_command(Joint::Then),
            '(' | '{' | '}' if at.word.is_none() => at.end_command(Joint::Then),
            '&' if chars.next_if_eq(&'&').is_some() => at.end_command(Joint::And),
            // `&>file` sends both streams to a file.
            '&' if chars.peek() == Some(&'>') => {}
            '&' => at.end_command(Joint::Background),
            '|' => {
                let joint = if chars.next_if_eq(&'|').is_some() { Joint::Or } else { Joint::Pipe };
                chars.next_if_eq(&'&');
                at.end_command(joint);
            }
            '>' | '<' => {
                // The number of a stream before it belongs to it; the word after it is its target.
                if at.word.as_deref().is_some_and(|word| word.chars().all(|c| c.is_ascii_digit())) {
                    at.word = None;
                }
                at.end_word();
                while chars.next_if(|c| matches!(c, '>' | '<' | '&')).is_some() {}
                at.target = true;
            }
            c => at.word().push(c),
        }
    }
    at.end_command(Joint::End);
    if let Some(last) = at.commands.last_mut()
        && last.joint != Joint::Background
    {
        last.joint = Joint::End;
    }
    at.commands
}

/// The line without the bodies of its here-documents, whose lines are data and no commands.
fn without_here_documents(line: &str) -> Cow<'_, str> {
    let mut line = Cow::Borrowed(line);
    let mut from = 0;
    while let Some(at) = line[from..].find("<<").map(|at| from + at) {
        from = at + 2;
        let rest = line[from..].trim_start_matches('-').trim_start_matches([' ', '\t']);
        let rest = rest.trim_start_matches(['\'', '"', '\\']);
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let delimiter = rest[..end].to_owned();
        if delimiter.is_empty() || delimiter.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let Some(body) = line[from..].find('\n').map(|at| from + at + 1) else { break };
        let mut close = body;
        let mut found = None;
        for text in line[body..].split_inclusive('\n') {
            if text.trim() == delimiter {
                found = Some(close + text.trim_end_matches(['\n', '\r']).len());
                break;
            }
            close += text.len();
        }
        if let Some(close) = found {
            line = Cow::Owned(format!("{}{}", &line[..body], &line[close..]));
            from = body;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &str) -> Vec<String> {
        split(line)
            .into_iter()
            .map(|simple| format!("{} {:?}", simple.words.join("·"), simple.joint))
            .collect()
    }

    #[test]
    fn a_line_is_split_at_its_joints() {
        assert_eq!(
            words("cd 'a b' && FOO=1 cargo test --lib 2>&1 | tail -5 || true; echo \"x; y\" # cargo test"),
            ["cd·a b And", "FOO=1·cargo·test·--lib Pipe", "tail·-5 Or", "true Then", "echo·x; y End"]
        );
        assert_eq!(words("(cd x; make test) >log 2>&1 &"), ["cd·x Then", "make·test End"]);
        assert_eq!(words("go test \\\n ./..."), ["go·test·./... End"]);
    }

    #[test]
    fn here_documents_are_no_commands() {
        assert_eq!(
            words(
                "cat > a.sh <<'EOF'\ncargo test\nEOF\ngit commit -m \"$(cat <<EOF\nIt's \"done\"\nEOF\n)\" && git push"
            ),
            ["cat Then", "git·commit·-m·$(cat <<EOF\n\n) And", "git·push End"]
        );
    }

    proptest! {
        #[test]
        fn any_line_ends(line in "[a-z<>&|;'\"\\\\ \\n#$(){}=É-]{0,80}") {
            let _ = split(&line);
        }
    }
}
