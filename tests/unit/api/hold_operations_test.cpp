// Legal holds over HTTP.
#include <gmock/gmock.h>

#include "tests/unit/api/api_harness.hpp"

namespace canhgac::api {
namespace {

using testing::HasSubstr;

class HoldOperationsTest : public test::ApiTest {
protected:
    void SetUp() override { start(); }
};

TEST_F(HoldOperationsTest, AHoldIsMadeListedAndReleased) {
    const Answer made =
        post("/api/v1/holds", R"({"name":"case-12","incident":"Vụ 12","query":"evil last 1h","from":"2h"})");
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.json().at("name").as_string(), "case-12");
    EXPECT_EQ(made.json().at("actor").as_string(), "operator");
    EXPECT_EQ(made.json().at("incident").as_string(), "Vụ 12");
    EXPECT_EQ(made.json().at("query").as_string(), "evil last 1h");
    EXPECT_EQ(made.json().at("events").as_int64(), 12);
    ASSERT_EQ(hold_plans.size(), 1U);
    EXPECT_EQ(hold_plans[0].filter.pattern, "evil");
    EXPECT_EQ(hold_plans[0].from, clock.now() - common::kHour) << "the later of both";
    const Answer list = get("/api/v1/holds");
    EXPECT_EQ(list.json().at("holds").as_array().size(), 1U);
    EXPECT_EQ(post("/api/v1/holds", R"({"name":"case-12","incident":"x"})").status, 409);
    EXPECT_EQ(post("/api/v1/holds/case-12/release", R"({"reason":"closed"})").status, 200);
    ASSERT_EQ(releases.size(), 1U);
    EXPECT_EQ(releases[0].actor, "operator");
    EXPECT_EQ(releases[0].reason, "closed");
    EXPECT_EQ(get("/api/v1/holds").body, "{\"holds\":[]}");
    EXPECT_EQ(post("/api/v1/holds/case-12/release", R"({"reason":"closed"})").status, 404);
}

TEST_F(HoldOperationsTest, WhatDoesNotFitIsNamed) {
    const auto refused = [this](std::string_view body) {
        const Answer answer = post("/api/v1/holds", body);
        EXPECT_EQ(answer.status, 400) << answer.body;
        return answer.detail();
    };
    EXPECT_THAT(refused(R"({"incident":"x"})"), HasSubstr("needs a name and an incident"));
    EXPECT_THAT(refused(R"({"name":"a"})"), HasSubstr("needs a name and an incident"));
    EXPECT_THAT(refused(R"({"name":"../a","incident":"x"})"), HasSubstr("is no name of a hold"));
    EXPECT_THAT(refused(R"({"name":"a","incident":"x","query":"a | count"})"), HasSubstr("without steps"));
    EXPECT_THAT(refused(R"({"name":"a","incident":"x","query":"a:"})"), HasSubstr("line:column 1:"));
    EXPECT_THAT(refused(R"({"name":"a","incident":"x","query":"sigma \"r\""})"), HasSubstr("query"));
    EXPECT_THAT(refused(R"({"name":"a","incident":"x","from":"soon"})"), HasSubstr("from must be a time"));
    EXPECT_THAT(refused(R"({"name":"a","incident":"x","more":1})"), HasSubstr("does not know"));
    EXPECT_EQ(post("/api/v1/holds/a/release", "{}").status, 400);
    EXPECT_TRUE(holds.empty());
}

} // namespace
} // namespace canhgac::api
