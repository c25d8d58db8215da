//! The order of events within a span: what comes after what, against before.
//!
//! After Nezha (Yu et al., ESEC/FSE 2023), with shares conditioned on the operation and on the first event of the pair:
//! a change of load or a silence downstream changes no share, and what comes later is not blamed for what came
//! earlier. A pair counts fully only where nothing beneath the span is out of order too.

use super::patterns::Patterns;
use super::scene::{Finding, Nature, Phase, Scene};
use super::statistics::Shares;
use super::traces::{NONE, Operation, Traces};
use super::weights::NOT_THE_ORIGIN;
use super::{Pointer, Signal};
use crate::evidence::{Evidence, SystemId, TextId};
use rustc_hash::{FxHashMap, FxHashSet};

/// Fewer spans than this on a side say nothing; so an operation never seen before the onset says nothing either.
const LEAST_SPANS: u32 = 3;
/// Weaker pairs are chance.
const KEPT: f64 = 2.0;
/// What is left of the strength where only the answer of a silent callee is seen.
const ANSWER: f64 = 0.7;
/// Pairs at least this strong mark a span as out of order.
const MARKS: f64 = 3.0;

/// What happens within a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Happening {
    Start,
    Says(TextId),
    Calls(SystemId, TextId),
    End,
}

pub(super) type Pair = (Happening, Happening);

/// What comes after what in every span. Knows of no onset.
pub(super) struct Orders {
    /// By number.
    pub pairs: Vec<Pair>,
    /// The pairs of all spans, those with the same first event side by side.
    numbers: Vec<u32>,
    from: Vec<u32>,
}

impl Orders {
    pub(super) fn of(evidence: &Evidence, traces: &Traces, patterns: &Patterns) -> Self {
        let mut known: FxHashMap<Pair, u32> = FxHashMap::default();
        let mut orders = Self { pairs: Vec::new(), numbers: Vec::new(), from: vec![0] };
        let mut pairs: Vec<Pair> = Vec::new();
        for place in 0..traces.spans.len() as u32 {
            pairs_of(evidence, traces, patterns, place, &mut pairs);
            for &pair in &pairs {
                let number = *known.entry(pair).or_insert_with(|| {
                    orders.pairs.push(pair);
                    orders.pairs.len() as u32 - 1
                });
                orders.numbers.push(number);
            }
            orders.from.push(orders.numbers.len() as u32);
        }
        orders
    }

    /// The pairs of one span, by number.
    pub(super) fn within(&self, place: u32) -> &[u32] {
        let place = place as usize;
        &self.numbers[self.from[place] as usize..self.from[place + 1] as usize]
    }

    /// The same, with whether the pair, and whether its first event, is met in this span for the first time.
    pub(super) fn met(&self, place: u32) -> impl Iterator<Item = (u32, bool, bool)> + '_ {
        let numbers = self.within(place);
        numbers.iter().enumerate().map(move |(at, &number)| {
            let before = at.checked_sub(1).map(|before| numbers[before]);
            let first = |number: u32| self.pairs[number as usize].0;
            (number, before != Some(number), before.is_none_or(|before| first(before) != first(number)))
        })
    }
}

pub(super) fn findings(scene: &Scene, traces: &Traces, orders: &Orders) -> Vec<Finding> {
    let mut counts: FxHashMap<(Operation, u32), Count> = FxHashMap::default();
    let mut firsts: FxHashMap<(Operation, Happening), Count> = FxHashMap::default();
    for place in 0..traces.spans.len() as u32 {
        let Some(phase) = scene.phase(traces.spans[place as usize].time()) else { continue };
        let operation = traces.operation(place);
        for (number, is_new, is_first) in orders.met(place) {
            counts.entry((operation, number)).or_default().add(phase, is_new);
            let first = orders.pairs[number as usize].0;
            firsts.entry((operation, first)).or_default().add(phase, is_first);
        }
    }
    let mut marked: Marked = FxHashMap::default();
    for ((operation, number), count) in counts {
        let first = firsts[&(operation, orders.pairs[number as usize].0)];
        if first.spans.iter().any(|&spans| spans < LEAST_SPANS) {
            continue;
        }
        let (strength, shares) = count.departure(first);
        if strength.abs() >= KEPT {
            marked.insert((operation, number), (strength, shares));
        }
    }
    if marked.is_empty() {
        return Vec::new();
    }
    by_system(scene, traces, orders, &marked)
}

/// How often something happened: times, and in how many spans, before and after.
#[derive(Clone, Copy, Default)]
struct Count {
    times: [u32; 2],
    spans: [u32; 2],
}

impl Count {
    fn add(&mut self, phase: Phase, is_new_span: bool) {
        self.times[phase as usize] += 1;
        self.spans[phase as usize] += u32::from(is_new_span);
    }

