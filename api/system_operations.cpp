// Status, metrics, rules and sources.
#include <map>
#include <utility>

#include <boost/json.hpp>

#include "alerting/alert_codec.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"

namespace canhgac::api {
namespace {

namespace json = boost::json;

/// A time, or null when it never was.
json::value moment(common::Nanos time) {
    return time == 0 ? json::value(nullptr) : json::value(common::format_rfc3339(time));
}

json::array peer_lines(const collector::LedgerSnapshot& snapshot) {
    json::array peers;
    for (const auto& line : snapshot.peers) {
        json::object rejected;
        for (std::size_t i = 0; i < line.rejected.size(); ++i) {
            rejected[to_string(static_cast<collector::Rejected>(i))] = line.rejected[i];
        }
        peers.push_back(json::object{{"listener", line.listener},
                                     {"peer", alerting::valid_utf8(line.peer)},
                                     {"received", line.received},
                                     {"bytes", line.bytes},
                                     {"committed", line.committed},
                                     {"rejected", std::move(rejected)},
                                     {"in_flight", line.in_flight},
                                     {"truncated", line.truncated},
                                     {"last_seen", moment(line.last_seen)}});
    }
    return peers;
}

json::array listener_lines(const collector::LedgerSnapshot& snapshot) {
    json::array listeners;
    for (const auto& line : snapshot.listeners) {
        json::object refused;
        for (std::size_t i = 0; i < line.refused.size(); ++i) {
            refused[to_string(static_cast<collector::Refused>(i))] = line.refused[i];
        }
        listeners.push_back(json::object{{"listener", line.listener},
                                         {"kernel_drops", line.kernel_drops},
                                         {"discarded_bytes", line.discarded_bytes},
                                         {"refused", std::move(refused)}});
    }
    return listeners;
}

json::array refused_lines(const collector::LedgerSnapshot& snapshot) {
    json::array refused;
    for (const auto& line : snapshot.refused) {
        refused.push_back(json::object{{"listener", line.listener},
                                       {"address", line.address},
                                       {"reason", to_string(line.reason)},
                                       {"count", line.count},
                                       {"last_seen", moment(line.last_seen)}});
    }
    return refused;
}

json::array source_lines(const event::SourceRegistry& registry) {
    json::array sources;
    for (const auto& source : registry.sources()) {
        const auto totals = registry.totals(source.id);
        sources.push_back(json::object{{"id", static_cast<std::uint32_t>(source.id)},
                                       {"peer", alerting::valid_utf8(source.key.peer)},
                                       {"reporter", alerting::valid_utf8(source.key.reporter)},
                                       {"first_seen", moment(source.first_seen)},
                                       {"last_received", moment(totals.last_received)},
                                       {"last_event_time", moment(totals.last_event_time)},
                                       {"stored", totals.stored},
                                       {"bytes", totals.bytes},
                                       {"unparsed", totals.unparsed},
                                       {"duplicates", totals.duplicates}});
    }
    return sources;
}

} // namespace

net::HttpResponse show_readiness(const Services& services) {
    const std::string missing = services.not_ready ? services.not_ready() : std::string();
    if (!missing.empty()) { return problem(503, missing); }
    return json_response(200, "{\"ready\":true}");
}

net::HttpResponse show_metrics(const Services& services) {
    return net::make_response(200, "text/plain; version=0.0.4; charset=utf-8", services.metrics.text());
}

net::HttpResponse show_status(const Services& services, common::Nanos started, std::size_t streams) {
    const StatusReport report = services.status ? services.status() : StatusReport{};
    json::object listeners;
    for (const auto& [name, port] : report.listeners) {
        listeners[name] = port;
    }
    json::object numbers;
    for (const auto& [name, number] : report.numbers) {
        numbers[name] = number;
    }
    json::object texts;
    for (const auto& [name, text] : report.texts) {
        texts[name] = alerting::valid_utf8(text);
    }
    const common::Nanos now = services.clock.now();
    return json_response(200, json::serialize(json::object{{"version", report.version},
                                                           {"time", common::format_rfc3339(now)},
                                                           {"started", common::format_rfc3339(started)},
                                                           {"uptime_seconds", (now - started) / common::kSecond},
                                                           {"committed_batch", services.events.committed()},
                                                           {"alert_sequence", services.alerts.sequence()},
                                                           {"live_streams", streams},
                                                           {"listeners", std::move(listeners)},
                                                           {"numbers", std::move(numbers)},
                                                           {"texts", std::move(texts)}}));
}

net::HttpResponse list_sources(const Services& services) {
    const auto snapshot = services.ledger.snapshot();
    return json_response(200, json::serialize(json::object{{"peers", peer_lines(snapshot)},
                                                           {"sources", source_lines(services.sources)},
                                                           {"listeners", listener_lines(snapshot)},
                                                           {"refused", refused_lines(snapshot)}}));
}

net::HttpResponse list_rules(const Services& services) {
    json::array rules;
    if (services.rules) {
        for (const auto& rule : services.rules()) {
            json::array tags;
            for (const auto& tag : rule.tags) {
                tags.emplace_back(alerting::valid_utf8(tag));
            }
            rules.push_back(json::object{{"id", rule.id},
                                         {"title", alerting::valid_utf8(rule.title)},
                                         {"level", rule.level},
                                         {"tags", std::move(tags)},
                                         {"file", alerting::valid_utf8(rule.file)}});
        }
    }
    const std::size_t count = rules.size();
    return json_response(200, json::serialize(json::object{{"count", count}, {"rules", std::move(rules)}}));
}

net::HttpResponse reload_rules(const Services& services) {
    if (!services.reload_rules) { return problem(503, "rules cannot be reloaded now"); }
    const ReloadResult result = services.reload_rules();
    if (!result.ok) { return problem(422, result.message); }
    return json_response(
        200, json::serialize(json::object{{"reloaded", true}, {"message", alerting::valid_utf8(result.message)}}));
}

} // namespace canhgac::api
