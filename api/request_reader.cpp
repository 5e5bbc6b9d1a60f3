#include "api/request_reader.hpp"

#include <charconv>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/api_server.hpp"
#include "api/problem.hpp"

namespace canhgac::api {
namespace {

namespace json = boost::json;
using alerting::AlertAction;
using alerting::AlertQuery;
using alerting::AlertStatus;
using common::fail;

constexpr std::size_t kMaxCommentBytes = 8 * 1024;
constexpr std::size_t kMaxAssigneeBytes = 128;
constexpr std::size_t kMaxReasonBytes = 1024;
constexpr int kMaxDepth = 8;

template <typename T>
std::optional<T> parse_unsigned(std::string_view text) noexcept {
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) { return std::nullopt; }
    return value;
}

auto bad(std::string_view detail) {
    return fail(problem(400, detail));
}

common::Result<json::object, net::HttpResponse> parse_object(std::string_view body) {
    json::error_code error;
    json::parse_options options;
    options.max_depth = kMaxDepth;
    json::value value = json::parse(body, error, {}, options);
    if (error) { return bad(fmt::format("the body is not JSON: {}", error.message())); }
    if (!value.is_object()) { return bad("the body is not a JSON object"); }
    return std::move(value.get_object());
}

/// Members of a body: those that are absent leave `out` as it is; those of another type, and members nobody knows, are
/// errors.
class Body {
public:
    explicit Body(const json::object& object) noexcept : object_(object) {}

    void text(std::string_view name, std::string& out) {
        const auto* const value = take(name);
        if (value == nullptr) { return; }
        if (!value->is_string()) { return wrong(name, "a string"); }
        out.assign(value->get_string().data(), value->get_string().size());
    }
    void texts(std::string_view name, std::vector<std::string>& out) {
        const auto* const value = take(name);
        if (value == nullptr) { return; }
        if (!value->is_array()) { return wrong(name, "a list of strings"); }
        for (const json::value& one : value->get_array()) {
            if (!one.is_string()) { return wrong(name, "a list of strings"); }
            out.emplace_back(one.get_string().data(), one.get_string().size());
        }
    }
    void number(std::string_view name, std::optional<std::uint64_t>& out) {
        const auto* const value = take(name);
        if (value == nullptr) { return; }
        if (value->is_uint64()) {
            out = value->get_uint64();
        } else if (value->is_int64() && value->get_int64() >= 0) {
            out = static_cast<std::uint64_t>(value->get_int64());
        } else {
            wrong(name, "a whole number of 0 or more");
        }
    }
    void boolean(std::string_view name, bool& out) {
        const auto* const value = take(name);
        if (value == nullptr) { return; }
        if (!value->is_bool()) { return wrong(name, "true or false"); }
        out = value->get_bool();
    }
    /// What is wrong with the members seen or left over; empty = nothing.
    [[nodiscard]] std::string error() const {
        if (!error_.empty() || taken_ == object_.size()) { return error_; }
        return "the body has a member this operation does not know";
    }

private:
    const json::value* take(std::string_view name) {
        const auto* const value = object_.if_contains(name);
        if (value != nullptr) { ++taken_; }
        return value == nullptr || value->is_null() ? nullptr : value;
    }
    void wrong(std::string_view name, std::string_view want) {
        if (error_.empty()) { error_ = fmt::format("\"{}\" must be {}", name, want); }
    }

    const json::object& object_;
    std::size_t taken_ = 0;
    std::string error_;
};

bool read_statuses(std::string_view text, std::vector<AlertStatus>& out) {
    while (!text.empty()) {
        const auto comma = text.find(',');
        const std::string_view name = text.substr(0, comma);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
        if (name == "open") {
            for (auto status :
                 {AlertStatus::fresh, AlertStatus::acknowledged, AlertStatus::investigating, AlertStatus::contained}) {
                out.push_back(status);
            }
        } else if (const auto status = alerting::parse_status(name)) {
            out.push_back(*status);
        } else {
            return false;
        }
    }
    return true;
}

/// If-Match: "N" (RFC 9110 section 13.1.1); "*" and nothing = any version.
common::Result<std::optional<std::uint64_t>, net::HttpResponse> read_if_match(std::string_view header) {
    if (header.empty() || header == "*") { return std::optional<std::uint64_t>{}; }
    if (header.size() >= 2 && header.starts_with('"') && header.ends_with('"')) {
        header = header.substr(1, header.size() - 2);
    }
    const auto version = parse_unsigned<std::uint64_t>(header);
    if (!version) { return bad("If-Match must be the ETag of the alert, e.g. \"3\""); }
    return std::optional(*version);
}

} // namespace

