//! Heads of files of every format, cut anywhere, in forms and alone.

use super::SoundLength;

fn wave(seconds: usize) -> Vec<u8> {
    let mut file = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend(16_000u32.to_le_bytes());
    file.extend(32_000u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data\xff\xff\xff\xff");
    file.resize(seconds * 32_000, 0);
    file
}

fn flac() -> Vec<u8> {
    let mut file = b"fLaC\0\0\0\x22\x10\0\x10\0\0\0\0\0\0\0".to_vec();
    // 44,100 samples a second, two channels of 16 bits, 100,000 samples.
    let told: u64 = 44_100 << 44 | 1 << 41 | 15 << 36 | 100_000;
    file.extend(told.to_be_bytes());
    file.resize(5_000, 7);
    file
}

fn ogg() -> Vec<u8> {
    let page = |samples: i64, content: &[u8]| {
        let mut page = b"OggS\0\0".to_vec();
        page.extend(samples.to_le_bytes());
        page.extend([0; 14]);
        page.extend(content);
        page
    };
    let head = page(0, b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0OpusTags........................");
    [head, page(-1, &[1; 300]), page(48_000 * 9, &[1; 3_000])].concat()
}

fn mpeg4() -> Vec<u8> {
    let mut file = b"\0\0\0\x18ftypM4A \0\0\0\0".to_vec();
    file.resize(9_000, 3);
    file.extend(b"mvhd\0\0\0\0\0\0\0\0\0\0\0\0");
    file.extend(1_000u32.to_be_bytes());
    file.extend(4_500u32.to_be_bytes());
    file.resize(9_100, 0);
    file
}

/// Frames of 128 kilobits, behind notes of 5,000 bytes.
fn mp3() -> Vec<u8> {
    let mut file = b"ID3\x04\0\0\0\0\x27\x08".to_vec();
    file.resize(5_010, 1);
    file.extend(b"\xff\xfb\x90\x00");
    file.resize(5_010 + 3 * 16_000, 0);
    file
}

/// Where the number of frames is told.
fn variable_mp3() -> Vec<u8> {
    let mut file = b"\xff\xfb\x90\x00".to_vec();
    file.resize(36, 0);
    file.extend(b"Xing\0\0\0\x01");
    // 1,152 samples each.
    file.extend(383u32.to_be_bytes());
    file.resize(9_000, 0);
    file
}

fn form(file: &[u8]) -> Vec<u8> {
    let head = b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n";
    [head, file, b"\r\n--b--\r\n"].concat()
}

fn seconds(mut length: SoundLength, bytes: &[u8], piece: usize) -> u64 {
    bytes.chunks(piece).for_each(|piece| length.see(piece));
    length.seconds(0)
}

#[test]
fn the_head_of_a_file_tells_how_long_it_is_however_it_is_cut() {
    for (file, expected) in
        [(wave(7), 7), (flac(), 3), (ogg(), 9), (mpeg4(), 5), (mp3(), 3), (variable_mp3(), 11)]
    {
        for piece in [1, 7, 1_000, usize::MAX / 2] {
            assert_eq!(seconds(SoundLength::of_file("audio/x"), &file, piece), expected);
            // What the form has behind its file may begin another second.
            let told = seconds(SoundLength::of_form(), &form(&file), piece);
            assert!((expected..=expected + 1).contains(&told), "{told} for {expected}");
        }
    }
    let raw = vec![0; 96_000];
    assert_eq!(seconds(SoundLength::of_file("audio/pcm"), &raw, 1_000), 2);
}

#[test]
fn what_no_head_tells_is_estimated_to_the_high_side() {
    for nothing in [vec![9; 40_000], b"RIFF".repeat(10_000), b"ID3".repeat(3)] {
        let told = seconds(SoundLength::of_file("audio/x"), &nothing, 100);
        assert!(told <= 10, "{told}");
    }
    assert_eq!(seconds(SoundLength::of_file("audio/x"), &[9; 40_000], 100), 10);
    let mut shrunk = wave(100);
    // As if a second had four gigabytes.
    shrunk[24..28].fill(0xff);
    assert_eq!(seconds(SoundLength::of_file("audio/x"), &shrunk, 100), 3);
}

#[test]
fn it_is_foretold_by_what_is_there() {
    let whole = form(&wave(7));
    let mut length = SoundLength::of_form();
    assert_eq!(length.seconds(40_000), 10);
    length.see(&whole[..400]);
    assert_eq!(length.seconds(whole.len() as u64 - 400), 8);
    assert_eq!(SoundLength::of_form().seconds(0), 0);
    let (mut length, sound) = (SoundLength::of_file("audio/ogg"), ogg());
    length.see(&sound[..200]);
    assert_eq!(length.seconds(39_800), 10);
}

#[test]
fn no_bytes_are_too_odd() {
    for file in [wave(1), flac(), ogg(), mpeg4(), mp3(), variable_mp3()] {
        for cut in 0..300.min(file.len()) {
            let _any = seconds(SoundLength::of_file("audio/x"), &file[..cut], 3);
            let mut broken = file.clone();
            broken[cut] ^= 0xff;
            let _any = seconds(SoundLength::of_file("audio/x"), &broken, 1_000);
        }
    }
}
