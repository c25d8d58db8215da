//! A growing column in chunks of equal size that clones share.

use std::sync::Arc;

pub(super) const BITS: u32 = 16;
pub(super) const SIZE: usize = 1 << BITS;

/// A column: appended at the end, read anywhere, cloned for the price of its list of chunks.
#[derive(Clone, Debug)]
pub struct Chunks<T> {
    chunks: Vec<Arc<Vec<T>>>,
    length: usize,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), length: 0 }
    }
}

impl<T: Copy> Chunks<T> {
    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    #[inline]
    pub fn get(&self, index: u32) -> T {
        self.chunks[(index >> BITS) as usize][index as usize & (SIZE - 1)]
    }

    /// Changes one value, in a copy of its chunk if clones share it.
    pub fn set(&mut self, index: u32, value: T) {
        Arc::make_mut(&mut self.chunks[(index >> BITS) as usize])[index as usize & (SIZE - 1)] = value;
    }

    pub fn push(&mut self, value: T) {
        self.open().push(value);
        self.length += 1;
    }

    pub fn extend(&mut self, mut values: &[T]) {
        while !values.is_empty() {
            let open = self.open();
            let fits = (SIZE - open.len()).min(values.len());
            open.extend_from_slice(&values[..fits]);
            self.length += fits;
            values = &values[fits..];
        }
    }

    pub fn extend_from(&mut self, values: impl ExactSizeIterator<Item = T>) {
        let mut values = values;
        while values.len() > 0 {
            let open = self.open();
            let fits = (SIZE - open.len()).min(values.len());
            open.extend(values.by_ref().take(fits));
            self.length += fits;
        }
    }

    /// The chunks, each with the index of its first value, for scans.
    pub fn slices(&self) -> impl Iterator<Item = (u32, &[T])> {
        self.chunks.iter().enumerate().map(|(number, chunk)| ((number << BITS) as u32, chunk.as_slice()))
    }

    /// The first index whose value fails `before`, of a column that is sorted by it.
    pub fn partition_point(&self, before: impl Fn(&T) -> bool) -> u32 {
        let (mut low, mut high) = (0, self.length as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            if before(&self.get(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn open(&mut self) -> &mut Vec<T> {
        if self.length == self.chunks.len() << BITS {
            // A second chunk will be filled, most likely; growing it step by step would copy it over and over.
            let room = if self.chunks.is_empty() { 0 } else { SIZE };
            self.chunks.push(Arc::new(Vec::with_capacity(room)));
        }
        Arc::make_mut(self.chunks.last_mut().expect("a chunk was just made"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_where_they_were_put_across_chunks_and_clones() {
        let mut column = Chunks::default();
        column.extend(&(0..100_000u32).collect::<Vec<_>>());
        let snapshot = column.clone();
        column.extend_from(100_000..200_000u32);
        column.push(200_000);
        assert_eq!(snapshot.len(), 100_000);
        assert!((0..=200_000).all(|index| column.get(index) == index));
        assert_eq!(column.partition_point(|&value| value < 123_456), 123_456);
        assert_eq!(column.slices().map(|(_, slice)| slice.len()).sum::<usize>(), 200_001);
    }
}
