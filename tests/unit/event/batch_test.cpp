#include "event/batch.hpp"

#include <gtest/gtest.h>

namespace canhgac::event {
namespace {

TEST(EventBatch, EventsKeepTheirOwnFields) {
    EventBatch batch;
    batch.begin();
    batch.add(field::kMessage, "one");
    batch.add(FieldId{100}, "1", ValueType::integer);
    batch.finish();
    batch.begin();
    batch.add(field::kMessage, "two");
    batch.finish();
    batch.begin();
    batch.finish();

    ASSERT_EQ(batch.size(), 3U);
    EXPECT_EQ(batch.fields(batch.events()[0]).size(), 2U);
    EXPECT_EQ(batch.find(batch.events()[0], field::kMessage)->text(), "one");
    EXPECT_EQ(batch.find(batch.events()[1], field::kMessage)->text(), "two");
    EXPECT_EQ(batch.find(batch.events()[1], FieldId{100}), nullptr);
    EXPECT_TRUE(batch.fields(batch.events()[2]).empty());
}

TEST(EventBatch, AnEventBeingBuiltCanStartOver) {
    EventBatch batch;
    batch.begin();
    batch.add(field::kMessage, "kept");
    batch.finish();
    batch.begin();
    batch.add(FieldId{100}, "half");
    EXPECT_EQ(batch.open_fields().size(), 1U);
    batch.clear_open_fields();
    batch.add(field::kParseError, "broken");
    batch.finish();
    EXPECT_EQ(batch.find(batch.events()[0], field::kMessage)->text(), "kept");
    EXPECT_EQ(batch.fields(batch.events()[1]).size(), 1U);
}

} // namespace
} // namespace canhgac::event
