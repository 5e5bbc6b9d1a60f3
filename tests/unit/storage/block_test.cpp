#include <random>

#include <gtest/gtest.h>

#include "storage/block_encoder.hpp"
#include "storage/block_reader.hpp"
#include "tests/unit/storage/samples.hpp"

namespace canhgac::storage {
namespace {

/// Every row of `block` equals the event it was made from.
void expect_same(const event::EventBatch& batch, const std::string& block, const FieldDict& dict,
                 const event::FieldTable& names) {
    BlockReader reader;
    ASSERT_TRUE(reader.open(block));
    BlockRow row;
    for (const event::Event& event : batch.events()) {
        ASSERT_TRUE(reader.next(row));
        EXPECT_EQ(row.time, event.time);
        EXPECT_EQ(row.received, event.received);
        EXPECT_EQ(row.source, event.source);
        EXPECT_EQ(row.flags, event.flags);
        EXPECT_EQ(row.format, event.format);
        ASSERT_EQ(row.raw, event.raw);
        const auto fields = batch.fields(event);
        ASSERT_EQ(row.fields.size(), fields.size());
        for (std::size_t i = 0; i < fields.size(); ++i) {
            EXPECT_EQ(dict.name(row.fields[i].number), names.name(fields[i].name()));
            EXPECT_EQ(row.fields[i].type, fields[i].type());
            EXPECT_EQ(row.fields[i].text, fields[i].text());
        }
    }
    EXPECT_FALSE(reader.next(row));
    EXPECT_FALSE(reader.failed());
}

class BlockTest : public testing::Test {
protected:
    event::FieldTable names_;
    FieldDict dict_{names_};
    BlockEncoder encoder_{dict_};
    event::EventBatch batch_;
};

TEST_F(BlockTest, SyslogAndJsonComeBackExactly) {
    samples::SyslogMaker(names_, 1).fill(batch_, 700, samples::kStart);
    samples::JsonMaker(names_, 2).fill(batch_, 150, samples::kStart);
    const auto block = encoder_.encode(batch_);
    expect_same(batch_, block.bytes, dict_, names_);
    EXPECT_EQ(block.zone.rows, 850U);
    EXPECT_EQ(block.zone.min_time, samples::kStart);
    EXPECT_EQ(block.zone.sources.size(), 8U);
}

TEST_F(BlockTest, OddEventsComeBackExactly) {
    using namespace std::string_view_literals;
    const std::string_view bytes = "\0\xff\xfe broken \x80 line"sv;
    samples::add(batch_, names_, samples::kStart, bytes, {{"message", "repaired"}, {"message", ""}, {"tags", "a"}});
    samples::add(batch_, names_, samples::kStart - common::kDay * 400, "", {});
    samples::add(batch_, names_, std::numeric_limits<common::Nanos>::max() - common::kMillisecond, "x",
                 {{"empty", ""}});
    samples::add(batch_, names_, std::numeric_limits<common::Nanos>::min() + 7, "y", {{"tags", "b"}, {"tags", "a"}},
                 99);
    event::Event& event = batch_.begin();
    event.raw = "z";
    event.flags = 0xFFFF;
    event.source = event::SourceId{0xFFFFFFFF};
    event.received = std::numeric_limits<common::Nanos>::min();
    batch_.add(names_.intern("none"), {}, event::ValueType::null);
    batch_.add(names_.intern("yes"), "true", event::ValueType::boolean);
    batch_.finish();
    expect_same(batch_, encoder_.encode(batch_).bytes, dict_, names_);
}

TEST_F(BlockTest, ManyShapesAndValuesGrowTheTables) {
    std::mt19937 random(3);
    for (int i = 0; i < 3000; ++i) {
        const std::string name = "f" + std::to_string(random() % 3000);
        const std::string other = "g" + std::to_string(random() % 50);
        const std::string value = std::to_string(random());
        samples::add(batch_, names_, samples::kStart + i, "raw " + std::to_string(i),
                     {{name, value}, {other, value + "x"}, {name, value}, {"same", std::to_string(i % 7)}});
    }
    const auto first = encoder_.encode(batch_);
    expect_same(batch_, first.bytes, dict_, names_);
    EXPECT_TRUE(first.zone.all_fields);
    EXPECT_EQ(encoder_.encode(batch_).bytes, first.bytes) << "an encoder remembers nothing of the block before";
}

TEST_F(BlockTest, RootDependsOnEveryByteAndOrder) {
    samples::add(batch_, names_, samples::kStart, "one", {});
    samples::add(batch_, names_, samples::kStart, "two", {});
    const Digest root = encoder_.encode(batch_).root;
    event::EventBatch swapped;
    samples::add(swapped, names_, samples::kStart, "two", {});
    samples::add(swapped, names_, samples::kStart, "one", {});
    EXPECT_NE(encoder_.encode(swapped).root, root);
    event::EventBatch changed;
    samples::add(changed, names_, samples::kStart, "one", {});
    samples::add(changed, names_, samples::kStart, "twO", {});
    EXPECT_NE(encoder_.encode(changed).root, root);
    EXPECT_EQ(encoder_.encode(batch_).root, root);
}

TEST_F(BlockTest, DamageGivesAnErrorOrRowsNeverACrash) {
    samples::SyslogMaker(names_, 4).fill(batch_, 50, samples::kStart);
    const std::string block = encoder_.encode(batch_).bytes;
    BlockReader reader;
    for (std::size_t size = 0; size < block.size(); ++size) {
        ASSERT_FALSE(reader.open(std::string_view(block).substr(0, size))) << size;
    }
    for (std::size_t at = 0; at < block.size(); ++at) {
        std::string bad = block;
        bad[at] = static_cast<char>(bad[at] ^ 0x41);
        if (!reader.open(bad)) { continue; }
        BlockRow row;
        while (reader.next(row)) {}
    }
    std::string newer = block;
    newer[0] = 2;
    EXPECT_EQ(reader.open(newer).error(), BlockError::unknown_version);
}

} // namespace
} // namespace canhgac::storage
