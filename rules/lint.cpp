#include "rules/lint.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "common/ensure.hpp"
#include "rules/document.hpp"
#include "rules/document_actions.hpp"
#include "rules/lint_document.hpp"
#include "rules/refusal.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;
using enum LintSeverity;

constexpr auto kChecks = std::to_array<LintCheck>({
    {"attack-tactic", warning, "an attack.* tag names no ATT&CK tactic"},
    {"attack-technique", info, "no tag says which ATT&CK technique the rule is about"},
    {"author", warning, "no author"},
    {"common-trigger", warning, "nothing in the rule is rarer than a text of one or two characters"},
    {"date", warning, "no date, or one that is not YYYY-MM-DD, or in the future"},
    {"dead-field", warning, "no event of the rule's log source has this field"},
    {"dead-logsource", warning, "no decoder gives events of the rule's log source"},
    {"description", warning, "no description"},
    {"duplicate-logic", warning, "another rule has the same log source and logic"},
    {"duplicate-title", warning, "another rule has the same title"},
    {"expired-exception", warning, "the date of canhgac.until has passed"},
    {"falsepositives", warning, "nothing is said of false positives"},
    {"field-case", warning, "the log source has this field in other case"},
    {"id", warning, "no id, or one that is not a UUID"},
    {"keyword", warning, "a keyword that is very short or an everyday word"},
    {"level", warning, "no level"},
    {"many-patterns", info, "more than a thousand patterns in one rule"},
    {"match-everything", warning, "a value that every text matches"},
    {"modifier-for-wildcard", info, "a wildcard at an end, where a modifier says the same"},
    {"no-trigger", warning, "the rule is evaluated for every event of its log source"},
    {"regex-any", info, "a regular expression that begins or ends with .*"},
    {"regex-text", info, "a regular expression that needs no text: every value is searched with it"},
    {"rejected", error, "the document is not taken"},
    {"short-pattern", info, "a selection that a text of one or two characters satisfies"},
    {"status", warning, "no status, or one that Sigma does not know"},
    {"tag", warning, "a tag that is malformed, repeated or of no known namespace"},
    {"tags", warning, "no tags"},
    {"title", info, "a title that is long, ends with a full stop or begins with 'Detects'"},
    {"unknown-check", warning, "canhgac.lint.allow names no check"},
    {"unknown-key", info, "a key that Sigma does not know"},
    {"unseen-field", info, "no recorded event of the log source has this field"},
    {"unused-allow", info, "canhgac.lint.allow silences a check that has nothing to say"},
    {"unused-selection", warning, "a selection that the condition does not use"},
});

std::vector<std::string> allowed_checks(const yaml::Node& document) {
    const auto* own = document.find("canhgac");
    const auto* lint = own == nullptr ? nullptr : own->find("lint");
    if (lint == nullptr) { return {}; }
    try {
        return read_texts_key(*lint, "allow");
    } catch (const Refusal&) { return {}; } // the reader rejects the document for it
}

} // namespace

std::string_view to_string(LintSeverity severity) noexcept {
    switch (severity) {
    case info:
        return "info";
    case warning:
        return "warning";
    case error:
        return "error";
    }
    return "error";
}

std::span<const LintCheck> lint_checks() noexcept {
    return kChecks;
}

const LintCheck* lint_check(std::string_view name) noexcept {
    const auto found = std::find_if(kChecks.begin(), kChecks.end(), [name](const auto& c) { return c.name == name; });
    return found == kChecks.end() ? nullptr : &*found;
}

std::string to_string(const LintFinding& finding) {
    std::string out = finding.file;
    if (finding.line != 0) { out += ":" + std::to_string(finding.line) + ":" + std::to_string(finding.column); }
    out += ": " + std::string(to_string(finding.severity)) + ": " + finding.message;
    return out + " [" + std::string(finding.check) + "]";
}

void LintSink::add(std::string_view check, yaml::Position at, std::string message) {
    const LintCheck* known = lint_check(check);
    common::ensure(known != nullptr, "a finding of an unknown check");
    out_.push_back(
        {document_.file, at.line, at.column, known->severity, known->name, std::move(message), document_.id});
}

struct Linter::State {
    LintContext context;
    Reader reader;
    ReadResult result;
    std::vector<LintDocument> documents;
    std::vector<LintFinding> findings;
    std::unordered_map<std::string, std::size_t> file_order;
    bool is_read = false;
    bool is_piped = false; ///< pipelines change what is added

    explicit State(LintContext given)
        : context(std::move(given)), reader(context.read), is_piped(context.read.pipelines != nullptr) {}

    void keep(std::string_view file, const yaml::Node& node, DocumentActions& actions) {
        try {
            auto whole = actions.apply(node);
            if (!whole || !whole->is_map()) { return; }
            LintDocument document;
            document.file = file;
            document.is_piped = is_piped;
            document.allowed = allowed_checks(*whole);
            document.node = std::move(*whole);
            document.id = id_of(document.node);
            documents.push_back(std::move(document));
        } catch (const Refusal&) { return; } // the reader says so
    }

