#include "api/api_server.hpp"

#include <chrono>
#include <mutex>
#include <thread>

#include "alerting/alert_codec.hpp"
#include "tests/unit/api/stream_reader.hpp"

namespace canhgac::api {
namespace {

using test::kMorning;
using test::kToken;
using test::StreamReader;

class ApiServerTest : public test::ApiTest {};

TEST_F(ApiServerTest, HealthNeedsNoTokenAndEverythingElseDoes) {
    start();
    EXPECT_EQ(call("GET", "/healthz", {}, {}, "").status, 200);
    EXPECT_EQ(call("GET", "/readyz", {}, {}, "").status, 200);
    not_ready = "the store is being opened";
    const Answer waiting = call("GET", "/readyz", {}, {}, "");
    EXPECT_EQ(waiting.status, 503);
    EXPECT_EQ(waiting.detail(), not_ready);
    for (const auto& route : ApiServer::routes()) {
        if (route.path == "/healthz" || route.path == "/readyz") { continue; }
        EXPECT_EQ(call(route.method, route.path, "{}", {}, "").status, 401) << route.path;
        EXPECT_EQ(call(route.method, route.path, "{}", {}, "a-wrong-token").status, 401) << route.path;
        EXPECT_EQ(call(route.method, route.path, "{}", {}, std::string(kToken) + "x").status, 401) << route.path;
    }
    EXPECT_EQ(call("GET", "/no/such/path", {}, {}, "").status, 401) << "paths are not told to strangers";
    EXPECT_EQ(call("GET", "/api/v1/status", {}, {{"Authorization", "Basic abc"}}, "").status, 401);
    EXPECT_EQ(call("GET", "/api/v1/status", {}, {{"Authorization", "bearer   " + std::string(kToken)}}, "").status,
              200);
}

TEST_F(ApiServerTest, ErrorsAreProblems) {
    start();
    const Answer nothing = get("/api/v1/nothing");
    EXPECT_EQ(nothing.status, 404);
    EXPECT_EQ(nothing.json().at("title").as_string(), "Not Found");
    EXPECT_EQ(nothing.json().at("status").as_int64(), 404);
    EXPECT_EQ(call("DELETE", "/api/v1/alerts").status, 405);
    EXPECT_EQ(call("GET", "/api/v1/search").status, 405);
    EXPECT_EQ(call("POST", "/api/v1/search", {}, {{"Content-Type", "text/plain"}}).status, 415);
    EXPECT_EQ(post("/api/v1/search", std::string(300 * 1024, ' ')).status, 413);
    EXPECT_EQ(post("/api/v1/search", "{").status, 400);
    EXPECT_EQ(post("/api/v1/search", "[]").status, 400);
    EXPECT_EQ(post("/api/v1/search", R"({"query":7})").status, 400);
    EXPECT_EQ(post("/api/v1/search", R"({"quer":"x"})").status, 400);
    EXPECT_EQ(post("/api/v1/search", R"({"limit":0})").status, 400);
    EXPECT_EQ(post("/api/v1/search", R"({"limit":1000000000})").status, 400);
    EXPECT_EQ(post("/api/v1/search", R"({"from":"yesterday"})").status, 400);
    const Answer query = post("/api/v1/search", R"({"query":"a AND ("})");
    EXPECT_EQ(query.status, 400);
    EXPECT_NE(query.detail().find("1:"), std::string::npos) << query.detail();
    EXPECT_EQ(get("/api/v1/alerts?limit=0").status, 400);
    EXPECT_EQ(get("/api/v1/alerts?limit=x").status, 400);
    EXPECT_EQ(get("/api/v1/alerts?status=old").status, 400);
    EXPECT_EQ(get("/api/v1/alerts?level=grave").status, 400);
    EXPECT_EQ(get("/api/v1/alerts?since=soon").status, 400);
    EXPECT_EQ(get("/api/v1/alerts/none").status, 404);
    EXPECT_EQ(get("/api/v1/notices?state=lost").status, 400);
}

TEST_F(ApiServerTest, ListsAlertsInPagesWithFilters) {
    start();
    for (int i = 0; i < 5; ++i) {
        clock.advance(common::kSecond);
        detect("r" + std::to_string(i), kMorning, i == 2 ? event::Severity::critical : event::Severity::low);
    }
    const auto first = get("/api/v1/alerts?limit=3").json();
    ASSERT_EQ(first.at("alerts").as_array().size(), 3U);
    EXPECT_EQ(first.at("alerts").at(0).at("rule_id").as_string(), "r4");
    EXPECT_EQ(first.at("sequence").as_int64(), 5);
    const auto second = get("/api/v1/alerts?limit=3&cursor=" + std::string(first.at("next").as_string())).json();
    ASSERT_EQ(second.at("alerts").as_array().size(), 2U);
    EXPECT_TRUE(second.at("next").is_null());
    EXPECT_EQ(get("/api/v1/alerts?level=high").json().at("alerts").as_array().size(), 1U);
    EXPECT_EQ(get("/api/v1/alerts?status=new").json().at("alerts").as_array().size(), 5U);
    EXPECT_EQ(get("/api/v1/alerts?status=open").json().at("alerts").as_array().size(), 5U);
    EXPECT_EQ(get("/api/v1/alerts?status=contained,closed_test").json().at("alerts").as_array().size(), 0U);
    EXPECT_EQ(get("/api/v1/alerts?since=2s").json().at("alerts").as_array().size(), 3U);
}

TEST_F(ApiServerTest, TakesActionsWithOptimisticConcurrency) {
    start();
    const std::string id = detect("r1");
    const std::string actions = "/api/v1/alerts/" + id + "/actions";
    EXPECT_EQ(get("/api/v1/alerts/" + id).json().at("version").as_int64(), 1);
    const Answer done = post(actions, R"({"action":"acknowledge"})", {{"If-Match", "\"1\""}});
    ASSERT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(done.json().at("status").as_string(), "acknowledged");
    EXPECT_EQ(done.json().at("assignee").as_string(), "operator");
    EXPECT_EQ(post(actions, R"({"action":"contain"})", {{"If-Match", "\"1\""}}).status, 412);
    EXPECT_EQ(post(actions, R"({"action":"contain","version":1})").status, 412);
    EXPECT_EQ(post(actions, R"({"action":"contain"})", {{"If-Match", "x"}}).status, 400);
    EXPECT_EQ(post(actions, R"({"action":"assign","assignee":"lan","version":2})").status, 200);
    EXPECT_EQ(post(actions, R"({"action":"assign"})").status, 400);
    EXPECT_EQ(post(actions, R"({"action":"comment"})").status, 400);
    EXPECT_EQ(post(actions, R"({"action":"explode"})").status, 400);
    EXPECT_EQ(post(actions, R"({"action":"close","status":"new"})").status, 400);
    EXPECT_EQ(post("/api/v1/alerts/none/actions", R"({"action":"acknowledge"})").status, 404);
    const Answer closed = post(actions, R"({"action":"close","status":"closed_benign","comment":"bảo trì"})");
    ASSERT_EQ(closed.status, 200);
    EXPECT_EQ(closed.json().at("history").as_array().back().at("detail").as_string(), "closed_benign: bảo trì");
    EXPECT_EQ(closed.json().at("history").as_array().back().at("who").as_string(), "operator");
    EXPECT_EQ(post(actions, R"({"action":"acknowledge"})").status, 409);
    state.fail_writes(1);
    EXPECT_EQ(post(actions, R"({"action":"comment","comment":"x"})").status, 503);
}

TEST_F(ApiServerTest, StreamsAlertsAndResumes) {
    start();
    detect("before");
    StreamReader live(url("/api/v1/alerts/stream"), {});
    ASSERT_TRUE(live.wait_for("retry: 2000\n\n"));
    const auto before = std::chrono::steady_clock::now();
    const std::string id = detect("after");
    ASSERT_TRUE(live.wait_for("id: 2\nevent: alert\ndata: {"));
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
    EXPECT_EQ(live.text().find("before"), std::string::npos);
    ASSERT_TRUE(book.act(id, {.kind = alerting::AlertAction::Kind::comment, .who = "a", .text = "x"}));
    ASSERT_TRUE(live.wait_for("id: 3\n"));

    StreamReader everything(url("/api/v1/alerts/stream?last_event_id=0"), {});
    ASSERT_TRUE(everything.wait_for("id: 3\n"));
    EXPECT_EQ(everything.text().find("id: 2\n"), std::string::npos) << "only the newest state of each alert";
    EXPECT_NE(everything.text().find("id: 1\n"), std::string::npos);
    StreamReader rest(url("/api/v1/alerts/stream"), {{"Last-Event-ID", "1"}});
    ASSERT_TRUE(rest.wait_for("id: 3\n"));
    EXPECT_EQ(rest.text().find("id: 1\n"), std::string::npos);

    const std::string text = live.text();
    const auto from = text.find("data: ") + 6;
    const auto alert = alerting::decode_alert(std::string_view(text).substr(from, text.find('\n', from) - from));
    ASSERT_TRUE(alert);
    EXPECT_EQ(alert->rule_id, "after");
    server->stop();
    EXPECT_TRUE(live.wait_for_end());
}

TEST_F(ApiServerTest, ManyChangesReachASlowStream) {
    start();
    StreamReader live(url("/api/v1/alerts/stream"), {});
    ASSERT_TRUE(live.wait_for("retry"));
    for (int i = 0; i < 2'000; ++i) {
        auto record = test::detection("r" + std::to_string(i), "203.0.113.7");
        record.event = {.seq = ++seq, .index = 0};
        ASSERT_TRUE(book.apply({&record, 1}, {}));
    }
    ASSERT_TRUE(live.wait_for("id: 2000\n"));
    const std::string text = live.text();
    for (int i = 1; i <= 2'000; ++i) {
        ASSERT_NE(text.find("id: " + std::to_string(i) + "\n"), std::string::npos) << i;
    }
}

TEST_F(ApiServerTest, LimitsStreams) {
    start({.streams = 1});
    StreamReader one(url("/api/v1/alerts/stream"), {});
    ASSERT_TRUE(one.wait_for("retry"));
    EXPECT_EQ(get("/api/v1/alerts/stream").status, 503);
}

TEST_F(ApiServerTest, SearchesNewestFirstWithStats) {
    for (int i = 0; i < 10; ++i) {
        events.rows.push_back({kMorning + i * common::kSecond,
                               "line " + std::to_string(i) + " error",
                               {{"message", {"Sở \"A\"\n", event::ValueType::string}},
                                {"EventID", {"4625", event::ValueType::integer}},
                                {"odd", {"007", event::ValueType::integer}},
                                {"ok", {"true", event::ValueType::boolean}},
                                {"nothing", {"", event::ValueType::null}},
                                {"tags", {"a", event::ValueType::string}},
                                {"tags", {"b", event::ValueType::string}}}});
    }
    start();
    const Answer answer = post("/api/v1/search", R"({"query":"error","limit":3})");
    ASSERT_EQ(answer.status, 200);
    std::vector<boost::json::value> lines;
    std::istringstream text(answer.body);
    for (std::string line; std::getline(text, line);) {
        lines.push_back(boost::json::parse(line));
    }
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0].at("event.original").as_string(), "line 9 error");
    EXPECT_EQ(lines[0].at("@timestamp").as_string(), "2026-11-22T01:00:09Z");
    EXPECT_EQ(lines[0].at("message").as_string(), "Sở \"A\"\n");
    EXPECT_EQ(lines[0].at("EventID").as_int64(), 4625);
    EXPECT_EQ(lines[0].at("odd").as_string(), "007");
    EXPECT_TRUE(lines[0].at("ok").as_bool());
    EXPECT_TRUE(lines[0].at("nothing").is_null());
    EXPECT_EQ(boost::json::serialize(lines[0].at("tags")), R"(["a","b"])");
    EXPECT_EQ(lines[3].at("stats").at("rows").as_int64(), 3);
    EXPECT_TRUE(lines[3].at("stats").at("stopped_early").as_bool());

