//! The IETF's field of one name, `RateLimit`, in both forms that are about: a list of windows
//! (`"minute";r=50;t=30`), whose sizes stand in `RateLimit-Policy` (`"minute";q=100;w=60`), and the
//! older `limit=100, remaining=50, reset=30`.

use std::time::Duration;

use super::quota::{Counted, Quota, Window};

/// Adds what the field says. `policy` is the other one, or nothing.
pub(super) fn add(field: &str, policy: &str, quota: &mut Quota) {
    if let Some(remaining) = of_old_form(field, "remaining") {
        let resets_in = of_old_form(field, "reset").map(Duration::from_secs);
        let limit = of_old_form(field, "limit");
        return quota.add(Counted::Requests, Window { limit, remaining, resets_in });
    }
    for item in items(field) {
        let Some(remaining) = parameter(item, "r") else { continue };
        let name = name(item);
        let sizes = items(policy).find(|size| self::name(size) == name);
        let unit = sizes.and_then(|size| text_parameter(size, "qu")).unwrap_or_default();
        let counted = if unit.contains("token") || name.contains("token") {
            Counted::Tokens
        } else {
            Counted::Requests
        };
        let limit = sizes.and_then(|size| parameter(size, "q"));
        let resets_in = parameter(item, "t").map(Duration::from_secs);
        quota.add(counted, Window { limit, remaining, resets_in });
    }
}

/// The items of a list; a comma within quotes is no border.
fn items(list: &str) -> impl Iterator<Item = &str> {
    let mut in_quotes = false;
    list.split(move |next| {
        in_quotes ^= next == '"';
        next == ',' && !in_quotes
    })
}

fn name(item: &str) -> &str {
    item.split(';').next().unwrap_or_default().trim().trim_matches('"')
}

fn text_parameter<'i>(item: &'i str, name: &str) -> Option<&'i str> {
    let parameters = item.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut found = parameters.filter(|(key, _)| key.trim() == name);
    found.next().map(|(_, value)| value.trim().trim_matches('"'))
}

fn parameter(item: &str, name: &str) -> Option<u64> {
    text_parameter(item, name)?.parse().ok()
}

fn of_old_form(field: &str, name: &str) -> Option<u64> {
    let pairs = field.split(',').filter_map(|pair| pair.split_once('='));
    let mut found = pairs.filter(|(key, _)| key.trim() == name);
    found.next()?.1.trim().parse().ok()
}
