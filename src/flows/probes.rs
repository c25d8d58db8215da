//! Probes of liveness: requests by which load balancers and orchestrators ask whether a system is up. They carry request
//! identifiers of their own, but nobody's business.

/// The paths that probes ask for, as frameworks and orchestrators name them; `flows.probes` replaces them.
pub const PROBE_PATHS: [&str; 19] = [
    "/health",
    "/healthz",
    "/healthcheck",
    "/health-check",
    "/health_check",
    "/_health",
    "/ready",
    "/readyz",
    "/readiness",
    "/live",
    "/livez",
    "/liveness",
    "/alive",
    "/ping",
    "/heartbeat",
    "/actuator/health",
    "/metrics",
    "/-/healthy",
    "/-/ready",
];

/// The method that ingest gives to requests of agents that do nothing else.
const PROBE: &str = "PROBE";

/// Whether an operation, such as `GET /healthz/ready`, asks for one of the paths or for something below it.
pub(super) fn is_probe(operation: &str, paths: &[String]) -> bool {
    let Some((method, path)) = operation.split_once(' ') else { return false };
    let path = path.split(' ').next().unwrap_or_default().trim_end_matches('/');
    if method == PROBE {
        return !paths.is_empty();
    }
    matches!(method, "GET" | "HEAD" | "OPTIONS")
        && paths.iter().any(|probe| {
            path.strip_prefix(probe.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_reads_a_probes_path_is_a_probe() {
        let paths: Vec<String> = PROBE_PATHS.map(str::to_owned).to_vec();
        for probe in [
            "GET /healthz",
            "GET /healthz/ready",
            "HEAD /ready",
            "GET /actuator/health/liveness",
            "GET /ping/",
        ] {
            assert!(is_probe(probe, &paths), "{probe}");
        }
        for other in [
            "POST /health",
            "GET /healthy-food",
            "GET /v1/health-insurances",
            "GET /",
            "ready",
            "GET /v1/rates",
        ] {
            assert!(!is_probe(other, &paths), "{other}");
        }
        assert!(is_probe("PROBE /", &paths), "by its agent");
        assert!(!is_probe("PROBE /", &[]), "switched off");
        assert!(is_probe("GET /internal/up", &["/internal/up".to_owned()]));
    }
}
