#include <sstream>
#include <thread>

#include "tests/unit/api/api_harness.hpp"

namespace canhgac::api {
namespace {

using event::ValueType;
using test::kMorning;
using test::kToken;

constexpr std::string_view kRule =
    R"(title: Failed\nid: r-1\nlogsource: {product: windows}\ndetection: {s: {EventID: 4625}, condition: s}\n)";

class BacktestApi : public test::ApiTest {
protected:
    void add(const std::string& id, common::Nanos time = kMorning) {
        events.rows.push_back({time,
                               "raw",
                               {{"EventID", {id, ValueType::integer}}, {"host.name", {"dc01", ValueType::string}}},
                               event::Format::windows_event});
    }
    static std::string body(const std::string& more = "") {
        return R"({"rules":")" + std::string(kRule) + R"(","from":"2026-11-21T00:00:00Z")" + more + "}";
    }
    static std::vector<boost::json::value> lines(const std::string& text) {
        std::vector<boost::json::value> out;
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) {
            out.push_back(boost::json::parse(line));
        }
        return out;
    }
};

TEST_F(BacktestApi, TellsWhatRulesWouldHaveFound) {
    add("4625");
    add("4624");
    start();
    const Answer answer = post("/api/v1/rules/backtest", body());
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto got = lines(answer.body);
    ASSERT_EQ(got.size(), 2U) << answer.body;
    const auto& rule = got[0].at("rule");
    EXPECT_EQ(rule.at("id").as_string(), "r-1");
    EXPECT_EQ(rule.at("matches").as_int64(), 1);
    EXPECT_EQ(rule.at("hosts").at(0).at("value").as_string(), "dc01");
    EXPECT_EQ(rule.at("samples").at(0).as_string(), "1.0");
    EXPECT_EQ(got[1].at("stats").at("events").as_int64(), 2);

    const auto with_events = lines(post("/api/v1/rules/backtest", body(R"(,"events":true)")).body);
    ASSERT_EQ(with_events.size(), 3U);
    EXPECT_EQ(with_events[0].at("match").at("rule").as_string(), "r-1");
    EXPECT_EQ(with_events[0].at("match").at("event").at("EventID").as_int64(), 4625);
}

TEST_F(BacktestApi, NamesTheRulesThatCannotBeCompiled) {
    add("4625");
    start();
    const std::string refused =
        R"(---\ntitle: Too large\nid: r-2\nlogsource: {product: windows}\ndetection: {s: {User|re: '([a-z]{1,900}x){900}'}, condition: s}\n)";
    const Answer answer = post("/api/v1/rules/backtest",
                               R"({"rules":")" + std::string(kRule) + refused + R"(","from":"2026-11-21T00:00:00Z"})");
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto got = lines(answer.body);
    ASSERT_EQ(got.size(), 3U) << answer.body;
    EXPECT_EQ(got[0].at("rule").at("id").as_string(), "r-1");
    EXPECT_EQ(got[0].at("rule").at("matches").as_int64(), 1);
    const auto& rejected = got[1].at("rejected");
    EXPECT_EQ(rejected.at("id").as_string(), "r-2");
    EXPECT_GT(rejected.at("line").as_int64(), 1);
    EXPECT_NE(rejected.at("reason").as_string().find("regular expression refused"), std::string::npos);
    EXPECT_TRUE(got[2].as_object().contains("stats"));
}

TEST_F(BacktestApi, SendsRulesThroughPipelines) {
    add("4625");
    start();
    const std::string sent =
        R"({"rules":"title: F\nid: r-1\nlogsource: {product: windows}\ndetection: {s: {evt: 4625}, )"
        R"(condition: s}\n","from":"2026-11-21T00:00:00Z")";
    const auto matches = [&](const std::string& more) {
        const Answer answer = post("/api/v1/rules/backtest", sent + more + "}");
        EXPECT_EQ(answer.status, 200) << answer.body;
        return lines(answer.body).at(0).at("rule").at("matches").as_int64();
    };
    EXPECT_EQ(matches(""), 0);
    EXPECT_EQ(matches(R"(,"pipelines":["name: p\npriority: 1\ntransformations:\n)"
                      R"(  - {id: m, type: field_name_mapping, mapping: {evt: EventID}}\n"])"),
              1);
    const auto detail = [&](const std::string& more) {
        return post("/api/v1/rules/backtest", sent + more + "}").detail();
    };
    EXPECT_EQ(detail(R"(,"pipelines":"p")"), "\"pipelines\" must be a list of strings");
    EXPECT_EQ(detail(R"(,"pipelines":[1])"), "\"pipelines\" must be a list of strings");
    EXPECT_EQ(detail(R"(,"pipelines":["name: p\nfoo: 1\n"])").substr(0, 15), "pipelines[0]:2:");
}

