//! From trails to verdicts: counting, deciding what is usual, judging.

use super::{Correlator, Followed};
use crate::evidence::{Evidence, Row};
use crate::flows::course::{CourseId, Courses};
use crate::flows::model::{self, Model};
use crate::flows::station::Stations;
use crate::flows::trail::Pairs;
use crate::flows::verdict::{self, Court, End};
use crate::flows::{FlowId, KindId};
use crate::telemetry::Time;
use rayon::prelude::*;

/// The numbers of stations, courses and pairs, for reading.
pub(super) struct Known<'a> {
    pub(super) stations: &'a Stations,
    pub(super) courses: &'a Courses,
    pub(super) pairs: &'a Pairs,
}

impl Correlator {
    /// Lends the numbers out while something is done with all the rest.
    pub(super) fn with_known<R>(&mut self, work: impl FnOnce(&mut Self, &Known) -> R) -> R {
        let numbers = std::mem::take(&mut self.numbers);
        let result = {
            let why = "nobody else is at work";
            let courses = numbers.courses.lock().expect(why);
            let pairs = numbers.pairs.lock().expect(why);
            work(self, &Known { stations: &numbers.stations, courses: &courses, pairs: &pairs })
        };
        self.numbers = numbers;
        result
    }

    /// Counts all flows, learns what is usual, and judges.
    pub(super) fn learn_all(&mut self, evidence: &Evidence) {
        self.with_known(|correlator, known| {
            correlator.count_kinds_anew(evidence, known);
            correlator.models = vec![Model::default(); correlator.kinds.len()];
            let flows_of_kind = correlator.flows_by_kind();
            let trails = &mut correlator.trails;
            let all = &correlator.flows.all;
            let rank = &correlator.clocks.rank;
            let completed: Vec<Vec<u32>> = correlator
                .models
                .par_iter_mut()
                .zip(&flows_of_kind)
                .map(|(model, flows)| {
                    let trail =
                        |index: u32| trails[index as usize].as_ref().expect("only followed flows are listed");
                    let mut taken = vec![0u32; known.courses.len()];
                    for followed in flows.iter().map(|&index| trail(index)).filter(|f| f.is_clean) {
                        model.count_end(&followed.trail, 1);
                        taken[followed.trail.course.0 as usize] += 1;
                    }
                    let taken = taken.into_iter().enumerate().filter(|&(_, flows)| flows > 0);
                    let taken: Vec<(CourseId, i32)> =
                        taken.map(|(course, flows)| (CourseId(course as u32), flows as i32)).collect();
                    for &(course, flows) in &taken {
                        model.count_course(known.courses.get(course), flows);
                    }
                    model.decide_terminals(known.stations);
                    let mut reaches = vec![false; known.courses.len()];
                    for (id, flows) in taken {
                        let course = known.courses.get(id);
                        if model.usual.reaches_terminal(course) {
                            reaches[id.0 as usize] = true;
                            model.count_completed_course(course, flows);
                        }
                    }
                    let mut completed = Vec::new();
                    for &index in flows {
                        let followed = trail(index);
                        if reaches[followed.trail.course.0 as usize] {
                            let flow = all.get(FlowId(index)).expect("followed flows are in the table");
                            let course = known.courses.get(followed.trail.course);
                            model.count_passage(course, &followed.trail, flow, 1);
                            completed.push(index);
                        }
                    }
                    model.decide_usual(known.stations, known.pairs, rank);
                    completed
                })
                .collect();
            for followed in trails.iter_mut().flatten() {
                followed.is_completed = false;
            }
            for index in completed.into_iter().flatten() {
                trails[index as usize].as_mut().expect("only followed flows are listed").is_completed = true;
            }
            correlator.judgements.clear();
            correlator.verdicts.clear();
            correlator.open.clear();
            let everything: Vec<FlowId> = correlator.flows.all.order().to_vec();
            correlator.judge_flows(evidence, known, &everything, false);
        });
    }

    fn count_kinds_anew(&mut self, evidence: &Evidence, known: &Known) {
        self.kinds.forget_counts();
        self.kinds.undecide();
        self.kinds.know(evidence, known.stations);
        let mut taken = vec![0u32; known.courses.len()];
        for followed in self.trails.iter().flatten() {
            taken[followed.trail.course.0 as usize] += 1;
            self.kinds.count_first(known.courses, followed.trail.course, followed.trail.first, 1);
        }
        let mut clean = Vec::with_capacity(taken.len());
        for (course, &flows) in taken.iter().enumerate() {
            let id = CourseId(course as u32);
            self.kinds.count_course(known.stations, known.courses, id, flows as i32);
            clean.push(model::is_clean(known.stations, known.courses.get(id)));
        }
        for followed in self.trails.iter_mut().flatten() {
            followed.kind = self.kinds.of(known.courses, followed.trail.course);
            followed.is_clean = clean[followed.trail.course.0 as usize];
        }
    }

    fn flows_by_kind(&self) -> Vec<Vec<u32>> {
        let mut lists = vec![Vec::new(); self.kinds.len()];
        for (index, followed) in self.trails.iter().enumerate() {
            if let Some(followed) = followed {
                lists[usize::from(followed.kind.0)].push(index as u32);
            }
        }
        lists
    }

