#include "collector/listeners/elastic_startup.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace canhgac::collector {
namespace {

using Version = std::array<unsigned, 3>;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kAcknowledged = R"({"acknowledged":true})";

/// Reads "8.19.0" at the beginning of a text.
std::optional<Version> parse_version(std::string_view text) noexcept {
    Version out{};
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (i != 0 && (at == end || *at++ != '.')) { return std::nullopt; }
        const auto [next, errc] = std::from_chars(at, end, out[i]);
        if (errc != std::errc{} || out[i] > 999) { return std::nullopt; }
        at = next;
    }
    return out;
}

std::string replace(std::string text, std::string_view what, std::string_view by) {
    const std::size_t at = text.find(what);
    return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

net::HttpResponse json(std::string body) {
    return net::make_response(200, std::string(kJson), std::move(body));
}

std::string root_body(const ElasticIdentity& identity, std::string_view version) {
    std::string body =
        R"({"name":"@NAME","cluster_name":"@CLUSTER","cluster_uuid":"@UUID","version":{"number":"@VERSION",)"
        R"("build_flavor":"default","build_type":"tar","build_hash":"0000000000000000000000000000000000000000",)"
        R"("build_date":"2025-07-01T00:00:00.000000000Z","build_snapshot":false,"lucene_version":"9.12.0",)"
        R"("minimum_wire_compatibility_version":"7.17.0","minimum_index_compatibility_version":"7.0.0"},)"
        R"("tagline":"You Know, for Search"})";
    body = replace(std::move(body), "@NAME", json_text(identity.node_name));
    body = replace(std::move(body), "@CLUSTER", json_text(identity.cluster_name));
    body = replace(std::move(body), "@UUID", json_text(identity.cluster_uuid));
    return replace(std::move(body), "@VERSION", version);
}

bool is_word(std::string_view path, std::string_view word) noexcept {
    return path.starts_with(word) && (path.size() == word.size() || path[word.size()] == '/');
}

} // namespace

std::string json_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (byte < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(byte));
            out.append(escape);
        } else {
            out.push_back(c);
        }
    }
    return out;
}

std::string reported_version(std::string_view ours, std::string_view user_agent) {
    const std::optional<Version> own = parse_version(ours);
    const std::size_t beat = user_agent.find("beat/");
    if (!own || beat == std::string_view::npos) { return std::string(ours); }
    const std::optional<Version> theirs = parse_version(user_agent.substr(beat + 5));
    if (!theirs || *theirs <= *own || (*theirs)[0] > 9) { return std::string(ours); }
    return std::to_string((*theirs)[0]) + "." + std::to_string((*theirs)[1]) + "." + std::to_string((*theirs)[2]);
}

bool is_bulk_path(std::string_view path, std::string_view& index) noexcept {
    index = {};
    while (path.size() > 1 && path.ends_with('/')) {
        path.remove_suffix(1);
    }
    if (!path.ends_with("/_bulk")) { return false; }
    path.remove_suffix(std::string_view("/_bulk").size());
    if (path.empty()) { return true; }
    path.remove_prefix(1);
    index = path.substr(0, path.find('/')); // "/index/type/_bulk" of old clients
    return !index.empty();
}

std::optional<net::HttpResponse> answer_startup_call(const net::HttpRequest& request, const ElasticIdentity& identity) {
    const std::string_view path = request.path;
    const std::string_view method = request.method;
    const bool reads = method == "GET" || method == "HEAD";
    if (!reads && method != "PUT" && method != "POST") { return std::nullopt; }
    if (path == "/" || path.empty()) {
        if (!reads) { return std::nullopt; }
        return json(method == "HEAD"
                        ? std::string()
                        : root_body(identity, reported_version(identity.version, request.header("User-Agent"))));
    }
    if (is_word(path, "/_license")) {
        return json(replace(R"({"license":{"uid":"@UUID","type":"basic","status":"active",)"
                            R"("expiry_date_in_millis":4000000000000}})",
                            "@UUID", json_text(identity.cluster_uuid)));
    }
    if (is_word(path, "/_cluster/health")) {
        return json(replace(R"({"cluster_name":"@CLUSTER","status":"green","timed_out":false,"number_of_nodes":1})",
                            "@CLUSTER", json_text(identity.cluster_name)));
    }
    if (is_word(path, "/_cat/health")) {
        return net::make_response(200, "text/plain; charset=UTF-8", identity.cluster_name + " green 1 1\n");
    }
    if (is_word(path, "/_nodes/http")) {
        return json(replace(R"({"nodes":{"1":{"http":{"publish_address":"@ADDRESS"}}}})", "@ADDRESS",
                            json_text(identity.publish_address)));
    }
    if (is_word(path, "/_nodes")) { return json(R"({"nodes":{}})"); }
    if (method == "PUT" || method == "POST") {
        constexpr std::array<std::string_view, 8> kSetUp = {
            "/_index_template", "/_component_template", "/_template", "/_data_stream",
            "/_ilm/policy",     "/_ingest/pipeline",    "/_alias",    "/_aliases"};
        const bool known =
            std::any_of(kSetUp.begin(), kSetUp.end(), [path](std::string_view word) { return is_word(path, word); });
        const bool index_name = method == "PUT" && path[1] != '_' && path.find('/', 1) == std::string_view::npos;
        if (known || index_name || path.find("/_alias") != std::string_view::npos) {
            return json(std::string(kAcknowledged));
        }
        return std::nullopt;
    }
    // Reading anything else of the set-up kind: "it exists", so that nobody tries to install it.
    constexpr std::array<std::string_view, 10> kExisting = {
        "/_index_template", "/_component_template", "/_template", "/_data_stream", "/_ilm", "/_ingest", "/_alias",
        "/_xpack",          "/_logstash",           "/.kibana"};
    const bool known =
        std::any_of(kExisting.begin(), kExisting.end(), [path](std::string_view word) { return is_word(path, word); });
    if (known || (path[1] != '_' && method == "HEAD")) { return json(method == "HEAD" ? std::string() : "{}"); }
    return std::nullopt;
}

net::HttpResponse elastic_error(unsigned status, std::string_view type, std::string_view reason) {
    const std::string cause = R"({"type":")" + json_text(type) + R"(","reason":")" + json_text(reason) + R"("})";
    std::string body = R"({"error":{"root_cause":[)" + cause + R"(],"type":")" + json_text(type) + R"(","reason":")" +
                       json_text(reason) + R"("},"status":)" + std::to_string(status) + "}";
    return net::make_response(status, std::string(kJson), std::move(body));
}

} // namespace canhgac::collector
