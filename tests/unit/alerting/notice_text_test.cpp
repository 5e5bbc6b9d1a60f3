#include "alerting/templates/notice_text.hpp"

#include <cstdlib>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/child_process.hpp"
#include "tests/unit/alerting/samples.hpp"

namespace canhgac::alerting {
namespace {

/// tests/golden/notices/NAME; rewritten when CANHGAC_UPDATE_GOLDEN is 1.
void expect_golden(const std::string& name, const std::string& got) {
    const auto path = std::filesystem::path(CANHGAC_SOURCE_DIR) / "tests/golden/notices" / name;
    const char* const update = std::getenv("CANHGAC_UPDATE_GOLDEN"); // NOLINT(concurrency-mt-unsafe)
    if (update != nullptr && std::string_view(update) == "1") {
        std::ofstream(path, std::ios::binary) << got;
        return;
    }
    ASSERT_TRUE(std::filesystem::exists(path)) << path;
    EXPECT_EQ(got, test::read_file(path)) << path;
}

Notice hostile_notice() {
    Notice notice = test::sample_notice();
    notice.alert.title = "<script>alert(1)</script>\r\nBcc: x";
    notice.alert.level = event::Severity::critical;
    notice.alert.entity = {{"user.name", "\"><img src=x onerror=alert(1)>"}, {"cs-host", "a&b"}};
    notice.alert.organization.clear();
    notice.alert.service.clear();
    notice.alert.asset_level = 0;
    notice.alert.tags = {"attack.impact", "attack.t1486", "attack.tXXXX"};
    notice.alert.matched.clear();
    notice.alert.message = "first line\nsecond \x01 line \xFF </pre>" + std::string(700, 'x');
    return notice;
}

TEST(NoticeText, SaysItInVietnamese) {
    const NoticeText text = notice_text(test::sample_notice(), {.console_url = "https://soc.example.gov.vn/"});
    expect_golden("01-vietnamese.subject.want", text.subject + "\n");
    expect_golden("01-vietnamese.text.want", text.text);
    expect_golden("01-vietnamese.html.want", text.html);
}

TEST(NoticeText, SaysItInEnglish) {
    const NoticeText text = notice_text(test::sample_notice(), {.language = Language::english});
    expect_golden("02-english.subject.want", text.subject + "\n");
    expect_golden("02-english.text.want", text.text);
    expect_golden("02-english.html.want", text.html);
}

TEST(NoticeText, TakesTheRulesOwnVietnamese) {
    Notice notice = test::sample_notice();
    notice.alert.title = "SSH password guessing";
    notice.alert.title_vi = "Dò mật khẩu SSH";
    notice.alert.advice_vi = "Chặn địa chỉ nguồn trên tường lửa.";
    const NoticeText vietnamese = notice_text(notice, {});
    EXPECT_NE(vietnamese.subject.find("Dò mật khẩu SSH"), std::string::npos);
    EXPECT_NE(vietnamese.text.find("Hướng xử lý: Chặn địa chỉ nguồn trên tường lửa.\n"), std::string::npos);
    EXPECT_NE(vietnamese.html.find("Chặn địa chỉ nguồn trên tường lửa."), std::string::npos);
    const NoticeText english = notice_text(notice, {.language = Language::english});
    EXPECT_NE(english.subject.find("SSH password guessing"), std::string::npos);
    EXPECT_EQ(english.text.find("Chặn"), std::string::npos);
    notice.alert.organization = "unregistered";
    EXPECT_NE(notice_text(notice, {}).text.find("Đơn vị: chưa đăng ký\n"), std::string::npos);
}

TEST(NoticeText, KeepsHostileValuesInTheirPlace) {
    const NoticeText text = notice_text(hostile_notice(), {});
    expect_golden("03-hostile.subject.want", text.subject + "\n");
    expect_golden("03-hostile.text.want", text.text);
    expect_golden("03-hostile.html.want", text.html);
    EXPECT_EQ(text.subject.find('\n'), std::string::npos);
    EXPECT_EQ(text.html.find("<script"), std::string::npos);
    EXPECT_EQ(text.html.find("<img"), std::string::npos);
}

TEST(NoticeText, CutsLongSubjectsBetweenCodePoints) {
    Notice notice = test::sample_notice();
    notice.alert.title.clear();
    for (int i = 0; i < 200; ++i) {
        notice.alert.title += "ệ";
    }
    const std::string subject = notice_text(notice, {}).subject;
    EXPECT_LE(subject.size(), 203U);
    EXPECT_TRUE(subject.ends_with("ệ…"));
}

TEST(AdviceText, TakesTheTacticNearestToDamage) {
    const auto advice = [](std::vector<std::string> tags) { return advice_text(tags, Language::english); };
    EXPECT_EQ(advice({"attack.execution", "attack.impact"}), advice({"attack.impact"}));
    EXPECT_EQ(advice({"attack.credential_access"}), advice({"attack.credential-access"}));
    EXPECT_NE(advice({"attack.impact"}), advice({}));
    EXPECT_EQ(advice({"attack.t1110"}), advice({}));
    EXPECT_NE(advice_text({}, Language::vietnamese), advice_text({}, Language::english));
}

TEST(FillJsonTemplate, EscapesValuesAndLeavesTheRest) {
    const std::vector<std::pair<std::string, std::string>> values{{"title", "a \"b\"\n\\ \x01ế"}, {"count", "3"}};
    EXPECT_EQ(fill_json_template(R"({"text":"{{title}}","n":{{count}},"x":"{{unknown}}"})", values),
              R"({"text":"a \"b\"\n\\ \u0001ế","n":3,"x":"{{unknown}}"})");
    EXPECT_EQ(fill_json_template(R"({{count}}{{)", values), R"(3{{)");
    EXPECT_EQ(fill_json_template(R"({"a":{"b":{{count}}}})", values), R"({"a":{"b":3}})");
    EXPECT_EQ(fill_json_template(R"([{{"x":"{{count}}"}])", values), R"([{{"x":"3"}])");
    EXPECT_EQ(fill_json_template("", values), "");
}

TEST(TemplateValues, HaveEveryNameOnce) {
    const auto values = template_values(test::sample_notice(), {.console_url = "https://soc.example.gov.vn"});
    std::set<std::string> names;
    for (const auto& [name, value] : values) {
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_FALSE(value.empty()) << name;
    }
    EXPECT_EQ(names.size(), 23U);
}

} // namespace
} // namespace canhgac::alerting