    /// Rules and documents are the same when they begin at the same place.
    void join() {
        std::map<std::pair<std::string, std::uint32_t>, LintDocument*> at;
        for (LintDocument& document : documents) {
            at[{document.file, document.node.at.line}] = &document;
        }
        for (const Rule& rule : result.rules) {
            const auto found = at.find({rule.at.file, rule.at.line});
            if (found == at.end()) { continue; }
            found->second->rule = &rule;
            found->second->id = rule.id;
        }
        for (const Correlation& correlation : result.correlations) {
            const auto found = at.find({correlation.at.file, correlation.at.line});
            if (found == at.end()) { continue; }
            found->second->correlation = &correlation;
            found->second->id = correlation.id;
        }
        std::set<std::string> counted; // only by correlations: such rules give no alerts
        for (const Correlation& correlation : result.correlations) {
            if (!correlation.generate) { counted.insert(correlation.rule_ids.begin(), correlation.rule_ids.end()); }
        }
        for (LintDocument& document : documents) {
            document.alerts = !counted.contains(document.id);
        }
        for (const Rejection& bad : result.rejected) {
            findings.push_back({bad.file, bad.line, bad.column, error, "rejected", bad.reason, bad.id});
        }
    }

    void find_duplicates() {
        std::unordered_map<std::string, const LintDocument*> by_logic;
        std::unordered_map<std::string, const LintDocument*> by_title;
        const auto place = [](const LintDocument& d) { return d.file + ":" + std::to_string(d.node.at.line); };
        for (const LintDocument& document : documents) {
            LintSink sink(document, findings);
            if (document.rule == nullptr) { continue; }
            const auto [title, fresh_title] = by_title.emplace(document.rule->title, &document);
            if (!fresh_title) {
                const auto* node = document.node.find("title");
                sink.add("duplicate-title", node->at, "the rule at " + place(*title->second) + " has the same title");
            }
            const auto [logic, fresh_logic] = by_logic.emplace(logic_key(*document.rule), &document);
            if (fresh_logic) { continue; }
            const auto* node = document.node.find("detection");
            sink.add("duplicate-logic", node->at,
                     "the rule at " + place(*logic->second) + " (" + logic->second->id +
                         ") holds for the same events: same log source, same logic");
        }
    }

    void check_documents() {
        for (const LintDocument& document : documents) {
            LintSink sink(document, findings);
            lint_head(document, context.now, sink);
            lint_tags(document, sink);
            if (document.rule == nullptr) { continue; }
            lint_values(document, sink);
            lint_condition(document, sink);
            lint_fields(document, context.logsources, context.fields, sink);
        }
        find_duplicates();
    }

    /// Takes out what a document allows, and says which allowances are of no use.
    void apply_allowances() {
        for (const LintDocument& document : documents) {
            if (document.allowed.empty()) { continue; }
            LintSink sink(document, findings);
            const auto at = document.node.find("canhgac")->find("lint")->at;
            for (const std::string& check : document.allowed) {
                if (lint_check(check) == nullptr) {
                    sink.add("unknown-check", at, "'" + check + "' is not a check; `rules lint --checks` lists them");
                    continue;
                }
                const std::size_t before = findings.size();
                std::erase_if(findings, [&](const LintFinding& finding) {
                    return finding.check == check && finding.severity != error && finding.file == document.file &&
                           finding.rule == document.id;
                });
                if (findings.size() == before) {
                    sink.add("unused-allow", at, "'" + check + "' is allowed, but the check has nothing to say");
                }
            }
        }
    }
};

Linter::Linter(LintContext context) : state_(std::make_unique<State>(std::move(context))) {}
Linter::~Linter() = default;

void Linter::use_pipelines(bool use) noexcept {
    state_->reader.use_pipelines(use);
    state_->is_piped = use && state_->context.read.pipelines != nullptr;
}

void Linter::add_text(std::string_view file, std::string_view text) {
    State& state = *state_;
    common::ensure(!state.is_read, "the linter has been read already");
    state.file_order.try_emplace(std::string(file), state.file_order.size());
    state.reader.add_text(file, text);
    const auto parsed = yaml::parse(text);
    if (!parsed) { return; } // the reader rejects it
    DocumentActions actions;
    for (const yaml::Node& node : *parsed) {
        state.keep(file, node, actions);
    }
}

const ReadResult& Linter::read() {
    State& state = *state_;
    if (!state.is_read) {
        state.is_read = true;
        state.result = state.reader.finish();
        state.join();
        state.check_documents();
    }
    return state.result;
}

void Linter::report(const std::string& rule_id, std::string_view check, std::string message) {
    for (const LintDocument& document : state_->documents) {
        const yaml::Node* at = nullptr;
        if (document.rule != nullptr && document.rule->id == rule_id) {
            at = document.node.find("detection")->find("condition");
        } else if (document.correlation != nullptr && document.correlation->id == rule_id) {
            at = document.node.find("correlation");
        }
        if (at == nullptr) { continue; }
        LintSink(document, state_->findings).add(check, at->at, std::move(message));
        return;
    }
}

std::vector<LintFinding> Linter::finish() {
    State& state = *state_;
    static_cast<void>(read());
    state.apply_allowances();
    const auto place = [&state](const LintFinding& finding) {
        const auto found = state.file_order.find(finding.file);
        const std::size_t order = found == state.file_order.end() ? state.file_order.size() : found->second;
        return std::tuple(order, finding.line, finding.column);
    };
    std::stable_sort(state.findings.begin(), state.findings.end(),
                     [&](const auto& left, const auto& right) { return place(left) < place(right); });
    return std::move(state.findings);
}

} // namespace canhgac::rules
