//! A file of rows taken over: held to be sound as a whole before anything of it counts.

use std::collections::BTreeMap;

use super::{Catalog, CatalogError, Model, Provider, RowError};

/// The catalogue with the rows of a file.
pub(super) fn merge(catalog: &Catalog, file: &str) -> Result<Catalog, Vec<CatalogError>> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut errors = Vec::new();
    let (mut providers, mut models) = (BTreeMap::new(), BTreeMap::new());
    for (index, text) in file.lines().enumerate() {
        let line = index + 1;
        let mut parts = text.trim().splitn(2, char::is_whitespace);
        let name = parts.next().unwrap_or_default();
        if name.is_empty() || name.starts_with('#') {
            continue;
        }
        match checked(name, parts.next().unwrap_or_default()) {
            _ if seen.contains_key(name) => {
                let what = RowError::Doubled(name.to_owned(), seen[name]);
                errors.push(CatalogError { line, what });
            }
            Ok(words) if name.contains('/') => drop(models.insert(name, words)),
            Ok(words) => drop(providers.insert(name, words)),
            Err(what) => errors.push(CatalogError { line, what }),
        }
        seen.entry(name).or_insert(line);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Catalog {
        providers: catalog.providers.with(&providers),
        models: catalog.models.with(&models),
    })
}

/// The words behind a name as they are kept, once they have been read.
fn checked(name: &str, words: &str) -> Result<String, RowError> {
    let row = if name.contains('/') {
        Model::read(name, words)?.to_string()
    } else {
        Provider::read(name, words)?.to_string()
    };
    Ok(row.split_once(' ').map(|(_, words)| words.to_owned()).unwrap_or_default())
}
