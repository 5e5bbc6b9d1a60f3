#include "tests/unit/engine/sigma_checklist.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "engine/match_worker.hpp"
#include "engine/plain_evaluator.hpp"
#include "engine/rule_set.hpp"

namespace canhgac::engine::kit {
namespace {

std::string described(const Row& row) {
    std::string out = "{";
    for (const TestField& field : row.event) {
        out += (out.size() == 1 ? "" : ", ") + std::string(field.name) + ": ";
        out += field.type == event::ValueType::null ? "null" : "'" + std::string(field.value) + "'";
    }
    return out + "}";
}

void add(event::EventBatch& batch, event::FieldTable& fields, const Row& row) {
    batch.begin().format = row.format;
    for (const TestField& field : row.event) {
        batch.add(fields.intern(field.name), batch.arena().copy(field.value), field.type);
    }
    batch.finish();
}

void check(std::string_view text, const std::vector<Row>& rows, const rules::ReadOptions& options,
           const rules::LogSourceTable& table, bool routed) {
    const rules::ReadResult read = rules::read_text("checklist.yml", text, options);
    for (const rules::Rejection& rejection : read.rejected) {
        ADD_FAILURE() << rules::to_string(rejection) << "\n" << text;
    }
    ASSERT_EQ(read.rules.size(), 1U) << text;
    event::FieldTable fields;
    CompileInput input;
    input.rules = read.rules;
    input.logsources = table;
    CompileOptions compile_options;
    compile_options.threads = 1;
    compile_options.route_by_logsource = routed;
    const CompileResult compiled = compile(std::move(input), fields, compile_options);
    ASSERT_TRUE(compiled.rejected.empty()) << compiled.rejected.front().reason << "\n" << text;
    event::EventBatch batch;
    for (const Row& row : rows) {
        add(batch, fields, row);
    }
    MatchWorker worker(compiled.rules);
    std::vector<event::Detection> detections;
    worker.match(batch, detections);
    const PlainEvaluator plain(read.rules, table, fields, routed);
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
        const bool fast = std::any_of(detections.begin(), detections.end(),
                                      [i](const event::Detection& found) { return found.event_index == i; });
        const bool slow = !plain.match(batch, batch.events()[i]).empty();
        EXPECT_EQ(fast, rows[i].matches) << "compiled matcher on " << described(rows[i]) << "\n" << text;
        EXPECT_EQ(slow, rows[i].matches) << "plain evaluator on " << described(rows[i]) << "\n" << text;
    }
}

} // namespace

std::string rule_of(std::string_view detection, std::string_view logsource) {
    return "title: T\nid: r1\nlogsource: " + std::string(logsource) + "\ndetection:\n" + std::string(detection);
}

std::string item(std::string_view text) {
    return item_and(text, "s");
}

std::string item_and(std::string_view text, std::string_view condition) {
    return rule_of("  s:\n    " + std::string(text) + "\n  condition: " + std::string(condition) + "\n");
}

void expect_rows(std::string_view text, const std::vector<Row>& rows, const rules::ReadOptions& options) {
    check(text, rows, options, {}, false);
}

void expect_routed(std::string_view text, const std::vector<Row>& rows, const rules::LogSourceTable& table) {
    check(text, rows, {}, table, true);
}

void expect_values(std::string_view text, const std::vector<Value>& values, const rules::ReadOptions& options) {
    std::vector<Row> rows;
    for (const Value& value : values) {
        rows.push_back({{{"f", value.value}}, value.matches});
    }
    expect_rows(text, rows, options);
}

void expect_rejected(std::string_view text, std::string_view reason, const rules::ReadOptions& options) {
    const std::string good = "---\ntitle: Good\nid: good\nlogsource: {product: windows}\n"
                             "detection: {s: {a: b}, condition: s}\n";
    const rules::ReadResult read = rules::read_text("checklist.yml", std::string(text) + good, options);
    ASSERT_EQ(read.rejected.size(), 1U) << text;
    const rules::Rejection& rejection = read.rejected.front();
    EXPECT_NE(rejection.reason.find(reason), std::string::npos) << rejection.reason << "\n" << text;
    EXPECT_EQ(rejection.file, "checklist.yml");
    EXPECT_EQ(rejection.id, "r1") << text;
    EXPECT_GT(rejection.line, 0U);
    EXPECT_GT(rejection.column, 0U);
    EXPECT_TRUE(std::any_of(read.rules.begin(), read.rules.end(), [](const auto& rule) { return rule.id == "good"; }));
}

} // namespace canhgac::engine::kit
