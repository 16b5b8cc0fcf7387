//! The commands that work on a database: to move its objects, and to make a set-up code.

use std::path::PathBuf;

use architrave_core::Secret;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{catalog_arg, catalog_place, data_arg, database_arg, file, file_arg, path};
use crate::catalog;
use crate::database::DatabaseChoice;
use crate::transfer::{ApplyOptions, DiffOptions, ExportOptions, Server, Target};

/// The commands.
pub(super) fn commands() -> [Command; 6] {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let on_database = |command: Command| {
        command
            .arg(
                data_arg()
                    .default_value(catalog::DATA)
                    .help("The folder of the embedded database, and of the root key"),
            )
            .arg(database_arg())
            .arg(
                Arg::new("config")
                    .long("config")
                    .env("ARCHITRAVE_CONFIG")
                    .value_name("FILE")
                    .value_parser(value_parser!(PathBuf))
                    .help("The gateway file that lies over it, where there is one"),
            )
            .arg(catalog_arg())
    };
    let export = Command::new("export")
        .about("Write the objects of a database as a gateway file")
        .arg(
            Arg::new("output")
                .long("output")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("The file that is written, for its owner alone; by default standard output"),
        )
        .arg(flag("with-secrets").help(
            "Write secrets out; without, ${env:NAME} stands for each, and what must be set is \
             listed on standard error",
        ));
    let apply = Command::new("apply")
        .about("Make the objects of a database those of a gateway file, all or none")
        .arg(file_arg())
        .arg(flag("dry-run").help("Write nothing; only say what would change"))
        .arg(flag("prune").help("Also remove what the file does not have"))
        .arg(
            flag("override")
                .requires("reason")
                .help("Publish what breaks callers all the same; the audit log says so"),
        )
        .arg(
            flag("end-subscriptions")
                .help("Cancel subscriptions to plans that are removed, in place of refusing to"),
        )
        .arg(
            Arg::new("reason")
                .long("reason")
                .value_name("TEXT")
                .help("Why, for the audit log and for those whom it concerns"),
        )
        .arg(
            Arg::new("base")
                .long("base")
                .value_name("BASE")
                .help("What diff has said: refuse when anything has changed since"),
        );
    let diff = Command::new("diff")
        .about("Say what differs between a database and a gateway file: exit 0, or 2 if anything")
        .arg(file_arg());
    let backup = Command::new("backup")
        .about("Copy the embedded database as it is now; a gateway may run and write to it")
        .arg(file_arg().help("The file that is made, for its owner alone; none may be there"));
    let copy = Command::new("copy")
        .about("Copy a database whole into an empty PostgreSQL, people and passwords too; no gateway may run")
        .arg(
            database_arg()
                .id("to")
                .long("to")
                .env("ARCHITRAVE_COPY_TO")
                .required(true)
                .help("The URL of the database that is filled: postgres://user:password@host/name"),
        );
    let setup_code = Command::new("setup-code")
        .about("Make a new code for the first admin, while there is none; a gateway may run");
    let or_server = |command: Command| {
        let server =
            Arg::new("server").long("server").value_name("URL").conflicts_with("database").help(
                "A running gateway that is asked in place of the database: http://127.0.0.1:9080 or \
                 https://gateway.example:9443",
            );
        let token = Arg::new("token-file")
            .long("token-file")
            .env("ARCHITRAVE_TOKEN_FILE")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("A file with the token that is presented to it; else ARCHITRAVE_TOKEN has it");
        let ca = Arg::new("ca-file")
            .long("ca-file")
            .env("ARCHITRAVE_CA_FILE")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Authorities (PEM) that may vouch for it, in place of the system's");
        on_database(command).arg(server).arg(token).arg(ca)
    };
    [
        or_server(export),
        or_server(apply),
        or_server(diff),
        on_database(backup),
        on_database(copy),
        on_database(setup_code),
    ]
}

pub(super) fn target(matches: &ArgMatches) -> Target {
    let url = matches.get_one::<Secret>("database").cloned();
    Target {
        choice: url.map_or(DatabaseChoice::Embedded, DatabaseChoice::Postgres),
        data: path(matches, "data").expect("it has a default"),
        config: path(matches, "config"),
        catalog: catalog_place(matches),
    }
}

fn server(matches: &ArgMatches) -> Option<Server> {
    let url = matches.get_one::<String>("server").cloned()?;
    let (token_file, ca_file) = (path(matches, "token-file"), path(matches, "ca-file"));
    Some(Server { url, token_file, token: None, ca_file })
}

pub(super) fn export_options(matches: &ArgMatches) -> ExportOptions {
    ExportOptions {
        target: target(matches),
        server: server(matches),
        output: path(matches, "output"),
        with_secrets: matches.get_flag("with-secrets"),
    }
}

pub(super) fn apply_options(matches: &ArgMatches) -> ApplyOptions {
    ApplyOptions {
        target: target(matches),
        server: server(matches),
        file: file(matches),
        is_dry_run: matches.get_flag("dry-run"),
        is_pruning: matches.get_flag("prune"),
        is_override: matches.get_flag("override"),
        ends_subscriptions: matches.get_flag("end-subscriptions"),
        reason: matches.get_one::<String>("reason").cloned(),
        base: matches.get_one::<String>("base").cloned(),
    }
}

pub(super) fn diff_options(matches: &ArgMatches) -> DiffOptions {
    DiffOptions { target: target(matches), server: server(matches), file: file(matches) }
}
