/// The hash chain: what is untouched holds, what was touched is named.
#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include "storage/coding.hpp"
#include "storage/journal_db.hpp"
#include "storage/zone_record.hpp"
#include "tests/unit/storage/store_fixture.hpp"

namespace canhgac::storage {
namespace {

class VerifyTest : public StoreTest {
protected:
    void SetUp() override {
        open();
        samples::SyslogMaker maker(*names_, 1);
        for (int i = 0; i < 10; ++i) {
            event::EventBatch batch;
            maker.fill(batch, 20, samples::kStart + i * common::kSecond);
            ASSERT_TRUE(append(batch));
            clock_.advance(common::kSecond / 2);
        }
    }
    VerifyReport report() {
        open();
        const auto result = store_->verify();
        EXPECT_TRUE(result);
        return result.value_or(VerifyReport{});
    }
    static std::string block_of(std::uint64_t seq) { return to_key({day_of(samples::kStart), 0, seq}); }
    static std::string seq_key(std::uint64_t seq) {
        std::string key;
        append_key(key, seq);
        return key;
    }
    /// Changes one stored value behind the store's back; nothing = delete.
    void forge(Family family, const std::string& key,
               const std::function<std::optional<std::string>(std::string)>& how) {
        store_.reset();
        JournalDb db(folder_.path(), options_);
        const auto value = db.get(family, key);
        ASSERT_TRUE(value && *value);
        const auto changed = how(**value);
        const auto status =
            changed ? db.db().Put({}, db.family(family), key, *changed) : db.db().Delete({}, db.family(family), key);
        ASSERT_TRUE(status.ok());
    }
};

TEST_F(VerifyTest, UntouchedHolds) {
    const VerifyReport all = report();
    EXPECT_EQ(all.first_bad_seq, 0U) << all.problem;
    EXPECT_EQ(all.batches, 10U);
    EXPECT_EQ(all.events, 200U);
    EXPECT_GE(all.signed_heads, 5U);
}

TEST_F(VerifyTest, AFlippedByteNamesItsBatch) {
    forge(Family::mb, block_of(4), [](std::string value) {
        value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
        return value;
    });
    EXPECT_EQ(report().first_bad_seq, 4U);
}

TEST_F(VerifyTest, AnotherBlockInItsPlaceIsNoticed) {
    std::string other;
    forge(Family::mb, block_of(6), [&other](std::string value) { return other = std::move(value); });
    forge(Family::mb, block_of(3), [&other](const std::string&) { return other; });
    const VerifyReport bad = report();
    EXPECT_EQ(bad.first_bad_seq, 3U);
    EXPECT_EQ(bad.problem, "an event was changed");
}

TEST_F(VerifyTest, HiddenRowsAreNoticed) {
    forge(Family::mb, block_of(5), [](std::string value) { // version, empty list of duplicates, of dropped rows
        return value.substr(0, 2) + std::string("\x01\x04", 2) + value.substr(3);
    });
    EXPECT_EQ(report().problem, "an event is marked as dropped but its day is not");
    forge(Family::mb, block_of(2),
          [](std::string value) { return value.substr(0, 1) + std::string("\x01\x04", 2) + value.substr(2); });
    const VerifyReport bad = report();
    EXPECT_EQ(bad.first_bad_seq, 2U);
    EXPECT_EQ(bad.problem, "its list of duplicates was changed");
}

TEST_F(VerifyTest, MissingBlocksRecordsAndEndsAreNoticed) {
    forge(Family::mb, block_of(9), [](const std::string&) { return std::nullopt; });
    EXPECT_EQ(report().problem, "its events are missing");
    forge(Family::chain, seq_key(7), [](const std::string&) { return std::nullopt; });
    EXPECT_EQ(report().first_bad_seq, 7U);
    EXPECT_EQ(report().problem, "its record is missing from the chain");
}

TEST_F(VerifyTest, ACutEndIsNoticed) {
    forge(Family::chain, seq_key(10), [](const std::string&) { return std::nullopt; });
    store_.reset();
    forge(Family::mb, block_of(10), [](const std::string&) { return std::nullopt; });
    EXPECT_EQ(report().problem, "a signed head names a later batch: the end of the chain was cut off");
}

TEST_F(VerifyTest, AForgedHeadIsNoticed) {
    forge(Family::heads, seq_key(10), [](std::string value) {
        value.back() = static_cast<char>(value.back() ^ 1);
        return value;
    });
    EXPECT_EQ(report().first_bad_seq, 10U);
    EXPECT_EQ(report().problem, "its signed head is not ours");
}

} // namespace
} // namespace canhgac::storage
