//! The nearest of some words, for "did you mean". Not a search: only slips of the finger count.

/// The word of `known` that is nearest to `word`, when it is near enough to be meant.
#[must_use]
pub fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let word: Vec<char> = word.to_lowercase().replace('-', "_").chars().collect();
    let reach = (word.len() / 3).clamp(1, 3);
    known
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= reach)
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= reach)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out, replaced or swapped with their neighbour; `-` and
/// `_` count as the same.
fn distance(word: &[char], candidate: &str) -> usize {
    let candidate: Vec<char> = candidate.replace('-', "_").chars().collect();
    let width = candidate.len() + 1;
    let mut before_last = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for (row, letter) in word.iter().enumerate() {
        let mut current = vec![row + 1; width];
        for (column, other) in candidate.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != other);
            current[column + 1] = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0
                && column > 0
                && word[row - 1] == *other
                && *letter == candidate[column - 1];
            if swapped {
                current[column + 1] = current[column + 1].min(before_last[column - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[width - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let known = ["prefix", "exact", "regex", "hash_on", "least_request"];
        let near = |word| nearest(word, known.into_iter());
        assert_eq!(near("prefx"), Some("prefix"));
        assert_eq!(near("perfix"), Some("prefix"));
        assert_eq!(near("hash-on"), Some("hash_on"));
        assert_eq!(near("least-requests"), Some("least_request"));
        assert_eq!(near("Regex"), Some("regex"));
        assert_eq!(near("starts_with"), None);
        assert_eq!(near(""), None);
    }
}
