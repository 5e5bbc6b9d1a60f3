#include "rules/pipeline/pipeline.hpp"

#include <algorithm>
#include <filesystem>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "rules/pipeline/item_reader.hpp"
#include "rules/pipeline/map_reader.hpp"
#include "rules/pipeline/run.hpp"
#include "rules/refusal.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

struct Pipeline {
    std::string name;
    std::string file;
    bool is_built_in = false;
    std::int64_t priority = 0;
    std::vector<std::pair<std::string, std::vector<std::string>>> vars;
    std::vector<std::string> taxonomies;
    std::vector<PipelineItem> items;
    std::vector<PipelineWarning> warnings; ///< found while it was read
};

/// Query text is what pySigma's other two stages change.
void refuse_query_stages(MapReader& map) {
    for (const char* key : {"postprocessing", "finalizers"}) {
        const auto* stage = map.take(key);
        const bool is_empty = stage == nullptr || (stage->is_sequence() && stage->items.empty());
        if (!is_empty) {
            refuse(stage->at,
                   "'" + std::string(key) +
                       "' changes the text of queries, and there is none: rules are compiled here. Remove it; "
                       "fields, values and log sources are changed under 'transformations'");
        }
    }
}

void read_vars(MapReader& map, Pipeline& out) {
    const auto* vars = map.take("vars");
    if (vars == nullptr) { return; }
    if (!vars->is_map()) { refuse(vars->at, "'vars' must be a map of names to values"); }
    for (const auto& [name, value] : vars->entries) {
        out.vars.emplace_back(name, MapReader::scalars(value, "the value of '" + name + "'"));
    }
}

void read_own_keys(MapReader& map, Pipeline& out) {
    const auto* own = map.take("canhgac");
    if (own == nullptr) { return; }
    MapReader keys(*own, "'canhgac'");
    out.taxonomies = keys.texts("taxonomy");
    keys.finish();
}

void read_head(MapReader& map, Pipeline& out) {
    out.name = map.text_if("name").value_or(std::filesystem::path(out.file).stem().string());
    if (const auto* priority = map.take("priority")) {
        if (priority->kind != yaml::Kind::integer) { refuse(priority->at, "'priority' must be a whole number"); }
        out.priority = priority->integer;
    }
    static_cast<void>(map.take("allowed_backends")); // this engine is none of pySigma's
    read_vars(map, out);
    read_own_keys(map, out);
    refuse_query_stages(map);
}

std::vector<Refusal> read_pipeline(const yaml::Node& document, Pipeline& out) {
    std::vector<Refusal> mistakes;
    std::vector<IdleCondition> idle;
    try {
        MapReader map(document, "a pipeline");
        ItemReading reading{mistakes, idle};
        const auto* list = map.take("transformations");
        if (list != nullptr) { out.items = read_pipeline_items(*list, "", reading); }
        read_head(map, out);
        map.finish();
        if (list == nullptr && out.vars.empty()) {
            refuse(document.at, "the pipeline does nothing: it has neither 'transformations' nor 'vars'");
        }
    } catch (const Refusal& mistake) { mistakes.push_back(mistake); }
    for (auto& one : idle) {
        out.warnings.push_back({out.file, one.at.line, one.at.column, std::move(one.item), std::move(one.message)});
    }
    return mistakes;
}

/// Adds what is wrong with a text to `faults`.
Pipeline read_text_of(const PipelineText& text, std::vector<Rejection>& faults) {
    Pipeline pipeline;
    pipeline.file = text.file;
    pipeline.is_built_in = text.is_built_in;
    const auto add = [&](yaml::Position at, std::string reason) {
        faults.push_back({text.file, at.line, at.column, {}, std::move(reason)});
    };
    const auto documents = yaml::parse(text.text);
    if (!documents) {
        add(documents.error().at, documents.error().message);
        return pipeline;
    }
    if (documents->size() != 1) {
        add(documents->empty() ? yaml::Position{1, 1} : documents->back().at,
            "a pipeline is one YAML document; this file holds " + std::to_string(documents->size()));
        return pipeline;
    }
    auto mistakes = read_pipeline(documents->front(), pipeline);
    std::stable_sort(mistakes.begin(), mistakes.end(), [](const Refusal& left, const Refusal& right) {
        return std::pair(left.at.line, left.at.column) < std::pair(right.at.line, right.at.column);
    });
    for (auto& mistake : mistakes) {
        add(mistake.at, std::move(mistake.reason));
    }
    return pipeline;
}

void flatten(const std::vector<PipelineItem>& items, std::vector<const PipelineItem*>& out) {
    for (const auto& item : items) {
        out.push_back(&item);
        flatten(item.transformation->nested(), out);
    }
}

} // namespace

std::string to_string(const PipelineWarning& warning) {
    std::string out = warning.file + ":" + std::to_string(warning.line) + ":" + std::to_string(warning.column) + ": " +
                      warning.message;
    if (!warning.item.empty()) { out += " (pipeline item " + warning.item + ")"; }
    return out;
}

struct PipelineChain::Parts {
    std::vector<Pipeline> pipelines;
    Placeholders vars;
    std::vector<std::string> taxonomies;
};

struct PipelineChain::Usage::State {
    static constexpr std::size_t kMaxWarnings = 50; ///< of one pipeline, while rules are changed

    const Parts& parts;
    std::size_t documents = 0;
    std::unordered_map<const PipelineItem*, std::size_t> touched;
    std::unordered_map<const Pipeline*, std::vector<PipelineWarning>> warnings;

