//! Histograms in, histograms out, for each operation.

use super::*;

fn histogram(schema: i32, offset: i32, counts: &[f64]) -> FloatHistogram {
    let positive = (offset..).zip(counts).map(|(index, &count)| Bucket { index, count }).collect();
    let count = counts.iter().sum();
    FloatHistogram { schema, positive, count, sum: count, ..FloatHistogram::default() }
}

#[test]
fn bounds_are_powers_of_two() {
    assert_eq!(buckets::exponential_bound(0, 0), 1.0);
    assert_eq!(buckets::exponential_bound(3, 0), 8.0);
    assert_eq!(buckets::exponential_bound(1, 1), std::f64::consts::SQRT_2);
    assert_eq!(buckets::exponential_bound(1, -1), 4.0);
    assert_eq!(buckets::exponential_bound(1024, 0), f64::MAX);
    assert_eq!(buckets::exponential_bound(1025, 0), f64::INFINITY);
}

#[test]
fn addition_takes_the_lower_resolution() {
    let mut a = histogram(1, 1, &[1.0, 2.0]);
    let b = histogram(0, 1, &[4.0]);
    a.add(&b).unwrap();
    assert_eq!(a.to_string(), "{count:7, sum:7, (1,2]:7}");
    let custom = FloatHistogram { schema: -53, ..FloatHistogram::default() };
    assert_eq!(a.add(&custom), Err(IncompatibleSchema));
}

#[test]
fn a_wider_zero_bucket_swallows_buckets() {
    let mut a = histogram(0, 0, &[1.0, 1.0, 1.0]);
    let b = FloatHistogram { zero_threshold: 1.5, zero_count: 2.0, count: 2.0, ..FloatHistogram::default() };
    a.add(&b).unwrap();
    assert_eq!(a.zero_threshold, 2.0);
    assert_eq!(a.to_string(), "{count:5, sum:3, [-2,2]:4, (2,4]:1}");
}

#[test]
fn a_fallen_bucket_is_a_reset() {
    let before = histogram(0, 0, &[1.0, 2.0]);
    assert!(!histogram(0, 0, &[1.0, 3.0]).is_reset_after(&before));
    assert!(histogram(0, 0, &[3.0, 1.0]).is_reset_after(&before));
    assert!(histogram(1, 0, &[3.0, 3.0]).is_reset_after(&before));
}

#[test]
fn quantiles_interpolate_exponentially() {
    let (value, _) = quantile::quantile(0.5, &histogram(0, 1, &[4.0]));
    assert!((value - std::f64::consts::SQRT_2).abs() < 1e-12);
}
