#include "event/field_table.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace canhgac::event {
namespace {

TEST(FieldTable, EnvelopeNamesHaveTheirFixedIds) {
    FieldTable table;
    EXPECT_EQ(table.intern("@timestamp"), field::kTimestamp);
    EXPECT_EQ(table.intern("message"), field::kMessage);
    EXPECT_EQ(table.intern("organization.name"), field::kOrganizationName);
    EXPECT_EQ(table.intern("event.id"), field::kEventId);
    EXPECT_EQ(table.intern("log.peer.subject"), field::kPeerSubject);
    EXPECT_EQ(table.intern("CommandLine"), kFirstPayloadField);
    EXPECT_EQ(table.name(kFirstPayloadField), "CommandLine");
    EXPECT_FALSE(table.find("Image"));
}

TEST(FieldTable, BeyondTheLimitNamesGoToTheOverflowField) {
    FieldTable table(static_cast<std::uint32_t>(kEnvelopeNames.size()) + 2);
    EXPECT_NE(table.intern("a"), field::kOverflow);
    EXPECT_NE(table.intern("b"), field::kOverflow);
    EXPECT_EQ(table.intern("c"), field::kOverflow);
    EXPECT_EQ(table.overflowed(), 1U);
    EXPECT_NE(table.intern("a"), field::kOverflow);
}

TEST(FieldTable, ThreadsAgreeOnIds) {
    FieldTable table;
    std::vector<std::vector<FieldId>> seen(4);
    {
        std::vector<std::jthread> threads;
        for (auto& ids : seen) {
            threads.emplace_back([&table, &ids] {
                FieldCache cache(table);
                for (int i = 0; i < 2000; ++i) {
                    ids.push_back(cache.intern("field" + std::to_string(i % 1000)));
                }
            });
        }
    }
    for (const auto& ids : seen) {
        EXPECT_EQ(ids, seen.front());
    }
    EXPECT_EQ(table.size(), kEnvelopeNames.size() + 1000);
    EXPECT_EQ(table.name(seen[0][42]), "field42");
}

} // namespace
} // namespace canhgac::event
