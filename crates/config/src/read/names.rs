//! Names of objects and references between them. The names of a document are gathered before
//! anything else is read, so that a reference is resolved where it stands and an object with a
//! fault of its own is still known by its name.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::marker::PhantomData;

use architrave_core::name::{
    self, ApplicationName, ConsumerName, CredentialName, IdentityProviderName, ListenerName,
    McpServerName, ModelName, PlanName, ProductName, ProviderName, RouteName, ServiceName,
    TeamName, UpstreamName,
};

use super::{Reader, Shape, Written};
use crate::tree::{Fault, Node};
use crate::{
    ApplicationIndex, ListenerIndex, McpServerIndex, ModelIndex, PlanIndex, ProductIndex,
    ProviderIndex, ServiceIndex, UpstreamIndex,
};

/// The objects of one kind, by name.
type Table<'a> = HashMap<&'a str, u32>;

/// Every named object of a document.
#[derive(Default)]
pub(crate) struct Names<'a> {
    listeners: Table<'a>,
    upstreams: Table<'a>,
    services: Table<'a>,
    providers: Table<'a>,
    models: Table<'a>,
    mcp_servers: Table<'a>,
    products: Table<'a>,
    plans: Table<'a>,
    applications: Table<'a>,
    /// The listeners that routes can serve: those of `http` and `https`.
    serving: Vec<ListenerIndex>,
    /// The services that are HTTP origins.
    origins: Vec<ServiceIndex>,
}

impl<'a> Names<'a> {
    /// Gathers them; a name that comes twice in one kind is noted.
    pub(crate) fn gather(root: &'a Node<'a>, faults: &mut Vec<Fault>) -> Self {
        let mut table = |kind: &str, word: &str| gather_kind(root, kind, word, faults);
        table("routes", "route");
        table("consumers", "consumer");
        table("identity_providers", "identity provider");
        table("teams", "team");
        Self {
            listeners: table("listeners", "listener"),
            upstreams: table("upstreams", "upstream"),
            services: table("services", "service"),
            providers: table("providers", "provider"),
            models: table("models", "model"),
            mcp_servers: table("mcp_servers", "mcp server"),
            products: table("products", "product"),
            plans: table("plans", "plan"),
            applications: table("applications", "application"),
            serving: serving(root),
            origins: origins(root),
        }
    }

    /// The listeners that routes can serve.
    pub(crate) fn serving(&self) -> &[ListenerIndex] {
        &self.serving
    }

    /// Whether a service is an HTTP origin.
    pub(crate) fn is_origin(&self, service: ServiceIndex) -> bool {
        self.origins.binary_search(&service).is_ok()
    }

    /// The listed model of a name.
    pub(crate) fn model(&self, name: &str) -> Option<ModelIndex> {
        self.models.get(name).copied().map(ModelIndex)
    }

    /// The provider of a name.
    pub(crate) fn provider(&self, name: &str) -> Option<ProviderIndex> {
        self.providers.get(name).copied().map(ProviderIndex)
    }

    /// The names of the listed models.
    pub(crate) fn models(&self) -> impl Iterator<Item = &'a str> {
        self.models.keys().copied()
    }

    /// The names of the providers.
    pub(crate) fn providers(&self) -> impl Iterator<Item = &'a str> {
        self.providers.keys().copied()
    }
}

fn gather_kind<'a>(
    root: &'a Node<'a>,
    kind: &str,
    word: &str,
    faults: &mut Vec<Fault>,
) -> Table<'a> {
    let items = root.get(kind).map_or(&[][..], |list| list.items());
    let mut table = Table::with_capacity(items.len());
    for (index, item) in (0..).zip(items) {
        let Some(node) = item.get("name") else { continue };
        let Some(name) = node.text() else { continue };
        match table.entry(name) {
            Slot::Vacant(slot) => {
                slot.insert(index);
            }
            Slot::Occupied(_) => {
                let message = format!("another {word} is already named {}", node.described());
                faults.push(Fault::new(node.place, message));
            }
        }
    }
    table
}

fn serving(root: &Node<'_>) -> Vec<ListenerIndex> {
    let items = root.get("listeners").map_or(&[][..], |list| list.items());
    let serves = |item: &Node<'_>| {
        // `http` is the default.
        item.get("protocol").is_none_or(|node| matches!(node.text(), Some("http" | "https")))
    };
    (0..).zip(items).filter(|(_, item)| serves(item)).map(|(at, _)| ListenerIndex(at)).collect()
}

