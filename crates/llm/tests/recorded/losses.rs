//! Losses by pair, held to those that are committed: they may fall. Where one rises its line says
//! why behind `#`, and goes on to say so until the file is changed again; what was committed before
//! is what `git` knows.
//!
//! Where a count is another, the test says how the file is to be; reasons are for people to write.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// Losses by pair and sort.
pub(crate) type Counts = BTreeMap<String, usize>;

/// What is committed: counts, and why one is higher than it was.
type Known = BTreeMap<String, (usize, String)>;

const FILE: &str = "fixtures/llm/losses.txt";

/// Holds the counts to those that are committed, and those to what was committed before.
pub(crate) fn hold(counts: &Counts) {
    let text = std::fs::read_to_string(root().join(FILE)).unwrap_or_default();
    let known = parse(&text);
    let before = before(&text);
    let is_known =
        |name: &String, count: &usize| known.get(name).is_some_and(|(told, _)| told == count);
    let others: Vec<&String> = counts
        .iter()
        .filter(|(name, count)| !is_known(name, count))
        .map(|(name, _)| name)
        .collect();
    assert!(
        others.is_empty(),
        "{FILE} says something else of {others:?}; all of it as it is now:\n{}",
        written(counts, &known, &before)
    );
    let silent = silent_rises(&known, &before);
    assert!(silent.is_empty(), "losses rose, and no `# why` behind them: {silent:?}");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn parse(text: &str) -> Known {
    let line = |line: &str| {
        let (told, why) = line.split_once('#').unwrap_or((line, ""));
        let (name, count) = told.trim().rsplit_once(' ')?;
        Some((name.to_owned(), (count.parse().unwrap(), why.trim().to_owned())))
    };
    text.lines().filter_map(line).collect()
}

/// The file as it was committed before this text of it; nothing where nobody knows, as beside a
/// clone.
fn before(text: &str) -> Known {
    let git = |args: &[&str]| {
        let run = Command::new("git").arg("-C").arg(root()).args(args).output();
        let run = run.ok().filter(|run| run.status.success());
        run.map_or_else(String::new, |run| String::from_utf8_lossy(&run.stdout).into_owned())
    };
    let commits = git(&["log", "--format=%H", "-2", "--", FILE]);
    let mut versions = commits.lines().map(|commit| git(&["show", &format!("{commit}:{FILE}")]));
    let newest = versions.next().unwrap_or_default();
    parse(&if newest == text { versions.next().unwrap_or_default() } else { newest })
}

/// What is higher than it was and does not say why. A pair that was not counted before has risen
/// from nothing only where others were.
fn silent_rises(known: &Known, before: &Known) -> Vec<String> {
    let has_risen = |name: &str, count: usize| {
        let was = before.get(name).map_or(0, |(count, _)| *count);
        !before.is_empty() && count > was
    };
    let rises = known.iter().filter(|(name, (count, _))| has_risen(name, *count));
    rises.filter(|(_, (_, why))| why.is_empty()).map(|(name, _)| name.clone()).collect()
}

/// The file with these counts; reasons stay with what is as high as it was said for.
fn written(counts: &Counts, known: &Known, before: &Known) -> String {
    let mut lines = String::new();
    for (name, count) in counts {
        let told = known.get(name).filter(|(told, _)| told == count);
        let why = told.map_or("", |(_, why)| why.as_str());
        let is_up = before.get(name).is_some_and(|(was, _)| count > was);
        match is_up && !why.is_empty() {
            true => lines.push_str(&format!("{name} {count} # {why}\n")),
            false => lines.push_str(&format!("{name} {count}\n")),
        }
    }
    lines
}

#[test]
fn a_rise_that_says_nothing_is_told_however_the_file_was_made() {
    let before = parse("a b reply 3\na c reply 0\n");
    let told = |text: &str| silent_rises(&parse(text), &before);
    assert!(told("a b reply 2\na c reply 0\n").is_empty());
    assert_eq!(told("a b reply 4\na c reply 0\n"), ["a b reply"]);
    assert!(told("a b reply 4 # more is told\na c reply 0\n").is_empty());
    assert_eq!(told("a b reply 3\na d reply 1\n"), ["a d reply"]);
    // What is written anew gives no reason by itself.
    let counts: Counts = [("a b reply".to_owned(), 4), ("a c reply".to_owned(), 0)].into();
    let text = written(&counts, &before, &before);
    assert_eq!(told(&text), ["a b reply"]);
    let reasoned = parse("a b reply 4 # more is told\na c reply 0\n");
    assert!(told(&written(&counts, &reasoned, &before)).is_empty());
}
