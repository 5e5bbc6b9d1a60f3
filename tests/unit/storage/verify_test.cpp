/// The hash chain: what is untouched holds, what was touched is named.
#include "storage/verify.hpp"

#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include "storage/chain.hpp"
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
    /// Puts a value where there is none, or another in its place.
    void plant(Family family, const std::string& key, const std::string& value) {
        store_.reset();
        JournalDb db(folder_.path(), options_, logger_);
        ASSERT_TRUE(db.db().Put({}, db.family(family), key, value).ok());
    }
    std::string stored(Family family, const std::string& key) {
        store_.reset();
        JournalDb db(folder_.path(), options_, logger_);
        return db.get(family, key)->value();
    }
    /// The block of `seq` with other rows, as one who has our program could write it.
    void rewrite(std::uint64_t seq, const std::function<void(std::vector<std::string>&)>& how) {
        std::vector<std::string> lines;
        open();
        ASSERT_TRUE(store_->events().tail(seq - 1, {}, 1, [&lines](const event::StoredEvent& event) {
            lines.emplace_back(event.raw);
            return true;
        }));
        how(lines);
        store_.reset();
        TemporaryFolder other;
        open(other.path());
        event::EventBatch batch;
        for (const std::string& line : lines) {
            samples::add(batch, *names_, samples::kStart, line, {});
        }
        ASSERT_TRUE(append(batch));
        store_.reset();
        std::string forged;
        {
            JournalDb db(other.path(), options_, logger_);
            forged = db.get(Family::mb, block_of(1))->value();
        }
        plant(Family::mb, block_of(seq), forged);
    }
    /// Changes one stored value behind the store's back; nothing = delete.
    void forge(Family family, const std::string& key,
               const std::function<std::optional<std::string>(std::string)>& how) {
        store_.reset();
        JournalDb db(folder_.path(), options_, logger_);
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

TEST_F(VerifyTest, ARemovedAnAddedAndASwappedEventAreNoticed) {
    rewrite(3, [](std::vector<std::string>& lines) { lines.erase(lines.begin() + 7); });
    EXPECT_EQ(report().first_bad_seq, 3U);
    EXPECT_EQ(report().problem, "it has another number of events");
    rewrite(3, [](std::vector<std::string>& lines) { lines.emplace_back("one more"); });
    EXPECT_EQ(report().first_bad_seq, 3U) << "the one more makes up for the one removed, not for what it said";
    EXPECT_EQ(report().problem, "an event was changed");
    rewrite(2, [](std::vector<std::string>& lines) { std::swap(lines[4], lines[5]); });
    EXPECT_EQ(report().first_bad_seq, 2U);
    EXPECT_EQ(report().problem, "an event was changed");
}

TEST_F(VerifyTest, SwappedBatchesAreNoticed) {
    const std::string two = stored(Family::mb, block_of(2));
    const std::string eight = stored(Family::mb, block_of(8));
    plant(Family::mb, block_of(2), eight);
    plant(Family::mb, block_of(8), two);
    EXPECT_EQ(report().first_bad_seq, 2U);
    plant(Family::mb, block_of(2), two);
    plant(Family::mb, block_of(8), eight);
    EXPECT_EQ(report().first_bad_seq, 0U);
    const std::string record = stored(Family::chain, seq_key(8)); // and with their records
    plant(Family::chain, seq_key(8), stored(Family::chain, seq_key(2)));
    plant(Family::chain, seq_key(2), record);
    EXPECT_EQ(report().first_bad_seq, 2U);
    EXPECT_EQ(report().problem, "its record does not follow from the one before");
}

TEST_F(VerifyTest, AnAddedBlockIsNoticedWhereverItStands) {
    const std::string block = stored(Family::mb, block_of(4));
    const std::string zone = stored(Family::zone, block_of(4));
    plant(Family::mb, block_of(77), block);
    plant(Family::zone, block_of(77), zone);
    EXPECT_EQ(report().first_bad_seq, 77U);
    EXPECT_EQ(report().problem, "there is a block of events that the chain does not have");
    forge(Family::zone, block_of(77), [](const std::string&) { return std::nullopt; });
    EXPECT_EQ(report().first_bad_seq, 0U) << "nobody finds a block without its zone";
    const std::string other_day = to_key({static_cast<std::uint16_t>(day_of(samples::kStart) + 1), 0, 4});
    plant(Family::mb, other_day, block);
    plant(Family::zone, other_day, zone);
    EXPECT_EQ(report().first_bad_seq, 4U);
}

TEST_F(VerifyTest, AChainComputedAnewIsNoticedByItsSignatures) {
    // Somebody who changes an event can compute root and heads again, but cannot sign: so the signed heads have to go.
    store_.reset();
    {
        JournalDb db(folder_.path(), options_, logger_);
        Sha256 hash;
        Digest previous{};
        for (std::uint64_t seq = 1; seq <= 10; ++seq) {
            auto record = decode_chain(seq, db.get(Family::chain, seq_key(seq))->value()).value();
            if (seq == 5) { record.time += 1; }
            record.previous = previous;
            record.head = previous = chain_head(hash, record);
            std::string value;
            encode(record, value);
            ASSERT_TRUE(db.db().Put({}, db.family(Family::chain), seq_key(seq), value).ok());
        }
    }
    EXPECT_EQ(report().problem, "its signed head is not ours");
    for (std::uint64_t seq = 5; seq <= 10; ++seq) {
        store_.reset();
        JournalDb db(folder_.path(), options_, logger_);
        ASSERT_TRUE(db.db().Delete({}, db.family(Family::heads), seq_key(seq)).ok());
    }
    // Opening signs the end once more, so it is looked at as it is left.
    options_.min_free_bytes = 0;
    VerifyReport left;
    {
        JournalDb db(folder_.path(), options_, logger_);
        DayBook days;
        DayStores stores(folder_.path(), logger_);
        const SealedReader sealed(db, stores, days);
        const ChainSigner signer(folder_.path(), false);
        left = verify_chain({db, sealed, signer}, {}).value();
    }
    EXPECT_GE(left.first_bad_seq, 5U);
    EXPECT_EQ(left.problem, "no head is signed for it: one is each second while events come");
}

TEST_F(VerifyTest, ARangeReadsItsBatchesAndWalksTheWholeChain) {
    forge(Family::mb, block_of(9), [](const std::string&) { return std::nullopt; });
    open();
    VerifyOptions options;
    options.from = samples::kStart + common::kSecond; // batches 3 to 6
    options.to = samples::kStart + 3 * common::kSecond;
    const auto part = store_->verify(options).value();
    EXPECT_EQ(part.first_bad_seq, 0U) << part.problem;
    EXPECT_EQ(part.batches, 10U);
    EXPECT_EQ(part.skipped, 6U);
    EXPECT_EQ(part.events, 80U);
    options.to = samples::kStart + 5 * common::kSecond;
    EXPECT_EQ(store_->verify(options).value().first_bad_seq, 9U);
}

TEST_F(VerifyTest, GoesOnWhereItWasEnded) {
    open();
    std::atomic<bool> cancelled{true};
    VerifyOptions options;
    options.cancelled = &cancelled;
    const auto ended = store_->verify(options).value();
    EXPECT_TRUE(ended.cancelled);
    EXPECT_EQ(ended.reached, 0U);
    const auto whole = store_->verify().value();
    EXPECT_EQ(whole.reached, 10U);
    EXPECT_EQ(whole.total, 10U);
    EXPECT_EQ(whole.head.size(), 64U);
    options = {};
    options.after = whole.reached;
    options.after_head = whole.head;
    const auto rest = store_->verify(options).value();
    EXPECT_EQ(rest.first_bad_seq, 0U) << rest.problem;
    EXPECT_EQ(rest.skipped, 10U);
    EXPECT_EQ(rest.events, 0U);
    ASSERT_TRUE(append_one("one more", samples::kStart));
    EXPECT_EQ(store_->verify(options).value().events, 1U);
    options.after_head.front() = options.after_head.front() == '0' ? '1' : '0';
    EXPECT_EQ(store_->verify(options).value().first_bad_seq, 10U);
    options.after = 12;
    EXPECT_EQ(store_->verify(options).value().problem,
              "the chain was proven up to a later batch before: its end was cut off");
}

TEST_F(VerifyTest, HeadsAreSignedAlsoWhenTheClockIsSetBack) {
    open();
    clock_.advance(-common::kHour);
    for (int i = 0; i < 12; ++i) { // faster than the committer signs by itself
        ASSERT_TRUE(append_one("line " + std::to_string(i)));
        clock_.advance(common::kSecond / 2);
    }
    const auto all = store_->verify().value();
    EXPECT_EQ(all.first_bad_seq, 0U) << all.problem;
    EXPECT_GE(all.signed_heads, 10U);
}

TEST_F(VerifyTest, ADayIsExpiredOnlyIfItWasDropped) {
    open();
    ASSERT_TRUE(append_one("of another day", samples::kStart + 3 * common::kDay));
    ASSERT_TRUE(store_->events().drop(day_of(samples::kStart), test_order));
    const VerifyReport all = report();
    EXPECT_EQ(all.first_bad_seq, 0U) << all.problem;
    EXPECT_EQ(all.expired, 10U);
    ASSERT_EQ(all.orders.size(), 1U);
    EXPECT_EQ(all.orders[0].subject, day_name(day_of(samples::kStart)));
    EXPECT_EQ(all.orders[0].rows, 200U);
    forge(Family::orders, seq_key(1), [](const std::string&) { return std::nullopt; });
    EXPECT_EQ(report().first_bad_seq, 1U);
    EXPECT_EQ(report().problem, "its events are missing");
}

} // namespace
} // namespace canhgac::storage
