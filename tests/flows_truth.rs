//! The flows of a generated corpus against its truth.
//!
//! Needs a corpus: `BRIDGEWATCH_CORPUS=DIR`, made by the generator beside the project; without it nothing is checked.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use bridgewatch::flows::{FlowSettings, Flows, check};
use bridgewatch::ingest::{IngestConfig, Settings, possible_keys};
use bridgewatch::sources::files::{discover, load};
use bridgewatch::telemetry::Time;
use std::time::Instant;

#[test]
fn the_flows_of_a_corpus_are_those_of_its_truth() {
    let Ok(corpora) = std::env::var("BRIDGEWATCH_CORPUS") else { return };
    for corpus in corpora.split(',') {
        let config: IngestConfig =
            toml::from_str("[systems.mule]\nzone=\"+01:00\"\n[systems.erp]\nzone=\"+01:00\"").unwrap();
        let settings = Settings::new(&config, 2026).unwrap();
        let loaded = load(discover(&[corpus.to_owned()]), &settings, Time(0), &mut |_, _| true);
        let evidence = &loaded.evidence;
        for _ in 1..std::env::var("BRIDGEWATCH_REPEAT").map_or(1, |times| times.parse().unwrap()) {
            let begun = Instant::now();
            let flows = Flows::of(evidence, &FlowSettings::default());
            println!("{} flows in {:?}", flows.len(), begun.elapsed());
        }
        let begun = Instant::now();
        let flows = Flows::of(evidence, &FlowSettings::default());
        println!(
            "{corpus}: {} rows, {} identifiers, {} flows in {:?}",
            evidence.rows(),
            evidence.identifiers.len(),
            flows.len(),
            begun.elapsed()
        );
        let read = |name: &str| std::fs::read_to_string(format!("{corpus}/{name}")).unwrap();
        let find =
            |written: &str| possible_keys(written).into_iter().find_map(|key| evidence.identifiers.find(key));
        let report = check::check(&flows, evidence, &read("truth_flows.jsonl"), &read("truth.json"), find);
        println!("{report}");
        if std::env::var("BRIDGEWATCH_SHOW").is_ok() {
            for kind in flows.kinds.iter() {
                println!(
                    "{} {} {:?} completed {}",
                    kind.name, kind.flows, kind.verdicts, kind.path.completed
                );
                for leg in &kind.path.legs {
                    let name = |system| evidence.system_name(system);
                    println!(
                        "   {} -> {} {} p50 {} p95 {} p99 {}",
                        name(leg.hop.from),
                        name(leg.hop.to),
                        leg.flows,
                        leg.p50,
                        leg.p95,
                        leg.p99
                    );
                }
            }
            for group in flows.groups.iter().take(10) {
                println!("group {} {}", evidence.identifiers.identifier(group.identifier), group.reason);
            }
        }
        assert!(report.exactness() >= 0.999 && report.merged == 0, "{report}");
    }
}
