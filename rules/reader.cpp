#include "rules/reader.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "common/clock.hpp"
#include "common/yaml.hpp"
#include "rules/correlation_document.hpp"
#include "rules/correlation_links.hpp"
#include "rules/document.hpp"
#include "rules/document_actions.hpp"
#include "rules/filter_document.hpp"
#include "rules/logsource_table.hpp"
#include "rules/pipeline/pipeline.hpp"
#include "rules/refusal.hpp"
#include "rules/text_file.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;
namespace fs = std::filesystem;

bool is_rule_file(const fs::path& path) {
    const std::string name = path.filename().string();
    const bool is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    return is_yaml && !name.ends_with(".test.yml") && !name.ends_with(".test.yaml");
}

/// Pipes and devices would block; a link to nothing becomes a rejection when it is opened.
bool is_file_or_broken_link(const fs::directory_entry& entry) {
    std::error_code error;
    const auto type = entry.status(error).type();
    return type == fs::file_type::regular || type == fs::file_type::not_found;
}

/// What an id or a name stands for.
struct Known {
    enum class Kind : std::uint8_t { rule, correlation, filter, rejected };
    Kind kind = Kind::rule;
    std::string id;
    SourceLocation at;
};

} // namespace

struct Reader::State {
    ReadOptions options;
    ReadResult result;
    std::optional<PipelineChain::Usage> usage; ///< set when there are pipelines
    bool uses_pipelines = true;
    std::unordered_map<std::string, LogSource> written; ///< log sources before pipelines changed them, by rule id
    std::unordered_map<std::string, yaml::Node> correlation_texts; ///< by id; of those that go through pipelines
    std::vector<UnresolvedCorrelation> correlations;
    std::vector<UnresolvedFilter> filters;
    std::unordered_map<std::string, Known> known; ///< by id and by name
    std::unordered_map<std::string, std::size_t> file_order;
    std::size_t filtered_predicates = 0; ///< how many filters added to rules

    void reject(std::string_view file, yaml::Position at, std::string id, std::string reason) {
        result.rejected.push_back({std::string(file), at.line, at.column, std::move(id), std::move(reason)});
    }

    /// Notes id and name; throws Refusal when one is taken.
    void claim(const yaml::Node& document, const std::string& id, const std::string& name, Known::Kind kind,
               const SourceLocation& at) {
        const auto check = [&](const std::string& text, const char* what, const char* key) {
            const auto found = known.find(text);
            if (text.empty() || found == known.end() || found->second.kind == Known::Kind::rejected) { return; }
            const auto* node = document.find(key);
            refuse(node == nullptr ? document.at : node->at, std::string(what) + " '" + text + "' is already used in " +
                                                                 found->second.at.file + ":" +
                                                                 std::to_string(found->second.at.line));
        };
        check(id, "id", "id");
        if (name != id) { check(name, "name", "name"); }
        known[id] = {kind, id, at};
        if (!name.empty()) { known[name] = {kind, id, at}; }
    }

    void start_pipelines() {
        if (options.pipelines) { usage.emplace(*options.pipelines); }
    }

    [[nodiscard]] bool is_changing() const noexcept { return options.pipelines != nullptr && uses_pipelines; }

    /// A taxonomy that one of the pipelines translates is read as Sigma's own.
    void translate_taxonomy(yaml::Node& document) const {
        if (!is_changing()) { return; }
        const auto& known_ones = options.pipelines->taxonomies();
        for (auto& [key, value] : document.entries) {
            const bool is_translated = key == "taxonomy" && value.is_scalar() &&
                                       std::binary_search(known_ones.begin(), known_ones.end(), value.text);
            if (is_translated) { value.text = "sigma"; }
        }
    }

    /// Sends a draft through the pipelines.
    [[nodiscard]] std::function<void(Draft&)> changer(const yaml::Node& document) {
        if (!is_changing()) { return {}; }
        return [this, &document](Draft& draft) {
            written.try_emplace(draft.rule.id, draft.rule.logsource);
            options.pipelines->apply(draft, document, *usage);
        };
    }

    /// The log source of the text: what filters are about.
    [[nodiscard]] const LogSource& as_written(const Rule& rule) const {
        const auto found = written.find(rule.id);
        return found == written.end() ? rule.logsource : found->second;
    }

    void change(Correlation& correlation, const yaml::Node& document) {
        std::vector<LogSource> sources;
        for (const auto& id : correlation.rule_ids) {
            if (const auto found = written.find(id); found != written.end()) { sources.push_back(found->second); }
            if (known.at(id).kind == Known::Kind::rejected) {
                refuse(document.at, "correlation: rule '" + id + "' was rejected");
            }
        }
        options.pipelines->apply(correlation, document, sources, *usage);
    }

