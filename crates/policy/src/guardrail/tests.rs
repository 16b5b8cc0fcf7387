//! Texts, bodies and streams seen through; pieces, however they are cut.

mod bodies;
mod pieces;
mod streams;

use std::sync::LazyLock;

use architrave_config::policy::guardrail::{PersonalData, SoughtPattern};
use regex::Regex;

use super::*;

fn config(keywords: &[&str], patterns: &[&str], personal: &[PersonalData]) -> config::Guardrail {
    let pattern = |text: &&str| SoughtPattern(Regex::new(text).unwrap());
    config::Guardrail {
        keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
        patterns: patterns.iter().map(pattern).collect(),
        personal_data: personal.to_vec(),
        action: GuardrailAction::Mask,
        on_request: true,
        on_response: true,
        mask: "[masked]".to_owned(),
    }
}

fn refusing(config: config::Guardrail) -> config::Guardrail {
    config::Guardrail { action: GuardrailAction::Refuse, ..config }
}

fn all() -> config::Guardrail {
    let kinds = [
        PersonalData::Email,
        PersonalData::Phone,
        PersonalData::Card,
        PersonalData::Iban,
        PersonalData::Ip,
        PersonalData::Ssn,
    ];
    config(&["nightfall", "project dawn"], &["sk-[A-Za-z0-9]{20,}"], &kinds)
}

fn guards(configs: &[config::Guardrail]) -> Guards {
    Guards::of(configs)
}

fn rules(config: &config::Guardrail) -> Arc<Rules> {
    Arc::new(Rules::new(config, Arc::default()))
}

/// The rules of [`all`], made once: patterns take a while to build.
fn all_rules() -> &'static Arc<Rules> {
    static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| rules(&all()));
    &RULES
}

/// The pieces seen through; what was let out with each, and at the end.
fn see_pieces(rules: &Arc<Rules>, pieces: &[&str]) -> Result<Vec<String>, Found> {
    let mut masker = Masker::new(rules);
    let mut outs = Vec::new();
    for piece in pieces {
        let mut out = String::new();
        masker.push(piece, &mut out)?;
        outs.push(out);
    }
    let mut out = String::new();
    masker.finish(&mut out)?;
    outs.push(out);
    Ok(outs)
}

fn see_whole(rules: &Arc<Rules>, text: &str) -> String {
    see_pieces(rules, &[text]).unwrap().concat()
}

#[test]
fn the_same_rules_have_the_same_fingerprint_and_others_another() {
    let of = |config: config::Guardrail| guards(&[config]).fingerprint();
    assert_eq!(of(all()), of(all()));
    assert_ne!(of(all()), of(config(&["nightfall"], &[], &[])));
    assert_ne!(of(all()), of(refusing(all())));
    assert_eq!(of(config::Guardrail { on_response: false, ..all() }), 0);
    let two = [config(&["a"], &[], &[]), config(&["b"], &[], &[])];
    let turned = [two[1].clone(), two[0].clone()];
    assert_ne!(guards(&two).fingerprint(), guards(&turned).fingerprint());
}
