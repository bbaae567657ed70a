//! The language of a file, by its name.

use std::collections::BTreeSet;

/// Endings and whole names, with the language. Names follow GitHub Linguist.
const LANGUAGES: &[(&str, &[&str])] = &[
    ("Astro", &["astro"]),
    ("C", &["c", "h"]),
    ("C#", &["cs"]),
    ("C++", &["cc", "cpp", "cxx", "hh", "hpp", "hxx"]),
    ("CSS", &["css", "less", "sass", "scss"]),
    ("Clojure", &["clj", "cljc", "cljs"]),
    ("Dart", &["dart"]),
    ("Dockerfile", &["dockerfile"]),
    ("Elixir", &["ex", "exs"]),
    ("Erlang", &["erl", "hrl"]),
    ("F#", &["fs", "fsx"]),
    ("Go", &["go"]),
    ("GraphQL", &["gql", "graphql"]),
    ("HCL", &["hcl", "tf", "tfvars"]),
    ("HTML", &["htm", "html"]),
    ("Haskell", &["hs"]),
    ("JSON", &["json", "json5", "jsonc", "jsonl"]),
    ("Java", &["java"]),
    ("JavaScript", &["cjs", "js", "jsx", "mjs"]),
    ("Julia", &["jl"]),
    ("Jupyter Notebook", &["ipynb"]),
    ("Kotlin", &["kt", "kts"]),
    ("Lua", &["lua"]),
    ("Makefile", &["makefile", "mk"]),
    ("Markdown", &["markdown", "md", "mdx"]),
    ("Nix", &["nix"]),
    ("OCaml", &["ml", "mli"]),
    ("Objective-C", &["m", "mm"]),
    ("PHP", &["php"]),
    ("Perl", &["pl", "pm"]),
    ("Protocol Buffer", &["proto"]),
    ("Python", &["py", "pyi"]),
    ("R", &["r", "rmd"]),
    ("Ruby", &["gemspec", "rake", "rb"]),
    ("Rust", &["rs"]),
    ("SQL", &["sql"]),
    ("Scala", &["sc", "scala"]),
    ("Shell", &["bash", "bats", "fish", "sh", "zsh"]),
    ("Solidity", &["sol"]),
    ("Svelte", &["svelte"]),
    ("Swift", &["swift"]),
    ("TOML", &["toml"]),
    ("TeX", &["bib", "tex"]),
    ("Text", &["txt"]),
    ("TypeScript", &["cts", "mts", "ts", "tsx"]),
    ("Vue", &["vue"]),
    ("XML", &["svg", "xml", "xsd"]),
    ("YAML", &["yaml", "yml"]),
    ("Zig", &["zig"]),
];

/// The languages of these files, sorted, each once. Files of unknown kind give none.
pub(super) fn of(files: &BTreeSet<String>) -> Vec<String> {
    let languages: BTreeSet<&str> = files.iter().filter_map(|path| language(path)).collect();
    languages.into_iter().map(str::to_owned).collect()
}

fn language(path: &str) -> Option<&'static str> {
    let name = path.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
    let ending = name.rsplit('.').next()?;
    LANGUAGES.iter().find(|(_, endings)| endings.contains(&ending)).map(|(language, _)| *language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_told_by_the_ending_or_the_whole_name() {
        assert_eq!(language("/a/b/Main.RS"), Some("Rust"));
        assert_eq!(language("C:\\x\\Makefile"), Some("Makefile"));
        assert_eq!(language("/a/LICENSE"), None);
    }
}
