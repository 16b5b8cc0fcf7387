//! The rules as pages of the documentation, written from the rules themselves.

use std::fmt::Write;

use crate::{breaking, lint};

/// `docs/breaking-changes.md`.
#[must_use]
pub fn breaking_page() -> String {
    let mut page = String::from(
        "# Changes that break callers\n\n\
         This page is written from the rules in `crates/openapi/src/breaking`; `make gen` renews it.\n\n\
         A new version of a description is held against the one that is published.\n\
         A rule is about callers who do what the old description allows and understand what it promises; what only more is possible with breaks nobody.\n\
         Operations belong together by method and path, whatever the parameters in it are called.\n",
    );
    for (group, rules) in breaking::groups() {
        let _infallible =
            write!(page, "\n## {group}\n\n| rule | what breaks whom |\n| --- | --- |\n");
        for rule in rules {
            let _infallible = writeln!(page, "| `{}` | {} |", rule.name, rule.about);
        }
    }
    page
}

/// `docs/description-rules.md`.
#[must_use]
pub fn lint_page() -> String {
    let mut page = String::from(
        "# What is asked of a description\n\n\
         This page is written from the rules in `crates/openapi/src/lint`; `make gen` renews it.\n\n\
         Findings stop nothing: a description with errors is taken, and what can be told from it is.\n\
         An error contradicts the format or the description itself, a warning is probably not meant, a hint could be told better.\n",
    );
    for (group, rules) in lint::groups() {
        let _infallible = write!(
            page,
            "\n## {group}\n\n| rule | weight | what it asks for |\n| --- | --- | --- |\n"
        );
        for rule in rules {
            let (name, severity, about) = (rule.name, rule.severity.as_str(), rule.about);
            let _infallible = writeln!(page, "| `{name}` | {severity} | {about} |");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// With `ARCHITRAVE_GOLDEN=write` the pages are written.
    #[test]
    fn pages_are_written_from_the_rules() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let pages = [
            ("breaking-changes.md", super::breaking_page()),
            ("description-rules.md", super::lint_page()),
        ];
        for (name, page) in pages {
            let path = docs.join(name);
            if option_env!("ARCHITRAVE_GOLDEN") == Some("write") {
                std::fs::write(&path, &page).expect("the page can be written");
            }
            let written = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(written, page, "{name} is stale: `make gen` writes it");
        }
    }

    #[test]
    fn there_are_twenty_rules_for_what_breaks_and_one_more_and_no_name_comes_twice() {
        let breaking: Vec<&str> = crate::breaking::groups()
            .iter()
            .flat_map(|(_, rules)| rules.iter().map(|rule| rule.name))
            .collect();
        // And one for what could not be looked at.
        assert_eq!(breaking.len(), 20 + 1);
        let lint = crate::lint::groups();
        let lint = lint.iter().flat_map(|(_, rules)| rules.iter().map(|rule| rule.name));
        let mut all: Vec<&str> = breaking.into_iter().chain(lint).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
