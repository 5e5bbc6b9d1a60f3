/// What a Correlator is made of. Internal: for correlation.cpp (feeding) and correlation_state.cpp (saving).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/correlation.hpp"
#include "engine/correlation_groups.hpp"
#include "engine/correlation_rule.hpp"

namespace canhgac::engine {

/// An event that waits to be decided, in the order in which they are.
struct WaitingKey {
    common::Nanos deadline = 0;
    std::uint32_t correlation = 0;
    SeenEvent event;
    CorrelationGroup* group = nullptr;
    friend bool operator<(const WaitingKey& a, const WaitingKey& b) noexcept;
};

/// Whether a type that looks back has watched for long enough to say something, in event time. An event later than all
/// before by more than the history finds none of it: learning begins again.
struct CorrelationLearning {
    bool begun = false;
    common::Nanos since = 0;  ///< when learning began
    common::Nanos newest = 0; ///< the newest event

    void note(common::Nanos time, common::Nanos history) noexcept {
        if (!begun || time - history > newest) { since = time; }
        newest = begun ? std::max(newest, time) : time;
        begun = true;
    }
    [[nodiscard]] bool is_over(common::Nanos time, common::Nanos learn) const noexcept {
        return begun && time - learn >= since;
    }
};

/// One correlation with its groups.
struct RunningCorrelation {
    RunningCorrelation(CorrelationRule of, std::uint64_t seed) : rule(std::move(of)), groups(0, SeededHash{seed}) {}

    CorrelationRule rule;
    CorrelationTable groups;
    FedOrder order;
    CorrelationLearning learning; ///< of a type that looks back
    CorrelationRuleStats stats;
};

struct Correlator::State {
    CorrelationLimits limits;
    std::vector<std::unique_ptr<RunningCorrelation>> running;
    std::unordered_map<std::string, std::vector<CorrelationFeed>> fed_by; ///< by rule id
    std::map<WaitingKey, event::DetectionRecord> waiting;
    common::Nanos received = 0; ///< newest receive time of a detection
    common::Nanos clock = 0;    ///< the same, or what advance() said
    std::uint64_t turn = 0;
    std::size_t swept = 0; ///< correlation whose idle groups were looked for last
    std::uint64_t pushed = 0;
    std::size_t state_bytes = 0;
    std::string key;   ///< scratch
    std::string value; ///< scratch

    State(std::vector<rules::Correlation> correlations, CorrelationLimits given);

    void push(const event::DetectionRecord& detection, common::Nanos at, unsigned depth, Records& out);
    bool decide_before(common::Nanos now, Records& out);
    void account(CorrelationGroup& group);
    void drop(CorrelationGroup& group);
    void clear();
    /// A group that is not there yet.
    CorrelationGroup& make_group(std::uint32_t correlation, std::string_view key_bytes);
    void wait_for(CorrelationGroup& group, const SeenEvent& event, common::Nanos deadline,
                  event::DetectionRecord record);

private:
    struct Fed {
        const CorrelationFeed& feed;
        const event::DetectionRecord& detection;
        common::Nanos at;
    };
    /// What came out, and the time at which it counts further up.
    struct Concluded {
        event::DetectionRecord record;
        common::Nanos at;
    };
    std::vector<Concluded> feed(const Fed& fed);
    void take(RunningCorrelation& of, CorrelationGroup& group, const Fed& fed, const SeenEvent& event,
              std::uint64_t measured, std::vector<Concluded>& out);
    static std::optional<CorrelationWindow::Span> look_back(RunningCorrelation& of, CorrelationGroup& group,
                                                            const SeenEvent& event, std::uint64_t measured);
    std::optional<std::uint64_t> measured_value(RunningCorrelation& of, const Fed& fed);
    CorrelationGroup* group_for(RunningCorrelation& of, const Fed& fed, const SeenEvent& event);
    bool make_room(RunningCorrelation& of, CorrelationGroup& group, const SeenEvent& event);
    void forget(CorrelationGroup& group, std::size_t count);
    event::DetectionRecord take_waiting(CorrelationGroup& group, std::size_t place);
    void decide(CorrelationGroup& group, std::size_t place, std::vector<Concluded>& out);
    void decide_passed(RunningCorrelation& of, CorrelationGroup& group, common::Nanos newest,
                       std::vector<Concluded>& out);
    std::optional<event::DetectionRecord> conclude(RunningCorrelation& of, CorrelationGroup& group,
                                                   const SeenEvent& event,
                                                   const std::optional<CorrelationWindow::Span>& span,
                                                   const event::DetectionRecord& detection);
    event::DetectionRecord record_of(RunningCorrelation& of, const CorrelationGroup& group,
                                     const event::DetectionRecord& detection,
                                     const CorrelationWindow::Span& span) const;
    void deliver(std::vector<Concluded> concluded, unsigned depth, Records& out);
    void evict(const CorrelationGroup* keep);
    void sweep(RunningCorrelation& of);
};

[[nodiscard]] std::size_t bytes_of(const event::DetectionRecord& record) noexcept;

} // namespace canhgac::engine
