//! What waits, and for whom no longer.

use tokio::runtime::Builder;

use super::*;

fn run(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(test);
}

#[test]
fn an_answer_has_a_place_whatever_waits() {
    run(async {
        let room = Room::default();
        let (to, mut heard) = room.client();
        for _ in 0..MESSAGES_MAX {
            assert!(room.give(&to, vec![0], false, Patience::Each).await);
        }
        assert!(room.give(&to, vec![1], true, Patience::Each).await);
        let mut count = 0;
        drop(to);
        while let Some(piece) = heard.next().await {
            count += 1;
            assert_eq!(piece.is_last, count == MESSAGES_MAX + 1);
        }
        assert_eq!(count, MESSAGES_MAX + 1);
        assert_eq!(room.waiting.bytes.get(), 0);
    });
}

#[test]
fn a_server_waits_for_a_client_and_lets_it_go_at_last() {
    run(async {
        for (patience, limit) in [(Patience::Each, PATIENCE), (Patience::InAll, SHARED_PATIENCE)] {
            let room = Room::default();
            let (to, mut heard) = room.client();
            let large = || vec![0; CLIENT_BYTES_MAX];
            assert!(room.give(&to, large(), false, patience).await);
            let began = Instant::now();
            let taking = async {
                tokio::time::sleep(limit / 2).await;
                heard.next().await.expect("it waits").is_last
            };
            let (given, is_last) = tokio::join!(room.give(&to, large(), false, patience), taking);
            assert!(given && !is_last);
            assert!(began.elapsed() >= limit / 2);
            assert!(!room.give(&to, large(), false, patience).await, "it takes nothing");
            assert!(to.is_gone() && began.elapsed() >= limit);
            assert!(heard.next().await.is_none(), "it was let go");
        }
    });
}

#[test]
fn a_full_line_lets_that_client_go_for_whom_most_waits() {
    run(async {
        let room = Room::default();
        let clients: Vec<_> = (0..5).map(|_| room.client()).collect();
        for (to, _) in &clients[..4] {
            assert!(room.give(to, vec![0; CLIENT_BYTES_MAX], false, Patience::Each).await);
        }
        let (other, _heard) = room.client();
        let giving = room.give(&other, vec![0; 9], true, Patience::Each);
        let ending = async {
            let mut clients = clients;
            tokio::time::sleep(PATIENCE + Duration::from_secs(1)).await;
            clients.retain(|(to, _)| !to.is_gone());
            clients.len()
        };
        let (given, left) = tokio::join!(giving, ending);
        assert_eq!((given, left, other.is_gone()), (true, 4, false));
    });
}
