#include "engine/rule_predicates.hpp"

#include <algorithm>
#include <utility>

#include "engine/match_worker.hpp"
#include "text/fold.hpp"

namespace canhgac::engine {

namespace {

constexpr std::size_t kMemoBytes = 4 * common::kMiB; ///< a search lasts less long than a shard

class RulePredicate final : public event::EventPredicate {
public:
    RulePredicate(std::shared_ptr<const RuleSet> rules, const event::RuleInfo& rule, event::FieldTable& fields)
        : names_(fields), worker_(std::move(rules), {.memo = true, .memo_bytes = kMemoBytes}), rule_(&rule) {}

    bool matches(const event::StoredEvent& event) override {
        batch_.reset();
        add_stored(event, names_, batch_);
        detections_.clear();
        worker_.match(batch_, detections_);
        return std::any_of(detections_.begin(), detections_.end(),
                           [this](const event::Detection& detection) { return detection.rule == rule_; });
    }

private:
    event::FieldCache names_;
    MatchWorker worker_;
    const event::RuleInfo* rule_; ///< of the worker's rules
    event::EventBatch batch_;
    std::vector<event::Detection> detections_;
};

} // namespace

RulePredicates::RulePredicates(std::function<std::shared_ptr<const RuleSet>()> current, event::FieldTable& fields)
    : current_(std::move(current)), fields_(&fields) {}

std::unique_ptr<event::EventPredicate> RulePredicates::find(std::string_view reference) const {
    std::shared_ptr<const RuleSet> rules = current_();
    const auto& all = rules->rules();
    auto found =
        std::find_if(all.begin(), all.end(), [reference](const event::RuleInfo& rule) { return rule.id == reference; });
    if (found == all.end()) {
        found = std::find_if(all.begin(), all.end(), [reference](const event::RuleInfo& rule) {
            return text::equals_folded(rule.title, reference);
        });
    }
    if (found == all.end()) { return nullptr; }
    const event::RuleInfo& rule = *found;
    return std::make_unique<RulePredicate>(std::move(rules), rule, *fields_);
}

void add_stored(const event::StoredEvent& stored, event::FieldCache& names, event::EventBatch& batch) {
    event::Event& event = batch.begin();
    event.time = stored.time;
    event.received = stored.received;
    event.raw = stored.raw;
    event.source = stored.source;
    event.flags = stored.flags;
    event.format = stored.format;
    for (const auto& [name, field] : stored.fields) {
        batch.add(names.intern(name), field.text(), field.type());
    }
    batch.finish();
}

} // namespace canhgac::engine
