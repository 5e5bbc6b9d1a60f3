#include "app/rules_backtest.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <ostream>
#include <stdexcept>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/backtest_runner.hpp"
#include "api/request_reader.hpp"
#include "app/api_client.hpp"
#include "app/offline_store.hpp"
#include "app/rule_files.hpp"
#include "common/clock.hpp"
#include "rules/embedded.hpp"

namespace canhgac::app {

namespace {

namespace json = boost::json;

/// All documents as one text.
std::string rule_text(const RulesBacktestOptions& options) {
    std::string text;
    const auto add = [&text](std::string_view document) {
        if (!text.empty()) { text += "\n---\n"; }
        text += document;
    };
    if (options.pack) {
        for (const rules::EmbeddedFile& file : rules::embedded_files()) {
            if (file.path.starts_with("rules/pack/") && !file.path.ends_with(".test.yaml")) { add(file.text); }
        }
    }
    for (const std::string& path : options.paths) {
        const auto files = rule_files(path);
        if (!files) { throw std::runtime_error(files.error()); }
        for (const auto& file : *files) {
            const auto document = read_text_file(file);
            if (!document) { throw std::runtime_error(document.error()); }
            add(*document);
        }
    }
    if (!options.text.empty()) { add(options.text); }
    return text;
}

common::Nanos moment(const std::string& text, common::Nanos now, const char* what) {
    const auto time = api::parse_moment(text, now);
    if (!time) {
        throw std::runtime_error(fmt::format("{} must be a time (RFC 3339) or a duration such as 24h", what));
    }
    return *time;
}

api::BacktestRequest request_of(const RulesBacktestOptions& options, std::string text) {
    const common::Nanos now = common::SystemClock().now();
    api::BacktestRequest request;
    request.rules = std::move(text);
    if (options.pack && !options.pipelines.empty()) {
        throw std::runtime_error("--pipeline is for rules of other names; the pack has ours: run them one by one");
    }
    for (const std::string& spec : options.pipelines) {
        auto found = rules::find_pipelines(spec);
        if (!found) { throw std::runtime_error(found.error()); }
        std::move(found->begin(), found->end(), std::back_inserter(request.pipelines));
    }
    request.events = options.events;
    request.limit = options.limit;
    request.suppressed = options.suppressed;
    request.polarity =
        options.polarity == "specification" ? rules::FilterPolarity::specification : rules::FilterPolarity::pysigma;
    request.options.samples = options.samples;
    request.options.classify = options.logsources;
    request.options.bucket = options.bucket == "hour" ? common::kHour : common::kDay;
    request.options.from = moment(options.from, now, "--from");
    request.options.to = options.to.empty() ? now + common::kDay : moment(options.to, now, "--to");
    if (request.options.from >= request.options.to) { throw std::runtime_error("--from must be before --to"); }
    return request;
}

void ask_server(const RulesBacktestOptions& options, const api::BacktestRequest& request,
                const std::function<bool(std::string_view)>& line) {
    ApiClient client(options.client);
    json::array pipelines;
    for (const rules::PipelineText& pipeline : request.pipelines) {
        pipelines.emplace_back(pipeline.text);
    }
    const json::object body{{"rules", request.rules},
                            {"pipelines", std::move(pipelines)},
                            {"from", common::format_rfc3339(request.options.from)},
                            {"to", common::format_rfc3339(request.options.to)},
                            {"bucket", options.bucket},
                            {"samples", options.samples},
                            {"limit", options.limit},
                            {"events", options.events},
                            {"suppressed", options.suppressed},
                            {"filter_polarity", options.polarity},
                            {"logsources", options.logsources}};
    client.stream("POST", "/api/v1/rules/backtest", json::serialize(body), line);
}

std::string text_of(const json::value& value) {
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

std::string day_and_hour(const json::value& stamp) {
    const auto time = common::parse_rfc3339(text_of(stamp));
    return time ? common::format_vietnam(*time) : text_of(stamp);
}

void print_frequent(const std::string& name, const json::array& list, std::ostream& output) {
    for (const json::value& one : list) {
        output << fmt::format("    {:<24} {:>9}  {}\n", name, text_of(one.at("count")), text_of(one.at("value")));
    }
}

void print_rule(const json::object& rule, std::ostream& output) {
    output << fmt::format("{} [{}] {}\n", text_of(rule.at("id")), text_of(rule.at("level")), text_of(rule.at("title")));
    const bool quiet = !rule.at("generates").as_bool();
    output << fmt::format("  {} matches, {}{}\n", text_of(rule.at("matches")),
                          quiet ? std::string("no alerts of its own")
                                : fmt::format("{} alerts, {:.1f} a day", text_of(rule.at("alerts")),
                                              rule.at("alerts_per_day").to_number<double>()),
                          rule.at("lower_bounds").as_bool() ? " (at least)" : "");
    if (rule.at("matches").to_number<std::uint64_t>() == 0) { return; }
    for (const json::value& bucket : rule.at("buckets").as_array()) {
        output << fmt::format("    {:<24} {:>9}\n", day_and_hour(bucket.at("from")), text_of(bucket.at("matches")));
    }
    print_frequent("host", rule.at("hosts").as_array(), output);
    for (const auto& [field, list] : rule.at("values").as_object()) {
        print_frequent(std::string(field), list.as_array(), output);
    }
    std::string samples;
    for (const json::value& sample : rule.at("samples").as_array()) {
        samples += " " + text_of(sample);
    }
    if (!samples.empty()) { output << "    sample events:" << samples << '\n'; }
}

void print_stats(const json::object& stats, std::ostream& output) {
    for (const json::value& one : stats.at("logsources").as_array()) {
        output << fmt::format("log source {:<10} {:<24} {:<24} {:>9}\n", text_of(one.at("product")),
                              text_of(one.at("category")), text_of(one.at("service")), text_of(one.at("events")));
    }
    output << fmt::format("{} rules over {} events of {:.1f} days in {:.1f} s: {} matches, {:.1f} alerts a day{}\n",
                          text_of(stats.at("rules")), text_of(stats.at("events")), stats.at("days").to_number<double>(),
                          stats.at("seconds").to_number<double>(), text_of(stats.at("matches")),
                          stats.at("alerts_per_day").to_number<double>(),
                          stats.at("stopped_early").as_bool() ? " (ended early)" : "");
}

} // namespace

void stream_backtest(const RulesBacktestOptions& options, const std::function<bool(std::string_view line)>& line) {
    std::string text = rule_text(options);
    if (text.empty()) { throw std::runtime_error("there is no rule to run"); }
    const api::BacktestRequest request = request_of(options, std::move(text));
    const auto rules = api::read_backtest_rules(request);
    if (!rules) { throw std::runtime_error(rules.error()); }
    const auto store = open_stopped_store(options.client);
    if (store == nullptr) {
        ask_server(options, request, line);
    } else {
        api::write_backtest(*rules, request, store->events(), line);
    }
}

int run_rules_backtest(const RulesBacktestOptions& options, std::ostream& output) {
    const bool lines = options.client.output == "json" || options.client.output == "jsonl" || options.events;
    bool failed = false;
    stream_backtest(options, [&](std::string_view line) {
        if (lines) { output << line << '\n'; }
        const json::value value = json::parse(line);
        const json::object& object = value.as_object();
        if (const auto* error = object.if_contains("error")) {
            failed = true;
            if (!lines) { output << "error: " << text_of(error->at("detail")) << '\n'; }
        }
        if (lines) { return true; }
        if (const auto* rule = object.if_contains("rule")) { print_rule(rule->as_object(), output); }
        if (const auto* stats = object.if_contains("stats")) { print_stats(stats->as_object(), output); }
        return true;
    });
    return failed ? 1 : 0;
}

int run_rule_search(const SearchOptions& options) {
    RulesBacktestOptions wanted;
    wanted.paths = {options.rule};
    wanted.client = options.client;
    if (!options.from.empty()) { wanted.from = options.from; }
    wanted.to = options.to;
    wanted.limit = options.limit;
    wanted.samples = 0;
    wanted.events = true;
    int status = 0;
    stream_backtest(wanted, [&](std::string_view line) {
        const json::value value = json::parse(line);
        if (const auto* match = value.as_object().if_contains("match")) {
            print_search_line(json::serialize(match->at("event")), options.client);
        } else if (value.as_object().contains("error")) {
            std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
            status = 1;
        }
        return true;
    });
    return status;
}

} // namespace canhgac::app
