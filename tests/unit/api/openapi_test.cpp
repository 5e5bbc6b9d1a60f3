// The document and the program agree: every route is documented, every documented operation answers as it says.
#include <cctype>
#include <set>

#include "tests/unit/api/api_harness.hpp"

namespace canhgac::api {
namespace {

namespace json = boost::json;

class OpenApiTest : public test::ApiTest {
protected:
    json::value document = json::parse(openapi_document());

    const json::value* find(const json::value& from, std::string_view pointer) const {
        json::error_code error;
        return from.find_pointer(pointer, error);
    }
    const json::value& resolved(const json::value& schema) const {
        const auto* const reference = schema.is_object() ? schema.as_object().if_contains("$ref") : nullptr;
        if (reference == nullptr) { return schema; }
        const auto* const target = find(document, std::string(reference->as_string()).substr(1));
        EXPECT_NE(target, nullptr) << reference->as_string();
        return target == nullptr ? schema : *target;
    }

    /// The part of JSON Schema that the document uses.
    void expect_fits(const json::value& value, const json::value& given, const std::string& where) const {
        const auto& schema = resolved(given).as_object();
        if (const auto* const constant = schema.if_contains("const")) { EXPECT_EQ(value, *constant) << where; }
        if (const auto* const names = schema.if_contains("enum")) {
            EXPECT_TRUE(std::find(names->as_array().begin(), names->as_array().end(), value) != names->as_array().end())
                << where;
        }
        if (const auto* const type = schema.if_contains("type")) { expect_type(value, *type, where); }
        if (value.is_object()) { expect_members(value.as_object(), schema, where); }
        const auto* const items = schema.if_contains("items");
        if (value.is_array() && items != nullptr) {
            for (const auto& item : value.as_array()) {
                expect_fits(item, *items, where + "[]");
            }
        }
    }
    static bool is_type(const json::value& value, std::string_view type) {
        return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
               (type == "string" && value.is_string()) || (type == "boolean" && value.is_bool()) ||
               (type == "null" && value.is_null()) || (type == "integer" && (value.is_int64() || value.is_uint64()));
    }
    static void expect_type(const json::value& value, const json::value& type, const std::string& where) {
        bool fits = false;
        if (type.is_string()) { fits = is_type(value, type.as_string()); }
        if (type.is_array()) {
            for (const auto& one : type.as_array()) {
                fits = fits || is_type(value, one.as_string());
            }
        }
        EXPECT_TRUE(fits) << where << " is " << json::serialize(value) << ", not " << json::serialize(type);
    }
    void expect_members(const json::object& value, const json::object& schema, const std::string& where) const {
        if (const auto* const required = schema.if_contains("required")) {
            for (const auto& name : required->as_array()) {
                EXPECT_TRUE(value.contains(name.as_string())) << where << "." << name.as_string();
            }
        }
        const auto* const properties = schema.if_contains("properties");
        if (properties == nullptr) { return; }
        for (const auto& member : value) {
            const auto* const known = properties->as_object().if_contains(member.key());
            EXPECT_NE(known, nullptr) << where << "." << member.key() << " is not documented";
            if (known != nullptr) { expect_fits(member.value(), *known, where + "." + std::string(member.key())); }
        }
    }
    /// The answer has a documented status and, if it is JSON, the documented shape.
    void expect_documented(const std::string& method, const std::string& path, const Answer& answer) const {
        std::string lower = method;
        for (char& c : lower) {
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
        const auto& operation = document.at("paths").at(path).at(lower);
        const auto* const response = operation.at("responses").as_object().if_contains(std::to_string(answer.status));
        ASSERT_NE(response, nullptr) << method << " " << path << " gave " << answer.status << ": " << answer.body;
        const auto& content = resolved(*response).at("content").as_object();
        for (const auto* const type : {"application/json", "application/problem+json"}) {
            if (!content.contains(type)) { continue; }
            expect_fits(answer.json(), content.at(type).at("schema"), method + " " + path);
        }
    }
};

TEST_F(OpenApiTest, NamesEveryRouteAndNoOther) {
    std::set<RouteName> documented;
    for (const auto& path : document.at("paths").as_object()) {
        for (const auto& operation : path.value().as_object()) {
            std::string method(operation.key());
            for (char& c : method) {
                c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            }
            documented.insert({method, std::string(path.key())});
        }
    }
    const auto routes = ApiServer::routes();
    EXPECT_EQ(documented, std::set<RouteName>(routes.begin(), routes.end()));
    EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
}

TEST_F(OpenApiTest, EveryReferenceLeadsSomewhere) {
    const std::string text(openapi_document());
    std::size_t references = 0;
    for (auto at = text.find("\"$ref\": \"#"); at != std::string::npos; at = text.find("\"$ref\": \"#", at + 1)) {
        const auto from = at + 10;
        const std::string pointer = text.substr(from, text.find('"', from) - from);
        EXPECT_NE(find(document, pointer), nullptr) << pointer;
        ++references;
    }
    EXPECT_GT(references, 30U);
}

TEST_F(OpenApiTest, EveryOperationAnswersAsDocumented) {
    events.rows.push_back({test::kMorning, "line"});
    static_cast<void>(sources.intern({"10.0.0.1", ""}, test::kMorning));
    static_cast<void>(ledger.listener("syslog_udp").peer(peers.intern_local("10.0.0.1")));
    holds.emplace_back().name = "case-1";
    start();
    const std::string id = detect("r1");
    static_cast<void>(outbox.step("mail"));
    const std::string key(get("/api/v1/notices?state=dead").json().at("notices").at(0).at("key").as_string());
    const auto fill = [&](std::string path) {
        for (const auto& [name, value] : {std::pair{"{id}", id}, std::pair{"{channel}", std::string("mail")},
                                          std::pair{"{key}", key}, std::pair{"{name}", std::string("case-1")}}) {
            if (const auto at = path.find(name); at != std::string::npos) {
                path.replace(at, std::string(name).size(), value);
            }
        }
        return path;
    };
    for (const auto& route : ApiServer::routes()) {
        // Never end; see api_server_test.cpp and tail_stream_test.cpp.
        if (route.path == "/api/v1/alerts/stream" || route.path == "/api/v1/tail") { continue; }
        const std::string body =
            route.path.ends_with("/actions") ? R"({"action":"acknowledge"})"
            : route.path.ends_with("/search") || route.path.ends_with("/verify") || route.path.ends_with("/export")
                ? "{}"
            : route.path.ends_with("/release") ? R"({"reason":"closed"})"
            : route.path.ends_with("/holds") && route.method == "POST"
                ? R"({"name":"case-2","incident":"12","query":"evil"})"
            : route.path.ends_with("/backtest")
                ? R"({"rules":"title: t\nlogsource: {product: windows}\ndetection: {s: {a: b}, condition: s}"})"
                : "";
        const Answer answer = call(route.method, fill(route.path), body);
        EXPECT_LT(answer.status, 300) << route.method << " " << route.path << ": " << answer.body;
        expect_documented(route.method, route.path, answer);
        const bool open = route.path == "/healthz" || route.path == "/readyz";
        if (!open) { expect_documented(route.method, route.path, call(route.method, fill(route.path), body, {}, "")); }
    }
    expect_documented("GET", "/api/v1/alerts", get("/api/v1/alerts?limit=0"));
    expect_documented("GET", "/api/v1/alerts/{id}", get("/api/v1/alerts/none"));
    expect_documented("GET", "/api/v1/sources", get("/api/v1/sources"));
    expect_documented("POST", "/api/v1/search", post("/api/v1/search", "x"));
    expect_documented("POST", "/api/v1/holds", post("/api/v1/holds", R"({"name":"case-2","incident":"12"})"));
    expect_documented("POST", "/api/v1/holds", post("/api/v1/holds", "{}"));
    expect_documented("POST", "/api/v1/holds/{name}/release", post("/api/v1/holds/x/release", R"({"reason":"y"})"));
    reload.ok = false;
    expect_documented("POST", "/api/v1/rules/reload", call("POST", "/api/v1/rules/reload"));
    not_ready = "opening";
    expect_documented("GET", "/readyz", get("/readyz"));
}

} // namespace
} // namespace canhgac::api
