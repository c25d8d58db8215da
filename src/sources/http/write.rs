//! Writes: one try each. Nobody knows whether a lost answer had done its work, so who wrote looks before trying again.

use super::{Answer, Http};
use crate::sources::SourceError;
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::Value;
use std::time::Duration;

impl Http {
    /// Sends JSON, once. Any status that is neither a refusal nor overload comes back as an answer.
    pub async fn write(&self, method: Method, path: &str, body: &Value) -> Result<Answer, SourceError> {
        let url = self.base.join(path.trim_start_matches('/')).map_err(|error| SourceError::BadQuery {
            endpoint: self.endpoint.clone(),
            reason: error.to_string(),
        })?;
        let headers = self
            .credentials
            .headers(&self.client)
            .await
            .map_err(|reason| SourceError::Misconfigured { reason })?;
        let patience = Duration::from_secs(u64::from(self.budget.timeout_seconds.max(1)));
        let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
        self.queries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let request = self.client.request(method, url).header(ACCEPT, "application/json");
        let request = request.headers(headers).timeout(patience).json(body);
        let response = request.send().await.map_err(|error| self.unreachable(super::reason(&error)))?;
        self.judge(response).await.map_err(|failure| failure.error)
    }
}
