#include "api/backtest_runner.hpp"

#include <algorithm>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "alerting/alert_codec.hpp"
#include "api/json_text.hpp"
#include "api/problem.hpp"
#include "common/yaml.hpp"
#include "rules/embedded.hpp"
#include "rules/reader.hpp"

namespace canhgac::api {
namespace {

namespace json = boost::json;

constexpr int kLowPriority = 15; ///< nice value of the thread
constexpr std::size_t kPartBytes = 16 * 1024;

json::array frequent(const engine::Frequent& list) {
    json::array out;
    for (const auto& [value, count] : list) {
        out.push_back(json::object{{"value", alerting::valid_utf8(value)}, {"count", count}});
    }
    return out;
}

json::object rule_object(const engine::BacktestRule& rule, double days) {
    json::array buckets;
    for (const auto& [start, count] : rule.buckets) {
        buckets.push_back(json::object{{"from", common::format_rfc3339(start)}, {"matches", count}});
    }
    json::object values;
    for (const auto& [field, list] : rule.values) {
        values[alerting::valid_utf8(field)] = frequent(list);
    }
    json::array samples;
    for (const event::EventId& id : rule.samples) {
        samples.emplace_back(fmt::format("{}.{}", id.seq, id.index));
    }
    return {{"id", alerting::valid_utf8(rule.id)},
            {"title", alerting::valid_utf8(rule.title)},
            {"level", event::to_string(rule.level)},
            {"correlation", rule.is_correlation},
            {"generates", rule.generates},
            {"matches", rule.matches},
            {"alerts", rule.alerts},
            {"alerts_per_day", static_cast<double>(rule.alerts) / days},
            {"lower_bounds", rule.is_cut},
            {"buckets", std::move(buckets)},
            {"hosts", frequent(rule.hosts)},
            {"values", std::move(values)},
            {"samples", std::move(samples)}};
}

json::object stats_object(const engine::BacktestReport& report) {
    json::array classes;
    for (const auto& [logsource, count] : report.classes) {
        classes.push_back(json::object{{"product", logsource.product},
                                       {"category", logsource.category},
                                       {"service", logsource.service},
                                       {"events", count}});
    }
    const auto moment = [&report](common::Nanos time) {
        return report.events == 0 ? json::value(nullptr) : json::value(common::format_rfc3339(time));
    };
    double alerts = 0;
    for (const engine::BacktestRule& rule : report.rules) {
        alerts += static_cast<double>(rule.alerts);
    }
    return {{"rules", report.rules.size()},
            {"events", report.events},
            {"matches", report.matches},
            {"first_event", moment(report.first_event)},
            {"last_event", moment(report.last_event)},
            {"days", report.days()},
            {"alerts_per_day", alerts / report.days()},
            {"logsources", std::move(classes)},
            {"stopped_early", report.stopped_early},
            {"seconds", report.seconds}};
}

/// The documents of a text, as texts.
std::vector<std::string> documents_of(std::string_view text) {
    std::vector<std::string> out(1);
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end);
        const bool mark = line.starts_with("---") && (line.size() == 3 || line.find_first_of(" \t\r\n") == 3);
        if (mark) {
            out.emplace_back();
        } else {
            out.back() += line;
        }
    }
    return out;
}

bool is_filter(const std::string& document) {
    const auto parsed = common::yaml::parse(document);
    return parsed && parsed->size() == 1 && parsed->front().is_map() && parsed->front().find("filter") != nullptr;
}