TEST_F(BacktestApi, RefusesWhatIsWrong) {
    start();
    const auto detail = [&](const std::string& sent) {
        const Answer answer = post("/api/v1/rules/backtest", sent);
        EXPECT_EQ(answer.status, 400) << sent;
        return answer.detail();
    };
    EXPECT_EQ(detail("{}"), "\"rules\" must hold at least one Sigma rule");
    EXPECT_EQ(detail(body(R"(,"limit":0)")), "limit must be 1 to 1000000");
    EXPECT_EQ(detail(body(R"(,"samples":101)")), "samples must be 0 to 100");
    EXPECT_EQ(detail(body(R"(,"bucket":"week")")), "bucket must be day or hour");
    EXPECT_EQ(detail(body(R"(,"to":"2026-11-20T00:00:00Z")")), "from must be before to");
    EXPECT_EQ(detail(body(R"(,"events":1)")), "\"events\" must be true or false");
    EXPECT_EQ(detail(R"({"rules":"title: x\nlogsource: {product: windows}\ndetection: {condition: s}"})"),
              "rules:3:12: 'detection' has no selection; add one such as 'selection: {field: value}'");
    EXPECT_EQ(call("POST", "/api/v1/rules/backtest", {}, {{"Content-Type", "text/plain"}}).status, 415);
}

/// An exception hides events; how many stays visible.
TEST_F(BacktestApi, CountsWhatFiltersKeepQuiet) {
    add("4625");
    add("4625");
    events.rows[1].fields[1].second.first = "dc02";
    start();
    const std::string rule = "title: Failed\nid: r-1\nlogsource: {product: windows}\n"
                             "detection: {s: {EventID: 4625}, condition: s}\n";
    const auto filter = [](const std::string& id, const std::string& host) {
        return "---\ntitle: F\nid: " + id +
               "\nlogsource: {product: windows}\nfilter:\n  rules: [r-1]\n  f: {host.name: " + host +
               "}\n  condition: not f\n";
    };
    boost::json::object sent{{"rules", rule + filter("f-1", "dc01") + filter("f-2", "dc*")},
                             {"from", "2026-11-21T00:00:00Z"}};
    auto got = lines(post("/api/v1/rules/backtest", boost::json::serialize(sent)).body);
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0].at("rule").at("matches").as_int64(), 0);
    sent["suppressed"] = true;
    got = lines(post("/api/v1/rules/backtest", boost::json::serialize(sent)).body);
    ASSERT_EQ(got.size(), 3U);
    EXPECT_EQ(got[0].at("rule").at("id").as_string(), "f-1/r-1");
    EXPECT_EQ(got[0].at("rule").at("matches").as_int64(), 1);
    EXPECT_EQ(got[1].at("rule").at("id").as_string(), "f-2/r-1");
    EXPECT_EQ(got[1].at("rule").at("matches").as_int64(), 2);
    sent["filter_polarity"] = "none";
    EXPECT_EQ(post("/api/v1/rules/backtest", boost::json::serialize(sent)).status, 400);
}

TEST_F(BacktestApi, TellsTheStoresError) {
    add("4625");
    events.failing = true;
    start();
    const auto got = lines(post("/api/v1/rules/backtest", body()).body);
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].at("error").at("status").as_int64(), 500);
}

TEST_F(BacktestApi, EndsWhenItsClientGoes) {
    add("4624");
    events.endless = true;
    start();
    std::atomic<bool> cancelled{false};
    std::thread impatient([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        cancelled = true;
    });
    net::HttpClient client({.timeout = std::chrono::seconds(60)});
    const std::string sent = body();
    const auto got = client.send(
        {.method = "POST",
         .url = url("/api/v1/rules/backtest"),
         .headers = {{"Authorization", "Bearer " + std::string(kToken)}, {"Content-Type", "application/json"}},
         .body = sent},
        cancelled);
    EXPECT_FALSE(got);
    impatient.join();
    for (int i = 0; i < 500 && !events.was_cancelled; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_TRUE(events.was_cancelled);
}

} // namespace
} // namespace canhgac::api
