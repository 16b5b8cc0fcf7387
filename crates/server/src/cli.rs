//! The command line. Every flag of `run` can also be said in the environment.

use std::path::PathBuf;
use std::time::Duration;

use architrave_core::Secret;
use architrave_core::units::parse_duration;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::catalog::{self, CatalogPlace, Form, ListOptions, UpdateOptions};
use crate::database::DatabaseChoice;
use crate::transfer::{ApplyOptions, DiffOptions, ExportOptions, Target};

mod later;
#[cfg(test)]
mod tests;
mod transfer;

/// The file that the README begins with; a test of the README holds the two to one text.
const FIRST_FILE: &str = "\
version: 1
listeners: [{ name: web, address: \"0.0.0.0:8080\", protocol: http }]
upstreams: [{ name: app, endpoints: [{ address: \"127.0.0.1:9001\" }, { address: \"127.0.0.1:9002\" }] }]
services:  [{ name: app, http: { upstream: app } }]
routes:    [{ name: all, service: app }]
";

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// Run the gateway.
    Run(RunOptions),
    /// Check a file.
    Validate {
        /// Which.
        file: PathBuf,
        /// The catalogue that its providers are of.
        catalog: CatalogPlace,
    },
    /// Lay a file out anew.
    Format {
        /// Which.
        file: PathBuf,
        /// Only say whether it would change.
        is_check: bool,
    },
    /// Print the catalogue of providers and models.
    ListCatalog(ListOptions),
    /// Take rows and prices into the catalogue of providers and models.
    UpdateCatalog(UpdateOptions),
    /// Write the objects of a database as a file.
    Export(ExportOptions),
    /// Make the objects of a database those of a file.
    Apply(ApplyOptions),
    /// Say what differs between them.
    Diff(DiffOptions),
    /// Copy the embedded database.
    Backup {
        /// Which.
        target: Target,
        /// The file that is made.
        file: PathBuf,
    },
    /// Copy a database whole into an empty PostgreSQL.
    Copy {
        /// Which.
        target: Target,
        /// The URL of the other one.
        to: Secret,
    },
    /// Make a new set-up code.
    SetupCode(Target),
    /// Print the JSON Schema of the file.
    Schema,
    /// Print the reference of the file.
    Reference,
    /// Print the version.
    Version,
    /// Watch over child processes; for the gateway itself, not for people.
    Supervise,
}

/// How to run.
#[derive(Clone, Debug)]
pub(crate) struct RunOptions {
    /// The gateway file; without one there is a database.
    pub config: Option<PathBuf>,
    /// The folder of what outlives the process; without one, nothing does. There is one with a
    /// database.
    pub data: Option<PathBuf>,
    /// Which database has the objects; none where a file alone has them.
    pub database: Option<DatabaseChoice>,
    /// A file with the code that the first user proves themselves by.
    pub setup_code_file: Option<PathBuf>,
    /// Where the rows of the catalogue are that go over the built-in ones.
    pub catalog: CatalogPlace,
    /// How many workers; at least 1.
    pub workers: usize,
    /// How long what is in flight may take after SIGTERM.
    pub drain_timeout: Duration,
    /// Whether three demo origins are served on 127.0.0.1:9001 to 9003.
    pub demo: bool,
    /// Whether our own log is JSON.
    pub is_log_json: bool,
}

/// Reads the command line; ends the process with a message when it makes no sense.
#[must_use]
pub(crate) fn parse() -> Invocation {
    let matches = command().get_matches();
    if let Some(what) = later::asked_for(&matches) {
        clap::Error::raw(ErrorKind::InvalidValue, later::refusal(&what)).exit();
    }
    if let Some(wrong) = wrong_database(&matches) {
        clap::Error::raw(ErrorKind::InvalidValue, wrong).exit();
    }
    match matches.subcommand() {
        Some(("run", matches)) if names_two_files(matches) => {
            let why = "the gateway file is named twice: once by --config, and once without";
            clap::Error::raw(ErrorKind::ArgumentConflict, format!("{why}\n")).exit()
        }
        Some(("run", matches)) => Invocation::Run(run_options(matches)),
        Some(("validate", matches)) => {
            Invocation::Validate { file: file(matches), catalog: catalog_place(matches) }
        }
        Some(("fmt", matches)) => {
            Invocation::Format { file: file(matches), is_check: matches.get_flag("check") }
        }
        Some(("catalog", matches)) => match matches.subcommand().expect("clap requires it") {
            ("list", matches) => Invocation::ListCatalog(list_options(matches)),
            (_, matches) => Invocation::UpdateCatalog(update_options(matches)),
        },
        Some(("export", matches)) => Invocation::Export(transfer::export_options(matches)),
        Some(("apply", matches)) => Invocation::Apply(transfer::apply_options(matches)),
        Some(("diff", matches)) => Invocation::Diff(transfer::diff_options(matches)),
        Some(("backup", matches)) => {
            Invocation::Backup { target: transfer::target(matches), file: file(matches) }
        }
        Some(("copy", matches)) => Invocation::Copy {
            target: transfer::target(matches),
            to: matches.get_one::<Secret>("to").cloned().expect("it is required"),
        },
        Some(("setup-code", matches)) => Invocation::SetupCode(transfer::target(matches)),
        Some(("schema", _)) => Invocation::Schema,
        Some(("reference", _)) => Invocation::Reference,
        Some((crate::child::SUBCOMMAND, _)) => Invocation::Supervise,
        _ => Invocation::Version,
    }
}

fn command() -> Command {
    Command::new("architrave")
        .about("Load balancer and gateway: one binary between those who call and what answers")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help("`architrave run --help` shows a gateway file to begin with.")
        .subcommand(run_command())
        .subcommand(
            Command::new("validate")
                .about("Check a gateway file: exit 0, or 1 with every error")
                .arg(
                    file_arg()
                        .required(false)
                        .required_unless_present("config")
                        .conflicts_with("config"),
                )
                .arg(
                    Arg::new("config")
                        .long("config")
                        .value_name("FILE")
                        .value_parser(value_parser!(PathBuf))
                        .help("The same file, as `run` names it"),
                )
                .arg(data_arg().help("The folder whose catalog.txt it is checked against"))
                .arg(catalog_arg()),
        )
        .subcommand(
            Command::new("fmt")
                .about("Indent a gateway file by two spaces a level and tidy its white space, in place").arg(file_arg()).arg(
                Arg::new("check")
                    .long("check")
                    .action(ArgAction::SetTrue)
                    .help("Change nothing; exit 1 when something would change"),
            ),
        )
        .subcommand(
            Command::new("catalog")
                .about("The catalogue of providers and models with their prices")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommand(list_command())
                .subcommand(update_command()),
        )
        .subcommands(transfer::commands())
        .subcommand(Command::new("schema").about("Print the JSON Schema of the gateway file"))
        .subcommand(
            Command::new("reference").about("Print the reference of the gateway file as Markdown"),
        )
        .subcommand(Command::new("version").about("Print the version"))
        .subcommand(Command::new(crate::child::SUBCOMMAND).hide(true).about(
            "Watch over child processes of a gateway, which starts it by itself; not for people",
        ))
        .subcommands(later::subcommands())
}

fn run_command() -> Command {
    Command::new("run")
        .about("Run the gateway until SIGTERM or Ctrl-C: on a file, on a database, or on both")
        .after_long_help(first_steps())
        .arg(file_arg().required(false).help("The gateway file, as --config names it"))
        .arg(
            Arg::new("config")
                .long("config")
                .env("ARCHITRAVE_CONFIG")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help(
                    "The gateway file; read again on SIGHUP and when it changes. Alone, no database \
                     is opened; with --data or --database it lies over the database",
                ),
        )
        .arg(data_arg().help(
            "The folder of what outlives the process: the database, what consumers have spent, the \
             root key, the catalogue; made where it is missing. By default architrave-data, where \
             there is a database",
        ))
        .arg(database_arg())
        .arg(
            Arg::new("setup-code-file")
                .long("setup-code-file")
                .env("ARCHITRAVE_SETUP_CODE_FILE")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help(
                    "A file with the code by which the first user is made, in place of one that is \
                     printed; or the code itself in ARCHITRAVE_SETUP_CODE",
                ),
        )
        .arg(catalog_arg())
        .arg(
            Arg::new("workers")
                .long("workers")
                .env("ARCHITRAVE_WORKERS")
                .value_name("N")
                .value_parser(value_parser!(u16).range(1..=1024))
                .help("Worker threads; by default one per core"),
        )
        .arg(
            Arg::new("drain-timeout")
                .long("drain-timeout")
                .env("ARCHITRAVE_DRAIN_TIMEOUT")
                .value_name("TIME")
                .default_value("30s")
                .value_parser(|text: &str| parse_duration(text).map_err(|error| error.to_string()))
                .help("How long exchanges in flight may take after SIGTERM"),
        )
        .arg(
            Arg::new("log")
                .long("log")
                .env("ARCHITRAVE_LOG_FORMAT")
                .value_name("FORMAT")
                .value_parser(["text", "json"])
                .default_value("text")
                .help("How our own log is written to stderr; its level is in ARCHITRAVE_LOG"),
        )
        .arg(
            Arg::new("demo")
                .long("demo")
                .env("ARCHITRAVE_DEMO")
                .action(ArgAction::SetTrue)
                .help("Also serve three demo origins on 127.0.0.1:9001 to 9003"),
        )
        .args(later::flags())
}

fn list_command() -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    Command::new("list")
        .about("Print the kinds of providers: where they are, what they speak, what they need")
        .arg(Arg::new("provider").long("provider").value_name("KIND").help("This kind alone"))
        .arg(flag("models").help("Their models, how much each takes and what it costs"))
        .arg(flag("json").help("As JSON"))
        .arg(
            flag("page")
                .conflicts_with_all(["provider", "models", "json"])
                .help("As docs/providers.md, of the catalogue that is built in"),
        )
        .arg(data_arg().help("The folder whose catalog.txt is listed"))
        .arg(catalog_arg())
}

fn list_options(matches: &ArgMatches) -> ListOptions {
    ListOptions {
        provider: matches.get_one::<String>("provider").cloned(),
        with_models: matches.get_flag("models"),
        form: match (matches.get_flag("json"), matches.get_flag("page")) {
            (_, true) => Form::Page,
            (true, false) => Form::Json,
            (false, false) => Form::Table,
        },
        catalog: catalog_place(matches),
    }
}

fn update_command() -> Command {
    Command::new("update")
        .about("Take the rows of files, or a price list in LiteLLM's form, over the built-in ones")
        .arg(file_arg().num_args(1..).help("Rows, or a JSON price list; a later file wins"))
        .arg(
            data_arg().default_value(catalog::DATA).help("The folder whose catalog.txt is written"),
        )
        .arg(
            Arg::new("output")
                .long("output")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("The file that is written in place of it"),
        )
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .action(ArgAction::SetTrue)
                .help("Write nothing; only say what would change"),
        )
}

fn update_options(matches: &ArgMatches) -> UpdateOptions {
    let data = path(matches, "data").expect("it has a default");
    UpdateOptions {
        files: matches.get_many("file").expect("clap requires it").cloned().collect(),
        output: path(matches, "output").unwrap_or_else(|| data.join(catalog::FILE_NAME)),
        is_dry_run: matches.get_flag("dry-run"),
    }
}

fn catalog_arg() -> Arg {
    Arg::new("catalog")
        .long("catalog")
        .env("ARCHITRAVE_CATALOG")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("What `catalog update` has written; by default the catalog.txt of the data folder, or of architrave-data, if it is there")
}

fn catalog_place(matches: &ArgMatches) -> CatalogPlace {
    CatalogPlace::new(path(matches, "catalog"), path(matches, "data").as_deref())
}

fn file_arg() -> Arg {
    Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf))
}

fn data_arg() -> Arg {
    Arg::new("data")
        .long("data")
        .env("ARCHITRAVE_DATA")
        .value_name("DIR")
        .value_parser(value_parser!(PathBuf))
}

fn path(matches: &ArgMatches, name: &str) -> Option<PathBuf> {
    matches.get_one::<PathBuf>(name).cloned()
}

fn file(matches: &ArgMatches) -> PathBuf {
    let config = || matches.try_get_one::<PathBuf>("config").ok().flatten().cloned();
    path(matches, "file").or_else(config).expect("clap requires it")
}

/// Whether the command line names a file in both ways; the environment gives way to it.
fn names_two_files(matches: &ArgMatches) -> bool {
    let is_told = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
    is_told("file") && is_told("config")
}

fn database_arg() -> Arg {
    Arg::new("database")
        .long("database")
        .env("ARCHITRAVE_DATABASE")
        .hide_env_values(true)
        .value_name("URL")
        .value_parser(postgres_url)
        .help("PostgreSQL in place of the embedded database: postgres://user:password@host/name")
}

/// A URL that may hold a password; clap would quote it in its error, so that it is judged later.
fn postgres_url(url: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(url))
}

