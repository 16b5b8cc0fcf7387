//! Who may do what with what servers have: one evaluator for what is listed and what is called.
//!
//! It is asked with the name by which the server knows a thing and with the arguments in the bytes
//! that go on, so that what is judged is what is done.

use std::net::IpAddr;
use std::sync::Arc;

use architrave_config::{
    McpCondition, McpRule, McpScalar, McpService, McpTest, NamePattern, may_lead_up,
};
use architrave_core::Moment;
use architrave_mcp::argument::Argument;
use architrave_mcp::list::ListKind;
use architrave_policy::{Admission, NamedLimit, RateLimiters};

/// The rules of a service.
#[derive(Debug)]
pub(crate) struct Access {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    config: McpRule,
    /// The places of the servers that it speaks of, among those of the service.
    servers: Option<Vec<usize>>,
    limit: Option<NamedLimit>,
}

/// Who looks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Viewer {
    /// The consumer that it is.
    pub consumer: Option<Arc<str>>,
    /// The application that it is.
    pub application: Option<Arc<str>>,
}

/// What somebody wants to use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sought<'s> {
    /// The place of the server in the service.
    pub place: usize,
    /// What it is.
    pub kind: ListKind,
    /// What its server calls it.
    pub name: &'s str,
}

/// With what it is used, and by whom as limits count.
#[derive(Debug)]
pub(crate) struct Use<'u> {
    /// The arguments, as they go on.
    pub arguments: Option<&'u str>,
    /// Whether two names in one object differ in nothing but the case of their letters: readers do
    /// not agree on which one is meant, so no condition holds.
    pub has_case_twins: bool,
    /// The name of the server.
    pub server: &'u str,
    /// Who calls, and from where.
    pub caller: (&'u Admission, IpAddr),
    /// When.
    pub now: Moment,
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may go on.
    Allowed,
    /// For this caller it is not there.
    Hidden,
    /// Not with these arguments.
    WrongArguments,
    /// Not now; the seconds after which it may.
    Limited(u64),
}

impl Access {
    /// The rules of a service; none where there are none, and everything is allowed.
    pub(crate) fn new(service: &McpService, name: &str, limiters: &RateLimiters) -> Option<Self> {
        let place = |index| service.servers.iter().position(|server| server == index);
        let rules = service.access.as_ref()?.iter().enumerate().map(|(at, config)| Rule {
            servers: config.servers.as_ref().map(|all| all.iter().filter_map(place).collect()),
            limit: config.rate.map(|rate| {
                NamedLimit::new(limiters, &format!("services/{name}/mcp/access/{at}"), rate)
            }),
            config: config.clone(),
        });
        Some(Self { rules: rules.collect() })
    }

    /// Whether somebody is shown it.
    pub(crate) fn shows(&self, viewer: &Viewer, sought: Sought<'_>) -> bool {
        self.rules.iter().any(|rule| rule.speaks_of(viewer, sought))
    }

    /// Whether somebody may use it, which is counted.
    pub(crate) fn judge(&self, viewer: &Viewer, sought: Sought<'_>, used: &Use<'_>) -> Verdict {
        let mut verdict = Verdict::Hidden;
        for rule in self.rules.iter().filter(|rule| rule.speaks_of(viewer, sought)) {
            if !rule.config.when.iter().all(|condition| holds(condition, used)) {
                verdict = Verdict::WrongArguments;
                continue;
            }
            let Some(limit) = &rule.limit else { return Verdict::Allowed };
            return match limit.charge(used.caller, (used.server, sought.name), used.now) {
                Ok(()) => Verdict::Allowed,
                Err(seconds) => Verdict::Limited(seconds),
            };
        }
        verdict
    }
}

impl Rule {
    fn speaks_of(&self, viewer: &Viewer, sought: Sought<'_>) -> bool {
        let Sought { place, kind, name } = sought;
        let is_of_server = self.servers.as_ref().is_none_or(|all| all.contains(&place));
        is_of_server && self.holds_for(viewer) && {
            match kind {
                ListKind::Tools => self.config.tools.iter().any(|one| one.takes(name)),
                ListKind::Prompts => self.config.prompts.iter().any(|one| one.takes(name)),
                ListKind::Resources | ListKind::ResourceTemplates => {
                    self.config.resources.iter().any(|one| one.takes_place(name))
                }
            }
        }
    }

    fn holds_for(&self, viewer: &Viewer) -> bool {
        let is_among = |patterns: &Option<Vec<NamePattern>>, name: &Option<Arc<str>>| {
            let patterns = patterns.as_deref().unwrap_or_default();
            name.as_ref().is_some_and(|name| patterns.iter().any(|one| one.takes(name)))
        };
        let McpRule { consumers, applications, .. } = &self.config;
        (consumers.is_none() && applications.is_none())
            || is_among(consumers, &viewer.consumer)
            || is_among(applications, &viewer.application)
    }
}

fn holds(condition: &McpCondition, used: &Use<'_>) -> bool {
    let arguments = used.arguments.filter(|_| !used.has_case_twins);
    let argument = arguments.and_then(|text| Argument::at(text, &condition.argument));
    match (&condition.test, argument) {
        (McpTest::OneOf(values), Some(argument)) => {
            values.iter().any(|value| match (value, &argument) {
                (McpScalar::Text(text), Argument::Text(said)) => text == said,
                (McpScalar::Whole(number), Argument::Whole(said)) => number == said,
                (McpScalar::Truth(truth), Argument::Truth(said)) => truth == said,
                _ => false,
            })
        }
        (McpTest::StartsWith(start), Some(Argument::Text(said))) => {
            said.starts_with(start.as_str()) && !may_lead_up(&said)
        }
        (McpTest::Within(least, most), Some(Argument::Whole(said))) => {
            (*least..=*most).contains(&said)
        }
        _ => false,
    }
}
