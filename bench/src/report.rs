//! What was measured, for people and for programs.
//!
//! In: rows. Out: JSON lines on standard output as rows come, and at the end a table on standard error.

use serde_json::{Map, Value, json};

/// One thing that was measured.
#[derive(Debug, Clone)]
pub struct Row {
    /// What.
    pub name: &'static str,
    /// Value in its unit.
    pub reached: f64,
    /// Unit, in words a reader knows.
    pub unit: &'static str,
    /// What it is compared with and that measure's value, when the gate is a ratio.
    pub reference: Option<(&'static str, f64)>,
    /// The most that it may be, as a ratio where there is a reference; none where nothing was promised.
    pub at_most: Option<f64>,
    /// The aim, likewise.
    pub aim: Option<f64>,
    /// Further numbers.
    pub beside: Vec<(&'static str, f64)>,
}

impl Row {
    /// A value with its limit in its own unit.
    pub fn of(name: &'static str, reached: f64, unit: &'static str) -> Self {
        Self { name, reached, unit, reference: None, at_most: None, aim: None, beside: Vec::new() }
    }

    /// Compares it with something of the same run.
    pub fn against(self, what: &'static str, value: f64) -> Self {
        Self { reference: Some((what, value)), ..self }
    }

    /// Sets gate and aim.
    pub fn gate(self, at_most: f64, aim: f64) -> Self {
        Self { at_most: Some(at_most), aim: Some(aim), ..self }
    }

    /// Adds a number beside.
    pub fn beside(mut self, what: &'static str, value: f64) -> Self {
        self.beside.push((what, value));
        self
    }

    /// What the gate looks at.
    fn measure(&self) -> f64 {
        self.reference.map_or(self.reached, |(_, value)| self.reached / value)
    }

    fn verdict(&self) -> &'static str {
        match (self.at_most, self.aim) {
            (Some(_), Some(aim)) if self.measure() <= aim => "aim",
            (Some(at_most), _) if self.measure() <= at_most => "ok",
            (Some(_), _) => "MISSED",
            (None, _) => "",
        }
    }

    fn json(&self) -> Value {
        let mut out = Map::new();
        out.insert("bench".to_owned(), json!(self.name));
        out.insert("reached".to_owned(), rounded(self.reached));
        out.insert("unit".to_owned(), json!(self.unit));
        if let Some((what, value)) = self.reference {
            out.insert("reference".to_owned(), json!({ what: rounded(value) }));
            out.insert("ratio".to_owned(), rounded(self.measure()));
        }
        if let Some(at_most) = self.at_most {
            out.insert("at_most".to_owned(), json!(at_most));
            out.insert("ok".to_owned(), json!(self.measure() <= at_most));
        }
        if let Some(aim) = self.aim {
            out.insert("aim".to_owned(), json!(aim));
        }
        for (what, value) in &self.beside {
            out.insert((*what).to_owned(), rounded(*value));
        }
        Value::Object(out)
    }
}

fn rounded(value: f64) -> Value {
    json!((value * 1000.0).round() / 1000.0)
}

/// Rows of a run.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Prints a row as JSON at once and keeps it for the table.
    pub fn add(&mut self, row: Row) {
        println!("{}", row.json());
        self.rows.push(row);
    }

    /// Prints the table; `true` when no gate was missed.
    pub fn table(&self) -> bool {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
        eprintln!("\n{:width$}  {:>22}  {:>8}  {:>8}  {:>6}", "what", "reached", "ratio", "at most", "");
        for row in &self.rows {
            let reached = format!("{:.2} {}", row.reached, row.unit);
            let ratio = row.reference.map_or(String::new(), |_| format!("{:.2} x", row.measure()));
            let at_most = row.at_most.map_or(String::new(), |value| format!("{value}"));
            let mut notes: Vec<String> = Vec::new();
            notes.extend(row.reference.map(|(what, value)| format!("{what} {value:.2}")));
            notes.extend(row.beside.iter().map(|(what, value)| format!("{what} {value:.2}")));
            eprintln!(
                "{:width$}  {reached:>22}  {ratio:>8}  {at_most:>8}  {:>6}  {}",
                row.name,
                row.verdict(),
                notes.join(", ")
            );
        }
        self.rows.iter().all(|row| row.verdict() != "MISSED")
    }
}