/// What is wrong with the database that was asked for; the URL is not quoted.
fn wrong_database(matches: &ArgMatches) -> Option<&'static str> {
    let (_, matches) = matches.subcommand()?;
    let url = matches.try_get_one::<Secret>("database").ok()??.expose();
    let is_one = url.starts_with("postgres://") || url.starts_with("postgresql://");
    (!is_one).then_some("--database takes the URL of PostgreSQL, which begins with postgres://\n")
}

/// How it is to run.
fn run_options(matches: &ArgMatches) -> RunOptions {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let config = path(matches, "file").or_else(|| path(matches, "config"));
    let url = matches.get_one::<Secret>("database").cloned();
    let named = path(matches, "data");
    let database = match url {
        Some(url) => Some(DatabaseChoice::Postgres(url)),
        None if named.is_some() || config.is_none() => Some(DatabaseChoice::Embedded),
        None => None,
    };
    let in_folder = database.is_some().then(|| PathBuf::from(catalog::DATA));
    RunOptions {
        config,
        data: named.or(in_folder),
        database,
        setup_code_file: path(matches, "setup-code-file"),
        catalog: catalog_place(matches),
        workers: matches.get_one::<u16>("workers").map_or(cores, |workers| usize::from(*workers)),
        drain_timeout: *matches.get_one::<Duration>("drain-timeout").expect("it has a default"),
        demo: matches.get_flag("demo"),
        is_log_json: matches.get_one::<String>("log").is_some_and(|format| format == "json"),
    }
}

/// What is said to who is new: a file to begin with.
fn first_steps() -> String {
    let mut text =
        String::from("A first gateway.yaml, which serves port 8080 in front of two servers:\n\n");
    for line in FIRST_FILE.lines() {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str(
        "\n  architrave run --config gateway.yaml\n\n\
         No servers at hand? With --demo it serves three of its own, on 127.0.0.1:9001 to 9003:\n\n  \
         architrave run --config gateway.yaml --demo\n\n\
         `architrave validate gateway.yaml` says what is wrong with a file, and\n\
         `architrave reference` prints everything that can be in one.\n",
    );
    text
}
