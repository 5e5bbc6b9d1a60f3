#include "alerting/channels/mime.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "tests/unit/alerting/samples.hpp"

namespace canhgac::alerting {
namespace {

TEST(MailHeader, LeavesPlainTextAlone) {
    EXPECT_EQ(mail_header("Subject", "plain text"), "Subject: plain text\r\n");
}

TEST(MailHeader, WritesOtherTextAsEncodedWords) {
    EXPECT_EQ(mail_header("Subject", "Sở"), "Subject: =?UTF-8?B?U+G7nw==?=\r\n");
    EXPECT_EQ(mail_header("Subject", "=?UTF-8?B?eA==?="), "Subject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=\r\n");
}

TEST(MailHeader, KeepsLinesShortAndCutsBetweenCodePoints) {
    std::string text;
    for (int i = 0; i < 60; ++i) {
        text += "nghiêm trọng ";
    }
    std::istringstream lines(mail_header("Subject", text));
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        EXPECT_LE(line.size(), 77U);
        EXPECT_TRUE(line.ends_with("\r"));
        EXPECT_TRUE(line.starts_with(count == 0 ? "Subject: =?UTF-8?B?" : " =?UTF-8?B?"));
    }
    EXPECT_GT(count, 10U);
}

TEST(MailHeader, NoValueStartsAHeaderOfItsOwn) {
    for (const auto* const evil :
         {"x\r\nBcc: victim@example.org", "x\nBcc: v@example.org", "ế\r\nBcc: v@example.org"}) {
        std::istringstream lines(mail_header("Subject", evil));
        std::string line;
        std::getline(lines, line);
        while (std::getline(lines, line)) {
            EXPECT_TRUE(line.starts_with(" ")) << line;
        }
    }
    EXPECT_EQ(mail_header("Subject", "a\r\nBcc: b"), "Subject: a  Bcc: b\r\n");
}

TEST(Mailbox, QuotesOrEncodesTheName) {
    EXPECT_EQ(mailbox("", "a@example.org"), "a@example.org");
    EXPECT_EQ(mailbox("SOC, team", "a@example.org"), "\"SOC, team\" <a@example.org>");
    EXPECT_EQ(mailbox("Canh Gác", "a@example.org"), "=?UTF-8?B?Q2FuaCBHw6Fj?= <a@example.org>");
    EXPECT_EQ(mailbox("a\" <x@evil.org>", "a@example.org"), "=?UTF-8?B?YSIgPHhAZXZpbC5vcmc+?= <a@example.org>");
}

TEST(MailDate, IsRfc5322InVietnamsZone) {
    EXPECT_EQ(mail_date(test::kMorning), "Sun, 22 Nov 2026 08:00:00 +0700");
    EXPECT_EQ(mail_date(0), "Thu, 01 Jan 1970 07:00:00 +0700");
}

TEST(Base64Lines, AreAtMost76Long) {
    const std::string out = base64_lines(std::string(100, 'a'));
    EXPECT_EQ(out.find("\r\n"), 76U);
    EXPECT_EQ(base64_lines(""), "");
}

TEST(IsMailAddress, TakesWhatGoesIntoAnEnvelope) {
    for (const auto* const good : {"soc@example.gov.vn", "a.b+c@x", "user_1@mail.example"}) {
        EXPECT_TRUE(is_mail_address(good)) << good;
    }
    for (const auto* const bad :
         {"", "a", "@x", "a@", "a@b@c", "a b@c", "<a@b>", "a@b\r\n", "\"a\"@b", "ế@b", "a@b,c@d"}) {
        EXPECT_FALSE(is_mail_address(bad)) << bad;
    }
    std::string longer(250, 'a');
    longer.append("@example.org");
    EXPECT_FALSE(is_mail_address(longer));
}

} // namespace
} // namespace canhgac::alerting
