// The framing of EVTX files, whole, damaged and hostile.
#include "collector/decoders/evtx_file.hpp"

#include <chrono>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "collector/decoders/utf8_repair.hpp"
#include "decoder_harness.hpp"
#include "tests/support/event_samples.hpp"
#include "tests/support/evtx_writer.hpp"

namespace canhgac::collector {
namespace {

using support::EvtxEvent;
using support::EvtxInput;
using support::EvtxWriter;
using support::EvtxXml;
using support::utf16;

constexpr std::size_t kChunk = kEvtxFileHeaderBytes; ///< where the first one begins

std::string file_of(std::uint64_t records, std::uint32_t flags = 0) {
    EvtxWriter writer;
    for (std::uint64_t number = 1; number <= records; ++number) {
        EvtxEvent one;
        one.number = number;
        one.data = {{"CommandLine", {1, utf16("run " + std::to_string(number)), {}}}, {"", {0x81, utf16("a"), {}}}};
        writer.add(one);
    }
    return writer.finish(flags);
}

EvtxChunkDamage read(const std::string& file, std::size_t& records) {
    std::vector<EvtxSpan> spans;
    const EvtxChunkDamage damage = find_evtx_records(std::string_view(file).substr(kChunk), spans);
    records = spans.size();
    return damage;
}

template <typename T>
void put(std::string& file, std::size_t at, T value) {
    std::memcpy(file.data() + at, &value, sizeof value);
}

TEST(EvtxFile, AWholeFile) {
    const std::string file = file_of(10, 1);
    EXPECT_TRUE(looks_like_evtx(file));
    const auto header = read_evtx_header(file);
    ASSERT_TRUE(header);
    EXPECT_TRUE(header->checksum_ok);
    EXPECT_TRUE(header->dirty());
    EXPECT_EQ(header->chunks, 1U);
    EXPECT_EQ(header->next_record, 11U);
    EXPECT_EQ(header->block_bytes, 4'096U);
    std::size_t records = 0;
    EXPECT_EQ(read(file, records).count(), 0U);
    EXPECT_EQ(records, 10U);
    EXPECT_FALSE(read_evtx_header(std::string(200, 'x')));
    EXPECT_FALSE(read_evtx_header("ElfFile"));
}

TEST(EvtxFile, AChunkOfZerosIsNoDamage) {
    std::vector<EvtxSpan> spans;
    EXPECT_EQ(find_evtx_records(std::string(kEvtxChunkBytes, '\0'), spans).count(), 0U);
    EXPECT_TRUE(spans.empty());
}

TEST(EvtxFile, ChecksumsAreCheckedAndTheRecordsReadAllTheSame) {
    std::size_t records = 0;
    std::string file = file_of(10);
    file[kChunk + 130] ^= 1; // the table of strings
    EvtxChunkDamage damage = read(file, records);
    EXPECT_TRUE(damage.header && !damage.records);
    EXPECT_EQ(records, 10U);
    file = file_of(10);
    file[kChunk + 700] ^= 1;
    damage = read(file, records);
    EXPECT_TRUE(!damage.header && damage.records);
    EXPECT_EQ(damage.count(), 1U);
    EXPECT_EQ(records, 10U);
    file = file_of(10);
    file.replace(kChunk, 512, 512, 'x');
    damage = read(file, records);
    EXPECT_TRUE(damage.header);
    EXPECT_EQ(records, 10U);
}

TEST(EvtxFile, RecordsBehindTheKnownEndAreReadAsLongAsTheyFollowOn) {
    std::string file = file_of(10, 1);
    std::vector<EvtxSpan> spans;
    common::ignore(find_evtx_records(std::string_view(file).substr(kChunk), spans), "whole");
    put(file, kChunk + 48, spans[6].offset); // a log in use: the header knows six
    support::fix_evtx_checksums(file, kChunk);
    std::size_t records = 0;
    EvtxChunkDamage damage = read(file, records);
    EXPECT_EQ(damage.unlisted, 4U);
    EXPECT_EQ(damage.count(), 1U);
    EXPECT_EQ(records, 10U);
    put(file, kChunk + spans[8].offset + 8, std::uint64_t{3}); // what an earlier use left
    damage = read(file, records);
    EXPECT_EQ(damage.unlisted, 2U);
    EXPECT_EQ(records, 8U);
}

TEST(EvtxFile, ABrokenFrameIsSteppedOver) {
    std::string file = file_of(10);
    std::vector<EvtxSpan> spans;
    common::ignore(find_evtx_records(std::string_view(file).substr(kChunk), spans), "whole");
    put(file, kChunk + spans[3].offset + 4, std::uint32_t{0xFFFF'FFFF});
    std::size_t records = 0;
    EvtxChunkDamage damage = read(file, records);
    EXPECT_EQ(damage.gaps, 1U);
    EXPECT_TRUE(damage.records);
    EXPECT_EQ(records, 9U);
    file.resize(kChunk + spans[7].offset + 20);
    damage = read(file, records);
    EXPECT_TRUE(damage.truncated);
    EXPECT_EQ(records, 6U);
}

/// Everything that the header promises, on any bytes.
void decode_anything(const std::string& file) {
    event::FieldTable table(4'096);
    PeerTable peers;
    RecordDecoder decoder(table, peers, nullptr);
    const event::RecordBatch records = support::evtx_batch(file, peers.intern_local("test"));
    event::EventBatch batch;
    std::vector<std::uint64_t> keys;
    decoder.decode(records, batch, keys);
    ASSERT_EQ(batch.size(), records.records.size());
    for (const event::Event& event : batch.events()) {
        for (const event::Field& field : batch.fields(event)) {
            ASSERT_TRUE(is_utf8(field.text()));
        }
    }
}

TEST(EvtxFile, RandomDamageNeverBreaksTheReader) {
    const std::string whole = file_of(100);
    std::mt19937 random(20'261'127);
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < 1'000; ++round) {
        std::string file = whole;
        const unsigned flips = 1U << random() % 8U;
        for (unsigned i = 0; i < flips; ++i) {
            // Mostly in the first records, where the templates are.
            const std::size_t at = random() % 4 == 0 ? random() % file.size() : kChunk + random() % 6'000;
            file[at] = static_cast<char>(static_cast<unsigned char>(file[at]) ^ (1U << random() % 8U));
        }
        if (round % 10 == 0) { file.resize(random() % file.size()); }
        decode_anything(file);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(120));
}

TEST(EvtxFile, ATemplateThatContainsItselfAndOneThatExplodesAreCutOff) {
    EvtxWriter writer;
    const auto hostile = [&](const std::string& key, int uses, std::size_t depth) {
        writer.add(1, 0, [&](std::size_t offset) {
            EvtxXml xml(writer, offset);
            const auto define = [uses](EvtxXml& body) {
                body.open("Event").close_start();
                for (int i = 0; i < uses; ++i) {
                    body.open("E").close_start().value(0, 33).end();
                }
                body.end();
            };
            std::function<std::string(std::size_t, std::size_t)> level = [&](std::size_t at, std::size_t left) {
                EvtxXml inner(writer, at);
                inner.fragment();
                std::vector<EvtxInput> values = {{33, {}, [&, left](std::size_t place) {
                                                      return left == 0 ? std::string() : level(place, left - 1);
                                                  }}};
                inner.instance(key, define, values);
                return inner.bytes();
            };
            return level(offset, depth);
        });
    };
    hostile("bomb", 1'000, 6); // 1,000 to the power of 6 values
    hostile("deep", 1, 40);    // fragments in fragments
    const auto start = std::chrono::steady_clock::now();
    const std::string file = writer.finish();
    std::size_t records = 0;
    EXPECT_EQ(read(file, records).count(), 0U);
    EXPECT_EQ(records, 2U);
    decode_anything(file);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(EvtxFile, ElementsNestedTooDeepAreCutOff) {
    EvtxWriter writer;
    writer.add(1, 0, [&](std::size_t offset) {
        EvtxXml xml(writer, offset);
        for (int i = 0; i < 1'000; ++i) {
            xml.open("E").close_start();
        }
        return xml.bytes();
    });
    decode_anything(writer.finish());
}

} // namespace
} // namespace canhgac::collector
