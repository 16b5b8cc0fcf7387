//! The ledger as the path drives it.

mod costs;
mod handover;
mod known;
mod leases;
mod limits;
mod parallel;
mod periods;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use architrave_core::Moment;
use architrave_llm::chat::TokenClass;
use architrave_llm::cost::{Femtos, Prices};
use architrave_llm::used::Charge;

use super::*;

/// Wednesday, 25 November 2026, noon.
const NOON: u64 = 1_795_608_000;

fn wall(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(second)
}

fn at(second: u64) -> Moment {
    Moment::from_nanos(second * 1_000_000_000)
}

/// USD for a million tokens of prompt and of output.
fn prices(input: &str, output: &str) -> Prices {
    let mut prices = Prices::default();
    prices.base.set(TokenClass::Input, Femtos::of_million(input).unwrap());
    prices.base.set(TokenClass::Output, Femtos::of_million(output).unwrap());
    prices
}

/// A request for text.
fn ask(prices: &Prices, prompt_tokens: u64, output_tokens_max: Option<u64>) -> Ask<'_> {
    Ask {
        prompt_tokens,
        output_tokens_max,
        output_tokens_possible: None,
        choices: 1,
        has_media: false,
        requests: 1,
        beside_tokens: Charge::default(),
        prices,
        service: None,
    }
}

fn tokens(limit: u64, per: Period) -> Budget {
    Budget { unit: Unit::Tokens, limit, per }
}

fn money(nano_usd: u64, per: Period) -> Budget {
    Budget { unit: Unit::NanoUsd, limit: nano_usd, per }
}

fn terms(budgets: &[Budget]) -> Terms {
    Terms { tokens: None, budgets: budgets.to_vec() }
}

fn account(budgets: &[Budget]) -> Arc<Account> {
    Ledger::in_memory().account("mobile", &terms(budgets)).unwrap()
}

/// What was spent of the first budget, and what is reserved.
fn standing(account: &Account, second: u64) -> (u64, u64) {
    let standing = account.standings(wall(second))[0];
    (standing.spent, standing.reserved)
}

const fn spent(tokens: u64) -> Spent {
    Spent { tokens, nano_usd: 0 }
}
