//! The authored scenarios that come with the program.

use super::Scenario;
use std::sync::LazyLock;

/// Each file of the library, easy ones first.
const FILES: [&str; 17] = [
    include_str!("library/erp-certificate.toml"),
    include_str!("library/dunning-in-the-day.toml"),
    include_str!("library/mails-arrive-late.toml"),
    include_str!("library/firewall-before-the-erp.toml"),
    include_str!("library/prices-at-once.toml"),
    include_str!("library/rotated-credential.toml"),
    include_str!("library/strict-mapping.toml"),
    include_str!("library/quota-of-the-carrier.toml"),
    include_str!("library/reconciliation-in-the-pool.toml"),
    include_str!("library/one-bad-order.toml"),
    include_str!("library/silent-broker.toml"),
    include_str!("library/lost-index.toml"),
    include_str!("library/field-that-went.toml"),
    include_str!("library/posted-twice.toml"),
    include_str!("library/wrong-time.toml"),
    include_str!("library/storm-of-retries.toml"),
    include_str!("library/leak-and-more.toml"),
];

static LIBRARY: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
    FILES.iter().map(|text| Scenario::parse(text).expect("the library is tested")).collect()
});

/// All of them, easy ones first.
pub fn library() -> &'static [Scenario] {
    &LIBRARY
}

/// The authored scenario of a name.
pub fn scenario_named(name: &str) -> Option<&'static Scenario> {
    LIBRARY.iter().find(|scenario| scenario.name == name)
}