fn origins(root: &Node<'_>) -> Vec<ServiceIndex> {
    let items = root.get("services").map_or(&[][..], |list| list.items());
    let is_origin = |item: &Node<'_>| item.get("http").is_some();
    (0..).zip(items).filter(|(_, item)| is_origin(item)).map(|(at, _)| ServiceIndex(at)).collect()
}

/// The name of an object itself.
pub(crate) struct Name<T>(PhantomData<T>);

macro_rules! names {
    ($($name:ident),+) => {$(
        impl Written for Name<$name> {
            type Value = $name;

            fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<$name> {
                Some($name::new(checked_name(node, reader)))
            }

            fn shape() -> Shape {
                Shape::Text { kind: "name", pattern: Some("^[a-z0-9-]{1,63}$") }
            }
        }
    )+};
}

names!(
    ListenerName,
    UpstreamName,
    ServiceName,
    TeamName,
    RouteName,
    ConsumerName,
    ProviderName,
    McpServerName,
    IdentityProviderName,
    ProductName,
    PlanName,
    ApplicationName,
    CredentialName
);

impl Written for Name<ModelName> {
    type Value = ModelName;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<ModelName> {
        if !node.text().is_some_and(name::check_model) {
            reader.refuse_type(node, "a name of 1 to 128 of `A-Za-z0-9._:/@+-`");
        }
        Some(ModelName::new(node.text().unwrap_or_default()))
    }

    fn shape() -> Shape {
        Shape::Text { kind: "name of a model", pattern: Some("^[A-Za-z0-9._:/@+-]{1,128}$") }
    }
}

/// The name; with a fault it is noted and stands, so that the object is still judged.
fn checked_name<'n>(node: &'n Node<'_>, reader: &mut Reader<'_>) -> &'n str {
    let text = node.text();
    let name = text.filter(|text| name::check(text));
    if name.is_none() {
        let message =
            format!("expected a name of 1 to 63 of `a-z0-9-`, found {}", node.described());
        let better = text
            .filter(|_| !node.substituted)
            .map(|text| text.to_ascii_lowercase().replace(['_', ' ', '.'], "-"))
            .filter(|better| name::check(better));
        reader.refuse_with(node.place, message, better);
    }
    name.or(text).unwrap_or_default()
}

/// A reference to another object by its name.
pub(crate) struct Ref<I>(PhantomData<I>);

/// What can be referred to.
pub(crate) trait Referable: Sized {
    const WORD: &'static str;
    const KIND: &'static str;
    fn table<'r>(names: &'r Names<'_>) -> &'r Table<'r>;
    fn at(index: u32) -> Self;
}

macro_rules! referable {
    ($($index:ident, $word:literal, $kind:literal, $table:ident;)+) => {$(
        impl Referable for $index {
            const WORD: &'static str = $word;
            const KIND: &'static str = $kind;

            fn table<'r>(names: &'r Names<'_>) -> &'r Table<'r> {
                &names.$table
            }

            fn at(index: u32) -> Self {
                Self(index)
            }
        }
    )+};
}

referable! {
    ListenerIndex, "listener", "name of a listener", listeners;
    UpstreamIndex, "upstream", "name of an upstream", upstreams;
    ServiceIndex, "service", "name of a service", services;
    ProviderIndex, "provider", "name of a provider", providers;
    McpServerIndex, "mcp server", "name of an mcp server", mcp_servers;
    ProductIndex, "product", "name of a product", products;
    PlanIndex, "plan", "name of a plan", plans;
    ApplicationIndex, "application", "name of an application", applications;
}

impl<I: Referable> Written for Ref<I> {
    type Value = I;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<I> {
        let Some(name) = node.text() else {
            reader.refuse_type(node, &format!("the {}", I::KIND));
            return None;
        };
        let names = reader.names;
        let table = I::table(names);
        if let Some(index) = table.get(name) {
            return Some(I::at(*index));
        }
        let message = format!("no {} is named {}", I::WORD, node.described());
        reader.refuse_word(node, message, table.keys().copied());
        None
    }

    fn shape() -> Shape {
        Shape::Text { kind: I::KIND, pattern: None }
    }
}

/// A reference to a listener that routes can serve.
pub(crate) struct ServingListener;

impl Written for ServingListener {
    type Value = ListenerIndex;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<ListenerIndex> {
        let index = Ref::<ListenerIndex>::read(node, reader)?;
        if reader.names.serving().binary_search(&index).is_err() {
            let message = format!(
                "the listener {} takes no routes: only those of protocol `http` or `https` do",
                node.described()
            );
            reader.refuse(node.place, message);
            return None;
        }
        Some(index)
    }

    fn shape() -> Shape {
        Ref::<ListenerIndex>::shape()
    }
}
