//! The built-in catalogue of well-known hosts (`catalogue.yaml`), in the form of a rules file.
//!
//! In: nothing. Out: its rules and their index, read once a process. Not here: anything about the hosts
//! of one installation.

use std::sync::{Arc, LazyLock};

use super::index::Index;
use super::rules::Rules;

static SHARED: LazyLock<(Arc<Rules>, Arc<Index>)> = LazyLock::new(|| {
    // The text is part of the binary and a test below reads it, so an unreadable one cannot ship.
    let rules = Rules::parse(include_str!("catalogue.yaml")).unwrap_or_default();
    let index = super::index_of(&rules.externals);
    (Arc::new(rules), Arc::new(index))
});

/// The catalogue and its index.
pub(super) fn shared() -> (Arc<Rules>, Arc<Index>) {
    (Arc::clone(&SHARED.0), Arc::clone(&SHARED.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_a_rules_file_and_names_each_host_once() {
        let rules = Rules::parse(include_str!("catalogue.yaml")).unwrap();
        assert!(rules.externals.len() > 100);
        let mut patterns = rules
            .externals
            .iter()
            .flat_map(|rule| rule.patterns.iter().map(|(text, _)| text))
            .collect::<Vec<_>>();
        let all = patterns.len();
        patterns.sort_unstable();
        patterns.dedup();
        assert_eq!(patterns.len(), all);
    }
}
