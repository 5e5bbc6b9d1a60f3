// A decoder that has seen the names and sources of its input must not touch the heap again.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "decoder_harness.hpp"
#include "tests/support/allocation_count.hpp"

namespace canhgac::collector {
namespace {

/// Every golden input of a protocol in one batch.
event::RecordBatch batch_of(event::Protocol protocol, std::string_view mark, event::PeerId peer) {
    event::RecordBatch batch;
    batch.protocol = protocol;
    batch.received = kReceived;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(CANHGAC_SOURCE_DIR) / "tests/golden/decoders")) {
        if (entry.path().extension() != ".in" || entry.path().string().find(mark) == std::string::npos) { continue; }
        std::ifstream in(entry.path(), std::ios::binary);
        std::stringstream stream;
        stream << in.rdbuf();
        const std::string text = stream.str();
        event::Record record;
        record.peer = peer;
        const std::size_t meta = protocol == event::Protocol::elastic_bulk ? text.find('\n') : 0;
        record.meta_offset = static_cast<std::uint32_t>(batch.bytes.size());
        record.meta_size = static_cast<std::uint32_t>(meta);
        record.offset = static_cast<std::uint32_t>(batch.bytes.size() + meta + (meta == 0 ? 0 : 1));
        record.size = static_cast<std::uint32_t>(text.size() - meta - (meta == 0 ? 0 : 1));
        batch.bytes += text;
        batch.records.push_back(record);
    }
    return batch;
}

TEST(DecoderAllocation, AWarmDecoderTakesNothingFromTheHeap) {
    event::FieldTable fields;
    PeerTable peers;
    const event::PeerId peer = peers.intern(*common::parse_ip("192.0.2.7"));
    RecordDecoder decoder(fields, peers, nullptr);
    const event::RecordBatch batches[] = {batch_of(event::Protocol::syslog_tcp, "-syslog-", peer),
                                          batch_of(event::Protocol::elastic_bulk, "-bulk-", peer),
                                          batch_of(event::Protocol::file, "-file-", peer)};
    event::EventBatch out;
    std::vector<std::uint64_t> keys;
    const auto decode_all = [&] {
        for (const event::RecordBatch& batch : batches) {
            ASSERT_GT(batch.records.size(), 4U);
            out.reset();
            keys.clear();
            decoder.decode(batch, out, keys);
            ASSERT_EQ(out.size(), batch.records.size());
            ASSERT_EQ(keys.size(), batch.records.size());
        }
    };
    decode_all();
    decode_all();
    const std::size_t before = support::allocation_count();
    for (int round = 0; round < 10; ++round) {
        decode_all();
    }
    EXPECT_EQ(support::allocation_count() - before, 0U);
}

} // namespace
} // namespace canhgac::collector
