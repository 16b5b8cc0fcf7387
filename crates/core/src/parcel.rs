//! A parcel: what an old process knows and the one that goes on in its place should, as bytes.
//!
//! The two may be of different releases. So whatever may grow is in a block that begins with its
//! length: a reader passes over blocks that it does not know and over what a newer writer appended
//! to one that it does, and finds nothing where an older writer ended. What a block means is the
//! affair of those who write and read it; never change what is there, only append.

use std::net::SocketAddr;
use std::time::Duration;

/// Bytes of a block's length.
const LENGTH_BYTES: usize = size_of::<u32>();

/// A parcel that is being filled.
#[derive(Debug, Default)]
pub struct Parcel(Vec<u8>);

/// A parcel, or a block of one, that is being read. Every reading is `None` where nothing more is
/// in it.
#[derive(Clone, Copy, Debug)]
pub struct ParcelReader<'a>(&'a [u8]);

macro_rules! numbers {
    ($($number:ident),+) => {
        impl Parcel {
            $(
                #[doc = concat!("Puts a `", stringify!($number), "` in.")]
                pub fn $number(&mut self, value: $number) {
                    self.0.extend_from_slice(&value.to_le_bytes());
                }
            )+
        }

        impl ParcelReader<'_> {
            $(
                #[doc = concat!("The next `", stringify!($number), "`.")]
                pub fn $number(&mut self) -> Option<$number> {
                    let (bytes, rest) = self.0.split_first_chunk()?;
                    self.0 = rest;
                    Some($number::from_le_bytes(*bytes))
                }
            )+
        }
    };
}

numbers!(u8, u16, u32, u64, i64, f64);

impl Parcel {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What it is.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Puts everything in that is in another one.
    pub fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// Puts a truth in.
    pub fn flag(&mut self, value: bool) {
        self.u8(value.into());
    }

    /// Puts a length of time in.
    pub fn span(&mut self, span: Duration) {
        self.u64(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Puts bytes in, behind their length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.block(|block| block.0.extend_from_slice(bytes));
    }

    /// Puts a text in.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Puts an address in.
    pub fn address(&mut self, address: SocketAddr) {
        self.text(&address.to_string());
    }

    /// Puts in whether there is a value, and the value.
    pub fn maybe<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            put(self, value);
        }
    }

    /// Puts a block in: what `fill` puts there, behind its length.
    ///
    /// # Panics
    /// When the block has 4 GiB: whoever fills a parcel bounds what is in it.
    pub fn block(&mut self, fill: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        self.0.extend_from_slice(&[0; LENGTH_BYTES]);
        fill(self);
        let length = self.0.len() - start - LENGTH_BYTES;
        let length = u32::try_from(length).expect("a parcel is bounded far below 4 GiB");
        self.0[start..start + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    }
}

impl<'a> ParcelReader<'a> {
    /// Reads these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether everything has been read.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// The next truth.
    pub fn flag(&mut self) -> Option<bool> {
        self.u8().map(|value| value != 0)
    }

    /// The next length of time.
    pub fn span(&mut self) -> Option<Duration> {
        self.u64().map(Duration::from_nanos)
    }

    /// The next bytes.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        self.block().map(|block| block.0)
    }

    /// The next text; `None` also where it is none.
    pub fn text(&mut self) -> Option<&'a str> {
        self.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// The next address; `None` also where it is none.
    pub fn address(&mut self) -> Option<SocketAddr> {
        self.text()?.parse().ok()
    }

    /// A value that may not be there; the outer `None` is the end.
    pub fn maybe<T>(&mut self, take: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { take(self).map(Some) } else { Some(None) }
    }

    /// The next block. `None` also where it is cut off: half of one tells nothing.
    pub fn block(&mut self) -> Option<Self> {
        let mut rest = *self;
        let length = usize::try_from(rest.u32()?).ok()?;
        let (block, rest) = rest.0.split_at_checked(length)?;
        self.0 = rest;
        Some(Self(block))
    }

    /// All blocks that follow.
    pub fn blocks(mut self) -> impl Iterator<Item = Self> {
        std::iter::from_fn(move || self.block())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out() {
        let mut parcel = Parcel::new();
        let address: SocketAddr = "[2001:db8::1]:80".parse().unwrap();
        parcel.block(|block| {
            block.u8(1);
            block.i64(-7);
            block.f64(0.5);
            block.flag(true);
            block.span(Duration::from_millis(1500));
            block.text("wörter");
            block.address(address);
            block.maybe(Some(9), Parcel::u32);
            block.maybe(None, Parcel::u32);
        });
        let bytes = parcel.into_bytes();
        let mut whole = ParcelReader::new(&bytes);
        let mut block = whole.block().unwrap();
        assert!(whole.is_at_end());
        assert_eq!((block.u8(), block.i64(), block.f64()), (Some(1), Some(-7), Some(0.5)));
        assert_eq!((block.flag(), block.span()), (Some(true), Some(Duration::from_millis(1500))));
        assert_eq!((block.text(), block.address()), (Some("wörter"), Some(address)));
        assert_eq!(block.maybe(ParcelReader::u32), Some(Some(9)));
        assert_eq!(block.maybe(ParcelReader::u32), Some(None));
        assert!(block.is_at_end());
        assert_eq!(block.maybe(ParcelReader::u32), None);
        assert_eq!(block.u64(), None);
    }

    #[test]
    fn a_reader_of_another_release_finds_what_it_knows() {
        let mut parcel = Parcel::new();
        for number in 0..3_u8 {
            parcel.block(|block| {
                block.u8(number);
                block.text("a newer field");
            });
        }
        let bytes = parcel.into_bytes();
        let known: Vec<_> =
            ParcelReader::new(&bytes).blocks().map(|mut block| block.u8().unwrap()).collect();
        assert_eq!(known, [0, 1, 2]);
        let mut parcel = Parcel::new();
        parcel.block(|block| block.u8(5));
        let bytes = parcel.into_bytes();
        let mut older = ParcelReader::new(&bytes).block().unwrap();
        assert_eq!((older.u8(), older.text()), (Some(5), None));
    }

    #[test]
    fn what_is_cut_off_or_nonsense_ends_the_reading() {
        let mut parcel = Parcel::new();
        parcel.text("abc");
        let bytes = parcel.into_bytes();
        for end in 0..bytes.len() {
            assert_eq!(ParcelReader::new(&bytes[..end]).text(), None, "{end}");
        }
        let mut huge = ParcelReader::new(&[0xff, 0xff, 0xff, 0xff, 1]);
        assert!(huge.block().is_none());
        assert_eq!(huge.blocks().count(), 0);
        assert_eq!(ParcelReader::new(&[1, 0, 0, 0, 0xff]).text(), None, "no text");
    }
}
