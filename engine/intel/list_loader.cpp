#include "engine/intel/list_loader.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>

namespace canhgac::engine {

namespace {

/// The whole file; it is read, not mapped, because somebody may be writing it.
std::error_code read_file(const std::filesystem::path& path, std::string& text, common::Nanos& changed) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) { return {errno, std::generic_category()}; }
    std::error_code error;
    struct stat info {};
    if (::fstat(fd, &info) != 0) { error = {errno, std::generic_category()}; }
    if (!error && !S_ISREG(info.st_mode)) { error = std::make_error_code(std::errc::invalid_argument); }
    if (!error && static_cast<std::uint64_t>(info.st_size) > kMaxListBytes) {
        error = std::make_error_code(std::errc::file_too_large);
    }
    changed = info.st_mtim.tv_sec * common::kSecond + info.st_mtim.tv_nsec;
    if (!error) { text.resize(static_cast<std::size_t>(info.st_size)); }
    std::size_t have = 0;
    while (!error && have < text.size()) {
        const ssize_t got = ::read(fd, text.data() + have, text.size() - have);
        if (got > 0) {
            have += static_cast<std::size_t>(got);
        } else if (got == 0) {
            text.resize(have);
        } else if (errno != EINTR) {
            error = {errno, std::generic_category()};
        }
    }
    ::close(fd);
    return error;
}

class BuilderSink final : public IndicatorSink {
public:
    explicit BuilderSink(IndicatorSetBuilder& builder) noexcept : builder_(builder) {}
    [[nodiscard]] bool add(const Indicator& indicator) override { return builder_.add(indicator); }

private:
    IndicatorSetBuilder& builder_;
};

LoadedList load_one(const ListSource& source, common::Nanos now, IndicatorSetBuilder& builder) {
    ListInfo info;
    info.name = source.name;
    info.path = source.path.string();
    info.level = source.level;
    info.confidence = source.confidence;
    info.expires = source.expires;
    info.tags = source.tags;
    builder.begin_list(std::move(info));
    LoadedList loaded;
    std::string text;
    loaded.error = read_file(source.path, text, loaded.changed);
    if (loaded.error) { return loaded; }
    const std::string name = source.path.filename().string();
    loaded.format = source.format == ListFormat::automatic ? detect_list_format(text, name) : source.format;
    if (source.expires != 0 && source.expires <= now) {
        ++loaded.report.skipped["the list has expired"];
        ++loaded.report.read;
        return loaded;
    }
    BuilderSink sink(builder);
    read_list(text, name, {loaded.format, source.kind, source.columns, now}, sink, loaded.report);
    return loaded;
}

} // namespace

common::Result<LoadedIndicators, std::error_code> load_indicators(std::span<const ListSource> sources,
                                                                  const std::filesystem::path& folder,
                                                                  common::Nanos now, std::size_t max_entries) {
    const auto start = std::chrono::steady_clock::now();
    auto builder = IndicatorSetBuilder::create(folder, max_entries);
    if (!builder) { return common::fail(builder.error()); }
    LoadedIndicators loaded;
    for (const ListSource& source : sources) {
        loaded.lists.push_back(load_one(source, now, *builder));
    }
    auto set = builder->finish();
    if (!set) { return common::fail(set.error()); }
    loaded.set = std::move(*set);
    loaded.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return loaded;
}

} // namespace canhgac::engine
