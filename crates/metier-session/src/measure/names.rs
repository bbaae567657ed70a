//! Names of models and versions of agents, as far as they are known words and numbers. Transcripts can hold any text
//! there: paths, deployments named after clients, keys.

/// Where a model's name begins. No everyday words if it can be helped: a sentence is no model.
const FAMILIES: &str = "\
    big-pickle chatglm chatgpt claude codegemma codellama codestral codex cogito command deepseek devstral \
    doubao ernie exaone gemini gemma glm gpt granite grok haiku hermes hunyuan internlm jamba kimi lfm llama \
    longcat magistral mimo minimax ministral mistral mixtral nemotron nova o1 o3 o4 olmo opus phi pixtral \
    qvq qwen qwq smollm sonnet starcoder";

/// Who makes or serves models, and the regions and folders that stand before their names.
const VENDORS: &str = "\
    accounts ai21 alibaba allenai amazon anthropic apac au azure baidu bedrock bytedance ca cerebras cohere \
    copilot databricks deepinfra deepseek deepseek-ai eu fireworks fireworks-ai fireworks_ai gemini github \
    github-copilot github_copilot global google groq huggingface ibm ibm-granite inception jp litellm \
    lmstudio meta meta-llama microsoft minimax minimaxai mistral mistralai models moonshot moonshotai \
    nousresearch nvidia ollama openai opencode openrouter poe publishers qwen tencent together together_ai \
    unsloth us us-gov vertex vertex_ai x-ai xai xiaomi z-ai zai";

/// What can follow a family, besides numbers and other families.
const WORDS: &str = "\
    a air airx alpha audio awq base beta bf16 bit cascade chat code coder computer creative customtools deep \
    distill dpo dynamic edit embedding exp experimental extended fable fast flash flashx free full gguf gptq \
    guard heavy high highspeed hybrid image instant instruct instructed it large latest light lightning lite \
    live long low math maverick max medium micro mini minimal mlx moe multi mythos nano next nightly non \
    none omni online oss plus prem premier preview pro qat r reasoner reasoning research safeguard scout \
    search seed small spark speciale super think thinking tiny turbo ultra use versatile vision vl xhigh";

/// The words of pre-releases and builds.
const RELEASES: &str = "\
    a alpha arm64 b beta build canary darwin debug dev edge exp experimental hotfix insider insiders latest \
    linux local macos next nightly patch pre preview rc release snapshot stable synthetic";

/// The name of a model of no known family.
const OTHER: &str = "other";

/// Longer names than this are cut.
const LONGEST: usize = 60;

/// More digits than these are no version, sizes and date, but somebody's number.
const MOST_DIGITS: usize = 14;

/// A model's name from its vendor, if known, and its family on, up to the first word that no list has.
pub(super) fn model(name: &str) -> &str {
    let name = name.trim();
    match name {
        "" | "unknown" => return "unknown",
        "auto" | "default" => return name,
        "<synthetic>" | "synthetic" => return "synthetic",
        _ => {}
    }
    let Some((family, mut end)) = find_family(name) else { return OTHER };
    let start = vendors(name, family);
    let mut digits = count_digits(&name[family..end]);
    while let Some(rest) = name[end..].strip_prefix(['-', '.', ':', '@']) {
        let part = run(rest);
        digits += count_digits(part);
        let next = end + 1 + part.len();
        if !follows(part) || digits > MOST_DIGITS || next - start > LONGEST {
            break;
        }
        end = next;
    }
    &name[start..end]
}

/// A version: numbers with dots, then at most a few known words and numbers of a pre-release or build.
pub(super) fn version(version: &str) -> Option<&str> {
    let version = version.trim();
    let numbers = version.strip_prefix('v').unwrap_or(version);
    let (numbers, release) = match numbers.split_once(['-', '+']) {
        Some((numbers, release)) => (numbers, Some(release)),
        None => (numbers, None),
    };
    // Four numbers are rather an address on the net.
    let shaped = |text: &str, most: usize, of: &[char], fits: fn(&str) -> bool| {
        text.split(of).take(most + 1).enumerate().all(|(n, part)| n < most && fits(part))
    };
    let fits = shaped(numbers, 3, &['.'], |part| (1..=5).contains(&part.len()) && is_digits(part))
        && release.is_none_or(|release| shaped(release, 4, &['.', '-', '+'], is_release));
    fits.then_some(version)
}

/// Where the name of a family begins in the last part of the path, and where its word ends.
fn find_family(name: &str) -> Option<(usize, usize)> {
    let mut at = name.rfind(['/', '\\']).map_or(0, |slash| slash + 1);
    while at < name.len() {
        let rest = &name[at..];
        if let Some(length) = family(rest) {
            return Some((at, at + length));
        }
        let word = run(rest).len();
        at += word + rest[word..].find(char::is_alphanumeric).unwrap_or(rest.len() - word);
    }
    None
}

