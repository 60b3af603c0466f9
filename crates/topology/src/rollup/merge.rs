//! Rows added up, in any order: to a coarser resolution, or one bag of rows taken from another.

use hashbrown::HashMap;

use super::{EdgeKey, EdgeRow, EdgeSums, OperationKey, OperationRow, OperationSums, Resolution, bucket_of};

/// Edges by bucket and key.
#[derive(Debug, Clone, Default)]
pub struct EdgeBag(HashMap<(i64, EdgeKey), EdgeSums>);

/// Operations by bucket and key.
#[derive(Debug, Clone, Default)]
pub struct OperationBag(HashMap<(i64, OperationKey), OperationSums>);

macro_rules! bag {
    ($bag:ident, $row:ident) => {
        impl $bag {
            /// Adds a row `sign` times, in the bucket of `resolution` that holds its own.
            pub fn add(&mut self, row: &$row, resolution: Resolution, sign: i64) {
                let key = (bucket_of(row.bucket_ns, resolution), row.key.clone());
                self.0.entry(key).or_default().add(&row.sums, sign);
            }

            /// The rows, ordered by bucket and key, without those whose every sum is zero.
            pub fn into_rows(self) -> Vec<$row> {
                let mut rows: Vec<$row> = self
                    .0
                    .into_iter()
                    .filter(|(_, sums)| !sums.is_zero())
                    .map(|((bucket_ns, key), sums)| $row { bucket_ns, key, sums })
                    .collect();
                rows.sort_by(|a, b| (a.bucket_ns, &a.key).cmp(&(b.bucket_ns, &b.key)));
                rows
            }

            /// The sum of `rows` at a resolution: how a finer table becomes a coarser one.
            pub fn sum<'a>(rows: impl IntoIterator<Item = &'a $row>, resolution: Resolution) -> Vec<$row> {
                let mut bag = Self::default();
                rows.into_iter().for_each(|row| bag.add(row, resolution, 1));
                bag.into_rows()
            }

            /// What must be added to `stored` to have `exact`, at ten seconds: signed rows, none where they agree. Exemplars
            /// are those of `exact`, and taking the least makes up for them too.
            pub fn corrections<'a>(
                exact: impl IntoIterator<Item = &'a $row>,
                stored: impl IntoIterator<Item = &'a $row>,
            ) -> Vec<$row> {
                let mut bag = Self::default();
                exact.into_iter().for_each(|row| bag.add(row, Resolution::TenSeconds, 1));
                stored.into_iter().for_each(|row| bag.add(row, Resolution::TenSeconds, -1));
                bag.into_rows()
            }
        }
    };
}

bag!(EdgeBag, EdgeRow);
bag!(OperationBag, OperationRow);
