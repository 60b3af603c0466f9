//! `addf`, `subf`, `mulf`, `divf` calculate with decimals, so that 0.1 and 0.2 are 0.3.
//!
//! A number is taken as its shortest decimal. Results that do not fit 38 digits are calculated as
//! floats.

/// What to calculate.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    Add,
    Sub,
    Mul,
    Div,
}

/// Decimal places of a quotient.
const QUOTIENT_PLACES: u32 = 16;

/// `None` for a division by zero.
pub(super) fn apply(operation: Operation, a: f64, b: f64) -> Option<f64> {
    if matches!(operation, Operation::Div) && b == 0.0 {
        return None;
    }
    let exact = || {
        let ((a, a_places), (b, b_places)) = (parts(a)?, parts(b)?);
        let (digits, places) = match operation {
            Operation::Add | Operation::Sub => {
                let places = a_places.max(b_places);
                let a = a.checked_mul(10_i128.checked_pow(places - a_places)?)?;
                let b = b.checked_mul(10_i128.checked_pow(places - b_places)?)?;
                let is_sum = matches!(operation, Operation::Add);
                (if is_sum { a.checked_add(b)? } else { a.checked_sub(b)? }, places)
            }
            Operation::Mul => (a.checked_mul(b)?, a_places + b_places),
            Operation::Div => {
                let a = a.checked_mul(10_i128.checked_pow(QUOTIENT_PLACES + b_places)?)?;
                let b = b.checked_mul(10_i128.checked_pow(a_places)?)?;
                // Half away from zero.
                let (quotient, rest) = (a / b, a % b);
                let rounds = rest.abs().checked_mul(2)? >= b.abs();
                let step = if (a < 0) == (b < 0) { 1 } else { -1 };
                (if rounds { quotient + step } else { quotient }, QUOTIENT_PLACES)
            }
        };
        format!("{digits}e-{places}").parse::<f64>().ok()
    };
    Some(exact().unwrap_or(match operation {
        Operation::Add => a + b,
        Operation::Sub => a - b,
        Operation::Mul => a * b,
        Operation::Div => a / b,
    }))
}

/// Digits and decimal places of the shortest decimal.
fn parts(value: f64) -> Option<(i128, u32)> {
    if !value.is_finite() {
        return None;
    }
    let text = format!("{value}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, u32::try_from(fraction.len()).ok()?))
}