    void warn(const Pipeline& pipeline, const PipelineItem& item, std::string message) {
        auto& list = warnings[&pipeline];
        const bool is_known = std::any_of(list.begin(), list.end(), [&](const PipelineWarning& one) {
            return one.item == item.id && one.message == message;
        });
        if (is_known || list.size() >= kMaxWarnings) { return; }
        list.push_back({pipeline.file, item.at.line, item.at.column, item.id, std::move(message)});
    }

    void change(PipelineRun& run) {
        ++documents;
        run.vars = &parts.vars;
        std::unordered_set<const PipelineItem*> now;
        run.touched = [&](const PipelineItem& item) {
            if (now.insert(&item).second) { ++touched[&item]; }
        };
        for (const auto& pipeline : parts.pipelines) {
            run.warn = [&](const PipelineItem& item, std::string message) { warn(pipeline, item, std::move(message)); };
            for (const auto& item : pipeline.items) {
                item.run(run);
            }
        }
    }

    [[nodiscard]] PipelineUse report(const Pipeline& pipeline) const {
        PipelineUse use{pipeline.name, pipeline.file, pipeline.priority, {}, pipeline.warnings};
        if (const auto found = warnings.find(&pipeline); found != warnings.end()) {
            use.warnings.insert(use.warnings.end(), found->second.begin(), found->second.end());
        }
        std::vector<const PipelineItem*> items;
        flatten(pipeline.items, items);
        std::vector<const PipelineItem*> idle;
        for (const auto* item : items) {
            const auto found = touched.find(item);
            const std::size_t count = found == touched.end() ? 0 : found->second;
            if (count == 0) { idle.push_back(item); }
            const auto same = std::find_if(use.applied.begin(), use.applied.end(),
                                           [item](const auto& one) { return one.first == item->id; });
            if (same == use.applied.end()) {
                use.applied.emplace_back(item->id, count);
            } else {
                same->second += count;
            }
        }
        add_idle(pipeline, idle, idle.size() == items.size(), use.warnings);
        return use;
    }

private:
    void add_idle(const Pipeline& pipeline, const std::vector<const PipelineItem*>& idle, bool is_all,
                  std::vector<PipelineWarning>& out) const {
        if (documents == 0 || idle.empty()) { return; }
        const std::string none = "changed none of " + std::to_string(documents) + " rules";
        if (is_all) {
            const auto at = idle.front()->at;
            out.push_back({pipeline.file, at.line, at.column, {}, "pipeline '" + pipeline.name + "' " + none});
        } else if (!pipeline.is_built_in) {
            for (const auto* item : idle) {
                out.push_back({pipeline.file, item->at.line, item->at.column, item->id, "it " + none});
            }
        }
    }
};

PipelineChain::Usage::Usage(const PipelineChain& chain)
    : state_(std::unique_ptr<State>(new State{*chain.parts_, 0, {}, {}})) {}
PipelineChain::Usage::~Usage() = default;
PipelineChain::Usage::Usage(Usage&&) noexcept = default;
PipelineChain::Usage& PipelineChain::Usage::operator=(Usage&&) noexcept = default;

std::vector<PipelineUse> PipelineChain::Usage::report() const {
    std::vector<PipelineUse> out;
    for (const auto& pipeline : state_->parts.pipelines) {
        out.push_back(state_->report(pipeline));
    }
    return out;
}

PipelineChain::PipelineChain(std::unique_ptr<const Parts> parts) noexcept : parts_(std::move(parts)) {}
PipelineChain::~PipelineChain() = default;

common::Result<std::shared_ptr<const PipelineChain>, std::vector<Rejection>>
PipelineChain::read(const std::vector<PipelineText>& texts) {
    auto parts = std::make_unique<Parts>();
    std::vector<Rejection> faults;
    for (const auto& text : texts) {
        parts->pipelines.push_back(read_text_of(text, faults));
    }
    if (!faults.empty()) { return common::fail(std::move(faults)); }
    std::stable_sort(parts->pipelines.begin(), parts->pipelines.end(),
                     [](const Pipeline& left, const Pipeline& right) { return left.priority < right.priority; });
    for (const auto& pipeline : parts->pipelines) {
        for (const auto& [name, values] : pipeline.vars) {
            parts->vars.insert_or_assign(name, values); // a later pipeline has the last word
        }
        parts->taxonomies.insert(parts->taxonomies.end(), pipeline.taxonomies.begin(), pipeline.taxonomies.end());
    }
    std::sort(parts->taxonomies.begin(), parts->taxonomies.end());
    parts->taxonomies.erase(std::unique(parts->taxonomies.begin(), parts->taxonomies.end()), parts->taxonomies.end());
    return std::shared_ptr<const PipelineChain>(new PipelineChain(std::move(parts)));
}

void PipelineChain::apply(Draft& draft, const yaml::Node& document, Usage& usage) const {
    PipelineRun run;
    run.draft = &draft;
    run.document = &document;
    usage.state_->change(run);
}

void PipelineChain::apply(Correlation& correlation, const yaml::Node& document, const std::vector<LogSource>& sources,
                          Usage& usage) const {
    PipelineRun run;
    run.correlation = &correlation;
    run.document = &document;
    run.sources = sources;
    usage.state_->change(run);
}

const std::vector<std::string>& PipelineChain::taxonomies() const noexcept {
    return parts_->taxonomies;
}

} // namespace canhgac::rules
