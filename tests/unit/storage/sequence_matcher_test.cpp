// Sequences over random events against a search that tries every chain.
#include "storage/query/exec/sequence_matcher.hpp"

#include <optional>
#include <random>

#include <gtest/gtest.h>

namespace canhgac::storage {
namespace {

struct Step {
    common::Nanos time = 0;
    std::uint32_t parts = 0;
};
using Chain = std::vector<std::uint32_t>;

/// The latest start of a chain that fits positions [0, left] and whose last event is `last`, all of them from `first`
/// on; nothing if there is none.
std::optional<common::Nanos> latest_start(const std::vector<Step>& steps, const std::vector<std::uint32_t>& positions,
                                          std::size_t left, std::size_t last, std::size_t first) {
    if ((steps[last].parts >> positions[left] & 1U) == 0) { return std::nullopt; }
    if (left == 0) { return steps[last].time; }
    std::optional<common::Nanos> best;
    for (std::size_t before = first; before < last; ++before) {
        const auto start = latest_start(steps, positions, left - 1, before, first);
        if (start && (!best || *start > *best)) { best = start; }
    }
    return best;
}

/// (start, index of the last event) of every match.
std::vector<std::pair<common::Nanos, std::size_t>>
plain_matches(const std::vector<Step>& steps, const std::vector<std::uint32_t>& positions, common::Nanos span) {
    std::vector<std::pair<common::Nanos, std::size_t>> matches;
    std::size_t first = 0;
    for (std::size_t last = 0; last < steps.size(); ++last) {
        const auto start = latest_start(steps, positions, positions.size() - 1, last, first);
        if (!start || steps[last].time - *start > span) { continue; }
        matches.emplace_back(*start, last);
        first = last + 1;
    }
    return matches;
}

TEST(SequenceMatcher, FindsWhatTryingEveryChainFinds) {
    std::mt19937 random(41);
    std::size_t found = 0;
    for (int round = 0; round < 6'000; ++round) {
        std::vector<std::uint32_t> positions;
        for (std::size_t n = 1 + random() % 4; n > 0; --n) {
            positions.push_back(static_cast<std::uint32_t>(random() % 3));
        }
        std::vector<Step> steps;
        common::Nanos time = 0;
        for (std::size_t n = random() % 14; n > 0; --n) {
            time += static_cast<common::Nanos>(random() % 4); // equal times too
            steps.push_back({time, static_cast<std::uint32_t>(random() % 8)});
        }
        const common::Nanos span = static_cast<common::Nanos>(random() % 12);
        SequenceMatcher matcher(positions, span);
        std::vector<std::pair<common::Nanos, std::size_t>> matches;
        Chain match;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if (!matcher.add(static_cast<std::uint32_t>(i), steps[i].time, steps[i].parts, match)) { continue; }
            ASSERT_EQ(match.size(), positions.size());
            for (std::size_t k = 0; k < match.size(); ++k) {
                ASSERT_TRUE(k == 0 || match[k - 1] < match[k]);
                ASSERT_TRUE(steps[match[k]].parts >> positions[k] & 1U);
            }
            matches.emplace_back(steps[match.front()].time, match.back());
        }
        ASSERT_EQ(matches, plain_matches(steps, positions, span)) << "round " << round;
        found += matches.size();
    }
    EXPECT_GT(found, 5'000U);
}

TEST(SequenceMatcher, StaysSmallHoweverLongItWaits) {
    std::vector<std::uint32_t> positions(100, 0);
    positions.push_back(1);
    SequenceMatcher matcher(positions, 1'000'000);
    Chain match;
    for (std::uint32_t i = 0; i < 200'000; ++i) {
        ASSERT_FALSE(matcher.add(i, i, 1, match));
    }
    EXPECT_LT(matcher.bytes(), 4'000'000U);
    ASSERT_TRUE(matcher.add(200'000, 200'000, 2, match));
    EXPECT_EQ(match.front(), 199'900U) << "the latest events before the last";
    EXPECT_EQ(match.size(), 101U);
    EXPECT_FALSE(matcher.add(200'001, 200'001, 2, match)) << "no event is in two matches";
}

} // namespace
} // namespace canhgac::storage
