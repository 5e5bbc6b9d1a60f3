/// An API server over stores in memory, and a client of it.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "api/api_server.hpp"
#include "net/http_client.hpp"
#include "tests/support/memory_events.hpp"
#include "tests/support/memory_state.hpp"
#include "tests/unit/alerting/samples.hpp"

namespace canhgac::test {

inline constexpr std::string_view kToken = "a-token-for-tests-0123456789abcdef";

class QuietChannel final : public alerting::Channel {
public:
    alerting::Delivery send(const alerting::Notice& /*notice*/, const std::atomic<bool>& /*cancelled*/) override {
        return {.outcome = alerting::Delivery::Outcome::permanent, .detail = "HTTP 400", .retry_after = {}};
    }
};

class ApiTest : public ::testing::Test {
protected:
    ApiTest()
        : outbox(
              state, clock, [] { return 0.5; }, logger, metrics),
          book(state, clock, {}, [this](const auto& alert, auto& out) { outbox.enqueue(alert, "alert.new", out); }) {
        outbox.add(std::make_unique<QuietChannel>(), {.name = "mail"});
    }
    void TearDown() override {
        if (server) { server->stop(); }
    }

    void start(api::ApiLimits limits = {}) {
        api::Services services{
            .events = events,
            .sources = sources,
            .alerts = book,
            .outbox = outbox,
            .ledger = ledger,
            .metrics = metrics,
            .clock = clock,
            .logger = logger,
            .status =
                [] {
                    return api::StatusReport{.version = "1.2.3",
                                             .listeners = {{"syslog_udp", 5514}},
                                             .numbers = {{"rules", 40}},
                                             .texts = {{"mode", "all"}}};
                },
            .rules =
                [] {
                    return std::vector<api::RuleSummary>{
                        {"id-1", "Dò mật khẩu SSH", "high", {"attack.t1110"}, "ssh.yml"}};
                },
            .reload_rules = [this] { return reload; },
            .not_ready = [this] { return not_ready; },
            .holds = [this] { return holds; },
            .add_hold = [this](storage::HoldRecord hold,
                               const event::QueryPlan& plan) { return keep_hold(std::move(hold), plan); },
            .release_hold = [this](const std::string& name,
                                   const event::DropOrder& order) { return drop_hold(name, order); },
            .verify = [this](const storage::VerifyOptions& options) { return prove(options); },
            .export_evidence = [this](const api::EvidenceRequest& request,
                                      const std::atomic<bool>&) { return pack(request); }};
        net::StreamServerConfig address;
        address.name = "api";
        server = std::make_unique<api::ApiServer>(io, address, kToken, "operator", std::move(services), limits);
        server->start();
    }

    struct Answer {
        int status = 0;
        std::string body;
        [[nodiscard]] boost::json::value json() const { return boost::json::parse(body); }
        [[nodiscard]] std::string detail() const {
            const auto value = json();
            return std::string(value.at("detail").as_string());
        }
    };
    using Headers = std::vector<std::pair<std::string, std::string>>;

    [[nodiscard]] std::string url(const std::string& target) const {
        return "http://127.0.0.1:" + std::to_string(server->port()) + target;
    }
    Answer call(const std::string& method, const std::string& target, std::string_view body = {}, Headers headers = {},
                std::string_view token = kToken) {
        net::HttpClient client({.timeout = std::chrono::seconds(20), .max_response_bytes = 64 * 1024 * 1024});
        if (!token.empty()) { headers.emplace_back("Authorization", "Bearer " + std::string(token)); }
        if (!body.empty()) { headers.emplace_back("Content-Type", "application/json"); }
        const auto answer =
            client.send({.method = method, .url = url(target), .headers = headers, .body = body}, never);
        EXPECT_TRUE(answer) << method << " " << target << ": " << (answer ? "" : to_string(answer.error().code));
        return answer ? Answer{answer->status, answer->body} : Answer{};
    }
    Answer get(const std::string& target) { return call("GET", target); }
    Answer post(const std::string& target, std::string_view body, Headers headers = {}) {
        return call("POST", target, body, std::move(headers));
    }
    common::Result<storage::VerifyReport, std::error_code> prove(const storage::VerifyOptions& options) {
        verify_asked = options;
        options.progress(verify_report);
        verify_report.cancelled = *options.cancelled;
        return verify_report;
    }
    common::Result<std::filesystem::path, api::EvidenceProblem> pack(const api::EvidenceRequest& request) {
        evidence_asked = request;
        if (request.query == "nothing") { return common::fail(api::EvidenceProblem{422, "there are no such events"}); }
        std::string name = (std::filesystem::temp_directory_path() / "canhgac-api-XXXXXX").string();
        const int file = ::mkstemp(name.data());
        EXPECT_EQ(::write(file, "PK\nbytes", 8), 8);
        ::close(file);
        evidence_path = name;
        return std::filesystem::path(name);
    }
    /// Opens or raises an alert; returns its id.
    std::string detect(const std::string& rule, common::Nanos time = kMorning,
                       event::Severity level = event::Severity::high) {
        auto record = detection(rule, "203.0.113.7", time);
        record.level = level;
        record.event = {.seq = ++seq, .index = 0};
        EXPECT_TRUE(book.apply({&record, 1}, {}));
        const auto page = book.list({.limit = 1'000});
        for (const auto& alert : page->alerts) {
            if (alert.rule_id == rule) { return alert.id; }
        }
        return {};
    }

    using Kept = common::Result<storage::HoldRecord, std::error_code>;
    Kept keep_hold(storage::HoldRecord hold, const event::QueryPlan& plan) {
        if (!storage::is_hold_name(hold.name)) {
            return common::fail(std::make_error_code(std::errc::invalid_argument));
        }
        for (const auto& other : holds) {
            if (other.name == hold.name) { return common::fail(std::make_error_code(std::errc::file_exists)); }
        }
        hold.from = plan.from;
        hold.to = plan.to;
        hold.at = clock.now();
        hold.rows = 12;
        hold_plans.push_back(plan);
        holds.push_back(hold);
        return hold;
    }
    common::Result<void, std::error_code> drop_hold(const std::string& name, const event::DropOrder& order) {
        releases.push_back(order);
        if (std::erase_if(holds, [&name](const auto& hold) { return hold.name == name; }) != 0) { return {}; }
        return common::fail(std::make_error_code(std::errc::no_such_file_or_directory));
    }

    std::vector<storage::HoldRecord> holds;
    std::vector<event::QueryPlan> hold_plans;
    std::vector<event::DropOrder> releases;
    std::atomic<bool> never{false};
    MemoryState state;
    MemoryEvents events;
    MemorySources sources;
    common::ManualClock clock{kMorning + common::kMinute};
    common::Logger logger{common::LogLevel::error};
    common::MetricsRegistry metrics;
    collector::PeerTable peers;
    collector::Ledger ledger{peers, clock, &metrics};
    alerting::Outbox outbox;
    alerting::AlertBook book;
    api::ReloadResult reload{true, "40 rules in use"};
    std::string not_ready;
    api::EvidenceRequest evidence_asked;
    std::filesystem::path evidence_path;
    storage::VerifyOptions verify_asked;
    storage::VerifyReport verify_report;
    std::uint64_t seq = 0;
    net::IoThreads io{2};
    std::unique_ptr<api::ApiServer> server;
};

} // namespace canhgac::test
