#include "engine/rule_set.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "engine/compiled_rules.hpp"
#include "engine/condition_draft.hpp"
#include "engine/correlation_capture.hpp"

namespace canhgac::engine {
namespace {

using Kind = Condition::Kind;

struct Refusal {
    std::uint32_t matcher = 0;
    RefusedTest test;
};

/// Compiles all matchers on `threads` threads, the largest first.
std::vector<Refusal> compile_matchers(DraftBook& book, const CompileOptions& options,
                                      std::vector<FieldMatcher>& matchers) {
    std::vector<std::uint32_t> order(book.matchers.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    std::sort(order.begin(), order.end(), [&book](std::uint32_t a, std::uint32_t b) {
        const std::size_t left = book.matchers[a].tests.size();
        const std::size_t right = book.matchers[b].tests.size();
        return left != right ? left > right : a < b;
    });
    matchers.resize(book.matchers.size());
    std::vector<Refusal> refusals;
    std::exception_ptr failure;
    std::mutex mutex;
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        try {
            for (std::size_t at = next.fetch_add(1); at < order.size(); at = next.fetch_add(1)) {
                const std::uint32_t index = order[at];
                MatcherDraft& draft = book.matchers[index];
                draft.atoms_of.resize(draft.tests.size());
                auto refused = matchers[index].compile(draft.tests, draft.atoms_of, options.cache_dir);
                const std::lock_guard lock(mutex);
                for (RefusedTest& test : refused) {
                    refusals.push_back({index, std::move(test)});
                }
            }
        } catch (...) {
            const std::lock_guard lock(mutex);
            failure = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> helpers;
        for (unsigned i = 1; i < options.threads; ++i) {
            helpers.emplace_back(work);
        }
        work();
    }
    if (failure) { std::rethrow_exception(failure); }
    return refusals;
}

/// Atoms of which one must hold for a condition to hold, and how often that may be; nothing if there are none.
struct Triggers {
    double frequency = 0.0;
    std::vector<Atom> atoms;
};

std::optional<Triggers> triggers_of(const ConditionDraft& condition, const std::vector<double>& frequency) {
    if (condition.kind == Kind::atom) {
        if (condition.negated) { return std::nullopt; }
        return Triggers{frequency[condition.atom], {condition.atom}};
    }
    std::optional<Triggers> best;
    for (const ConditionDraft& child : condition.children) {
        auto of_child = triggers_of(child, frequency);
        if (condition.kind == Kind::any) {
            if (!of_child) { return std::nullopt; }
            if (!best) { best.emplace(); }
            best->frequency += of_child->frequency;
            best->atoms.insert(best->atoms.end(), of_child->atoms.begin(), of_child->atoms.end());
        } else if (of_child && (!best || of_child->frequency < best->frequency)) {
            best = std::move(of_child);
        }
    }
    return best;
}

std::vector<double> atom_frequencies(const DraftBook& book) {
    std::vector<double> out;
    out.reserve(book.atoms.size());
    for (const DraftBook::AtomDraft& atom : book.atoms) {
        double sum = 0.0;
        if (atom.matcher == kNone) {
            sum = 1e9; // compared only when something else triggers
        } else {
            for (const Test test : atom.tests) {
                sum += estimated_frequency(book.matchers[atom.matcher].tests[test]);
            }
        }
        out.push_back(sum);
    }
    return out;
}

bool has_comparison(const ConditionDraft& condition) {
    return (condition.kind == Kind::atom && condition.matcher == kNone) ||
           std::any_of(condition.children.begin(), condition.children.end(), has_comparison);
}

/// Writes conditions and programs of the rules that stay.
class Emitter {
public:
    explicit Emitter(CompiledRules& out) noexcept : out_(&out) {}

    void rule(std::uint32_t group, const ConditionDraft& condition) {
        CompiledRule rule;
        rule.group = group;
        rule.compares = has_comparison(condition);
        rule.root = static_cast<std::uint32_t>(out_->conditions.size());
        out_->conditions.emplace_back();
        fill_condition(rule.root, condition);
        reversed_.clear();
        const std::uint32_t entry = emit(condition, kAccept, kReject);
        const auto base = static_cast<std::uint32_t>(out_->steps.size());
        const auto last = static_cast<std::uint32_t>(reversed_.size() - 1);
        const auto forward = [&](std::uint32_t target) { return target >= kReject ? target : base + last - target; };
        for (auto step = reversed_.rbegin(); step != reversed_.rend(); ++step) {
            out_->steps.push_back({step->atom, forward(step->if_true), forward(step->if_false)});
        }
        rule.first_step = forward(entry);
        out_->rules.push_back(rule);
    }

private:
    void fill_condition(std::uint32_t at, const ConditionDraft& from) {
        Condition condition;
        condition.kind = from.kind;
        condition.negated = from.negated;
        condition.atom = from.kind == Kind::atom ? from.atom : 0;
        condition.first = static_cast<std::uint32_t>(out_->children.size());
        condition.count = static_cast<std::uint32_t>(from.children.size());
        out_->conditions[at] = condition;
        out_->children.resize(out_->children.size() + from.children.size());
        for (std::uint32_t i = 0; i < condition.count; ++i) {
            const auto child = static_cast<std::uint32_t>(out_->conditions.size());
            out_->conditions.emplace_back();
            out_->children[condition.first + i] = child;
            fill_condition(child, from.children[i]);
        }
    }

    /// Steps are made from the last to the first, so that every target exists when it is named. Returns the entry.
    std::uint32_t emit(const ConditionDraft& from, std::uint32_t if_true, std::uint32_t if_false) {
        if (from.kind == Kind::atom) {
            if (from.negated) { std::swap(if_true, if_false); }
            reversed_.push_back({from.atom, if_true, if_false});
            return static_cast<std::uint32_t>(reversed_.size() - 1);
        }
        const bool all = from.kind == Kind::all;
        std::uint32_t next = all ? if_true : if_false;
        for (auto child = from.children.rbegin(); child != from.children.rend(); ++child) {
            next = all ? emit(*child, next, if_false) : emit(*child, if_true, next);
        }
        return next;
    }

    CompiledRules* out_;
    std::vector<Step> reversed_;
};

event::RuleInfo info_of(const rules::Rule& rule, event::FieldTable& fields) {
    event::RuleInfo info;
    info.id = rule.id;
    info.name = rule.name;
    info.title = rule.title;
    info.level = rule.level;
    info.tags = rule.tags;
    for (const std::string& name : rule.entity) {
        info.entity.push_back(fields.intern(name));
    }
    return info;
}

/// Fills triggers and the lists of rules without any.
void set_triggers(const std::vector<std::pair<std::uint32_t, const ConditionDraft*>>& kept, const DraftBook& book,
                  CompiledRules& out) {
    const std::vector<double> frequency = atom_frequencies(book);
    std::vector<std::vector<std::uint32_t>> rules_of(book.atoms.size());
    for (std::uint32_t rule = 0; rule < kept.size(); ++rule) {
        auto triggers = triggers_of(*kept[rule].second, frequency);
        if (!triggers) {
            out.groups[kept[rule].first].always.push_back(rule);
            ++out.stats.without_trigger;
            continue;
        }
        std::sort(triggers->atoms.begin(), triggers->atoms.end());
        triggers->atoms.erase(std::unique(triggers->atoms.begin(), triggers->atoms.end()), triggers->atoms.end());
        for (const Atom atom : triggers->atoms) {
            rules_of[atom].push_back(rule);
        }
    }
    for (const auto& list : rules_of) {
        out.triggers.add(list);
    }
}

const std::string* refusal_of(const DraftBook::RuleDraft& draft, const std::vector<Refusal>& refusals) {
    for (const auto& regex : draft.regexes) {
        for (const Refusal& refusal : refusals) {
            if (refusal.matcher == regex.first && refusal.test.test == regex.second) { return &refusal.test.reason; }
        }
    }
    return nullptr;
}

void fill_stats(const DraftBook& book, CompiledRules& out) {
    out.stats.rules = out.rules.size();
    out.stats.groups = out.groups.size();
    out.stats.atoms = book.atoms.size();
    for (const MatcherDraft& draft : book.matchers) {
        out.stats.patterns += draft.tests.size();
    }
    for (const FieldMatcher& matcher : out.matchers) {
        out.stats.databases += matcher.stats().databases;
        out.stats.databases_from_cache += matcher.stats().from_cache;
        out.stats.database_bytes += matcher.stats().bytes;
    }
}

/// A correlation without one of its rules would wait for events that never come, and keep its other rules quiet. What
/// is rejected grows by such correlations, and by those that stand on them.
void reject_standing_on(std::vector<RejectedRule>& rejected, std::vector<rules::Correlation>& correlations) {
    std::map<std::string, std::string> reasons;
    for (const RejectedRule& rule : rejected) {
        reasons.emplace(rule.id, rule.reason);
    }
    const auto stands_on_one = [&](const rules::Correlation& correlation) {
        for (const std::string& id : correlation.rule_ids) {
            const auto found = reasons.find(id);
            if (found == reasons.end()) { continue; }
            const std::string reason = "correlation: rule '" + id + "' was rejected: " + found->second;
            rejected.push_back({correlation.id, correlation.at.file, correlation.at.line, reason});
            reasons.emplace(correlation.id, reason);
            return true;
        }
        return false;
    };
    while (std::erase_if(correlations, stands_on_one) != 0) {}
}

/// Puts all databases next to each other into large pages: values that the memo does not know are looked for in
/// databases that have left the caches, and then every page of 4 KiB is a miss of its own.
void gather_databases(CompiledRules& out) {
    std::size_t bytes = 0;
    for (const FieldMatcher& matcher : out.matchers) {
        bytes += matcher.gather_bytes();
    }
    out.databases = common::PageBuffer(bytes);
    std::span<std::byte> place = out.databases.bytes();
    for (FieldMatcher& matcher : out.matchers) {
        matcher.gather(place);
    }
}

} // namespace

RuleSet::RuleSet(std::unique_ptr<const CompiledRules> compiled) noexcept : compiled_(std::move(compiled)) {}
RuleSet::~RuleSet() = default;

const std::vector<event::RuleInfo>& RuleSet::rules() const noexcept {
    return compiled_->infos;
}

const CompileStats& RuleSet::stats() const noexcept {
    return compiled_->stats;
}

CompileResult compile(CompileInput input, event::FieldTable& fields, const CompileOptions& options) {
    const auto started = std::chrono::steady_clock::now();
    std::stable_sort(input.rules.begin(), input.rules.end(),
                     [](const rules::Rule& a, const rules::Rule& b) { return a.id < b.id; });
    DraftBook book;
    std::vector<DraftBook::RuleDraft> drafts;
    drafts.reserve(input.rules.size());
    for (const rules::Rule& rule : input.rules) {
        drafts.push_back(book.draft(rule));
        book.number_atoms(drafts.back().condition);
    }

    auto out = std::make_unique<CompiledRules>();
    out->fields = &fields;
    out->route_by_logsource = options.route_by_logsource;
    out->classifier = Classifier(input.logsources, fields);
    const std::vector<Refusal> refusals = compile_matchers(book, options, out->matchers);
    for (const DraftBook::GroupDraft& draft : book.groups) {
        out->groups.push_back(draft.group);
    }

    CompileResult result;
    Emitter emitter(*out);
    std::vector<std::pair<std::uint32_t, const ConditionDraft*>> kept;
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        const rules::Rule& rule = input.rules[i];
        if (const std::string* reason = refusal_of(drafts[i], refusals)) {
            result.rejected.push_back({rule.id, rule.at.file, rule.at.line, "regular expression refused: " + *reason});
            continue;
        }
        out->infos.push_back(info_of(rule, fields));
        emitter.rule(drafts[i].group, drafts[i].condition);
        kept.emplace_back(drafts[i].group, &drafts[i].condition);
    }
    out->keyword_atom.resize(book.atoms.size());
    for (std::size_t atom = 0; atom < book.atoms.size(); ++atom) {
        const std::uint32_t matcher = book.atoms[atom].matcher;
        out->keyword_atom[atom] = std::any_of(out->groups.begin(), out->groups.end(), [matcher](const Group& group) {
            return group.keywords != kNone && group.keywords == matcher;
        });
    }
    result.correlations = std::move(input.correlations);
    reject_standing_on(result.rejected, result.correlations);
    apply_correlations(result.correlations, fields, out->infos);
    set_triggers(kept, book, *out);
    fill_stats(book, *out);
    gather_databases(*out);
    out->stats.compile_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    result.rules = std::make_shared<const RuleSet>(std::move(out));
    return result;
}

} // namespace canhgac::engine
