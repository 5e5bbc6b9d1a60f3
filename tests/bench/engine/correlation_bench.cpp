// What correlation costs: a million group keys in an hour, bytes and time of each; every type on a steady stream.
#include "engine/correlation.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <random>
#include <string>
#include <unistd.h>

namespace canhgac::engine {
namespace {

using common::kSecond;
using Type = rules::Correlation::Type;

constexpr common::Nanos kStart = 1'700'000'000 * kSecond;

double thread_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::size_t resident_bytes() {
    std::ifstream in("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    in >> total >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

rules::Correlation rule(Type type) {
    rules::Correlation c;
    c.id = "c";
    c.type = type;
    c.rule_ids = rules::is_temporal(type) ? std::vector<std::string>{"a", "b"} : std::vector<std::string>{"a"};
    c.group_by = {"source.ip"};
    c.timespan = common::kHour;
    c.bounds = {{rules::Correlation::Compare::gte, 1e9}};
    c.percentile = 95;
    if (!rules::is_temporal(type) && type != Type::event_count) { c.fields = {"bytes"}; }
    return c;
}

std::string address(std::uint32_t number) {
    return "10." + std::to_string(number >> 16U & 255U) + "." + std::to_string(number >> 8U & 255U) + "." +
           std::to_string(number & 255U);
}

void many_keys(std::uint32_t keys, int rounds) {
    CorrelationLimits limits;
    limits.state_bytes = 4 * common::kGiB;
    const std::size_t before = resident_bytes();
    Correlator correlator({rule(Type::event_count)}, limits);
    event::DetectionRecord record;
    record.rule_id = "a";
    record.captured = {{"source.ip", ""}};
    std::vector<event::DetectionRecord> out;
    for (int round = 0; round < rounds; ++round) {
        const double begin = thread_seconds();
        for (std::uint32_t i = 0; i < keys; ++i) {
            record.event = {++record.event.seq, 0};
            record.time =
                kStart + (static_cast<common::Nanos>(round) * keys + i) * common::kHour / (rounds * std::int64_t{keys});
            record.captured[0].second = address(i);
            correlator.push(record, out);
        }
        const double seconds = thread_seconds() - begin;
        const auto stats = correlator.stats();
        std::printf(
            "%u keys, event %d of each: %.0f ns/event, %.2f M events/s; accounted %.0f B/key, resident %.0f B/key\n",
            keys, round + 1, seconds * 1e9 / keys, keys / seconds / 1e6,
            static_cast<double>(stats.state_bytes) / static_cast<double>(stats.groups),
            static_cast<double>(resident_bytes() - before) / static_cast<double>(stats.groups));
    }
    const double begin = thread_seconds();
    const std::string saved = correlator.save();
    const double saving = thread_seconds() - begin;
    Correlator again({rule(Type::event_count)}, limits);
    const bool restored = again.restore(saved);
    std::printf("saved %.0f B/key in %.2f s, restored (%s) in %.2f s\n", static_cast<double>(saved.size()) / keys,
                saving, restored ? "whole" : "NOT", thread_seconds() - begin - saving);
}

void every_type(int events) {
    static constexpr std::array<std::pair<const char*, Type>, 8> kTypes = {
        {{"event_count", Type::event_count},
         {"value_count", Type::value_count},
         {"value_sum", Type::value_sum},
         {"value_avg", Type::value_avg},
         {"value_median", Type::value_median},
         {"value_percentile", Type::value_percentile},
         {"temporal", Type::temporal},
         {"temporal_ordered", Type::temporal_ordered}}};
    for (const bool late : {false, true}) {
        for (const auto& [name, type] : kTypes) {
            Correlator correlator({rule(type)});
            std::mt19937_64 random(1);
            event::DetectionRecord record;
            record.captured = {{"source.ip", ""}, {"bytes", ""}};
            std::vector<event::DetectionRecord> out;
            const double begin = thread_seconds();
            for (int i = 0; i < events; ++i) {
                record.event = {++record.event.seq, 0};
                record.rule_id = (random() & 7U) == 0 && rules::is_temporal(type) ? "b" : "a";
                // ten groups, windows of up to 36,000 events; late: a quarter comes up to two seconds behind
                record.time = kStart + i * (kSecond / 100);
                if (late && random() % 4 == 0) {
                    record.time -= static_cast<common::Nanos>(random() % 2'000) * common::kMillisecond;
                }
                record.captured[0].second = address(static_cast<std::uint32_t>(random() % 10));
                record.captured[1].second = std::to_string(random() % 5'000);
                correlator.push(record, out);
            }
            const double seconds = thread_seconds() - begin;
            std::printf("%-17s %s: %.0f ns/event, state %.1f MiB\n", name, late ? "a quarter late" : "in order",
                        seconds * 1e9 / events, static_cast<double>(correlator.stats().state_bytes) / 1048576.0);
        }
    }
}

} // namespace
} // namespace canhgac::engine

int main() {
    canhgac::engine::many_keys(1'000'000, 2);
    canhgac::engine::every_type(500'000);
    return 0;
}
