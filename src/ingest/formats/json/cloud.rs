//! Clouds: CloudTrail-like audit records, Azure diagnostics, Google Cloud Logging.

use super::{Layout, Scale};

pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        name: "cloudtrail",
        requires: &["eventTime", "eventSource", "eventName"],
        time: &["eventTime"],
        level: &["errorCode"],
        scale: Scale::Presence,
        message: &["eventName"],
        system: &["eventSource"],
        details: &["errorCode", "errorMessage"],
        ..Layout::COMMON
    },
    Layout {
        name: "azure-diagnostic",
        requires: &["resourceId", "category", "operationName"],
        time: &["time", "timeStamp"],
        level: &["level"],
        scale: Scale::Azure,
        message: &["operationName"],
        system: &["resourceId"],
        method: &["method"],
        path: &["url"],
        details: &["resultDescription"],
        ..Layout::COMMON
    },
];

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::seen;

    #[test]
    fn audit_records_and_diagnostics() {
        insta::assert_snapshot!(seen("cloudtrail", concat!(
            r#"{"eventVersion":"1.08","eventTime":"2026-03-14T09:26:53Z","eventSource":"kms.amazonaws.com","eventName":"Decrypt","requestID":"6d4a3f2b-8c1e-4f7b-9a10-5c2e7d9b8a41","errorCode":"AccessDenied","errorMessage":"not authorised"}"#, "\n",
            r#"{"eventVersion":"1.08","eventTime":"2026-03-14T09:26:54Z","eventSource":"s3.amazonaws.com","eventName":"GetObject"}"#, "\n")), @"
        2026-03-14T09:26:53.000000000Z kms.amazonaws.com error | - | - | message:6d4a3f2b-8c1e-4f7b-9a10-5c2e7d9b8a41 | Decrypt
        2026-03-14T09:26:54.000000000Z s3.amazonaws.com info | - | - |  | GetObject
        ");
        insta::assert_snapshot!(seen("azure-diagnostic", concat!(
            r#"{"time":"2026-03-14T09:26:53.5890000Z","resourceId":"/SUBSCRIPTIONS/0/APIM1","category":"GatewayLogs","operationName":"Microsoft.ApiManagement/GatewayLogs","level":2,"correlationId":"3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41","properties":{"responseCode":502}}"#, "\n")), @"2026-03-14T09:26:53.589000000Z node error | - | - | correlation:3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41 | Microsoft.ApiManagement/GatewayLogs");
    }
}
