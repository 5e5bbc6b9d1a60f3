#include "event/value.hpp"

#include <string>

#include <gtest/gtest.h>

#include "event/schema.hpp"

namespace canhgac::event {
namespace {

TEST(Field, KeepsNameTextAndType) {
    const Field field(FieldId{7}, "4624", ValueType::integer);
    EXPECT_EQ(field.name(), FieldId{7});
    EXPECT_EQ(field.text(), "4624");
    EXPECT_EQ(field.type(), ValueType::integer);
    EXPECT_FALSE(field.is_null());
}

TEST(ParseNumber, TakesWholeDecimalNumbersOnly) {
    EXPECT_EQ(parse_number("4624"), 4624.0);
    EXPECT_EQ(parse_number("-0.5"), -0.5);
    EXPECT_EQ(parse_number("1e3"), 1000.0);
    for (const char* text : {"", " 1", "1 ", "0x10", "inf", "-inf", "nan", "1,000", "abc", "-"}) {
        EXPECT_FALSE(parse_number(text)) << text;
    }
}

TEST(Schema, ReceiverOnlyNamesAreNotForSenders) {
    for (const char* name : {"organization.name", "tags", "logsource.product", "logsource", "asset.level",
                             "event.original", "threat.indicator.list", "source.geo.country_iso_code", "asset.owner"}) {
        EXPECT_TRUE(is_receiver_only(name)) << name;
    }
    for (const char* name : {"host.name", "user.name", "Image", "logsources", "threat.name", "source.geo.city_name"}) {
        EXPECT_FALSE(is_receiver_only(name)) << name;
    }
}

} // namespace
} // namespace canhgac::event
