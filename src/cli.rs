//! The headless commands, one file each: text for people, JSON Lines for machines.
