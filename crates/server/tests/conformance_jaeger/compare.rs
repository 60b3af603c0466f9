//! How two views differ, in words that a rule of wanted differences can name.
//!
//! In: our view, the original's, and the things that the original is known to lose. Out: whether they agree, and
//! texts for the report. When they agree once our side has lost the same things, the text says exactly which.

use serde_json::Value;

/// Something that one side lacks: its name, and what takes it out of a view.
pub type Loss = (&'static str, fn(&mut Value));

/// The outcome of a comparison.
pub struct Verdict {
    pub passed: bool,
    pub ours: String,
    pub wanted: String,
}

impl Verdict {
    pub fn of_texts(ours: &str, wanted: &str) -> Self {
        Self { passed: ours == wanted, ours: shortened(ours), wanted: shortened(wanted) }
    }
}

/// Compares two views of bodies.
pub fn compare(ours: Value, wanted: Value, losses: &[Loss]) -> Verdict {
    if ours == wanted {
        return Verdict { passed: true, ours: String::new(), wanted: String::new() };
    }
    let reduced = |losses: &[Loss]| {
        let (mut ours, mut wanted) = (ours.clone(), wanted.clone());
        for (_, take_out) in losses {
            take_out(&mut ours);
            take_out(&mut wanted);
        }
        (ours, wanted)
    };
    let agree_without = |losses: &[Loss]| {
        let (ours, wanted) = reduced(losses);
        ours == wanted
    };
    if !losses.is_empty() && agree_without(losses) {
        let mut needed = losses.to_vec();
        for loss in losses {
            let fewer: Vec<Loss> = needed.iter().filter(|(name, _)| *name != loss.0).copied().collect();
            if agree_without(&fewer) {
                needed = fewer;
            }
        }
        let names: Vec<&str> = needed.iter().map(|(name, _)| *name).collect();
        let ours = format!("equal except {}", names.join(", "));
        return Verdict { passed: false, ours, wanted: "the same with losses".to_owned() };
    }
    if let Some((ours, wanted)) = other_traces(&ours, &wanted) {
        let how_many = if ours == wanted { "as many".to_owned() } else { format!("{ours} for {wanted}") };
        return Verdict { passed: false, ours: format!("other traces, {how_many}"), wanted: String::new() };
    }
    let (ours, wanted) = reduced(losses);
    let (place, ours, wanted) = first_difference(&ours, &wanted, "$".to_owned());
    Verdict { passed: false, ours: format!("at {place}: {ours}"), wanted: format!("at {place}: {wanted}") }
}

/// Whether both are lists of traces and their ids differ; the numbers of ids.
fn other_traces(ours: &Value, wanted: &Value) -> Option<(usize, usize)> {
    let (ours, wanted) = (ids(ours)?, ids(wanted)?);
    (ours != wanted).then_some((ours.len(), wanted.len()))
}

/// Ids of the traces in a view, sorted.
fn ids(view: &Value) -> Option<Vec<&str>> {
    let list = view
        .as_array()
        .or_else(|| view.get("data")?.as_array())
        .or_else(|| view.get("summaries")?.as_array())?;
    let mut ids = list
        .iter()
        .map(|element| {
            element
                .get("traceID")
                .or_else(|| element.get("traceId"))
                .or_else(|| element["span"].get("traceId"))?
                .as_str()
        })
        .collect::<Option<Vec<_>>>()?;
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

fn first_difference(ours: &Value, wanted: &Value, place: String) -> (String, String, String) {
    match (ours, wanted) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                match b.get(key) {
                    Some(other) if other == value => {}
                    Some(other) => return first_difference(value, other, format!("{place}.{key}")),
                    None => {
                        return (
                            format!("{place}.{key}"),
                            shortened(&value.to_string()),
                            "absent".to_owned(),
                        );
                    }
                }
            }
            let missing = b.iter().find(|(key, _)| !a.contains_key(*key));
            if let Some((key, value)) = missing {
                return (format!("{place}.{key}"), "absent".to_owned(), shortened(&value.to_string()));
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for (at, (x, y)) in a.iter().zip(b).enumerate() {
                if x != y {
                    return first_difference(x, y, format!("{place}[{at}]"));
                }
            }
            return (place, format!("{} elements", a.len()), format!("{} elements", b.len()));
        }
        _ => {}
    }
    (place, shortened(&ours.to_string()), shortened(&wanted.to_string()))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(400) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}
