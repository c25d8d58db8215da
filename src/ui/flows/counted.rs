//! All flows of sources that hold too much to be read, as they were counted: what a sample says of each, until it is asked
//! for whole.

use super::super::outcome::Outcome;
use super::super::widgets::{Click, List, count, headed, lines, wrap_to};
use super::super::{Action, Data, Theme};
use super::columns::{Columns, Order, Shown};
use super::is_listed;
use crate::flows::{Census, CountedFlow, Judged};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::Line;
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub(super) struct CountedList {
    list: List,
    /// Flows by their census and their place in it.
    listed: Vec<(usize, usize)>,
    made_for: Option<MadeFor>,
}

/// What the list was made from: what was counted, only failing ones, the order.
type MadeFor = (Vec<Arc<Census>>, bool, Order);

impl CountedList {
    pub(super) fn act(&mut self, action: Action, data: &Data) -> Outcome {
        match (action, self.selected(data)) {
            (Action::Open, Some(name)) => Outcome::Find(name),
            _ => self.list.act(action, self.listed.len()).into(),
        }
    }

    pub(super) fn click(&mut self, at: Position) -> Click {
        self.list.click(at, self.listed.len())
    }

    /// The name of the flow under the cursor.
    pub(super) fn selected(&self, data: &Data) -> Option<String> {
        let (census, flow, _) = self.at(self.list.selected, data)?;
        Some(census.name(flow))
    }

    fn at<'a>(&self, place: usize, data: &'a Data) -> Option<(&'a Census, &'a CountedFlow, &'a Judged)> {
        let (census, place) = *self.listed.get(place)?;
        let census = data.picture.censuses.get(census)?;
        let (flow, judged) = census.get(place)?;
        Some((census, flow, judged))
    }

    pub(super) fn refresh(&mut self, data: &Data, order: Order) {
        let censuses = &data.picture.censuses;
        let is_same = self.made_for.as_ref().is_some_and(|(made, only_failing, ordered)| {
            made.len() == censuses.len()
                && made.iter().zip(censuses).all(|(a, b)| Arc::ptr_eq(a, b))
                && (*only_failing, *ordered) == (data.only_failing, order)
        });
        if is_same {
            return;
        }
        let mut all: Vec<(i64, (usize, usize))> = Vec::new();
        for (number, census) in censuses.iter().enumerate() {
            let passes =
                census.flows().enumerate().filter(|(_, (_, judged))| is_listed(judged.verdict, data));
            all.extend(passes.map(|(place, (flow, _))| (order.measure(flow.into()), (number, place))));
        }
        all.sort_by_key(|(measure, _)| std::cmp::Reverse(*measure));
        self.listed = all.into_iter().map(|(_, place)| place).collect();
        self.list = List::default();
        self.made_for = Some((censuses.clone(), data.only_failing, order));
    }

    pub(super) fn draw(&mut self, order: Order, data: &Data, theme: &Theme, frame: &mut Frame, area: Rect) {
        let shares: Vec<String> = data.picture.censuses.iter().map(|census| census.shares()).collect();
        let failing = if data.only_failing { ", failing and slow only" } else { "" };
        let number = count(self.listed.len() as u64);
        let title = format!("{number} flows, counted where they are{failing}: {}", shares.join("; "));
        let inner = headed(&title, &order.to_string(), true, theme, frame, area);
        if self.listed.is_empty() {
            let text = "no such flow was counted".to_owned();
            let text = wrap_to(&text, usize::from(inner.width), usize::from(inner.height));
            let text = text.into_iter().map(|line| Line::styled(line, theme.muted)).collect();
            return lines(text, frame, inner);
        }
        let [header, rows] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
        let columns = Columns::of(List::room(rows));
        frame.render_widget(Line::styled(format!("  {}", columns.header()), theme.muted), header);
        let mut list = std::mem::take(&mut self.list);
        list.draw(self.listed.len(), theme, frame, rows, |place| match self.at(place, data) {
            Some((census, flow, judged)) => columns.row(&shown(census, flow, judged), data, theme),
            None => Line::raw("it was counted anew"),
        });
        self.list = list;
    }
}

fn shown<'a>(census: &'a Census, flow: &CountedFlow, judged: &Judged) -> Shown<'a> {
    let evidence = &census.counted().evidence;
    let mut marks: Vec<String> = judged.marks.names().map(|mark| mark.replace('_', "-")).collect();
    marks.push(if judged.is_read { "read whole" } else { "told by the sample" }.to_owned());
    Shown {
        measures: flow.into(),
        verdict: judged.verdict,
        name: census.name(flow),
        kind: census.kind(judged),
        stops: judged.failing_hop.map(|hop| (evidence.system_name(hop.from), evidence.system_name(hop.to))),
        marks,
    }
}

#[cfg(test)]
mod tests {
    use crate::evidence::Counted;
    use crate::flows::{Census, FlowIndex, FlowSettings, Flows};
    use crate::telemetry::{Nanos, Window};
    use crate::ui::testing::Cockpit;
    use crate::ui::{Effect, Msg, Picture};
    use std::sync::Arc;

    /// All flows were counted; of the first half of the time they were read.
    fn cockpit() -> Cockpit {
        let mut cockpit = Cockpit::with_sample().sized(160, 40);
        let picture = cockpit.data().picture.clone();
        let window = picture.window.unwrap();
        let middle = window.from + Nanos(window.length().0 / 2);
        let half = Window { from: window.from, to: middle };
        let sample = picture.evidence.within(half);
        let counted = Counted::of(&picture.evidence);
        let index = FlowIndex::of(&counted);
        let read = Flows::of(&sample, &FlowSettings::default());
        let census = Census::of(counted, index, &sample, &read);
        let read =
            Picture { censuses: vec![Arc::new(census)], flows: read, evidence: sample, ..(*picture).clone() };
        cockpit.tell(Msg::Picture(Arc::new(read)));
        cockpit
    }

    #[test]
    fn all_that_was_counted_is_listed_and_a_flow_that_was_not_read_is_asked_for() {
        let mut cockpit = cockpit();
        let all = cockpit.data().picture.censuses[0].len();
        cockpit.press("2");
        assert!(cockpit.screen().contains(&format!("a sample of {all} that were counted (→)")));
        cockpit.press("right");
        let screen = cockpit.screen();
        assert!(screen.contains(&format!("{all} flows, counted where they are")), "{screen}");
        assert!(screen.contains("told by the sample"), "{screen}");
        let (flow, judged) = cockpit.data().picture.censuses[0].get(all - 1).unwrap();
        assert!(!judged.is_read, "the newest was only counted");
        let name = cockpit.data().picture.censuses[0].name(flow);
        cockpit.press("enter");
        assert_eq!(cockpit.effects, [Effect::Find(name)]);
        cockpit.press("esc");
        assert!(cockpit.screen().contains("a sample of"), "esc goes back to those that were read");
    }

    #[test]
    fn only_those_that_fail_are_listed_where_that_is_asked_for() {
        let mut cockpit = cockpit();
        cockpit.press("2 right f");
        let screen = cockpit.screen();
        assert!(screen.contains("counted where they are, failing and slow only"), "{screen}");
        assert!(!screen.contains("✓ completed"), "{screen}");
    }
}
