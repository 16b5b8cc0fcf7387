//! Applications with a key and a subscription each, in a gateway file or in a database, and
//! requests that show all of their keys in turn.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::load::wrk_script;
use crate::shell;

/// Writes applications into the database of a data folder; its arguments are the folder and how
/// many. Over the API each would be a change of its own, with a row of the audit log.
const FILL: &str = include_str!("fill.py");

/// Different requests in a script, however many keys there are.
const REQUESTS: usize = 100_000;

/// The field that has the key.
const KEY_FIELD: &str = "x-api-key";

/// The product and the plan that all applications have, for the service `origin`.
pub(crate) const PLAN: &str = "products: [{ name: all, services: [origin] }]\n\
    plans: [{ name: gold, product: all, limits: { requests: 100000000/s } }]\n";

/// The key of an application.
pub(crate) fn key(index: usize) -> String {
    format!("bench-key-{index:06}-0123456789")
}

/// The `applications:` and `subscriptions:` of a gateway file.
pub(crate) fn yaml(count: usize) -> String {
    let (mut applications, mut subscriptions) =
        (String::from("applications:\n"), String::from("subscriptions:\n"));
    for index in 0..count {
        let key = key(index);
        writeln!(
            applications,
            "  - {{ name: app-{index:06}, credentials: [{{ api_key: {key} }}] }}"
        )
        .expect("writing to a string cannot fail");
        writeln!(subscriptions, "  - {{ application: app-{index:06}, plan: gold }}")
            .expect("writing to a string cannot fail");
    }
    applications + &subscriptions
}

/// Writes the same into the database of a data folder, while no gateway runs.
///
/// # Errors
/// When there is no Python, or the database is not as it is expected to be.
pub(crate) fn fill(data: &Path, count: usize) -> Result<()> {
    let mut python = Command::new("python3");
    shell::run(python.args(["-c", FILL]).arg(data.join("architrave.db")).arg(count.to_string()))
}

/// A wrk script that shows every one of `count` keys in turn, in a scattered order; `count` divides
/// the number of requests.
pub(crate) fn script(count: usize) -> String {
    // A stride coprime to the powers of ten, so that neighbours do not follow each other.
    let stride = 7919;
    wrk_script((0..REQUESTS).map(|step| {
        let key = key(step * stride % count);
        format!("GET /{step:06} HTTP/1.1\nHost: bench.example\n{KEY_FIELD}: {key}")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_shown_as_often() {
        let script = script(10);
        for index in 0..10 {
            assert_eq!(script.matches(&key(index)).count(), REQUESTS / 10);
        }
    }
}
