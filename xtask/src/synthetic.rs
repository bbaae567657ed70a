//! Synthetic transcripts for the benchmarks of those who have no real ones: invented text, with kinds, numbers and sizes of records like those of real sessions.

use std::fmt::Write;

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers everywhere, from one seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A size between the tenth and the ninetieth percentile, with its median and a long tail: evenly on
    /// a logarithmic scale on each side of the median, and one in fifty ten times as large.
    fn size(&mut self, [low, median, high]: [u64; 3]) -> usize {
        let (from, to) = if self.below(2) == 0 { (low, median) } else { (median, high) };
        let part = self.below(1000) as f64 / 1000.0;
        let size = from as f64 * (to as f64 / from as f64).powf(part);
        let tail = if self.below(50) == 0 { 10.0 } else { 1.0 };
        (size * tail) as usize
    }

    fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            a >> 16 & 0xFFFF,
            a & 0xFFF,
            b >> 48 & 0x3FFF | 0x8000,
            b & 0xFFFF_FFFF_FFFF
        )
    }
}

const WORDS: [&str; 24] = [
    "the", "sum", "of", "parser", "test", "fails", "when", "a", "column", "is", "empty", "let", "value",
    "return", "if", "index", "row", "=", "read", "file", "so", "we", "check", "before",
];

/// Text of about this many bytes, as it stands inside a JSON string: lines, indentation, quotes.
fn text(random: &mut Random, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        match random.below(12) {
            0 => text.push_str("\\n    "),
            1 => text.push_str("\\\"key\\\": "),
            _ => {
                text.push_str(WORDS[random.below(WORDS.len() as u64) as usize]);
                text.push(' ');
            }
        }
    }
    text
}

/// The number of a session gives the name of its file, with its project's folder, and its content.
pub fn session(number: u64) -> (String, String) {
    let mut random = Random::new(number);
    let id = random.uuid();
    let project = format!("-home-ada-project-{}", number % 20);
    let mut writer = Writer { out: String::new(), id, project, time: 1_760_000_000 + number * 7_200, random };
    let turns = writer.random.size([2, 6, 20]);
    for _ in 0..turns {
        writer.turn();
    }
    (format!("{}/{}.jsonl", writer.project, writer.id), writer.out)
}

struct Writer {
    out: String,
    id: String,
    project: String,
    /// Seconds since 1970.
    time: u64,
    random: Random,
}

