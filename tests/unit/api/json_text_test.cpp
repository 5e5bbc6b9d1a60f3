#include "api/json_text.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/unit/alerting/samples.hpp"

namespace canhgac::api {
namespace {

TEST(IsJsonNumber, FollowsRfc8259) {
    for (const auto* const yes : {"0", "-0", "12", "1.5", "1e3", "1.5E-3", "-2e+10", "18446744073709551615"}) {
        EXPECT_TRUE(is_json_number(yes)) << yes;
    }
    for (const auto* const no : {"", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x1", " 1", "1 ", "NaN", "1,5"}) {
        EXPECT_FALSE(is_json_number(no)) << no;
    }
}

TEST(AppendJsonString, EscapesEveryByteSoThatItIsReadBack) {
    std::string all;
    for (int c = 1; c < 128; ++c) {
        all.push_back(static_cast<char>(c));
    }
    all.push_back('\0');
    all += "Sở";
    std::string out;
    append_json_string(out, all);
    EXPECT_EQ(std::string(boost::json::parse(out).as_string()), all);
    out.clear();
    append_json_string(out, "a\xFF");
    EXPECT_EQ(out, "\"a\xEF\xBF\xBD\"");
}

TEST(AppendEvent, NamesOfTheEnvelopeStandOnce) {
    const std::vector<std::pair<std::string_view, event::Field>> fields{
        {"@timestamp", event::Field(event::FieldId{}, "a lie")},
        {"_id", event::Field(event::FieldId{}, "another")},
        {"x", event::Field(event::FieldId{}, "1")}};
    event::StoredEvent event;
    event.id = {.seq = 7, .index = 2};
    event.time = test::kMorning;
    event.received = test::kMorning;
    event.raw = "raw";
    event.fields = fields;
    std::string out;
    append_event(out, event);
    EXPECT_EQ(out,
              R"({"_id":"7.2","@timestamp":"2026-11-22T01:00:00Z","event.ingested":"2026-11-22T01:00:00Z","x":"1",)"
              R"("event.original":"raw"})");
}

} // namespace
} // namespace canhgac::api
