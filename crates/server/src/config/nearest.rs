//! The known name that a mistyped one was probably meant to be.

/// The candidate with the fewest edits from `typed`, if that is fewer than half of its letters.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (edits(typed, candidate), candidate))
        .min()
        .filter(|(edits, candidate)| *edits <= candidate.len().max(typed.len()) / 2)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and replacements between two names (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let known = ["limits.body_size", "limits.items", "flush.size"];
        assert_eq!(nearest("limits.bodysize", known), Some("limits.body_size"));
        assert_eq!(nearest("flsh.size", known), Some("flush.size"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(edits("kitten", "sitting"), 3);
    }
}
