//! The authored scenarios that come with the program.

use super::Scenario;
use std::sync::LazyLock;

/// Each file of the library, easy ones first.
const FILES: [&str; 17] = [
    include_str!("library/orders-pile-up.toml"),
    include_str!("library/erp-slow-for-orders.toml"),
    include_str!("library/mails-arrive-late.toml"),
    include_str!("library/nothing-is-posted.toml"),
    include_str!("library/slow-checkout.toml"),
    include_str!("library/parcels-not-booked.toml"),
    include_str!("library/dead-letters.toml"),
    include_str!("library/bookings-in-waves.toml"),
    include_str!("library/stock-unanswered.toml"),
    include_str!("library/restarting-runtime.toml"),
    include_str!("library/nothing-moves.toml"),
    include_str!("library/slow-reservations.toml"),
    include_str!("library/innocent-consumer.toml"),
    include_str!("library/refused-duplicates.toml"),
    include_str!("library/payments-refused.toml"),
    include_str!("library/shop-nearly-down.toml"),
    include_str!("library/better-then-worse.toml"),
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
