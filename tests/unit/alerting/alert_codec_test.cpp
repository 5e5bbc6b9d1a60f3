#include "alerting/alert_codec.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "tests/unit/alerting/samples.hpp"

namespace canhgac::alerting {
namespace {

TEST(AlertCodec, KeepsEverything) {
    Alert alert = test::sample_alert();
    alert.title_vi = "tiêu đề";
    alert.advice_vi = "hướng xử lý";
    alert.status = AlertStatus::closed_false_positive;
    alert.assignee = "nguyễn.văn.a";
    alert.count = std::numeric_limits<std::uint64_t>::max();
    alert.version = 7;
    alert.sequence = 123'456'789'012;
    alert.first_seen += 123'456'789;
    alert.matched = {{"CommandLine", "a \"quoted\" \\ path\n\t"}, {"CommandLine", "second value"}};
    alert.history.push_back({.at = test::kMorning, .who = "a", .action = "close", .detail = "cảnh báo sai"});
    const std::string text = encode_alert(alert);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const auto got = decode_alert(text);
    ASSERT_TRUE(got);
    EXPECT_EQ(encode_alert(*got), text);
    EXPECT_EQ(got->count, alert.count);
    EXPECT_EQ(got->first_seen, alert.first_seen);
    EXPECT_EQ(got->matched, alert.matched);
    EXPECT_EQ(got->events, alert.events);
    EXPECT_EQ(got->last_event, alert.last_event);
    EXPECT_EQ(got->history.size(), 2U);
    EXPECT_EQ(got->status, alert.status);
    EXPECT_EQ(got->level, event::Severity::high);
    EXPECT_EQ(got->sequence, alert.sequence);
}

TEST(AlertCodec, SurvivesStrangeTimes) {
    for (const common::Nanos time : {std::numeric_limits<common::Nanos>::min(),
                                     std::numeric_limits<common::Nanos>::max(), common::Nanos{0}, common::Nanos{-1}}) {
        auto record = test::detection("rule", "203.0.113.7", time);
        const Alert alert = open_alert(record, "id", test::kMorning);
        const auto got = decode_alert(encode_alert(alert));
        ASSERT_TRUE(got) << time;
        EXPECT_EQ(got->first_seen, std::clamp(time, kFirstTime, kLastTime));
    }
}

TEST(AlertCodec, RepairsBrokenUtf8) {
    EXPECT_EQ(valid_utf8("Sở\xFFT"), "Sở\xEF\xBF\xBDT");
    EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); // surrogate
    EXPECT_EQ(valid_utf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");                 // overlong
    EXPECT_EQ(valid_utf8("cut \xE1\xBA"), "cut \xEF\xBF\xBD\xEF\xBF\xBD");
    EXPECT_EQ(valid_utf8("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80");
    Alert alert = test::sample_alert();
    alert.message = "\xFF";
    const auto got = decode_alert(encode_alert(alert));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->message, "\xEF\xBF\xBD");
}

TEST(AlertCodec, SaysWhatIsWrong) {
    EXPECT_EQ(decode_alert("").error(), CodecError::not_json);
    EXPECT_EQ(decode_alert("[]").error(), CodecError::not_json);
    EXPECT_EQ(decode_alert("{}").error(), CodecError::unknown_format);
    EXPECT_EQ(decode_alert("{\"v\":2}").error(), CodecError::unknown_format);
    EXPECT_EQ(decode_alert("{\"v\":1}").error(), CodecError::bad_member);
    std::string text = encode_alert(test::sample_alert());
    text.replace(text.find("\"high\""), 6, "\"grave\"");
    EXPECT_EQ(decode_alert(text).error(), CodecError::bad_member);
}

TEST(AlertCodec, EveryCutIsAnError) {
    const std::string text = encode_alert(test::sample_alert());
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_FALSE(decode_alert(text.substr(0, size))) << size;
    }
}

} // namespace
} // namespace canhgac::alerting
