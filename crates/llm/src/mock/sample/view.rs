//! All that a schema says of one value: its own words, those that it refers to, and those of the
//! branch that was taken.

use super::tree::Tree;

/// How many schemas may speak of one value; more are a circle.
const SCHEMAS_MAX: usize = 64;
/// How many fields of one object are looked at; each is looked for among the others.
const FIELDS_MAX: usize = 256;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Truth,
    Integer,
    Number,
    Text,
    List,
    Object,
}

/// The schemas that speak of one value.
#[derive(Debug)]
pub(super) struct View<'s>(Vec<&'s Tree>);

impl<'s> View<'s> {
    /// The view of a schema; `is_short` takes the branch that ends soonest.
    pub(super) fn of(schema: &'s Tree, root: &'s Tree, is_short: bool) -> Self {
        let mut all = vec![schema];
        let mut at = 0;
        while let Some(schema) = all.get(at).copied().filter(|_| all.len() < SCHEMAS_MAX) {
            at += 1;
            all.extend(schema.get("$ref").and_then(Tree::as_text).and_then(|to| root.at(to)));
            all.extend(schema.get("allOf").map_or(&[][..], Tree::items));
            for word in ["anyOf", "oneOf"] {
                let branches = schema.get(word).map_or(&[][..], Tree::items);
                let short = branches.iter().find(|branch| is_short && ends(branch));
                all.extend(short.or(branches.first()));
            }
        }
        Self(all)
    }

    /// What the first schema says that says anything of it.
    pub(super) fn find(&self, name: &str) -> Option<&'s Tree> {
        self.0.iter().find_map(|schema| schema.get(name))
    }

    /// The tightest of the numbers that the schemas say.
    pub(super) fn bound(&self, name: &str, tighter: fn(f64, f64) -> f64) -> Option<f64> {
        let all = self.0.iter().filter_map(|schema| schema.get(name)?.as_number());
        all.reduce(tighter)
    }

    /// Whether a schema says that something holds.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.0.iter().any(|schema| schema.get(name) == Some(&Tree::Truth(true)))
    }

    /// The schemas in a list.
    pub(super) fn list(&self, name: &str) -> Vec<&'s Tree> {
        self.find(name).map_or(&[][..], Tree::items).iter().collect()
    }

    /// The value that must be it, or one of those that it may be.
    pub(super) fn listed(&self, nth: usize) -> Option<&'s Tree> {
        self.find("const").or_else(|| {
            let values = self.find("enum")?.items();
            values.get(nth % values.len().max(1))
        })
    }

    /// The fields that must be there.
    pub(super) fn required(&self) -> Vec<&'s str> {
        let lists = self.0.iter().filter_map(|schema| schema.get("required"));
        let mut names: Vec<&str> = Vec::new();
        for name in lists.flat_map(Tree::items).filter_map(Tree::as_text).take(FIELDS_MAX) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The fields that are described.
    pub(super) fn properties(&self) -> Vec<(&'s str, &'s Tree)> {
        let mut all: Vec<(&str, &Tree)> = Vec::new();
        let maps = self.0.iter().filter_map(|schema| schema.get("properties"));
        for (name, schema) in maps.flat_map(Tree::fields).take(FIELDS_MAX) {
            if !all.iter().any(|(known, _)| known == name) {
                all.push((name, schema));
            }
        }
        all
    }

    /// What the value is, said or to be guessed from what else is said.
    pub(super) fn kind(&self, is_short: bool) -> Kind {
        let said = self.find("type").and_then(|said| match said {
            Tree::Text(word) => kind_of(word),
            kinds => {
                let mut kinds = kinds.items().iter().filter_map(|kind| kind_of(kind.as_text()?));
                if is_short && kinds.clone().any(|kind| kind == Kind::Null) {
                    return Some(Kind::Null);
                }
                kinds.clone().find(|kind| *kind != Kind::Null).or_else(|| kinds.next())
            }
        });
        let guesses = [
            (Kind::Object, ["properties", "required", "additionalProperties"]),
            (Kind::List, ["items", "prefixItems", "minItems"]),
            (Kind::Number, ["minimum", "maximum", "multipleOf"]),
        ];
        let guess = guesses.iter().find(|(_, words)| words.iter().any(|w| self.find(w).is_some()));
        said.or(guess.map(|(kind, _)| *kind)).unwrap_or(Kind::Text)
    }
}

/// Google writes the words in capitals.
fn kind_of(word: &str) -> Option<Kind> {
    Some(match word.to_ascii_lowercase().as_str() {
        "null" => Kind::Null,
        "boolean" => Kind::Truth,
        "integer" => Kind::Integer,
        "number" => Kind::Number,
        "string" => Kind::Text,
        "array" => Kind::List,
        "object" => Kind::Object,
        _ => return None,
    })
}

/// Whether a branch is a value with nothing in it.
fn ends(branch: &Tree) -> bool {
    let word = branch.get("type").and_then(Tree::as_text).and_then(kind_of);
    let is_scalar = word.is_some_and(|kind| !matches!(kind, Kind::List | Kind::Object));
    is_scalar || branch.get("const").is_some() || branch.get("enum").is_some()
}
