//! A record: a map with known keys, declared once by [`record!`].
//!
//! ```text
//! record! {
//!     /// Bounds on what a client may send.
//!     #[derive(Clone, Debug)]
//!     pub struct Limits {
//!         /// Bytes of a request head.
//!         "head": Size = HEAD_MAX => pub head_bytes_max: usize,
//!     }
//!     later "tokens";
//! }
//! ```
//! Left of `=>` is the file: key, how it is written, and the default that makes it optional.
//! Right of it is the field that is kept. `=> Target by finish` behind the name hands the whole
//! to `finish`, for rules over several keys or for another type to become. `later` names keys
//! that later versions take.

use super::meant::meant_by;
use super::{Reader, RecordShape, Shape, Written, later_message};
use crate::tree::{Entry, Fault, Node};

/// Declares a record; see the module.
macro_rules! record {
    (
        $(#[doc = $about:literal])*
        #[derive($($derive:ident),* $(,)?)]
        $vis:vis struct $name:ident $(=> $target:ident by $finish:ident)? {$(
            $(#[doc = $doc:literal])*
            $key:literal: $written:ty $(= $default:expr)? => $field_vis:vis $field:ident: $type:ty,
        )*}
        $(later $($later:literal),+ ;)?
    ) => {
        $(#[doc = $about])*
        #[derive($($derive),*)]
        $vis struct $name {$(
            $(#[doc = $doc])*
            $field_vis $field: $type,
        )*}

        impl $crate::read::Written for $name {
            type Value = $crate::read::record!(@target $name $($target)?);

            fn read(
                node: &$crate::tree::Node<'_>,
                reader: &mut $crate::read::Reader<'_>,
            ) -> Option<Self::Value> {
                let mut scope =
                    $crate::read::Scope::open(node, reader, &[$($key),*], &[$($($later),+)?])?;
                $(let $field = scope
                    .field::<$written>($key, $crate::read::record!(@default $($default)?));)*
                let value = Self { $($field: $field?),* };
                $crate::read::record!(@finish value scope $($finish)?)
            }

            fn shape() -> $crate::read::Shape {
                $crate::read::Shape::Record($crate::read::RecordShape {
                    name: $crate::read::record!(@name $name $($target)?),
                    about: &[$($about),*],
                    fields: vec![$($crate::read::Scope::described::<$written>(
                        $key,
                        &[$($doc),*],
                        $crate::read::record!(@default $($default)?),
                    )),*],
                })
            }

            fn show(_value: &Self::Value) -> Option<serde_json::Value> {
                Some(serde_json::Value::Object(serde_json::Map::new()))
            }
        }
    };
    (@target $name:ident) => { $name };
    (@target $name:ident $target:ident) => { $target };
    (@name $name:ident) => { stringify!($name) };
    (@name $name:ident $target:ident) => { stringify!($target) };
    (@default) => { None };
    (@default $default:expr) => { Some(|| $default) };
    (@finish $value:ident $scope:ident) => { { let _ = &mut $scope; Some($value) } };
    (@finish $value:ident $scope:ident $finish:ident) => { Self::$finish($value, &mut $scope) };
}
pub(crate) use record;

/// A record being read: its map, and where faults go.
pub(crate) struct Scope<'s, 't, 'a> {
    pub(crate) node: &'s Node<'t>,
    pub(crate) reader: &'s mut Reader<'a>,
}

impl<'s, 't, 'a> Scope<'s, 't, 'a> {
    /// Begins to read a map: notes unknown keys and those of later versions.
    pub(crate) fn open(
        node: &'s Node<'t>,
        reader: &'s mut Reader<'a>,
        known: &[&'static str],
        later: &[&'static str],
    ) -> Option<Self> {
        if !matches!(node.content, crate::tree::Content::Map(_)) {
            reader.refuse_type(node, "a map");
            return None;
        }
        for entry in node.entries() {
            let key = entry.key();
            if known.contains(&key) {
                continue;
            }
            if later.contains(&key) {
                reader.refuse_later(entry);
            } else {
                let message = format!("unknown key {}", entry.key.described());
                let near = reader.nearest(key, known.iter().copied());
                let suggestion = near.or_else(|| meant_by(key, known));
                reader.refuse_with(entry.key.place, message, suggestion);
            }
        }
        Some(Self { node, reader })
    }

    /// Reads one key. A key that is there and wrong falls back to its default, so that the rest
    /// can still be judged.
    pub(crate) fn field<W: Written>(
        &mut self,
        key: &'static str,
        default: Option<fn() -> W::Value>,
    ) -> Option<W::Value> {
        let Some(node) = self.node.get(key) else {
            if default.is_none() {
                self.refuse(format!("needs `{key}`"));
            }
            return default.map(|make| make());
        };
        W::read(node, self.reader).or_else(|| default.map(|make| make()))
    }

    /// One key, for schema and reference.
    pub(crate) fn described<W: Written>(
        key: &'static str,
        about: &'static [&'static str],
        default: Option<fn() -> W::Value>,
    ) -> super::FieldShape {
        super::FieldShape {
            key,
            about,
            shape: W::shape(),
            required: default.is_none(),
            default: default.and_then(|make| W::show(&make())),
        }
    }

    /// Whether a key is written.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.node.get(key).is_some()
    }

    /// The text of a key's value.
    pub(crate) fn text(&self, key: &str) -> Option<&'s str> {
        self.node.get(key).and_then(Node::text)
    }

    /// How many elements a key's list has, those with faults included.
    pub(crate) fn count(&self, key: &str) -> usize {
        self.node.get(key).map_or(0, |list| list.items().len())
    }

    /// Notes a fault of the record as a whole.
    pub(crate) fn refuse(&mut self, message: impl Into<String>) {
        self.reader.refuse(self.node.place, message);
    }

    /// Notes a fault at a key within a key's value; at the outer, where the inner is absent.
    pub(crate) fn refuse_within(&mut self, outer: &str, inner: &str, message: impl Into<String>) {
        let node = self.node.get(outer).unwrap_or(self.node);
        let place = node.get(inner).map_or(node.place, |value| value.place);
        self.reader.refuse(place, message);
    }

    /// Notes a fault at a key's value; at the record when the key is absent.
    pub(crate) fn refuse_at(&mut self, key: &str, message: impl Into<String>) {
        let place = self.node.get(key).map_or(self.node.place, |value| value.place);
        self.reader.refuse(place, message);
    }
}

impl Reader<'_> {
    /// Notes a key of a later version, shown at the key and with its path.
    pub(crate) fn refuse_later(&mut self, entry: &Entry<'_>) {
        self.faults.push(Fault {
            shown_at: entry.key.place,
            ..Fault::new(entry.value.place, later_message(entry.key()))
        });
    }
}

/// What an absent block means: every key at its default.
pub(crate) fn empty<W: Written>() -> W::Value {
    let names = super::Names::default();
    W::read(&Node::empty_map(), &mut Reader::new(&names, &crate::NoSources))
        .expect("every key has a default")
}

/// A map that must be empty: `{}`.
pub(crate) struct Nothing;

impl Written for Nothing {
    type Value = Self;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        Scope::open(node, reader, &[], &[]).map(|_| Self)
    }

    fn shape() -> Shape {
        Shape::Record(RecordShape { name: "Nothing", about: &[" Nothing: `{}`."], fields: vec![] })
    }
}
