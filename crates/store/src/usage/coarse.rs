//! Which cells a question is read from: where it tells little apart, from those that do so too, of
//! which there are few over a long time.

use architrave_core::usage::{COARSE, Coarse, Dimension};

use super::read::{MICROS, UsageGroup, UsageQuery, UsageSlice};
use super::{UsageScope, UsageStore};
use crate::StoreError;

impl UsageStore {
    /// The slices of a question, each with the step under which its cells are kept in the place of
    /// their length.
    pub(super) async fn slices(&self, query: &UsageQuery) -> Result<Vec<UsageSlice>, StoreError> {
        let Some(by_service) = query.tells_little() else { return Ok(query.slices.clone()) };
        let found = query.slices.iter().map(|slice| (*slice, coarse(slice.step, by_service)));
        let found: Vec<_> = found.collect();
        if found.iter().all(|(_, coarse)| coarse.is_none()) {
            return Ok(query.slices.clone());
        }
        let since = self.coarse_since().await?;
        Ok(found.into_iter().flat_map(|(slice, coarse)| split(slice, coarse, since)).collect())
    }

    /// From which second on all that there is, is in coarse cells too: behind the last write of a
    /// process that has none.
    async fn coarse_since(&self) -> Result<i64, StoreError> {
        let query = "SELECT CAST(COALESCE(MAX(written_at), 0) AS BIGINT) FROM usage_writers \
                     WHERE has_coarse = 0";
        let mut lent = self.reader().await?;
        let micros: i64 = sqlx::query_scalar(query).fetch_one(&mut *lent).await?;
        Ok(if micros == 0 { 0 } else { micros / MICROS + 1 })
    }
}

impl UsageQuery {
    /// Whether services are told apart of what tells nothing else apart but classes of statuses;
    /// `None` for what does.
    fn tells_little(&self) -> Option<bool> {
        let filtered = self.filters.iter().map(|(group, _)| group);
        let mut by_service = match &self.scope {
            None => false,
            Some(scope) if scope.is_of_services() => true,
            Some(_) => return None,
        };
        for group in self.groups.iter().chain(filtered) {
            match group {
                UsageGroup::Class => {}
                UsageGroup::Dimension(Dimension::Service) => by_service = true,
                UsageGroup::Dimension(_) => return None,
            }
        }
        Some(by_service)
    }
}

impl UsageScope {
    /// Whether it is of services alone, all of the time.
    fn is_of_services(&self) -> bool {
        self.later_services.is_empty()
            && self.teams.is_empty()
            && self.later_teams.is_empty()
            && self.consumers.is_empty()
    }
}

fn coarse(step: i64, by_service: bool) -> Option<Coarse> {
    COARSE.into_iter().find(|one| one.step == step && one.by_service == by_service)
}

/// What is read from fine cells, and what from coarse ones, which begin at whole steps.
fn split(slice: UsageSlice, coarse: Option<Coarse>, since: i64) -> Vec<UsageSlice> {
    let Some(Coarse { mark, step, .. }) = coarse else { return vec![slice] };
    let since = since + (step - since.rem_euclid(step)).rem_euclid(step);
    let border = since.clamp(slice.from, slice.to);
    let parts =
        [UsageSlice { to: border, ..slice }, UsageSlice { step: mark, from: border, ..slice }];
    parts.into_iter().filter(|part| part.from < part.to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_cut_where_coarse_cells_begin_to_be_whole() {
        let slice = UsageSlice { step: 3_600, from: 7_200, to: 18_000 };
        let all = coarse(3_600, false);
        let check = |since: i64, expected: &[(i64, i64, i64)]| {
            let parts = split(slice, all, since);
            let parts: Vec<_> = parts.iter().map(|one| (one.step, one.from, one.to)).collect();
            assert_eq!(parts, expected, "{since}");
        };
        check(0, &[(3_601, 7_200, 18_000)]);
        check(7_200, &[(3_601, 7_200, 18_000)]);
        check(7_201, &[(3_600, 7_200, 10_800), (3_601, 10_800, 18_000)]);
        check(10_800, &[(3_600, 7_200, 10_800), (3_601, 10_800, 18_000)]);
        check(14_401, &[(3_600, 7_200, 18_000)]);
        check(90_000, &[(3_600, 7_200, 18_000)]);
        assert_eq!(split(slice, None, 0), [slice]);
        assert_eq!((coarse(60, false), coarse(86_400, true)), (None, None));
    }

    #[test]
    fn only_what_tells_little_apart_is_read_from_what_does() {
        let service = UsageGroup::Dimension(Dimension::Service);
        let whole = UsageQuery::default();
        assert_eq!(whole.tells_little(), Some(false));
        let of = |groups: Vec<UsageGroup>| UsageQuery { groups, ..UsageQuery::default() };
        assert_eq!(of(vec![UsageGroup::Class]).tells_little(), Some(false));
        assert_eq!(of(vec![service, UsageGroup::Class]).tells_little(), Some(true));
        assert_eq!(of(vec![UsageGroup::Dimension(Dimension::Status)]).tells_little(), None);
        let filters = vec![(service, vec!["orders".to_owned()])];
        assert_eq!(UsageQuery { filters, ..of(Vec::new()) }.tells_little(), Some(true));
        let services = UsageScope { services: vec!["orders".to_owned()], ..UsageScope::default() };
        let scoped = |scope| UsageQuery { scope: Some(scope), ..of(Vec::new()) };
        assert_eq!(scoped(services.clone()).tells_little(), Some(true));
        let teams = UsageScope { teams: vec!["blue".to_owned()], ..services };
        assert_eq!(scoped(teams).tells_little(), None);
    }
}
