//! Lists, maps with free keys, and what may be absent.

use std::marker::PhantomData;

use serde_json::Value as Json;

use super::{Reader, Shape, Written};
use crate::tree::{Content, Node};

/// A list; elements that are wrong are noted and left out.
pub(crate) struct List<W>(PhantomData<W>);

/// A list with at least one element.
pub(crate) struct NonEmpty<W>(PhantomData<W>);

/// A map with free keys, in the order of the text.
pub(crate) struct Pairs<K, V>(PhantomData<(K, V)>);

impl<W: Written> Written for List<W> {
    type Value = Vec<W::Value>;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let Content::List(items) = &node.content else {
            reader.refuse_type(node, "a list");
            return None;
        };
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.extend(W::read(item, reader));
        }
        Some(values)
    }

    fn shape() -> Shape {
        Shape::List { of: Box::new(W::shape()), min: 0 }
    }

    fn show(value: &Self::Value) -> Option<Json> {
        value.iter().map(W::show).collect::<Option<Vec<_>>>().map(Json::Array)
    }
}

impl<W: Written> Written for NonEmpty<W> {
    type Value = Vec<W::Value>;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let values = List::<W>::read(node, reader)?;
        if node.items().is_empty() {
            reader.refuse(node.place, "needs at least one element");
            return None;
        }
        Some(values)
    }

    fn shape() -> Shape {
        Shape::List { of: Box::new(W::shape()), min: 1 }
    }

    fn show(value: &Self::Value) -> Option<Json> {
        List::<W>::show(value)
    }
}

impl<K: Written, V: Written> Written for Pairs<K, V> {
    type Value = Vec<(K::Value, V::Value)>;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let Content::Map(entries) = &node.content else {
            reader.refuse_type(node, "a map");
            return None;
        };
        let mut pairs = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = K::read(&entry.key, reader);
            let value = V::read(&entry.value, reader);
            pairs.extend(key.zip(value));
        }
        Some(pairs)
    }

    fn shape() -> Shape {
        let key = match K::shape() {
            Shape::Text { kind, .. } => kind,
            _ => "text",
        };
        Shape::Pairs { key, of: Box::new(V::shape()) }
    }

    fn show(value: &Self::Value) -> Option<Json> {
        value.is_empty().then(|| Json::Object(serde_json::Map::new()))
    }
}

impl<W: Written> Written for Option<W> {
    type Value = Option<W::Value>;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self::Value> {
        W::read(node, reader).map(Some)
    }

    fn shape() -> Shape {
        W::shape()
    }

    fn show(value: &Self::Value) -> Option<Json> {
        value.as_ref().and_then(W::show)
    }
}
