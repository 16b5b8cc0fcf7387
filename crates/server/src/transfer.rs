//! The commands that move objects between a gateway and a gateway file: export, apply, diff; and those
//! that copy the database and make a set-up code. They work on the database itself, or ask a gateway that runs.
#![expect(clippy::print_stderr, reason = "telling the person at the terminal is what they do")]

mod backup;
mod callers;
mod changes;
mod desk;
mod difference;
mod opened;
mod options;
mod refusal;
mod remote;
mod side;
mod whole;

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail, ensure};
use architrave_config::object::{Objects, Origin, Secrets, export_with};
use serde_json::Value;

pub(crate) use backup::backup;
pub(crate) use options::{ApplyOptions, DiffOptions, ExportOptions, Server, Target};
pub(crate) use whole::copy;

use crate::{complaint, setup_code, text};
use changes::Changes;
use opened::Opened;
use refusal::Refusal;
use remote::Seen;
use side::Side;

/// What `diff` exits with when there is a difference.
const DIFFERENT: u8 = 2;

/// The operation that makes everything so at once.
const APPLY: &str = "/api/v1/objects:apply";

/// Subscriptions that end and are told one by one.
const ENDED_TOLD_MAX: usize = 50;

/// Writes the objects of a database, and who calls by subscriptions, as a gateway file.
pub(crate) fn export(options: &ExportOptions) -> ExitCode {
    ended(run(async {
        ensure!(
            !options.with_secrets || options.output.is_some(),
            "secrets are written to a file alone, which only its owner can read: add --output FILE"
        );
        let side = Side::open(&options.server, &options.target).await?;
        let is_asked = matches!(side, Side::Server(_));
        ensure!(!(is_asked && options.with_secrets), "a gateway that is asked shows no secrets");
        let (objects, people) = (of_database(side.seen().await?.objects), side.people(&[]).await?);
        side.close().await;
        let secrets = if options.with_secrets { Secrets::Plain } else { Secrets::Variables };
        let (callers, left_out) = people.written(options.with_secrets);
        let objects = objects.iter().map(|held| &held.object);
        let exported = export_with(objects, &callers, secrets);
        match &options.output {
            Some(file) => {
                write(file, &exported.text).with_context(|| file.display().to_string())?;
            }
            None => drop(text::print(&exported.text)),
        }
        if !exported.variables.is_empty() {
            eprintln!("the file needs these variables to be set:");
            for (name, what) in &exported.variables {
                eprintln!("  {name}  {what}");
            }
        }
        if !left_out.is_empty() {
            let names = left_out.join(", ");
            eprintln!(
                "note: {names}: keys that no gateway has made are left out, since their digests \
                 would give them away; --with-secrets writes those, too"
            );
        }
        let has_applications = people.applications.is_some_and(|all| !all.is_empty());
        if is_asked && has_applications {
            eprintln!(
                "note: a gateway that is asked shows no keys of applications; export its database"
            );
        }
        Ok(ExitCode::SUCCESS)
    }))
}

/// Makes the objects of a database those of a file, and who calls by subscriptions.
pub(crate) fn apply(options: &ApplyOptions) -> ExitCode {
    ended(run(async {
        let side = Side::open_to_write(&options.server, &options.target).await?;
        let (seen, mut changes) = side.changes(&options.target, &options.file).await?;
        if let Some(base) = &options.base {
            ensure!(
                *base == changes.base(&seen),
                "it is not as it was when `diff` said {base}: somebody has changed it since; look \
                 at the differences again"
            );
        }
        if !options.is_pruning {
            changes.keep_what_is_there();
        }
        side.judge(&seen.objects, &changes)?;
        eprint!("{changes}");
        for said in &changes.left_alone {
            eprintln!("note: {said}");
        }
        let count = changes.count();
        if count > 0 {
            if options.is_dry_run {
                let answer = tried(&side, &seen, &changes, options).await?;
                let answer = answer.map_err(|refusal| anyhow!("{refusal}"))?;
                eprint!("{}", said_of_ended(&answer, "would end"));
            } else {
                let bodies = changes.bodies(&seen, options, side.body_bytes_max())?;
                send(&side, &seen, bodies).await?;
            }
        }
        side.close().await;
        let plural = if count == 1 { "" } else { "s" };
        let nothing = if options.is_dry_run { "; nothing was written" } else { "" };
        eprintln!("{count} change{plural}{nothing}");
        Ok(ExitCode::SUCCESS)
    }))
}