    ASSERT_EQ(post("/api/v1/search", R"({"query":"x","from":"2026-11-22T08:00:02+07:00","to":"30s"})").status, 200);
    EXPECT_EQ(events.last_plan.from, kMorning + 2 * common::kSecond);
    EXPECT_EQ(events.last_plan.to, clock.now() - 30 * common::kSecond);
    events.failing = true;
    const Answer broken = post("/api/v1/search", R"({"query":"error"})");
    EXPECT_NE(broken.body.find(R"({"error":{"type":"about:blank")"), std::string::npos);
}

TEST_F(ApiServerTest, SearchesAskForRulesAlertsAndTables) {
    for (int i = 0; i < 3; ++i) {
        events.rows.push_back(
            {.time = kMorning + i * common::kSecond, .raw = "line " + std::to_string(i), .fields = {}});
    }
    start();
    EXPECT_EQ(post("/api/v1/search", R"({"query":"x OR sigma \"r\""})").detail(),
              "query, line:column 1:12: rules, alerts and tables are known to a running server only");
    EXPECT_EQ(post("/api/v1/search", R"({"query":"alert \"none\""})").detail(),
              "query, line:column 1:7: there is no alert with this id");
    EXPECT_EQ(post("/api/v1/search", R"({"query":"* | lookup t on a"})").status, 400);
    const std::string id = detect("rule-1");
    ASSERT_EQ(post("/api/v1/search", R"({"query":"alert \")" + id + R"(\""})").status, 200);
    ASSERT_EQ(events.last_plan.filter.children.size(), 3U) << "times and places";
    EXPECT_EQ(events.last_plan.filter.children[2].pattern, "1.0");
    EXPECT_EQ(events.last_plan.filter.children[0].number, static_cast<double>(kMorning - common::kSecond));

    const Answer answer =
        post("/api/v1/search", R"({"query":"* | where _time > datetime(2026-11-22T01:00:00Z) | around 5s | )"
                               R"(count","limit":10})");
    EXPECT_NE(answer.body.find("{\"row\":[3]}"), std::string::npos) << answer.body;
    EXPECT_EQ(events.last_plan.to, kMorning + 7 * common::kSecond + 1) << "the last read is that of the step";
    events.failing = true;
    EXPECT_NE(
        post("/api/v1/search", R"({"query":"* | join (* | project a) on a"})").body.find("could not be read once more"),
        std::string::npos);
}

