//! Lengths of time counted in buckets of equal ratio: what is counted can be taken out again, and the order of counting
//! leaves no trace.

use crate::telemetry::Nanos;

/// Buckets in which a length doubles; a bucket is 4.4 % wide.
const PER_DOUBLING: u32 = 16;
/// Everything shorter falls into bucket 0.
const SHORTEST: i64 = 1_024;

/// Counts by bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Quantiles {
    counts: Vec<u32>,
    total: u32,
}

/// The bucket of a length of time.
#[inline]
pub(super) fn bucket(nanos: i64) -> u16 {
    if nanos < SHORTEST {
        return 0;
    }
    let nanos = nanos as u64;
    let doublings = nanos.ilog2();
    // Within a doubling the buckets are of equal length, which is near enough to equal ratio.
    let within = (nanos >> (doublings - 4)) & u64::from(PER_DOUBLING - 1);
    ((doublings - 10) * PER_DOUBLING + within as u32 + 1) as u16
}

/// The middle of a bucket.
pub(super) fn middle(bucket: u16) -> Nanos {
    if bucket == 0 {
        return Nanos(SHORTEST / 2);
    }
    let bucket = u64::from(bucket - 1);
    let (doublings, within) = (bucket / u64::from(PER_DOUBLING) + 10, bucket % u64::from(PER_DOUBLING));
    let low = (1u64 << doublings) + (within << (doublings - 4));
    Nanos((low + (1u64 << (doublings - 5))) as i64)
}

impl Quantiles {
    pub(super) fn add(&mut self, bucket: u16) {
        let index = usize::from(bucket);
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += 1;
        self.total += 1;
    }

    pub(super) fn take_out(&mut self, bucket: u16) {
        self.counts[usize::from(bucket)] -= 1;
        self.total -= 1;
    }

    pub(super) fn total(&self) -> u32 {
        self.total
    }

    /// The length that `share` of those counted do not exceed; zero when nothing was counted.
    pub(super) fn at(&self, share: f64) -> Nanos {
        let wanted = ((f64::from(self.total) * share).ceil() as u32).max(1);
        let mut seen = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return middle(bucket as u16);
            }
        }
        Nanos::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_comes_back_within_its_bucket() {
        for nanos in [1_100, 55_000, 1_000_000, 42_000_000, 3_600_000_000_000] {
            let found = middle(bucket(nanos)).0;
            assert!((found - nanos).abs() <= nanos / 16, "{nanos} came back as {found}");
        }
        assert!(bucket(i64::MAX) < 1_000);
    }

    #[test]
    fn what_is_taken_out_was_never_there() {
        let mut quantiles = Quantiles::default();
        for millis in 1..=100 {
            quantiles.add(bucket(millis * 1_000_000));
        }
        quantiles.add(bucket(1 << 50));
        quantiles.take_out(bucket(1 << 50));
        let p95 = quantiles.at(0.95).0;
        assert!((91_000_000..=99_000_000).contains(&p95), "{p95}");
        assert_eq!(quantiles.total(), 100);
    }
}
