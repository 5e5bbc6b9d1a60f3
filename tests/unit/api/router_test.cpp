#include "api/router.hpp"

#include <gtest/gtest.h>

namespace canhgac::api {
namespace {

TEST(MatchRoute, FindsOperationsAndParameters) {
    const auto show = match_route("GET", "/api/v1/alerts/abc");
    ASSERT_NE(show.route, nullptr);
    EXPECT_EQ(show.route->operation, Operation::show_alert);
    EXPECT_EQ(show.parameters, std::vector<std::string_view>{"abc"});
    EXPECT_EQ(match_route("GET", "/api/v1/alerts/stream").route->operation, Operation::stream_alerts);
    EXPECT_EQ(match_route("HEAD", "/healthz").route->operation, Operation::health);
    const auto resend = match_route("POST", "/api/v1/notices/mail/k/resend");
    ASSERT_NE(resend.route, nullptr);
    EXPECT_EQ(resend.parameters, (std::vector<std::string_view>{"mail", "k"}));
}

TEST(MatchRoute, TellsUnknownPathsFromWrongMethods) {
    for (const auto* const none : {"", "/", "x", "/api", "/api/v1/alerts/", "/api/v1/alerts/a/b", "/healthz/",
                                   "//healthz", "/api/v1/alerts//actions"}) {
        const auto match = match_route("GET", none);
        EXPECT_EQ(match.route, nullptr) << none;
        EXPECT_EQ(match.allow, "") << none;
    }
    EXPECT_EQ(match_route("POST", "/healthz").allow, "GET, HEAD");
    EXPECT_EQ(match_route("GET", "/api/v1/search").allow, "POST");
    EXPECT_EQ(match_route("PUT", "/api/v1/alerts/stream").allow, "GET, HEAD");
}

} // namespace
} // namespace canhgac::api
