#include "collector/decoders/syslog_header.hpp"

#include <gtest/gtest.h>

namespace canhgac::collector {
namespace {

TEST(ParsePriority, SaysWhereAndLeavesTheInputAlone) {
    std::string_view text = "<192>1";
    const auto got = parse_priority(text);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, SyslogErrc::bad_priority);
    EXPECT_EQ(got.error().offset, 4U);
    EXPECT_EQ(text, "<192>1");
    text = "<19";
    EXPECT_EQ(parse_priority(text).error().code, SyslogErrc::truncated);
    text = "<191>x";
    EXPECT_EQ(*parse_priority(text), 191);
    EXPECT_EQ(text, "x");
}

TEST(ParseRfc5424, ErrorsSayWhatAndWhere) {
    const auto error = [](std::string_view text) {
        const auto got = parse_rfc5424(text);
        EXPECT_FALSE(got) << text;
        return got ? SyslogError{} : got.error();
    };
    EXPECT_EQ(error("2 - - - - - -").code, SyslogErrc::bad_version);
    EXPECT_EQ(error("1 yesterday h a p m -").code, SyslogErrc::bad_timestamp);
    EXPECT_EQ(error("1 yesterday h a p m -").offset, 2U);
    EXPECT_EQ(error("1 - h a p").code, SyslogErrc::truncated);
    EXPECT_EQ(error("1 - h a p m [x y=\"z\" message").code, SyslogErrc::bad_structured_data);
    EXPECT_EQ(error("1 - h a p m [x]y").code, SyslogErrc::bad_structured_data);
    EXPECT_EQ(error("1 - h a p m -y").code, SyslogErrc::bad_structured_data);
}

TEST(ParseRfc5424, TheByteOrderMarkIsNotPartOfTheMessage) {
    EXPECT_EQ(parse_rfc5424("1 - h a p m - \xEF\xBB\xBFxin")->message, "xin");
    EXPECT_EQ(parse_rfc5424("1 - h a p m -")->message, "");
}

TEST(NextParameter, SurvivesWhateverIsBetweenTheBrackets) {
    std::string_view data = R"([a b="1" c="\"]"][empty][d][e junk f="2"])";
    std::string_view element;
    std::string seen;
    while (const auto p = next_parameter(data, element)) {
        seen += std::string(p->element) + "." + std::string(p->name) + "=" + std::string(p->value) + ";";
    }
    EXPECT_EQ(seen, R"(a.b=1;a.c=\"];e.junk f=2;)");
}

struct Case {
    std::string text;
    bool priority;
    std::string host;
    std::string app;
    std::string procid;
    std::string message;
};

TEST(ParseRfc3164, ReadsWhatIsThere) {
    const Case cases[] = {
        {"Nov 22 08:00:00 web1 sshd[12]: hello", true, "web1", "sshd", "12", "hello"},
        {"Nov 22 08:00:00 web1 sshd[12]:hello", true, "web1", "sshd", "12", "hello"},
        {"Nov 22 08:00:00 sshd[12]: hello", true, "", "sshd", "12", "hello"},
        {"Nov 22 08:00:00 web1 hello there", true, "web1", "", "", "hello there"},
        {"sshd[12]: hello", true, "", "sshd", "12", "hello"},
        {"web1 sshd: hello", true, "web1", "sshd", "", "hello"},
        {"hello there", true, "", "", "", "hello there"},
        {"hello there: friend", false, "", "", "", "hello there: friend"},
        {"Nov 22 08:00:00 hello there", false, "", "", "", "Nov 22 08:00:00 hello there"},
        {"Nov 22 08:00:00 FGT60F date=2026-11-22 time=08:00:00", true, "FGT60F", "", "", "date=2026-11-22 time=08:00:00"},
        {"Nov 22 08:00:00 2001:db8::1 app: x", true, "2001:db8::1", "app", "", "x"},
        {"2026-11-22T08:00:00+07:00 web1 app: x", true, "web1", "app", "", "x"},
        {"00029: router1: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: x", true, "router1", "%SYS-5-CONFIG_I", "", "x"},
        {"%ASA-4-106023: Deny tcp", true, "", "%ASA-4-106023", "", "Deny tcp"},
        {"Nov 22 08:00:00 web1 [error] x", true, "web1", "", "", "[error] x"},
        {"", true, "", "", "", ""},
        {":", true, "", "", "", ":"},
    };
    for (const Case& c : cases) {
        const SyslogHeader got = parse_rfc3164(c.text, c.priority, 1'795'309'200LL * common::kSecond, 7 * 3600);
        EXPECT_EQ(got.host, c.host) << c.text;
        EXPECT_EQ(got.app, c.app) << c.text;
        EXPECT_EQ(got.procid, c.procid) << c.text;
        EXPECT_EQ(got.message, c.message) << c.text;
    }
}

} // namespace
} // namespace canhgac::collector
