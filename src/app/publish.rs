//! Publishing from the cockpit: a target is asked and a preview is shown; what was shown is sent, once, and recorded.

use super::record::Recorder;
use crate::config::Config;
use crate::incident::{Audience, Outward, status_update};
use crate::publish::{Kind, Parcel, Plan, Target, TargetConfig, fallback};
use crate::telemetry::Time;
use crate::ui::{Destination, Msg, Picture, Preview};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Where to publish, and the preview that was shown last.
pub(super) struct Publisher {
    targets: Vec<TargetConfig>,
    /// Systems of the configuration, whose names may not leave.
    systems: Vec<String>,
    recorder: Arc<Recorder>,
    shown: Mutex<Option<Shown>>,
}

/// What would be sent, kept until the person says yes: what is sent is what was seen.
struct Shown {
    target: Target,
    incident: String,
    parcel: Parcel,
    plan: Plan,
}

/// The targets as the screen lists them.
pub(super) fn destinations(config: &Config) -> Vec<Destination> {
    config.publish.iter().map(destination).collect()
}

fn destination(target: &TargetConfig) -> Destination {
    Destination {
        name: target.name().to_owned(),
        kind: target.kind.to_string(),
        is_outside: target.is_outside(),
        is_public: target.kind == Kind::Statuspage,
        is_by_hand: target.link_only,
    }
}

impl Publisher {
    pub(super) fn new(config: &Config, recorder: Arc<Recorder>) -> Self {
        Self {
            targets: config.publish.clone(),
            systems: config.systems.keys().cloned().collect(),
            recorder,
            shown: Mutex::new(None),
        }
    }

    /// Asks the target what is there already, and shows what would be sent.
    pub(super) async fn plan(&self, now: Time, name: &str, update: Option<Audience>, picture: &Picture) {
        match self.try_plan(now, name, update, picture).await {
            Ok(preview) => self.recorder.tell(Msg::Preview(Box::new(preview))).await,
            Err(why) => self.recorder.complain(why).await,
        }
    }

    async fn try_plan(
        &self,
        now: Time,
        name: &str,
        update: Option<Audience>,
        picture: &Picture,
    ) -> Result<Preview, String> {
        let config = self.target(name)?;
        if picture.is_demo {
            return Err("a demo goes nowhere: nobody shall read of an incident that is none".to_owned());
        }
        let (incident, parcel) = self.parcel(now, config, update, picture).await?;
        let target = Target::connect(config).await.map_err(|error| error.to_string())?;
        let plan = target
            .plan(&parcel)
            .await
            .map_err(|error| format!("{error}; w writes a file to carry over by hand"))?;
        let preview = Preview {
            destination: destination(config),
            text: parcel.preview(&plan, config),
            token: plan.write().map(|_| plan.token()),
        };
        *self.shown.lock().await = Some(Shown { target, incident, parcel, plan });
        Ok(preview)
    }

    /// Sends what was shown under this name, and records the receipt.
    pub(super) async fn send(&self, now: Time, token: &str) {
        // Taken out: what was sent once is not sent again by a second key.
        let shown = self.shown.lock().await.take_if(|shown| shown.plan.token() == token);
        let Some(Shown { target, incident, parcel, plan }) = shown else {
            return self
                .recorder
                .complain("that preview is no longer there: nothing was sent".to_owned())
                .await;
        };
        let receipt = match target.send(&parcel, &plan).await {
            Ok(receipt) => receipt,
            Err(error) => return self.recorder.complain(error.to_string()).await,
        };
        let name = target.config.name();
        let drafts = parcel.entries(name, &receipt, self.recorder.author(), now);
        let said = format!("published to {name} {} {} {}", receipt.id, receipt.url, receipt.note);
        match self.recorder.append(&incident, drafts).await {
            Ok(()) => self.recorder.notice(said.trim_end().to_owned()).await,
            Err(error) => self.recorder.complain(format!("{said}, but {error}")).await,
        }
    }

    /// A file, and a link where the target has a form that takes one; nothing is sent and nothing is recorded.
    pub(super) async fn by_hand(&self, now: Time, name: &str, update: Option<Audience>, picture: &Picture) {
        let written = async {
            let config = self.target(name)?;
            let (_, parcel) = self.parcel(now, config, update, picture).await?;
            let fallback = fallback(config, &parcel);
            std::fs::write(&fallback.file, &fallback.content)
                .map_err(|error| format!("cannot write {}: {error}", fallback.file))?;
            let mut text = format!("written to {}, to paste or to attach", fallback.file);
            if let Some(link) = fallback.link {
                text.push_str(&format!("\n\nthe form, filled in (y copies this page):\n{link}"));
            }
            Ok::<_, String>(Preview { destination: destination(config), text, token: None })
        };
        match written.await {
            Ok(preview) => self.recorder.tell(Msg::Preview(Box::new(preview))).await,
            Err(why) => self.recorder.complain(why).await,
        }
    }

    fn target(&self, name: &str) -> Result<&TargetConfig, String> {
        let known = self.targets.iter().find(|target| target.name() == name);
        known.ok_or_else(|| format!("the configuration names no target `{name}`"))
    }

    /// What is to be published, without what the readers of the target may not see.
    async fn parcel(
        &self,
        now: Time,
        config: &TargetConfig,
        update: Option<Audience>,
        picture: &Picture,
    ) -> Result<(String, Parcel), String> {
        let none = || "there is no incident to publish".to_owned();
        let (incident, entries) = self.recorder.journal().await.ok_or_else(none)?;
        let systems =
            Outward::seen(&picture.evidence, &picture.flows).into_iter().chain(self.systems.clone());
        let parcel = match update {
            None => Parcel::of_report(
                &self.recorder.report(now, picture).await.ok_or_else(none)?,
                &entries,
                systems,
                config,
            ),
            Some(audience) => {
                let said = status_update(&incident, &picture.findings, audience, now);
                Parcel::of_update(&incident, &entries, audience, &said, systems, config)
            }
        };
        let name = incident.id.clone();
        Ok((name, parcel.bound_for(config.name(), &incident, None)))
    }
}
