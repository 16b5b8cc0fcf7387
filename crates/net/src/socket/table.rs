//! The system's own list of sockets that listen: which of them overlap with an address, and whose they
//! are. Read only where binding alone cannot tell.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::BorrowedFd;

/// A TCP socket that listens, as the list says it.
const LISTENING: &str = "0A";

/// Whether two addresses take some of the same connections.
#[must_use]
pub fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip(), other.ip());
    one.port() == other.port()
        && a.is_ipv4() == b.is_ipv4()
        && (a == b || a.is_unspecified() || b.is_unspecified())
}

/// Whether anybody's socket overlaps with `address` that is none of `ours`.
pub(super) fn is_others(
    address: SocketAddr,
    is_tcp: bool,
    ours: &[BorrowedFd<'_>],
) -> io::Result<bool> {
    let inodes = ours.iter().map(|fd| rustix::fs::fstat(fd).map(|stat| stat.st_ino));
    let ours: HashSet<u64> = inodes.collect::<Result<_, _>>()?;
    let family = if address.is_ipv4() { "" } else { "6" };
    let kind = if is_tcp { "tcp" } else { "udp" };
    let file = BufReader::new(File::open(format!("/proc/self/net/{kind}{family}"))?);
    for line in file.lines().skip(1) {
        let line = line?;
        let Some(bound) = Bound::read(&line) else { continue };
        let takes = !is_tcp || bound.state == LISTENING;
        if takes && overlap(bound.address, address) && !ours.contains(&bound.inode) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One line of the list.
#[derive(Debug, PartialEq, Eq)]
struct Bound<'l> {
    address: SocketAddr,
    state: &'l str,
    inode: u64,
}

impl<'l> Bound<'l> {
    /// `None` where the line says something else.
    fn read(line: &'l str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (ip, port) = words.nth(1)?.split_once(':')?;
        let state = words.nth(1)?;
        let inode = words.nth(5)?.parse().ok()?;
        let port = u16::from_str_radix(port, 16).ok()?;
        Some(Self { address: SocketAddr::new(ip_of(ip)?, port), state, inode })
    }
}

/// Addresses are told in words of four bytes, each as a number of this machine.
fn ip_of(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = u32::from_str_radix(hex.get(8 * at..8 * at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let bytes = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::super::{bind_udp, check_free_beside, listen_tcp};
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_overlap_where_one_of_them_is_any_or_both_are_the_same() {
        assert!(overlap(at("127.0.0.1:80"), at("0.0.0.0:80")));
        assert!(overlap(at("[::]:80"), at("[::1]:80")));
        assert!(overlap(at("127.0.0.1:80"), at("127.0.0.1:80")));
        assert!(!overlap(at("127.0.0.1:80"), at("127.0.0.2:80")));
        assert!(!overlap(at("127.0.0.1:80"), at("0.0.0.0:81")));
        assert!(!overlap(at("127.0.0.1:80"), at("[::]:80")), "IPv6 sockets are for IPv6 alone");
    }

    #[test]
    fn lines_of_the_list_are_read() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  \
                    1000        0 4711 1 0000000000000000 100 0 0 10 0";
        if cfg!(target_endian = "little") {
            let bound = Bound { address: at("127.0.0.1:8080"), state: "0A", inode: 4711 };
            assert_eq!(Bound::read(line), Some(bound));
            let ip = ip_of("B80D0120000000000000000001000000");
            assert_eq!(ip, Some("2001:db8::1".parse().unwrap()));
        }
        assert_eq!(Bound::read("nonsense"), None);
        assert_eq!(ip_of("ä000000"), None);
    }

    #[test]
    fn an_address_beside_our_own_is_free_and_one_beside_anothers_is_not() {
        let ours = listen_tcp(at("127.0.0.1:0"), true).unwrap();
        let port = ours.local_addr().unwrap().port();
        let any = SocketAddr::from(([0, 0, 0, 0], port));
        assert!(check_free_beside(any, true, &[]).is_err());
        check_free_beside(any, true, &[ours.as_fd()]).unwrap();
        let wide = listen_tcp(any, true).unwrap();
        check_free_beside(at(&format!("127.0.0.9:{port}")), true, &[wide.as_fd()]).unwrap();
        drop(wide);
        let others = listen_tcp(SocketAddr::from(([127, 0, 0, 2], port)), true).unwrap();
        let error = check_free_beside(any, true, &[ours.as_fd()]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        check_free_beside(any, true, &[ours.as_fd(), others.as_fd()]).unwrap();
    }

    #[test]
    fn the_same_goes_for_datagrams_and_for_ipv6() {
        let ours = bind_udp(at("127.0.0.1:0"), true).unwrap();
        let any = SocketAddr::from(([0, 0, 0, 0], ours.local_addr().unwrap().port()));
        assert!(check_free_beside(any, false, &[]).is_err());
        check_free_beside(any, false, &[ours.as_fd()]).unwrap();
        let Ok(ours) = listen_tcp(at("[::1]:0"), true) else { return };
        let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, ours.local_addr().unwrap().port()));
        assert!(check_free_beside(any, true, &[]).is_err());
        check_free_beside(any, true, &[ours.as_fd()]).unwrap();
    }
}
