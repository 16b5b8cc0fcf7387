//! Parts a profile: what ran often stays in it, and what hardly ever ran goes: functions that the
//! training needed to start, to read its configuration and to end. They are then compiled as if
//! there were no profile. What no request runs is told by name, to be laid side by side.

use anyhow::{Context, Result, ensure};

/// The fewest times that some piece of a function has to have run for it to stay. Training takes
/// some hundred thousand requests.
const RUNS_MIN: u64 = 1000;
/// What ran less often than this is laid side by side: no request needs it, though the many lines
/// of a configuration may.
const LAID_RUNS_MAX: u64 = 60_000;

const COUNT: &str = "# Num Counters:";
const VALUES: &str = "# Counter Values:";

/// A profile in its two parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Trimmed {
    /// What ran often, in LLVM's text form.
    pub(super) text: String,
    /// How many functions stay in it, and how many there were.
    pub(super) kept: usize,
    pub(super) all: usize,
    /// The symbols of those that no request runs.
    pub(super) laid: Vec<String>,
}

/// Trims a profile in LLVM's text form: a head of lines that begin with `:`, then one record per
/// function that ran, with a blank line behind each.
pub(super) fn trim(text: &str) -> Result<Trimmed> {
    let records = text.split("\n\n").filter(|record| !record.trim().is_empty());
    let (mut trimmed, mut kept, mut all, mut laid) = (String::new(), 0, 0, Vec::new());
    for record in records {
        // The head stands before the first function without a blank line between them.
        let lines = record.lines();
        let head: Vec<&str> = if all == 0 {
            lines.clone().take_while(|line| line.starts_with([':', '#'])).collect()
        } else {
            Vec::new()
        };
        head.iter().for_each(|line| push(&mut trimmed, line));
        all += 1;
        let runs = most_runs(record).with_context(|| format!("reading the record\n{record}"))?;
        if runs >= RUNS_MIN {
            kept += 1;
            lines.skip(head.len()).for_each(|line| push(&mut trimmed, line));
            push(&mut trimmed, "");
        }
        if runs < LAID_RUNS_MAX {
            let symbol = symbol(record).context("a record without a name")?;
            laid.push(symbol.to_owned());
        }
    }
    ensure!(kept > 0, "nothing ran {RUNS_MIN} times");
    Ok(Trimmed { text: trimmed, kept, all, laid })
}

/// The symbols of all that ran by a profile in LLVM's text form.
pub(super) fn symbols(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n").filter_map(symbol)
}

/// The symbol of a record, the head of the profile before it or not.
fn symbol(record: &str) -> Option<&str> {
    let name = record.lines().find(|line| !line.starts_with([':', '#']) && !line.is_empty())?;
    // Before the symbol of what is not seen outside its file stands the file.
    name.rsplit(';').next()
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The highest of a function's counters.
fn most_runs(record: &str) -> Result<u64> {
    let after = |title: &'static str| record.lines().skip_while(move |line| *line != title).skip(1);
    let count: usize = after(COUNT).next().context("no number of counters")?.parse()?;
    let values = after(VALUES).take(count).map(str::parse);
    let values: Vec<u64> = values.collect::<Result<_, _>>().context("a counter is no number")?;
    ensure!(values.len() == count, "{} counters instead of {count}", values.len());
    values.into_iter().max().context("no counters")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, counters: &[u64]) -> String {
        let values: String = counters.iter().map(|counter| format!("{counter}\n")).collect();
        format!(
            "{name}\n# Func Hash:\n7\n{COUNT}\n{}\n{VALUES}\n{values}# Num Value Kinds:\n1\n5000000\n\n",
            counters.len()
        )
    }

    #[test]
    fn what_ran_often_stays_as_it_is_and_the_rest_goes() {
        let head = "# IR level Instrumentation Flag\n:ir\n";
        let (often, seldom) = (record("often", &[3, 1000]), record("a.rs;seldom", &[999, 0]));
        let always = record("always", &[60_000]);
        for text in
            [format!("{head}{often}{always}{seldom}"), format!("{head}{seldom}{often}{always}")]
        {
            let mut parted = trim(&text).unwrap();
            parted.laid.sort();
            let text = format!("{head}{often}{always}");
            let laid = vec!["often".to_owned(), "seldom".to_owned()];
            assert_eq!(parted, Trimmed { text, kept: 2, all: 3, laid });
        }
    }

    #[test]
    fn a_record_that_is_cut_off_or_empty_is_refused() {
        let text = format!(":ir\n{}", record("one", &[5000]).replace("5000\n", ""));
        assert!(trim(&text).is_err());
        assert!(trim(":ir\n").is_err());
    }
}