/// The length of the family that `text` begins with, with the number that can stand right behind it (`qwen3`).
fn family(text: &str) -> Option<usize> {
    FAMILIES.split(' ').find_map(|family| {
        text.get(..family.len()).filter(|start| start.eq_ignore_ascii_case(family))?;
        let behind = run(&text[family.len()..]);
        let numbered = !family.ends_with(|c: char| c.is_ascii_digit()) && is_size(behind);
        (behind.is_empty() || numbered).then_some(family.len() + behind.len())
    })
}

/// Where the known vendors before a family begin. Three are the most that gateways write.
fn vendors(name: &str, family: usize) -> usize {
    let mut start = family;
    for _ in 0..3 {
        let Some(before) = name[..start].strip_suffix(['/', '.', ':', '-']) else { break };
        let vendor = before.rfind(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
        let vendor = vendor.map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
        if !is_in(VENDORS, &before[vendor..]) {
            break;
        }
        start = vendor;
    }
    start
}

/// Whether a part can follow a family: a word of the lists, a number, a size, a date.
fn follows(part: &str) -> bool {
    let sized = || part.strip_prefix(|c: char| "vrkmaetqVRKMAETQ".contains(c)).is_some_and(is_size);
    is_in(WORDS, part) || family(part) == Some(part.len()) || is_size(part) || sized() || is_date(part)
}

/// A number of at most four digits, as in `70b`, `8x22b`, `4o`, `3p5`, `0905`.
fn is_size(part: &str) -> bool {
    let part = part.strip_suffix(|c: char| "bkmteonvBKMTEONV".contains(c)).unwrap_or(part);
    let (first, second) = part.split_once(['x', 'p']).unwrap_or((part, "0"));
    [first, second].iter().all(|digits| (1..=4).contains(&digits.len()) && is_digits(digits))
}

/// A day written as `20251101` or `251101`.
fn is_date(part: &str) -> bool {
    let day = match part.len() {
        8 => part.strip_prefix("20"),
        6 => Some(part),
        _ => None,
    };
    let Some(day) = day.filter(|day| is_digits(day)) else { return false };
    let number = |range| day.get(range).and_then(|digits: &str| digits.parse::<u8>().ok());
    number(2..4).is_some_and(|month| (1..=12).contains(&month))
        && number(4..6).is_some_and(|day| (1..=31).contains(&day))
}

fn is_release(part: &str) -> bool {
    let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = part.len() - word.len();
    is_in(RELEASES, part)
        || is_date(part)
        || digits <= 5 && (word.is_empty() && digits > 0 || is_in(RELEASES, word))
}

/// The letters and digits, of any script, that `text` begins with.
fn run(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len())]
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn count_digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

