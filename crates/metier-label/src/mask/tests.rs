//! What is masked and what is not. Keys are made here from a prefix and filler, so that this file holds none.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::rules::Rules;
use super::*;

const HEX: &str = "0123456789abcdef";
const MIXED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Filler that looks drawn by chance, always the same.
fn fill(alphabet: &str, length: usize) -> String {
    let letters = alphabet.as_bytes();
    let mut state = 7u64;
    let draw = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(letters[(state >> 33) as usize % letters.len()])
    };
    (0..length).map(draw).collect()
}

fn masker() -> Masker {
    Masker::new(&[])
}

fn mask(text: &str) -> String {
    masker().mask(text).text.into_owned()
}

/// Checks each text against what it must become; all failures are reported together.
fn check(cases: &[(String, &str)]) {
    let masker = masker();
    let mut wrong = String::new();
    for (text, expected) in cases {
        let masked = masker.mask(text).text;
        if masked != *expected {
            writeln!(wrong, "{text}\n  is      {masked}\n  must be {expected}").expect("writing to memory");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn keys_are_masked_by_their_shape() {
    let m = |n| fill(MIXED, n);
    let h = |n| fill(HEX, n);
    check(&[
        (format!("key sk-ant-{}-{}", "api03", m(80)), "key [secret 1]"),
        (format!("key sk-ant-{}-{}, please", "oat01", m(40)), "key [secret 1], please"),
        (format!("sk-{}-{}", "proj", m(60)), "[secret 1]"),
        (format!("sk-{}", m(48)), "[secret 1]"),
        (format!("({}_{})", "ghp", m(36)), "([secret 1])"),
        (format!("{}_{}.", "gho", m(36)), "[secret 1]."),
        (format!("github_pat_{}_{}", m(22), m(59)), "[secret 1]"),
        (format!(r#""line\n{}_{}\n""#, "ghp", m(36)), r#""line\n[secret 1]\n""#),
        (format!("glpat-{}", m(20)), "[secret 1]"),
        (format!("xox{}-1234567890-{}", 'b', m(24)), "[secret 1]"),
        (
            format!("https://hooks.slack.com/services/T{0}/B{0}/{1}", m(9), m(24)),
            "https://hooks.slack.com/services/[secret 1]",
        ),
        (format!("AIza{}", m(35)), "[secret 1]"),
        (format!("GOCSPX-{}", m(28)), "[secret 1]"),
        (format!("AKIA{} and more", fill("ABCDEFGHIJKLMNOP234567", 16)), "[secret 1] and more"),
        (format!("AKIA{},{}", fill("ABCDEFGHIJKLMNOP234567", 16), m(40)), "[secret 1],[secret 2]"),
        (format!("sk_live_{}", m(24)), "[secret 1]"),
        (format!("whsec_{}", m(32)), "[secret 1]"),
        (format!("npm_{}", m(36)), "[secret 1]"),
        (format!("pypi-AgE{}", m(80)), "[secret 1]"),
        (format!("hf_{}", fill("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 34)), "[secret 1]"),
        (format!("SG.{}.{}", m(22), m(43)), "[secret 1]"),
        (format!("dop_v1_{}", h(64)), "[secret 1]"),
        (format!("hvs.{}", m(24)), "[secret 1]"),
        (format!("123456789:AA{}", m(33)), "[secret 1]"),
        (format!("eyJ{}.eyJ{}.{}", m(20), m(40), m(43)), "[secret 1]"),
        (format!("Authorization: Bearer {}", m(40)), "Authorization: Bearer [secret 1]"),
        (format!("authorization: basic {}==", m(20)), "authorization: basic [secret 1]"),
        (format!("$2b$12${}", m(53)), "[secret 1]"),
        (format!("curl -u {}:{} https://a.io", "admin", m(9)), "curl -u admin:[secret 1] https://a.io"),
        (format!("machine a.io login me password {}", m(9)), "machine a.io login me password [secret 1]"),
        (format!("GET /x?a=1&X-Amz-Signature={}&b=2", h(64)), "GET /x?a=1&X-Amz-Signature=[secret 1]&b=2"),
        (format!("/callback?code={}#top", m(30)), "/callback?code=[secret 1]#top"),
        (
            format!("kind: Secret\nmetadata:\n  name: db\ndata:\n  user: {}=\n  pass: {}==", m(11), m(22)),
            "kind: Secret\nmetadata:\n  name: db\ndata:\n  user: [secret 1]\n  pass: [secret 2]",
        ),
    ]);
}

#[test]
fn private_keys_are_masked_between_their_frame() {
    let m = |n| fill(MIXED, n);
    let dashes = "-".repeat(5);
    let (begin, end) =
        (format!("{dashes}BEGIN RSA PRIVATE KEY{dashes}"), format!("{dashes}END RSA PRIVATE KEY{dashes}"));
    for (body, masked) in [
        (format!("\n{}\n{}==\n{end}", m(64), m(30)), format!("\n[secret 1]\n{end}")),
        (format!("\\n{}\\n{}\\n{end}", m(64), m(30)), format!("\\n[secret 1]\\n{end}")),
        (format!("\n     2→{}\n     3→{end}", m(64)), format!("\n     [secret 1]{end}")),
        (format!("\n{}\n{}\nand so on", m(64), m(64)), "\n[secret 1]\nand so on".to_owned()),
        (format!("\n{}\n", m(64)), "\n[secret 1]\n".to_owned()),
        ("\") and more".to_owned(), "\") and more".to_owned()),
    ] {
        assert_eq!(mask(&format!("{begin}{body}")), format!("{begin}{masked}"));
    }
}

#[test]
fn values_are_masked_by_their_names() {
    let m = |n| fill(MIXED, n);
    check(&[
        (format!("DB_PASSWORD={}", "swordfish"), "DB_PASSWORD=[secret 1]"),
        (format!("export PGPASSWORD='{}' && psql", "sword-fish"), "export PGPASSWORD='[secret 1]' && psql"),
        (format!(r#"{{"password": "{}"}}"#, "swordfish"), r#"{"password": "[secret 1]"}"#),
        (format!(r#"{{\"password\": \"{}\"}}"#, "swordfish"), r#"{\"password\": \"[secret 1]\"}"#),
        (format!("password: {}", "sword7fish!"), "password: [secret 1]"),
        (format!("db:\n  password: {}\n  port: 1", "fish22"), "db:\n  password: [secret 1]\n  port: 1"),
        (format!("host=x password={} dbname=y", "fish22"), "host=x password=[secret 1] dbname=y"),
        (format!("the password is {}.", "fish22"), "the password is [secret 1]."),
        (
            format!("CREATE USER x IDENTIFIED BY '{}';", "swordfish"),
            "CREATE USER x IDENTIFIED BY '[secret 1]';",
        ),
        (format!("mysql --user=x --password={} db", "swordfish"), "mysql --user=x --password=[secret 1] db"),
        (format!("tool --password {} -x", "Sword-Fish"), "tool --password [secret 1] -x"),
        (format!("tool --token {} --dry-run", m(24)), "tool --token [secret 1] --dry-run"),
        (format!("<password>{}</password>", "swordfish"), "<password>[secret 1]</password>"),
        (
            format!(r#"<add key="Password" value="{}" />"#, "swordfish"),
            r#"<add key="Password" value="[secret 1]" />"#,
        ),
        (format!("let password: &str = \"{}\";", "swordfish"), "let password: &str = \"[secret 1]\";"),
        (format!("password = Some(\"{}\".into())", "swordfish"), "password = Some(\"[secret 1]\".into())"),
        (format!("os.environ[\"API_TOKEN\"] = \"{}\"", m(24)), "os.environ[\"API_TOKEN\"] = \"[secret 1]\""),
        (format!("headers.set('x-api-key', '{}')", m(24)), "headers.set('x-api-key', '[secret 1]')"),
        (format!("my API key is {} ok", m(24)), "my API key is [secret 1] ok"),
        (format!("apiKey: '{}',", m(24)), "apiKey: '[secret 1]',"),
        (format!("aws_secret_access_key = {}", m(40)), "aws_secret_access_key = [secret 1]"),
        (format!("client_secret: {}", m(32)), "client_secret: [secret 1]"),
        (format!("\"refresh_token\":\"{}\"", m(40)), "\"refresh_token\":\"[secret 1]\""),
        (format!("SECRET_KEY_BASE64={}==", m(40)), "SECRET_KEY_BASE64=[secret 1]"),
        (format!("x\\nSESSION_TOKEN={}\\ny", m(40)), "x\\nSESSION_TOKEN=[secret 1]\\ny"),
        (format!("Cookie: lang=en; sid={}; x=1", m(32)), "Cookie: lang=en; sid=[secret 1]; x=1"),
        (
            format!("postgres://app:{}@db.io:5432/x", "sword/fish".replace('/', "")),
            "postgres://app:[secret 1]@db.io:5432/x",
        ),
        (format!("redis://:{}@cache:6379/0", m(12)), "redis://:[secret 1]@cache:6379/0"),
        (format!("https://{}@github.com/a/b.git", m(40)), "https://[secret 1]@github.com/a/b.git"),
        (
            format!("Server=db;User Id=sa;Password={};Encrypt=true", "sword;fish".replace(';', "")),
            "Server=db;User Id=sa;Password=[secret 1];Encrypt=true",
        ),
        (format!("app:{}@tcp(db:3306)/x", "swordfish"), "app:[secret 1]@tcp(db:3306)/x"),
        (format!("AccountName=x;AccountKey={}==;", m(86)), "AccountName=x;AccountKey=[secret 1];"),
        (
            format!("PASSWORD=swordfish\nlogin with {} now", "swordfish"),
            "PASSWORD=[secret 1]\nlogin with [secret 1] now",
        ),
        (format!("| token | {} |\ntoken: {}", m(24), m(24)), "| token | [secret 1] |\ntoken: [secret 1]"),
    ]);
}

#[test]
fn persons_are_masked() {
    let cases: &[(&str, &str)] = &[
        ("mail jane.doe+x@corp.co.uk.", "mail [email 1]."),
        ("a@corp.io, b@corp.io, a@corp.io", "[email 1], [email 2], [email 1]"),
        ("?user=jane%40corp.io&x=1 Jane@corp.io", "?user=[email 1]&x=1 [email 1]"),
        (r"to\njane@corp.io\n", r"to\n[email 1]\n"),
        ("12345+jane@users.noreply.github.com", "[email 1]"),
        ("Author: Jane Doe <jane@corp.io>\nDate:", "Author: [person 1] <[email 1]>\nDate:"),
        ("Co-Authored-By: jdoe <jane@corp.io>", "Co-Authored-By: [person 1] <[email 1]>"),
        ("Signed-off-by: Zoë van der Berg <z@corp.io>", "Signed-off-by: [person 1] <[email 1]>"),
        ("thanks to 王小明 <wang@corp.cn>", "thanks to [person 1] <[email 1]>"),
        ("\"author\": \"Jane Doe\",", "\"author\": \"[person 1]\","),
        ("Author: Jane O'Neill-McBride\n", "Author: [person 1]\n"),
        ("git config user.name \"Jane Doe\"", "git config user.name \"[person 1]\""),
        (
            "\"name\": \"Jane Doe\",\n  \"email\": \"jane@corp.io\"",
            "\"name\": \"[person 1]\",\n  \"email\": \"[email 1]\"",
        ),
        ("cd /home/jdoe/src && ls /home/jdoe", "cd /home/[person 1]/src && ls /home/[person 1]"),
        ("/Users/jdoe/x: owned by jdoe", "/Users/[person 1]/x: owned by [person 1]"),
        (r"C:\Users\jdoe\src", r"C:\Users\[person 1]\src"),
        (r"C:\\Users\\Jane Doe\\src", r"C:\\Users\\[person 1]\\src"),
        ("/mnt/c/Users/jdoe/src", "/mnt/c/Users/[person 1]/src"),
        ("file:///home/jdoe/a.txt", "file:///home/[person 1]/a.txt"),
        ("docker run -v /home/jdoe:/home/node", "docker run -v /home/[person 1]:/home/node"),
        ("~/.claude/projects/-Users-jdoe-src-x/a", "~/.claude/projects/-Users-[person 1]-src-x/a"),
        ("https://jdoe@bitbucket.org/a/b.git", "https://[person 1]@bitbucket.org/a/b.git"),
    ];
    check(&cases.iter().map(|(text, expected)| ((*text).to_owned(), *expected)).collect::<Vec<_>>());
}

#[test]
fn numbers_with_a_meaning_are_masked() {
    let cases: &[(&str, &str)] = &[
        ("call +49 30 901820 now", "call [phone 1] now"),
        ("+1 (415) 555-2671", "[phone 1]"),
        ("+33 6 12 34 56 78", "[phone 1]"),
        ("tel:+14155552671", "tel:[phone 1]"),
        ("(415) 555-2671", "[phone 1]"),
        ("phone: 415-555-2671", "phone: [phone 1]"),
        ("\"mobile_number\": \"07700 900123\"", "\"mobile_number\": \"[phone 1]\""),
        ("card 4111 1111 1111 1111 exp 12/27", "card [card 1] exp 12/27"),
        ("4111-1111-1111-1111", "[card 1]"),
        ("card=378282246310005;", "card=[card 1];"),
        ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [iban 1]."),
        ("GB82WEST12345698765432", "[iban 1]"),
        ("ssh root@51.15.20.33", "ssh root@[ip 1]"),
        ("http://51.15.20.33:8080/x", "http://[ip 1]:8080/x"),
        ("from 2a01:4f8:c2c:123f::1 port 22", "from [ip 1] port 22"),
    ];
    check(&cases.iter().map(|(text, expected)| ((*text).to_owned(), *expected)).collect::<Vec<_>>());
}

#[test]
fn what_is_neither_secret_nor_personal_stays() {
    let sha = fill(HEX, 40);
    let cases = [
        format!("commit {sha}"),
        format!("index {}..{} 100644", &sha[..7], &sha[7..14]),
        format!("sha256:{}", fill(HEX, 64)),
        format!("\"integrity\": \"sha512-{}==\"", fill(MIXED, 86)),
        format!("\"token_count\": 12345, \"cache_key\": \"{sha}\""),
        format!("key: ${{{{ runner.os }}}}-cargo-{sha}"),
        format!("data:image/png;base64,iVBORw0KGgo{}", fill(MIXED, 400)),
        format!("toolu_01{} msg_01{} req_011{}", fill(MIXED, 22), fill(MIXED, 22), fill(MIXED, 22)),
        format!("etag: \"{}\"", fill(HEX, 32)),
        format!("main-{}.js", fill(HEX, 8)),
        format!("next_page_token: '{0}', \"pageToken\": \"{0}\"", fill(MIXED, 24)),
    ];
    let plain = [
        "123e4567-e89b-12d3-a456-426614174000",
        "session_id: 123e4567-e89b-12d3-a456-426614174000",
        "version 1.2.3-beta.4+build.5, v10.20.30.40, Chrome/120.0.6099.109, pip install x==1.2.3.4",
        "https://tools.ietf.org/html/rfc5280#section-4.2.1.10:",
        "2026-02-03T04:05:06.789Z, 12:30:45, 00:11:22:33:44:55, 1700000000, 1700000000123",
        "listening on 127.0.0.1:8080, 0.0.0.0:3000, 192.168.1.20, 10.0.0.7, [::1]:80, fe80::1, 2001:db8::1",
        "nameserver 8.8.8.8, example 203.0.113.9",
        "use std::fs; a::b::c(); dead::beef::cafe()",
        "password = get_password()",
        "password: String, token: Option<String>, secret: &str",
        "let token = parser.next_token()?;",
        "const token = req.headers['authorization'].split(' ')[1];",
        "if password == confirm_password { return; }",
        "connect(password=password2, token=token1) password = user2",
        "the --username and --password options, CHALLENGE_PASSWORD: \"challengePassword\"",
        "OID 1.3.101.112, step 12.1.1.4: done, 2001:4:112::/48",
        "CREATE TABLE x (password VARCHAR(255) NOT NULL, token TEXT)",
        "max_tokens: 4096, input_tokens: 1234567, \"total_tokens\": 98765432",
        "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
        "API_KEY=your-api-key-here PASSWORD=changeme TOKEN=<token> SECRET=${SECRET}",
        "password: process.env.DB_PASSWORD, apiKey: config.apiKey",
        "token = os.environ[\"GITHUB_TOKEN\"]; env::var(\"DB_PASSWORD\")",
        "env: TOKEN: ${{ secrets.GITHUB_TOKEN }}",
        "\"password\": \"Password is required\", \"token\": \"string\", type=\"password\"",
        "echo $PASSWORD; curl -H \"Authorization: Bearer $TOKEN\" -u \"$USER:$PASS\" https://a.io",
        "Authorization: Bearer <token>",
        "pub const ERROR_WRONG_PASSWORD: u32 = 1323u32;",
        "test result: 12 passed; 0 failed; all_pass, `any_pass`, `pass_rate_at_least`",
        "key=value primary_key=id public_key=abc foreign_key: user_id",
        "postgres://user:password@localhost:5432/db postgres://$USER:$PASS@host/db redis://localhost",
        "git clone git@github.com:owner/repo.git https://github.com/owner/repo",
        "ssh://git@github.com/owner/repo",
        "user@example.com noreply@anthropic.com test@test.com icon@2x.png pkg@1.2.3 @scope/pkg",
        "@pytest.fixture x@property.setter patches/solid-js@1.9.10.patch",
        "Co-Authored-By: Claude <noreply@anthropic.com>",
        "Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>",
        "\"author\": \"Test User\", Author: unknown, author: dependabot[bot] <x@example.com>",
        "/home/user/src /home/runner/work /Users/runner /home/node/app /root/x /home/$USER/x /home/<name>/x",
        "src/home/components/a.tsx https://a.io/home/news GET /users/123 /Users/:id",
        "localhost:3000 port 8080 exit code 137 line 4242",
        "4111 1111 1111 1112 1234567890123456 DE89 3704 0044 0532 0130 01",
        "@@ -1,2 +1441497364 @@\n+1700000000\n+12 -34",
        "git_author_test.go:280 author = None, is_author: true",
        "the key is under the mat, the token is invalid, password is wrong",
        concat!("-----BEGIN CERTIFICATE----- and text.starts_with(\"-----BEGIN PRIVATE", " KEY-----\")"),
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx sk-ant-api03-... AKIAIOSFODNN7EXAMPLE",
        "GITHUB_WEBHOOK_SECRET=e2e-test-secret TOKEN=test-token-123",
        "hook?secret=wrong-secret&key=value%20with%20%27quotes%27",
        "model: claude-opus-4-5-20251101, gpt-4o-mini-2024-07-18",
        "fn sk_learn_feature_selection_of_the_best_k() {}",
        "kind: ConfigMap\ndata:\n  name: aGVsbG8gd29ybGQ=",
        "secret_name: db-credentials, secretKeyRef: my-app, token_url: https://a.io/token",
    ];
    let masker = masker();
    let mut wrong = String::new();
    for text in cases.iter().map(String::as_str).chain(plain) {
        let masked = masker.mask(text);
        if masked.text != text {
            writeln!(wrong, "{text}\n  became {}", masked.text).expect("writing to memory");
        }
        assert_eq!(masked.counts.is_empty(), masked.text == text);
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn what_the_caller_calls_own_is_masked() {
    let own = ["jdoe", "Jane van Doe", "jane.doe@corp.example", "root", "x"].map(str::to_owned);
    let masked = Masker::new(&own)
        .mask("JDOE, jdoe-laptop, ajdoes; Jane; jane; Doe, JANE VAN DOE; Jane.Doe@corp.example; root x");
    assert_eq!(
        masked.text,
        "[person 1], [person 1]-laptop, ajdoes; [person 2]; jane; [person 3], [person 4]; [email 1]; root x"
    );
    assert_eq!(masked.counts, BTreeMap::from([("email", 1), ("person", 5)]));
}

#[test]
fn numbers_go_on_after_those_in_the_text() {
    assert_eq!(mask("[email 3] a@corp.io [email 1]"), "[email 3] [email 4] [email 1]");
    assert_eq!(
        mask("[email] [email x] [email 1234567890] a@corp.io"),
        "[email] [email x] [email 1234567890] [email 1]"
    );
}

#[test]
fn a_secret_around_a_placeholder_is_masked_without_it() {
    let (dashes, body) = ("-".repeat(5), fill(MIXED, 64));
    let text = format!(
        "{dashes}BEGIN EC PRIVATE KEY{dashes}\n{body}[email 1]{body}\n{dashes}END EC PRIVATE KEY{dashes}"
    );
    let masked = masker().mask(&text).text.into_owned();
    assert!(masked.contains("\n[secret 1][email 1][secret 1]\n"), "{masked}");
}

#[test]
fn nothing_to_mask_borrows() {
    assert!(matches!(masker().mask("fn main() {}").text, Cow::Borrowed(_)));
}

#[test]
fn every_rule_compiles_and_masks_what_it_describes() {
    let rules = Rules::ours();
    for (id, regex) in rules.compile() {
        assert!(regex.is_ok(), "{id}: {}", regex.expect_err("checked"));
    }
    let file: toml::Table = toml::from_str(include_str!("rules.toml")).expect("rules.toml is TOML");
    let masker = masker();
    let gap = regex::Regex::new(r"\[\^\\n[^\]]*\]\{0,[0-9]+\}\?").expect("compiles");
    let other = regex::Regex::new(r"\[\^[^\]]*\]|\\S").expect("compiles");
    let mut runner = TestRunner::deterministic();
    let mut ids = Vec::new();
    for rule in file["rules"].as_array().expect("rules") {
        let (id, pattern) = (rule["id"].as_str().expect("an id"), rule["regex"].as_str().expect("a regex"));
        ids.push(id);
        let regex = regex::bytes::RegexBuilder::new(pattern).unicode(false).build().expect("compiles");
        // Boundaries and ends cannot be drawn from, and what is described as other than something is no text.
        let drawn = pattern.replace(r"\b", "").replace("|$)", "| )");
        let drawn = gap.replace_all(&drawn, "( x)?");
        let drawn = other.replace_all(&drawn, "[a-z0-9]").replace(r"\s", " ");
        let drawn = proptest::string::bytes_regex(&format!("(?-u){drawn}")).expect("a pattern to draw from");
        let mut seen = 0;
        for _ in 0..300 {
            let Ok(text) = String::from_utf8(drawn.new_tree(&mut runner).expect("a string").current()) else {
                continue;
            };
            let text = format!("see\n{text}\nend");
            let Some(groups) = regex.captures(text.as_bytes()) else { continue };
            let secret = groups.iter().skip(1).flatten().next().or(groups.get(0)).expect("a match");
            let secret = std::str::from_utf8(secret.as_bytes()).expect("a part between ASCII");
            if !rules.accepts(id, secret.as_bytes()) {
                continue;
            }
            assert!(!masker.mask(&text).text.contains(secret), "{id}: {text} keeps {secret}");
            seen += 1;
            if seen == 8 {
                break;
            }
        }
        assert!(seen > 0, "{id}: no string drawn from the regex is accepted");
    }
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id stands twice");
}

#[test]
fn rules_of_gitleaks_can_be_used_as_they_are() {
    let upstream = r"
        title = 'gitleaks config'
        minVersion = 'v8.25.0'
        [allowlist]
        regexes = ['''^true$''']
        [[rules]]
        id = 'file-only'
        path = '''\.p12$'''
        [[rules]]
        id = 'acme'
        description = 'ACME'
        regex = '''(?i)\b(acme)_([a-z0-9]{8,})(?:;|$)'''
        secretGroup = 2
        entropy = 1.5
        keywords = ['ACME_']
        [[rules.allowlists]]
        regexes = ['''^0''', '''^{{1''']
        stopwords = ['abc']
        [[rules.allowlists]]
        regexTarget = 'line'
        regexes = ['''see''']
    ";
    let rules = Rules::parse(upstream).expect("a configuration");
    assert_eq!(rules.len(), 1);
    let masker = Masker::with_rules(&[], rules);
    for (text, expected) in [
        ("see Acme_1q2w3e4r5t;", "see Acme_[secret 1];"),
        (r"see\nacme_1q2w3e4r5t;", r"see\nacme_[secret 1];"),
        ("acme_0q2w3e4r5t;", "acme_0q2w3e4r5t;"),
        ("acme_1q2wABCr5t;", "acme_1q2wABCr5t;"),
        ("acme_1111111111;", "acme_1111111111;"),
    ] {
        assert_eq!(masker.mask(text).text, expected);
    }
    assert!(Rules::parse("[[rules]]").is_err());
}

/// Pieces of text in which something may be masked, or nearly.
fn piece() -> impl Strategy<Value = String> {
    let words: Vec<&str> = vec![
        "password",
        "=",
        ": ",
        "\"",
        "'",
        "\\n",
        "\n",
        " ",
        "token",
        "API_KEY",
        "--secret ",
        "Bearer ",
        "sk-ant-a1-",
        "ghp_",
        "AKIA",
        "/home/",
        "/Users/",
        "C:\\Users\\",
        "\\\\",
        "@",
        "corp.io",
        "%40",
        "jane",
        "Jane Doe",
        "<",
        ">",
        "Author: ",
        "-by:",
        "://",
        "https://",
        ":",
        "[secret 1]",
        "[email 2]",
        "[person 9]",
        "[",
        "]",
        "(",
        ")",
        "+49 ",
        "+1",
        "phone ",
        "4111 1111 1111 1111",
        "DE89",
        "3704 0044 0532 0130 00",
        "51.15.20.33",
        "2a01:4f8::1",
        concat!("-----BEGIN RSA PRIVATE", " KEY-----"),
        "-----END",
        "kind: Secret",
        "data:\n",
        "cookie: a=",
        "é",
        "🦀",
        "$",
        "{{",
        "curl -u ",
        "machine a login b password ",
        "?key=",
        "&sig=",
        ";Password=",
        "@tcp(",
        "user.name=",
        "name\": \"",
        "\", \"email\": \"",
        "-Users-",
        "-home-",
        ".",
        "-",
        "_",
    ];
    prop_oneof![
        4 => proptest::sample::select(words).prop_map(str::to_owned),
        2 => "[A-Za-z0-9]{1,48}",
        1 => "[!-~]{1,12}",
        1 => "\\PC{1,4}",
        1 => any::<char>().prop_map(String::from),
    ]
}

fn document() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn masking_what_is_masked_changes_nothing(text in document()) {
        let masker = shared();
        let once = masker.mask(&text);
        let twice = masker.mask(&once.text);
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert!(twice.counts.is_empty());
    }

    #[test]
    fn any_text_is_masked_without_a_panic(text in any::<String>()) {
        let _ = shared().mask(&text);
    }

    #[test]
    fn no_masked_secret_stays_anywhere(
        before in document(),
        password in "[A-Za-z0-9+/_!-]{8,24}",
        between in document(),
        name in "[a-z]{5,9}",
        after in document(),
    ) {
        let text = format!("{before} PASSWORD='{password}' {between}{password}{after} /home/{name}/ {between}");
        let masked = shared().mask(&text);
        let mut rest = masked.text.into_owned();
        for placeholder in placeholders(&rest).iter().rev() {
            rest.replace_range(placeholder.start..placeholder.end, "\n");
        }
        let places = disjoint(&text, shared().find(&text, &placeholders(&text)), &placeholders(&text));
        for place in places.iter().filter(|place| place.end - place.start >= place.kind.worth_repeating()) {
            let found = &text[place.start..place.end];
            if place.kind == Kind::Secret {
                prop_assert!(!rest.contains(found), "{} stays in {}", found, rest);
            }
        }
    }
}

proptest! {
    // A masker of its own for each case compiles its rules anew.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn masking_is_the_same_every_time(text in document()) {
        prop_assert_eq!(shared().mask(&text), Masker::new(&["ownname".to_owned()]).mask(&text));
    }
}

/// One masker for all cases.
fn shared() -> &'static Masker {
    static MASKER: std::sync::OnceLock<Masker> = std::sync::OnceLock::new();
    MASKER.get_or_init(|| Masker::new(&["ownname".to_owned()]))
}

#[test]
fn a_masker_is_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Masker>();
}
