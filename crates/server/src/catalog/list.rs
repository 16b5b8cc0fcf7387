//! `architrave catalog list`: the kinds of providers and their models, as a table, as JSON or as
//! the page `docs/providers.md`.
#![expect(clippy::print_stderr, reason = "telling the person at the terminal is what it does")]

use std::process::ExitCode;

use architrave_llm::catalog::{Catalog, Model, Provider};
use architrave_llm::chat::{ServiceClass, TokenClass};
use architrave_llm::cost::{ClassPrices, Rates};
use serde_json::{Map, Value, json};

use super::table::Table;
use super::{CatalogFile, CatalogPlace, page};
use crate::text;

/// What stands for what nobody knows, and for nothing.
const NOTHING: &str = "-";

/// The kinds of provider that have no row: one is named by its address, the other is within.
const WITHOUT_ROW: [&str; 2] = ["openai_compatible", "mock"];

/// What of the catalogue is listed.
#[derive(Clone, Debug)]
pub(crate) struct ListOptions {
    /// This kind of provider alone.
    pub provider: Option<String>,
    /// Models in place of providers.
    pub with_models: bool,
    /// How it is told.
    pub form: Form,
    /// Where the catalogue is.
    pub catalog: CatalogPlace,
}

/// How a list is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// As the page of the documentation, of the catalogue that is built in.
    Page,
}

/// Prints the list and exits 0, or 1 where the catalogue cannot be read or has no such provider.
pub(crate) fn list(options: &ListOptions) -> ExitCode {
    if options.form == Form::Page {
        return text::print(&page::providers(&Catalog::embedded()));
    }
    let catalog = match CatalogFile::open(options.catalog.clone()) {
        Ok(file) => file.held(),
        Err(error) => {
            error.to_string().lines().for_each(|line| eprintln!("error: {line}"));
            return ExitCode::FAILURE;
        }
    };
    let providers = match chosen(&catalog, options.provider.as_deref()) {
        Ok(providers) => providers,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    text::print(&match (options.form, options.with_models) {
        (Form::Json, with_models) => as_json(&catalog, &providers, with_models),
        (_, true) => models(&catalog, &providers),
        (_, false) => kinds(&catalog, &providers),
    })
}

/// The providers that are asked for.
///
/// # Errors
/// That there is none of that name, with the nearest that there is.
fn chosen(catalog: &Catalog, name: Option<&str>) -> Result<Vec<Provider>, String> {
    let Some(name) = name else { return Ok(catalog.providers().collect()) };
    if let Some(provider) = catalog.provider(name) {
        return Ok(vec![provider]);
    }
    if WITHOUT_ROW.contains(&name) {
        return Err(format!("`{name}` is a kind of provider without a row in the catalogue"));
    }
    let names: Vec<String> = catalog.providers().map(|provider| provider.name).collect();
    let near = architrave_config::nearest(name, names.iter().map(String::as_str));
    let near = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
    Err(format!("the catalogue has no provider `{name}`{near}"))
}

/// Providers as a table.
fn kinds(catalog: &Catalog, providers: &[Provider]) -> String {
    let mut table = Table::new(["KIND", "DIALECTS", "CREDENTIAL", "NEEDS", "MODELS", "BASE URL"]);
    for provider in providers {
        let needs = provider.placeholders();
        table.row([
            provider.name.clone(),
            dialects(provider).join(", "),
            provider.auth.to_string(),
            if needs.is_empty() { NOTHING.to_owned() } else { needs.join(", ") },
            catalog.models(&provider.name).count().to_string(),
            provider.base_url.clone(),
        ]);
    }
    table.to_string()
}

/// Models as a table; prices are in USD for a million tokens, those in the last column as the row
/// of the catalogue has them.
fn models(catalog: &Catalog, providers: &[Provider]) -> String {
    let mut table =
        Table::new(["MODEL", "KIND", "CONTEXT", "OUTPUT", "USD/M IN", "USD/M OUT", "OTHER PRICES"]);
    for provider in providers {
        for model in catalog.models(&provider.name) {
            let tokens = |count: Option<u64>| {
                count.map_or_else(|| NOTHING.to_owned(), |count| count.to_string())
            };
            table.row([
                format!("{}/{}", provider.name, model.name),
                model.kind.name().to_owned(),
                tokens(model.input_max),
                tokens(model.output_max),
                price(&model, TokenClass::Input),
                price(&model, TokenClass::Output),
                other_prices(&model),
            ]);
        }
    }
    table.to_string()
}

fn price(model: &Model, class: TokenClass) -> String {
    let price = model.prices.as_ref().and_then(|prices| prices.base.own(class));
    price.map_or_else(|| NOTHING.to_owned(), |price| price.usd_a_million())
}

/// The prices of a row, but for those that have columns of their own.
fn other_prices(model: &Model) -> String {
    let row = model.to_string();
    let mut is_base = true;
    let mut others = row.split(' ').filter(|word| {
        is_base &= !(word.starts_with("above=") || word.starts_with("class="));
        let is_shown = is_base && (word.starts_with("input=") || word.starts_with("output="));
        word.contains('=') && !is_shown
    });
    let mut all = others.next().unwrap_or_default().to_owned();
    others.for_each(|word| all.extend([" ", word]));
    all
}

/// The names of the dialects that it speaks, the one that it likes best first.
pub(super) fn dialects(provider: &Provider) -> Vec<&'static str> {
    provider.routes.iter().map(|route| route.dialect.name()).collect()
}

