//! Field names whose values may name something that lives at a provider, or that it fetches.
//!
//! The scan only says that there is one, so that bodies without any, nearly all of them, are never
//! looked at again. Which of them mean it depends on where they stand; `surface` knows.

/// How deep an item of a conversation may lie, alone or in a list: its `id` may stand for all of it.
const ITEM_DEPTHS: std::ops::RangeInclusive<usize> = 2..=3;

/// Whether the value of the field of that name, in the object that lies so deep, may name something
/// that lives at a provider.
pub(super) fn may_name(name: &[u8], depth: usize) -> bool {
    // By length first: most names are compared with none.
    let names: &[&[u8]] = match name.len() {
        2 => return ITEM_DEPTHS.contains(&depth) && name == b"id",
        3 => &[b"url", b"uri"],
        5 => &[b"audio", b"video", b"image", b"s3Uri"],
        6 => &[b"images", b"gcsUri", b"s3_uri"],
        7 => &[b"file_id", b"fileUri", b"gcs_uri"],
        8 => &[b"file_ids", b"file_uri", b"file_url", b"fileName", b"skill_id"],
        9 => &[b"container", b"file_name", b"image_url", b"audio_url", b"video_url", b"file_data"],
        10 => &[b"s3Location", b"storageUri"],
        11 => &[b"storage_uri"],
        12 => &[b"conversation", b"container_id", b"document_url"],
        13 => &[b"cachedContent", b"input_file_id"],
        14 => &[b"cached_content"],
        16 => &[b"vector_store_ids"],
        20 => &[b"previous_response_id", b"fileSearchStoreNames"],
        23 => &[b"file_search_store_names"],
        _ => return false,
    };
    names.contains(&name)
}