    /// Of the spans where the first event of a pair happens, how many have the pair; of the times that it happens, how
    /// often the pair follows. The first is plain, the second sees what changes within loops; the stronger counts.
    fn departure(self, first: Self) -> (f64, Shares) {
        let in_spans =
            Shares { before: (self.spans[0], first.spans[0]), after: (self.spans[1], first.spans[1]) };
        let at_times =
            Shares { before: (self.times[0], first.times[0]), after: (self.times[1], first.times[1]) };
        let (plain, repeated) = (in_spans.departure(), first.effective(at_times).departure());
        if plain.abs() >= repeated.abs() { (plain, in_spans) } else { (repeated, at_times) }
    }

    /// The shares as of fewer events: what repeats within a span is not independent, nor quite the same either.
    fn effective(self, shares: Shares) -> Shares {
        let reduced = |(part, of): (u32, u32), spans: u32| {
            let size = (f64::from(of) * f64::from(spans)).sqrt();
            ((size * f64::from(part) / f64::from(of.max(1))).round() as u32, size.round() as u32)
        };
        Shares { before: reduced(shares.before, self.spans[0]), after: reduced(shares.after, self.spans[1]) }
    }
}

type Marked = FxHashMap<(Operation, u32), (f64, Shares)>;

/// The strongest pair of each system, by how often it is where the disorder starts.
fn by_system(scene: &Scene, traces: &Traces, orders: &Orders, marked: &Marked) -> Vec<Finding> {
    let pair_of = |number: u32| orders.pairs[number as usize];
    let mut vanished: FxHashMap<Operation, Vec<(Pair, f64)>> = FxHashMap::default();
    for (key, (strength, shares)) in marked {
        if *strength <= -MARKS {
            vanished.entry(key.0).or_default().push((pair_of(key.1), shares.effect()));
        }
    }
    let operations: FxHashSet<Operation> = marked.keys().map(|key| key.0).collect();
    let mut effects = vec![0.0f32; traces.spans.len()];
    for place in 0..traces.spans.len() as u32 {
        let operation = traces.operation(place);
        let phase = scene.phase(traces.spans[place as usize].time());
        if phase != Some(Phase::After) || !operations.contains(&operation) {
            continue;
        }
        let pairs = orders.within(place);
        let came = pairs.iter().filter_map(|&pair| marked.get(&(operation, pair)));
        let came = came.filter(|(strength, _)| *strength >= MARKS).map(|(_, shares)| shares.effect());
        let is_instead = |gone: Pair| {
            pairs.iter().map(|&pair| pair_of(pair)).any(|pair| pair.0 == gone.0 && pair.1 != gone.1)
        };
        let gone = vanished.get(&operation).into_iter().flatten();
        let gone = gone.filter(|(gone, _)| is_instead(*gone)).map(|(_, effect)| *effect);
        effects[place as usize] = came.chain(gone).fold(0.0, f64::max) as f32;
    }
    let origins = traces.origins(&effects);
    let mut starts: FxHashMap<Operation, (u32, u32, u32)> = FxHashMap::default();
    for place in 0..traces.spans.len() as u32 {
        if effects[place as usize] > 0.0 {
            let entry = starts.entry(traces.operation(place)).or_insert((0, 0, NONE));
            entry.0 += 1;
            if origins[place as usize] {
                entry.1 += 1;
                entry.2 = entry.2.min(place);
            }
        }
    }
    let mut best: FxHashMap<SystemId, (f64, Operation, Pair, Shares)> = FxHashMap::default();
    for (&(operation, number), &(strength, shares)) in marked {
        let pair = pair_of(number);
        let (flagged, origin, _) = starts.get(&operation).copied().unwrap_or((0, 0, NONE));
        let own = if flagged == 0 { 1.0 } else { f64::from(origin) / f64::from(flagged) };
        let strength = strength.abs() * (NOT_THE_ORIGIN + (1.0 - NOT_THE_ORIGIN) * own);
        let entry = (strength, operation, pair, shares);
        let known = best.entry(operation.0).or_insert(entry);
        // Of equals the one whose text comes first, so that the answer never depends on the order of arrival.
        let rank = |one: &(f64, Operation, Pair, Shares)| {
            (one.3.share_after() > one.3.share_before(), said(scene.evidence, one.1, one.2))
        };
        if strength > known.0 || strength == known.0 && rank(&entry) > rank(known) {
            *known = entry;
        }
    }
    let answers = answers(traces, orders, marked);
    let of_answers = answers.into_iter().map(|(system, (strength, operation, pair, shares))| Finding {
        system,
        signal: Signal::EventOrder,
        nature: Nature::Cause,
        strength,
        sentence: format!(
            "its answer sends its caller {} another way: {}",
            scene.name(operation.0),
            sentence(scene.evidence, operation, pair, shares)
        ),
        operation: None,
        pointers: vec![Pointer::Window(scene.after)],
    });
    let of_answers: Vec<Finding> = of_answers.collect();
    best.into_iter()
        .map(|(system, (strength, operation, pair, shares))| {
            let example = starts.get(&operation).map(|entry| entry.2).filter(|place| *place != NONE);
            Finding {
                system,
                signal: Signal::EventOrder,
                nature: Nature::Cause,
                strength,
                sentence: sentence(scene.evidence, operation, pair, shares),
                operation: Some(scene.evidence.text(operation.1).to_owned()).filter(|name| !name.is_empty()),
                pointers: example
                    .map(|place| Pointer::Event(traces.spans[place as usize].row))
                    .into_iter()
                    .collect(),
            }
        })
        .chain(of_answers)
        .collect()
}

