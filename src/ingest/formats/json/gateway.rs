//! Gateways: Kong's http-log and file-log, Istio's JSON access log, AWS API Gateway.

use super::{Layout, Scale};

pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        name: "kong",
        requires: &["latencies", "started_at", "request"],
        time: &["started_at"],
        level: &["response>status"],
        scale: Scale::HttpStatus,
        message: &[],
        system: &[],
        method: &["request>method"],
        path: &["request>uri"],
        duration_ms: &["latencies>request"],
        details: &[],
    },
    Layout {
        name: "istio-json",
        requires: &["start_time", "response_code", "path"],
        time: &["start_time"],
        level: &["response_code"],
        scale: Scale::HttpStatus,
        message: &[],
        system: &[],
        method: &["method"],
        path: &["path"],
        duration_ms: &["duration"],
        details: &["upstream_transport_failure_reason", "response_code_details"],
    },
    Layout {
        name: "api-gateway",
        requires: &["requestId", "httpMethod", "requestTime"],
        time: &["requestTime"],
        level: &["status"],
        scale: Scale::HttpStatus,
        message: &[],
        system: &[],
        method: &["httpMethod"],
        path: &["resourcePath", "path"],
        duration_ms: &["integrationLatency", "responseLatency"],
        details: &[],
    },
];

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::seen;

    #[test]
    fn kong_holds_correlation_and_request() {
        insta::assert_snapshot!(seen("kong", concat!(
            r#"{"latencies":{"request":68,"kong":3,"proxy":65},"service":{"host":"h","name":"orders-api","id":"0e1f0a44-7b0d-4c1e-9a55-0c7a3f5e2d10"},"request":{"querystring":{},"size":691,"uri":"/v1/b2b/orders","url":"https://api.example.com:8443/v1/b2b/orders","headers":{"x-request-id":"d7d15320-294b-492b-ad1c-1980e4d3bf09","correlation-id":"abc99e3ed95f4ad37d195f2a1f6f6e53"},"method":"POST"},"upstream_status":"201","response":{"headers":{"via":"kong/3.6.1"},"status":502,"size":593},"route":{"id":"b8a5f1d2-66c3-4e53-8d44-1b7f2c9e0a31"},"started_at":1772352000488}"#, "\n")), @"2026-03-01T08:00:00.488000000Z node error | POST /v1/*/orders | 68 ms | correlation:abc99e3ed95f4ad37d195f2a1f6f6e53 message:d7d15320-294b-492b-ad1c-1980e4d3bf09 | POST /v1/b2b/orders 502");
    }

    #[test]
    fn istio_json_and_api_gateway() {
        insta::assert_snapshot!(seen("istio-json", concat!(
            r#"{"start_time":"2026-03-14T09:26:53.589Z","method":"POST","path":"/orders/9","response_code":503,"response_flags":"UF","duration":1811,"request_id":"3f2b8c1e-6d4a-9f7b-9a10-5c2e7d9b8a41","upstream_transport_failure_reason":"delayed connect error: 111"}"#, "\n")), @"2026-03-14T09:26:53.589000000Z node error | POST /orders/* | 1.8 s | message:3f2b8c1e-6d4a-9f7b-9a10-5c2e7d9b8a41 | POST /orders/9 503");
        insta::assert_snapshot!(seen("api-gateway", concat!(
            r#"{"requestId":"6d4a3f2b-8c1e-4f7b-9a10-5c2e7d9b8a41","requestTime":"14/Mar/2026:09:26:53 +0000","httpMethod":"POST","resourcePath":"/orders","status":"502","integrationLatency":"1808","xrayTraceId":"Root=1-7c1f0a9b-e2d34c58a1b6e0f2934d5a77"}"#, "\n")), @"2026-03-14T09:26:53.000000000Z node error | POST /orders | 1.8 s | trace:1-7c1f0a9b-e2d34c58a1b6e0f2934d5a77 message:6d4a3f2b-8c1e-4f7b-9a10-5c2e7d9b8a41 | POST /orders 502");
    }
}
