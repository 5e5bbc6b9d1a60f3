#include "rules/correlation_links.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

namespace canhgac::rules {

namespace {

using Position = common::yaml::Position;

std::string resolve(const LinkLookup& lookup, const std::string& reference, Position at) {
    LinkTarget target = lookup(reference);
    if (target.kind == LinkTarget::Kind::unknown) { refuse(at, "correlation: rule '" + reference + "' is not known"); }
    if (target.kind == LinkTarget::Kind::rejected) { refuse(at, "correlation: rule '" + reference + "' was rejected"); }
    if (target.kind == LinkTarget::Kind::filter) { refuse(at, "correlation: '" + reference + "' is a filter"); }
    return std::move(target.id);
}

void resolve_rules(UnresolvedCorrelation& document, const LinkLookup& lookup) {
    std::vector<std::string> ids;
    std::vector<Position> positions;
    for (std::size_t i = 0; i < document.correlation.rule_ids.size(); ++i) {
        auto id = resolve(lookup, document.correlation.rule_ids[i], document.reference_positions[i]);
        if (std::find(ids.begin(), ids.end(), id) != ids.end()) { continue; }
        ids.push_back(std::move(id));
        positions.push_back(document.reference_positions[i]);
    }
    document.correlation.rule_ids = std::move(ids);
    document.reference_positions = std::move(positions);
}

void resolve_aliases(UnresolvedCorrelation& document, const LinkLookup& lookup) {
    const auto& ids = document.correlation.rule_ids;
    for (auto& alias : document.correlation.aliases) {
        for (auto& [rule, field] : alias.second) {
            auto id = resolve(lookup, rule, document.aliases_at);
            if (std::find(ids.begin(), ids.end(), id) == ids.end()) {
                refuse(document.aliases_at, "correlation: alias '" + alias.first + "' names rule '" + rule +
                                                "', which is not among its rules");
            }
            rule = std::move(id);
        }
    }
}

/// The bits of the named rules become places in rule_ids.
void resolve_terms(UnresolvedCorrelation& document, const LinkLookup& lookup) {
    if (!document.named) { return; }
    const NamedTerms& named = *document.named;
    Correlation& correlation = document.correlation;
    std::vector<std::size_t> places;
    std::uint64_t used = 0;
    for (const auto& name : named.names) {
        const auto id = resolve(lookup, name, named.at);
        const auto found = std::find(correlation.rule_ids.begin(), correlation.rule_ids.end(), id);
        if (found == correlation.rule_ids.end()) {
            refuse(named.at, "correlation condition: rule '" + name + "' is not among its rules");
        }
        places.push_back(static_cast<std::size_t>(found - correlation.rule_ids.begin()));
        used |= std::uint64_t{1} << places.back();
    }
    for (std::size_t i = 0; i < correlation.rule_ids.size(); ++i) {
        if ((used >> i & 1U) == 0) {
            refuse(document.reference_positions[i],
                   "correlation: rule '" + correlation.rule_ids[i] + "' is not in the condition");
        }
    }
    const auto moved = [&places](std::uint64_t bits) {
        std::uint64_t out = 0;
        for (std::size_t i = 0; i < places.size(); ++i) {
            if ((bits >> i & 1U) != 0) { out |= std::uint64_t{1} << places[i]; }
        }
        return out;
    };
    for (const auto& term : named.terms) {
        correlation.terms.push_back({moved(term.present), moved(term.absent)});
    }
    correlation.terms = simplified(std::move(correlation.terms));
    if (correlation.terms.empty()) { refuse(named.at, "correlation condition: it can never hold"); }
    for (const auto& term : correlation.terms) {
        if (term.present == 0) {
            refuse(named.at, "correlation condition: it can hold without any event; name a rule that must occur");
        }
    }
}

void resolve_document(UnresolvedCorrelation& document, const LinkLookup& lookup) {
    resolve_rules(document, lookup);
    resolve_aliases(document, lookup);
    resolve_terms(document, lookup);
    Correlation& correlation = document.correlation;
    if (!is_temporal(correlation.type)) { return; }
    if (correlation.rule_ids.size() > kMaxTemporalRules) {
        refuse(document.reference_positions.back(), "correlation: more than 64 rules in a temporal correlation");
    }
    if (correlation.bounds.empty() && correlation.terms.empty()) { // SIGMA.md 69: all of them
        correlation.bounds.push_back({Correlation::Compare::gte, static_cast<double>(correlation.rule_ids.size())});
    }
}

/// Finds cycles and depths over what is resolved.
class ChainCheck {
public:
    ChainCheck(const std::vector<UnresolvedCorrelation>& documents, std::vector<std::optional<Refusal>>& refusals)
        : documents_(documents), refusals_(refusals), depth_(documents.size(), 0) {
        for (std::size_t i = 0; i < documents.size(); ++i) {
            by_id_.emplace(documents[i].correlation.id, i);
        }
    }

