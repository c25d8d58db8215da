//! What the person has decided. Defaults live here; `bridgewatch.toml` documents them and is tested to agree.
