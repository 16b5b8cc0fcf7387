//! A provider put to work: how it is reached and what it speaks.

use std::sync::Arc;

use architrave_config::{CredentialSecret, Provider, ProviderCredential, ProviderKind};
use architrave_core::Moment;
use architrave_core::name::UpstreamName;
use architrave_llm::catalog::{self, Auth, Catalog, Route};
use architrave_llm::dialect::Dialect;

use crate::assembly::{AssemblyError, LiveUpstream, Parts};
use crate::models::{BaseUrl, LiveModels, OwnUpstream};
use crate::upkeep::tokens::Tokens;

/// A provider put to work.
#[derive(Debug)]
pub(crate) struct LiveProvider {
    /// What was written.
    pub config: Arc<Provider>,
    /// The provider as each of its credentials sees it, in their order; one where there is none.
    pub sides: Vec<Arc<Side>>,
}

/// A provider as one of its credentials sees it: regions and the like are the credential's.
#[derive(Debug)]
pub(crate) struct Side {
    /// What it speaks and how it differs: its row of the catalogue, placeholders filled.
    pub row: catalog::Provider,
    /// How it is reached; `None` for the mock, which is not.
    pub reach: Option<Reach>,
    /// The access tokens that are presented, where the credential is a service account.
    pub tokens: Option<Arc<Tokens>>,
}

/// How a provider is reached.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    /// Its endpoints.
    pub upstream: Arc<LiveUpstream>,
    /// Host and port as requests name them.
    pub authority: Box<str>,
    /// The path that every path begins with; empty or `/…` without a slash at its end.
    pub base_path: Box<str>,
    /// Whether the upstream is the provider's own, made of its base URL.
    pub is_own: bool,
}

impl LiveProvider {
    /// Whether it is still what the snapshot says.
    pub(super) fn is_current(
        &self,
        config: &Arc<Provider>,
        upstreams: &[Arc<LiveUpstream>],
        catalog: &Arc<Catalog>,
        previous: Option<&LiveModels>,
    ) -> bool {
        let is_same_catalog = previous.is_some_and(|models| Arc::ptr_eq(&models.catalog, catalog));
        let is_same_upstream = config.upstream.is_none_or(|index| {
            let reach = self.sides[0].reach.as_ref();
            reach.is_some_and(|reach| Arc::ptr_eq(&upstreams[index.get()], &reach.upstream))
        });
        let mut tokens = self.sides.iter().filter_map(|side| side.tokens.as_ref());
        *self.config == **config
            && is_same_catalog
            && is_same_upstream
            && tokens.all(|tokens| tokens.is_current())
    }

    /// Puts a provider to work.
    pub(super) fn new(
        config: &Arc<Provider>,
        before: Option<&Arc<Self>>,
        upstreams: &[Arc<LiveUpstream>],
        (parts, now): (&Parts, Moment),
    ) -> Result<Self, AssemblyError> {
        let mut sides: Vec<Arc<Side>> = Vec::new();
        for place in 0..config.credentials.len().max(1) {
            let credential = config.credentials.get(place);
            let row = row_of(config, credential, &parts.catalog)?;
            let tokens = match credential.map(|credential| &credential.secret) {
                Some(CredentialSecret::Gcp { file, .. }) => {
                    let tokens = parts.service_accounts.tokens(file);
                    Some(
                        tokens
                            .map_err(|error| AssemblyError::Account(config.name.clone(), error))?,
                    )
                }
                _ => None,
            };
            let twin = sides.iter().find(|side| side.row.base_url == row.base_url);
            let reach = match (&config.kind, twin) {
                (ProviderKind::Mock(_), _) => None,
                (_, Some(twin)) => twin.reach.clone(),
                (_, None) => Some(Reach::new(config, &row, before, upstreams, (parts, now))?),
            };
            sides.push(Arc::new(Side { row, reach, tokens }));
        }
        Ok(Self { config: Arc::clone(config), sides })
    }

