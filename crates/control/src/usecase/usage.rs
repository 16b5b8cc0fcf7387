//! The use of the gateway, as far as the caller may see it: over time, at the top, broken down.

mod asked;
pub(crate) mod callers;
mod csv;
mod eyes;
mod metric;
mod requests;
mod tail;
mod times;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use architrave_config::object::ObjectKind;
use architrave_core::usage::{Amount, Span};
use architrave_store::{Page, UsageGroup, UsageQuery, UsageScope, UsageStore, UsageSums};
use architrave_telemetry::usage::Sketch;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::admin::objects::time;
use crate::api::{Dependencies, UsageDesk};
use crate::call::Call;
use crate::error::ApiError;
use crate::operation::Surface;
use crate::permission::Permission;

pub(crate) use asked::Form;
pub(crate) use metric::{Metric, metric_words};
pub(crate) use requests::{
    FollowBody, FollowedList, RequestBody, RequestPage, export, follow, followed, list, show,
};
pub(crate) use tail::tail;
pub(crate) use times::STEP_WORDS;

use asked::{group_word, groups, limit};
use times::{Times, seconds_text};

const MICROS: i64 = 1_000_000;

/// How many names a series has where nothing is said, and how many it may have.
const SERIES: (usize, usize) = (10, 100);
/// The same of a list of the top.
const TOP: (usize, usize) = (10, 1_000);
/// The same of a breakdown.
const ROWS: (usize, usize) = (100, 1_000);

/// One metric over time.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageSeries {
    metric: String,
    /// Of what the values are: `count`, `bytes`, `us`, `nano_usd` or `percent`.
    unit: &'static str,
    /// How long each point is.
    step: &'static str,
    /// The first moment of the first point.
    from: String,
    /// The moment behind the last point.
    to: String,
    /// One for each name, the greatest first.
    series: Vec<SeriesBody>,
    /// Whether there are more names than are shown.
    is_cut: bool,
}

/// One metric of one name over time.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeriesBody {
    /// What it is of; empty where names are not told apart.
    #[schema(value_type = Object)]
    group: Value,
    points: Vec<PointBody>,
}

/// One point of a series.
#[derive(Serialize, ToSchema)]
pub(crate) struct PointBody {
    at: String,
    /// `null` where there is nothing to measure.
    #[schema(value_type = Option<f64>)]
    value: Value,
}

/// The names with the most of something.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageTop {
    metric: String,
    /// Of what the values are: `count`, `bytes`, `us`, `nano_usd` or `percent`.
    unit: &'static str,
    by: String,
    from: String,
    to: String,
    top: Vec<TopBody>,
    /// The same of all names together.
    #[schema(value_type = Option<f64>)]
    total: Value,
    /// Whether there are more names than are shown.
    is_cut: bool,
}

/// One of the names with the most.
#[derive(Serialize, ToSchema)]
pub(crate) struct TopBody {
    name: String,
    #[schema(value_type = Option<f64>)]
    value: Value,
}

/// Everything that was added up, by no, one or two dimensions.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageBreakdown {
    by: Vec<&'static str>,
    from: String,
    to: String,
    rows: Vec<BreakdownRow>,
    /// Whether there are more rows than are shown.
    is_cut: bool,
}

/// What was added up of some names.
#[derive(Serialize, ToSchema)]
pub(crate) struct BreakdownRow {
    #[schema(value_type = Object)]
    group: Value,
    /// Every amount by its name, and `tokens`, which is all of them.
    #[schema(value_type = Object)]
    sums: Value,
    latency: SpanBody,
    first_token: SpanBody,
}

/// How long something took, in microseconds; quantiles are right to a percent.
#[derive(Serialize, ToSchema)]
pub(crate) struct SpanBody {
    mean_us: Option<u64>,
    p50_us: Option<u64>,
    p90_us: Option<u64>,
    p95_us: Option<u64>,
    p99_us: Option<u64>,
}

/// What was added up of one group at one time.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    sums: [i64; Amount::COUNT],
    sketches: [Option<Sketch>; Span::COUNT],
}

type Figures = HashMap<(i64, Vec<String>), Figure>;

