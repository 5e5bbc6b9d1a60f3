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
    if (placeholders.empty()) { return options; }
    std::ifstream in(placeholders, std::ios::binary);
    if (!in) { throw std::runtime_error(placeholders + ": cannot be read"); }
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    options.placeholders = parse_placeholders(text, placeholders);
    return options;
}

std::string expiry_notice(const rules::Filter& filter) {
    return fmt::format("{}:{}: filter {} ended at {}; its rules are no longer narrowed by it", filter.at.file,
                       filter.at.line, filter.id, common::format_vietnam(filter.until));
}

LoadedRules load_rules(const RuleSources& sources, event::FieldTable& fields) {
    const auto start = std::chrono::steady_clock::now();
    rules::Reader reader(read_options(sources));
    if (sources.pack) {
        for (const rules::EmbeddedFile& file : rules::embedded_files()) {
            if (file.path.starts_with("rules/pack/") && !file.path.ends_with(".test.yaml")) {
                reader.add_text(file.path, file.text);
            }
        }
    }
    for (const std::string& path : sources.paths) {
        reader.add_path(path);
    }
    rules::ReadResult read = reader.finish();

    LoadedRules loaded;
    loaded.files = read.files;
    loaded.read = read.documents;
    loaded.rejected = std::move(read.rejected);
    loaded.correlations = read.correlations;
    loaded.filters = std::move(read.filters);
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
    for (engine::RejectedRule& rule : compiled.rejected) {
        loaded.rejected.push_back({std::move(rule.file), rule.line, 1, std::move(rule.id), std::move(rule.reason)});
    }
    loaded.load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return loaded;
}

} // namespace canhgac::app
