//! The Go literals inside the tables, which were extracted as JSON.
//!
//! In: numbers, strings, and calls and operators that were left unevaluated. Out: their values.

use serde_json::Value;

/// A string; `_bytes_latin1` stands for bytes, which a query gets repaired.
pub fn string(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        return text.to_owned();
    }
    if let Some(text) = value["_bytes_latin1"].as_str() {
        let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    if value["_call"] == "fmt.Sprintf" {
        return format(value["args"].as_array().map_or(&[], Vec::as_slice));
    }
    if value["_call"] == "strings.Repeat" {
        let times = number(&value["args"][1]) as usize;
        return string(&value["args"][0]).repeat(times);
    }
    if value["_op"] == "+" {
        return string(&value["l"]) + &string(&value["r"]);
    }
    if let Some(id) = value["_id"].as_str() {
        return match id {
            "model.MetricNameLabel" | "labels.MetricName" => "__name__".to_owned(),
            _ => id.to_owned(),
        };
    }
    panic!("not a string: {value}")
}

/// `fmt.Sprintf` as far as the tables use it.
pub fn format(args: &[Value]) -> String {
    let Some((template, args)) = args.split_first() else {
        return String::new();
    };
    let mut out = string(template);
    for arg in args {
        let at = out.find('%').unwrap_or_else(|| panic!("no verb left for {arg}"));
        let shown = match &out[at..at + 2] {
            "%f" => format!("{:.6}", number(arg)),
            "%d" => format!("{}", number(arg)),
            "%q" => stdx::go::quote::quote(&string(arg)),
            _ => string(arg),
        };
        out.replace_range(at..at + 2, &shown);
    }
    out.replace("%%", "%")
}

/// A number; durations are nanoseconds.
pub fn number(value: &Value) -> f64 {
    if let Some(number) = value.as_f64() {
        return number;
    }
    match value["_id"].as_str() {
        Some("time.Hour") => return 3_600e9,
        Some("time.Minute") => return 60e9,
        Some("time.Second") => return 1e9,
        Some("time.Millisecond") => return 1e6,
        Some("math.MaxInt64") => return i64::MAX as f64,
        Some("math.MinInt64") => return i64::MIN as f64,
        Some("math.Pi") => return std::f64::consts::PI,
        _ => {}
    }
    match value["_op"].as_str() {
        Some("*") => return number(&value["l"]) * number(&value["r"]),
        Some("+") => return number(&value["l"]) + number(&value["r"]),
        Some("-") => return number(&value["l"]) - number(&value["r"]),
        _ => {}
    }
    if value["_un"] == "-" {
        return -number(&value["v"]);
    }
    match value["_call"].as_str() {
        Some("math.Inf") => f64::INFINITY * number(&value["args"][0]),
        Some("math.NaN") => f64::NAN,
        Some("float64" | "time.Duration" | "makeInt64Pointer" | "new") => number(&value["args"][0]),
        _ => panic!("not a number: {value}"),
    }
}