    /// Counts the completed flows of one kind anew, after its terminals changed.
    pub(super) fn recount_completed(&mut self, known: &Known, kind: KindId) {
        let model = &mut self.models[usize::from(kind.0)];
        model.forget_completed();
        for (index, followed) in self.trails.iter_mut().enumerate() {
            let Some(followed) = followed.as_mut().filter(|followed| followed.kind == kind) else { continue };
            let course = known.courses.get(followed.trail.course);
            followed.is_completed = followed.is_clean && model.usual.reaches_terminal(course);
            if followed.is_completed {
                let flow = self.flows.all.get(FlowId(index as u32)).expect("followed flows are in the table");
                model.count_completed(course, &followed.trail, flow, 1);
            }
        }
    }

    /// Counts one flow in; its kind must be known. Whether it is new to its kind that such a flow completes is for
    /// [`Model::decide_terminals`] to say afterwards.
    pub(super) fn count_in(&mut self, known: &Known, id: FlowId) {
        let followed = self.trails[id.0 as usize].as_mut().expect("the flow is followed");
        followed.kind = self.kinds.of(known.courses, followed.trail.course);
        let course = known.courses.get(followed.trail.course);
        followed.is_clean = model::is_clean(known.stations, course);
        let model = &mut self.models[usize::from(followed.kind.0)];
        if followed.is_clean {
            model.count_clean(course, &followed.trail, 1);
            followed.is_completed = model.usual.reaches_terminal(course);
            if followed.is_completed {
                let flow = self.flows.all.get(id).expect("followed flows are in the table");
                model.count_completed(course, &followed.trail, flow, 1);
            }
        }
    }

    /// Takes a flow out of all counts, as it was counted.
    pub(super) fn count_out(&mut self, known: &Known, id: FlowId) -> Option<Followed> {
        let followed = self.trails[id.0 as usize].take()?;
        let flow = self.flows.all.get(id)?;
        let course = known.courses.get(followed.trail.course);
        self.kinds.count(known.stations, known.courses, followed.trail.course, followed.trail.first, -1);
        let model = &mut self.models[usize::from(followed.kind.0)];
        if followed.is_clean {
            model.count_clean(course, &followed.trail, -1);
        }
        if followed.is_completed {
            model.count_completed(course, &followed.trail, flow, -1);
        }
        self.verdicts[usize::from(followed.kind.0)][flow.verdict as usize] -= 1;
        self.open.remove(&id);
        Some(followed)
    }

    /// Gives flows their verdicts. `again` says that they have one that was counted.
    pub(super) fn judge_flows(&mut self, evidence: &Evidence, known: &Known, ids: &[FlowId], again: bool) {
        self.judgements.resize_with(self.kinds.len(), Default::default);
        self.verdicts.resize(self.kinds.len(), [0; 6]);
        let court = Court {
            evidence,
            stations: known.stations,
            blindness: &self.settings.blindness,
            until: self.flows.until,
        };
        for &id in ids {
            let followed = self.trails[id.0 as usize].as_ref().expect("the flow is followed");
            let (kind, trail) = (followed.kind, &followed.trail);
            let usual = &self.models[usize::from(kind.0)].usual;
            let course = known.courses.get(trail.course);
            let kinds = &self.kinds;
            let judgement = self.judgements[usize::from(kind.0)].entry(trail.course).or_insert_with(|| {
                verdict::judge(known.stations, course, usual, |station| kinds.is_entry(kind, station))
            });
            let old = self.flows.all.get(id).expect("followed flows are in the table");
            let before = old.verdict;
            let (verdict, failing_hop) = court.decide(old, judgement, course, trail, usual);
            if old.kind != kind
                || old.verdict != verdict
                || old.failing_hop != failing_hop
                || old.marks != judgement.marks
            {
                let marks = judgement.marks;
                let flow = self.flows.all.get_mut(id).expect("followed flows are in the table");
                (flow.kind, flow.verdict, flow.failing_hop, flow.marks) = (kind, verdict, failing_hop, marks);
            }
            let counts = &mut self.verdicts[usize::from(kind.0)];
            if again {
                counts[before as usize] -= 1;
            }
            counts[verdict as usize] += 1;
            if matches!(judgement.end, End::Open | End::Retrying) {
                self.open.insert(id);
            } else if again {
                self.open.remove(&id);
            }
        }
    }

    /// Finds where the evidence ends, from `first` on: the latest time that events of two systems bear out, so that one
    /// clock that is off by years does not make everything look silent.
    pub(super) fn find_until(&mut self, evidence: &Evidence, first: u32) {
        let latest = evidence.view().latest(evidence.systems.len(), Row(first));
        self.ends.resize(latest.len(), Time::MIN);
        for (system, latest) in latest.into_iter().enumerate() {
            for is_span in [false, true] {
                let time = latest[usize::from(is_span)] - self.clocks.offset(system as u16, is_span);
                if latest[usize::from(is_span)] != Time::MIN {
                    self.ends[system] = self.ends[system].max(time);
                }
            }
        }
        let mut ends = self.ends.clone();
        ends.retain(|&end| end != Time::MIN);
        ends.sort_unstable();
        self.flows.until = ends.iter().rev().nth(1).or(ends.last()).copied().unwrap_or_default();
    }
}