TEST_F(ApiServerTest, StreamsManyRows) {
    for (int i = 0; i < 20'000; ++i) {
        events.rows.push_back({kMorning + i, std::string(300, 'x')});
    }
    start();
    const Answer answer = post("/api/v1/search", R"({"limit":100000})");
    EXPECT_EQ(std::count(answer.body.begin(), answer.body.end(), '\n'), 20'001);
}

TEST_F(ApiServerTest, ASearchEndsWhenItsClientGoes) {
    events.endless = true;
    start();
    {
        std::atomic<bool> cancelled{false};
        std::thread impatient([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(300));
            cancelled = true;
        });
        net::HttpClient client({.timeout = std::chrono::seconds(60)});
        const auto got = client.send(
            {.method = "POST",
             .url = url("/api/v1/search"),
             .headers = {{"Authorization", "Bearer " + std::string(kToken)}, {"Content-Type", "application/json"}},
             .body = "{}"},
            cancelled);
        EXPECT_FALSE(got);
        impatient.join();
    }
    for (int i = 0; i < 500 && !events.was_cancelled; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_TRUE(events.was_cancelled);
}

TEST_F(ApiServerTest, LimitsSearchesAndStopsThem) {
    events.endless = true;
    start({.searches = 1});
    std::vector<std::thread> clients;
    std::atomic<int> busy{0};
    for (int i = 0; i < 6; ++i) {
        clients.emplace_back([&] {
            if (post("/api/v1/search", "{}").status == 503) { ++busy; }
        });
    }
    for (int i = 0; i < 1'000 && busy < 4; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_GE(busy, 4) << "one runs, one waits";
    server->stop();
    events.endless = false;
    for (auto& client : clients) {
        client.join();
    }
    EXPECT_TRUE(events.was_cancelled);
}

TEST_F(ApiServerTest, ShowsStatusRulesSourcesAndMetrics) {
    sources.all = {.stored = 10,
                   .bytes = 1'000,
                   .unparsed = 1,
                   .duplicates = 2,
                   .last_event_time = kMorning,
                   .last_received = kMorning};
    static_cast<void>(sources.intern({"10.0.0.1", "web01"}, kMorning));
    auto& page = ledger.listener("syslog_udp");
    auto& peer = page.peer(peers.intern_local("10.0.0.1"));
    page.received(peer, 12, 1'000);
    page.committed(peer, 11);
    start();
    const auto status = get("/api/v1/status").json();
    EXPECT_EQ(status.at("version").as_string(), "1.2.3");
    EXPECT_EQ(status.at("listeners").at("syslog_udp").as_int64(), 5514);
    EXPECT_EQ(status.at("numbers").at("rules").as_int64(), 40);
    const auto rules = get("/api/v1/rules").json();
    EXPECT_EQ(rules.at("count").as_int64(), 1);
    EXPECT_EQ(rules.at("rules").at(0).at("title").as_string(), "Dò mật khẩu SSH");
    const auto found = get("/api/v1/sources").json();
    EXPECT_EQ(found.at("peers").at(0).at("received").as_int64(), 12);
    EXPECT_EQ(found.at("peers").at(0).at("in_flight").as_int64(), 1);
    EXPECT_EQ(found.at("sources").at(0).at("reporter").as_string(), "web01");
    EXPECT_EQ(found.at("sources").at(0).at("stored").as_int64(), 10);
    EXPECT_NE(get("/metrics").body.find("canhgac_api_denied_total"), std::string::npos);
}

TEST_F(ApiServerTest, ReloadsRulesAndSaysWhyNot) {
    start();
    EXPECT_EQ(call("POST", "/api/v1/rules/reload").json().at("message").as_string(), "40 rules in use");
    reload = {false, "rules/a.yml:3:1: unknown modifier"};
    const Answer refused = call("POST", "/api/v1/rules/reload");
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.detail(), "rules/a.yml:3:1: unknown modifier");
}

TEST_F(ApiServerTest, ListsNoticesAndSendsDeadLettersAgain) {
    start();
    detect("r1");
    EXPECT_EQ(get("/api/v1/notices").json().at("notices").as_array().size(), 1U);
    static_cast<void>(outbox.step("mail"));
    const auto dead = get("/api/v1/notices?state=dead").json();
    ASSERT_EQ(dead.at("notices").as_array().size(), 1U);
    EXPECT_EQ(dead.at("notices").at(0).at("detail").as_string(), "HTTP 400");
    const std::string key(dead.at("notices").at(0).at("key").as_string());
    EXPECT_EQ(call("POST", "/api/v1/notices/mail/none/resend").status, 404);
    EXPECT_EQ(call("POST", "/api/v1/notices/mail/" + key + "/resend").status, 202);
    EXPECT_EQ(get("/api/v1/notices?state=dead").json().at("notices").as_array().size(), 0U);
    EXPECT_EQ(get("/api/v1/notices?state=waiting").json().at("notices").as_array().size(), 1U);
}

TEST_F(ApiServerTest, AShortTokenIsRefused) {
    net::StreamServerConfig address;
    EXPECT_THROW(ApiServer(io, address, "short", "operator",
                           Services{.events = events,
                                    .sources = sources,
                                    .alerts = book,
                                    .outbox = outbox,
                                    .ledger = ledger,
                                    .metrics = metrics,
                                    .clock = clock,
                                    .logger = logger}),
                 std::runtime_error);
}

TEST_F(ApiServerTest, ProvesTheStoreAndTellsHowFarItIs) {
    verify_report.batches = verify_report.reached = 7;
    verify_report.total = 9;
    verify_report.head = "ab";
    verify_report.events = 70;
    storage::Order order;
    order.at = kMorning;
    order.subject = "2024-10-04";
    order.actor = "policy";
    order.reason = "12 months";
    order.rows = 5;
    verify_report.orders.push_back(std::move(order));
    start();
    const Answer good = post("/api/v1/verify", R"({"from":"2026-11-22T00:00:00Z","after":3,"after_head":"cd"})");
    ASSERT_EQ(good.status, 200);
    EXPECT_EQ(verify_asked.after, 3U);
    EXPECT_EQ(verify_asked.after_head, "cd");
    EXPECT_EQ(verify_asked.from, common::parse_rfc3339("2026-11-22T00:00:00Z"));
    const auto middle = good.body.find('\n');
    const auto progress = boost::json::parse(good.body.substr(0, middle)).at("progress");
    EXPECT_EQ(progress.at("batches").as_int64(), 7);
    EXPECT_EQ(progress.at("total").as_int64(), 9);
    auto report = boost::json::parse(good.body.substr(middle + 1)).at("verify");
    EXPECT_TRUE(report.at("ok").as_bool());
    EXPECT_TRUE(report.at("first_bad").is_null());
    EXPECT_EQ(report.at("expired_days").at(0).at("day").as_string(), "2024-10-04");
    EXPECT_EQ(report.at("expired_days").at(0).at("by").as_string(), "policy");
    EXPECT_GT(report.at("events_per_second").to_number<std::uint64_t>(), 0U);

    verify_report.first_bad_seq = 8;
    verify_report.problem = "an event was changed";
    const Answer bad = post("/api/v1/verify", "{}");
    report = boost::json::parse(bad.body.substr(bad.body.find('\n') + 1)).at("verify");
    EXPECT_FALSE(report.at("ok").as_bool());
    EXPECT_EQ(report.at("first_bad").at("batch").as_int64(), 8);
    EXPECT_EQ(post("/api/v1/verify", R"({"after":3})").detail(), "\"after\" and \"after_head\" go together");
    EXPECT_EQ(post("/api/v1/verify", R"({"from":"1h","to":"2h"})").detail(), "from must be before to");
}

TEST_F(ApiServerTest, ExportsEvidenceAndKeepsNothing) {
    start();
    const Answer package =
        post("/api/v1/export", R"({"query":"x","to":"2026-11-23T00:00:00Z","limit":7,"case":"12/2026",)"
                               R"("custodian":"Đội ƯCSC","agency":"PA05","reason":"xâm nhập"})");
    ASSERT_EQ(package.status, 200);
    EXPECT_EQ(package.body, "PK\nbytes");
    EXPECT_EQ(evidence_asked.query, "x");
    EXPECT_EQ(evidence_asked.to, common::parse_rfc3339("2026-11-23T00:00:00Z"));
    EXPECT_EQ(evidence_asked.limit, 7U);
    EXPECT_EQ(evidence_asked.number + evidence_asked.custodian + evidence_asked.agency + evidence_asked.reason,
              "12/2026Đội ƯCSCPA05xâm nhập");
    EXPECT_EQ(evidence_asked.exporter, "operator") << "who signed in, whatever the request says";
    EXPECT_FALSE(std::filesystem::exists(evidence_path));
    const Answer nothing = post("/api/v1/export", R"({"query":"nothing"})");
    EXPECT_EQ(nothing.status, 422);
    EXPECT_EQ(nothing.detail(), "there are no such events");
    EXPECT_EQ(post("/api/v1/export", R"({"query":"x","limit":0})").status, 400);
    EXPECT_EQ(post("/api/v1/export", R"({"query":"x","exporter":"me"})").status, 400);
}

} // namespace
} // namespace canhgac::api
