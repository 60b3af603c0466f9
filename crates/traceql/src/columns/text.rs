//! Texts as codes into a dictionary.

use std::sync::Arc;

use hashbrown::HashMap;

/// Code of a row without a text.
pub const NO_TEXT: u32 = u32::MAX;

/// A column of texts. Tests on text run once an entry of the dictionary, not once a row.
#[derive(Debug, Clone, Default)]
pub struct TextColumn {
    codes: Vec<u32>,
    dictionary: Vec<Arc<str>>,
}

impl TextColumn {
    /// From codes (`None` for no text) and the texts that they count in. Codes past the dictionary
    /// are taken for none.
    pub fn new(codes: impl IntoIterator<Item = Option<u32>>, dictionary: Vec<Arc<str>>) -> Self {
        let known = |code: &u32| (*code as usize) < dictionary.len();
        let codes = codes.into_iter().map(|code| code.filter(known).unwrap_or(NO_TEXT)).collect();
        Self { codes, dictionary }
    }

    /// From one text a row.
    pub fn of_texts(texts: impl IntoIterator<Item = Option<Arc<str>>>) -> Self {
        let mut codes = Vec::new();
        let mut dictionary: Vec<Arc<str>> = Vec::new();
        let mut known: HashMap<Arc<str>, u32> = HashMap::new();
        for text in texts {
            let code = text.map_or(NO_TEXT, |text| {
                *known.entry(text).or_insert_with_key(|text| {
                    dictionary.push(Arc::clone(text));
                    dictionary.len() as u32 - 1
                })
            });
            codes.push(code);
        }
        Self { codes, dictionary }
    }

    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&Arc<str>> {
        self.dictionary.get(self.codes[row] as usize)
    }

    /// One code a row, [`NO_TEXT`] or an index into the dictionary.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The texts.
    pub fn dictionary(&self) -> &[Arc<str>] {
        &self.dictionary
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.codes.len() * 4 + self.dictionary.iter().map(|text| text.len() + 32).sum::<usize>()
    }
}
