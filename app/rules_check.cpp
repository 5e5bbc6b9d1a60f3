#include <cstdio>

#include <boost/json.hpp>

#include "app/cli.hpp"
#include "app/rule_loading.hpp"
#include "common/clock.hpp"
#include "event/field_table.hpp"

namespace canhgac::app {

namespace {

boost::json::array describe(const std::vector<rules::PipelineUse>& pipelines) {
    boost::json::array list;
    for (const rules::PipelineUse& pipeline : pipelines) {
        boost::json::object applied;
        for (const auto& [item, count] : pipeline.applied) {
            applied[item] = count;
        }
        boost::json::array warnings;
        for (const rules::PipelineWarning& warning : pipeline.warnings) {
            warnings.push_back(boost::json::object{{"line", warning.line},
                                                   {"column", warning.column},
                                                   {"item", warning.item},
                                                   {"message", warning.message}});
        }
        list.push_back(boost::json::object{{"name", pipeline.name},
                                           {"file", pipeline.file},
                                           {"priority", pipeline.priority},
                                           {"applied", std::move(applied)},
                                           {"warnings", std::move(warnings)}});
    }
    return list;
}

} // namespace

int run_rules_check(const RulesOptions& options) {
    event::FieldTable fields;
    RuleSources sources{options.paths, options.placeholders, options.pack, options.cache};
    sources.filter_polarity = options.filter_polarity;
    sources.pipelines = options.pipelines;
    const LoadedRules loaded = load_rules(sources, fields);
    const engine::CompileStats& stats = loaded.rules->stats();
    boost::json::array rejected;
    for (const rules::Rejection& rejection : loaded.rejected) {
        rejected.push_back(boost::json::object{{"file", rejection.file},
                                               {"line", rejection.line},
                                               {"column", rejection.column},
                                               {"id", rejection.id},
                                               {"reason", rejection.reason}});
    }
    boost::json::array expired;
    for (const rules::Filter& filter : loaded.expired_filters) {
        expired.push_back(boost::json::object{{"file", filter.at.file},
                                              {"line", filter.at.line},
                                              {"id", filter.id},
                                              {"until", common::format_rfc3339(filter.until)},
                                              {"reason", filter.reason},
                                              {"who", filter.who}});
    }
    const boost::json::object report{{"files", loaded.files},
                                     {"read", loaded.read},
                                     {"rules", stats.rules},
                                     {"correlations", loaded.correlations.size()},
                                     {"filters", loaded.filters.size()},
                                     {"expired_filters", std::move(expired)},
                                     {"pipelines", describe(loaded.pipelines)},
                                     {"rejected", std::move(rejected)},
                                     {"patterns", stats.patterns},
                                     {"compile_seconds", stats.compile_seconds},
                                     {"database_bytes", stats.database_bytes},
                                     {"load_seconds", loaded.load_seconds}};
    std::printf("%s\n", boost::json::serialize(report).c_str());
    return loaded.rejected.empty() ? kSuccess : kProblems;
}

} // namespace canhgac::app
