//! How well nodes and edges fare, with the reason.
//!
//! In: outcomes by protocol. Out: a state and the rule that decided. The tolerances are Kiali's defaults
//! (topology design section 5; goldens/kiali): server errors, gRPC errors and missing answers degrade
//! from the first one on and fail from 10 %, client errors degrade from 10 % and fail from 20 %.
//! Calls without HTTP or gRPC codes are judged by their errors like server errors.

use api::traffic::{Health, HealthStatus};

use super::tally::Tally;
use crate::call_fact::Protocol;

/// Shares, 0 to 1, from which on outcomes of one kind degrade or fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Degraded from here on; any at all when 0.
    pub degraded: f64,
    /// Failing from here on.
    pub failing: f64,
}

/// The tolerances for all kinds of outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerances {
    /// HTTP 5xx.
    pub server_errors: Tolerance,
    /// HTTP 4xx.
    pub client_errors: Tolerance,
    /// gRPC codes other than OK.
    pub grpc_errors: Tolerance,
    /// Calls that got no answer.
    pub no_answer: Tolerance,
    /// Failed calls of other protocols.
    pub other_errors: Tolerance,
}

impl Default for Tolerances {
    fn default() -> Self {
        let any = Tolerance { degraded: 0.0, failing: 0.1 };
        Self {
            server_errors: any,
            client_errors: Tolerance { degraded: 0.1, failing: 0.2 },
            grpc_errors: any,
            no_answer: any,
            other_errors: any,
        }
    }
}

/// Judges calls of all protocols; the worst rule wins, the larger share among equals.
pub fn judge(tally: &Tally, tolerances: &Tolerances) -> Health {
    if tally.calls <= 0 {
        return Health { status: HealthStatus::Unknown, reason: String::new() };
    }
    let mut worst = (HealthStatus::Healthy, 0.0, String::new());
    for (protocol, (calls, errors)) in &tally.protocols {
        for (name, count, tolerance) in kinds(tally, *protocol, *errors, tolerances) {
            if *calls <= 0 || count <= 0 {
                continue;
            }
            let share = count as f64 / *calls as f64;
            let (status, limit) = if share >= tolerance.failing {
                (HealthStatus::Failing, tolerance.failing)
            } else if share >= tolerance.degraded {
                (HealthStatus::Degraded, tolerance.degraded)
            } else {
                continue;
            };
            if (status, share) > (worst.0, worst.1) {
                let sign = if limit == 0.0 { ">" } else { ">=" };
                let reason = format!("{name} {} % {sign} {} %", percent(share), percent(limit));
                worst = (status, share, reason);
            }
        }
    }
    Health { status: worst.0, reason: worst.2 }
}

/// The worse of two, with the words that say where it comes from.
pub fn worse(inbound: Health, outbound: Health) -> Health {
    let (word, health) =
        if outbound.status > inbound.status { ("outbound", outbound) } else { ("inbound", inbound) };
    let reason = if health.reason.is_empty() { String::new() } else { format!("{word} {}", health.reason) };
    Health { status: health.status, reason }
}

/// Outcomes of a protocol by kind, with how many there are.
fn kinds(
    tally: &Tally,
    protocol: Protocol,
    errors: i64,
    tolerances: &Tolerances,
) -> [(&'static str, i64, Tolerance); 3] {
    let count = |from: u16, to: u16| {
        tally
            .codes
            .iter()
            .filter(|((of, code, _), _)| *of == protocol && (from..=to).contains(code))
            .map(|(_, calls)| calls)
            .sum::<i64>()
    };
    let none = ("", 0, tolerances.other_errors);
    match protocol {
        Protocol::Http => {
            let (client, server) = (count(400, 499), count(500, 599));
            // Code 0 is also "not said": only as many as failed otherwise got no answer.
            let unanswered = count(0, 0).min(errors - client - server);
            [
                ("HTTP 5xx", server, tolerances.server_errors),
                ("HTTP 4xx", client, tolerances.client_errors),
                ("no answer", unanswered, tolerances.no_answer),
            ]
        }
        Protocol::Grpc => {
            // 1 is OK, 2 to 17 are the gRPC codes 1 to 16.
            let failed = count(2, 17);
            let unanswered = count(0, 0).min(errors - failed);
            [
                ("gRPC errors", failed, tolerances.grpc_errors),
                ("no answer", unanswered, tolerances.no_answer),
                none,
            ]
        }
        Protocol::Database => [("failed statements", errors, tolerances.other_errors), none, none],
        Protocol::Messaging => [("failed messages", errors, tolerances.other_errors), none, none],
        _ => [("failed calls", errors, tolerances.other_errors), none, none],
    }
}

fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    match text.strip_suffix(".0") {
        Some(whole) if share == 0.0 || share * 100.0 >= 0.05 => whole.to_owned(),
        // A small share is not none.
        _ if share > 0.0 && share * 100.0 < 0.05 => "<0.1".to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call_fact::Flags;

    /// Cases `protocol code=calls... [errors=n]` with the state and reason.
    fn check(cases: &str) {
        for line in cases.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (input, wanted) = line.split_once(" -> ").unwrap();
            let mut words = input.split(' ');
            let protocol = Protocol::from_name(words.next().unwrap()).unwrap();
            let mut tally = Tally::default();
            let mut errors = 0;
            for word in words {
                let (code, calls) = word.split_once('=').unwrap();
                let calls = calls.parse::<i64>().unwrap();
                if code == "errors" {
                    errors += calls;
                    continue;
                }
                let code = code.parse::<u16>().unwrap();
                tally.calls += calls;
                if code >= 400 || (protocol == Protocol::Grpc && code > 1) {
                    errors += calls;
                }
                tally.codes.insert((protocol, code, Flags::default()), calls);
            }
            tally.protocols.insert(protocol, (tally.calls, errors));
            let health = judge(&tally, &Tolerances::default());
            assert_eq!(format!("{:?} {}", health.status, health.reason).trim(), wanted, "{line}");
        }
    }

    #[test]
    fn tolerances_of_kiali() {
        check(
            "
            http 200=100 -> Healthy
            http 200=999 500=1 -> Degraded HTTP 5xx 0.1 % > 0 %
            http 200=99999 500=1 -> Degraded HTTP 5xx <0.1 % > 0 %
            http 200=90 500=10 -> Failing HTTP 5xx 10 % >= 10 %
            http 200=879 503=121 -> Failing HTTP 5xx 12.1 % >= 10 %
            http 200=91 404=9 -> Healthy
            http 200=90 404=10 -> Degraded HTTP 4xx 10 % >= 10 %
            http 200=80 404=20 -> Failing HTTP 4xx 20 % >= 20 %
            http 0=50 200=50 -> Healthy
            http 0=50 200=50 errors=5 -> Degraded no answer 5 % > 0 %
            grpc 1=99 15=1 -> Degraded gRPC errors 1 % > 0 %
            grpc 1=5 6=5 -> Failing gRPC errors 50 % >= 10 %
            db 0=100 errors=10 -> Failing failed statements 10 % >= 10 %
            http 200=0 -> Unknown
            ",
        );
    }
}
