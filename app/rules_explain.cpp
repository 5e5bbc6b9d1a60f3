#include "app/rules_explain.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <ostream>
#include <set>

#include <boost/json.hpp>

#include "app/event_files.hpp"
#include "app/rule_loading.hpp"
#include "engine/explain.hpp"
#include "rules/embedded.hpp"
#include "rules/reader.hpp"

namespace canhgac::app {

namespace {

constexpr int kMatch = 0;
constexpr int kNoMatch = 1;
constexpr int kBadInput = 2;

rules::ReadResult read_rules(const RulesExplainOptions& options, bool is_file) {
    RuleSources sources;
    sources.placeholders = options.placeholders;
    rules::Reader reader(read_options(sources));
    if (options.pack || (options.paths.empty() && !is_file)) {
        for (const rules::EmbeddedFile& file : rules::embedded_files()) {
            if (file.path.starts_with("rules/pack/") && !file.path.ends_with(".test.yaml")) {
                reader.add_text(file.path, file.text);
            }
        }
    }
    for (const std::string& path : options.paths) {
        reader.add_path(path);
    }
    if (is_file) { reader.add_path(options.rule); }
    return reader.finish();
}

/// Indexes of the rules meant; of a correlation its base rules.
std::vector<std::size_t> wanted_rules(const rules::ReadResult& read, const std::string& wanted, bool is_file) {
    std::set<std::string> ids;
    const auto means = [&](const auto& rule) {
        return is_file ? rule.at.file == wanted : rule.id == wanted || rule.name == wanted || rule.title == wanted;
    };
    for (const rules::Correlation& correlation : read.correlations) {
        if (means(correlation)) { ids.insert(correlation.id); }
    }
    ids = rules_below(read.correlations, ids);
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < read.rules.size(); ++i) {
        const rules::Rule& rule = read.rules[i];
        if (means(rule) || ids.contains(rule.id)) { out.push_back(i); }
    }
    return out;
}

boost::json::object to_json(const rules::LogSource& source) {
    boost::json::object out;
    if (!source.product.empty()) { out["product"] = source.product; }
    if (!source.category.empty()) { out["category"] = source.category; }
    if (!source.service.empty()) { out["service"] = source.service; }
    return out;
}

boost::json::object to_json(const engine::ExplainedNode& node) {
    static constexpr std::array<std::string_view, 4> kKinds = {"test", "all", "any", "not"};
    boost::json::object out{
        {"kind", kKinds[static_cast<std::size_t>(node.kind)]}, {"truth", node.truth}, {"decides", node.decides}};
    if (!node.selection.empty()) { out["selection"] = node.selection; }
    if (node.kind == engine::ExplainedNode::Kind::test) {
        out["test"] = node.test;
        if (!node.field.empty()) {
            out["field"] = node.field;
            out["event_field"] = node.event_field;
            out["absent"] = node.absent;
            boost::json::array values;
            for (const std::string& value : node.values) {
                values.emplace_back(value);
            }
            out["values"] = std::move(values);
        }
        if (!node.hint.empty()) { out["hint"] = node.hint; }
        return out;
    }
    boost::json::array children;
    for (const engine::ExplainedNode& child : node.children) {
        children.push_back(to_json(child));
    }
    out["children"] = std::move(children);
    return out;
}

boost::json::object to_json(const engine::Explanation& explanation) {
    boost::json::array classes;
    for (const rules::LogSource& one : explanation.classes) {
        classes.push_back(to_json(one));
    }
    return {{"rule", explanation.rule_id},
            {"title", explanation.title},
            {"match", explanation.verdict()},
            {"logsource", to_json(explanation.wanted)},
            {"event_logsources", std::move(classes)},
            {"sees", explanation.sees},
            {"condition", explanation.condition},
            {"tree", to_json(explanation.root)}};
}

int fail(const std::string& message) {
    std::fprintf(stderr, "%s\n", message.c_str());
    return kBadInput;
}

} // namespace

int run_rules_explain(const RulesExplainOptions& options, std::ostream& output) {
    const bool is_file = std::filesystem::is_regular_file(options.rule);
    const rules::ReadResult read = read_rules(options, is_file);
    const std::vector<std::size_t> wanted = wanted_rules(read, options.rule, is_file);
    bool rejected = false;
    for (const rules::Rejection& bad : read.rejected) {
        if (bad.file != options.rule && bad.id != options.rule) { continue; }
        std::fprintf(stderr, "%s\n", rules::to_string(bad).c_str());
        rejected = true;
    }
    if (rejected) { return kBadInput; }
    if (wanted.empty()) { return fail("there is no rule '" + options.rule + "'"); }

    event::FieldTable fields;
    const engine::PlainEvaluator evaluator(read.rules, rules::load_embedded_logsources(), fields, options.route);
    EventFiles files(fields);
    bool found = false;
    bool all_match = true;
    const auto errors =
        files.read(options.event, [&](const std::string&, std::uint64_t first, const event::EventBatch& batch) {
            if (options.index >= first + batch.size()) { return true; }
            found = true;
            const event::Event& event = batch.events()[options.index - first];
            for (const std::size_t rule : wanted) {
                const auto explanation = engine::explain(evaluator, read.rules, rule, batch, event, fields);
                all_match = all_match && explanation.verdict();
                if (options.output == "json") {
                    output << boost::json::serialize(to_json(explanation)) << '\n';
                } else {
                    output << engine::to_text(explanation);
                }
            }
            return false;
        });
    for (const InputError& error : errors) {
        return fail(error.file + ": " + error.message);
    }
    if (!found) { return fail(options.event + ": there is no event " + std::to_string(options.index)); }
    return all_match ? kMatch : kNoMatch;
}

} // namespace canhgac::app
