#include "engine/backtest.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "engine/classifier.hpp"
#include "engine/correlation.hpp"
#include "engine/detection_record.hpp"
#include "engine/match_worker.hpp"
#include "engine/rule_predicates.hpp"

namespace canhgac::engine {
namespace {

constexpr std::size_t kMaxShownValue = 200; ///< bytes of a value in lists

/// Counts values, as many distinct ones as it is allowed.
class Counter {
public:
    /// False when the value is one too many.
    bool add(std::string_view value) {
        const std::string key(value.substr(0, kMaxShownValue));
        const auto found = counts_.find(key);
        if (found != counts_.end()) {
            ++found->second;
            return true;
        }
        if (counts_.size() >= kMaxBacktestValues) { return false; }
        counts_.emplace(key, 1);
        return true;
    }
    [[nodiscard]] Frequent top(std::size_t count) const {
        Frequent all(counts_.begin(), counts_.end());
        std::sort(all.begin(), all.end(),
                  [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a < b; });
        if (all.size() > count) { all.resize(count); }
        return all;
    }

private:
    std::unordered_map<std::string, std::uint64_t> counts_;
};

/// One rule's part of the report while it grows.
struct Tally {
    BacktestRule rule;
    Counter hosts;
    std::map<std::string, Counter> values;
    std::unordered_map<std::string, std::pair<common::Nanos, common::Nanos>> groups; ///< entity -> first, last time
};

common::Nanos bar_of(common::Nanos time, common::Nanos width) {
    const common::Nanos rest = time % width;
    return time - (rest < 0 ? rest + width : rest);
}

class Backtest {
public:
    Backtest(const CompileInput& input, const BacktestOptions& options, const BacktestMatch& on_match)
        : options_(options), on_match_(on_match), compiled_(compile(input, fields_)), worker_(compiled_.rules),
          correlator_(compiled_.correlations), correlates_(!compiled_.correlations.empty()),
          classifier_(options.classify ? input.logsources : rules::LogSourceTable{}, fields_) {
        for (const event::RuleInfo& info : compiled_.rules->rules()) {
            BacktestRule& rule = tallies_[info.id].rule;
            rule.id = info.id;
            rule.title = info.title;
            rule.level = info.level;
            rule.generates = info.generates;
        }
        for (const rules::Correlation& correlation : compiled_.correlations) {
            BacktestRule& rule = tallies_[correlation.id].rule;
            rule.id = correlation.id;
            rule.title = correlation.title;
            rule.level = correlation.level;
            rule.is_correlation = true;
        }
    }

    /// False to stop.
    bool add(const event::StoredEvent& stored) {
        batch_.reset();
        add_stored(stored, names_, batch_);
        ++report_.events;
        report_.first_event = report_.events == 1 ? stored.time : std::min(report_.first_event, stored.time);
        report_.last_event = report_.events == 1 ? stored.time : std::max(report_.last_event, stored.time);
        if (options_.classify) { count_classes(); }
        detections_.clear();
        worker_.match(batch_, detections_);
        for (const event::Detection& detection : detections_) {
            if (!take(detection, stored)) { return false; }
        }
        return true;
    }

    [[nodiscard]] BacktestReport finish() {
        fired_.clear();
        correlator_.finish(fired_);
        for (const event::DetectionRecord& fired : fired_) {
            count(fired);
        }
        for (auto& [id, tally] : tallies_) {
            tally.rule.hosts = tally.hosts.top(options_.top);
            for (const auto& [field, counter] : tally.values) {
                tally.rule.values[field] = counter.top(options_.top);
            }
            report_.rules.push_back(std::move(tally.rule));
        }
        report_.rejected = compiled_.rejected;
        return std::move(report_);
    }

private:
    void count_classes() {
        for (const std::uint32_t index : classifier_.classes(batch_, batch_.events()[0])) {
            ++report_.classes[classifier_.entry(index).logsource];
        }
    }

    bool take(const event::Detection& detection, const event::StoredEvent& stored) {
        event::DetectionRecord record = make_detection_record(batch_, detection, fields_);
        record.event = stored.id;
        count(record);
        if (correlates_) {
            fired_.clear();
            correlator_.push(record, fired_);
            for (const event::DetectionRecord& fired : fired_) {
                count(fired);
            }
        }
        ++report_.matches;
        const bool wanted = !on_match_ || on_match_(*detection.rule, stored);
        report_.stopped_early = !wanted || report_.matches >= options_.max_matches;
        return !report_.stopped_early;
    }

    void count(const event::DetectionRecord& record) {
        Tally& tally = tallies_[record.rule_id];
        BacktestRule& rule = tally.rule;
        ++rule.matches;
        ++rule.buckets[bar_of(record.time, options_.bucket)];
        if (rule.samples.size() < options_.samples) { rule.samples.push_back(record.event); }
        if (!record.host.empty() && !tally.hosts.add(record.host)) { rule.is_cut = true; }
        for (const auto& [field, value] : record.is_correlation ? record.entity : record.matched) {
            if (!tally.values[field].add(value)) { rule.is_cut = true; }
        }
        rule.generates = record.generates;
        if (record.generates) { group(record, tally); }
    }

    /// A sliding window a rule and entity, as alerting has it: events in any order widen the group they fall into.
    void group(const event::DetectionRecord& record, Tally& tally) {
        std::string entity;
        for (const auto& [field, value] : record.entity) {
            ((entity += field) += '\0') += value;
            entity += '\0';
        }
        const auto found = tally.groups.find(entity);
        if (found != tally.groups.end()) {
            auto& [first, last] = found->second;
            if (record.time >= first - options_.grouping && record.time <= last + options_.grouping) {
                first = std::min(first, record.time);
                last = std::max(last, record.time);
                return;
            }
            found->second = {record.time, record.time};
        } else if (tally.groups.size() < kMaxBacktestGroups) {
            tally.groups.emplace(std::move(entity), std::pair(record.time, record.time));
        } else {
            tally.rule.is_cut = true;
            return;
        }
        ++tally.rule.alerts;
    }

    const BacktestOptions& options_;
    const BacktestMatch& on_match_;
    event::FieldTable fields_;
    event::FieldCache names_{fields_};
    CompileResult compiled_;
    MatchWorker worker_;
    Correlator correlator_;
    bool correlates_;
    Classifier classifier_;
    event::EventBatch batch_;
    std::vector<event::Detection> detections_;
    std::vector<event::DetectionRecord> fired_;
    std::map<std::string, Tally> tallies_;
    BacktestReport report_;
};

} // namespace

double BacktestReport::days() const noexcept {
    const double span = static_cast<double>(last_event - first_event) / static_cast<double>(common::kDay);
    return std::max(span, 1.0 / 24.0);
}

common::Result<BacktestReport, std::error_code> backtest(const CompileInput& input, event::EventStore& store,
                                                         const BacktestOptions& options, const BacktestMatch& on_match,
                                                         const std::atomic<bool>* cancelled) {
    const auto started = std::chrono::steady_clock::now();
    Backtest run(input, options, on_match);
    bool stopped = false;
    const auto stats = store.scan(options.from, options.to, [&](const event::StoredEvent& stored) {
        stopped = (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) || !run.add(stored);
        return !stopped;
    });
    if (!stats) { return common::fail(stats.error()); }
    BacktestReport report = run.finish();
    report.stopped_early = report.stopped_early || stopped;
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return report;
}

} // namespace canhgac::engine