/// Sends what is to be applied: in one request, or in several that follow each other, of which each is
/// taken whole or not at all.
async fn send(side: &Side, seen: &Seen, bodies: Vec<String>) -> anyhow::Result<()> {
    let count = bodies.len();
    if count > 1 {
        eprintln!(
            "note: it is too long for one request, and goes in {count} parts; each is taken whole or \
             not at all"
        );
    }
    for (at, body) in bodies.into_iter().enumerate() {
        let of_part = || match at {
            _ if count == 1 => String::new(),
            0 => format!("part 1 of {count}, so that nothing was written: "),
            at => format!(
                "part {} of {count}; what was before it is written, and the same command goes on \
                 from there: ",
                at + 1
            ),
        };
        let answer = side.post(seen, APPLY, body).await;
        let answer = answer.map_err(|error| match count {
            1 => error,
            _ => error.context(of_part().trim_end_matches(": ").to_owned()),
        })?;
        let answer = answer.map_err(|refusal| anyhow!("{}{refusal}", of_part()))?;
        eprint!("{}", said_of_ended(&answer, "ended"));
    }
    Ok(())
}

/// Which subscriptions have ended, or would.
fn said_of_ended(answer: &Value, what: &str) -> String {
    let all = answer["ended_subscriptions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let count = answer["ended_subscriptions_count"].as_u64().unwrap_or_default();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut lines = String::new();
    for one in all.iter().filter_map(Value::as_str).take(ENDED_TOLD_MAX) {
        let _never = writeln!(lines, "{what}: the subscription of {one}");
    }
    if count > ENDED_TOLD_MAX {
        let _never = writeln!(lines, "{what}: {} more", count - ENDED_TOLD_MAX);
    }
    lines
}

/// Says what differs between the objects of a database, with who calls by subscriptions, and those
/// of a file; and what would be refused of it.
pub(crate) fn diff(options: &DiffOptions) -> ExitCode {
    ended(run(async {
        let side = Side::open(&options.server, &options.target).await?;
        let (seen, changes) = side.changes(&options.target, &options.file).await?;
        let mut lines = changes.to_string();
        let mut kept = changes.clone();
        kept.keep_what_is_there();
        let asked = ApplyOptions::of(options);
        for (how, changes) in [("apply", &kept), ("apply --prune", &changes)] {
            // Where nothing is to go, both are the same.
            let is_again = how != "apply" && changes.count() == kept.count();
            if changes.count() == 0 || is_again {
                continue;
            }
            let Err(refusal) = tried(&side, &seen, changes, &asked).await? else { continue };
            let why = refusal.to_string().replace('\n', "\n    ");
            let _never = writeln!(lines, "! {how} would be refused: {why}");
            let ends = ApplyOptions { ends_subscriptions: true, ..asked.clone() };
            if let Ok(answer) = tried(&side, &seen, changes, &ends).await? {
                lines.push_str(&said_of_ended(&answer, "! with --end-subscriptions would end"));
            }
        }
        side.close().await;
        for said in &changes.left_alone {
            eprintln!("note: {said}");
        }
        if changes.count() > 0 {
            eprintln!(
                "base {}: with --base, apply refuses when it is otherwise by then",
                changes.base(&seen)
            );
        }
        text::print(&lines);
        Ok(if changes.count() == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) })
    }))
}

/// What would come of changes. Where they are too long for one request, each part is tried with the
/// first, on what is there now: what only another part makes room for is refused here.
async fn tried(
    side: &Side,
    seen: &Seen,
    changes: &Changes,
    options: &ApplyOptions,
) -> anyhow::Result<Result<Value, Refusal>> {
    let mut answer = Ok(Value::Null);
    for body in changes.trials(seen, options, side.body_bytes_max())? {
        answer = side.post(seen, &format!("{APPLY}?validate_only=true"), body).await?;
        if answer.is_err() {
            break;
        }
    }
    Ok(answer)
}

/// Makes a new set-up code, whether or not a gateway runs.
pub(crate) fn new_setup_code(target: &Target) -> ExitCode {
    ended(run(async {
        let opened = Opened::read(target).await?;
        let code = setup_code::make(&opened.database.store).await?;
        opened.close().await;
        match code {
            Some(code) => Ok(text::print(&format!("{}\n", code.as_str()))),
            None => bail!("this gateway is set up already: its admins invite others"),
        }
    }))
}

fn run(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work)
}

fn ended(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        complaint::tell(&error, None);
        ExitCode::FAILURE
    })
}

/// A file that only its owner can read, whole or not at all.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut options = OpenOptions::new();
    // One that was left behind may be readable by others.
    let _none = std::fs::remove_file(&beside);
    let mut out = options.write(true).create_new(true).mode(0o600).open(&beside)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&beside, file)
}

/// Those that the database has, where a file lies over it.
fn of_database(objects: Objects) -> Objects {
    Objects::of(objects.iter().filter(|held| held.origin == Origin::Database).cloned())
}

/// The `ETag` of a row, as the API has it.
fn tag(id: &str, revision: i64) -> String {
    format!("\"{id}.{revision}\"")
}