    /// Sends correlations through the pipelines, once their references are resolved.
    void change_correlations() {
        std::vector<Correlation> kept;
        for (auto& correlation : result.correlations) {
            const auto text = correlation_texts.find(correlation.id);
            try {
                if (text != correlation_texts.end()) { change(correlation, text->second); }
                kept.push_back(std::move(correlation));
            } catch (const Refusal& refusal) {
                known[correlation.id].kind = Known::Kind::rejected;
                reject(correlation.at.file, refusal.at, correlation.id, refusal.reason);
            }
        }
        result.correlations = std::move(kept);
    }

    void add_document(std::string_view file, const yaml::Node& document) {
        const SourceLocation at{std::string(file), document.at.line};
        if (!document.is_map()) { refuse(document.at, "a rule must be a map"); }
        if (document.find("filter") != nullptr) {
            auto unresolved = read_filter(document, {options.placeholders, changer(document)}, options.filter_polarity);
            auto& filter = unresolved.filter;
            filter.at = at;
            claim(document, filter.id, filter.name, Known::Kind::filter, at);
            filters.push_back(std::move(unresolved));
            return;
        }
        if (document.find("correlation") != nullptr) {
            auto unresolved = read_correlation(document);
            auto& correlation = unresolved.correlation;
            correlation.at = at;
            claim(document, correlation.id, correlation.name, Known::Kind::correlation, at);
            if (is_changing()) { correlation_texts.try_emplace(correlation.id, document); }
            correlations.push_back(std::move(unresolved));
            return;
        }
        Rule rule = read_rule(document, {options.placeholders, changer(document)});
        rule.at = at;
        claim(document, rule.id, rule.name, Known::Kind::rule, at);
        result.rules.push_back(std::move(rule));
    }

    void try_document(std::string_view file, const yaml::Node& document, DocumentActions& actions) {
        std::string id = id_of(document);
        try {
            auto whole = actions.apply(document);
            if (!whole) { return; }
            translate_taxonomy(*whole);
            id = id_of(*whole);
            add_document(file, *whole);
        } catch (const Refusal& refusal) {
            reject(file, refusal.at, id, refusal.reason);
            if (!id.empty()) { known.try_emplace(id, Known{Known::Kind::rejected, id, {std::string(file), 0}}); }
        }
    }

    /// The ids of the rules that a filter lists; what was rejected needs no filter. Throws Refusal.
    [[nodiscard]] std::set<std::string> resolve_filter(const UnresolvedFilter& filter) const {
        std::set<std::string> ids;
        for (const auto& [name, at] : filter.references) {
            const auto found = known.find(name);
            if (found == known.end()) {
                refuse(at, "filter: rule '" + name + "' is not known; load it too, or take it off the list");
            }
            if (found->second.kind == Known::Kind::correlation) {
                refuse(at, "filter: '" + name + "' is a correlation; list the rules that it refers to");
            }
            if (found->second.kind == Known::Kind::filter) {
                refuse(at, "filter: '" + name + "' is a filter; list rules");
            }
            ids.insert(found->second.id);
        }
        return ids;
    }

    void use_filter(UnresolvedFilter& unresolved, common::Nanos now) {
        auto& filter = unresolved.filter;
        if (filter.until != 0 && filter.until <= now) {
            result.expired_filters.push_back(std::move(filter));
            return;
        }
        const std::set<std::string> ids = resolve_filter(unresolved);
        std::vector<Rule*> chosen;
        for (auto& rule : result.rules) {
            const bool is_listed = filter.for_all || ids.contains(rule.id);
            if (is_listed && contains(filter.logsource, as_written(rule))) { chosen.push_back(&rule); }
        }
        static constexpr std::size_t kMostAdded = 1'000'000; // in all; a predicate takes some hundred bytes
        const std::size_t more = chosen.size() * unresolved.body.predicates.size();
        if (filtered_predicates + more > kMostAdded) {
            refuse(unresolved.at, "filter: it would add " + std::to_string(more) +
                                      " tests to the rules, which is too many; list the rules that it is for");
        }
        filtered_predicates += more;
        for (Rule* rule : chosen) {
            narrow(*rule, unresolved);
            filter.rule_ids.push_back(rule->id);
        }
        result.filters.push_back(std::move(filter));
    }

