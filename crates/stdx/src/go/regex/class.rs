//! Character classes of Go's regexps: which names exist and what they stand for.
//!
//! In: a Perl letter, a POSIX name or a Unicode property name. Out: the inside of a bracketed class
//! in the syntax of the `regex` crate. Perl and POSIX classes are ASCII in Go, and `\s` has no
//! vertical tab. Names follow Go 1.25 and later (aliases, loose spelling).
//!
//! Deliberately not here: the tables, which are those of the `regex` crate and may know letters
//! newer than Go's Unicode 15.0.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The ranges of `\d`, `\s`, `\w` (lower case letter).
pub(super) fn perl(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "0-9",
        's' => r"\t\n\f\r\x20",
        'w' => "0-9A-Za-z_",
        _ => return None,
    })
}

/// The ranges of `[:name:]`.
pub(super) fn posix(name: &str) -> Option<&'static str> {
    Some(match name {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "ascii" => r"\x00-\x7F",
        "blank" => r"\t\x20",
        "cntrl" => r"\x00-\x1F\x7F",
        "digit" => "0-9",
        "graph" => r"\x21-\x7E",
        "lower" => "a-z",
        "print" => r"\x20-\x7E",
        "punct" => r"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E",
        "space" => r"\t-\r\x20",
        "upper" => "A-Z",
        "word" => "0-9A-Za-z_",
        "xdigit" => "0-9A-Fa-f",
        _ => return None,
    })
}

/// General categories, each with the alias that Go accepts.
const CATEGORIES: &[(&str, &str)] = &[
    ("C", "Other"),
    ("Cc", "Control"),
    ("Cf", "Format"),
    ("Cn", "Unassigned"),
    ("Co", "Private_Use"),
    ("L", "Letter"),
    ("LC", "Cased_Letter"),
    ("Ll", "Lowercase_Letter"),
    ("Lm", "Modifier_Letter"),
    ("Lo", "Other_Letter"),
    ("Lt", "Titlecase_Letter"),
    ("Lu", "Uppercase_Letter"),
    ("M", "Mark"),
    ("Mc", "Spacing_Mark"),
    ("Me", "Enclosing_Mark"),
    ("Mn", "Nonspacing_Mark"),
    ("N", "Number"),
    ("Nd", "Decimal_Number"),
    ("Nl", "Letter_Number"),
    ("No", "Other_Number"),
    ("P", "Punctuation"),
    ("Pc", "Connector_Punctuation"),
    ("Pd", "Dash_Punctuation"),
    ("Pe", "Close_Punctuation"),
    ("Pf", "Final_Punctuation"),
    ("Pi", "Initial_Punctuation"),
    ("Po", "Other_Punctuation"),
    ("Ps", "Open_Punctuation"),
    ("S", "Symbol"),
    ("Sc", "Currency_Symbol"),
    ("Sk", "Modifier_Symbol"),
    ("Sm", "Math_Symbol"),
    ("So", "Other_Symbol"),
    ("Z", "Separator"),
    ("Zl", "Line_Separator"),
    ("Zp", "Paragraph_Separator"),
    ("Zs", "Space_Separator"),
];

/// The aliases that are a category's third name.
const MORE_ALIASES: &[(&str, &str)] =
    &[("cntrl", "Cc"), ("digit", "Nd"), ("punct", "P"), ("Combining_Mark", "M")];

/// The scripts of Unicode 15.0, which Go knows by their long names only.
const SCRIPTS: &str = "Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum \
Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal \
Carian Caucasian_Albanian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot \
Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs Elbasan \
Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi Han \
Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited \
Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li \
Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B \
Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi \
Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian \
Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu \
Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic \
Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage Osmanya \
Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan \
Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese \
Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu \
Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi \
Zanabazar_Square";

/// Folded name to what stands inside `[...]`.
static PROPERTIES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let scripts = SCRIPTS.split(' ').map(|name| (fold(name), format!(r"\p{{Script={name}}}")));
    let categories = CATEGORIES
        .iter()
        .flat_map(|&(short, long)| [short, long].map(|name| (fold(name), format!(r"\p{{gc={short}}}"))));
    let aliases = MORE_ALIASES.iter().map(|&(name, short)| (fold(name), format!(r"\p{{gc={short}}}")));
    let whole = [
        ("any", r"\x{0}-\x{10FFFF}"),
        ("ascii", r"\x00-\x7F"),
        ("assigned", r"\P{gc=Cn}"),
        // No surrogate can stand in UTF-8 text.
        ("cs", r"[^\x{0}-\x{10FFFF}]"),
        ("surrogate", r"[^\x{0}-\x{10FFFF}]"),
    ];
    let whole = whole.map(|(name, class)| (name.to_owned(), class.to_owned()));
    scripts.chain(categories).chain(aliases).chain(whole).collect()
});

/// The ranges of the Unicode property `\p{name}`.
pub(super) fn property(name: &str) -> Option<&'static str> {
    PROPERTIES.get(&fold(name)).map(String::as_str)
}

/// Names are compared without case, spaces, hyphens and underscores.
fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
}