    void run() {
        for (std::size_t i = 0; i < documents_.size(); ++i) {
            static_cast<void>(depth_of(i));
        }
    }

private:
    static constexpr std::size_t kOpen = static_cast<std::size_t>(-1);

    /// How many correlations stand on each other, this one included.
    std::size_t depth_of(std::size_t index) {
        if (depth_[index] != 0) { return depth_[index]; }
        depth_[index] = kOpen;
        path_.push_back(index);
        std::size_t depth = 1;
        const auto& document = documents_[index];
        for (std::size_t i = 0; i < document.correlation.rule_ids.size() && !refusals_[index]; ++i) {
            const auto below = by_id_.find(document.correlation.rule_ids[i]);
            if (below == by_id_.end()) { continue; }
            if (depth_[below->second] == kOpen) {
                refuse_cycle(below->second);
                break;
            }
            const std::size_t under = depth_of(below->second);
            const Position at = document.reference_positions[i];
            if (refusals_[index]) { break; } // part of a cycle that was found below
            if (refusals_[below->second]) {
                set(index, at, "correlation: rule '" + below->first + "' was rejected");
            } else if (under >= kMaxChain) {
                set(index, at, "correlation: more than 8 correlations above each other");
            }
            depth = std::max(depth, under + 1);
        }
        path_.pop_back();
        depth_[index] = depth;
        return depth;
    }

    /// Every correlation from `first` to the end of the path refers to the next, the last to the first.
    void refuse_cycle(std::size_t first) {
        const auto begin = std::find(path_.begin(), path_.end(), first);
        std::string story;
        for (auto it = begin; it != path_.end(); ++it) {
            story += documents_[*it].correlation.id + " -> ";
        }
        story += documents_[first].correlation.id;
        for (auto it = begin; it != path_.end(); ++it) {
            const auto& next = documents_[std::next(it) == path_.end() ? first : *std::next(it)].correlation.id;
            const auto& document = documents_[*it];
            const auto& ids = document.correlation.rule_ids;
            const auto place = std::find(ids.begin(), ids.end(), next) - ids.begin();
            set(*it, document.reference_positions[static_cast<std::size_t>(place)],
                "correlation: it refers to itself: " + story);
        }
    }

    void set(std::size_t index, Position at, std::string reason) {
        Refusal& refusal = refusals_[index].emplace();
        refusal.at = at;
        refusal.reason = std::move(reason);
    }

    const std::vector<UnresolvedCorrelation>& documents_;
    std::vector<std::optional<Refusal>>& refusals_;
    std::vector<std::size_t> depth_;
    std::vector<std::size_t> path_;
    std::unordered_map<std::string, std::size_t> by_id_;
};

} // namespace

LinkedCorrelations link_correlations(std::vector<UnresolvedCorrelation> documents, const LinkLookup& lookup) {
    std::vector<std::optional<Refusal>> refusals(documents.size());
    for (std::size_t i = 0; i < documents.size(); ++i) {
        try {
            resolve_document(documents[i], lookup);
        } catch (const Refusal& refusal) { refusals[i] = refusal; }
    }
    ChainCheck(documents, refusals).run();
    LinkedCorrelations out;
    for (std::size_t i = 0; i < documents.size(); ++i) {
        if (refusals[i]) {
            out.rejected.push_back({std::move(documents[i].correlation), std::move(*refusals[i])});
        } else {
            out.taken.push_back(std::move(documents[i].correlation));
        }
    }
    return out;
}

} // namespace canhgac::rules