impl Writer {
    fn turn(&mut self) {
        let size = self.random.size([30, 120, 2000]);
        let prompt = text(&mut self.random, size);
        self.record(
            "user",
            &format!(r#""permissionMode":"default","message":{{"role":"user","content":"{prompt}"}}"#),
        );
        let calls = self.random.size([2, 8, 25]);
        for _ in 0..calls {
            self.call();
        }
        let message = self.message();
        self.said(&message, 800);
        self.record("system", r#""subtype":"turn_duration","durationMs":60000"#);
    }

    /// One message of the model: a line a block, each with the message's usage, and the tool's answer.
    fn call(&mut self) {
        let message = self.message();
        let call = format!("toolu_01{:022x}", self.random.next());
        if self.random.below(2) == 0 {
            let thinking = text(&mut self.random, 300);
            let signature = self.random.uuid().repeat(10);
            let block = format!(r#"{{"type":"thinking","thinking":"{thinking}","signature":"{signature}"}}"#);
            self.block(&message, &block);
        }
        if self.random.below(2) == 0 {
            self.said(&message, 120);
        }
        // Shares and sizes of the four tools that most calls go to.
        let (name, input, result) = match self.random.below(10) {
            0..=3 => {
                let output = self.output([100, 700, 8_000]);
                let result = format!(r#"{{"stdout":"{output}","stderr":"","interrupted":false}}"#);
                ("Bash", r#"{"command":"cargo test"}"#.to_owned(), (output, result))
            }
            4..=6 => {
                let output = self.output([500, 2_500, 16_000]);
                let result = format!(
                    r#"{{"type":"text","file":{{"filePath":"/home/ada/sum.rs","content":"{output}","numLines":80,"startLine":1,"totalLines":80}}}}"#
                );
                ("Read", r#"{"file_path":"/home/ada/sum.rs"}"#.to_owned(), (output, result))
            }
            7..=8 => {
                let (old, new) = (text(&mut self.random, 200), text(&mut self.random, 300));
                let original = self.output([4_000, 20_000, 45_000]);
                let result = format!(
                    r#"{{"filePath":"/home/ada/sum.rs","oldString":"{old}","newString":"{new}","originalFile":"{original}","structuredPatch":[{{"oldStart":1,"oldLines":2,"newStart":1,"newLines":3,"lines":[" {old}","-{old}","+{new}","+{new}"]}}],"userModified":false,"replaceAll":false}}"#
                );
                let input = format!(
                    r#"{{"file_path":"/home/ada/sum.rs","old_string":"{old}","new_string":"{new}"}}"#
                );
                ("Edit", input, ("The file has been updated.".to_owned(), result))
            }
            _ => {
                let output = self.output([50, 700, 6_000]);
                let result =
                    format!(r#"{{"mode":"content","numFiles":0,"content":"{output}","numLines":20}}"#);
                ("Grep", r#"{"pattern":"sum"}"#.to_owned(), (output, result))
            }
        };
        self.block(
            &message,
            &format!(r#"{{"type":"tool_use","id":"{call}","name":"{name}","input":{input}}}"#),
        );
        self.record(
            "progress",
            &format!(
                r#""data":{{"type":"hook_progress","hookEvent":"PreToolUse","hookName":"PreToolUse:{name}","command":"check"}},"parentToolUseID":"{call}","toolUseID":"{call}""#
            ),
        );
        let (content, result) = result;
        self.record(
            "user",
            &format!(
                r#""message":{{"role":"user","content":[{{"tool_use_id":"{call}","type":"tool_result","content":"{content}","is_error":false}}]}},"toolUseResult":{result}"#
            ),
        );
    }

    fn output(&mut self, sizes: [u64; 3]) -> String {
        let size = self.random.size(sizes);
        text(&mut self.random, size)
    }

    fn said(&mut self, message: &str, bytes: usize) {
        let said = text(&mut self.random, bytes);
        self.block(message, &format!(r#"{{"type":"text","text":"{said}"}}"#));
    }

    fn message(&mut self) -> String {
        format!("{:022x}", self.random.next())
    }

    fn block(&mut self, message: &str, block: &str) {
        self.record(
            "assistant",
            &format!(
                r#""requestId":"req_01{message}","message":{{"model":"claude-opus-4-5-20251101","id":"msg_01{message}","type":"message","role":"assistant","content":[{block}],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":3,"cache_creation_input_tokens":1200,"cache_read_input_tokens":20000,"cache_creation":{{"ephemeral_5m_input_tokens":1200,"ephemeral_1h_input_tokens":0}},"output_tokens":90,"service_tier":"standard"}}}}"#
            ),
        );
    }

    fn record(&mut self, kind: &str, fields: &str) {
        self.time += 1 + self.random.below(20);
        let (uuid, time) = (self.random.uuid(), timestamp(self.time));
        let project = self.project.replace('-', "/");
        let written = writeln!(
            self.out,
            r#"{{"parentUuid":null,"isSidechain":false,"userType":"external","cwd":"{project}","sessionId":"{}","version":"2.1.41","gitBranch":"main","type":"{kind}",{fields},"uuid":"{uuid}","timestamp":"{time}"}}"#,
            self.id
        );
        written.expect("a string takes all that is written");
    }
}

/// Seconds since 1970 as in a transcript. Days to a date by Hinnant, "chrono-compatible low-level date algorithms" (2013).
fn timestamp(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_the_same_every_time_and_unlike_the_next() {
        assert_eq!(session(3), session(3));
        assert_ne!(session(3).1, session(4).1);
    }

    #[test]
    fn times_are_of_the_calendar() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(951_782_399), "2000-02-28T23:59:59.000Z");
        assert_eq!(timestamp(951_782_400), "2000-02-29T00:00:00.000Z");
        assert_eq!(timestamp(1_767_225_600), "2026-01-01T00:00:00.000Z");
    }
}
