//! How much memory may be used: bytes, or a share of what the machine has.

use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::str::FromStr;

/// A bound on memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Memory {
    /// Of the machine's, or of what its container may use, in percent.
    Percent(u8),
    Bytes(u64),
}

/// Where nobody tells how much there is.
const UNTOLD: u64 = 8_000_000_000;
const UNITS: [(&str, u64); 8] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

impl Default for Memory {
    fn default() -> Self {
        Self::Percent(50)
    }
}

impl Memory {
    /// The bound in bytes.
    pub fn bytes(self) -> u64 {
        match self {
            Self::Percent(percent) => of_machine().unwrap_or(UNTOLD) / 100 * u64::from(percent),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no amount of memory such as 50%, 4GB or 512MiB");
        let text = text.trim();
        if let Some(percent) = text.strip_suffix('%') {
            let percent: u8 = percent.trim().parse().map_err(|_| wrong())?;
            return (1..=100).contains(&percent).then_some(Self::Percent(percent)).ok_or_else(wrong);
        }
        let unit = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
        let (number, size) = unit.unwrap_or((text, 1));
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let bytes = number * size as f64;
        (bytes.is_finite() && bytes >= 1.0).then_some(Self::Bytes(bytes as u64)).ok_or_else(wrong)
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Bytes(bytes) => write!(f, "{bytes}"),
        }
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The memory of the machine, or of the container where that is less, as Linux tells; on macOS as `sysctl` does.
fn of_machine() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let total = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
    });
    let total = total.or_else(|| {
        let answer =
            std::process::Command::new("/usr/sbin/sysctl").args(["-n", "hw.memsize"]).output().ok()?;
        String::from_utf8_lossy(&answer.stdout).trim().parse().ok()
    });
    let container = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .into_iter()
        .find_map(|path| read(path)?.trim().parse::<u64>().ok());
    match (total, container) {
        (Some(total), Some(container)) => Some(total.min(container)),
        (total, container) => total.or(container),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_understood_in_every_unit_and_refused_otherwise() {
        for (text, bytes) in
            [("1500", 1_500), ("4GB", 4_000_000_000), ("0.5 GiB", 1 << 29), ("512MiB", 512 << 20)]
        {
            assert_eq!(text.parse(), Ok(Memory::Bytes(bytes)), "{text}");
        }
        assert_eq!("50%".parse(), Ok(Memory::Percent(50)));
        for text in ["", "half", "0", "0%", "101%", "-4GB", "4 XB"] {
            assert!(text.parse::<Memory>().is_err(), "{text}");
        }
        assert!(Memory::default().bytes() > 0);
    }
}