fn as_json(catalog: &Catalog, providers: &[Provider], with_models: bool) -> String {
    let providers: Vec<Value> = providers
        .iter()
        .map(|provider| {
            let mut told = json!({
                "kind": provider.name,
                "base_url": provider.base_url,
                "dialects": dialects(provider),
                "credential": provider.auth.to_string(),
                "needs": provider.placeholders(),
            });
            let models = catalog.models(&provider.name);
            told["models"] = match with_models {
                true => models.map(|model| model_json(&model)).collect(),
                false => models.count().into(),
            };
            told
        })
        .collect();
    format!("{:#}\n", json!({ "providers": providers }))
}

/// A model; prices are texts, as a number of JSON may come out of a reader changed.
fn model_json(model: &Model) -> Value {
    let has = |abilities: architrave_llm::catalog::Abilities| -> Vec<&str> {
        abilities.iter().map(|ability| ability.name()).collect()
    };
    let mut told = json!({
        "name": model.name,
        "kind": model.kind.name(),
        "input_tokens_max": model.input_max,
        "output_tokens_max": model.output_max,
        "abilities": has(model.abilities),
        "lacks": has(model.lacks),
    });
    if let Some(prices) = &model.prices {
        told["usd_per_million"] = rates_json(&prices.base);
        let long = long_json(&prices.long);
        if !long.is_empty() {
            told["long_prompts"] = long.into();
        }
        let class = |(class, own): &(ServiceClass, ClassPrices)| {
            let long = long_json(&own.long);
            let mut told = json!({ "usd_per_million": rates_json(&own.base) });
            if !long.is_empty() {
                told["long_prompts"] = long.into();
            }
            (class.name().to_owned(), told)
        };
        let classes: Map<String, Value> = prices.classes.iter().map(class).collect();
        if !classes.is_empty() {
            told["service_classes"] = classes.into();
        }
    }
    let request = model.prices.as_ref().map(|prices| prices.request).filter(|price| price.0 > 0);
    let units = model.units.iter().map(|(unit, price)| (unit.name(), *price));
    let each: Map<String, Value> = (units.chain(request.map(|price| ("request", price))))
        .map(|(name, price)| (name.to_owned(), price.usd().into()))
        .collect();
    if !each.is_empty() {
        told["usd_each"] = each.into();
    }
    told
}

fn long_json(long: &[(u64, Rates)]) -> Vec<Value> {
    let above = |(tokens, rates): &(u64, Rates)| {
        let rates = rates_json(rates);
        json!({ "above": tokens, "usd_per_million": rates })
    };
    long.iter().map(above).collect()
}

fn rates_json(rates: &Rates) -> Value {
    let own = TokenClass::ALL.into_iter().filter_map(|class| Some((class, rates.own(class)?)));
    let own = own.map(|(class, price)| (class.name(), price));
    own.chain(rates.cache_read_audio.map(|price| ("cache_read_audio", price)))
        .map(|(name, price)| (name.to_owned(), price.usd_a_million().into()))
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_and_every_model_has_a_line() {
        let catalog = Catalog::embedded();
        let all = chosen(&catalog, None).unwrap();
        assert_eq!(kinds(&catalog, &all).lines().count(), all.len() + 1);
        let openai = chosen(&catalog, Some("openai")).unwrap();
        let told = models(&catalog, &openai);
        assert_eq!(told.lines().count(), catalog.models("openai").count() + 1);
        let mini = told.lines().find(|line| line.starts_with("openai/gpt-4o-mini ")).unwrap();
        let words: Vec<&str> = mini.split_whitespace().collect();
        assert_eq!(words[1..6], ["chat", "128000", "16384", "0.15", "0.6"], "{mini}");
        let others =
            " cache_read=0.075 search=0.025 class=priority input=0.25 cache_read=0.125 output=1";
        assert!(mini.ends_with(others), "{mini}");
    }

    #[test]
    fn prices_are_told_to_programs_in_full() {
        let catalog = Catalog::embedded()
            .merge("lab https://lab.example/v1 bearer openai_chat\nlab/big chat 9 - tools,!images input=1 output=2 request=0.5 image_in=0.01 above=5 input=3 class=flex output=1 above=5 input=2\n")
            .unwrap();
        let told = as_json(&catalog, &chosen(&catalog, Some("lab")).unwrap(), true);
        let told: Value = serde_json::from_str(&told).unwrap();
        let lab = &told["providers"][0];
        assert_eq!(lab["credential"], "bearer");
        let expected = json!([{
            "name": "big", "kind": "chat", "input_tokens_max": 9, "output_tokens_max": null,
            "abilities": ["tools"], "lacks": ["images"],
            "usd_per_million": { "input": "1", "output": "2" },
            "long_prompts": [{ "above": 5, "usd_per_million": { "input": "3" } }],
            "service_classes": { "flex": {
                "usd_per_million": { "output": "1" },
                "long_prompts": [{ "above": 5, "usd_per_million": { "input": "2" } }],
            } },
            "usd_each": { "request": "0.5", "image_in": "0.01" },
        }]);
        assert_eq!(lab["models"], expected);
    }

    #[test]
    fn who_is_not_there_is_said_with_who_may_be_meant() {
        let catalog = Catalog::embedded();
        let error = chosen(&catalog, Some("opnai")).unwrap_err();
        assert!(error.ends_with("no provider `opnai`, did you mean `openai`?"), "{error}");
        let error = chosen(&catalog, Some("mock")).unwrap_err();
        assert!(error.contains("without a row"), "{error}");
    }
}
