// `canhgac search` and `canhgac alerts`.
#include <cstdio>
#include <stdexcept>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/api_client.hpp"
#include "app/cli.hpp"
#include "app/rules_backtest.hpp"
#include "app/search_output.hpp"
#include "common/clock.hpp"
#include "storage/query/parser.hpp"

namespace canhgac::app {

namespace {

std::string text_of(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (value == nullptr || value->is_null()) { return ""; }
    return value->is_string() ? std::string(value->as_string()) : boost::json::serialize(*value);
}

std::string local_time(const std::string& stamp) {
    const auto time = common::parse_rfc3339(stamp);
    return time ? common::format_vietnam(*time) : stamp;
}

void print_line(std::string_view line) {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(stdout);
}

/// One alert as a person reads it: when, how bad, how often, what, about whom, where.
void print_alert(const boost::json::object& alert) {
    std::string entity;
    if (const auto* list = alert.if_contains("entity"); list != nullptr && list->is_array()) {
        for (const auto& item : list->as_array()) {
            const auto& pair = item.as_object();
            entity += fmt::format("{}{}={}", entity.empty() ? "" : " ", text_of(pair, "field"), text_of(pair, "value"));
        }
    }
    std::printf("%s  %-13s x%-5s %s  [%s]  %s  (%s)\n", local_time(text_of(alert, "last_seen")).c_str(),
                text_of(alert, "level").c_str(), text_of(alert, "count").c_str(), text_of(alert, "title").c_str(),
                entity.c_str(), text_of(alert, "organization").c_str(), text_of(alert, "status").c_str());
    std::fflush(stdout);
}

/// "24h" counts back from now; anything else is passed on for the server to read.
std::string absolute_time(const std::string& text) {
    const auto ago = common::parse_duration(text);
    return ago ? common::format_rfc3339(common::SystemClock().now() - *ago) : text;
}

void follow_alerts(ApiClient& client, bool table) {
    client.stream("GET", "/api/v1/alerts/stream", "", [table](std::string_view line) {
        if (!line.starts_with("data:")) { return true; }
        line.remove_prefix(5);
        if (line.starts_with(' ')) { line.remove_prefix(1); }
        if (table) {
            boost::system::error_code error;
            const auto value = boost::json::parse(line, error);
            if (!error && value.is_object()) { print_alert(value.as_object()); }
        } else {
            print_line(line);
        }
        return true;
    });
}

} // namespace

int run_search(const SearchOptions& options) {
    if (!options.rule.empty()) { return run_rule_search(options); }
    if (const auto query = storage::parse_query(options.query); query && storage::is_followed(query->pipes)) {
        if (!options.from.empty() || !options.to.empty()) {
            throw std::runtime_error("a query that ends in \"tail\" begins now: it takes no --from and no --to");
        }
        return run_tail({options.client, options.query});
    }
    ApiClient client(options.client);
    boost::json::object body{{"query", options.query}, {"limit", options.limit}};
    if (!options.from.empty()) { body["from"] = absolute_time(options.from); }
    if (!options.to.empty()) { body["to"] = absolute_time(options.to); }
    SearchPrinter printer(options.client);
    client.stream("POST", "/api/v1/search", boost::json::serialize(body), [&printer](std::string_view line) {
        printer.add(line);
        return true;
    });
    return printer.finish();
}

int run_alerts(const AlertsOptions& options) {
    ApiClient client(options.client);
    const bool table = wants_table(options.client);
    std::string path = fmt::format("/api/v1/alerts?limit={}", options.limit);
    if (!options.status.empty()) { path += "&status=" + options.status; }
    const std::string body = client.get(path);
    if (options.client.output == "json") {
        std::fputs(body.c_str(), stdout);
    } else {
        const boost::json::value page = boost::json::parse(body);
        const auto& alerts = page.at("alerts").as_array();
        for (auto it = alerts.rbegin(); it != alerts.rend(); ++it) { // newest last, next to the prompt
            if (table) {
                print_alert(it->as_object());
            } else {
                print_line(boost::json::serialize(*it));
            }
        }
        if (table && alerts.empty()) { std::puts("no alerts"); }
    }
    if (options.follow) { follow_alerts(client, table); }
    return kSuccess;
}

} // namespace canhgac::app
