//! The family of a model: its name without what only tells releases apart.

/// The family of a model: vendor prefix, release date, stage and coding variant fall away; the
/// version and the size stay.
///
/// The name up to the first part that is a date, `preview`, `exp`, `latest` or `codex`, and a size
/// word (`mini`, `nano`, `lite`) if one follows.
///
/// ```
/// use metier_study::model_family;
/// assert_eq!(model_family("claude-opus-4-5-20251101"), "claude-opus-4-5");
/// assert_eq!(model_family("us.anthropic.claude-opus-4-5-20251101-v1:0"), "claude-opus-4-5");
/// assert_eq!(model_family("anthropic/claude-opus-4.5"), "claude-opus-4-5");
/// assert_eq!(model_family("gpt-5.2-codex"), "gpt-5.2");
/// assert_eq!(model_family("gpt-5.1-codex-mini"), "gpt-5.1-mini");
/// assert_eq!(model_family("gemini-2.5-pro-preview-05-06"), "gemini-2.5-pro");
/// ```
pub fn model_family(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or(model);
    let name = name.split(['@', ':']).next().unwrap_or(name);
    let name = name.find("claude-").map_or(name, |at| &name[at..]);
    let mut parts = name.split('-');
    let mut family: Vec<&str> = parts.by_ref().take_while(|part| !ends_family(part)).collect();
    family.extend(parts.filter(|part| ["mini", "nano", "lite"].contains(part)));
    let family = family.join("-");
    // Routers write Claude's versions with a dot, the vendor with a hyphen.
    if family.starts_with("claude") { family.replace('.', "-") } else { family }
}

/// Whether a part of a model's name begins what only tells releases apart.
fn ends_family(part: &str) -> bool {
    let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let date = digits && (part.len() == 8 || part.len() == 4 && part.starts_with("20"));
    date || ["preview", "exp", "latest", "codex"].contains(&part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_release_stays() {
        for name in ["gpt-5-mini", "gemini-3-pro", "claude-haiku-4-5", "o3", "unknown"] {
            assert_eq!(model_family(name), name);
        }
        assert_eq!(model_family("gpt-5-2025-08-07"), "gpt-5");
        assert_eq!(model_family("claude-sonnet-4@20250514"), "claude-sonnet-4");
    }
}
