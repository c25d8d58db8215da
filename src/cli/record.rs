//! What the commands about incidents share: the store that the configuration names, and who writes.

use super::arguments::Shared;
use super::gather::runtime;
use super::{Failure, configuration};
use crate::config::Config;
use crate::incident::Incident;
use crate::store::{OUTBOX, Store, StoreError};
use tokio::runtime::Runtime;

/// An open store, and what is needed to use it from here.
pub(super) struct Record {
    pub config: Config,
    pub store: Store,
    runtime: Runtime,
}

impl Record {
    pub(super) fn open(shared: &Shared) -> Result<Self, Failure> {
        let config = configuration(shared)?;
        let runtime = runtime();
        let store = runtime.block_on(open(&config))?;
        if let Some(trouble) = store.trouble() {
            eprintln!("bridgewatch: {trouble}");
        }
        Ok(Self { config, store, runtime })
    }

    pub(super) fn wait<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, Failure> {
        Ok(self.runtime.block_on(work)?)
    }

    pub(super) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub(super) fn names(&self) -> Result<Vec<String>, Failure> {
        self.wait(self.store.list())
    }

    /// The incident of that name; of the newest one without a name.
    pub(super) fn incident(&self, name: Option<&str>) -> Result<Result<Incident, String>, Failure> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => match self.names()?.into_iter().next() {
                Some(newest) => newest,
                None => return Ok(Err("there is no incident yet".to_owned())),
            },
        };
        Ok(self.wait(self.store.incident(&name))?.ok_or_else(|| format!("there is no incident `{name}`")))
    }

    /// Who writes: as configured, or the name of the account.
    pub(super) fn author(&self) -> String {
        author_of(&self.config)
    }
}

/// Who writes, by a configuration: as it says, or the name of the account.
pub(super) fn author_of(config: &Config) -> String {
    if !config.author.is_empty() {
        return config.author.clone();
    }
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .or_else(|| Some(std::env::home_dir()?.file_name()?.to_str()?.to_owned()))
        .unwrap_or_else(|| "somebody".to_owned())
}

async fn open(config: &Config) -> Result<Store, Failure> {
    let path = config.store_path().ok_or_else(|| {
        Failure::unread("there is no folder for the record: set `path` under [store] in the configuration")
    })?;
    let store = match &config.store.postgres {
        Some(secret) => {
            let address = secret.read().await.map_err(Failure::unread)?;
            Store::open_team(address.expose(), &path.with_file_name(OUTBOX)).await
        }
        None => Store::open(&path.display().to_string()).await,
    };
    Ok(store?)
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::unread(error.to_string())
    }
}
