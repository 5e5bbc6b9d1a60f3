/// Reads test files of rules (NAME.test.yaml; docs/reference/rule-tests.md): what a rule must find and what it must
/// leave alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "event/schema.hpp"
#include "event/value.hpp"

namespace canhgac::app {

/// How `raw` goes into the decoder.
enum class TestDecoder : std::uint8_t { file, syslog, bulk };

struct TestField {
    std::string name;
    std::string text;
    event::ValueType type = event::ValueType::string;
};

/// Either a record as a sender sends it, or an event that is decoded already.
struct TestEvent {
    std::optional<std::string> raw;
    TestDecoder decoder = TestDecoder::file;
    std::vector<TestField> fields;
    common::Nanos at = 0; ///< after the start of the test
};

struct RuleTest {
    std::string rule; ///< id
    std::string name;
    std::uint32_t line = 0;
    bool expect_match = true;
    std::string differs;                ///< near misses: the one thing that differs from a hit
    std::optional<std::uint64_t> count; ///< only when a match is expected; so is `entity`
    std::vector<std::pair<std::string, std::string>> entity;
    std::optional<event::Format> format; ///< of `fields` events; none: from the rule's log source
    std::vector<TestEvent> events;       ///< at least one
};

struct TestFileError {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::string message; ///< for a person
};

/// The tests of one file in their order. Any thread.
[[nodiscard]] common::Result<std::vector<RuleTest>, TestFileError> parse_rule_tests(std::string_view text);

} // namespace canhgac::app
