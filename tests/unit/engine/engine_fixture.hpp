/// Rules and events in few words, for the engine's tests.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/batch.hpp"
#include "event/field_table.hpp"
#include "rules/ir.hpp"
#include "rules/logsource_table.hpp"

namespace canhgac::engine::kit {

/// `pattern` with * and ? as wildcards, backslash escapes them (text::parse_glob).
rules::Predicate like(std::string field, std::string_view pattern, bool cased = false);
rules::Predicate with_op(std::string field, rules::Op op);
rules::Predicate number(std::string field, rules::Op op, double value);
rules::Predicate regex(std::string field, std::string text);
rules::Predicate cidr(std::string field, std::string_view network);

/// Builds conditions bottom-up; the last node made is the root.
class RuleMaker {
public:
    explicit RuleMaker(std::string id, rules::LogSource logsource = {});
    std::uint32_t test(rules::Predicate predicate);
    std::uint32_t all(std::vector<std::uint32_t> children);
    std::uint32_t any(std::vector<std::uint32_t> children);
    std::uint32_t negate(std::uint32_t child);
    [[nodiscard]] rules::Rule done();

private:
    std::uint32_t add(rules::Node node);
    rules::Rule rule_;
};

/// A rule of one predicate.
rules::Rule simple(std::string id, rules::Predicate predicate, rules::LogSource logsource = {});

using FieldList = std::initializer_list<std::pair<std::string_view, std::string_view>>;
/// Adds an event; values are copied into the batch.
event::Event& add_event(event::EventBatch& batch, event::FieldTable& fields, FieldList list,
                        event::Format format = event::Format::json);

/// windows/process_creation (Channel Sysmon, EventID 1, or Security 4688 with aliases), windows, windows/security,
/// linux/sshd and others.
rules::LogSourceTable small_table();

} // namespace canhgac::engine::kit