/// Systems of which no line was read, and after whose call a caller goes another way than before: what they answered is
/// all that can be seen of them. The strongest such pair of each.
fn answers(
    traces: &Traces,
    orders: &Orders,
    marked: &Marked,
) -> FxHashMap<SystemId, (f64, Operation, Pair, Shares)> {
    let speaking: FxHashSet<SystemId> =
        traces.logs.iter().map(|&(place, ..)| traces.spans[place as usize].system).collect();
    let mut answers: FxHashMap<SystemId, (f64, Operation, Pair, Shares)> = FxHashMap::default();
    for (&(operation, number), &(strength, shares)) in marked {
        let pair = orders.pairs[number as usize];
        let Happening::Calls(callee, _) = pair.0 else { continue };
        if strength < MARKS || callee == operation.0 || speaking.contains(&callee) {
            continue;
        }
        let entry = (strength * ANSWER, operation, pair, shares);
        let known = answers.entry(callee).or_insert(entry);
        if (entry.0, entry.1, entry.2) > (known.0, known.1, known.2) {
            *known = entry;
        }
    }
    answers
}

/// The pairs of neighbours in one span, sorted.
fn pairs_of(evidence: &Evidence, traces: &Traces, patterns: &Patterns, place: u32, pairs: &mut Vec<Pair>) {
    pairs.clear();
    // Two chains, since the clock of the log and that of the spans differ by a little: lines among lines, calls among
    // calls.
    let says = traces.logs(place).filter_map(|(_, row)| {
        let shape = evidence.shape(row);
        (shape.0 != 0).then(|| Happening::Says(patterns.pattern(shape)))
    });
    chain(says, pairs);
    // Who called whom is a guess where no span says it.
    if !traces.spans[place as usize].is_inferred {
        chain(traces.children(place).iter().map(|&child| called(traces, child)), pairs);
    }
    pairs.sort_unstable();
}

fn chain(happenings: impl Iterator<Item = Happening>, pairs: &mut Vec<Pair>) {
    let mut before = Happening::Start;
    for happening in happenings.chain([Happening::End]) {
        if (before, happening) != (Happening::Start, Happening::End) {
            pairs.push((before, happening));
        }
        before = happening;
    }
}

/// What a child span is a call of: the other system's operation, where the child is the client's side of a call.
fn called(traces: &Traces, child: u32) -> Happening {
    let own = &traces.spans[child as usize];
    if let &[only] = traces.children(child) {
        let beneath = &traces.spans[only as usize];
        if beneath.system != own.system {
            return Happening::Calls(beneath.system, beneath.name);
        }
    }
    Happening::Calls(own.system, own.name)
}

fn name(evidence: &Evidence, own: SystemId, happening: Happening) -> String {
    match happening {
        Happening::Start => "its start".to_owned(),
        Happening::End => "its end".to_owned(),
        Happening::Says(text) => format!("“{}”", shortened(evidence.text(text))),
        Happening::Calls(system, operation) if system == own => {
            format!("`{}`", shortened(evidence.text(operation)))
        }
        Happening::Calls(system, operation) => {
            format!("the call of {} `{}`", evidence.system_name(system), shortened(evidence.text(operation)))
        }
    }
}

fn said(evidence: &Evidence, operation: Operation, (first, then): Pair) -> String {
    format!(
        "{} {} {}",
        evidence.text(operation.1),
        name(evidence, operation.0, first),
        name(evidence, operation.0, then)
    )
}

fn sentence(evidence: &Evidence, operation: Operation, (first, then): Pair, shares: Shares) -> String {
    let ((before, of_before), (after, of_after)) = (shares.before, shares.after);
    // Work that only lines tell of has no name.
    let place = match evidence.text(operation.1) {
        "" => "in its work".to_owned(),
        name => format!("in `{}`", shortened(name)),
    };
    format!(
        "{place}, after {} came {} {after} of {of_after} times; {before} of {of_before} before onset",
        name(evidence, operation.0, first),
        name(evidence, operation.0, then)
    )
}

/// The beginning of a long text.
pub(super) fn shortened(text: &str) -> &str {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