    /// The upstreams that are its own, made of its base URLs.
    pub(crate) fn own_upstreams(&self) -> impl Iterator<Item = &Arc<LiveUpstream>> {
        let reaches = self.sides.iter().filter_map(|side| side.reach.as_ref());
        reaches.filter(|reach| reach.is_own).map(|reach| &reach.upstream)
    }
}

impl Side {
    /// Where it is asked by a client of `dialect`: in the client's own where it speaks that, else
    /// in the one that it likes best.
    pub(crate) fn route(&self, dialect: Dialect) -> Option<&Route> {
        self.row.route(dialect).or_else(|| self.row.routes.first())
    }
}

impl Reach {
    fn new(
        config: &Provider,
        row: &catalog::Provider,
        before: Option<&Arc<LiveProvider>>,
        upstreams: &[Arc<LiveUpstream>],
        (parts, now): (&Parts, Moment),
    ) -> Result<Self, AssemblyError> {
        let url = BaseUrl::of(&row.base_url);
        if let Some(index) = config.upstream {
            let upstream = Arc::clone(&upstreams[index.get()]);
            let authority = upstream.config.name.as_str().into();
            let base_path = url.map_or("", |url| url.path).into();
            return Ok(Self { upstream, authority, base_path, is_own: false });
        }
        let url = url.ok_or_else(|| AssemblyError::Provider(config.name.clone()))?;
        let own = OwnUpstream {
            // No upstream of a file can have this name.
            name: UpstreamName::new(&format!("{}@{}", config.name, url.host)),
            url: &url,
            allow_private: config.allow_private,
            connect: config.timeouts.connect,
            idle: config.timeouts.stall,
        };
        let known = before.into_iter().flat_map(|before| before.own_upstreams());
        let before = known.into_iter().find(|live| live.config.name == own.name);
        let live = own.live(before, parts, now)?;
        Ok(Self {
            upstream: live,
            authority: url.authority.into(),
            base_path: url.path.into(),
            is_own: true,
        })
    }
}

/// The row of the catalogue, with what the configuration says in it.
pub(crate) fn row_of(
    config: &Provider,
    credential: Option<&ProviderCredential>,
    catalog: &Catalog,
) -> Result<catalog::Provider, AssemblyError> {
    let row = match &config.kind {
        ProviderKind::Catalog(kind) => {
            catalog.provider(kind).unwrap_or_else(|| compatible_row(config))
        }
        ProviderKind::OpenaiCompatible => compatible_row(config),
        // It has no completions of its own, and so makes them of chat.
        ProviderKind::Mock(_) => {
            let mut row = compatible_row(config);
            row.quirks.push(("lacks_completions", None));
            row
        }
    };
    let base_url = match (&config.base_url, config.upstream) {
        (Some(base_url), _) => Some(base_url.as_str()),
        // Of an upstream's endpoints only the path is asked for, and none that is somebody's own.
        (None, Some(_)) if !row.base_url.contains('{') => Some(row.base_url.as_str()),
        (None, Some(_)) => Some(""),
        (None, None) => None,
    };
    row.filled(base_url, |name| config.filled(credential, name))
        .map_err(|error| AssemblyError::Address(config.name.clone(), error))
}

/// What is known of a provider of which nothing is known but that it speaks OpenAI's dialect: the
/// older names of fields, which all of its kind take, and, of an upstream, the path.
fn compatible_row(config: &Provider) -> catalog::Provider {
    catalog::Provider {
        name: config.name.as_str().to_owned(),
        base_url: format!("http://{}/v1", config.name),
        auth: Auth::None,
        routes: vec![Route {
            dialect: Dialect::OpenaiChat,
            path: String::new(),
            stream_path: None,
        }],
        quirks: vec![("tokens_max_older", None), ("lacks_developer_role", None)],
        headers: Vec::new(),
        edits: Vec::new(),
        models: None,
        prefix: None,
    }
}
