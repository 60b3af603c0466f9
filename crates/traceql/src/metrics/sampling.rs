//! How many spans a sampled span stands for: OpenTelemetry's `ot=th:` in the trace state.

/// The weight of a span: 1 over the probability with which it was kept, 1 where nothing valid is
/// said.
pub fn weight(trace_state: &str) -> f64 {
    let vendor = trace_state.split(',').find_map(|member| member.trim().strip_prefix("ot="));
    let threshold = vendor.and_then(|fields| fields.split(';').find_map(|field| field.strip_prefix("th:")));
    let Some(digits) = threshold.filter(|digits| (1..=14).contains(&digits.len())) else {
        return 1.0;
    };
    let Ok(value) = u64::from_str_radix(digits, 16) else {
        return 1.0;
    };
    // Digits are the front of 14: trailing zeros are left out.
    let rejected = (value << (4 * (14 - digits.len()))) as f64;
    const ALL: f64 = (1_u64 << 56) as f64;
    if rejected >= ALL { 1.0 } else { ALL / (ALL - rejected) }
}

#[cfg(test)]
mod tests {
    use super::weight;

    #[test]
    fn thresholds() {
        assert_eq!(weight(""), 1.0);
        assert_eq!(weight("ot=th:8"), 2.0);
        assert_eq!(weight("a=b, ot=rv:123;th:c"), 4.0);
        assert_eq!(weight("ot=th:0"), 1.0);
        assert_eq!(weight("ot=th:xyz"), 1.0);
        assert_eq!(weight("ot=th:123456789012345"), 1.0);
    }
}
