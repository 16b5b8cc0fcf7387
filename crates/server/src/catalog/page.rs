//! `docs/providers.md`, written from the catalogue that is built in.

use std::fmt::Write as _;

use architrave_config::CredentialForm;
use architrave_llm::catalog::{Auth, Catalog, Provider};

use super::list::dialects;
use crate::kinds;

const PREFACE: &str = "\
# Kinds of providers

What can be the `kind` of a [provider](models.md#providers) in the gateway file: every row of the catalogue that is built in, and what it says of it.
This page is written by `architrave catalog list --page`; `make gen` renews it.
`architrave catalog list` prints the same of the catalogue that a gateway goes by, with [rows of your own](models.md#other-kinds-newer-prices), and with `--models` the models that each provider is known to have, how much they take and what they cost.

Beside these there are `openai_compatible`, which is whatever speaks OpenAI's Chat Completions at the `base_url` or `upstream` that you name, and `mock`, which is within the gateway and needs no model.

- **Dialects** are what the gateway can speak there, the one that the provider likes best first; clients may speak [any](dialects.md).
- **Credential** is the key under `credentials` in the file, and **sent as** what the provider gets of it.
- **Needs** are the parts of the address that you write on the provider; `{…}` in its base URL stands for them.
- **Models** counts those of which the catalogue knows something; a model that it does not know works, too.

";

const HEAD: &str = "\
| kind | base URL | dialects | credential | sent as | needs | models |
| --- | --- | --- | --- | --- | --- | --- |
";

/// The page.
pub(super) fn providers(catalog: &Catalog) -> String {
    let mut page = PREFACE.to_owned();
    let (local, afar): (Vec<_>, Vec<_>) = catalog.providers().partition(Provider::is_local);
    for (title, providers) in [("Services", afar), ("Runtimes on this machine", local)] {
        let _infallible = write!(page, "## {title}\n\n{HEAD}");
        for provider in &providers {
            let _infallible = writeln!(page, "{}", row(catalog, provider));
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn row(catalog: &Catalog, provider: &Provider) -> String {
    let models = catalog.models(&provider.name).count();
    format!(
        "| `{}` | `{}` | {} | {} | {} | {} | {} |",
        provider.name,
        provider.base_url,
        code(&dialects(provider)),
        credential(&provider.auth),
        sent_as(&provider.auth),
        code(&provider.placeholders()),
        if models == 0 { "–".to_owned() } else { models.to_string() },
    )
}

fn code(words: &[&str]) -> String {
    match words {
        [] => "–".to_owned(),
        words => format!("`{}`", words.join("`, `")),
    }
}

/// The key of the file.
fn credential(auth: &Auth) -> &'static str {
    match kinds::form(auth) {
        CredentialForm::Optional => "none, or `value`",
        CredentialForm::Value => "`value`",
        CredentialForm::Azure => "`value` or `azure`",
        CredentialForm::Aws => "`aws`",
        CredentialForm::Gcp => "`gcp` or `value`",
    }
}

/// What the provider gets.
fn sent_as(auth: &Auth) -> String {
    match auth {
        Auth::None | Auth::Bearer => "`Authorization: Bearer`".to_owned(),
        Auth::Google => "`Authorization: Bearer`, an access token".to_owned(),
        Auth::Word(word) => format!("`Authorization: {word}`"),
        Auth::Header(name) => format!("`{name}`"),
        Auth::Query(name) => format!("`?{name}=`"),
        Auth::SigV4(_) => "a signature of each request".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_kind_once_and_is_fresh() {
        let catalog = Catalog::embedded();
        let page = providers(&catalog);
        for provider in catalog.providers() {
            let begin = format!("| `{}` |", provider.name);
            let rows = page.lines().filter(|line| line.starts_with(&begin)).count();
            assert_eq!(rows, 1, "{begin}");
        }
        let written = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers.md");
        let written = std::fs::read_to_string(written).unwrap_or_default();
        assert!(written == page, "docs/providers.md is stale: run `make gen` and commit it");
    }
}
