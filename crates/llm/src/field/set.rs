//! Sets of fields, as bits.

use std::fmt;
use std::marker::PhantomData;

/// A closed list whose items have places from 0 to 127.
pub trait Listed: Copy + 'static {
    /// All items in order.
    const ALL: &'static [Self];
    /// The place of the item.
    fn place(self) -> u32;
    /// Its name in headers, errors and docs.
    fn name(self) -> &'static str;
    /// What it is, for the docs.
    fn what(self) -> &'static str;
}

/// A set of fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FieldSet<F> {
    bits: u128,
    of: PhantomData<F>,
}

impl<F> Default for FieldSet<F> {
    fn default() -> Self {
        Self { bits: 0, of: PhantomData }
    }
}

impl<F: Listed> FieldSet<F> {
    /// Puts a field in.
    pub fn add(&mut self, field: F) {
        self.bits |= 1 << field.place();
    }

    /// Puts a field in where the claim is true.
    pub fn add_if(&mut self, field: F, claim: bool) {
        self.bits |= u128::from(claim) << field.place();
    }

    /// Whether the field is in.
    #[must_use]
    pub fn has(self, field: F) -> bool {
        self.bits >> field.place() & 1 == 1
    }

    /// Whether no field is in.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// The fields of it that are not in the other set.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self { bits: self.bits & !other.bits, of: PhantomData }
    }

    /// The fields of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { bits: self.bits | other.bits, of: PhantomData }
    }

    /// Its fields in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = F> {
        let mut bits = self.bits;
        std::iter::from_fn(move || {
            let place = (bits != 0).then(|| bits.trailing_zeros())?;
            bits &= bits - 1;
            F::ALL.get(place as usize).copied()
        })
    }
}

impl<F: Listed> fmt::Debug for FieldSet<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Listed::name)).finish()
    }
}

/// Declares a closed list of fields: variant, name, what it is.
macro_rules! listed {
    ($(#[$doc:meta])* pub enum $list:ident { $($item:ident $name:literal $what:literal)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $list {
            $(#[doc = $what] $item,)*
        }

        impl $crate::field::Listed for $list {
            const ALL: &'static [Self] = &[$(Self::$item,)*];

            fn place(self) -> u32 {
                self as u32
            }

            fn name(self) -> &'static str {
                match self { $(Self::$item => $name,)* }
            }

            fn what(self) -> &'static str {
                match self { $(Self::$item => $what,)* }
            }
        }

        const _: () = assert!(<$list as $crate::field::Listed>::ALL.len() <= 128);
    };
}
pub(crate) use listed;
