// Whatever the bytes and the protocol: one event, its raw bytes identical, its texts valid UTF-8. Inputs are golden
// records with random damage, so that every decoder is reached.
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "collector/decoders/utf8_repair.hpp"
#include "decoder_harness.hpp"

namespace canhgac::collector {
namespace {

std::vector<std::string> golden_records() {
    std::vector<std::string> records;
    const std::filesystem::path folder = std::filesystem::path(CANHGAC_SOURCE_DIR) / "tests/golden/decoders";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".in") { continue; }
        std::ifstream in(entry.path(), std::ios::binary);
        std::stringstream stream;
        stream << in.rdbuf();
        records.push_back(stream.str());
    }
    return records;
}

TEST(DecoderProperty, DamagedRecordsKeepTheirBytesAndGiveValidText) {
    const std::vector<std::string> records = golden_records();
    ASSERT_GT(records.size(), 30U);
    std::mt19937 random(20'261'122);
    DecoderHarness harness;
    constexpr event::Protocol kProtocols[] = {event::Protocol::syslog_udp, event::Protocol::elastic_bulk,
                                              event::Protocol::file};
    for (int round = 0; round < 6'000; ++round) {
        std::string record = records[random() % records.size()];
        for (std::size_t damage = random() % 6; damage != 0 && !record.empty(); --damage) {
            const std::size_t at = random() % record.size();
            switch (random() % 4) {
            case 0:
                record[at] = static_cast<char>(random() % 256);
                break;
            case 1:
                record.erase(at, random() % 8);
                break;
            case 2:
                record.insert(at, record.substr(random() % record.size(), random() % 32));
                break;
            default:
                record.resize(at);
                break;
            }
        }
        const event::Event& event = harness.decode(kProtocols[random() % 3], record, R"({"index":{"_id":"1"}})");
        ASSERT_EQ(event.raw, record);
        ASSERT_TRUE(is_utf8(harness.print()));
        const bool unparsed = (event.flags & event::flag::kUnparsed) != 0;
        ASSERT_EQ(unparsed, event.format == event::Format::unparsed);
        ASSERT_EQ(unparsed, harness.text("event.parse_error") != "(absent)");
    }
}

} // namespace
} // namespace canhgac::collector