/// What is kept, or the refusal that nothing is.
fn desk(dependencies: &Dependencies) -> Result<&UsageDesk, ApiError> {
    super::platform(dependencies)?;
    dependencies.usage.as_ref().ok_or_else(ApiError::no_usage)
}

/// One metric over time.
pub(crate) async fn series(
    dependencies: &Dependencies,
    call: &Call,
) -> Result<UsageSeries, ApiError> {
    let desk = desk(dependencies)?;
    let metric = Metric::read(call)?;
    let groups = groups(call, "group_by", 1)?;
    let times = Times::of_series(call, dependencies)?;
    let mut query = UsageQuery {
        slices: times.slices.clone(),
        bucket: Some(times.step),
        groups: groups.clone(),
        amounts: metric.amounts(),
        filters: asked::filters(call)?,
        scope: scope(dependencies, call).await?,
    };
    // Of names, only those that are shown are read point by point.
    let (mut names, is_cut) = match groups[..] {
        [] => (vec![Vec::new()], false),
        [..] => {
            let whole = UsageQuery { slices: times.whole(), bucket: None, ..query.clone() };
            let totals = by_group(read(&desk.store, &whole, metric.spans()).await?);
            let (names, is_cut) = greatest(totals, metric, limit(call, SERIES)?);
            let names: Vec<_> = names.into_iter().map(|(group, _)| group).collect();
            (names, is_cut)
        }
    };
    query.only(&names);
    let figures = read(&desk.store, &query, metric.spans()).await?;
    if figures.is_empty() {
        names.clear();
    }
    let points = |group: &Vec<String>| {
        let at = (0..times.points()).map(|place| times.from + place * times.step);
        let point = |at: i64| PointBody {
            at: seconds_text(at),
            value: metric.value(figures.get(&(at, group.clone()))),
        };
        at.map(point).collect()
    };
    let series = names
        .iter()
        .map(|group| SeriesBody { group: named(&groups, group), points: points(group) });
    Ok(UsageSeries {
        metric: metric.word(),
        unit: metric.unit(),
        step: times.step_word(),
        from: seconds_text(times.from),
        to: seconds_text(times.to),
        series: series.collect(),
        is_cut,
    })
}

/// The names with the most of something.
pub(crate) async fn top(dependencies: &Dependencies, call: &Call) -> Result<UsageTop, ApiError> {
    let desk = desk(dependencies)?;
    let metric = Metric::read(call)?;
    let groups = groups(call, "by", 1)?;
    let [group] = groups[..] else {
        return Err(asked::refuse("by", "say by what: a dimension such as `service`"));
    };
    let (times, mut query) = whole(dependencies, call, groups.clone()).await?;
    query.amounts = metric.amounts();
    let figures = read(&desk.store, &query, metric.spans()).await?;
    let mut all: Option<Figure> = None;
    for figure in figures.values() {
        match &mut all {
            Some(all) => merge(all, figure),
            none => *none = Some(figure.clone()),
        }
    }
    let (names, is_cut) = greatest(by_group(figures), metric, limit(call, TOP)?);
    let top = names.into_iter().map(|(mut group, figure)| TopBody {
        name: group.pop().unwrap_or_default(),
        value: metric.value(Some(&figure)),
    });
    Ok(UsageTop {
        metric: metric.word(),
        unit: metric.unit(),
        by: group_word(group).to_owned(),
        from: seconds_text(times.from),
        to: seconds_text(times.to),
        top: top.collect(),
        total: metric.value(all.as_ref()),
        is_cut,
    })
}