fn is_in(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_in_use_stay() {
        for name in [
            "claude-opus-4-5-20251101",
            "claude-opus-4.8",
            "claude-4.5-opus",
            "claude-3-7-sonnet-latest",
            "claude-sonnet-4@20250514",
            "anthropic/claude-sonnet-4.5",
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "openrouter/anthropic/claude-opus-4.6",
            "haiku",
            "gpt-5.3-codex-spark",
            "gpt-5.1-codex-mini",
            "gpt-4.1-2025-04-14",
            "gpt-4o",
            "gpt-oss:120b",
            "codex-mini-latest",
            "o3",
            "o4-mini-deep-research",
            "azure/gpt-5",
            "google/gemini-3-flash-preview",
            "gemini-2.5-pro-preview-05-06",
            "qwen/qwen3-coder:free",
            "Qwen/Qwen3-Coder-480B-A35B-Instruct",
            "qwen2.5-coder:32b-instruct",
            "moonshotai/kimi-k2-0905-preview",
            "accounts/fireworks/models/kimi-k2p5",
            "deepseek/deepseek-r1-distill-qwen-32b",
            "deepseek-ai/DeepSeek-V3.2-Exp",
            "us.deepseek.r1-v1:0",
            "z-ai/glm-4.6v",
            "x-ai/grok-code-fast-1",
            "us.meta.llama3-3-70b-instruct-v1:0",
            "mistral.mistral-large-2407-v1:0",
            "mixtral-8x22b-instruct",
            "minimax/minimax-m2.1",
            "amazon.nova-pro-v1:0",
            "command-r-plus-08-2024",
            "doubao-1-5-pro-32k-250115",
            "opencode/big-pickle",
            "unknown",
            "auto",
        ] {
            assert_eq!(model(name), name);
        }
    }

    #[test]
    fn what_no_list_has_goes() {
        for (name, kept) in [
            ("", "unknown"),
            ("<synthetic>", "synthetic"),
            ("x", "other"),
            ("Tell nobody that the launch is on Thursday", "other"),
            ("/home/wilhelmina/models/kestrel-secret.gguf", "other"),
            ("/home/claude/kestrel", "other"),
            ("/home/wilhelmina/models/qwen3-coder-30b-kestrel.gguf", "models/qwen3-coder-30b"),
            ("C:\\Users\\wilhelmina\\gemma3.gguf", "gemma3.gguf"),
            ("w.ostrowska@kestrel-bank.example", "other"),
            ("arn:aws:bedrock:eu-west-1:447711223344:application-inference-profile/kestrelvault", "other"),
            (
                "arn:aws:bedrock:eu-west-1:447711223344:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0",
                "eu.anthropic.claude-sonnet-4-20250514-v1:0",
            ),
            ("sk-planted-9fQ2xLw7RtY4uZb81kVn", "other"),
            ("kestrel-bank-deficit-deployment", "other"),
            ("kestrel-bank-gpt-5-deficit", "gpt-5"),
            ("kestrel/azure/gpt-5", "azure/gpt-5"),
            ("claude-opus-4-6[1m]", "claude-opus-4-6"),
            ("gpt-5-", "gpt-5"),
            ("gpt-5--mini", "gpt-5"),
            ("gpt-5-proé", "gpt-5"),
            ("égpt-5", "other"),
            ("gpt-5 is not to be told", "gpt-5"),
            ("claudette-5", "other"),
            ("o365-kestrel", "other"),
            ("claude-447711223344", "claude"),
            ("claude-20259901", "claude"),
            ("claude-4111-1111-1111-1111", "claude-4111-1111-1111"),
        ] {
            assert_eq!(model(name), kept, "{name}");
        }
    }

    #[test]
    fn versions_stay_and_text_goes() {
        for kept in [
            "2.1.80",
            "v1.2",
            "0.140.0",
            "1.0.64-1",
            "0.0.0-synthetic",
            "0.45.0-alpha.3",
            "1.0.0-rc1",
            "99",
            "0.21.0-nightly.20260101",
            "1.106.0-insiders",
            "1.2.3-rc.1+build.5",
            "2025.11.21",
        ] {
            assert_eq!(version(kept), Some(kept));
        }
        for gone in [
            "",
            "v",
            "1.",
            ".1",
            "1..2",
            "1.0-",
            "1.0-kestrel",
            "1.0-rc.kestrel",
            "1.0-9fQ2xLw7",
            "1.0-synthetic-",
            "kestrel",
            "192.168.17.4",
            "447711223344",
            "1.0 (kestrel)",
            "2.1.80/kestrel",
            "1.0-1-2-3-4-5",
            "1.0-rc١",
            "w@1.0",
            "Tell nobody that the launch is on Thursday",
        ] {
            assert_eq!(version(gone), None, "{gone}");
        }
    }

    #[test]
    fn lists_are_small_letters() {
        for word in [FAMILIES, VENDORS, WORDS, RELEASES].iter().flat_map(|list| list.split(' ')) {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
            assert!(!word.is_empty() && word.chars().all(plain), "{word}");
        }
    }

    /// Whether a text is made of separators, words of the lists, and numbers with at most three letters.
    fn is_made_of(text: &str, lists: &[&str]) -> bool {
        let known = lists.join(" ").replace(['-', '_'], " ");
        text.split(['-', '_', '.', ':', '/', '@', '+']).all(|part| {
            let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
            let letters = part.chars().filter(|c| !c.is_ascii_digit()).count();
            let of_family = |family: &str| {
                part.get(..family.len()).is_some_and(|start| start.eq_ignore_ascii_case(family))
                    && is_size(&part[family.len()..])
            };
            is_in(&known, word)
                || is_in(&known, part)
                || FAMILIES.split(' ').any(of_family)
                || letters < part.len() && letters <= 3
        })
    }

    /// Any text, and texts of pieces that are or nearly are in the lists.
    fn texts() -> impl Strategy<Value = String> {
        let all = [FAMILIES, VENDORS, WORDS, RELEASES, "Kestrel 20251101 447711223344 70b v1 é [1m]"];
        let words: Vec<&str> = all.iter().flat_map(|list| list.split(' ')).collect();
        let piece = prop_oneof![
            4 => proptest::sample::select(words).prop_map(str::to_owned),
            1 => "[a-z0-9]{1,4}",
            1 => "[0-9]{1,9}",
        ];
        let pieces = proptest::collection::vec((piece, r"[-./:@_ \\+]?"), 0..14);
        let joined =
            pieces.prop_map(|all| all.into_iter().map(|(word, end)| word + &end).collect::<String>());
        prop_oneof![1 => any::<String>(), 1 => "[-v0-9.+a-e]{0,20}", 4 => joined]
    }

    proptest! {
        #[test]
        fn only_words_of_the_lists_are_left(text in texts()) {
            let name = model(&text);
            let fixed = [OTHER, "unknown", "synthetic", "auto", "default"].contains(&name);
            prop_assert!(fixed || is_made_of(name, &[FAMILIES, VENDORS, WORDS]), "{name}");
            prop_assert!(name.len() <= LONGEST && count_digits(name) <= MOST_DIGITS + 2, "{name}");
            prop_assert_eq!(model(name), name);
            if let Some(kept) = version(&text) {
                prop_assert!(is_made_of(kept.trim_start_matches('v'), &[RELEASES]), "{kept}");
                prop_assert_eq!(version(kept), Some(kept));
            }
        }
    }
}
