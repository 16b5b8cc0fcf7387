//! What the command line understands; what comes of it is for the black-box tests.

use super::*;

fn asked_for(line: &str) -> Option<String> {
    let matches = command().try_get_matches_from(line.split(' '));
    later::asked_for(&matches.expect("the command line is understood"))
}

#[test]
fn the_command_line_is_well_formed() {
    command().debug_assert();
}

#[test]
fn what_is_still_to_come_is_known_by_name() {
    let with_file = "architrave run --config gateway.yaml";
    for (flag, rest) in [("--redis", ""), ("--role", " all")] {
        assert_eq!(asked_for(&format!("{with_file} {flag}{rest}")).as_deref(), Some(flag));
        assert_eq!(asked_for(&format!("architrave run {flag}{rest}")).as_deref(), Some(flag));
    }
    assert!(asked_for("architrave replay log --policy p").is_some());
    assert_eq!(asked_for(&format!("{with_file} --data dir")), None);
    assert_eq!(asked_for("architrave run gateway.yaml --data dir"), None);
    assert_eq!(asked_for(with_file), None);
    assert_eq!(asked_for("architrave version"), None);
    assert!(later::refusal("--redis").contains("not in this version"));
}

#[test]
fn a_file_to_check_is_named_as_run_names_it_too() {
    for line in ["validate gw.yaml", "validate --config gw.yaml"] {
        let line = format!("architrave {line}");
        let matches = command().try_get_matches_from(line.split(' ')).expect("it is understood");
        let matches = matches.subcommand_matches("validate").expect("it is `validate`");
        assert_eq!(file(matches).as_os_str(), "gw.yaml", "{line}");
    }
}

#[test]
fn an_update_goes_to_the_data_folder_or_where_it_is_told() {
    let options = |rest: &str| {
        let line = format!("architrave catalog update {rest}");
        let matches = command().try_get_matches_from(line.split(' ')).expect("it is understood");
        let matches = matches.subcommand_matches("catalog").expect("it is `catalog`");
        update_options(matches.subcommand_matches("update").expect("it is `update`"))
    };
    let plain = options("a.txt b.json");
    assert_eq!(plain.files, [PathBuf::from("a.txt"), PathBuf::from("b.json")]);
    assert!(!plain.is_dry_run && plain.output.ends_with("architrave-data/catalog.txt"));
    assert_eq!(options("f --data /srv/d").output, PathBuf::from("/srv/d/catalog.txt"));
    let told = options("--output o.txt --dry-run f");
    assert!(told.is_dry_run && told.output.as_os_str() == "o.txt", "{told:?}");
}

#[test]
fn the_help_says_nothing_of_it() {
    let mut command = command();
    let help = command.render_long_help().to_string();
    assert!(help.contains("validate") && !help.contains("replay"), "{help}");
    let run = command.find_subcommand_mut("run").expect("it is there");
    let help = run.render_long_help().to_string();
    assert!(help.contains("--workers") && !help.contains("--redis"), "{help}");
}

#[test]
fn the_first_file_is_the_one_of_the_readme_and_is_valid() {
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains(&format!("```yaml\n{FIRST_FILE}```\n")), "the README has another");
    let loaded = architrave_config::load(FIRST_FILE, "gateway.yaml", &architrave_config::NoSources);
    assert!(loaded.is_ok(), "{loaded:?}");
    let said = first_steps();
    assert!(FIRST_FILE.lines().all(|line| said.contains(line)), "{said}");
    assert!(said.contains("--config") && said.contains("--demo"), "{said}");
    let mut command = command();
    let run = command.find_subcommand_mut("run").expect("it is there");
    assert!(run.render_long_help().to_string().contains(&said), "the help shows it");
}

#[test]
fn a_file_alone_opens_no_database_and_all_else_does() {
    let run = |rest: &str| {
        let line = format!("architrave run {rest}");
        let matches = command().try_get_matches_from(line.split_whitespace());
        run_options(matches.expect("it is understood").subcommand_matches("run").expect("it is"))
    };
    let file = run("--config f");
    assert!(file.database.is_none() && file.data.is_none() && file.config.is_some());
    let nothing = run("");
    assert_eq!(nothing.database, Some(DatabaseChoice::Embedded));
    assert_eq!(nothing.data, Some(PathBuf::from("architrave-data")));
    assert!(nothing.config.is_none());
    let both = run("--config f --data d");
    assert_eq!((both.database, both.data), (Some(DatabaseChoice::Embedded), Some("d".into())));
    let url = Secret::new("postgres://u:p@h/d");
    let postgres = run("--config f --database postgres://u:p@h/d");
    assert_eq!(postgres.database, Some(DatabaseChoice::Postgres(url)));
    assert_eq!(postgres.data, Some(PathBuf::from("architrave-data")));
    assert!(!format!("{postgres:?}").contains("u:p"), "{postgres:?}");
    for rest in ["gw.yaml", "--config gw.yaml", "gw.yaml --demo --data d"] {
        assert_eq!(run(rest).config, Some(PathBuf::from("gw.yaml")), "{rest}");
    }
}

#[test]
fn a_url_that_is_none_is_refused_without_being_quoted() {
    let wrong = |url: &str| {
        let line = ["architrave", "run", "--database", url];
        let matches = command().try_get_matches_from(line).expect("it is understood");
        wrong_database(&matches)
    };
    assert!(wrong("mysql://u:s3cret@h/d").is_some_and(|said| !said.contains("s3cret")));
    assert_eq!(wrong("postgres://u:s3cret@h/d"), None);
    assert_eq!(wrong("postgresql:///d"), None);
}