/// Everything that was added up, by no, one or two dimensions.
pub(crate) async fn breakdown(
    dependencies: &Dependencies,
    call: &Call,
) -> Result<UsageBreakdown, ApiError> {
    let desk = desk(dependencies)?;
    let metric = Metric::read(call)?;
    let groups = groups(call, "by", 2)?;
    let (times, mut query) = whole(dependencies, call, groups.clone()).await?;
    let figures = read(&desk.store, &query, metric.spans()).await?;
    let (mut rows, is_cut) = greatest(by_group(figures), metric, limit(call, ROWS)?);
    // Sketches are read of what is shown alone.
    let names: Vec<_> = rows.iter().map(|(group, _)| group.clone()).collect();
    query.only(&names);
    let mut figures: Figures = rows.drain(..).map(|(group, figure)| ((0, group), figure)).collect();
    let mut missing = Span::ALL.to_vec();
    missing.retain(|span| !metric.spans().contains(span));
    add_sketches(&desk.store, &query, &missing, &mut figures).await?;
    rows.extend(names.into_iter().filter_map(|group| {
        let figure = figures.remove(&(0, group.clone()))?;
        Some((group, figure))
    }));
    let rows = rows.iter().map(|(group, figure)| BreakdownRow {
        group: named(&groups, group),
        sums: figure.all_sums(),
        latency: figure.span(Span::Latency),
        first_token: figure.span(Span::FirstToken),
    });
    Ok(UsageBreakdown {
        by: groups.iter().copied().map(group_word).collect(),
        from: seconds_text(times.from),
        to: seconds_text(times.to),
        rows: rows.collect(),
        is_cut,
    })
}

/// The question for a time as a whole.
async fn whole(
    dependencies: &Dependencies,
    call: &Call,
    groups: Vec<UsageGroup>,
) -> Result<(Times, UsageQuery), ApiError> {
    let times = Times::of_whole(call, dependencies)?;
    let query = UsageQuery {
        slices: times.slices.clone(),
        bucket: None,
        groups,
        amounts: Vec::new(),
        filters: asked::filters(call)?,
        scope: scope(dependencies, call).await?,
    };
    Ok((times, query))
}

/// What the caller may see: the services of their teams, whoever calls them, what applications of
/// their teams call, and what their own do. On the portal, where nobody is who publishes, it is what
/// applications call.
async fn scope(dependencies: &Dependencies, call: &Call) -> Result<Option<UsageScope>, ApiError> {
    let is_on_portal = dependencies.surface == Surface::Portal;
    let in_teams = call.caller.teams_for(Permission::ReadUsage);
    let teams: Vec<String> = match in_teams {
        None if is_on_portal => call.caller.teams.keys().cloned().collect(),
        None => return Ok(None),
        Some(teams) => teams.into_iter().map(str::to_owned).collect(),
    };
    let store = super::platform(dependencies)?.store();
    // What a team of the name did before is not this one's.
    let later_teams = store.team_names_had_by_others(&teams).await?;
    let mut own_teams = teams.clone();
    own_teams.retain(|team| later_teams.iter().all(|(later, _)| later != team));
    let (mut services, mut later_services) = (Vec::new(), Vec::new());
    if !is_on_portal {
        let kind = ObjectKind::Service.singular();
        services = store.object_names_of(kind, &own_teams).await?;
        // What somebody else's service of the name did is theirs.
        later_services = store.object_names_had_by_others(kind, &teams).await?;
        let is_later = |name: &String| later_services.iter().any(|(later, _)| later == name);
        services.retain(|name| !is_later(name));
        for (team, since) in &later_teams {
            for name in store.object_names_of(kind, std::slice::from_ref(team)).await? {
                match later_services.iter_mut().find(|(later, _)| *later == name) {
                    Some((_, later)) => *later = (*later).max(*since),
                    None => later_services.push((name, *since)),
                }
            }
        }
    }
    let own = match call.caller.user_id() {
        Some(user) => {
            store.applications_of_user(user, &Page::first(super::applications::OWN_MAX)).await?.0
        }
        None => Vec::new(),
    };
    let consumers = own.into_iter().map(|one| (one.name, one.created_at)).collect();
    Ok(Some(UsageScope { services, later_services, teams: own_teams, later_teams, consumers }))
}

async fn read(store: &UsageStore, query: &UsageQuery, spans: &[Span]) -> Result<Figures, ApiError> {
    let mut figures = Figures::new();
    for UsageSums { at, group, sums } in store.usage_sums(query).await? {
        figures.insert((at, group), Figure { sums, sketches: Default::default() });
    }
    add_sketches(store, query, spans, &mut figures).await?;
    Ok(figures)
}

