//! Version 2: a binary header with extensions (TLVs), of which only the checksum is heeded.
//!
//! Datagram families are read like stream ones: the addresses mean the same.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Addresses, Ends, HEADER_BYTES_MAX, Progress, ProxyHeader, ProxyHeaderError, crc32c};

pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family, length.
const FIXED_BYTES: usize = 16;
const VERSION: u8 = 0x20;
const LOCAL: u8 = 0x0;
const PROXY: u8 = 0x1;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;
const TYPE_CRC32C: u8 = 0x03;

/// Reads a header; `bytes` begin like the signature.
pub(super) fn parse(bytes: &[u8]) -> Result<Progress, ProxyHeaderError> {
    if let Some(first) = bytes.get(12)
        && (first & 0xf0 != VERSION || first & 0x0f > PROXY)
    {
        return Err(ProxyHeaderError::Unknown);
    }
    let Some(fixed) = bytes.get(..FIXED_BYTES) else { return Ok(Progress::More) };
    let consumed = FIXED_BYTES + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if consumed > HEADER_BYTES_MAX {
        return Err(ProxyHeaderError::TooLong);
    }
    if fixed[12] & 0x0f == LOCAL {
        // The family of a LOCAL header says nothing, so its block cannot be looked into.
        return Ok(complete(bytes, consumed, None));
    }
    let block_bytes = block_bytes(fixed[13]).ok_or(ProxyHeaderError::Unknown)?;
    if consumed - FIXED_BYTES < block_bytes {
        return Err(ProxyHeaderError::Length);
    }
    let Some(header) = bytes.get(..consumed) else { return Ok(Progress::More) };
    let (block, extensions) = header[FIXED_BYTES..].split_at(block_bytes);
    if block_bytes > 0 {
        check_extensions(header, extensions)?;
    }
    Ok(complete(bytes, consumed, addresses(block)))
}

fn complete(bytes: &[u8], consumed: usize, addresses: Option<Addresses>) -> Progress {
    if bytes.len() < consumed {
        return Progress::More;
    }
    Progress::Done(ProxyHeader { consumed, addresses })
}

/// The size of the address block of a family and transport; `None` for those that do not exist.
const fn block_bytes(family: u8) -> Option<usize> {
    match family {
        0x00 => Some(0),
        0x11 | 0x12 => Some(12),
        0x21 | 0x22 => Some(36),
        // Unix sockets: two paths, which are no help here.
        0x31 | 0x32 => Some(216),
        _ => None,
    }
}

fn addresses(block: &[u8]) -> Option<Addresses> {
    let number = |at: usize| Some(u16::from_be_bytes([*block.get(at)?, *block.get(at + 1)?]));
    match block.len() {
        12 => {
            let ip = |at: usize| Some(Ipv4Addr::from(*block[at..].first_chunk::<4>()?));
            let source = SocketAddr::from((ip(0)?, number(8)?));
            Some(Addresses::new(source, SocketAddr::from((ip(4)?, number(10)?))))
        }
        36 => {
            let ip = |at: usize| Some(Ipv6Addr::from(*block[at..].first_chunk::<16>()?));
            let source = SocketAddr::from((ip(0)?, number(32)?));
            Some(Addresses::new(source, SocketAddr::from((ip(16)?, number(34)?))))
        }
        _ => None,
    }
}

/// Steps over the extensions, so that lengths that do not add up are caught, and checks the
/// checksum where there is one.
fn check_extensions(header: &[u8], mut rest: &[u8]) -> Result<(), ProxyHeaderError> {
    while !rest.is_empty() {
        let (head, behind) = rest.split_at_checked(3).ok_or(ProxyHeaderError::Length)?;
        let length = usize::from(u16::from_be_bytes([head[1], head[2]]));
        let (value, behind) = behind.split_at_checked(length).ok_or(ProxyHeaderError::Length)?;
        if head[0] == TYPE_CRC32C {
            let told = <[u8; 4]>::try_from(value).map_err(|_| ProxyHeaderError::Length)?;
            // The checksum is that of the header with zeros in its own place.
            let after = behind.len();
            let before = header.len() - after - told.len();
            let parts = [&header[..before], &[0; 4], &header[header.len() - after..]];
            if crc32c::checksum(&parts) != u32::from_be_bytes(told) {
                return Err(ProxyHeaderError::Checksum);
            }
        }
        rest = behind;
    }
    Ok(())
}

pub(super) fn write(ends: Ends, out: &mut Vec<u8>) {
    let block_bytes = |family| block_bytes(family).expect("a family of our own") as u16;
    out.extend_from_slice(SIGNATURE);
    match ends {
        Ends::V4([from, to]) => {
            out.extend_from_slice(&[VERSION | PROXY, TCP4]);
            out.extend_from_slice(&block_bytes(TCP4).to_be_bytes());
            out.extend_from_slice(&from.ip().octets());
            out.extend_from_slice(&to.ip().octets());
            out.extend_from_slice(&from.port().to_be_bytes());
            out.extend_from_slice(&to.port().to_be_bytes());
        }
        Ends::V6([(from, from_port), (to, to_port)]) => {
            out.extend_from_slice(&[VERSION | PROXY, TCP6]);
            out.extend_from_slice(&block_bytes(TCP6).to_be_bytes());
            out.extend_from_slice(&from.octets());
            out.extend_from_slice(&to.octets());
            out.extend_from_slice(&from_port.to_be_bytes());
            out.extend_from_slice(&to_port.to_be_bytes());
        }
    }
}

pub(super) fn write_local(out: &mut Vec<u8>) {
    out.extend_from_slice(SIGNATURE);
    out.extend_from_slice(&[VERSION | LOCAL, 0, 0, 0]);
}
