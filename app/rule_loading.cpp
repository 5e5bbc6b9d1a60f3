#include "app/rule_loading.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/clock.hpp"
#include "common/yaml.hpp"
#include "rules/embedded.hpp"
#include "rules/pipeline/pipeline.hpp"

namespace canhgac::app {

std::map<std::string, std::vector<std::string>> parse_placeholders(std::string_view text, const std::string& file) {
    const auto refuse = [&file](common::yaml::Position at, std::string_view reason) {
        throw std::runtime_error(fmt::format("{}:{}:{}: {}", file, at.line, at.column, reason));
    };
    const auto documents = common::yaml::parse(text);
    if (!documents) { refuse(documents.error().at, documents.error().message); }
    std::map<std::string, std::vector<std::string>> lists;
    for (const auto& document : *documents) {
        if (document.is_null()) { continue; }
        if (!document.is_map()) { refuse(document.at, "placeholders are a map such as Admins: [root, admin]"); }
        for (std::size_t i = 0; i < document.entries.size(); ++i) {
            const auto& [name, list] = document.entries[i];
            if (!list.is_sequence()) { refuse(list.at, name + " must be a list such as [root, admin]"); }
            if (lists.contains(name)) { refuse(document.key_positions[i], name + " has a list already"); }
            auto& values = lists[name];
            for (const auto& item : list.items) {
                if (!item.is_scalar() || item.is_null()) { refuse(item.at, name + ": every value must be text"); }
                values.push_back(item.text);
            }
        }
    }
    return lists;
}

rules::ReadOptions read_options(const RuleSources& sources) {
    const std::string& placeholders = sources.placeholders;
    rules::ReadOptions options;
    options.filter_polarity = sources.filter_polarity;
    options.pipelines = load_pipelines(sources.pipelines);
    if (placeholders.empty()) { return options; }
    std::ifstream in(placeholders, std::ios::binary);
    if (!in) { throw std::runtime_error(placeholders + ": cannot be read"); }
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    options.placeholders = parse_placeholders(text, placeholders);
    return options;
}

std::shared_ptr<const rules::PipelineChain> load_pipelines(const std::vector<std::string>& specs) {
    if (specs.empty()) { return nullptr; }
    auto chain = rules::load_pipelines(specs);
    if (chain) { return std::move(*chain); }
    std::string text;
    for (const rules::Rejection& mistake : chain.error()) {
        text += (text.empty() ? "" : "\n") + rules::to_string(mistake);
    }
    throw std::runtime_error(text);
}

std::string expiry_notice(const rules::Filter& filter) {
    return fmt::format("{}:{}: filter {} ended at {}; its rules are no longer narrowed by it", filter.at.file,
                       filter.at.line, filter.id, common::format_vietnam(filter.until));
}

std::set<std::string> rules_below(const std::vector<rules::Correlation>& correlations,
                                  const std::set<std::string>& ids) {
    std::set<std::string> out;
    std::set<std::string> seen;
    std::vector<std::string> open(ids.begin(), ids.end());
    while (!open.empty()) {
        const std::string id = std::move(open.back());
        open.pop_back();
        if (!seen.insert(id).second) { continue; }
        const auto found = std::find_if(correlations.begin(), correlations.end(),
                                        [&id](const rules::Correlation& c) { return c.id == id; });
        if (found == correlations.end()) {
            out.insert(id);
        } else {
            open.insert(open.end(), found->rule_ids.begin(), found->rule_ids.end());
        }
    }
    return out;
}

LoadedRules load_rules(const RuleSources& sources, event::FieldTable& fields) {
    const auto start = std::chrono::steady_clock::now();
    rules::Reader reader(read_options(sources));
    reader.use_pipelines(false); // the pack is written in our own names
    if (sources.pack) {
        for (const rules::EmbeddedFile& file : rules::embedded_files()) {
            if (file.path.starts_with("rules/pack/") && !file.path.ends_with(".test.yaml")) {
                reader.add_text(file.path, file.text);
            }
        }
    }
    reader.use_pipelines(true);
    for (const std::string& path : sources.paths) {
        reader.add_path(path);
    }
    rules::ReadResult read = reader.finish();

    LoadedRules loaded;
    loaded.files = read.files;
    loaded.read = read.documents;
    loaded.rejected = std::move(read.rejected);
    loaded.filters = std::move(read.filters);
    loaded.pipelines = std::move(read.pipelines);
    loaded.expired_filters = std::move(read.expired_filters);
    const auto keep_texts = [&loaded](const auto& rule) {
        loaded.texts.emplace(rule.id, RuleTexts{rule.at.file, rule.title_vi, rule.response_vi});
    };
    std::for_each(read.rules.begin(), read.rules.end(), keep_texts);
    std::for_each(read.correlations.begin(), read.correlations.end(), keep_texts);
    if (sources.adjust) { sources.adjust(read.rules); }
    engine::CompileOptions options;
    options.threads = sources.threads;
    options.cache_dir = sources.cache_dir;
    options.route_by_logsource = sources.route_by_logsource;
    auto compiled = engine::compile(
        {std::move(read.rules), std::move(read.correlations), rules::load_embedded_logsources()}, fields, options);
    loaded.rules = std::move(compiled.rules);
    loaded.correlations = std::move(compiled.correlations);
    for (engine::RejectedRule& rule : compiled.rejected) {
        loaded.rejected.push_back({std::move(rule.file), rule.line, 1, std::move(rule.id), std::move(rule.reason)});
    }
    loaded.load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return loaded;
}

} // namespace canhgac::app
