#include "engine/detection_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.hpp"
#include "text/utf8.hpp"

namespace canhgac::engine {
namespace {

using kit::add_event;
using kit::FieldList;
using ::testing::ElementsAre;
using Pair = std::pair<std::string, std::string>;

class DetectionRecordTest : public ::testing::Test {
protected:
    event::DetectionRecord make(FieldList list, std::string_view raw = "") {
        event::Event& event = add_event(batch, fields, list);
        event.raw = raw;
        event.time = 111;
        event.received = 222;
        event::Detection detection;
        detection.event_index = static_cast<std::uint32_t>(batch.size() - 1);
        detection.rule = &rule;
        detection.matched = {{"CommandLine", "x -enc"}, {"keywords", "mimikatz"}};
        return make_detection_record(batch, detection, fields);
    }
    event::FieldTable fields;
    event::EventBatch batch;
    event::RuleInfo rule{"id-1", "name", "Title", event::Severity::critical, {"attack.t1110"}, {}, {}, true};
};

TEST_F(DetectionRecordTest, CarriesRuleEventAndEnvelope) {
    const auto record = make({{"organization.name", "Sở Y tế"},
                              {"service.name", "HIS"},
                              {"asset.level", "3"},
                              {"host.name", "srv-1"},
                              {"log.source", "10.0.0.1/srv-1"},
                              {"message", "xin chào"}});
    EXPECT_EQ(record.event, (event::EventId{0, 0}));
    EXPECT_EQ(record.time, 111);
    EXPECT_EQ(record.received, 222);
    EXPECT_EQ(record.rule_id, "id-1");
    EXPECT_EQ(record.title, "Title");
    EXPECT_EQ(record.level, event::Severity::critical);
    EXPECT_THAT(record.tags, ElementsAre("attack.t1110"));
    EXPECT_THAT(record.matched, ElementsAre(Pair("CommandLine", "x -enc"), Pair("keywords", "mimikatz")));
    EXPECT_EQ(record.organization, "Sở Y tế");
    EXPECT_EQ(record.service, "HIS");
    EXPECT_EQ(record.asset_level, 3);
    EXPECT_EQ(record.host, "srv-1");
    EXPECT_EQ(record.log_source, "10.0.0.1/srv-1");
    EXPECT_EQ(record.message, "xin chào");
    EXPECT_EQ(record.count, 1U);
    EXPECT_FALSE(record.is_correlation);
}

TEST_F(DetectionRecordTest, ChoosesTheEntityInTheOrderOfTheDesign) {
    EXPECT_THAT(make({{"source.ip", "1.1.1.1"}, {"user.name", "an"}, {"host.name", "h"}}).entity,
                ElementsAre(Pair("source.ip", "1.1.1.1"), Pair("user.name", "an")));
    EXPECT_THAT(make({{"user.name", "an"}, {"host.name", "h"}}).entity, ElementsAre(Pair("user.name", "an")));
    EXPECT_THAT(make({{"source.ip", "1.1.1.1"}, {"host.name", "h"}}).entity, ElementsAre(Pair("source.ip", "1.1.1.1")));
    EXPECT_THAT(make({{"source.ip", "1.1.1.1"}, {"user.name", ""}}).entity, ElementsAre(Pair("source.ip", "1.1.1.1")));
    EXPECT_THAT(make({{"host.name", "h"}}).entity, ElementsAre(Pair("host.name", "h")));
    EXPECT_TRUE(make({{"x", "y"}}).entity.empty());
}

TEST_F(DetectionRecordTest, TheRulesOwnEntityComesFirstAndIsCaptured) {
    rule.entity = {fields.intern("TargetUserName"), fields.intern("Absent")};
    rule.capture = {event::field::kSourceIp, fields.intern("TargetUserName")};
    const auto record = make({{"TargetUserName", "binh"}, {"source.ip", "1.1.1.1"}, {"user.name", "an"}});
    EXPECT_THAT(record.entity, ElementsAre(Pair("TargetUserName", "binh")));
    EXPECT_THAT(record.captured, ElementsAre(Pair("source.ip", "1.1.1.1"), Pair("TargetUserName", "binh")));
    EXPECT_THAT(make({{"user.name", "an"}}).entity, ElementsAre(Pair("user.name", "an"))); // none of its own is there
}

TEST_F(DetectionRecordTest, TheMessageIsCutBetweenCharactersAndRepaired) {
    std::string text(1023, 'x');
    text += "ế";
    EXPECT_EQ(make({{"message", text}}).message, std::string(1023, 'x'));
    EXPECT_EQ(make({{"x", "y"}}, "raw \xFF line").message, "raw \uFFFD line");
    const auto broken = make({{"x", "y"}}, std::string(2000, '\xFF'));
    EXPECT_LE(broken.message.size(), kMaxMessageBytes);
    EXPECT_TRUE(text::is_valid_utf8(broken.message));
}

TEST_F(DetectionRecordTest, MakesOnePerDetection) {
    add_event(batch, fields, {{"a", "b"}});
    std::vector<event::Detection> detections(3);
    for (event::Detection& detection : detections) {
        detection.rule = &rule;
    }
    std::vector<event::DetectionRecord> out;
    make_detection_records(batch, detections, fields, out);
    EXPECT_EQ(out.size(), 3U);
}

} // namespace
} // namespace canhgac::engine
