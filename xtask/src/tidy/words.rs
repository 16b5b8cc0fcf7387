//! One word per thing: public items and configuration keys do not use someone else's word.

use std::path::Path;

use anyhow::Result;

use super::rules::Rules;
use super::source::Source;
use crate::tree;

const ITEMS: [&str; 9] =
    ["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "union"];

/// Public items whose name holds a banned word.
pub(super) fn in_items(source: &Source, rules: &Rules) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in source.shipped_lines() {
        let Some(rest) = line.trim_start().strip_prefix("pub ") else { continue };
        let words = rest.split_whitespace().skip_while(|word| {
            ["async", "const", "unsafe"].contains(word) && !rest.starts_with("const ")
        });
        let words: Vec<&str> = words.collect();
        let name = match words[..] {
            [kind, name, ..] if ITEMS.contains(&kind) => name,
            [field, ..] if field.ends_with(':') => field,
            _ => continue,
        };
        let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        if let Some(word) = banned(name, rules) {
            complaints.push(format!("{}:{number}: `{name}` says `{word}`", source.path));
        }
    }
    complaints
}

/// Keys of gateway files, and of the records that read them, that hold a banned word.
pub(super) fn in_keys(root: &Path, rules: &Rules) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (folder, extension) in [("crates/config/src", "rs"), ("examples", "yaml")] {
        for path in tree::files(&root.join(folder), extension)? {
            let text = tree::read(&path)?;
            for (index, line) in text.lines().enumerate() {
                let keys = if extension == "rs" { record_key(line) } else { yaml_key(line) };
                if let Some(word) = keys.and_then(|key| banned(key, rules)) {
                    let path = path.strip_prefix(root)?.display();
                    complaints.push(format!("{path}:{}: a key says `{word}`", index + 1));
                }
            }
        }
    }
    Ok(complaints)
}

/// The key of a line `"key": Type = default => …` in a record.
fn record_key(line: &str) -> Option<&str> {
    let (key, rest) = line.trim_start().strip_prefix('"')?.split_once('"')?;
    (rest.starts_with(':') && rest.contains("=>")).then_some(key)
}

/// The first key of a line of YAML.
fn yaml_key(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("- ").trim_start_matches("{ ");
    let (key, _) = line.split_once(':')?;
    key.chars().all(|c| c.is_ascii_lowercase() || c == '_').then_some(key)
}

/// The banned word among the words of a name in any case.
fn banned<'r>(name: &str, rules: &'r Rules) -> Option<&'r str> {
    let mut spaced = String::new();
    for c in name.chars() {
        if c.is_uppercase() || c == '_' {
            spaced.push(' ');
        }
        spaced.extend(c.to_lowercase());
    }
    let mut words = spaced.split([' ', '_']);
    let found = words.find_map(|word| {
        rules.banned.iter().find(|banned| *banned == word || word == format!("{banned}s"))
    });
    found.map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules { banned: vec!["channel".to_owned(), "tier".to_owned()], ..Rules::default() }
    }

    fn count(text: &str) -> usize {
        let source = Source { path: "a.rs".to_owned(), text: text.to_owned(), is_test: false };
        in_items(&source, &rules()).len()
    }

    #[test]
    fn a_banned_word_in_a_public_name_is_found_and_parts_of_words_are_not() {
        assert_eq!(count("pub struct LogChannel;\n"), 1);
        assert_eq!(count("pub async fn open_channels(x: u8) {}\n"), 1);
        assert_eq!(count("    pub tier: u8,\n"), 1);
        assert_eq!(count("pub struct Frontier;\nstruct Channel;\n"), 0);
    }

    #[test]
    fn keys_of_records_and_of_files_are_found() {
        assert_eq!(record_key("        \"tier\": u8 => pub tier: u8,"), Some("tier"));
        assert_eq!(yaml_key("  - tier: 1"), Some("tier"));
        assert_eq!(yaml_key("# a sentence: with a colon"), None);
    }
}