std::optional<common::Nanos> parse_moment(std::string_view text, common::Nanos now) noexcept {
    if (const auto time = common::parse_rfc3339(text)) { return time; }
    const auto ago = common::parse_duration(text);
    if (!ago || *ago > now) { return std::nullopt; }
    return now - *ago;
}

common::Result<std::size_t, net::HttpResponse> read_limit(const net::HttpRequest& request, std::size_t fallback,
                                                          std::size_t most) {
    if (!request.has_query("limit")) { return fallback; }
    const auto limit = parse_unsigned<std::size_t>(request.query_value("limit"));
    if (!limit || *limit == 0 || *limit > most) { return bad(fmt::format("limit must be 1 to {}", most)); }
    return *limit;
}

common::Result<AlertQuery, net::HttpResponse> read_alert_query(const net::HttpRequest& request, common::Nanos now,
                                                               const ApiLimits& limits) {
    AlertQuery query;
    if (!read_statuses(request.query_value("status"), query.statuses)) {
        return bad("status must be open, new, acknowledged, investigating, contained, closed_true_positive, "
                   "closed_false_positive, closed_benign, closed_duplicate or closed_test");
    }
    if (request.has_query("level")) {
        query.least_level = alerting::parse_severity(request.query_value("level"));
        if (!query.least_level) { return bad("level must be informational, low, medium, high or critical"); }
    }
    if (request.has_query("since")) {
        const auto since = parse_moment(request.query_value("since"), now);
        if (!since) { return bad("since must be a time (RFC 3339) or a duration such as 24h"); }
        query.created_since = *since;
    }
    const auto limit = read_limit(request, query.limit, limits.max_alerts_per_page);
    if (!limit) { return fail(limit.error()); }
    query.limit = *limit;
    query.cursor = request.query_value("cursor");
    return query;
}

common::Result<AlertAction, net::HttpResponse> read_alert_action(const net::HttpRequest& request, std::string_view body,
                                                                 std::string who) {
    const auto object = parse_object(body);
    if (!object) { return fail(object.error()); }
    std::string kind;
    std::string comment;
    std::string assignee;
    std::string status;
    AlertAction action;
    Body members(*object);
    members.text("action", kind);
    members.text("comment", comment);
    members.text("assignee", assignee);
    members.text("status", status);
    members.number("version", action.expected_version);
    if (const std::string error = members.error(); !error.empty()) { return bad(error); }
    if (comment.size() > kMaxCommentBytes || assignee.size() > kMaxAssigneeBytes) {
        return bad(fmt::format("a comment has at most {} bytes, an assignee {}", kMaxCommentBytes, kMaxAssigneeBytes));
    }
    const auto known = alerting::parse_action(kind);
    if (!known) { return bad("action must be acknowledge, investigate, contain, close, assign or comment"); }
    action.kind = *known;
    action.who = std::move(who);
    action.text = action.kind == AlertAction::Kind::assign ? assignee : comment;
    if (action.kind == AlertAction::Kind::assign && assignee.empty()) { return bad("assign needs \"assignee\""); }
    if (action.kind == AlertAction::Kind::comment && comment.empty()) { return bad("comment needs \"comment\""); }
    if (action.kind == AlertAction::Kind::close) {
        const auto close_as = alerting::parse_status(status);
        if (!close_as || !is_closed(*close_as)) {
            return bad("close needs \"status\": closed_true_positive, closed_false_positive, closed_benign, "
                       "closed_duplicate or closed_test");
        }
        action.close_as = *close_as;
    }
    const auto if_match = read_if_match(request.header("If-Match"));
    if (!if_match) { return fail(if_match.error()); }
    if (*if_match) { action.expected_version = *if_match; }
    return action;
}

