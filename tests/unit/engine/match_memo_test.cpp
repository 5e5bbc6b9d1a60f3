#include "engine/match_memo.hpp"

#include <numeric>

#include <gtest/gtest.h>

namespace canhgac::engine {
namespace {

TEST(MatchMemo, GivesBackWhatItTookForTheSameSlotAndBytesOnly) {
    MatchMemo memo(1);
    memo.begin_event();
    const std::vector<std::uint32_t> atoms = {1, 2, 3};
    const std::vector<std::uint32_t> rules = {9};
    const auto hash = MatchMemo::hash(7, "value");
    ValueMatch match{atoms, rules};
    EXPECT_FALSE(memo.find(hash, 7, "value", match));
    match = {atoms, rules};
    ASSERT_TRUE(memo.insert(hash, 7, "value", match));
    EXPECT_NE(match.atoms.data(), atoms.data()); // a view of the copy
    ValueMatch found;
    ASSERT_TRUE(memo.find(hash, 7, "value", found));
    EXPECT_EQ(std::vector(found.atoms.begin(), found.atoms.end()), atoms);
    EXPECT_EQ(std::vector(found.rules.begin(), found.rules.end()), rules);
    // A sender that finds two values of one hash gains nothing.
    EXPECT_FALSE(memo.find(hash, 7, "valuE", found));
    EXPECT_FALSE(memo.find(hash, 8, "value", found));
    memo.clear();
    EXPECT_FALSE(memo.find(hash, 7, "value", found));
}

TEST(MatchMemo, KeepsMatchesOfOneEventValidAndItsShareBounded) {
    MatchMemo memo(1); // the smallest: 256 KiB
    std::vector<std::uint32_t> atoms(100);
    std::iota(atoms.begin(), atoms.end(), 0);
    for (int event = 0; event < 50; ++event) {
        memo.begin_event();
        std::vector<std::pair<std::uint32_t, ValueMatch>> kept;
        for (std::uint32_t i = 0; i < 400; ++i) {
            const std::string value = std::to_string(event) + '/' + std::to_string(i);
            atoms[0] = i;
            ValueMatch match{atoms, {}};
            if (memo.insert(MatchMemo::hash(1, value), 1, value, match)) { kept.emplace_back(i, match); }
        }
        EXPECT_LT(kept.size(), 400U); // 400 entries are more than a quarter
        EXPECT_GT(kept.size(), 100U);
        for (const auto& [first, match] : kept) {
            ASSERT_EQ(match.atoms[0], first);
            ASSERT_EQ(match.atoms[99], 99U);
        }
    }
}

TEST(MatchMemo, ForgetsTheOldestAndNeverGivesOverwrittenEntries) {
    MatchMemo memo(1);
    std::size_t found_count = 0;
    for (std::uint32_t i = 0; i < 20'000; ++i) {
        memo.begin_event();
        const std::string value = "value " + std::to_string(i);
        std::vector<std::uint32_t> atoms = {i};
        ValueMatch match{atoms, {}};
        ASSERT_TRUE(memo.insert(MatchMemo::hash(1, value), 1, value, match));
        for (std::uint32_t back = 0; back <= i && back < 8'000; back += 997) {
            const std::string old = "value " + std::to_string(i - back);
            ValueMatch found;
            if (!memo.find(MatchMemo::hash(1, old), 1, old, found)) { continue; }
            ++found_count;
            ASSERT_EQ(found.atoms[0], i - back);
        }
    }
    EXPECT_GT(found_count, 20'000U);
}

TEST(MatchMemo, RefusesHugeValues) {
    MatchMemo memo(1);
    memo.begin_event();
    const std::string huge(20'000, 'x');
    ValueMatch match;
    EXPECT_FALSE(memo.insert(MatchMemo::hash(1, huge), 1, huge, match));
}

} // namespace
} // namespace canhgac::engine
