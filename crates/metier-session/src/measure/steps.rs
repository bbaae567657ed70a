//! What each step of a command does, as far as it is evidence: tests, builds, linters, git.

use super::shell::{self, Joint};

/// A kind of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Runs tests.
    Test = 0,
    /// Builds.
    Build = 1,
    /// Runs a linter, a formatter or a type checker.
    Lint = 2,
}

impl Check {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Check::Test => "test",
            Check::Build => "build",
            Check::Lint => "lint",
        }
    }
}

/// A git operation that leaves a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Git {
    Commit,
    /// Changes the last commit: git reports it as it does a new one.
    Amend,
    Push,
    PullRequest,
}

/// One simple command of a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub check: Option<Check>,
    pub git: Option<Git>,
    /// Whether it only prepares others (`cd`, `export`, `echo` …), so that a failure is hardly its own.
    pub quiet: bool,
    pub joint: Joint,
}

impl Step {
    /// Whether its answer is worth reading.
    pub(super) fn speaks(&self) -> bool {
        self.check.is_some() || self.git.is_some()
    }
}

/// The steps of a command line. Shells called with a script as text are looked into.
pub(super) fn steps(line: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    collect(line, 0, &mut steps);
    steps
}

fn collect(line: &str, depth: u8, steps: &mut Vec<Step>) {
    for simple in shell::split(line) {
        let words: Vec<&str> = simple.words.iter().map(String::as_str).collect();
        let negated = words.first() == Some(&"!");
        let words = unwrap(&words);
        if depth < 3
            && let Some(script) = script(words)
        {
            collect(script, depth + 1, steps);
            if let Some(last) = steps.last_mut() {
                last.joint = simple.joint;
            }
            continue;
        }
        steps.push(Step {
            // Turned around, its exit status says nothing that could be read off.
            check: if negated { None } else { check(words) },
            git: git(words),
            quiet: words.first().is_none_or(|first| QUIET.contains(first)),
            joint: simple.joint,
        });
    }
}

const QUIET: [&str; 12] =
    ["cd", "echo", "export", "set", "source", ".", "pwd", "true", "printf", "pushd", "popd", "mkdir"];

/// The script of `bash -c SCRIPT` and its like.
fn script<'w>(words: &[&'w str]) -> Option<&'w str> {
    let shell = words.first()?.rsplit('/').next()?;
    if !matches!(shell, "bash" | "sh" | "zsh" | "dash") {
        return None;
    }
    let flag = words
        .iter()
        .position(|word| word.starts_with('-') && word.ends_with('c') && !word.starts_with("--"))?;
    words.get(flag + 1).copied()
}

/// The words without what only carries the command: variables, `sudo`, `timeout 60`, `npx`, `uv run` …
fn unwrap<'s, 'w>(words: &'s [&'w str]) -> &'s [&'w str] {
    let mut words = words;
    loop {
        let Some(first) = words.first() else { return words };
        let program = first.rsplit('/').next().unwrap_or(first);
        let second = words.get(1).copied().unwrap_or("");
        let drop = match program {
            "sudo" | "env" | "time" | "nohup" | "npx" | "bunx" | "pnpx" | "uvx" | "command" | "exec"
            | "nice" | "then" | "do" | "if" | "else" | "while" | "!" | "xvfb-run" | "stdbuf" | "dotenv"
            | "doppler" => 1,
            // Shortens other programs' output for agents.
            "rtk" if second == "proxy" => 2,
            "rtk" => 1,
            "timeout" | "gtimeout" => 2,
            "uv" | "poetry" | "pipenv" | "rye" if second == "run" => 2,
            "bundle" | "yarn" | "pnpm" | "npm" | "mise" | "rbenv" | "asdf" | "devbox"
                if matches!(second, "exec" | "dlx" | "x") =>
            {
                2
            }
            "python" | "python3" | "py" | "python2" if second == "-m" => 2,
            "docker" | "docker-compose" | "podman" => {
                match words.iter().position(|word| *word == "exec" || *word == "run") {
                    // `docker compose exec [-T] service command …`
                    Some(at) => {
                        let service = words[at + 1..].iter().position(|word| !word.starts_with('-'));
                        match service {
                            Some(service) if words.len() > at + service + 2 => at + service + 2,
                            _ => return words,
                        }
                    }
                    None => return words,
                }
            }
            _ if is_assignment(first) => 1,
            _ => return words,
        };
        words = words.get(drop..).unwrap_or(&[]);
        // Options of the carrier, such as `npx --yes` or `env -i`.
        while words.len() > 1 && words[0].starts_with('-') {
            words = &words[1..];
        }
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Words that are neither options nor, for the options named, their values.
fn arguments<'w>(words: &[&'w str], valued: &[&str]) -> Vec<&'w str> {
    let mut arguments = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if valued.contains(word) {
            words.next();
        } else if !word.starts_with('-') && !word.starts_with('+') {
            arguments.push(*word);
        }
    }
    arguments
}

