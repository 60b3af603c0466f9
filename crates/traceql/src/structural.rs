//! Structural operators on nested-set numbers, each in time linear in the spans of the trace.
//!
//! In: the numbers of a trace and the rows of both sides. Out: the right rows that stand in the
//! relation to a left row. Spans without numbers stand in no relation.

use crate::ast::StructuralOp;
use crate::bits::Bits;
use crate::nested_set::NestedSets;

impl StructuralOp {
    /// The relation read from the other side.
    pub const fn inverse(self) -> Self {
        match self {
            Self::Child => Self::Parent,
            Self::Parent => Self::Child,
            Self::Descendant => Self::Ancestor,
            Self::Ancestor => Self::Descendant,
            Self::Sibling => Self::Sibling,
        }
    }
}

/// The rows of `rhs` that stand in the relation to some row of `lhs`.
pub fn related(op: StructuralOp, sets: &NestedSets, lhs: &Bits, rhs: &Bits) -> Bits {
    match op {
        StructuralOp::Child => {
            let parents = numbers(lhs, |row| sets.left[row]);
            having(rhs, |row| has(&parents, sets.parent[row]))
        }
        StructuralOp::Parent => {
            let parents = numbers(lhs, |row| sets.parent[row]);
            having(rhs, |row| has(&parents, sets.left[row]))
        }
        StructuralOp::Sibling => siblings(sets, lhs, rhs),
        StructuralOp::Descendant => descendants(sets, lhs, rhs),
        StructuralOp::Ancestor => ancestors(sets, lhs, rhs),
    }
}

fn having(rows: &Bits, mut test: impl FnMut(usize) -> bool) -> Bits {
    let mut found = Bits::none(rows.len());
    rows.iter().filter(|row| test(*row)).for_each(|row| found.insert(row));
    found
}

/// Counts of positive numbers, indexed by number. Numbers are at most twice the spans of a trace,
/// so this is linear.
fn numbers(rows: &Bits, number_of: impl Fn(usize) -> i32) -> Vec<u32> {
    let largest = rows.iter().map(&number_of).max().unwrap_or(0).max(0);
    let mut counts = vec![0; largest as usize + 1];
    for number in rows.iter().map(number_of).filter(|number| *number > 0) {
        counts[number as usize] += 1;
    }
    counts
}

fn has(counts: &[u32], number: i32) -> bool {
    count(counts, number) > 0
}

fn count(counts: &[u32], number: i32) -> u32 {
    if number > 0 { counts.get(number as usize).copied().unwrap_or(0) } else { 0 }
}

/// Another left row with the same parent. Roots have no parent and so no siblings.
fn siblings(sets: &NestedSets, lhs: &Bits, rhs: &Bits) -> Bits {
    let parents = numbers(lhs, |row| sets.parent[row]);
    having(rhs, |row| count(&parents, sets.parent[row]) > u32::from(lhs.contains(row)))
}

/// Rows with numbers of either side, by `left`: a counting sort.
fn by_left(sets: &NestedSets, lhs: &Bits, rhs: &Bits) -> Vec<u32> {
    let mut rows = lhs.clone();
    rows.or(rhs);
    let counts = numbers(&rows, |row| sets.left[row]);
    let mut total = 0;
    let mut starts: Vec<u32> = counts
        .iter()
        .map(|count| {
            let start = total;
            total += count;
            start
        })
        .collect();
    let mut order = vec![0; total as usize];
    for row in rows.iter().filter(|row| sets.left[*row] > 0) {
        let slot = &mut starts[sets.left[row] as usize];
        order[*slot as usize] = row as u32;
        *slot += 1;
    }
    order
}

/// Going right, the furthest right end of a left row entered so far covers the row or nothing does.
fn descendants(sets: &NestedSets, lhs: &Bits, rhs: &Bits) -> Bits {
    let order = by_left(sets, lhs, rhs);
    let mut found = Bits::none(rhs.len());
    let mut furthest = i32::MIN;
    for group in order.chunk_by(|a, b| sets.left[*a as usize] == sets.left[*b as usize]) {
        for &row in group {
            if furthest > sets.right[row as usize] && rhs.contains(row as usize) {
                found.insert(row as usize);
            }
        }
        let entered = group.iter().filter(|row| lhs.contains(**row as usize));
        furthest = entered.map(|row| sets.right[*row as usize]).fold(furthest, i32::max);
    }
    found
}

/// Going left, the nearest right end of a left row entered later lies inside the row or none does.
fn ancestors(sets: &NestedSets, lhs: &Bits, rhs: &Bits) -> Bits {
    let order = by_left(sets, lhs, rhs);
    let mut found = Bits::none(rhs.len());
    let mut nearest = i32::MAX;
    for group in order.chunk_by(|a, b| sets.left[*a as usize] == sets.left[*b as usize]).rev() {
        for &row in group {
            if nearest < sets.right[row as usize] && rhs.contains(row as usize) {
                found.insert(row as usize);
            }
        }
        let entered = group.iter().filter(|row| lhs.contains(**row as usize));
        nearest = entered.map(|row| sets.right[*row as usize]).fold(nearest, i32::min);
    }
    found
}
