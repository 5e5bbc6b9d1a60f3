#include "app/bench_support.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <stdexcept>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "app/input_files.hpp"
#include "common/bytes.hpp"

namespace canhgac::app {

namespace {

std::uint64_t read_clock(clockid_t id) noexcept {
    timespec now{};
    clock_gettime(id, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

} // namespace

std::uint64_t thread_cpu() noexcept {
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
std::uint64_t process_cpu() noexcept {
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}
std::uint64_t wall_clock() noexcept {
    return read_clock(CLOCK_MONOTONIC);
}

std::uint64_t peak_rss() noexcept {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * common::kKiB;
}

double median(std::vector<double> values) {
    if (values.empty()) { throw std::invalid_argument("median of nothing"); }
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2.0;
}

namespace {

/// Fields that Sigma's Windows rules look at most; what kind of event it is comes first.
constexpr std::array<std::string_view, 40> kSlimFields = {"EventID",
                                                          "Channel",
                                                          "Provider_Name",
                                                          "SourceName",
                                                          "Hostname",
                                                          "@timestamp",
                                                          "CommandLine",
                                                          "Image",
                                                          "OriginalFileName",
                                                          "ParentImage",
                                                          "TargetObject",
                                                          "TargetFilename",
                                                          "Details",
                                                          "ScriptBlockText",
                                                          "ParentCommandLine",
                                                          "ImageLoaded",
                                                          "User",
                                                          "Hashes",
                                                          "SourceImage",
                                                          "TargetImage",
                                                          "CallTrace",
                                                          "GrantedAccess",
                                                          "DestinationPort",
                                                          "DestinationIp",
                                                          "QueryName",
                                                          "PipeName",
                                                          "ServiceName",
                                                          "ImagePath",
                                                          "SubjectUserName",
                                                          "TargetUserName",
                                                          "NewProcessName",
                                                          "ProcessName",
                                                          "ObjectName",
                                                          "AccessMask",
                                                          "ShareName",
                                                          "RelativeTargetName",
                                                          "LogonType",
                                                          "IpAddress",
                                                          "IntegrityLevel",
                                                          "CurrentDirectory"};
constexpr std::size_t kSlimMost = 20;

/// Each line with at most kSlimMost of these fields, and no message.
std::string slim(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        boost::system::error_code error;
        const auto line = boost::json::parse(text.substr(0, end), error);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (error || !line.is_object()) { continue; }
        boost::json::object kept;
        for (const std::string_view name : kSlimFields) {
            const auto* value = line.as_object().if_contains(name);
            if (value != nullptr && kept.size() < kSlimMost) { kept.emplace(name, *value); }
        }
        (out += boost::json::serialize(kept)) += '\n';
    }
    return out;
}

} // namespace

EventGenerator make_generator(const BenchOptions& options) {
    GeneratorOptions generator_options;
    generator_options.seed = options.seed;
    generator_options.unique = options.unique;
    EventGenerator generator(generator_options);
    for (const std::string& path : options.from) {
        const auto errors = visit_input(
            path, [&generator, &options](const std::string&, InputStream& in) -> common::Result<void, std::string> {
                auto text = read_all(in, 2 * common::kGiB);
                if (!text) { return common::fail(std::move(text.error())); }
                generator.add_recording(options.slim ? slim(*text) : *text);
                return {};
            });
        for (const InputError& error : errors) {
            throw std::runtime_error(fmt::format("{}: {}", error.file, error.message));
        }
    }
    if (generator.templates() == 0) { throw std::runtime_error("--from holds no JSON lines"); }
    return generator;
}

} // namespace canhgac::app
