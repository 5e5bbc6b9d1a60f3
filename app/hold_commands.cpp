// `canhgac hold add|list|release`.
#include <cstdio>
#include <limits>
#include <pwd.h>
#include <stdexcept>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/hold_text.hpp"
#include "api/request_reader.hpp"
#include "app/api_client.hpp"
#include "app/cli.hpp"
#include "app/offline_store.hpp"
#include "app/search_output.hpp"
#include "storage/journal_store.hpp"

namespace canhgac::app {

namespace {

namespace json = boost::json;

/// Who is at the terminal, as the store remembers it.
std::string user_name() {
    const passwd* entry = ::getpwuid(::getuid()); // NOLINT(concurrency-mt-unsafe): one thread
    return entry != nullptr ? fmt::format("{} (on the machine)", entry->pw_name)
                            : fmt::format("user {} (on the machine)", ::getuid());
}

std::optional<common::Nanos> hold_moment(const std::string& text, const char* what) {
    if (text.empty()) { return std::nullopt; }
    const auto time = api::parse_moment(text, common::SystemClock().now());
    if (!time) {
        throw std::runtime_error(fmt::format("{} must be a time (RFC 3339) or a duration such as 24h", what));
    }
    return time;
}

std::string text_at(const json::object& hold, std::string_view key) {
    const auto* value = hold.if_contains(key);
    if (value == nullptr || value->is_null()) { return "-"; }
    return value->is_string() ? std::string(value->as_string()) : json::serialize(*value);
}

void print_hold(std::string_view line, const ClientOptions& options) {
    if (!wants_table(options)) {
        std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
        return;
    }
    const json::value value = json::parse(line);
    const auto& hold = value.as_object();
    const auto time = common::parse_rfc3339(text_at(hold, "time"));
    std::printf("%-24s %s  %10s events  %s  [%s]  (%s)\n", text_at(hold, "name").c_str(),
                time ? common::format_vietnam(*time).c_str() : "-", text_at(hold, "events").c_str(),
                text_at(hold, "incident").c_str(), text_at(hold, "query").c_str(), text_at(hold, "actor").c_str());
}

std::string answer(ApiClient& client, const std::string& path, const json::object& body) {
    std::string text;
    client.stream("POST", path, json::serialize(body), [&text](std::string_view line) {
        text += line;
        return true;
    });
    return text;
}

} // namespace

int run_hold_add(const HoldOptions& options) {
    const auto store = open_unless_served(options.client);
    const auto from = hold_moment(options.from, "--from");
    const auto to = hold_moment(options.to, "--to");
    if (store == nullptr) {
        ApiClient client(options.client);
        json::object body{{"name", options.name}, {"incident", options.reason}, {"query", options.query}};
        if (from) { body["from"] = common::format_rfc3339(*from); }
        if (to) { body["to"] = common::format_rfc3339(*to); }
        print_hold(answer(client, "/api/v1/holds", body), options.client);
        return kSuccess;
    }
    const auto plan = api::plan_hold({options.query, from, to}, common::SystemClock().now(), {});
    if (!plan) { throw std::runtime_error(plan.error()); }
    storage::HoldRecord hold;
    hold.name = options.name;
    hold.incident = options.reason;
    hold.query = options.query;
    hold.actor = user_name();
    const auto made = store->store().hold(std::move(hold), *plan);
    if (!made) { throw std::runtime_error(api::describe_hold_error(made.error(), options.name)); }
    print_hold(api::encode_hold(*made), options.client);
    return kSuccess;
}

int run_hold_list(const HoldOptions& options) {
    const auto store = open_unless_served(options.client);
    std::vector<std::string> lines;
    if (store == nullptr) {
        const json::value page = json::parse(ApiClient(options.client).get("/api/v1/holds"));
        for (const json::value& hold : page.at("holds").as_array()) {
            lines.push_back(json::serialize(hold));
        }
    } else {
        for (const storage::HoldRecord& hold : store->store().holds()) {
            lines.push_back(api::encode_hold(hold));
        }
    }
    if (lines.empty() && wants_table(options.client)) { std::puts("no holds"); }
    for (const std::string& line : lines) {
        print_hold(line, options.client);
    }
    return kSuccess;
}

int run_hold_release(const HoldOptions& options) {
    const auto store = open_unless_served(options.client);
    if (store == nullptr) {
        ApiClient client(options.client);
        static_cast<void>(
            answer(client, "/api/v1/holds/" + options.name + "/release", json::object{{"reason", options.reason}}));
    } else {
        const auto released = store->store().release_hold(options.name, {user_name(), options.reason});
        if (!released) { throw std::runtime_error(api::describe_hold_error(released.error(), options.name)); }
    }
    std::fprintf(stderr, "released %s\n", options.name.c_str());
    return kSuccess;
}

} // namespace canhgac::app
