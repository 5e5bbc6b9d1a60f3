#include "app/rules_test_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/yaml.hpp"

namespace canhgac::app {

namespace {

namespace yaml = common::yaml;

/// Leaves the parser; never leaves this file.
struct Refusal {
    TestFileError error;
};

[[noreturn]] void refuse(yaml::Position at, std::string message) {
    throw Refusal{{at.line, at.column, std::move(message)}};
}

template <std::size_t N>
void check_keys(const yaml::Node& map, const std::array<std::string_view, N>& known, std::string_view what) {
    if (!map.is_map()) { refuse(map.at, std::string(what) + " must be a map"); }
    for (std::size_t i = 0; i < map.entries.size(); ++i) {
        const std::string& key = map.entries[i].first;
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            refuse(map.key_positions[i], "unknown key '" + key + "' in " + std::string(what));
        }
    }
}

std::string scalar(const yaml::Node& node, std::string_view what) {
    if (!node.is_scalar() || node.is_null()) { refuse(node.at, std::string(what) + " must be a text"); }
    return node.text;
}

std::string optional_text(const yaml::Node& map, std::string_view key) {
    const yaml::Node* node = map.find(key);
    return node == nullptr ? std::string{} : scalar(*node, key);
}

std::optional<event::Format> read_format(const yaml::Node& map) {
    const yaml::Node* node = map.find("format");
    if (node == nullptr) { return std::nullopt; }
    const std::string name = scalar(*node, "format");
    for (std::size_t i = 0; i < event::kFormatCount; ++i) {
        const auto format = static_cast<event::Format>(i);
        if (event::to_string(format) == name) { return format; }
    }
    refuse(node->at, "unknown format '" + name + "'");
}

TestField read_value(const std::string& name, const yaml::Node& node) {
    switch (node.kind) {
    case yaml::Kind::null:
        return {name, {}, event::ValueType::null};
    case yaml::Kind::boolean:
        return {name, node.boolean ? "true" : "false", event::ValueType::boolean};
    case yaml::Kind::integer:
        return {name, node.text, event::ValueType::integer};
    case yaml::Kind::real:
        return {name, node.text, event::ValueType::real};
    case yaml::Kind::string:
        return {name, node.text, event::ValueType::string};
    case yaml::Kind::sequence:
    case yaml::Kind::map:
        break;
    }
    refuse(node.at, "the value of '" + name + "' must be a scalar or a list of scalars");
}

std::vector<TestField> read_fields(const yaml::Node& node) {
    if (!node.is_map() || node.entries.empty()) { refuse(node.at, "'fields' must be a map with at least one field"); }
    std::vector<TestField> fields;
    for (const auto& [name, value] : node.entries) {
        if (!value.is_sequence()) {
            fields.push_back(read_value(name, value));
            continue;
        }
        for (const yaml::Node& item : value.items) {
            fields.push_back(read_value(name, item));
        }
    }
    return fields;
}

TestDecoder read_decoder(const yaml::Node& event) {
    const yaml::Node* node = event.find("decoder");
    if (node == nullptr) { refuse(event.at, "'raw' needs a 'decoder'"); }
    const std::string name = scalar(*node, "decoder");
    if (name == "auto") { return TestDecoder::file; }
    if (name == "syslog") { return TestDecoder::syslog; }
    if (name == "bulk") { return TestDecoder::bulk; }
    refuse(node->at, "unknown decoder '" + name + "' (auto, syslog, bulk)");
}

TestEvent read_event(const yaml::Node& node) {
    static constexpr std::array<std::string_view, 3> kKeys = {"raw", "decoder", "fields"};
    check_keys(node, kKeys, "an event");
    TestEvent event;
    const yaml::Node* raw = node.find("raw");
    const yaml::Node* fields = node.find("fields");
    if ((raw == nullptr) == (fields == nullptr)) { refuse(node.at, "an event has either 'raw' or 'fields'"); }
    if (raw != nullptr) {
        event.raw = scalar(*raw, "raw");
        event.decoder = read_decoder(node);
    } else {
        if (node.find("decoder") != nullptr) { refuse(node.at, "'decoder' goes with 'raw'"); }
        event.fields = read_fields(*fields);
    }
    return event;
}

void read_events(const yaml::Node& test, std::vector<TestEvent>& events) {
    const yaml::Node* list = test.find("events");
    if (list == nullptr || !list->is_sequence() || list->items.empty()) {
        refuse(list == nullptr ? test.at : list->at, "'events' must be a list with at least one event");
    }
    for (const yaml::Node& item : list->items) {
        events.push_back(read_event(item));
    }
    const yaml::Node* at = test.find("at");
    if (at == nullptr) { return; }
    if (!at->is_sequence() || at->items.size() != events.size()) {
        refuse(at->at, "'at' must list one number for each event");
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
        const yaml::Node& item = at->items[i];
        if (item.kind != yaml::Kind::integer && item.kind != yaml::Kind::real) {
            refuse(item.at, "'at' must list numbers (seconds)");
        }
        if (!(item.real >= 0.0 && item.real <= 366.0 * 86'400.0)) { refuse(item.at, "'at' is 0 seconds to one year"); }
        events[i].at = std::llround(item.real * static_cast<double>(common::kSecond));
    }
}

/// `expect` and what goes with it only.
void read_expectation(const yaml::Node& node, RuleTest& test) {
    const std::string expect = optional_text(node, "expect");
    if (expect != "match" && expect != "none") { refuse(node.at, "'expect' must be match or none"); }
    test.expect_match = expect == "match";
    test.differs = optional_text(node, "differs");
    if (test.expect_match == !test.differs.empty()) {
        refuse(node.at, test.expect_match ? "'differs' goes with 'expect: none'"
                                          : "a near miss must say in 'differs' what differs from a hit");
    }
    const yaml::Node* count = node.find("count");
    const yaml::Node* entity = node.find("entity");
    if (!test.expect_match && (count != nullptr || entity != nullptr)) {
        refuse(node.at, "'count' and 'entity' go with 'expect: match'");
    }
    if (count != nullptr) {
        if (count->kind != yaml::Kind::integer || count->integer < 1) {
            refuse(count->at, "'count' must be a positive integer");
        }
        test.count = static_cast<std::uint64_t>(count->integer);
    }
    if (entity == nullptr) { return; }
    if (!entity->is_map() || entity->entries.empty()) { refuse(entity->at, "'entity' must be a map of fields"); }
    for (const auto& [name, value] : entity->entries) {
        test.entity.emplace_back(name, scalar(value, "an entity's value"));
    }
}

RuleTest read_test(const yaml::Node& node, const RuleTest& defaults) {
    static constexpr std::array<std::string_view, 9> kKeys = {"rule",  "name",   "format", "expect", "differs",
                                                              "count", "entity", "at",     "events"};
    check_keys(node, kKeys, "a test");
    RuleTest test = defaults;
    test.line = node.at.line;
    test.name = optional_text(node, "name");
    if (test.name.empty()) { refuse(node.at, "a test needs a 'name'"); }
    if (node.find("rule") != nullptr) { test.rule = optional_text(node, "rule"); }
    if (test.rule.empty()) { refuse(node.at, "'rule' is missing, here and at the top"); }
    if (const auto format = read_format(node)) { test.format = format; }
    read_expectation(node, test);
    read_events(node, test.events);
    return test;
}

std::vector<RuleTest> read_document(const yaml::Node& document) {
    static constexpr std::array<std::string_view, 3> kKeys = {"rule", "format", "tests"};
    check_keys(document, kKeys, "a test file");
    RuleTest defaults;
    defaults.rule = optional_text(document, "rule");
    defaults.format = read_format(document);
    const yaml::Node* list = document.find("tests");
    if (list == nullptr || !list->is_sequence() || list->items.empty()) {
        refuse(document.at, "'tests' must be a list with at least one test");
    }
    std::vector<RuleTest> tests;
    for (const yaml::Node& item : list->items) {
        RuleTest test = read_test(item, defaults);
        const auto same = [&test](const RuleTest& other) { return other.name == test.name; };
        if (std::any_of(tests.begin(), tests.end(), same)) {
            refuse(item.at, "two tests are named '" + test.name + "'");
        }
        tests.push_back(std::move(test));
    }
    return tests;
}

} // namespace

common::Result<std::vector<RuleTest>, TestFileError> parse_rule_tests(std::string_view text) {
    auto documents = yaml::parse(text);
    if (!documents) {
        return common::fail(TestFileError{documents.error().at.line, documents.error().at.column,
                                          std::move(documents.error().message)});
    }
    if (documents->size() != 1) { return common::fail(TestFileError{1, 1, "a test file is one YAML document"}); }
    try {
        return read_document(documents->front());
    } catch (Refusal& refusal) { return common::fail(std::move(refusal.error)); }
}

} // namespace canhgac::app
