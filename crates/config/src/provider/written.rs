//! A provider as it is written, and the rules between its keys and the catalogue.

use std::collections::HashSet;

use architrave_core::name::ProviderName;

use super::credential::{CredentialWritten, FORMS};
use super::kind::{CredentialForm, KindFacts, MOCK, OPENAI_COMPATIBLE};
use super::{Mock, Provider, ProviderCredential, ProviderKind, ProviderLinks, ProviderTimeouts};
use crate::read::{BaseUrl, List, Name, Reader, Ref, Scope, Shape, Written, record, scalar};
use crate::snapshot::UpstreamIndex;
use crate::tree::Node;

/// The placeholders that the catalogue knows, each a key of the provider.
const FILLS: [&str; 6] = ["region", "resource", "project", "location", "account", "api_version"];

/// Those that are part of a credential, and of which one.
const FILLS_OF_FORMS: [(&str, &str); 4] =
    [("aws", "region"), ("gcp", "project"), ("gcp", "location"), ("azure", "api_version")];

record! {
    /// Where models come from.
    #[derive(Debug)]
    pub(crate) struct ProviderWritten => Provider by finish {
        /// Its name; `name/model` asks for any model it has.
        "name": Name<ProviderName> => name: ProviderName,
        /// An entry of the catalogue such as `openai`, `anthropic` or `bedrock`, or
        /// `openai_compatible`, or `mock`.
        "kind": Kind => kind: ProviderKind,
        /// Where it is, in place of what the catalogue says; `openai_compatible` needs this or
        /// `upstream`.
        "base_url": Option<BaseUrl> = None => base_url: Option<String>,
        /// Or the upstream whose endpoints it is. Paths are those of the catalogue;
        /// `openai_compatible` has them below `/v1`.
        "upstream": Option<Ref<UpstreamIndex>> = None => upstream: Option<UpstreamIndex>,
        /// What is presented there; requests are spread over them by weight.
        "credentials": List<CredentialWritten> = Vec::new()
            => credentials: Vec<ProviderCredential>,
        /// The region, for kinds that have it in their address.
        "region": Option<FillText> = None => region: Option<String>,
        /// The resource of Azure.
        "resource": Option<FillText> = None => resource: Option<String>,
        /// The project of Google Cloud.
        "project": Option<FillText> = None => project: Option<String>,
        /// The location of Google Cloud, such as `europe-west4`.
        "location": Option<FillText> = None => location: Option<String>,
        /// The account, or what the provider calls so: for `databricks` the host of the workspace.
        "account": Option<FillText> = None => account: Option<String>,
        /// The version of Azure's API, such as `2024-10-21`.
        "api_version": Option<FillText> = None => api_version: Option<String>,
        /// Whether its name may resolve to an address that is not of the public internet. An
        /// address or `localhost` written in `base_url`, and every `upstream`, is allowed anyway.
        "allow_private": bool = false => allow_private: bool,
        /// Bounds on how long it may take.
        "timeouts": ProviderTimeouts = ProviderTimeouts::default() => timeouts: ProviderTimeouts,
        /// What requests may give it links to beside the open web.
        "links": ProviderLinks = ProviderLinks::default() => links: ProviderLinks,
        /// What the mock does (`mock` only).
        "mock": Option<Mock> = None => mock: Option<Mock>,
    }
}

impl ProviderWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Provider> {
        if scope.has("base_url") && scope.has("upstream") {
            scope.refuse_at("upstream", "takes either `base_url` or `upstream`");
        }
        self.check_credential_names(scope);
        let fills = [
            self.region,
            self.resource,
            self.project,
            self.location,
            self.account,
            self.api_version,
        ];
        let fill = FILLS.into_iter().zip(fills).filter_map(|(name, value)| Some((name, value?)));
        let mut provider = Provider {
            name: self.name,
            kind: self.kind,
            base_url: self.base_url,
            upstream: self.upstream,
            credentials: self.credentials,
            fill: fill.collect(),
            allow_private: self.allow_private,
            timeouts: self.timeouts,
            links: self.links,
        };
        match &mut provider.kind {
            ProviderKind::Mock(mock) => {
                *mock = self.mock.unwrap_or_default();
                check_mock(scope);
            }
            ProviderKind::OpenaiCompatible => {
                if !scope.has("base_url") && !scope.has("upstream") {
                    scope.refuse(
                        "needs `base_url` or `upstream`, as its kind is `openai_compatible`",
                    );
                }
                check_against(&provider, OPENAI_COMPATIBLE, &NOTHING_SPECIAL, scope);
            }
            ProviderKind::Catalog(kind) => {
                // A kind that is not known was refused where it stands.
                if let Some(facts) = scope.reader.kinds.find(kind) {
                    let kind = kind.clone();
                    check_against(&provider, &kind, &facts, scope);
                }
            }
        }
        if scope.has("mock") && !matches!(provider.kind, ProviderKind::Mock(_)) {
            scope.refuse_at("mock", "is only for the kind `mock`");
        }
        Some(provider)
    }

    fn check_credential_names(&self, scope: &mut Scope<'_, '_, '_>) {
        if scope.count("credentials") != self.credentials.len() {
            return;
        }
        let items = scope.node.get("credentials").map_or(&[][..], |list| list.items());
        let mut names = HashSet::new();
        for (credential, item) in self.credentials.iter().zip(items) {
            if !names.insert(credential.name.as_str()) {
                let node = item.get("name");
                let name = node.map_or_else(|| format!("`{}`", credential.name), Node::described);
                let message = format!("another credential is already named {name}");
                scope.reader.refuse(node.unwrap_or(item).place, message);
            }
        }
    }
}

