//! Two ends of one connection, both ours: what comes to a worker from within the process comes to
//! it as what comes from outside does.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// How many others may have knocked before our own end is at the door.
const STRANGERS_MAX: usize = 16;

/// Connects to itself on loopback; neither end blocks.
///
/// # Errors
/// What the system says, such as that there are no more ports; `Other` when somebody else on this
/// machine keeps connecting in our place.
pub fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = TcpStream::connect(door.local_addr()?)?;
    let own = near.local_addr()?;
    for _ in 0..STRANGERS_MAX {
        let (far, peer) = door.accept()?;
        if peer == own {
            near.set_nonblocking(true)?;
            far.set_nonblocking(true)?;
            return Ok((near, far));
        }
    }
    Err(io::Error::other("others keep connecting in our place"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn what_one_end_says_the_other_hears() {
        let (mut near, mut far) = pair().unwrap();
        near.set_nonblocking(false).unwrap();
        far.set_nonblocking(false).unwrap();
        near.write_all(b"hello").unwrap();
        let mut heard = [0; 5];
        far.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello");
    }
}
