//! Reads are written once and asked in two ways: of the store, and within a change, where they see
//! what it has written.

use sqlx::AnyConnection;

use crate::vault::Vault;

/// What a read reads with.
pub(crate) struct Sight<'a> {
    pub(crate) on: &'a mut AnyConnection,
    pub(crate) vault: &'a Vault,
}

/// Gives [`crate::Store`] and [`crate::Change`] a method for each function of the same name in the
/// file, which takes a [`Sight`] first.
macro_rules! reads {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($($arg:ident: $kind:ty),* $(,)?) -> $out:ty;
    )+) => {
        impl $crate::Store {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// When the database fails.
                pub async fn $name(&self, $($arg: $kind),*) -> Result<$out, $crate::StoreError> {
                    let mut lent = self.reader().await?;
                    let sight = $crate::reads::Sight { on: &mut lent, vault: self.vault() };
                    $name(sight, $($arg),*).await
                }
            )+
        }

        impl $crate::Change {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// When the database fails.
                pub async fn $name(&mut self, $($arg: $kind),*) -> Result<$out, $crate::StoreError> {
                    $name(self.sight(), $($arg),*).await
                }
            )+
        }
    };
}

pub(crate) use reads;
