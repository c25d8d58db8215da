//! The authored scenarios that come with the program.

use super::Scenario;
use std::sync::LazyLock;

/// Each file of the library, easy ones first.
const FILES: [&str; 0] = [];

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