/// What is known of whatever speaks OpenAI's dialect.
const NOTHING_SPECIAL: KindFacts = KindFacts {
    base_url_needs: Vec::new(),
    path_needs: Vec::new(),
    credential: CredentialForm::Optional,
};

/// The mock is within the gateway: there is nowhere to go and nothing to present.
fn check_mock(scope: &mut Scope<'_, '_, '_>) {
    let keys = ["base_url", "upstream", "credentials", "allow_private", "links"];
    for key in keys.into_iter().chain(FILLS) {
        if scope.has(key) {
            scope.refuse_at(key, "has no effect on the kind `mock`, which is within the gateway");
        }
    }
}

/// A provider against what is known of its kind: the form of its credentials, and that every
/// placeholder has a value and every value a placeholder.
fn check_against(
    provider: &Provider,
    kind: &str,
    facts: &KindFacts,
    scope: &mut Scope<'_, '_, '_>,
) {
    let is_elsewhere = scope.has("base_url") || scope.has("upstream");
    let is_needed = |name: &str| {
        let in_url = !is_elsewhere && facts.base_url_needs.contains(&name);
        in_url || facts.path_needs.contains(&name) || is_signed_for(name, facts)
    };
    let is_bare = provider.credentials.is_empty() && scope.count("credentials") == 0;
    if is_bare && !is_elsewhere && facts.credential != CredentialForm::Optional {
        let forms = listed(facts.credential.keys());
        scope.refuse(format!("needs `credentials` with {forms}, as its kind is `{kind}`"));
    }
    if scope.count("credentials") == provider.credentials.len() {
        for name in FILLS.into_iter().filter(|name| is_needed(name)) {
            let is_missing = match &provider.credentials[..] {
                [] => !is_signed_for(name, facts) && provider.filled(None, name).is_none(),
                all => all.iter().any(|one| provider.filled(Some(one), name).is_none()),
            };
            // A value that is wrong is not missing.
            if is_missing && !scope.has(name) {
                scope.refuse(format!("needs `{name}`, as its kind is `{kind}`"));
            }
        }
    }
    for name in FILLS {
        if scope.has(name) && !is_needed(name) {
            scope.refuse_at(name, format!("`{kind}` has no place for it in its address"));
        }
    }
    let items = scope.node.get("credentials").map_or(&[][..], |list| list.items());
    for item in items {
        check_credential(item, kind, facts, &is_needed, scope.reader);
    }
}

/// Whether a signature holds it, whatever the address is.
fn is_signed_for(name: &str, facts: &KindFacts) -> bool {
    name == "region" && facts.credential == CredentialForm::Aws
}

fn check_credential(
    item: &Node<'_>,
    kind: &str,
    facts: &KindFacts,
    is_needed: &dyn Fn(&str) -> bool,
    reader: &mut Reader<'_>,
) {
    let fitting = facts.credential.keys();
    for form in FORMS {
        let Some(written) = item.get(form) else { continue };
        if !fitting.contains(&form) {
            let message = format!("`{kind}` takes {}, not `{form}`", listed(fitting));
            reader.refuse(written.place, message);
            continue;
        }
        for (_, name) in FILLS_OF_FORMS.iter().filter(|(of, _)| *of == form) {
            if let Some(value) = written.get(name).filter(|_| !is_needed(name)) {
                let message = format!("`{kind}` has no place for it in its address");
                reader.refuse(value.place, message);
            }
        }
    }
}

fn listed(forms: &[&str]) -> String {
    let quoted: Vec<String> = forms.iter().map(|form| format!("`{form}`")).collect();
    quoted.join(" or ")
}

/// A kind of provider.
struct Kind;

impl Written for Kind {
    type Value = ProviderKind;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<ProviderKind> {
        let kind = scalar(node, reader, "a kind of provider such as `openai`", |text| {
            (!text.is_empty()).then(|| text.to_owned())
        })?;
        match kind.as_str() {
            OPENAI_COMPATIBLE => Some(ProviderKind::OpenaiCompatible),
            MOCK => Some(ProviderKind::Mock(Mock::default())),
            _ if reader.kinds.find(&kind).is_some() => Some(ProviderKind::Catalog(kind)),
            _ => {
                let message = format!(
                    "no kind of provider is named {}; whatever speaks OpenAI's dialect is \
                     `openai_compatible`",
                    node.described()
                );
                let names = reader.kinds.names();
                let known = names.iter().map(String::as_str).chain([OPENAI_COMPATIBLE, MOCK]);
                reader.refuse_word(node, message, known);
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Text { kind: "kind of provider", pattern: None }
    }
}

/// What stands for a placeholder in an address, where it can neither end a host nor leave a path.
pub(super) struct FillText;

impl Written for FillText {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        const FILL_BYTES_MAX: usize = 253;
        scalar(node, reader, "a text of `A-Za-z0-9._-` that begins with none of `._-`", |text| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            let fits = text.len() <= FILL_BYTES_MAX
                && text.starts_with(|first: char| first.is_ascii_alphanumeric())
                && text.bytes().all(plain);
            fits.then(|| text.to_owned())
        })
    }

    fn shape() -> Shape {
        Shape::Text { kind: "text", pattern: Some("^[A-Za-z0-9][A-Za-z0-9._-]*$") }
    }
}