    /// Each rule is joined with the filters in the order they were read.
    void finish_filters() {
        const common::Nanos now = options.now.value_or(common::SystemClock().now());
        for (auto& filter : filters) {
            try {
                use_filter(filter, now);
            } catch (const Refusal& refusal) {
                reject(filter.filter.at.file, refusal.at, filter.filter.id, refusal.reason);
            }
        }
        filters.clear();
    }

    void finish_correlations() {
        auto linked = link_correlations(std::move(correlations), [this](const std::string& reference) {
            const auto found = known.find(reference);
            if (found == known.end()) { return LinkTarget{}; }
            const auto kind = found->second.kind == Known::Kind::rule          ? LinkTarget::Kind::rule
                              : found->second.kind == Known::Kind::correlation ? LinkTarget::Kind::correlation
                              : found->second.kind == Known::Kind::filter      ? LinkTarget::Kind::filter
                                                                               : LinkTarget::Kind::rejected;
            return LinkTarget{kind, found->second.id};
        });
        for (const auto& [correlation, why] : linked.rejected) {
            reject(correlation.at.file, why.at, correlation.id, why.reason);
        }
        result.correlations = std::move(linked.taken);
        correlations.clear();
    }

    void sort_rejections() {
        const auto place = [&](const Rejection& one) {
            const auto found = file_order.find(one.file);
            return std::pair(found == file_order.end() ? file_order.size() : found->second, one.line);
        };
        std::stable_sort(result.rejected.begin(), result.rejected.end(),
                         [&](const auto& left, const auto& right) { return place(left) < place(right); });
    }
};

Reader::Reader(ReadOptions options) : state_(std::make_unique<State>()) {
    state_->options = std::move(options);
    state_->start_pipelines();
}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

void Reader::add_text(std::string_view file, std::string_view text) {
    State& state = *state_;
    ++state.result.files;
    state.file_order.try_emplace(std::string(file), state.file_order.size());
    const auto documents = yaml::parse(text);
    if (!documents) {
        state.reject(file, documents.error().at, {}, documents.error().message);
        return;
    }
    DocumentActions actions;
    bool is_empty = true;
    for (const auto& document : *documents) {
        if (document.is_null()) { continue; } // "---" with nothing after it
        is_empty = false;
        state.try_document(file, document, actions);
    }
    if (is_empty) { state.reject(file, {1, 1}, {}, "the file holds no document"); }
}

void Reader::add_path(const fs::path& path) {
    std::error_code error;
    std::vector<fs::path> files;
    if (fs::is_directory(path, error)) {
        for (auto it = fs::recursive_directory_iterator(path, error);
             !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
            if (is_rule_file(it->path()) && is_file_or_broken_link(*it)) { files.push_back(it->path()); }
        }
        std::sort(files.begin(), files.end());
        if (error) { state_->reject(path.string(), {0, 0}, {}, "cannot list: " + error.message()); }
    } else {
        files.push_back(path);
    }
    for (const auto& file : files) {
        const auto text = read_text_file(file);
        if (text) {
            add_text(file.string(), *text);
        } else {
            ++state_->result.files;
            state_->reject(file.string(), {0, 0}, {}, text.error());
        }
    }
}

void Reader::use_pipelines(bool use) noexcept {
    state_->uses_pipelines = use;
}

ReadResult Reader::finish() {
    State& state = *state_;
    state.finish_filters();
    state.finish_correlations();
    if (!state.correlation_texts.empty()) { state.change_correlations(); }
    state.sort_rejections();
    ReadResult result = std::move(state.result);
    result.documents = result.rules.size() + result.correlations.size() + result.filters.size() +
                       result.expired_filters.size() + result.rejected.size();
    if (state.usage) { result.pipelines = state.usage->report(); }
    auto options = std::move(state.options);
    state_ = std::make_unique<State>();
    state_->options = std::move(options);
    state_->start_pipelines();
    return result;
}

ReadResult read_text(std::string_view file, std::string_view text, ReadOptions options) {
    Reader reader(std::move(options));
    reader.add_text(file, text);
    return reader.finish();
}

ReadResult read_paths(const std::vector<fs::path>& paths, ReadOptions options) {
    Reader reader(std::move(options));
    for (const auto& path : paths) {
        reader.add_path(path);
    }
    return reader.finish();
}

std::string to_string(const Rejection& rejection) {
    std::string out = rejection.file;
    if (rejection.line != 0) { out += ":" + std::to_string(rejection.line) + ":" + std::to_string(rejection.column); }
    out += ": " + rejection.reason;
    if (!rejection.id.empty()) { out += " (rule " + rejection.id + ")"; }
    return out;
}

} // namespace canhgac::rules