common::Result<SearchRequest, net::HttpResponse> read_search_request(std::string_view body, common::Nanos now,
                                                                     const ApiLimits& limits) {
    const auto object = parse_object(body);
    if (!object) { return fail(object.error()); }
    SearchRequest request;
    std::string from;
    std::string to;
    std::optional<std::uint64_t> limit;
    Body members(*object);
    members.text("query", request.query);
    members.text("from", from);
    members.text("to", to);
    members.number("limit", limit);
    if (const std::string error = members.error(); !error.empty()) { return bad(error); }
    if (request.query.size() > limits.max_query_bytes) {
        return bad(fmt::format("a query has at most {} bytes", limits.max_query_bytes));
    }
    if (limit && (*limit == 0 || *limit > limits.max_search_rows)) {
        return bad(fmt::format("limit must be 1 to {}", limits.max_search_rows));
    }
    request.limit = limit.value_or(request.limit);
    if (!from.empty() && !(request.from = parse_moment(from, now))) {
        return bad("from must be a time (RFC 3339) or a duration such as 24h");
    }
    if (!to.empty() && !(request.to = parse_moment(to, now))) {
        return bad("to must be a time (RFC 3339) or a duration such as 24h");
    }
    return request;
}

common::Result<HoldRequest, net::HttpResponse> read_hold_request(std::string_view body, common::Nanos now,
                                                                 const ApiLimits& limits) {
    const auto object = parse_object(body);
    if (!object) { return fail(object.error()); }
    HoldRequest request;
    std::string from;
    std::string to;
    Body members(*object);
    members.text("name", request.name);
    members.text("incident", request.incident);
    members.text("query", request.query.text);
    members.text("from", from);
    members.text("to", to);
    if (const std::string error = members.error(); !error.empty()) { return bad(error); }
    if (request.name.empty() || request.incident.empty()) { return bad("a hold needs a name and an incident"); }
    if (request.incident.size() > kMaxReasonBytes) { return bad("incident is too long"); }
    if (request.query.text.size() > limits.max_query_bytes) {
        return bad(fmt::format("a query has at most {} bytes", limits.max_query_bytes));
    }
    if (!from.empty() && !(request.query.from = parse_moment(from, now))) {
        return bad("from must be a time (RFC 3339) or a duration such as 24h");
    }
    if (!to.empty() && !(request.query.to = parse_moment(to, now))) {
        return bad("to must be a time (RFC 3339) or a duration such as 24h");
    }
    return request;
}

common::Result<std::string, net::HttpResponse> read_release_request(std::string_view body) {
    const auto object = parse_object(body);
    if (!object) { return fail(object.error()); }
    std::string reason;
    Body members(*object);
    members.text("reason", reason);
    if (const std::string error = members.error(); !error.empty()) { return bad(error); }
    if (reason.empty()) { return bad("a release needs a reason"); }
    if (reason.size() > kMaxReasonBytes) { return bad("reason is too long"); }
    return reason;
}

