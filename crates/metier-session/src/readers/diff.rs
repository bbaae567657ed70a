//! Unified diffs, as several agents record them.

/// Lines added and removed by the hunks of a unified diff.
pub(super) fn hunks(diff: &str) -> (u64, u64) {
    let (mut added, mut removed) = (0, 0);
    for line in diff.lines().skip_while(|line| !line.starts_with("@@")) {
        match line.as_bytes().first() {
            Some(b'+') => added += 1,
            Some(b'-') => removed += 1,
            _ => {}
        }
    }
    (added, removed)
}

#[cfg(test)]
mod tests {
    use super::hunks;

    #[test]
    fn what_stands_before_the_first_hunk_is_no_line() {
        assert_eq!(hunks("--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n"), (2, 1));
        assert_eq!(hunks(""), (0, 0));
    }
}
