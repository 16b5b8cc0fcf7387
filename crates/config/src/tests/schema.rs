//! The schema and the reference: complete, closed, and in step with the reader.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::{NoSources, load, reference, schema};

fn visit(value: &Json, see: &mut impl FnMut(&str, &Json)) {
    match value {
        Json::Object(members) => {
            for (key, member) in members {
                see(key, member);
                visit(member, see);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| visit(item, see)),
        _ => {}
    }
}

#[test]
fn every_definition_is_used_and_every_reference_resolves() {
    let schema = schema();
    let defined: BTreeSet<&String> = schema["$defs"].as_object().unwrap().keys().collect();
    let mut used = BTreeSet::new();
    visit(&schema, &mut |key, member| {
        if key == "$ref" {
            used.insert(member.as_str().unwrap().strip_prefix("#/$defs/").unwrap().to_owned());
        }
    });
    assert_eq!(defined, used.iter().collect());
}

#[test]
fn one_name_stands_for_one_shape() {
    use crate::document::Document;
    use crate::read::{Shape, Written};
    use std::collections::HashMap;

    fn collect(shape: &Shape, seen: &mut HashMap<&'static str, String>) {
        let (name, children): (_, Vec<&Shape>) = match shape {
            Shape::Record(record) => {
                (Some(record.name), record.fields.iter().map(|field| &field.shape).collect())
            }
            Shape::Choice { name, options, .. } | Shape::Words { name, words: options, .. } => {
                (Some(*name), options.iter().filter_map(|option| option.shape.as_ref()).collect())
            }
            Shape::List { of, .. } | Shape::Pairs { of, .. } => (None, vec![of]),
            Shape::Either { short, long } => (None, vec![short, long]),
            _ => (None, vec![]),
        };
        if let Some(name) = name {
            let told = format!("{shape:?}");
            assert_eq!(seen.entry(name).or_insert_with(|| told.clone()), &told, "{name}");
        }
        children.into_iter().for_each(|child| collect(child, seen));
    }
    collect(&Document::shape(), &mut HashMap::new());
}

#[test]
fn every_key_has_a_description_and_a_place_in_the_reference() {
    let schema = schema();
    let page = reference();
    visit(&schema, &mut |key, member| {
        if key == "properties" {
            for (name, property) in member.as_object().unwrap() {
                assert_ne!(property["description"], "", "{name}");
                assert!(page.contains(&format!("| `{name}` |")), "{name}");
            }
        }
    });
}

#[test]
fn links_of_the_reference_lead_to_its_sections() {
    let page = reference();
    let sections: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## `"))
        .map(|title| {
            title.chars().filter(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect()
        })
        .collect();
    let links: BTreeSet<String> =
        page.split("](#").skip(1).map(|rest| rest.split_once(')').unwrap().0.to_owned()).collect();
    assert!(!links.is_empty());
    assert_eq!(links.difference(&sections).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_reference_is_as_recorded() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../../fixtures/config/reference");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("reference", reference()));
}

#[test]
fn the_example_loads() {
    let example = include_str!("../../../../examples/quickstart.yaml");
    let snapshot = load(example, "examples/quickstart.yaml", &NoSources).unwrap();
    assert_eq!(snapshot.routes.len(), 2);
    assert_eq!(snapshot.upstreams[0].endpoints.len(), 3);
}
