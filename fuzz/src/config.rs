//! Claims about what `architrave-config` makes of any file at all: it is the one reader whose
//! input also comes over the admin API.

use architrave_config::{CredentialForm, KindFacts, ProviderKinds, Sources, format, load};

/// An entry takes any bytes and panics when a claim does not hold.
pub type Entry = fn(&[u8]);

/// Every target with its entry; seeds are in `corpus/<name>`, and the files of
/// `fixtures/config` are seeds as well.
pub const ENTRIES: &[(&str, Entry)] = &[("config_file", config_file)];

/// A file is taken whole, or refused with faults that lie within it, in its order. Neither that
/// nor what it says depends on its layout.
pub fn config_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let loaded = load(&text, "f", &Kinds);
    if let Err(errors) = &loaded {
        assert!(!errors.is_empty(), "a refusal says why");
        // What is missing at the end is missed on the line after it.
        let lines = text.split(['\n', '\r']).count() + 1;
        for error in errors {
            let is_within = (1..=lines).contains(&(error.line as usize)) && error.column >= 1;
            assert!(is_within, "{error} in {lines} lines");
            assert!(!error.message.is_empty());
        }
        // What an alias repeats is reported where the alias stands, and shown where it is written.
        let in_order = errors.is_sorted_by_key(|error| (error.line, error.column));
        assert!(in_order || text.contains('*'), "{errors:?}");
    }
    let Ok(formatted) = format(&text, "f") else { return };
    assert_eq!(format(&formatted, "f").as_ref(), Ok(&formatted), "formatting twice changes it");
    match (loaded, load(&formatted, "f", &Kinds)) {
        (Ok(one), Ok(other)) => assert_eq!(format!("{one:?}"), format!("{other:?}")),
        (Err(one), Err(other)) => assert_eq!(one.len(), other.len(), "{one:?}\n{other:?}"),
        (one, other) => panic!("the layout decided: {one:?} or {other:?}"),
    }
}

/// A catalogue in which every short name is one of a few kinds, so that all rules are reached.
struct Kinds;

impl Sources for Kinds {
    fn env(&self, _name: &str) -> Option<String> {
        None
    }

    fn file(&self, _path: &str) -> Result<String, String> {
        Err(String::from("no files are available here"))
    }

    fn provider_kinds(&self) -> &dyn ProviderKinds {
        self
    }
}

impl ProviderKinds for Kinds {
    fn find(&self, kind: &str) -> Option<KindFacts> {
        let (base_url_needs, path_needs, credential) = match kind.len() {
            5 => (vec!["resource"], vec!["api_version"], CredentialForm::Azure),
            6 if kind.starts_with('v') => (vec!["project"], vec!["location"], CredentialForm::Gcp),
            6 => (vec![], vec![], CredentialForm::Value),
            7 => (vec!["region"], vec![], CredentialForm::Aws),
            8 => (vec!["account"], vec![], CredentialForm::Optional),
            _ => return None,
        };
        Some(KindFacts { base_url_needs, path_needs, credential })
    }

    fn names(&self) -> Vec<String> {
        ["azure", "vertex", "openai", "bedrock", "together"].map(String::from).to_vec()
    }
}