/// Adds the sketches of these spans to what is there of their groups.
async fn add_sketches(
    store: &UsageStore,
    query: &UsageQuery,
    spans: &[Span],
    figures: &mut Figures,
) -> Result<(), ApiError> {
    for span in spans {
        for (at, group, bytes) in store.usage_sketches(query, *span).await? {
            let Some(figure) = figures.get_mut(&(at, group)) else { continue };
            let all = figure.sketches[*span as usize].get_or_insert_default();
            all.merge_bytes(&bytes)
                .map_err(|_| ApiError::internal("a sketch is damaged in the database"))?;
        }
    }
    Ok(())
}

/// All times of each group together.
fn by_group(figures: Figures) -> HashMap<Vec<String>, Figure> {
    let mut groups: HashMap<Vec<String>, Figure> = HashMap::with_capacity(figures.len());
    for ((_, group), figure) in figures {
        match groups.entry(group) {
            Entry::Occupied(mut all) => merge(all.get_mut(), &figure),
            Entry::Vacant(place) => drop(place.insert(figure)),
        }
    }
    groups
}

fn merge(all: &mut Figure, one: &Figure) {
    for (sum, count) in all.sums.iter_mut().zip(one.sums) {
        *sum = sum.saturating_add(count);
    }
    for (own, other) in all.sketches.iter_mut().zip(&one.sketches) {
        match (own, other) {
            (Some(own), Some(other)) => own.merge(other),
            (own @ None, Some(other)) => *own = Some(other.clone()),
            (_, None) => {}
        }
    }
}

/// The groups with the most, and whether there are more.
fn greatest(
    groups: HashMap<Vec<String>, Figure>,
    metric: Metric,
    limit: usize,
) -> (Vec<(Vec<String>, Figure)>, bool) {
    // Once of each: a quantile is looked for in the whole of a sketch.
    let ranked = groups.into_iter().map(|(group, figure)| (metric.rank(&figure), group, figure));
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_unstable_by(|(its, one, _), (others, other, _)| {
        others.total_cmp(its).then_with(|| one.cmp(other))
    });
    let is_cut = ranked.len() > limit;
    ranked.truncate(limit);
    (ranked.into_iter().map(|(_, group, figure)| (group, figure)).collect(), is_cut)
}

/// The names of a group by what they are names of.
fn named(groups: &[UsageGroup], names: &[String]) -> Value {
    let pairs = groups.iter().zip(names);
    let pairs =
        pairs.map(|(group, name)| (group_word(*group).to_owned(), Value::from(name.as_str())));
    Value::Object(pairs.collect::<Map<_, _>>())
}

impl Figure {
    fn all_sums(&self) -> Value {
        let pairs = Amount::ALL
            .iter()
            .map(|amount| (amount.as_str().to_owned(), Value::from(self.sums[*amount as usize])));
        let mut all: Map<_, _> = pairs.collect();
        all.insert("tokens".to_owned(), Value::from(self.tokens()));
        Value::Object(all)
    }

    fn tokens(&self) -> i64 {
        let counts = Amount::TOKENS.iter().map(|amount| self.sums[*amount as usize]);
        counts.fold(0, i64::saturating_add)
    }

    fn mean(&self, span: Span) -> Option<u64> {
        let (sum, count) = match span {
            Span::Latency => (Amount::LatencyUs, Amount::Requests),
            Span::FirstToken => (Amount::FirstTokenUs, Amount::FirstTokens),
        };
        let count = self.sums[count as usize];
        let mean = (count > 0).then(|| self.sums[sum as usize] / count)?;
        u64::try_from(mean).ok()
    }

    fn quantile(&self, span: Span, percent: u8) -> Option<u64> {
        self.sketches[span as usize].as_ref()?.quantile(f64::from(percent) / 100.0)
    }

    fn span(&self, span: Span) -> SpanBody {
        let [p50_us, p90_us, p95_us, p99_us] =
            [50, 90, 95, 99].map(|percent| self.quantile(span, percent));
        SpanBody { mean_us: self.mean(span), p50_us, p90_us, p95_us, p99_us }
    }
}

/// A time of the store as text.
fn moment(micros: i64) -> String {
    time(micros)
}