/// The kind of check that a simple command is, if it is one.
fn check(words: &[&str]) -> Option<Check> {
    use Check::{Build, Lint, Test};
    let (first, rest) = words.split_first()?;
    // Asking what could be run runs nothing.
    const ASKS: [&str; 6] = ["--help", "-h", "--version", "--list", "--collect-only", "--listTests"];
    if rest.iter().any(|word| ASKS.contains(word)) {
        return None;
    }
    let program = first.rsplit('/').next().unwrap_or(first);
    let plain = arguments(
        rest,
        &["-C", "-f", "--prefix", "--filter", "-F", "--manifest-path", "--cwd", "--directory", "-w"],
    );
    let sub = plain.first().copied().unwrap_or("");
    match program {
        "pytest" | "py.test" | "tox" | "nox" | "unittest" | "jest" | "vitest" | "mocha" | "ava" | "karma"
        | "jasmine" | "rspec" | "phpunit" | "pest" | "paratest" | "ctest" | "gotestsum" | "ginkgo"
        | "bats" | "prove" | "nosetests" | "cargo-nextest" | "tap" | "qunit" | "busted" | "behave"
        | "codecept" => {
            if program == "vitest" && sub == "bench" {
                None
            } else {
                Some(Test)
            }
        }
        "playwright" | "cypress" => matches!(sub, "test" | "run").then_some(Test),
        "cargo" => match sub {
            "test" | "t" => {
                // `cargo test --no-run` only builds.
                Some(if rest.contains(&"--no-run") { Build } else { Test })
            }
            "nextest" => (plain.get(1) == Some(&"run")).then_some(Test),
            "build" | "b" | "check" | "c" => Some(Build),
            "clippy" | "fmt" => Some(Lint),
            _ => None,
        },
        "go" => match sub {
            "test" => Some(Test),
            "build" | "install" => Some(Build),
            "vet" | "fmt" => Some(Lint),
            _ => None,
        },
        "gradle" | "gradlew" | "gradlew.bat" => plain.iter().find_map(|task| {
            let task = task.rsplit(':').next().unwrap_or(task);
            match task {
                _ if task.to_ascii_lowercase().ends_with("test") || task == "check" => Some(Test),
                "build" | "assemble" | "compileJava" | "compileKotlin" | "classes" => Some(Build),
                "lint" | "ktlintCheck" | "detekt" | "spotlessCheck" => Some(Lint),
                _ => None,
            }
        }),
        "mvn" | "mvnw" => plain.iter().rev().find_map(|goal| match *goal {
            "test" | "verify" | "integration-test" => Some(Test),
            "compile" | "package" | "install" => Some(Build),
            _ => None,
        }),
        "dotnet" => match sub {
            "test" => Some(Test),
            "build" | "publish" => Some(Build),
            "format" => Some(Lint),
            _ => None,
        },
        "node" | "deno" | "swift" | "mix" | "zig" | "stack" | "cabal" | "flutter" | "dart" | "sbt"
        | "lein" | "bazel" | "bazelisk" | "buck2" | "rails" | "artisan" | "forge" | "meson" | "dune"
        | "nx" | "turbo" | "moon" | "xcodebuild" => {
            if program == "node" {
                return rest.contains(&"--test").then_some(Test);
            }
            any_test(&plain)
        }
        "python" | "python3" => (rest.first().is_some_and(|word| word.ends_with("manage.py"))
            && plain.get(1) == Some(&"test"))
        .then_some(Test),
        "php" => (rest.first().is_some_and(|word| word.ends_with("artisan")) && plain.contains(&"test"))
            .then_some(Test),
        "npm" | "pnpm" | "yarn" | "bun" => match sub {
            "test" | "t" | "tst" => Some(Test),
            "run" | "run-script" => plain.get(1).and_then(|script| named(script)),
            "build" if program == "bun" || program == "yarn" || program == "pnpm" => Some(Build),
            // Yarn, pnpm and bun run scripts by their bare name.
            // What has a path or an ending is a file that bun runs, not a script's name.
            _ if program != "npm" && !sub.contains(['/', '.']) => named(sub).or_else(|| check(&plain)),
            _ => None,
        },
        "make" | "gmake" | "just" | "task" | "mise" | "rake" | "composer" | "poe" | "invoke" | "inv"
        | "ninja" | "hatch" | "pdm" | "pixi" | "earthly" => {
            let runs = matches!(sub, "run" | "r");
            let targets = if runs { plain.get(1..).unwrap_or(&[]) } else { &plain[..] };
            let makes = matches!(program, "make" | "gmake" | "ninja");
            // By the GNU Coding Standards `check` runs the tests.
            if makes && (targets.contains(&"check") || targets.contains(&"installcheck")) {
                return Some(Test);
            }
            if makes && targets.is_empty() {
                return Some(Build);
            }
            any_test(targets).or_else(|| check(targets).filter(|_| runs))
        }
        "tsc" | "vue-tsc" | "webpack" | "rollup" | "esbuild" | "tsup" | "swc" | "parcel" => Some(Build),
        "vite" | "next" | "astro" | "nuxt" | "ng" | "gatsby" | "svelte-kit" => match sub {
            "build" => Some(Build),
            "test" => Some(Test),
            "lint" | "check" => Some(Lint),
            _ => None,
        },
        "cmake" => rest.contains(&"--build").then_some(Build),
        "eslint" | "biome" | "prettier" | "ruff" | "flake8" | "pylint" | "mypy" | "pyright"
        | "basedpyright" | "black" | "isort" | "golangci-lint" | "gofmt" | "goimports" | "staticcheck"
        | "rubocop" | "phpstan" | "psalm" | "shellcheck" | "stylelint" | "rustfmt" | "oxlint" | "ktlint"
        | "swiftlint" | "clang-tidy" | "clang-format" | "hadolint" | "yamllint" | "markdownlint"
        | "tflint" | "standard" | "xo" | "pre-commit" | "credo" | "ty" => Some(Lint),
        _ => None,
    }
}

