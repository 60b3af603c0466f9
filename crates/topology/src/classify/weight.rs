//! How many calls a sampled span stands for, in 65536ths, so that sums are the same in any order.

use super::resource::ResourceFacts;
use super::slots::{Slot, Slots};

/// One call.
pub const ONE: u32 = 1 << 16;

/// The weight of a span sampled with this probability; one call for what is no probability.
pub fn of_probability(probability: f64) -> u32 {
    if probability > 0.0 && probability <= 1.0 { of_count(1.0 / probability) } else { ONE }
}

/// A count in 65536ths, at least one call.
fn of_count(count: f64) -> u32 {
    (count * f64::from(ONE)).round().clamp(f64::from(ONE), f64::from(u32::MAX)) as u32
}

/// The weight that trace state, attributes or the operator give, in this order.
pub fn weight(trace_state: &str, slots: Option<&Slots<'_>>, resource: &ResourceFacts) -> u32 {
    if let Some(weight) = of_trace_state(trace_state) {
        return weight;
    }
    let Some(slots) = slots else { return resource.assumed_weight };
    if let Some(probability) = slots.double(Slot::SamplingProbability) {
        return of_probability(probability);
    }
    if let Some(rate) = slots.double(Slot::SampleRate).filter(|rate| *rate >= 1.0) {
        return of_count(rate);
    }
    let probabilistic = slots.text(Slot::SamplerType).is_some_and(|text| &**text == "probabilistic");
    if let Some(probability) = slots.double(Slot::SamplerParam).filter(|_| probabilistic) {
        return of_probability(probability);
    }
    resource.assumed_weight
}

/// `ot=th:HEX` (the rejection threshold of 56 bits, trailing zeros left out) or the older `ot=p:N` (2^-N).
fn of_trace_state(trace_state: &str) -> Option<u32> {
    let member = trace_state.split(',').map(str::trim).find_map(|member| member.strip_prefix("ot="))?;
    let field = |name: &str| member.split(';').find_map(|field| field.strip_prefix(name));
    if let Some(threshold) = field("th:") {
        if threshold.is_empty() || threshold.len() > 14 {
            return None;
        }
        let value = u64::from_str_radix(threshold, 16).ok()? << (4 * (14 - threshold.len()));
        let whole = (1u64 << 56) as f64;
        return Some(of_count(whole / ((1u64 << 56) - value) as f64));
    }
    let power: i32 = field("p:")?.parse().ok()?;
    (0..=62).contains(&power).then(|| of_count(f64::from(power).exp2()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_states() {
        assert_eq!(of_trace_state("ot=th:8"), Some(2 * ONE));
        assert_eq!(of_trace_state("a=b, ot=rv:1;th:c"), Some(4 * ONE));
        assert_eq!(of_trace_state("ot=th:0"), Some(ONE));
        assert_eq!(of_trace_state("ot=p:3"), Some(8 * ONE));
        assert_eq!(of_trace_state("ot=th:zz"), None);
        assert_eq!(of_trace_state(""), None);
        assert_eq!(of_probability(1e-9), u32::MAX);
    }
}
