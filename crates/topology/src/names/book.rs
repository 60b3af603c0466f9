//! The names in force, and how they are replaced.
//!
//! In: a new rules file or file of ServiceEntries. Out: new names, or the problems while the last good
//! ones stay. Not here: where the texts come from and where they are kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::service_entry::Imported;
use super::{Names, Problem, Rules};

/// Rules and ServiceEntries with what was wrong with the last try.
#[derive(Debug, Clone, Default)]
pub struct Book {
    text: String,
    rules: Rules,
    problems: Vec<Problem>,
    /// By the file or upload that they came from.
    imported: BTreeMap<String, Imported>,
    import_problems: BTreeMap<String, Problem>,
    names: Arc<Names>,
    revision: u64,
}

/// What a page about the rules shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookState {
    /// Of the names in force.
    pub revision: u64,
    /// The rules file in force, as it was given.
    pub text: String,
    /// Rules in force.
    pub rules: usize,
    /// ServiceEntries in force.
    pub entries: usize,
    /// Documents that were no ServiceEntries.
    pub others: usize,
    /// Problems of the last rules file that was refused, and of entries by source.
    pub problems: Vec<(String, Problem)>,
}

impl Book {
    /// A book whose next change has a number above `revision`, so that numbers grow over a restart.
    pub fn after(revision: u64) -> Self {
        let mut book = Self { revision, ..Self::default() };
        book.refresh();
        book
    }

    /// Puts a rules file in force. On problems the last good one stays.
    pub fn put_rules(&mut self, text: &str) -> Result<u64, Vec<Problem>> {
        match Rules::parse(text) {
            Ok(rules) => {
                text.clone_into(&mut self.text);
                self.rules = rules;
                self.problems.clear();
                self.refresh();
                Ok(self.names.revision())
            }
            Err(problems) => {
                self.problems.clone_from(&problems);
                Err(problems)
            }
        }
    }

    /// Puts the ServiceEntries of one file in force, replacing those it held before. On an unreadable
    /// file the last good ones stay.
    pub fn put_entries(&mut self, source: &str, text: &str) -> Result<&Imported, Problem> {
        match Imported::parse(text) {
            Ok(imported) => {
                self.import_problems.remove(source);
                self.imported.insert(source.to_owned(), imported);
                self.refresh();
                Ok(&self.imported[source])
            }
            Err(problem) => {
                self.import_problems.insert(source.to_owned(), problem.clone());
                Err(problem)
            }
        }
    }

    /// Forgets the ServiceEntries of a file that is gone; whether it was known.
    pub fn remove_entries(&mut self, source: &str) -> bool {
        self.import_problems.remove(source);
        let was_known = self.imported.remove(source).is_some();
        self.refresh();
        was_known
    }

    /// The files whose ServiceEntries are in force.
    pub fn entry_sources(&self) -> impl Iterator<Item = &str> {
        self.imported.keys().map(String::as_str)
    }

    /// The names in force.
    pub fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }

    /// The names that a draft would give, with the present ServiceEntries; nothing changes.
    pub fn draft(&self, text: &str) -> Result<Names, Vec<Problem>> {
        Ok(Names::new(Rules::parse(text)?, self.entries()))
    }

    /// What is in force and what was refused.
    pub fn state(&self) -> BookState {
        let mut problems =
            self.problems.iter().map(|problem| ("rules".to_owned(), problem.clone())).collect::<Vec<_>>();
        for (source, problem) in &self.import_problems {
            problems.push((source.clone(), problem.clone()));
        }
        for (source, imported) in &self.imported {
            problems.extend(imported.problems.iter().map(|problem| (source.clone(), problem.clone())));
        }
        BookState {
            revision: self.names.revision(),
            text: self.text.clone(),
            rules: self.rules.externals.len(),
            entries: self.names.entries().len(),
            others: self.imported.values().map(|imported| imported.others).sum(),
            problems,
        }
    }

    fn entries(&self) -> Vec<super::ServiceEntry> {
        self.imported.values().flat_map(|imported| imported.entries.iter().cloned()).collect()
    }

    fn refresh(&mut self) {
        self.revision += 1;
        let mut names = Names::new(self.rules.clone(), self.entries());
        names.revision = self.revision;
        self.names = Arc::new(names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Ask;

    #[test]
    fn the_last_good_rules_stay() {
        let mut book = Book::default();
        let name = |book: &Book| {
            let names = book.names();
            names.find(Ask { host: "a.example", ..Ask::default() }).map(|named| named.name.into_owned())
        };
        assert_eq!(name(&book), None);
        let first = book.put_rules("externals: [ { name: one, match: [ a.example ] } ]").unwrap();
        assert_eq!(name(&book).as_deref(), Some("one"));
        assert!(book.put_rules("externals: [ { name: two, match: [ '*' ] } ]").is_err());
        assert_eq!((name(&book).as_deref(), book.state().revision), (Some("one"), first));
        assert_eq!(book.state().problems.len(), 1);
        let draft = book.draft("externals: [ { name: three, match: [ a.example ] } ]").unwrap();
        assert_eq!(draft.revision(), 0);
        assert_eq!(name(&book).as_deref(), Some("one"));
        assert!(book.put_entries("f.yaml", "kind: [").is_err());
        let entry = "kind: ServiceEntry\nmetadata: { name: b }\nspec: { hosts: [ b.example ] }\n";
        assert_eq!(book.put_entries("f.yaml", entry).unwrap().entries.len(), 1);
        assert!(book.names().find(Ask { host: "b.example", ..Ask::default() }).is_some());
        assert!(book.remove_entries("f.yaml"));
        assert!(book.state().revision > first);
    }
}
