//! Where there is no API, or no leave to use it: a link with the form filled in, and a file to paste or to attach.

use super::{Kind, Parcel, TargetConfig, markup, within};

/// What a person can carry over by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// Opens the form with its fields filled in, where the target has such a form.
    pub link: Option<String>,
    /// `INC-0042-confluence.xhtml`
    pub file: String,
    pub content: String,
}

/// Addresses that are longer are cut by browsers and proxies.
const MOST_LINK: usize = 2_000;

/// The parcel in the markup of the target.
pub fn fallback(config: &TargetConfig, parcel: &Parcel) -> Fallback {
    let plain = || format!("{}\n\n{}\n", markup::plain(&parcel.blocks), parcel.footer());
    let (ending, content) = match config.kind {
        Kind::Confluence => ("xhtml", markup::storage(&parcel.blocks, &parcel.footer())),
        Kind::Jira => ("wiki", markup::wiki(&parcel.blocks, &parcel.footer())),
        _ => ("txt", plain()),
    };
    Fallback {
        link: link(config, parcel),
        file: format!("{}-{}.{ending}", parcel.incident, config.kind),
        content,
    }
}

fn link(config: &TargetConfig, parcel: &Parcel) -> Option<String> {
    let base = config.url.trim_end_matches('/');
    let heading = parcel.heading();
    let link = |text: &str| match config.kind {
        Kind::Servicenow => {
            // The form takes its fields as a query of its own, in which `^` divides them.
            let field = |text: &str| text.replace(['^', '\n'], " ");
            let query = format!(
                "short_description={}^correlation_id={}^description={}",
                field(&heading),
                parcel.mark,
                field(text)
            );
            let table = if parcel.is_update() { "incident" } else { "problem" };
            let form = format!("{table}.do?sys_id=-1&sysparm_query={}", encoded(&query));
            Some(format!("{base}/nav_to.do?uri={}", encoded(&form)))
        }
        Kind::Jira => Some(format!(
            "{base}/secure/CreateIssueDetails!init.jspa?summary={}&labels={}&description={}",
            encoded(&heading),
            parcel.mark,
            encoded(text)
        )),
        _ => None,
    };
    if base.is_empty() {
        return None;
    }
    let text = markup::plain(&parcel.blocks);
    // The address is what is bounded, so the text gives way until it fits.
    [1_200, 800, 500, 250, 0]
        .into_iter()
        .filter_map(|most| link(&if most == 0 { String::new() } else { within(&text, most) }))
        .find(|link| link.len() <= MOST_LINK)
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