common::Result<BacktestRequest, net::HttpResponse> read_backtest_request(std::string_view body, common::Nanos now,
                                                                         const ApiLimits& limits) {
    const auto object = parse_object(body);
    if (!object) { return fail(object.error()); }
    BacktestRequest request;
    std::string from = "24h";
    std::string to;
    std::string bucket = "day";
    std::string polarity = "pysigma";
    std::optional<std::uint64_t> limit;
    std::optional<std::uint64_t> samples;
    Body members(*object);
    members.text("rules", request.rules);
    std::vector<std::string> pipelines;
    members.texts("pipelines", pipelines);
    members.text("from", from);
    members.text("to", to);
    members.text("bucket", bucket);
    members.number("samples", samples);
    members.number("limit", limit);
    members.boolean("events", request.events);
    members.boolean("logsources", request.options.classify);
    members.boolean("suppressed", request.suppressed);
    members.text("filter_polarity", polarity);
    if (const std::string error = members.error(); !error.empty()) { return bad(error); }
    for (std::size_t i = 0; i < pipelines.size(); ++i) {
        request.pipelines.push_back({fmt::format("pipelines[{}]", i), std::move(pipelines[i])});
    }
    if (request.rules.empty()) { return bad("\"rules\" must hold at least one Sigma rule"); }
    if (limit && (*limit == 0 || *limit > limits.max_backtest_matches)) {
        return bad(fmt::format("limit must be 1 to {}", limits.max_backtest_matches));
    }
    request.limit = limit.value_or(limits.max_backtest_matches);
    if (samples && *samples > 100) { return bad("samples must be 0 to 100"); }
    request.options.samples = samples.value_or(request.options.samples);
    if (bucket != "day" && bucket != "hour") { return bad("bucket must be day or hour"); }
    request.options.bucket = bucket == "day" ? common::kDay : common::kHour;
    if (polarity != "pysigma" && polarity != "specification") {
        return bad("filter_polarity must be pysigma or specification");
    }
    if (polarity == "specification") { request.polarity = rules::FilterPolarity::specification; }
    const auto start = parse_moment(from, now);
    const auto end = to.empty() ? std::optional(now + common::kDay) : parse_moment(to, now);
    if (!start) { return bad("from must be a time (RFC 3339) or a duration such as 24h"); }
    if (!end) { return bad("to must be a time (RFC 3339) or a duration such as 24h"); }
    if (*start >= *end) { return bad("from must be before to"); }
    request.options.from = *start;
    request.options.to = *end;
    return request;
}

common::Result<EvidenceRequest, net::HttpResponse>
read_evidence_request(std::string_view body, common::Nanos now, const ApiLimits& limits, std::string exporter) {
    const auto object = parse_object(body);
    if (!object) { return fail(object.error()); }
    EvidenceRequest request;
    request.exporter = std::move(exporter);
    std::string from;
    std::string to;
    std::optional<std::uint64_t> limit;
    Body members(*object);
    members.text("query", request.query);
    members.text("from", from);
    members.text("to", to);
    members.number("limit", limit);
    members.text("case", request.number);
    members.text("custodian", request.custodian);
    members.text("agency", request.agency);
    members.text("reason", request.reason);
    if (const std::string error = members.error(); !error.empty()) { return bad(error); }
    if (request.query.size() > limits.max_query_bytes) {
        return bad(fmt::format("a query has at most {} bytes", limits.max_query_bytes));
    }
    if (limit && (*limit == 0 || *limit > limits.max_search_rows)) {
        return bad(fmt::format("limit must be 1 to {}", limits.max_search_rows));
    }
    request.limit = limit.value_or(request.limit);
    const auto start = from.empty() ? std::optional(request.from) : parse_moment(from, now);
    const auto end = to.empty() ? std::optional(request.to) : parse_moment(to, now);
    if (!start) { return bad("from must be a time (RFC 3339) or a duration such as 24h"); }
    if (!end) { return bad("to must be a time (RFC 3339) or a duration such as 24h"); }
    request.from = *start;
    request.to = *end;
    return request;
}

common::Result<storage::VerifyOptions, net::HttpResponse> read_verify_request(std::string_view body,
                                                                              common::Nanos now) {
    const auto object = parse_object(body);
    if (!object) { return fail(object.error()); }
    storage::VerifyOptions options;
    std::string from;
    std::string to;
    std::optional<std::uint64_t> after;
    Body members(*object);
    members.text("from", from);
    members.text("to", to);
    members.number("after", after);
    members.text("after_head", options.after_head);
    if (const std::string error = members.error(); !error.empty()) { return bad(error); }
    options.after = after.value_or(0);
    if ((options.after != 0) == options.after_head.empty()) { return bad("\"after\" and \"after_head\" go together"); }
    const auto start = from.empty() ? std::optional(options.from) : parse_moment(from, now);
    const auto end = to.empty() ? std::optional(options.to) : parse_moment(to, now);
    if (!start) { return bad("from must be a time (RFC 3339) or a duration such as 24h"); }
    if (!end) { return bad("to must be a time (RFC 3339) or a duration such as 24h"); }
    if (*start >= *end) { return bad("from must be before to"); }
    options.from = *start;
    options.to = *end;
    return options;
}

} // namespace canhgac::api
