/// Whole files of recorded events as batches of records, for tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "collector/decoders/evtx_file.hpp"
#include "event/record.hpp"

namespace canhgac::support {

inline std::string read_whole(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

/// Every record of an EVTX file. `damage`: sum of the parse errors of its chunks.
inline event::RecordBatch evtx_batch(std::string_view file, event::PeerId peer, std::uint32_t* damage = nullptr) {
    event::RecordBatch batch;
    batch.protocol = event::Protocol::evtx;
    batch.received = 1'795'309'200LL * common::kSecond;
    batch.bytes = file;
    for (std::size_t at = collector::kEvtxFileHeaderBytes; at < file.size(); at += collector::kEvtxChunkBytes) {
        const std::string_view chunk = file.substr(at, collector::kEvtxChunkBytes);
        std::vector<collector::EvtxSpan> spans;
        const collector::EvtxChunkDamage found = collector::find_evtx_records(chunk, spans);
        if (damage != nullptr) { *damage += found.count(); }
        for (const collector::EvtxSpan span : spans) {
            event::Record record;
            record.offset = static_cast<std::uint32_t>(at) + span.offset;
            record.size = span.size;
            record.meta_offset = static_cast<std::uint32_t>(at);
            record.meta_size = static_cast<std::uint32_t>(chunk.size());
            record.peer = peer;
            batch.records.push_back(record);
        }
    }
    return batch;
}

/// The JSON objects of a well-formed file, one after the other.
inline event::RecordBatch json_batch(std::string_view file, event::PeerId peer) {
    event::RecordBatch batch;
    batch.received = 1'795'309'200LL * common::kSecond;
    batch.bytes = file;
    int depth = 0;
    bool in_string = false;
    std::size_t start = 0;
    for (std::size_t i = 0; i < file.size(); ++i) {
        const char c = file[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' && depth++ == 0) {
            start = i;
        } else if (c == '}' && --depth == 0) {
            event::Record record;
            record.offset = static_cast<std::uint32_t>(start);
            record.size = static_cast<std::uint32_t>(i + 1 - start);
            record.peer = peer;
            batch.records.push_back(record);
        }
    }
    return batch;
}

} // namespace canhgac::support