/// A filter read with the other polarity leaves of a rule exactly what it otherwise takes away.
std::vector<rules::Rule> suppressed_rules(const BacktestRequest& request, rules::ReadOptions turned) {
    turned.filter_polarity = request.polarity == rules::FilterPolarity::pysigma ? rules::FilterPolarity::specification
                                                                                : rules::FilterPolarity::pysigma;
    const std::vector<std::string> documents = documents_of(request.rules);
    std::vector<rules::Rule> out;
    for (const std::string& filter : documents) {
        if (!is_filter(filter)) { continue; }
        rules::Reader reader(turned);
        for (const std::string& document : documents) {
            if (&document == &filter || !is_filter(document)) { reader.add_text("rules", document); }
        }
        for (rules::Rule& rule : reader.finish().rules) {
            if (rule.filters.empty()) { continue; }
            rule.id = rule.filters.front() + "/" + rule.id;
            out.push_back(std::move(rule));
        }
    }
    return out;
}

} // namespace

common::Result<engine::CompileInput, std::string> read_backtest_rules(const BacktestRequest& request) {
    rules::ReadOptions options;
    options.filter_polarity = request.polarity;
    if (!request.pipelines.empty()) {
        auto chain = rules::PipelineChain::read(request.pipelines);
        if (!chain) { return common::fail(rules::to_string(chain.error().front())); }
        options.pipelines = std::move(*chain);
    }
    rules::ReadResult read = rules::read_text("rules", request.rules, options);
    if (!read.rejected.empty()) { return common::fail(rules::to_string(read.rejected.front())); }
    if (read.rules.empty()) { return common::fail(std::string("there is no rule in it")); }
    engine::CompileInput input;
    input.logsources = rules::load_embedded_logsources();
    if (request.suppressed) {
        input.rules = suppressed_rules(request, options);
    } else {
        input.rules = std::move(read.rules);
        input.correlations = std::move(read.correlations);
    }
    return input;
}

void write_backtest(const engine::CompileInput& rules, const BacktestRequest& request, event::EventStore& events,
                    const LineSink& sink, const std::atomic<bool>* cancelled) {
    engine::BacktestMatch on_match;
    std::string line;
    if (request.events) {
        on_match = [&](const event::RuleInfo& rule, const event::StoredEvent& event) {
            line = "{\"match\":{\"rule\":";
            append_json_string(line, rule.id);
            line += ",\"event\":";
            append_event(line, event);
            line += "}}";
            return sink(line);
        };
    }
    engine::BacktestOptions options = request.options;
    options.max_matches = request.limit;
    const auto report = engine::backtest(rules, events, options, on_match, cancelled);
    if (!report) {
        static_cast<void>(sink(fmt::format("{{\"error\":{}}}", problem_text(500, report.error().message()))));
        return;
    }
    for (const engine::BacktestRule& rule : report->rules) {
        if (!sink(json::serialize(json::object{{"rule", rule_object(rule, report->days())}}))) { return; }
    }
    for (const engine::RejectedRule& rule : report->rejected) {
        const json::object rejected{
            {"id", alerting::valid_utf8(rule.id)}, {"line", rule.line}, {"reason", alerting::valid_utf8(rule.reason)}};
        if (!sink(json::serialize(json::object{{"rejected", rejected}}))) { return; }
    }
    static_cast<void>(sink(json::serialize(json::object{{"stats", stats_object(*report)}})));
}

void run_backtest(const Services& services, const BacktestRequest& request,
                  const std::shared_ptr<net::HttpExchange>& exchange, const std::atomic<bool>& cancelled) {
    if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLowPriority) != 0) {
        services.logger.warning("back-test: the thread keeps its priority");
    }
    const auto rules = read_backtest_rules(request);
    if (!rules) {
        exchange->respond(problem(400, rules.error()));
        return;
    }
    if (!exchange->start_stream(net::make_response(200, "application/x-ndjson", ""))) { return; }
    std::string part;
    write_backtest(
        *rules, request, services.events,
        [&](std::string_view line) {
            (part += line) += '\n';
            if (part.size() < kPartBytes) { return true; }
            const bool sent = exchange->write(part);
            part.clear();
            return sent;
        },
        &cancelled);
    if (!part.empty()) { static_cast<void>(exchange->write(part)); }
    exchange->finish_stream();
}

} // namespace canhgac::api
