#include "engine/intel/known_indicators.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "common/bytes.hpp"

namespace canhgac::engine {

namespace {

constexpr std::uint64_t kMagic = 0x314E'574F'4E4B'4743U; // "CGKNOWN1"

std::error_code last_error() noexcept {
    return {errno, std::generic_category()};
}

/// A new file, written through a buffer, synced by finish().
class Writer {
public:
    explicit Writer(const std::filesystem::path& file)
        : fd_(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
        if (fd_ < 0) { error_ = last_error(); }
    }
    ~Writer() {
        if (fd_ >= 0) { ::close(fd_); }
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void add(std::string_view bytes) {
        buffer_ += bytes;
        if (buffer_.size() >= common::kMiB) { flush(); }
    }
    common::Result<void, std::error_code> finish() {
        flush();
        if (!error_ && ::fsync(fd_) != 0) { error_ = last_error(); }
        if (error_) { return common::fail(error_); }
        return {};
    }

private:
    void flush() {
        std::string_view left = buffer_;
        while (!left.empty() && !error_) {
            const ssize_t done = ::write(fd_, left.data(), left.size());
            if (done >= 0) {
                left.remove_prefix(static_cast<std::size_t>(done));
            } else if (errno != EINTR) {
                error_ = last_error();
            }
        }
        buffer_.clear();
    }
    int fd_;
    std::string buffer_;
    std::error_code error_;
};

std::string_view bytes_of(const std::uint64_t* numbers, std::size_t count) noexcept {
    return {reinterpret_cast<const char*>(numbers), count * sizeof *numbers};
}

common::Result<std::string, std::error_code> read_text(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) { return common::fail(std::make_error_code(std::errc::no_such_file_or_directory)); }
    return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n'; }, ' ');
    return text;
}

std::string_view take(std::string_view& text, char end) noexcept {
    const auto at = text.find(end);
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return part;
}

/// A line of write_set(); false: damaged.
bool read_line(std::string_view line, IndicatorSetBuilder& builder, std::size_t& lists) {
    const std::string_view kind = take(line, '\t');
    const std::string_view number = take(line, '\t');
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc{} || end != number.data() + number.size()) { return false; }
    if (kind == "list") {
        if (value > static_cast<std::size_t>(event::Severity::critical) || lists >= kMaxLists) { return false; }
        ListInfo info;
        info.level = static_cast<event::Severity>(value);
        info.name = take(line, '\t');
        while (!line.empty()) {
            info.tags.emplace_back(take(line, '\t'));
        }
        builder.begin_list(std::move(info));
        ++lists;
        return true;
    }
    const auto indicator = parse_indicator(line, kind == "url" ? IndicatorKind::url : IndicatorKind::any);
    return indicator && value < lists && builder.add(*indicator, static_cast<std::uint32_t>(value));
}

} // namespace

std::uint64_t indicator_digest(std::string_view list, IndicatorType type, std::string_view text) noexcept {
    const std::uint64_t seed = XXH3_64bits_withSeed(list.data(), list.size(), static_cast<std::uint64_t>(type));
    return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

KnownIndicators digests_of(const IndicatorSet& set) {
    KnownIndicators known;
    known.reserve(set.size());
    set.for_each([&](std::uint32_t list, IndicatorType type, std::string_view text) {
        known.push_back(indicator_digest(set.lists()[list].name, type, text));
    });
    std::sort(known.begin(), known.end());
    return known;
}

common::Result<void, std::error_code> write_known(const std::filesystem::path& file, const KnownIndicators& known) {
    Writer writer(file);
    const std::uint64_t digest = XXH3_64bits(known.data(), known.size() * sizeof(std::uint64_t));
    const std::array<std::uint64_t, 3> head = {kMagic, known.size(), digest};
    writer.add(bytes_of(head.data(), head.size()));
    for (std::size_t at = 0; at < known.size(); at += 8'192) {
        writer.add(bytes_of(known.data() + at, std::min<std::size_t>(8'192, known.size() - at)));
    }
    return writer.finish();
}

common::Result<KnownIndicators, std::error_code> read_known(const std::filesystem::path& file) {
    const auto text = read_text(file);
    if (!text) { return common::fail(text.error()); }
    const auto damaged = std::make_error_code(std::errc::illegal_byte_sequence);
    std::array<std::uint64_t, 3> head{};
    if (text->size() < sizeof head) { return common::fail(damaged); }
    std::memcpy(head.data(), text->data(), sizeof head);
    const std::size_t rest = text->size() - sizeof head;
    if (head[0] != kMagic || rest % sizeof(std::uint64_t) != 0 || head[1] != rest / sizeof(std::uint64_t)) {
        return common::fail(damaged);
    }
    KnownIndicators known(head[1]);
    if (rest != 0) { std::memcpy(known.data(), text->data() + sizeof head, rest); }
    if (XXH3_64bits(known.data(), rest) != head[2]) { return common::fail(damaged); }
    return known;
}

common::Result<std::shared_ptr<const IndicatorSet>, std::error_code>
new_indicators(const IndicatorSet& set, const KnownIndicators& known, const std::filesystem::path& folder) {
    const auto is_new = [&](std::uint32_t list, IndicatorType type, std::string_view text) {
        return !std::binary_search(known.begin(), known.end(), indicator_digest(set.lists()[list].name, type, text));
    };
    std::size_t count = 0;
    set.for_each([&](std::uint32_t list, IndicatorType type, std::string_view text) {
        count += is_new(list, type, text) ? 1U : 0U;
    });
    if (count == 0) { return std::shared_ptr<const IndicatorSet>(); }
    auto builder = IndicatorSetBuilder::create(folder, count);
    if (!builder) { return common::fail(builder.error()); }
    for (ListInfo info : set.lists()) {
        info.counts = {};
        info.duplicates = 0;
        builder->begin_list(std::move(info));
    }
    set.for_each([&](std::uint32_t list, IndicatorType type, std::string_view text) {
        if (is_new(list, type, text)) { static_cast<void>(builder->add({type, std::string(text)}, list)); }
    });
    return builder->finish();
}

common::Result<void, std::error_code> write_set(const std::filesystem::path& file, const IndicatorSet& set) {
    Writer writer(file);
    for (const ListInfo& list : set.lists()) {
        std::string line = "list\t" + std::to_string(static_cast<int>(list.level)) + "\t" + one_line(list.name);
        for (const std::string& tag : list.tags) {
            line += "\t" + one_line(tag);
        }
        writer.add(line + "\n");
    }
    set.for_each([&writer](std::uint32_t list, IndicatorType type, std::string_view text) {
        writer.add(std::string(to_string(type)) + "\t" + std::to_string(list) + "\t" + std::string(text) + "\n");
    });
    return writer.finish();
}

common::Result<std::shared_ptr<const IndicatorSet>, std::error_code> read_set(const std::filesystem::path& file,
                                                                              const std::filesystem::path& folder) {
    const auto text = read_text(file);
    if (!text) { return common::fail(text.error()); }
    auto builder = IndicatorSetBuilder::create(folder);
    if (!builder) { return common::fail(builder.error()); }
    std::size_t lists = 0;
    for (std::string_view rest = *text; !rest.empty();) {
        if (!read_line(take(rest, '\n'), *builder, lists)) {
            return common::fail(std::make_error_code(std::errc::illegal_byte_sequence));
        }
    }
    return builder->finish();
}

} // namespace canhgac::engine