/// What several targets do: tests if any of them does.
fn any_test(targets: &[&str]) -> Option<Check> {
    let checks = || targets.iter().filter_map(|target| named(target));
    checks().find(|check| *check == Check::Test).or_else(|| checks().next())
}

/// What a script or target of this name does: `test:unit`, `build`, `lint-fix`.
fn named(script: &str) -> Option<Check> {
    let script = script.rsplit("//").next().unwrap_or(script);
    let mut parts = script.split([':', '-', '_', '.', '/']).map(str::to_ascii_lowercase);
    parts.find_map(|part| match part.as_str() {
        "test" | "tests" | "spec" | "e2e" | "unittest" | "testall" | "runtest" => Some(Check::Test),
        "build" | "compile" | "all" | "assemble" => Some(Check::Build),
        "lint" | "fmt" | "format" | "typecheck" | "tsc" | "eslint" | "clippy" | "types" | "lintfix" => {
            Some(Check::Lint)
        }
        "check" => Some(Check::Lint),
        _ => None,
    })
}

/// The git operation that a simple command is, if it leaves a trace.
fn git(words: &[&str]) -> Option<Git> {
    let (first, rest) = words.split_first()?;
    let plain = arguments(rest, &["-C", "-c", "--git-dir", "--work-tree", "-R", "--repo"]);
    match (first.rsplit('/').next()?, plain.first().copied(), plain.get(1).copied()) {
        ("git", Some("commit"), _) if !rest.contains(&"--dry-run") => {
            Some(if rest.contains(&"--amend") { Git::Amend } else { Git::Commit })
        }
        ("git", Some("push"), _) if !rest.contains(&"--dry-run") => Some(Git::Push),
        ("gh", Some("pr"), Some("create")) | ("glab", Some("mr"), Some("create")) => Some(Git::PullRequest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks(line: &str) -> Vec<Check> {
        steps(line).into_iter().filter_map(|step| step.check).collect()
    }

    #[test]
    fn runners_are_recognised_under_what_carries_them() {
        use Check::{Build, Lint, Test};
        for (line, expected) in [
            ("cargo test -p x", vec![Test]),
            ("cargo nextest run", vec![Test]),
            ("cargo nextest list", vec![]),
            ("cargo clippy && cargo build --release", vec![Lint, Build]),
            ("python3 -m pytest tests -q", vec![Test]),
            ("uv run pytest", vec![Test]),
            ("FOO=1 timeout 60 npx --yes vitest run", vec![Test]),
            ("npm run test:unit -- --watch=false", vec![Test]),
            ("npm --prefix web test", vec![Test]),
            ("npm install", vec![]),
            ("rtk bun run test", vec![Test]),
            ("bun scripts/make-test-data.ts", vec![]),
            ("bun test src/", vec![Test]),
            ("bun run build", vec![Build]),
            ("pnpm lint", vec![Lint]),
            ("yarn jest", vec![Test]),
            ("yarn exec jest", vec![Test]),
            // The Gradle task of an Android variant.
            ("./gradlew :app:testDebugUnitTest", vec![Test]),
            ("./gradlew test", vec![Test]),
            ("mvn -q clean verify", vec![Test]),
            ("dotnet test", vec![Test]),
            ("bundle exec rspec", vec![Test]),
            ("vendor/bin/phpunit", vec![Test]),
            ("php artisan test", vec![Test]),
            ("make -C lib test", vec![Test]),
            ("make check", vec![Test]),
            ("hatch run test", vec![Test]),
            ("pdm run pytest -q", vec![Test]),
            ("python manage.py test app", vec![Test]),
            ("dune runtest", vec![Test]),
            ("zig build test", vec![Test]),
            ("! pytest", vec![]),
            ("make", vec![Build]),
            ("mise run test:ci", vec![Test]),
            ("go test ./... | tail -3", vec![Test]),
            ("go vet ./...", vec![Lint]),
            ("bash -lc 'cd x && cargo test'", vec![Test]),
            ("docker compose exec -T web pytest", vec![Test]),
            ("tsc --noEmit", vec![Build]),
            ("node --test", vec![Test]),
            ("pytest --collect-only", vec![]),
            ("grep -r 'cargo test' .", vec![]),
            ("git commit -m 'cargo test'", vec![]),
            ("echo cargo test", vec![]),
            ("cat test.py", vec![]),
        ] {
            assert_eq!(checks(line), expected, "{line}");
        }
    }

    #[test]
    fn git_operations_that_leave_a_trace() {
        let git = |line: &str| steps(line).into_iter().filter_map(|step| step.git).collect::<Vec<_>>();
        assert_eq!(git("git add -A && git -c a.b=c commit -m x && git push"), [Git::Commit, Git::Push]);
        assert_eq!(git("git commit --amend --no-edit"), [Git::Amend]);
        assert_eq!(git("gh pr create --title x --body y"), [Git::PullRequest]);
        assert_eq!(git("git log --grep commit"), []);
    }
}
